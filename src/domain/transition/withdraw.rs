//! `CANCEL` and `NOT ME`, in every stage: what can still be held back never leaves, and what has left is said plainly to
//! the person and to staff. Only from whoever may know of the request (decision 34); `NOT ME` from the address on file
//! alone, and it freezes the account (`freeze.rs`). What was at work is abandoned in the same transaction, but for a
//! deletion that has begun: half of one serves nobody, so it is carried to its end.

use super::identify::{answer_unchanged, may_know};
use super::{Concern, Decision, Detail, Draft, Rejected, Why, freeze};
use crate::domain::audit::Action;
use crate::domain::left::{Far, Left, Rows};
use crate::domain::notice::{NoticeKind, StatusCause};
use crate::domain::policy::Rules;
use crate::domain::request::{Ground, Kind, Outcome, Request, Stage};
use crate::domain::verification::Party;

/// `CANCEL`: taken back.
pub(super) fn cancelled(draft: Draft, from: Party, left: Left, rules: &Rules) -> Decision {
    let mut draft = may_stop(draft, from, left)?;
    if is_past_stopping(&draft.request, left) {
        draft.denied = Some((Why::DeletionBegun, None));
        let news = !draft.request.stop_told;
        draft.request.stop_told = true;
        let draft = draft
            .note_with(Action::CancelledTooLate, None, vec![("left", left.as_words())])
            .tell_customer(NoticeKind::Status, Detail::Status(StatusCause::Begun { left }));
        // Whoever asks again is answered again; staff have known since the first time.
        return Ok(if news { draft.concern(Concern::Withdrawn(left), rules) } else { draft }.done());
    }
    let at_work = !draft.request.is_open()
        || matches!(draft.request.stage, Stage::Executing { .. } | Stage::Delivering { .. });
    let draft = stopped(draft, Action::Withdrawn, left, Outcome::Withdrawn)
        .tell_customer(NoticeKind::Withdrawn, Detail::Left(left));
    Ok(if at_work { draft.concern(Concern::Withdrawn(left), rules) } else { draft }.done())
}

/// `NOT ME`, from the address on file: somebody else asked in their name.
pub(super) fn disowned(draft: Draft, from: Party, left: Left, rules: &Rules) -> Decision {
    if from != Party::OnFile {
        return Err(draft.reject(Why::NotTheirs));
    }
    // Said of what is over, it still freezes the account and alarms staff, once.
    let news = !draft.request.disowned;
    let begun = draft.request.erasure.is_some() || is_past_stopping(&draft.request, left);
    if begun && !news {
        return Err(answer_unchanged(draft, Why::NotNow));
    }
    let mut draft = if news && !draft.request.is_open() { draft } else { may_stop(draft, from, left)? };
    if news {
        draft.freeze = Some(draft.now + freeze::LENGTH);
        draft.request.disowned = true;
    }
    // What a deletion has begun goes on, and what it owes afterwards stays owed.
    let draft = if begun {
        draft.note_with(Action::NotMe, None, vec![("left", left.as_words())])
    } else {
        stopped(draft, Action::NotMe, left, Outcome::Refused(Ground::SuspectedFraud))
    };
    Ok(draft
        .tell_customer(NoticeKind::Status, Detail::Status(StatusCause::NotMe { left }))
        .concern(Concern::NotMe(left), rules)
        .done())
}

/// Whether a deletion has begun, so that it is carried to its end.
pub(super) fn is_past_stopping(request: &Request, left: Left) -> bool {
    let begun = match request.stage {
        Stage::Executing { .. } => left.rows == Rows::Going,
        Stage::Delivering { .. } => true,
        Stage::Recorded { .. }
        | Stage::AwaitingVerification { .. }
        | Stage::AwaitingApproval { .. }
        | Stage::CoolingOff { .. }
        | Stage::Closed { .. } => false,
    };
    begun && request.kind == Some(Kind::Delete)
}

fn stopped(draft: Draft, action: Action, left: Left, outcome: Outcome) -> Draft {
    let draft = draft.note_with(action, None, vec![("left", left.as_words())]).hold_back(left);
    // What is over stays as it ended; only what had not left by then is held back.
    if draft.request.is_open() { draft.close(outcome) } else { draft }
}

fn may_stop(draft: Draft, from: Party, left: Left) -> Result<Draft, Rejected> {
    if !may_know(&draft.request, from) {
        return Err(draft.reject(Why::NotTheirs));
    }
    if !draft.request.is_open() && !is_still_leaving(&draft.request, left) {
        return Err(answer_unchanged(draft, Why::Closed));
    }
    Ok(draft)
}

/// Closed with its completion notice accepted, while the passphrase has not left for sure.
fn is_still_leaving(request: &Request, left: Left) -> bool {
    request.stage.outcome() == Some(Outcome::Completed)
        && request.package.is_some()
        && left.passphrase != Far::Yes
}
