//! What staff do besides deciding: take further time (`EXTEND`), complete a request in a person's place (`SCOPE`), and put
//! aside a mail that asks for nothing (`NOTREQUEST`). Who may, and whether the code is good, is `staff.rs`'s.

use super::{Decided, Detail, Draft, Transition, Why, staff};
use crate::domain::audit::Action;
use crate::domain::deadline::Due;
use crate::domain::event::StaffAct;
use crate::domain::form::{Field, Form, Problem};
use crate::domain::notice::NoticeKind;
use crate::domain::personal::Personal;
use crate::domain::policy::Rules;
use crate::domain::request::{Extension, Outcome, Request, Stage, Voice};
use jiff::Timestamp;

/// Why the time cannot be extended now, if so: once, where the law grants it, while there is something left to do, and told
/// in time (GDPR art. 12(3): within the first month).
pub(super) fn extend_objection(request: &Request, dates: Option<&Due>, now: Timestamp) -> Option<Why> {
    if matches!(request.stage, Stage::Delivering { .. }) {
        return Some(Why::NotNow);
    }
    if request.extension.is_some() {
        return Some(Why::ExtendedBefore);
    }
    if dates.is_none() || super::customer(request).is_none() {
        return Some(Why::NotExtendable);
    }
    (now > request.due.due_at).then_some(Why::TooLate)
}

/// Further time: the new dates stand, the alarms count anew, and the customer is told why.
pub(super) fn extended(
    mut draft: Draft,
    act: &StaffAct,
    reason: &Personal,
    dates: &Due,
    rules: &Rules,
) -> Transition {
    let (by, at, before) = (act.by.clone(), draft.now, draft.request.due.due);
    draft.request.extension = Some(Extension { by, at, reason: reason.clone(), before });
    draft.request.due = dates.clone();
    let passed = dates.at_risk.iter().filter(|&&mark| mark <= at).count();
    draft.request.alarms.at_risk = u8::try_from(passed).unwrap_or(u8::MAX);
    let evidence = vec![("before", before.to_string()), ("due", dates.due.to_string())];
    staff::decided(draft, act, Decided::Extended, rules)
        .note_with(Action::Extended, None, evidence)
        .tell_customer(NoticeKind::Extended, Detail::Text(reason.clone()))
        .done()
}

/// Why a request cannot be completed by staff now, if so.
pub(super) fn scope_objection(request: &Request, form: Option<&(Form, Vec<Problem>)>) -> Option<Why> {
    if !matches!(request.stage, Stage::Recorded { .. }) || request.voice == Voice::Silent {
        return Some(Why::NotNow);
    }
    form.is_none().then_some(Why::ScopeUnread)
}

/// Staff completed it. The challenge proves who asks, so the sentence that announces it is not missed; what goes on is
/// `ACCEPT`.
pub(super) fn scoped(
    mut draft: Draft,
    act: &StaffAct,
    form: &(Form, Vec<Problem>),
    rules: &Rules,
) -> Transition {
    let (form, problems) = form;
    draft.request.form = form.clone();
    draft.request.kind = form.kind;
    draft.request.problems =
        problems.iter().filter(|problem| problem.field != Field::Acknowledgement).cloned().collect();
    draft.request.completed_by = Some(act.by.clone());
    staff::decided(draft, act, Decided::Scoped, rules).note(Action::Scoped).done()
}

/// The mail asked for nothing: closed, and nobody is written to who never asked.
pub(super) fn not_request(draft: Draft, act: &StaffAct, rules: &Rules) -> Transition {
    staff::decided(draft, act, Decided::NotRequest, rules)
        .note(Action::NotRequest)
        .close(Outcome::Withdrawn)
        .done()
}
