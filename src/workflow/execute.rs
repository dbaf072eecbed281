//! Jobs: asks the directory, freezes a plan, writes a package. Each is leased, does its work outside any transaction, and
//! comes back as one event that is saved together with the end of the job (invariant 4). A source that does not answer
//! blocks the request visibly and is asked again; it is never skipped.

use super::{Applied, Failure, Incident, Workflow};
use crate::connectors::{Connector, ConnectorError};
use crate::crypto::code;
use crate::domain::address::Address;
use crate::domain::deadline;
use crate::domain::directory::{DirectoryEntry, LookUp};
use crate::domain::event::{Event, Hanging, Law, Resolution, SecondFactorNeed};
use crate::domain::hold::{self, Hold};
use crate::domain::ids::Reference;
use crate::domain::job::JobKind;
use crate::domain::keep::Sieve;
use crate::domain::personal::Personal;
use crate::domain::plan::{
    Category, Gathered, Permission, Plan, PlannedCategory, Reach, Selector, SubjectKeys,
};
use crate::domain::policy::{self, Rules};
use crate::domain::request::{Kind, PackageFacts, PackagedCategory, Request, WithheldCategory};
use crate::domain::scope::AccountScope;
use crate::package::{
    self, CategoryRows, Company, FileSource, PackageError, PackageRequest, Passphrase, SourceFailure,
    SourceFile,
};
use crate::store::{JobRow, RequestRow, StoreError};
use async_trait::async_trait;
use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// Keys that one category of a plan may freeze.
const KEYS_MAX: u64 = 5_000_000;
/// The first wait after a source did not answer; it doubles from there.
const RETRY_FIRST: SignedDuration = SignedDuration::from_secs(30);
/// The longest wait between two tries.
const RETRY_LAST: SignedDuration = SignedDuration::from_mins(30);
/// The same where the package folder had no room: it may have some at any time (standard R11).
const ROOM_RETRY_LAST: SignedDuration = SignedDuration::from_mins(1);

/// What a job came to.
pub(super) enum Found {
    /// An event for its request, with the plan behind it.
    Event(Box<Event>, Option<Plan>),
    /// The work cannot be done now.
    Later {
        /// The source, for staff.
        source: String,
        /// What happened, for the log; holds no personal data.
        why: String,
    },
    /// Nothing may go while rows that nobody approved hang on it.
    Hanging {
        /// The source, for the log.
        source: String,
        /// What stands in the way, for staff.
        hanging: Hanging,
        /// What happened, for the log.
        why: String,
    },
    /// The package could not be written to its folder.
    NoRoom {
        /// What happened.
        why: String,
    },
    /// The work must wait for other work of ours; nobody need be told.
    Wait {
        /// For what, for the log; holds no personal data.
        why: String,
    },
}

impl Found {
    pub(super) fn event(event: Event) -> Self {
        Self::Event(Box::new(event), None)
    }
}

