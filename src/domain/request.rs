//! What a request is: its kind, where it stands (`Stage`), why it stands still (`Blocker`), how it ended (`Outcome`).
//! The three never mix. Nothing here changes a request; only `transition::decide` does.

use super::address::Address;
use super::deadline::Due;
use super::directory::DirectoryEntry;
use super::erasure::ErasureFacts;
use super::form::{Form, Problem};
use super::ids::{Reference, StaffName};
use super::personal::Personal;
use super::plan::PlanSummary;
use super::sender::{SenderEvidence, SenderVerdict};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A copy of the data (GDPR art. 15 and 20).
    Export,
    /// Erasure (GDPR art. 17).
    Delete,
}

impl Kind {
    /// The word in state columns, logs and file names.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Delete => "delete",
        }
    }
}

/// Why a request or a part of it is refused (law.md).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// The requester could not be identified.
    IdentityNotVerified,
    /// A legal hold or court order.
    LegalHold,
    /// A law says how long it must be kept.
    StatutoryRetention,
    /// The copy would harm others (GDPR 15(4)).
    RightsOfOthers,
    /// Manifestly unfounded or excessive (GDPR 12(5)).
    ManifestlyUnfoundedOrExcessive,
    /// Nobody in the directory answers to it.
    NoMatch,
    /// Another law's business.
    OutsideJurisdiction,
    /// Not covered by the law that is relied on.
    NotCovered,
    /// Signs of fraud.
    SuspectedFraud,
}

impl Ground {
    /// Every ground, in the order of law.md.
    pub const ALL: [Self; 9] = [
        Self::IdentityNotVerified,
        Self::LegalHold,
        Self::StatutoryRetention,
        Self::RightsOfOthers,
        Self::ManifestlyUnfoundedOrExcessive,
        Self::NoMatch,
        Self::OutsideJurisdiction,
        Self::NotCovered,
        Self::SuspectedFraud,
    ];

    /// The word that staff type and columns hold.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IdentityNotVerified => "identity-not-verified",
            Self::LegalHold => "legal-hold",
            Self::StatutoryRetention => "statutory-retention",
            Self::RightsOfOthers => "rights-of-others",
            Self::ManifestlyUnfoundedOrExcessive => "manifestly-unfounded-or-excessive",
            Self::NoMatch => "no-match",
            Self::OutsideJurisdiction => "outside-jurisdiction",
            Self::NotCovered => "not-covered",
            Self::SuspectedFraud => "suspected-fraud",
        }
    }

    /// Reads the word that staff typed; case falls away.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ground| ground.as_str().eq_ignore_ascii_case(word))
    }
}

/// Why a request stands still; never where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blocker {
    /// The form was incomplete and the customer was asked.
    NeedsClarification,
    /// Nobody vouches for the sender; staff may `ACCEPT`.
    SenderUnauthenticated,
    /// The plan holds recordings and nobody has called the customer back yet.
    NeedsSecondFactor,
    /// A mail that the request depends on was refused by the server.
    Undeliverable,
    /// A source of the company does not answer.
    ConnectorDown,
    /// The data moved away from the approved plan.
    PlanDrift,
    /// Staff asked the customer something.
    StaffQuestion,
    /// A legal hold covers everything that is to be deleted.
    LegalHold,
    /// More would be deleted in a day than the limits allow.
    Anomaly,
}

impl Blocker {
    /// Every blocker.
    pub const ALL: [Self; 9] = [
        Self::NeedsClarification,
        Self::SenderUnauthenticated,
        Self::NeedsSecondFactor,
        Self::Undeliverable,
        Self::ConnectorDown,
        Self::PlanDrift,
        Self::StaffQuestion,
        Self::LegalHold,
        Self::Anomaly,
    ];

    /// The word in columns and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NeedsClarification => "needs-clarification",
            Self::SenderUnauthenticated => "sender-unauthenticated",
            Self::NeedsSecondFactor => "needs-second-factor",
            Self::Undeliverable => "undeliverable",
            Self::ConnectorDown => "connector-down",
            Self::PlanDrift => "plan-drift",
            Self::StaffQuestion => "staff-question",
            Self::LegalHold => "legal-hold",
            Self::Anomaly => "anomaly",
        }
    }
}

/// How a request ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The effects are durable and the server accepted the completion notice.
    Completed,
    /// Refused as a whole.
    Refused(Ground),
    /// Taken back by the customer.
    Withdrawn,
    /// Nobody proved who they are in time.
    Expired,
}

impl Outcome {
    /// The word in columns and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Refused(_) => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
        }
    }

    /// The ground of a refusal.
    pub const fn ground(self) -> Option<Ground> {
        match self {
            Self::Refused(ground) => Some(ground),
            Self::Completed | Self::Withdrawn | Self::Expired => None,
        }
    }
}

