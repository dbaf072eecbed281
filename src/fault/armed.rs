//! What a fault point does in a test build. `DSRD_FAULTS` names a folder; its file `plan` holds lines of three words:
//! `POINT ACTION N` acts at the N-th hit of a process, once for all processes (`fired` remembers it); `POINT ACTION ~WORD`
//! acts whenever what the point is about contains WORD, or always without one. Actions are abort, panic, error, stall
//! (30 s) and stall-SECONDS. Every hit is a line in `hits`. Without the variable nothing happens.
//! `fault.rs` has the macro, `tests/it/sweep.rs` writes the plans.

use crate::connectors::{ConnectorError, GateClosed};
use crate::mailbox::MailboxError;
use crate::outbox::CourierError;
use crate::package::PackageError;
use crate::store::StoreError;
use crate::workflow::Failure;
use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

/// How long a stalled point stands still (standard R7).
const STALL: Duration = Duration::from_secs(30);

/// What a point that was told to fail says.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a fault was injected at {0}")]
pub(crate) struct Injected(&'static str);

/// What a point does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Action {
    Abort,
    Panic,
    Error,
    Stall(Duration),
}

/// When a line of the plan acts.
#[derive(Clone, PartialEq, Eq, Debug)]
enum When {
    Hit(u64),
    About(String),
}

struct Line {
    text: String,
    point: String,
    action: Action,
    when: When,
}

struct Plan {
    folder: PathBuf,
    lines: Vec<Line>,
    hits: HashMap<&'static str, u64>,
}

static PLAN: LazyLock<Option<Mutex<Plan>>> = LazyLock::new(|| {
    let folder = std::env::var_os("DSRD_FAULTS").map(PathBuf::from)?;
    let fired = fs::read_to_string(folder.join("fired")).unwrap_or_default();
    let text = fs::read_to_string(folder.join("plan")).unwrap_or_default();
    let is_over =
        |line: &Line| matches!(line.when, When::Hit(_)) && fired.lines().any(|one| one == line.text);
    let lines = text.lines().filter_map(Line::parse).filter(|line| !is_over(line)).collect();
    Some(Mutex::new(Plan { folder, lines, hits: HashMap::new() }))
});

/// A point in asynchronous code.
pub(crate) async fn hit(point: &'static str) -> Result<(), Injected> {
    let action = met(point, &[]);
    if let Some(Action::Stall(time)) = action {
        tokio::time::sleep(time).await;
    }
    ended(point, action)
}

/// A point on a thread of its own.
pub(crate) fn hit_blocking(point: &'static str) -> Result<(), Injected> {
    stood_still(point, met(point, &[]))
}

/// A point that is about some bytes.
pub(crate) fn hit_about(point: &'static str, bytes: &[u8]) {
    // It has no error to give: a mail is read, or the process is gone.
    let _ = stood_still(point, met(point, bytes));
}

#[expect(clippy::disallowed_methods, reason = "a stall is what the test asked for")]
fn stood_still(point: &'static str, action: Option<Action>) -> Result<(), Injected> {
    if let Some(Action::Stall(time)) = action {
        std::thread::sleep(time);
    }
    ended(point, action)
}

#[expect(clippy::panic, reason = "a panic is what the test asked for")]
fn ended(point: &'static str, action: Option<Action>) -> Result<(), Injected> {
    match action {
        Some(Action::Abort) => std::process::abort(),
        Some(Action::Error) => Err(Injected(point)),
        Some(Action::Panic) => panic!("told to panic at {point}"),
        Some(Action::Stall(_)) | None => Ok(()),
    }
}

/// Counts the hit, and says what is to be done. What fires is written down first: the process may be gone a moment later.
fn met(point: &'static str, about: &[u8]) -> Option<Action> {
    let mut plan = PLAN.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
    let count = plan.hits.entry(point).or_default();
    *count += 1;
    let count = *count;
    append(&plan.folder, "hits", point);
    let acts = |line: &Line| {
        line.point == point
            && match &line.when {
                When::Hit(number) => *number == count,
                When::About(word) if word.is_empty() => true,
                When::About(word) => about.windows(word.len()).any(|part| part == word.as_bytes()),
            }
    };
    let at = plan.lines.iter().position(acts)?;
    let line = plan.lines.get(at)?;
    let (action, text) = (line.action, line.text.clone());
    append(&plan.folder, "fired", &text);
    if matches!(line.when, When::Hit(_)) {
        plan.lines.swap_remove(at);
    }
    Some(action)
}

fn append(folder: &Path, name: &str, line: &str) {
    let file = OpenOptions::new().create(true).append(true).open(folder.join(name));
    // A full disk is one of the faults that are played: the count is then short, and the test says so.
    let _ = file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
}

impl Line {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let (point, action, when) = (words.next()?, words.next()?, words.next()?);
        let action = match action {
            "abort" => Action::Abort,
            "panic" => Action::Panic,
            "error" => Action::Error,
            "stall" => Action::Stall(STALL),
            other => Action::Stall(Duration::from_secs(other.strip_prefix("stall-")?.parse().ok()?)),
        };
        let when = match when.strip_prefix('~') {
            Some(word) => When::About(word.to_owned()),
            None => When::Hit(when.parse().ok()?),
        };
        Some(Self { text: text.to_owned(), point: point.to_owned(), action, when })
    }
}

impl From<Injected> for StoreError {
    fn from(injected: Injected) -> Self {
        Self::Database { doing: "working", source: sqlx::Error::Io(io::Error::other(injected)) }
    }
}

impl From<Injected> for Failure {
    fn from(injected: Injected) -> Self {
        Self::Store(injected.into())
    }
}

impl From<Injected> for MailboxError {
    fn from(injected: Injected) -> Self {
        Self::Lost { server: injected.to_string(), what: "a fault point" }
    }
}

impl From<Injected> for CourierError {
    fn from(injected: Injected) -> Self {
        Self::Lost { server: injected.to_string(), what: "a fault point", why: "it was told to fail" }
    }
}

impl From<Injected> for PackageError {
    fn from(injected: Injected) -> Self {
        Self::Io { doing: "go on", reason: injected.to_string() }
    }
}

impl From<Injected> for ConnectorError {
    fn from(injected: Injected) -> Self {
        Self::Database {
            name: "any".to_owned(),
            doing: "go on".to_owned(),
            reason: injected.to_string(),
            transient: true,
        }
    }
}

impl From<Injected> for GateClosed {
    fn from(injected: Injected) -> Self {
        Self(injected.to_string())
    }
}
