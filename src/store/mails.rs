//! Inbound mail: the raw bytes are committed before anything else happens to a mail, and deduplicated by content.
//! Mail that is not ours keeps its identity, hash, class and reason only (decision 9).

use super::dialect::{ROWS_MAX, is_kept, parameters};
use super::{AnyRow, Sealer, Store, StoreError, Tx, bytes, database, micros, text, time};
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Row};
use std::collections::HashSet;

/// Names looked up in one statement.
const LOOKUP_MAX: usize = 500;

/// Where the daemon stands in a mailbox.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The adapter's own cursor.
    pub cursor: String,
    /// Mail older than this is listed to staff, never answered (decision 8).
    pub since: Timestamp,
    /// Whether that list has gone out.
    pub listed: bool,
}

/// A stored mail that waits to be read.
pub struct MailRow {
    /// Its row.
    pub id: String,
    /// The `[mailbox.NAME]`.
    pub mailbox: String,
    /// Its name in the mailbox.
    pub mail_id: String,
    /// When the server took it.
    pub received_at: Timestamp,
    /// SHA-256 of the bytes, hex.
    pub sha256: String,
    /// Its data key, which a request inherits.
    pub sealer: Sealer,
    /// The bytes.
    pub raw: Vec<u8>,
    /// How often reading it was begun.
    pub attempts: i64,
    /// How often it has waited because DNS could not tell about its sender.
    pub judged: i64,
}

/// A stored mail that is read again later.
pub struct Postponed {
    /// Its row.
    pub id: String,
    /// When.
    pub until: Timestamp,
}

/// What became of a mail.
pub struct Settled<'a> {
    /// Its row.
    pub id: &'a str,
    /// `done`, `listed` or `quarantined`.
    pub state: &'static str,
    /// Its class.
    pub class: &'a str,
    /// Why that class.
    pub reason: &'a str,
    /// The request it belongs to.
    pub reference: Option<&'a str>,
    /// Identity of the content beyond trace headers (decision 10).
    pub fingerprint: Option<&'a str>,
    /// Whether the raw bytes are kept.
    pub keep_raw: Keep,
}

/// What is counted of reading a mail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Attempt {
    /// It begins now.
    Begins,
    /// It ended, if only with an error: it did not kill the process.
    Ended,
}

/// Whether raw bytes are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// Requests, commands, bounces and quarantine.
    Raw,
    /// Other people's mail.
    Nothing,
}

impl Store {
    /// Where we stand in a mailbox; none before the first start.
    pub async fn place(&self, mailbox: &str) -> Result<Option<Place>, StoreError> {
        let row = sqlx::query("SELECT cursor_text, since, listed_at FROM mailboxes WHERE name = $1")
            .bind(mailbox)
            .fetch_optional(&self.pool)
            .await
            .map_err(database("reading the place in a mailbox"))?;
        row.map(|row| {
            let listed: Option<i64> =
                row.try_get("listed_at").map_err(database("reading the place in a mailbox"))?;
            Ok(Place {
                cursor: text(&row, "mailboxes", mailbox, "cursor_text")?,
                since: time(&row, "mailboxes", mailbox, "since")?,
                listed: listed.is_some(),
            })
        })
        .transpose()
    }

    /// Which of these mails of a mailbox are stored already.
    pub async fn known_mails(
        &self,
        mailbox: &str,
        mail_ids: &[String],
    ) -> Result<HashSet<String>, StoreError> {
        let mut known = HashSet::new();
        for chunk in mail_ids.chunks(LOOKUP_MAX) {
            let sql = format!(
                "SELECT mail_id FROM mails WHERE mailbox = $1 AND mail_id IN ({})",
                parameters(2, chunk.len())
            );
            let mut query = sqlx::query(AssertSqlSafe(sql)).bind(mailbox);
            for mail_id in chunk {
                query = query.bind(mail_id.as_str());
            }
            for row in query.fetch_all(&self.pool).await.map_err(database("looking up known mail"))? {
                known.insert(text(&row, "mails", "?", "mail_id")?);
            }
        }
        Ok(known)
    }

