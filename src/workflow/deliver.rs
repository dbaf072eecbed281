//! The outbox: claims mails that are due, hands them to a courier, and writes down what became of each. An accepted
//! completion notice closes its request; a refused one goes to staff. Retries are rows with a later time, never loops.

use super::{Failure, Incident, Workflow};
use crate::domain::audit::{Action, Actor, Entry};
use crate::domain::event::{Event, Fate};
use crate::domain::notice::NoticeKind;
use crate::outbox::{Courier, Delivery, Parcel};
use crate::store::{OutboxRow, Room, Settlement};
use jiff::{SignedDuration, Timestamp};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// Mails claimed at once.
const BATCH_MAX: i64 = 100;
/// Mails sent before what became of them is written down, which is done while as many others are being sent: no crash
/// repeats more than twice these.
const GROUP_MAILS: usize = 12;
/// The first wait after a 4xx; it doubles from there.
const RETRY_FIRST: SignedDuration = SignedDuration::from_mins(1);
/// The longest wait between two tries.
const RETRY_LAST: SignedDuration = SignedDuration::from_hours(4);
/// An uncertain delivery is tried once more after this long (decision 24).
const DOUBT_WAIT: SignedDuration = SignedDuration::from_hours(4);

impl Workflow {
    /// Sends what is due, at most `most`. Returns how many mails were tried.
    pub async fn send_due(
        &self,
        courier: &mut dyn Courier,
        owner: &str,
        most: u32,
    ) -> Result<usize, Failure> {
        if most == 0 {
            return Ok(0);
        }
        let tick = self.tick().await?;
        let mut tx = self.store.begin().await?;
        let claims = tx.claim_parcels(owner, tick, BATCH_MAX.min(i64::from(most))).await?;
        if !claims.is_empty() {
            fault!("outbox.claim.before");
        }
        tx.commit().await?;
        if claims.is_empty() {
            return Ok(0);
        }
        fault!("outbox.claim.after");
        let rows = self.store.open_parcels(claims).await?;
        let parcels: Vec<Parcel> = rows
            .iter()
            .map(|row| Parcel {
                id: row.id.clone(),
                envelope_from: row.envelope_from.clone(),
                to: row.to.clone(),
                bytes: row.bytes.as_slice().into(),
            })
            .collect();
        let mut sent: (&[OutboxRow], HashMap<String, Delivery>) = (&[], HashMap::new());
        for (rows, parcels) in rows.chunks(GROUP_MAILS).zip(parcels.chunks(GROUP_MAILS)) {
            let wanted = match self.still_wanted(rows, parcels).await {
                Ok(wanted) => wanted,
                Err(failure) => {
                    self.write_down(sent.0, &sent.1).await?;
                    return Err(failure);
                }
            };
            let (results, settled) = tokio::join!(courier.send(&wanted), self.write_down(sent.0, &sent.1));
            sent = (rows, results.into_iter().collect());
            if settled.is_err() || self.store.room() == Room::Full {
                // What has just been sent is written down all the same, if it can be. The others keep their claim, and go
                // back to the queue with the next one.
                self.write_down(sent.0, &sent.1).await?;
                return settled.map(|()| parcels.len());
            }
        }
        self.write_down(sent.0, &sent.1).await?;
        Ok(rows.len())
    }

    /// Leaves out what was held back since it was claimed.
    async fn still_wanted<'p>(
        &self,
        rows: &[OutboxRow],
        parcels: &'p [Parcel],
    ) -> Result<Cow<'p, [Parcel]>, Failure> {
        let discloses =
            |row: &OutboxRow| matches!(row.notice, NoticeKind::CompletedExport | NoticeKind::Passphrase);
        if !rows.iter().any(discloses) {
            return Ok(Cow::Borrowed(parcels));
        }
        let claimed = self.store.still_claimed(rows).await?;
        Ok(parcels.iter().filter(|parcel| claimed.contains(&parcel.id)).cloned().collect())
    }

    /// Settles, and once more where the disk was full: the reserve is free then, and what has left must be written down, or
    /// it leaves again.
    async fn write_down(
        &self,
        rows: &[OutboxRow],
        results: &HashMap<String, Delivery>,
    ) -> Result<(), Failure> {
        match self.settle(rows, results).await {
            Err(failure) if failure.is_disk_full() => {
                self.heed(&failure);
                self.settle(rows, results).await
            }
            settled => settled,
        }
    }

    async fn settle(&self, rows: &[OutboxRow], results: &HashMap<String, Delivery>) -> Result<(), Failure> {
        if rows.is_empty() {
            return Ok(());
        }
        let now = self.env.now();
        let lost = Delivery::Deferred { reply: "the courier gave no answer".into() };
        let settlements: Vec<(&OutboxRow, Settlement<'_>)> = rows
            .iter()
            .map(|row| (row, settlement(row, results.get(&row.id).unwrap_or(&lost), now)))
            .collect();
        let (mut incidents, mut entries) = (Vec::new(), Vec::new());
        let mut tx = self.store.begin().await?;
        // As a rule all of them were accepted with the same words: one statement says so.
        for alike in settlements.chunk_by(|(_, one), (_, next)| one == next) {
            let Some((_, settlement)) = alike.first() else { continue };
            let together: Vec<&OutboxRow> = alike.iter().map(|(row, _)| *row).collect();
            let held = tx.settle_parcels(&together, settlement, now).await?;
            for row in together {
                if !held.contains(&row.id) {
                    tracing::warn!(mail = row.id, "lost the lease on a mail while it was being sent");
                    // It changes nothing any more, but what a server took has left: the log says so.
                    if matches!(settlement, Settlement::Accepted(_)) {
                        entries.extend(audit(row, settlement, now, Some("claim-lost")));
                    }
                    continue;
                }
                entries.extend(audit(row, settlement, now, None));
                if let (NoticeKind::Passphrase, Settlement::Accepted(_), Some(reference)) =
                    (row.notice, settlement, &row.reference)
                {
                    tx.forget_passphrase(reference).await?;
                }
                incidents.extend(incident(row, settlement));
            }
        }
        tx.append_audit(&entries).await?;
        fault!("outbox.settle.before");
        tx.commit().await?;
        fault!("outbox.settle.after");
        // The mails are settled by now, whatever follows; what a crash loses here, `recover` finds again.
        for (index, failure) in self.apply(&incidents).await? {
            tracing::error!(index, %failure, "could not record what a delivery means for its request");
        }
        Ok(())
    }

    /// Tells requests of completion notices that were accepted at least so long ago, and that a crash or a failed commit
    /// kept from them.
    pub async fn recover_deliveries(&self, age: SignedDuration) -> Result<usize, Failure> {
        let delivered = self.store.accepted_but_delivering(self.env.now() - age).await?;
        let incidents: Vec<Incident> = delivered
            .iter()
            .map(|(reference, notice)| Incident::of(reference, Event::Accepted { notice: *notice }))
            .collect();
        for (index, failure) in self.apply(&incidents).await? {
            tracing::error!(index, %failure, "could not close a delivered request");
        }
        Ok(delivered.len())
    }
}

