//! Who is it: the directory, the code, and what the customer may say on the way.

use super::play::{
    Play, arrival, cancel, check, confirmed, days, due, entry, form, from, incomplete, matched, missing,
    start, undelivered,
};
use crate::domain::directory::DirectoryEntry;
use crate::domain::event::{Arrival, Event, Fate, Law, Resolution};
use crate::domain::form::{Field, Form};
use crate::domain::notice::NoticeKind;
use crate::domain::request::{Kind, Voice};
use crate::domain::scope::{AccountScope, Scope};
use crate::domain::sender::SenderVerdict;
use crate::domain::verification::CodeVerdict::{Expired, Right, Wrong};
use crate::domain::verification::Party::{self, OnFile, Requester, Stranger};

#[test]
fn the_directory_names_whom_we_ask() {
    check(Play::resolving(), &matched(entry("owner"), None), "challenged challenge>file");
    check(Play::resolving(), &Event::Resolved(Resolution::NoMatch), "no-match");
    check(Play::challenged(), &matched(entry("owner"), None), "no:not-now");
    check(Play::of(incomplete()), &matched(entry("owner"), None), "no:not-now");
    check(Play::closed(), &matched(entry("owner"), None), "no:not-now");
}

#[test]
fn a_stricter_law_shortens_the_time_and_a_laxer_one_never_lengthens_it() {
    let check = |length: i64, expected: i64| {
        let law = Law { regime: "dpdp".to_owned(), due: due(length) };
        let play = check(Play::resolving(), &matched(entry("owner"), Some(law)), "challenged challenge>file");
        assert_eq!(play.request().regime, "dpdp");
        assert_eq!(play.request().due, due(expected), "{length}");
    };
    check(20, 20);
    check(30, 30);
    check(90, 30);
}

#[test]
fn the_right_code_from_the_address_on_file_opens_the_way() {
    check(Play::challenged(), &confirmed(OnFile, Right), "planning status>file job:plan void");
    check(Play::challenged(), &confirmed(Requester, Right), "no:not-theirs");
    check(Play::challenged(), &confirmed(Stranger, Right), "no:not-theirs");
    check(Play::resolving(), &confirmed(OnFile, Right), "no:not-now");
    check(Play::frozen(), &confirmed(OnFile, Right), "no:not-now");
    check(Play::closed(), &confirmed(OnFile, Right), "no:closed");
}

#[test]
fn a_code_that_arrived_proves_that_mail_arrives() {
    let bounced = undelivered(NoticeKind::Challenge, Fate::Uncertain);
    let play = check(Play::challenged(), &bounced, "challenged+undeliverable attention>staff");
    check(play, &confirmed(OnFile, Right), "planning status>file job:plan void");
}

#[test]
fn five_wrong_codes_end_a_request_and_those_of_a_stranger_count_nothing() {
    let mut play = Play::challenged();
    for _ in 0..20 {
        assert_eq!(play.tell(&confirmed(Stranger, Wrong)), "no:not-theirs");
        assert_eq!(play.tell(&confirmed(Requester, Wrong)), "no:not-theirs");
    }
    assert_eq!(play.request().tries, 0);
    for _ in 0..4 {
        assert_eq!(play.tell(&confirmed(OnFile, Wrong)), "challenged status>file");
    }
    check(play, &confirmed(OnFile, Wrong), "refused(identity-not-verified) refused>file void");
}

#[test]
fn an_expired_code_brings_a_fresh_one_once_a_day_and_keeps_the_tries() {
    let mut play = Play::challenged().with(&[confirmed(OnFile, Wrong), confirmed(OnFile, Wrong)]).after(2);
    assert_eq!(play.tell(&confirmed(OnFile, Expired)), "challenged challenge>file");
    assert_eq!(play.tell(&confirmed(OnFile, Expired)), "no:code-wrong");
    assert_eq!(play.tell(&confirmed(Stranger, Expired)), "no:not-theirs");
    play = play.after(1);
    assert_eq!(play.tell(&confirmed(OnFile, Expired)), "challenged challenge>file");
    assert_eq!(play.request().tries, 2);
    let play = play.with(&[confirmed(OnFile, Wrong), confirmed(OnFile, Wrong)]);
    check(play, &confirmed(OnFile, Wrong), "refused(identity-not-verified) refused>file void");
}

#[test]
fn a_fresh_code_does_not_put_off_the_end() {
    let mut play = Play::challenged().after(13);
    play.tell(&Event::Woke);
    assert_eq!(play.tell(&confirmed(OnFile, Expired)), "challenged challenge>file");
    check(play.after(1), &Event::Woke, "expired expired>file void");
}

