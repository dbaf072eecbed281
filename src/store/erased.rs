//! What deleting transactions came to, a row for each batch of a plan: written when the batch is over, so that a worker
//! that takes the job over knows where to go on (standard R6). `workflow/erase.rs` does the batches.

use super::jobs::held;
use super::{Lease, Store, StoreError, Tx, database, micros, number, text};
use crate::domain::ids::Reference;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// One batch that is over.
#[derive(Clone, Debug)]
pub struct Batch<'a> {
    /// The request.
    pub reference: &'a Reference,
    /// The plan that it belongs to.
    pub plan_hash: &'a str,
    /// Name of the category.
    pub category: &'a str,
    /// Its number within the category, from 0.
    pub number: i64,
    /// The keyed hash of the account.
    pub account: &'a str,
    /// What it came to.
    pub sum: Sum,
}

/// Rows and files of some batches.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sum {
    /// Rows deleted.
    pub deleted: u64,
    /// Files deleted.
    pub files: u64,
    /// Keys that were gone already.
    pub gone: u64,
}

/// What was deleted lately.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DayUse {
    /// Rows.
    pub rows: u64,
    /// Accounts other than the one that is asked about.
    pub other_accounts: u64,
}

impl Tx<'_> {
    /// Records a batch; recorded twice, the first stands.
    ///
    /// # Errors
    /// When the lease was lost.
    pub async fn record_batch(
        &mut self,
        lease: &Lease,
        batch: &Batch<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.hold_job(lease).await?;
        sqlx::query(
            "INSERT INTO erased (reference, plan_hash, category, batch, account, deleted, files, gone, done_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
             ON CONFLICT (reference, plan_hash, category, batch) DO UPDATE SET batch = excluded.batch",
        )
        .bind(batch.reference.as_str())
        .bind(batch.plan_hash)
        .bind(batch.category)
        .bind(batch.number)
        .bind(batch.account)
        .bind(as_column(batch.sum.deleted))
        .bind(as_column(batch.sum.files))
        .bind(as_column(batch.sum.gone))
        .bind(micros(now))
        .execute(&mut *self.inner)
        .await
        .map_err(database("recording a deletion"))
        .and_then(|done| held(lease, done.rows_affected()))
    }
}

impl Store {
    /// The batches of a plan that are over: category and number.
    pub async fn batches_over(
        &self,
        reference: &Reference,
        plan_hash: &str,
    ) -> Result<Vec<(String, i64)>, StoreError> {
        sqlx::query("SELECT category, batch FROM erased WHERE reference = $1 AND plan_hash = $2")
            .bind(reference.as_str())
            .bind(plan_hash)
            .fetch_all(&self.pool)
            .await
            .map_err(database("reading deletions"))?
            .iter()
            .map(|row| Ok((text(row, "erased", "?", "category")?, number(row, "erased", "?", "batch")?)))
            .collect()
    }

    /// What a request deleted by now, by category, whatever the plan.
    pub async fn erased_of(&self, reference: &Reference) -> Result<BTreeMap<String, Sum>, StoreError> {
        sqlx::query(
            "SELECT category, CAST(SUM(deleted) AS BIGINT) AS deleted, CAST(SUM(files) AS BIGINT) AS files, \
             CAST(SUM(gone) AS BIGINT) AS gone FROM erased WHERE reference = $1 GROUP BY category",
        )
        .bind(reference.as_str())
        .fetch_all(&self.pool)
        .await
        .map_err(database("adding deletions up"))?
        .iter()
        .map(|row| {
            let count =
                |column| number(row, "erased", "?", column).map(|many| u64::try_from(many).unwrap_or(0));
            let sum = Sum { deleted: count("deleted")?, files: count("files")?, gone: count("gone")? };
            Ok((text(row, "erased", "?", "category")?, sum))
        })
        .collect()
    }

    /// What was deleted since then; `account` is the keyed hash of the one that is asked about.
    pub async fn erased_since(&self, since: Timestamp, account: &str) -> Result<DayUse, StoreError> {
        let row = sqlx::query(
            "SELECT CAST(COALESCE(SUM(deleted), 0) AS BIGINT) AS deleted, \
             COUNT(DISTINCT CASE WHEN account <> $2 THEN account END) AS accounts \
             FROM erased WHERE done_at >= $1",
        )
        .bind(micros(since))
        .bind(account)
        .fetch_one(&self.pool)
        .await
        .map_err(database("adding up the deletions of a day"))?;
        let count = |column| number(&row, "erased", "?", column).map(|many| u64::try_from(many).unwrap_or(0));
        Ok(DayUse { rows: count("deleted")?, other_accounts: count("accounts")? })
    }
}

fn as_column(many: u64) -> i64 {
    i64::try_from(many).unwrap_or(i64::MAX)
}
