//! Statutory deadlines: the laws as a table (`built_in`), and the dates that follow for one request (`due`). Not legal
//! advice. It knows no stage and no extension that staff granted; working days come from `calendar.rs`.
//! The day of receipt is never counted, and the due date is the earliest of the promise and the law (decision 5).

mod built_in;

pub use built_in::built_in;

use super::calendar::Calendar;
use super::request::Ground;
use jiff::civil::Date;
use jiff::{SignedDuration, Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// When staff are warned, in thirtieths of the time from receipt to the due date (standard O7).
const WARN_AT: [i64; 3] = [20, 25, 28];
/// What `WARN_AT` counts in.
const WARN_OF: i64 = 30;

/// A length of time that a law grants.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Term {
    /// To the same day of a later month, or its last day: 31 January and one month is 28 or 29 February.
    Months(u16),
    /// Calendar days.
    Days(u16),
}

impl Term {
    /// The day on which a term ends that begins on `day`.
    pub fn after(self, day: Date) -> Date {
        match self {
            Self::Months(months) => day.saturating_add(Span::new().months(i32::from(months))),
            Self::Days(days) => day.saturating_add(Span::new().days(i32::from(days))),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Months(1) => f.write_str("1 calendar month"),
            Self::Months(months) => write!(f, "{months} calendar months"),
            Self::Days(1) => f.write_str("1 calendar day"),
            Self::Days(days) => write!(f, "{days} calendar days"),
        }
    }
}

/// What happens to a date that falls on a weekend or a holiday.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Roll {
    /// It stands. Where a law leaves it open, this is the safe reading.
    #[default]
    Stays,
    /// It moves to the next working day.
    NextWorkday,
}

/// One law, as data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Regime {
    /// The name in the configuration and in a request: `gdpr`.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// The time to answer, from the day of receipt.
    pub answer: Term,
    /// What happens to a date on a weekend or a holiday.
    pub roll: Roll,
    /// Work days to confirm receipt, where the law sets any; the company's own one business day holds anyway.
    pub acknowledge_workdays: Option<u16>,
    /// By how much the time may be extended, with reasons, where the law allows it.
    pub extension: Option<Term>,
    /// Where a person may complain.
    pub authority: String,
    /// How a person may go to court.
    pub remedy: String,
    /// Where the numbers stand in the law.
    pub citation: String,
    /// Where each ground of a refusal stands in the law.
    pub grounds: BTreeMap<Ground, String>,
}

impl Regime {
    /// Where a ground of refusal stands in this law; the law's own place where it names none for the ground.
    pub fn ground(&self, ground: Ground) -> &str {
        self.grounds.get(&ground).unwrap_or(&self.citation)
    }
}

/// A table `[regimes.NAME]` of the configuration: changes a built-in regime in the keys given, or defines a new one.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegimeTable {
    /// See `Regime::title`.
    pub title: Option<String>,
    /// See `Regime::answer`: `{ months = 1 }` or `{ days = 45 }`.
    pub answer: Option<Term>,
    /// See `Regime::roll`: `"stays"` or `"next-workday"`.
    pub roll: Option<Roll>,
    /// See `Regime::acknowledge_workdays`.
    pub acknowledge_workdays: Option<u16>,
    /// See `Regime::extension`.
    pub extension: Option<Term>,
    /// See `Regime::authority`.
    pub authority: Option<String>,
    /// See `Regime::remedy`.
    pub remedy: Option<String>,
    /// See `Regime::citation`.
    pub citation: Option<String>,
    /// See `Regime::grounds`; what is not named stays.
    #[serde(default)]
    pub grounds: BTreeMap<Ground, String>,
}

/// A new regime leaves out what only a law can say.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("[regimes.{name}] is not built in ({built_in}), so it must say `{key}`", built_in = names())]
pub struct RegimeError {
    /// The name of the table.
    pub name: String,
    /// The key that is missing.
    pub key: &'static str,
}

fn names() -> String {
    built_in().iter().map(|regime| regime.name.clone()).collect::<Vec<_>>().join(", ")
}

