//! Every mail that we send: its kind and the data that its texts need. The words stand in `templates/notices/<kind>/`.
//! Holds no sentence, no secret beyond the code or passphrase that the mail itself carries, and nothing that a
//! stranger wrote except in fields named `…_text`, `question`, `answer` and `subject`, which templates fence.
//! `notices.rs` turns a `Notice` into subject, text and HTML.

mod asked;
mod customer;
mod deletion;
mod samples;
mod staff;

use super::ids::Reference;
use super::request::Kind;
use serde::Serialize;

pub use asked::{Asked, AskedItem};
pub use customer::{
    AcknowledgementText, ChallengeText, ClarificationText, CompletedExportText, Delivery, ExpiredText,
    ExtendedText, Mailtos, Missing, PackageLine, PassphraseRoute, PassphraseText, QuestionText, RefusedPart,
    RefusedText, ReminderText, Rights, Standing, StatusCause, StatusText, WithdrawnText,
};
pub use deletion::{ApprovedText, CompletedDeleteText, DeletedLine, KeptPart, ObligationSettledText};
pub use staff::{
    AnswerText, ApprovalRequestText, AttentionReason, AttentionText, Changed, DeadlineAtRiskText, DeadlineOf,
    DecisionRecordedText, DigestLine, DigestText, Fate, FirstStart, HoldLine, OldMail, OnFile, PlanLine,
    PlanSummary, Risk, Unchanged, WaitsFor,
};

/// Which mail it is; also the name of its template folder.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum NoticeKind {
    /// We have your request.
    Acknowledgement,
    /// Is it you? To the address on file.
    Challenge,
    /// The same again, with a new code.
    Reminder,
    /// What is missing in the form; serves as the acknowledgement (decision 35).
    Clarification,
    /// A plan for staff to decide on.
    ApprovalRequest,
    /// What a staff answer did, or why it did nothing.
    DecisionRecorded,
    /// The deletion is agreed, and begins after the cooling-off time.
    Approved,
    /// The copy is ready.
    CompletedExport,
    /// The deletion is done, with its certificate.
    CompletedDelete,
    /// What had been kept is deleted too.
    ObligationSettled,
    /// No, or not all of it, and why.
    Refused,
    /// Closed because nobody could be identified.
    Expired,
    /// It takes longer, and why.
    Extended,
    /// The customer took it back.
    Withdrawn,
    /// Where it stands.
    Status,
    /// A question from staff to the customer.
    Question,
    /// The customer's answer to staff.
    Answer,
    /// What opens the package.
    Passphrase,
    /// Staff must look at something.
    Attention,
    /// A due date is near or has passed.
    DeadlineAtRisk,
    /// The register at a glance; on the first start also the older mail.
    Digest,
}

/// Who reads a notice.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Audience {
    /// The person who asks.
    Customer,
    /// The company's staff. With `answer = false` only these leave (decision 41).
    Staff,
}

/// The value of the header `Auto-Submitted` (RFC 3834 section 5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AutoSubmitted {
    /// A direct answer to one mail.
    Replied,
    /// Sent on our own account.
    Generated,
}

impl AutoSubmitted {
    /// The header value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Replied => "auto-replied",
            Self::Generated => "auto-generated",
        }
    }
}

impl NoticeKind {
    /// Every kind.
    pub const ALL: [Self; 21] = [
        Self::Acknowledgement,
        Self::Challenge,
        Self::Reminder,
        Self::Clarification,
        Self::ApprovalRequest,
        Self::DecisionRecorded,
        Self::Approved,
        Self::CompletedExport,
        Self::CompletedDelete,
        Self::ObligationSettled,
        Self::Refused,
        Self::Expired,
        Self::Extended,
        Self::Withdrawn,
        Self::Status,
        Self::Question,
        Self::Answer,
        Self::Passphrase,
        Self::Attention,
        Self::DeadlineAtRisk,
        Self::Digest,
    ];

    /// The folder below `templates/notices/`, and the word in state columns and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledgement => "acknowledgement",
            Self::Challenge => "challenge",
            Self::Reminder => "reminder",
            Self::Clarification => "clarification",
            Self::ApprovalRequest => "approval-request",
            Self::DecisionRecorded => "decision-recorded",
            Self::Approved => "approved",
            Self::CompletedExport => "completed-export",
            Self::CompletedDelete => "completed-delete",
            Self::ObligationSettled => "obligation-settled",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Extended => "extended",
            Self::Withdrawn => "withdrawn",
            Self::Status => "status",
            Self::Question => "question",
            Self::Answer => "answer",
            Self::Passphrase => "passphrase",
            Self::Attention => "attention",
            Self::DeadlineAtRisk => "deadline-at-risk",
            Self::Digest => "digest",
        }
    }

    /// Reads the word that a state column holds.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Who reads it.
    pub const fn audience(self) -> Audience {
        match self {
            Self::Acknowledgement
            | Self::Challenge
            | Self::Reminder
            | Self::Clarification
            | Self::Approved
            | Self::CompletedExport
            | Self::CompletedDelete
            | Self::ObligationSettled
            | Self::Refused
            | Self::Expired
            | Self::Extended
            | Self::Withdrawn
            | Self::Status
            | Self::Question
            | Self::Passphrase => Audience::Customer,
            Self::ApprovalRequest
            | Self::DecisionRecorded
            | Self::Answer
            | Self::Attention
            | Self::DeadlineAtRisk
            | Self::Digest => Audience::Staff,
        }
    }

    /// Whether it answers one mail of the reader's or is sent on our own account.
    pub const fn auto_submitted(self) -> AutoSubmitted {
        match self {
            Self::Acknowledgement | Self::Clarification | Self::Withdrawn | Self::Status => {
                AutoSubmitted::Replied
            }
            Self::Challenge
            | Self::Reminder
            | Self::ApprovalRequest
            | Self::DecisionRecorded
            | Self::Approved
            | Self::CompletedExport
            | Self::CompletedDelete
            | Self::ObligationSettled
            | Self::Refused
            | Self::Expired
            | Self::Extended
            | Self::Question
            | Self::Answer
            | Self::Passphrase
            | Self::Attention
            | Self::DeadlineAtRisk
            | Self::Digest => AutoSubmitted::Generated,
        }
    }
}

