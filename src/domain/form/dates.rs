//! Single points of time in text: a day, a month, a quarter, a year, a financial year, "last 90 days". Each is found by
//! one pattern, the most specific first. Digits that touch other digits, dashes or a plus sign are phone numbers or
//! ids and are left alone. Two points become a range in `timeframe.rs`.

use super::ReadingContext;
use super::pattern::{pattern, take};
use jiff::Span;
use jiff::civil::Date;
use regex::{Captures, Regex};
use std::ops::Range;
use std::sync::LazyLock;

/// What a point says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum When {
    /// From the first day to the last, both included.
    Days(Date, Date),
    /// Numbers whose order is not settled yet: first, second, year.
    Numeric(i8, i8, i16),
    /// A day and month whose year stands elsewhere.
    NoYear(i8, i8),
    /// Read one way, could be read another.
    Guessed(Date, Date),
    /// Looks like a date and is none.
    Invalid,
}

/// A point and where it stands, bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Point {
    pub(super) at: Range<usize>,
    pub(super) when: When,
}

type Read = fn(&Captures<'_>, &ReadingContext) -> Option<When>;

const MONTH: &str = "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?";

static PATTERNS: LazyLock<Vec<(Regex, Read)>> = LazyLock::new(|| {
    let m = MONTH;
    let fy = r"(?:fy|f\.y\.|financial year|fiscal year)\s*[:'-]?\s*(?P<a>\d{4}|\d{2})(?:\s*[-/–]\s*(?P<b>\d{4}|\d{2}))?\b";
    let all: [(String, Read); 26] = [
        (format!(r"\bq(?P<q>[1-4])\s*(?:of\s+)?{fy}"), financial_quarter),
        (format!(r"\b{fy}"), financial_year),
        (r"\bq(?P<q>[1-4])[\s,/'-]*(?:of\s+)?(?P<y>\d{4})\b".into(), quarter),
        (r"\b(?P<y>\d{4})[\s/-]*q(?P<q>[1-4])\b".into(), quarter),
        (r"\bq(?P<q>[1-4])\s*'?(?P<y>\d{2})\b".into(), quarter),
        (r"\b(?P<q>[1-4])\.?\s*(?:quarter|q)(?:\s+(?:of|de|du|del|do))?[\s,/'-]*(?P<y>\d{4})\b".into(), quarter),
        (r"\b(?:h(?P<h>[12])|(?P<half>first|second|1st|2nd) half(?: of)?)[\s,/'-]*(?P<y>\d{4})\b".into(), half_year),
        (r"\b(?P<q>first|second|third|fourth|last|1st|2nd|3rd|4th) quarter(?: (?:of|de|du|del|do))? (?P<y>\d{4})\b".into(), quarter),
        (format!(r"\b(?P<m>{m})\b\.?\s*(?P<y>'\d{{2}})\b"), month),
        (r"\b(?P<y>(?:19|20)\d{2})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?:t[\d:.]+(?:z|[+-]\d\d:?\d\d)?)?\b".into(), iso),
        (r"\b(?P<a>\d{1,2})(?:/(?P<b1>\d{1,2})/|-(?P<b2>\d{1,2})-|\.(?P<b3>\d{1,2})\.)(?P<y>\d{4}|\d{2})\b".into(), numeric),
        (format!(r"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th|º|ª|°)?(?:\.?º?\s*|[/-])(?:(?:of|de|del)\s+)?(?P<m>{m})\b\.?(?:[\s,'/-]*(?:(?:of|de|del|do)\s+)?(?P<y>(?:19|20)\d{{2}})\b|\s*'(?P<y2>\d{{2}})\b|[/ -](?P<y3>\d{{2}})\b)?"), written),
        (format!(r"\b(?P<m>{m})\.?\s*(?:to|till|until|thru|through|and|-|–|—|à|a|au|al|e|y|et|से)\s*(?P<n>{m})\.?[\s,.']+(?:(?:of|de|del|do)\s+)?(?P<y>\d{{4}})\b"), months),
        (format!(r"\b(?P<m>{m})\b[\s.,'/-]*(?:(?:of|de|del|do)\s+)?(?P<y>(?:19|20)\d{{2}}|'\d{{2}})\b"), month),
        (format!(r"\b(?P<m>{m})\b\.?[\s-]+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b(?:[,\s-]+(?P<y>(?:19|20)\d{{2}}|'\d{{2}})\b)?"), written),
        (r"\b(?P<n>\d{1,4}|[a-z]+)\s+(?:last|past|previous)\s+(?P<u>day|week|month|quarter|year)s?\b".into(), relative),
        (r"\b(?:last|past|previous)\s+(?P<n>24|48|72)\s*(?P<u>hour)s?\b".into(), relative),
        (r"\b(?P<u>week|month|quarter|year)\s+last\b".into(), relative),
        (r"\b(?:ytd|year[ -]to[ -]date)\b".into(), year_to_date),
        (r"\b(?:the )?(?:last|past|previous|preceding|recent)\s+(?P<n>\d{1,4}|[a-z]+)?[\s-]*(?P<u>day|week|month|quarter|year)s?\b".into(), relative),
        (r"\b(?P<this>this|current) (?P<u>week|month|quarter|year)\b".into(), current),
        (r"\b(?P<w>today|now|yesterday)\b".into(), named_day),
        (r"\b(?P<y>(?:19|20)\d{2})\s*(?:-|–|—|to)\s*(?P<z>(?:19|20)\d{2})\b".into(), years),
        (r"\b(?P<y>(?:19|20)\d{2})-(?P<m>\d{2})\b".into(), year_month),
        (r"\b(?P<m>0?[1-9]|1[0-2])/(?P<y>(?:19|20)\d{2})\b".into(), year_month),
        (r"\b(?P<y>(?:19|20)\d{2})\b".into(), year),
    ];
    all.into_iter().map(|(text, read)| (pattern(&text), read)).collect()
});

/// Most points that are read.
const POINTS_MAX: usize = 20;

/// Every point in `text`, in its order; their text is taken out of it.
pub(super) fn find(text: &mut String, context: &ReadingContext) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    for (pattern, read) in PATTERNS.iter() {
        let found: Vec<Point> = pattern
            .captures_iter(text)
            .filter_map(|captures| {
                let whole = captures.get(0)?;
                let touches = touches_number(text, whole.start(), whole.end());
                let when = if touches { None } else { read(&captures, context) }?;
                Some(Point { at: whole.range(), when })
            })
            .take(POINTS_MAX)
            .collect();
        for point in found {
            take(text, point.at.clone());
            points.push(point);
        }
    }
    points.sort_by_key(|point| point.at.start);
    points.truncate(POINTS_MAX);
    points
}

