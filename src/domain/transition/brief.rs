//! Staff join, change or leave while requests wait for them: whoever may do what a request waits for is asked now, in a mail
//! of their own, because an answer counts only in the thread of the mail that went to that person (decision 36). No request
//! waits for ever for a mail that nobody got.

use super::{Concern, Decision, Detail, Draft, Intent, To, Why};
use crate::domain::audit::Action;
use crate::domain::ids::StaffName;
use crate::domain::notice::NoticeKind;
use crate::domain::plan::PlanSummary;
use crate::domain::policy::{self, Rules, Staff};
use crate::domain::request::{Blocker, PlanState, Request, Stage};
use crate::domain::sender::SenderVerdict;

/// Somebody joined or changed, or is no longer among the staff.
pub(super) fn staff_changed(draft: Draft, name: &StaffName, rules: &Rules) -> Decision {
    match rules.staff.iter().find(|member| member.name == *name) {
        Some(member) => joined(draft, member),
        None => left(draft, rules),
    }
}

fn joined(mut draft: Draft, member: &Staff) -> Decision {
    let Some((notice, detail)) = waits_for(&draft.request, member) else {
        return Err(draft.reject(Why::NothingDue));
    };
    draft.notices.push(Intent { notice, to: To::Staff(member.name.clone()), detail });
    Ok(draft.note_with(Action::StaffAsked, None, vec![("staff", member.name.to_string())]).done())
}

/// The mail that this person would have got, had they been there.
fn waits_for(request: &Request, member: &Staff) -> Option<(NoticeKind, Detail)> {
    let attention = |concern| Some((NoticeKind::Attention, Detail::Concern(concern)));
    match &request.stage {
        Stage::AwaitingApproval { plan: PlanState::Frozen, .. }
            if request.plan.as_ref().is_some_and(PlanSummary::is_all_held) =>
        {
            attention(Concern::AllHeld)
        }
        Stage::AwaitingApproval { plan: PlanState::Frozen, .. } if request.lacks_second_factor() => {
            policy::may_call(member, request).then(|| attention(Concern::CallBack)).flatten()
        }
        Stage::AwaitingApproval { plan: PlanState::Frozen, .. } => {
            policy::may_decide(member, request).then_some((NoticeKind::ApprovalRequest, Detail::None))
        }
        Stage::Recorded { .. } => attention(held(request)?),
        Stage::AwaitingApproval { plan: PlanState::Planning, .. }
        | Stage::AwaitingVerification { .. }
        | Stage::CoolingOff { .. }
        | Stage::Executing { .. }
        | Stage::Delivering { .. }
        | Stage::Closed { .. } => None,
    }
}

/// Why a mail that came in waits for staff.
fn held(request: &Request) -> Option<Concern> {
    match (request.origin.verdict, request.blocker) {
        (SenderVerdict::Unknown, Some(Blocker::SenderUnauthenticated)) => Some(Concern::SenderUnknown),
        (SenderVerdict::Unaligned, Some(Blocker::SenderUnauthenticated)) => {
            Some(Concern::SenderUnauthenticated)
        }
        (_, None | Some(Blocker::SenderUnauthenticated)) => Some(Concern::Silent),
        (_, Some(Blocker::NeedsClarification)) => request.words.clone().map(Concern::OwnWords),
        (
            _,
            Some(
                Blocker::NeedsSecondFactor
                | Blocker::Undeliverable
                | Blocker::ConnectorDown
                | Blocker::PlanDrift
                | Blocker::StaffQuestion
                | Blocker::LegalHold
                | Blocker::Anomaly,
            ),
        ) => None,
    }
}

fn left(draft: Draft, rules: &Rules) -> Decision {
    let decides = matches!(draft.request.stage, Stage::AwaitingApproval { plan: PlanState::Frozen, .. });
    let somebody = rules.staff.iter().any(|member| policy::may_decide(member, &draft.request));
    if !decides || somebody || rules.staff.is_empty() {
        return Err(draft.reject(Why::NothingDue));
    }
    Ok(draft.concern(Concern::NobodyMayDecide, rules).done())
}
