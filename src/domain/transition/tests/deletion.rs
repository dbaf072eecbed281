//! Deletions: who must approve, what a hold does at each point, the time in which it can be taken back, and what is told
//! after the end.

use super::play::{
    Play, accepted, acts, cancel, check, days, drifted, erased, exported, held, hold, not_me, planned, says,
};
use crate::domain::event::SecondFactorNeed::No;
use crate::domain::event::{DayLimit, Event, Rest, SettledLine, StaffWord};
use crate::domain::ids::Reference;
use crate::domain::left::{Left, Rows};
use crate::domain::notice::NoticeKind;
use crate::domain::personal::Personal;
use crate::domain::request::Ground;
use crate::domain::verification::Party::OnFile;
use crate::domain::verification::StaffCode;

const REFERENCE: u128 = 7;

fn settled(rest: Rest) -> Event {
    Event::Settled(vec![SettledLine {
        obligation: "o".to_owned(),
        title: "Invoices".to_owned(),
        category: "invoices".to_owned(),
        source: "crm".to_owned(),
        deleted: 3,
        rest,
        backups_by: None,
    }])
}

#[test]
fn an_approved_deletion_waits_and_begins_when_the_time_is_over() {
    let cooling = "cooling-off decision-recorded>staff approved>file uses:c1";
    let play = check(Play::deletion("p1"), &says("meera", StaffWord::Approve), cooling);
    let play = check(play, &Event::Woke, "no:nothing-due");
    let play = check(play, &erased(), "no:not-now");
    let mut play = check(play, &exported(), "no:not-now");
    play.now += days(1);
    let play = check(play, &Event::Woke, "deleting job:erase");
    let play = check(play, &exported(), "no:not-now");
    let play = check(play, &erased(), "delivering completed-delete>file");
    let play = check(play, &accepted(NoticeKind::CompletedExport), "no:nothing-due");
    let play = check(play, &accepted(NoticeKind::CompletedDelete), "completed void");
    assert!(play.request().erasure.is_some());
}

#[test]
fn it_can_be_taken_back_to_the_last_moment() {
    let play = Play::cooling_off().after(1);
    check(play, &cancel(OnFile), "withdrawn withdrawn>file void stop");
    // The work is queued, and has touched nothing yet.
    check(Play::deleting(), &cancel(OnFile), "withdrawn withdrawn>file attention>staff void stop");
    let told = "refused(suspected-fraud) status>file attention>staff void stop freeze";
    check(Play::deleting(), &not_me(OnFile), told);
}

#[test]
fn once_it_has_begun_it_is_carried_to_its_end_and_everybody_is_told() {
    let left = Left { rows: Rows::Going, ..Left::default() };
    let cancelled = Event::Cancelled { from: OnFile, left };
    let play = check(Play::deleting(), &cancelled, "deleting status>file attention>staff");
    let frozen = Event::Frozen { until: play.now + days(30), left };
    let play = check(play, &frozen, "no:nothing-due");
    let disowned = Event::Disowned { from: OnFile, left };
    let play = check(play, &disowned, "deleting status>file attention>staff freeze");
    let play = check(play, &disowned, "no:not-now status>file");
    let play = check(play, &erased(), "delivering completed-delete>file");
    let play = check(play, &cancel(OnFile), "delivering status>file");
    let play = check(play, &frozen, "no:nothing-due");
    let play = check(play, &accepted(NoticeKind::CompletedDelete), "completed void");
    check(play, &cancel(OnFile), "no:closed status>file");
    // What it owes after its end stays owed.
    let closed = Play::deleting().with(&[erased(), accepted(NoticeKind::CompletedDelete)]);
    check(closed, &not_me(OnFile), "completed status>file attention>staff freeze");
}

#[test]
fn a_part_that_is_gone_does_not_keep_the_rest_from_being_stopped() {
    let left = Left { rows: Rows::Gone, ..Left::default() };
    let cancelled = Event::Cancelled { from: OnFile, left };
    let play = Play::deleting().with(&[drifted()]);
    check(play, &cancelled, "withdrawn withdrawn>file void stop");
    check(Play::deleting(), &cancelled, "withdrawn withdrawn>file attention>staff void stop");
}

#[test]
fn a_large_deletion_needs_two_different_people() {
    let mut play = Play::deletion("p1");
    play.rules.two_approvers_rows = 2;
    let first = "frozen decision-recorded>staff uses:c1";
    let play = check(play, &says("meera", StaffWord::Approve), first);
    let mut play =
        check(play, &says("meera", StaffWord::Approve), "no:already-approved decision-recorded>meera");
    // Somebody with a second name and the same mailbox is the same person (standard S8).
    let mut twin = play.rules.staff[0].clone();
    twin.name = super::play::name("meera2");
    twin.address = super::play::address("meera+b@desk.example");
    play.rules.staff.push(twin);
    let play =
        check(play, &says("meera2", StaffWord::Approve), "no:already-approved decision-recorded>meera2");
    let told = "cooling-off decision-recorded>meera,ravi,kiran,asha,meera2 approved>file uses:c1";
    check(play, &says("ravi", StaffWord::Approve), told);
}

