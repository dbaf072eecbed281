//! Carries a deletion out: exactly the frozen keys, a batch at a time, then every source is asked again until zero remain.
//! Holds and floors are asked inside each deleting transaction (standard S18), and the erasure ledger is on the disk
//! before a batch is final (decision 2). What follows is `domain/transition/erase.rs`; later replays are `owed.rs`.

use super::execute::{Found, later};
use super::{Failure, Incident, Workflow};
use crate::connectors::{ConnectorError, ERASE_KEYS_MAX, Gate, GateClosed};
use crate::domain::directory::DirectoryEntry;
use crate::domain::erasure::{ErasedLine, ErasureFacts};
use crate::domain::event::{DayLimit, Event};
use crate::domain::ids::Reference;
use crate::domain::keep::{Kept, RowFacts, Sieve};
use crate::domain::personal::Personal;
use crate::domain::plan::{Category, Plan, PlannedCategory, Selector, gone_max};
use crate::domain::request::{Kind, Request};
use crate::ledger::Entry;
use crate::store::{Batch, ERASE_BEGUN, Filter, JobRow, Sum};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The span of a day limit.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Open requests that are looked at for exports.
const OPEN_MAX: i64 = 10_000;

impl Workflow {
    /// Deletes what the approved plan says.
    pub(super) async fn erase(&self, request: &Request, job: &JobRow) -> Result<Found, Failure> {
        let Some(entry) = &request.subject else {
            return Err(Failure::Refused("a deletion needs a person".into()));
        };
        let hash = request.plan.as_ref().map(|plan| plan.hash.as_str()).unwrap_or_default();
        let plan = self.frozen_plan(&request.reference, hash).await?;
        let over: HashSet<(String, i64)> =
            self.store.batches_over(&request.reference, hash).await?.into_iter().collect();
        if over.is_empty() {
            if self.awaits_copy(entry).await? {
                return Ok(Found::Wait {
                    why: "an open export of the same account is delivered first".into(),
                });
            }
            if let Some(found) = self.day_limit(request, entry, &plan, job).await? {
                return Ok(found);
            }
            if let Some(found) = self.recount(request, entry, &plan).await? {
                return Ok(found);
            }
        }
        let selector = match self.selector(request, entry, plan.as_of).await {
            Ok(selector) => selector,
            Err(error) => return Ok(later(&self.settings.directory.source, &error)),
        };
        self.begin_erasing(job, hash).await?;
        for planned in &plan.categories {
            let category = match self.category(planned) {
                Ok(category) => category,
                Err(found) => return Ok(found),
            };
            let work = Work { request, entry, selector: selector.as_ref(), hash, plan: &plan, over: &over };
            if let Some(found) = self.erase_category(&work, category, planned, job).await? {
                return Ok(found);
            }
        }
        self.nothing_left(request, entry, &plan, hash).await
    }

    /// From here on the request cannot be stopped any more: whoever stops it waits for this, or this finds it stopped.
    async fn begin_erasing(&self, job: &JobRow, hash: &str) -> Result<(), Failure> {
        let mut tx = self.store.begin().await?;
        tx.hold_job(&job.lease).await?;
        tx.record_step(&job.lease, ERASE_BEGUN, hash, self.env.now()).await?;
        fault!("erase.begin.before");
        tx.commit().await?;
        fault!("erase.begin.after");
        Ok(())
    }

    /// Whether somebody of this account still waits for a copy of what is to be deleted.
    async fn awaits_copy(&self, entry: &DirectoryEntry) -> Result<bool, Failure> {
        Ok(self.accounts_with_open_exports().await?.contains(&entry.account))
    }

    /// Accounts of which an export is being decided on or carried out: what it copies must still be there.
    pub(super) async fn accounts_with_open_exports(&self) -> Result<HashSet<String>, Failure> {
        let open = self.store.requests(Filter::Open, OPEN_MAX).await?;
        let exports = open.into_iter().map(|row| row.request);
        let exports = exports.filter(|request| request.kind == Some(Kind::Export) && request.is_verified());
        Ok(exports.filter_map(|request| request.subject.map(|entry| entry.account)).collect())
    }