impl Workflow {
    /// Does the job that has waited longest. Returns whether there was one.
    pub async fn work(&self, owner: &str) -> Result<bool, Failure> {
        let tick = self.tick().await?;
        let mut tx = self.store.begin().await?;
        let claimed = tx.claim_job(owner, tick).await?;
        if claimed.is_some() {
            fault!("job.claim.before");
        }
        tx.commit().await?;
        let Some(job) = claimed else {
            return self.retention_of_the_day().await;
        };
        fault!("job.claim.after");
        let Some(row) = self.store.request(&job.reference).await? else {
            return Err(Failure::Refused(format!("job {} is about no request", job.lease.job)));
        };
        tracing::info!(request = %job.reference, job = job.kind.as_str(), attempt = job.attempts, "working");
        let found = match job.kind {
            JobKind::Resolve => Ok(self.resolve(&row.request).await),
            JobKind::Plan => self.plan(&row.request).await,
            JobKind::Export => self.export(&row, &job).await,
            JobKind::Erase => self.erase(&row.request, &job).await,
            JobKind::Settle => self.settle_kept(&row.request).await,
        };
        let settled = match found {
            Ok(Found::Event(event, plan)) => self.finish(&job, *event, plan).await,
            Ok(Found::Later { source, why }) => self.postpone(&job, source, &why, RETRY_LAST).await,
            Ok(Found::Hanging { source, hanging, why }) => {
                self.put_back(&job, &why, RETRY_LAST).await?;
                let event = Event::SourceDown { source, hanging: Some(hanging) };
                self.apply_one(&Incident::of(&job.reference, event)).await.map(drop)
            }
            Ok(Found::Wait { why }) => self.put_back(&job, &why, RETRY_LAST).await,
            Ok(Found::NoRoom { why }) => {
                self.postpone(&job, "the package".into(), &why, ROOM_RETRY_LAST).await
            }
            Err(failure) if failure.is_disk_failure() => return Err(failure),
            Err(failure) => self.postpone(&job, "the state".into(), &failure.to_string(), RETRY_LAST).await,
        };
        if let Err(Failure::Store(StoreError::Lost(_))) = settled {
            // Somebody else has the job, or the request was stopped: what was found counts nothing.
            tracing::info!(request = %job.reference, job = job.kind.as_str(), "the lease was lost; the work is given up");
            self.remove_unwanted(&job.reference).await;
            return Ok(true);
        }
        settled.map(|()| true)
    }

    async fn finish(&self, job: &JobRow, event: Event, plan: Option<Plan>) -> Result<(), Failure> {
        let incident = Incident {
            reference: Some(job.reference.clone()),
            event,
            mail: None,
            job: Some(job.lease.clone()),
            plan,
            actor: None,
        };
        if let Applied::Unchanged(why) = self.apply_one(&incident).await? {
            tracing::info!(request = %job.reference, job = job.kind.as_str(), why = why.as_str(), "the work is no longer wanted");
        }
        Ok(())
    }

    async fn put_back(&self, job: &JobRow, why: &str, last: SignedDuration) -> Result<(), Failure> {
        let doubled = job.attempts.saturating_sub(1).min(10);
        let wait = RETRY_FIRST.checked_mul(1 << doubled).unwrap_or(last).min(last);
        tracing::warn!(request = %job.reference, job = job.kind.as_str(), why, wait_s = wait.as_secs(), "could not do a job; it is tried again");
        let mut tx = self.store.begin().await?;
        tx.postpone_job(&job.lease, why, self.env.now() + wait).await?;
        fault!("job.postpone.before");
        tx.commit().await?;
        fault!("job.postpone.after");
        Ok(())
    }

    async fn postpone(
        &self,
        job: &JobRow,
        source: String,
        why: &str,
        last: SignedDuration,
    ) -> Result<(), Failure> {
        // First the job: who lost its lease has nothing to say about the request any more.
        self.put_back(job, &format!("{source}: {why}"), last).await?;
        self.apply_one(&Incident::of(&job.reference, Event::SourceDown { source, hanging: None }))
            .await
            .map(drop)
    }

    pub(super) fn connector(&self, source: &str) -> Result<&Arc<dyn Connector>, Failure> {
        Ok(self.connectors.get(source)?)
    }

    /// Who asks: the person with the address in the form, else with the sender's, within the account that is named; else
    /// whoever speaks for the account or the number, because the address on file is asked and nobody else (standard S1).
    async fn resolve(&self, request: &Request) -> Found {
        let resolution = match self.person(request).await {
            Ok(Some(entry)) => {
                let law = entry.regime.as_deref().map(|name| self.law(name, request));
                let frozen = match self.store.frozen_until(&entry.account).await {
                    Ok(frozen) => frozen,
                    Err(error) => {
                        return Found::Later { source: "the state".into(), why: error.to_string() };
                    }
                };
                Resolution::Match { entry: Box::new(entry), law, frozen }
            }
            Ok(None) => Resolution::NoMatch,
            Err(error) => return later(&self.settings.directory.source, &error),
        };
        Found::event(Event::Resolved(resolution))
    }

