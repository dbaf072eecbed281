//! What an operator has tried again.

use super::play::{Play, arrival, cancel, check, from, incomplete, package_and, source_down, undelivered};
use crate::domain::event::{Event, Fate};
use crate::domain::left::{Far, Left};
use crate::domain::notice::NoticeKind;
use crate::domain::sender::SenderVerdict;
use crate::domain::verification::Party::OnFile;

fn retried() -> Event {
    Event::Retried { left: Left::default() }
}

#[test]
fn a_completion_notice_that_never_arrived_is_sent_again() {
    let refused = undelivered(NoticeKind::CompletedExport, Fate::Rejected);
    let play = check(Play::delivering(), &refused, "delivering+undeliverable attention>staff");
    let play = check(play, &retried(), "delivering completed-export>file replace");
    // Refused once more, it stands still once more.
    check(play, &refused, "delivering+undeliverable attention>staff");
    check(Play::delivering(), &retried(), "delivering completed-export>file replace");
}

#[test]
fn a_package_that_was_accepted_and_did_not_arrive_is_sent_again_and_what_opens_it_while_it_is_known() {
    let again = |passphrase| Event::Retried { left: package_and(passphrase) };
    check(Play::closed(), &again(Far::Yes), "completed completed-export>file replace");
    let both = "completed completed-export>file passphrase>file replace";
    check(Play::closed(), &again(Far::No), both);
    check(Play::closed(), &again(Far::Perhaps), both);
    let stopped = Play::closed().with(&[Event::Cancelled { from: OnFile, left: package_and(Far::No) }]);
    check(stopped, &again(Far::No), "no:closed");
    check(Play::executing().with(&[cancel(OnFile)]), &retried(), "no:closed");
}

#[test]
fn work_that_waits_is_done_now() {
    check(Play::resolving(), &retried(), "resolving hurry");
    check(Play::planning(), &retried(), "planning hurry");
    let down = Play::executing().with(&[source_down()]);
    check(down, &retried(), "executing+connector-down hurry");
}

#[test]
fn a_challenge_that_came_back_is_asked_anew() {
    let back = Play::challenged().with(&[undelivered(NoticeKind::Challenge, Fate::Rejected)]);
    check(back, &retried(), "challenged challenge>file");
}

#[test]
fn where_nothing_waits_to_be_tried_nothing_is() {
    let unheard = Play::of(from(SenderVerdict::Unaligned, arrival()));
    for play in [Play::of(incomplete()), Play::challenged(), Play::frozen(), Play::uncalled(), unheard] {
        check(play, &retried(), "no:not-now");
    }
}
