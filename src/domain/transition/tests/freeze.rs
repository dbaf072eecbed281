//! An account is frozen after its owner disowned a request.

use super::play::{Play, cancel, check, confirmed, days, entry, exported, not_me, package_and, says, start};
use crate::domain::event::{Event, Resolution, StaffWord};
use crate::domain::left::{Far, Left};
use crate::domain::verification::{CodeVerdict, Party::OnFile};

fn frozen(until: i64) -> Event {
    Event::Frozen { until: start() + days(until), left: Left::default() }
}

#[test]
fn only_who_holds_the_address_on_file_freezes_the_account_and_for_thirty_days() {
    let transition = Play::challenged().decide(&not_me(OnFile)).expect("believed");
    assert_eq!(transition.freeze(), Some(start() + days(30)));
    assert_eq!(Play::challenged().decide(&cancel(OnFile)).expect("stopped").freeze(), None);
}

#[test]
fn a_new_request_for_a_frozen_account_waits_and_the_customer_is_not_written_to() {
    let resolved = |until: i64| {
        let (entry, frozen) = (Box::new(entry("owner")), Some(start() + days(until)));
        Event::Resolved(Resolution::Match { entry, law: None, frozen })
    };
    check(Play::resolving(), &resolved(30), "iced attention>staff");
    check(Play::resolving().after(2), &resolved(1), "challenged challenge>file");
    let play = Play::iced();
    assert_eq!(play.request().wake_at, Some(start() + days(20)), "the deadline is in view meanwhile");
    let play = check(play, &confirmed(OnFile, CodeVerdict::Right), "no:not-now");
    let play = check(play.after(29), &Event::Woke, "iced deadline-at-risk>staff");
    check(play.after(1), &Event::Woke, "challenged deadline-at-risk>staff challenge>file");
}

#[test]
fn staff_who_spoke_to_the_owner_let_it_go_on() {
    check(
        Play::iced(),
        &says("meera", StaffWord::Accept),
        "challenged decision-recorded>staff challenge>file",
    );
    check(Play::iced(), &says("kiran", StaffWord::Accept), "no:not-theirs decision-recorded>kiran");
    check(Play::iced(), &cancel(OnFile), "withdrawn withdrawn>file void stop");
}

#[test]
fn other_requests_for_the_account_go_back_to_the_door() {
    let stopped = "iced attention>staff void stop";
    for play in [Play::challenged(), Play::planning(), Play::frozen(), Play::uncalled(), Play::executing()] {
        let play = check(play, &frozen(30), stopped);
        assert!(play.request().plan.is_none() && !play.request().lacks_second_factor());
        check(play, &exported(), "no:not-now");
    }
    let left = package_and(Far::No);
    let event = Event::Frozen { until: start() + days(30), left };
    check(Play::delivering(), &event, stopped);
    for play in [Play::resolving(), Play::iced(), Play::closed()] {
        check(play, &frozen(30), "no:nothing-due");
    }
    check(Play::challenged().after(31), &frozen(30), "no:nothing-due");
}