#[test]
fn a_plain_user_may_ask_for_their_own_data_only() {
    let check = |role: &str, scope: Scope, expected: &str| {
        let play = Play::of(Arrival { form: Form { scope, ..form() }, ..arrival() });
        let play = play.with(&[matched(entry(role), None)]);
        let play = check(play, &confirmed(OnFile, Right), expected);
        assert!(role == "owner" || play.request().is_open() || play.request().plan.is_none());
    };
    let whole = |account| Scope { account: Some(account), ..Scope::default() };
    let users =
        |users: &[&str]| Scope { users: users.iter().map(|&user| user.into()).collect(), ..Scope::default() };
    let yes = "planning status>file job:plan void";
    let no = "refused(rights-of-others) refused>file attention>staff void";
    check("owner", whole(AccountScope::Own), yes);
    check("Owner", whole(AccountScope::Own), yes);
    check("owner", whole(AccountScope::Named("481516".to_owned())), yes);
    check("owner", whole(AccountScope::Named("4815".to_owned())), no);
    check("owner", users(&["somebody-else"]), yes);
    check("user", whole(AccountScope::Own), no);
    check("", whole(AccountScope::Own), no);
    check("superowner", whole(AccountScope::Named("481516".to_owned())), no);
    check("user", Scope { everything: true, ..Scope::default() }, yes);
    check("user", Scope { numbers: vec!["+919876543210".into()], ..Scope::default() }, yes);
    check("user", users(&["asha@acme.example", "u7"]), yes);
    check("user", users(&["asha@acme.example", "bela@acme.example"]), no);
    check("user", users(&["%"]), no);
    check("user", users(&[""]), no);
    check("user", Scope { users: vec!["u7".into()], ..whole(AccountScope::Own) }, no);
}

#[test]
fn a_person_without_a_user_key_is_not_taken_for_another() {
    let nobody = DirectoryEntry { user: None, ..entry("user") };
    let scope = Scope { users: vec!["".into()], ..Scope::default() };
    let play = Play::of(Arrival { form: Form { scope, ..form() }, ..arrival() });
    let play = play.with(&[matched(nobody, None)]);
    check(play, &confirmed(OnFile, Right), "refused(rights-of-others) refused>file attention>staff void");
}

#[test]
fn a_deletion_goes_to_staff_by_hand() {
    let play = Play::of(Arrival { form: Form { kind: Some(Kind::Delete), ..form() }, ..arrival() });
    let play = play.with(&[matched(entry("owner"), None)]);
    let play = check(play, &confirmed(OnFile, Right), "planning status>file job:plan void");
    assert_eq!(play.request().kind, Some(Kind::Delete));
    assert!(play.request().wake_at.is_some(), "the clock runs on");
}

#[test]
fn where_it_stands_is_told_to_who_may_know_in_every_stage() {
    let status = |from: Party| Event::StatusAsked { from };
    check(Play::of(incomplete()), &status(Requester), "recorded+needs-clarification status>sender");
    check(Play::resolving(), &status(Requester), "resolving status>sender");
    check(Play::challenged(), &status(Requester), "no:not-theirs");
    check(Play::challenged(), &status(OnFile), "challenged status>file");
    check(Play::frozen(), &status(OnFile), "frozen status>file");
    check(Play::executing(), &status(OnFile), "executing status>file");
    check(Play::delivering(), &status(OnFile), "delivering status>file");
    check(Play::closed(), &status(OnFile), "completed status>file");
    for play in [Play::resolving(), Play::frozen(), Play::closed()] {
        check(play, &status(Stranger), "no:not-theirs");
    }
    let silent = Play::of(Arrival { voice: Voice::Silent, ..arrival() });
    check(silent, &status(Requester), "recorded");
}

#[test]
fn a_mail_that_says_nothing_we_know_changes_nothing() {
    let unclear = |from: Party| Event::NotUnderstood { from };
    check(Play::resolving(), &unclear(Requester), "no:not-understood status>sender");
    check(Play::challenged(), &unclear(OnFile), "no:not-understood status>file");
    check(Play::challenged(), &unclear(Requester), "no:not-theirs");
    check(Play::challenged(), &unclear(Stranger), "no:not-theirs");
    check(Play::closed(), &unclear(OnFile), "no:not-understood status>file");
}

#[test]
fn reminders_come_on_their_days_and_the_end_on_the_fourteenth() {
    let mut play = Play::challenged();
    let mut told = Vec::new();
    while play.request().is_open() {
        play.now = play.request().wake_at.expect("something is due");
        assert_eq!(play.decide(&Event::Woke).expect("due").request().received_at, start());
        let day = play.now.duration_since(start()).as_hours() / 24;
        told.push(format!("{day}: {}", play.tell(&Event::Woke)));
    }
    let reminder = "challenged reminder>file";
    let expected = [
        format!("1: {reminder}"),
        format!("3: {reminder}"),
        format!("7: {reminder}"),
        "14: expired expired>file void".to_owned(),
    ];
    assert_eq!(told, expected);
}

#[test]
fn after_a_long_sleep_one_reminder_leaves_and_none_after_the_end() {
    check(Play::challenged().after(5), &Event::Woke, "challenged reminder>file");
    check(Play::challenged().after(15), &Event::Woke, "expired expired>file void");
    check(Play::challenged(), &Event::Woke, "no:nothing-due");
}

#[test]
fn nobody_known_expires_like_an_unanswered_challenge() {
    let play = Play::resolving().with(&[Event::Resolved(Resolution::NoMatch)]);
    assert_eq!(play.request().wake_at, Some(start() + days(14)));
    check(play.after(14), &Event::Woke, "expired expired>sender void");
}

#[test]
fn what_the_form_lacks_is_no_proof_of_who_asks() {
    let play = Play::of(Arrival { problems: missing(Field::RequesterName), ..arrival() });
    check(play, &confirmed(OnFile, Right), "no:not-now");
    let unaligned = Play::of(from(SenderVerdict::Unaligned, arrival()));
    check(unaligned, &cancel(Stranger), "no:not-theirs");
}
