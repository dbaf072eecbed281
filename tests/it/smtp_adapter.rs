//! The SMTP courier against servers that refuse, hang and cut at every step.

use crate::scripted::Scripted;
use dsrd::domain::address::Address;
use dsrd::net::{Login, NetError, Secret, Tls};
use dsrd::outbox::smtp::{Limits, SmtpCourier, SmtpSettings};
use dsrd::outbox::{Courier, CourierError, Delivery, Parcel};
use std::time::Duration;

const STEPWISE: &str = "S: 220 hi\nC: EHLO dsrd.example\nS: 250 hi\nC: EHLO dsrd.example\nS: 250 hi\n";
const PIPELINED: &str = "S: 220 hi\nC: EHLO dsrd.example\nS: 250-hi\nS: 250 PIPELINING\nC: EHLO dsrd.example\nS: 250-hi\nS: 250 PIPELINING\n";
// The server answers only once all three lines are there: a client that does not pipeline would wait for ever.
const GROUP: &str = "C: MAIL FROM:<support@dsrd.example>\nC: RCPT TO:<asha@acme.example>\nC: DATA\n";
const MAIL: &str = "C: Subject: x\nC: \nC: hi\nC: .\n";

fn settings(server: &Scripted, tls: Tls) -> SmtpSettings {
    SmtpSettings {
        endpoint: server.endpoint(tls),
        login: None,
        hello: "dsrd.example".to_owned(),
        limits: Limits {
            command_max: Duration::from_millis(500),
            mail_max: Duration::from_secs(2),
            connections_max: 1,
        },
    }
}

fn parcel(id: &str, text: &[u8]) -> Parcel {
    Parcel {
        id: id.to_owned(),
        envelope_from: Address::parse("support@dsrd.example"),
        to: Address::parse("asha@acme.example").expect("address"),
        bytes: text.into(),
    }
}

fn plain(id: &str) -> Parcel {
    parcel(id, b"Subject: x\r\n\r\nhi\r\n")
}

fn short(results: &[(String, Delivery)]) -> Vec<(&str, &str, &str)> {
    let mut short: Vec<_> = results
        .iter()
        .map(|(id, delivery)| match delivery {
            Delivery::Accepted { reply } => (id.as_str(), "accepted", reply.as_str()),
            Delivery::Deferred { reply } => (id.as_str(), "deferred", reply.as_str()),
            Delivery::Rejected { reply } => (id.as_str(), "rejected", reply.as_str()),
            Delivery::Uncertain { reason } => (id.as_str(), "uncertain", reason.as_str()),
        })
        .collect();
    short.sort_unstable();
    short
}

async fn check(scripts: Vec<String>, parcels: &[Parcel], expected: &[(&str, &str, &str)]) {
    let server = Scripted::start(scripts.clone()).await;
    let mut courier = SmtpCourier::new(settings(&server, Tls::None));
    let results = courier.send(parcels).await;
    assert_eq!(short(&results), expected, "{scripts:?}");
    drop(courier);
    server.finished().await;
}

#[tokio::test]
async fn the_envelope_goes_out_at_once_where_the_server_pipelines() {
    let answers = "S: 250 ok\nS: 250 ok\nS: 354 go\n";
    let script = format!(
        "{PIPELINED}{GROUP}{answers}{MAIL}S: 250 2.0.0 queued for asha@acme.example as 4Bx\n{GROUP}{answers}{MAIL}S: 250 ok"
    );
    let expected = [("a", "accepted", "250 2.0.0"), ("b", "accepted", "250")];
    check(vec![script], &[plain("a"), plain("b")], &expected).await;
}