fn settlement<'a>(row: &OutboxRow, delivery: &'a Delivery, now: Timestamp) -> Settlement<'a> {
    match delivery {
        Delivery::Accepted { reply } => Settlement::Accepted(reply),
        Delivery::Rejected { reply } => Settlement::Failed(reply),
        Delivery::Deferred { reply } => {
            let next = now + back_off(row.attempts);
            if next > row.expires_at { Settlement::Failed(reply) } else { Settlement::Deferred(reply, next) }
        }
        Delivery::Uncertain { reason } if row.doubts > 0 => Settlement::Failed(reason),
        Delivery::Uncertain { reason } => Settlement::Uncertain(reason, now + DOUBT_WAIT),
    }
}

fn back_off(attempts: u32) -> SignedDuration {
    let doubled = attempts.saturating_sub(1).min(16);
    RETRY_FIRST.checked_mul(1 << doubled).unwrap_or(RETRY_LAST).min(RETRY_LAST)
}

fn incident(row: &OutboxRow, settlement: &Settlement<'_>) -> Option<Incident> {
    let reference = row.reference.as_ref()?;
    let event = match settlement {
        Settlement::Accepted(_)
            if matches!(row.notice, NoticeKind::CompletedExport | NoticeKind::CompletedDelete) =>
        {
            Event::Accepted { notice: row.notice }
        }
        Settlement::Accepted(_) | Settlement::Deferred(..) | Settlement::Uncertain(..) => return None,
        Settlement::Failed(reply) => Event::Undelivered {
            notice: row.notice,
            audience: row.audience,
            to: row.to.clone(),
            status: (*reply).to_owned(),
            fate: if row.doubts > 0 { Fate::Uncertain } else { Fate::Rejected },
        },
    };
    Some(Incident::of(reference, event))
}

/// The result of an act outside; its intent stands in the entry that queued it.
fn audit(row: &OutboxRow, settlement: &Settlement<'_>, now: Timestamp, reason: Option<&str>) -> Vec<Entry> {
    let (action, reply) = match settlement {
        Settlement::Accepted(reply) => (Action::NoticeAccepted, reply),
        Settlement::Failed(reply) => (Action::NoticeRejected, reply),
        Settlement::Uncertain(reply, _) => (Action::NoticeUncertain, reply),
        Settlement::Deferred(reply, at) => {
            tracing::info!(notice = row.notice.as_str(), reply, next_at = %at, "a mail waits: the server asked for later");
            return Vec::new();
        }
    };
    let evidence = BTreeMap::from([
        ("notice".to_owned(), row.notice.as_str().to_owned()),
        ("mail".to_owned(), row.id.clone()),
        ("reply".to_owned(), (*reply).to_owned()),
    ]);
    metrics::counter!("dsrd_notices_total", "notice" => row.notice.as_str(), "result" => action.as_str())
        .increment(1);
    vec![Entry {
        at: now,
        request: row.reference.clone(),
        actor: Actor::Daemon,
        action,
        from_stage: None,
        to_stage: None,
        reason: reason.map(str::to_owned),
        evidence,
    }]
}

#[cfg(test)]
mod tests {
    use super::{RETRY_LAST, back_off};

    #[test]
    fn waits_double_from_a_minute_to_four_hours() {
        let minutes: Vec<i64> = (1..=10).map(|attempts| back_off(attempts).as_mins()).collect();
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 64, 128, 240, 240]);
        assert_eq!(back_off(u32::MAX), RETRY_LAST);
    }
}
