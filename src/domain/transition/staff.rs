//! Staff decide. What needs a decision needs a code; an approval is bound to the request, the plan hash and the approver
//! (decision 36, standard S7, S8); nobody decides about their own request.

use super::{
    Concern, Decided, Decision, Detail, Draft, Intent, Strike, To, Transition, Why, arrive, desk, erase,
    freeze, standing_blocker,
};
use crate::domain::audit::Action;
use crate::domain::event::{SecondFactorNeed, StaffAct, StaffWord};
use crate::domain::hold::{self, Hold};
use crate::domain::job::JobKind;
use crate::domain::notice::NoticeKind;
use crate::domain::personal::Personal;
use crate::domain::plan::PlanSummary;
use crate::domain::policy::{self, Rules, Staff, StaffRole};
use crate::domain::request::{
    Blocker, Check, Ground, Kind, Outcome, PlanState, Request, SecondFactor, StaffQuestion, Stage, Voice,
};
use crate::domain::verification::StaffCode;

/// The plan stands: staff are asked, or first told to call the customer back.
pub(super) fn planned(
    mut draft: Draft,
    plan: &PlanSummary,
    need: SecondFactorNeed,
    rules: &Rules,
) -> Decision {
    let Stage::AwaitingApproval { since, plan: PlanState::Planning } = draft.request.stage else {
        return Err(draft.reject(Why::NotNow));
    };
    let held =
        |draft: &Draft| draft.request.subject.as_ref().map(|entry| hold::touching(&rules.holds, entry));
    if draft.request.kind == Some(Kind::Delete) && held(&draft).is_some_and(|now| now != plan.holds) {
        // While it was made, holds came or went: it is made again.
        return Ok(draft.job(JobKind::Plan).done());
    }
    draft = draft
        .unblock(&[Blocker::ConnectorDown, Blocker::PlanDrift, Blocker::LegalHold])
        .enter(Stage::AwaitingApproval { since, plan: PlanState::Frozen });
    draft = draft.note_with(
        Action::PlanFrozen,
        None,
        vec![("plan", plan.hash.clone()), ("rows", plan.total_rows.to_string())],
    );
    draft.request.plan = Some(plan.clone());
    draft.request.approvals.clear();
    if need == SecondFactorNeed::Yes && draft.request.second_factor == SecondFactor::NotNeeded {
        draft.request.second_factor = SecondFactor::Needed;
    }
    Ok(ask_for_decision(draft, rules).done())
}

fn ask_for_decision(mut draft: Draft, rules: &Rules) -> Draft {
    if draft.request.plan.as_ref().is_some_and(PlanSummary::is_all_held) {
        return draft.block(Blocker::LegalHold).concern(Concern::AllHeld, rules);
    }
    let able = rules.staff.iter().filter(|member| policy::may_decide(member, &draft.request)).count();
    let needed =
        draft.request.plan.as_ref().map_or(1, |plan| policy::approvers_needed(&draft.request, plan, rules));
    let somebody = able > 0;
    if !somebody {
        draft = draft.concern(Concern::NobodyMayDecide, rules);
    } else if able < needed {
        draft = draft.concern(Concern::NeedsTwoApprovers, rules);
    }
    if draft.request.lacks_second_factor() {
        let detail = Detail::Concern(Concern::CallBack);
        draft = draft.block(Blocker::NeedsSecondFactor).note(Action::SecondFactorAsked);
        return tell(draft, policy::may_call, rules, NoticeKind::Attention, &detail);
    }
    if !somebody {
        return draft;
    }
    draft = draft.note(Action::ApprovalAsked);
    tell(draft, policy::may_decide, rules, NoticeKind::ApprovalRequest, &Detail::None)
}

/// Tells those who may do what is asked.
fn tell(
    mut draft: Draft,
    may: fn(&Staff, &Request) -> bool,
    rules: &Rules,
    notice: NoticeKind,
    detail: &Detail,
) -> Draft {
    let able = rules.staff.iter().filter(|member| may(member, &draft.request));
    draft.notices.extend(able.map(|member| Intent {
        notice,
        to: To::Staff(member.name.clone()),
        detail: detail.clone(),
    }));
    draft
}