#[tokio::test]
async fn refusals_in_a_pipelined_group_leave_the_connection_in_step() {
    let accepted = format!("{GROUP}S: 250 ok\nS: 250 ok\nS: 354 go\n{MAIL}S: 250 ok");
    for (answers, found) in [
        (
            "S: 250 ok\nS: 550 5.1.1 <asha@acme.example> unknown\nS: 554 no recipients",
            ("rejected", "550 5.1.1 to RCPT"),
        ),
        (
            "S: 250 ok\nS: 450 4.2.0 greylisted\nS: 354 go\nC: .\nS: 554 no recipients",
            ("deferred", "450 4.2.0 to RCPT"),
        ),
        ("S: 451 later\nS: 503 MAIL first\nS: 503 RCPT first", ("deferred", "451 to MAIL")),
        ("S: 250 ok\nS: 250 ok\nS: 554 5.3.0 no", ("rejected", "554 5.3.0 to DATA")),
    ] {
        let script = format!("{PIPELINED}{GROUP}{answers}\nC: RSET\nS: 250 ok\n{accepted}");
        let expected = [("a", found.0, found.1), ("b", "accepted", "250")];
        check(vec![script], &[plain("a"), plain("b")], &expected).await;
    }
}

#[tokio::test]
async fn every_refusal_is_told_by_its_step_and_its_kind() {
    let (mail, rcpt, data) =
        ("C: MAIL FROM:<support@dsrd.example>\n", "C: RCPT TO:<asha@acme.example>\n", "C: DATA\n");
    let ok = "S: 250 ok\n";
    for (script, found) in [
        (format!("{mail}S: 452 4.3.1 full"), ("deferred", "452 4.3.1 to MAIL")),
        (format!("{mail}S: 553 5.1.8 who"), ("rejected", "553 5.1.8 to MAIL")),
        (
            format!("{mail}{ok}{rcpt}S: 450-4.7.1 grey\nS: 450 4.7.1 listed"),
            ("deferred", "450 4.7.1 to RCPT"),
        ),
        (format!("{mail}{ok}{rcpt}S: 550 no"), ("rejected", "550 to RCPT")),
        (format!("{mail}{ok}{rcpt}{ok}{data}S: 451 later"), ("deferred", "451 to DATA")),
        (format!("{mail}{ok}{rcpt}{ok}{data}S: 354 go\n{MAIL}S: 452 full"), ("deferred", "452 to the mail")),
        (
            format!("{mail}{ok}{rcpt}{ok}{data}S: 354 go\n{MAIL}S: 554 5.6.0 spam"),
            ("rejected", "554 5.6.0 to the mail"),
        ),
        (
            format!("{mail}{ok}{rcpt}{ok}{data}S: 354 go\n{MAIL}S: 550 5.5.0 hm"),
            ("deferred", "550 5.5.0 to the mail"),
        ),
    ] {
        check(
            vec![format!("{STEPWISE}{script}\nC: RSET\nS: 250 ok")],
            &[plain("a")],
            &[("a", found.0, found.1)],
        )
        .await;
    }
}

#[tokio::test]
async fn what_breaks_before_the_end_of_the_mail_waits_and_what_breaks_behind_it_is_uncertain() {
    let answers = "S: 250 ok\nS: 250 ok\nS: 354 go\n";
    for script in [
        "X:".to_owned(),
        format!("{GROUP}H:"),
        format!("{GROUP}S: 250 ok\nX:"),
        format!("{GROUP}S: {}\nH:", "9".repeat(2000)),
        format!("{GROUP}S: 250 ok\nS: 250 ok\nS: hello\nX:"),
    ] {
        let server = Scripted::start(vec![format!("{PIPELINED}{script}")]).await;
        let mut courier = SmtpCourier::new(settings(&server, Tls::None));
        let results = courier.send(&[plain("a"), plain("b")]).await;
        let kinds: Vec<(&str, &str)> = short(&results).into_iter().map(|(id, kind, _)| (id, kind)).collect();
        assert_eq!(kinds, [("a", "deferred"), ("b", "deferred")], "{script}");
        server.finished().await;
    }
    for (end, reason) in [
        ("H:", "no answer in time behind the end of the mail"),
        ("X:", "an answer that is none behind the end of the mail"),
    ] {
        let script = format!("{PIPELINED}{GROUP}{answers}{MAIL}{end}");
        let server = Scripted::start(vec![script]).await;
        let mut courier = SmtpCourier::new(settings(&server, Tls::None));
        let results = courier.send(&[plain("a"), plain("b")]).await;
        let found = short(&results);
        assert_eq!(found.first(), Some(&("a", "uncertain", reason)));
        assert_eq!(found.get(1).map(|(_, kind, _)| *kind), Some("deferred"));
        server.finished().await;
    }
}