    async fn person(&self, request: &Request) -> Result<Option<DirectoryEntry>, ConnectorError> {
        let directory = &self.settings.directory;
        let connector = self.connectors.get(&directory.source)?;
        let scope = &request.form.scope;
        let named = match &scope.account {
            Some(AccountScope::Named(account)) => Some(account.clone()),
            Some(AccountScope::Own) | None => None,
        };
        let people = [request.form.requester.email.as_ref(), Some(&request.origin.sender)];
        let mut look_ups: Vec<LookUp> = people.into_iter().flatten().cloned().map(LookUp::Address).collect();
        look_ups.extend(named.clone().map(LookUp::Account));
        look_ups.extend(scope.numbers.iter().cloned().map(LookUp::Number));
        let rules = self.settings.rules(Vec::new(), Vec::new());
        for look_up in look_ups {
            let by_person = matches!(look_up, LookUp::Address(_));
            let entries = connector.resolve(&directory.query(look_up)).await?;
            let fits = |entry: &&DirectoryEntry| {
                named.as_ref().is_none_or(|account| *account == entry.account)
                    && (by_person || policy::speaks_for_account(entry, &rules))
            };
            if let Some(entry) = entries.iter().find(fits) {
                return Ok(Some(entry.clone()));
            }
        }
        Ok(None)
    }

    fn law(&self, name: &str, request: &Request) -> Law {
        let settings = &self.settings;
        let regime = settings.regime(Some(name));
        let due = deadline::due(request.received_at, regime, settings.promise_days, &settings.calendar);
        Law { regime: regime.name.clone(), due }
    }

    /// Freezes what there is at the moment of verification (decision 1).
    async fn plan(&self, request: &Request) -> Result<Found, Failure> {
        let Some(entry) = &request.subject else {
            return Err(Failure::Refused("a plan needs a person".into()));
        };
        let holds = self.store.holds().await?;
        let plan = match self.gather(request, entry, request.stage.since(), &holds).await {
            Ok(plan) => plan,
            Err((source, error)) => return Ok(later(&source, &error)),
        };
        // Decision 27: recordings, and the deletion of a whole account.
        let scope = &request.form.scope;
        let whole = plan.kind == Kind::Delete
            && (scope.is_account_wide() || scope.everything)
            && policy::speaks_for_account(entry, &self.settings.rules(Vec::new(), Vec::new()));
        let second_factor = if whole || plan.needs_second_factor(&self.settings.categories) {
            SecondFactorNeed::Yes
        } else {
            SecondFactorNeed::No
        };
        let seen = match plan.kind {
            Kind::Delete => hold::touching(&holds, entry),
            Kind::Export => Vec::new(),
        };
        let event = Event::Planned { plan: plan.summary(seen), second_factor };
        Ok(Found::Event(Box::new(event), Some(plan)))
    }

    /// Counts what a plan of this request would hold at this moment. Asks the sources and stores nothing.
    ///
    /// # Errors
    /// `Refused` when the directory knows nobody whom the request could be about; `Source` when one does not answer.
    pub async fn dry_plan(&self, request: &Request) -> Result<Plan, Failure> {
        let entry = match &request.subject {
            Some(entry) => Some(entry.clone()),
            None => self.person(request).await?,
        };
        let entry = entry.ok_or_else(|| {
            Failure::Refused(format!("nobody in the directory answers to request {}", request.reference))
        })?;
        let holds = self.store.holds().await?;
        self.gather(request, &entry, self.env.now(), &holds).await.map_err(|(_, error)| error.into())
    }

