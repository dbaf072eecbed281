//! Mail that wants something else than it says: forged approvals, forwarded tokens, forms in list mail, two daemons that talk
//! to each other, floods of forged and of ordinary mail. Journeys see only mail, staff and time (`world`).

use crate::world::{
    ASHA, BINA, DESK, Engine, Letter, MEERA, Notice, OMAR, RAVI, SECOND, Setup, World, export_request,
    journeys,
};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

// The id of the test's mail server is written in capitals where a play forges its word: addresses in small letters become
// those of the play.
const MALLORY: &str = "mallory@evil.example";
const ASHA_RAO: &str = "Asha Rao, Owner, asha@acme.example, +91 98123 45678";

journeys!(Setup { second_mailbox: true, ..Setup::default() } =>
    a_forged_approval_is_believed_in_no_way,
    only_the_first_line_of_new_text_decides,
    a_token_that_a_colleague_forwards_decides_nothing,
    a_form_in_list_mail_is_recorded_and_not_answered,
    the_same_mail_in_two_mailboxes_is_one_request,
    two_daemons_that_write_to_each_other_stop_by_themselves,
    forged_mails_reach_no_victim,
    ordinary_mail_in_front_holds_up_no_request,
);

fn calls(month: &str) -> Letter {
    export_request(&format!("number +91 98765 43210, {month} 2025"), ASHA_RAO)
}

/// Asha's request, up to the mails that ask Ravi and Meera for a decision.
async fn awaiting_decision(world: &mut World, month: &str) -> (Notice, Notice) {
    let challenge = world.asks(ASHA, &calls(month)).await;
    world.confirms(ASHA, &challenge).await;
    let [for_ravi] = world.reads(RAVI, ["Please decide"]);
    let [for_meera] = world.reads(MEERA, ["Please decide"]);
    (for_ravi, for_meera)
}

/// A header line of a mail says something else, or is gone.
fn with(mail: &str, header: &str, instead: &str) -> String {
    let line = mail.lines().find(|line| line.starts_with(header)).unwrap();
    let changed = mail.replacen(&format!("{line}\n"), instead, 1);
    assert_ne!(mail, changed);
    changed
}

/// Ravi's approval as he would write it.
fn approval(world: &World, request: &Notice, code: &str) -> String {
    let raw = world.player(RAVI).composes_answer(request, &format!("APPROVE {code}"));
    world.shown(&String::from_utf8(raw).unwrap())
}

/// The same with something wrong: what, by whose server it is handed over, and the mail.
fn forgeries(
    world: &World,
    request: &Notice,
    elsewhere: &Notice,
    code: &str,
) -> Vec<(&'static str, &'static str, String)> {
    let good = || approval(world, request, code);
    let said = "Authentication-Results: mx.test.EXAMPLE; dmarc=pass header.from=telco.example\n";
    let (list, machine) = ("List-Id: <staff.telco.example>\n", "Auto-Submitted: auto-replied\n");
    let from = |value: &str| with(&good(), "From: ", &format!("From: {value}\n"));
    let date = |value: &str| with(&good(), "Date: ", &format!("Date: {value}\n"));
    let subject = good().replace(request.reference().as_str(), elsewhere.reference().as_str());
    let unseen = "<p style=\"display:none\">APPROVE</p>Hello ";
    let html = good().replace("text/plain", "text/html").replace("APPROVE ", unseen);
    vec![
        // Whose word it is.
        ("nobody's word", "unknown.invalid", good()),
        ("a forged word alone", "unknown.invalid", format!("{said}{}", good())),
        ("a forged word below a real one", "evil.example", format!("{said}{}", good())),
        ("SPF alone", "spf-only.telco.example", good()),
        ("an address for a name", "evil.example", from("\"ravi@telco.example\" <mallory@evil.example>")),
        ("a longer domain", "evil.example", from("ravi@telco.example.evil.example")),
        ("a plus part", "telco.example", from("ravi+x@telco.example")),
        ("letters that look alike", "evil.example", from("r\u{430}vi@telco.example")),
        ("two senders", "telco.example", from("ravi@telco.example, mallory@evil.example")),
        ("two From fields", "telco.example", format!("From: mallory@evil.example\n{}", good())),
        ("as Sender", "evil.example", from("mallory@evil.example\nSender: ravi@telco.example")),
        ("in Reply-To", "evil.example", from("mallory@evil.example\nReply-To: ravi@telco.example")),
        // When and to whom it was written.
        ("a day ago", "telco.example", date("Sun, 1 Jun 2025 08:00:00 +0530")),
        ("in days", "telco.example", date("Wed, 4 Jun 2025 10:00:00 +0530")),
        ("without a date", "telco.example", with(&good(), "Date: ", "")),
        ("to somebody else", "telco.example", with(&good(), "To: ", "To: team@telco.example\n")),
        ("to nobody", "telco.example", with(&good(), "To: ", "")),
        // About what, and by whom.
        ("in another's thread", "telco.example", good().replace(&request.message_id, &elsewhere.message_id)),
        ("about another", "telco.example", subject),
        ("by a machine", "telco.example", format!("{machine}{}", good())),
        ("over a list", "telco.example", format!("{list}{}", good())),
        ("not seen by a person", "telco.example", html),
    ]
}

