//! The catalogue of what can stand in the audit log (standard E9): one word each, never renamed and never reused,
//! because old entries keep them for ever. The format around them is `audit.rs`.

/// Writes the enum, its words and the list of all, so that none can be forgotten.
macro_rules! actions {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal,)+) => {
        /// What was done: the catalogue of standard E9.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Action {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Action {
            /// Every action.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The word in the log.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

actions! {
    /// A mail became a request.
    RequestRecorded = "request-recorded",
    /// The requester was asked to complete the form.
    ClarificationAsked = "clarification-asked",
    /// The requester answered a clarification or a question.
    Answered = "answered",
    /// A code went to the address on file.
    ChallengeSent = "challenge-sent",
    /// A code did not match.
    CodeWrong = "code-wrong",
    /// The requester proved to be who they say.
    Verified = "verified",
    /// A member of staff joined or changed and was asked what the others had been asked.
    StaffAsked = "staff-asked",
    /// Staff took the further time that the law allows.
    Extended = "extended",
    /// Staff completed a request in the person's place.
    Scoped = "scoped",
    /// Staff said that a mail asks for nothing.
    NotRequest = "not-request",
    /// Nothing is done for the account for a time, because its owner disowned a request.
    Frozen = "frozen",
    /// An operator had it tried again.
    Retried = "retried",
    /// Too many wrong codes: the list of a member of staff is locked.
    CodesLocked = "codes-locked",
    /// The requester took the request back.
    Withdrawn = "withdrawn",
    /// The requester wanted to take a deletion back that had begun.
    CancelledTooLate = "cancelled-too-late",
    /// The address on file said that it never asked.
    NotMe = "not-me",
    /// The directory knows who asks.
    RequesterResolved = "requester-resolved",
    /// The directory knows nobody like that.
    NoMatch = "no-match",
    /// What will be done was counted and fixed.
    PlanFrozen = "plan-frozen",
    /// Staff were asked to decide.
    ApprovalAsked = "approval-asked",
    /// Staff said yes to one plan.
    Approved = "approved",
    /// Staff or the rules said no.
    Refused = "refused",
    /// Staff asked the requester something.
    QuestionAsked = "question-asked",
    /// The requester's answer reached staff.
    QuestionAnswered = "question-answered",
    /// Staff let an unauthenticated mail go on to the challenge.
    Accepted = "accepted",
    /// Staff recorded a call-back.
    CallRecorded = "call-recorded",
    /// A second proof is needed.
    SecondFactorAsked = "second-factor-asked",
    /// An approved deletion waits for its cooling-off time.
    CoolingOffStarted = "cooling-off-started",
    /// The data protection officer stopped an approved deletion.
    Vetoed = "vetoed",
    /// A plan was given up because holds came or went.
    PlanDropped = "plan-dropped",
    /// A legal hold was placed.
    HoldPlaced = "hold-placed",
    /// A legal hold was lifted.
    HoldReleased = "hold-released",
    /// Somebody looked at a legal hold again: it stands on.
    HoldReviewed = "hold-reviewed",
    /// The deletion began.
    DeletionStarted = "deletion-started",
    /// Rows of one category are deleted.
    RowsErased = "rows-erased",
    /// Every source has answered that nothing is left.
    EffectsVerified = "effects-verified",
    /// Deletions of one day reached a limit.
    DayLimitReached = "day-limit-reached",
    /// What had been kept is deleted too.
    ObligationSettled = "obligation-settled",
    /// Nobody has shown in time that the backups are purged.
    BackupsOverdue = "backups-overdue",
    /// Somebody showed that the backups are purged.
    BackupsPurged = "backups-purged",
    /// What had been deleted was deleted again from a restored source.
    BackupReplayed = "backup-replayed",
    /// Rows past their ceiling were deleted.
    RetentionRun = "retention-run",
    /// The export began.
    ExportStarted = "export-started",
    /// The package was read again and agrees with its manifest.
    PackageChecked = "package-checked",
    /// Done, and the notice of it was accepted.
    Completed = "completed",
    /// Nobody answered in time.
    Expired = "expired",
    /// A reminder went out.
    ReminderSent = "reminder-sent",
    /// A due date comes near.
    AtRisk = "at-risk",
    /// A due date passed.
    Breached = "breached",
    /// The request stands still.
    Blocked = "blocked",
    /// The request goes on.
    Unblocked = "unblocked",
    /// A notice was written to the outbox.
    NoticeQueued = "notice-queued",
    /// The mail server took a notice.
    NoticeAccepted = "notice-accepted",
    /// The mail server refused a notice for good.
    NoticeRejected = "notice-rejected",
    /// Nobody knows whether the mail server took a notice.
    NoticeUncertain = "notice-uncertain",
    /// Something was asked for that the rules do not allow now; nothing changed.
    Rejected = "rejected",
    /// The requester asked how it stands.
    StatusAsked = "status-asked",
    /// A mail was taken from a mailbox.
    MailStored = "mail-stored",
    /// A mail was set aside because it cannot be handled.
    MailQuarantined = "mail-quarantined",
    /// An operator had a mail in quarantine read once more.
    MailRequeued = "mail-requeued",
    /// An operator threw a mail in quarantine away.
    MailDiscarded = "mail-discarded",
    /// A mail older than the first start was listed to staff, never answered.
    MailListed = "mail-listed",
    /// A member of staff was added.
    StaffAdded = "staff-added",
    /// A member of staff may no longer decide.
    StaffDisabled = "staff-disabled",
    /// One-time codes were printed for a member of staff.
    CodesIssued = "codes-issued",
    /// A job began.
    JobStarted = "job-started",
    /// A job failed.
    JobFailed = "job-failed",
    /// The daemon came up.
    DaemonStarted = "daemon-started",
    /// The daemon went down in order.
    DaemonStopped = "daemon-stopped",
}

impl Action {
    /// Reads the word in the log.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.as_str() == word)
    }
}
