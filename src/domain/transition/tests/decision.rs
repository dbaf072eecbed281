//! Staff decide, or may not.

use super::play::{
    Play, acts, address, answered, arrival, called, check, entry, from, incomplete, matched, name, planned,
    says,
};
use crate::domain::event::SecondFactorNeed::{No, Yes};
use crate::domain::event::{Arrival, Event, StaffWord};
use crate::domain::form::{Form, Requester};
use crate::domain::personal::Personal;
use crate::domain::policy::{self, Staff, StaffRole};
use crate::domain::request::{Ground, Origin, PlanState, SecondFactor, Stage};
use crate::domain::sender::SenderVerdict;
use crate::domain::transition::{Concern, Detail, To};
use crate::domain::verification::{CodeVerdict, Party, StaffCode};

const APPROVED: &str = "executing decision-recorded>staff job:export uses:c1";

fn refuse(ground: Option<Ground>) -> StaffWord {
    StaffWord::Refuse { ground, text: Personal::default() }
}

fn unchanged(why: &str, who: &str) -> String {
    format!("no:{why} decision-recorded>{who}")
}

#[test]
fn a_plan_goes_to_everybody_who_may_decide_and_not_to_the_requester() {
    let play = check(Play::planning(), &planned("p1", No), "frozen approval-request>meera,ravi");
    let Stage::AwaitingApproval { since, plan: PlanState::Frozen } = play.request().stage else {
        panic!("frozen");
    };
    assert_eq!(since, play.now, "the plan's as_of is the time of verification");
    let uncalled = "frozen+needs-second-factor attention>meera,ravi,kiran";
    check(Play::planning(), &planned("p1", Yes), uncalled);
    check(Play::frozen(), &planned("p2", No), "no:not-now");
    check(Play::challenged(), &planned("p1", No), "no:not-now");
    check(Play::closed(), &planned("p1", No), "no:not-now");
}

#[test]
fn where_nobody_may_decide_everybody_is_told() {
    let mut play = Play::planning();
    play.rules.staff.retain(|staff| ["kiran", "asha"].contains(&staff.name.as_str()));
    let transition = play.decide(&planned("p1", No)).expect("frozen");
    let details: Vec<_> = transition.notices().iter().map(|intent| &intent.detail).collect();
    assert_eq!(details, [&Detail::Concern(Concern::NobodyMayDecide); 2]);
    check(play, &planned("p1", Yes), "frozen+needs-second-factor attention>kiran,asha,kiran");
}

#[test]
fn an_approval_is_bound_to_the_plan_the_person_and_the_code() {
    let check = |who: &str, code: StaffCode, plan: Option<&str>, expected: &str| {
        check(Play::frozen(), &acts(who, StaffWord::Approve, code, plan), expected);
    };
    let valid = || StaffCode::Valid("c1".to_owned());
    check("meera", valid(), Some("p1"), APPROVED);
    check("ravi", valid(), Some("p1"), APPROVED);
    check("meera", valid(), Some("p0"), &unchanged("other-plan", "meera"));
    check("meera", valid(), None, &unchanged("other-plan", "meera"));
    check("meera", StaffCode::Wrong, Some("p1"), "frozen decision-recorded>meera strike:meera");
    check("meera", StaffCode::NotAsked, Some("p1"), &unchanged("code-wrong", "meera"));
    check("kiran", valid(), Some("p1"), &unchanged("not-theirs", "kiran"));
    check("asha", valid(), Some("p1"), &unchanged("not-theirs", "asha"));
    check("nobody", valid(), Some("p1"), "no:not-theirs");
    // What is wrong besides the code is said first: the answer never tells whether the code was good.
    check("asha", StaffCode::Wrong, Some("p1"), &unchanged("not-theirs", "asha"));
    check("meera", StaffCode::Wrong, None, &unchanged("other-plan", "meera"));
}

