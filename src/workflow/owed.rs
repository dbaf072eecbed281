//! What is still owed after a deletion: rows that were kept go when their floor or hold ends, and backups are asked about
//! until somebody shows that they are purged. A restored backup is swept by the erasure ledger. `domain/erasure.rs` says
//! what is owed; `erase.rs` deletes.

use super::erase::{Purpose, blocking};
use super::execute::{Found, later};
use super::{Failure, Incident, Workflow};
use crate::connectors::ERASE_KEYS_MAX;
use crate::domain::audit::{Action, Actor, Entry};
use crate::domain::erasure::Obligation;
use crate::domain::event::{Event, Rest, SettledLine};
use crate::domain::ids::Reference;
use crate::domain::job::JobKind;
use crate::domain::plan::Category;
use crate::domain::request::Request;
use crate::ledger;
use crate::store::{ObligationRow, StoreError, Tx};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// What sweeping a restored source came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Replay {
    /// Rows deleted again.
    pub(super) deleted: u64,
    /// Rows whose key was deleted, but which are not what was deleted: the key was used anew.
    pub(super) others: u64,
    /// Rows that a hold keeps by now.
    pub(super) held: u64,
}

impl Workflow {
    /// Writes what is owed from here on, in the transaction of the event that it follows from.
    pub(super) async fn write_owed(
        &self,
        tx: &mut Tx<'_>,
        reference: &Reference,
        event: &Event,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        match event {
            Event::Erased(facts) => {
                for owed in facts.obligations() {
                    tx.insert_obligation(&self.owed_row(reference, owed), now).await?;
                }
                Ok(())
            }
            Event::Settled(lines) => {
                for line in lines {
                    match line.rest {
                        Rest::Nothing => tx.settle_obligation(&line.obligation, now).await?,
                        Rest::Until(day) => {
                            tx.postpone_obligation(&line.obligation, self.begins(day)).await?;
                        }
                    }
                    if let Some(due_on) = line.backups_by {
                        let owed = Obligation {
                            duty: crate::domain::erasure::Duty::Backups,
                            category: line.category.clone(),
                            source: line.source.clone(),
                            due_on: Some(due_on),
                        };
                        tx.insert_obligation(&self.owed_row(reference, owed), now).await?;
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn owed_row(&self, reference: &Reference, owed: Obligation) -> ObligationRow {
        ObligationRow {
            id: self.draw_id(),
            reference: reference.clone(),
            duty: owed.duty,
            category: owed.category,
            source: owed.source,
            due_at: self.begins(owed.due_on),
        }
    }

    /// The first moment of a day in the company's zone.
    fn begins(&self, day: Option<Date>) -> Option<Timestamp> {
        let start = self.settings.calendar.zone().to_zoned(day?.at(0, 0, 0, 0)).ok()?;
        Some(start.timestamp())
    }

    /// Queues the work that falls due and tells staff of backups that are overdue. Returns how much there was.
    pub(super) async fn look_after_owed(&self) -> Result<usize, Failure> {
        let now = self.env.now();
        let due = self.store.kept_due_of(now).await?;
        if !due.is_empty() {
            let jobs: Vec<_> =
                due.iter().map(|reference| (self.draw_id(), reference, JobKind::Settle)).collect();
            let mut tx = self.store.begin().await?;
            tx.insert_jobs(&jobs, now).await?;
            tx.commit().await?;
        }
        let overdue = self.store.backups_overdue(now).await?;
        let mut told = BTreeSet::new();
        for owed in &overdue {
            if told.insert((owed.reference.clone(), owed.source.clone())) {
                let event = Event::BackupsOverdue { source: owed.source.clone() };
                self.apply_one(&Incident::of(&owed.reference, event)).await?;
            }
            let mut tx = self.store.begin().await?;
            tx.backups_told(&owed.id, now).await?;
            tx.commit().await?;
        }
        Ok(due.len() + overdue.len())
    }

    /// Deletes what was kept of a closed request and may go now: frozen keys only, floors and holds asked again.
    pub(super) async fn settle_kept(&self, request: &Request) -> Result<Found, Failure> {
        let now = self.env.now();
        let due = self.store.kept_due(&request.reference, now).await?;
        let (Some(facts), Some(entry)) = (&request.erasure, &request.subject) else {
            return Err(Failure::Refused(format!("{} has deleted nothing", request.reference)));
        };
        let plan = self.frozen_plan(&request.reference, &facts.plan).await?;
        let selector = match self.selector(request, entry, facts.as_of).await {
            Ok(selector) => selector,
            Err(error) => return Ok(later(&self.settings.directory.source, &error)),
        };
        let (known, mut lines) = (HashMap::new(), Vec::new());
        for owed in due {
            let Some(planned) = plan.categories.iter().find(|planned| planned.name == owed.category) else {
                continue;
            };
            let category = match self.category(planned) {
                Ok(category) => category,
                Err(found) => return Ok(found),
            };
            let keys: Vec<String> = planned.all_keys().cloned().collect();
            let (mut deleted, mut kept) = (0, BTreeMap::new());
            for keys in keys.chunks(ERASE_KEYS_MAX) {
                let gate =
                    self.gate(category, Purpose::Request(&request.reference), selector.as_ref(), &known);
                match self.erase_batch(category, keys, facts.as_of, &gate).await {
                    Ok(sum) => deleted += sum.deleted,
                    Err(error) => return Ok(later(&category.source, &error)),
                }
                kept.append(&mut gate.seen().kept);
            }
            let next = kept.keys().filter_map(|kept| kept.until).min();
            lines.push(SettledLine {
                obligation: owed.id,
                title: planned.title.clone(),
                category: category.name.clone(),
                source: category.source.clone(),
                deleted,
                rest: if kept.is_empty() { Rest::Nothing } else { Rest::Until(next) },
                backups_by: category.backup_purge_days.filter(|_| deleted > 0).and_then(|days| {
                    self.settings.calendar.local_date(now).checked_add(i64::from(days).days()).ok()
                }),
            });
        }
        Ok(Found::event(Event::Settled(lines)))
    }

    /// Evidence shows that no backup of a source holds any more what was deleted up to `through`.
    pub(super) async fn backups_purged(
        &self,
        source: &str,
        through: Timestamp,
        evidence: &str,
        actor: &Actor,
    ) -> Result<u64, Failure> {
        self.connector(source)?;
        let now = self.env.now();
        if evidence.trim().is_empty() {
            let what = "only evidence settles what is owed: name the ticket, the log or the person behind it";
            return Err(Failure::Refused(what.to_owned()));
        }
        if through > now {
            return Err(Failure::Refused(format!(
                "{through} is yet to come: nobody can know what was purged by then"
            )));
        }
        let mut tx = self.store.begin().await?;
        let said = BTreeMap::from([
            ("source".to_owned(), source.to_owned()),
            ("through".to_owned(), through.to_string()),
            ("evidence".to_owned(), evidence.to_owned()),
        ]);
        tx.append_audit(&[owed_entry(now, actor, Action::BackupsPurged, said)]).await?;
        let settled = tx.settle_backups(source, through, evidence, now).await?;
        tx.commit().await?;
        // No backup is left that these entries would serve.
        let (ledger, source) = (Arc::clone(&self.ledger), source.to_owned());
        blocking(move || ledger.forget(|entry| entry.source == source && entry.at <= through)).await?;
        Ok(settled)
    }

    /// Deletes again what was deleted after a backup was taken, now that the source was restored from it: only rows that
    /// match by key and by what they were, because a restored database uses its keys anew (decision 2).
    pub(super) async fn backups_restored(
        &self,
        source: &str,
        taken: Timestamp,
        actor: &Actor,
    ) -> Result<Replay, Failure> {
        self.connector(source)?;
        let mut replay = Replay::default();
        for category in self.settings.categories.iter().filter(|category| category.source == source) {
            let rows = self.ledger_since(category, taken).await?;
            if !rows.is_empty() {
                self.replay(category, &rows, &mut replay).await?;
            }
        }
        let now = self.env.now();
        let mut tx = self.store.begin().await?;
        let said = BTreeMap::from([
            ("source".to_owned(), source.to_owned()),
            ("taken".to_owned(), taken.to_string()),
            ("deleted".to_owned(), replay.deleted.to_string()),
            ("others".to_owned(), replay.others.to_string()),
            ("held".to_owned(), replay.held.to_string()),
        ]);
        tx.append_audit(&[owed_entry(now, actor, Action::BackupReplayed, said)]).await?;
        tx.commit().await?;
        Ok(replay)
    }

    async fn ledger_since(
        &self,
        category: &Category,
        taken: Timestamp,
    ) -> Result<HashMap<String, BTreeSet<String>>, Failure> {
        let ledger = Arc::clone(&self.ledger);
        let (source, table) = (category.source.clone(), category.table.clone());
        blocking(move || {
            let mut rows: HashMap<String, BTreeSet<String>> = HashMap::new();
            let wanted =
                |entry: &ledger::Entry| entry.source == source && entry.table == table && entry.at >= taken;
            ledger.read(wanted, |entry| {
                for (key, whole) in entry.rows {
                    rows.entry(key).or_default().insert(whole);
                }
            })?;
            Ok::<_, ledger::LedgerError>(rows)
        })
        .await
    }

    /// Reads through the whole table, because the ledger knows rows by hash alone.
    async fn replay(
        &self,
        category: &Category,
        erased: &HashMap<String, BTreeSet<String>>,
        replay: &mut Replay,
    ) -> Result<(), Failure> {
        let source = Arc::clone(self.connector(&category.source)?);
        let known = HashMap::new();
        let mut after: Option<String> = None;
        loop {
            let page = source.page(category, None, after.as_deref(), ERASE_KEYS_MAX).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.key.clone());
            let mut keys = Vec::new();
            for row in &page {
                let (key, whole) = self.row_hashes(category, row);
                match erased.get(&key) {
                    Some(wholes) if wholes.contains(&whole) => keys.push(row.key.clone()),
                    Some(_) => replay.others += 1,
                    None => {}
                }
            }
            if keys.is_empty() {
                continue;
            }
            let gate = self.gate(category, Purpose::Replay, None, &known);
            let sum = self.erase_batch(category, &keys, Timestamp::MAX, &gate).await?;
            replay.deleted += sum.deleted;
            replay.held += gate.seen().kept.values().sum::<u64>();
        }
    }
}

fn owed_entry(at: Timestamp, actor: &Actor, action: Action, evidence: BTreeMap<String, String>) -> Entry {
    Entry {
        at,
        request: None,
        actor: actor.clone(),
        action,
        from_stage: None,
        to_stage: None,
        reason: None,
        evidence,
    }
}
