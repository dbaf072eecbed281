//! Why an event changes nothing, as words for audits and answers. `mod.rs` rejects with them; `workflow/compose.rs` and the
//! command line say them to people.

/// Why an event changes nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// The request is over.
    Closed,
    /// The event has no place in this stage.
    NotNow,
    /// Not somebody who may say this.
    NotTheirs,
    /// The code is not an unused one of this person.
    CodeWrong,
    /// Too many codes of this person were wrong.
    CodesLocked,
    /// The answer was about another plan, or about none (decision 36).
    OtherPlan,
    /// Nobody has called the customer back.
    SecondFactorMissing,
    /// A refusal needs one of the grounds.
    GroundMissing,
    /// The answer did not come in the thread of our mail (decision 36).
    NotInThread,
    /// No command stood in the first line.
    NotUnderstood,
    /// The form does not say enough to go on.
    FormIncomplete,
    /// The same person has approved this plan before.
    AlreadyApproved,
    /// A legal hold covers everything.
    Held,
    /// The time was extended before; it goes once.
    ExtendedBefore,
    /// The law of this request grants no further time, or nobody could be told of it.
    NotExtendable,
    /// The time to tell the customer is over.
    TooLate,
    /// The lines held nothing of a form.
    ScopeUnread,
    /// A deletion has begun, and is carried to its end.
    DeletionBegun,
    /// Nothing was due.
    NothingDue,
}

impl Why {
    /// Every reason.
    pub const ALL: [Self; 19] = [
        Self::Closed,
        Self::NotNow,
        Self::NotTheirs,
        Self::CodeWrong,
        Self::CodesLocked,
        Self::OtherPlan,
        Self::SecondFactorMissing,
        Self::GroundMissing,
        Self::NotInThread,
        Self::NotUnderstood,
        Self::FormIncomplete,
        Self::AlreadyApproved,
        Self::Held,
        Self::ExtendedBefore,
        Self::NotExtendable,
        Self::TooLate,
        Self::ScopeUnread,
        Self::DeletionBegun,
        Self::NothingDue,
    ];

    /// The word in audits and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::NotNow => "not-now",
            Self::NotTheirs => "not-theirs",
            Self::CodeWrong => "code-wrong",
            Self::CodesLocked => "codes-locked",
            Self::OtherPlan => "other-plan",
            Self::SecondFactorMissing => "second-factor-missing",
            Self::GroundMissing => "ground-missing",
            Self::NotInThread => "not-in-thread",
            Self::NotUnderstood => "not-understood",
            Self::FormIncomplete => "form-incomplete",
            Self::AlreadyApproved => "already-approved",
            Self::Held => "held",
            Self::ExtendedBefore => "extended-before",
            Self::NotExtendable => "not-extendable",
            Self::TooLate => "too-late",
            Self::ScopeUnread => "scope-unread",
            Self::DeletionBegun => "deletion-begun",
            Self::NothingDue => "nothing-due",
        }
    }
}
