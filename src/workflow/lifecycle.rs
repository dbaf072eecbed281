//! What belongs to no request: the daemon's start and stop, its leases and gauges, and the digest of old mail that staff
//! get once (decision 8). Each act has its audit entry.

use super::erase::blocking;
use super::post::{Answered, Letter};
use super::settings::DailyDigest;
use super::{Failure, Workflow};
use crate::crypto::code;
use crate::domain::audit::{Action, Actor, Entry};
use crate::domain::ids::Reference;
use crate::domain::notice::{
    AttentionReason, AttentionText, DigestLine, DigestText, FirstStart, HoldLine, Notice, OldMail, WaitsFor,
};
use crate::domain::personal::Personal;
use crate::domain::policy::Staff;
use crate::mail::incoming;
use crate::store::{Filter, RequestRow, Tx};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Old mails named in a digest.
const OLD_MAILS_MAX: i64 = 20;
/// Requests named in a digest.
const LINES_MAX: usize = 20;
/// Between two mails to staff about mail that was set aside.
const QUARANTINE_PAUSE: SignedDuration = SignedDuration::from_hours(1);
/// Between two looks at the package folder.
const PACKAGES_PAUSE: SignedDuration = SignedDuration::from_hours(1);
/// Open requests that a digest counts.
const OPEN_MAX: i64 = 10_000;
/// "Due soon" in a digest.
const SOON: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A mail that is set aside, and the mails to staff that say so.
pub(super) struct Aside {
    id: String,
    letters: Vec<Letter>,
}

impl Workflow {
    /// What a fresh process does first: takes back what the last one held, and finishes what it had begun.
    pub async fn start(&self) -> Result<(), Failure> {
        let mut tx = self.store.begin().await?;
        tx.release_leases().await?;
        tx.append_audit(&[self.entry(Action::DaemonStarted, BTreeMap::new())]).await?;
        fault!("daemon.start.before");
        tx.commit().await?;
        fault!("daemon.start.after");
        self.begin_careful().await?;
        let ledger = Arc::clone(&self.ledger);
        if let Err(error) = blocking(move || ledger.ship()).await {
            // Each deletion tries again, and does not go without it.
            tracing::warn!(%error, "the erasure ledger could not be shipped");
        }
        self.brief_staff().await?;
        let closed = self.recover_deliveries(SignedDuration::ZERO).await?;
        if closed > 0 {
            tracing::info!(
                closed,
                "closed requests whose completion mail had been accepted before the last stop"
            );
        }
        Ok(())
    }

    /// What an ordered stop does last.
    pub async fn stop(&self) -> Result<(), Failure> {
        let mut tx = self.store.begin().await?;
        tx.append_audit(&[self.entry(Action::DaemonStopped, BTreeMap::new())]).await?;
        fault!("daemon.stop.before");
        tx.commit().await?;
        fault!("daemon.stop.after");
        self.store.close().await;
        Ok(())
    }

    /// Keeps this process's leases alive.
    pub async fn heartbeat(&self, owner: &str) -> Result<(), Failure> {
        let server = self.store.server_time().await?;
        let mut tx = self.store.begin().await?;
        tx.heartbeat(owner, server).await?;
        fault!("lease.renew.before");
        tx.commit().await?;
        fault!("lease.renew.after");
        Ok(())
    }

    /// Removes packages whose time in the folder is over (`[delivery] keep_days` after closing), or that a
    /// stopped request left behind. Once an hour is enough.
    pub async fn remove_old_packages(&self) -> Result<(), Failure> {
        let now = self.env.now();
        if !self.packages_looked_at.pass(now, PACKAGES_PAUSE) {
            return Ok(());
        }
        let folder = &self.settings.delivery.package_dir;
        let what = |error: std::io::Error| Failure::Package(format!("reading {}: {error}", folder.display()));
        let mut files = tokio::fs::read_dir(folder).await.map_err(what)?;
        while let Some(file) = files.next_entry().await.map_err(what)? {
            let name = file.file_name().to_string_lossy().into_owned();
            let Some(reference) = name.strip_suffix(".zip").and_then(Reference::parse) else {
                continue;
            };
            self.remove_unwanted(&reference).await;
        }
        Ok(())
    }

    /// Lets the state move what is committed to its place.
    pub async fn checkpoint(&self) -> Result<(), Failure> {
        Ok(self.store.checkpoint().await?)
    }

