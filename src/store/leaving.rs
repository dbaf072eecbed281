//! Which mails with data have left and which rows were deleted, and taking back the mails that have not. One transaction
//! decides: a mail that nobody had claimed by then never leaves, one that a courier held at that moment is told as perhaps
//! left and never tried again. `outbox.rs` does the rest of the queue.

use super::dialect::is_kept;
use super::{AnyRow, OutboxRow, Store, StoreError, Tx, database, micros, number, text};
use crate::domain::ids::Reference;
use crate::domain::left::{Far, Left, Rows};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use std::collections::HashSet;

/// What hands out data: the package and what opens it.
const SELECT: &str = "SELECT notice, state, doubts FROM outbox \
                      WHERE reference = $1 AND notice IN ('completed-export', 'passphrase')";

/// The step by which a job says that it deletes from here on.
pub const ERASE_BEGUN: &str = "deletion begun";

/// The deleting jobs, and whether each has begun.
const ERASING: &str = "SELECT state, (SELECT COUNT(*) FROM steps WHERE job_id = jobs.id AND name = $2) AS begun \
                       FROM jobs WHERE reference = $1 AND kind = 'erase'";

/// Kept as the server's reply of a mail that was taken back.
const TAKEN_BACK: &str = "taken back before it left";

impl Store {
    /// How much of a request's data has left.
    pub async fn left(&self, reference: &Reference) -> Result<Left, StoreError> {
        let rows = sqlx::query(SELECT).bind(reference.as_str()).fetch_all(&self.pool).await;
        let left = left(&rows.map_err(database("reading what has left"))?)?;
        let erasing =
            sqlx::query(ERASING).bind(reference.as_str()).bind(ERASE_BEGUN).fetch_all(&self.pool).await;
        Ok(Left { rows: deleted(&erasing.map_err(database("reading what was deleted"))?)?, ..left })
    }

    /// Which of these claimed mails are still ours to send.
    pub async fn still_claimed(&self, rows: &[OutboxRow]) -> Result<HashSet<String>, StoreError> {
        let sql = format!(
            "SELECT id FROM outbox WHERE state = 'sending' AND (id, epoch) IN (VALUES {})",
            self.engine.rows(rows.len(), 2)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(rows.len()));
        for row in rows {
            query = query.bind(row.id.as_str()).bind(row.epoch);
        }
        let found =
            query.fetch_all(&self.pool).await.map_err(database("looking for mail that was taken back"))?;
        found.iter().map(|row| text(row, "outbox", "?", "id")).collect()
    }
}

impl Tx<'_> {
    /// Keeps the deleting jobs of a request where they are until this transaction ends.
    ///
    /// # Errors
    /// `Conflict` when they have done something else than `expected`: one has begun meanwhile.
    pub async fn hold_deletion(&mut self, reference: &Reference, expected: Rows) -> Result<(), StoreError> {
        sqlx::query("UPDATE jobs SET epoch = epoch WHERE reference = $1 AND kind = 'erase'")
            .bind(reference.as_str())
            .execute(&mut *self.inner)
            .await
            .map_err(database("holding a deletion"))?;
        let rows = sqlx::query(ERASING)
            .bind(reference.as_str())
            .bind(ERASE_BEGUN)
            .fetch_all(&mut *self.inner)
            .await
            .map_err(database("reading what was deleted"))?;
        if deleted(&rows)? == expected {
            Ok(())
        } else {
            Err(StoreError::Conflict(format!("what was deleted for {reference}")))
        }
    }

    /// Takes back what hands out data and has not left.
    ///
    /// # Errors
    /// `Conflict` when something else had left than `expected`: the person must not be told what is no longer true.
    pub async fn take_back(
        &mut self,
        reference: &Reference,
        expected: Left,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let rows = sqlx::query(AssertSqlSafe(format!("{SELECT}{}", self.store.engine.for_update())))
            .bind(reference.as_str())
            .fetch_all(&mut *self.inner)
            .await
            .map_err(database("reading what has left"))?;
        if (Left { rows: expected.rows, ..left(&rows)? }) != expected {
            return Err(StoreError::Conflict(format!("what has left of {reference}")));
        }
        sqlx::query(
            "UPDATE outbox SET state = 'failed', reply = $2, settled_at = $3, parcel = NULL, lease_until = NULL, \
             epoch = epoch + 1, doubts = doubts + CASE WHEN state = 'sending' THEN 1 ELSE 0 END \
             WHERE reference = $1 AND notice IN ('completed-export', 'completed-delete', 'passphrase') \
             AND state IN ('queued', 'uncertain', 'sending')",
        )
        .bind(reference.as_str())
        .bind(TAKEN_BACK)
        .bind(micros(now))
        .execute(&mut *self.inner)
        .await
        .map(drop)
        .map_err(database("taking back mail"))
    }
}

fn deleted(jobs: &[AnyRow]) -> Result<Rows, StoreError> {
    let mut rows = Rows::Untouched;
    for job in jobs {
        if number(job, "steps", "?", "begun")? == 0 {
            continue;
        }
        if text(job, "jobs", "?", "state")? != "done" {
            return Ok(Rows::Going);
        }
        rows = Rows::Gone;
    }
    Ok(rows)
}

/// Doubts stay with a mail whose fate nobody knows, also when it is never tried again.
fn left(rows: &[AnyRow]) -> Result<Left, StoreError> {
    let mut left = Left::default();
    for row in rows {
        let far = match text(row, "outbox", "?", "state")?.as_str() {
            "accepted" => Far::Yes,
            "sending" => Far::Perhaps,
            _ if number(row, "outbox", "?", "doubts")? > 0 => Far::Perhaps,
            _ => Far::No,
        };
        let mail = match text(row, "outbox", "?", "notice")?.as_str() {
            "passphrase" => &mut left.passphrase,
            _ => &mut left.package,
        };
        *mail = far.max(*mail);
    }
    Ok(left)
}
