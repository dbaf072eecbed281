//! Mail in: stores what a mailbox gave before anything else happens to it, then reads every stored mail, replies included,
//! and makes one event of it. Other people's mail leaves only its identity behind (decision 9). `thread.rs` finds the
//! request that a mail answers; `mail` and `domain::form` do the reading.

use super::attempts::ATTEMPTS_MAX;
use super::fate::{Fate, NoEvent, before_first_start, cause, incident, quarantined, settle};
use super::settings::{Answer, Reading};
use super::thread::{self, InThread};
use super::{Failure, Workflow};
use crate::domain::address::Address;
use crate::domain::deadline;
use crate::domain::event::{Arrival, Event, Leave, Manner};
use crate::domain::form::{self, FormPresence, ReadingContext, Understood};
use crate::domain::ids::Reference;
use crate::domain::personal::Personal;
use crate::domain::plan::hex;
use crate::domain::policy::Staff;
use crate::domain::request::{Origin, Voice};
use crate::domain::sender::{SenderEvidence, SenderVerdict};
use crate::mail::authentication;
use crate::mail::bounce;
use crate::mail::classify::{self, Class, Classified, Thread};
use crate::mail::incoming::{self, Incoming, Unreadable};
use crate::mail::reply;
use crate::mailbox::{self, Fetched};
use crate::store::{Content, Keep, MailRow, NewMail, Place, Settled};
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Mails read by one thread, so that a batch keeps a few processors busy.
const THREAD_MAILS: usize = 50;
/// Characters of a mail in a person's own words that staff are shown.
const OWN_WORDS_CHARS_MAX: usize = 2_000;

/// What reading stored mail came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intake {
    /// Mails read.
    pub read: usize,
    /// The names, in the mailbox, of those that are ours: requests and answers to our mails.
    pub finished: Vec<String>,
}

/// A mail, read.
pub(super) struct Read {
    pub(super) row: MailRow,
    pub(super) incoming: Incoming,
    pub(super) verdict: SenderVerdict,
    pub(super) evidence: SenderEvidence,
    pub(super) understood: Understood,
    pub(super) fingerprint: String,
}

impl Workflow {
    /// Where we stand in a mailbox. The first call fixes the moment before which nothing is answered (decision 8).
    pub async fn place(&self, mailbox: &str) -> Result<Place, Failure> {
        if let Some(place) = self.store.place(mailbox).await? {
            return Ok(place);
        }
        let configured = self.settings.mailboxes.get(mailbox).and_then(|rules| rules.since);
        let since = configured.unwrap_or_else(|| self.env.now());
        let mut tx = self.store.begin().await?;
        tx.set_place(mailbox, "", since).await?;
        fault!("mail.place.before");
        tx.commit().await?;
        fault!("mail.place.after");
        Ok(Place { cursor: String::new(), since, listed: false })
    }

    /// Which of these mails are stored already.
    pub async fn known(&self, mailbox: &str, ids: &[String]) -> Result<HashSet<String>, Failure> {
        Ok(self.store.known_mails(mailbox, ids).await?)
    }

    /// Commits mails as they came (invariant 5), with the cursor that covers them.
    pub async fn store_mail(&self, mailbox: &str, fetched: &[Fetched], cursor: &str) -> Result<(), Failure> {
        let now = self.env.now();
        let place = self.place(mailbox).await?;
        let drawn: Vec<(String, String, &Fetched)> = fetched
            .iter()
            .map(|mail| {
                let bytes = match &mail.content {
                    mailbox::Content::Raw(bytes) | mailbox::Content::TooLarge { header: bytes, .. } => bytes,
                    mailbox::Content::Gone => &Vec::new(),
                };
                (self.draw_id(), sha256(bytes), mail)
            })
            .collect();
        let (mut whole, mut too_large) = (Vec::with_capacity(drawn.len()), Vec::new());
        for (id, sha256, mail) in &drawn {
            let (received_at, mail_id) = (mail.received_at.min(now), mail.id.0.as_str());
            let new = |raw| NewMail { id, mailbox, mail_id, received_at, sha256, raw };
            match &mail.content {
                mailbox::Content::Raw(raw) => whole.push(new(raw)),
                mailbox::Content::TooLarge { size, header } => too_large.push((new(header), *size)),
                mailbox::Content::Gone => {}
            }
        }
        let too_large_for =
            |size: u64| format!("{size} bytes is more than [limits] allows; only the header is kept");
        let aside = match too_large.first() {
            Some((new, size)) => self.about_set_aside(mailbox, new.id, &too_large_for(*size)).await?,
            None => None,
        };
        let mut tx = self.store.begin().await?;
        tx.insert_mails(&whole, now).await?;
        for (new, size) in too_large {
            let (mail, id) = (new.mail_id, new.id.to_owned());
            tx.insert_unfetched(new, &too_large_for(size), now).await?;
            tx.append_audit(&[set_aside(&id, "quarantined", now)]).await?;
            tracing::warn!(
                mailbox,
                mail,
                size,
                "a mail is too large to read; it is set aside and stays in the mailbox"
            );
            metrics::counter!("dsrd_mails_total", "class" => "quarantine").increment(1);
        }
        self.queue_aside(&mut tx, aside.as_ref()).await?;
        tx.set_place(mailbox, cursor, place.since).await?;
        fault!("mail.store.before");
        tx.commit().await?;
        self.told_aside(aside.as_ref());
        fault!("mail.store.after");
        Ok(())
    }

