//! The staff of the moment: who joins is asked what waits, who leaves is missed, and who guesses codes is locked out.

use super::play::{Play, acts, arrival, called, check, from, incomplete, name, says};
use crate::domain::event::{Arrival, Event, Manner, StaffWord};
use crate::domain::policy::STRIKES_MAX;
use crate::domain::request::{Ground, Voice};
use crate::domain::sender::SenderVerdict;
use crate::domain::transition::{Concern, Detail, Strike, Why};
use crate::domain::verification::StaffCode;

fn changed(who: &str) -> Event {
    Event::StaffChanged { name: name(who) }
}

fn guess(word: StaffWord) -> Event {
    acts("meera", word, StaffCode::Wrong, Some("p1"))
}

#[test]
fn the_fifth_wrong_code_locks_the_list_and_everybody_is_told_once() {
    let mut play = Play::frozen();
    for before in 0..STRIKES_MAX - 1 {
        play.rules.strikes.insert(name("meera"), before);
        let transition = play.decide(&guess(StaffWord::Approve)).expect("counted");
        assert_eq!(transition.strike(), Some(&Strike { name: name("meera"), before }));
        assert_eq!(transition.denied(), Some(Why::CodeWrong));
        assert_eq!(play.tell(&guess(StaffWord::Approve)), "frozen decision-recorded>meera strike:meera");
    }
    play.rules.strikes.insert(name("meera"), STRIKES_MAX - 1);
    let told = "frozen decision-recorded>meera attention>staff strike:meera";
    assert_eq!(play.tell(&guess(StaffWord::Approve)), told);

    // From now on nothing of hers counts, and nobody is told again.
    play.rules.strikes.insert(name("meera"), STRIKES_MAX);
    let locked = "no:codes-locked decision-recorded>meera";
    assert_eq!(play.tell(&guess(StaffWord::Approve)), locked);
    assert_eq!(play.tell(&says("meera", StaffWord::Approve)), locked, "not even a right one");
    let refuse = StaffWord::Refuse { ground: Some(Ground::NotCovered), text: "".into() };
    assert_eq!(play.tell(&says("meera", refuse)), locked);
    assert_eq!(
        play.tell(&says("meera", super::play::ask())),
        "frozen+staff-question decision-recorded>staff question>file"
    );
    check(play, &says("ravi", StaffWord::Approve), "executing decision-recorded>staff job:export uses:c1");
}

#[test]
fn a_wrong_code_counts_only_where_a_right_one_would_have_done_something() {
    let no = |why: &str| format!("no:{why} decision-recorded>meera");
    check(Play::planning(), &guess(StaffWord::Approve), &no("not-now"));
    check(Play::frozen(), &guess(called()), &no("not-now"));
    check(Play::closed(), &guess(StaffWord::Approve), &no("closed"));
    check(
        Play::frozen(),
        &acts("kiran", StaffWord::Approve, StaffCode::Wrong, Some("p1")),
        "no:not-theirs decision-recorded>kiran",
    );
}

#[test]
fn who_joins_is_asked_what_waits_for_them() {
    check(Play::frozen(), &changed("meera"), "frozen approval-request>meera");
    check(Play::frozen(), &changed("kiran"), "no:nothing-due");
    check(Play::frozen(), &changed("asha"), "no:nothing-due");
    check(Play::uncalled(), &changed("kiran"), "frozen+needs-second-factor attention>kiran");
    check(Play::uncalled(), &changed("asha"), "no:nothing-due");
    for play in [
        Play::resolving(),
        Play::challenged(),
        Play::planning(),
        Play::executing(),
        Play::delivering(),
        Play::closed(),
    ] {
        check(play, &changed("meera"), "no:nothing-due");
    }
}

#[test]
fn who_joins_is_told_of_mail_that_waits_for_staff() {
    let check = |arrival: Arrival, expected: Option<Concern>| {
        let decided = Play::of(arrival).decide(&changed("kiran"));
        let told = decided.ok().and_then(|transition| match &transition.notices()[0].detail {
            Detail::Concern(concern) => Some(concern.clone()),
            _ => None,
        });
        assert_eq!(told, expected);
    };
    check(from(SenderVerdict::Unaligned, arrival()), Some(Concern::SenderUnauthenticated));
    check(from(SenderVerdict::Unknown, arrival()), Some(Concern::SenderUnknown));
    check(Arrival { voice: Voice::Silent, ..arrival() }, Some(Concern::Silent));
    let own = Arrival { manner: Manner::OwnWords, text: "send me all".into(), ..incomplete() };
    check(own, Some(Concern::OwnWords("send me all".into())));
    check(incomplete(), None);
}

#[test]
fn where_nobody_is_left_who_may_decide_the_others_are_told() {
    let without = |gone: &[&str]| {
        let mut play = Play::frozen();
        play.rules.staff.retain(|staff| !gone.contains(&staff.name.as_str()));
        play
    };
    check(without(&["ravi"]), &changed("ravi"), "no:nothing-due");
    check(without(&["ravi", "meera"]), &changed("meera"), "frozen attention>kiran,asha");
    check(without(&["ravi", "meera", "kiran", "asha"]), &changed("meera"), "no:nothing-due");
}
