//! The owner of an account said that a request was not theirs: for thirty days nothing is done for that account (standard
//! S13), unless staff `ACCEPT` a request after speaking to them. Only the address on file can bring this about (decision
//! 16), so that forged mail freezes nobody.

use super::{Concern, Decision, Detail, Draft, Why, withdraw};
use crate::domain::audit::Action;
use crate::domain::left::Left;
use crate::domain::notice::NoticeKind;
use crate::domain::policy::Rules;
use crate::domain::request::{Check, SecondFactor, Stage};
use jiff::{SignedDuration, Timestamp};

/// How long an account stays frozen.
pub(super) const LENGTH: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Another request for the same account goes back to the door, and waits there.
pub(super) fn frozen(draft: Draft, until: Timestamp, left: Left, rules: &Rules) -> Decision {
    let known = match &draft.request.stage {
        Stage::Executing { .. } | Stage::Delivering { .. } => {
            !withdraw::is_past_stopping(&draft.request, left)
        }
        Stage::AwaitingVerification { check: Check::Challenged { .. }, .. }
        | Stage::AwaitingApproval { .. }
        | Stage::CoolingOff { .. } => true,
        // The directory's answer brings the freeze with it; what is not resolved yet has no account.
        Stage::AwaitingVerification {
            check: Check::Resolving | Check::NoMatch | Check::Frozen { .. },
            ..
        }
        | Stage::Recorded { .. }
        | Stage::Closed { .. } => false,
    };
    if !known || until <= draft.now {
        return Err(draft.reject(Why::NothingDue));
    }
    let mut draft = draft.hold_back(left).void_codes();
    draft.request.plan = None;
    draft.request.approvals.clear();
    draft.request.blocker = None;
    draft.request.question = None;
    draft.request.second_factor = SecondFactor::NotNeeded;
    Ok(begin(draft, until, rules).done())
}

/// Nothing goes on before `until`; staff are told, the customer is not: the mail that asked may not be theirs.
pub(super) fn begin(draft: Draft, until: Timestamp, rules: &Rules) -> Draft {
    let since = draft.now;
    draft
        .note_with(Action::Frozen, None, vec![("until", until.to_string())])
        .enter(Stage::AwaitingVerification { since, check: Check::Frozen { until } })
        .concern(Concern::Frozen(until), rules)
}

/// Over, or lifted: the address on file is asked.
pub(super) fn thawed(draft: Draft) -> Draft {
    let (since, first_at) = (draft.now, draft.now);
    let check = Check::Challenged { first_at, reminders: 0, refreshed_at: None };
    draft
        .note(Action::ChallengeSent)
        .tell_customer(NoticeKind::Challenge, Detail::None)
        .enter(Stage::AwaitingVerification { since, check })
}
