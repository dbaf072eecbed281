//! The state on both engines: every case here runs on a SQLite file and on a PostgreSQL database of its own, from the
//! same text. What the state must never do stands in `src/store/mod.rs`; this file is the ground that the cases share.

mod audit;
mod impossible;
mod mails;
mod migration;
mod opening;
mod outbox;
mod requests;
mod sealed;
mod staff;
mod work;

use crate::rig::fresh_postgres;
use dsrd::crypto::MasterKey;
use dsrd::domain::address::Address;
use dsrd::domain::deadline::Due;
use dsrd::domain::directory::DirectoryEntry;
use dsrd::domain::event::{Arrival, Event, Leave, Manner, Resolution};
use dsrd::domain::form::{Form, Requester};
use dsrd::domain::ids::{Reference, StaffName};
use dsrd::domain::policy::{Rules, Staff, StaffRole};
use dsrd::domain::request::{Kind, Origin, Request, Voice};
use dsrd::domain::scope::Scope;
use dsrd::domain::sender::SenderVerdict;
use dsrd::domain::transition::{Transition, decide};
use dsrd::env::SystemEntropy;
use dsrd::store::{Engine, Keyring, RequestRow, Sealer, Store, StoreError, Tx};
use jiff::{SignedDuration, Timestamp};
use sqlx::{AssertSqlSafe, Connection};
use std::path::PathBuf;
use std::sync::Arc;

/// The master key of every case, and another one.
pub(crate) const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
pub(crate) const OTHER_KEY: &str = "100102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// An empty state.
pub(crate) struct State {
    pub(crate) engine: Engine,
    pub(crate) url: String,
    folder: tempfile::TempDir,
}

/// Plays a case on each engine.
pub(crate) async fn on_both(case: impl AsyncFn(&State)) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        case(&State::new(engine)).await;
    }
}

impl State {
    pub(crate) fn new(engine: Engine) -> Self {
        sqlx::any::install_default_drivers();
        let folder = tempfile::tempdir().unwrap();
        let url = match engine {
            Engine::Sqlite => format!("sqlite://{}", folder.path().join("state.db").display()),
            Engine::Postgres => fresh_postgres("store"),
        };
        Self { engine, url, folder }
    }

    pub(crate) async fn open(&self) -> Store {
        self.try_open(KEY).await.unwrap_or_else(|error| panic!("{:?}: {error}", self.engine))
    }

    pub(crate) async fn try_open(&self, key: &str) -> Result<Store, StoreError> {
        let master = MasterKey::from_file_text(key).unwrap();
        Store::open(&self.url, Keyring::new(master), Arc::new(SystemEntropy::new())).await
    }

    /// The files of a SQLite state.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    /// A statement past the store, as an operator with a database client would run it.
    pub(crate) async fn raw(&self, sql: &str) -> Result<u64, sqlx::Error> {
        let mut connection = sqlx::AnyConnection::connect(&self.url).await?;
        let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await;
        connection.close().await?;
        Ok(done?.rows_affected())
    }

    /// The first column of every row, as numbers.
    pub(crate) async fn numbers(&self, sql: &str) -> Vec<i64> {
        let mut connection = sqlx::AnyConnection::connect(&self.url).await.unwrap();
        let rows =
            sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_all(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        rows
    }
}

pub(crate) fn start() -> Timestamp {
    "2026-01-05T06:00:00Z".parse().unwrap()
}

pub(crate) fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

pub(crate) fn meera() -> Staff {
    Staff {
        name: StaffName::parse("meera").unwrap(),
        address: address("meera@desk.example"),
        role: StaffRole::Approver,
    }
}

pub(crate) fn rules() -> Rules {
    Rules {
        strikes: std::collections::BTreeMap::new(),
        staff: vec![meera()],
        account_roles: vec!["owner".to_owned()],
        reminder_days: vec![1, 3, 7],
        expire_days: 14,
        tries_max: 5,
        answer_age_days_max: 7,
        holds: Vec::new(),
        cooling_off: SignedDuration::from_hours(24),
        two_approvers_rows: 10_000,
        two_approvers_permille: 10,
    }
}

pub(crate) fn reference(number: u128) -> Reference {
    Reference::from_bits(number)
}

/// A complete request that arrives at the start.
pub(crate) fn arrival(number: u128) -> Arrival {
    let day = jiff::civil::date(2026, 2, 4);
    Arrival {
        reference: reference(number),
        received_at: start(),
        origin: Origin {
            sender: address("asha@acme.example"),
            verdict: SenderVerdict::Aligned,
            evidence: dsrd::domain::sender::SenderEvidence::default(),
            mailbox: "support".to_owned(),
            message_id: None,
        },
        voice: Voice::Speaks,
        leave: Leave::Answer,
        form: Form {
            kind: Some(Kind::Export),
            scope: Scope { everything: true, ..Scope::default() },
            legal_basis: "Customer request".to_owned(),
            requester: Requester { email: Some(address("asha@acme.example")), ..Requester::default() },
            acknowledged: true,
        },
        problems: Vec::new(),
        manner: Manner::Complete,
        text: "".into(),
        regime: "gdpr".to_owned(),
        due: Due {
            acknowledge: start() + seconds(86_400),
            promise: day,
            statutory: day,
            due: day,
            due_at: start() + seconds(30 * 86_400),
            at_risk: vec![start() + seconds(20 * 86_400)],
        },
    }
}

pub(crate) fn resolved() -> Event {
    let entry = DirectoryEntry {
        subject: "7".to_owned(),
        account: "481516".to_owned(),
        name: "Asha Rao".into(),
        address: address("asha@acme.example"),
        phone: None,
        role: "owner".to_owned(),
        user: None,
        regime: None,
    };
    Event::Resolved(Resolution::Match { entry: Box::new(entry), law: None, frozen: None })
}

pub(crate) fn after(request: Option<&Request>, event: &Event) -> Transition {
    decide(request, event, &rules(), start()).unwrap()
}

/// Saves a new request under a fresh key, in a transaction of the caller's.
pub(crate) async fn record(tx: &mut Tx<'_>, arrival: Arrival) -> Sealer {
    let sealer = tx.new_sealer(&format!("key of {}", arrival.reference), start()).await.unwrap();
    let transition = after(None, &Event::Arrived(Box::new(arrival)));
    tx.save(&[(&transition, &sealer)]).await.unwrap();
    sealer
}

/// A request in the state.
pub(crate) async fn recorded(store: &Store, number: u128) -> RequestRow {
    let mut tx = store.begin().await.unwrap();
    record(&mut tx, arrival(number)).await;
    tx.commit().await.unwrap();
    store.request(&reference(number)).await.unwrap().expect("just saved")
}

/// The table, column and row that an impossible row is blamed on.
pub(crate) fn blamed<T>(result: Result<T, StoreError>) -> (String, String, String) {
    match result.err() {
        Some(StoreError::Impossible { table, column, row, .. }) => (table.to_owned(), column.to_owned(), row),
        Some(other) => panic!("not impossible: {other}"),
        None => panic!("nothing was wrong"),
    }
}