static NAMES_AN_ID: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\b(?:accounts?|acct|a/c|users?|ids?|numbers?|no|ext|#)\s*[.:#]?\s*$"));

/// Whether the digits belong to a longer number or are named as an id: `080-2025`, `+91 2025`, `account 2024`.
fn touches_number(text: &str, start: usize, end: usize) -> bool {
    let (before, matched, after) =
        (text.get(..start).unwrap_or(""), text.get(start..end).unwrap_or(""), text.get(end..).unwrap_or(""));
    let begins_with_digit = matched.starts_with(|c: char| c.is_ascii_digit());
    let ends_with_digit = matched.ends_with(|c: char| c.is_ascii_digit());
    let joined_before = begins_with_digit && before.ends_with(['-', '+', '.', '/', '@', '#', '(']);
    let mut following = after.chars();
    let joined_after = ends_with_digit
        && matches!(following.next(), Some('-' | '.' | '/' | '@'))
        && following.next().is_some_and(|c| c.is_ascii_alphanumeric());
    // A bare year is the weakest sign of all: figures or an id's name before it, or figures behind it, rule it out.
    let bare_year = matched.len() == 4 && begins_with_digit;
    let after_figures = bare_year
        && (before.ends_with(' ') && before.trim_end().ends_with(|c: char| c.is_ascii_digit())
            || after.starts_with(' ') && after.trim_start().starts_with(|c: char| c.is_ascii_digit())
            || NAMES_AN_ID.is_match(before));
    joined_before || joined_after || after_figures
}

fn number<T: std::str::FromStr>(captures: &Captures<'_>, name: &str) -> Option<T> {
    captures.name(name)?.as_str().parse().ok()
}

/// Two figures are a year of this century.
fn full_year(captures: &Captures<'_>, name: &str) -> Option<i16> {
    let year: i16 = number(captures, name)?;
    Some(if year < 100 { 2000 + year } else { year })
}

/// A year that may be written `'25`.
fn short_year(captures: &Captures<'_>) -> Option<i16> {
    let year = ["y", "y2", "y3"].into_iter().find_map(|name| captures.name(name))?;
    let year: i16 = year.as_str().trim_start_matches('\'').parse().ok()?;
    Some(if year < 100 { 2000 + year } else { year })
}

fn month_number(name: &str) -> Option<i8> {
    let names = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let start: String = name.to_ascii_lowercase().chars().take(3).collect();
    names.iter().position(|known| *known == start).and_then(|at| i8::try_from(at + 1).ok())
}

fn whole_month(year: i16, month: i8) -> Option<(Date, Date)> {
    let first = Date::new(year, month, 1).ok()?;
    Some((first, first.last_of_month()))
}

/// From the first day of a month over `months` whole months.
fn months_from(year: i16, month: i8, months: i64) -> Option<When> {
    let first = Date::new(year, month, 1).ok()?;
    let last = first.checked_add(Span::new().try_months(months - 1).ok()?).ok()?.last_of_month();
    Some(When::Days(first, last))
}

fn iso(captures: &Captures<'_>, _: &ReadingContext) -> Option<When> {
    let date = Date::new(number(captures, "y")?, number(captures, "m")?, number(captures, "d")?);
    Some(date.map_or(When::Invalid, |day| When::Days(day, day)))
}

fn numeric(captures: &Captures<'_>, _: &ReadingContext) -> Option<When> {
    let second = ["b1", "b2", "b3"].into_iter().find_map(|name| number(captures, name))?;
    let (first, year): (i8, i16) = (number(captures, "a")?, full_year(captures, "y")?);
    // `98.76.54` is part of a phone number; `31/13/2025` is a mistyped date.
    ((1..=31).contains(&first) && (1..=31).contains(&second)).then_some(When::Numeric(first, second, year))
}

fn written(captures: &Captures<'_>, _: &ReadingContext) -> Option<When> {
    let (day, month): (i8, i8) = (number(captures, "d")?, month_number(captures.name("m")?.as_str())?);
    match short_year(captures) {
        Some(year) => Some(Date::new(year, month, day).map_or(When::Invalid, |date| When::Days(date, date))),
        None => Some(if (1..=31).contains(&day) { When::NoYear(day, month) } else { When::Invalid }),
    }
}

fn month(captures: &Captures<'_>, _: &ReadingContext) -> Option<When> {
    let (first, last) = whole_month(short_year(captures)?, month_number(captures.name("m")?.as_str())?)?;
    Some(When::Days(first, last))
}

fn months(captures: &Captures<'_>, _: &ReadingContext) -> Option<When> {
    let year: i16 = number(captures, "y")?;
    let (from, to) =
        (month_number(captures.name("m")?.as_str())?, month_number(captures.name("n")?.as_str())?);
    // "November to January 2025" began in the year before.
    let first = whole_month(if from > to { year - 1 } else { year }, from)?.0;
    Some(When::Days(first, whole_month(year, to)?.1))
}

fn year_month(captures: &Captures<'_>, context: &ReadingContext) -> Option<When> {
    let (year, second): (i16, i8) = (number(captures, "y")?, number(captures, "m")?);
    let next_year = i16::from(second) == (year + 1) % 100;
    if let Some((first, last)) = whole_month(year, second) {
        return Some(if next_year { When::Guessed(first, last) } else { When::Days(first, last) });
    }
    // "2024-25" can only be a financial year.
    if next_year {
        indian_year(year, context).map(|(first, last)| When::Guessed(first, last))
    } else {
        Some(When::Invalid)
    }
}

fn year(captures: &Captures<'_>, _: &ReadingContext) -> Option<When> {
    let first = Date::new(number(captures, "y")?, 1, 1).ok()?;
    Some(When::Days(first, first.last_of_year()))
}

fn years(captures: &Captures<'_>, _: &ReadingContext) -> Option<When> {
    let first = Date::new(number(captures, "y")?, 1, 1).ok()?;
    Some(When::Days(first, Date::new(number(captures, "z")?, 12, 31).ok()?))
}

fn quarter(captures: &Captures<'_>, _: &ReadingContext) -> Option<When> {
    months_from(full_year(captures, "y")?, (quarter_number(captures)? - 1) * 3 + 1, 3)
}

fn half_year(captures: &Captures<'_>, _: &ReadingContext) -> Option<When> {
    let half = captures.name("h").or_else(|| captures.name("half"))?.as_str();
    let first = if half.starts_with(['1', 'f', 'F']) { 1 } else { 7 };
    months_from(number(captures, "y")?, first, 6)
}

#[expect(clippy::unnecessary_wraps, reason = "every reader of a pattern has this signature")]
fn year_to_date(_: &Captures<'_>, context: &ReadingContext) -> Option<When> {
    Some(When::Days(context.date.first_of_year(), context.date))
}

fn quarter_number(captures: &Captures<'_>) -> Option<i8> {
    match captures.name("q")?.as_str().to_ascii_lowercase().as_str() {
        "1" | "first" | "1st" => Some(1),
        "2" | "second" | "2nd" => Some(2),
        "3" | "third" | "3rd" => Some(3),
        "4" | "fourth" | "4th" | "last" => Some(4),
        _ => None,
    }
}

/// April to March, where the region is IN (decision 18). Elsewhere a financial year is not known and must be written out.
fn indian_year(start: i16, context: &ReadingContext) -> Option<(Date, Date)> {
    if !context.region.eq_ignore_ascii_case("IN") {
        return None;
    }
    Some((Date::new(start, 4, 1).ok()?, Date::new(start.checked_add(1)?, 3, 31).ok()?))
}

/// The year in which it starts, and whether one number had to stand for two years: FY25 is the one that ends in 2025.
fn financial_start(captures: &Captures<'_>) -> Option<(i16, bool)> {
    let first = full_year(captures, "a")?;
    match full_year(captures, "b") {
        Some(second) if second % 100 == (first + 1) % 100 => Some((first, false)),
        Some(_) => None,
        None => Some((first - 1, true)),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "every reader of a pattern has this signature")]
fn financial_year(captures: &Captures<'_>, context: &ReadingContext) -> Option<When> {
    let Some((start, guessed)) = financial_start(captures) else { return Some(When::Invalid) };
    Some(match (indian_year(start, context), guessed) {
        (Some((first, last)), true) => When::Guessed(first, last),
        (Some((first, last)), false) => When::Days(first, last),
        (None, _) => When::Invalid,
    })
}

fn financial_quarter(captures: &Captures<'_>, context: &ReadingContext) -> Option<When> {
    let Some((first, _)) = financial_start(captures).and_then(|(start, _)| indian_year(start, context))
    else {
        return Some(When::Invalid);
    };
    let begin =
        first.checked_add(Span::new().try_months(i64::from(quarter_number(captures)? - 1) * 3).ok()?).ok()?;
    months_from(begin.year(), begin.month(), 3)
}

fn span(count: i64, unit: &str) -> Option<Span> {
    let span = Span::new();
    match unit {
        "hour" => span.try_days(count / 24),
        "day" => span.try_days(count),
        "week" => span.try_weeks(count),
        "month" => span.try_months(count),
        "quarter" => span.try_months(count.checked_mul(3)?),
        _ => span.try_years(count),
    }
    .ok()
}

fn relative(captures: &Captures<'_>, context: &ReadingContext) -> Option<When> {
    let unit = captures.name("u")?.as_str().to_ascii_lowercase();
    let Some(count) = captures.name("n") else {
        return if captures.get(0)?.as_str().to_ascii_lowercase().contains("past") {
            Some(When::Days(context.date.checked_sub(span(1, &unit)?).ok()?, context.date))
        } else {
            unit_around(context.date.checked_sub(span(1, &unit)?).ok()?, &unit)
        };
    };
    let words =
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    let count = match count.as_str().to_ascii_lowercase().as_str() {
        "a" | "an" => 1,
        "few" | "couple" => return Some(When::Invalid),
        "fifteen" => 15,
        "thirty" => 30,
        "sixty" => 60,
        "ninety" => 90,
        word => match words.iter().position(|known| *known == word) {
            Some(at) => i64::try_from(at).ok()? + 1,
            None => word.parse().ok()?,
        },
    };
    // "Last 90 days" is Date - 90 days to Date (decision 18).
    Some(When::Days(context.date.checked_sub(span(count, &unit)?).ok()?, context.date))
}

fn current(captures: &Captures<'_>, context: &ReadingContext) -> Option<When> {
    match unit_around(context.date, &captures.name("u")?.as_str().to_ascii_lowercase())? {
        When::Days(first, _) => Some(When::Days(first, context.date)),
        other => Some(other),
    }
}

/// The calendar unit that holds a day.
fn unit_around(day: Date, unit: &str) -> Option<When> {
    match unit {
        "day" => Some(When::Days(day, day)),
        "week" => {
            let monday =
                day.checked_sub(Span::new().try_days(day.weekday().to_monday_zero_offset()).ok()?).ok()?;
            Some(When::Days(monday, monday.checked_add(Span::new().try_days(6).ok()?).ok()?))
        }
        "month" => months_from(day.year(), day.month(), 1),
        "quarter" => months_from(day.year(), (day.month() - 1) / 3 * 3 + 1, 3),
        _ => Some(When::Days(day.first_of_year(), day.last_of_year())),
    }
}

fn named_day(captures: &Captures<'_>, context: &ReadingContext) -> Option<When> {
    let day = if captures.name("w")?.as_str().eq_ignore_ascii_case("yesterday") {
        context.date.yesterday().ok()?
    } else {
        context.date
    };
    Some(When::Days(day, day))
}
