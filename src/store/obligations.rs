//! What is still owed after a deletion: rows whose ground to stay will end, and backups that hold what is gone from the
//! live data. Written with the transition that it follows from; settled by the job `settle` or by evidence.
//! `domain/erasure.rs` says what is owed.

use super::{AnyRow, Store, StoreError, Tx, database, impossible, micros, text, time_if};
use crate::domain::erasure::Duty;
use crate::domain::ids::Reference;
use jiff::Timestamp;

/// Something that is owed.
#[derive(Clone, Debug)]
pub struct ObligationRow {
    /// Its row.
    pub id: String,
    /// The closed request.
    pub reference: Reference,
    /// What.
    pub duty: Duty,
    /// Name of the category.
    pub category: String,
    /// The `[sources.NAME]`.
    pub source: String,
    /// When it falls due; none while it hangs on a hold.
    pub due_at: Option<Timestamp>,
}

const COLUMNS: &str = "SELECT id, reference, duty, category, source, due_at FROM obligations";

impl Tx<'_> {
    /// Writes down that something is owed.
    pub async fn insert_obligation(&mut self, row: &ObligationRow, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO obligations (id, reference, duty, category, source, state, created_at, due_at) \
             VALUES ($1, $2, $3, $4, $5, 'open', $6, $7)",
        )
        .bind(&row.id)
        .bind(row.reference.as_str())
        .bind(row.duty.as_str())
        .bind(&row.category)
        .bind(&row.source)
        .bind(micros(now))
        .bind(row.due_at.map(micros))
        .execute(&mut *self.inner)
        .await
        .map(drop)
        .map_err(database("writing down what is owed"))
    }

    /// Looks at it again then; none waits for a hold.
    pub async fn postpone_obligation(
        &mut self,
        id: &str,
        due_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE obligations SET due_at = $2 WHERE id = $1 AND state = 'open'")
            .bind(id)
            .bind(due_at.map(micros))
            .execute(&mut *self.inner)
            .await
            .map(drop)
            .map_err(database("postponing what is owed"))
    }

    /// It is done.
    pub async fn settle_obligation(&mut self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE obligations SET state = 'settled', settled_at = $2 WHERE id = $1 AND state = 'open'",
        )
        .bind(id)
        .bind(micros(now))
        .execute(&mut *self.inner)
        .await
        .map(drop)
        .map_err(database("settling what is owed"))
    }

    /// A hold was lifted: whatever was kept is looked at again now.
    pub async fn review_kept(&mut self, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE obligations SET due_at = $1 WHERE duty = 'kept' AND state = 'open'")
            .bind(micros(now))
            .execute(&mut *self.inner)
            .await
            .map(drop)
            .map_err(database("looking again at what was kept"))
    }

    /// Evidence shows that the backups of a source hold nothing any more that was deleted up to `through`. Returns how
    /// many obligations that settles.
    pub async fn settle_backups(
        &mut self,
        source: &str,
        through: Timestamp,
        evidence: &str,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        sqlx::query(
            "UPDATE obligations SET state = 'settled', settled_at = $4, evidence = $3 \
             WHERE source = $1 AND duty = 'backups' AND state = 'open' AND created_at <= $2",
        )
        .bind(source)
        .bind(micros(through))
        .bind(evidence)
        .bind(micros(now))
        .execute(&mut *self.inner)
        .await
        .map(|done| done.rows_affected())
        .map_err(database("settling backups"))
    }

    /// Staff have been told that nobody has shown it in time.
    pub async fn backups_told(&mut self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE obligations SET told_at = $2 WHERE id = $1")
            .bind(id)
            .bind(micros(now))
            .execute(&mut *self.inner)
            .await
            .map(drop)
            .map_err(database("remembering what staff were told"))
    }
}

impl Store {
    /// What is owed for a request's kept rows and falls due by then.
    pub async fn kept_due(
        &self,
        reference: &Reference,
        now: Timestamp,
    ) -> Result<Vec<ObligationRow>, StoreError> {
        let sql = format!(
            "{COLUMNS} WHERE reference = $1 AND state = 'open' AND duty = 'kept' AND due_at <= $2 ORDER BY category"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(reference.as_str())
            .bind(micros(now))
            .fetch_all(&self.pool)
            .await
            .map_err(database("reading what is owed"))?
            .iter()
            .map(obligation)
            .collect()
    }

    /// The closed requests whose kept rows are to be looked at and for which no job does so yet.
    pub async fn kept_due_of(&self, now: Timestamp) -> Result<Vec<Reference>, StoreError> {
        sqlx::query(
            "SELECT DISTINCT obligations.reference AS reference FROM obligations \
             JOIN requests ON requests.reference = obligations.reference AND requests.stage = 'closed' \
             WHERE obligations.state = 'open' AND obligations.duty = 'kept' AND obligations.due_at <= $1 \
             AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.reference = obligations.reference \
             AND jobs.kind = 'settle' AND jobs.state <> 'done')",
        )
        .bind(micros(now))
        .fetch_all(&self.pool)
        .await
        .map_err(database("looking for what falls due"))?
        .iter()
        .map(|row| reference(row, "?"))
        .collect()
    }

    /// Backups that were to be purged by now, of which staff have not been told.
    pub async fn backups_overdue(&self, now: Timestamp) -> Result<Vec<ObligationRow>, StoreError> {
        let sql = format!(
            "{COLUMNS} WHERE state = 'open' AND duty = 'backups' AND due_at <= $1 AND told_at IS NULL \
             ORDER BY due_at, id LIMIT 100"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(micros(now))
            .fetch_all(&self.pool)
            .await
            .map_err(database("reading what is owed"))?
            .iter()
            .map(obligation)
            .collect()
    }

    /// Everything that is owed, the most urgent first.
    pub async fn obligations(&self) -> Result<Vec<ObligationRow>, StoreError> {
        let sql = format!(
            "{COLUMNS} WHERE state = 'open' ORDER BY COALESCE(due_at, 9000000000000000000), id LIMIT 10000"
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .fetch_all(&self.pool)
            .await
            .map_err(database("reading what is owed"))?
            .iter()
            .map(obligation)
            .collect()
    }
}

fn reference(row: &AnyRow, id: &str) -> Result<Reference, StoreError> {
    Reference::parse(&text(row, "obligations", id, "reference")?)
        .ok_or_else(|| impossible("obligations", "reference", id, "not a reference"))
}

fn obligation(row: &AnyRow) -> Result<ObligationRow, StoreError> {
    let id = text(row, "obligations", "?", "id")?;
    let duty = Duty::parse(&text(row, "obligations", &id, "duty")?)
        .ok_or_else(|| impossible("obligations", "duty", &id, "not a duty"))?;
    Ok(ObligationRow {
        reference: reference(row, &id)?,
        duty,
        category: text(row, "obligations", &id, "category")?,
        source: text(row, "obligations", &id, "source")?,
        due_at: time_if(row, "obligations", &id, "due_at")?,
        id,
    })
}
