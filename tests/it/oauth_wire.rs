//! What goes over the line when we log in without LOGIN: initial responses where a server takes them, its requests, and
//! the empty line that XOAUTH2 wants before it says why it refuses. Against scripts; real servers are in `oauth.rs`.

use crate::oauth;
use crate::provider::{Client, plain};
use crate::scripted::Scripted;
use dsrd::mailbox::imap::{Idle, ImapMailbox, ImapSettings, Limits};
use dsrd::mailbox::{After, Mailbox as _, MailboxError};
use dsrd::net::oauth::{Grant, Tokens};
use dsrd::net::{Login, Secret, Tls};
use dsrd::outbox::smtp::{self, SmtpCourier, SmtpSettings};
use dsrd::outbox::{Courier as _, CourierError};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// `user=support^Aauth=Bearer opaque^A^A`.
const RESPONSE: &str = "dXNlcj1zdXBwb3J0AWF1dGg9QmVhcmVyIG9wYXF1ZQEB";
/// `{"status":"400"}`.
const REASON: &str = "eyJzdGF0dXMiOiI0MDAifQ==";
const OPENED: &str = "C: CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: {tag} OK\nC: EXAMINE \"INBOX\"\nS: * 3 EXISTS\nS: {tag} OK\nC: NOOP\nS: {tag} OK\n";

/// The provider gives the same token every time.
fn token_login() -> (Client, Login) {
    let token = json!({"access_token": "opaque", "expires_in": 3600});
    let client = Client::known(&json!({"answer": [200, {}, token]}));
    let (settings, _) = oauth::settings(&client, Grant::ClientCredentials, plain());
    (client, Login::Token { user: "support".to_owned(), tokens: Arc::new(Tokens::new(settings)) })
}

fn password_login(password: &str) -> Login {
    Login::Password { user: "support".to_owned(), password: Secret::new(password.to_owned()) }
}

fn greeted(capabilities: &str) -> String {
    format!("S: * OK ready\nC: P1 CAPABILITY\nS: * CAPABILITY IMAP4rev1 {capabilities}\nS: P1 OK\n")
}

async fn imap(login: &Login, scripts: Vec<String>) -> Result<u64, MailboxError> {
    let server = Scripted::start(scripts).await;
    let mut mailbox = ImapMailbox::new(ImapSettings {
        endpoint: server.endpoint(Tls::None),
        login: login.clone(),
        folder: "INBOX".to_owned(),
        after: After::Leave,
        idle: Idle::Off,
        limits: Limits { command_max: Duration::from_secs(20), ..Limits::default() },
    });
    let found = mailbox.check().await.map(|abilities| abilities.mails);
    drop(mailbox);
    server.finished().await;
    found
}

#[tokio::test]
async fn tokens_go_out_with_the_command_where_the_server_takes_that_and_else_when_it_asks() {
    let (_, login) = token_login();
    let at_once = format!("{}C: AUTHENTICATE XOAUTH2 {RESPONSE}\n", greeted("SASL-IR AUTH=XOAUTH2"));
    let asked = format!("{}C: AUTHENTICATE XOAUTH2\n", greeted("AUTH=PLAIN AUTH=XOAUTH2"));
    for script in [
        format!("{at_once}S: {{tag}} OK in\n{OPENED}"),
        format!("{at_once}S: * CAPABILITY IMAP4rev1\nS: {{tag}} OK in\n{OPENED}"),
        format!("{asked}S: + \nC: {RESPONSE}\nS: {{tag}} OK in\n{OPENED}"),
        // Exchange sends a bare plus; Dovecot tells that it is slow.
        format!("{asked}S: +\nC: {RESPONSE}\nS: {{tag}} OK in\n{OPENED}"),
        format!(
            "{asked}S: * OK Waiting for authentication process to respond..\nS: + \nC: {RESPONSE}\n\
             S: * OK Waiting\nS: {{tag}} OK in\n{OPENED}"
        ),
    ] {
        assert_eq!(imap(&login, vec![script.clone()]).await.expect(&script), 3);
    }
}

#[tokio::test]
async fn the_reason_of_a_refusal_is_answered_by_an_empty_line_and_an_older_token_is_replaced() {
    let (client, login) = token_login();
    let presented = format!("{}C: AUTHENTICATE XOAUTH2 {RESPONSE}\n", greeted("SASL-IR AUTH=XOAUTH2"));
    let refused = format!("{presented}S: + {REASON}\nC: \nS: {{tag}} NO asha@acme.example is unknown\nH:");
    let welcome = format!("{presented}S: {{tag}} OK in\n{OPENED}");
    let error = imap(&login, vec![refused.clone()]).await.expect_err("a fresh one, so no other is tried");
    assert!(matches!(error, MailboxError::TokenRefused { .. }), "{error}");
    assert!(!error.to_string().contains("asha") && !error.to_string().contains("opaque"), "{error}");
    assert_eq!(client.asked(), 1);
    assert_eq!(imap(&login, vec![welcome.clone()]).await.expect("in"), 3);
    assert_eq!(client.asked(), 2, "the refused one was not used again");
    assert_eq!(imap(&login, vec![refused.clone(), welcome]).await.expect("in, the second time"), 3);
    assert_eq!(client.asked(), 3);
    // Without a reason, as Microsoft refuses; and a server that asks on without end.
    let curt = format!("{presented}S: {{tag}} NO AUTHENTICATE failed.\nH:");
    let error = imap(&login, vec![refused, curt]).await.expect_err("refused twice");
    assert!(matches!(error, MailboxError::TokenRefused { .. }), "{error}");
    assert_eq!(client.asked(), 4);
    let cut = format!("{presented}S: + {REASON}\nC: \nS: + {REASON}\nC: \nX:");
    let error = imap(&login, vec![cut]).await.expect_err("cut");
    assert!(matches!(error, MailboxError::Lost { what: "AUTHENTICATE", .. }), "{error}");
}

