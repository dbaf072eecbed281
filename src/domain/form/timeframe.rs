//! The time frame of a scope: one interval of whole days, either end open. Points come from `dates.rs`; here stand the
//! words between and around them. Two separate frames are a conflict, not a sum: deleting more than was asked is worse
//! than asking again.

use super::dates::{Point, When, find};
use super::pattern::{TAKEN, pattern};
use super::{DateOrder, ReadingContext};
use jiff::civil::Date;
use regex::Regex;
use std::sync::LazyLock;

/// What is odd about a time frame.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Oddity {
    /// Could be read two ways.
    Ambiguous,
    /// A date that does not exist or cannot be read.
    Unreadable,
    /// It ends before it begins.
    Reversed,
    /// More than one.
    Several,
}

/// The interval and what is odd about it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Frame {
    pub(super) from: Option<Date>,
    pub(super) to: Option<Date>,
    pub(super) oddities: Vec<Oddity>,
}

static JOINS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\s*,?\s*(?:to|until|till|thru|through|upto|up to|-+>?|=>|→|–|—|~|/|\.\.+|and|&|à|a|au|al|ao|à la|até|से|through to|up until)\s*(?:the\s+|le\s+|el\s+|o\s+|dem\s+|zum\s+|and including\s+)?$",
    )
});
static JOINS_BY_AND: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*(?:and|&)\s*$"));
static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?P<word>between|since|after|from|start(?:s|ing)?(?: date)?(?: from| on)?|begin(?:s|ning)?(?: from| on)?|end(?:s|ing)?(?: date)?(?: on| at)?|until|till|upto|up to|before|through|to|by|prior to|older than)\s*:?\s*(?:(?:the|le|el|o|dem|den)\s+)?$",
    )
});
static OPEN_END: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\s*(?:,\s*)?(?:onwards?|on|forwards?|and later|or later|till date|to date|to present|till now|until now|until today|to today|to now|से(?:\s+अब\s+तक)?)(?:\b|\s|$|,)",
    )
});
static OPEN_START: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\s*(?:and earlier|or earlier|and before|and older|तक)(?:\b|\s|$|,)"));

/// Reads the frame and takes its dates out of `text`.
pub(super) fn extract(text: &mut String, context: &ReadingContext) -> Frame {
    let original = text.clone();
    let points = find(text, context);
    let mut frame = Frame::default();
    let order = settle_order(&points, context, &mut frame.oddities);
    let between_words = |at: usize| words_before(&original, at);
    let mut spans: Vec<(Option<Date>, Option<Date>)> = Vec::new();
    let mut at = 0;
    while let Some(point) = points.get(at) {
        let word = between_words(point.at.start);
        let next = points.get(at + 1).filter(|next| {
            let joint = original.get(point.at.end..next.at.start).unwrap_or("");
            JOINS.is_match(joint) && (!JOINS_BY_AND.is_match(joint) || word == "between")
        });
        let year_of = |other: Option<&Point>| other.and_then(|other| year(&other.when, order));
        let first = days(point, order, year_of(next), context, &mut frame.oddities);
        let span = match next {
            Some(next) => {
                at += 1;
                let second = days(next, order, year_of(Some(point)), context, &mut frame.oddities);
                // "1 Nov to 31 Jan 2025": the first day had no year and lies in the year before.
                match (first, second) {
                    (Some((a, b)), Some((c, d))) if a > d && matches!(point.when, When::NoYear(..)) => {
                        let earlier = a.checked_sub(jiff::Span::new().years(1)).unwrap_or(a);
                        Some((Some(earlier.min(b)), Some(c.max(d))))
                    }
                    (Some((a, _)), Some((_, d))) => Some((Some(a), Some(d))),
                    _ => None,
                }
            }
            None => first.map(|days| open(days, &word, original.get(point.at.end..).unwrap_or(""))),
        };
        spans.extend(span);
        at += 1;
    }
    settle(&mut frame, &spans);
    frame
}

