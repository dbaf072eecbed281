//! The work is done and announced. Completed means that the effects are durable and that the server accepted the
//! completion notice (design 2); the passphrase leaves only then.

use super::{Concern, Decision, Detail, Draft, Why, erase};
use crate::domain::audit::Action;
use crate::domain::job::JobKind;
use crate::domain::notice::{Audience, NoticeKind};
use crate::domain::policy::Rules;
use crate::domain::request::{Blocker, Check, Kind, Outcome, PackageFacts, PlanState, Stage};

/// A source does not answer, or refuses to delete what others hang on: visible, told once, tried again by the job itself. Where no job runs for the request any
/// more, it is the word of a worker that comes too late.
pub(super) fn source_down(draft: Draft, concern: Concern, rules: &Rules) -> Decision {
    if !draft.request.is_open() {
        return Err(draft.reject(Why::Closed));
    }
    let at_work = matches!(
        draft.request.stage,
        Stage::AwaitingVerification { check: Check::Resolving, .. }
            | Stage::AwaitingApproval { plan: PlanState::Planning, .. }
            | Stage::Executing { .. }
    );
    if !at_work {
        return Err(draft.reject(Why::NotNow));
    }
    if draft.request.blocker.is_some() {
        return Err(draft.reject(Why::NothingDue));
    }
    Ok(draft.block(Blocker::ConnectorDown).concern(concern, rules).done())
}

/// More rows vanished than the tolerance allows (standard S9): a new plan, a new approval.
pub(super) fn drifted(draft: Draft, concern: Concern, rules: &Rules) -> Decision {
    if !matches!(draft.request.stage, Stage::Executing { .. }) {
        return Err(draft.reject(Why::NotNow));
    }
    let since = draft.now;
    let mut draft = erase::called_off(draft).block(Blocker::PlanDrift).concern(concern, rules);
    draft.request.plan = None;
    draft.request.approvals.clear();
    Ok(draft.enter(Stage::AwaitingApproval { since, plan: PlanState::Planning }).job(JobKind::Plan).done())
}

/// The package is written, re-read and checked.
pub(super) fn exported(mut draft: Draft, package: &PackageFacts) -> Decision {
    if !matches!(draft.request.stage, Stage::Executing { .. }) || draft.request.kind != Some(Kind::Export) {
        return Err(draft.reject(Why::NotNow));
    }
    let since = draft.now;
    draft.request.package = Some(package.clone());
    Ok(draft
        .unblock(&[Blocker::ConnectorDown])
        .note_with(
            Action::PackageChecked,
            None,
            vec![("sha256", package.sha256.clone()), ("bytes", package.bytes.to_string())],
        )
        .enter(Stage::Delivering { since })
        .tell_customer(NoticeKind::CompletedExport, Detail::None)
        .done())
}

/// The server accepted a notice. Only the completion notice moves a request.
pub(super) fn accepted(draft: Draft, notice: NoticeKind) -> Decision {
    let delivering = matches!(draft.request.stage, Stage::Delivering { .. });
    if notice == NoticeKind::CompletedDelete && delivering && draft.request.erasure.is_some() {
        return Ok(draft.note(Action::Completed).close(Outcome::Completed).done());
    }
    if notice != NoticeKind::CompletedExport || !delivering || draft.request.package.is_none() {
        return Err(draft.reject(Why::NothingDue));
    }
    Ok(draft
        .note(Action::Completed)
        .tell_customer(NoticeKind::Passphrase, Detail::None)
        .close(Outcome::Completed)
        .done())
}

/// A notice could not be delivered: staff are told once; what waits for an answer is blocked.
pub(super) fn undelivered(draft: Draft, audience: Audience, concern: Concern, rules: &Rules) -> Decision {
    if audience == Audience::Staff {
        // Telling staff by mail that mail to staff fails could go round for ever; the log and the metrics say it.
        return Err(draft.reject(Why::NothingDue));
    }
    // What stands still already stays as it is, so that the answer that it waits for is still heard.
    let moves = draft.request.is_open() && draft.request.blocker.is_none();
    let draft = if moves { draft.block(Blocker::Undeliverable) } else { draft };
    Ok(draft.concern(concern, rules).done())
}