/// How far the identity check is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "check")]
pub enum Check {
    /// The directory is being asked.
    Resolving,
    /// Nobody in the directory answers to it; expires like an unanswered challenge (decision 34).
    NoMatch,
    /// The owner of the account disowned another request: nothing goes on before this (standard S13).
    Frozen {
        /// Then the address on file is asked.
        until: Timestamp,
    },
    /// The address on file was asked.
    Challenged {
        /// When the first code left.
        first_at: Timestamp,
        /// Reminders sent so far.
        reminders: u8,
        /// When a fresh code was last sent for an expired one (decision 37: once a day).
        refreshed_at: Option<Timestamp>,
    },
}

/// How far the decision is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanState {
    /// The sources are being asked what there is. A state of version 0.1 calls deletions that staff were to carry out by
    /// hand otherwise; migration 4 plans them.
    #[serde(alias = "by-hand")]
    Planning,
    /// The plan stands; staff decide.
    Frozen,
}

/// Where a request is, with the times that belong to it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "stage")]
pub enum Stage {
    /// Arrived; the clock runs.
    Recorded {
        /// When the mail arrived.
        since: Timestamp,
    },
    /// The requester is being identified.
    AwaitingVerification {
        /// Since when.
        since: Timestamp,
        /// How far.
        #[serde(flatten)]
        check: Check,
    },
    /// The requester is known; staff decide.
    AwaitingApproval {
        /// Since when: also the plan's `as_of` (decision 1).
        since: Timestamp,
        /// How far.
        plan: PlanState,
    },
    /// An approved deletion waits; the customer may still take it back.
    CoolingOff {
        /// Since when.
        since: Timestamp,
        /// When it begins.
        until: Timestamp,
    },
    /// Approved; jobs run.
    Executing {
        /// Since when.
        since: Timestamp,
    },
    /// Done; the completion notice is on its way.
    Delivering {
        /// Since when.
        since: Timestamp,
    },
    /// Over.
    Closed {
        /// Since when.
        since: Timestamp,
        /// How it ended.
        outcome: Outcome,
    },
}

impl Stage {
    /// The names of all stages, in the order that a request lives.
    pub const NAMES: [&str; 7] = [
        "recorded",
        "awaiting-verification",
        "awaiting-approval",
        "cooling-off",
        "executing",
        "delivering",
        "closed",
    ];

    /// The word in columns, audit entries and logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Recorded { .. } => "recorded",
            Self::AwaitingVerification { .. } => "awaiting-verification",
            Self::AwaitingApproval { .. } => "awaiting-approval",
            Self::CoolingOff { .. } => "cooling-off",
            Self::Executing { .. } => "executing",
            Self::Delivering { .. } => "delivering",
            Self::Closed { .. } => "closed",
        }
    }

    /// When the stage was entered.
    pub const fn since(&self) -> Timestamp {
        match self {
            Self::Recorded { since }
            | Self::AwaitingVerification { since, .. }
            | Self::AwaitingApproval { since, .. }
            | Self::CoolingOff { since, .. }
            | Self::Executing { since }
            | Self::Delivering { since }
            | Self::Closed { since, .. } => *since,
        }
    }

    /// How it ended, once it has.
    pub const fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::Closed { outcome, .. } => Some(*outcome),
            Self::Recorded { .. }
            | Self::AwaitingVerification { .. }
            | Self::AwaitingApproval { .. }
            | Self::CoolingOff { .. }
            | Self::Executing { .. }
            | Self::Delivering { .. } => None,
        }
    }
}

/// Whether customers may hear from us about this request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Voice {
    /// Notices leave.
    Speaks,
    /// The mailbox only observes (decision 41) or the mail forbids answers: staff notices alone leave.
    Silent,
}

/// What a call-back is worth so far (decision 27).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecondFactor {
    /// The plan needs none, or there is no plan yet.
    NotNeeded,
    /// Staff must call the phone on file.
    Needed,
    /// Staff called the phone on file.
    Called {
        /// Who called.
        by: StaffName,
        /// When.
        at: Timestamp,
        /// What they wrote about it.
        note: Personal,
    },
}

/// The mail that opened the request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Origin {
    /// Who sent it, as the one From field says.
    pub sender: Address,
    /// Whether somebody vouches for that.
    pub verdict: SenderVerdict,
    /// What that rests on; nothing where the request is older than this record.
    #[serde(default)]
    pub evidence: SenderEvidence,
    /// The `[mailbox.NAME]` it arrived in.
    pub mailbox: String,
    /// Its Message-ID, so that answers thread.
    pub message_id: Option<String>,
}

