//! The customer stops a request, in every stage; and what is said when something had left already.

use super::play::{Play, accepted, cancel, check, exported, incomplete, not_me, package_and, planned};
use crate::domain::event::{Event, Resolution, SecondFactorNeed};
use crate::domain::left::{Far, Left};
use crate::domain::notice::{NoticeKind, StatusCause};
use crate::domain::transition::{Concern, Detail, Mails, Transition};
use crate::domain::verification::Party::{OnFile, Requester, Stranger};

/// Everything before the challenge, by its sender; then everything after it, by the address on file.
fn before_and_after() -> (Vec<Play>, Vec<Play>) {
    let before = vec![
        Play::of(incomplete()),
        Play::resolving(),
        Play::resolving().with(&[Event::Resolved(Resolution::NoMatch)]),
    ];
    let after = vec![Play::challenged(), Play::planning(), Play::frozen(), Play::uncalled()];
    (before, after)
}

#[test]
fn a_request_is_taken_back_by_who_may_know_of_it_in_every_open_stage() {
    let (before, after) = before_and_after();
    for play in before {
        let request = play.request.clone();
        check(Play { request, ..Play::new() }, &cancel(Stranger), "no:not-theirs");
        check(play, &cancel(Requester), "withdrawn withdrawn>sender void stop");
    }
    for play in after {
        for party in [Stranger, Requester] {
            let request = play.request.clone();
            check(Play { request, ..Play::new() }, &cancel(party), "no:not-theirs");
        }
        check(play, &cancel(OnFile), "withdrawn withdrawn>file void stop");
    }
    for play in [Play::executing(), Play::delivering()] {
        let play = check(play, &cancel(OnFile), "withdrawn withdrawn>file attention>staff void stop");
        assert_eq!(play.request().package, None);
        check(play, &cancel(OnFile), "no:closed status>file");
    }
}

#[test]
fn only_the_address_on_file_can_say_that_it_was_not_them_in_every_open_stage() {
    let (before, after) = before_and_after();
    for play in before {
        check(play, &not_me(Requester), "no:not-theirs");
    }
    for play in after.into_iter().chain([Play::executing(), Play::delivering()]) {
        for party in [Stranger, Requester] {
            let request = play.request.clone();
            check(Play { request, ..Play::new() }, &not_me(party), "no:not-theirs");
        }
        let play = check(
            play,
            &not_me(OnFile),
            "refused(suspected-fraud) status>file attention>staff void stop freeze",
        );
        check(play, &not_me(OnFile), "no:closed status>file");
    }
}

#[test]
fn what_a_worker_brings_after_the_end_changes_nothing() {
    let stopped = || Play::executing().with(&[cancel(OnFile)]);
    check(stopped(), &exported(), "no:not-now");
    check(stopped(), &planned("p2", SecondFactorNeed::No), "no:not-now");
    let delivered = Play::delivering().with(&[not_me(OnFile)]);
    check(delivered, &accepted(NoticeKind::CompletedExport), "no:nothing-due");
}

/// What the customer and the staff are told has left, and how much the transition held back.
fn told(transition: &Transition) -> (Left, Left, Left) {
    let person = transition.notices().iter().find_map(|intent| match intent.detail {
        Detail::Left(left) | Detail::Status(StatusCause::NotMe { left }) => Some(left),
        _ => None,
    });
    let staff = transition.notices().iter().find_map(|intent| match intent.detail {
        Detail::Concern(Concern::Withdrawn(left) | Concern::NotMe(left)) => Some(left),
        _ => None,
    });
    let Mails::HoldBack(held) = transition.mails() else { panic!("nothing is held back") };
    (person.expect("the person is told"), staff.expect("staff are told"), held)
}

#[test]
fn what_has_left_is_told_to_both_as_it_is() {
    for far in [Far::No, Far::Perhaps, Far::Yes] {
        let left = Left { package: far, passphrase: Far::No, ..Left::default() };
        for event in [Event::Cancelled { from: OnFile, left }, Event::Disowned { from: OnFile, left }] {
            let transition = Play::delivering().decide(&event).expect("stopped");
            assert_eq!(told(&transition), (left, left, left), "{}", event.name());
            assert!(transition.facts()[0].evidence.contains(&("left", left.as_words())), "{far:?}");
        }
    }
}

#[test]
fn a_passphrase_that_has_not_left_is_held_back_from_what_is_completed() {
    for passphrase in [Far::No, Far::Perhaps] {
        let left = package_and(passphrase);
        let expected = "completed withdrawn>file attention>staff stop";
        let play = check(Play::closed(), &Event::Cancelled { from: OnFile, left }, expected);
        check(play, &Event::Cancelled { from: OnFile, left }, "no:closed status>file");
        let expected = "completed status>file attention>staff stop freeze";
        check(Play::closed(), &Event::Disowned { from: OnFile, left }, expected);
        check(Play::closed(), &Event::Cancelled { from: Requester, left }, "no:not-theirs");
    }
    let left = package_and(Far::Yes);
    check(Play::closed(), &Event::Cancelled { from: OnFile, left }, "no:closed status>file");
    // Said too late to hold anything back, it alarms staff and freezes the account all the same, once.
    let told = "completed status>file attention>staff stop freeze";
    let play = check(Play::closed(), &Event::Disowned { from: OnFile, left }, told);
    check(play, &Event::Disowned { from: OnFile, left }, "no:closed status>file");
}