/// The built-in regimes as the configuration changed them, then the new ones by name.
pub fn regimes(tables: &BTreeMap<String, RegimeTable>) -> Result<Vec<Regime>, RegimeError> {
    let mut regimes = built_in();
    for (name, table) in tables {
        match regimes.iter_mut().find(|regime| regime.name == *name) {
            Some(regime) => *regime = amended(regime, table),
            None => regimes.push(defined(name, table)?),
        }
    }
    Ok(regimes)
}

fn amended(regime: &Regime, table: &RegimeTable) -> Regime {
    let text = |new: &Option<String>, old: &String| new.clone().unwrap_or_else(|| old.clone());
    Regime {
        name: regime.name.clone(),
        title: text(&table.title, &regime.title),
        answer: table.answer.unwrap_or(regime.answer),
        roll: table.roll.unwrap_or(regime.roll),
        acknowledge_workdays: table.acknowledge_workdays.or(regime.acknowledge_workdays),
        extension: table.extension.or(regime.extension),
        authority: text(&table.authority, &regime.authority),
        remedy: text(&table.remedy, &regime.remedy),
        citation: text(&table.citation, &regime.citation),
        grounds: regime
            .grounds
            .iter()
            .chain(&table.grounds)
            .map(|(ground, text)| (*ground, text.clone()))
            .collect(),
    }
}

fn defined(name: &str, table: &RegimeTable) -> Result<Regime, RegimeError> {
    let missing = |key| RegimeError { name: name.to_owned(), key };
    let text = |value: &Option<String>, key| value.clone().ok_or_else(|| missing(key));
    Ok(Regime {
        name: name.to_owned(),
        title: text(&table.title, "title")?,
        answer: table.answer.ok_or_else(|| missing("answer"))?,
        roll: table.roll.unwrap_or_default(),
        acknowledge_workdays: table.acknowledge_workdays,
        extension: table.extension,
        authority: text(&table.authority, "authority")?,
        remedy: text(&table.remedy, "remedy")?,
        citation: text(&table.citation, "citation")?,
        grounds: table.grounds.clone(),
    })
}

/// All dates of one request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Due {
    /// By when its receipt must be confirmed: the company's own one business day, or the law's where that is sooner.
    pub acknowledge: Timestamp,
    /// The day that the company promises.
    pub promise: Date,
    /// The day that the law sets.
    pub statutory: Date,
    /// The earlier of the two.
    pub due: Date,
    /// The last second of that day in the company's zone; later is a breach.
    pub due_at: Timestamp,
    /// When staff are warned: day 20, 25 and 28 of 30, scaled to the due date, at opening time; where the office is closed
    /// that day, on the last work day before it. In order, none before receipt, none after `due_at`.
    pub at_risk: Vec<Timestamp>,
}

/// The dates of a request that arrived at `received`. `promise_days` is the company's own promise in calendar days.
pub fn due(received: Timestamp, regime: &Regime, promise_days: u16, calendar: &Calendar) -> Due {
    let day = calendar.local_date(received);
    let promise = Term::Days(promise_days).after(day);
    let statutory = match regime.roll {
        Roll::Stays => regime.answer.after(day),
        Roll::NextWorkday => calendar.next_workday_on_or_after(regime.answer.after(day)),
    };
    let due = promise.min(statutory);
    let due_at = calendar.end_of_day(due);
    let own = calendar.ack_due(received);
    let acknowledge = match regime.acknowledge_workdays {
        Some(workdays) => own.min(calendar.end_of_day(calendar.add_workdays(day, workdays))),
        None => own,
    };
    Due { acknowledge, promise, statutory, due, due_at, at_risk: warnings(received, day, due, calendar) }
}

/// The dates of a request for which staff took the law's further time; none where the law grants none. Both dates are
/// replaced, and the promise is recorded as extended (decision 5).
pub fn extended(received: Timestamp, regime: &Regime, calendar: &Calendar, before: &Due) -> Option<Due> {
    let day = calendar.local_date(received);
    let end = match (regime.answer, regime.extension?) {
        // 31 January and one month and two months: the end of April, not the 28th.
        (Term::Months(first), Term::Months(more)) => Term::Months(first + more).after(day),
        (first, more) => more.after(first.after(day)),
    };
    let due = match regime.roll {
        Roll::Stays => end,
        Roll::NextWorkday => calendar.next_workday_on_or_after(end),
    };
    Some(Due {
        acknowledge: before.acknowledge,
        promise: due,
        statutory: due,
        due,
        due_at: calendar.end_of_day(due),
        at_risk: warnings(received, day, due, calendar),
    })
}

