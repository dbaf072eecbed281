//! The use-cases, in the order in which a request lives: `receive`, `verify`, `approve`, `execute`, `deliver`, and
//! `deadlines` for what time alone brings. `apply` is the only writer of requests: load, ask `domain` to decide, compose,
//! then save the request with its audit entries, jobs and notices in one transaction. Decides nothing itself.

mod failure;
pub use failure::Failure;

mod approve;
mod attempts;
mod bounced;
mod caps;
mod compose;
mod deadlines;
mod deliver;
mod erase;
mod execute;
mod fate;
mod holds;
mod impostor;
mod judged;
mod lifecycle;
mod operate;
mod owed;
mod post;
mod receive;
mod retention;
pub mod settings;
mod standing;
mod stop;
mod thread;
mod unproven;
mod verify;

pub use caps::CapSettings;
pub use operate::{Operation, Reply};
pub use receive::Intake;
pub use retention::{RetentionLine, RetentionMode};

use crate::connectors::Connectors;
use crate::domain::audit::{Action, Actor, Entry};
use crate::domain::event::Event;
use crate::domain::ids::Reference;
use crate::domain::job::JobKind;
use crate::domain::plan::Plan;
use crate::domain::policy::{Rules, Staff};
use crate::domain::request::Request;
use crate::domain::transition::{Codes, Fact, Intent, Rejected, Transition, Why, decide};
use crate::env::Env;
use crate::ledger::Ledger;
use crate::render::Texts;
use crate::store::{Lease, NewParcel, RequestRow, Sealer, Settled, StaffState, Store, StoreError, Tick, Tx};
use caps::{Caps, Gate};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use post::{Answered, Letter};
use settings::Settings;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;

/// How often an event is decided anew when somebody else saved the request first.
const CONFLICTS_MAX: u32 = 5;

/// The use-cases with all that they need.
pub struct Workflow {
    store: Store,
    env: Env,
    texts: Arc<Texts>,
    settings: Settings,
    connectors: Connectors,
    caps: Mutex<Caps>,
    quarantine_told: Gate,
    packages_looked_at: Gate,
    silent: judged::Silent,
    doubted: impostor::Doubted,
    unproven: unproven::Unproven,
    staff_forged_told: Gate,
    customers_forged_told: Gate,
    ledger: Arc<Ledger>,
    /// Held while rows are being deleted, and while a hold is placed: a hold that stands is never overtaken.
    erasing: tokio::sync::Mutex<()>,
    /// The holds that requests were last told of.
    holds_seen: Mutex<Option<Vec<String>>>,
    /// The day on which retention was applied last.
    retention_done: Mutex<Option<Date>>,
    /// Millisecond and number of the last id that was drawn.
    last_id: Mutex<(u64, u16)>,
    /// Set once what reading mail needs has been built.
    warm: OnceCell<()>,
}

/// Something happened to a request, with what it came from: settled in the same transaction.
pub(crate) struct Incident {
    /// The request; none for a first mail.
    reference: Option<Reference>,
    /// What.
    event: Event,
    /// The mail that said it.
    mail: Option<MailCause>,
    /// The job that found it.
    job: Option<Lease>,
    /// The plan behind a `Planned`.
    plan: Option<Plan>,
    /// Who, where it was not the event's own actor: the command line.
    actor: Option<Actor>,
}

impl Incident {
    fn of(reference: &Reference, event: Event) -> Self {
        Self { reference: Some(reference.clone()), event, mail: None, job: None, plan: None, actor: None }
    }
}

/// The mail that caused an incident.
struct MailCause {
    id: String,
    name: String,
    class: &'static str,
    reason: String,
    fingerprint: String,
    sealer: Sealer,
    answered: Answered,
}

/// What became of an incident.
#[derive(Debug)]
pub(crate) enum Applied {
    /// Saved.
    Changed,
    /// Nothing changed, and why.
    Unchanged(Why),
}

