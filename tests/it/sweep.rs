//! A fault at every named point of the source (standard R7): one export, from the mail to the passphrase, for each point,
//! or one deletion where the point stands on its way, on the real binary, real servers and both engines. Afterwards nothing is lost, no job was done twice, and a mail came
//! twice only if it was on its way when the fault struck (R4), byte for byte. As a part of `tests/run` each point ends
//! the process once; `tests/sweep` plays every action at the first and at the last hit. CONTRIBUTING.md has the commands.

#![expect(clippy::print_stdout, reason = "a sweep of minutes says where it is")]

use crate::daemon_process::{Engine, Notice, Site};
use crate::rig::rig;
use crate::supervised::Supervised;
use dsrd::package::{self, Passphrase};
use futures::StreamExt;
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use tokio::task::{LocalSet, spawn_local};

/// Plays at once: each waits for its servers and its disk most of the time.
const AT_ONCE: usize = 6;
/// The number of the account that the company's database knows.
const OWN_NUMBER: &str = "+91 98765 43210";
/// At least so many points stand in the source (standard R7).
const POINTS_MIN: usize = 40;
/// Points that are met only when something else went wrong before: that, first.
const BEFORE: [(&str, &str); 2] =
    [("mail.attempt", "mail.store.after abort 1"), ("job.postpone", "source.resolve.before error 1")];
/// Points between the server's acceptance and our commit: an error there, too, may bring a mail once more.
const IN_DOUBT: [&str; 5] = [
    "smtp.data.after",
    "outbox.settle.before",
    "outbox.settle.after",
    "audit.head.before",
    "audit.head.after",
];
/// Beginnings of the points that only a deletion meets.
const OF_DELETION: [&str; 3] = ["erase.", "ledger.", "source.erase."];
/// What a deletion's conversation consists of.
const DELETED_CUSTOMER: [(&str, &str); 5] = [
    ("We have your request", "acknowledgement"),
    ("Is it you?", "challenge"),
    ("stands", "status"),
    ("Your data will be deleted", "approved"),
    ("Your data is deleted", "completed-delete"),
];
const DELETED_STAFF: [(&str, &str); 2] =
    [("Please decide by", "approval-request"), ("Approved by", "decision-recorded")];
/// What the one conversation of an export consists of: words of the subject, and the notice in the register.
const CUSTOMER: [(&str, &str); 5] = [
    ("We have your request", "acknowledgement"),
    ("Is it you?", "challenge"),
    ("stands", "status"),
    ("copy of your data is ready", "completed-export"),
    ("The passphrase", "passphrase"),
];
const STAFF: [(&str, &str); 3] = [
    ("Please decide by", "approval-request"),
    ("Approved by", "decision-recorded"),
    ("could not be handled", "attention"),
];

#[tokio::test]
async fn sweep_sqlite() {
    Box::pin(LocalSet::new().run_until(sweep(Engine::Sqlite))).await;
}

#[tokio::test]
async fn sweep_postgres() {
    Box::pin(LocalSet::new().run_until(sweep(Engine::Postgres))).await;
}

async fn sweep(engine: Engine) {
    let points = points();
    assert!(points.len() >= POINTS_MIN, "{} fault points", points.len());
    let last = if is_full() { census(engine).await } else { BTreeMap::new() };
    let mut lines = Vec::new();
    for point in &points {
        let actions: &[&str] = if is_full() { &["abort", "error", "stall"] } else { &["abort"] };
        for action in actions {
            let hits = [1, last.get(point).copied().unwrap_or(1)];
            lines.extend(BTreeSet::from(hits).iter().map(|hit| format!("{point} {action} {hit}")));
        }
    }
    let many = lines.len();
    let plays = futures::stream::iter(lines).map(|line| spawn_local(play(engine, line)));
    let ended: Vec<_> = plays.buffer_unordered(AT_ONCE).collect().await;
    let failed: Vec<String> = ended.into_iter().filter_map(Result::err).map(|end| end.to_string()).collect();
    println!("{} points, {many} faults on {engine:?}, {} failed", points.len(), failed.len());
    assert!(failed.is_empty(), "{failed:#?}");
}

/// Whether every action at the first and the last hit is asked for.
fn is_full() -> bool {
    std::env::var_os("DSRD_SWEEP").is_some_and(|asked| asked == "full")
}