/// What was delivered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PackageFacts {
    /// File name in the package folder.
    pub file_name: String,
    /// Of the archive.
    pub sha256: String,
    /// Of the archive.
    pub bytes: u64,
    /// What is in it, a line per category.
    pub contents: Vec<PackagedCategory>,
    /// What is not handed out, and why.
    pub withheld: Vec<WithheldCategory>,
}

/// One category as it was packaged.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PackagedCategory {
    /// Title for people.
    pub title: String,
    /// Rows written.
    pub rows: u64,
    /// Files written (recordings).
    pub files: u64,
    /// Frozen keys that were gone at run time, within the tolerance (decision 40).
    pub gone: u64,
}

/// A question from staff to the customer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StaffQuestion {
    /// Who asked.
    pub by: StaffName,
    /// What.
    pub text: Personal,
    /// The blocker that it stands over.
    pub over: Option<Blocker>,
}

/// Further time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Extension {
    /// Who took it.
    pub by: StaffName,
    /// When.
    pub at: Timestamp,
    /// What the customer was told.
    pub reason: Personal,
    /// The day that had been due before.
    pub before: Date,
}

/// One category that the company does not hand out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WithheldCategory {
    /// Title for people.
    pub title: String,
    /// Why, as configured.
    pub reason: String,
}

/// What staff have been told about the deadline so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Alarms {
    /// The one-business-day alarm has gone off.
    pub acknowledge: bool,
    /// How many of `due.at_risk` have been told.
    pub at_risk: u8,
    /// The breach has been told.
    pub breached: bool,
}

/// One data subject request, whole. Saved only through a `Transition`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Request {
    /// Its name.
    pub reference: Reference,
    /// Counts saves; 0 before the first.
    pub version: i64,
    /// What is asked for; none while it is unclear.
    pub kind: Option<Kind>,
    /// When the mail arrived: the statutory clock's start.
    pub received_at: Timestamp,
    /// The mail that opened it.
    pub origin: Origin,
    /// Whether the customer hears from us.
    pub voice: Voice,
    /// The form as understood so far.
    pub form: Form,
    /// The mail in the person's own words, where it was none of a form.
    #[serde(default)]
    pub words: Option<Personal>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
    /// Which law's clock runs.
    pub regime: String,
    /// The dates that follow.
    pub due: Due,
    /// Where it is.
    pub stage: Stage,
    /// Why it stands still.
    pub blocker: Option<Blocker>,
    /// Whom the directory resolved it to.
    pub subject: Option<DirectoryEntry>,
    /// Wrong codes from the address on file so far; a new code does not reset it (standard S4).
    pub tries: u8,
    /// The call-back.
    pub second_factor: SecondFactor,
    /// The frozen plan, without its keys.
    pub plan: Option<PlanSummary>,
    /// Who has approved this very plan so far, in this order.
    #[serde(default)]
    pub approvals: Vec<StaffName>,
    /// What the deletion came to.
    #[serde(default)]
    pub erasure: Option<ErasureFacts>,
    /// The question that staff asked last.
    pub question: Option<StaffQuestion>,
    /// Further time that staff took, once (decision 5).
    #[serde(default)]
    pub extension: Option<Extension>,
    /// Who of the staff completed it in the person's place.
    #[serde(default)]
    pub completed_by: Option<StaffName>,
    /// The address on file said that it was not them.
    #[serde(default)]
    pub disowned: bool,
    /// Staff know that the customer wants a deletion stopped that has begun.
    #[serde(default)]
    pub stop_told: bool,
    /// The package.
    pub package: Option<PackageFacts>,
    /// Deadline alarms told.
    pub alarms: Alarms,
    /// When time alone makes something happen next (decision 45).
    pub wake_at: Option<Timestamp>,
}

impl Request {
    /// Whether anything may still happen.
    pub const fn is_open(&self) -> bool {
        !matches!(self.stage, Stage::Closed { .. })
    }

    /// Whether the requester proved control of the address on file.
    pub const fn is_verified(&self) -> bool {
        matches!(
            self.stage,
            Stage::AwaitingApproval { .. }
                | Stage::CoolingOff { .. }
                | Stage::Executing { .. }
                | Stage::Delivering { .. }
        )
    }

    /// Whether the plan holds recordings and nobody has called the customer back (decision 27).
    pub fn lacks_second_factor(&self) -> bool {
        self.second_factor == SecondFactor::Needed
    }

    /// The address on file, once the directory gave one.
    pub fn address_on_file(&self) -> Option<&Address> {
        self.subject.as_ref().map(|entry| &entry.address)
    }
}