/// An incident, decided and composed: only the writing is left.
struct Prepared {
    decision: Result<Transition, Rejected>,
    sealer: Sealer,
    letters: Vec<Letter>,
    entries: Vec<Entry>,
}

impl Prepared {
    /// The next state with its key, where the event was accepted.
    fn changed(&self) -> Option<(&Transition, &Sealer)> {
        self.decision.as_ref().ok().map(|transition| (transition, &self.sealer))
    }
}

impl Workflow {
    /// Puts the parts together and learns from the outbox how often strangers were answered lately.
    pub async fn new(
        store: Store,
        env: Env,
        texts: Texts,
        settings: Settings,
        connectors: Connectors,
    ) -> Result<Self, Failure> {
        store.check_master_key().await?;
        let mut caps = Caps::default();
        let day = SignedDuration::from_hours(24);
        for (index, at) in store.answers_since(env.now() - day).await? {
            caps.count(&index, None, at);
        }
        let ledger = Arc::new(Ledger::new(settings.ledger_dir.clone(), settings.ledger_shipping.clone()));
        Ok(Self {
            store,
            env,
            ledger,
            erasing: tokio::sync::Mutex::default(),
            holds_seen: Mutex::default(),
            retention_done: Mutex::default(),
            texts: Arc::new(texts),
            settings,
            connectors,
            caps: Mutex::new(caps),
            quarantine_told: Gate::default(),
            packages_looked_at: Gate::default(),
            silent: judged::Silent::default(),
            doubted: impostor::Doubted::default(),
            unproven: unproven::Unproven::default(),
            staff_forged_told: Gate::default(),
            customers_forged_told: Gate::default(),
            last_id: Mutex::default(),
            warm: OnceCell::new(),
        })
    }

    /// The state, for reading.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The configuration.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Takes notice of what a failure says of the state's disk.
    pub fn heed(&self, failure: &Failure) {
        if let Failure::Store(error) = failure {
            self.store.heed(error);
        }
    }

    fn caps(&self) -> MutexGuard<'_, Caps> {
        self.caps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A version 7 UUID from our own clock and entropy: rows lie in the order in which they were made. Within one millisecond a
    /// number in `rand_a` keeps that order (RFC 9562 6.2, method 1): two mails of one person must be read in theirs.
    fn draw_id(&self) -> String {
        let mut random = [0; 10];
        self.env.entropy.fill(&mut random);
        let now = u64::try_from(self.env.now().as_millisecond()).unwrap_or(0);
        let (millis, number) = {
            let mut last = self.last_id.lock().unwrap_or_else(PoisonError::into_inner);
            *last = next_id(*last, now);
            *last
        };
        let [high, low, ..] = &mut random;
        [*high, *low] = number.to_be_bytes();
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().simple().to_string()
    }

    /// The time of one turn, by our clock and by the one that all daemons of a state share.
    async fn tick(&self) -> Result<Tick, Failure> {
        Ok(Tick { now: self.env.now(), server: self.store.server_time().await? })
    }

    async fn rules(&self) -> Result<Rules, Failure> {
        let staff = self.store.staff().await?;
        let strikes = staff.iter().map(|row| (row.staff.name.clone(), row.wrong_codes)).collect();
        let active: Vec<Staff> =
            staff.into_iter().filter(|row| row.state == StaffState::Active).map(|row| row.staff).collect();
        Ok(Rules { strikes, ..self.settings.rules(active, self.store.holds().await?) })
    }

    /// Applies one incident.
    pub(crate) async fn apply_one(&self, incident: &Incident) -> Result<Applied, Failure> {
        for _ in 0..CONFLICTS_MAX {
            let rules = self.rules().await?;
            let mut prepared = Vec::with_capacity(1);
            match self.apply_together(std::slice::from_ref(incident), &rules, &mut prepared).await {
                Err(Failure::Store(StoreError::Conflict(what))) => {
                    tracing::info!(what, "decided anew: somebody else saved it first");
                }
                Err(failure) => return Err(failure),
                Ok(()) => return Ok(prepared.first().map_or(Applied::Unchanged(Why::NothingDue), applied)),
            }
        }
        Err(StoreError::Conflict("the request, again and again".into()).into())
    }