    /// Caps of a day (standard S9). A plan that is larger than a whole day's rows by itself goes when the day is empty:
    /// it would never go otherwise, and two people have approved it.
    async fn day_limit(
        &self,
        request: &Request,
        entry: &DirectoryEntry,
        plan: &Plan,
        job: &JobRow,
    ) -> Result<Option<Found>, Failure> {
        let limits = &self.settings.approval;
        let account = self.account_index(entry);
        let used = self.store.erased_since(self.env.now() - DAY, &account).await?;
        let rows = used.rows.saturating_add(plan.total_rows());
        let accounts = used.other_accounts.saturating_add(1);
        let rows_over = used.rows > 0 && rows > limits.rows_per_day_max;
        if rows_over || accounts > limits.accounts_per_day_max {
            let reached = Event::ManyDeletions(DayLimit::Reached { rows, accounts });
            self.apply_one(&Incident::of(&request.reference, reached)).await?;
            return Ok(Some(Found::Wait { why: format!("{rows} rows of {accounts} accounts in one day") }));
        }
        if accounts >= limits.accounts_per_day_alarm && job.attempts == 1 {
            let unusual = Event::ManyDeletions(DayLimit::Unusual { accounts });
            self.apply_one(&Incident::of(&request.reference, unusual)).await?;
        }
        Ok(None)
    }

    fn account_index(&self, entry: &DirectoryEntry) -> String {
        self.store.keyring().index("account", &entry.account)
    }

    /// Counts once more before the first row goes (standard S9). Rows that retention may have removed are no drift
    /// (decision 1).
    async fn recount(
        &self,
        request: &Request,
        entry: &DirectoryEntry,
        plan: &Plan,
    ) -> Result<Option<Found>, Failure> {
        let holds = self.store.holds().await?;
        let found = match self.gather(request, entry, plan.as_of, &holds).await {
            Ok(found) => found,
            Err((source, error)) => return Ok(Some(later(&source, &error))),
        };
        for planned in &plan.categories {
            let now_there = found.categories.iter().find(|category| category.name == planned.name);
            let there: HashSet<&String> = now_there.into_iter().flat_map(PlannedCategory::all_keys).collect();
            let missing = planned.keys.iter().filter(|key| !there.contains(key)).count();
            let missing = u64::try_from(missing).unwrap_or(u64::MAX);
            let category = self.settings.categories.iter().find(|category| category.name == planned.name);
            let ceiling = category.and_then(|category| category.retention_days);
            let expired = planned.past_ceiling(ceiling, self.env.now());
            if missing > expired.saturating_add(gone_max(planned.count)) {
                let found = planned.count.saturating_sub(missing);
                return Ok(Some(drifted(planned, found)));
            }
        }
        Ok(None)
    }

    async fn erase_category(
        &self,
        work: &Work<'_>,
        category: &Category,
        planned: &PlannedCategory,
        job: &JobRow,
    ) -> Result<Option<Found>, Failure> {
        let reference = &work.request.reference;
        let known =
            if job.attempts > 1 { self.ledger_rows(reference, category).await? } else { HashMap::new() };
        // The last first: where rows hang on rows of their own table, it is mostly on earlier ones.
        let batches =
            (0_i64..).zip(planned.keys.chunks(ERASE_KEYS_MAX)).collect::<Vec<_>>().into_iter().rev();
        let left = batches.filter(|(number, _)| !work.over.contains(&(category.name.clone(), *number)));
        let (mut left, mut put_off) = (left.collect::<VecDeque<_>>(), 0);
        while let Some((number, keys)) = left.pop_front() {
            let gate = self.gate(category, Purpose::Request(reference), work.selector, &known);
            let erased = match self.erase_batch(category, keys, work.plan.as_of, &gate).await {
                Ok(erased) => erased,
                // What hangs on this batch may be of another one: it is tried again until none gets any further.
                Err(ConnectorError::Hanging { table, child, .. })
                    if is_table(&table, &child) && put_off < left.len() =>
                {
                    put_off += 1;
                    left.push_back((number, keys));
                    continue;
                }
                Err(error) => return self.stopped_by(work, category, &error).await.map(Some),
            };
            put_off = 0;
            let batch = Batch {
                reference,
                plan_hash: work.hash,
                category: &category.name,
                number,
                account: &self.account_index(work.entry),
                sum: erased,
            };
            let mut tx = self.store.begin().await?;
            tx.record_batch(&job.lease, &batch, self.env.now()).await?;
            fault!("erase.batch.before");
            tx.commit().await?;
            fault!("erase.batch.after");
        }
        Ok(None)
    }