    /// What there is of one person as of a moment; on failure the source that did not answer.
    pub(super) async fn gather(
        &self,
        request: &Request,
        entry: &DirectoryEntry,
        as_of: Timestamp,
        holds: &[Hold],
    ) -> Result<Plan, (String, ConnectorError)> {
        let selector = self.selector(request, entry, as_of).await;
        let selector = selector.map_err(|error| (self.settings.directory.source.clone(), error))?;
        let kind = request.kind.unwrap_or(Kind::Export);
        let mut planned = Vec::new();
        for category in self.touched(kind) {
            let Some(selector) = &selector else {
                // It names no row for sure: nothing is selected rather than somebody else's rows.
                planned.push(PlannedCategory::new(category, Gathered::default()));
                continue;
            };
            let down = |error| (category.source.clone(), error);
            let connector = self.connectors.get(&category.source).map_err(down)?;
            let zone = self.settings.calendar.zone();
            let sieve = match kind {
                Kind::Export => Sieve::open(category),
                Kind::Delete => Sieve::of(category, holds, zone, self.env.now()),
            };
            let mut found = connector.plan(category, selector, &sieve, KEYS_MAX).await.map_err(down)?;
            if kind == Kind::Delete && found.count > 0 {
                found.table_rows = Some(connector.size(category).await.map_err(down)?);
            }
            planned.push(found);
        }
        Ok(Plan { reference: request.reference.clone(), kind, as_of, categories: planned })
    }

    /// Which rows a request is about; none when it names no row for sure.
    pub(super) async fn selector(
        &self,
        request: &Request,
        entry: &DirectoryEntry,
        as_of: Timestamp,
    ) -> Result<Option<Selector>, ConnectorError> {
        let rules = self.settings.rules(Vec::new(), Vec::new());
        let reach = self.reach(entry, &request.form.scope.users, &rules).await?;
        let keys = SubjectKeys { account: entry.account.clone(), user: entry.user.clone() };
        let zone = self.settings.calendar.zone().clone();
        Ok(Selector::of(&keys, reach, &request.form.scope, zone, as_of))
    }

    /// The categories that a request of this kind looks into.
    fn touched(&self, kind: Kind) -> impl Iterator<Item = &Category> {
        let categories = self.settings.categories.iter();
        categories.filter(move |category| kind == Kind::Delete || category.export == Permission::Allowed)
    }

    /// How far into the account the request reaches. Users are named by address or by the key that user columns hold; an
    /// address that the directory does not know in this account selects nothing.
    async fn reach(
        &self,
        entry: &DirectoryEntry,
        users: &[Personal],
        rules: &Rules,
    ) -> Result<Reach, ConnectorError> {
        if !policy::speaks_for_account(entry, rules) {
            return Ok(Reach::Own);
        }
        if users.is_empty() {
            return Ok(Reach::Account);
        }
        let directory = &self.settings.directory;
        let connector = self.connectors.get(&directory.source)?;
        let mut keys = Vec::new();
        for user in users {
            match Address::parse(user.expose()) {
                None => keys.push(user.expose().clone()),
                Some(address) => {
                    let found = connector.resolve(&directory.query(LookUp::Address(address))).await?;
                    let here = found.into_iter().filter(|person| person.account == entry.account);
                    keys.extend(here.filter_map(|person| person.user));
                }
            }
        }
        Ok(Reach::Users(keys))
    }

    /// What is named in the package with its reason, and never read.
    fn withheld(&self) -> impl Iterator<Item = (&Category, &String)> {
        self.settings.categories.iter().filter_map(|category| match &category.export {
            Permission::Withheld(reason) => Some((category, reason)),
            Permission::Allowed => None,
        })
    }

