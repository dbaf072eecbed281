//! Mail that was set aside: listed, looked at, read once more, or thrown away by hand (invariant 10). It leaves the quarantine
//! by these doors only. `mails.rs` holds the others.

use super::{AnyRow, Store, StoreError, Tx, bytes, database, text, text_if, time};
use jiff::Timestamp;

/// A mail that was set aside.
pub struct SetAside {
    /// Its row.
    pub id: String,
    /// The `[mailbox.NAME]`.
    pub mailbox: String,
    /// When the server took it.
    pub received_at: Timestamp,
    /// Why it was set aside.
    pub reason: String,
    /// The bytes; the header alone where the mail was too large.
    pub raw: Vec<u8>,
}

const SELECT: &str =
    "SELECT id, mailbox, received_at, reason, key_id, raw FROM mails WHERE state = 'quarantined'";

impl Store {
    /// What lies in quarantine, oldest first.
    pub async fn quarantine(&self, most: i64) -> Result<Vec<SetAside>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("{SELECT} ORDER BY received_at, id LIMIT $1"));
        let rows = sqlx::query(sql).bind(most).fetch_all(&self.pool).await;
        let mut aside = Vec::new();
        for row in rows.map_err(database("reading the quarantine"))? {
            aside.push(self.set_aside_row(&row).await?);
        }
        Ok(aside)
    }

    /// One mail in quarantine.
    pub async fn quarantined(&self, id: &str) -> Result<Option<SetAside>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("{SELECT} AND id = $1"));
        let row = sqlx::query(sql).bind(id).fetch_optional(&self.pool).await;
        match row.map_err(database("reading the quarantine"))? {
            Some(row) => self.set_aside_row(&row).await.map(Some),
            None => Ok(None),
        }
    }

    async fn set_aside_row(&self, row: &AnyRow) -> Result<SetAside, StoreError> {
        let id = text(row, "mails", "?", "id")?;
        let raw = match text_if(row, "mails", &id, "key_id")? {
            None => Vec::new(),
            Some(key) => {
                let sealer = self.sealer(&key).await?;
                sealer.open("mails", &id, "raw", &bytes(row, "mails", &id, "raw")?)?
            }
        };
        Ok(SetAside {
            mailbox: text(row, "mails", &id, "mailbox")?,
            received_at: time(row, "mails", &id, "received_at")?,
            reason: text_if(row, "mails", &id, "reason")?.unwrap_or_default(),
            raw,
            id,
        })
    }
}

impl Tx<'_> {
    /// Has a mail read once more, as if it had just come. Returns how many rows it was.
    pub async fn requeue_mail(&mut self, id: &str) -> Result<u64, StoreError> {
        let done = sqlx::query(
            "UPDATE mails SET state = 'stored', attempts = 0, judge_at = NULL, judged = 0, class = NULL, reason = NULL, \
             fingerprint = NULL WHERE id = $1 AND state = 'quarantined' AND raw IS NOT NULL",
        );
        let done = done.bind(id).execute(&mut *self.inner).await.map_err(database("requeueing a mail"))?;
        Ok(done.rows_affected())
    }

    /// Forgets what a mail in quarantine said; its identity stays. Returns how many rows it was.
    pub async fn discard_mail(&mut self, id: &str) -> Result<u64, StoreError> {
        let done = sqlx::query(
            "UPDATE mails SET state = 'done', raw = NULL, key_id = NULL WHERE id = $1 AND state = 'quarantined'",
        );
        let done = done.bind(id).execute(&mut *self.inner).await.map_err(database("discarding a mail"))?;
        if done.rows_affected() == 1 {
            self.shred(&[id]).await?;
        }
        Ok(done.rows_affected())
    }
}