    /// Applies many incidents with one commit. When that fails, each is applied alone, so that one bad event never stops
    /// the others; those that still fail are returned with their reasons.
    pub(crate) async fn apply(&self, incidents: &[Incident]) -> Result<Vec<(usize, Failure)>, Failure> {
        if incidents.is_empty() {
            return Ok(Vec::new());
        }
        let rules = self.rules().await?;
        match self.apply_together(incidents, &rules, &mut Vec::with_capacity(incidents.len())).await {
            Ok(()) => return Ok(Vec::new()),
            // Trying again is what must not happen on a disk that failed (standard R10).
            Err(failure) if failure.is_disk_failure() => return Err(failure),
            Err(_) => {}
        }
        let mut failed = Vec::new();
        for (index, incident) in incidents.iter().enumerate() {
            if let Err(failure) = self.apply_one(incident).await {
                failed.push((index, failure));
            }
        }
        Ok(failed)
    }

    /// What is prepared stands in the order of the incidents; behind it, what follows for other requests.
    async fn apply_together(
        &self,
        incidents: &[Incident],
        rules: &Rules,
        prepared: &mut Vec<Prepared>,
    ) -> Result<(), Failure> {
        let result = self.prepare_and_write(incidents, rules, prepared).await;
        if result.is_err() {
            self.take_back(prepared.iter().flat_map(|prepared| &prepared.letters));
        }
        result
    }

    async fn prepare_and_write(
        &self,
        incidents: &[Incident],
        rules: &Rules,
        prepared: &mut Vec<Prepared>,
    ) -> Result<(), Failure> {
        let mut known = HashMap::new();
        for incident in incidents {
            prepared.push(self.prepare(incident, rules, &mut known).await?);
        }
        let others = self.frozen_with(prepared).await?;
        for other in &others {
            prepared.push(self.prepare(other, rules, &mut known).await?);
        }
        let together: Vec<(&Incident, &Prepared)> =
            incidents.iter().chain(&others).zip(prepared.iter()).collect();
        self.write(&together).await?;
        self.remove_stopped(prepared.iter()).await;
        Ok(())
    }

    /// Loads, decides and composes, outside any transaction. `known` carries requests that this batch has changed.
    async fn prepare(
        &self,
        incident: &Incident,
        rules: &Rules,
        known: &mut HashMap<Reference, RequestRow>,
    ) -> Result<Prepared, Failure> {
        let now = self.env.now();
        let row = match &incident.reference {
            None => None,
            Some(reference) => match known.get(reference) {
                Some(row) => Some(row.clone()),
                None => self.store.request(reference).await?,
            },
        };
        let event = self.with_what_left(incident).await?;
        let sealer = match (&row, &incident.mail) {
            (Some(row), _) => row.sealer.clone(),
            (None, Some(mail)) => mail.sealer.clone(),
            (None, None) => return Err(Failure::Refused("no such request".into())),
        };
        let decision = decide(row.as_ref().map(|row| &row.request), &event, rules, now);
        let answered = incident.mail.as_ref().map(|mail| mail.answered.clone()).unwrap_or_default();
        let (subject, intents) = match &decision {
            Ok(transition) => (Some(transition.request()), transition.notices()),
            Err(rejected) => (row.as_ref().map(|row| &row.request), rejected.notice.as_slice()),
        };
        let letters = match subject {
            Some(request) => self.letters(request, intents, rules, &answered).await?,
            None => Vec::new(),
        };
        let entries = entries(incident, &decision, &letters, now);
        if let Ok(transition) = &decision {
            let mut request = transition.request().clone();
            request.version += 1;
            known.insert(request.reference.clone(), RequestRow { request, sealer: sealer.clone() });
        }
        Ok(Prepared { decision, sealer, letters, entries })
    }

