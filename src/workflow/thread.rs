//! Which request a mail answers, and what it says to it. A token decides, in the plus-address or in the Message-ID that is
//! answered; a reference in the subject serves only the authenticated person whom the request expects (decision 13).

use super::settings::Settings;
use super::verify::party;
use super::{Failure, Workflow};
use crate::domain::address::Address;
use crate::domain::command::{self, Command};
use crate::domain::event::{Event, StaffAct, StaffWord};
use crate::domain::form;
use crate::domain::ids::Reference;
use crate::domain::left::Left;
use crate::domain::personal::Personal;
use crate::domain::policy::Staff;
use crate::domain::request::{Blocker, Request};
use crate::domain::verification::{Party, StaffCode};
use crate::mail::bounce::Report;
use crate::mail::incoming::Incoming;
use crate::mail::reply;
use crate::store::Thread;
use jiff::SignedDuration;

/// A staff mail older than this decides nothing (decision 39, standard M6).
const STAFF_MAIL_AGE_MAX: SignedDuration = SignedDuration::from_hours(24);
/// Message-IDs of a mail that are looked up.
const IDS_MAX: usize = 20;

/// How a mail was found to belong to a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum InThread {
    /// By a token that only the reader of one of our mails can know.
    Token(Thread),
    /// By the reference in the subject, which is no secret.
    Subject(Reference),
}

/// The tokens that a mail carries: details of our address, and local parts of our Message-IDs that it answers.
pub(super) fn tokens(incoming: &Incoming, settings: &Settings) -> Vec<String> {
    let ours = &settings.from;
    let details = incoming
        .recipients
        .iter()
        .filter(|to| to.without_detail() == ours.without_detail())
        .filter_map(|to| to.detail().map(str::to_owned));
    let answered = incoming.in_reply_to.iter().chain(incoming.references.iter().rev()).take(IDS_MAX);
    details.chain(answered.filter_map(|id| token_of(id, ours))).collect()
}

/// The tokens of the mails of ours that a report is about.
pub(super) fn reported_tokens(report: &Report, settings: &Settings) -> Vec<String> {
    report.message_ids.iter().filter_map(|id| token_of(id, &settings.from)).collect()
}

fn token_of(message_id: &str, ours: &Address) -> Option<String> {
    let (local, domain) = message_id.rsplit_once('@')?;
    domain.eq_ignore_ascii_case(ours.domain()).then(|| local.to_owned())
}

impl Workflow {
    /// The event that an answer is, with its request; none when it is no answer after all and must be read as new mail.
    pub(super) async fn answer(
        &self,
        mail: &super::receive::Read,
        from: &Address,
        thread: &InThread,
        staff: &[Staff],
    ) -> Result<Option<(Reference, Event)>, Failure> {
        let new_text = reply::new_text(&mail.incoming.text);
        let command = command::parse(&new_text).ok();
        match thread {
            InThread::Token(thread) if thread.staff.is_some() => {
                let event = self.staff_answer(mail, from, thread, staff, command).await?;
                Ok(Some((thread.reference.clone(), event)))
            }
            InThread::Token(thread) => {
                let event = self.customer_answer(mail, from, &thread.reference, command, &new_text).await?;
                Ok(event.map(|event| (thread.reference.clone(), event)))
            }
            InThread::Subject(reference) => self.by_subject(mail, from, reference, staff, command).await,
        }
    }

