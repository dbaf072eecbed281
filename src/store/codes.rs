//! Challenge codes, as keyed hashes with their times. Comparing is `workflow/verify.rs`; counting tries is a rule.

use super::{Store, StoreError, Tx, database, micros, text, time};
use crate::domain::ids::Reference;
use jiff::Timestamp;

/// A code that may still be used.
pub struct OpenCode {
    /// Its keyed hash.
    pub hash: String,
    /// From then on it is too late.
    pub expires_at: Timestamp,
}

impl Store {
    /// The codes of a request that are not void.
    pub async fn open_codes(&self, reference: &Reference) -> Result<Vec<OpenCode>, StoreError> {
        sqlx::query(
            "SELECT code_hash, expires_at FROM challenge_codes WHERE reference = $1 AND state = 'open'",
        )
        .bind(reference.as_str())
        .fetch_all(&self.pool)
        .await
        .map_err(database("reading challenge codes"))?
        .iter()
        .map(|row| {
            let id = reference.as_str();
            Ok(OpenCode {
                hash: text(row, "challenge_codes", id, "code_hash")?,
                expires_at: time(row, "challenge_codes", id, "expires_at")?,
            })
        })
        .collect()
    }
}

impl Tx<'_> {
    /// Stores a fresh code.
    pub async fn insert_code(
        &mut self,
        id: &str,
        reference: &Reference,
        hash: &str,
        (issued_at, expires_at): (Timestamp, Timestamp),
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO challenge_codes (id, reference, code_hash, issued_at, expires_at, state) \
             VALUES ($1, $2, $3, $4, $5, 'open')",
        )
        .bind(id)
        .bind(reference.as_str())
        .bind(hash)
        .bind(micros(issued_at))
        .bind(micros(expires_at))
        .execute(&mut *self.inner)
        .await
        .map(drop)
        .map_err(database("storing a challenge code"))
    }

    /// No code of this request may be used again.
    pub async fn void_codes(&mut self, reference: &Reference) -> Result<(), StoreError> {
        sqlx::query("UPDATE challenge_codes SET state = 'void' WHERE reference = $1 AND state = 'open'")
            .bind(reference.as_str())
            .execute(&mut *self.inner)
            .await
            .map(drop)
            .map_err(database("voiding challenge codes"))
    }
}
