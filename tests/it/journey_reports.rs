//! What comes back by itself: delivery reports, out-of-office mail, forms in list mail, forwarded requests. Reports are
//! never answered and nothing automatic is an answer. Journeys see only mail, staff and time (`world`).

use crate::world::{ASHA, DESK, Letter, MEERA, Notice, RAVI, World, export_request, journeys};

const ASHA_RAO: &str = "Asha Rao, Owner, asha@acme.example, +91 98123 45678";

journeys!(Setup::default() =>
    a_challenge_that_comes_back_is_shown_to_staff_once,
    a_report_without_a_token_or_of_a_delay_changes_nothing,
    an_out_of_office_mail_confirms_nothing,
    a_request_that_staff_forward_challenges_the_customer,
    a_machine_that_hides_what_it_is_gets_a_few_answers_and_no_more,
);

/// A mail server's report on one of our mails, sent to us.
fn comes_back(world: &World, original: &str, action: &str, status: &str, words: &str) {
    let raw = format!(
        "Date: Thu, 1 Jan 2026 10:00:00 +0000\nFrom: MAILER-DAEMON@acme.example (Mail Delivery System)\nTo: {DESK}\n\
         Subject: Undelivered Mail Returned to Sender\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\n{words}\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.acme.example\n\n\
         Final-Recipient: rfc822; asha@acme.example\nAction: {action}\nStatus: {status}\n\n\
         --b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <{original}>\nSubject: hi\n\n--b--\n"
    );
    world.player("mailer-daemon@acme.example").submit_raw(DESK, world.real(&raw).as_bytes());
}

async fn a_challenge_that_comes_back_is_shown_to_staff_once(world: &mut World) {
    let challenge = world.asks(ASHA, &export_request("number +91 98765 43210", ASHA_RAO)).await;
    comes_back(world, &challenge.message_id, "failed", "5.1.1", "No such person.");
    world.settle().await;
    let [told] = world.staff_reads(["a mail of ours came back"]);
    assert!(told.says("Mail: challenge To: asha@acme.example Server answered: 5.1.1"), "{}", told.text);
    assert_eq!(world.register().await, ["awaiting-verification: undeliverable"]);
    comes_back(world, &challenge.message_id, "failed", "5.1.1", "Still no such person.");
    world.settle().await;
    assert!(world.inbox(RAVI).is_empty() && world.inbox(MEERA).is_empty(), "said once");
    assert!(world.inbox(ASHA).is_empty() && world.inbox("mailer-daemon@acme.example").is_empty());
    world.confirms(ASHA, &challenge).await;
    world.staff_reads(["Please decide"]);
}

async fn a_report_without_a_token_or_of_a_delay_changes_nothing(world: &mut World) {
    let challenge = world.asks(ASHA, &export_request("number +91 98765 43210", ASHA_RAO)).await;
    comes_back(world, "somebody-elses@acme.example", "failed", "5.1.1", "No such person.");
    comes_back(world, &challenge.message_id, "delayed", "4.4.1", "We keep trying.");
    world.settle().await;
    assert!(world.inbox(RAVI).is_empty() && world.inbox(ASHA).is_empty());
    assert_eq!(world.register().await, ["awaiting-verification"]);
}

async fn an_out_of_office_mail_confirms_nothing(world: &mut World) {
    let challenge = world.asks(ASHA, &export_request("number +91 98765 43210", ASHA_RAO)).await;
    let code = challenge.code();
    let answers = |challenge: &Notice, more: &str| {
        let id = &challenge.message_id;
        [
            format!("Message-ID: <away-{}@acme.example>", more.len()),
            format!("In-Reply-To: <{id}>"),
            more.to_owned(),
        ]
    };
    let quoting = format!("CONFIRM {code}\n\nI am away until Monday.");
    let by_subject = Letter::new("Automatic reply: Is it you?", &quoting);
    world.player(ASHA).sends_with(&by_subject, &answers(&challenge, "X-Mailer: away"));
    let by_header = Letter::new("Re: Is it you?", &quoting);
    world.player(ASHA).sends_with(&by_header, &answers(&challenge, "Auto-Submitted: auto-replied"));
    world.settle().await;
    assert!(world.inbox(ASHA).is_empty() && world.inbox(RAVI).is_empty());
    assert_eq!(world.register().await, ["awaiting-verification"]);
    world.confirms(ASHA, &challenge).await;
    world.staff_reads(["Please decide"]);
}

async fn a_request_that_staff_forward_challenges_the_customer(world: &mut World) {
    let form = export_request("number +91 98765 43210", ASHA_RAO);
    let body = format!(
        "Please handle.\n\n---------- Forwarded message ---------\nFrom: Asha Rao <{ASHA}>\n\
         Date: Thu, 1 Jan 2026 at 09:12\nSubject: {}\nTo: <{DESK}>\n\n{}",
        form.subject, form.body
    );
    world.player(RAVI).sends(&Letter::new("Fwd: a customer wrote to me", &body));
    world.settle().await;
    world.reads(RAVI, ["We have your request"]);
    let [challenge] = world.reads(ASHA, ["Is it you?"]);
    world.confirms(ASHA, &challenge).await;
    // Who forwarded it counts as who asked, and does not decide.
    world.reads(MEERA, ["Please decide"]);
}

/// Another daemon, or an out-of-office program, behind a relay that strips every sign of it: it answers each mail of ours.
async fn a_machine_that_hides_what_it_is_gets_a_few_answers_and_no_more(world: &mut World) {
    let challenge = world.asks(ASHA, &export_request("number +91 98765 43210", ASHA_RAO)).await;
    let mut waiting = vec![challenge];
    let mut sent = 0;
    for _ in 0..30 {
        for (number, notice) in std::mem::take(&mut waiting).iter().enumerate() {
            world.player(ASHA).replies_to(notice, &format!("We have received your mail {sent}-{number}."));
        }
        world.settle().await;
        waiting = world.inbox(ASHA);
        sent += waiting.len();
    }
    assert!((1..=20).contains(&sent), "{sent} answers in one day");
    assert_eq!(world.register().await, ["awaiting-verification"]);
}