#[test]
fn an_approval_has_its_place_at_a_frozen_plan_only() {
    let approve = || says("meera", StaffWord::Approve);
    for play in [Play::of(incomplete()), Play::resolving(), Play::challenged(), Play::planning()] {
        check(play, &approve(), &unchanged("not-now", "meera"));
    }
    check(Play::uncalled(), &approve(), &unchanged("second-factor-missing", "meera"));
    check(Play::executing(), &approve(), &unchanged("not-now", "meera"));
    check(Play::delivering(), &approve(), &unchanged("not-now", "meera"));
    check(Play::closed(), &approve(), &unchanged("closed", "meera"));
}

#[test]
fn nobody_decides_about_their_own_request_whatever_address_they_use() {
    let check = |sender: &str, on_form: Option<&str>, on_file: &str, expected: bool| {
        let form = super::play::form();
        let requester = Requester { email: on_form.map(address), ..Requester::default() };
        let arrival = arrival();
        let origin = Origin { sender: address(sender), ..arrival.origin.clone() };
        let play = Play::of(Arrival { origin, form: Form { requester, ..form }, ..arrival });
        let mut entry = entry("owner");
        entry.address = address(on_file);
        let play = play.with(&[
            matched(entry, None),
            super::play::confirmed(Party::OnFile, CodeVerdict::Right),
            planned("p1", No),
        ]);
        let may = play.decide(&says("meera", StaffWord::Approve)).is_ok();
        assert_eq!(may, expected, "{sender} {on_form:?} {on_file}");
        let staff = Staff {
            name: name("meera"),
            address: address("meera+approvals@desk.example"),
            role: StaffRole::Approver,
        };
        assert_eq!(policy::may_decide(&staff, play.request()), expected);
        assert_eq!(policy::may_call(&staff, play.request()), expected);
    };
    check("a@acme.example", Some("b@acme.example"), "c@acme.example", true);
    check("meera@desk.example", None, "c@acme.example", false);
    check("meera+x@desk.example", None, "c@acme.example", false);
    check("Meera@Desk.example", None, "c@acme.example", false);
    check("a@acme.example", Some("meera@desk.example"), "c@acme.example", false);
    check("a@acme.example", None, "meera+me@desk.example", false);
    check("meera@other.example", None, "c@acme.example", true);
}

#[test]
fn every_role_may_what_its_word_says_and_no_more() {
    for (who, decides) in [("meera", true), ("ravi", true), ("kiran", false), ("asha", false)] {
        let may = |play: Play, word: StaffWord| play.decide(&says(who, word)).is_ok();
        let held = || Play::of(from(SenderVerdict::Unknown, arrival()));
        assert_eq!(may(Play::frozen(), StaffWord::Approve), decides, "{who} APPROVE");
        assert_eq!(may(Play::frozen(), refuse(Some(Ground::LegalHold))), decides, "{who} REFUSE");
        assert_eq!(may(held(), StaffWord::Accept), decides, "{who} ACCEPT");
        assert_eq!(may(Play::uncalled(), called()), who != "asha", "{who} CALLED");
        assert!(may(Play::frozen(), super::play::ask()), "{who} ASK");
    }
    let mut gone = Play::frozen();
    gone.rules.staff.retain(|staff| staff.name != name("meera"));
    check(gone, &says("meera", StaffWord::Approve), "no:not-theirs");
}