    /// Reads a form once, before any mail is: what reading needs is built on its first use (the numbering plans of the world
    /// take longest). The daemon does it while it fetches the first mails.
    pub async fn warm_up(&self) -> Result<(), Failure> {
        self.warm.get_or_try_init(|| self.read_a_form()).await.copied()
    }

    async fn read_a_form(&self) -> Result<(), Failure> {
        const FORM: &str = "Scope: number +91 98765 43210, last 90 days\nLegal basis: Customer request\n\
                            Requester: A, Owner, a@acme.example, +91 98123 45678\n\
                            I acknowledge identity verification may be required.\n";
        let context = context_on(&self.settings, self.settings.calendar.local_date(self.env.now()));
        // Side by side: the plans take as long as all the rest.
        let plans = tokio::task::spawn_blocking(form::load_plans);
        let read = tokio::task::spawn_blocking(move || form::read("Data Export Request", FORM, &context));
        tokio::try_join!(plans, read)
            .map(drop)
            .map_err(|error| Failure::Refused(format!("reading a form stopped: {error}")))
    }

    /// Reads these and applies what they say.
    pub(super) async fn read_rows(&self, mailbox: &str, rows: Vec<MailRow>) -> Result<Intake, Failure> {
        if rows.is_empty() {
            return Ok(Intake::default());
        }
        self.warm_up().await?;
        let read = rows.len();
        let place = self.place(mailbox).await?;
        let (mails, unreadable) = self.parse(rows).await?;
        let (asked, rest) = self.to_judge(mails, &place);
        // On the heap: each step carries whole mails, and every caller would be as large.
        let mut finished = Box::pin(self.conclude(mailbox, rest, unreadable, &place)).await?;
        if !asked.is_empty() {
            let judged = Box::pin(self.judge_senders(asked)).await?;
            finished.extend(Box::pin(self.conclude(mailbox, judged, Vec::new(), &place)).await?);
        }
        Ok(Intake { read, finished })
    }

    /// Decides what becomes of these and writes it down; the names of those that are ours.
    async fn conclude(
        &self,
        mailbox: &str,
        mails: Vec<Read>,
        mut fates: Vec<Fate>,
        place: &Place,
    ) -> Result<Vec<String>, Failure> {
        fates.extend(self.fates(mails, place).await?);
        let finished = fates.iter().filter_map(Fate::ours).collect();
        self.carry_out(mailbox, fates).await?;
        Ok(finished)
    }

    /// Reads bytes on threads of their own: a hostile mail must not hold up the loops.
    async fn parse(&self, mut rows: Vec<MailRow>) -> Result<(Vec<Read>, Vec<Fate>), Failure> {
        let (mut mails, mut fates) = (Vec::with_capacity(rows.len()), Vec::new());
        let mut threads = Vec::new();
        while !rows.is_empty() {
            let rest = rows.split_off(rows.len().min(THREAD_MAILS));
            let (share, settings) = (std::mem::replace(&mut rows, rest), self.settings.clone());
            threads.push(tokio::task::spawn_blocking(move || parse(share, &settings)));
        }
        for thread in threads {
            let parsed = thread.await;
            let (read, unread) =
                parsed.map_err(|error| Failure::Refused(format!("reading mail stopped: {error}")))?;
            mails.extend(read);
            fates.extend(unread);
        }
        Ok((mails, fates))
    }

