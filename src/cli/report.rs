//! `dsrd report`: the service level as measured, from the register and the audit log. Reads both and writes neither. The
//! counting is `domain/report.rs`.

use super::args::Report as Args;
use super::{CliError, Exit, Outcome, open, output};
use crate::domain::audit::{Action, Entry};
use crate::domain::ids::Reference;
use crate::domain::report::{Course, Report, Took};
use crate::env::Env;
use crate::store::{Filter, Store, StoreError};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::HashMap;
use std::io::{self, Write};

/// Most requests that a report looks at.
const REQUESTS_MAX: i64 = 1_000_000;

/// Does what is asked.
pub async fn run(args: Args, env: &Env) -> Outcome {
    let config = open::config(&args.file.config)?;
    let store = open::state(&config, env).await?;
    let failed = |error: StoreError| CliError::state("measure the service level", &error);
    let zone = &config.calendar.timezone;
    let rows = store.requests(Filter::All, REQUESTS_MAX).await.map_err(failed)?;
    let inside = |at: Timestamp| {
        let day = zone.to_datetime(at).date();
        args.from.is_none_or(|from| from <= day) && args.to.is_none_or(|to| day <= to)
    };
    let mut courses: HashMap<Reference, Course> = rows
        .iter()
        .filter(|row| inside(row.request.received_at))
        .map(|row| {
            let request = &row.request;
            let course = Course {
                received_at: request.received_at,
                acknowledged_at: None,
                verified_at: None,
                completed_at: None,
                outcome: request.stage.outcome(),
                breached: request.alarms.breached,
            };
            (request.reference.clone(), course)
        })
        .collect();
    follow(&store, &mut courses).await.map_err(failed)?;
    let courses: Vec<Course> = courses.into_values().collect();
    let report = Report::of(&courses);
    if args.output.json {
        output::json(&report)?;
    } else {
        output::print(|out| say(out, &report, args.from, args.to))?;
    }
    Ok(Exit::Done)
}

/// Reads the whole log once, page by page, and notes the first time that each request got somewhere.
async fn follow(store: &Store, courses: &mut HashMap<Reference, Course>) -> Result<(), StoreError> {
    let mut next = 0;
    loop {
        let page = store.audit_page(next).await?;
        let Some(last) = page.last() else { return Ok(()) };
        next = last.seq + 1;
        for row in &page {
            // What cannot be read is `dsrd audit verify`'s to name.
            let Ok(entry) = Entry::parse(&row.entry) else { continue };
            if let Some(course) = entry.request.as_ref().and_then(|reference| courses.get_mut(reference)) {
                note(course, &entry);
            }
        }
    }
}

fn note(course: &mut Course, entry: &Entry) {
    let notice = entry.evidence.get("notice").map(String::as_str);
    let reached = match entry.action {
        Action::NoticeAccepted if matches!(notice, Some("acknowledgement" | "clarification")) => {
            &mut course.acknowledged_at
        }
        Action::Verified => &mut course.verified_at,
        Action::Completed => &mut course.completed_at,
        _ => return,
    };
    reached.get_or_insert(entry.at);
}

fn say(out: &mut dyn Write, report: &Report, from: Option<Date>, to: Option<Date>) -> io::Result<()> {
    let day = |date: Option<Date>, word: &str| date.map(|date| format!(" {word} {date}")).unwrap_or_default();
    writeln!(out, "Requests received{}{}", day(from, "from"), day(to, "to"))?;
    let mut rows = vec![
        ["received".to_owned(), report.requests.to_string()],
        ["open".to_owned(), report.open.to_string()],
    ];
    rows.extend(report.outcomes.iter().map(|(outcome, many)| [(*outcome).to_owned(), many.to_string()]));
    rows.push(["due date missed".to_owned(), report.breaches.to_string()]);
    output::table(out, &rows)?;
    writeln!(out)?;
    let mut rows = vec![["FROM ARRIVAL TO", "REQUESTS", "MEDIAN", "WORST"].map(str::to_owned)];
    for (what, took) in [
        ("acknowledgement", report.acknowledge),
        ("identity proved", report.verify),
        ("answered", report.fulfil),
    ] {
        rows.push(line(what, took));
    }
    output::table(out, &rows)?;
    if !report.refusals.is_empty() {
        writeln!(out)?;
        let mut rows = vec![["REFUSED BECAUSE", "REQUESTS"].map(str::to_owned)];
        rows.extend(report.refusals.iter().map(|(ground, many)| [(*ground).to_owned(), many.to_string()]));
        output::table(out, &rows)?;
    }
    Ok(())
}

fn line(what: &str, took: Took) -> [String; 4] {
    let length = |seconds| if took.count == 0 { "-".to_owned() } else { in_words(seconds) };
    [what.to_owned(), took.count.to_string(), length(took.median_seconds), length(took.worst_seconds)]
}

/// The two largest units: `3 d 4 h`, `2 min 5 s`.
fn in_words(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let from = parts.iter().position(|(many, _)| *many > 0).unwrap_or(3);
    let said = parts.iter().skip(from).take(2).map(|(many, unit)| format!("{many} {unit}"));
    said.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{in_words, say};
    use crate::domain::report::{Report, Took};
    use jiff::civil::date;

    #[test]
    fn lengths_are_read_at_a_glance() {
        let check = |seconds: i64, expected: &str| assert_eq!(in_words(seconds), expected);
        check(0, "0 s");
        check(59, "59 s");
        check(60, "1 min 0 s");
        check(3_725, "1 h 2 min");
        check(86_400 * 3 + 3_600 * 4 + 59, "3 d 4 h");
        check(-5, "0 s");
    }

    #[test]
    fn people_read_a_table() {
        let took = |count, median_seconds, worst_seconds| Took { count, median_seconds, worst_seconds };
        let report = Report {
            requests: 12,
            open: 2,
            outcomes: [("completed", 8), ("refused", 2)].into(),
            refusals: [("no-match", 2)].into(),
            breaches: 1,
            acknowledge: took(12, 2, 3_700),
            verify: took(10, 7_200, 90_000),
            fulfil: took(0, 0, 0),
        };
        let mut out = Vec::new();
        say(&mut out, &report, Some(date(2026, 1, 1)), None).expect("prints");
        insta::assert_snapshot!(String::from_utf8(out).expect("text"), @r"
        Requests received from 2026-01-01
        received         12
        open             2
        completed        8
        refused          2
        due date missed  1

        FROM ARRIVAL TO  REQUESTS  MEDIAN     WORST
        acknowledgement  12        2 s        1 h 1 min
        identity proved  10        2 h 0 min  1 d 1 h
        answered         0         -          -

        REFUSED BECAUSE  REQUESTS
        no-match         2
        ");
    }
}
