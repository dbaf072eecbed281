//! The company's data systems, read only. A connector resolves people, freezes keys, hands out exactly those rows and
//! opens the files that they name; it never writes, never takes SQL from a request, and never holds a table in memory.
//! `domain/plan.rs` says what is asked of it. A new one is one file and one arm in `Connectors::open`.

mod error;
pub use error::ConnectorError;

pub mod files;
pub mod sqlite;

use crate::domain::directory::{Directory, DirectoryEntry, DirectoryQuery};
use crate::domain::plan::{Category, PlannedCategory, Selector};
use crate::domain::rows::RowBatch;
use async_trait::async_trait;
use futures::stream::BoxStream;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::io::AsyncRead;

/// Keys of one export statement, and so the most rows in memory at once.
pub const BATCH_KEYS_MAX: usize = 500;

/// People that one look-up may answer with.
pub const DIRECTORY_ENTRIES_MAX: usize = 1_000;

/// What every data system can do for us.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Asks the directory; people without a usable address are left out, because no challenge could reach them.
    async fn resolve(&self, query: &DirectoryQuery) -> Result<Vec<DirectoryEntry>, ConnectorError>;

    /// Freezes the keys of a category's rows, at most `keys_max` of them.
    async fn plan(
        &self,
        category: &Category,
        selector: &Selector,
        keys_max: u64,
    ) -> Result<PlannedCategory, ConnectorError>;

    /// The rows of these keys and of no others, in batches of at most `BATCH_KEYS_MAX`, in the order of the keys.
    fn export<'a>(
        &'a self,
        category: &'a Category,
        keys: &'a [String],
    ) -> BoxStream<'a, Result<RowBatch, ConnectorError>>;

    /// Opens a file that a row names; `FileGone` when it is not there any more.
    async fn open_file(&self, category: &Category, path: &str) -> Result<FileReader, ConnectorError>;

    /// Whether it answers and has every table, column and query that the configuration names.
    async fn check(
        &self,
        categories: &[&Category],
        directory: Option<&Directory>,
    ) -> Result<ConnectorHealth, ConnectorError>;
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

/// Which product a source is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SourceKind {
    /// A `SQLite` database file.
    Sqlite,
}

/// `[sources.NAME]` as plain values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceSettings {
    /// NAME.
    pub name: String,
    /// The product.
    pub kind: SourceKind,
    /// `sqlite:///path/to/file`.
    pub url: String,
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