/// Days are rounded down, so that a short term warns early rather than late.
fn warnings(received: Timestamp, day: Date, due: Date, calendar: &Calendar) -> Vec<Timestamp> {
    let days = day.duration_until(due).as_hours() / 24;
    let mut warnings: Vec<Timestamp> = WARN_AT
        .iter()
        .map(|at| day.saturating_add(SignedDuration::from_hours(24 * (days * at / WARN_OF))))
        .map(|at| calendar.opening(calendar.last_workday_on_or_before(at)).max(received))
        .collect();
    warnings.dedup();
    warnings
}

#[cfg(test)]
mod tests {
    use super::{Due, Regime, RegimeError, RegimeTable, Roll, Term, built_in, due, extended, regimes};
    use crate::domain::calendar::Calendar;
    use jiff::Timestamp;
    use jiff::civil::{Date, DateTime, Weekday, date, time};
    use jiff::tz::TimeZone;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const WEEK: [Weekday; 5] =
        [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];

    fn calendar(zone: &str, holidays: &[Date]) -> Calendar {
        let zone = TimeZone::get(zone).expect("a zone of the bundle");
        let holidays = holidays.iter().map(|day| (*day, "closed".to_owned())).collect();
        Calendar::new(zone, &WEEK, time(9, 30, 0, 0), time(18, 0, 0, 0), holidays).expect("a good calendar")
    }

    fn regime(name: &str) -> Regime {
        built_in().into_iter().find(|regime| regime.name == name).expect("built in")
    }

    fn at(calendar: &Calendar, wall: &str) -> Timestamp {
        calendar.zone().to_timestamp(wall.parse::<DateTime>().expect("a time")).expect("exists")
    }

    #[test]
    fn the_golden_cases_of_the_law_hold() {
        let london = calendar("Europe/London", &[date(2026, 4, 3), date(2026, 4, 6), date(2026, 12, 25)]);
        let check = |name: &str, received: Date, statutory: Date| {
            let received = at(&london, &format!("{received}T12:00:00"));
            assert_eq!(due(received, &regime(name), 365, &london).statutory, statutory, "{name} {received}");
        };
        check("gdpr", date(2025, 9, 3), date(2025, 10, 3));
        check("gdpr", date(2026, 9, 3), date(2026, 10, 3)); // a Saturday stands
        check("gdpr", date(2026, 1, 30), date(2026, 2, 28));
        check("gdpr", date(2026, 1, 31), date(2026, 2, 28));
        check("gdpr", date(2028, 1, 30), date(2028, 2, 29));
        check("gdpr", date(2028, 1, 31), date(2028, 2, 29));
        check("gdpr", date(2026, 2, 28), date(2026, 3, 28)); // not the end of March
        check("gdpr", date(2026, 12, 31), date(2027, 1, 31));
        check("uk", date(2025, 9, 3), date(2025, 10, 3)); // a Friday
        check("uk", date(2026, 9, 3), date(2026, 10, 5)); // Saturday to Monday
        check("uk", date(2026, 1, 31), date(2026, 3, 2)); // 28 February is a Saturday
        check("uk", date(2028, 1, 31), date(2028, 2, 29));
        check("uk", date(2026, 3, 3), date(2026, 4, 7)); // Good Friday, weekend, Easter Monday
        check("uk", date(2026, 11, 25), date(2026, 12, 28)); // Christmas Day, then a weekend
        check("ccpa", date(2026, 1, 1), date(2026, 2, 15));
        check("dpdp", date(2026, 1, 1), date(2026, 4, 1));
    }

