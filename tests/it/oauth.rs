//! Logging in with access tokens at a real Dovecot, which asks the provider about each one, and at the SMTP server: drawn,
//! renewed, refused, replaced. Time is moved by hand. What goes over the wire line by line is in `oauth_wire.rs`.

use crate::provider::{Client, plain, protected};
use crate::rig::{mails_of, rig, support_mailbox};
use dsrd::crypto::MasterKey;
use dsrd::daemon::tokens::TokenFolder;
use dsrd::domain::address::Address;
use dsrd::env::{Clock as _, Manual, SystemEntropy};
use dsrd::mailbox::imap::{Idle, ImapMailbox, ImapSettings, Limits};
use dsrd::mailbox::{After, Mailbox as _, MailboxError};
use dsrd::net::oauth::{Grant, KeepError, KeptToken, TokenError, TokenKeeper, TokenSettings, Tokens};
use dsrd::net::{Endpoint, Login, NetError, Secret, Tls};
use dsrd::outbox::smtp::{self, SmtpCourier, SmtpSettings};
use dsrd::outbox::{Courier as _, CourierError, Delivery, Parcel};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A client's settings; the clock stands still until it is moved.
pub(crate) fn settings(client: &Client, grant: Grant, endpoint: Endpoint) -> (TokenSettings, Arc<Manual>) {
    let clock = Arc::new(Manual::new(Timestamp::UNIX_EPOCH));
    let ours = Arc::clone(&clock);
    let settings = TokenSettings {
        endpoint,
        path: "/token?v=2".to_owned(),
        client_id: client.id.clone(),
        client_secret: Some(Secret::new("hunter2 & more".to_owned())),
        grant,
        scope: Some("https://mail.test.example/.default offline_access".to_owned()),
        answer_time_max: Duration::from_secs(20),
        now: Arc::new(move || ours.now()),
    };
    (settings, clock)
}

fn known(user: &str) -> Client {
    Client::known(
        &json!({"user": user, "secret": "hunter2 & more", "refresh_token": "given/1", "expires_in": 3600}),
    )
}

fn imap(user: &str, tokens: &Arc<Tokens>) -> ImapMailbox {
    ImapMailbox::new(ImapSettings {
        endpoint: Endpoint {
            host: "localhost".to_owned(),
            port: rig().imaps_port,
            tls: Tls::Implicit,
            ca_file: Some(rig().ca_file.clone()),
        },
        login: Login::Token { user: user.to_owned(), tokens: Arc::clone(tokens) },
        folder: "INBOX".to_owned(),
        after: After::Leave,
        idle: Idle::Off,
        limits: Limits::default(),
    })
}

fn courier(user: &str, tokens: &Arc<Tokens>) -> SmtpCourier {
    SmtpCourier::new(SmtpSettings {
        endpoint: Endpoint {
            host: "localhost".to_owned(),
            port: rig().smtp_port,
            tls: Tls::StartTls,
            ca_file: Some(rig().ca_file.clone()),
        },
        login: Some(Login::Token { user: user.to_owned(), tokens: Arc::clone(tokens) }),
        hello: "dsrd.example".to_owned(),
        limits: smtp::Limits::default(),
    })
}

