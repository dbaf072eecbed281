//! Of which day staff have been told last how the requests stand, so that a restart tells nobody twice. What is told is
//! `workflow/lifecycle.rs`'s.

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
}