/// A staff word. Everything out of place changes nothing and is answered with the reason.
pub(super) fn act(draft: Draft, act: &StaffAct, rules: &Rules) -> Decision {
    let Some(member) = rules.staff.iter().find(|staff| staff.name == act.by) else {
        return Err(draft.reject(Why::NotTheirs));
    };
    let unchanged = |draft: Draft, why| {
        Err(draft.reject_telling(why, NoticeKind::DecisionRecorded, To::Staff(act.by.clone())))
    };
    // What was kept for a hold is still held after the request is over.
    if !draft.request.is_open() && !matches!(act.word, StaffWord::Release) {
        return unchanged(draft, Why::Closed);
    }
    if let Some(why) = objection(&draft, act, member, rules) {
        let wrong = why == Why::CodeWrong && act.code == StaffCode::Wrong;
        return if wrong { Ok(struck(draft, act, rules)) } else { unchanged(draft, why) };
    }
    match &act.word {
        StaffWord::Approve if policy::holds_changed(&draft.request, rules) => {
            // Checked at the approval too (standard S18); the sweep of holds may not have come by yet.
            Ok(erase::plan_anew(told_unchanged(draft, act, Why::OtherPlan)).done())
        }
        StaffWord::Approve => Ok(approved(consume(draft, act), act, rules)),
        StaffWord::Hold { hold: Some(hold) } => Ok(held(draft, act, hold, rules)),
        StaffWord::Hold { hold: None } => unchanged(draft, Why::NotNow),
        StaffWord::Release => Ok(released(draft, act, rules)),
        StaffWord::Veto => Ok(vetoed(draft, act, rules)),
        StaffWord::Refuse { ground: Some(ground), text } => {
            Ok(refused(consume(draft, act), act, *ground, text, rules))
        }
        StaffWord::Refuse { ground: None, .. } => unchanged(draft, Why::GroundMissing),
        StaffWord::Ask { question } => Ok(asked(draft, act, question, rules)),
        StaffWord::Accept => Ok(accepted(draft, act, rules)),
        StaffWord::Called { note } => Ok(called(consume(draft, act), act, note, rules)),
        StaffWord::Extend { reason, dates: Some(dates) } => {
            Ok(desk::extended(consume(draft, act), act, reason, dates, rules))
        }
        StaffWord::Extend { dates: None, .. } => unchanged(draft, Why::NotExtendable),
        StaffWord::Scope { form: Some(form) } => Ok(desk::scoped(draft, act, form, rules)),
        StaffWord::Scope { form: None } => unchanged(draft, Why::ScopeUnread),
        StaffWord::NotRequest => Ok(desk::not_request(draft, act, rules)),
        StaffWord::NotInThread => unchanged(draft, Why::NotInThread),
        StaffWord::NotUnderstood => unchanged(draft, Why::NotUnderstood),
    }
}

/// Why this word from this person changes nothing now, if so. Who comes before what, and the code comes last, so that a
/// rejected answer never tells whether its code was good.
fn objection(draft: &Draft, act: &StaffAct, member: &Staff, rules: &Rules) -> Option<Why> {
    let request = &draft.request;
    let theirs = match act.word {
        StaffWord::Approve
        | StaffWord::Refuse { .. }
        | StaffWord::Accept
        | StaffWord::Extend { .. }
        | StaffWord::NotRequest
        | StaffWord::Hold { .. }
        | StaffWord::Release => policy::may_decide(member, request),
        StaffWord::Veto => member.role == StaffRole::Dpo && policy::may_decide(member, request),
        StaffWord::Called { .. } => policy::may_call(member, request),
        // Whoever forwarded the mail knows best what it asks; somebody else still has to accept it.
        StaffWord::Scope { .. }
        | StaffWord::Ask { .. }
        | StaffWord::NotInThread
        | StaffWord::NotUnderstood => true,
    };
    if !theirs {
        return Some(Why::NotTheirs);
    }
    let out_of_place = match &act.word {
        StaffWord::Approve => approve_objection(request, act, rules),
        StaffWord::Hold { hold } => hold.is_none().then_some(Why::NotNow),
        StaffWord::Release => {
            let placed = |hold: &Hold| hold.request.as_ref() == Some(&request.reference);
            (!rules.holds.iter().any(placed)).then_some(Why::NotNow)
        }
        StaffWord::Veto => {
            let approved = !request.approvals.is_empty()
                && matches!(request.stage, Stage::AwaitingApproval { .. } | Stage::CoolingOff { .. });
            (!approved).then_some(Why::NotNow)
        }
        StaffWord::Refuse { ground, .. } => {
            let too_late = matches!(request.stage, Stage::Executing { .. } | Stage::Delivering { .. });
            too_late.then_some(Why::NotNow).or_else(|| ground.is_none().then_some(Why::GroundMissing))
        }
        StaffWord::Ask { .. } => super::customer(request).is_none().then_some(Why::NotNow),
        StaffWord::Accept => accept_objection(request),
        StaffWord::Extend { dates, .. } => desk::extend_objection(request, dates.as_ref(), draft.now),
        StaffWord::Scope { form } => desk::scope_objection(request, form.as_ref()),
        StaffWord::NotRequest => (!matches!(request.stage, Stage::Recorded { .. })).then_some(Why::NotNow),
        StaffWord::Called { .. } => (!request.lacks_second_factor()).then_some(Why::NotNow),
        StaffWord::NotInThread => Some(Why::NotInThread),
        StaffWord::NotUnderstood => Some(Why::NotUnderstood),
    };
    let needs_code = match act.word {
        StaffWord::Approve
        | StaffWord::Refuse { .. }
        | StaffWord::Extend { .. }
        | StaffWord::Called { .. } => true,
        StaffWord::Ask { .. }
        | StaffWord::Accept
        | StaffWord::Scope { .. }
        | StaffWord::NotRequest
        | StaffWord::Hold { .. }
        | StaffWord::Release
        | StaffWord::Veto
        | StaffWord::NotInThread
        | StaffWord::NotUnderstood => false,
    };
    let bad_code = || match act.code {
        _ if rules.strikes(&act.by) >= policy::STRIKES_MAX => Some(Why::CodesLocked),
        StaffCode::Valid(_) => None,
        StaffCode::Wrong | StaffCode::NotAsked => Some(Why::CodeWrong),
    };
    out_of_place.or_else(|| needs_code.then(bad_code).flatten())
}