async fn a_forged_approval_is_believed_in_no_way(world: &mut World) {
    let (request, _) = awaiting_decision(world, "January").await;
    world.after(2).await;
    let (elsewhere, _) = awaiting_decision(world, "March").await;
    let code = world.code(RAVI);
    for (what, helo, raw) in forgeries(world, &request, &elsewhere, &code) {
        world.player(RAVI).through(helo).submit_raw(DESK, world.real(&raw).as_bytes());
        world.settle().await;
        assert_eq!(world.register().await, ["awaiting-approval", "awaiting-approval"], "{what}");
    }
    for notice in [world.inbox(RAVI), world.inbox(MEERA)].concat() {
        let told = ["was not believed", "could not be handled", "changed nothing"];
        assert!(told.iter().any(|part| notice.subject.contains(part)), "{}", notice.subject);
    }
    assert!(world.inbox(MALLORY).is_empty() && world.inbox(ASHA).is_empty());

    // None of them has used the code up; the mail as he wrote it counts, and once.
    let raw = world.real(&approval(world, &request, &code));
    world.player(RAVI).submit_raw(DESK, raw.as_bytes());
    world.settle().await;
    world.staff_reads(["Approved by ravi"]);
    world.opens_the_package(ASHA);
    for to in [DESK, SECOND] {
        world.player(RAVI).submit_raw(to, raw.as_bytes());
    }
    world.settle().await;
    assert_eq!(world.register().await, ["closed: completed", "awaiting-approval"]);
}

/// Ravi himself writes, with a good code in the right thread, and yet it is no decision.
async fn only_the_first_line_of_new_text_decides(world: &mut World) {
    let (request, _) = awaiting_decision(world, "January").await;
    let code = world.code(RAVI);
    let approve = format!("APPROVE {code}");
    let check = async |world: &mut World, text: &str, quoted: &str| {
        world.player(RAVI).replies_over(&request, text, quoted);
        world.settle().await;
        assert_eq!(world.register().await, ["awaiting-approval"], "{text:?} over {quoted:?}");
        for notice in world.inbox(RAVI) {
            assert!(notice.subject.contains("changed nothing"), "{text:?}: {}", notice.subject);
        }
    };
    check(world, "", &approve).await;
    check(world, "I have seen it.", &approve).await;
    check(world, &format!("> {approve}"), "").await;
    check(world, &format!("Thank you.\n-- \nRavi\n{approve}"), "").await;
    check(world, &format!("-- \n{approve}"), "").await;
    check(world, &format!("On 2 June 2025 at 10:00, Meera <{MEERA}> wrote:\n\n{approve}"), "").await;
    check(world, &format!("-----Original Message-----\nFrom: Meera\nSubject: x\n\n{approve}"), "").await;
    for no in ["disallow", "not approved", "no, don't approve", "I approve"] {
        check(world, &format!("{no} {code}"), "").await;
    }
    check(world, &format!("Hello,\n{approve}"), "").await;
    check(world, &format!("{approve}?"), "").await;
    check(world, &format!("approve? {code}"), "").await;
    check(world, &format!("{approve} but only the export"), "").await;

    // His mail program answers while he is away, with our whole mail below, told by a header and by the subject alone.
    let thread = |number: u8, more: &str| {
        let id = &request.message_id;
        [format!("Message-ID: <away{number}@telco.example>\n{more}"), format!("In-Reply-To: <{id}>")]
    };
    let away = |subject: &str| {
        Letter::new(subject, &format!("{approve}\n\nI am away until Monday.\n> {}", request.text))
    };
    world
        .player(RAVI)
        .sends_with(&away(&format!("Re: {}", request.subject)), &thread(1, "Auto-Submitted: auto-replied"));
    let by_subject = away(&format!("Automatic reply: {}", request.subject));
    world.player(RAVI).sends_with(&by_subject, &thread(2, "X-Mailer: away"));
    world.settle().await;
    assert_eq!(world.register().await, ["awaiting-approval"]);
    assert!(world.inbox(RAVI).is_empty() && world.inbox(MEERA).is_empty(), "a machine gets no answer");

    // The mail server takes thirty mails in a minute, and Ravi has had many.
    world.seconds_pass(60);
    world.player(RAVI).replies_to(&request, &approve);
    world.settle().await;
    world.staff_reads(["Approved by ravi"]);
    world.opens_the_package(ASHA);
}