    /// What follows when a batch could not go. Where other rows hang on it, and a plan made now would hold rows of theirs
    /// that this one lacks (their table is listed by now, or they came in since), that is a new plan and a new approval.
    async fn stopped_by(
        &self,
        work: &Work<'_>,
        category: &Category,
        error: &ConnectorError,
    ) -> Result<Found, Failure> {
        let ConnectorError::Hanging { child, .. } = error else { return Ok(later(&category.source, error)) };
        let listed = |name: &str| {
            let named = self.settings.categories.iter().find(|category| category.name == name);
            named.is_some_and(|other| other.source == category.source && is_table(&other.table, child))
        };
        let holds = self.store.holds().await?;
        let found = match self.gather(work.request, work.entry, self.env.now(), &holds).await {
            Ok(found) => found,
            Err((source, error)) => return Ok(later(&source, &error)),
        };
        for now_there in found.categories.iter().filter(|planned| listed(&planned.name)) {
            let before = work.plan.categories.iter().find(|planned| planned.name == now_there.name);
            let planned: HashSet<&String> = before.into_iter().flat_map(PlannedCategory::all_keys).collect();
            if now_there.keys.iter().any(|key| !planned.contains(key)) {
                return Ok(Found::event(Event::Drifted {
                    category: now_there.title.clone(),
                    planned: before.map_or(0, |planned| planned.count),
                    found: now_there.count,
                }));
            }
        }
        Ok(later(&category.source, error))
    }

    /// One deleting transaction. Whoever places a hold waits until it is over, and is heard by the next one.
    pub(super) async fn erase_batch(
        &self,
        category: &Category,
        keys: &[String],
        as_of: Timestamp,
        gate: &EraseGate<'_>,
    ) -> Result<Sum, ConnectorError> {
        let source = self.connectors.get(&category.source)?;
        let turn = self.erasing.lock().await;
        let erased = source.erase(category, keys, as_of, gate).await;
        drop(turn);
        let erased = erased?;
        let seen = gate.seen();
        // The process may have died after the rows were gone and before that was written down: the ledger knows them.
        let stayed: HashSet<&String> = erased.stayed.iter().collect();
        let before = |key: &&String| {
            !seen.admitted.contains(*key)
                && !stayed.contains(key)
                && gate.known.contains_key(&gate.key_hash(key))
        };
        let before = u64::try_from(keys.iter().filter(before).count()).unwrap_or(0);
        let deleted = erased.deleted.saturating_add(before);
        let held = seen.kept.values().copied().fold(0, u64::saturating_add);
        let asked = u64::try_from(keys.len()).unwrap_or(u64::MAX);
        Ok(Sum { deleted, files: erased.files, gone: asked.saturating_sub(deleted).saturating_sub(held) })
    }