    /// Decides, mail by mail, whose business it is.
    async fn fates(&self, mails: Vec<Read>, place: &Place) -> Result<Vec<Fate>, Failure> {
        let seen = self.seen(&mails).await?;
        let threads = self.threads_of(&mails).await?;
        let rules = self.rules().await?;
        let mut here = HashSet::new();
        let mut fates = Vec::with_capacity(mails.len());
        for mail in mails {
            let again = seen.contains(&mail.fingerprint)
                || seen.contains(&mail.row.sha256)
                || !here.insert(mail.fingerprint.clone());
            fates.push(if again {
                settle(&mail, "done", "duplicate", "the same mail has been read before", Keep::Nothing)
            } else {
                let thread = threads.get(&mail.row.id);
                self.fate(mail, thread, &rules.staff, place).await?
            });
        }
        Ok(fates)
    }

    async fn seen(&self, mails: &[Read]) -> Result<HashSet<String>, Failure> {
        let fingerprints: Vec<String> = mails.iter().map(|mail| mail.fingerprint.clone()).collect();
        let hashes: Vec<String> = mails.iter().map(|mail| mail.row.sha256.clone()).collect();
        let mut seen = self.store.seen_contents(Content::Fingerprint, &fingerprints).await?;
        seen.extend(self.store.seen_contents(Content::Sha256, &hashes).await?);
        Ok(seen)
    }

    async fn threads_of(&self, mails: &[Read]) -> Result<HashMap<String, InThread>, Failure> {
        let mut tokens: HashMap<String, Vec<String>> = HashMap::new();
        for mail in mails {
            let mut all = thread::tokens(&mail.incoming, &self.settings);
            if classify::is_bounce(&mail.incoming) {
                all.extend(thread::reported_tokens(&bounce::read(&mail.incoming), &self.settings));
            }
            for token in all {
                tokens.entry(self.token_hash(&token)).or_default().push(mail.row.id.clone());
            }
        }
        let hashes: Vec<String> = tokens.keys().cloned().collect();
        let mut found = HashMap::new();
        for (hash, thread) in self.store.threads(&hashes).await? {
            for id in tokens.get(&hash).into_iter().flatten() {
                found.insert(id.clone(), InThread::Token(thread.clone()));
            }
        }
        for mail in mails.iter().filter(|mail| mail.verdict.speaks_for_customer()) {
            if let Some(reference) = Reference::find(&mail.incoming.subject) {
                found.entry(mail.row.id.clone()).or_insert(InThread::Subject(reference));
            }
        }
        Ok(found)
    }

    async fn fate(
        &self,
        mail: Read,
        thread: Option<&InThread>,
        staff: &[Staff],
        place: &Place,
    ) -> Result<Fate, Failure> {
        let ours = if matches!(thread, Some(InThread::Token(_))) { Thread::Ours } else { Thread::New };
        // What a reply quotes is ours: only its new text can fill in a form (decision 12).
        let new_text = match ours {
            Thread::Ours => Some(self.understood_anew(&mail)),
            Thread::New => None,
        };
        let understood = new_text.as_ref().unwrap_or(&mail.understood);
        let classified = classify::classify(&mail.incoming, &self.settings.own, understood, ours);
        metrics::counter!("dsrd_mails_total", "class" => classified.class.as_str()).increment(1);
        if classified.class == Class::Bounce && mail.row.received_at >= place.since {
            return self.bounced(mail, thread, staff, &classified.reason).await;
        }
        let Ok(from) = mail.incoming.from.clone() else {
            let reason = format!("no single sender: {}", classified.reason);
            return Ok(settle(&mail, "quarantined", "quarantine", &reason, Keep::Raw));
        };
        if mail.row.received_at < place.since {
            return Ok(before_first_start(&mail, &classified));
        }
        let automatic = matches!(classified.class, Class::Own | Class::Bounce | Class::Auto | Class::List);
        if !automatic {
            self.suspect_impostor(&mail, &from, thread, staff).await?;
        }
        if let Some(thread) = thread.filter(|_| !automatic) {
            let event = self.answer(&mail, &from, thread, staff).await?;
            if let Some((reference, event)) = event {
                // What a decision was believed on stays with its mail.
                let reason = format!(
                    "{}; sender {}: {}",
                    classified.reason,
                    mail.verdict.as_str(),
                    mail.evidence.reason
                );
                let cause = cause(mail, Some(from), "command", reason);
                return Ok(incident(Some(reference), event, cause));
            }
        }
        match classified.class {
            Class::Request => {
                let arrival = self.arrival(&mail, &from, &classified);
                let cause = cause(mail, Some(from), "request", classified.reason);
                Ok(incident(None, Event::Arrived(Box::new(arrival)), cause))
            }
            Class::Quarantine => {
                Ok(settle(&mail, "quarantined", "quarantine", &classified.reason, Keep::Raw))
            }
            Class::Bounce | Class::Command | Class::Auto | Class::List | Class::Own | Class::Other => {
                Ok(settle(&mail, "done", classified.class.as_str(), &classified.reason, Keep::Nothing))
            }
        }
    }