    /// Mails that were stored and not read yet and do not wait for DNS, oldest first.
    pub async fn waiting_mails(
        &self,
        mailbox: &str,
        most: i64,
        now: Timestamp,
    ) -> Result<Vec<MailRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, mail_id, received_at, sha256, key_id, raw, attempts, judged FROM mails \
             WHERE state = 'stored' AND mailbox = $1 AND (judge_at IS NULL OR judge_at <= $3) \
             ORDER BY stored_at, id LIMIT $2",
        )
        .bind(mailbox)
        .bind(most)
        .bind(micros(now))
        .fetch_all(&self.pool)
        .await
        .map_err(database("reading waiting mail"))?;
        self.mail_rows(mailbox, &rows).await
    }

    /// When the first mail of a mailbox that waits for DNS is to be read again.
    pub async fn next_judging(&self, mailbox: &str) -> Result<Option<Timestamp>, StoreError> {
        let row = sqlx::query(
            "SELECT judge_at FROM mails WHERE state = 'stored' AND mailbox = $1 AND judge_at IS NOT NULL \
             ORDER BY judge_at LIMIT 1",
        )
        .bind(mailbox)
        .fetch_optional(&self.pool)
        .await
        .map_err(database("looking for mail that waits for DNS"))?;
        row.map(|row| time(&row, "mails", "?", "judge_at")).transpose()
    }

    async fn mail_row(&self, mailbox: &str, row: &AnyRow) -> Result<MailRow, StoreError> {
        let id = text(row, "mails", "?", "id")?;
        let sealer = self.sealer(&text(row, "mails", &id, "key_id")?).await?;
        Ok(MailRow {
            mailbox: mailbox.to_owned(),
            mail_id: text(row, "mails", &id, "mail_id")?,
            received_at: time(row, "mails", &id, "received_at")?,
            sha256: text(row, "mails", &id, "sha256")?,
            raw: sealer.open("mails", &id, "raw", &bytes(row, "mails", &id, "raw")?)?,
            attempts: super::number(row, "mails", &id, "attempts")?,
            judged: super::number(row, "mails", &id, "judged")?,
            sealer,
            id,
        })
    }

    /// Which of these contents (SHA-256 or fingerprint) have been read before, under another name.
    pub async fn seen_contents(
        &self,
        column: Content,
        values: &[String],
    ) -> Result<HashSet<String>, StoreError> {
        let mut seen = HashSet::new();
        for chunk in values.chunks(LOOKUP_MAX) {
            let column = column.as_str();
            let sql = format!(
                "SELECT DISTINCT {column} AS value FROM mails WHERE state <> 'stored' AND {column} IN ({})",
                parameters(1, chunk.len())
            );
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for value in chunk {
                query = query.bind(value.as_str());
            }
            for row in query.fetch_all(&self.pool).await.map_err(database("looking up seen mail"))? {
                seen.insert(text(&row, "mails", "?", "value")?);
            }
        }
        Ok(seen)
    }

    /// How many mails of a mailbox were listed instead of answered.
    pub async fn listed_mails(&self, mailbox: &str) -> Result<u64, StoreError> {
        let row = sqlx::query("SELECT COUNT(*) AS many FROM mails WHERE mailbox = $1 AND state = 'listed'")
            .bind(mailbox)
            .fetch_one(&self.pool)
            .await
            .map_err(database("counting listed mail"))?;
        Ok(u64::try_from(super::number(&row, "mails", "?", "many")?).unwrap_or(0))
    }

    /// The newest of them.
    pub async fn newest_listed_mails(&self, mailbox: &str, most: i64) -> Result<Vec<MailRow>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, mail_id, received_at, sha256, key_id, raw, attempts, judged FROM mails \
             WHERE state = 'listed' AND mailbox = $1 ORDER BY received_at DESC, id LIMIT $2",
        )
        .bind(mailbox)
        .bind(most)
        .fetch_all(&self.pool)
        .await
        .map_err(database("reading listed mail"))?;
        self.mail_rows(mailbox, &rows).await
    }

    async fn mail_rows(&self, mailbox: &str, rows: &[AnyRow]) -> Result<Vec<MailRow>, StoreError> {
        let mut mails = Vec::with_capacity(rows.len());
        for row in rows {
            mails.push(self.mail_row(mailbox, row).await?);
        }
        Ok(mails)
    }
}

/// What identifies a content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Content {
    /// The raw bytes: identity of storage.
    Sha256,
    /// From, Date, Subject and body: the same mail in two mailboxes differs in trace headers.
    Fingerprint,
}