/// A wrong code counts, whatever request it was for; the last one locks the list, and everybody is told once.
fn struck(mut draft: Draft, act: &StaffAct, rules: &Rules) -> Transition {
    let before = rules.strikes(&act.by);
    let left = policy::STRIKES_MAX.saturating_sub(before.saturating_add(1));
    let why = if left == 0 { Why::CodesLocked } else { Why::CodeWrong };
    draft.denied = Some((Why::CodeWrong, Some(Strike { name: act.by.clone(), before })));
    draft.notices.push(Intent {
        notice: NoticeKind::DecisionRecorded,
        to: To::Staff(act.by.clone()),
        detail: Detail::Unchanged(why),
    });
    draft = draft.note_with(Action::CodeWrong, None, vec![("left", left.to_string())]);
    if left > 0 {
        return draft.done();
    }
    let locked = draft.note_with(Action::CodesLocked, None, vec![("staff", act.by.to_string())]);
    locked.concern(Concern::CodesLocked(act.by.clone()), rules).done()
}

fn approve_objection(request: &Request, act: &StaffAct, rules: &Rules) -> Option<Why> {
    if !matches!(request.stage, Stage::AwaitingApproval { plan: PlanState::Frozen, .. }) {
        return Some(Why::NotNow);
    }
    if request.plan.as_ref().is_some_and(PlanSummary::is_all_held) {
        return Some(Why::Held);
    }
    if request.lacks_second_factor() {
        return Some(Why::SecondFactorMissing);
    }
    let plan = request.plan.as_ref().map(|plan| plan.hash.as_str());
    if plan.is_none() || act.plan_hash.as_deref() != plan {
        return Some(Why::OtherPlan);
    }
    let twice = request.approvals.iter().any(|earlier| policy::is_same_person(earlier, &act.by, rules));
    twice.then_some(Why::AlreadyApproved)
}

fn accept_objection(request: &Request) -> Option<Why> {
    let held = match request.blocker {
        Some(Blocker::StaffQuestion) => standing_blocker(request),
        blocker => blocker,
    } == Some(Blocker::SenderUnauthenticated);
    if matches!(request.stage, Stage::AwaitingVerification { check: Check::Frozen { .. }, .. }) {
        return None;
    }
    let waits = held || request.completed_by.is_some();
    if !matches!(request.stage, Stage::Recorded { .. }) || request.voice == Voice::Silent || !waits {
        return Some(Why::NotNow);
    }
    let complete = request.kind.is_some() && request.form.scope.is_understood();
    (!complete).then_some(Why::FormIncomplete)
}

fn consume(mut draft: Draft, act: &StaffAct) -> Draft {
    if let StaffCode::Valid(code) = &act.code {
        draft.consumed = Some(code.clone());
    }
    draft
}

fn approved(mut draft: Draft, act: &StaffAct, rules: &Rules) -> Transition {
    let since = draft.now;
    let plan = draft.request.plan.as_ref().map(|plan| plan.hash.clone()).unwrap_or_default();
    let needed =
        draft.request.plan.as_ref().map_or(1, |plan| policy::approvers_needed(&draft.request, plan, rules));
    draft.request.approvals.push(act.by.clone());
    let evidence = vec![("plan", plan)];
    if draft.request.approvals.len() < needed {
        return decided(draft, act, Decided::ApprovedFirst, rules)
            .note_with(Action::Approved, Some("first-of-two".to_owned()), evidence)
            .done();
    }
    let draft = decided(
        draft.unblock(&[Blocker::StaffQuestion, Blocker::Undeliverable]),
        act,
        Decided::Approved,
        rules,
    )
    .note_with(Action::Approved, None, evidence);
    if draft.request.kind == Some(Kind::Delete) {
        return erase::cool_off(draft, rules).done();
    }
    draft.note(Action::ExportStarted).enter(Stage::Executing { since }).job(JobKind::Export).done()
}