/// Who writes: the company as configured. Stands in every notice.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Company {
    /// As customers know it.
    pub name: String,
    /// Where people reach a human: an address, a number or both.
    pub support: String,
    /// Name and contact of the person who hears complaints.
    pub grievance_officer: String,
}

/// What every notice about a request carries.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct About {
    /// In every subject, in brackets.
    pub reference: Reference,
    /// None while nobody knows which of the two is asked for.
    pub kind: Option<Kind>,
    /// Who writes.
    pub company: Company,
}

/// A notice with its data.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "each variant is the `NoticeKind` of the same name")]
pub enum Notice {
    Acknowledgement(AcknowledgementText),
    Challenge(ChallengeText),
    Reminder(ReminderText),
    Clarification(ClarificationText),
    ApprovalRequest(ApprovalRequestText),
    DecisionRecorded(DecisionRecordedText),
    Approved(ApprovedText),
    CompletedExport(CompletedExportText),
    CompletedDelete(CompletedDeleteText),
    ObligationSettled(ObligationSettledText),
    Refused(RefusedText),
    Expired(ExpiredText),
    Extended(ExtendedText),
    Withdrawn(WithdrawnText),
    Status(StatusText),
    Question(QuestionText),
    Answer(AnswerText),
    Passphrase(PassphraseText),
    Attention(AttentionText),
    DeadlineAtRisk(DeadlineAtRiskText),
    Digest(DigestText),
}

impl Notice {
    /// Which mail it is.
    pub const fn kind(&self) -> NoticeKind {
        match self {
            Self::Acknowledgement(_) => NoticeKind::Acknowledgement,
            Self::Challenge(_) => NoticeKind::Challenge,
            Self::Reminder(_) => NoticeKind::Reminder,
            Self::Clarification(_) => NoticeKind::Clarification,
            Self::ApprovalRequest(_) => NoticeKind::ApprovalRequest,
            Self::DecisionRecorded(_) => NoticeKind::DecisionRecorded,
            Self::Approved(_) => NoticeKind::Approved,
            Self::CompletedExport(_) => NoticeKind::CompletedExport,
            Self::CompletedDelete(_) => NoticeKind::CompletedDelete,
            Self::ObligationSettled(_) => NoticeKind::ObligationSettled,
            Self::Refused(_) => NoticeKind::Refused,
            Self::Expired(_) => NoticeKind::Expired,
            Self::Extended(_) => NoticeKind::Extended,
            Self::Withdrawn(_) => NoticeKind::Withdrawn,
            Self::Status(_) => NoticeKind::Status,
            Self::Question(_) => NoticeKind::Question,
            Self::Answer(_) => NoticeKind::Answer,
            Self::Passphrase(_) => NoticeKind::Passphrase,
            Self::Attention(_) => NoticeKind::Attention,
            Self::DeadlineAtRisk(_) => NoticeKind::DeadlineAtRisk,
            Self::Digest(_) => NoticeKind::Digest,
        }
    }

    /// The request that it is about; a digest and some attention notices are about none.
    pub const fn reference(&self) -> Option<&Reference> {
        match self {
            Self::Acknowledgement(text) => Some(&text.about.reference),
            Self::Challenge(text) => Some(&text.about.reference),
            Self::Reminder(text) => Some(&text.challenge.about.reference),
            Self::Clarification(text) => Some(&text.about.reference),
            Self::ApprovalRequest(text) => Some(&text.about.reference),
            Self::DecisionRecorded(text) => Some(&text.about.reference),
            Self::Approved(text) => Some(&text.about.reference),
            Self::CompletedExport(text) => Some(&text.about.reference),
            Self::CompletedDelete(text) => Some(&text.about.reference),
            Self::ObligationSettled(text) => Some(&text.about.reference),
            Self::Refused(text) => Some(&text.about.reference),
            Self::Expired(text) => Some(&text.about.reference),
            Self::Extended(text) => Some(&text.about.reference),
            Self::Withdrawn(text) => Some(&text.about.reference),
            Self::Status(text) => Some(&text.about.reference),
            Self::Question(text) => Some(&text.about.reference),
            Self::Answer(text) => Some(&text.about.reference),
            Self::Passphrase(text) => Some(&text.about.reference),
            Self::Attention(text) => text.reference.as_ref(),
            Self::DeadlineAtRisk(text) => Some(&text.about.reference),
            Self::Digest(_) => None,
        }
    }

    /// At least one of every kind, and one of every variant: what `dsrd check` and the tests render, so that a template
    /// which does not fit its data is found before a customer waits for it. Nobody in them exists.
    pub fn samples() -> Vec<Self> {
        samples::all().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Notice, NoticeKind};

    #[test]
    fn every_kind_has_a_sample_and_its_word_reads_back() {
        let samples = Notice::samples();
        for kind in NoticeKind::ALL {
            assert!(samples.iter().any(|sample| sample.kind() == kind), "{kind:?} has no sample");
            assert_eq!(NoticeKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(NoticeKind::parse("completed"), None);
    }
}
