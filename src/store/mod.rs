//! The state: the only SQL of our own, one text for SQLite and PostgreSQL. Everything personal in it is sealed, look-ups
//! go by keyed hashes, and every change of a request comes as a `Transition` (`requests.rs`). Never decides anything.
//! `workflow` is its only caller that writes.

mod error;
pub use error::StoreError;

mod audit;
mod codes;
mod dialect;
mod digests;
mod erased;
mod freezes;
mod holds;
mod jobs;
mod keys;
mod leaving;
mod mails;
mod obligations;
mod outbox;
mod plans;
mod quarantine;
mod requests;
mod reserve;
mod staff;

pub use audit::AuditRow;
pub use codes::OpenCode;
pub use dialect::Engine;
pub use erased::{Batch, DayUse, Sum};
pub use holds::HoldRow;
pub use jobs::{JobRow, Lease, Tick};

pub use keys::{Keyring, Sealer};
pub use leaving::ERASE_BEGUN;
pub use mails::{Attempt, Content, Keep, MailRow, NewMail, Place, Postponed, Settled};
pub use obligations::ObligationRow;
pub use outbox::{Claim, NewParcel, OutboxRow, Settlement, Thread};
pub use quarantine::SetAside;
pub use requests::{Filter, RequestRow};
pub use reserve::Room;
pub use staff::{StaffRow, StaffState};

use crate::domain::merkle::Frontier;
use crate::env::Entropy;
use jiff::Timestamp;
use reserve::Reserve;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::{Any, AnyPool, AssertSqlSafe, Connection, Executor, Row, Transaction};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Connections per daemon. SQLite has one writer, the rest read, and each has a thread and a cache of its own.
const fn connections_max(engine: Engine) -> u32 {
    match engine {
        Engine::Sqlite => 4,
        Engine::Postgres => 8,
    }
}
/// How long to wait for a connection or for SQLite's write lock.
const WAIT_MAX: Duration = Duration::from_secs(15);

/// The open state.
#[derive(Clone)]
pub struct Store {
    pool: AnyPool,
    engine: Engine,
    /// SQLite has one writer. Waiting here is fair and exact; SQLite's own busy handler sleeps up to 100 ms at a time.
    writer: Arc<tokio::sync::Mutex<()>>,
    /// Set for good by the first commit that the disk failed.
    disk_failed: Arc<AtomicBool>,
    reserve: Arc<Reserve>,
    keyring: Arc<Keyring>,
    entropy: Arc<dyn Entropy>,
}

