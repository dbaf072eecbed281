//! The mailbox is shared with people: what is not ours stays as it is, old mail is never answered, a copy is one mail, and
//! an unreadable one holds nobody up. Journeys see only mail, staff and time (`world`).

use crate::world::{ASHA, BINA, DESK, Letter, OMAR, RAVI, World, export_request, journeys};
use std::fmt::Write as _;

const ASHA_RAO: &str = "Asha Rao, Owner, asha@acme.example, +91 98123 45678";
const BINA_DAS: &str = "Bina Das, User, bina@acme.example";

journeys!(Setup::default() =>
    ordinary_mail_stays_unread_and_unanswered,
    a_copy_is_one_request_and_a_repeated_message_id_another,
    an_unreadable_mail_is_set_aside_and_the_next_is_answered,
);
journeys!(Setup { after: "keyword", ..Setup::default() } => handled_mail_is_marked_and_other_mail_is_not);
journeys!(Setup { since: None, ..Setup::default() } => old_mail_is_listed_once_and_new_mail_is_answered);
journeys!(Setup { answer: false, ..Setup::default() } => a_watching_daemon_writes_to_staff_only);

/// What else lies in a support mailbox; the first line of each body.
fn sends_ordinary_mail(world: &World) -> Vec<&'static str> {
    let letter = |subject: &str, body: &str| Letter::new(subject, body);
    world.player(OMAR).sends(&letter("Invoice 77", "I have a question about my last invoice."));
    world.player(BINA).sends(&letter("Re: call quality", "Thanks, the calls are fine now."));
    let with = |header: &str, id: &str| [header.to_owned(), format!("Message-ID: <{id}@acme.example>")];
    let news = letter("June news", "Ten ways to export your data faster!");
    world
        .player("news@shop.example")
        .sends_with(&news, &with("List-Unsubscribe: <https://shop.example/u>", "n"));
    let away = letter("Out of office", "I am away until Monday. Please delete my mail from your lists.");
    world.player(ASHA).sends_with(&away, &with("Auto-Submitted: auto-replied", "o"));
    let bounce = letter("Undelivered Mail Returned to Sender", "The following address does not exist.");
    world
        .player("MAILER-DAEMON@relay.example")
        .sends_with(&bounce, &with("Auto-Submitted: auto-replied", "b"));
    let own = letter("Data Export Request", "Our own mail, come back to us.");
    world.player(DESK).sends(&own);
    vec![
        "I have a question about my last invoice.",
        "Thanks, the calls are fine now.",
        "Ten ways to export your data faster!",
        "I am away until Monday.",
        "The following address does not exist.",
        "Our own mail, come back to us.",
    ]
}

async fn ordinary_mail_stays_unread_and_unanswered(world: &mut World) {
    let ordinary = sends_ordinary_mail(world);
    world.asks(ASHA, &export_request("number +91 98765 43210", ASHA_RAO)).await;
    world.after(48).await;
    world.reads(ASHA, ["Reminder"]);
    for line in ordinary {
        assert!(world.is_unseen(line), "{line}");
    }
    assert!(world.is_unseen("Legal basis"), "ours too: `after` leaves it as it is");
    assert_eq!(world.register().await, ["awaiting-verification"]);
}

async fn handled_mail_is_marked_and_other_mail_is_not(world: &mut World) {
    let ordinary = sends_ordinary_mail(world);
    world.asks(ASHA, &export_request("number +91 98765 43210", ASHA_RAO)).await;
    for line in ordinary {
        assert!(world.is_unseen(line), "{line}");
        assert!(!world.has_keyword(line), "{line}");
    }
    assert!(world.is_unseen("Legal basis") && world.has_keyword("Legal basis"));
}

async fn a_copy_is_one_request_and_a_repeated_message_id_another(world: &mut World) {
    let letter = export_request("number +91 98765 43210, January 2025", ASHA_RAO);
    let id = world.player(ASHA).sends(&letter);
    let again = [format!("Message-ID: <{id}>")];
    // The same mail by another way, before and after the first was read.
    world.player(ASHA).sends_with(&letter, &again);
    world.settle().await;
    world.player(ASHA).sends_with(&letter, &again);
    world.settle().await;
    world.reads(ASHA, ["We have your request", "Is it you?"]);
    assert_eq!(world.register().await, ["awaiting-verification"]);

    let other = export_request("number +91 98765 43210, February 2025", ASHA_RAO);
    world.player(ASHA).sends_with(&other, &again);
    world.settle().await;
    world.reads(ASHA, ["Is it you?"]);
    world.after(1).await;
    world.reads(ASHA, ["We have your request"]);
    assert_eq!(world.register().await, ["awaiting-verification", "awaiting-verification"]);
}

