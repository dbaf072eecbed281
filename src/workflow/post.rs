//! Freezes a notice: words, token, Message-ID, Date and bytes are drawn once and kept in the outbox row, so that a re-sent
//! mail is the same mail (invariant 6). Sends nothing; that is the outbox pump's work.

use super::compose::Facts;
use super::{Failure, Workflow};
use crate::crypto::code;
use crate::domain::address::Address;
use crate::domain::ids::{Reference, StaffName};
use crate::domain::notice::{AutoSubmitted, CompletedDeleteText, Notice, NoticeKind};
use crate::domain::plan::hex;
use crate::domain::policy::Rules;
use crate::domain::request::Request;
use crate::domain::transition::{Intent, To};
use crate::mail::outgoing::{self, Attachment, Outgoing};
use crate::notices;
use crate::store::NewParcel;
use jiff::{SignedDuration, Timestamp};

/// A notice is tried for this long (decision 24).
const EXPIRES_AFTER: SignedDuration = SignedDuration::from_hours(5 * 24);

/// A frozen notice, ready to be queued.
pub(super) struct Letter {
    pub(super) id: String,
    pub(super) notice: NoticeKind,
    reference: Option<Reference>,
    staff: Option<StaffName>,
    plan_hash: Option<String>,
    token_hash: String,
    envelope_from: Option<Address>,
    to: Address,
    bytes: Vec<u8>,
    sha256: String,
    next_at: Timestamp,
    /// Whether it counts against the caps.
    capped: bool,
    /// The keyed hash of the challenge code that it carries, with the time that the code ends.
    pub(super) code: Option<(String, Timestamp)>,
}

/// The mail that a notice answers.
#[derive(Clone, Debug, Default)]
pub(super) struct Answered {
    /// Who sent it.
    pub(super) sender: Option<Address>,
    /// Its Message-ID.
    pub(super) message_id: Option<String>,
}

impl Letter {
    /// Its row in the outbox: written in the transaction of its cause.
    pub(super) fn parcel(&self) -> NewParcel<'_> {
        NewParcel {
            id: &self.id,
            reference: self.reference.as_ref(),
            notice: self.notice,
            audience: self.notice.audience(),
            staff: self.staff.as_ref(),
            plan_hash: self.plan_hash.as_deref(),
            token_hash: &self.token_hash,
            envelope_from: self.envelope_from.as_ref(),
            to: &self.to,
            bytes: &self.bytes,
            sha256: &self.sha256,
            next_at: self.next_at,
            expires_at: self.next_at + EXPIRES_AFTER,
        }
    }
}

impl Workflow {
    /// Freezes what an intent asks for.
    pub(super) async fn letter(
        &self,
        request: &Request,
        intent: &Intent,
        rules: &Rules,
        answered: &Answered,
    ) -> Result<Option<Letter>, Failure> {
        let Some((to, staff)) = recipient(request, &intent.to, rules) else {
            return Ok(None);
        };
        let now = self.env.now();
        let token = code::token(self.env.entropy.bits());
        let answers_to = self.answer_address(&token);
        let fresh = matches!(intent.notice, NoticeKind::Challenge | NoticeKind::Reminder)
            .then(|| code::challenge_code(self.env.entropy.bits()));
        let passphrase = match intent.notice {
            NoticeKind::Passphrase => self.store.passphrase(&request.reference).await?,
            _ => None,
        };
        let facts = Facts {
            settings: &self.settings,
            request,
            rules,
            now,
            code: fresh.as_deref(),
            passphrase: passphrase.as_deref(),
            answers_to: &answers_to,
        };
        let notice = facts.notice(intent);
        let attachments = match &notice {
            Notice::CompletedDelete(text) => vec![self.certificate(text)?],
            _ => self.attachments(request, intent.notice).await?,
        };
        let mut letter = self.freeze(&notice, &to, &token, answered, attachments)?;
        letter.reference = Some(request.reference.clone());
        if intent.notice == NoticeKind::Status {
            letter.next_at = self.caps().admit_standing(request.reference.as_str(), now);
        }
        letter.plan_hash =
            staff.is_some().then(|| request.plan.as_ref().map(|plan| plan.hash.clone())).flatten();
        letter.staff = staff;
        letter.code = fresh.map(|typed| {
            let hash = self.challenge_hash(&request.reference, &typed);
            (hash, now + self.settings.verification.code_lifetime)
        });
        Ok(Some(letter))
    }

