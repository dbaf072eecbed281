//! Frozen plans with their keys, and the passphrases of packages: both sealed with the request's key.

use super::{Sealer, Store, StoreError, Tx, bytes, database, impossible, micros, text};
use crate::domain::ids::Reference;
use crate::domain::plan::Plan;
use jiff::Timestamp;
use sqlx::Row;

impl Store {
    /// The plan of a request with this hash, keys and all.
    pub async fn plan(&self, reference: &Reference, hash: &str) -> Result<Option<Plan>, StoreError> {
        let id = reference.as_str();
        let row = sqlx::query("SELECT key_id, body FROM plans WHERE reference = $1 AND hash = $2")
            .bind(id)
            .bind(hash)
            .fetch_optional(&self.pool)
            .await
            .map_err(database("reading a plan"))?;
        let Some(row) = row else { return Ok(None) };
        let sealer = self.sealer(&text(&row, "plans", id, "key_id")?).await?;
        let body = sealer.open("plans", id, "body", &bytes(&row, "plans", id, "body")?)?;
        serde_json::from_slice(&body).map(Some).map_err(|error| impossible("plans", "body", id, error))
    }

    /// The passphrase of a request's package; none when it has been sent and forgotten.
    pub async fn passphrase(&self, reference: &Reference) -> Result<Option<String>, StoreError> {
        let id = reference.as_str();
        let row = sqlx::query("SELECT key_id, passphrase FROM packages WHERE reference = $1")
            .bind(id)
            .fetch_optional(&self.pool)
            .await
            .map_err(database("reading a passphrase"))?;
        let Some(row) = row else { return Ok(None) };
        let sealed: Option<Vec<u8>> =
            row.try_get("passphrase").map_err(|error| impossible("packages", "passphrase", id, error))?;
        let Some(sealed) = sealed else { return Ok(None) };
        let sealer = self.sealer(&text(&row, "packages", id, "key_id")?).await?;
        let plain = sealer.open("packages", id, "passphrase", &sealed)?;
        String::from_utf8(plain).map(Some).map_err(|error| impossible("packages", "passphrase", id, error))
    }
}

impl Tx<'_> {
    /// Stores a frozen plan.
    pub async fn insert_plan(
        &mut self,
        plan: &Plan,
        sealer: &Sealer,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let id = plan.reference.as_str();
        let body = serde_json::to_vec(plan).map_err(|error| impossible("plans", "body", id, error))?;
        sqlx::query(
            "INSERT INTO plans (reference, hash, frozen_at, key_id, body) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (reference, hash) DO NOTHING",
        )
        .bind(id)
        .bind(plan.hash())
        .bind(micros(now))
        .bind(&sealer.id)
        .bind(sealer.seal("plans", id, "body", &body))
        .execute(&mut *self.inner)
        .await
        .map(drop)
        .map_err(database("storing a plan"))
    }

    /// Stores the passphrase before the package is written; the first one stays, so that a repeated job uses it again.
    pub async fn insert_passphrase(
        &mut self,
        reference: &Reference,
        passphrase: &str,
        sealer: &Sealer,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let id = reference.as_str();
        sqlx::query(
            "INSERT INTO packages (reference, key_id, passphrase, created_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (reference) DO NOTHING",
        )
        .bind(id)
        .bind(&sealer.id)
        .bind(sealer.seal("packages", id, "passphrase", passphrase.as_bytes()))
        .bind(micros(now))
        .execute(&mut *self.inner)
        .await
        .map(drop)
        .map_err(database("storing a passphrase"))
    }

    /// Forgets a passphrase once its mail was accepted.
    pub async fn forget_passphrase(&mut self, reference: &Reference) -> Result<(), StoreError> {
        sqlx::query("UPDATE packages SET passphrase = NULL WHERE reference = $1")
            .bind(reference.as_str())
            .execute(&mut *self.inner)
            .await
            .map(drop)
            .map_err(database("forgetting a passphrase"))
    }
}
