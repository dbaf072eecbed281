//! The real binary with access tokens in place of every mail password, from the configuration on: `dsrd check` and a daemon
//! that is stopped and started again. The adapters are tested in `oauth.rs`.

use crate::daemon_process::{Daemon, Engine, PROGRAM, Site, Which};
use crate::provider::Client;
use crate::rig::rig;
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

/// A site whose mailbox and outbox are one client of the provider, which replaces each refresh token.
async fn site() -> (Site, Client) {
    let site = Site::new(Engine::Sqlite, rig().smtp_port).await;
    let text = fs::read_to_string(site.folder().join("first.toml")).expect("there");
    let desk = text.lines().find_map(|line| line.strip_prefix("user = ")).expect("a user").trim_matches('"');
    let client = Client::known(
        &json!({"user": desk, "secret": "hunter2", "refresh_token": "given.1", "rotate": true, "expires_in": 3600}),
    );
    for (name, text) in [("client-secret", "hunter2\n"), ("refresh-token", "given.1\n")] {
        let path = site.folder().join(name);
        fs::write(&path, text).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("closed");
    }
    let oauth2 = format!(
        "oauth2 = {{ grant = \"refresh-token\", token_url = \"https://localhost:{}/token\", ca_file = \"{}\", \
         client_id = \"{}\", client_secret_file = \"client-secret\", refresh_token_file = \"refresh-token\" }}",
        rig().tokens_port,
        rig().ca_file.display(),
        client.id
    );
    site.configure("password_file = \"password\"", &oauth2);
    let desk = format!("user = \"{desk}\"\n");
    site.configure("rate_per_minute = 10000", &format!("{desk}{oauth2}\nrate_per_minute = 10000"));
    site.configure("[mailbox.support]", "token_dir = \"tokens\"\n[mailbox.support]");
    // At the level that tells most, no secret may be told.
    site.configure("[metrics]", "[log]\nlevel = \"trace\"\n[metrics]");
    (site, client)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_without_any_mail_password_answers_before_and_after_a_restart() {
    let (site, client) = site().await;
    let mut logs = String::new();
    for run in [1, 2] {
        let daemon = Daemon::start(&site, Which::First).await;
        site.asks(&site.stranger(run), "+91 98765 43210");
        site.notice(&site.stranger(run), "We have your request").await;
        assert_eq!(client.asked(), run, "one token serves the mailbox and the outbox");
        logs.push_str(&daemon.log());
        assert!(daemon.terminate().await.0.success());
    }
    let used: Vec<String> = client.grants().iter().map(|form| form["refresh_token"].clone()).collect();
    assert!(used[0] == "given.1" && used[1].starts_with("refresh."), "{used:?}");
    assert!(logs.contains("\"working\""), "the log is there: {logs}");
    // The last is "user=" in base64, which every response of XOAUTH2 begins with.
    for secret in ["hunter2", "given.1", "refresh.", "access.", "dXNlcj"] {
        assert!(!logs.contains(secret), "{secret} in {logs}");
    }
}

fn check(site: &Site) -> String {
    let config = site.folder().join("first.toml");
    let output = Command::new(PROGRAM).args(["check", "-c"]).arg(config).output().expect("runs");
    let out = String::from_utf8(output.stdout).expect("text");
    for secret in ["hunter2", "given.", "refresh.", "access."] {
        assert!(!out.contains(secret), "{secret} in {out}");
    }
    out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_check_logs_in_with_tokens_and_says_what_to_do() {
    let (site, client) = site().await;
    let out = check(&site);
    assert!(out.contains("mailbox support: opens, 0 mails in it"), "{out}");
    assert!(out.contains("ok             outbox: takes mail"), "{out}");
    assert_eq!(client.asked(), 1);

    client.now(&json!({"void": true}));
    let out = check(&site);
    let expected = "mailbox support: could not log in to 127.0.0.1";
    assert!(
        out.contains(expected) && out.contains("; see that the token's account or client may open"),
        "{out}"
    );
    assert!(
        out.contains("refused the access token with 535 5.7.8, and that was a new one; see that"),
        "{out}"
    );

    client.now(&json!({"void": false, "secret": "another"}));
    let out = check(&site);
    let expected = "refused with invalid_client (HTTP 401); correct client_id and client_secret_file";
    assert_eq!(out.matches(expected).count(), 2, "{out}");

    fs::remove_file(site.folder().join("refresh-token")).expect("removed");
    let out = check(&site);
    assert!(out.contains("[mailbox.support.oauth2] refresh_token_file: cannot read"), "{out}");
    assert!(out.contains("reading a refresh token from"), "{out}");
}
