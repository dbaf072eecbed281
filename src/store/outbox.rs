//! Outgoing mail: bytes, Message-ID and recipient are frozen and sealed in the transaction that decided on them. The
//! rows stay as the register of threads: an answer finds its request by the keyed hash of its token (decision 13).

use super::dialect::{ROWS_MAX, is_kept, parameters, values};
use super::jobs::{GIVEN_UP_WAIT, LEASE, Tick};
use super::{
    AnyRow, Sealer, Store, StoreError, Tx, bytes, database, impossible, micros, number, text, text_if, time,
};
use crate::domain::address::Address;
use crate::domain::ids::{Reference, StaffName};
use crate::domain::notice::{Audience, NoticeKind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;
use std::collections::HashSet;

/// A mail to be queued.
pub struct NewParcel<'a> {
    /// Its row.
    pub id: &'a str,
    /// The request it is about, if any.
    pub reference: Option<&'a Reference>,
    /// Which notice.
    pub notice: NoticeKind,
    /// For whom.
    pub audience: Audience,
    /// The member of staff it is for.
    pub staff: Option<&'a StaffName>,
    /// The plan it asks about.
    pub plan_hash: Option<&'a str>,
    /// Keyed hash of its thread token.
    pub token_hash: &'a str,
    /// Return path; none for `<>`.
    pub envelope_from: Option<&'a Address>,
    /// Recipient.
    pub to: &'a Address,
    /// The whole mail.
    pub bytes: &'a [u8],
    /// SHA-256 of it, hex.
    pub sha256: &'a str,
    /// Not before.
    pub next_at: Timestamp,
    /// Not after.
    pub expires_at: Timestamp,
}

/// A claimed mail.
pub struct OutboxRow {
    /// Its row.
    pub id: String,
    /// The claim.
    pub epoch: i64,
    /// The request it is about.
    pub reference: Option<Reference>,
    /// Which notice.
    pub notice: NoticeKind,
    /// For whom.
    pub audience: Audience,
    /// Tries, this one included.
    pub attempts: u32,
    /// How often its fate was uncertain before.
    pub doubts: u32,
    /// Not after.
    pub expires_at: Timestamp,
    /// Return path; none for `<>`.
    pub envelope_from: Option<Address>,
    /// Recipient.
    pub to: Address,
    /// The whole mail.
    pub bytes: Vec<u8>,
}

