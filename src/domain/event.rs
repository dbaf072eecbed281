//! What can happen to a request. Every inbound mail, job result, delivery result and timer becomes one of these in
//! `workflow`; `transition::decide` says what follows. Events carry verdicts, never secrets.

use super::address::Address;
use super::deadline::Due;
use super::directory::DirectoryEntry;
use super::erasure::ErasureFacts;
use super::form::{Form, Problem};
use super::hold::Hold;
use super::ids::{Reference, StaffName};
use super::left::Left;
use super::notice::{Audience, NoticeKind};
use super::personal::Personal;
use super::plan::PlanSummary;
use super::request::{Ground, Origin, PackageFacts, Voice};
use super::verification::{CodeVerdict, Party, StaffCode};
use jiff::Timestamp;
use jiff::civil::Date;

/// Something happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A mail that asks for data or for its deletion.
    Arrived(Box<Arrival>),
    /// A customer's answer in the thread of a clarification or a question (decision 32).
    Answered {
        /// Who.
        from: Party,
        /// The lines of a form that were in it, laid over what was known; none when it holds no form line.
        form: Option<(Form, Vec<Problem>)>,
        /// The new text.
        text: Personal,
    },
    /// `CONFIRM <code>`.
    Confirmed {
        /// Who.
        from: Party,
        /// What the code turned out to be.
        code: CodeVerdict,
    },
    /// `CANCEL`.
    Cancelled {
        /// Who.
        from: Party,
        /// What has left by now.
        left: Left,
    },
    /// `NOT ME`.
    Disowned {
        /// Who.
        from: Party,
        /// What has left by now.
        left: Left,
    },
    /// `STATUS`.
    StatusAsked {
        /// Who.
        from: Party,
    },
    /// An answer in a thread of ours that is no command and answers no question.
    NotUnderstood {
        /// Who.
        from: Party,
    },
    /// A staff word.
    Staff(StaffAct),
    /// The directory was asked.
    Resolved(Resolution),
    /// The plan stands.
    Planned {
        /// Without its keys.
        plan: PlanSummary,
        /// Whether it holds what needs a call-back.
        second_factor: SecondFactorNeed,
    },
    /// A source does not answer, or cannot do what is asked; the job will be tried again.
    SourceDown {
        /// The `[sources.NAME]`.
        source: String,
        /// What stands in the way, where it answers.
        hanging: Option<Hanging>,
    },
    /// The data moved away from the approved plan (standard S9).
    Drifted {
        /// The category, for people.
        category: String,
        /// Rows in the plan.
        planned: u64,
        /// Rows that are still there.
        found: u64,
    },
    /// The package was written, re-read and checked.
    Exported(PackageFacts),
    /// Every frozen row is deleted, and every source has answered that nothing is left.
    Erased(ErasureFacts),
    /// Holds came or went.
    HoldsChanged,
    /// Deletions reach a limit of the day (standard S9).
    ManyDeletions(DayLimit),
    /// After closing: what was kept was looked at again, because its ground may have ended.
    Settled(Vec<SettledLine>),
    /// After closing: nobody has shown in time that the backups of a source are purged.
    BackupsOverdue {
        /// The `[sources.NAME]`.
        source: String,
    },
    /// The server accepted a notice.
    Accepted {
        /// Which.
        notice: NoticeKind,
    },
    /// The server refused a notice for good, or its time ran out.
    Undelivered {
        /// Which.
        notice: NoticeKind,
        /// To the customer or to staff.
        audience: Audience,
        /// To whom.
        to: Address,
        /// The server's status code.
        status: String,
        /// Refused, or unknown whether it arrived.
        fate: Fate,
    },
    /// An operator wants it tried again.
    Retried {
        /// What has left by now.
        left: Left,
    },
    /// A member of staff joined, changed or left.
    StaffChanged {
        /// Who.
        name: StaffName,
    },
    /// Another request for the same account was disowned.
    Frozen {
        /// Until when nothing is done for this account.
        until: Timestamp,
        /// What has left by now.
        left: Left,
    },
    /// The time that the request asked for has come.
    Woke,
}

