//! The data of the notices that staff receive. What customers wrote stands in fields named `…_text`, `question`,
//! `answer` and `subject`: templates fence it with `> ` and never make links of it (standard S12).
//! `customer.rs` holds the other half.

use super::{About, Asked, Company, Standing};
use crate::domain::address::Address;
use crate::domain::ids::{Reference, StaffName};
use crate::domain::left::Left;
use crate::domain::personal::Personal;
use crate::domain::request::{Ground, Kind};
use jiff::Zoned;
use jiff::civil::Date;
use serde::Serialize;

/// A person as the company's directory knows them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct OnFile {
    /// Name.
    pub name: Personal,
    /// Address, where the challenge went.
    pub address: Address,
    /// Role in the account, such as `owner`.
    pub role: String,
    /// Number of the account.
    pub account: Personal,
}

/// What is meant to happen to a category.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "fate", rename_all = "kebab-case")]
pub enum Fate {
    /// It goes into the package.
    Exported,
    /// It is deleted.
    Deleted,
    /// It stays.
    Kept {
        /// Why, with the law or order.
        why: String,
    },
}

/// One category of a plan.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PlanLine {
    /// As the company's configuration names it for people.
    pub category: String,
    /// What is meant to happen.
    #[serde(flatten)]
    pub fate: Fate,
    /// Records.
    pub rows: u64,
    /// Day of the oldest record, where records have times.
    pub from: Option<Date>,
    /// Day of the newest.
    pub to: Option<Date>,
}

/// A frozen plan at a glance.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PlanSummary {
    /// Every category.
    pub lines: Vec<PlanLine>,
    /// Records in all.
    pub total: u64,
    /// The moment that the plan freezes (decision 1).
    pub as_of: Zoned,
    /// The first twelve digits of the plan's hash, for people to compare.
    pub hash_short: String,
}

/// A plan to decide on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ApprovalRequestText {
    /// Reference, kind, company.
    #[serde(flatten)]
    pub about: About,
    /// Whom the answer is bound to (decision 36).
    pub approver: StaffName,
    /// What was asked for.
    pub asked: Asked,
    /// Who asks, as on file; the code sent there came back.
    pub requester: OnFile,
    /// Who made the call-back, where one was made.
    pub called_by: Option<StaffName>,
    /// The scope line as the person wrote it.
    pub scope_text: Personal,
    /// What would happen.
    pub plan: PlanSummary,
    /// The day the request came in.
    pub received: Date,
    /// The last day for our answer.
    pub due: Date,
    /// The words that `REFUSE` takes.
    pub grounds: Vec<Ground>,
    /// How many different people must approve it (standard S8).
    pub approvers_needed: usize,
    /// How long an approved deletion waits.
    pub cooling_off_hours: i64,
}

/// What a staff answer did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "did", rename_all = "kebab-case")]
pub enum Changed {
    /// `APPROVE`.
    Approved,
    /// `REFUSE`.
    Refused {
        /// The ground given.
        ground: Ground,
    },
    /// `ACCEPT`.
    Accepted,
    /// `CALLED`.
    CallRecorded,
    /// `ASK`.
    QuestionSent,
    /// `EXTEND`.
    Extended,
    /// `SCOPE`.
    Scoped {
        /// What is asked for by now.
        asked: Asked,
        /// What is still missing, in words.
        missing: Vec<String>,
    },
    /// `NOTREQUEST`.
    NotRequest,
    /// `APPROVE` by the first of two.
    ApprovedFirst,
    /// `HOLD`.
    Held,
    /// `RELEASE`.
    Released,
    /// `VETO`.
    Vetoed,
    /// Nothing, and why.
    Unchanged(Unchanged),
}

/// Why a staff answer did nothing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum Unchanged {
    /// No word that we know.
    NotUnderstood,
    /// `REFUSE` without a known ground.
    UnknownGround,
    /// No code, a wrong one or a used one.
    CodeRefused,
    /// Too many wrong codes.
    CodesLocked,
    /// The plan was made anew since.
    PlanChanged,
    /// Their role may not decide this.
    NotEligible,
    /// Nobody decides on their own request (standard S8).
    OwnRequest,
    /// Somebody was quicker.
    AlreadyDecided {
        /// Who.
        by: StaffName,
    },
    /// They have approved this plan before.
    AlreadyApproved,
    /// A legal hold covers everything.
    Held,
    /// The request does not wait for this word.
    NotNow,
    /// The answer did not come in the thread of our mail (decision 36).
    NotInThread,
    /// The time was extended before.
    ExtendedBefore,
    /// The law grants no further time, or nobody could be told of it.
    NotExtendable,
    /// The time to tell the customer is over.
    TooLate,
    /// The lines held nothing of a form.
    ScopeUnread,
    /// The form does not say enough to go on.
    FormIncomplete,
}

