//! A request comes in, or the customer completes it. The clock has started already, whatever the form looks like.

use super::{Concern, Decision, Detail, Draft, Transition, Why, identify, time};
use crate::domain::audit::{Action, Actor};
use crate::domain::event::{Arrival, Leave, Manner};
use crate::domain::form::{Form, Problem};
use crate::domain::job::JobKind;
use crate::domain::notice::NoticeKind;
use crate::domain::personal::Personal;
use crate::domain::policy::Rules;
use crate::domain::request::{Alarms, Blocker, Check, Request, SecondFactor, Stage, Voice};
use crate::domain::sender::SenderVerdict;
use crate::domain::verification::Party;
use jiff::{SignedDuration, Timestamp};

/// A mail that opens a request.
pub(super) fn arrived(arrival: &Arrival, rules: &Rules, now: Timestamp) -> Transition {
    let draft = Draft::new(new_request(arrival), Actor::Requester, now);
    let draft = draft.note_with(
        Action::RequestRecorded,
        Some(manner_word(arrival.manner).to_owned()),
        vec![
            ("regime", arrival.regime.clone()),
            ("due", arrival.due.due.to_string()),
            ("sender", arrival.origin.verdict.as_str().to_owned()),
        ],
    );
    let too_old = now.duration_since(arrival.received_at)
        > SignedDuration::from_hours(24 * i64::from(rules.answer_age_days_max));
    let mut draft = if !arrival.origin.verdict.speaks_for_customer() {
        let concern = match arrival.origin.verdict {
            SenderVerdict::Unknown => Concern::SenderUnknown,
            SenderVerdict::Aligned | SenderVerdict::SpfOnly | SenderVerdict::Unaligned => {
                Concern::SenderUnauthenticated
            }
        };
        draft.block(Blocker::SenderUnauthenticated).concern(concern, rules)
    } else if arrival.voice == Voice::Silent {
        draft.concern(Concern::Silent, rules)
    } else if arrival.leave == Leave::AskStaff {
        draft.block(Blocker::SenderUnauthenticated).concern(Concern::Silent, rules)
    } else if too_old {
        draft.block(Blocker::SenderUnauthenticated).concern(Concern::MailTooOld, rules)
    } else {
        answerable(draft, arrival, rules)
    };
    draft.request.wake_at = time::wake_at(&draft.request, rules);
    draft.done()
}

fn answerable(draft: Draft, arrival: &Arrival, rules: &Rules) -> Draft {
    match arrival.manner {
        Manner::Complete => start_check(draft.tell_customer(NoticeKind::Acknowledgement, Detail::None)),
        Manner::Incomplete => ask_again(draft),
        Manner::OwnWords => ask_again(draft).concern(Concern::OwnWords(arrival.text.clone()), rules),
    }
}

/// The clarification lists every problem and serves as the acknowledgement (decision 35).
fn ask_again(draft: Draft) -> Draft {
    draft
        .block(Blocker::NeedsClarification)
        .note(Action::ClarificationAsked)
        .tell_customer(NoticeKind::Clarification, Detail::None)
}

/// From here the directory says who it is. The acknowledgement was decided before (decision 11).
pub(super) fn start_check(draft: Draft) -> Draft {
    let since = draft.now;
    draft.enter(Stage::AwaitingVerification { since, check: Check::Resolving }).job(JobKind::Resolve)
}

fn new_request(arrival: &Arrival) -> Request {
    Request {
        reference: arrival.reference.clone(),
        version: 0,
        kind: arrival.form.kind,
        received_at: arrival.received_at,
        origin: arrival.origin.clone(),
        voice: arrival.voice,
        form: arrival.form.clone(),
        words: (arrival.manner == Manner::OwnWords).then(|| arrival.text.clone()),
        problems: arrival.problems.clone(),
        regime: arrival.regime.clone(),
        due: arrival.due.clone(),
        stage: Stage::Recorded { since: arrival.received_at },
        blocker: None,
        subject: None,
        tries: 0,
        second_factor: SecondFactor::NotNeeded,
        plan: None,
        approvals: Vec::new(),
        erasure: None,
        question: None,
        extension: None,
        completed_by: None,
        disowned: false,
        stop_told: false,
        package: None,
        alarms: Alarms::default(),
        wake_at: None,
    }
}

const fn manner_word(manner: Manner) -> &'static str {
    match manner {
        Manner::Complete => "complete",
        Manner::Incomplete => "incomplete",
        Manner::OwnWords => "own-words",
    }
}

/// The customer answers a clarification or a question. A form laid over the old one may complete it; an answer to a
/// question goes to staff as it is.
pub(super) fn answered(
    draft: Draft,
    from: Party,
    form: Option<&(Form, Vec<Problem>)>,
    text: &Personal,
    rules: &Rules,
) -> Decision {
    if !draft.request.is_open() {
        return Err(draft.reject(Why::Closed));
    }
    if !identify::may_know(&draft.request, from) {
        return Err(draft.reject(Why::NotTheirs));
    }
    // Whoever answers got our mail after all.
    let draft = draft.unblock(&[Blocker::Undeliverable]);
    match draft.request.blocker {
        Some(Blocker::NeedsClarification) => {
            let draft = clarified(draft.note(Action::Answered), form);
            // We promised to read answers in the person's own words: people read them.
            let own_words = form.is_none() && !text.is_blank();
            let draft = if own_words { draft.concern(Concern::OwnWords(text.clone()), rules) } else { draft };
            Ok(draft.done())
        }
        Some(Blocker::StaffQuestion) => {
            let answer = Detail::Text(text.clone());
            let draft = draft.note(Action::QuestionAnswered).unblock(&[Blocker::StaffQuestion]);
            let draft = draft.tell_staff(NoticeKind::Answer, &answer, rules);
            Ok(match (&draft.request.stage, draft.request.blocker) {
                (Stage::Recorded { .. }, Some(Blocker::NeedsClarification)) if form.is_some() => {
                    clarified(draft, form)
                }
                // What waits for an `ACCEPT` may be completed in the meantime. Later the scope stands.
                (Stage::Recorded { .. }, _) => laid_over(draft, form),
                _ => draft,
            }
            .done())
        }
        Some(
            Blocker::SenderUnauthenticated
            | Blocker::NeedsSecondFactor
            | Blocker::Undeliverable
            | Blocker::ConnectorDown
            | Blocker::PlanDrift
            | Blocker::LegalHold
            | Blocker::Anomaly,
        )
        | None => Err(draft.reject(Why::NotNow)),
    }
}

fn laid_over(mut draft: Draft, form: Option<&(Form, Vec<Problem>)>) -> Draft {
    if let Some((form, problems)) = form {
        draft.request.form = form.clone();
        draft.request.problems.clone_from(problems);
        draft.request.kind = form.kind;
    }
    draft
}

fn clarified(draft: Draft, form: Option<&(Form, Vec<Problem>)>) -> Draft {
    let draft = laid_over(draft, form);
    if draft.request.problems.iter().any(Problem::is_blocking) {
        // Each answer that leaves something open is answered once, with what is still missing.
        draft.tell_customer(NoticeKind::Clarification, Detail::None)
    } else {
        start_check(draft).unblock(&[Blocker::NeedsClarification])
    }
}