/// What became of a claimed mail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Settlement<'a> {
    /// The server has it.
    Accepted(&'a str),
    /// It will never have it.
    Failed(&'a str),
    /// Again later.
    Deferred(&'a str, Timestamp),
    /// Nobody knows; once more, late.
    Uncertain(&'a str, Timestamp),
}

/// What a notice was about, found by its token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Thread {
    /// The request.
    pub reference: Reference,
    /// Which notice.
    pub notice: NoticeKind,
    /// The member of staff it was for.
    pub staff: Option<StaffName>,
    /// The plan it asked about.
    pub plan_hash: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    from: Option<Address>,
    to: Address,
}

impl Tx<'_> {
    /// Queues mails, each with the key that seals it.
    pub async fn insert_parcels(
        &mut self,
        parcels: &[(NewParcel<'_>, &Sealer)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for chunk in parcels.chunks(ROWS_MAX) {
            let sql = format!(
                "INSERT INTO outbox (id, reference, notice, audience, staff, plan_hash, token_hash, to_index, sha256, key_id, \
                 parcel, state, attempts, doubts, next_at, expires_at, epoch, created_at) VALUES {}",
                self.store.engine.rows(chunk.len(), 18)
            );
            let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
            for (parcel, sealer) in chunk {
                query = query
                    .bind(parcel.id)
                    .bind(parcel.reference.map(Reference::as_str))
                    .bind(parcel.notice.as_str())
                    .bind(audience_word(parcel.audience))
                    .bind(parcel.staff.map(StaffName::as_str))
                    .bind(parcel.plan_hash)
                    .bind(parcel.token_hash)
                    .bind(self.store.keyring.index("address", parcel.to.expose()))
                    .bind(parcel.sha256)
                    .bind(&sealer.id)
                    .bind(sealed(parcel, sealer)?)
                    .bind("queued")
                    .bind(0_i64)
                    .bind(0_i64)
                    .bind(micros(parcel.next_at))
                    .bind(micros(parcel.expires_at))
                    .bind(0_i64)
                    .bind(micros(now));
            }
            query.execute(&mut *self.inner).await.map_err(database("queueing mail"))?;
        }
        Ok(())
    }

    /// Takes the mails that are due, customers' first, because anybody can cause mails to staff; and those whose worker is gone. Opening them is `Store::open_parcels`. What this owner
    /// still holds is left from a turn that failed; the wait grows with the tries, so that mails never go out in a loop.
    pub async fn claim_parcels(
        &mut self,
        owner: &str,
        tick: Tick,
        most: i64,
    ) -> Result<Vec<Claim>, StoreError> {
        let sql = format!(
            "UPDATE outbox SET state = 'sending', owner = $1, epoch = epoch + 1, attempts = attempts + 1, lease_until = $2 \
             WHERE id IN (SELECT id FROM outbox WHERE (state IN ('queued', 'uncertain') AND next_at <= $3) \
             OR (state = 'sending' AND lease_until < $5) ORDER BY CASE audience WHEN 'customer' THEN 0 ELSE 1 END, next_at, id LIMIT $4{}) \
             RETURNING id, epoch, reference, notice, audience, attempts, doubts, expires_at, key_id, parcel",
            self.store.engine.skip_locked()
        );
        sqlx::query(
            "UPDATE outbox SET state = 'queued', lease_until = NULL, next_at = $2 + $3 * attempts \
             WHERE owner = $1 AND state = 'sending'",
        )
        .bind(owner)
        .bind(micros(tick.now))
        .bind(i64::try_from(GIVEN_UP_WAIT.as_micros()).unwrap_or(i64::MAX))
        .execute(&mut *self.inner)
        .await
        .map_err(database("giving up mail"))?;
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(owner)
            .bind(micros(tick.server + LEASE))
            .bind(micros(tick.now))
            .bind(most)
            .bind(micros(tick.server))
            .fetch_all(&mut *self.inner)
            .await
            .map_err(database("claiming mail"))?;
        Ok(rows.into_iter().map(Claim).collect())
    }

    /// Writes down what became of claimed mails, the same for all of them. The bytes go once nobody can need them.
    /// Returns the mails whose claim still held: what became of the others is somebody else's to say.
    pub async fn settle_parcels(
        &mut self,
        rows: &[&OutboxRow],
        settlement: &Settlement<'_>,
        now: Timestamp,
    ) -> Result<HashSet<String>, StoreError> {
        const DONE: &str =
            "UPDATE outbox SET state = $1, reply = $2, settled_at = $3, parcel = NULL, lease_until = NULL";
        const AGAIN: &str = "UPDATE outbox SET state = $1, reply = $2, next_at = $3, lease_until = NULL, \
                             doubts = doubts + CASE WHEN $1 = 'uncertain' THEN 1 ELSE 0 END";
        let (sql, state, reply, at) = match *settlement {
            Settlement::Accepted(reply) => (DONE, "accepted", reply, now),
            Settlement::Failed(reply) => (DONE, "failed", reply, now),
            Settlement::Deferred(reply, at) => (AGAIN, "queued", reply, at),
            Settlement::Uncertain(reply, at) => (AGAIN, "uncertain", reply, at),
        };
        let mut held = HashSet::with_capacity(rows.len());
        for chunk in rows.chunks(ROWS_MAX) {
            let sql = format!(
                "{sql} FROM (VALUES {}) AS sent \
                 WHERE id = sent.column1 AND epoch = sent.column2 AND state = 'sending' RETURNING id",
                values(4, chunk.len(), 2)
            );
            let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(chunk.len()));
            query = query.bind(state).bind(reply).bind(micros(at));
            for row in chunk {
                query = query.bind(row.id.as_str()).bind(row.epoch);
            }
            for row in query.fetch_all(&mut *self.inner).await.map_err(database("settling mail"))? {
                held.insert(text(&row, "outbox", "?", "id")?);
            }
        }
        Ok(held)
    }
}

fn sealed(parcel: &NewParcel<'_>, sealer: &Sealer) -> Result<Vec<u8>, StoreError> {
    let envelope = Envelope { from: parcel.envelope_from.cloned(), to: parcel.to.clone() };
    let mut plain =
        serde_json::to_vec(&envelope).map_err(|error| impossible("outbox", "parcel", parcel.id, error))?;
    plain.push(b'\n');
    plain.extend_from_slice(parcel.bytes);
    Ok(sealer.seal("outbox", parcel.id, "parcel", &plain))
}

/// A claimed row, still sealed.
pub struct Claim(AnyRow);

impl Store {
    /// Opens claimed mails, in the order in which they were queued: RETURNING gives them in any.
    pub async fn open_parcels(&self, claims: Vec<Claim>) -> Result<Vec<OutboxRow>, StoreError> {
        let mut rows = Vec::with_capacity(claims.len());
        for Claim(row) in claims {
            rows.push(self.open_parcel(&row).await?);
        }
        rows.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(rows)
    }

    async fn open_parcel(&self, row: &AnyRow) -> Result<OutboxRow, StoreError> {
        let id = text(row, "outbox", "?", "id")?;
        let sealer = self.sealer(&text(row, "outbox", &id, "key_id")?).await?;
        let plain = sealer.open("outbox", &id, "parcel", &bytes(row, "outbox", &id, "parcel")?)?;
        let split = plain.iter().position(|&byte| byte == b'\n').unwrap_or(plain.len());
        let (head, rest) = plain.split_at(split);
        let envelope: Envelope =
            serde_json::from_slice(head).map_err(|error| impossible("outbox", "parcel", &id, error))?;
        Ok(OutboxRow {
            epoch: number(row, "outbox", &id, "epoch")?,
            reference: text_if(row, "outbox", &id, "reference")?.as_deref().and_then(Reference::parse),
            notice: notice(row, &id)?,
            audience: match text(row, "outbox", &id, "audience")?.as_str() {
                "customer" => Audience::Customer,
                _ => Audience::Staff,
            },
            attempts: u32::try_from(number(row, "outbox", &id, "attempts")?).unwrap_or(u32::MAX),
            doubts: u32::try_from(number(row, "outbox", &id, "doubts")?).unwrap_or(u32::MAX),
            expires_at: time(row, "outbox", &id, "expires_at")?,
            envelope_from: envelope.from,
            to: envelope.to,
            bytes: rest.get(1..).unwrap_or_default().to_vec(),
            id,
        })
    }

    /// The threads behind these token hashes; unknown ones are left out.
    pub async fn threads(&self, token_hashes: &[String]) -> Result<Vec<(String, Thread)>, StoreError> {
        if token_hashes.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT token_hash, reference, notice, staff, plan_hash FROM outbox \
             WHERE reference IS NOT NULL AND token_hash IN ({})",
            parameters(1, token_hashes.len())
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for hash in token_hashes {
            query = query.bind(hash.as_str());
        }
        let rows = query.fetch_all(&self.pool).await.map_err(database("finding a thread"))?;
        rows.iter()
            .map(|row| {
                let hash = text(row, "outbox", "?", "token_hash")?;
                let reference = text(row, "outbox", &hash, "reference")?;
                Ok((
                    hash.clone(),
                    Thread {
                        reference: Reference::parse(&reference)
                            .ok_or_else(|| impossible("outbox", "reference", &hash, "not a reference"))?,
                        notice: notice(row, &hash)?,
                        staff: text_if(row, "outbox", &hash, "staff")?.as_deref().and_then(StaffName::parse),
                        plan_hash: text_if(row, "outbox", &hash, "plan_hash")?,
                    },
                ))
            })
            .collect()
    }

    /// Requests whose completion notice was accepted by then and that do not know it: a crash came between the two commits.
    pub async fn accepted_but_delivering(
        &self,
        by: Timestamp,
    ) -> Result<Vec<(Reference, NoticeKind)>, StoreError> {
        sqlx::query(
            "SELECT DISTINCT requests.reference AS reference, outbox.notice AS notice FROM requests \
             JOIN outbox ON outbox.reference = requests.reference \
             WHERE requests.stage = 'delivering' AND outbox.state = 'accepted' AND outbox.settled_at <= $1 \
             AND outbox.notice IN ('completed-export', 'completed-delete')",
        )
        .bind(micros(by))
        .fetch_all(&self.pool)
        .await
        .map_err(database("finding delivered requests"))?
        .iter()
        .map(|row| {
            let id = text(row, "requests", "?", "reference")?;
            let notice = NoticeKind::parse(&text(row, "outbox", &id, "notice")?)
                .ok_or_else(|| impossible("outbox", "notice", &id, "not a notice"))?;
            let reference = Reference::parse(&id);
            let reference =
                reference.ok_or_else(|| impossible("requests", "reference", &id, "not a reference"))?;
            Ok((reference, notice))
        })
        .collect()
    }

    /// When the next mail is due; none when nothing waits.
    pub async fn next_parcel_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let row =
            sqlx::query("SELECT MIN(next_at) AS next_at FROM outbox WHERE state IN ('queued', 'uncertain')")
                .fetch_one(&self.pool)
                .await
                .map_err(database("reading the outbox"))?;
        super::time_if(&row, "outbox", "?", "next_at")
    }

    /// How many mails wait, and since when the oldest does.
    pub async fn outbox_backlog(&self) -> Result<(i64, Option<Timestamp>), StoreError> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS many, MIN(created_at) AS oldest FROM outbox WHERE state NOT IN ('accepted', 'failed')",
        )
        .fetch_one(&self.pool)
        .await
        .map_err(database("reading the outbox"))?;
        Ok((number(&row, "outbox", "?", "many")?, super::time_if(&row, "outbox", "?", "oldest")?))
    }

    /// When acknowledgements and clarifications were queued since `since`, with the hash of their recipient: what the
    /// caps of standard M9 count after a restart.
    pub async fn answers_since(&self, since: Timestamp) -> Result<Vec<(String, Timestamp)>, StoreError> {
        sqlx::query(
            "SELECT to_index, created_at FROM outbox WHERE created_at >= $1 \
             AND notice IN ('acknowledgement', 'clarification') ORDER BY created_at",
        )
        .bind(micros(since))
        .fetch_all(&self.pool)
        .await
        .map_err(database("reading recent answers"))?
        .iter()
        .map(|row| Ok((text(row, "outbox", "?", "to_index")?, time(row, "outbox", "?", "created_at")?)))
        .collect()
    }
}

fn notice(row: &AnyRow, id: &str) -> Result<NoticeKind, StoreError> {
    let word = text(row, "outbox", id, "notice")?;
    NoticeKind::parse(&word).ok_or_else(|| impossible("outbox", "notice", id, "not a notice"))
}

const fn audience_word(audience: Audience) -> &'static str {
    match audience {
        Audience::Customer => "customer",
        Audience::Staff => "staff",
    }
}
