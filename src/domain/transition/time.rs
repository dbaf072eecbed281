//! What time alone brings: reminders, expiry, and the alarms of the deadlines. `wake_at` says when to look again
//! (decision 45); nothing else fires timers.

use super::{Decision, Detail, Draft, Why, erase, freeze};
use crate::domain::audit::Action;
use crate::domain::notice::NoticeKind;
use crate::domain::policy::Rules;
use crate::domain::request::{Blocker, Check, Outcome, Request, Stage};
use jiff::{SignedDuration, Timestamp};

/// Does everything that is due now.
pub(super) fn woke(draft: Draft, rules: &Rules) -> Decision {
    let wake_at = wake_at(&draft.request, rules);
    if wake_at.is_none_or(|at| at > draft.now) {
        // Where the configured days changed, the new time must be saved, or the old one would wake it for ever.
        let stands = wake_at == draft.request.wake_at;
        return if stands { Err(draft.reject(Why::NothingDue)) } else { Ok(draft.done()) };
    }
    let draft = alarms(draft, rules);
    if cools_until(&draft.request).is_some_and(|until| until <= draft.now) {
        return Ok(erase::begin(draft, rules).done());
    }
    if expires_at(&draft.request, rules).is_some_and(|at| at <= draft.now) {
        return Ok(draft
            .note(Action::Expired)
            .tell_customer(NoticeKind::Expired, Detail::None)
            .close(Outcome::Expired)
            .done());
    }
    if frozen_until(&draft.request).is_some_and(|until| until <= draft.now) {
        return Ok(freeze::thawed(draft).done());
    }
    Ok(remind(draft, rules).done())
}

/// When the request should be woken next; none once it is closed.
pub(super) fn wake_at(request: &Request, rules: &Rules) -> Option<Timestamp> {
    if !request.is_open() {
        return None;
    }
    [
        acknowledge_alarm_at(request),
        request.due.at_risk.get(usize::from(request.alarms.at_risk)).copied(),
        (!request.alarms.breached).then_some(request.due.due_at),
        reminder_at(request, rules),
        expires_at(request, rules),
        frozen_until(request),
        cools_until(request),
    ]
    .into_iter()
    .flatten()
    .min()
}

fn alarms(mut draft: Draft, rules: &Rules) -> Draft {
    if acknowledge_alarm_at(&draft.request).is_some_and(|at| at <= draft.now) {
        draft.request.alarms.acknowledge = true;
        draft = draft.tell_staff(NoticeKind::DeadlineAtRisk, &Detail::AcknowledgeOverdue, rules);
    }
    // However many marks have passed while the daemon was away, staff get one mail.
    let told = draft.request.alarms.at_risk;
    let passed = draft.request.due.at_risk.iter().filter(|&&mark| mark <= draft.now).count();
    draft.request.alarms.at_risk = u8::try_from(passed).unwrap_or(u8::MAX).max(told);
    if !draft.request.alarms.breached && draft.request.due.due_at <= draft.now {
        draft.request.alarms.breached = true;
        return draft.note(Action::Breached).tell_staff(NoticeKind::DeadlineAtRisk, &Detail::None, rules);
    }
    if draft.request.alarms.at_risk > told {
        draft = draft.note(Action::AtRisk).tell_staff(NoticeKind::DeadlineAtRisk, &Detail::None, rules);
    }
    draft
}

/// The company's promise to acknowledge within one business day, where only staff can let us answer.
fn acknowledge_alarm_at(request: &Request) -> Option<Timestamp> {
    let waits_for_staff = matches!(request.stage, Stage::Recorded { .. })
        && request.blocker == Some(Blocker::SenderUnauthenticated);
    (waits_for_staff && !request.alarms.acknowledge).then_some(request.due.acknowledge)
}

fn remind(draft: Draft, rules: &Rules) -> Draft {
    let Some(at) = reminder_at(&draft.request, rules).filter(|at| *at <= draft.now) else {
        return draft;
    };
    let Stage::AwaitingVerification { since, check: Check::Challenged { first_at, refreshed_at, .. } } =
        draft.request.stage
    else {
        return draft;
    };
    debug_assert!(at >= first_at);
    let passed = rules.reminder_days.iter().filter(|&&day| first_at + days(day) <= draft.now).count();
    let reminders = u8::try_from(passed).unwrap_or(u8::MAX);
    draft.note(Action::ReminderSent).tell_customer(NoticeKind::Reminder, Detail::None).enter(
        Stage::AwaitingVerification { since, check: Check::Challenged { first_at, reminders, refreshed_at } },
    )
}

fn reminder_at(request: &Request, rules: &Rules) -> Option<Timestamp> {
    let Stage::AwaitingVerification { check: Check::Challenged { first_at, reminders, .. }, .. } =
        request.stage
    else {
        return None;
    };
    rules.reminder_days.get(usize::from(reminders)).map(|&day| first_at + days(day))
}

fn expires_at(request: &Request, rules: &Rules) -> Option<Timestamp> {
    let Stage::AwaitingVerification { since, check } = &request.stage else {
        return None;
    };
    match check {
        Check::Resolving | Check::Frozen { .. } => None,
        Check::NoMatch => Some(*since + days(rules.expire_days)),
        Check::Challenged { first_at, .. } => Some(*first_at + days(rules.expire_days)),
    }
}

fn frozen_until(request: &Request) -> Option<Timestamp> {
    let Stage::AwaitingVerification { check: Check::Frozen { until }, .. } = request.stage else {
        return None;
    };
    Some(until)
}

const fn cools_until(request: &Request) -> Option<Timestamp> {
    match &request.stage {
        Stage::CoolingOff { until, .. } => Some(*until),
        Stage::Recorded { .. }
        | Stage::AwaitingVerification { .. }
        | Stage::AwaitingApproval { .. }
        | Stage::Executing { .. }
        | Stage::Delivering { .. }
        | Stage::Closed { .. } => None,
    }
}

fn days(days: u16) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(days))
}
