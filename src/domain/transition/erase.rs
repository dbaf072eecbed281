//! Deletions: the cooling-off time, holds that come and go, the work and what is owed after it. Nothing goes before the
//! time is over (standard S8), and nothing that a hold covers (S18). Doing it is `workflow/erase.rs`.

use super::{Concern, Decision, Detail, Draft, Why};
use crate::domain::audit::Action;
use crate::domain::erasure::ErasureFacts;
use crate::domain::event::{DayLimit, Rest, SettledLine};
use crate::domain::job::JobKind;
use crate::domain::notice::{NoticeKind, StatusCause};
use crate::domain::policy::{self, Rules};
use crate::domain::request::{Blocker, Kind, PlanState, Stage};

/// Approved: the customer is told when it begins, and may take it back until then.
pub(super) fn cool_off(draft: Draft, rules: &Rules) -> Draft {
    let since = draft.now;
    let until = since + rules.cooling_off;
    draft
        .note_with(Action::CoolingOffStarted, None, vec![("until", until.to_string())])
        .enter(Stage::CoolingOff { since, until })
        .tell_customer(NoticeKind::Approved, Detail::None)
}

/// The cooling-off time is over.
pub(super) fn begin(draft: Draft, rules: &Rules) -> Draft {
    if policy::holds_changed(&draft.request, rules) {
        return plan_anew(draft);
    }
    let since = draft.now;
    draft.note(Action::DeletionStarted).enter(Stage::Executing { since }).job(JobKind::Erase)
}

/// Whoever was told on which day their deletion begins hears that it does not, and is not left waiting for it.
pub(super) fn called_off(draft: Draft) -> Draft {
    let announced = draft.request.kind == Some(Kind::Delete)
        && matches!(draft.request.stage, Stage::CoolingOff { .. } | Stage::Executing { .. });
    if announced {
        return draft.tell_customer(NoticeKind::Status, Detail::Status(StatusCause::LookedAtAgain));
    }
    draft
}

/// The same data is counted again as of the same moment; whoever approved must look again.
pub(super) fn plan_anew(draft: Draft) -> Draft {
    let mut draft = called_off(draft);
    let since = draft.request.plan.as_ref().map_or(draft.now, |plan| plan.as_of);
    draft.request.plan = None;
    draft.request.approvals.clear();
    draft
        .unblock(&[Blocker::LegalHold])
        .note_with(Action::PlanDropped, Some("holds-changed".to_owned()), Vec::new())
        .enter(Stage::AwaitingApproval { since, plan: PlanState::Planning })
        .job(JobKind::Plan)
}

/// Holds came or went: what is decided on them is decided anew. A plan in the making asks them itself, and so does every
/// deleting transaction.
pub(super) fn holds_changed(draft: Draft, rules: &Rules) -> Decision {
    let decided_on = matches!(
        draft.request.stage,
        Stage::AwaitingApproval { plan: PlanState::Frozen, .. } | Stage::CoolingOff { .. }
    );
    if !decided_on || !policy::holds_changed(&draft.request, rules) {
        return Err(draft.reject(Why::NothingDue));
    }
    Ok(plan_anew(draft).done())
}

/// Everything that was to go is gone.
pub(super) fn erased(mut draft: Draft, facts: &ErasureFacts) -> Decision {
    if !matches!(draft.request.stage, Stage::Executing { .. }) || draft.request.kind != Some(Kind::Delete) {
        return Err(draft.reject(Why::NotNow));
    }
    let since = draft.now;
    draft = draft.unblock(&[Blocker::ConnectorDown, Blocker::Anomaly]);
    for line in &facts.lines {
        let kept: u64 = line.kept.iter().map(|kept| kept.rows).sum();
        draft = draft.note_with(
            Action::RowsErased,
            Some(line.name.clone()),
            vec![
                ("deleted", line.deleted.to_string()),
                ("files", line.files.to_string()),
                ("gone", line.gone.to_string()),
                ("kept", kept.to_string()),
            ],
        );
    }
    let evidence = vec![("plan", facts.plan.clone()), ("deleted", facts.deleted().to_string())];
    draft.request.erasure = Some(facts.clone());
    Ok(draft
        .note_with(Action::EffectsVerified, None, evidence)
        .enter(Stage::Delivering { since })
        .tell_customer(NoticeKind::CompletedDelete, Detail::None)
        .done())
}

/// Staff are told of an unusual day; beyond the limit the work waits, and goes on by itself.
pub(super) fn many_deletions(draft: Draft, limit: DayLimit, rules: &Rules) -> Decision {
    if !matches!(draft.request.stage, Stage::Executing { .. }) {
        return Err(draft.reject(Why::NotNow));
    }
    let blocks = matches!(limit, DayLimit::Reached { .. });
    if blocks && draft.request.blocker.is_some() {
        return Err(draft.reject(Why::NothingDue));
    }
    let draft = draft.note(Action::DayLimitReached);
    let draft = if blocks { draft.block(Blocker::Anomaly) } else { draft };
    Ok(draft.concern(Concern::ManyDeletions(limit), rules).done())
}

/// After closing: the ground of what was kept has ended, or some of it has.
pub(super) fn settled(draft: Draft, lines: &[SettledLine]) -> Decision {
    if draft.request.erasure.is_none() || draft.request.is_open() {
        return Err(draft.reject(Why::NotNow));
    }
    let mut draft = draft;
    for line in lines.iter().filter(|line| line.deleted > 0) {
        let evidence = vec![("deleted", line.deleted.to_string())];
        draft = draft.note_with(Action::RowsErased, Some(line.category.clone()), evidence);
    }
    let over: Vec<&SettledLine> = lines.iter().filter(|line| line.rest == Rest::Nothing).collect();
    for line in &over {
        draft = draft.note_with(Action::ObligationSettled, Some(line.category.clone()), Vec::new());
    }
    let told: Vec<(String, u64)> = over.iter().map(|line| (line.title.clone(), line.deleted)).collect();
    let draft = if told.is_empty() {
        draft
    } else {
        draft.tell_customer(NoticeKind::ObligationSettled, Detail::Settled(told))
    };
    Ok(draft.done())
}

/// After closing: the backups of a source were to be purged by now.
pub(super) fn backups_overdue(draft: Draft, source: &str, rules: &Rules) -> Decision {
    if draft.request.erasure.is_none() {
        return Err(draft.reject(Why::NotNow));
    }
    let draft = draft.note_with(Action::BackupsOverdue, Some(source.to_owned()), Vec::new());
    Ok(draft.concern(Concern::BackupsOverdue(source.to_owned()), rules).done())
}