#[test]
fn a_plan_that_was_made_with_other_holds_is_made_anew() {
    let mut play = Play::deletion("p1");
    play.rules.holds = vec![held(None)];
    let code = StaffCode::Valid("c1".to_owned());
    let anew = "planning decision-recorded>meera job:plan";
    check(play, &acts("meera", StaffWord::Approve, code, Some("p1")), anew);

    // Who knows on which day it was to begin is told that it does not.
    for (mut play, told) in [(Play::deletion("p1"), ""), (Play::cooling_off(), " status>file")] {
        play.rules.holds = vec![held(None)];
        let play = check(play, &Event::HoldsChanged, &format!("planning{told} job:plan"));
        // The plan in the making did not know the hold either.
        check(play, &planned("p2", No), "planning job:plan");
    }
    let mut play = Play::cooling_off().after(1);
    play.rules.holds = vec![held(None)];
    check(play, &Event::Woke, "planning status>file job:plan");
    let mut play = Play::frozen();
    play.rules.holds = vec![held(None)];
    check(play, &Event::HoldsChanged, "no:nothing-due");
}

#[test]
fn holds_are_placed_and_lifted_by_those_who_may_decide() {
    let play = check(Play::deletion("p1"), &says("meera", hold()), "frozen decision-recorded>staff");
    let play = check(play, &says("kiran", hold()), "no:not-theirs decision-recorded>kiran");
    let play = check(play, &says("asha", hold()), "no:not-theirs decision-recorded>asha");
    let nobody_yet = StaffWord::Hold { hold: None };
    let mut play = check(play, &says("meera", nobody_yet), "no:not-now decision-recorded>meera");
    let release = says("ravi", StaffWord::Release);
    play = check(play, &release, "no:not-now decision-recorded>ravi");
    play.rules.holds = vec![held(Some(Reference::from_bits(REFERENCE)))];
    check(play, &release, "frozen decision-recorded>staff");
}

#[test]
fn only_the_data_protection_officer_stops_what_was_approved() {
    let veto = |who: &str| says(who, StaffWord::Veto);
    check(Play::deletion("p1"), &veto("ravi"), "no:not-now decision-recorded>ravi");
    let play = check(Play::cooling_off(), &veto("meera"), "no:not-theirs decision-recorded>meera");
    let stopped = "frozen status>file decision-recorded>staff approval-request>meera,ravi";
    let play = check(play, &veto("ravi"), stopped);
    assert!(play.request().approvals.is_empty());
    let play = check(play.after(2), &Event::Woke, "no:nothing-due");
    // The clock runs on: staff are warned, and the customer gets an answer.
    let play = check(play.after(18), &Event::Woke, "frozen deadline-at-risk>staff");
    let refuse = StaffWord::Refuse { ground: Some(Ground::NotCovered), text: Personal::default() };
    check(
        play,
        &says("meera", refuse),
        "refused(not-covered) decision-recorded>staff refused>file void uses:c1",
    );
    // Where nothing was announced yet, there is nothing to take back.
    let mut play = Play::deletion("p1");
    play.rules.two_approvers_rows = 2;
    let mut play = check(play, &says("meera", StaffWord::Approve), "frozen decision-recorded>staff uses:c1");
    play.rules.two_approvers_rows = 10_000;
    check(play, &veto("ravi"), "frozen decision-recorded>staff approval-request>meera,ravi");
}

#[test]
fn a_day_has_its_limits() {
    let unusual = Event::ManyDeletions(DayLimit::Unusual { accounts: 5 });
    let play = check(Play::deleting(), &unusual, "deleting attention>staff");
    let reached = Event::ManyDeletions(DayLimit::Reached { rows: 200_000, accounts: 30 });
    let play = check(play, &reached, "deleting+anomaly attention>staff");
    let play = check(play, &reached, "no:nothing-due");
    check(play, &erased(), "delivering completed-delete>file");
}

#[test]
fn drift_makes_every_approval_void() {
    let play =
        check(Play::deleting(), &drifted(), "planning+plan-drift status>file attention>staff job:plan");
    assert!(play.request().approvals.is_empty());
}

#[test]
fn what_is_owed_after_the_end_is_told_when_it_is_settled() {
    let closed = || Play::deleting().with(&[erased(), accepted(NoticeKind::CompletedDelete)]);
    check(Play::deleting(), &settled(Rest::Nothing), "no:not-now");
    check(closed(), &settled(Rest::Nothing), "completed obligation-settled>file");
    check(closed(), &settled(Rest::Until(None)), "completed");
    let overdue = Event::BackupsOverdue { source: "crm".to_owned() };
    check(closed(), &overdue, "completed attention>staff");
    check(Play::closed(), &overdue, "no:not-now");
}