async fn an_unreadable_mail_is_set_aside_and_the_next_is_answered(world: &mut World) {
    let deep = |depth: usize| {
        let mut text =
            String::from("From: asha@acme.example\nSubject: Data Export Request\nMIME-Version: 1.0\n");
        for level in 0..depth {
            write!(text, "Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n").unwrap();
        }
        text + "Content-Type: text/plain\n\nScope: account\n"
    };
    world.player(ASHA).submit_raw(DESK, world.real(&deep(60)).as_bytes());
    let two = "From: asha@acme.example, omar@other.example\nSubject: Data Export Request\n\nScope: account\nLegal basis: x\n";
    world.player(ASHA).submit_raw(DESK, world.real(two).as_bytes());
    world.player(ASHA).submit_raw(DESK, b"\0\x01\xff\xfe not a mail at all");
    world.asks(ASHA, &export_request("number +91 98765 43210", ASHA_RAO)).await;
    world.staff_reads(["Please look: a mail could not be handled"]);
    assert_eq!(world.register().await, ["awaiting-verification"]);
    for line in ["boundary=b59", "Legal basis: x", "not a mail at all"] {
        assert!(world.is_unseen(line), "{line} stays for people to look at");
    }
}

async fn old_mail_is_listed_once_and_new_mail_is_answered(world: &mut World) {
    world.player(ASHA).sends(&export_request("number +91 98765 43210", ASHA_RAO));
    world.player(OMAR).sends(&export_request("account", "Omar Khan, Owner, omar@other.example"));
    sends_ordinary_mail(world);
    world.daemon_is_away(72);
    world.settle().await;
    let [digest] = world.staff_reads(["First start: 2 older mails to look at"]);
    insta::assert_snapshot!(digest.whole(), @r#"
    First start: 2 older mails to look at

    This is the first start. Mail from 5 June 2025 on is answered by itself; older mail never is. 2 older mails look like requests. Please see whether they were answered: their time runs from the day they came in.

    2 June 2025, from asha@acme.example
    > Data Export Request – Acme Traders

    2 June 2025, from omar@other.example
    > Data Export Request – Acme Traders

    Data requests on 5 June 2025
    Open: 0
    Due within seven days: 0
    Overdue: 0

    -- 
    Telco
    Questions: privacy@telco.example
    "#);
    assert!(world.register().await.is_empty());

    let challenge = world.asks(BINA, &export_request("user bina@acme.example", BINA_DAS)).await;
    world.confirms(BINA, &challenge).await;
    world.staff_reads(["Please decide"]);
    world.after_days(2).await;
    assert!(world.inbox(ASHA).is_empty() && world.inbox(OMAR).is_empty());
}

async fn a_watching_daemon_writes_to_staff_only(world: &mut World) {
    world.player(ASHA).sends(&export_request("number +91 98765 43210", ASHA_RAO));
    world
        .player(BINA)
        .sends(&Letter::new("Data Export Request", "Scope: account\nLegal basis: Customer request"));
    world.player(OMAR).through("evil.example").sends(&export_request("account", "Omar Khan"));
    world.settle().await;
    let told = world.inbox(RAVI);
    assert_eq!(world.inbox(crate::world::MEERA).len(), 3);
    assert_eq!(told.len(), 3, "each is shown to staff");
    // Nobody can make it speak.
    world.player(RAVI).replies_to(&told[0], "ACCEPT");
    world.settle().await;
    world.reads(RAVI, ["Your answer changed nothing"]);
    world.after_days(20).await;
    for customer in [ASHA, BINA, OMAR] {
        assert!(world.inbox(customer).is_empty(), "{customer}");
    }
    for notice in [world.inbox(RAVI), world.inbox(crate::world::MEERA)].concat() {
        assert!(
            notice.subject.contains("Overdue") || notice.subject.contains("Due in"),
            "{}",
            notice.subject
        );
    }
}
