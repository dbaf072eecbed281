//! Accounts for which nothing is done for a time, because their owner disowned a request (standard S13). The account is kept
//! as a keyed hash. What follows for requests is `domain/transition/freeze.rs`.

use super::{Store, StoreError, Tx, database, impossible, micros, text, time, time_if};
use crate::domain::ids::Reference;
use jiff::Timestamp;

impl Store {
    /// Until when an account is frozen, if it ever was.
    pub async fn frozen_until(&self, account: &str) -> Result<Option<Timestamp>, StoreError> {
        let row = sqlx::query("SELECT MAX(until) AS until FROM freezes WHERE account_index = $1")
            .bind(self.keyring.index("account", account))
            .fetch_one(&self.pool)
            .await
            .map_err(database("looking for a freeze"))?;
        time_if(&row, "freezes", "?", "until")
    }

    /// Freezes that the other requests of their account have not heard of yet: the request that began each, and its end.
    pub async fn fresh_freezes(&self) -> Result<Vec<(Reference, Timestamp)>, StoreError> {
        sqlx::query("SELECT reference, until FROM freezes WHERE spread = 0 ORDER BY reference")
            .fetch_all(&self.pool)
            .await
            .map_err(database("looking for fresh freezes"))?
            .iter()
            .map(|row| {
                let id = text(row, "freezes", "?", "reference")?;
                let reference = Reference::parse(&id)
                    .ok_or_else(|| impossible("freezes", "reference", &id, "not a reference"))?;
                Ok((reference, time(row, "freezes", &id, "until")?))
            })
            .collect()
    }
}

impl Tx<'_> {
    /// Freezes an account because of this request; a request does it once.
    pub async fn freeze(
        &mut self,
        reference: &Reference,
        account: &str,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO freezes (reference, account_index, until, spread) VALUES ($1, $2, $3, 0)")
            .bind(reference.as_str())
            .bind(self.store.keyring.index("account", account))
            .bind(micros(until))
            .execute(&mut *self.inner)
            .await
            .map(drop)
            .map_err(database("freezing an account"))
    }

    /// The other requests of the account have heard of it.
    pub async fn set_spread(&mut self, reference: &Reference) -> Result<(), StoreError> {
        sqlx::query("UPDATE freezes SET spread = 1 WHERE reference = $1")
            .bind(reference.as_str())
            .execute(&mut *self.inner)
            .await
            .map(drop)
            .map_err(database("marking a freeze as told"))
    }
}