impl Store {
    /// Opens the state, checks that it is durable and brings the schema up to date.
    ///
    /// # Errors
    /// When the database cannot be reached, is not durable, or holds a newer schema.
    pub async fn open(url: &str, keyring: Keyring, entropy: Arc<dyn Entropy>) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let engine = Engine::of_url(url).ok_or_else(|| StoreError::Url(url.to_owned()))?;
        let url = match engine {
            Engine::Sqlite if !url.contains('?') => format!("{url}?mode=rwc"),
            Engine::Sqlite | Engine::Postgres => url.to_owned(),
        };
        let options = AnyConnectOptions::from_str(&url).map_err(database("reading the URL"))?;
        let pool = pool_options(engine).connect_with(options).await.map_err(database("connecting"))?;
        let store = Self {
            pool,
            engine,
            writer: Arc::default(),
            disk_failed: Arc::default(),
            reserve: Arc::new(sqlite_file(&url, engine).map_or_else(Reserve::default, Reserve::beside)),
            keyring: Arc::new(keyring),
            entropy,
        };
        Migrator::with_migrations(engine.migrations()).run(&store.pool).await?;
        store.assert_durable().await?;
        if let Some(file) = sqlite_file(&url, engine) {
            sync_folder(file).await?;
        }
        Ok(store)
    }

    /// Which engine it is.
    pub const fn engine(&self) -> Engine {
        self.engine
    }

    /// The keys that look-ups and codes are hashed with.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.pool.execute("SELECT 1").await.map(drop).map_err(database("asking for a sign of life"))
    }

    /// What the database's clock says: leases go by it alone, so that a daemon whose own clock is wrong takes nobody's
    /// (decision 24). The only question of that kind; every other time is an argument.
    pub async fn server_time(&self) -> Result<Timestamp, StoreError> {
        let row = sqlx::query(self.engine.clock()).fetch_one(&self.pool).await;
        time(&row.map_err(database("reading the database's clock"))?, "clock", "-", "now")
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Moves what was committed from the log of SQLite into its file, which SQLite would do by itself and hide an error of
    /// the disk: the next sync could then lie, and the log be gone (standard R10).
    pub async fn checkpoint(&self) -> Result<(), StoreError> {
        match self.engine {
            Engine::Postgres => Ok(()),
            Engine::Sqlite => {
                let moved = self.pool.execute("PRAGMA wal_checkpoint(PASSIVE)").await;
                self.noted(moved.map(drop).map_err(database("checkpointing")))
            }
        }
    }

    /// Remembers that the disk failed, or is full.
    fn noted(&self, outcome: Result<(), StoreError>) -> Result<(), StoreError> {
        if let Err(error) = &outcome {
            self.heed(error);
        }
        outcome
    }

    /// The same for an error that a statement met before the commit: SQLite writes what its cache cannot hold at once.
    pub fn heed(&self, error: &StoreError) {
        self.disk_failed.fetch_or(error.is_disk_failure(), Ordering::Relaxed);
        if error.is_disk_full() {
            self.reserve.give_up();
        }
    }

    /// Keeps room on the disk, from now on or anew after it was full; says whether there is enough for new work.
    pub async fn keep_room(&self) -> Result<Room, StoreError> {
        let reserve = Arc::clone(&self.reserve);
        let kept = tokio::task::spawn_blocking(move || reserve.keep()).await.map_err(std::io::Error::other);
        kept.flatten().map_err(|error| database("keeping room on its disk")(sqlx::Error::Io(error)))
    }

    /// Whether there was room for new work when we last wrote.
    pub fn room(&self) -> Room {
        self.reserve.room()
    }

    /// Opens a writing transaction; none any more once the disk has failed (standard R10). Never call it inside a `select!` or a timeout: sqlx 0.9.0 loses later writes when
    /// this future is dropped (its issue 4385; `after_release` below is the second net).
    pub async fn begin(&self) -> Result<Tx<'_>, StoreError> {
        if self.disk_failed.load(Ordering::Relaxed) {
            return Err(StoreError::DiskFailed);
        }
        let turn = match self.engine {
            Engine::Sqlite => Some(Arc::clone(&self.writer).lock_owned().await),
            Engine::Postgres => None,
        };
        let inner =
            self.pool.begin_with(self.engine.begin()).await.map_err(database("beginning a transaction"))?;
        Ok(Tx { store: self, inner, tail: None, _turn: turn })
    }

    /// An acknowledged commit must survive a power cut, and what was deleted must be gone (standard R9, E5).
    async fn assert_durable(&self) -> Result<(), StoreError> {
        match self.engine {
            Engine::Postgres => {
                self.assert_setting("synchronous_commit", |level| level != "off").await?;
                self.assert_setting("fsync", |fsync| fsync == "on").await
            }
            Engine::Sqlite => {
                for (pragma, expected) in PRAGMAS {
                    self.assert_setting(pragma, |found| found == expected).await?;
                }
                Ok(())
            }
        }
    }

    async fn assert_setting(&self, name: &str, good: impl Fn(&str) -> bool) -> Result<(), StoreError> {
        let sql = match self.engine {
            Engine::Sqlite => format!("PRAGMA {name}"),
            Engine::Postgres => format!("SELECT current_setting('{name}')"),
        };
        let row = sqlx::query(AssertSqlSafe(sql))
            .fetch_one(&self.pool)
            .await
            .map_err(database("reading the durability settings"))?;
        let number = row.try_get::<i64, _>(0).map(|number| number.to_string());
        let found = number
            .or_else(|_| row.try_get::<String, _>(0))
            .map_err(database("reading the durability settings"))?;
        if good(&found) {
            return Ok(());
        }
        Err(StoreError::Unsafe(format!(
            "its setting {name} is {found}: accepted mail could be lost at a power cut, or what was deleted stay; \
             keep the state in a file on a local disk, or set it right on the PostgreSQL server"
        )))
    }
}

/// What SQLite answers on a connection that may hold our state.
const PRAGMAS: [(&str, &str); 7] = [
    ("journal_mode", "wal"),
    ("synchronous", "2"),
    ("foreign_keys", "1"),
    ("busy_timeout", "15000"),
    ("secure_delete", "1"),
    ("wal_autocheckpoint", "0"),
    ("temp_store", "2"),
];

/// Makes the names of SQLite's files durable. SQLite does it too, but takes no notice when the disk says no.
async fn sync_folder(file: &Path) -> Result<(), StoreError> {
    let folder = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let synced = async { tokio::fs::File::open(folder).await?.sync_all().await };
    let unsafe_for = |error| format!("its folder {} cannot be made durable: {error}", folder.display());
    synced.await.map_err(|error: std::io::Error| StoreError::Unsafe(unsafe_for(error)))
}