    fn understood_anew(&self, mail: &Read) -> Understood {
        let context = reading_context(&self.settings, &mail.incoming, mail.row.received_at);
        form::read(&mail.incoming.subject, &reply::new_text(&mail.incoming.text), &context)
    }

    fn arrival(&self, mail: &Read, from: &Address, classified: &Classified) -> Arrival {
        let settings = &self.settings;
        let received_at = mail.row.received_at;
        let observed = settings
            .mailboxes
            .get(&mail.row.mailbox)
            .is_some_and(|rules| rules.answer == Answer::ObserveOnly);
        let regime = settings.regime(None);
        let due = deadline::due(received_at, regime, settings.promise_days, &settings.calendar);
        Arrival {
            reference: Reference::from_bits(self.env.entropy.bits()),
            received_at,
            origin: Origin {
                sender: from.clone(),
                verdict: mail.verdict,
                evidence: mail.evidence.clone(),
                mailbox: mail.row.mailbox.clone(),
                message_id: mail.incoming.message_id.clone(),
            },
            voice: if observed { Voice::Silent } else { Voice::Speaks },
            leave: if classified.answer { Leave::Answer } else { Leave::AskStaff },
            form: mail.understood.form.clone(),
            problems: mail.understood.problems.clone(),
            manner: manner(&mail.understood),
            text: Personal::new(mail.incoming.text.chars().take(OWN_WORDS_CHARS_MAX).collect()),
            regime: regime.name.clone(),
            due,
        }
    }

    /// Writes down what the batch came to.
    async fn carry_out(&self, mailbox: &str, fates: Vec<Fate>) -> Result<(), Failure> {
        let (mut incidents, mut settled) = (Vec::new(), Vec::new());
        for fate in fates {
            match fate {
                Fate::Event(incident) => incidents.push(*incident),
                Fate::Settle(fate) => settled.push(fate),
            }
        }
        if !settled.is_empty() {
            self.settle_without_event(mailbox, &settled).await?;
        }
        for (index, failure) in self.apply(&incidents).await? {
            let id =
                incidents.get(index).and_then(|incident| incident.mail.as_ref()).map(|mail| mail.id.as_str());
            tracing::error!(mail = id, %failure, "a mail could not be acted on; it stays stored and is tried again");
            if failure.is_transient() {
                return Err(failure);
            }
            self.set_aside_failed(mailbox, id.unwrap_or_default(), &failure).await?;
        }
        Ok(())
    }

    /// Writes down what is no request's business; what is set aside is told to staff in the same commit.
    async fn settle_without_event(&self, mailbox: &str, settled: &[NoEvent]) -> Result<(), Failure> {
        let now = self.env.now();
        let aside = match settled.iter().find(|fate| fate.state == "quarantined") {
            Some(fate) => self.about_set_aside(mailbox, &fate.id, &fate.reason).await?,
            None => None,
        };
        let told = settled.iter().filter(|fate| fate.state != "done");
        let entries: Vec<_> = told.map(|fate| set_aside(&fate.id, fate.state, now)).collect();
        let mut tx = self.store.begin().await?;
        tx.append_audit(&entries).await?;
        tx.settle_mails(&settled.iter().map(NoEvent::settled).collect::<Vec<_>>()).await?;
        self.queue_aside(&mut tx, aside.as_ref()).await?;
        fault!("mail.settle.before");
        tx.commit().await?;
        self.told_aside(aside.as_ref());
        fault!("mail.settle.after");
        Ok(())
    }