/// Rows that nobody approved hang by a foreign key on rows that are to be deleted, so nothing of that batch went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hanging {
    /// The category that should have lost rows, by its name in the configuration.
    pub category: String,
    /// The table of the rows in the way.
    pub table: String,
    /// How many of them.
    pub rows: u64,
}

/// A limit of a day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DayLimit {
    /// This many accounts in one day are unusual: staff are told, the work goes on.
    Unusual {
        /// Accounts, this one included.
        accounts: u64,
    },
    /// With this deletion it would be too many: it waits.
    Reached {
        /// Rows of the day, this plan included.
        rows: u64,
        /// Accounts of the day, this one included.
        accounts: u64,
    },
}

/// What became of the kept rows of one category.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SettledLine {
    /// The row of `obligations` that this is about.
    pub obligation: String,
    /// What a person calls the category.
    pub title: String,
    /// The name of the category.
    pub category: String,
    /// The `[sources.NAME]`.
    pub source: String,
    /// Rows deleted this time.
    pub deleted: u64,
    /// What still stays.
    pub rest: Rest,
    /// When the backups must be purged of what was deleted this time.
    pub backups_by: Option<Date>,
}

/// What still stays of a category after its kept rows were looked at again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rest {
    /// Nothing: the obligation is settled.
    Nothing,
    /// Some rows, to be looked at again on that day, or when a hold is lifted.
    Until(Option<Date>),
}

/// Whether a plan holds what one factor does not open (decision 27).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SecondFactorNeed {
    /// The code from the address on file is enough.
    No,
    /// Recordings: staff must call the phone on file.
    Yes,
}

/// What became of a notice that was not accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// Refused for good, or its time ran out.
    Rejected,
    /// The connection broke after the last byte, and again on the late retry.
    Uncertain,
}

/// The mail that opens a request.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Drawn for it.
    pub reference: Reference,
    /// When the server took the mail.
    pub received_at: Timestamp,
    /// The mail.
    pub origin: Origin,
    /// Whether the customer may hear from us at all.
    pub voice: Voice,
    /// What was understood.
    pub form: Form,
    /// What was not.
    pub problems: Vec<Problem>,
    /// Whether the mail lets itself be answered.
    pub leave: Leave,
    /// How it was asked.
    pub manner: Manner,
    /// The mail's text, for staff, where it was asked in the person's own words.
    pub text: Personal,
    /// The regime that the configuration gives to newcomers.
    pub regime: String,
    /// The dates that follow.
    pub due: Due,
}

/// Whether a mail lets itself be answered (decision 12).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Leave {
    /// A person sent it.
    Answer,
    /// A list or a machine did: staff decide.
    AskStaff,
}

/// How a request was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manner {
    /// With the template, every needed field understood.
    Complete,
    /// With the template, something is missing.
    Incomplete,
    /// In the person's own words.
    OwnWords,
}

/// A regime and the dates that it gives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Law {
    /// The regime's name.
    pub regime: String,
    /// Counted from the arrival of the mail.
    pub due: Due,
}

/// What the directory said.
#[derive(Clone, Debug)]
pub enum Resolution {
    /// This person.
    Match {
        /// As the directory knows them.
        entry: Box<DirectoryEntry>,
        /// The law that protects them, with its dates, where the directory names one.
        law: Option<Law>,
        /// Until when nothing is done for this account, because its owner disowned a request.
        frozen: Option<Timestamp>,
    },
    /// Nobody.
    NoMatch,
}

/// A member of staff said something.
#[derive(Clone, Debug)]
pub struct StaffAct {
    /// Who, already matched to the From and to the thread.
    pub by: StaffName,
    /// Their address.
    pub address: Address,
    /// What.
    pub word: StaffWord,
    /// What their code turned out to be.
    pub code: StaffCode,
    /// The plan hash that the answered notice was about (decision 36); none when it was about no plan.
    pub plan_hash: Option<String>,
}

