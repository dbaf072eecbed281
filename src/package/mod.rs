//! The export package: one AES-256 zip that a person can open, read and check. Rows stream through it batch by batch;
//! it is re-read and checked before its name says that it is done. It never names a connector: rows and files come in
//! as streams. `manifest.rs` specifies the format; `workflow::execute` pumps.

mod error;
pub use error::PackageError;

mod archive;
mod assembly;
mod cells;
mod check;
mod manifest;
mod open;
mod pages;
mod tables;
mod writer;

pub use check::{Checked, check};
pub use open::Opened;
pub use writer::write;

use crate::domain::ids::Reference;
use crate::domain::plan::Category;
use crate::domain::rows::RowBatch;
use async_trait::async_trait;
use futures::stream::BoxStream;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::fmt;
use std::path::PathBuf;
use tokio::io::AsyncRead;
use zeroize::Zeroizing;

/// What opens a package. Drawn outside with at least 90 bits (decision 26): the format's key derivation is weak.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Wraps a passphrase; from here on it does not print and leaves memory when dropped.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The passphrase itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[passphrase]")
    }
}

/// Where a package is written, and by which attempt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The package directory; it must exist.
    pub dir: PathBuf,
    /// The job's id: `[A-Za-z0-9_-]`.
    pub job: String,
    /// The lease epoch, so that two attempts never write one file.
    pub epoch: u64,
}

/// What a package says about itself and the company.
#[derive(Clone, Debug)]
pub struct PackageRequest {
    /// The request; also the file name.
    pub reference: Reference,
    /// What was asked for in plain words, such as "number +91 98765 43210, 1 January to 31 March 2025".
    pub asked_for: String,
    /// What opens it.
    pub passphrase: Passphrase,
    /// The plan's moment.
    pub as_of: Timestamp,
    /// `Plan::hash`.
    pub plan_hash: String,
    /// When it is made.
    pub generated_at: Timestamp,
    /// The zone in which the pages tell times.
    pub zone: TimeZone,
    /// Who answers.
    pub company: Company,
}

/// The company's part of the Art. 15(1) page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Company {
    /// Its name.
    pub name: String,
    /// How to reach whoever answers questions about the data.
    pub contact: String,
    /// The authority to complain to (GDPR 15(1)(f)).
    pub authority: String,
    /// Whether anything is decided by machines alone, and how (GDPR 15(1)(h)).
    pub automated_decisions: String,
}

/// One category's share of a package.
pub struct CategoryRows<'a> {
    /// The category.
    pub category: &'a Category,
    /// How many rows the plan holds.
    pub planned: u64,
    /// Their batches. Not asked for where the category is withheld.
    pub rows: BoxStream<'a, Result<RowBatch, SourceFailure>>,
}

/// Opens the files that rows point to.
#[async_trait]
pub trait FileSource: Send + Sync {
    /// Opens one.
    async fn open(&self, category: &Category, path: &str) -> Result<SourceFile, SourceFailure>;
}

/// What became of opening a file.
pub enum SourceFile {
    /// Its bytes.
    Open(Box<dyn AsyncRead + Send + Unpin>),
    /// It is not stored any more.
    Gone,
}

/// Why a source could not give rows or files, in the words of its connector.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct SourceFailure {
    /// The connector's message.
    pub message: String,
    /// The connector's `is_transient()`.
    pub transient: bool,
}

/// A finished package, still without its name: only who holds the job may give it (standard R5).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    /// Where it lies until `publish`.
    part: PathBuf,
    /// `<dir>/<reference>.zip`, where `publish` puts it.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of the zip, lower-case hex.
    pub sha256: String,
    /// What it holds.
    pub categories: Vec<Counted>,
}

/// One category of a finished package.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Counted {
    /// Name of the category.
    pub name: String,
    /// Rows in it.
    pub rows: u64,
    /// Planned rows that the source no longer had.
    pub gone: u64,
    /// Files in it.
    pub files: u64,
    /// Files that rows name but that are not stored any more.
    pub files_gone: u64,
}

#[cfg(test)]
mod tests;
