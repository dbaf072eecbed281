//! The few places where SQLite and PostgreSQL differ. Every other statement of `store` is one text for both
//! (decision 47): BIGINT, TEXT, BLOB, `$1` parameters, ON CONFLICT, RETURNING.

use sqlx::migrate::{Migration, MigrationType};
use sqlx::{AssertSqlSafe, SqlSafeStr};

/// Which engine holds the state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Engine {
    /// The embedded default.
    Sqlite,
    /// For more than one machine.
    Postgres,
}

/// The migrations, in order, as they are written for SQLite.
const MIGRATIONS: [(i64, &str, &str); 5] = [
    (1, "spine", include_str!("../../migrations/0001_spine.sql")),
    (3, "conversation", include_str!("../../migrations/0003_conversation.sql")),
    (4, "deletions", include_str!("../../migrations/0004_deletions.sql")),
    (5, "judging", include_str!("../../migrations/0005_judging.sql")),
    (6, "days", include_str!("../../migrations/0006_days.sql")),
];

impl Engine {
    /// Reads the scheme of the state URL.
    pub fn of_url(url: &str) -> Option<Self> {
        match url.split_once(':')?.0 {
            "sqlite" => Some(Self::Sqlite),
            "postgres" | "postgresql" => Some(Self::Postgres),
            _ => None,
        }
    }

    /// Opens a writing transaction. SQLite must take its write lock at once: a read that turns into a write would fail
    /// with BUSY in the middle.
    pub(super) const fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// Reads the engine's own clock, in microseconds.
    pub(super) const fn clock(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER) AS now",
            Self::Postgres => "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) AS now",
        }
    }

    /// Ends a SELECT that claims rows: other daemons pass over rows that are being claimed.
    pub(super) const fn skip_locked(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE SKIP LOCKED",
        }
    }

    /// Ends a SELECT that must be the only one at its row.
    pub(super) const fn for_update(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE",
        }
    }

    /// The parameters of so many rows of so many columns, in a statement that has no other ones. SQLite's bear no numbers:
    /// sqlx looks up the name of each one that has, in a list that SQLite walks through from its beginning every time.
    pub(super) fn rows(self, rows: usize, columns: usize) -> String {
        match self {
            Self::Sqlite => {
                let row = format!("({})", vec!["?"; columns].join(", "));
                vec![row; rows].join(", ")
            }
            Self::Postgres => values(1, rows, columns),
        }
    }

    pub(super) fn migrations(self) -> Vec<Migration> {
        MIGRATIONS
            .into_iter()
            .map(|(version, name, text)| {
                let text = match self {
                    Self::Sqlite => text.to_owned(),
                    Self::Postgres => text.replace(" BLOB", " BYTEA"),
                };
                let sql = AssertSqlSafe(text).into_sql_str();
                Migration::new(version, name.into(), MigrationType::Simple, sql, false)
            })
            .collect()
    }
}

/// Rows written by one statement: each statement goes to the database's own thread and back.
pub(super) const ROWS_MAX: usize = 25;

/// `($1, $2), ($3, $4), …`: the parameters of so many rows of so many columns, numbered from `from`.
pub(super) fn values(from: usize, rows: usize, columns: usize) -> String {
    let row = |row: usize| format!("({})", parameters(from + row * columns, columns));
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// Whether a statement for so many rows is kept prepared: one for every possible number would fill the cache.
pub(super) const fn is_kept(rows: usize) -> bool {
    rows == 1 || rows == ROWS_MAX
}

/// `$from, $from+1, …`: the parameters of an IN list.
pub(super) fn parameters(from: usize, count: usize) -> String {
    (from..from + count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}