    /// Sets the gauges.
    pub async fn measure(&self) -> Result<(), Failure> {
        for (stage, many) in self.store.requests_by_stage().await? {
            metrics::gauge!("dsrd_requests", "stage" => stage).set(as_gauge(many));
        }
        let (waiting, oldest) = self.store.outbox_backlog().await?;
        metrics::gauge!("dsrd_outbox_waiting").set(as_gauge(waiting));
        let age = oldest.map_or(0.0, |oldest| self.env.now().duration_since(oldest).as_secs_f64());
        metrics::gauge!("dsrd_outbox_oldest_seconds").set(age);
        metrics::gauge!("dsrd_jobs_open").set(as_gauge(self.store.open_jobs().await?));
        Ok(())
    }

    /// Tells staff once what lay in a mailbox before the first start and looks like a request. Nothing of it is answered.
    pub async fn tell_old_mail(&self, mailbox: &str) -> Result<(), Failure> {
        let place = self.place(mailbox).await?;
        if place.listed {
            return Ok(());
        }
        if self.rules().await?.staff.is_empty() {
            // Nobody would read it; it waits for the first member of staff.
            return Ok(());
        }
        let now = self.env.now();
        let listed = self.store.listed_mails(mailbox).await?;
        let letters = if listed == 0 {
            Vec::new()
        } else {
            let first_start = FirstStart {
                since: self.settings.calendar.local_date(place.since),
                count: listed,
                mails: self.old_mails(mailbox).await?,
            };
            self.to_all_staff(&Notice::Digest(self.digest(Some(first_start)).await?)).await?
        };
        let mut tx = self.store.begin().await?;
        let evidence = BTreeMap::from([
            ("mailbox".to_owned(), mailbox.to_owned()),
            ("mails".to_owned(), listed.to_string()),
        ]);
        tx.append_audit(&[self.entry(Action::MailListed, evidence)]).await?;
        self.queue_unbound(&mut tx, &letters).await?;
        tx.set_listed(mailbox, now).await?;
        fault!("mail.listed.before");
        tx.commit().await?;
        fault!("mail.listed.after");
        Ok(())
    }

    /// What staff are to be told of a mail that is about to be set aside: it may be a request, and its clock would run. One
    /// mail an hour at most, because somebody may send thousands; none otherwise.
    pub(super) async fn about_set_aside(
        &self,
        mailbox: &str,
        id: &str,
        why: &str,
    ) -> Result<Option<Aside>, Failure> {
        if !self.quarantine_told.is_open(self.env.now(), QUARANTINE_PAUSE) {
            return Ok(None);
        }
        let notice = Notice::Attention(AttentionText {
            reference: None,
            kind: None,
            company: self.settings.company.clone(),
            about: AttentionReason::Quarantine {
                mailbox: mailbox.to_owned(),
                id: id.to_owned(),
                why: why.to_owned(),
            },
            received: None,
            due: None,
        });
        Ok(Some(Aside { id: id.to_owned(), letters: self.to_all_staff(&notice).await? }))
    }

    /// Queues it in the transaction that sets the mail aside: a crash between the two would leave a mail that nobody sees.
    pub(super) async fn queue_aside(&self, tx: &mut Tx<'_>, aside: Option<&Aside>) -> Result<(), Failure> {
        let Some(Aside { id, letters }) = aside else {
            return Ok(());
        };
        let evidence = BTreeMap::from([("mail".to_owned(), id.clone())]);
        tx.append_audit(&[self.entry(Action::NoticeQueued, evidence)]).await?;
        self.queue_unbound(tx, letters).await
    }

    /// It was queued, and that is durable.
    pub(super) fn told_aside(&self, aside: Option<&Aside>) {
        if aside.is_some() {
            self.quarantine_told.pass(self.env.now(), QUARANTINE_PAUSE);
        }
    }

    pub(super) async fn to_all_staff(&self, notice: &Notice) -> Result<Vec<Letter>, Failure> {
        self.to_staff(&self.rules().await?.staff, notice)
    }

    /// A mail about no request, to some of the staff.
    pub(super) fn to_staff(&self, staff: &[Staff], notice: &Notice) -> Result<Vec<Letter>, Failure> {
        let freeze = |member: &Staff| {
            let token = code::token(self.env.entropy.bits());
            self.freeze(notice, &member.address, &token, &Answered::default(), Vec::new())
        };
        staff.iter().map(freeze).collect()
    }

