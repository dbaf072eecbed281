//! The `SQLite` connector: a read-only connection to a database file of the company, and one that writes for deletions
//! alone. Identifiers come from the configuration only and are always qualified, values are always bound (standard X4).
//! `statements.rs` writes the SQL; `mod.rs` says what each method promises.

mod erase;
mod hanging;
mod health;
mod statements;

use super::batch::{ExportRow, admitted, bad_key, in_order};
use super::files::open_below;
use super::{
    BATCH_KEYS_MAX, Connector, ConnectorError, ConnectorHealth, DIRECTORY_ENTRIES_MAX, Erased, FileReader,
    Gate,
};
use crate::domain::address::Address;
use crate::domain::directory::{Directory, DirectoryEntry, DirectoryQuery};
use crate::domain::keep::{RowFacts, Sieve};
use crate::domain::personal::Personal;
use crate::domain::plan::{Category, Gathered, PlannedCategory, Selector};
use crate::domain::rows::{RowBatch, Value};
use async_trait::async_trait;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqlitePoolOptions, SqliteRow, SqliteValueRef};
use sqlx::{AssertSqlSafe, Column, Decode, Row, SqlitePool, TypeInfo, ValueRef};
use statements::{Bind, Statement};
use std::future::Future;
use std::str::FromStr;
use std::time::Duration;

/// Longest time that one statement may take (standard X4).
pub const STATEMENT_SECONDS_MAX: u64 = 60;

/// Connections to one file.
const CONNECTIONS_MAX: u32 = 4;

/// A `SQLite` database file.
pub struct Sqlite {
    name: String,
    pool: SqlitePool,
    /// Opened for a deletion, and never for anything else.
    writer: SqlitePool,
}

impl Sqlite {
    /// Sets up the source without connecting. `url` is `sqlite:///path/to/file` or `sqlite:relative/path`.
    pub fn open(name: &str, url: &str) -> Result<Self, ConnectorError> {
        let bad = |reason: String| ConnectorError::BadUrl { name: name.to_owned(), reason };
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|error| bad(error.to_string()))?
            .create_if_missing(false)
            .pragma("trusted_schema", "OFF")
            .busy_timeout(Duration::from_secs(10));
        if options.get_filename().as_os_str().is_empty() || url.contains(":memory:") {
            return Err(bad("name a database file, such as sqlite:///var/lib/crm/crm.db".to_owned()));
        }
        let pool = |most| {
            SqlitePoolOptions::new()
                .max_connections(most)
                .min_connections(0)
                .idle_timeout(Duration::from_mins(1))
                .acquire_timeout(Duration::from_secs(30))
        };
        // What is deleted is overwritten, not only unlinked from its page.
        // Foreign keys are looked at by `hanging.rs` alone: this connection must change no row that it was not told to.
        let writing = options.clone().pragma("secure_delete", "ON").foreign_keys(false);
        let writer = pool(1).connect_lazy_with(writing);
        let reading = options.read_only(true).pragma("query_only", "ON");
        let pool = pool(CONNECTIONS_MAX).connect_lazy_with(reading);
        Ok(Self { name: name.to_owned(), pool, writer })
    }

    async fn within<T>(
        &self,
        doing: &str,
        work: impl Future<Output = Result<T, sqlx::Error>> + Send,
    ) -> Result<T, ConnectorError> {
        match tokio::time::timeout(Duration::from_secs(STATEMENT_SECONDS_MAX), work).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.failed(doing, &error)),
            Err(_) => Err(ConnectorError::Timeout {
                name: self.name.clone(),
                doing: doing.to_owned(),
                seconds: STATEMENT_SECONDS_MAX,
            }),
        }
    }

    fn failed(&self, doing: &str, error: &sqlx::Error) -> ConnectorError {
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code).unwrap_or_default();
        // Primary result codes of SQLite: 5 BUSY, 6 LOCKED, 7 NOMEM, 10 IOERR, 13 FULL, 14 CANTOPEN, 15 PROTOCOL.
        let primary = code.parse::<u32>().ok().map(|code| code % 256);
        let transient = match error {
            sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed | sqlx::Error::Io(_) => true,
            _ => matches!(primary, Some(5 | 6 | 7 | 10 | 13 | 14 | 15)),
        };
        let reason = match error {
            sqlx::Error::Database(error) => error.message().to_owned(),
            // Decoding errors may quote a value; their kind is enough.
            sqlx::Error::ColumnDecode { index, .. } => format!("column {index} holds an unexpected type"),
            sqlx::Error::ColumnNotFound(column) => format!("column {column} is missing from the answer"),
            sqlx::Error::PoolTimedOut => "no connection became free".to_owned(),
            other => other.to_string(),
        };
        ConnectorError::Database { name: self.name.clone(), doing: doing.to_owned(), reason, transient }
    }

    async fn batch(&self, category: &Category, keys: &[String]) -> Result<RowBatch, ConnectorError> {
        let doing = format!("read rows of {}", category.name);
        fault!("source.export.before");
        let found = self
            .within(&doing, async {
                let query = statements::rows(category, keys);
                bound(query).fetch_all(&self.pool).await
            })
            .await?;
        fault!("source.export.after");
        let rows = found.iter().map(|row| {
            let file = match value(row, 1) {
                Ok(Value::Text(path)) => Some(path),
                _ => None,
            };
            let values = (0..category.columns.len()).map(|at| value(row, at + 2)).collect::<Result<_, _>>();
            let values = values.map_err(|error| self.failed(&doing, &error))?;
            Ok::<_, ConnectorError>(ExportRow { key: key_text(category, row)?, file, values })
        });
        in_order(category, keys, rows.collect::<Result<_, _>>()?)
    }
}

