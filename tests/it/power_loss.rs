//! The power fails at any moment (standard R9): whoever was told that we have their request finds it in what the disk held
//! for sure at that moment. The real binary is watched by strace; each sync and each mail that leaves is a moment at
//! which the power is cut, on paper. A small writer with a weaker setting shows that such a loss would be seen.

#![expect(clippy::print_stdout, reason = "how many moments were looked at is the measure of standard R9")]

use crate::daemon_process::{Daemon, Engine, PROGRAM, Site, Which, until};
use crate::rig::rig;
use crate::traced::{Deed, Disk, deeds, watched};
use regex::Regex;
use sqlx::{AnyConnection, Connection, Executor, Row};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Requests of the play.
const REQUESTS: usize = 120;
/// Moments that must be looked at; how many there are depends on how many mails share a commit.
const MOMENTS_MIN: usize = 2 * REQUESTS;

#[tokio::test]
async fn a_power_cut_at_any_moment_loses_nothing_that_was_acknowledged() {
    let site = Site::new(Engine::Sqlite, rig().smtp_port).await;
    let trace = site.folder().join("trace");
    let mut daemon = Daemon::spawn_by(&site, Which::First, watched(PROGRAM, &trace));
    daemon.ready().await;
    for number in 0..REQUESTS {
        site.asks(&site.stranger(number), &format!("+91 98765 {number:05}"));
        if number % 4 == 0 {
            until("it is answered", async || (!site.inbox(&site.stranger(number)).is_empty()).then_some(()))
                .await;
        }
    }
    for number in 0..REQUESTS {
        until("everybody is answered", async || {
            (!site.inbox(&site.stranger(number)).is_empty()).then_some(())
        })
        .await;
    }
    daemon.kill9();
    let reference = Regex::new(r"Subject: \[(DSR-[0-9A-Z]{4}-[0-9A-Z]{4})\]").unwrap();
    let told = |sent: &[u8]| {
        let text = String::from_utf8_lossy(sent).into_owned();
        reference.captures_iter(&text).map(|found| found[1].to_owned()).collect::<Vec<_>>()
    };
    let database = site.folder().join("state.db");
    let sql = "SELECT DISTINCT reference FROM outbox WHERE reference IS NOT NULL";
    let seen = lost(&deeds(&trace), &database, sql, told).await;
    println!(
        "{} acknowledged, the power cut at {} moments, {} lost",
        seen.told,
        seen.moments,
        seen.lost.len()
    );
    assert_eq!(seen.told, REQUESTS);
    assert!(seen.moments >= MOMENTS_MIN, "{} moments", seen.moments);
    assert_eq!(seen.lost, BTreeSet::new());
}

/// The same look at a program that says `told N` once it has committed N: with `synchronous=FULL` nothing is lost, with
/// NORMAL something is. Otherwise the test above could not fail.
#[tokio::test]
async fn a_weaker_setting_would_be_seen() {
    assert_eq!(lost_by_a_writer("FULL").await, 0);
    assert!(lost_by_a_writer("NORMAL").await > 0, "a commit that is not durable must be seen");
}

/// Commits of the small writer.
const COMMITS: usize = 20;

async fn lost_by_a_writer(setting: &str) -> usize {
    const WRITER: &str = "import os, sqlite3, sys
state = sqlite3.connect('state.db', isolation_level=None)
state.execute('PRAGMA journal_mode=WAL')
state.execute('PRAGMA synchronous=' + sys.argv[1])
state.execute('CREATE TABLE told (number TEXT)')
state.execute('PRAGMA wal_checkpoint(TRUNCATE)')
for number in range(int(sys.argv[2])):
    state.execute('INSERT INTO told VALUES (?)', (str(number),))
    os.write(1, b'told %d;' % number)
";
    let folder = TempDir::new().unwrap();
    let trace = folder.path().join("trace");
    let mut writer: Command = watched("/usr/bin/python3", &trace);
    let ended =
        writer.args(["-c", WRITER, setting, &COMMITS.to_string()]).current_dir(folder.path()).output();
    assert!(ended.unwrap().status.success());
    until("strace has written everything", async || {
        std::fs::read_to_string(&trace).unwrap().contains("+++ exited with 0 +++").then_some(())
    })
    .await;
    let number = Regex::new("told ([0-9]+);").unwrap();
    let told = |sent: &[u8]| {
        let text = String::from_utf8_lossy(sent).into_owned();
        number.captures_iter(&text).map(|found| found[1].to_owned()).collect::<Vec<_>>()
    };
    let database = folder.path().canonicalize().unwrap().join("state.db");
    let seen = lost(&deeds(&trace), &database, "SELECT number FROM told", told).await;
    assert_eq!(seen.told, COMMITS);
    seen.lost.len()
}

/// What the cuts came to.
struct Seen {
    told: usize,
    moments: usize,
    /// What somebody had been told of and a cut took away.
    lost: BTreeSet<String>,
}

/// Cuts the power at every sync and at everything that leaves and tells somebody; `told` says what it tells, and `sql` lists
/// what the database knows of that.
async fn lost(deeds: &[Deed], database: &Path, sql: &str, told: impl Fn(&[u8]) -> Vec<String>) -> Seen {
    let folder = TempDir::new().unwrap();
    let (mut disk, mut known) = (Disk::default(), BTreeSet::new());
    let mut seen = Seen { told: 0, moments: 0, lost: BTreeSet::new() };
    for deed in deeds {
        disk.carry_out(deed);
        let tells = match deed {
            Deed::Sent(bytes) => told(bytes),
            Deed::Synced(_) | Deed::Wrote(..) | Deed::Cut(..) => Vec::new(),
        };
        known.extend(tells.iter().cloned());
        if known.is_empty() || (tells.is_empty() && !matches!(deed, Deed::Synced(_))) {
            continue;
        }
        seen.moments += 1;
        let found = rows(&disk.after_a_power_cut(database, folder.path()), sql).await;
        seen.lost.extend(known.difference(&found).cloned());
    }
    seen.told = known.len();
    seen
}

/// One column of a database that was just found after a power cut; nothing when not even the table is there.
async fn rows(database: &Path, sql: &str) -> BTreeSet<String> {
    sqlx::any::install_default_drivers();
    let url = format!("sqlite://{}?mode=rwc", database.display());
    let mut connection = AnyConnection::connect(&url).await.unwrap();
    let whole = connection.fetch_one("PRAGMA integrity_check").await.unwrap();
    assert_eq!(whole.get::<String, _>(0), "ok");
    let rows = connection.fetch_all(sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))).await;
    connection.close().await.unwrap();
    rows.map(|rows| rows.iter().map(|row| row.get(0)).collect()).unwrap_or_default()
}
