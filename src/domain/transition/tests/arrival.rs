//! A mail comes in, and the customer completes it.

use super::play::{
    Play, answered, arrival, check, days, form, from, incomplete, missing, says, start, undelivered,
};
use crate::domain::event::{Arrival, Event, Fate, Leave, Manner, StaffWord};
use crate::domain::form::{Field, Form};
use crate::domain::notice::NoticeKind;
use crate::domain::request::{Stage, Voice};
use crate::domain::scope::Scope;
use crate::domain::sender::SenderVerdict::{SpfOnly, Unaligned, Unknown};
use crate::domain::transition::{Concern, Detail, To};
use crate::domain::verification::Party;
use jiff::SignedDuration;

#[test]
fn who_is_answered_and_with_what() {
    let check = |arrival: Arrival, expected: &str| {
        check(Play::new(), &Event::Arrived(Box::new(arrival)), expected);
    };
    let own_words = || Arrival { manner: Manner::OwnWords, ..incomplete() };
    let held = "recorded+sender-unauthenticated attention>staff";
    check(arrival(), "resolving acknowledgement>sender job:resolve");
    check(from(SpfOnly, arrival()), "resolving acknowledgement>sender job:resolve");
    check(incomplete(), "recorded+needs-clarification clarification>sender");
    check(own_words(), "recorded+needs-clarification clarification>sender attention>staff");
    check(from(Unaligned, arrival()), held);
    check(from(Unknown, incomplete()), held);
    check(Arrival { voice: Voice::Silent, ..from(Unaligned, arrival()) }, held);
    check(Arrival { voice: Voice::Silent, ..arrival() }, "recorded attention>staff");
    check(Arrival { voice: Voice::Silent, ..own_words() }, "recorded attention>staff");
    check(Arrival { leave: Leave::AskStaff, ..arrival() }, held);
    check(
        Arrival { received_at: start() - days(7), ..arrival() },
        "resolving acknowledgement>sender job:resolve",
    );
    let second = SignedDuration::from_secs(1);
    check(Arrival { received_at: start() - days(7) - second, ..arrival() }, held);
}

#[test]
fn staff_learn_why_a_mail_was_not_answered() {
    let check = |arrival: Arrival, expected: &Concern| {
        let transition = Play::new().decide(&Event::Arrived(Box::new(arrival))).expect("recorded");
        let details: Vec<_> = transition.notices().iter().map(|intent| &intent.detail).collect();
        assert_eq!(details, vec![&Detail::Concern(expected.clone()); 4]);
    };
    check(from(Unaligned, arrival()), &Concern::SenderUnauthenticated);
    check(from(Unknown, arrival()), &Concern::SenderUnknown);
    check(Arrival { voice: Voice::Silent, ..arrival() }, &Concern::Silent);
    check(Arrival { leave: Leave::AskStaff, ..arrival() }, &Concern::Silent);
    check(Arrival { received_at: start() - days(8), ..arrival() }, &Concern::MailTooOld);
}

#[test]
fn the_clock_runs_from_the_arrival_of_the_mail_whatever_it_looks_like() {
    for mail in [arrival(), incomplete(), from(Unknown, arrival())] {
        let mail = Arrival { received_at: start() - days(2), ..mail };
        let play = Play::of(mail);
        assert_eq!(play.request().received_at, start() - days(2));
        assert!(play.request().stage.since() <= start());
        assert!(play.request().wake_at.is_some());
    }
}

#[test]
fn a_second_mail_is_never_merged_into_a_request() {
    check(Play::resolving(), &Event::Arrived(Box::new(arrival())), "no:not-now");
}

#[test]
fn without_a_request_nothing_but_a_mail_can_happen() {
    check(Play::new(), &Event::Woke, "no:not-now");
    check(Play::new(), &Event::StatusAsked { from: Party::OnFile }, "no:not-now");
    check(Play::new(), &says("meera", StaffWord::Approve), "no:not-now");
}

#[test]
fn an_answer_completes_the_form_or_brings_the_rest_of_the_questions() {
    let whole = || Some((form(), Vec::new()));
    let half = || Some((Form { scope: Scope::default(), ..form() }, missing(Field::Scope)));
    let check =
        |form, expected: &str| check(Play::of(incomplete()), &answered(Party::Requester, form), expected);
    let play = check(whole(), "resolving job:resolve");
    assert_eq!(play.request().form, form());
    check(half(), "recorded+needs-clarification clarification>sender");
    check(None, "recorded+needs-clarification clarification>sender attention>staff");
}

#[test]
fn only_the_sender_completes_a_form() {
    check(Play::of(incomplete()), &answered(Party::Stranger, Some((form(), Vec::new()))), "no:not-theirs");
    check(Play::resolving(), &answered(Party::Requester, None), "no:not-now");
    check(Play::challenged(), &answered(Party::Requester, None), "no:not-theirs");
    check(Play::closed(), &answered(Party::OnFile, None), "no:closed");
}

#[test]
fn a_clarification_that_came_back_does_not_deafen_us_to_the_answer() {
    let bounced = undelivered(NoticeKind::Clarification, Fate::Uncertain);
    let play = check(Play::of(incomplete()), &bounced, "recorded+needs-clarification attention>staff");
    check(play, &answered(Party::Requester, Some((form(), Vec::new()))), "resolving job:resolve");
}

#[test]
fn staff_may_let_a_held_mail_go_on_to_the_challenge() {
    let accept = || says("meera", StaffWord::Accept);
    let held = |verdict| Play::of(from(verdict, arrival()));
    let going = "resolving decision-recorded>staff job:resolve";
    for verdict in [Unaligned, Unknown] {
        let mut play = check(held(verdict), &accept(), going);
        // Nobody vouched for the sender: even when the directory knows nobody, they hear nothing.
        play.tell(&Event::Resolved(crate::domain::event::Resolution::NoMatch));
        check(play.after(14), &Event::Woke, "expired void");
    }
    check(Play::of(Arrival { leave: Leave::AskStaff, ..arrival() }), &accept(), going);
    check(Play::of(Arrival { received_at: start() - days(8), ..arrival() }), &accept(), going);
    let unchanged = |why: &str, who: &str| format!("no:{why} decision-recorded>{who}");
    check(held(Unaligned), &says("kiran", StaffWord::Accept), &unchanged("not-theirs", "kiran"));
    check(held(Unaligned), &says("asha", StaffWord::Accept), &unchanged("not-theirs", "asha"));
    let silent = Play::of(Arrival { voice: Voice::Silent, ..arrival() });
    check(silent, &accept(), &unchanged("not-now", "meera"));
    check(Play::of(incomplete()), &accept(), &unchanged("not-now", "meera"));
    check(Play::of(from(Unknown, incomplete())), &accept(), &unchanged("form-incomplete", "meera"));
    check(Play::resolving(), &accept(), &unchanged("not-now", "meera"));
    check(Play::closed(), &accept(), &unchanged("closed", "meera"));
}

#[test]
fn an_accepted_request_speaks_to_the_address_on_file_alone() {
    let play = Play::of(from(Unaligned, arrival())).with(&[says("meera", StaffWord::Accept)]);
    let event = super::play::matched(super::play::entry("owner"), None);
    let transition = play.decide(&event).expect("challenged");
    assert!(transition.notices().iter().all(|intent| intent.to == To::OnFile));
    assert!(matches!(transition.request().stage, Stage::AwaitingVerification { .. }));
    assert_eq!(transition.request().origin.verdict, Unaligned);
}