/// Every point that stands in the source: there is no other list that could miss one.
fn points() -> BTreeSet<String> {
    let name = Regex::new(r#"fault!\(\s*(?:blocking\s+)?"([a-z.]+)""#).unwrap();
    let mut found = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("src/fault.rs") {
                for point in name.captures_iter(&fs::read_to_string(&path).unwrap_or_default()) {
                    assert!(found.insert(point[1].to_owned()), "the point {} stands twice", &point[1]);
                }
            }
        }
    }
    found
}

/// How often each point is hit in a conversation without any fault.
async fn census(engine: Engine) -> BTreeMap<String, usize> {
    let site = site(engine).await;
    let codes = site.adds_staff("ravi", &site.ravi()).await;
    let mut daemon = Supervised::start(&site, &[]);
    converse(&site, &mut daemon, &codes).await;
    daemon.stop().await;
    // A deletion of two rows meets each of its points once.
    let hits = |point: &String| daemon.hits(point).max(1);
    points().into_iter().map(|point| (point.clone(), hits(&point))).collect()
}

fn is_of_deletion(line: &str) -> bool {
    OF_DELETION.iter().any(|beginning| line.starts_with(beginning))
}

async fn site(engine: Engine) -> Site {
    let site = Site::new(engine, rig().smtp_port).await;
    site.configure("address = [", "after = \"keyword\"\naddress = [");
    site
}

/// One conversation with one fault, and what is left of it.
async fn play(engine: Engine, line: String) {
    let site = site(engine).await;
    let codes = site.adds_staff("ravi", &site.ravi()).await;
    let mut plan = vec![line.clone()];
    plan.extend(
        BEFORE.iter().filter(|(point, _)| line.starts_with(point)).map(|(_, first)| (*first).to_owned()),
    );
    let mut daemon = Supervised::start(&site, &plan);
    if is_of_deletion(&line) {
        return deletes(&site, daemon, &codes, &line).await;
    }
    let (package, passphrase) = converse(&site, &mut daemon, &codes).await;
    if !line.starts_with("daemon.stop") && line.ends_with(" 1") {
        daemon.fired(&line).await;
        daemon.all_done().await;
    }
    daemon.stop().await;
    assert!(daemon.has_fired(&line) || !line.ends_with(" 1"), "{line}: was not hit");
    assert_eq!(site.stages().await, ["closed"], "{line}");
    assert_eq!(
        site.column("SELECT kind FROM jobs ORDER BY kind").await,
        ["export", "plan", "resolve"],
        "{line}"
    );
    assert_eq!(site.column("SELECT kind FROM jobs WHERE state <> 'done'").await, [""; 0], "{line}");
    assert_eq!(site.column("SELECT id FROM mails WHERE state = 'quarantined'").await.len(), 1, "{line}");
    let mut spare = daemon.interrupted.clone();
    if line.contains(" error ") && IN_DOUBT.iter().any(|point| line.starts_with(point)) {
        spare.extend(CUSTOMER.iter().chain(&STAFF).map(|(_, notice)| (*notice).to_owned()));
    }
    came_once(&line, &site.inbox(&site.asha()), &CUSTOMER, &mut spare);
    came_once(&line, &site.inbox(&site.ravi()), &STAFF, &mut spare);
    holds_the_package(&site, &package, passphrase, &line).await;
    site.audit_verifies().await;
}