#[tokio::test]
async fn a_mailbox_and_the_outbox_log_in_with_one_token_of_one_client() {
    let user = support_mailbox("oauth");
    let client = known(&user);
    let (settings, _) = settings(&client, Grant::ClientCredentials, protected());
    let tokens = Arc::new(Tokens::new(settings));
    assert_eq!(imap(&user, &tokens).check().await.expect("logged in").mails, 0);
    let parcel = Parcel {
        id: "a".to_owned(),
        envelope_from: Address::parse(&user),
        to: Address::parse(&user).expect("address"),
        bytes: b"From: x@x.example\r\nSubject: x\r\n\r\nhi\r\n".as_slice().into(),
    };
    let sent = courier(&user, &tokens).send(&[parcel]).await;
    assert!(matches!(&sent[..], [(_, Delivery::Accepted { .. })]), "{sent:?}");
    assert_eq!(mails_of(rig(), &user).len(), 1);
    assert_eq!(imap(&user, &tokens).check().await.expect("logged in").mails, 1);
    let [form] = &client.grants()[..] else { panic!("one request: {:?}", client.grants()) };
    let expected = [
        ("client_id", client.id.as_str()),
        ("client_secret", "hunter2 & more"),
        ("grant_type", "client_credentials"),
        ("scope", "https://mail.test.example/.default offline_access"),
    ];
    let found: Vec<(&str, &str)> = form.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_token_is_renewed_before_its_end_and_not_sooner() {
    let user = support_mailbox("oauth");
    let client = known(&user);
    let (settings, clock) = settings(&client, Grant::ClientCredentials, plain());
    let tokens = Arc::new(Tokens::new(settings));
    for (minutes, asked) in [(0, 1), (54, 1), (1, 2), (54, 2), (120, 3)] {
        clock.advance(SignedDuration::from_mins(minutes));
        imap(&user, &tokens).check().await.expect("logged in");
        assert_eq!(client.asked(), asked, "after {minutes} more minutes");
    }
    // Whoever comes while a token is drawn waits for the same one.
    clock.advance(SignedDuration::from_hours(2));
    let (mut one, mut other) = (imap(&user, &tokens), courier(&user, &tokens));
    let (one, other) = tokio::join!(one.check(), other.check());
    one.expect("logged in");
    other.expect("logged in");
    assert_eq!(client.asked(), 4);
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_and_a_refused_new_one_is_reported() {
    let user = support_mailbox("oauth");
    let client = known(&user);
    let (settings, _) = settings(&client, Grant::ClientCredentials, plain());
    let tokens = Arc::new(Tokens::new(settings));
    imap(&user, &tokens).check().await.expect("logged in");
    client.revoked();
    imap(&user, &tokens).check().await.expect("with a new token");
    assert_eq!(client.asked(), 2);
    client.revoked();
    courier(&user, &tokens).check().await.expect("with a new token");
    assert_eq!(client.asked(), 3);

    client.revoked();
    client.now(&json!({"void": true}));
    let error = imap(&user, &tokens).check().await.expect_err("nothing helps");
    assert!(matches!(error, MailboxError::TokenRefused { .. }) && error.is_login(), "{error}");
    assert!(!error.is_transient() && error.to_string().contains("; see that the token's account"), "{error}");
    assert_eq!(client.asked(), 4, "one new token, no more");
    let error = courier(&user, &tokens).check().await.expect_err("nothing helps");
    let CourierError::TokenRefused { code, .. } = &error else { panic!("{error}") };
    assert_eq!(code, "535 5.7.8", "heard behind the empty line");
    assert_eq!(client.asked(), 5, "the refused one is not used again, and its successor is the last");

    client.now(&json!({"void": false}));
    imap(&user, &tokens).check().await.expect("logged in");
    courier(&user, &tokens).check().await.expect("logged in");
    assert_eq!(client.asked(), 6);
}

#[tokio::test]
async fn a_token_opens_its_own_mailbox_only() {
    let user = support_mailbox("oauth");
    let client = known(&user);
    let (settings, _) = settings(&client, Grant::ClientCredentials, plain());
    let tokens = Arc::new(Tokens::new(settings));
    let error = imap(&support_mailbox("oauth-other"), &tokens).check().await.expect_err("not theirs");
    assert!(matches!(error, MailboxError::TokenRefused { .. }), "{error}");
}

/// A folder with a given refresh token, and what keeps its successors.
struct Given {
    dir: tempfile::TempDir,
}

impl Given {
    fn new(token: &str) -> Self {
        let given = Self { dir: tempfile::tempdir().expect("folder") };
        given.write(token);
        given
    }

    fn write(&self, token: &str) {
        std::fs::write(self.file(), format!("{token}\n")).expect("written");
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("refresh-token")
    }

    /// As a new process finds it.
    fn grant(&self) -> Grant {
        Grant::RefreshToken { file: self.file(), keeper: folder(self.dir.path()) }
    }
}

fn folder(dir: &Path) -> Arc<dyn TokenKeeper> {
    let key = MasterKey::from_file_text(&"07ff".repeat(16)).expect("a key");
    Arc::new(TokenFolder::new(dir.join("tokens"), key, Arc::new(SystemEntropy::new())))
}

#[tokio::test]
async fn a_replaced_refresh_token_outlives_the_process_and_a_newly_given_one_goes_first() {
    let user = support_mailbox("oauth");
    let client = known(&user);
    client.now(&json!({"rotate": true}));
    let given = Given::new("given/1");
    // Each is a process of its own, and each draws a token, which replaces the refresh token.
    for run in 1..=3 {
        let (settings, _) = settings(&client, given.grant(), plain());
        imap(&user, &Arc::new(Tokens::new(settings))).check().await.expect("logged in");
        assert_eq!(client.asked(), run);
    }
    let used: Vec<String> = client.grants().iter().map(|form| form["refresh_token"].clone()).collect();
    assert_eq!(used[0], "given/1");
    assert!(used[1].starts_with("refresh.") && used[2].starts_with("refresh."), "{used:?}");
    assert_ne!(used[1], used[2]);

    let (settings_now, clock) = settings(&client, given.grant(), plain());
    let tokens = Arc::new(Tokens::new(settings_now));
    imap(&user, &tokens).check().await.expect("logged in");
    client.now(&json!({"refresh_token": "given/2"}));
    clock.advance(SignedDuration::from_hours(1));
    let error = imap(&user, &tokens).check().await.expect_err("the old one is void");
    assert!(error.to_string().contains("refused with invalid_grant (HTTP 400); sign in at"), "{error}");
    assert!(error.is_login(), "{error}");
    given.write("given/2");
    imap(&user, &tokens).check().await.expect("without a restart");
}

#[tokio::test]
async fn two_processes_never_use_one_refresh_token_twice() {
    let user = support_mailbox("oauth");
    let client = known(&user);
    client.now(&json!({"rotate": true}));
    let given = Given::new("given/1");
    let mut logins = Vec::new();
    for _ in 0..4 {
        let (settings, _) = settings(&client, given.grant(), plain());
        let (tokens, user) = (Arc::new(Tokens::new(settings)), user.clone());
        logins.push(tokio::spawn(async move { imap(&user, &tokens).check().await.map(drop) }));
    }
    for login in logins {
        login.await.expect("ends").expect("logged in");
    }
    assert_eq!(client.asked(), 4);
}

#[tokio::test]
async fn a_caller_who_gives_up_loses_no_replaced_refresh_token() {
    let user = support_mailbox("oauth");
    let client = known(&user);
    client.now(&json!({"rotate": true}));
    let given = Given::new("given/1");
    let (settings_then, _) = settings(&client, given.grant(), plain());
    let tokens = Arc::new(Tokens::new(settings_then));
    // Gone as soon as the request has begun.
    let mut asking = Box::pin(tokens.current());
    tokio::select! {
        biased;
        _ = &mut asking => panic!("no provider is so fast"),
        () = tokio::task::yield_now() => drop(asking),
    }
    // As a daemon does when it stops.
    imap(&user, &tokens).close().await;
    assert_eq!(client.asked(), 1);
    let (settings_now, _) = settings(&client, given.grant(), plain());
    Arc::new(Tokens::new(settings_now)).current().await.expect("the newest one is known");
}

/// A disk that is full at first.
struct Full {
    newest: Mutex<Vec<String>>,
    refusals_left: Mutex<u32>,
}

struct FullKept(Arc<Full>);

struct FullKeeper(Arc<Full>);

impl TokenKeeper for FullKeeper {
    fn open(&self, _given: &Secret) -> Result<Box<dyn KeptToken>, KeepError> {
        Ok(Box::new(FullKept(Arc::clone(&self.0))))
    }
}

impl KeptToken for FullKept {
    fn newest(&self) -> Option<Secret> {
        self.0.newest.lock().expect("whole").last().cloned().map(Secret::new)
    }

    fn replace(&self, newest: &Secret) -> Result<(), KeepError> {
        let mut left = self.0.refusals_left.lock().expect("whole");
        if *left > 0 {
            *left -= 1;
            let (path, why) = ("tokens".to_owned(), "no space left on device".to_owned());
            return Err(KeepError::Files { what: "keep", path, why });
        }
        self.0.newest.lock().expect("whole").push(newest.reveal().to_owned());
        Ok(())
    }
}

#[tokio::test]
async fn what_could_not_be_kept_is_used_and_kept_at_the_next_renewal() {
    let user = support_mailbox("oauth");
    let client = known(&user);
    client.now(&json!({"rotate": true}));
    let given = Given::new("given/1");
    let disk = Arc::new(Full { newest: Mutex::default(), refusals_left: Mutex::new(1) });
    let keeper = Arc::new(FullKeeper(Arc::clone(&disk)));
    let (settings, clock) = settings(&client, Grant::RefreshToken { file: given.file(), keeper }, plain());
    let tokens = Arc::new(Tokens::new(settings));
    tokens.current().await.expect("the access token is good all the same");
    assert!(disk.newest.lock().expect("whole").is_empty());
    client.now(&json!({"rotate": false}));
    clock.advance(SignedDuration::from_hours(1));
    tokens.current().await.expect("renewed with what is in memory");
    let kept = disk.newest.lock().expect("whole").clone();
    let used = client.grants().last().expect("a request")["refresh_token"].clone();
    assert_eq!(kept, [used], "and kept, although the provider replaced nothing this time");
}

async fn refusal(client: &Client, change: impl FnOnce(&mut TokenSettings)) -> TokenError {
    let given = Given::new("given/1");
    let (mut settings, _) = settings(client, given.grant(), plain());
    change(&mut settings);
    match Arc::new(Tokens::new(settings)).current().await {
        Ok(_) => panic!("a token was drawn"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn what_a_provider_does_instead_is_told_with_a_remedy_and_without_a_secret() {
    let big = "x".repeat(70_000);
    for (facts, expected, transient) in [
        (
            json!({"secret": "other"}),
            "invalid_client (HTTP 401); correct client_id and client_secret_file",
            false,
        ),
        (json!({"refresh_token": "other"}), "invalid_grant (HTTP 400); sign in at the provider again", false),
        (
            json!({"answer": [400, {}, {"error": "invalid_scope", "error_codes": [70011]}]}),
            "invalid_scope (HTTP 400, AADSTS70011); correct scope",
            false,
        ),
        (json!({"answer": [400, {}, {"error": "hunter2"}]}), "an unknown code (HTTP 400); see", false),
        (json!({"answer": [503, {}, "busy"]}), "HTTP 503; it is tried again", true),
        (json!({"answer": [302, {"Location": "http://127.0.0.1:1/"}, ""]}), "to another address", false),
        (json!({"answer": [200, {}, "<html>hunter2"]}), "not the JSON of RFC 6749", false),
        (json!({"answer": [200, {}, big]}), "the answer is too large", true),
        (json!({"answer": [200, {}, {"access_token": "a b hunter2"}]}), "holds what no token may", false),
    ] {
        let client = known("support@acme.example");
        client.now(&facts);
        let error = refusal(&client, |_| {}).await;
        let text = error.to_string();
        assert!(text.contains(expected), "{expected} in {text}");
        assert!(text.starts_with("could not get an access token from http://127.0.0.1:"), "{text}");
        assert!(text.contains("/token") && text.contains("; ") && !text.contains("?v=2"), "{text}");
        assert!(!text.contains("hunter2") && !text.contains("given/"), "{text}");
        assert_eq!(error.is_transient(), transient, "{text}");
        assert_eq!(client.asked(), 1, "{text}");
    }
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_is_told_in_time() {
    let client = known("support@acme.example");
    client.now(&json!({"silent": true}));
    let error = refusal(&client, |settings| settings.answer_time_max = Duration::from_millis(300)).await;
    let late = matches!(&error, TokenError::Line { source: NetError::Timeout { what: "answer", .. }, .. });
    assert!(late && error.is_transient(), "{error}");

    let nobody =
        std::net::TcpListener::bind("127.0.0.1:0").expect("bound").local_addr().expect("address").port();
    let error = refusal(&client, |settings| settings.endpoint.port = nobody).await;
    let dead = matches!(&error, TokenError::Line { source: NetError::Connect { .. }, .. });
    assert!(dead && error.to_string().contains("; see token_url"), "{error}");

    // Plain HTTP goes to this machine only, and a certificate that nobody vouches for gets no secret.
    let error = refusal(&client, |settings| settings.endpoint.host = "sso.acme.example".to_owned()).await;
    assert!(matches!(&error, TokenError::Line { source: NetError::PlainRefused { .. }, .. }), "{error}");
    let error =
        refusal(&client, |settings| settings.endpoint = Endpoint { ca_file: None, ..protected() }).await;
    assert!(matches!(&error, TokenError::Line { source: NetError::Handshake { .. }, .. }), "{error}");

    let error = refusal(&client, |settings| {
        let file = PathBuf::from("/nonexistent/refresh-token");
        settings.grant = Grant::RefreshToken { file, keeper: folder(Path::new("/nonexistent")) };
    })
    .await;
    assert!(error.to_string().contains("could not read the refresh token /nonexistent"), "{error}");
    let error = refusal(&client, |settings| {
        if let Grant::RefreshToken { keeper, .. } = &mut settings.grant {
            *keeper = folder(Path::new("/nonexistent"));
        }
    })
    .await;
    assert!(error.to_string().contains("could not make the folder /nonexistent/tokens"), "{error}");
    assert_eq!(client.asked(), 1, "only the silent one was asked");
}

#[tokio::test]
async fn a_password_of_more_than_seven_bits_logs_in() {
    let user = support_mailbox("oauth").replace("support.example", "wide.example");
    let imap = |password: &str| {
        let mut settings = ImapSettings {
            endpoint: Endpoint {
                host: "127.0.0.1".to_owned(),
                port: rig().imap_port,
                tls: Tls::None,
                ca_file: None,
            },
            login: Login::Password { user: user.clone(), password: Secret::new(password.to_owned()) },
            folder: "INBOX".to_owned(),
            after: After::Leave,
            idle: Idle::Off,
            limits: Limits::default(),
        };
        settings.limits.command_max = Duration::from_secs(20);
        ImapMailbox::new(settings)
    };
    assert!(!rig().wide_password.is_ascii());
    imap(&rig().wide_password).check().await.expect("logged in");
    let error = imap(&format!("{}\u{e9}", rig().wide_password)).check().await.expect_err("wrong");
    assert!(matches!(error, MailboxError::LoginRefused { .. }), "{error}");
}