    /// Staff answer only their own notices, from their own address, with somebody vouching for it, in time, to us.
    async fn staff_answer(
        &self,
        mail: &super::receive::Read,
        from: &Address,
        thread: &Thread,
        staff: &[Staff],
        command: Option<Command>,
    ) -> Result<Event, Failure> {
        let addressed =
            mail.incoming.written_to.iter().any(|to| self.settings.own.contains(&to.without_detail()));
        let fresh = mail
            .incoming
            .date
            .is_some_and(|date| self.env.now().duration_since(date).abs() <= STAFF_MAIL_AGE_MAX);
        // No signature covers In-Reply-To: a mail about one request must not be led into the thread of another.
        let astray = Reference::find(&mail.incoming.subject).is_some_and(|named| named != thread.reference);
        let writer = staff.iter().find(|member| member.address == *from && mail.verdict.speaks_for_staff());
        match writer {
            Some(_) if astray => Ok(Event::NotUnderstood { from: Party::Stranger }),
            Some(member) if addressed && fresh && thread.staff.as_ref() == Some(&member.name) => {
                Ok(Event::Staff(
                    self.staff_act(member, command, &thread.reference, thread.plan_hash.clone()).await?,
                ))
            }
            // A colleague's mail, forwarded: it decides nothing, but whoever wrote must not wait for ever.
            Some(member) if addressed && fresh && command.as_ref().is_some_and(Command::is_staff_word) => {
                Ok(Event::Staff(out_of_thread(member)))
            }
            Some(_) | None => Ok(Event::NotUnderstood { from: Party::Stranger }),
        }
    }

    async fn customer_answer(
        &self,
        mail: &super::receive::Read,
        from: &Address,
        reference: &Reference,
        command: Option<Command>,
        new_text: &str,
    ) -> Result<Option<Event>, Failure> {
        let Some(row) = self.store.request(reference).await? else {
            return Ok(None);
        };
        let from = party(&row.request, from, mail.verdict);
        let event = match command {
            Some(Command::Confirm { code }) => {
                let code = self.code_verdict(reference, &code).await?;
                Event::Confirmed { from, code }
            }
            Some(Command::Cancel) => Event::Cancelled { from, left: Left::default() },
            Some(Command::NotMe) => Event::Disowned { from, left: Left::default() },
            Some(Command::Status) => Event::StatusAsked { from },
            Some(
                Command::Approve { .. }
                | Command::Refuse { .. }
                | Command::Ask { .. }
                | Command::Accept
                | Command::Extend { .. }
                | Command::Scope { .. }
                | Command::NotRequest
                | Command::Hold { .. }
                | Command::Release
                | Command::Veto
                | Command::Called { .. },
            )
            | None => self.free_text(mail, &row.request, from, new_text),
        };
        Ok(Some(event))
    }

    /// Free text counts only where we asked for it (decision 32).
    fn free_text(
        &self,
        mail: &super::receive::Read,
        request: &Request,
        from: Party,
        new_text: &str,
    ) -> Event {
        let asked = matches!(request.blocker, Some(Blocker::NeedsClarification | Blocker::StaffQuestion));
        if !asked {
            return Event::NotUnderstood { from };
        }
        let context = super::receive::reading_context(&self.settings, &mail.incoming, mail.row.received_at);
        let text = &mail.incoming.text;
        let form = form::answer(&request.form, &request.problems, text, new_text, &context);
        Event::Answered { from, form, text: Personal::new(new_text.to_owned()) }
    }

    async fn by_subject(
        &self,
        mail: &super::receive::Read,
        from: &Address,
        reference: &Reference,
        staff: &[Staff],
        command: Option<Command>,
    ) -> Result<Option<(Reference, Event)>, Failure> {
        let Some(command) = command else {
            return Ok(None);
        };
        if command.is_staff_word() {
            let member =
                staff.iter().find(|member| member.address == *from && mail.verdict.speaks_for_staff());
            return Ok(member.map(|member| (reference.clone(), Event::Staff(out_of_thread(member)))));
        }
        let Some(row) = self.store.request(reference).await? else {
            return Ok(None);
        };
        if party(&row.request, from, mail.verdict) == Party::Stranger {
            return Ok(None);
        }
        let event = self.customer_answer(mail, from, reference, Some(command), "").await?;
        Ok(event.map(|event| (reference.clone(), event)))
    }
}

/// A staff word that did not come in the thread of a mail to whoever wrote it (decision 36).
fn out_of_thread(member: &Staff) -> StaffAct {
    StaffAct {
        by: member.name.clone(),
        address: member.address.clone(),
        word: StaffWord::NotInThread,
        code: StaffCode::NotAsked,
        plan_hash: None,
    }
}