fn told_unchanged(mut draft: Draft, act: &StaffAct, why: Why) -> Draft {
    let (notice, to) = (NoticeKind::DecisionRecorded, To::Staff(act.by.clone()));
    draft.notices.push(Intent { notice, to, detail: Detail::Unchanged(why) });
    draft
}

/// The hold itself is stored with this transition; what it changes for plans follows from `Event::HoldsChanged`.
fn held(draft: Draft, act: &StaffAct, hold: &Hold, rules: &Rules) -> Transition {
    let evidence = vec![("hold", hold.id.clone()), ("review", hold.review_on.to_string())];
    decided(draft, act, Decided::Held, rules).note_with(Action::HoldPlaced, None, evidence).done()
}

fn released(draft: Draft, act: &StaffAct, rules: &Rules) -> Transition {
    let reference = draft.request.reference.clone();
    let mut draft = decided(draft, act, Decided::Released, rules);
    for hold in rules.holds.iter().filter(|hold| hold.request.as_ref() == Some(&reference)) {
        draft = draft.note_with(Action::HoldReleased, None, vec![("hold", hold.id.clone())]);
    }
    draft.done()
}

/// Every approval so far is void, and the plan waits for new ones or for a refusal. The clock of the answer runs on, with
/// its warnings.
fn vetoed(draft: Draft, act: &StaffAct, rules: &Rules) -> Transition {
    let since = draft.request.plan.as_ref().map_or(draft.now, |plan| plan.as_of);
    let mut draft = erase::called_off(draft);
    draft.request.approvals.clear();
    let draft = decided(draft, act, Decided::Vetoed, rules)
        .note(Action::Vetoed)
        .enter(Stage::AwaitingApproval { since, plan: PlanState::Frozen });
    ask_for_decision(draft, rules).done()
}

fn refused(draft: Draft, act: &StaffAct, ground: Ground, text: &Personal, rules: &Rules) -> Transition {
    let text = (*text != Personal::default()).then(|| text.clone());
    decided(draft, act, Decided::Refused(ground), rules)
        .note_with(Action::Refused, Some(ground.as_str().to_owned()), Vec::new())
        .tell_customer(NoticeKind::Refused, Detail::Refusal { ground, text })
        .close(Outcome::Refused(ground))
        .done()
}

fn asked(mut draft: Draft, act: &StaffAct, question: &Personal, rules: &Rules) -> Transition {
    let over = match (draft.request.blocker, &draft.request.question) {
        (Some(Blocker::StaffQuestion), Some(earlier)) => earlier.over,
        (blocker, _) => blocker,
    };
    draft.request.question = Some(StaffQuestion { by: act.by.clone(), text: question.clone(), over });
    decided(draft, act, Decided::QuestionSent, rules)
        .note(Action::QuestionAsked)
        .block(Blocker::StaffQuestion)
        .tell_customer(NoticeKind::Question, Detail::Text(question.clone()))
        .done()
}

fn accepted(draft: Draft, act: &StaffAct, rules: &Rules) -> Transition {
    let draft = decided(draft, act, Decided::Accepted, rules).note(Action::Accepted);
    if matches!(draft.request.stage, Stage::AwaitingVerification { check: Check::Frozen { .. }, .. }) {
        return freeze::thawed(draft).done();
    }
    // Nobody vouched for the sender, so from here on only the address on file hears from us.
    let draft = arrive::start_check(draft);
    let waited = [Blocker::SenderUnauthenticated, Blocker::NeedsClarification, Blocker::StaffQuestion];
    draft.unblock(&waited).done()
}

fn called(mut draft: Draft, act: &StaffAct, note: &Personal, rules: &Rules) -> Transition {
    let (by, at) = (act.by.clone(), draft.now);
    draft.request.second_factor = SecondFactor::Called { by, at, note: note.clone() };
    let draft = decided(draft, act, Decided::CallRecorded, rules).note(Action::CallRecorded);
    let draft = draft.unblock(&[Blocker::NeedsSecondFactor]);
    ask_for_decision(draft, rules).done()
}

/// Everybody on staff sees what was decided, and by whom.
pub(super) fn decided(draft: Draft, act: &StaffAct, what: Decided, rules: &Rules) -> Draft {
    let detail = Detail::Decided(act.by.clone(), what);
    draft.tell_staff(NoticeKind::DecisionRecorded, &detail, rules)
}
