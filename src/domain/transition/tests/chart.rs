//! The chart of ARCHITECTURE.md is printed from the rules: every event in every place that a request can be in. When the
//! rules change, this test fails and prints the chart that belongs there.

use super::play::{
    Play, accepted, acts, answered, arrival, ask, called, cancel, confirmed, days, drifted, entry, erased,
    exported, extend, form, from, hold, incomplete, matched, name, not_me, place, planned, says, source_down,
    start, undelivered,
};
use crate::domain::event::SecondFactorNeed::{No, Yes};
use crate::domain::event::{Arrival, DayLimit, Event, Fate, Resolution, StaffWord};
use crate::domain::left::Left;
use crate::domain::notice::NoticeKind;
use crate::domain::request::{Ground, Request, Voice};
use crate::domain::sender::SenderVerdict;
use crate::domain::verification::CodeVerdict::{Expired, Right, Wrong};
use crate::domain::verification::{Party, StaffCode};
use std::collections::BTreeSet;

const PAGE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/ARCHITECTURE.md"));

/// Every place, with a request that is there.
fn places() -> Vec<(&'static str, Play)> {
    let mut five = Play::challenged();
    five.rules.tries_max = 1;
    vec![
        ("none", Play::new()),
        ("asked", Play::of(incomplete())),
        ("held", Play::of(from(SenderVerdict::Unaligned, arrival()))),
        ("silent", Play::of(Arrival { voice: Voice::Silent, ..arrival() })),
        ("resolving", Play::resolving()),
        ("iced", Play::iced()),
        ("no-match", Play::resolving().with(&[Event::Resolved(Resolution::NoMatch)])),
        ("challenged", five),
        ("planning", Play::planning()),
        ("call-back", Play::uncalled()),
        ("frozen", Play::frozen()),
        ("cooling-off", Play::cooling_off()),
        ("deleting", Play::deleting()),
        ("executing", Play::executing()),
        ("delivering", Play::delivering()),
        ("closed", Play::closed()),
    ]
}

/// Every event, as a person or a worker brings it about. The customer is whoever may speak for the request.
fn events(who: Party) -> Vec<(&'static str, Event)> {
    let refuse = StaffWord::Refuse { ground: Some(Ground::LegalHold), text: "".into() };
    let arrived = |arrival| Event::Arrived(Box::new(arrival));
    vec![
        ("arrived, complete", arrived(arrival())),
        ("arrived, incomplete", arrived(incomplete())),
        ("arrived, unaligned", arrived(from(SenderVerdict::Unaligned, arrival()))),
        ("answered with a whole form", answered(who, Some((form(), Vec::new())))),
        ("answered in words", answered(who, None)),
        ("confirmed, right code", confirmed(who, Right)),
        ("confirmed, expired code", confirmed(who, Expired)),
        ("confirmed, last wrong code", confirmed(who, Wrong)),
        ("cancelled", cancel(who)),
        ("disowned", not_me(who)),
        ("status-asked", Event::StatusAsked { from: who }),
        ("not-understood", Event::NotUnderstood { from: who }),
        ("staff: APPROVE", says("meera", StaffWord::Approve)),
        (
            "staff: APPROVE, other plan",
            acts("meera", StaffWord::Approve, StaffCode::Valid("c1".into()), Some("p0")),
        ),
        ("staff: REFUSE", says("meera", refuse)),
        ("staff: ASK", says("meera", ask())),
        ("staff: ACCEPT", says("meera", StaffWord::Accept)),
        ("staff: CALLED", says("meera", called())),
        ("staff: EXTEND", says("meera", extend())),
        ("staff: SCOPE", says("meera", StaffWord::Scope { form: Some((form(), Vec::new())) })),
        ("staff: NOTREQUEST", says("meera", StaffWord::NotRequest)),
        ("staff: HOLD", says("meera", hold())),
        ("staff: RELEASE", says("meera", StaffWord::Release)),
        ("staff: VETO", says("ravi", StaffWord::Veto)),
        ("resolved, somebody", matched(entry("owner"), None)),
        ("resolved, nobody", Event::Resolved(Resolution::NoMatch)),
        ("planned", planned("p1", No)),
        ("planned with recordings", planned("p1", Yes)),
        ("source-down", source_down()),
        ("drifted", drifted()),
        ("exported", exported()),
        ("erased", erased()),
        ("holds-changed", Event::HoldsChanged),
        ("many-deletions", Event::ManyDeletions(DayLimit::Reached { rows: 200_000, accounts: 3 })),
        ("settled", Event::Settled(Vec::new())),
        ("backups-overdue", Event::BackupsOverdue { source: "crm".to_owned() }),
        ("accepted", accepted(NoticeKind::CompletedExport)),
        ("undelivered", undelivered(NoticeKind::Status, Fate::Rejected)),
        ("retried", Event::Retried { left: Left::default() }),
        ("staff-changed", Event::StaffChanged { name: name("meera") }),
        ("frozen", Event::Frozen { until: start() + days(60), left: Left::default() }),
        ("woke on day 1", Event::Woke),
        ("woke on day 14", Event::Woke),
        ("woke on day 30", Event::Woke),
    ]
}

