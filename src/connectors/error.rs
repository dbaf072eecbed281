//! Why a source could not do what was asked. Never holds what the other side said: that may be personal data. See `mod.rs` for what is done.

use super::DIRECTORY_ENTRIES_MAX;

/// Why a source could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    /// A name that no `[sources.NAME]` has.
    #[error("source {0:?} is not configured: add [sources.{0}]")]
    UnknownSource(String),
    /// The URL cannot be used.
    #[error("source {name}: cannot use url: {reason}")]
    BadUrl {
        /// The source.
        name: String,
        /// Why.
        reason: String,
    },
    /// The database answered with an error.
    #[error("source {name}: {doing}: {reason}")]
    Database {
        /// The source.
        name: String,
        /// What was attempted.
        doing: String,
        /// The database's own words; they name tables and columns, never values.
        reason: String,
        /// Whether the same may work later.
        transient: bool,
    },
    /// No answer in time.
    #[error("source {name}: {doing}: no answer within {seconds} s")]
    Timeout {
        /// The source.
        name: String,
        /// What was attempted.
        doing: String,
        /// The limit.
        seconds: u64,
    },
    /// The selector names neither account nor user, or holds a blank value.
    #[error("{0}: refused to select rows without an account or a user")]
    Unbounded(String),
    /// More rows than a plan may hold.
    #[error("{category}: more than {keys_max} rows match: raise the limit or narrow the request")]
    TooManyRows {
        /// The category.
        category: String,
        /// The limit.
        keys_max: u64,
    },
    /// More people than a look-up may answer with.
    #[error("source {0}: a directory query answered with more than {DIRECTORY_ENTRIES_MAX} people")]
    TooManyPeople(String),
    /// A key that cannot name one row.
    #[error("{category}: key column {key} {reason}")]
    BadKey {
        /// The category.
        category: String,
        /// The column.
        key: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A row that was not asked for: the source or its collation is not what the plan relied on.
    #[error("{0}: the source answered with a row that is not in the plan")]
    StrayRow(String),
    /// The gate let nothing through.
    #[error("{category}: nothing was deleted: {why}")]
    Closed {
        /// The category.
        category: String,
        /// In the gate's words.
        why: String,
    },
    /// Rows that nobody approved hang on the rows that are to go: the database would delete or change them too, or refuse.
    #[error(
        "{category}: nothing was deleted: {rows} rows of table {child} hang on the rows of {table} that are to go; list \
         {child} as a [[data]] category before this one, so that its rows are planned and deleted first"
    )]
    Hanging {
        /// The category.
        category: String,
        /// Its table.
        table: String,
        /// The table that they are rows of.
        child: String,
        /// How many of them.
        rows: u64,
    },
    /// A row names a file outside the configured root.
    #[error("{0}: a row names a file outside the configured root")]
    FileEscapes(String),
    /// A row names a file that is not there.
    #[error("{0}: a file that a row names is not there")]
    FileGone(String),
    /// A file that is there cannot be read or deleted.
    #[error("{category}: cannot reach a file that a row names: {reason}")]
    FileUnreadable {
        /// The category.
        category: String,
        /// The operating system's words, without the path.
        reason: String,
    },
}

impl ConnectorError {
    /// Whether the same request may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Database { transient, .. } => *transient,
            Self::Timeout { .. } | Self::FileUnreadable { .. } | Self::Closed { .. } => true,
            Self::UnknownSource(_)
            | Self::BadUrl { .. }
            | Self::Unbounded(_)
            | Self::TooManyRows { .. }
            | Self::TooManyPeople(_)
            | Self::BadKey { .. }
            | Self::StrayRow(_)
            | Self::Hanging { .. }
            | Self::FileEscapes(_)
            | Self::FileGone(_) => false,
        }
    }
}
