//! Staff ask the customer something. The question hides why a request stood still, and its answer brings that back.

use super::play::{
    Play, answered, arrival, ask, called, check, confirmed, drifted, form, from, incomplete, matched,
    planned, says, source_down, undelivered,
};
use crate::domain::event::SecondFactorNeed::{No, Yes};
use crate::domain::event::{Arrival, Event, Fate, Leave, StaffWord};
use crate::domain::form::Form;
use crate::domain::notice::NoticeKind;
use crate::domain::request::Voice;
use crate::domain::scope::{AccountScope, Scope};
use crate::domain::sender::SenderVerdict;
use crate::domain::verification::{CodeVerdict, Party};

#[test]
fn a_question_goes_out_and_its_answer_comes_back_to_staff() {
    let asked = "frozen+staff-question decision-recorded>staff question>file";
    let play = check(Play::frozen(), &says("kiran", ask()), asked);
    let play = check(play, &answered(Party::Stranger, None), "no:not-theirs");
    // After the challenge only the address on file is heard, also where somebody else asked.
    let play = check(play, &answered(Party::Requester, None), "no:not-theirs");
    let play = check(play, &answered(Party::OnFile, None), "frozen answer>staff");
    check(play, &answered(Party::OnFile, None), "no:not-now");
}

#[test]
fn a_question_never_stands_in_the_way_of_the_decision() {
    let play = Play::frozen().with(&[says("meera", ask())]);
    let approved = "executing decision-recorded>staff job:export uses:c1";
    check(play, &says("meera", StaffWord::Approve), approved);
}

#[test]
fn a_pending_clarification_comes_back_after_the_answer() {
    let asked = "recorded+staff-question decision-recorded>staff question>sender";
    let play = || check(Play::of(incomplete()), &says("meera", ask()), asked);
    check(play(), &answered(Party::Requester, None), "recorded+needs-clarification answer>staff");
    let whole = Some((form(), Vec::new()));
    check(play(), &answered(Party::Requester, whole), "resolving answer>staff job:resolve");
}

#[test]
fn a_pending_call_back_comes_back_after_the_answer() {
    let play = Play::uncalled().with(&[says("meera", ask())]);
    let play = check(play, &answered(Party::OnFile, None), "frozen+needs-second-factor answer>staff");
    let asked = "frozen decision-recorded>staff approval-request>meera,ravi uses:c1";
    check(play, &says("meera", called()), asked);
}

#[test]
fn a_call_back_made_while_the_question_is_open_is_done() {
    let play = Play::uncalled().with(&[says("meera", ask())]);
    let asked = "frozen+staff-question decision-recorded>staff approval-request>meera,ravi uses:c1";
    let play = check(play, &says("meera", called()), asked);
    check(play, &answered(Party::OnFile, None), "frozen answer>staff");
}

#[test]
fn a_mail_held_for_staff_stays_held_after_the_answer() {
    let held = || Play::of(Arrival { leave: Leave::AskStaff, ..arrival() });
    let play = held().with(&[says("meera", ask())]);
    let play = check(play, &answered(Party::Requester, None), "recorded+sender-unauthenticated answer>staff");
    let going = "resolving decision-recorded>staff job:resolve";
    check(play, &says("meera", StaffWord::Accept), going);
    // Asked twice, or accepted without waiting for the answer.
    let twice = held().with(&[says("meera", ask()), says("ravi", ask())]);
    check(twice, &answered(Party::Requester, None), "recorded+sender-unauthenticated answer>staff");
    check(held().with(&[says("meera", ask())]), &says("meera", StaffWord::Accept), going);
}

#[test]
fn an_answer_completes_what_waits_for_staff() {
    let play = Play::of(Arrival { leave: Leave::AskStaff, ..incomplete() });
    let incomplete = "no:form-incomplete decision-recorded>meera";
    let play = check(play, &says("meera", StaffWord::Accept), incomplete).with(&[says("meera", ask())]);
    let whole = Some((form(), Vec::new()));
    let play =
        check(play, &answered(Party::Requester, whole), "recorded+sender-unauthenticated answer>staff");
    check(play, &says("meera", StaffWord::Accept), "resolving decision-recorded>staff job:resolve");
}

#[test]
fn an_answer_never_widens_the_scope_of_a_known_requester() {
    let narrow = Form { scope: Scope { everything: true, ..Scope::default() }, ..form() };
    let play = Play::of(Arrival { form: narrow.clone(), ..arrival() }).with(&[
        matched(super::play::entry("user"), None),
        confirmed(Party::OnFile, CodeVerdict::Right),
        planned("p1", No),
        says("meera", ask()),
    ]);
    let wide = Form { scope: Scope { account: Some(AccountScope::Own), ..Scope::default() }, ..form() };
    let play = check(play, &answered(Party::OnFile, Some((wide, Vec::new()))), "frozen answer>staff");
    assert_eq!(play.request().form, narrow);
}

#[test]
fn nothing_hides_an_open_question() {
    let play = Play::planning().with(&[says("meera", ask())]);
    let asked = "frozen+staff-question attention>meera,ravi,kiran";
    let play = check(play, &planned("p1", Yes), asked);
    check(play, &answered(Party::OnFile, None), "frozen+needs-second-factor answer>staff");

    let executing = || Play::executing().with(&[says("meera", ask())]);
    let play = check(executing(), &drifted(), "planning+staff-question attention>staff job:plan");
    check(play, &answered(Party::OnFile, None), "planning answer>staff");
    check(executing(), &source_down(), "no:nothing-due");
    let bounced = undelivered(NoticeKind::Question, Fate::Rejected);
    let play = check(executing(), &bounced, "executing+staff-question attention>staff");
    check(play, &answered(Party::OnFile, None), "executing answer>staff");
}

#[test]
fn who_cannot_be_told_cannot_be_asked() {
    let no = "no:not-now decision-recorded>meera";
    check(Play::of(from(SenderVerdict::Unaligned, arrival())), &says("meera", ask()), no);
    check(Play::of(Arrival { voice: Voice::Silent, ..arrival() }), &says("meera", ask()), no);
    check(Play::closed(), &says("meera", ask()), "no:closed decision-recorded>meera");
    check(Play::closed(), &Event::NotUnderstood { from: Party::Stranger }, "no:not-theirs");
}
