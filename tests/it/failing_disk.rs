//! A disk that fails (standard R10): the real binary under strace, which answers EIO in place of the kernel to a sync or a
//! write of the state. The process ends by itself; no mail speaks of what is not in the state; started anew on a disk
//! that is well, it answers everybody. `power_loss.rs` looks at disks that lose power instead.

use crate::daemon_process::{Daemon, Engine, Notice, PROGRAM, Site, Which, until};
use crate::rig::rig;
use futures::StreamExt;
use std::path::Path;
use std::process::Command;

/// Requests of a play; they come one after the other, so that every one has commits of its own.
const REQUESTS: usize = 12;
/// Plays at once.
const AT_ONCE: usize = 4;
const ON_THEIR_WAY: &str = "SELECT notice FROM outbox WHERE state = 'sending'";

#[tokio::test]
async fn a_sync_that_fails_ends_the_process_and_nothing_is_told_that_is_not_kept() {
    // The start of an empty state takes ten; 2 and 6 are its folder's, see below. `+`: and every later one.
    let calls = ["1", "3", "4", "5", "7", "9", "11", "12", "14", "17", "3+", "12+"];
    plays(calls.map(|when| format!("fdatasync,fsync:error=EIO:when={when}")).to_vec(), None).await;
}

#[tokio::test]
async fn a_write_that_fails_ends_the_process_and_nothing_is_told_that_is_not_kept() {
    let calls = ["1", "9", "40", "80", "120", "60+"];
    plays(calls.map(|when| format!("pwrite64:error=EIO:when={when}")).to_vec(), None).await;
}

/// SQLite's own checkpoint would swallow this one, and the log that holds the only good copy would be written over.
#[tokio::test]
async fn a_sync_that_fails_while_the_log_is_emptied_ends_the_process() {
    plays(vec!["fdatasync,fsync:error=EIO:when=1".to_owned()], Some("state.db")).await;
}

/// SQLite takes no notice of a folder that cannot be synced, so we do it once more ourselves.
#[tokio::test]
async fn a_folder_that_cannot_be_made_durable_is_refused() {
    plays(vec!["fdatasync,fsync:error=EIO:when=1".to_owned()], Some("")).await;
}

async fn plays(faults: Vec<String>, file: Option<&str>) {
    futures::stream::iter(faults).for_each_concurrent(AT_ONCE, |fault| play(fault, file)).await;
}

async fn play(fault: String, file: Option<&str>) {
    let site = Site::new(Engine::Sqlite, rig().smtp_port).await;
    if file == Some("state.db") {
        // Its file is made before, so that the first sync of it is a checkpoint's.
        site.adds_staff("ravi", &site.ravi()).await;
    }
    let path =
        file.map(|name| if name.is_empty() { site.folder().to_owned() } else { site.folder().join(name) });
    let mut daemon = Daemon::spawn_by(&site, Which::First, failing(&fault, path.as_deref()));
    let mut asked = 0;
    let what = format!("{fault}: the process ends by itself");
    let ended = until(&what, async || {
        // The next one asks when the one before is answered.
        let answered = asked == 0 || !site.inbox(&site.stranger(asked - 1)).is_empty();
        if answered && asked < REQUESTS {
            site.asks(&site.stranger(asked), &format!("+91 98765 {asked:05}"));
            asked += 1;
        }
        daemon.ended()
    })
    .await;
    let log = daemon.log();
    assert!(ended.code().is_some_and(|code| code != 0), "{fault}: ended with {ended}: {log}");
    assert!(log.lines().any(|line| line.starts_with("dsrd: ")), "{fault}: no last word: {log}");
    let before = acknowledged(&site, asked);

    let again = Daemon::start(&site, Which::First).await;
    let kept = site.column("SELECT reference FROM requests").await;
    let unkept: Vec<&String> = before.iter().filter(|reference| !kept.contains(reference)).collect();
    assert!(unkept.is_empty(), "{fault}: told and not kept: {unkept:?}");
    for number in 0..asked {
        site.notice(&site.stranger(number), "We have your request").await;
    }
    until("nothing is on its way", async || site.column(ON_THEIR_WAY).await.is_empty().then_some(())).await;
    let (ended, _) = again.terminate().await;
    assert!(ended.success(), "{fault}: {ended}");
    for number in 0..asked {
        let inbox = site.inbox(&site.stranger(number));
        let [first, rest @ ..] = inbox.as_slice() else { panic!("{fault}: stranger {number} has no answer") };
        assert!(
            rest.len() <= 1 && rest.iter().all(|copy| copy == first),
            "{fault}: copies are the same bytes"
        );
    }
    assert_eq!(site.stages().await.len(), asked, "{fault}");
    site.audit_verifies().await;
}

/// The program on a disk where a call fails: any file's, or one file's.
fn failing(fault: &str, path: Option<&Path>) -> Command {
    let calls = fault.split(':').next().unwrap();
    let mut command = Command::new("strace");
    command.args(["-D", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e"]);
    command.arg(format!("trace={calls}"));
    if let Some(path) = path {
        command.arg("-P").arg(path);
    }
    command.arg("-e").arg(format!("inject={fault}")).arg(PROGRAM);
    command
}

/// The references that somebody was told of.
fn acknowledged(site: &Site, asked: usize) -> Vec<String> {
    let inboxes = (0..asked).flat_map(|number| site.inbox(&site.stranger(number)));
    inboxes.map(|notice: Notice| reference(&notice.subject)).collect()
}

fn reference(subject: &str) -> String {
    let (reference, _) = subject.split_once(']').unwrap_or_else(|| panic!("no reference in {subject}"));
    reference.trim_start_matches('[').to_owned()
}