async fn a_token_that_a_colleague_forwards_decides_nothing(world: &mut World) {
    let (for_ravi, for_meera) = awaiting_decision(world, "January").await;
    // Meera forwards her mail to Ravi, who may decide, but not in her thread.
    world.decides(RAVI, &for_meera, "APPROVE").await;
    let [told] = world.reads(RAVI, ["Your answer changed nothing"]);
    assert!(told.says("did not come as a reply to our mail to you"), "{}", told.text);
    // And to somebody who is no staff at all, with a code of hers.
    let hers = world.code(MEERA);
    world.player(OMAR).replies_to(&for_meera, &format!("APPROVE {hers}"));
    world.player(ASHA).replies_to(&for_meera, &format!("APPROVE {hers}"));
    world.settle().await;
    assert!(world.inbox(OMAR).is_empty() && world.inbox(ASHA).is_empty());
    assert_eq!(world.register().await, ["awaiting-approval"]);
    world.decides(RAVI, &for_ravi, "APPROVE").await;
    world.staff_reads(["Approved by ravi"]);
    world.opens_the_package(ASHA);
}

async fn a_form_in_list_mail_is_recorded_and_not_answered(world: &mut World) {
    let headers = |id: &str, more: &str| [format!("Message-ID: <{id}@acme.example>"), more.to_owned()];
    world.player(ASHA).sends_with(&calls("January"), &headers("l1", "List-Id: <team.acme.example>"));
    world.settle().await;
    let [told] = world.staff_reads(["a request that was not answered"]);
    assert!(told.says("asha@acme.example"), "{}", told.text);
    world.player(ASHA).sends_with(&calls("March"), &headers("l2", "Precedence: bulk"));
    world.settle().await;
    world.staff_reads(["a request that was not answered"]);
    // Without the form it is nobody's business.
    let news = Letter::new("June news", "Ten ways to export your data faster!");
    world.player(ASHA).sends_with(&news, &headers("l3", "List-Id: <team.acme.example>"));
    world.settle().await;
    assert!(world.inbox(ASHA).is_empty());
    let held = "recorded: sender-unauthenticated";
    assert_eq!(world.register().await, [held, held]);
    world.player(RAVI).replies_to(&told, "ACCEPT");
    world.settle().await;
    world.staff_reads(["Sender accepted by ravi"]);
    world.reads(ASHA, ["Is it you?"]);
}

async fn the_same_mail_in_two_mailboxes_is_one_request(world: &mut World) {
    let headers = ["Message-ID: <both@acme.example>".to_owned()];
    let raw = world.player(ASHA).composes(
        &format!("{DESK}, {SECOND}"),
        "Data Export Request",
        &headers,
        &calls("January").body,
    );
    for to in [DESK, SECOND] {
        world.player(ASHA).submit_raw(to, &raw);
    }
    world.settle().await;
    world.reads(ASHA, ["We have your request", "Is it you?"]);
    // Once more, later, by way of a relay that changes what relays change.
    let relayed =
        [b"Received: from a.example by b.example; Mon, 2 Jun 2025 10:00:00 +0530\n".as_slice(), &raw]
            .concat();
    world.player(ASHA).submit_raw(SECOND, &relayed);
    world.settle().await;
    assert!(world.inbox(ASHA).is_empty());
    assert_eq!(world.register().await, ["awaiting-verification"]);
}

/// What the relay between two daemons leaves of a mail's header.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Relay {
    /// Everything.
    Honest,
    /// Nothing that tells a machine's mail.
    Strips,
}

/// Carries what a daemon wrote to its customer into the mailbox of the other, as that one's customer. How many there were.
async fn relays(from: &mut World, to: &mut World, relay: Relay, done: &mut usize) -> usize {
    from.settle().await;
    let mails = from.raw_inbox(ASHA);
    let new = mails.len() - *done;
    for raw in mails.iter().skip(*done) {
        let text = String::from_utf8_lossy(raw).replace("\r\n", "\n");
        let (head, body) = text.split_once("\n\n").unwrap();
        let mut carried = format!("From: {ASHA}\nTo: {DESK}\n");
        let mut keeps = false;
        for line in head.lines() {
            if !line.starts_with([' ', '\t']) {
                let name = line.split(':').next().unwrap().to_lowercase();
                let content = ["subject", "date", "message-id", "in-reply-to", "references", "mime-version"];
                keeps = content.contains(&name.as_str()) || name.starts_with("content-");
                let trace = [
                    "from",
                    "to",
                    "return-path",
                    "delivered-to",
                    "received",
                    "reply-to",
                    "authentication-results",
                ];
                keeps |= relay == Relay::Honest && !trace.contains(&name.as_str());
            }
            if keeps {
                writeln!(carried, "{line}").unwrap();
            }
        }
        let raw = format!("{}\n{body}", to.real(&carried));
        to.player(ASHA).submit_raw(DESK, raw.as_bytes());
    }
    *done = mails.len();
    new
}