#[tokio::test]
async fn a_connection_that_went_stale_is_replaced_without_a_second_mail() {
    let whole = format!("{PIPELINED}{GROUP}S: 250 ok\nS: 250 ok\nS: 354 go\n{MAIL}S: 250 ok\n");
    for end in ["X:", "~: MAIL\n~: RCPT\n~: DATA\nS: 421 4.4.2 idle too long\nX:"] {
        let server = Scripted::start(vec![format!("{whole}{end}"), whole.clone()]).await;
        let mut courier = SmtpCourier::new(settings(&server, Tls::None));
        assert_eq!(short(&courier.send(&[plain("a")]).await), [("a", "accepted", "250")]);
        assert_eq!(short(&courier.send(&[plain("b")]).await), [("b", "accepted", "250")], "{end}");
        drop(courier);
        server.finished().await;
    }
}

#[tokio::test]
async fn bytes_arrive_as_they_were_whatever_their_dots_and_line_ends() {
    let head = "C: MAIL FROM:<>\nS: 250 ok\nC: RCPT TO:<asha@acme.example>\nS: 250 ok\nC: DATA\nS: 354 go\n";
    for (bytes, lines) in [
        (&b"a\r\n.\r\n..b\r\n.\r\n"[..], "C: a\nC: ..\nC: ...b\nC: ..\nC: .\n"),
        (b"a\n.\nMAIL FROM:<x>\n", "C: a\nC: ..\nC: MAIL FROM:<x>\nC: .\n"),
        (b".", "C: ..\nC: .\n"),
        (b"a\r\n\r\n\r\n", "C: a\nC: \nC: \nC: .\n"),
    ] {
        let mut null_sender = parcel("a", bytes);
        null_sender.envelope_from = None;
        let script = format!("{STEPWISE}{head}{lines}S: 250 ok");
        check(vec![script], &[null_sender], &[("a", "accepted", "250")]).await;
    }
}

#[tokio::test]
async fn eight_bit_mail_and_addresses_need_a_server_that_takes_them() {
    let eight = parcel("a", "Subject: x\r\n\r\ngr\u{fc}n\r\n".as_bytes());
    let mut wide = plain("b");
    wide.to = Address::parse("\u{e4}@acme.example").expect("address");
    let none = [
        ("a", "rejected", "the server does not offer 8BITMIME"),
        ("b", "rejected", "the server does not offer SMTPUTF8"),
    ];
    check(vec![STEPWISE.to_owned()], &[eight.clone(), wide.clone()], &none).await;
    let both = STEPWISE.replace("S: 250 hi", "S: 250-hi\nS: 250-8BITMIME\nS: 250 SMTPUTF8");
    let script = format!(
        "{both}C: MAIL FROM:<support@dsrd.example> BODY=8BITMIME\nS: 550 x\nC: RSET\nS: 250 ok
        C: MAIL FROM:<support@dsrd.example> SMTPUTF8\nS: 550 x\nC: RSET\nS: 250 ok"
    );
    let asked = [("a", "rejected", "550 to MAIL"), ("b", "rejected", "550 to MAIL")];
    check(vec![script], &[eight, wide], &asked).await;
}

