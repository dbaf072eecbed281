//! The rig itself: what the journeys take for granted about the three servers. Never tests the
//! daemon. When a journey fails and these pass, the fault is ours (see `rig.rs`).

use crate::rig::{Mishap, Rig, fresh_postgres, is_unseen, letter, mails_of, rig, submit, support_mailbox};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

const FORGED: &str = "Authentication-Results: mx.test.example; dmarc=pass header.from=forged.example";

/// Says `commands` to the plain IMAP port after a login and returns everything that came back.
fn imap(rig: &Rig, user: &str, commands: &str) -> String {
    let stream = TcpStream::connect(("127.0.0.1", rig.imap_port)).unwrap();
    converse(stream, user, &rig.password, commands)
}

fn converse(mut stream: impl Read + Write, user: &str, password: &str, commands: &str) -> String {
    write!(stream, "a LOGIN {user} {password}\r\n{commands}z LOGOUT\r\n").unwrap();
    let mut all = String::new();
    for line in BufReader::new(stream).lines() {
        let line = line.unwrap();
        let last = line.starts_with("z OK");
        all.push_str(&line);
        all.push('\n');
        if last {
            return all;
        }
    }
    panic!("the IMAP server hung up: {all}");
}

#[test]
fn a_submitted_mail_is_found_by_imap_with_the_verdict_of_the_mx_on_top() {
    let (rig, desk) = (rig(), support_mailbox("rig-mail"));
    let mail =
        letter("Asha Rao <asha@acme.example>", &desk, "Hello", &[FORGED], ".a line that begins with a dot");
    let tagged = desk.replace('@', "+t123@");
    submit(rig, "acme.example", "asha@acme.example", &tagged, &mail).unwrap();

    let seen = imap(rig, &desk, "b EXAMINE INBOX\r\nc UID FETCH 1:* (FLAGS BODY.PEEK[])\r\n");
    assert!(seen.contains("* 1 EXISTS"), "{seen}");
    assert!(seen.contains("\n.a line that begins with a dot\n"), "{seen}");
    assert!(seen.contains(&format!("Delivered-To: {tagged}\n")), "{seen}");
    assert!(seen.contains("Return-Path: <asha@acme.example>\n"), "{seen}");
    let verdicts: Vec<_> = seen.match_indices("Authentication-Results:").collect();
    assert_eq!(verdicts.len(), 2, "ours and the forged one: {seen}");
    let received = seen.find("Received: ").unwrap();
    let ours = "Authentication-Results: mx.test.example; spf=pass smtp.mailfrom=asha@acme.example;\n\
                \tdkim=pass header.d=acme.example; dmarc=pass header.from=acme.example\n";
    assert_eq!(seen.find(ours), Some(verdicts[0].0), "{seen}");
    assert!(verdicts[0].0 < received && received < verdicts[1].0, "the forged one lies beneath: {seen}");
}

#[test]
fn the_name_in_ehlo_decides_the_verdict() {
    let check = |helo: &str, from: &str, expected: Option<&str>| {
        let (rig, desk) = (rig(), support_mailbox("rig-verdict"));
        submit(rig, helo, "bounce@sender.example", &desk, &letter(from, &desk, "x", &[], "y")).unwrap();
        let [mail] = &mails_of(rig, &desk)[..] else { panic!("one mail for {helo}") };
        let text = std::str::from_utf8(mail).unwrap();
        let found = text.split("Authentication-Results: mx.test.example; ").nth(1).map(|rest| {
            let words = rest.split([' ', ';', '\n', '\t']).filter(|w| w.contains('=') && !w.contains('.'));
            words.take(3).collect::<Vec<_>>().join(" ")
        });
        assert_eq!(found.as_deref(), expected, "{helo} with {from}: {text}");
    };
    check("acme.example", "asha@acme.example", Some("spf=pass dkim=pass dmarc=pass"));
    check("acme.example", "asha@mail.acme.example", Some("spf=pass dkim=pass dmarc=pass"));
    check("ACME.example", "\"Rao, Asha\" <asha@Acme.Example>", Some("spf=pass dkim=pass dmarc=pass"));
    check("spf-only.acme.example", "asha@acme.example", Some("spf=pass dkim=none dmarc=none"));
    check("mail.acme.example", "asha@acme.example", Some("spf=fail dkim=none dmarc=fail"));
    check("cme.example", "asha@acme.example", Some("spf=fail dkim=none dmarc=fail"));
    check("spf-only.evil.example", "asha@acme.example", Some("spf=fail dkim=none dmarc=fail"));
    check("unknown.invalid", "asha@acme.example", None);
}

