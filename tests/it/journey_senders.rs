//! The daemon judges senders itself, by DKIM and DMARC: mail that is really signed, and a DNS server that has its moods. What
//! the mail server's header says counts nothing here, and in each play it vouches for everybody. Journeys see only mail,
//! staff and time (`world`).

use crate::dns::{Answer, Mood};
use crate::world::{
    ASHA, DESK, Letter, MEERA, Notice, OMAR, Player, RAVI, SECOND, Signs, World, export_request, journeys,
};
use dsrd::domain::sender::SenderVerdict;

const ASHA_RAO: &str = "Asha Rao, Owner, asha@acme.example, +91 98123 45678";
const OMAR_KHAN: &str = "Omar Khan, Owner, omar@other.example";

journeys!(Setup { senders: crate::world::Senders::Evaluated, second_mailbox: true, ..Setup::default() } =>
    a_signed_request_is_answered_and_its_evidence_kept,
    what_is_not_wholly_signed_gets_no_mail,
    an_approval_that_is_not_signed_by_its_sender_is_not_believed,
    a_signed_approval_is_believed_once_and_as_it_was_written,
    a_mail_waits_while_dns_fails_and_others_do_not,
    a_mail_whose_sender_dns_never_tells_goes_to_staff,
);

/// Everybody's domain publishes a key and a policy.
fn all_publish(world: &World) {
    for domain in ["acme.example", "other.example", "telco.example", "evil.example"] {
        world.publishes(domain, Some("v=DMARC1; p=reject"));
    }
}

/// Whose mail server signs everything.
fn signing<'w>(world: &'w World, address: &str) -> Player<'w> {
    world.player(address).signing(Signs::Everything)
}

fn calls() -> Letter {
    export_request("number +91 98765 43210, January 2025", ASHA_RAO)
}

/// Asha's request, up to the mail that asks Ravi for a decision.
async fn awaiting_decision(world: &mut World, letter: &Letter) -> Notice {
    signing(world, ASHA).sends(letter);
    world.settle().await;
    let [_, challenge] = world.reads(ASHA, ["We have your request", "Is it you?"]);
    signing(world, ASHA).replies_to(&challenge, &format!("CONFIRM {}", challenge.code()));
    world.settle().await;
    world.reads(ASHA, ["Where your request"]);
    world.staff_reads(["Please decide"])[0].clone()
}

async fn a_signed_request_is_answered_and_its_evidence_kept(world: &mut World) {
    all_publish(world);
    signing(world, ASHA).sends(&calls());
    world.settle().await;
    let [answer, _] = world.reads(ASHA, ["We have your request", "Is it you?"]);

    let origin = world.last_look(&answer.reference()).await.origin;
    assert_eq!(origin.verdict, SenderVerdict::Aligned);
    let evidence = origin.evidence;
    assert_eq!(evidence.reason, "evaluated: dkim=pass aligned");
    let [signature] = &evidence.signatures[..] else { panic!("{evidence:?}") };
    assert_eq!(*signature.domain.expose(), world.real("acme.example"));
    assert_eq!((signature.selector.expose().as_str(), signature.result.as_str()), ("s1", "pass"));
    assert!(signature.aligned);
    assert_eq!(evidence.policy.as_deref(), Some("reject"));
    assert_eq!(evidence.dns.as_deref(), Some("answered"));
}

async fn what_is_not_wholly_signed_gets_no_mail(world: &mut World) {
    all_publish(world);
    // The header of the mail server says that these passed.
    world.player(ASHA).sends(&calls());
    world.settle().await;
    world.staff_reads(["sender not proven"]);
    world.player(ASHA).signing(Signs::APart).sends(&calls());
    world.settle().await;
    let [told] = world.staff_reads(["sender not proven"]);
    let evidence = world.last_look(&told.reference()).await.origin.evidence;
    assert_eq!(evidence.signatures[0].result, "covers a part of the body (l=)");

    let id = "Message-ID: <two@acme.example>\r\nMIME-Version: 1.0\r\n";
    let two = format!(
        "From: {ASHA}, {OMAR}\r\nTo: {DESK}\r\nSubject: Data Export Request\r\n{id}\r\nScope: account\r\n"
    );
    let two = world.dns().signed(&world.real(&two), &world.real("acme.example"), "s1", &["From"]);
    world.player(ASHA).submit_raw(DESK, two.as_bytes());
    world.settle().await;
    world.staff_reads(["a mail could not be handled"]);
    assert!(world.inbox(ASHA).is_empty() && world.inbox(OMAR).is_empty(), "no mail leaves");
    let held = "recorded: sender-unauthenticated";
    assert_eq!(world.register().await, [held, held]);
}