#[tokio::test]
async fn a_server_that_cannot_be_used_defers_everything_with_its_reason() {
    for (script, reason) in [
        ("S: 554 5.3.2 go away\nH:", "refused the greeting with 554 5.3.2"),
        ("S: 421 later\nH:", "refused the greeting with 421"),
        ("S: 220 hi\nC: EHLO dsrd.example\nS: 250-hi\nS: 250-  \nS: 250 ok\nH:", "during the greeting"),
        ("H:", "no answer in time"),
    ] {
        let server = Scripted::start(vec![script.to_owned()]).await;
        let mut courier = SmtpCourier::new(settings(&server, Tls::None));
        let results = courier.send(&[plain("a"), plain("b")]).await;
        assert_eq!(results.len(), 2);
        for (_, kind, reply) in short(&results) {
            assert!(kind == "deferred" && reply.contains(reason), "{kind} {reply}");
        }
        server.finished().await;
    }
}

#[tokio::test]
async fn parcels_are_shared_out_over_two_connections() {
    let one = format!("{GROUP}S: 250 ok\nS: 250 ok\nS: 354 go\n{MAIL}S: 250 ok\n");
    // One connection swallows a mail without a word; the other carries all the rest meanwhile.
    let server =
        Scripted::start(vec![format!("{PIPELINED}{GROUP}H:"), format!("{PIPELINED}{}H:", one.repeat(7))])
            .await;
    let mut settings = settings(&server, Tls::None);
    settings.limits.connections_max = 2;
    let mut courier = SmtpCourier::new(settings);
    let parcels: Vec<Parcel> = (0..8).map(|n| plain(&n.to_string())).collect();
    let results = courier.send(&parcels).await;
    let accepted = results.iter().filter(|(_, delivery)| matches!(delivery, Delivery::Accepted { .. }));
    assert_eq!((results.len(), accepted.count()), (8, 7));
    drop(courier);
    server.finished().await;
}

#[tokio::test]
async fn logging_in_happens_behind_starttls_only_and_injected_answers_break_it() {
    let before = "S: 220 hi\nC: EHLO dsrd.example\nS: 250-hi\nS: 250 STARTTLS\nC: STARTTLS\n";
    let inside =
        "T:\nC: EHLO dsrd.example\nS: 250-hi\nS: 250 AUTH PLAIN LOGIN\nC: AUTH PLAIN AHN1cHBvcnQAc2VjcmV0\n";
    let server = Scripted::start(vec![
        format!("{before}S: 220 go\n{inside}S: 235 2.7.0 in\nC: EHLO dsrd.example\nS: 250 hi\nC: NOOP\nS: 250 ok\nC: QUIT\nS: 221 bye"),
        format!("{before}S: 220 go\n{inside}S: 535 5.7.8 no such user support\nH:"),
        format!("{before}R: 220 go\\r\\n250 injected\\r\\n\nT:"),
        format!("{before}S: 454 not now\nH:"),
        "S: 220 hi\nC: EHLO dsrd.example\nS: 250 hi\nH:".to_owned(),
        format!("{before}S: 220 go\nT:\nC: EHLO dsrd.example\nS: 250-hi\nS: 250 AUTH GSSAPI\nH:"),
    ])
    .await;
    let mut settings = settings(&server, Tls::StartTls);
    settings.login =
        Some(Login::Password { user: "support".to_owned(), password: Secret::new("secret".to_owned()) });
    let mut courier = SmtpCourier::new(settings.clone());
    courier.check().await.expect("logged in");
    courier.check().await.expect("alive");
    courier.close().await;
    let mut errors = Vec::new();
    for _ in 0..5 {
        errors.push(SmtpCourier::new(settings.clone()).check().await.expect_err("not logged in"));
    }
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert!(
        matches!(&errors[0], CourierError::LoginRefused { code, .. } if code == "535 5.7.8"),
        "{}",
        texts[0]
    );
    assert!(matches!(errors[1], CourierError::Net(NetError::Handshake { .. })), "{}", texts[1]);
    assert!(matches!(errors[2], CourierError::Net(NetError::StartTls { .. })), "{}", texts[2]);
    assert!(matches!(errors[3], CourierError::Net(NetError::StartTls { .. })), "{}", texts[3]);
    assert!(matches!(errors[4], CourierError::LoginNotOffered { .. }), "{}", texts[4]);
    server.finished().await;
}