#[async_trait]
impl Connector for Sqlite {
    async fn resolve(&self, query: &DirectoryQuery) -> Result<Vec<DirectoryEntry>, ConnectorError> {
        let doing = "ask the directory";
        fault!("source.resolve.before");
        let rows = self
            .within(doing, async {
                let asked =
                    Statement { sql: query.sql.clone(), binds: vec![Bind::Text(query.value().to_owned())] };
                bound(asked).fetch(&self.pool).take(DIRECTORY_ENTRIES_MAX + 1).try_collect::<Vec<_>>().await
            })
            .await?;
        fault!("source.resolve.after");
        let found = rows.iter().map(entry).collect::<Result<_, _>>();
        admitted(&self.name, query, found.map_err(|error| self.failed(doing, &error))?)
    }

    async fn plan(
        &self,
        category: &Category,
        selector: &Selector,
        sieve: &Sieve,
        keys_max: u64,
    ) -> Result<PlannedCategory, ConnectorError> {
        if !selector.is_bounded() {
            return Err(ConnectorError::Unbounded(category.name.clone()));
        }
        let Some(query) = statements::keys(category, selector, sieve) else {
            return Ok(PlannedCategory::new(category, Gathered::default()));
        };
        let doing = format!("plan {}", category.name);
        fault!("source.plan.before");
        let limit = usize::try_from(keys_max).unwrap_or(usize::MAX);
        let (gathered, problem) = self
            .within(&doing, async {
                let mut rows = bound(query).fetch(&self.pool);
                let mut gathered = Gathered::default();
                while let Some(row) = rows.try_next().await? {
                    match facts(category, &row) {
                        Ok(facts) => gathered.add(facts, sieve),
                        Err(problem) => return Ok((gathered, Some(problem))),
                    }
                    if gathered.many() > limit {
                        break;
                    }
                }
                Ok((gathered, None))
            })
            .await?;
        if let Some(problem) = problem {
            return Err(problem);
        }
        if gathered.many() > limit {
            return Err(ConnectorError::TooManyRows { category: category.name.clone(), keys_max });
        }
        fault!("source.plan.after");
        let planned = PlannedCategory::new(category, gathered);
        if planned.has_twins() {
            return Err(bad_key(category, "holds the same key twice"));
        }
        Ok(planned)
    }

    async fn size(&self, category: &Category) -> Result<u64, ConnectorError> {
        let doing = format!("count {}", category.table);
        let row = self.within(&doing, bound(statements::size(category)).fetch_one(&self.pool)).await?;
        let many: i64 = row.try_get(0).map_err(|error| self.failed(&doing, &error))?;
        Ok(u64::try_from(many).unwrap_or(0))
    }

    async fn page(
        &self,
        category: &Category,
        until: Option<Timestamp>,
        after: Option<&str>,
        rows_max: usize,
    ) -> Result<Vec<RowFacts>, ConnectorError> {
        let Some(query) = statements::page(category, until, after, rows_max) else {
            return Ok(Vec::new());
        };
        let doing = format!("read through {}", category.name);
        let rows = self.within(&doing, bound(query).fetch_all(&self.pool)).await?;
        rows.iter().map(|row| facts(category, row)).collect()
    }

    async fn erase(
        &self,
        category: &Category,
        keys: &[String],
        as_of: Timestamp,
        gate: &dyn Gate,
    ) -> Result<Erased, ConnectorError> {
        self.erase_rows(category, keys, as_of, gate).await
    }