/// What a staff answer did, or why it did nothing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DecisionRecordedText {
    /// Reference, kind, company.
    #[serde(flatten)]
    pub about: About,
    /// Who answered.
    pub by: StaffName,
    /// When the answer was handled.
    pub at: Zoned,
    /// What it did.
    pub changed: Changed,
    /// The last day for our answer to the customer.
    pub due: Date,
    /// The words that `REFUSE` takes.
    pub grounds: Vec<Ground>,
}

/// The customer's answer to a question.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AnswerText {
    /// Reference, kind, company.
    #[serde(flatten)]
    pub about: About,
    /// Who had asked.
    pub asked_by: StaffName,
    /// As staff wrote it.
    pub question: Personal,
    /// As the customer wrote it.
    pub answer: Personal,
    /// When it came.
    pub answered: Zoned,
    /// The last day for our answer to the customer.
    pub due: Date,
}

/// Why staff must look.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum AttentionReason {
    /// The sender's mail server did not vouch for the address.
    SenderUnauthenticated {
        /// As the mail says.
        from: Address,
    },
    /// There is no verdict on the sender at all (decision 33).
    SenderUnknown {
        /// As the mail says.
        from: Address,
    },
    /// A legal hold covers everything that is to be deleted.
    AllHeld {
        /// The orders or laws, as the holds name them.
        citations: Vec<String>,
    },
    /// The day has come on which somebody must ask whether a legal hold is still needed.
    HoldReview {
        /// Its name in commands.
        id: String,
        /// Of what it names some: account, user, number, category.
        covers: Vec<String>,
        /// The order or law, as staff wrote it.
        citation: Personal,
        /// Who answers for it.
        owner: String,
        /// Since when it stands.
        placed: Date,
        /// The day.
        review_on: Date,
        /// The request in whose thread it was placed.
        request: Option<Reference>,
    },
    /// Two must approve, and there are not two who may.
    NeedsTwoApprovers,
    /// Deletions of one day are many.
    ManyDeletions {
        /// Accounts, this one included.
        accounts: u64,
        /// Rows, this plan included; none where the work goes on.
        rows: Option<u64>,
    },
    /// Nobody has shown in time that backups are purged.
    BackupsOverdue {
        /// The source's name in the configuration.
        source: String,
    },
    /// Somebody asks in their own words.
    OwnWords {
        /// As the mail says.
        from: Address,
        /// The mail's text.
        mail_text: Personal,
    },
    /// A call-back is due.
    SecondFactorNeeded {
        /// Who asks, as on file.
        requester: OnFile,
        /// On file; none where the directory has none.
        phone: Option<Personal>,
    },
    /// A store does not answer.
    ConnectorDown {
        /// Its name in the configuration.
        source: String,
        /// Since when.
        since: Zoned,
    },
    /// Rows that nobody approved hang on rows that are to be deleted.
    RowsHang {
        /// The category, by its name in the configuration.
        category: String,
        /// The table of the rows in the way.
        table: String,
        /// How many of them.
        rows: u64,
    },
    /// The data changed more than the plan allows (standard S9).
    PlanDrift {
        /// For people.
        category: String,
        /// Records in the plan.
        planned: u64,
        /// Records found.
        found: u64,
    },
    /// Nobody may decide: no staff, or only the requester.
    NoEligibleApprover,
    /// The account is frozen, because its owner disowned a request.
    Frozen {
        /// Who asks, as on file.
        requester: OnFile,
        /// Until when.
        until: Zoned,
    },
    /// Too many wrong codes of one member of staff.
    CodesLocked {
        /// Whose list is locked.
        by: StaffName,
    },
    /// A notice came back.
    NoticeUndeliverable {
        /// Which, as its word.
        notice: String,
        /// To whom.
        to: Address,
        /// The status code of the server's answer, such as `5.1.1`.
        status: String,
    },
    /// Nobody knows whether a notice arrived (facts: 250 lost after DATA).
    NoticeUncertain {
        /// Which, as its word.
        notice: String,
        /// To whom.
        to: Address,
    },
    /// A mail could not be handled.
    Quarantine {
        /// The mailbox in the configuration.
        mailbox: String,
        /// Its number in the state.
        id: String,
        /// In our words.
        why: String,
    },
    /// More senders that nobody vouches for than staff are told of one by one.
    ManyUnproven,
    /// Somebody answers us in the name of a member of staff, or of customers again and again, and nobody vouches for it.
    Impostor {
        /// In whose name; none for customers.
        by: Option<StaffName>,
    },
    /// The address on file says that somebody else asked.
    NotMe {
        /// Who says so, as on file.
        requester: OnFile,
        /// What had left before.
        left: Left,
    },
    /// The customer took back what was being carried out.
    Withdrawn {
        /// Who, as on file.
        requester: OnFile,
        /// What had left before.
        left: Left,
    },
    /// The requester's role may not ask for a whole account.
    CannotSpeakForAccount {
        /// Who asks, as on file.
        requester: OnFile,
    },
    /// The mailbox only observes, or the mail forbids answers (decisions 12, 41).
    Observed {
        /// As the mail says.
        from: Address,
        /// What was asked for.
        asked: Asked,
    },
    /// A request older than 7 days gets no automatic answer (decision 8).
    MailTooOld {
        /// As the mail says.
        from: Address,
    },
}