#[tokio::test]
async fn a_token_is_said_only_where_it_was_asked_for() {
    let (_, login) = token_login();
    let error =
        imap(&login, vec![format!("{}H:", greeted("SASL-IR AUTH=PLAIN"))]).await.expect_err("not offered");
    assert!(matches!(error, MailboxError::TokensNotOffered { .. }) && error.is_login(), "{error}");
    assert!(error.to_string().contains("; see host, or use password_file"), "{error}");
}

#[tokio::test]
async fn passwords_that_login_cannot_carry_go_by_authenticate_plain() {
    // "\0support\0gehe\u{ef}m" and "\0support\0secret".
    let (wide, plain) = ("AHN1cHBvcnQAZ2VoZcOvbQ==", "AHN1cHBvcnQAc2VjcmV0");
    for (capabilities, password, dialog) in [
        ("SASL-IR AUTH=PLAIN", "gehe\u{ef}m", format!("C: AUTHENTICATE PLAIN {wide}\n")),
        ("AUTH=PLAIN", "gehe\u{ef}m", format!("C: AUTHENTICATE PLAIN\nS: + \nC: {wide}\n")),
        ("SASL-IR AUTH=PLAIN LOGINDISABLED", "secret", format!("C: AUTHENTICATE PLAIN {plain}\n")),
        ("LOGINDISABLED AUTH=PLAIN", "secret", format!("C: AUTHENTICATE PLAIN\nS: + \nC: {plain}\n")),
        ("SASL-IR AUTH=PLAIN", "secret", "C: LOGIN \"support\" \"secret\"\n".to_owned()),
    ] {
        let begun = format!("{}{dialog}", greeted(capabilities));
        let login = password_login(password);
        let script = format!("{begun}S: {{tag}} OK in\n{OPENED}");
        assert_eq!(imap(&login, vec![script.clone()]).await.expect(&script), 3);
        let refused = format!("{begun}S: {{tag}} NO [AUTHENTICATIONFAILED] no\nH:");
        let error = imap(&login, vec![refused]).await.expect_err("refused");
        assert!(matches!(error, MailboxError::LoginRefused { .. }), "{error}");
    }
    let error = imap(&password_login("gehe\u{ef}m"), vec![format!("{}H:", greeted(""))]).await;
    assert!(matches!(error, Err(MailboxError::Setting { .. })), "{error:?}");
}

async fn smtp(login: &Login, scripts: Vec<String>) -> Result<(), CourierError> {
    let server = Scripted::start(scripts).await;
    let mut courier = SmtpCourier::new(SmtpSettings {
        endpoint: server.endpoint(Tls::None),
        login: Some(login.clone()),
        hello: "dsrd.example".to_owned(),
        limits: smtp::Limits { command_max: Duration::from_secs(20), ..smtp::Limits::default() },
    });
    let found = courier.check().await;
    drop(courier);
    server.finished().await;
    found
}

#[tokio::test]
async fn smtp_takes_a_token_and_says_why_it_refuses_behind_an_empty_line() {
    let hello = |auth: &str| format!("S: 220 hi\nC: EHLO dsrd.example\nS: 250-hi\nS: 250 {auth}\n");
    let presented = format!("{}C: AUTH XOAUTH2 {RESPONSE}\n", hello("AUTH LOGIN XOAUTH2"));
    let welcome = format!("{presented}S: 235 2.7.0 in\nC: EHLO dsrd.example\nS: 250 hi\n");
    let refused =
        format!("{presented}S: 334 {REASON}\nC: \nS: 535-5.7.8 asha@acme.example\nS: 535 5.7.8 no\nH:");
    let curt = format!("{presented}S: 535 5.7.3 Authentication unsuccessful\nH:");
    let (client, login) = token_login();
    smtp(&login, vec![welcome.clone()]).await.expect("in");
    smtp(&login, vec![refused.clone(), welcome.clone()]).await.expect("in, the second time");
    assert_eq!(client.asked(), 2);
    let error = smtp(&login, vec![refused, curt]).await.expect_err("refused twice");
    assert!(matches!(&error, CourierError::TokenRefused { code, .. } if code == "535 5.7.3"), "{error}");
    assert!(!error.is_transient(), "{error}");
    let busy = format!("{presented}S: 454 4.7.0 Temporary authentication failure\nH:");
    let error = smtp(&login, vec![busy]).await.expect_err("busy");
    assert!(matches!(&error, CourierError::LoginRefused { .. }) && error.is_transient(), "{error}");
    let error =
        smtp(&login, vec![format!("{}H:", hello("AUTH PLAIN LOGIN"))]).await.expect_err("not offered");
    assert!(matches!(&error, CourierError::TokensNotOffered { .. }), "{error}");
}