    #[test]
    fn further_time_is_counted_from_receipt_and_replaces_both_dates() {
        let london = calendar("Europe/London", &[]);
        let check =
            |name: &str, received: Date, expected: Option<Date>| {
                let received = at(&london, &format!("{received}T12:00:00"));
                let regime = regime(name);
                let before = due(received, &regime, 30, &london);
                let dates = extended(received, &regime, &london, &before);
                let found = dates.as_ref().map(|dates| (dates.promise, dates.statutory, dates.due));
                assert_eq!(found, expected.map(|day| (day, day, day)), "{name} {received}");
                assert!(dates.is_none_or(
                    |dates| dates.due_at > before.due_at && dates.acknowledge == before.acknowledge
                ));
            };
        check("gdpr", date(2026, 1, 31), Some(date(2026, 4, 30)));
        check("gdpr", date(2025, 11, 30), Some(date(2026, 2, 28)));
        check("gdpr", date(2026, 3, 3), Some(date(2026, 6, 3)));
        check("uk", date(2026, 3, 6), Some(date(2026, 6, 8))); // a Saturday, so Monday
        check("ccpa", date(2026, 1, 1), Some(date(2026, 4, 1)));
        check("dpdp", date(2026, 1, 1), None);
    }

    #[test]
    fn the_earlier_of_promise_and_law_is_due() {
        let india = calendar("Asia/Kolkata", &[]);
        let check = |name: &str, received: &str, promise: Date, statutory: Date, earliest: Date| {
            let Due { promise: p, statutory: s, due: d, .. } =
                due(at(&india, received), &regime(name), 30, &india);
            assert_eq!((p, s, d), (promise, statutory, earliest), "{name} {received}");
        };
        // A month of 31 days is longer than the promise; February is shorter.
        check("gdpr", "2026-09-03T10:00:00", date(2026, 10, 3), date(2026, 10, 3), date(2026, 10, 3));
        check("gdpr", "2026-10-03T10:00:00", date(2026, 11, 2), date(2026, 11, 3), date(2026, 11, 2));
        check("gdpr", "2026-01-31T10:00:00", date(2026, 3, 2), date(2026, 2, 28), date(2026, 2, 28));
        check("ccpa", "2026-01-31T10:00:00", date(2026, 3, 2), date(2026, 3, 17), date(2026, 3, 2));
        // Half past midnight in India is still the day before in UTC: the company's day counts.
        check("dpdp", "2026-05-01T00:30:00", date(2026, 5, 31), date(2026, 7, 30), date(2026, 5, 31));
    }

    #[test]
    fn the_whole_of_the_due_day_may_be_used() {
        let india = calendar("Asia/Kolkata", &[]);
        let dates = due(at(&india, "2026-01-31T10:00:00"), &regime("gdpr"), 30, &india);
        assert_eq!(dates.due_at.to_string(), "2026-02-28T18:29:59Z");
    }

    #[test]
    fn staff_are_warned_on_day_20_25_and_28_of_30_or_sooner() {
        let india = calendar("Asia/Kolkata", &[]);
        let check = |name: &str, promise_days: u16, received: &str, expected: &[&str]| {
            let dates = due(at(&india, received), &regime(name), promise_days, &india);
            let warned: Vec<String> =
                dates.at_risk.iter().map(|at| india.zone().to_datetime(*at).to_string()).collect();
            assert_eq!(warned, expected, "{name} {promise_days} {received}");
        };
        // Day 25 is a Saturday: on the Friday before it somebody can still act.
        let march = ["2026-03-23T09:30:00", "2026-03-27T09:30:00", "2026-03-31T09:30:00"];
        check("gdpr", 30, "2026-03-03T17:00:00", &march);
        // 28 days: 18.7, 23.3 and 26.1, rounded down.
        check(
            "gdpr",
            30,
            "2026-01-31T10:00:00",
            &["2026-02-18T09:30:00", "2026-02-23T09:30:00", "2026-02-26T09:30:00"],
        );
        check("gdpr", 3, "2026-03-03T17:00:00", &["2026-03-05T09:30:00"]);
        // Never before receipt.
        check("gdpr", 1, "2026-03-03T17:00:00", &["2026-03-03T17:00:00"]);
    }