/// Staff must look at something.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AttentionText {
    /// None where it is about no request.
    pub reference: Option<Reference>,
    /// None while nobody knows, or where it is about no request.
    pub kind: Option<Kind>,
    /// Who writes.
    pub company: Company,
    /// Why, and what is known.
    pub about: AttentionReason,
    /// The day the request came in.
    pub received: Option<Date>,
    /// The last day for our answer to the customer.
    pub due: Option<Date>,
}

/// Which due date.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeadlineOf {
    /// One business day for the acknowledgement.
    Acknowledgement,
    /// The answer itself.
    Answer,
}

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Risk {
    /// Still to be kept.
    AtRisk {
        /// 0 on the day itself.
        days_left: u32,
    },
    /// Too late.
    Breached {
        /// At least 1, or 0 within the day.
        days_over: u32,
    },
}

/// A due date is near or has passed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DeadlineAtRiskText {
    /// Reference, kind, company.
    #[serde(flatten)]
    pub about: About,
    /// Which.
    pub deadline: DeadlineOf,
    /// How bad.
    pub risk: Risk,
    /// The day the request came in.
    pub received: Date,
    /// The day in question.
    pub due: Date,
    /// Where it stands.
    pub standing: Standing,
}

/// A mail from before the first start.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct OldMail {
    /// When it came.
    pub received: Date,
    /// As the mail says.
    pub from: Address,
    /// As the mail says.
    pub subject: Personal,
}

/// What lay in the mailbox before the first start (decision 8).
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FirstStart {
    /// Mail from this day on is answered.
    pub since: Date,
    /// How many older mails look like requests.
    pub count: u64,
    /// The newest of them.
    pub mails: Vec<OldMail>,
}

/// Whom an open request waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WaitsFor {
    /// An answer of the person who asks.
    Customer,
    /// Somebody on the staff.
    Staff,
    /// Whoever runs a store that does not answer.
    Operator,
    /// Nobody: it goes on by itself.
    Nobody,
}

/// One open request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DigestLine {
    /// Which.
    pub reference: Reference,
    /// What is asked for, where known.
    pub kind: Option<Kind>,
    /// Where it stands.
    pub standing: Standing,
    /// For whom it waits.
    pub waits_for: WaitsFor,
    /// The last day for our answer.
    pub due: Date,
}

/// A legal hold that somebody must look at again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct HoldLine {
    /// Its name in commands.
    pub id: String,
    /// Who answers for it.
    pub owner: String,
    /// The day on which it was to be looked at.
    pub review_on: Date,
}

/// The register at a glance.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DigestText {
    /// Who writes.
    pub company: Company,
    /// The day that it tells about.
    pub on: Date,
    /// On the first start only.
    pub first_start: Option<FirstStart>,
    /// Open requests.
    pub open: u64,
    /// Of these, due within seven days.
    pub due_soon: u64,
    /// Of these, overdue.
    pub overdue: u64,
    /// The most urgent ones.
    pub lines: Vec<DigestLine>,
    /// Holds to look at again.
    pub holds: Vec<HoldLine>,
}