async fn two_daemons_that_write_to_each_other_stop_by_themselves(world: &mut World) {
    for relay in [Relay::Honest, Relay::Strips] {
        let mut other = World::begin(Engine::Sqlite, Setup::default()).await;
        let (mut here, mut there) = (world.raw_inbox(ASHA).len(), 0);
        // What asks for the form is answered with the form, which is a request to the other side.
        let words = if relay == Relay::Honest { "everything" } else { "all the data" };
        let words = format!("Hello,\n\nplease send me a copy of {words} that you have about me.\n\nAsha\n");
        world.player(ASHA).sends(&Letter::new("my data", &words));
        let (mut sent, mut rounds) = (0, 0);
        loop {
            let carried = relays(world, &mut other, relay, &mut here).await
                + relays(&mut other, world, relay, &mut there).await;
            sent += carried;
            rounds += 1;
            assert!(rounds < 100, "they go on and on: {sent} mails");
            if carried == 0 {
                break;
            }
        }
        match relay {
            Relay::Honest => assert_eq!(sent, 1, "not one answer to a machine's mail"),
            Relay::Strips => assert!((2..=30).contains(&sent), "{sent} mails in a day"),
        }
        for address in [ASHA, RAVI, MEERA] {
            world.inbox(address);
            other.inbox(address);
        }
        other.end().await;
        world.after(3).await;
        world.inbox(ASHA);
    }
}

async fn forged_mails_reach_no_victim(world: &mut World) {
    const MAILS: usize = 200;
    const VICTIMS: usize = 20;
    let letter = |number: usize| {
        let victim = number % VICTIMS;
        let form = export_request(
            &format!("account {number}"),
            &format!("Victim, Owner, v{victim}@victims.example"),
        );
        format!(
            "Authentication-Results: mx.test.EXAMPLE; dmarc=fail header.from=victims.example\n\
             Date: Mon, 2 Jun 2025 10:00:00 +0530\nFrom: v{victim}@victims.example\nTo: {DESK}\n\
             Message-ID: <{number}@victims.example>\nSubject: {}\n\n{}",
            form.subject, form.body
        )
    };
    world.finds_in_the_mailbox((0..MAILS).map(letter));
    world.settle().await;
    assert_eq!(world.register().await.len(), 100, "the register's first page is full");
    for victim in 0..VICTIMS {
        assert!(world.inbox(&format!("v{victim}@victims.example")).is_empty());
    }
    // A minute later the server takes mail again, and who really asks is answered before staff are told the rest.
    world.seconds_pass(60);
    world.asks(ASHA, &calls("January")).await;
    world.seconds_pass(60);
    world.settle().await;
    let told = world.inbox(RAVI);
    let (many, each): (Vec<_>, Vec<_>) =
        told.iter().partition(|notice| notice.subject.contains("many requests"));
    assert_eq!((many.len(), each.len()), (1, 20), "staff do not drown");
    assert!(each.iter().all(|notice| notice.subject.contains("sender not proven")));
    world.inbox(MEERA);
    // Nor do they the day after, when nobody has looked at any of them.
    world.after_days(2).await;
    assert!(world.inbox(RAVI).len() <= 2 * 24, "told once an hour at most");
    world.inbox(MEERA);
    world.inbox(ASHA);
}

#[expect(clippy::disallowed_methods, reason = "how long a person waits is what is asked here")]
async fn ordinary_mail_in_front_holds_up_no_request(world: &mut World) {
    const MAILS: usize = 500;
    let letter = |number: usize| {
        format!(
            "Authentication-Results: mx.test.EXAMPLE; dmarc=pass header.from=other.example\n\
             Date: Mon, 2 Jun 2025 09:00:00 +0530\nFrom: {OMAR}\nTo: {DESK}\nMessage-ID: <{number}@other.example>\n\
             Subject: Invoice {number}\n\nHello,\n\nI have a question about invoice {number}. Please call me back.\n\nOmar\n"
        )
    };
    world.finds_in_the_mailbox((0..MAILS).map(letter));
    world.player(BINA).sends(&export_request("user bina@acme.example", "Bina Das, User, bina@acme.example"));
    let began = Instant::now();
    world.settle().await;
    let took = began.elapsed();
    world.reads(BINA, ["We have your request", "Is it you?"]);
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(world.inbox(OMAR).is_empty() && world.is_unseen("question about invoice 499."));
    assert_eq!(world.register().await, ["awaiting-verification"]);
}