    #[test]
    fn receipt_is_confirmed_in_one_business_day_even_where_the_law_gives_ten() {
        let india = calendar("Asia/Kolkata", &[date(2026, 1, 26)]);
        let received = at(&india, "2026-01-23T19:00:00");
        for regime in built_in() {
            let dates = due(received, &regime, 30, &india);
            assert_eq!(dates.acknowledge, at(&india, "2026-01-28T18:00:00"), "{}", regime.name);
        }
        // A law that wants it on the next working day beats our "received at the next opening".
        let strict = Regime { acknowledge_workdays: Some(1), ..regime("gdpr") };
        assert_eq!(due(received, &strict, 30, &india).acknowledge, at(&india, "2026-01-27T23:59:59"));
    }

    #[test]
    fn tables_change_a_regime_or_define_one() {
        let tables: BTreeMap<String, RegimeTable> = toml::from_str(
            r#"
            [gdpr]
            authority = "the Berlin Commissioner, https://www.datenschutz-berlin.de"
            [lgpd]
            title = "Lei Geral de Protecao de Dados"
            answer = { days = 15 }
            roll = "next-workday"
            authority = "the ANPD"
            remedy = "You may also go to court (LGPD art. 22)."
            citation = "Lei 13.709/2018, art. 19 II"
            "#,
        )
        .expect("reads");
        let all = regimes(&tables).expect("complete");
        let names: Vec<&str> = all.iter().map(|regime| regime.name.as_str()).collect();
        assert_eq!(names, ["gdpr", "uk", "ccpa", "dpdp", "lgpd"]);
        assert!(all[0].authority.contains("Berlin"));
        assert_eq!(all[0].answer, Term::Months(1));
        assert_eq!((all[4].answer, all[4].roll), (Term::Days(15), Roll::NextWorkday));
    }

    #[test]
    fn a_wrong_table_is_refused_with_the_key() {
        let check = |text: &str, expected: &str| {
            let error = toml::from_str::<BTreeMap<String, RegimeTable>>(text).expect_err("wrong").to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("[gdpr]\nanswr = { months = 1 }", "unknown field `answr`");
        check("[gdpr]\nanswer = { weeks = 1 }", "unknown variant `weeks`");
        check("[gdpr]\nroll = \"back\"", "unknown variant `back`");
        let tables = BTreeMap::from([("lgpd".to_owned(), RegimeTable::default())]);
        let error = regimes(&tables).expect_err("incomplete");
        assert_eq!(error, RegimeError { name: "lgpd".to_owned(), key: "title" });
        let told = "[regimes.lgpd] is not built in (gdpr, uk, ccpa, dpdp), so it must say `title`";
        assert_eq!(error.to_string(), told);
    }

    #[test]
    fn the_dates_survive_storage() {
        let india = calendar("Asia/Kolkata", &[]);
        let dates = due(at(&india, "2026-01-31T10:00:00"), &regime("gdpr"), 30, &india);
        let json = serde_json::to_string(&dates).expect("writes");
        assert_eq!(serde_json::from_str::<Due>(&json).expect("reads"), dates);
    }

    proptest! {
        #[test]
        fn nothing_is_due_after_the_promise_and_no_warning_comes_late(
            second in 1_735_689_600_i64..1_830_297_600,
            promise_days in 1_u16..120,
            regime in prop::sample::select(built_in()),
            zone in prop::sample::select(vec!["UTC", "Asia/Kolkata", "Europe/Berlin", "America/Los_Angeles"]),
        ) {
            let calendar = calendar(zone, &[date(2026, 1, 26), date(2026, 12, 25)]);
            let received = Timestamp::from_second(second).expect("in range");
            let dates = due(received, &regime, promise_days, &calendar);
            prop_assert!(dates.due <= dates.promise && dates.due <= dates.statutory);
            prop_assert!(dates.due == dates.promise || dates.due == dates.statutory);
            prop_assert!(dates.due > calendar.local_date(received));
            prop_assert_eq!(calendar.local_date(dates.due_at), dates.due);
            prop_assert!(dates.acknowledge > received);
            prop_assert!(!dates.at_risk.is_empty());
            prop_assert!(dates.at_risk.is_sorted());
            prop_assert!(dates.at_risk.iter().all(|at| received <= *at && *at < dates.due_at));
        }
    }
}