#[test]
fn a_refusal_names_its_ground_and_ends_everything() {
    let refusal = |ground| says("meera", refuse(Some(ground)));
    for ground in Ground::ALL {
        let told = format!("refused({}) decision-recorded>staff refused>file void uses:c1", ground.as_str());
        check(Play::frozen(), &refusal(ground), &told);
        check(Play::planning(), &refusal(ground), &told);
        check(Play::challenged(), &refusal(ground), &told);
    }
    let hold = Ground::LegalHold;
    let to_sender = "refused(legal-hold) decision-recorded>staff refused>sender void uses:c1";
    check(Play::of(incomplete()), &refusal(hold), to_sender);
    let unheard = Play::of(from(SenderVerdict::Unaligned, arrival()));
    check(unheard, &refusal(hold), "refused(legal-hold) decision-recorded>staff void uses:c1");
    check(Play::frozen(), &says("meera", refuse(None)), &unchanged("ground-missing", "meera"));
    // With a wrong code it is the ground that is missed first: the code is not tried out for free.
    let guess = acts("meera", refuse(None), StaffCode::Wrong, None);
    check(Play::frozen(), &guess, &unchanged("ground-missing", "meera"));
    let wrong = acts("meera", refuse(Some(hold)), StaffCode::Wrong, None);
    check(Play::frozen(), &wrong, "frozen decision-recorded>meera strike:meera");
    let none = acts("meera", refuse(Some(hold)), StaffCode::NotAsked, None);
    check(Play::frozen(), &none, &unchanged("code-wrong", "meera"));
    check(Play::frozen(), &says("kiran", refuse(Some(hold))), &unchanged("not-theirs", "kiran"));
    check(Play::executing(), &refusal(hold), &unchanged("not-now", "meera"));
    check(Play::delivering(), &refusal(hold), &unchanged("not-now", "meera"));
    check(Play::closed(), &refusal(hold), &unchanged("closed", "meera"));
}

#[test]
fn what_staff_write_reaches_the_customer_with_the_ground() {
    let word = StaffWord::Refuse { ground: Some(Ground::NotCovered), text: "see our letter".into() };
    let transition = Play::frozen().decide(&says("meera", word)).expect("refused");
    let refusal = transition.notices().iter().find(|intent| intent.to == To::OnFile).expect("told");
    let text = Some("see our letter".into());
    assert_eq!(refusal.detail, Detail::Refusal { ground: Ground::NotCovered, text });
    let bare = Play::frozen().decide(&says("meera", refuse(Some(Ground::NotCovered)))).expect("refused");
    let refusal = bare.notices().iter().find(|intent| intent.to == To::OnFile).expect("told");
    assert_eq!(refusal.detail, Detail::Refusal { ground: Ground::NotCovered, text: None });
}

#[test]
fn recordings_wait_for_a_call_back_before_anybody_can_approve() {
    let asked = "frozen decision-recorded>staff approval-request>meera,ravi uses:c1";
    let play = check(Play::uncalled(), &says("kiran", called()), asked);
    let SecondFactor::Called { by, note, .. } = &play.request().second_factor else { panic!("called") };
    assert_eq!((by, note), (&name("kiran"), &"spoke to her".into()));
    check(play, &says("meera", StaffWord::Approve), APPROVED);
    let wrong = acts("kiran", called(), StaffCode::Wrong, None);
    check(Play::uncalled(), &wrong, "frozen+needs-second-factor decision-recorded>kiran strike:kiran");
    let without = acts("kiran", called(), StaffCode::NotAsked, None);
    check(Play::uncalled(), &without, &unchanged("code-wrong", "kiran"));
    check(Play::uncalled(), &says("asha", called()), &unchanged("not-theirs", "asha"));
    check(Play::frozen(), &says("meera", called()), &unchanged("not-now", "meera"));
    check(Play::planning(), &says("meera", called()), &unchanged("not-now", "meera"));
}

#[test]
fn one_call_back_serves_the_plan_that_follows_a_drift() {
    let play = Play::uncalled().with(&[says("meera", called()), says("ravi", StaffWord::Approve)]);
    let play = play.with(&[super::play::drifted()]);
    check(play, &planned("p2", Yes), "frozen approval-request>meera,ravi");
}

#[test]
fn a_word_out_of_thread_or_not_understood_changes_nothing() {
    check(Play::frozen(), &says("meera", StaffWord::NotInThread), &unchanged("not-in-thread", "meera"));
    check(Play::frozen(), &says("kiran", StaffWord::NotUnderstood), &unchanged("not-understood", "kiran"));
    check(Play::closed(), &says("meera", StaffWord::NotInThread), &unchanged("closed", "meera"));
    check(Play::frozen(), &answered(Party::OnFile, None), "no:not-now");
    check(Play::frozen(), &Event::NotUnderstood { from: Party::Stranger }, "no:not-theirs");
}