/// The file that a URL of SQLite names.
fn sqlite_file(url: &str, engine: Engine) -> Option<&Path> {
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    (engine == Engine::Sqlite).then(|| Path::new(path.split('?').next().unwrap_or(path)))
}

fn pool_options(engine: Engine) -> AnyPoolOptions {
    let options = AnyPoolOptions::new().max_connections(connections_max(engine)).acquire_timeout(WAIT_MAX);
    match engine {
        // A file does not go away as a server does: no sign of life before each use. But where a commit finds no room,
        // SQLite rolls back by itself; sqlx 0.9.0 then fails to roll back and never forgets that it is in a transaction:
        // such a connection can write nothing any more, and a fresh one takes its place.
        Engine::Sqlite => options
            .test_before_acquire(false)
            .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
            // Every pragma but journal_mode belongs to a connection, not to the file.
            .after_connect(|connection, _| {
                Box::pin(async move {
                    connection
                        .execute(
                            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; \
                             PRAGMA busy_timeout=15000; PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY; \
                             PRAGMA cache_size=-2000; PRAGMA wal_autocheckpoint=0; \
                             PRAGMA journal_size_limit=16777216",
                        )
                        .await?;
                    Ok(())
                })
            }),
        Engine::Postgres => options
            // The ROLLBACK below is mostly not needed, and the server would say so in our log each time.
            .after_connect(|connection, _| {
                Box::pin(async move {
                    connection.execute(sqlx::raw_sql("SET client_min_messages TO error")).await?;
                    Ok(())
                })
            })
            .after_release(|connection, _| {
                Box::pin(async move {
                    connection.execute(sqlx::raw_sql("ROLLBACK")).await?;
                    Ok(true)
                })
            }),
    }
}

/// One transaction. Dropped without `commit`, it leaves nothing behind.
pub struct Tx<'s> {
    store: &'s Store,
    inner: Transaction<'static, Any>,
    /// The audit log's end, once this transaction has locked it.
    tail: Option<Frontier>,
    /// The right to write, on SQLite; given back last, after `inner` has ended.
    _turn: Option<tokio::sync::OwnedMutexGuard<()>>,
}

impl Tx<'_> {
    /// Makes everything durable, the audit head last.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        fault!("audit.head.before");
        self.write_audit_head().await?;
        fault!("audit.head.after");
        self.store.noted(self.inner.commit().await.map_err(database("committing")))
    }
}

fn database(doing: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |source| StoreError::Database { doing, source }
}

/// Microseconds since 1970, as every time column holds them.
fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

fn impossible(
    table: &'static str,
    column: &'static str,
    row: &str,
    problem: impl std::fmt::Display,
) -> StoreError {
    StoreError::Impossible { table, column, row: row.to_owned(), problem: problem.to_string() }
}

type AnyRow = sqlx::any::AnyRow;

fn text(row: &AnyRow, table: &'static str, id: &str, column: &'static str) -> Result<String, StoreError> {
    row.try_get(column).map_err(|error| impossible(table, column, id, error))
}

fn text_if(
    row: &AnyRow,
    table: &'static str,
    id: &str,
    column: &'static str,
) -> Result<Option<String>, StoreError> {
    row.try_get(column).map_err(|error| impossible(table, column, id, error))
}

fn number(row: &AnyRow, table: &'static str, id: &str, column: &'static str) -> Result<i64, StoreError> {
    row.try_get(column).map_err(|error| impossible(table, column, id, error))
}

fn bytes(row: &AnyRow, table: &'static str, id: &str, column: &'static str) -> Result<Vec<u8>, StoreError> {
    row.try_get(column).map_err(|error| impossible(table, column, id, error))
}

fn time(row: &AnyRow, table: &'static str, id: &str, column: &'static str) -> Result<Timestamp, StoreError> {
    let micros = number(row, table, id, column)?;
    Timestamp::from_microsecond(micros).map_err(|error| impossible(table, column, id, error))
}

fn time_if(
    row: &AnyRow,
    table: &'static str,
    id: &str,
    column: &'static str,
) -> Result<Option<Timestamp>, StoreError> {
    let micros: Option<i64> = row.try_get(column).map_err(|error| impossible(table, column, id, error))?;
    micros
        .map(|micros| {
            Timestamp::from_microsecond(micros).map_err(|error| impossible(table, column, id, error))
        })
        .transpose()
}
