//! The work itself, its mishaps, the alarms of the deadlines, and the end of it all.

use super::play::{
    Play, accepted, answered, arrival, ask, called, cancel, check, confirmed, days, drifted, due, entry,
    erased, exported, extend, from, incomplete, matched, name, not_me, planned, says, source_down, start,
    undelivered,
};
use crate::domain::event::SecondFactorNeed::No;
use crate::domain::event::{Arrival, DayLimit, Event, Fate, Law, StaffWord};
use crate::domain::left::Left;
use crate::domain::notice::NoticeKind;
use crate::domain::request::Request;
use crate::domain::sender::SenderVerdict;
use crate::domain::transition::{Concern, Detail};
use crate::domain::verification::{CodeVerdict, Party};

#[test]
fn the_passphrase_leaves_only_when_the_completion_notice_was_accepted() {
    let play = check(Play::executing(), &exported(), "delivering completed-export>file");
    assert!(play.request().package.is_some());
    let play = check(play, &accepted(NoticeKind::Status), "no:nothing-due");
    let play = check(play, &accepted(NoticeKind::CompletedExport), "completed passphrase>file void");
    check(play, &accepted(NoticeKind::CompletedExport), "no:nothing-due");
    check(Play::executing(), &accepted(NoticeKind::CompletedExport), "no:nothing-due");
    check(Play::frozen(), &exported(), "no:not-now");
    check(Play::delivering(), &exported(), "no:not-now");
}

#[test]
fn too_much_that_is_gone_needs_a_new_plan_and_a_new_approval() {
    let play = check(Play::executing(), &drifted(), "planning+plan-drift attention>staff job:plan");
    assert!(play.request().plan.is_none());
    let play = check(play, &says("meera", StaffWord::Approve), "no:not-now decision-recorded>meera");
    let play = check(play, &planned("p2", No), "frozen approval-request>meera,ravi");
    check(play, &says("meera", StaffWord::Approve), "no:other-plan decision-recorded>meera");
    check(Play::frozen(), &drifted(), "no:not-now");
    check(Play::delivering(), &drifted(), "no:not-now");
}

#[test]
fn a_source_that_does_not_answer_is_seen_once_and_forgotten_when_it_does() {
    let down = |play: Play, place: &str| {
        let play = check(play, &source_down(), &format!("{place}+connector-down attention>staff"));
        check(play, &source_down(), "no:nothing-due")
    };
    let play = down(Play::resolving(), "resolving");
    check(play, &matched(entry("owner"), None), "challenged challenge>file");
    let play = down(Play::planning(), "planning");
    check(play, &planned("p1", No), "frozen approval-request>meera,ravi");
    let play = down(Play::executing(), "executing");
    check(play, &exported(), "delivering completed-export>file");
}

#[test]
fn the_word_of_a_worker_that_comes_too_late_blocks_nothing() {
    for play in [Play::of(incomplete()), Play::challenged(), Play::frozen(), Play::delivering()] {
        check(play, &source_down(), "no:not-now");
    }
    check(Play::closed(), &source_down(), "no:closed");
}

#[test]
fn a_notice_that_came_back_is_told_to_staff() {
    let check = |play: Play, notice: NoticeKind, fate: Fate, expected: &str| {
        check(play, &undelivered(notice, fate), expected)
    };
    let blocked = "challenged+undeliverable attention>staff";
    check(Play::challenged(), NoticeKind::Challenge, Fate::Rejected, blocked);
    check(Play::challenged(), NoticeKind::Challenge, Fate::Uncertain, blocked);
    check(Play::uncalled(), NoticeKind::Status, Fate::Rejected, "frozen+needs-second-factor attention>staff");
    check(Play::closed(), NoticeKind::Passphrase, Fate::Rejected, "completed attention>staff");
    // Mail about mail to staff could go round for ever.
    check(Play::frozen(), NoticeKind::ApprovalRequest, Fate::Rejected, "no:nothing-due");
    let play = check(
        Play::delivering(),
        NoticeKind::CompletedExport,
        Fate::Uncertain,
        "delivering+undeliverable attention>staff",
    );
    super::play::check(play, &accepted(NoticeKind::CompletedExport), "completed passphrase>file void");
}