fn words_before(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or("");
    BEFORE
        .captures(before)
        .and_then(|found| found.name("word"))
        .map(|word| word.as_str().to_ascii_lowercase())
        .unwrap_or_default()
}

/// One point with the word before it and the words behind it.
fn open((first, last): (Date, Date), word: &str, after: &str) -> (Option<Date>, Option<Date>) {
    let after = after.trim_start_matches(TAKEN);
    match word {
        "since" => (Some(first), None),
        // What lies after a day does not hold the day itself, nor what lies before it.
        "after" => (Some(last.tomorrow().unwrap_or(last)), None),
        "until" | "till" | "upto" | "up to" | "through" | "to" | "by" => (None, Some(last)),
        "before" | "prior to" | "older than" => (None, Some(first.yesterday().unwrap_or(first))),
        word if word.starts_with("start") || word.starts_with("begin") => (Some(first), None),
        word if word.starts_with("end") => (None, Some(last)),
        _ if OPEN_END.is_match(after) => (Some(first), None),
        _ if OPEN_START.is_match(after) => (None, Some(last)),
        // "from 1 Jan 2025" goes on; "from January 2025" means that month.
        "from" if first == last => (Some(first), None),
        _ => (Some(first), Some(last)),
    }
}

fn settle(frame: &mut Frame, spans: &[(Option<Date>, Option<Date>)]) {
    let Some(&(from, to)) = spans.first() else { return };
    (frame.from, frame.to) = (from, to);
    match spans.get(1) {
        // "since 1 Jan 2025 until 31 Mar 2025" and "before X, after Y" are two halves of one frame.
        Some(&(None, end)) if to.is_none() && spans.len() == 2 => frame.to = end,
        Some(&(begin, None)) if from.is_none() && spans.len() == 2 => frame.from = begin,
        Some(&second) if second == (from, to) => {}
        Some(_) => frame.oddities.push(Oddity::Several),
        None => {}
    }
    if let (Some(from), Some(to)) = (frame.from, frame.to)
        && from > to
    {
        frame.oddities.push(Oddity::Reversed);
    }
}

/// Day first or month first: one date of the text that can be read only one way settles the others.
fn settle_order(points: &[Point], context: &ReadingContext, oddities: &mut Vec<Oddity>) -> DateOrder {
    let numeric = || {
        points.iter().filter_map(|point| match point.when {
            When::Numeric(first, second, _) => Some((first, second)),
            _ => None,
        })
    };
    let proves_day = numeric().any(|(first, _)| first > 12);
    let proves_month = numeric().any(|(_, second)| second > 12);
    let order = match (proves_day, proves_month) {
        (true, false) => DateOrder::DayFirst,
        (false, true) => DateOrder::MonthFirst,
        _ => context.day_first,
    };
    let open = numeric().any(|(first, second)| first <= 12 && second <= 12 && first != second);
    let settled = proves_day != proves_month && order == context.day_first;
    if open && !settled {
        oddities.push(Oddity::Ambiguous);
    }
    order
}

fn numeric_date(first: i8, second: i8, year: i16, order: DateOrder) -> Option<Date> {
    let day_first = match order {
        DateOrder::DayFirst => second <= 12,
        DateOrder::MonthFirst => first > 12,
    };
    let (day, month) = if day_first { (first, second) } else { (second, first) };
    Date::new(year, month, day).ok()
}

fn year(when: &When, order: DateOrder) -> Option<i16> {
    match *when {
        When::Days(first, _) | When::Guessed(first, _) => Some(first.year()),
        When::Numeric(first, second, year) => numeric_date(first, second, year, order).map(Date::year),
        When::NoYear(..) | When::Invalid => None,
    }
}