    /// A mail that can never be acted on is set aside, so that it does not hold up the next one (invariant 10).
    async fn set_aside_failed(&self, mailbox: &str, id: &str, failure: &Failure) -> Result<(), Failure> {
        let now = self.env.now();
        let aside = self.about_set_aside(mailbox, id, &failure.to_string()).await?;
        let mut tx = self.store.begin().await?;
        tx.append_audit(&[set_aside(id, "quarantined", now)]).await?;
        tx.settle_mails(&[Settled {
            id,
            state: "quarantined",
            class: "quarantine",
            reason: &failure.to_string(),
            reference: None,
            fingerprint: None,
            keep_raw: Keep::Raw,
        }])
        .await?;
        self.queue_aside(&mut tx, aside.as_ref()).await?;
        tx.commit().await?;
        self.told_aside(aside.as_ref());
        Ok(())
    }
}

/// The mails that can be read, and what becomes of the others.
fn parse(rows: Vec<MailRow>, settings: &super::Settings) -> (Vec<Read>, Vec<Fate>) {
    let (mut mails, mut fates) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in rows {
        if row.attempts > ATTEMPTS_MAX {
            fates.push(quarantined(&row, "reading it was begun several times and never ended"));
            continue;
        }
        // One mail that makes us panic must not hold up its whole batch (invariant 10).
        match catch_unwind(AssertUnwindSafe(|| understand(&row, settings))) {
            Err(_) => fates.push(quarantined(&row, "reading it broke off")),
            Ok(Err(problem)) => fates.push(quarantined(&row, &problem.to_string())),
            Ok(Ok((incoming, verdict, reason, understood))) => {
                let fingerprint = identity(&incoming, verdict);
                let evidence = SenderEvidence::said(reason);
                mails.push(Read { row, incoming, verdict, evidence, understood, fingerprint });
            }
        }
    }
    (mails, fates)
}

fn understand(
    row: &MailRow,
    settings: &super::Settings,
) -> Result<(Incoming, SenderVerdict, String, Understood), Unreadable> {
    fault!(blocking "mail.read", about &row.raw);
    let incoming = incoming::read(&row.raw, &settings.limits)?;
    let (verdict, reason) = authentication::verdict(&incoming, &settings.trust);
    let context = reading_context(settings, &incoming, row.received_at);
    let understood = form::read(&incoming.subject, &incoming.text, &context);
    Ok((incoming, verdict, reason, understood))
}

/// What makes two mails the same (decision 10): Message-ID and content. The verdict counts too, so that a forged copy that
/// comes first never swallows the real mail.
pub(super) fn identity(incoming: &Incoming, verdict: SenderVerdict) -> String {
    let mut bytes = incoming.fingerprint.to_vec();
    bytes.push(u8::from(verdict.speaks_for_customer()));
    bytes.extend_from_slice(incoming.message_id.as_deref().unwrap_or_default().as_bytes());
    sha256(&bytes)
}

/// What reading a mail's form needs; relative dates count from the day that the sender saw on writing it.
pub(super) fn reading_context(
    settings: &super::Settings,
    incoming: &Incoming,
    received_at: Timestamp,
) -> ReadingContext {
    let date = incoming.written_on.unwrap_or_else(|| settings.calendar.local_date(received_at));
    context_on(settings, date)
}

/// How a form is read that was written on this day.
pub(super) fn context_on(settings: &super::Settings, date: jiff::civil::Date) -> ReadingContext {
    let Reading { region, order, languages } = &settings.reading;
    ReadingContext { date, region: region.clone(), day_first: *order, languages: Arc::clone(languages) }
}

fn manner(understood: &Understood) -> Manner {
    match understood.filled {
        FormPresence::OwnWords => Manner::OwnWords,
        FormPresence::Filled | FormPresence::Unfilled | FormPresence::Absent if understood.is_complete() => {
            Manner::Complete
        }
        FormPresence::Filled | FormPresence::Unfilled | FormPresence::Absent => Manner::Incomplete,
    }
}

fn set_aside(id: &str, state: &str, now: Timestamp) -> crate::domain::audit::Entry {
    use crate::domain::audit::{Action, Actor, Entry};
    Entry {
        at: now,
        request: None,
        actor: Actor::Daemon,
        action: if state == "listed" { Action::MailListed } else { Action::MailQuarantined },
        from_stage: None,
        to_stage: None,
        reason: None,
        evidence: std::collections::BTreeMap::from([("mail".to_owned(), id.to_owned())]),
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref())
}
