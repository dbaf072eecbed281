//! Legal holds. What is held and why is sealed with a key of the hold's own; only that it stands, since when, and in which
//! request's thread it was placed lies open. What a hold covers is `domain/hold.rs`.

use super::{AnyRow, Sealer, Store, StoreError, Tx, bytes, database, impossible, micros, text, time_if};
use crate::domain::hold::Hold;
use crate::domain::ids::Reference;
use jiff::Timestamp;

/// A hold as listed.
pub struct HoldRow {
    /// The hold.
    pub hold: Hold,
    /// When it was lifted, if it was.
    pub released_at: Option<Timestamp>,
}

const COLUMNS: &str = "SELECT id, released_at, key_id, body FROM holds";

impl Store {
    /// Every hold that stands, oldest first.
    pub async fn holds(&self) -> Result<Vec<Hold>, StoreError> {
        let rows = self.hold_rows("state = 'active'").await?;
        Ok(rows.into_iter().map(|row| row.hold).collect())
    }

    /// Every hold that ever stood, oldest first.
    pub async fn all_holds(&self) -> Result<Vec<HoldRow>, StoreError> {
        self.hold_rows("1 = 1").await
    }

    /// Of which day of review the owners of standing holds were reminded last: the hold and the day.
    pub async fn holds_reminded(&self) -> Result<Vec<(String, String)>, StoreError> {
        let sql = "SELECT id, reminded_on FROM holds WHERE state = 'active' AND reminded_on IS NOT NULL";
        let rows = sqlx::query(sql).fetch_all(&self.pool).await.map_err(database("reading reminders"))?;
        rows.iter()
            .map(|row| Ok((text(row, "holds", "?", "id")?, text(row, "holds", "?", "reminded_on")?)))
            .collect()
    }

    /// The key that a hold is sealed with; none where no such hold stands.
    pub async fn hold_sealer(&self, id: &str) -> Result<Option<Sealer>, StoreError> {
        let row = sqlx::query("SELECT key_id FROM holds WHERE id = $1 AND state = 'active'")
            .bind(id)
            .fetch_optional(&self.pool)
            .await
            .map_err(database("looking for a hold"))?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(self.sealer(&text(&row, "holds", id, "key_id")?).await?))
    }

    async fn hold_rows(&self, condition: &'static str) -> Result<Vec<HoldRow>, StoreError> {
        let sql = format!("{COLUMNS} WHERE {condition} ORDER BY placed_at, id");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .fetch_all(&self.pool)
            .await
            .map_err(database("reading holds"))?;
        let mut holds = Vec::with_capacity(rows.len());
        for row in &rows {
            holds.push(self.hold_row(row).await?);
        }
        Ok(holds)
    }

    async fn hold_row(&self, row: &AnyRow) -> Result<HoldRow, StoreError> {
        let id = text(row, "holds", "?", "id")?;
        let sealer = self.sealer(&text(row, "holds", &id, "key_id")?).await?;
        let body = sealer.open("holds", &id, "body", &bytes(row, "holds", &id, "body")?)?;
        let hold = serde_json::from_slice(&body).map_err(|error| impossible("holds", "body", &id, error))?;
        Ok(HoldRow { hold, released_at: time_if(row, "holds", &id, "released_at")? })
    }
}

impl Tx<'_> {
    /// Places a hold.
    pub async fn insert_hold(&mut self, hold: &Hold, now: Timestamp) -> Result<(), StoreError> {
        let sealer = self.new_sealer(&format!("hold-{}", hold.id), now).await?;
        let body = serde_json::to_vec(hold).map_err(|error| impossible("holds", "body", &hold.id, error))?;
        sqlx::query(
            "INSERT INTO holds (id, reference, state, placed_at, key_id, body) \
             VALUES ($1, $2, 'active', $3, $4, $5)",
        )
        .bind(&hold.id)
        .bind(hold.request.as_ref().map(Reference::as_str))
        .bind(micros(now))
        .bind(&sealer.id)
        .bind(sealer.seal("holds", &hold.id, "body", &body))
        .execute(&mut *self.inner)
        .await
        .map(drop)
        .map_err(database("placing a hold"))
    }

    /// Writes down what a standing hold says by now. Returns whether it stands.
    pub async fn rewrite_hold(&mut self, hold: &Hold, sealer: &Sealer) -> Result<bool, StoreError> {
        let body = serde_json::to_vec(hold).map_err(|error| impossible("holds", "body", &hold.id, error))?;
        let done = sqlx::query("UPDATE holds SET body = $2 WHERE id = $1 AND state = 'active'")
            .bind(&hold.id)
            .bind(sealer.seal("holds", &hold.id, "body", &body))
            .execute(&mut *self.inner)
            .await
            .map_err(database("rewriting a hold"))?;
        Ok(done.rows_affected() == 1)
    }

    /// Takes the reminder of this day of review upon this process. Returns whether nobody has it yet.
    pub async fn claim_reminder(&mut self, id: &str, review_on: &str) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE holds SET reminded_on = $2 \
             WHERE id = $1 AND state = 'active' AND (reminded_on IS NULL OR reminded_on <> $2)",
        )
        .bind(id)
        .bind(review_on)
        .execute(&mut *self.inner)
        .await
        .map_err(database("taking a reminder"))?;
        Ok(done.rows_affected() == 1)
    }

    /// Lifts a hold by its name. Returns whether it stood.
    pub async fn release_hold(&mut self, id: &str, now: Timestamp) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE holds SET state = 'released', released_at = $2 WHERE id = $1 AND state = 'active'",
        )
        .bind(id)
        .bind(micros(now))
        .execute(&mut *self.inner)
        .await
        .map_err(database("lifting a hold"))?;
        Ok(done.rows_affected() == 1)
    }

    /// Lifts the holds that were placed in the thread of a request.
    pub async fn release_holds_of(
        &mut self,
        reference: &Reference,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE holds SET state = 'released', released_at = $2 WHERE reference = $1 AND state = 'active'",
        )
        .bind(reference.as_str())
        .bind(micros(now))
        .execute(&mut *self.inner)
        .await
        .map(drop)
        .map_err(database("lifting the holds of a request"))
    }
}
