//! Why the state could not be read or written. Never holds what the other side said: that may be personal data. See `mod.rs` for what is done.

use sqlx::error::ErrorKind;

/// Why the state could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or did not answer.
    #[error("{doing} in the state database: {source}")]
    Database {
        /// What was attempted.
        doing: &'static str,
        /// What the driver said.
        source: sqlx::Error,
    },
    /// The schema could not be brought up to date.
    #[error("migrating the state database: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The URL names no engine that we know.
    #[error("opening the state: {0:?} is neither sqlite:// nor postgres://")]
    Url(String),
    /// The engine is not as durable as we need.
    #[error("opening the state: {0}")]
    Unsafe(String),
    /// A row that no version of dsrd writes.
    #[error("state table {table}, row {row}, column {column}: {problem}")]
    Impossible {
        /// Where.
        table: &'static str,
        /// Which column.
        column: &'static str,
        /// Which row.
        row: String,
        /// What is wrong.
        problem: String,
    },
    /// A claim is no longer ours: somebody took it over, or what it was for was called off.
    #[error("the lease on {0} was lost")]
    Lost(String),
    /// An earlier commit met a disk that failed: what it says from now on is not believed.
    #[error("writing to the state database: its disk failed before; start anew when it is well")]
    DiskFailed,
    /// Somebody else saved it first.
    #[error("{0} was changed meanwhile")]
    Conflict(String),
}

impl StoreError {
    /// Whether the disk itself failed. A retried fsync can lie, so the process must end and start anew (standard R10).
    pub fn is_disk_failure(&self) -> bool {
        const SQLITE_IOERR: u32 = 10;
        let error = match self {
            Self::Database { source: sqlx::Error::Database(error), .. } => error,
            other => return matches!(other, Self::DiskFailed),
        };
        // SQLite's extended codes carry the primary one in their low byte; PostgreSQL's are five characters.
        let code = error.code().filter(|code| code.len() < 5).and_then(|code| code.parse::<u32>().ok());
        code.is_some_and(|code| code & 0xff == SQLITE_IOERR)
    }

    /// Whether there was no room on the disk (standard R11).
    pub fn is_disk_full(&self) -> bool {
        const SQLITE_FULL: &str = "13";
        const POSTGRES_DISK_FULL: &str = "53100";
        let Self::Database { source: sqlx::Error::Database(error), .. } = self else {
            return false;
        };
        error.code().is_some_and(|code| [SQLITE_FULL, POSTGRES_DISK_FULL].contains(&code.as_ref()))
    }

    /// Whether the same call may succeed later without anybody doing something.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Conflict(_) | Self::Lost(_) => true,
            Self::Database { source, .. } => match source {
                sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => true,
                // A row that breaks a constraint breaks it again; whoever brought it must be set aside (invariant 10).
                sqlx::Error::Database(refusal) => {
                    matches!(refusal.kind(), ErrorKind::Other | ErrorKind::UniqueViolation)
                }
                _ => false,
            },
            Self::Migrate(_)
            | Self::Url(_)
            | Self::Unsafe(_)
            | Self::Impossible { .. }
            | Self::DiskFailed => false,
        }
    }
}