#[test]
fn a_recipient_can_be_made_to_fail_and_to_recover() {
    let (rig, player) = (rig(), support_mailbox("rig-mishap"));
    let send = || submit(rig, "desk.example", "", &player, &letter("d@desk.example", &player, "x", &[], "y"));
    for (mishap, refusal) in [(Mishap::Defer, "451 "), (Mishap::Reject, "550 ")] {
        rig.arm(mishap, &player);
        let answer = send().unwrap_err();
        assert!(answer.starts_with(refusal), "{answer}");
        assert!(mails_of(rig, &player).is_empty(), "{mishap:?} takes no mail");
        rig.disarm(mishap, &player);
    }
    rig.arm(Mishap::HangAfterData, &player);
    let cut = send().unwrap_err();
    assert!(!cut.starts_with(|c: char| c.is_ascii_digit()), "no answer at all: {cut}");
    assert_eq!(mails_of(rig, &player).len(), 1, "delivered all the same");
    rig.disarm(Mishap::HangAfterData, &player);
    assert!(send().unwrap().starts_with("250 "));
    assert_eq!(mails_of(rig, &player).len(), 2);
}

#[test]
fn only_a_client_that_sets_seen_makes_a_mail_seen() {
    let (rig, desk) = (rig(), support_mailbox("rig-seen"));
    for body in ["first letter", "second letter"] {
        submit(
            rig,
            "acme.example",
            "a@acme.example",
            &desk,
            &letter("a@acme.example", &desk, "x", &[], body),
        )
        .unwrap();
    }
    assert!(is_unseen(rig, &desk, "first letter"));
    imap(rig, &desk, "b SELECT INBOX\r\nc UID FETCH 1:* BODY.PEEK[]\r\n");
    assert!(is_unseen(rig, &desk, "first letter"), "peeking leaves no trace");
    imap(rig, &desk, "b SELECT INBOX\r\nc UID FETCH 1 BODY[]\r\n");
    assert!(!is_unseen(rig, &desk, "first letter"));
    assert!(is_unseen(rig, &desk, "second letter"));
    let bodies = mails_of(rig, &desk);
    assert!(
        bodies[0].ends_with(b"first letter\n") && bodies[1].ends_with(b"second letter\n"),
        "oldest first"
    );
}

#[test]
fn imap_and_smtp_speak_tls_with_a_certificate_of_the_rigs_own_ca() {
    let rig = rig();
    let mut roots = rustls::RootCertStore::empty();
    let pem = std::fs::read(&rig.ca_file).unwrap();
    roots.add(rustls::pki_types::pem::PemObject::from_pem_slice(&pem).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
    let dial = |port| {
        let name = "localhost".try_into().unwrap();
        let link = rustls::ClientConnection::new(Arc::clone(&config), name).unwrap();
        rustls::StreamOwned::new(link, TcpStream::connect(("127.0.0.1", port)).unwrap())
    };
    let talk = converse(dial(rig.imaps_port), &support_mailbox("rig-tls"), &rig.password, "");
    assert!(talk.contains("\na OK "), "{talk}");
    let mut greeting = String::new();
    BufReader::new(dial(rig.smtps_port)).read_line(&mut greeting).unwrap();
    assert!(greeting.starts_with("220 mx.test.example"), "{greeting}");
}

#[tokio::test]
async fn every_test_gets_an_empty_database_of_its_own() {
    use sqlx::Connection;
    let (one, other) = (fresh_postgres("rig"), fresh_postgres("rig"));
    assert_ne!(one, other);
    let mut one = sqlx::PgConnection::connect(&one).await.unwrap();
    sqlx::query("CREATE TABLE t (a BIGINT)").execute(&mut one).await.unwrap();
    let mut other = sqlx::PgConnection::connect(&other).await.unwrap();
    assert!(sqlx::query("SELECT a FROM t").execute(&mut other).await.is_err(), "they share nothing");
}