async fn an_approval_that_is_not_signed_by_its_sender_is_not_believed(world: &mut World) {
    all_publish(world);
    let request = awaiting_decision(world, &calls()).await;
    let code = world.code(RAVI);
    let approve = format!("APPROVE {code}");
    world.player(RAVI).replies_to(&request, &approve);
    world.settle().await;
    let [told] = world.staff_reads(["a mail in the name of ravi was not believed"]);
    assert!(told.says("Please ask ravi whether it was them"), "{}", told.text);

    for signs in [Signs::FromAlone, Signs::APart] {
        world.player(RAVI).signing(signs).replies_to(&request, &approve);
    }
    let raw = String::from_utf8(world.player(RAVI).composes_answer(&request, &approve)).unwrap();
    let names = ["From", "To", "Subject", "Date", "Message-ID"];
    let strange = world.dns().signed(&raw.replace('\n', "\r\n"), &world.real("evil.example"), "s1", &names);
    world.player(RAVI).submit_raw(DESK, strange.as_bytes());
    // Nor does a staff word outside of any thread.
    world.player(RAVI).writes(&format!("Re: [{}]", request.reference()), &approve);
    world.settle().await;
    assert!(world.inbox(RAVI).is_empty() && world.inbox(MEERA).is_empty(), "said once an hour");
    assert_eq!(world.register().await, ["awaiting-approval"]);

    world.after(1).await;
    world.player(RAVI).replies_to(&request, &format!("{approve} "));
    world.settle().await;
    world.staff_reads(["a mail in the name of ravi was not believed"]);
    // None of them has used the code up.
    signing(world, RAVI).replies_to(&request, &approve);
    world.settle().await;
    world.staff_reads(["Approved by ravi"]);
    world.opens_the_package(ASHA);
}

async fn a_signed_approval_is_believed_once_and_as_it_was_written(world: &mut World) {
    all_publish(world);
    let request = awaiting_decision(world, &calls()).await;
    world.after(2).await;
    let other = export_request("number +91 98765 43210, March 2025", ASHA_RAO);
    let elsewhere = awaiting_decision(world, &other).await;

    // A word that needs no code, so that nothing but the mail itself keeps it from counting twice.
    let ask = signing(world, RAVI).composes_answer(&request, "ASK Do you need the whole month?");
    for _ in 0..2 {
        world.player(RAVI).submit_raw(DESK, &ask);
    }
    world.player(RAVI).submit_raw(SECOND, &ask);
    world.settle().await;
    world.staff_reads(["Question sent by ravi"]);
    let [question] = world.reads(ASHA, ["A question about your request"]);
    signing(world, ASHA).replies_to(&question, "Yes, the whole month.");
    world.settle().await;
    world.staff_reads(["The customer has answered"]);
    // Again, when the place for it is free again, by another way and into another mailbox.
    for to in [DESK, SECOND] {
        let relayed = [b"Received: from relay.example\r\n".as_slice(), &ask].concat();
        world.player(RAVI).submit_raw(to, &relayed);
    }
    world.settle().await;
    assert!(world.inbox(RAVI).is_empty() && world.inbox(ASHA).is_empty(), "asked once");

    // Approvals that somebody caught on their way and changes; each is a mail of its own.
    let code = world.code(RAVI);
    let caught = || {
        let raw = signing(world, RAVI).composes_answer(&request, &format!("APPROVE {code}"));
        String::from_utf8(raw).unwrap()
    };
    let changed = |from: &str, to: &str| {
        let raw = caught();
        let changed = raw.replace(from, to);
        assert_ne!(raw, changed, "{from}");
        changed
    };
    let (desk, second) = (world.real(DESK), world.real(SECOND));
    let stray = changed(&world.real(&request.message_id), &world.real(&elsewhere.message_id));
    let late = caught();
    for raw in [
        changed("Date: Mon, 2 Jun", "Date: Tue, 3 Jun"),
        changed(&format!("To: {desk}"), &format!("To: {second}")),
        changed(request.reference().as_str(), elsewhere.reference().as_str()),
        changed("MIME-Version", &format!("Cc: {second}\r\nMIME-Version")),
        stray,
    ] {
        for to in [DESK, SECOND] {
            world.player(RAVI).submit_raw(to, raw.as_bytes());
        }
    }
    world.settle().await;
    world.staff_reads(["a mail in the name of ravi was not believed"]);
    assert_eq!(world.register().await, ["awaiting-approval", "awaiting-approval"]);
    // Held back for longer than a day it decides nothing any more.
    world.after(25).await;
    world.player(RAVI).submit_raw(DESK, late.as_bytes());
    world.settle().await;
    assert_eq!(world.register().await, ["awaiting-approval", "awaiting-approval"]);
    assert!(world.inbox(RAVI).is_empty() && world.inbox(MEERA).is_empty());

    signing(world, RAVI).replies_to(&request, &format!("APPROVE {code}"));
    world.settle().await;
    world.staff_reads(["Approved by ravi"]);
    world.opens_the_package(ASHA);
}