fn day_of(event: &str) -> i64 {
    event.rsplit_once("woke on day ").and_then(|(_, day)| day.parse().ok()).unwrap_or(0)
}

/// The short name of where a request is, and why it stands still where the column does not say so.
fn short(request: &Request) -> (String, String) {
    let place = place(request);
    let (stage, blocker) = place.split_once('+').unwrap_or((&place, ""));
    let column = match (stage, blocker) {
        ("recorded", "needs-clarification") => "asked",
        ("recorded", "sender-unauthenticated") => "held",
        ("recorded", "") => "silent",
        ("frozen", "needs-second-factor") => "call-back",
        (stage, blocker) => {
            let stage = stage.split('(').next().unwrap_or(stage).to_owned();
            let why = if blocker.is_empty() { String::new() } else { format!("+{blocker}") };
            return (stage, why);
        }
    };
    (column.to_owned(), String::new())
}

fn cell(play: &Play, name: &str, event: &Event) -> String {
    let play = Play { request: play.request.clone(), rules: play.rules.clone(), now: play.now };
    let play = play.after(day_of(name));
    let Ok(transition) = play.decide(event) else { return String::new() };
    let (after, why) = short(transition.request());
    let stays = play.request.as_ref().is_some_and(|request| {
        request.stage.name() == transition.request().stage.name()
            && (short(request).0 == after || !why.is_empty())
    });
    match (stays, why.is_empty()) {
        (true, true) => "=".to_owned(),
        (true, false) => why,
        (false, _) => format!("{after}{why}"),
    }
}

/// Whoever may speak as the customer of this request.
fn customer(request: Option<&Request>) -> Party {
    match request {
        Some(request) if request.subject.is_some() => Party::OnFile,
        Some(request) if !request.origin.verdict.speaks_for_customer() => Party::Stranger,
        Some(_) | None => Party::Requester,
    }
}

fn chart() -> String {
    let places = places();
    let mut rows = vec![
        std::iter::once("event")
            .chain(places.iter().map(|(name, _)| *name))
            .map(str::to_owned)
            .collect::<Vec<_>>(),
    ];
    let names = events(Party::OnFile).into_iter().map(|(name, _)| name);
    for (index, name) in names.enumerate() {
        let cells = places
            .iter()
            .map(|(_, play)| cell(play, name, &events(customer(play.request.as_ref()))[index].1));
        rows.push(std::iter::once(name.to_owned()).chain(cells).collect());
    }
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..=places.len()).map(width).collect();
    let line = |row: &[String]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!(" {cell:width$} "));
        format!("|{}|\n", cells.collect::<Vec<_>>().join("|"))
    };
    let rule = widths.iter().map(|width| "-".repeat(width + 2)).collect::<Vec<_>>().join("|");
    let body: String = rows[1..].iter().map(|row| line(row)).collect();
    format!("{}|{rule}|\n{body}", line(&rows[0]))
}

#[test]
fn the_chart_in_architecture_md_is_what_the_rules_do() {
    let written = PAGE
        .split_once("<!-- chart -->")
        .and_then(|(_, rest)| rest.split_once("<!-- /chart -->"))
        .map(|(chart, _)| chart.trim())
        .expect("ARCHITECTURE.md holds the chart between <!-- chart --> and <!-- /chart -->");
    let chart = chart();
    assert!(written == chart.trim(), "the rules have changed; between the marks belongs:\n\n{chart}\n");
}

#[test]
fn the_chart_holds_every_stage_and_every_event() {
    let stages: BTreeSet<_> = places()
        .iter()
        .filter_map(|(_, play)| play.request.as_ref().map(|request| request.stage.name()))
        .collect();
    assert_eq!(stages, crate::domain::request::Stage::NAMES.into_iter().collect());
    let names: BTreeSet<_> = events(Party::OnFile).iter().map(|(_, event)| event.name()).collect();
    assert_eq!(names, Event::NAMES.into_iter().collect());
}

#[test]
fn every_place_of_the_chart_has_the_name_of_its_column() {
    for (name, play) in places().into_iter().skip(1) {
        let (column, why) = short(play.request());
        assert_eq!(if column == "completed" { "closed" } else { &column }, name);
        assert_eq!(why, "", "{name}");
    }
}