    fn export<'a>(
        &'a self,
        category: &'a Category,
        keys: &'a [String],
    ) -> BoxStream<'a, Result<RowBatch, ConnectorError>> {
        stream::iter(keys.chunks(BATCH_KEYS_MAX)).then(move |keys| self.batch(category, keys)).boxed()
    }

    async fn open_file(&self, category: &Category, path: &str) -> Result<FileReader, ConnectorError> {
        match &category.files {
            Some(files) => open_below(&category.name, &files.root, path).await,
            None => Err(ConnectorError::FileEscapes(category.name.clone())),
        }
    }

    async fn check(
        &self,
        categories: &[&Category],
        directory: Option<&Directory>,
    ) -> Result<ConnectorHealth, ConnectorError> {
        let version: String = self
            .within(
                "ask for its version",
                sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&self.pool),
            )
            .await?;
        let mut findings = Vec::new();
        for (at, category) in categories.iter().enumerate() {
            self.check_category(category, &mut findings).await?;
            self.check_deletion(category, categories.get(..at).unwrap_or_default(), &mut findings).await?;
        }
        if let Some(directory) = directory {
            self.check_directory(directory, &mut findings).await;
        }
        Ok(ConnectorHealth { version: format!("SQLite {version}"), findings })
    }
}

/// What `statements` selects of a row for a plan or a deletion.
fn facts(category: &Category, row: &SqliteRow) -> Result<RowFacts, ConnectorError> {
    let moment = match value(row, 1) {
        Ok(Value::Int(seconds)) => Timestamp::from_second(seconds).ok(),
        Ok(Value::Real(seconds)) => Timestamp::UNIX_EPOCH
            .checked_add(jiff::SignedDuration::try_from_secs_f64(seconds).unwrap_or_default())
            .ok(),
        _ => None,
    };
    let text = |at: usize| match value(row, at) {
        Ok(Value::Text(text)) => Some(Personal::new(text)),
        Ok(Value::Int(number)) => Some(Personal::new(number.to_string())),
        _ => None,
    };
    let numbers = (5..row.len()).filter_map(text).collect();
    Ok(RowFacts {
        key: key_text(category, row)?,
        moment,
        account: text(2),
        user: text(3),
        numbers,
        file: text(4),
    })
}

fn bound(statement: Statement) -> Query<'static, sqlx::Sqlite, SqliteArguments> {
    let query = sqlx::query(AssertSqlSafe(statement.sql));
    statement.binds.into_iter().fold(query, |query, bind| match bind {
        Bind::Text(text) => query.bind(text),
        Bind::Real(number) => query.bind(number),
    })
}

/// The key of a row that `statements` selected.
fn key_text(category: &Category, row: &SqliteRow) -> Result<String, ConnectorError> {
    match value(row, 0) {
        Ok(Value::Int(key)) => Ok(key.to_string()),
        Ok(Value::Text(key)) => Ok(key),
        Ok(Value::Null) => Err(bad_key(category, "is empty in some row")),
        Ok(Value::Real(_) | Value::Blob(_)) | Err(_) => {
            Err(bad_key(category, "holds something other than whole numbers or text"))
        }
    }
}

/// A value by what is stored, not by what the column was declared as: `SQLite` keeps any type in any column.
fn value(row: &SqliteRow, at: usize) -> Result<Value, sqlx::Error> {
    let raw = row.try_get_raw(at)?;
    let stored = raw.type_info().name().to_owned();
    if raw.is_null() {
        return Ok(Value::Null);
    }
    match stored.as_str() {
        "INTEGER" => decoded(raw, at).map(Value::Int),
        "REAL" => decoded(raw, at).map(Value::Real),
        "TEXT" => {
            let bytes: Vec<u8> = decoded(raw, at)?;
            Ok(String::from_utf8(bytes).map_or_else(|error| Value::Blob(error.into_bytes()), Value::Text))
        }
        _ => decoded(raw, at).map(Value::Blob),
    }
}

fn decoded<'r, T: Decode<'r, sqlx::Sqlite>>(raw: SqliteValueRef<'r>, at: usize) -> Result<T, sqlx::Error> {
    T::decode(raw).map_err(|source| sqlx::Error::ColumnDecode { index: at.to_string(), source })
}

/// A person, or none when their address, key or account cannot be used.
fn entry(row: &SqliteRow) -> Result<Option<DirectoryEntry>, sqlx::Error> {
    let text = |name: &str| -> Result<Option<String>, sqlx::Error> {
        let index = row.columns().iter().position(|column| column.name() == name);
        let at = index.ok_or_else(|| sqlx::Error::ColumnNotFound(name.to_owned()))?;
        Ok(match value(row, at)? {
            Value::Text(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            Value::Int(number) => Some(number.to_string()),
            _ => None,
        })
    };
    let optional = |name: &str| {
        text(name).or_else(|error| match error {
            sqlx::Error::ColumnNotFound(_) => Ok(None),
            other => Err(other),
        })
    };
    let address = text("address")?.as_deref().and_then(Address::parse);
    let (Some(subject), Some(account), Some(address)) = (text("subject")?, text("account")?, address) else {
        return Ok(None);
    };
    Ok(Some(DirectoryEntry {
        subject,
        account,
        name: Personal::new(text("name")?.unwrap_or_default()),
        address,
        phone: text("phone")?.map(Personal::new),
        role: text("role")?.unwrap_or_default(),
        user: optional("user")?,
        regime: optional("regime")?,
    }))
}

#[cfg(test)]
mod tests;
