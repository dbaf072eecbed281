//! Rows of the bad-input table of ARCHITECTURE.md with their real causes (decision 51): the real binary with a wrong password,
//! another state's key, a broken configuration, a template that does not fit, a mail that is too large. What it says, how
//! it ends, and that it goes on once the cause is mended. Disks and killer mails have files of their own.

use crate::daemon_process::{Daemon, Engine, PROGRAM, Site, Which, until};
use crate::rig::rig;
use std::fs;
use std::process::Command;

/// A number that nobody's account has.
const NUMBER: &str = "+91 98765 00001";
const ANSWERED: &str = "We have your request";

#[tokio::test]
async fn a_wrong_mailbox_password_is_told_and_the_right_one_works() {
    let site = Site::new(Engine::Sqlite, rig().smtp_port).await;
    site.asks(&site.stranger(1), NUMBER);
    fs::write(site.folder().join("password"), "not the password").unwrap();
    let daemon = Daemon::spawn(&site, Which::First);
    until("/healthz says that the login fails", async || {
        let health = daemon.health();
        (health.starts_with("HTTP/1.1 503") && health.contains("\"error\":\"login\"")).then_some(())
    })
    .await;
    assert!(!daemon.log().contains("not the password"), "a password is in the log");
    let (ended, _) = daemon.terminate().await;
    assert!(ended.success(), "{ended}");
    fs::write(site.folder().join("password"), &rig().password).unwrap();
    let _daemon = Daemon::start(&site, Which::First).await;
    site.notice(&site.stranger(1), ANSWERED).await;
}

#[tokio::test]
async fn a_wrong_smtp_password_keeps_mail_waiting_and_the_right_one_sends_it() {
    let site = Site::new(Engine::Sqlite, rig().smtp_port).await;
    site.asks(&site.stranger(1), NUMBER);
    site.configure("rate_per_minute", "user = \"desk\"\npassword_file = \"smtp-password\"\nrate_per_minute");
    fs::write(site.folder().join("smtp-password"), "not the password").unwrap();
    let daemon = Daemon::start(&site, Which::First).await;
    let waiting = "SELECT reply FROM outbox WHERE state = 'queued' AND attempts > 0";
    let reply = until("the mail waits", async || site.column(waiting).await.pop()).await;
    assert!(reply.contains("refused with 535"), "{reply}");
    assert!(!daemon.log().contains("not the password"), "a password is in the log");
    daemon.kill9();
    assert!(site.inbox(&site.stranger(1)).is_empty());
    fs::write(site.folder().join("smtp-password"), &rig().password).unwrap();
    // What waits a minute by the daemon's clock need not wait a minute here.
    site.outbox_is_due().await;
    let _daemon = Daemon::start(&site, Which::First).await;
    site.notice(&site.stranger(1), ANSWERED).await;
}

#[tokio::test]
async fn a_mail_above_the_limit_is_set_aside_and_the_next_is_answered() {
    let site = Site::new(Engine::Sqlite, rig().smtp_port).await;
    site.configure("[limits]\n", "[limits]\nmail_bytes_max = \"64KiB\"\n");
    site.adds_staff("ravi", &site.ravi()).await;
    let body = "a line that goes on and on\n".repeat(5_000);
    site.receives(&site.stranger(1), &format!("From: {}\nSubject: hello\n\n{body}", site.stranger(1)));
    site.asks(&site.stranger(2), NUMBER);
    let _daemon = Daemon::start(&site, Which::First).await;
    site.notice(&site.stranger(2), ANSWERED).await;
    let told = site.notice(&site.ravi(), "could not be handled").await;
    assert!(told.text.contains("more than [limits] allows"), "{}", told.text);
}

#[tokio::test]
async fn what_keeps_it_from_starting_is_said_on_one_line_with_a_remedy() {
    let site = Site::new(Engine::Sqlite, rig().smtp_port).await;
    site.adds_staff("ravi", &site.ravi()).await;
    let folder = site.folder();
    let right = fs::read(folder.join("master.key")).unwrap();
    fs::write(folder.join("master.key"), "ff".repeat(32)).unwrap();
    refuses(&site, "master key", 1);
    fs::write(folder.join("master.key"), "not a key").unwrap();
    refuses(&site, "master.key", 1);
    fs::write(folder.join("master.key"), right).unwrap();

    let notice = folder.join("templates/notices/challenge");
    fs::create_dir_all(&notice).unwrap();
    fs::write(notice.join("body.txt"), "{% if %}").unwrap();
    site.configure("[company]\n", "templates = \"templates\"\n\n[company]\n");
    refuses(&site, "challenge", 1);
    site.configure("templates = \"templates\"\n\n", "");

    site.configure("tls = \"none\"", "tls = \"perhaps\"");
    site.configure("timezone = \"Asia/Kolkata\"", "timezone = \"Asia/Nowhere\"");
    // Two servers and the calendar: every problem at once.
    refuses(&site, "first.toml", 3);
}

/// It ends by itself with code 2, and says so many things on standard error, each on a line that names the place.
fn refuses(site: &Site, place: &str, lines: usize) {
    let ended =
        Command::new(PROGRAM).args(["run", "-c"]).arg(site.folder().join("first.toml")).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(2), "{said}");
    let told: Vec<&str> = said.lines().filter(|line| line.starts_with("dsrd: ")).collect();
    assert!(told.len() >= lines && told.iter().any(|line| line.contains(place)), "{place}: {said}");
}
