//! The `PostgreSQL` connector: sessions that can only read, with a statement timeout, and others for deletions alone, as
//! another user where one is configured. Identifiers come from the configuration only, values are always bound, and every
//! type reaches people as text as they read it. `statements.rs` writes the SQL; `mod.rs` says what each method promises.

mod erase;
mod hanging;
mod health;
mod statements;

use super::batch::{ExportRow, admitted, bad_key, in_order};
use super::files::open_below;
use super::{
    BATCH_KEYS_MAX, Connector, ConnectorError, ConnectorHealth, DIRECTORY_ENTRIES_MAX, Erased, FileReader,
    Gate, SourceSettings,
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
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Executor, PgPool, Row};
use statements::{Bind, Shape, Statement};
use std::str::FromStr;
use std::time::Duration;

/// Connections that read.
const CONNECTIONS_MAX: u32 = 4;

/// What every session is told: answers as people read them, no statement longer than 60 s (standard X4).
const SESSION: &str = "SET statement_timeout = '60s'; SET lock_timeout = '10s'; SET TimeZone = 'UTC'; \
    SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET bytea_output = 'hex'; \
    SET client_min_messages = error";

/// What a session is told besides that must never write.
const READ_ONLY: &str = "SET default_transaction_read_only = on";

/// A `PostgreSQL` database.
pub struct Postgres {
    name: String,
    pool: PgPool,
    /// Used for a deletion, and never for anything else.
    writer: PgPool,
}

impl Postgres {
    /// Sets up the source without connecting.
    pub fn open(settings: &SourceSettings) -> Result<Self, ConnectorError> {
        let options = |url: &str| {
            let options = PgConnectOptions::from_str(url);
            options.map(|options| options.application_name("dsrd")).map_err(|error| ConnectorError::BadUrl {
                name: settings.name.clone(),
                reason: error.to_string(),
            })
        };
        let writing = options(settings.erase_url.as_deref().unwrap_or(&settings.url))?;
        Ok(Self {
            name: settings.name.clone(),
            pool: pool(options(&settings.url)?, CONNECTIONS_MAX, &[SESSION, READ_ONLY]),
            writer: pool(writing, 1, &[SESSION]),
        })
    }

    fn failed(&self, doing: &str, error: &sqlx::Error) -> ConnectorError {
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code).unwrap_or_default();
        let transient = match error {
            sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed | sqlx::Error::Io(_) => true,
            // Classes of SQLSTATE: 08 connection, 40 rollback, 53 resources, 55 locks, 57 operator, 58 system.
            _ => ["08", "40", "53", "55", "57", "58"].iter().any(|class| code.starts_with(class)),
        };
        // The server's message may quote a value that could not be cast; its code names the kind of error.
        let reason = match error {
            sqlx::Error::Database(error) if code.starts_with("22") => {
                format!("a value does not fit its column (SQLSTATE {})", error.code().unwrap_or_default())
            }
            sqlx::Error::Database(error) => error.message().to_owned(),
            sqlx::Error::ColumnDecode { index, .. } => format!("column {index} holds an unexpected type"),
            sqlx::Error::PoolTimedOut => "no connection became free".to_owned(),
            other => other.to_string(),
        };
        ConnectorError::Database { name: self.name.clone(), doing: doing.to_owned(), reason, transient }
    }

    /// The types of a category's columns.
    async fn shape(&self, category: &Category) -> Result<Shape, ConnectorError> {
        let doing = format!("describe table {}", category.table);
        let query = bound(statements::columns(&category.table));
        let rows = query.fetch_all(&self.pool).await.map_err(|error| self.failed(&doing, &error))?;
        let read = |row: &PgRow| Ok((row.try_get(0)?, row.try_get(1)?));
        let columns = rows.iter().map(read).collect::<Result<_, _>>();
        Ok(Shape::new(columns.map_err(|error| self.failed(&doing, &error))?))
    }

    async fn batch(&self, category: &Category, keys: &[String]) -> Result<RowBatch, ConnectorError> {
        let doing = format!("read rows of {}", category.name);
        let shape = self.shape(category).await?;
        let query = bound(statements::rows(category, &shape, keys));
        let found = query.fetch_all(&self.pool).await.map_err(|error| self.failed(&doing, &error))?;
        let rows = found.iter().map(|row| {
            let read = || {
                let values = category.columns.iter().enumerate();
                let values = values.map(|(at, column)| value(row, at + 2, &shape, &column.name));
                Ok((row.try_get(1)?, values.collect::<Result<_, _>>()?))
            };
            let (file, values) = read().map_err(|error| self.failed(&doing, &error))?;
            Ok::<_, ConnectorError>(ExportRow { key: key_text(category, row)?, file, values })
        });
        in_order(category, keys, rows.collect::<Result<_, _>>()?)
    }
}

fn pool(options: PgConnectOptions, most: u32, session: &'static [&'static str]) -> PgPool {
    PgPoolOptions::new()
        .max_connections(most)
        .min_connections(0)
        .idle_timeout(Duration::from_mins(1))
        .acquire_timeout(Duration::from_secs(30))
        .after_connect(move |connection, _| {
            Box::pin(async move {
                for sql in session {
                    connection.execute(sqlx::raw_sql(*sql)).await?;
                }
                Ok(())
            })
        })
        // sqlx 0.9.0 can hand out a connection with a half-begun transaction (decision 25).
        .after_release(|connection, _| {
            Box::pin(async move {
                connection.execute(sqlx::raw_sql("ROLLBACK")).await?;
                Ok(true)
            })
        })
        .connect_lazy_with(options)
}