async fn a_mail_waits_while_dns_fails_and_others_do_not(world: &mut World) {
    all_publish(world);
    let policy = format!("_dmarc.{}", world.real("acme.example"));
    world.dns().record(&policy, Answer::Failure);
    signing(world, ASHA).sends(&calls());
    signing(world, OMAR).sends(&export_request("account", OMAR_KHAN));
    world.settle().await;
    world.reads(OMAR, ["We have your request", "Is it you?"]);
    assert_eq!(world.register().await, ["awaiting-verification"]);
    let asked = world.dns().asked();
    world.seconds_pass(59);
    world.settle().await;
    assert_eq!(world.dns().asked(), asked, "nothing is asked before it is time");
    // One more try in vain.
    world.seconds_pass(1);
    world.settle().await;
    assert!(world.dns().asked() > asked && world.inbox(ASHA).is_empty() && world.inbox(RAVI).is_empty());

    world.publishes("acme.example", Some("v=DMARC1; p=reject"));
    world.seconds_pass(120);
    world.settle().await;
    let [answer, challenge] = world.reads(ASHA, ["We have your request", "Is it you?"]);
    assert!(answer.says("It came in on 2 June 2025"), "{}", answer.text);
    let evidence = world.last_look(&answer.reference()).await.origin.evidence;
    assert_eq!(evidence.dns.as_deref(), Some("answered after 2 failed tries"));

    // An answer waits in the same way.
    world.dns().is(Mood::Fails);
    signing(world, ASHA).replies_to(&challenge, &format!("CONFIRM {}", challenge.code()));
    world.settle().await;
    world.dns().is(Mood::Answers);
    world.seconds_pass(60);
    world.settle().await;
    world.reads(ASHA, ["Where your request"]);
    world.staff_reads(["Please decide"]);
}

async fn a_mail_whose_sender_dns_never_tells_goes_to_staff(world: &mut World) {
    all_publish(world);
    world.dns().is(Mood::Fails);
    signing(world, ASHA).sends(&calls());
    world.player(OMAR).sends(&Letter::new("Invoice 77", "I have a question about my last invoice."));
    world.settle().await;
    for minutes in [1, 2, 4, 8, 15, 30, 30, 30, 30, 30, 30, 30] {
        assert!(world.inbox(RAVI).is_empty() && world.register().await.is_empty());
        world.seconds_pass(minutes * 60);
        world.settle().await;
    }
    let [told] = world.staff_reads(["sender not checked"]);
    assert!(world.inbox(ASHA).is_empty());
    let evidence = world.last_look(&told.reference()).await.origin.evidence;
    assert_eq!(evidence.dns.as_deref(), Some("failed 13 times; given up"));
    world.dns().is(Mood::Answers);
    signing(world, RAVI).replies_to(&told, "ACCEPT");
    world.settle().await;
    world.staff_reads(["Sender accepted by ravi"]);
    world.reads(ASHA, ["Is it you?"]);
}