    /// Writes the package of exactly the frozen keys (invariant 11).
    async fn export(&self, row: &RequestRow, job: &JobRow) -> Result<Found, Failure> {
        let request = &row.request;
        let hash = request.plan.as_ref().map(|plan| plan.hash.as_str()).unwrap_or_default();
        let plan = self.frozen_plan(&request.reference, hash).await?;
        let passphrase = self.passphrase(row).await?;
        let mut rows = Vec::new();
        for planned in &plan.categories {
            let category = match self.category(planned) {
                Ok(category) => category,
                Err(later) => return Ok(later),
            };
            let source = self.connector(&category.source)?;
            let batches = source.export(category, &planned.keys);
            let batches = batches.map(|batch| batch.map_err(|error| source_failure(&error))).boxed();
            rows.push(CategoryRows { category, planned: planned.count, rows: batches });
        }
        rows.extend(self.withheld().map(|(category, _)| CategoryRows {
            category,
            planned: 0,
            rows: futures::stream::empty().boxed(),
        }));
        let written = package::write(
            &package::Place {
                dir: self.settings.delivery.package_dir.clone(),
                job: job.lease.job.clone(),
                epoch: u64::try_from(job.lease.epoch).unwrap_or(0),
            },
            self.package_request(request, &plan, hash, passphrase),
            &self.texts,
            rows,
            self,
        )
        .await;
        match written {
            Ok(written) => self.packaged(request, &plan, job, &written).await,
            Err(error) => Ok(not_packaged(error)),
        }
    }

    /// The plan of this hash, keys and all.
    pub(super) async fn frozen_plan(&self, reference: &Reference, hash: &str) -> Result<Plan, Failure> {
        let plan = self.store.plan(reference, hash).await?;
        plan.ok_or_else(|| Failure::Refused(format!("{reference} has no frozen plan {hash}")))
    }

    /// The configured category that a plan names; without it the work waits.
    pub(super) fn category(&self, planned: &PlannedCategory) -> Result<&Category, Found> {
        let found = self.settings.categories.iter().find(|category| category.name == planned.name);
        found.ok_or_else(|| Found::Later {
            source: planned.title.clone(),
            why: format!("[[data]] {} is no longer configured", planned.name),
        })
    }

    async fn packaged(
        &self,
        request: &Request,
        plan: &Plan,
        job: &JobRow,
        written: &package::Written,
    ) -> Result<Found, Failure> {
        if let Err(failure) = self.publish(job, written).await {
            written.discard().await;
            return Err(failure);
        }
        let delivery = &self.settings.delivery;
        if written.bytes > delivery.attachment_bytes_max && delivery.base_url.is_none() {
            return Ok(Found::Later {
                source: "the package folder".into(),
                why: format!(
                    "the package of {} has {} bytes, more than [delivery] attachment_bytes_max, and [delivery] base_url is not set",
                    request.reference, written.bytes
                ),
            });
        }
        let title = |name: &str| {
            plan.categories
                .iter()
                .find(|planned| planned.name == name)
                .map_or(name, |planned| &planned.title)
                .to_owned()
        };
        let given = written
            .categories
            .iter()
            .filter(|counted| plan.categories.iter().any(|planned| planned.name == counted.name));
        let contents = given.map(|counted| PackagedCategory {
            title: title(&counted.name),
            rows: counted.rows,
            files: counted.files,
            gone: counted.gone,
        });
        let facts = PackageFacts {
            file_name: written
                .path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            sha256: written.sha256.clone(),
            bytes: written.bytes,
            contents: contents.collect(),
            withheld: self
                .withheld()
                .map(|(category, reason)| WithheldCategory {
                    title: category.title.clone(),
                    reason: reason.clone(),
                })
                .collect(),
        };
        Ok(Found::event(Event::Exported(facts)))
    }

    /// The package gets its name while nobody else can take the job over: a worker that was frozen and wakes late must not
    /// put another file in the place of the one that was announced.
    async fn publish(&self, job: &JobRow, written: &package::Written) -> Result<(), Failure> {
        let mut tx = self.store.begin().await?;
        tx.hold_job(&job.lease).await?;
        written.publish().await.map_err(|error| Failure::Package(error.to_string()))?;
        for counted in &written.categories {
            let detail = format!("rows={} gone={} files={}", counted.rows, counted.gone, counted.files);
            tx.record_step(&job.lease, &format!("export {}", counted.name), &detail, self.env.now()).await?;
        }
        fault!("package.steps.before");
        tx.commit().await?;
        fault!("package.steps.after");
        Ok(())
    }

