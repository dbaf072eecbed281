//! What becomes of one mail that was read: something for a request, or a line in the register. `receive.rs` decides which.

use super::post::Answered;
use super::receive::Read;
use super::{Incident, MailCause};
use crate::domain::address::Address;
use crate::domain::event::Event;
use crate::domain::ids::Reference;
use crate::mail::classify::{Class, Classified};
use crate::store::{Keep, MailRow, Settled};

/// What becomes of one mail.
pub(super) enum Fate {
    /// Something for a request.
    Event(Box<Incident>),
    /// No request's business.
    Settle(NoEvent),
}

/// What is written down of a mail that is no request's business.
pub(super) struct NoEvent {
    pub(super) id: String,
    pub(super) state: &'static str,
    class: &'static str,
    pub(super) reason: String,
    fingerprint: Option<String>,
    keep: Keep,
}

impl NoEvent {
    pub(super) fn settled(&self) -> Settled<'_> {
        Settled {
            id: &self.id,
            state: self.state,
            class: self.class,
            reason: &self.reason,
            reference: None,
            fingerprint: self.fingerprint.as_deref(),
            keep_raw: self.keep,
        }
    }
}

impl Fate {
    /// The name, in its mailbox, of a mail that is ours; what is not stays as it is.
    pub(super) fn ours(&self) -> Option<String> {
        match self {
            Self::Event(incident) => incident.mail.as_ref().map(|mail| mail.name.clone()),
            Self::Settle(_) => None,
        }
    }
}

pub(super) fn incident(reference: Option<Reference>, event: Event, mail: MailCause) -> Fate {
    Fate::Event(Box::new(Incident { reference, event, mail: Some(mail), job: None, plan: None, actor: None }))
}

pub(super) fn cause(mail: Read, from: Option<Address>, class: &'static str, reason: String) -> MailCause {
    MailCause {
        id: mail.row.id,
        name: mail.row.mail_id,
        class,
        reason,
        fingerprint: mail.fingerprint,
        sealer: mail.row.sealer,
        answered: Answered { sender: from, message_id: mail.incoming.message_id },
    }
}

pub(super) fn settle(
    mail: &Read,
    state: &'static str,
    class: &'static str,
    reason: &str,
    keep: Keep,
) -> Fate {
    Fate::Settle(NoEvent {
        id: mail.row.id.clone(),
        state,
        class,
        reason: reason.to_owned(),
        fingerprint: Some(mail.fingerprint.clone()),
        keep,
    })
}

/// Older than the first start: what looks like a request is listed to staff, never answered (decision 8).
pub(super) fn before_first_start(mail: &Read, classified: &Classified) -> Fate {
    match classified.class {
        Class::Request => settle(mail, "listed", "request", "older than the first start", Keep::Raw),
        class @ (Class::Command
        | Class::Auto
        | Class::Bounce
        | Class::List
        | Class::Own
        | Class::Other
        | Class::Quarantine) => {
            settle(mail, "done", class.as_str(), "older than the first start", Keep::Nothing)
        }
    }
}

pub(super) fn quarantined(row: &MailRow, reason: &str) -> Fate {
    tracing::warn!(
        mailbox = row.mailbox,
        mail = row.mail_id,
        reason,
        "a mail cannot be read; it is set aside and stays in the mailbox"
    );
    metrics::counter!("dsrd_mails_total", "class" => "quarantine").increment(1);
    Fate::Settle(NoEvent {
        id: row.id.clone(),
        state: "quarantined",
        class: "quarantine",
        reason: reason.to_owned(),
        fingerprint: None,
        keep: Keep::Raw,
    })
}