fn days(
    point: &Point,
    order: DateOrder,
    year_beside: Option<i16>,
    context: &ReadingContext,
    oddities: &mut Vec<Oddity>,
) -> Option<(Date, Date)> {
    let found = match point.when {
        When::Days(first, last) => Some((first, last)),
        When::Guessed(first, last) => {
            oddities.push(Oddity::Ambiguous);
            Some((first, last))
        }
        When::Numeric(first, second, year) => numeric_date(first, second, year, order).map(|day| (day, day)),
        When::NoYear(day, month) => {
            let this_year = year_beside.unwrap_or_else(|| context.date.year());
            let date = Date::new(this_year, month, day).ok();
            // Without any year the last such day is meant: nobody asks for data of the future.
            let date = date.and_then(|date| {
                if year_beside.is_none() && date > context.date {
                    Date::new(this_year - 1, month, day).ok()
                } else {
                    Some(date)
                }
            });
            date.map(|day| (day, day))
        }
        When::Invalid => None,
    };
    if found.is_none() {
        oddities.push(Oddity::Unreadable);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Oddity, extract};
    use crate::domain::form::{DateOrder, ReadingContext};
    use jiff::civil::date;

    fn check_with(context: &ReadingContext, text: &str, expected: &str, oddities: &[Oddity]) {
        let mut rest = text.to_owned();
        let frame = extract(&mut rest, context);
        let end = |day: Option<jiff::civil::Date>| day.map_or_else(|| "-".to_owned(), |day| day.to_string());
        assert_eq!(format!("{}..{}", end(frame.from), end(frame.to)), expected, "{text:?}");
        assert_eq!(frame.oddities, oddities, "{text:?}");
    }

    fn check(text: &str, expected: &str) {
        check_with(&ReadingContext::new(date(2025, 4, 10)), text, expected, &[]);
    }

    fn odd(text: &str, expected: &str, oddity: Oddity) {
        check_with(&ReadingContext::new(date(2025, 4, 10)), text, expected, &[oddity]);
    }

    #[test]
    fn every_usual_way_of_writing_a_time_frame_is_read() {
        let quarter = "2025-01-01..2025-03-31";
        for text in [
            "2025-01-01 to 2025-03-31",
            "2025-01-01 - 2025-03-31",
            "2025-01-01–2025-03-31",
            "from 2025-01-01 to 2025-03-31",
            "between 2025-01-01 and 2025-03-31",
            "between 1 Jan 2025 and 31 March 2025",
            "2025/01/01 until 2025/03/31",
            "01/01/2025 to 31/03/2025",
            "01-01-2025 - 31-03-2025",
            "1.1.2025 – 31.3.2025",
            "01/01/25 to 31/03/25",
            "1 Jan to 31 Mar 2025",
            "1 Jan - 31 Mar 2025",
            "Jan 1 - Mar 31, 2025",
            "01-Jan-25 to 31-Mar-25",
            "1st of January 2025 through 31st March 2025",
            "Jan 1, 2025 to Mar 31, 2025",
            "January 1st, 2025 till March 31st, 2025",
            "January to March 2025",
            "Jan-Mar 2025",
            "January 2025 to March 2025",
            "Q1 2025",
            "2025 Q1",
            "2025-Q1",
            "first quarter of 2025",
            "Q4 FY 2024-25",
            "2025-01 to 2025-03",
            "since 2025-01-01 until 2025-03-31",
            "last quarter",
        ] {
            check(text, quarter);
        }
    }

    #[test]
    fn months_years_and_single_days_are_whole() {
        check("January 2025", "2025-01-01..2025-01-31");
        check("in Feb. 2024", "2024-02-01..2024-02-29");
        check("2024", "2024-01-01..2024-12-31");
        check("for 2023-2024", "2023-01-01..2024-12-31");
        check("1 Jan 2025", "2025-01-01..2025-01-01");
        check("31/12/2024", "2024-12-31..2024-12-31");
        check("03/2025", "2025-03-01..2025-03-31");
        check("FY 2024-25", "2024-04-01..2025-03-31");
        check("FY2024-25", "2024-04-01..2025-03-31");
        check("FY 24-25", "2024-04-01..2025-03-31");
        check("financial year 2024-2025", "2024-04-01..2025-03-31");
        check("Nov to Jan 2025", "2024-11-01..2025-01-31");
        check("1 Nov to 31 Jan 2025", "2024-11-01..2025-01-31");
        check("5 May", "2024-05-05..2024-05-05");
    }

    #[test]
    fn relative_frames_count_from_the_mail() {
        check("last 90 days", "2025-01-10..2025-04-10");
        check("the past 6 months", "2024-10-10..2025-04-10");
        check("last three weeks", "2025-03-20..2025-04-10");
        check("past year", "2024-04-10..2025-04-10");
        check("last year", "2024-01-01..2024-12-31");
        check("last month", "2025-03-01..2025-03-31");
        check("this month", "2025-04-01..2025-04-10");
        check("last week", "2025-03-31..2025-04-06");
        check("since yesterday", "2025-04-09..-");
        check("1 Jan 2025 to today", "2025-01-01..2025-04-10");
    }

    #[test]
    fn open_ends_are_left_open() {
        check("since 1 Jan 2025", "2025-01-01..-");
        check("from 2025-01-01", "2025-01-01..-");
        check("2025-01-01 onwards", "2025-01-01..-");
        check("January 2025 onwards", "2025-01-01..-");
        check("until 31 March 2025", "-..2025-03-31");
        check("up to March 2025", "-..2025-03-31");
        check("before 2025-04-01", "-..2025-03-31");
        check("no time at all", "-..-");
        check("", "-..-");
    }

    #[test]
    fn the_order_of_day_and_month_is_configured_and_reported() {
        let indian = ReadingContext::new(date(2025, 4, 10));
        let american = ReadingContext { day_first: DateOrder::MonthFirst, ..indian.clone() };
        odd("01/02/2025", "2025-02-01..2025-02-01", Oddity::Ambiguous);
        odd("01/02/2025 to 05/03/2025", "2025-02-01..2025-03-05", Oddity::Ambiguous);
        check_with(&american, "01/02/2025", "2025-01-02..2025-01-02", &[Oddity::Ambiguous]);
        check("01/01/2025", "2025-01-01..2025-01-01");
        check("01/02/2025 to 31/03/2025", "2025-02-01..2025-03-31");
        odd("01/02/2025 to 03/31/2025", "2025-01-02..2025-03-31", Oddity::Ambiguous);
        check("12/31/2024", "2024-12-31..2024-12-31");
        check_with(&american, "31/12/2024", "2024-12-31..2024-12-31", &[]);
        odd("FY25", "2024-04-01..2025-03-31", Oddity::Ambiguous);
        odd("2024-25", "2024-04-01..2025-03-31", Oddity::Ambiguous);
        odd("2011-12", "2011-12-01..2011-12-31", Oddity::Ambiguous);
        check_with(
            &ReadingContext { region: "DE".into(), ..indian },
            "FY 2024-25",
            "-..-",
            &[Oddity::Unreadable],
        );
    }

    #[test]
    fn what_cannot_be_one_frame_is_said() {
        odd("31/02/2025", "-..-", Oddity::Unreadable);
        odd("2025-13-01", "-..-", Oddity::Unreadable);
        odd("2025-02-30 to 2025-03-31", "-..-", Oddity::Unreadable);
        odd("2025-03-31 to 2025-01-01", "2025-03-31..2025-01-01", Oddity::Reversed);
        odd("January 2025 and March 2025", "2025-01-01..2025-01-31", Oddity::Several);
        odd("last few months", "-..-", Oddity::Unreadable);
    }

    #[test]
    fn phone_numbers_and_ids_are_no_dates() {
        for text in [
            "080-2345-2024",
            "080 2345 2024",
            "+91 2024",
            "account 2024",
            "user 2019",
            "ACME-2024",
            "1800 2025 123",
            "98765-43210",
            "98.76.54.32.10",
            "2024@x",
            "no. 2024",
        ] {
            check(text, "-..-");
        }
        check("account, 2024", "2024-01-01..2024-12-31");
        check("98765 43210 2025-01-01 to 2025-03-31", "2025-01-01..2025-03-31");
    }
}
