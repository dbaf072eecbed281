//! A disk that is full (standard R11): the real binary with its state, or its packages, on a small tmpfs that is mounted for
//! the play. Mail stays in the mailbox, `/healthz` says why, commands go on in the reserve, no part of a package is handed
//! out, and everything goes on by itself when there is room. `failing_disk.rs` plays disks that are broken.

use crate::daemon_process::{Daemon, Engine, Site, Which, until};
use crate::rig::rig;
use dsrd::package::{self, Passphrase};
use futures::StreamExt;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Plays at once.
const AT_ONCE: usize = 4;
/// The reserve (64 MiB), what must be free beside it (16 MiB), and what the state of a play needs.
const DISK: &str = "120m";
/// Requests that meet the full disk; each brings a few sheets of text.
const REQUESTS: usize = 60;
const SHEETS: usize = 500;
const KILOBYTE: u64 = 1024;
/// With so many bytes left the requests may all come in, and the disk is full only when they are worked on.
const ROOM_FOR_ALL: u64 = 1_000 * KILOBYTE;

#[tokio::test]
async fn a_full_disk_leaves_mail_in_the_mailbox_and_goes_on_by_itself() {
    let rooms = [0, 60, 300, 1_000, 2_500].map(|kilobytes| kilobytes * KILOBYTE);
    futures::stream::iter(rooms).for_each_concurrent(AT_ONCE, fills_up).await;
}

/// The state's disk has so many bytes left when requests come in.
async fn fills_up(room: u64) {
    let disk = Disk::mount(DISK);
    let mut site = Site::new(Engine::Sqlite, rig().smtp_port).await;
    site.keeps_state_in(disk.path());
    site.adds_staff("ravi", &site.ravi()).await;
    let daemon = Daemon::start(&site, Which::First).await;
    let reserve = disk.path().join("state.reserve");
    assert!(reserve.exists(), "room is kept back");
    disk.fill(room);
    let sheets = "a line of a letter that nobody has to understand\n".repeat(SHEETS);
    for number in 0..REQUESTS {
        let scope = format!("Scope: number +91 98765 {number:05}\n{}", crate::daemon_process::ACKNOWLEDGED);
        site.asks_in_part(&site.stranger(number), &format!("{scope}\n-- \n{sheets}"));
    }
    until("/healthz says that the disk is full", async || {
        let answer = daemon.health();
        (answer.starts_with("HTTP/1.1 503") && answer.contains("disk full")).then_some(())
    })
    .await;
    assert!(!reserve.exists(), "the reserve is given up");
    daemon.adds_staff("meera", &site.stranger(REQUESTS)).await;
    let kept = site.column("SELECT reference FROM requests").await.len();
    assert!(kept < REQUESTS || room >= ROOM_FOR_ALL, "with {room} bytes left everything was taken in");

    disk.empty();
    for number in 0..REQUESTS {
        let answered = async || (!site.inbox(&site.stranger(number)).is_empty()).then_some(());
        until("everybody is answered", answered).await;
    }
    until("/healthz says that all is well", async || {
        daemon.health().starts_with("HTTP/1.1 200").then_some(())
    })
    .await;
    assert!(reserve.exists(), "room is kept back again");
    let (ended, _) = daemon.terminate().await;
    assert!(ended.success(), "{ended}");
    assert_eq!(site.stages().await.len(), REQUESTS, "{room} bytes left");
    assert_eq!(site.column("SELECT reason FROM mails WHERE state = 'quarantined'").await, [""; 0]);
    for number in 0..REQUESTS {
        assert_eq!(site.inbox(&site.stranger(number)).len(), 1, "{room} bytes left: one answer each");
    }
    site.audit_verifies().await;
}

/// The number of the account that the company's database knows.
const OWN_NUMBER: &str = "+91 98765 43210";
/// Rows that do not compress, about two megabytes of package.
const CALLS: &str = "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 3009)
INSERT INTO call_logs SELECT i, '481516', 'u1', '2025-01-05T10:00:00Z', '+919876543210', hex(randomblob(300)) FROM n";
const CALLS_PLANNED: u64 = 3_002;

