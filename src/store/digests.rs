//! What is done once a day, so that a restart does it no second time: of which day staff have been told last how the
//! requests stand (`workflow/lifecycle.rs`), and on which rows past their ceiling went last (`workflow/retention.rs`).

use super::{Store, StoreError, Tx, database, text};

impl Store {
    /// The day of which staff have been told last how the requests stand.
    pub async fn digest_told(&self) -> Result<Option<String>, StoreError> {
        let row = sqlx::query("SELECT told_on FROM digests WHERE id = 1").fetch_optional(&self.pool).await;
        let row = row.map_err(database("reading when staff were told"))?;
        row.map(|row| text(&row, "digests", "1", "told_on")).transpose()
    }
}

impl Tx<'_> {
    /// They have been told of this day.
    pub async fn set_digest_told(&mut self, day: &str) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO digests (id, told_on) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET told_on = $1",
        )
        .bind(day)
        .execute(&mut *self.inner)
        .await
        .map(drop)
        .map_err(database("noting that staff were told"))
    }

    /// Takes the retention of this day upon this process. Returns whether nobody has it yet.
    pub async fn claim_retention(&mut self, day: &str) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO retention_runs (id, done_on) VALUES (1, $1) \
             ON CONFLICT (id) DO UPDATE SET done_on = $1 WHERE retention_runs.done_on <> $1",
        )
        .bind(day)
        .execute(&mut *self.inner)
        .await
        .map_err(database("taking the retention of a day"))?;
        Ok(done.rows_affected() == 1)
    }
}