    /// Freezes a notice to one recipient.
    pub(super) fn freeze(
        &self,
        notice: &Notice,
        to: &Address,
        token: &str,
        answered: &Answered,
        attachments: Vec<Attachment>,
    ) -> Result<Letter, Failure> {
        let now = self.env.now();
        let kind = notice.kind();
        let words = notices::compose(&self.texts, notice)?;
        // The Message-ID of a stranger's mail goes only into an answer to that stranger.
        let in_reply_to = answered.message_id.clone().filter(|_| answered.sender.as_ref() == Some(to));
        let mail = Outgoing {
            from: self.settings.from.clone(),
            from_name: self.settings.company.name.clone(),
            to: to.clone(),
            reply_to: Some(self.answer_address(token)),
            message_id: format!("{token}@{}", self.settings.from.domain()),
            date: now,
            references: in_reply_to.iter().cloned().collect(),
            in_reply_to,
            subject: words.subject,
            text: words.text,
            html: words.html,
            attachments,
            auto_submitted: kind.auto_submitted(),
        };
        let bytes = outgoing::build(&mail)?;
        let sha256 = hex(ring::digest::digest(&ring::digest::SHA256, &bytes).as_ref());
        // An answer to an automatic answer would start a loop; the null path ends it (RFC 3834 section 3.3). Anything else
        // comes back to an address that names its notice, where the mailbox has such.
        let envelope_from =
            (kind.auto_submitted() != AutoSubmitted::Replied).then(|| self.answer_address(token));
        Ok(Letter {
            id: self.draw_id(),
            notice: kind,
            reference: None,
            staff: None,
            plan_hash: None,
            token_hash: self.token_hash(token),
            envelope_from,
            to: to.clone(),
            next_at: self.leaves_at(kind, to, now),
            capped: is_capped(kind),
            bytes,
            sha256,
            code: None,
        })
    }

    fn leaves_at(&self, kind: NoticeKind, to: &Address, now: Timestamp) -> Timestamp {
        if !is_capped(kind) {
            return now;
        }
        let index = self.store.keyring().index("address", to.expose());
        let (at, cap) = self.caps().admit(&self.settings.caps, to, &index, now);
        let is_open = cap == Some(super::caps::Cap::Everybody);
        // The breaker: answers to everybody wait, and mail is taken in as before.
        metrics::gauge!("dsrd_answers_breaker_open").set(f64::from(u8::from(is_open)));
        if let Some(cap) = cap {
            tracing::warn!(
                notice = kind.as_str(),
                cap = cap.as_str(),
                wait_s = at.duration_since(now).as_secs(),
                "an answer waits: too many to this address, domain or in all ([limits])"
            );
            metrics::counter!("dsrd_answers_capped_total", "cap" => cap.as_str()).increment(1);
        }
        at
    }

    /// Gives back what letters that were not queued had taken from the caps.
    pub(super) fn take_back<'a>(&self, letters: impl Iterator<Item = &'a Letter>) {
        let mut caps = self.caps();
        for letter in letters.filter(|letter| letter.capped) {
            let index = self.store.keyring().index("address", letter.to.expose());
            caps.take_back(&index, letter.to.domain(), letter.next_at);
        }
    }

    fn answer_address(&self, token: &str) -> Address {
        let from = &self.settings.from;
        if self.settings.plus_addressing == super::settings::PlusAddressing::Off {
            return from.clone();
        }
        from.with_detail(token).unwrap_or_else(|| from.clone())
    }

    /// The completion notice of a deletion as a page of its own, to be kept.
    fn certificate(&self, text: &CompletedDeleteText) -> Result<Attachment, Failure> {
        let page = notices::certificate(&self.texts, text)?;
        let name = format!("{}-certificate.html", text.about.reference);
        Ok(Attachment { name, media_type: "text/html".into(), bytes: page.into_bytes() })
    }

    async fn attachments(&self, request: &Request, kind: NoticeKind) -> Result<Vec<Attachment>, Failure> {
        let Some(package) = request.package.as_ref().filter(|_| kind == NoticeKind::CompletedExport) else {
            return Ok(Vec::new());
        };
        let linked = self.settings.delivery.base_url.is_some()
            && package.bytes > self.settings.delivery.attachment_bytes_max;
        if linked {
            return Ok(Vec::new());
        }
        let path = self.settings.delivery.package_dir.join(&package.file_name);
        let bytes = tokio::fs::read(&path).await.map_err(|error| {
            Failure::Package(format!("reading {} to attach it: {error}", package.file_name))
        })?;
        Ok(vec![Attachment { name: package.file_name.clone(), media_type: "application/zip".into(), bytes }])
    }
}

/// Acknowledgements and clarifications only (decision 38).
const fn is_capped(kind: NoticeKind) -> bool {
    matches!(kind, NoticeKind::Acknowledgement | NoticeKind::Clarification)
}

/// Who gets it. Nobody, when a member of staff left meanwhile.
fn recipient(request: &Request, to: &To, rules: &Rules) -> Option<(Address, Option<StaffName>)> {
    match to {
        To::Sender => Some((request.origin.sender.clone(), None)),
        To::OnFile => request.address_on_file().map(|address| (address.clone(), None)),
        To::Staff(name) => rules
            .staff
            .iter()
            .find(|staff| staff.name == *name)
            .map(|staff| (staff.address.clone(), Some(name.clone()))),
    }
}
