//! The company's data systems. A connector resolves people, freezes keys, hands out exactly those rows, opens the files
//! that they name, and deletes rows by key and by nothing else; it never takes SQL from a request and never holds a table
//! in memory. `domain/plan.rs` says what is asked of it. A new one is one file and one arm in `Connectors::open`.

mod error;
pub use error::ConnectorError;

mod batch;
pub mod files;
mod hanging;
pub mod postgres;
pub mod sqlite;

use crate::domain::directory::{Directory, DirectoryEntry, DirectoryQuery};
use crate::domain::keep::{RowFacts, Sieve};
use crate::domain::plan::{Category, PlannedCategory, Selector};
use crate::domain::rows::RowBatch;
use async_trait::async_trait;
use futures::stream::BoxStream;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::io::AsyncRead;

/// Keys of one export statement, and so the most rows in memory at once.
pub const BATCH_KEYS_MAX: usize = 500;

/// People that one look-up may answer with.
pub const DIRECTORY_ENTRIES_MAX: usize = 1_000;

/// Keys of one deleting transaction: long enough to be fast, short enough not to hold the company's own writers up.
pub const ERASE_KEYS_MAX: usize = 5_000;

/// How often a batch is tried with fewer rows before it is given up.
const ERASE_ROUNDS_MAX: u32 = 5;

/// What every data system can do for us.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Asks the directory; people without a usable address are left out, because no challenge could reach them.
    async fn resolve(&self, query: &DirectoryQuery) -> Result<Vec<DirectoryEntry>, ConnectorError>;

    /// Freezes the keys of a category's rows, at most `keys_max` of them; those that the sieve keeps stand apart.
    async fn plan(
        &self,
        category: &Category,
        selector: &Selector,
        sieve: &Sieve,
        keys_max: u64,
    ) -> Result<PlannedCategory, ConnectorError>;

    /// About how many rows the category's whole table holds.
    async fn size(&self, category: &Category) -> Result<u64, ConnectorError>;

    /// Rows of the whole table, whoever's they are, in the order of their keys: those behind `after`, at most `rows_max`,
    /// and where `until` is given only those with a moment no later.
    async fn page(
        &self,
        category: &Category,
        until: Option<Timestamp>,
        after: Option<&str>,
        rows_max: usize,
    ) -> Result<Vec<RowFacts>, ConnectorError>;

    /// Deletes the rows of these keys and no others, in one transaction, and before it ends the files that they name. A
    /// row later than `as_of` stays: its key was used anew. The gate sees the rows before anything is final and may keep
    /// some; doing it again deletes nothing more. Nothing goes while other rows hang on one of them: `Hanging`.
    async fn erase(
        &self,
        category: &Category,
        keys: &[String],
        as_of: Timestamp,
        gate: &dyn Gate,
    ) -> Result<Erased, ConnectorError>;

    /// The rows of these keys and of no others, in batches of at most `BATCH_KEYS_MAX`, in the order of the keys.
    fn export<'a>(
        &'a self,
        category: &'a Category,
        keys: &'a [String],
    ) -> BoxStream<'a, Result<RowBatch, ConnectorError>>;

    /// Opens a file that a row names; `FileGone` when it is not there any more.
    async fn open_file(&self, category: &Category, path: &str) -> Result<FileReader, ConnectorError>;

    /// Whether it answers and has every table, column and query that the configuration names. The categories come in the
    /// order in which their rows are deleted.
    async fn check(
        &self,
        categories: &[&Category],
        directory: Option<&Directory>,
    ) -> Result<ConnectorHealth, ConnectorError>;
}

/// Asked inside the deleting transaction: what may go after all (standard S18), and what must be written down first.
#[async_trait]
pub trait Gate: Send + Sync {
    /// The keys of these rows that must stay; none when all may go, and then whatever must be durable before is.
    async fn admit(&self, rows: &[RowFacts]) -> Result<Vec<String>, GateClosed>;
}

/// Why nothing may be deleted now.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct GateClosed(pub String);

/// What a deleting transaction came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Erased {
    /// Rows deleted.
    pub deleted: u64,
    /// Files deleted.
    pub files: u64,
    /// Keys that the gate kept.
    pub stayed: Vec<String>,
}

/// A file's bytes.
pub type FileReader = Box<dyn AsyncRead + Send + Unpin>;

/// What `Connector::check` found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConnectorHealth {
    /// Product and version, for `dsrd check`.
    pub version: String,
    /// What is missing, unsafe or slow.
    pub findings: Vec<Finding>,
}

/// One thing that `Connector::check` found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Whether requests can be served in spite of it.
    pub severity: Severity,
    /// What was found, on what.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// Requests that touch it would fail.
    Broken,
    /// It works, but slowly or with a risk.
    Advice,
}

/// A finding that requests would fail on.
fn broken(what: String, remedy: &str) -> Finding {
    Finding { severity: Severity::Broken, what, remedy: remedy.to_owned() }
}

/// A finding that costs time or holds a risk.
fn advice(what: String, remedy: &str) -> Finding {
    Finding { severity: Severity::Advice, what, remedy: remedy.to_owned() }
}

/// Which product a source is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SourceKind {
    /// A `SQLite` database file.
    Sqlite,
    /// A `PostgreSQL` database.
    Postgres,
}

/// `[sources.NAME]` as plain values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceSettings {
    /// NAME.
    pub name: String,
    /// The product.
    pub kind: SourceKind,
    /// `sqlite:///path/to/file` or `postgres://user@host/database`.
    pub url: String,
    /// How to connect for deletions, where that is another user's right; else as for reading.
    pub erase_url: Option<String>,
}

/// Every configured source by its name.
#[derive(Clone, Default)]
pub struct Connectors(BTreeMap<String, Arc<dyn Connector>>);

impl Connectors {
    /// Sets up every source without connecting: a dead one must not keep the daemon from starting.
    pub fn open(settings: &[SourceSettings]) -> Result<Self, ConnectorError> {
        settings
            .iter()
            .map(|source| {
                let connector: Arc<dyn Connector> = match source.kind {
                    SourceKind::Sqlite => Arc::new(sqlite::Sqlite::open(&source.name, &source.url)?),
                    SourceKind::Postgres => Arc::new(postgres::Postgres::open(source)?),
                };
                Ok((source.name.clone(), connector))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The source of that name.
    pub fn get(&self, name: &str) -> Result<&Arc<dyn Connector>, ConnectorError> {
        self.0.get(name).ok_or_else(|| ConnectorError::UnknownSource(name.to_owned()))
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<dyn Connector>)> {
        self.0.iter().map(|(name, connector)| (name.as_str(), connector))
    }
}