    /// Asks every source again (standard X6): nothing that may go is left up to the plan's moment. What came in late with
    /// an earlier time is in nobody's approved plan, so it is planned anew and never touched unasked (decision 40).
    async fn nothing_left(
        &self,
        request: &Request,
        entry: &DirectoryEntry,
        plan: &Plan,
        hash: &str,
    ) -> Result<Found, Failure> {
        let holds = self.store.holds().await?;
        let found = match self.gather(request, entry, plan.as_of, &holds).await {
            Ok(found) => found,
            Err((source, error)) => return Ok(later(&source, &error)),
        };
        let mut sums = self.store.erased_of(&request.reference).await?;
        let mut lines = Vec::new();
        for planned in &plan.categories {
            let Some(rest) = found.categories.iter().find(|category| category.name == planned.name) else {
                continue;
            };
            let category = match self.category(planned) {
                Ok(category) => category,
                Err(found) => return Ok(found),
            };
            // Without a time column nobody can tell what is new: only the frozen keys count (decision 1).
            let counts = |key: &&String| category.time_column.is_some() || planned.keys.contains(*key);
            let left = rest.keys.iter().filter(counts).count();
            if left > 0 {
                return Ok(drifted(planned, u64::try_from(left).unwrap_or(u64::MAX)));
            }
            let Sum { deleted, files, gone } = sums.remove(&planned.name).unwrap_or_default();
            lines.push(ErasedLine {
                name: planned.name.clone(),
                title: planned.title.clone(),
                source: category.source.clone(),
                deleted,
                files,
                gone,
                kept: rest.kept_lines(),
                backup_purge_days: category.backup_purge_days,
            });
        }
        let now = self.env.now();
        Ok(Found::event(Event::Erased(ErasureFacts {
            as_of: plan.as_of,
            plan: hash.to_owned(),
            finished_at: now,
            finished_on: self.settings.calendar.local_date(now),
            lines,
        })))
    }

    /// Hash of the key to hash of what it was, for the rows that this request deleted before.
    async fn ledger_rows(
        &self,
        reference: &Reference,
        category: &Category,
    ) -> Result<HashMap<String, String>, Failure> {
        let ledger = Arc::clone(&self.ledger);
        let (request, source, table) =
            (reference.to_string(), category.source.clone(), category.table.clone());
        blocking(move || ledger.rows_of(&request, &source, &table)).await
    }

    /// What is asked before rows of this category go; `selector` is whose they must be.
    pub(super) fn gate<'a>(
        &'a self,
        category: &'a Category,
        purpose: Purpose<'a>,
        selector: Option<&'a Selector>,
        known: &'a HashMap<String, String>,
    ) -> EraseGate<'a> {
        EraseGate { workflow: self, category, purpose, selector, known, seen: Mutex::default() }
    }

    /// The pair of keyed hashes by which the ledger knows a row again: its key, and whose it was and of when.
    pub(super) fn row_hashes(&self, category: &Category, row: &RowFacts) -> (String, String) {
        let moment = row.moment.map(|moment| moment.as_microsecond().to_string()).unwrap_or_default();
        let text =
            |value: &Option<Personal>| value.as_ref().map(|value| value.expose().clone()).unwrap_or_default();
        let numbers: Vec<&str> = row.numbers.iter().map(|number| number.expose().as_str()).collect();
        // Parts are told apart by a character that no key, account, user or number holds.
        let whole = [moment, text(&row.account), text(&row.user), numbers.join("\u{1f}"), text(&row.file)]
            .join("\u{1e}");
        let whole = self
            .store
            .keyring()
            .index("erased-row", &format!("{}\u{1e}{whole}", row_name(category, &row.key)));
        (self.key_hash(category, &row.key), whole)
    }

    fn key_hash(&self, category: &Category, key: &str) -> String {
        self.store.keyring().index("erased-key", &row_name(category, key))
    }
}

/// Whether a table as configured is this one as the database writes it; a schema counts where both have one.
fn is_table(configured: &str, child: &str) -> bool {
    let child = child.replace('"', "");
    let (one, other) = (configured.rsplit('.'), child.rsplit('.'));
    one.zip(other).all(|(one, other)| one.eq_ignore_ascii_case(other))
}

fn row_name(category: &Category, key: &str) -> String {
    [&category.source, &category.table, key].join("\u{1e}")
}

/// Runs what waits for a disk on a thread that may wait.
pub(super) async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, Failure>
where
    T: Send + 'static,
    E: Send + 'static,
    Failure: From<E>,
{
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|error| Failure::Refused(format!("a task ended early: {error}")))??)
}

fn drifted(planned: &PlannedCategory, found: u64) -> Found {
    Found::event(Event::Drifted { category: planned.title.clone(), planned: planned.count, found })
}

