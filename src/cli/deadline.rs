//! `dsrd deadline`: prints the due dates that the calendar gives, as a table for people or as one JSON object. It
//! computes nothing itself; the dates are those of `domain/deadline.rs`.

use super::{CliError, Exit, Outcome, args, open, output};
use crate::daemon::assemble;
use crate::domain::calendar::Calendar;
use crate::domain::deadline::{self, Due, Regime, Roll};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::Serialize;
use std::io::{self, Write};

/// Prints the dates of one arrival.
pub fn run(args: &args::Deadline) -> Outcome {
    let config = open::config(&args.file.config)?;
    let calendar = assemble::calendar(&config).map_err(|error| {
        CliError::usage(format!("cannot compute due dates: {error:#}; correct [calendar]"))
    })?;
    let received = received(&args.received, calendar.zone())?;
    let name = args.regime.as_deref().unwrap_or(&config.regimes.default);
    let known = &config.regimes.known;
    let regime = known.iter().find(|regime| regime.name == name).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|regime| regime.name.as_str()).collect();
        CliError::usage(format!("{name:?} is no known regime; use one of {}", names.join(", ")))
    })?;
    let due = deadline::due(received, regime, config.promise.days, &calendar);
    let shown = Deadline { received, regime, calendar: &calendar, due: &due };
    output::print(|mut out| if args.output.json { shown.json(&mut out) } else { shown.table(&mut out) })?;
    Ok(Exit::Done)
}

/// A moment with its offset, or a local time or day of the calendar's zone.
fn received(text: &str, zone: &TimeZone) -> Result<Timestamp, CliError> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    // A day is its first moment; `DateTime` reads both forms.
    let local = text.parse::<DateTime>().ok().and_then(|local| local.to_zoned(zone.clone()).ok());
    local.map(|at| at.timestamp()).ok_or_else(|| {
        CliError::usage(format!(
            "cannot read the time {text:?}; write 2026-01-31, 2026-01-31T10:00 or 2026-01-31T10:00:00+05:30"
        ))
    })
}

/// What is printed: a request's arrival, the law, and the dates that follow.
#[derive(Clone, Copy)]
pub struct Deadline<'a> {
    /// When the request arrived.
    pub received: Timestamp,
    /// The law.
    pub regime: &'a Regime,
    /// The company's calendar.
    pub calendar: &'a Calendar,
    /// The dates.
    pub due: &'a Due,
}

/// The JSON object. Times are UTC, days are days in `timezone`.
#[derive(Serialize)]
struct Object<'a> {
    received: Timestamp,
    regime: &'a str,
    timezone: Option<&'a str>,
    #[serde(flatten)]
    due: &'a Due,
}

impl Deadline<'_> {
    /// Prints one JSON object on one line, for `--json`.
    pub fn json(&self, out: &mut impl Write) -> io::Result<()> {
        let timezone = self.calendar.zone().iana_name();
        let object = Object { received: self.received, regime: &self.regime.name, timezone, due: self.due };
        serde_json::to_writer(&mut *out, &object)?;
        writeln!(out)
    }

    /// Prints the table for people, in the company's time.
    pub fn table(&self, out: &mut impl Write) -> io::Result<()> {
        let Due { acknowledge, promise, statutory, due, due_at, at_risk } = self.due;
        let zone = self.calendar.zone().iana_name().unwrap_or("the configured zone");
        let row = |out: &mut dyn Write, label: &str, when: &str, why: &str| {
            writeln!(out, "{}", format!("{label:<16} {when:<23} {why}").trim_end())
        };
        row(out, "received", &self.moment(self.received), &format!("times are those of {zone}"))?;
        row(out, "law", &self.regime.name, &format!("{} ({})", self.regime.title, self.regime.citation))?;
        row(out, "acknowledge by", &self.moment(*acknowledge), "confirm receipt to the person by then")?;
        row(out, "promised for", &day(*promise), "what the company promises")?;
        row(out, "required by law", &day(*statutory), &self.answer())?;
        let earlier = match promise.cmp(statutory) {
            std::cmp::Ordering::Less => "the promise comes first",
            std::cmp::Ordering::Equal => "promise and law agree",
            std::cmp::Ordering::Greater => "the law comes first",
        };
        row(
            out,
            "due",
            &day(*due),
            &format!("answer by {}: {earlier}{}", self.moment(*due_at), self.closed(*due)),
        )?;
        for (number, at) in (1..).zip(at_risk) {
            let label = if number == 1 { "staff warned" } else { "" };
            row(out, label, &self.moment(*at), if number == 1 { "if it is still open then" } else { "" })?;
        }
        Ok(())
    }

    fn answer(&self) -> String {
        let roll = match self.regime.roll {
            Roll::Stays => "",
            Roll::NextWorkday => ", moved to a working day where needed",
        };
        let extension = match self.regime.extension {
            Some(extension) => format!("; can be extended by {extension}, with reasons"),
            None => "; cannot be extended".to_owned(),
        };
        format!("{} from receipt{roll}{extension}", self.regime.answer)
    }

    /// Says so when the office is closed on the last day, because then the work must be done before.
    fn closed(&self, day: Date) -> String {
        match self.calendar.holiday(day) {
            Some(name) => format!("; the office is closed that day ({name})"),
            None if self.calendar.is_workday(day) => String::new(),
            None => "; the office is closed that day".to_owned(),
        }
    }

    fn moment(&self, at: Timestamp) -> String {
        self.calendar.zone().to_datetime(at).strftime("%a %-d %b %Y, %H:%M").to_string()
    }
}

