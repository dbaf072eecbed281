//! An operator has it tried again: a mail that never arrived is written anew with the same package, and a job that waits
//! runs now. Nothing is decided anew; what was approved stays what it was.

use super::{Decision, Detail, Draft, Mails, Why, Work};
use crate::domain::audit::Action;
use crate::domain::left::{Far, Left};
use crate::domain::notice::NoticeKind;
use crate::domain::request::{Blocker, Check, Kind, Outcome, PlanState, Stage};

/// Tries again whatever the request waits for.
pub(super) fn retried(mut draft: Draft, left: Left) -> Decision {
    if super::customer(&draft.request).is_none() {
        return Err(draft.reject(Why::NotNow));
    }
    match &draft.request.stage {
        Stage::AwaitingVerification { check: Check::Resolving, .. }
        | Stage::AwaitingApproval { plan: PlanState::Planning, .. }
        | Stage::Executing { .. } => {
            draft.work = Work::Hurry;
            Ok(draft.note(Action::Retried).done())
        }
        Stage::AwaitingVerification { check: Check::Challenged { .. }, .. }
            if draft.request.blocker == Some(Blocker::Undeliverable) =>
        {
            let draft = draft.note(Action::Retried).note(Action::ChallengeSent);
            let draft = draft.unblock(&[Blocker::Undeliverable]);
            Ok(draft.tell_customer(NoticeKind::Challenge, Detail::None).done())
        }
        Stage::Delivering { .. } => Ok(sent_again(draft, left).done()),
        Stage::Closed { outcome: Outcome::Completed, .. } if draft.request.package.is_some() => {
            // It is forgotten once its mail was accepted; until then it belongs to the package.
            let known = left.passphrase != Far::Yes;
            let draft = sent_again(draft, left);
            Ok(if known { draft.tell_customer(NoticeKind::Passphrase, Detail::None) } else { draft }.done())
        }
        Stage::Closed { .. } => Err(draft.reject(Why::Closed)),
        Stage::Recorded { .. }
        | Stage::AwaitingVerification { .. }
        | Stage::AwaitingApproval { .. }
        | Stage::CoolingOff { .. } => Err(draft.reject(Why::NotNow)),
    }
}

fn sent_again(mut draft: Draft, left: Left) -> Draft {
    draft.mails = Mails::Replace(left);
    let completed = match draft.request.kind {
        Some(Kind::Delete) => NoticeKind::CompletedDelete,
        Some(Kind::Export) | None => NoticeKind::CompletedExport,
    };
    draft.note(Action::Retried).unblock(&[Blocker::Undeliverable]).tell_customer(completed, Detail::None)
}
