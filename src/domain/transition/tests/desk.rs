//! What staff do besides deciding.

use super::play::{Play, acts, answered, arrival, check, due, extend, form, from, incomplete, missing, says};
use crate::domain::event::{Arrival, Event, Manner, StaffWord};
use crate::domain::form::{Field, Form};
use crate::domain::request::Voice;
use crate::domain::scope::Scope;
use crate::domain::sender::SenderVerdict;
use crate::domain::verification::{Party, StaffCode};

fn unchanged(why: &str, who: &str) -> String {
    format!("no:{why} decision-recorded>{who}")
}

fn scope(form: Form) -> StaffWord {
    StaffWord::Scope { form: Some((form, Vec::new())) }
}

#[test]
fn the_time_is_extended_once_in_time_and_the_customer_is_told() {
    let told = |place: &str| format!("{place} decision-recorded>staff extended>file uses:c1");
    let play = check(Play::frozen(), &says("meera", extend()), &told("frozen"));
    assert_eq!(play.request().due, due(90));
    assert_eq!(play.request().extension.as_ref().map(|extension| extension.before), Some(due(30).due));
    check(play, &says("ravi", extend()), &unchanged("extended-before", "ravi"));
    check(Play::challenged(), &says("meera", extend()), &told("challenged"));
    check(Play::executing(), &says("meera", extend()), &told("executing"));
    check(Play::frozen().after(30), &says("meera", extend()), &told("frozen"));
    check(Play::frozen().after(31), &says("meera", extend()), &unchanged("too-late", "meera"));
    check(Play::delivering(), &says("meera", extend()), &unchanged("not-now", "meera"));
    check(Play::closed(), &says("meera", extend()), &unchanged("closed", "meera"));
    check(Play::frozen(), &says("kiran", extend()), &unchanged("not-theirs", "kiran"));
    let none = StaffWord::Extend { reason: "many".into(), dates: None };
    check(Play::frozen(), &says("meera", none), &unchanged("not-extendable", "meera"));
    let unheard = Play::of(from(SenderVerdict::Unaligned, arrival()));
    check(unheard, &says("meera", extend()), &unchanged("not-extendable", "meera"));
    let guess = acts("meera", extend(), StaffCode::Wrong, None);
    check(Play::frozen(), &guess, "frozen decision-recorded>meera strike:meera");
}

#[test]
fn the_alarms_count_to_the_new_date() {
    let mut play = Play::frozen().after(25);
    play.tell(&Event::Woke);
    play.tell(&says("meera", extend()));
    assert_eq!(play.request().wake_at, Some(due(90).at_risk[0]));
}

#[test]
fn staff_complete_a_request_in_own_words_and_let_it_go_on() {
    let own = || {
        let arrival = incomplete();
        let form = Form { kind: None, ..arrival.form.clone() };
        Play::of(Arrival { form, manner: Manner::OwnWords, text: "all you have".into(), ..arrival })
    };
    let accept = || says("meera", StaffWord::Accept);
    check(own(), &accept(), &unchanged("not-now", "meera"));
    let half =
        StaffWord::Scope { form: Some((Form { scope: Scope::default(), ..form() }, missing(Field::Scope))) };
    let recorded = "recorded+needs-clarification decision-recorded>staff";
    let play = check(own(), &says("kiran", half), recorded);
    let play = check(play, &accept(), &unchanged("form-incomplete", "meera"));
    let play = check(play, &says("kiran", scope(form())), recorded);
    assert_eq!(play.request().form, form());
    check(play, &accept(), "resolving decision-recorded>staff job:resolve");
}

#[test]
fn the_sentence_on_identity_is_not_missed_where_staff_complete() {
    let word = StaffWord::Scope { form: Some((form(), missing(Field::Acknowledgement))) };
    let play = check(
        Play::of(incomplete()),
        &says("meera", word),
        "recorded+needs-clarification decision-recorded>staff",
    );
    assert!(play.request().problems.is_empty());
}

#[test]
fn a_held_mail_is_completed_too_and_later_the_scope_stands() {
    let held = Play::of(from(SenderVerdict::Unaligned, incomplete()));
    let play =
        check(held, &says("meera", scope(form())), "recorded+sender-unauthenticated decision-recorded>staff");
    check(play, &says("meera", StaffWord::Accept), "resolving decision-recorded>staff job:resolve");
    for play in [Play::resolving(), Play::challenged(), Play::frozen(), Play::delivering()] {
        check(play, &says("meera", scope(form())), &unchanged("not-now", "meera"));
    }
    let silent = Play::of(Arrival { voice: Voice::Silent, ..incomplete() });
    check(silent, &says("meera", scope(form())), &unchanged("not-now", "meera"));
    check(
        Play::of(incomplete()),
        &says("meera", StaffWord::Scope { form: None }),
        &unchanged("scope-unread", "meera"),
    );
    // Asha is on the staff and forwarded a mail: she says what it asks, and somebody else accepts it.
    let play = check(
        Play::of(incomplete()),
        &says("asha", scope(form())),
        "recorded+needs-clarification decision-recorded>staff",
    );
    check(play, &says("asha", StaffWord::Accept), &unchanged("not-theirs", "asha"));
}

#[test]
fn the_customer_may_complete_it_after_staff_did() {
    let play = Play::of(incomplete()).with(&[says("meera", scope(form()))]);
    check(play, &answered(Party::Requester, Some((form(), Vec::new()))), "resolving job:resolve");
}

#[test]
fn a_mail_that_asks_for_nothing_is_closed_and_nobody_is_written_to() {
    let closed = "withdrawn decision-recorded>staff void";
    let word = || says("meera", StaffWord::NotRequest);
    check(Play::of(incomplete()), &word(), closed);
    check(Play::of(from(SenderVerdict::Unaligned, arrival())), &word(), closed);
    check(Play::of(incomplete()), &says("kiran", StaffWord::NotRequest), &unchanged("not-theirs", "kiran"));
    for play in [Play::resolving(), Play::challenged(), Play::frozen(), Play::executing()] {
        check(play, &word(), &unchanged("not-now", "meera"));
    }
}