fn day(day: Date) -> String {
    day.strftime("%a %-d %b %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::Deadline;
    use crate::domain::calendar::Calendar;
    use crate::domain::deadline::{built_in, due};
    use jiff::Timestamp;
    use jiff::civil::{Weekday, date, time};
    use jiff::tz::TimeZone;
    use std::collections::BTreeMap;

    fn printed(regime: &str, received: &str, print: fn(&Deadline<'_>, &mut Vec<u8>)) -> String {
        use Weekday::{Friday, Monday, Thursday, Tuesday, Wednesday};
        let calendar = Calendar::new(
            TimeZone::get("Asia/Kolkata").expect("a zone"),
            &[Monday, Tuesday, Wednesday, Thursday, Friday],
            time(9, 30, 0, 0),
            time(18, 0, 0, 0),
            BTreeMap::from([(date(2026, 1, 26), "Republic Day".to_owned())]),
        )
        .expect("a calendar");
        let regime = built_in().into_iter().find(|known| known.name == regime).expect("built in");
        let received: Timestamp = received.parse().expect("a time");
        let due = due(received, &regime, 30, &calendar);
        let mut out = Vec::new();
        print(&Deadline { received, regime: &regime, calendar: &calendar, due: &due }, &mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn a_time_is_read_as_people_write_it() {
        let zone = TimeZone::get("Asia/Kolkata").expect("a zone");
        let check = |text: &str, expected: Option<&str>| {
            let read = super::received(text, &zone).ok().map(|at| at.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        };
        check("2026-01-31", Some("2026-01-30T18:30:00Z"));
        check("2026-01-31T10:00", Some("2026-01-31T04:30:00Z"));
        check("2026-01-31 10:00", Some("2026-01-31T04:30:00Z"));
        check("2026-01-31T10:00:00Z", Some("2026-01-31T10:00:00Z"));
        check("2026-01-31T10:00:00-08:00", Some("2026-01-31T18:00:00Z"));
        check("2026-02-30", None);
        check("yesterday", None);
        check("", None);
    }

    #[test]
    fn people_read_a_table() {
        let table = |regime, received| {
            printed(regime, received, |deadline, out| deadline.table(out).expect("prints"))
        };
        insta::assert_snapshot!(table("gdpr", "2026-01-31T05:00:00Z"), @r#"
        received         Sat 31 Jan 2026, 10:30  times are those of Asia/Kolkata
        law              gdpr                    EU General Data Protection Regulation (GDPR) (Regulation (EU) 2016/679, art. 12(3) and 12(4))
        acknowledge by   Tue 3 Feb 2026, 18:00   confirm receipt to the person by then
        promised for     Mon 2 Mar 2026          what the company promises
        required by law  Sat 28 Feb 2026         1 calendar month from receipt; can be extended by 2 calendar months, with reasons
        due              Sat 28 Feb 2026         answer by Sat 28 Feb 2026, 23:59: the law comes first; the office is closed that day
        staff warned     Wed 18 Feb 2026, 09:30  if it is still open then
                         Mon 23 Feb 2026, 09:30
                         Thu 26 Feb 2026, 09:30
        "#);
        insta::assert_snapshot!(table("uk", "2025-12-26T14:00:00Z"), @r#"
        received         Fri 26 Dec 2025, 19:30  times are those of Asia/Kolkata
        law              uk                      UK General Data Protection Regulation (UK GDPR) (UK GDPR, art. 12(3) and 12(4))
        acknowledge by   Tue 30 Dec 2025, 18:00  confirm receipt to the person by then
        promised for     Sun 25 Jan 2026         what the company promises
        required by law  Tue 27 Jan 2026         1 calendar month from receipt, moved to a working day where needed; can be extended by 2 calendar months, with reasons
        due              Sun 25 Jan 2026         answer by Sun 25 Jan 2026, 23:59: the promise comes first; the office is closed that day
        staff warned     Thu 15 Jan 2026, 09:30  if it is still open then
                         Tue 20 Jan 2026, 09:30
                         Fri 23 Jan 2026, 09:30
        "#);
    }

    #[test]
    fn programs_read_one_object() {
        let json = printed("uk", "2026-01-31T05:00:00Z", |deadline, out| deadline.json(out).expect("prints"));
        insta::assert_snapshot!(json, @r#"
        {"received":"2026-01-31T05:00:00Z","regime":"uk","timezone":"Asia/Kolkata","acknowledge":"2026-02-03T12:30:00Z","promise":"2026-03-02","statutory":"2026-03-02","due":"2026-03-02","due_at":"2026-03-02T18:29:59Z","at_risk":["2026-02-20T04:00:00Z","2026-02-25T04:00:00Z","2026-02-27T04:00:00Z"]}
        "#);
    }
}