#[test]
fn staff_learn_whether_a_notice_was_refused_or_is_in_doubt() {
    let concern = |fate| {
        let event = undelivered(NoticeKind::Challenge, fate);
        let transition = Play::challenged().decide(&event).expect("told");
        match &transition.notices()[0].detail {
            Detail::Concern(Concern::Undeliverable { status, .. }) => format!("refused {status}"),
            Detail::Concern(Concern::Uncertain { .. }) => "in doubt".to_owned(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(concern(Fate::Rejected), "refused 5.1.1");
    assert_eq!(concern(Fate::Uncertain), "in doubt");
}

/// Wakes a request whenever it asks for it and tells on which day what came.
fn woken(mut play: Play) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(at) = play.request().wake_at {
        play.now = play.now.max(at);
        let day = play.now.duration_since(start()).as_hours() / 24;
        told.push(format!("{day}: {}", play.tell(&Event::Woke)));
        assert!(play.request().wake_at.is_none_or(|at| at > play.now), "{told:?}");
    }
    told
}

#[test]
fn staff_are_warned_at_each_mark_once_and_of_the_breach_once() {
    let marks = ["20", "25", "28", "30"].map(|day| format!("{day}: frozen deadline-at-risk>staff"));
    assert_eq!(woken(Play::frozen()), marks);
    assert_eq!(
        woken(Play::frozen().after(26)),
        ["26", "28", "30"].map(|day| format!("{day}: frozen deadline-at-risk>staff"))
    );
    assert_eq!(woken(Play::frozen().after(40)), ["40: frozen deadline-at-risk>staff"]);
    let law = Law { regime: "short".to_owned(), due: due(15) };
    let play = Play::resolving()
        .with(&[matched(entry("owner"), Some(law)), confirmed(Party::OnFile, CodeVerdict::Right)]);
    let sooner = ["10", "12", "14", "15"].map(|day| format!("{day}: planning deadline-at-risk>staff"));
    assert_eq!(woken(play), sooner);
}

#[test]
fn a_held_mail_raises_the_alarm_of_one_business_day() {
    let held = Play::of(from(SenderVerdict::Unaligned, arrival()));
    let told = woken(held);
    assert_eq!(told[0], "1: recorded+sender-unauthenticated deadline-at-risk>staff");
    assert_eq!(told.len(), 5, "and the marks and the breach: {told:?}");
}

#[test]
fn other_days_in_the_configuration_are_taken_over_without_a_word() {
    let mut play = Play::challenged().after(1);
    play.rules.reminder_days = vec![4];
    let play = check(play, &Event::Woke, "challenged");
    assert_eq!(play.request().wake_at, Some(start() + days(4)));
    check(play, &Event::Woke, "no:nothing-due");
}

#[test]
fn a_mail_that_comes_after_its_own_due_date_is_a_breach_at_once() {
    let late = Play { now: start() + days(35), ..Play::new() };
    let held = "recorded+sender-unauthenticated attention>staff";
    let mut play = check(late, &Event::Arrived(Box::new(arrival())), held);
    let told = play.tell(&Event::Woke);
    assert_eq!(told.matches("meera").count(), 2, "the one-day alarm and the breach: {told}");
    assert!(play.request().alarms.breached);
    assert_eq!(play.request().wake_at, None);
}

/// At least one of every event, each in its strongest form.
pub(super) fn everything() -> Vec<Event> {
    let mut events = vec![
        Event::Arrived(Box::new(arrival())),
        matched(entry("owner"), None),
        Event::Resolved(crate::domain::event::Resolution::NoMatch),
        planned("p1", No),
        source_down(),
        drifted(),
        exported(),
        erased(),
        Event::HoldsChanged,
        Event::ManyDeletions(DayLimit::Unusual { accounts: 5 }),
        Event::Settled(Vec::new()),
        Event::BackupsOverdue { source: "crm".to_owned() },
        accepted(NoticeKind::CompletedExport),
        accepted(NoticeKind::CompletedDelete),
        undelivered(NoticeKind::Passphrase, Fate::Rejected),
        Event::Retried { left: Left::default() },
        Event::StaffChanged { name: name("meera") },
        Event::Frozen { until: start() + days(30), left: Left::default() },
        undelivered(NoticeKind::Passphrase, Fate::Uncertain),
        Event::Woke,
    ];
    for from in [Party::OnFile, Party::Requester, Party::Stranger] {
        events.extend([
            answered(from, Some((super::play::form(), Vec::new()))),
            cancel(from),
            not_me(from),
            Event::StatusAsked { from },
            Event::NotUnderstood { from },
        ]);
        events.extend(
            [CodeVerdict::Right, CodeVerdict::Expired, CodeVerdict::Wrong].map(|code| confirmed(from, code)),
        );
    }
    let refuse =
        StaffWord::Refuse { ground: Some(crate::domain::request::Ground::LegalHold), text: "".into() };
    let words = [
        StaffWord::Approve,
        refuse,
        ask(),
        StaffWord::Accept,
        extend(),
        StaffWord::Scope { form: Some((super::play::form(), Vec::new())) },
        StaffWord::NotRequest,
        called(),
        super::play::hold(),
        StaffWord::Release,
        StaffWord::Veto,
        StaffWord::NotInThread,
        StaffWord::NotUnderstood,
    ];
    events.extend(words.into_iter().map(|word| says("meera", word)));
    events
}

#[test]
fn the_list_of_everything_holds_every_event() {
    let names: std::collections::BTreeSet<_> = everything().iter().map(Event::name).collect();
    assert_eq!(names, Event::NAMES.into_iter().collect());
}

#[test]
fn what_is_over_stays_over() {
    let refused = Play::challenged().with(&[not_me(Party::OnFile)]);
    let withdrawn = Play::resolving().with(&[cancel(Party::Requester)]);
    let expired = Play::challenged().after(14).with(&[Event::Woke]);
    for play in [Play::closed(), refused, withdrawn, expired] {
        let before: &Request = play.request();
        for event in everything() {
            let Ok(transition) = play.decide(&event) else { continue };
            // A package whose passphrase was held back is no longer there.
            let (package, disowned) = (before.package.clone(), before.disowned);
            let same = Request { version: before.version, package, disowned, ..transition.request().clone() };
            assert_eq!(&same, before, "{}", event.name());
            assert!(transition.jobs().is_empty() && transition.consumed().is_none(), "{}", event.name());
        }
    }
}

#[test]
fn a_complete_arrival_leaves_no_blocker_behind() {
    let play = Play::of(Arrival { received_at: start() - days(1), ..arrival() });
    assert_eq!(play.request().blocker, None);
}