    /// A notice about no request is sealed with a key of its own.
    pub(super) async fn queue_unbound(&self, tx: &mut Tx<'_>, letters: &[Letter]) -> Result<(), Failure> {
        let now = self.env.now();
        for letter in letters {
            let sealer = tx.new_sealer(&letter.id, now).await?;
            tx.insert_parcels(&[(letter.parcel(), &sealer)], now).await?;
        }
        Ok(())
    }

    /// Tells staff once on every work day, from its opening time on, how the open requests stand and which holds must be
    /// looked at again; nothing of either, no mail. Reminds of such holds, too.
    pub async fn tell_day(&self) -> Result<(), Failure> {
        let (now, calendar) = (self.env.now(), &self.settings.calendar);
        let today = calendar.local_date(now);
        if !calendar.is_workday(today) || now < calendar.opening(today) {
            return Ok(());
        }
        self.remind_of_holds(today).await?;
        if self.settings.daily_digest == DailyDigest::Off {
            return Ok(());
        }
        let told = self.store.digest_told().await?;
        if told.as_deref() == Some(today.to_string().as_str()) || self.rules().await?.staff.is_empty() {
            return Ok(());
        }
        let digest = self.digest(None).await?;
        let letters = if digest.open == 0 && digest.holds.is_empty() {
            Vec::new()
        } else {
            self.to_all_staff(&Notice::Digest(digest)).await?
        };
        let mut tx = self.store.begin().await?;
        if !letters.is_empty() {
            let evidence = BTreeMap::from([("digest".to_owned(), today.to_string())]);
            tx.append_audit(&[self.entry(Action::NoticeQueued, evidence)]).await?;
        }
        self.queue_unbound(&mut tx, &letters).await?;
        tx.set_digest_told(&today.to_string()).await?;
        Ok(tx.commit().await?)
    }

    async fn digest(&self, first_start: Option<FirstStart>) -> Result<DigestText, Failure> {
        let now = self.env.now();
        let calendar = &self.settings.calendar;
        let mut open = self.store.requests(Filter::Open, OPEN_MAX).await?;
        // First what is late and what staff can do something about; the list is cut at its end.
        let later = |row: &RequestRow| {
            let request = &row.request;
            request.due.due_at > now && super::standing::waits_for(request) != WaitsFor::Staff
        };
        open.sort_by_key(|row| (later(row), row.request.due.due_at));
        let count = |condition: &dyn Fn(Timestamp) -> bool| {
            let many = open.iter().filter(|row| condition(row.request.due.due_at)).count();
            u64::try_from(many).unwrap_or(u64::MAX)
        };
        let lines = open.iter().take(LINES_MAX).map(|row| DigestLine {
            reference: row.request.reference.clone(),
            kind: row.request.kind,
            standing: super::standing::standing(&row.request),
            waits_for: super::standing::waits_for(&row.request),
            due: row.request.due.due,
        });
        let holds = self.holds_to_review(calendar.local_date(now)).await?;
        let held = holds.into_iter().take(LINES_MAX).map(|hold| HoldLine {
            id: hold.id,
            owner: hold.owner,
            review_on: hold.review_on,
        });
        Ok(DigestText {
            holds: held.collect(),
            company: self.settings.company.clone(),
            on: calendar.local_date(now),
            first_start,
            open: u64::try_from(open.len()).unwrap_or(u64::MAX),
            due_soon: count(&|due| due > now && due <= now + SOON),
            overdue: count(&|due| due <= now),
            lines: lines.collect(),
        })
    }

    /// The newest of the listed mails, as staff need them to find them.
    async fn old_mails(&self, mailbox: &str) -> Result<Vec<OldMail>, Failure> {
        let rows = self.store.newest_listed_mails(mailbox, OLD_MAILS_MAX).await?;
        let read = rows.iter().filter_map(|row| {
            let incoming = incoming::read(&row.raw, &self.settings.limits).ok()?;
            Some(OldMail {
                received: self.settings.calendar.local_date(row.received_at),
                from: incoming.from.ok()?,
                subject: Personal::new(incoming.subject),
            })
        });
        Ok(read.collect())
    }

    pub(super) fn entry(&self, action: Action, evidence: BTreeMap<String, String>) -> Entry {
        Entry {
            at: self.env.now(),
            request: None,
            actor: Actor::Daemon,
            action,
            from_stage: None,
            to_stage: None,
            reason: None,
            evidence,
        }
    }
}

/// Counts of rows are far below the 2^52 that a gauge holds exactly.
#[expect(clippy::cast_precision_loss, reason = "a gauge is a float, and counts of rows are small")]
fn as_gauge(many: i64) -> f64 {
    many as f64
}
