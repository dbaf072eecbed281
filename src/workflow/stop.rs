//! What stopping a request means outside of its own row: what has left is looked up each time it is decided, jobs and mails
//! are taken back in the deciding transaction, and the package is removed behind it. What follows from `CANCEL` and
//! `NOT ME` is `domain/transition/withdraw.rs`.

use super::{Failure, Incident, Prepared, Workflow};
use crate::domain::event::Event;
use crate::domain::ids::Reference;
use crate::domain::left::Left;
use crate::domain::transition::{Mails, Work};
use crate::store::{Filter, RequestRow, StoreError, Tx};
use jiff::{SignedDuration, Timestamp};
use std::borrow::Cow;

/// Open requests that are looked through for others of an account.
const OPEN_MAX: i64 = 10_000;

impl Workflow {
    /// The incident's event with what has left by now: a decision that comes second to a delivery is made anew.
    pub(super) async fn with_what_left<'i>(&self, incident: &'i Incident) -> Result<Cow<'i, Event>, Failure> {
        let Some(reference) = &incident.reference else {
            return Ok(Cow::Borrowed(&incident.event));
        };
        Ok(match &incident.event {
            Event::Cancelled { from, .. } => {
                Cow::Owned(Event::Cancelled { from: *from, left: self.store.left(reference).await? })
            }
            Event::Disowned { from, .. } => {
                Cow::Owned(Event::Disowned { from: *from, left: self.store.left(reference).await? })
            }
            Event::Frozen { until, .. } => {
                Cow::Owned(Event::Frozen { until: *until, left: self.store.left(reference).await? })
            }
            Event::Retried { .. } => Cow::Owned(Event::Retried { left: self.store.left(reference).await? }),
            event => Cow::Borrowed(event),
        })
    }

    /// Settles what a decision means for jobs and mails under way. Comes first in its transaction and in this order, the
    /// order in which workers and couriers lock their rows: jobs, mails, the audit head.
    pub(super) async fn settle_work(
        &self,
        tx: &mut Tx<'_>,
        incident: &Incident,
        prepared: &Prepared,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if let Some(lease) = &incident.job {
            tx.finish_job(lease, now).await?;
        }
        let Some((transition, _)) = prepared.changed() else { return Ok(()) };
        let reference = &transition.request().reference;
        if let Mails::HoldBack(left) = transition.mails() {
            tx.hold_deletion(reference, left.rows).await?;
        }
        match transition.work() {
            Work::Keep => {}
            Work::Abandon => tx.abandon_jobs(reference, now).await?,
            Work::Hurry => tx.hurry_jobs(reference, now).await?,
        }
        match transition.mails() {
            Mails::Keep => Ok(()),
            Mails::HoldBack(left) => {
                tx.take_back(reference, left, now).await?;
                tx.forget_passphrase(reference).await
            }
            Mails::Replace(left) => tx.take_back(reference, left, now).await,
        }
    }

    /// The freezing of the other open requests for an account whose owner disowned one just now: it stands in the same
    /// transaction, so that nothing is handed out between the two.
    pub(super) async fn frozen_with(&self, decided: &[Prepared]) -> Result<Vec<Incident>, Failure> {
        let mut others = Vec::new();
        for (transition, _) in decided.iter().filter_map(Prepared::changed) {
            let request = transition.request();
            if let (Some(until), Some(entry)) = (transition.freeze(), &request.subject) {
                others.extend(self.others_of(&request.reference, &entry.account, until).await?);
            }
        }
        Ok(others)
    }

    async fn others_of(
        &self,
        disowned: &Reference,
        account: &str,
        until: Timestamp,
    ) -> Result<Vec<Incident>, Failure> {
        let open = self.store.requests(Filter::Open, OPEN_MAX).await?;
        let same = |row: &&RequestRow| {
            let other = row.request.subject.as_ref().map(|entry| entry.account.as_str());
            row.request.reference != *disowned && other == Some(account)
        };
        let event = |row: &RequestRow| {
            Incident::of(&row.request.reference, Event::Frozen { until, left: Left::default() })
        };
        Ok(open.iter().filter(same).map(event).collect())
    }

    /// Freezes what `frozen_with` could not see yet: another request whose directory entry came while the account was
    /// being frozen.
    pub(super) async fn spread_freezes(&self) -> Result<usize, Failure> {
        let mut frozen = 0;
        for (reference, until) in self.store.fresh_freezes().await? {
            let account = self.store.request(&reference).await?.and_then(|row| row.request.subject);
            let others = match account {
                Some(entry) => self.others_of(&reference, &entry.account, until).await?,
                None => Vec::new(),
            };
            for (_, failure) in self.apply(&others).await? {
                if failure.is_transient() {
                    return Err(failure);
                }
                tracing::error!(request = %reference, %failure, "could not freeze another request of the account");
            }
            let mut tx = self.store.begin().await?;
            tx.set_spread(&reference).await?;
            tx.commit().await?;
            frozen += 1;
        }
        Ok(frozen)
    }

    /// Removes the packages of requests that these decisions stopped. What a crash leaves here, the next look at the folder
    /// finds.
    pub(super) async fn remove_stopped(&self, decided: impl Iterator<Item = &Prepared>) {
        for prepared in decided {
            let Some((transition, _)) = prepared.changed() else { continue };
            if matches!(transition.mails(), Mails::HoldBack(_)) {
                self.remove_unwanted(&transition.request().reference).await;
            }
        }
    }

    /// Removes the package of a request that wants none any more.
    pub(super) async fn remove_unwanted(&self, reference: &Reference) {
        match self.is_package_over(reference).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(failure) => {
                tracing::warn!(request = %reference, %failure, "could not look whether a package is still wanted");
                return;
            }
        }
        let path = self.settings.delivery.package_dir.join(format!("{reference}.zip"));
        match tokio::fs::remove_file(&path).await {
            Ok(()) => tracing::info!(request = %reference, "removed a package that nobody may have any more"),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                tracing::error!(request = %reference, %error, "could not remove a package; it is tried again within the hour");
            }
        }
    }

    /// Whether a request's package must not lie in the folder any more: it was stopped, or its time is over.
    pub(super) async fn is_package_over(&self, reference: &Reference) -> Result<bool, Failure> {
        let Some(row) = self.store.request(reference).await? else {
            return Ok(false);
        };
        let keep = SignedDuration::from_hours(24 * i64::from(self.settings.delivery.keep_days));
        let over = row.request.package.is_none() || row.request.stage.since() + keep <= self.env.now();
        Ok(!row.request.is_open() && over)
    }
}