/// What stays the same while the categories of a plan are worked through.
struct Work<'a> {
    request: &'a Request,
    entry: &'a DirectoryEntry,
    selector: Option<&'a Selector>,
    hash: &'a str,
    plan: &'a Plan,
    over: &'a HashSet<(String, i64)>,
}

/// Why rows go.
#[derive(Clone, Copy)]
pub(super) enum Purpose<'a> {
    /// For a request: the ledger must know them before they are gone.
    Request(&'a Reference),
    /// They went before, and came back with a backup: the ledger knows them.
    Replay,
    /// Their ceiling has passed, and would pass again after a restore; these accounts wait for a copy.
    Retention(&'a HashSet<String>),
}

/// Stands in every deleting transaction.
pub(super) struct EraseGate<'a> {
    workflow: &'a Workflow,
    category: &'a Category,
    purpose: Purpose<'a>,
    selector: Option<&'a Selector>,
    known: &'a HashMap<String, String>,
    seen: Mutex<Seen>,
}

/// What the gate has seen of one batch.
#[derive(Default)]
pub(super) struct Seen {
    /// Keys that were let go.
    admitted: HashSet<String>,
    /// Rows that stay, and why.
    pub(super) kept: BTreeMap<Kept, u64>,
}

impl EraseGate<'_> {
    /// What it has seen.
    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key_hash(&self, key: &str) -> String {
        self.workflow.key_hash(self.category, key)
    }

    /// A key may have been used anew for somebody else's row, or for another of the same person.
    fn is_another(&self, row: &RowFacts) -> bool {
        let is =
            |named: &str, held: &Option<Personal>| held.as_ref().is_some_and(|held| held.expose() == named);
        let theirs = self.selector.is_none_or(|selector| {
            let user = &row.user;
            selector.account.as_ref().is_none_or(|account| is(account, &row.account))
                && (selector.users.is_empty() || selector.users.iter().any(|named| is(named, user)))
        });
        // Hashing costs more than all else here, and mostly nothing is known yet.
        let is_known_otherwise = || {
            let (key, whole) = self.workflow.row_hashes(self.category, row);
            self.known.get(&key).is_some_and(|known| *known != whole)
        };
        !theirs || (!self.known.is_empty() && is_known_otherwise())
    }

    fn awaits_copy(&self, row: &RowFacts) -> bool {
        let Purpose::Retention(accounts) = self.purpose else { return false };
        row.account.as_ref().is_some_and(|account| accounts.contains(account.expose()))
    }

    fn ledger_entry(&self, reference: &Reference, rows: &[RowFacts]) -> Entry {
        Entry {
            at: self.workflow.env.now(),
            source: self.category.source.clone(),
            table: self.category.table.clone(),
            request: reference.to_string(),
            rows: rows.iter().map(|row| self.workflow.row_hashes(self.category, row)).collect(),
        }
    }
}

#[async_trait]
impl Gate for EraseGate<'_> {
    async fn admit(&self, rows: &[RowFacts]) -> Result<Vec<String>, GateClosed> {
        let closed = |error: &dyn std::error::Error| GateClosed(error.to_string());
        let holds = self.workflow.store.holds().await.map_err(|error| closed(&error))?;
        let zone = self.workflow.settings.calendar.zone();
        let sieve = Sieve::of(self.category, &holds, zone, self.workflow.env.now());
        let mut stay = Vec::new();
        for row in rows {
            if self.is_another(row) || self.awaits_copy(row) {
                stay.push(row.key.clone());
            } else if let Some(kept) = sieve.keeps(row) {
                *self.seen().kept.entry(kept).or_default() += 1;
                stay.push(row.key.clone());
            }
        }
        if !stay.is_empty() || rows.is_empty() {
            return Ok(stay);
        }
        if let Purpose::Request(reference) = self.purpose {
            let (ledger, entry) = (Arc::clone(&self.workflow.ledger), self.ledger_entry(reference, rows));
            fault!("ledger.append.before");
            let written = blocking(move || ledger.append(&entry)).await;
            written.map_err(|error| closed(&error))?;
            fault!("ledger.append.after");
        }
        self.seen().admitted.extend(rows.iter().map(|row| row.key.clone()));
        Ok(stay)
    }
}
