//! Who is it? The directory names an address on file, the challenge goes there and nowhere else, and the answer counts
//! only from there (standard S1, S4, S6).

use super::{Concern, Decision, Detail, Draft, Rejected, Why, customer, freeze};
use crate::domain::audit::Action;
use crate::domain::event::Resolution;
use crate::domain::job::JobKind;
use crate::domain::notice::{NoticeKind, StatusCause};
use crate::domain::policy::{self, Rules};
use crate::domain::request::{Blocker, Check, Ground, Outcome, PlanState, Request, Stage};
use crate::domain::verification::{CodeVerdict, Party};
use jiff::SignedDuration;

/// A fresh code for an expired one is sent once in this time (decision 37).
const REFRESH_PAUSE: SignedDuration = SignedDuration::from_hours(24);

/// The directory answered.
pub(super) fn resolved(mut draft: Draft, resolution: &Resolution, rules: &Rules) -> Decision {
    let Stage::AwaitingVerification { since, check: Check::Resolving } = draft.request.stage else {
        return Err(draft.reject(Why::NotNow));
    };
    draft = draft.unblock(&[Blocker::ConnectorDown]);
    let check = match resolution {
        Resolution::Match { entry, law, frozen } => {
            draft.request.subject = Some((**entry).clone());
            if let Some(law) = law {
                draft.request.regime.clone_from(&law.regime);
                // What was promised is never taken back (decision 48).
                if law.due.due < draft.request.due.due {
                    draft.request.due = law.due.clone();
                }
            }
            draft = draft.note(Action::RequesterResolved);
            if let Some(until) = frozen.filter(|until| *until > draft.now) {
                return Ok(freeze::begin(draft, until, rules).done());
            }
            draft = draft.note(Action::ChallengeSent).tell_customer(NoticeKind::Challenge, Detail::None);
            Check::Challenged { first_at: draft.now, reminders: 0, refreshed_at: None }
        }
        Resolution::NoMatch => {
            draft = draft.note(Action::NoMatch);
            Check::NoMatch
        }
    };
    Ok(draft.enter(Stage::AwaitingVerification { since, check }).done())
}

/// `CONFIRM <code>`: only from the address on file does it count, right or wrong.
pub(super) fn confirmed(mut draft: Draft, from: Party, code: CodeVerdict, rules: &Rules) -> Decision {
    let Stage::AwaitingVerification { since, check: Check::Challenged { first_at, reminders, refreshed_at } } =
        draft.request.stage
    else {
        let closed = !draft.request.is_open();
        return Err(draft.reject(if closed { Why::Closed } else { Why::NotNow }));
    };
    if from != Party::OnFile {
        return Err(draft.reject(Why::NotTheirs));
    }
    match code {
        CodeVerdict::Right => Ok(verified(draft, rules)),
        CodeVerdict::Expired => {
            if refreshed_at.is_some_and(|last| draft.now.duration_since(last) < REFRESH_PAUSE) {
                return Err(draft.reject(Why::CodeWrong));
            }
            let check = Check::Challenged { first_at, reminders, refreshed_at: Some(draft.now) };
            let draft = draft.note_with(Action::ChallengeSent, Some("expired-code".into()), Vec::new());
            Ok(draft
                .enter(Stage::AwaitingVerification { since, check })
                .tell_customer(NoticeKind::Challenge, Detail::None)
                .done())
        }
        CodeVerdict::Wrong => {
            draft.request.tries = draft.request.tries.saturating_add(1);
            let left = rules.tries_max.saturating_sub(draft.request.tries);
            draft = draft.note_with(Action::CodeWrong, None, vec![("left", left.to_string())]);
            if left > 0 {
                return Ok(draft
                    .tell_customer(
                        NoticeKind::Status,
                        Detail::Status(StatusCause::WrongCode { tries_left: u32::from(left) }),
                    )
                    .done());
            }
            Ok(refuse(draft, Ground::IdentityNotVerified).done())
        }
    }
}

fn verified(draft: Draft, rules: &Rules) -> super::Transition {
    // Whoever answers got our mail after all.
    let draft = draft.note(Action::Verified).void_codes().unblock(&[Blocker::Undeliverable]);
    let may = draft
        .request
        .subject
        .as_ref()
        .is_some_and(|entry| policy::may_ask(entry, &draft.request.form.scope, rules));
    if !may {
        // The copy of a whole account holds other people's data (GDPR art. 15(4)); the letter says how to cure it.
        return refuse(draft, Ground::RightsOfOthers).concern(Concern::MayNotAsk, rules).done();
    }
    let since = draft.now;
    let draft = draft.tell_customer(NoticeKind::Status, Detail::Status(StatusCause::Confirmed));
    draft.enter(Stage::AwaitingApproval { since, plan: PlanState::Planning }).job(JobKind::Plan).done()
}

fn refuse(draft: Draft, ground: Ground) -> Draft {
    draft
        .note_with(Action::Refused, Some(ground.as_str().to_owned()), Vec::new())
        .tell_customer(NoticeKind::Refused, Detail::Refusal { ground, text: None })
        .close(Outcome::Refused(ground))
}

/// `STATUS`, in any stage, from whoever may know.
pub(super) fn status_asked(draft: Draft, from: Party) -> Decision {
    if !may_know(&draft.request, from) {
        return Err(draft.reject(Why::NotTheirs));
    }
    let detail = Detail::Status(StatusCause::Asked);
    Ok(draft.note(Action::StatusAsked).tell_customer(NoticeKind::Status, detail).done())
}

/// Something else in our thread: nothing changes, and whoever may know is told what was not understood.
pub(super) fn not_understood(draft: Draft, from: Party) -> Rejected {
    if may_know(&draft.request, from) {
        answer_unchanged(draft, Why::NotUnderstood)
    } else {
        draft.reject(Why::NotTheirs)
    }
}

/// After a challenge only the address on file may know anything (decision 34); before it, the authenticated sender.
pub(super) fn may_know(request: &Request, from: Party) -> bool {
    match from {
        Party::OnFile => true,
        Party::Requester => request.subject.is_none(),
        Party::Stranger => false,
    }
}

pub(super) fn answer_unchanged(draft: Draft, why: Why) -> Rejected {
    match customer(&draft.request) {
        Some(to) => draft.reject_telling(why, NoticeKind::Status, to),
        None => draft.reject(why),
    }
}
