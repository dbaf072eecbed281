//! A mail that ends the process that reads it (standard R18): set aside after a few restarts and told to staff once, while
//! the mails beside it are answered. And mails that only happened to be read when something else ended the process: they
//! are not blamed. The real binary, really aborted; `supervised.rs` starts it anew as systemd does.

use crate::daemon_process::{Engine, Site};
use crate::rig::rig;
use crate::supervised::Supervised;

/// What the deadly mail has in its text.
const DEADLY: &str = "deadly";
/// The processes that such a mail may cost (standard R18, ARCHITECTURE.md).
const DEATHS_MAX: usize = 4;
const SET_ASIDE: &str = "SELECT reason FROM mails WHERE state = 'quarantined'";
const WAITING: &str = "SELECT id FROM mails WHERE state = 'stored'";

#[tokio::test]
async fn a_mail_that_kills_the_process_is_set_aside_sqlite() {
    is_set_aside(Engine::Sqlite).await;
}

#[tokio::test]
async fn a_mail_that_kills_the_process_is_set_aside_postgres() {
    is_set_aside(Engine::Postgres).await;
}

async fn is_set_aside(engine: Engine) {
    let site = Site::new(engine, rig().smtp_port).await;
    site.adds_staff("ravi", &site.ravi()).await;
    site.asks(&site.stranger(1), "+91 98765 00001");
    site.receives(&site.stranger(2), &plain(&site.stranger(2), DEADLY));
    site.asks(&site.stranger(3), "+91 98765 00003");

    let mut daemon = Supervised::start(&site, &[format!("mail.read abort ~{DEADLY}")]);
    for number in [1, 3] {
        daemon.notice(&site.stranger(number), "We have your request").await;
    }
    daemon.notice(&site.ravi(), "could not be handled").await;
    let deaths = daemon.deaths();
    assert!((1..=DEATHS_MAX).contains(&deaths), "{deaths} processes died");
    assert_eq!(site.column(SET_ASIDE).await, ["reading it was begun several times and never ended"]);
    assert_eq!(site.column(WAITING).await, [""; 0]);

    site.asks(&site.stranger(4), "+91 98765 00004");
    daemon.notice(&site.stranger(4), "We have your request").await;
    daemon.all_done().await;
    daemon.stop().await;
    assert_eq!(daemon.deaths(), deaths, "it lives on");
    assert_eq!(site.inbox(&site.ravi()).len(), 1, "staff are told once");
    assert_eq!(site.stages().await.len(), 3);
    site.audit_verifies().await;
}

/// The lease keeper ends every process after five seconds, always while the one mail is still being read. From the second
/// such death on it is read before anything else runs, and what kills the process then is the mail or nothing.
#[tokio::test]
async fn a_mail_that_was_read_when_something_else_killed_the_process_is_answered() {
    let site = Site::new(Engine::Sqlite, rig().smtp_port).await;
    site.asks(&site.stranger(1), "+91 98765 00001");
    let plan = ["mail.read stall-8 ~Scope".to_owned(), "lease.renew.before abort ~".to_owned()];
    let mut daemon = Supervised::start(&site, &plan);
    daemon.notice(&site.stranger(1), "We have your request").await;
    assert!(daemon.deaths() >= 2, "{} deaths", daemon.deaths());
    assert_eq!(site.column(SET_ASIDE).await, [""; 0]);
}

/// A panic while a mail is read costs that mail, not its batch and not the process.
#[tokio::test]
async fn a_mail_that_makes_the_reader_panic_is_set_aside_at_once() {
    let site = Site::new(Engine::Sqlite, rig().smtp_port).await;
    site.adds_staff("ravi", &site.ravi()).await;
    site.asks(&site.stranger(1), "+91 98765 00001");
    site.receives(&site.stranger(2), &plain(&site.stranger(2), DEADLY));
    site.asks(&site.stranger(3), "+91 98765 00003");
    let mut daemon = Supervised::start(&site, &[format!("mail.read panic ~{DEADLY}")]);
    for number in [1, 3] {
        daemon.notice(&site.stranger(number), "We have your request").await;
    }
    daemon.notice(&site.ravi(), "could not be handled").await;
    daemon.all_done().await;
    daemon.stop().await;
    assert_eq!(daemon.deaths(), 0);
    assert_eq!(site.column(SET_ASIDE).await, ["reading it broke off"]);
}

/// Somebody's mail that asks for nothing.
fn plain(from: &str, text: &str) -> String {
    format!("From: {from}\nTo: support\nSubject: hello\nMessage-ID: <{text}@there.example>\n\n{text}\n")
}
