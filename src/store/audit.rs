//! The audit log's rows and its head. Entry and head are written in the transaction of the act itself, under a lock on
//! the head row, so the log never forks. The format and the hashing are `domain/audit.rs` and `domain/merkle.rs`.

use super::dialect::{ROWS_MAX, is_kept};
use super::{AnyRow, Store, StoreError, Tx, bytes, database, impossible, number, text};
use crate::domain::audit::{Entry, Head};
use crate::domain::ids::Reference;
use crate::domain::merkle::{Frontier, Hash, leaf_hash};
use sqlx::AssertSqlSafe;

/// Rows read at once when the log is verified or listed.
const PAGE_ROWS: i64 = 1_000;

/// One stored entry.
#[derive(Clone, Debug)]
pub struct AuditRow {
    /// Its place, from 0.
    pub seq: u64,
    /// Its canonical bytes.
    pub entry: Vec<u8>,
    /// Its stored leaf hash.
    pub leaf: Hash,
}

impl Tx<'_> {
    /// Appends entries. The head row stays locked until the transaction ends.
    pub async fn append_audit(&mut self, entries: &[Entry]) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut tail = match self.tail.take() {
            Some(tail) => tail,
            None => self.lock_audit_tail().await?,
        };
        for chunk in entries.chunks(ROWS_MAX) {
            let sql = format!(
                "INSERT INTO audit (seq, reference, entry, leaf) VALUES {}",
                self.store.engine.rows(chunk.len(), 4)
            );
            let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
            for entry in chunk {
                let canonical = entry.canonical();
                let leaf = leaf_hash(&canonical);
                query = query
                    .bind(i64::try_from(tail.size()).unwrap_or(i64::MAX))
                    .bind(entry.request.as_ref().map(Reference::as_str))
                    .bind(String::from_utf8_lossy(&canonical).into_owned())
                    .bind(leaf.as_bytes().to_vec());
                tail.append(leaf);
            }
            query.execute(&mut *self.inner).await.map_err(database("appending to the audit log"))?;
        }
        self.tail = Some(tail);
        Ok(())
    }

    async fn lock_audit_tail(&mut self) -> Result<Frontier, StoreError> {
        if let Some(tail) = self.audit_tail().await? {
            return Ok(tail);
        }
        let empty = Frontier::new();
        sqlx::query("INSERT INTO audit_head (id, size, root, frontier) VALUES (1, 0, $1, $2) ON CONFLICT (id) DO NOTHING")
            .bind(empty.root().as_bytes().to_vec())
            .bind(empty.to_bytes())
            .execute(&mut *self.inner)
            .await
            .map_err(database("starting the audit log"))?;
        // Read again: another daemon may have started the log, and written to it, at the same moment.
        Ok(self.audit_tail().await?.unwrap_or(empty))
    }

    async fn audit_tail(&mut self) -> Result<Option<Frontier>, StoreError> {
        let sql = format!("SELECT frontier FROM audit_head WHERE id = 1{}", self.store.engine.for_update());
        let row = sqlx::query(AssertSqlSafe(sql))
            .fetch_optional(&mut *self.inner)
            .await
            .map_err(database("locking the audit log"))?;
        row.map(|row| {
            Frontier::from_bytes(&bytes(&row, "audit_head", "1", "frontier")?)
                .ok_or_else(|| impossible("audit_head", "frontier", "1", "not a frontier"))
        })
        .transpose()
    }

    pub(super) async fn write_audit_head(&mut self) -> Result<(), StoreError> {
        let Some(tail) = self.tail.take() else {
            return Ok(());
        };
        sqlx::query("UPDATE audit_head SET size = $1, root = $2, frontier = $3 WHERE id = 1")
            .bind(i64::try_from(tail.size()).unwrap_or(i64::MAX))
            .bind(tail.root().as_bytes().to_vec())
            .bind(tail.to_bytes())
            .execute(&mut *self.inner)
            .await
            .map(drop)
            .map_err(database("writing the audit head"))
    }
}

impl Store {
    /// The head as stored; none before the first entry.
    pub async fn audit_head(&self) -> Result<Option<Head>, StoreError> {
        let row = sqlx::query("SELECT size, root FROM audit_head WHERE id = 1")
            .fetch_optional(&self.pool)
            .await
            .map_err(database("reading the audit head"))?;
        row.map(|row| {
            let size = number(&row, "audit_head", "1", "size")?;
            let size = u64::try_from(size).map_err(|error| impossible("audit_head", "size", "1", error))?;
            let root = Hash::from_bytes(&bytes(&row, "audit_head", "1", "root")?)
                .ok_or_else(|| impossible("audit_head", "root", "1", "not a hash"))?;
            Ok(Head { size, root })
        })
        .transpose()
    }

    /// The next page of entries from place `from` on; empty at the end.
    pub async fn audit_page(&self, from: u64) -> Result<Vec<AuditRow>, StoreError> {
        sqlx::query("SELECT seq, entry, leaf FROM audit WHERE seq >= $1 ORDER BY seq LIMIT $2")
            .bind(i64::try_from(from).unwrap_or(i64::MAX))
            .bind(PAGE_ROWS)
            .fetch_all(&self.pool)
            .await
            .map_err(database("reading the audit log"))?
            .iter()
            .map(audit_row)
            .collect()
    }

    /// Every entry of one request, in order.
    pub async fn audit_of(&self, reference: &Reference) -> Result<Vec<AuditRow>, StoreError> {
        sqlx::query("SELECT seq, entry, leaf FROM audit WHERE reference = $1 ORDER BY seq")
            .bind(reference.as_str())
            .fetch_all(&self.pool)
            .await
            .map_err(database("reading the audit log"))?
            .iter()
            .map(audit_row)
            .collect()
    }
}

fn audit_row(row: &AnyRow) -> Result<AuditRow, StoreError> {
    let seq = number(row, "audit", "?", "seq")?;
    let id = seq.to_string();
    Ok(AuditRow {
        seq: u64::try_from(seq).map_err(|error| impossible("audit", "seq", &id, error))?,
        entry: text(row, "audit", &id, "entry")?.into_bytes(),
        leaf: Hash::from_bytes(&bytes(row, "audit", &id, "leaf")?)
            .ok_or_else(|| impossible("audit", "leaf", &id, "not a hash"))?,
    })
}