#[async_trait]
impl Connector for Postgres {
    async fn resolve(&self, query: &DirectoryQuery) -> Result<Vec<DirectoryEntry>, ConnectorError> {
        let doing = "ask the directory";
        let asked = statements::directory(&query.sql, query.value());
        let rows = bound(asked).fetch(&self.pool).take(DIRECTORY_ENTRIES_MAX + 1);
        let rows: Vec<PgRow> = rows.try_collect().await.map_err(|error| self.failed(doing, &error))?;
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
        let shape = self.shape(category).await?;
        let Some(query) = statements::keys(category, &shape, selector, sieve) else {
            return Ok(PlannedCategory::new(category, Gathered::default()));
        };
        let doing = format!("plan {}", category.name);
        let limit = usize::try_from(keys_max).unwrap_or(usize::MAX);
        let mut rows = bound(query).fetch(&self.pool);
        let mut gathered = Gathered::default();
        while let Some(row) = rows.try_next().await.map_err(|error| self.failed(&doing, &error))? {
            gathered.add(facts(category, &row)?, sieve);
            if gathered.many() > limit {
                return Err(ConnectorError::TooManyRows { category: category.name.clone(), keys_max });
            }
        }
        let planned = PlannedCategory::new(category, gathered);
        if planned.has_twins() {
            return Err(bad_key(category, "holds the same key twice"));
        }
        Ok(planned)
    }

    async fn size(&self, category: &Category) -> Result<u64, ConnectorError> {
        let doing = format!("count {}", category.table);
        let mut many = 0_i64;
        // The server's own estimate is there at once; a table that was never analysed has none and is counted.
        for statement in [statements::estimate(&category.table), statements::size(&category.table)] {
            let row = bound(statement).fetch_one(&self.pool).await;
            let row = row.map_err(|error| self.failed(&doing, &error))?;
            many = row.try_get(0).map_err(|error| self.failed(&doing, &error))?;
            if many > 0 {
                break;
            }
        }
        Ok(u64::try_from(many).unwrap_or(0))
    }

    async fn page(
        &self,
        category: &Category,
        until: Option<Timestamp>,
        after: Option<&str>,
        rows_max: usize,
    ) -> Result<Vec<RowFacts>, ConnectorError> {
        let shape = self.shape(category).await?;
        let Some(query) = statements::page(category, &shape, until, after, rows_max) else {
            return Ok(Vec::new());
        };
        let doing = format!("read through {}", category.name);
        let rows = bound(query).fetch_all(&self.pool).await.map_err(|error| self.failed(&doing, &error))?;
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
        self.look(categories, directory).await
    }
}

fn bound(statement: Statement) -> Query<'static, sqlx::Postgres, PgArguments> {
    let query = sqlx::query(AssertSqlSafe(statement.sql));
    statement.binds.into_iter().fold(query, |query, bind| match bind {
        Bind::One(text) => query.bind(text),
        Bind::List(texts) => query.bind(texts),
    })
}

/// The key of a row that `statements` selected.
fn key_text(category: &Category, row: &PgRow) -> Result<String, ConnectorError> {
    let key: Result<Option<String>, _> = row.try_get(0);
    key.ok().flatten().ok_or_else(|| bad_key(category, "is empty in some row"))
}

/// What `statements` selects of a row for a plan or a deletion.
fn facts(category: &Category, row: &PgRow) -> Result<RowFacts, ConnectorError> {
    let text = |at: usize| row.try_get::<Option<String>, _>(at).ok().flatten().map(Personal::new);
    let micros: Option<i64> = row.try_get(1).unwrap_or_default();
    Ok(RowFacts {
        key: key_text(category, row)?,
        moment: micros.and_then(|micros| Timestamp::from_microsecond(micros).ok()),
        account: text(2),
        user: text(3),
        file: text(4),
        numbers: (5..row.len()).filter_map(text).collect(),
    })
}

fn value(row: &PgRow, at: usize, shape: &Shape, column: &str) -> Result<Value, sqlx::Error> {
    Ok(match shape.reads_as(column) {
        statements::ReadAs::Int => row.try_get::<Option<i64>, _>(at)?.map_or(Value::Null, Value::Int),
        statements::ReadAs::Real => row.try_get::<Option<f64>, _>(at)?.map_or(Value::Null, Value::Real),
        statements::ReadAs::Bytes => row.try_get::<Option<Vec<u8>>, _>(at)?.map_or(Value::Null, Value::Blob),
        statements::ReadAs::Text => row.try_get::<Option<String>, _>(at)?.map_or(Value::Null, Value::Text),
    })
}

/// A person, or none when their address, key or account cannot be used.
fn entry(row: &PgRow) -> Result<Option<DirectoryEntry>, sqlx::Error> {
    let json: String = row.try_get(0)?;
    let fields: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&json).map_err(|error| sqlx::Error::Decode(error.into()))?;
    let text = |name: &str| match fields.get(name) {
        Some(serde_json::Value::String(text)) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Some(serde_json::Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let address = text("address").as_deref().and_then(Address::parse);
    let (Some(subject), Some(account), Some(address)) = (text("subject"), text("account"), address) else {
        return Ok(None);
    };
    Ok(Some(DirectoryEntry {
        subject,
        account,
        name: Personal::new(text("name").unwrap_or_default()),
        address,
        phone: text("phone").map(Personal::new),
        role: text("role").unwrap_or_default(),
        user: text("user"),
        regime: text("regime"),
    }))
}