/// The staff words that work.
#[derive(Clone, Debug)]
pub enum StaffWord {
    /// `APPROVE <code>`
    Approve,
    /// `REFUSE <code> <ground> [text]`
    Refuse {
        /// None when it was missing or unknown.
        ground: Option<Ground>,
        /// For the customer.
        text: Personal,
    },
    /// `ASK <question>`
    Ask {
        /// For the customer.
        question: Personal,
    },
    /// `ACCEPT`
    Accept,
    /// `EXTEND <code> <reason>`
    Extend {
        /// For the customer.
        reason: Personal,
        /// The dates that follow; none where the law grants no further time.
        dates: Option<Due>,
    },
    /// `SCOPE <form line>`
    Scope {
        /// The lines laid over what was known; none when they hold nothing of a form.
        form: Option<(Form, Vec<Problem>)>,
    },
    /// `NOTREQUEST`
    NotRequest,
    /// `CALLED <code> <note>`
    Called {
        /// Kept with the request.
        note: Personal,
    },
    /// `HOLD <text>`
    Hold {
        /// As it will be placed; none before the requester is known.
        hold: Option<Box<Hold>>,
    },
    /// `RELEASE`
    Release,
    /// `VETO`
    Veto,
    /// A word, but found by the subject's reference alone.
    NotInThread,
    /// Nothing that is a word.
    NotUnderstood,
}

impl StaffWord {
    /// The word for audits.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Approve => "APPROVE",
            Self::Refuse { .. } => "REFUSE",
            Self::Ask { .. } => "ASK",
            Self::Accept => "ACCEPT",
            Self::Extend { .. } => "EXTEND",
            Self::Scope { .. } => "SCOPE",
            Self::NotRequest => "NOTREQUEST",
            Self::Called { .. } => "CALLED",
            Self::Hold { .. } => "HOLD",
            Self::Release => "RELEASE",
            Self::Veto => "VETO",
            Self::NotInThread | Self::NotUnderstood => "none",
        }
    }
}

impl Event {
    /// The names of all events, for the chart in ARCHITECTURE.md.
    pub const NAMES: [&str; 24] = [
        "arrived",
        "answered",
        "confirmed",
        "cancelled",
        "disowned",
        "status-asked",
        "not-understood",
        "staff",
        "resolved",
        "planned",
        "source-down",
        "drifted",
        "exported",
        "erased",
        "holds-changed",
        "many-deletions",
        "settled",
        "backups-overdue",
        "accepted",
        "undelivered",
        "retried",
        "staff-changed",
        "frozen",
        "woke",
    ];

    /// The name for audits and logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Arrived(_) => "arrived",
            Self::Answered { .. } => "answered",
            Self::Confirmed { .. } => "confirmed",
            Self::Cancelled { .. } => "cancelled",
            Self::Disowned { .. } => "disowned",
            Self::StatusAsked { .. } => "status-asked",
            Self::NotUnderstood { .. } => "not-understood",
            Self::Staff(_) => "staff",
            Self::Resolved(_) => "resolved",
            Self::Planned { .. } => "planned",
            Self::SourceDown { .. } => "source-down",
            Self::Drifted { .. } => "drifted",
            Self::Exported(_) => "exported",
            Self::Erased(_) => "erased",
            Self::HoldsChanged => "holds-changed",
            Self::ManyDeletions(_) => "many-deletions",
            Self::Settled(_) => "settled",
            Self::BackupsOverdue { .. } => "backups-overdue",
            Self::Accepted { .. } => "accepted",
            Self::Undelivered { .. } => "undelivered",
            Self::Retried { .. } => "retried",
            Self::StaffChanged { .. } => "staff-changed",
            Self::Frozen { .. } => "frozen",
            Self::Woke => "woke",
        }
    }
}