/// One deletion with one fault: the two rows of the plan are gone and no other, every row was written into the ledger before
/// it went, and the customer hears of both once.
async fn deletes(site: &Site, mut daemon: Supervised<'_>, codes: &[String], line: &str) {
    let (asha, ravi) = (site.asha(), site.ravi());
    site.asks_to_delete(&asha, OWN_NUMBER);
    let challenge = daemon.notice(&asha, "Is it you?").await;
    site.replies(&asha, &challenge, &format!("CONFIRM {}", challenge.code()));
    let approval = daemon.notice(&ravi, "Please decide by").await;
    site.replies(&ravi, &approval, &format!("APPROVE {}", codes[0]));
    let certificate = daemon.notice(&asha, "Your data is deleted").await;
    daemon.notice(&ravi, "Approved by").await;
    daemon.fired(line).await;
    daemon.all_done().await;
    daemon.stop().await;
    assert!(certificate.text.contains("2 records"), "{line}: {}", certificate.text);
    assert_eq!(site.company_column("SELECT id FROM call_logs ORDER BY id").await, ["3"], "{line}");
    assert_eq!(site.stages().await, ["closed"], "{line}");
    assert_eq!(
        site.column("SELECT kind FROM jobs ORDER BY kind").await,
        ["erase", "plan", "resolve"],
        "{line}"
    );
    assert_eq!(site.column("SELECT kind FROM jobs WHERE state <> 'done'").await, [""; 0], "{line}");
    let known: BTreeSet<String> = site.ledger_lines().iter().flat_map(|entry| keys_of(entry)).collect();
    assert_eq!(known.len(), 2, "{line}: the ledger knows each row");
    let mut spare = daemon.interrupted.clone();
    came_once(line, &site.inbox(&asha), &DELETED_CUSTOMER, &mut spare);
    came_once(line, &site.inbox(&ravi), &DELETED_STAFF, &mut spare);
    site.audit_verifies().await;
}

/// The hashes of keys in a line of the erasure ledger.
fn keys_of(entry: &str) -> Vec<String> {
    let entry: serde_json::Value = serde_json::from_str(entry).unwrap();
    let rows = entry["rows"].as_array().unwrap().iter();
    rows.map(|row| row[0].as_str().unwrap().to_owned()).collect()
}

/// The customer asks and confirms, staff approve; beside it lies a mail that nobody can read. Gives the package's mail and
/// its passphrase.
async fn converse(site: &Site, daemon: &mut Supervised<'_>, codes: &[String]) -> (Notice, String) {
    let (asha, ravi) = (site.asha(), site.ravi());
    site.receives(&asha, &format!("From: {asha}\nFrom: {ravi}\nSubject: hello\n\nhello\n"));
    site.asks(&asha, OWN_NUMBER);
    let challenge = daemon.notice(&asha, "Is it you?").await;
    site.replies(&asha, &challenge, &format!("CONFIRM {}", challenge.code()));
    let approval = daemon.notice(&ravi, "Please decide by").await;
    site.replies(&ravi, &approval, &format!("APPROVE {}", codes[0]));
    let package = daemon.notice(&asha, "copy of your data is ready").await;
    let passphrase = daemon.notice(&asha, "The passphrase").await.code();
    daemon.notice(&ravi, "could not be handled").await;
    daemon.all_done().await;
    (package, passphrase)
}

/// Each notice once; once more, and the same bytes, only where a fault caught it on its way.
fn came_once(line: &str, inbox: &[Notice], expected: &[(&str, &str)], spare: &mut Vec<String>) {
    let mut first: BTreeMap<&str, &Notice> = BTreeMap::new();
    for notice in inbox {
        let known = expected.iter().find(|(words, _)| notice.subject.contains(words));
        let (_, name) = known.unwrap_or_else(|| panic!("{line}: an unexpected notice: {}", notice.subject));
        let Some(earlier) = first.insert(name, notice) else { continue };
        assert_eq!(earlier, notice, "{line}: copies of one notice are the same bytes");
        let at = spare.iter().position(|interrupted| interrupted == name);
        spare.swap_remove(at.unwrap_or_else(|| panic!("{line}: {name} came twice, and was not on its way")));
    }
    let came: BTreeSet<&str> = first.into_keys().collect();
    assert_eq!(came, expected.iter().map(|(_, name)| *name).collect(), "{line}: nothing is lost");
}

/// The one file in the folder is what the customer holds, and it opens.
async fn holds_the_package(site: &Site, notice: &Notice, passphrase: String, line: &str) {
    let files: Vec<PathBuf> = site.packages();
    assert_eq!(files.len(), 1, "{line}: {files:?}");
    assert_eq!(Some(fs::read(&files[0]).unwrap()), notice.attached, "{line}");
    let checked =
        tokio::task::spawn_blocking(move || package::check(&files[0], &Passphrase::new(passphrase)));
    assert_eq!(checked.await.unwrap().unwrap().rows, BTreeMap::from([("call_logs".to_owned(), 2)]), "{line}");
}