#[tokio::test]
async fn a_package_that_does_not_fit_is_given_up_whole_and_made_when_there_is_room() {
    futures::stream::iter(["64k", "800k", "2m"]).for_each_concurrent(AT_ONCE, exports).await;
}

async fn exports(size: &str) {
    let disk = Disk::mount(size);
    let site = Site::new(Engine::Sqlite, rig().smtp_port).await;
    site.configure("package_dir = \"packages\"", &format!("package_dir = \"{}\"", disk.path().display()));
    site.company_runs(CALLS).await;
    let (asha, ravi) = (site.asha(), site.ravi());
    let codes = site.adds_staff("ravi", &ravi).await;
    let daemon = Daemon::start(&site, Which::First).await;
    site.asks(&asha, OWN_NUMBER);
    let challenge = site.notice(&asha, "Is it you?").await;
    site.replies(&asha, &challenge, &format!("CONFIRM {}", challenge.code()));
    let approval = site.notice(&ravi, "Please decide by").await;
    site.replies(&ravi, &approval, &format!("APPROVE {}", codes[0]));
    site.notice(&ravi, "a data store does not answer").await;
    assert_eq!(disk.files(), [""; 0], "{size}: nothing is left of what did not fit");
    assert!(
        site.inbox(&asha).iter().all(|notice| notice.attached.is_none()),
        "{size}: nothing is handed out"
    );

    disk.resize("64m");
    let package = site.notice(&asha, "copy of your data is ready").await;
    let passphrase = Passphrase::new(site.notice(&asha, "The passphrase").await.code());
    let files = disk.files();
    let [name] = files.as_slice() else { panic!("{size}: {files:?}") };
    let path = disk.path().join(name);
    assert_eq!(Some(fs::read(&path).unwrap()), package.attached, "{size}");
    let checked = tokio::task::spawn_blocking(move || package::check(&path, &passphrase)).await.unwrap();
    assert_eq!(checked.unwrap().rows, BTreeMap::from([("call_logs".to_owned(), CALLS_PLANNED)]), "{size}");
    let (ended, _) = daemon.terminate().await;
    assert!(ended.success(), "{ended}");
}

/// A small disk of its own, gone at the end.
struct Disk {
    folder: TempDir,
}

impl Disk {
    fn mount(size: &str) -> Self {
        let folder = TempDir::new().unwrap();
        as_root(&["mount", "-t", "tmpfs", "-o", &format!("size={size},mode=0777"), "tmpfs"], folder.path());
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn resize(&self, size: &str) {
        as_root(&["mount", "-o", &format!("remount,size={size}")], self.path());
    }

    /// Fills it up to so many bytes.
    fn fill(&self, room: u64) {
        let mut ballast = File::create(self.path().join("ballast")).unwrap();
        let mut chunk = vec![0; 64 * 1024];
        while !chunk.is_empty() {
            match ballast.write(&chunk) {
                Ok(0) => chunk.clear(),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => chunk.truncate(chunk.len() / 2),
                Err(error) => panic!("filling the disk: {error}"),
            }
        }
        ballast.set_len(ballast.metadata().unwrap().len() - room).unwrap();
    }

    fn empty(&self) {
        fs::remove_file(self.path().join("ballast")).unwrap();
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        as_root(&["umount", "-l"], self.path());
    }
}

/// Runs a command of the host as root, by sudo where the tests are not.
fn as_root(words: &[&str], folder: &Path) {
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let sudo: &[&str] = if is_root { &[] } else { &["sudo", "-n"] };
    let line = [sudo, words].concat();
    let ended = Command::new(line[0]).args(&line[1..]).arg(folder).output();
    let ended = ended.unwrap_or_else(|error| panic!("{line:?}: {error}"));
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.success(), "a small disk needs root, or sudo without a password: {line:?}: {said}");
}