    async fn letters(
        &self,
        request: &Request,
        intents: &[Intent],
        rules: &Rules,
        answered: &Answered,
    ) -> Result<Vec<Letter>, Failure> {
        let (intents, mut letters) = self.within_cap(request, intents).await?;
        for intent in &intents {
            letters.extend(self.letter(request, intent, rules, answered).await?);
        }
        Ok(letters)
    }

    /// One transaction for all of them, and one statement for many rows of a kind.
    async fn write(&self, together: &[(&Incident, &Prepared)]) -> Result<(), StoreError> {
        let now = self.env.now();
        let entries: Vec<Entry> =
            together.iter().flat_map(|(_, prepared)| prepared.entries.iter().cloned()).collect();
        let changed = || together.iter().filter_map(|(_, prepared)| prepared.changed());
        let jobs: Vec<(String, &Reference, JobKind)> = changed()
            .flat_map(|(transition, _)| transition.jobs().iter().map(move |kind| (transition, *kind)))
            .map(|(transition, kind)| (self.draw_id(), &transition.request().reference, kind))
            .collect();
        let letters = together.iter().flat_map(|(_, prepared)| {
            prepared.letters.iter().map(|letter| (letter.parcel(), &prepared.sealer))
        });
        let letters: Vec<(NewParcel<'_>, &Sealer)> = letters.collect();
        let transitions: Vec<(&Transition, &Sealer)> = changed().collect();
        let _turn = if together.iter().any(|(incident, _)| holds::places_one(&incident.event)) {
            Some(self.erasing.lock().await)
        } else {
            None
        };
        let mut tx = self.store.begin().await?;
        for (incident, prepared) in together {
            self.settle_work(&mut tx, incident, prepared, now).await?;
        }
        tx.append_audit(&entries).await?;
        tx.save(&transitions).await?;
        tx.insert_jobs(&jobs, now).await?;
        tx.insert_parcels(&letters, now).await?;
        for (incident, prepared) in together {
            self.write_rest(&mut tx, incident, prepared, now).await?;
        }
        let read = together.iter().filter_map(|(incident, prepared)| settled(incident, prepared));
        tx.settle_mails(&read.collect::<Vec<_>>()).await?;
        fault!("event.commit.before");
        tx.commit().await?;
        fault!("event.commit.after");
        Ok(())
    }

    async fn write_rest(
        &self,
        tx: &mut Tx<'_>,
        incident: &Incident,
        prepared: &Prepared,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if let Some((transition, sealer)) = prepared.changed() {
            let reference = &transition.request().reference;
            if transition.codes() == Codes::Void {
                tx.void_codes(reference).await?;
            }
            if let Some(code) = transition.consumed() {
                tx.use_staff_code(code, &format!("{reference} {}", incident.event.name()), now).await?;
            }
            if let (Some(until), Some(entry)) = (transition.freeze(), &transition.request().subject) {
                tx.freeze(reference, &entry.account, until).await?;
            }
            if let Some(strike) = transition.strike() {
                tx.count_wrong_code(&strike.name, strike.before).await?;
            }
            if let Some(plan) = &incident.plan {
                tx.insert_plan(plan, sealer, now).await?;
            }
            for letter in &prepared.letters {
                if let Some((hash, until)) = &letter.code {
                    tx.insert_code(&letter.id, reference, hash, (now, *until)).await?;
                }
            }
            self.write_holds(tx, reference, &incident.event, now).await?;
            self.write_owed(tx, reference, &incident.event, now).await?;
        }
        Ok(())
    }
}

/// What the audit log says of it. The first entry names the notices that leave because of it.
fn entries(
    incident: &Incident,
    decision: &Result<Transition, Rejected>,
    letters: &[Letter],
    now: Timestamp,
) -> Vec<Entry> {
    let (facts, stages, reference) = match decision {
        Ok(transition) => {
            let to = transition.request().stage.name();
            let from = transition.from_stage();
            let stages = (from != Some(to)).then_some((from, to));
            (transition.facts().to_vec(), stages, Some(transition.request().reference.clone()))
        }
        Err(rejected) if rejected.why == Why::NothingDue => return Vec::new(),
        Err(rejected) => (vec![rejection(rejected, &incident.event)], None, incident.reference.clone()),
    };
    let notices = letters.iter().map(|letter| format!("{}:{}", letter.notice.as_str(), letter.id));
    let mut notices = Some(notices.collect::<Vec<_>>().join(" ")).filter(|text| !text.is_empty());
    let facts = if facts.is_empty() && notices.is_some() { vec![queued()] } else { facts };
    let mut stages = stages;
    facts
        .into_iter()
        .map(|fact| {
            let (from_stage, to_stage) = stages.take().map_or((None, None), |(from, to)| (from, Some(to)));
            let mut evidence: BTreeMap<String, String> =
                fact.evidence.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            if let Some(notices) = notices.take() {
                evidence.insert("notices".to_owned(), notices);
            }
            Entry {
                at: now,
                request: reference.clone(),
                actor: incident.actor.clone().unwrap_or(fact.actor),
                action: fact.action,
                from_stage: from_stage.map(str::to_owned),
                to_stage: to_stage.map(str::to_owned),
                reason: fact.reason,
                evidence,
            }
        })
        .collect()
}

/// Numbers that fit into `rand_a`.
const IDS_PER_MILLISECOND: u16 = 1 << 12;

/// The place of the next id: never before the last one, even when the clock stands or goes back.
const fn next_id(last: (u64, u16), now: u64) -> (u64, u16) {
    let (millis, number) = last;
    if now > millis {
        (now, 0)
    } else if number + 1 < IDS_PER_MILLISECOND {
        (millis, number + 1)
    } else {
        (millis + 1, 0)
    }
}

fn settled<'a>(incident: &'a Incident, prepared: &'a Prepared) -> Option<Settled<'a>> {
    let mail = incident.mail.as_ref()?;
    let reference = match &prepared.decision {
        Ok(transition) => Some(transition.request().reference.as_str()),
        Err(_) => incident.reference.as_ref().map(Reference::as_str),
    };
    Some(Settled {
        id: &mail.id,
        state: "done",
        class: mail.class,
        reason: &mail.reason,
        reference,
        fingerprint: Some(&mail.fingerprint),
        keep_raw: crate::store::Keep::Raw,
    })
}

fn applied(prepared: &Prepared) -> Applied {
    match &prepared.decision {
        Ok(transition) => transition.denied().map_or(Applied::Changed, Applied::Unchanged),
        Err(rejected) => Applied::Unchanged(rejected.why),
    }
}

fn rejection(rejected: &Rejected, event: &Event) -> Fact {
    Fact {
        action: Action::Rejected,
        actor: rejected.actor.clone(),
        reason: Some(rejected.why.as_str().to_owned()),
        evidence: vec![("event", event.name().to_owned())],
    }
}

fn queued() -> Fact {
    Fact { action: Action::NoticeQueued, actor: Actor::Daemon, reason: None, evidence: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::{IDS_PER_MILLISECOND, next_id};

    #[test]
    fn ids_keep_their_order_within_a_millisecond_and_when_the_clock_goes_back() {
        assert_eq!(next_id((0, 0), 7), (7, 0));
        assert_eq!(next_id((7, 0), 7), (7, 1));
        assert_eq!(next_id((7, 1), 3), (7, 2));
        assert_eq!(next_id((7, IDS_PER_MILLISECOND - 1), 7), (8, 0));
        assert_eq!(next_id((8, 0), 9), (9, 0));
    }
}