impl Content {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Fingerprint => "fingerprint",
        }
    }
}

impl Tx<'_> {
    /// Remembers where we stand; the first call fixes `since`.
    pub async fn set_place(
        &mut self,
        mailbox: &str,
        cursor: &str,
        since: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO mailboxes (name, cursor_text, since) VALUES ($1, $2, $3) \
             ON CONFLICT (name) DO UPDATE SET cursor_text = $2",
        )
        .bind(mailbox)
        .bind(cursor)
        .bind(micros(since))
        .execute(&mut *self.inner)
        .await
        .map(drop)
        .map_err(database("remembering the place in a mailbox"))
    }

    /// Remembers that staff got the list of old mail.
    pub async fn set_listed(&mut self, mailbox: &str, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE mailboxes SET listed_at = $2 WHERE name = $1")
            .bind(mailbox)
            .bind(micros(now))
            .execute(&mut *self.inner)
            .await
            .map(drop)
            .map_err(database("remembering the list of old mail"))
    }

    /// Stores the bytes of mails; a name that is known already stores nothing.
    pub async fn insert_mails(&mut self, mails: &[NewMail<'_>], now: Timestamp) -> Result<(), StoreError> {
        for chunk in mails.chunks(ROWS_MAX) {
            let ids: Vec<&str> = chunk.iter().map(|mail| mail.id).collect();
            let sealers = self.new_sealers(&ids, now).await?;
            let sql = format!(
                "INSERT INTO mails (id, mailbox, mail_id, received_at, stored_at, sha256, state, attempts, key_id, raw) \
                 VALUES {} ON CONFLICT (mailbox, mail_id) DO NOTHING",
                self.store.engine.rows(chunk.len(), 10)
            );
            let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
            for (mail, sealer) in chunk.iter().zip(&sealers) {
                query = query
                    .bind(mail.id)
                    .bind(mail.mailbox)
                    .bind(mail.mail_id)
                    .bind(micros(mail.received_at))
                    .bind(micros(now))
                    .bind(mail.sha256)
                    .bind("stored")
                    .bind(1_i64)
                    .bind(&sealer.id)
                    .bind(sealer.seal("mails", mail.id, "raw", mail.raw));
            }
            let done = query.execute(&mut *self.inner).await.map_err(database("storing mail"))?;
            if done.rows_affected() < chunk.len() as u64 {
                self.shred_unused(&ids).await?;
            }
        }
        Ok(())
    }

    /// A name that was known already stored nothing, so its fresh key seals nothing.
    async fn shred_unused(&mut self, ids: &[&str]) -> Result<(), StoreError> {
        let list = parameters(1, ids.len());
        let sql = format!(
            "DELETE FROM data_keys WHERE id IN ({list}) AND id NOT IN (SELECT id FROM mails WHERE id IN ({list}))"
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for id in ids {
            query = query.bind(*id);
        }
        query.execute(&mut *self.inner).await.map(drop).map_err(database("shredding keys that seal nothing"))
    }

    /// Stores what is known of a mail whose body was not fetched because it is too large.
    pub async fn insert_unfetched(
        &mut self,
        mail: NewMail<'_>,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sealer = self.new_sealer(mail.id, now).await?;
        let done = sqlx::query(
            "INSERT INTO mails (id, mailbox, mail_id, received_at, stored_at, sha256, state, attempts, class, reason, key_id, raw) \
             VALUES ($1, $2, $3, $4, $5, $6, 'quarantined', 0, 'quarantine', $7, $8, $9) \
             ON CONFLICT (mailbox, mail_id) DO NOTHING",
        )
        .bind(mail.id)
        .bind(mail.mailbox)
        .bind(mail.mail_id)
        .bind(micros(mail.received_at))
        .bind(micros(now))
        .bind(mail.sha256)
        .bind(reason)
        .bind(&sealer.id)
        .bind(sealer.seal("mails", mail.id, "raw", mail.raw))
        .execute(&mut *self.inner)
        .await
        .map_err(database("storing a mail that is too large"))?;
        if done.rows_affected() == 0 { self.shred(&[mail.id]).await } else { Ok(()) }
    }

    /// Destroys data keys, and with them everything that they sealed.
    pub(super) async fn shred(&mut self, key_ids: &[&str]) -> Result<(), StoreError> {
        let sql = format!("DELETE FROM data_keys WHERE id IN ({})", parameters(1, key_ids.len()));
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(key_ids.len()));
        for key_id in key_ids {
            query = query.bind(*key_id);
        }
        query.execute(&mut *self.inner).await.map(drop).map_err(database("shredding data keys"))
    }

    /// Counts that reading these mails begins, before it does: a mail that kills the process is then known (R18). Taken back
    /// when the reading ended, in whatever way.
    pub async fn count_attempt(&mut self, ids: &[String], attempt: Attempt) -> Result<(), StoreError> {
        let by: i64 = match attempt {
            Attempt::Begins => 1,
            Attempt::Ended => -1,
        };
        for chunk in ids.chunks(LOOKUP_MAX) {
            let sql = format!(
                "UPDATE mails SET attempts = attempts + $1 WHERE id IN ({})",
                parameters(2, chunk.len())
            );
            let mut query = sqlx::query(AssertSqlSafe(sql)).bind(by);
            for id in chunk {
                query = query.bind(id.as_str());
            }
            query.execute(&mut *self.inner).await.map_err(database("counting an attempt"))?;
        }
        Ok(())
    }

    /// Has mails read again later. Their reading ended, so no attempt is counted.
    pub async fn postpone_mails(&mut self, mails: &[Postponed]) -> Result<(), StoreError> {
        for mail in mails {
            sqlx::query("UPDATE mails SET judge_at = $2, judged = judged + 1, attempts = 1 WHERE id = $1")
                .bind(mail.id.as_str())
                .bind(micros(mail.until))
                .execute(&mut *self.inner)
                .await
                .map_err(database("putting a mail off"))?;
        }
        Ok(())
    }

    /// Marks mails that an earlier process stored and did not finish: they are read one by one from now on.
    pub async fn mark_leftover_mails(&mut self) -> Result<(), StoreError> {
        sqlx::query("UPDATE mails SET attempts = 2 WHERE state = 'stored' AND attempts = 1")
            .execute(&mut *self.inner)
            .await
            .map(drop)
            .map_err(database("marking mail that was left unread"))
    }

    /// Closes the rows of mails, one statement for many of them.
    pub async fn settle_mails(&mut self, mails: &[Settled<'_>]) -> Result<(), StoreError> {
        const KEPT: &str = "";
        const FORGOTTEN: &str = ", raw = NULL, key_id = NULL";
        let (kept, forgotten): (Vec<_>, Vec<_>) = mails.iter().partition(|mail| mail.keep_raw == Keep::Raw);
        for (mails, bytes) in [(kept, KEPT), (forgotten, FORGOTTEN)] {
            for chunk in mails.chunks(ROWS_MAX) {
                self.settle_alike(chunk, bytes).await?;
                if bytes == FORGOTTEN {
                    self.shred(&chunk.iter().map(|mail| mail.id).collect::<Vec<_>>()).await?;
                }
            }
        }
        Ok(())
    }

    async fn settle_alike(&mut self, mails: &[&Settled<'_>], bytes: &str) -> Result<(), StoreError> {
        // Both engines name the columns of a VALUES list column1, column2, and so on.
        let sql = format!(
            "UPDATE mails SET state = told.column2, class = told.column3, reason = told.column4, \
             reference = told.column5, fingerprint = told.column6{bytes} \
             FROM (VALUES {}) AS told WHERE mails.id = told.column1",
            self.store.engine.rows(mails.len(), 6)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(mails.len()));
        for mail in mails {
            query = query
                .bind(mail.id)
                .bind(mail.state)
                .bind(mail.class)
                .bind(mail.reason)
                .bind(mail.reference)
                .bind(mail.fingerprint);
        }
        query.execute(&mut *self.inner).await.map(drop).map_err(database("settling mail"))
    }
}

/// A mail as it came from the server.
pub struct NewMail<'a> {
    /// Drawn for it.
    pub id: &'a str,
    /// The `[mailbox.NAME]`.
    pub mailbox: &'a str,
    /// Its name there.
    pub mail_id: &'a str,
    /// When the server took it.
    pub received_at: Timestamp,
    /// SHA-256 of the bytes, hex.
    pub sha256: &'a str,
    /// The bytes.
    pub raw: &'a [u8],
}