    /// Drawn and sealed before the package is begun: a repeated job writes the same package again.
    async fn passphrase(&self, row: &RequestRow) -> Result<Passphrase, Failure> {
        let reference = &row.request.reference;
        let drawn = code::passphrase(self.env.entropy.bits());
        let mut tx = self.store.begin().await?;
        tx.insert_passphrase(reference, &drawn, &row.sealer, self.env.now()).await?;
        fault!("package.passphrase.before");
        tx.commit().await?;
        fault!("package.passphrase.after");
        let stored = self.store.passphrase(reference).await?;
        stored.map(Passphrase::new).ok_or_else(|| Failure::Refused(no_passphrase(reference)))
    }

    fn package_request(
        &self,
        request: &Request,
        plan: &Plan,
        hash: &str,
        passphrase: Passphrase,
    ) -> PackageRequest {
        let company = &self.settings.company;
        PackageRequest {
            reference: request.reference.clone(),
            asked_for: asked_for(request),
            passphrase,
            as_of: plan.as_of,
            plan_hash: hash.to_owned(),
            generated_at: self.env.now(),
            zone: self.settings.calendar.zone().clone(),
            company: Company {
                name: company.name.clone(),
                contact: company.support.clone(),
                authority: self.settings.regime(Some(&request.regime)).authority.clone(),
                automated_decisions: self.settings.automated_decisions.clone(),
            },
        }
    }
}

#[async_trait]
impl FileSource for Workflow {
    async fn open(&self, category: &Category, path: &str) -> Result<SourceFile, SourceFailure> {
        let connector = self.connectors.get(&category.source).map_err(|error| source_failure(&error))?;
        match connector.open_file(category, path).await {
            Ok(reader) => Ok(SourceFile::Open(reader)),
            Err(ConnectorError::FileGone(_)) => Ok(SourceFile::Gone),
            Err(error) => Err(source_failure(&error)),
        }
    }
}

/// What was asked for, in words, for the package's own pages.
fn asked_for(request: &Request) -> String {
    let scope = &request.form.scope;
    let mut parts: Vec<String> = Vec::new();
    match &scope.account {
        Some(AccountScope::Own) => parts.push("your account".into()),
        Some(AccountScope::Named(account)) => parts.push(format!("account {account}")),
        None => {}
    }
    parts.extend(scope.users.iter().map(|user| format!("user {}", user.expose())));
    parts.extend(scope.numbers.iter().map(|number: &Personal| format!("number {}", number.expose())));
    if scope.everything {
        parts.push("all data".into());
    }
    match (scope.from, scope.to) {
        (Some(from), Some(to)) => parts.push(format!("from {from} to {to}")),
        (Some(from), None) => parts.push(format!("since {from}")),
        (None, Some(to)) => parts.push(format!("until {to}")),
        (None, None) => {}
    }
    parts.join(", ")
}

fn no_passphrase(reference: &Reference) -> String {
    format!("the passphrase of {reference} was sent already and is forgotten")
}

pub(super) fn later(source: &str, error: &ConnectorError) -> Found {
    let (source, why) = (source.to_owned(), error.to_string());
    match error {
        ConnectorError::Hanging { category, child, rows, .. } => {
            let hanging = Hanging { category: category.clone(), table: child.clone(), rows: *rows };
            Found::Hanging { source, hanging, why }
        }
        _ => Found::Later { source, why },
    }
}

fn source_failure(error: &ConnectorError) -> SourceFailure {
    SourceFailure { message: error.to_string(), transient: error.is_transient() }
}

fn not_packaged(error: PackageError) -> Found {
    match error {
        PackageError::Drift { category, planned, gone, .. } => {
            let found = planned.saturating_sub(gone);
            Found::event(Event::Drifted { category, planned, found })
        }
        PackageError::Io { .. } => Found::NoRoom { why: error.to_string() },
        error => Found::Later { source: "the package".into(), why: error.to_string() },
    }
}
