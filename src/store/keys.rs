//! Data keys: one per mail that became something, inherited by its request and everything that follows, wrapped by the
//! master key. Shredding the row shreds them all. The crypto itself is `crypto::seal`.

use super::dialect::is_kept;
use super::{Store, StoreError, Tx, bytes, database, impossible, micros, text};
use crate::crypto::MasterKey;
use crate::crypto::code::CodeKey;
use crate::crypto::index::IndexKey;
use crate::crypto::seal::{Aad, DataKey};
use crate::env::Entropy;
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Unwrapped keys kept in memory; enough for the requests of a busy day.
const CACHE_MAX: usize = 4_096;

/// The master key and what derives from it.
pub struct Keyring {
    master: MasterKey,
    index: IndexKey,
    codes: CodeKey,
    open: Mutex<HashMap<String, Arc<DataKey>>>,
}

impl Keyring {
    /// Derives the look-up and code keys from the master key.
    pub fn new(master: MasterKey) -> Self {
        let index = IndexKey::derive(&master);
        let codes = CodeKey::derive(&master);
        Self { master, index, codes, open: Mutex::default() }
    }

    /// The keyed hash that finds `value` again without storing it (standard E7).
    pub fn index(&self, kind: &str, value: &str) -> String {
        self.index.index(kind, value)
    }

    /// The key that codes and tokens are hashed with.
    pub const fn codes(&self) -> &CodeKey {
        &self.codes
    }

    fn remember(&self, id: &str, key: &Arc<DataKey>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= CACHE_MAX {
            open.clear();
        }
        open.insert(id.to_owned(), Arc::clone(key));
    }

    fn recall(&self, id: &str) -> Option<Arc<DataKey>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn unwrap(&self, id: &str, wrapped: &[u8]) -> Result<Arc<DataKey>, StoreError> {
        let key =
            self.master.unwrap(wrapped, id).map_err(|error| impossible("data_keys", "wrapped", id, error))?;
        let key = Arc::new(key);
        self.remember(id, &key);
        Ok(key)
    }
}

/// A data key with its name: seals and opens the columns that belong to it.
#[derive(Clone)]
pub struct Sealer {
    /// The row of `data_keys`.
    pub id: String,
    key: Arc<DataKey>,
    entropy: Arc<dyn Entropy>,
}

impl Sealer {
    pub(super) fn seal(&self, table: &str, row: &str, column: &str, plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; 12];
        self.entropy.fill(&mut nonce);
        self.key.seal(&Aad { table, row, column, version: 1 }, plain, nonce)
    }

    pub(super) fn open(
        &self,
        table: &'static str,
        row: &str,
        column: &'static str,
        sealed: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        self.key
            .open(&Aad { table, row, column, version: 1 }, sealed)
            .map_err(|error| impossible(table, column, row, error))
    }
}

impl Store {
    fn draw<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }

    /// The key named `id`, from memory or from the state.
    pub async fn sealer(&self, id: &str) -> Result<Sealer, StoreError> {
        let key = if let Some(key) = self.keyring.recall(id) {
            key
        } else {
            let row = sqlx::query("SELECT wrapped FROM data_keys WHERE id = $1")
                .bind(id)
                .fetch_optional(&self.pool)
                .await
                .map_err(database("reading a data key"))?
                .ok_or_else(|| impossible("data_keys", "id", id, "the key is gone: its data was shredded"))?;
            self.keyring.unwrap(id, &bytes(&row, "data_keys", id, "wrapped")?)?
        };
        Ok(Sealer { id: id.to_owned(), key, entropy: Arc::clone(&self.entropy) })
    }

    /// Fails when the state was sealed with another master key, before anything is written with this one.
    pub async fn check_master_key(&self) -> Result<(), StoreError> {
        let row = sqlx::query("SELECT id, master FROM data_keys WHERE master <> $1 LIMIT 1")
            .bind(self.keyring.master.id())
            .fetch_optional(&self.pool)
            .await
            .map_err(database("checking the master key"))?;
        match row {
            None => Ok(()),
            Some(row) => {
                let master = text(&row, "data_keys", "any", "master")?;
                Err(StoreError::Unsafe(format!(
                    "the state was sealed with master key {master}, the configured one is {}; configure the key that \
                     `dsrd init` wrote for this state",
                    self.keyring.master.id()
                )))
            }
        }
    }
}

impl Tx<'_> {
    /// Makes a fresh data key named `id`.
    pub async fn new_sealer(&mut self, id: &str, now: Timestamp) -> Result<Sealer, StoreError> {
        let made = self.new_sealers(&[id], now).await?;
        made.into_iter().next().ok_or_else(|| impossible("data_keys", "id", id, "no key was made"))
    }

    /// Makes a fresh data key for each name, at most `ROWS_MAX`.
    pub(super) async fn new_sealers(
        &mut self,
        ids: &[&str],
        now: Timestamp,
    ) -> Result<Vec<Sealer>, StoreError> {
        let store = self.store;
        let master = &store.keyring.master;
        let sql = format!(
            "INSERT INTO data_keys (id, master, wrapped, created_at) VALUES {}",
            self.store.engine.rows(ids.len(), 4)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(ids.len()));
        let mut sealers = Vec::with_capacity(ids.len());
        for &id in ids {
            let key = Arc::new(DataKey::new(store.draw()));
            query =
                query.bind(id).bind(master.id()).bind(master.wrap(&key, id, store.draw())).bind(micros(now));
            sealers.push(Sealer { id: id.to_owned(), key, entropy: Arc::clone(&store.entropy) });
        }
        query.execute(&mut *self.inner).await.map_err(database("storing data keys"))?;
        for sealer in &sealers {
            store.keyring.remember(&sealer.id, &sealer.key);
        }
        Ok(sealers)
    }
}
