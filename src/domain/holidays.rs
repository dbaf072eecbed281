//! Reads holidays out of the text of an .ics file (RFC 5545): every whole-day event is a holiday. Opens no file and
//! judges no year; `calendar.rs` takes the days. Our own reader, because the maintained crates (`icalendar`, `calcard`)
//! bring a second time library for the four properties that matter here.
//! What it leaves out shortens a due date and never lengthens it: timed and cancelled events are no holidays. Events
//! that repeat are refused rather than half read.

use jiff::Span;
use jiff::civil::{Date, DateTime, Time};
use std::collections::BTreeMap;

/// Longest event that is taken for a holiday; longer ones are most likely someone's leave or a season.
pub const EVENT_DAYS_MAX: i32 = 31;

/// Where an .ics text cannot be read, and why.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct HolidaysError {
    /// Counted from 1, as an editor shows it; of an event, where it begins.
    pub line: usize,
    /// What is wrong.
    pub fault: HolidaysFault,
}

/// What is wrong with an .ics text.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum HolidaysFault {
    /// The text does not begin with `BEGIN:VCALENDAR`, or has text outside of it.
    #[error("this is no iCalendar text: BEGIN:VCALENDAR is expected")]
    NoCalendar,
    /// A component ends that did not begin, or the text ends inside one.
    #[error("END:{0} is expected: the file is cut off or damaged")]
    Unbalanced(String),
    /// An event without a day.
    #[error("the event has no DTSTART")]
    NoStart,
    /// A date that is none.
    #[error("\"{0}\" is no date: 20260126 is expected")]
    Date(String),
    /// A length that is not in days or weeks.
    #[error("\"{0}\" is no whole number of days: P1D is expected")]
    Duration(String),
    /// An event that ends before it begins.
    #[error("the event ends on {end}, before it begins on {start}")]
    Backwards {
        /// First day.
        start: Date,
        /// As written.
        end: Date,
    },
    /// An event that is too long to be a holiday.
    #[error(
        "the event lasts {days} days, but a holiday lasts at most {EVENT_DAYS_MAX}: split it or take it out"
    )]
    Long {
        /// How long.
        days: i32,
    },
    /// An event with a rule instead of days.
    #[error("the event repeats by {0}, which is not read: write out one event for each year")]
    Repeats(String),
}

/// The holidays in an .ics text, by day, with their names; two on one day share it.
pub fn holidays(text: &str) -> Result<BTreeMap<Date, String>, HolidaysError> {
    let mut holidays = BTreeMap::new();
    let mut open: Vec<String> = Vec::new();
    let mut event = Event::default();
    let lines = unfold(text.trim_start_matches('\u{feff}'));
    let Some(&(last, _)) = lines.last() else {
        return Err(HolidaysError { line: 1, fault: HolidaysFault::NoCalendar });
    };
    for (line, content) in lines {
        let failed = |fault| HolidaysError { line, fault };
        let Some(property) = Property::parse(&content) else {
            if open.is_empty() {
                return Err(failed(HolidaysFault::NoCalendar));
            }
            continue;
        };
        match property.name.as_str() {
            "BEGIN" => {
                open.push(property.value.to_ascii_uppercase());
                if is_event(&open) {
                    event = Event { line, ..Event::default() };
                }
            }
            "END" => {
                let name = property.value.to_ascii_uppercase();
                if open.last() != Some(&name) {
                    return Err(failed(HolidaysFault::Unbalanced(open.pop().unwrap_or(name))));
                }
                if is_event(&open) {
                    let begun = event.line;
                    let days = std::mem::take(&mut event).days();
                    add(&mut holidays, days.map_err(|fault| HolidaysError { line: begun, fault })?);
                }
                open.pop();
            }
            _ if open.is_empty() => return Err(failed(HolidaysFault::NoCalendar)),
            // An alarm inside of an event has properties of the same names.
            _ if is_event(&open) => event.take(&property).map_err(failed)?,
            _ => {}
        }
        if open.first().is_some_and(|outermost| outermost != "VCALENDAR") {
            return Err(failed(HolidaysFault::NoCalendar));
        }
    }
    match open.pop() {
        Some(name) => Err(HolidaysError { line: last, fault: HolidaysFault::Unbalanced(name) }),
        None => Ok(holidays),
    }
}

fn is_event(open: &[String]) -> bool {
    matches!(open, [calendar, event] if calendar == "VCALENDAR" && event == "VEVENT")
}

fn add(holidays: &mut BTreeMap<Date, String>, (days, name): (Vec<Date>, String)) {
    for day in days {
        let known = holidays.entry(day).or_default();
        if known.is_empty() {
            known.clone_from(&name);
        } else if !name.is_empty() && *known != name {
            known.push_str(", ");
            known.push_str(&name);
        }
    }
}

/// Joins folded lines (RFC 5545 3.1) and numbers them by where they begin.
fn unfold(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (number, line) in (1..).zip(text.split('\n')) {
        let line = line.strip_suffix('\r').unwrap_or(line);
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some((_, last))) => last.push_str(rest),
            _ if line.trim().is_empty() => {}
            _ => lines.push((number, line.to_owned())),
        }
    }
    lines
}

/// A content line, `NAME;PARAMETER=VALUE:VALUE` (RFC 5545 3.1).
struct Property {
    name: String,
    value: String,
}

impl Property {
    /// None for a line without a colon. Parameters fall away: a value shows by itself whether it is a date.
    fn parse(content: &str) -> Option<Self> {
        let mut quoted = false;
        // A quoted parameter may hold a colon.
        let (head, value) = content.split_once(|c| {
            quoted ^= c == '"';
            c == ':' && !quoted
        })?;
        let name = head.split(';').next()?.trim().to_ascii_uppercase();
        Some(Self { name, value: value.trim().to_owned() })
    }
}

/// One VEVENT, as far as it matters.
#[derive(Default)]
struct Event {
    line: usize,
    start: Option<Moment>,
    end: Option<Moment>,
    days: Option<i32>,
    name: String,
    repeats: Option<String>,
    cancelled: bool,
}

/// A DTSTART or DTEND.
#[derive(Clone, Copy)]
enum Moment {
    /// A day, or midnight by the wall clock, which some programs write for one.
    Day(Date),
    /// Anything else: the event is no whole day.
    Timed,
}

impl Moment {
    fn parse(value: &str) -> Result<Self, HolidaysFault> {
        let wrong = || HolidaysFault::Date(value.to_owned());
        if !value.contains('T') {
            return Date::strptime("%Y%m%d", value).map(Self::Day).map_err(|_| wrong());
        }
        // Midnight UTC is midnight hardly anywhere.
        let wall = value.strip_suffix('Z').unwrap_or(value);
        let at = DateTime::strptime("%Y%m%dT%H%M%S", wall).map_err(|_| wrong())?;
        let midnight = at.time() == Time::midnight() && wall == value;
        Ok(if midnight { Self::Day(at.date()) } else { Self::Timed })
    }
}

impl Event {
    fn take(&mut self, property: &Property) -> Result<(), HolidaysFault> {
        match property.name.as_str() {
            "DTSTART" => self.start = Some(Moment::parse(&property.value)?),
            "DTEND" => self.end = Some(Moment::parse(&property.value)?),
            "DURATION" => self.days = whole_days(&property.value)?,
            "SUMMARY" => self.name = unescape(&property.value),
            "STATUS" => self.cancelled = property.value.eq_ignore_ascii_case("CANCELLED"),
            "RRULE" | "RDATE" => self.repeats = Some(property.name.clone()),
            _ => {}
        }
        Ok(())
    }

    /// The days of the event and its name. DTEND is the day after the last (RFC 5545 3.6.1); without one an event of
    /// a day lasts one day.
    fn days(self) -> Result<(Vec<Date>, String), HolidaysFault> {
        let none = (Vec::new(), String::new());
        let Moment::Day(start) = self.start.ok_or(HolidaysFault::NoStart)? else {
            return Ok(none);
        };
        if self.cancelled {
            return Ok(none);
        }
        if let Some(rule) = self.repeats {
            return Err(HolidaysFault::Repeats(rule));
        }
        let days = match (self.end, self.days) {
            (Some(Moment::Timed), _) => return Ok(none),
            (Some(Moment::Day(end)), _) if end < start => {
                return Err(HolidaysFault::Backwards { start, end });
            }
            // Some programs give the same day twice for an event of one day.
            (Some(Moment::Day(end)), _) => (end - start).get_days().max(1),
            (None, Some(days)) => days,
            (None, None) => 1,
        };
        if days > EVENT_DAYS_MAX {
            return Err(HolidaysFault::Long { days });
        }
        let last = start.saturating_add(Span::new().days(days - 1));
        let days = start.series(Span::new().days(1)).take_while(|day| *day <= last);
        Ok((days.collect(), self.name))
    }
}

/// `P1D` or `P2W` in days; none for a length in hours, which makes no whole day (RFC 5545 3.3.6).
fn whole_days(value: &str) -> Result<Option<i32>, HolidaysFault> {
    let wrong = || HolidaysFault::Duration(value.to_owned());
    let length = value.trim_start_matches('+').strip_prefix('P').ok_or_else(wrong)?;
    if length.contains('T') {
        return Ok(Some(0));
    }
    let (count, unit) = match (length.strip_suffix('D'), length.strip_suffix('W')) {
        (Some(days), _) => (days, 1),
        (_, Some(weeks)) => (weeks, 7),
        _ => return Err(wrong()),
    };
    let count: u16 = count.parse().map_err(|_| wrong())?;
    Ok(Some(i32::from(count) * unit))
}

/// Takes back the escapes of a text value (RFC 5545 3.3.11).
fn unescape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n' | 'N')) => text.push(' '),
            ('\\', Some(escaped)) => text.push(escaped),
            ('\\', None) => {}
            (plain, _) => text.push(plain),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{HolidaysFault, holidays};
    use jiff::civil::date;

    fn calendar(events: &str) -> String {
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}END:VCALENDAR\r\n", events.replace('\n', "\r\n"))
    }

    fn event(lines: &str) -> String {
        calendar(&format!("BEGIN:VEVENT\n{lines}\nEND:VEVENT\n"))
    }

    fn days(text: &str) -> Vec<String> {
        let holidays = holidays(text).unwrap_or_else(|error| panic!("{error} in {text}"));
        holidays.iter().map(|(day, name)| format!("{day} {name}")).collect()
    }

    #[test]
    fn whole_day_events_are_holidays() {
        let check = |lines: &str, expected: &[&str]| assert_eq!(days(&event(lines)), expected, "{lines}");
        check(
            "DTSTART;VALUE=DATE:20260126\nDTEND;VALUE=DATE:20260127\nSUMMARY:Republic Day",
            &["2026-01-26 Republic Day"],
        );
        check("DTSTART;VALUE=DATE:20260126\nSUMMARY:Republic Day", &["2026-01-26 Republic Day"]);
        check("DTSTART:20260126\nDTEND:20260126\nSUMMARY:x", &["2026-01-26 x"]);
        check("SUMMARY;LANGUAGE=en:x\nDTSTART;VALUE=DATE:20260126", &["2026-01-26 x"]);
        check("dtstart;value=date:20260126\nsummary:x", &["2026-01-26 x"]);
        check("DTSTART;X-A=\"b:c;d\";VALUE=DATE:20260126\nSUMMARY:a:b", &["2026-01-26 a:b"]);
        check(
            "DTSTART;VALUE=DATE:20251231\nDTEND;VALUE=DATE:20260102\nSUMMARY:x",
            &["2025-12-31 x", "2026-01-01 x"],
        );
        check("DTSTART;VALUE=DATE:20280228\nDURATION:P2D\nSUMMARY:x", &["2028-02-28 x", "2028-02-29 x"]);
        check("DTSTART;VALUE=DATE:20260126", &["2026-01-26 "]);
        check(
            "DTSTART;TZID=Asia/Kolkata:20260126T000000\nDTEND;TZID=Asia/Kolkata:20260127T000000\nSUMMARY:x",
            &["2026-01-26 x"],
        );
        assert_eq!(days(&event("DTSTART;VALUE=DATE:20260105\nDURATION:P1W")).len(), 7);
    }

    #[test]
    fn what_is_no_whole_day_is_no_holiday() {
        let check = |lines: &str| assert_eq!(days(&event(lines)), Vec::<String>::new(), "{lines}");
        check("DTSTART:20261218T180000\nDTEND:20261218T230000\nSUMMARY:Party");
        check("DTSTART:20261218T000000Z\nDTEND:20261219T000000Z\nSUMMARY:elsewhere");
        check("DTSTART:20261218T000000\nDTEND:20261218T120000\nSUMMARY:morning off");
        check("DTSTART:20261218T000000\nDURATION:PT4H");
        check("DTSTART;VALUE=DATE:20261218\nSTATUS:CANCELLED");
        check("DTSTART:20260101T090000\nRRULE:FREQ=WEEKLY\nSUMMARY:Stand-up");
        assert!(days(&calendar("")).is_empty());
    }

    #[test]
    fn folded_lines_escapes_alarms_and_time_zones_are_understood() {
        let text = calendar(
            "BEGIN:VTIMEZONE\nTZID:Europe/London\nBEGIN:DAYLIGHT\nDTSTART:19810329T010000\nRRULE:FREQ=YEARLY;BYMONTH=3\nEND:DAYLIGHT\nEND:VTIMEZONE\n\
             BEGIN:VTODO\nDTSTART;VALUE=DATE:20260501\nEND:VTODO\n\
             BEGIN:VEVENT\nDTSTART;VALUE=DA\n TE:20260403\nSUMMARY:Good \n\tFri\n day\\, Easter\\; \\\\x\\ny\n\
             BEGIN:VALARM\nTRIGGER:-P1D\nDURATION:PT15M\nSUMMARY:alarm\nRRULE:x\nEND:VALARM\nEND:VEVENT\n",
        );
        assert_eq!(days(&text), ["2026-04-03 Good Friday, Easter; \\x y"]);
    }

    #[test]
    fn bare_line_feeds_a_byte_order_mark_and_several_calendars_are_read() {
        let one = event("DTSTART;VALUE=DATE:20260101\nSUMMARY:New Year").replace("\r\n", "\n");
        let two = event("DTSTART;VALUE=DATE:20260102\nSUMMARY:Bridge");
        assert_eq!(days(&format!("\u{feff}{one}\n{two}")), ["2026-01-01 New Year", "2026-01-02 Bridge"]);
    }

    #[test]
    fn two_holidays_share_a_day() {
        let one = "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20261225\nSUMMARY:Christmas\nEND:VEVENT\n";
        let two = one.replace("Christmas", "Shutdown");
        assert_eq!(
            days(&calendar(&format!("{one}{two}{one}"))),
            ["2026-12-25 Christmas, Shutdown, Christmas"]
        );
        assert_eq!(days(&calendar(&format!("{one}{one}"))), ["2026-12-25 Christmas"]);
    }

    #[test]
    fn a_text_that_cannot_be_read_is_refused_with_its_line() {
        let check = |text: &str, line: usize, fault: HolidaysFault| {
            let error = holidays(text).expect_err("unreadable");
            assert_eq!((error.line, error.fault), (line, fault), "{text}");
        };
        let none = || HolidaysFault::NoCalendar;
        check("", 1, none());
        check("<!DOCTYPE html>\n<a href=\"https://acme.example\">", 1, none());
        check(&format!("{}x", calendar("")), 4, none());
        check("hello", 1, none());
        check("SUMMARY:x", 1, none());
        check("BEGIN:VCARD\nFN:Asha\nEND:VCARD", 1, none());
        check("BEGIN:VEVENT\nEND:VEVENT", 1, none());
        let whole = event("DTSTART;VALUE=DATE:20260126");
        check(
            &whole.replace("END:VEVENT\r\nEND:VCALENDAR\r\n", ""),
            4,
            HolidaysFault::Unbalanced("VEVENT".to_owned()),
        );
        check(&whole.replace("END:VEVENT\r\n", ""), 5, HolidaysFault::Unbalanced("VEVENT".to_owned()));
        check(&event("SUMMARY:x"), 3, HolidaysFault::NoStart);
        check(&event("DTSTART:2026-01-26"), 4, HolidaysFault::Date("2026-01-26".to_owned()));
        check(&event("DTSTART:20260230"), 4, HolidaysFault::Date("20260230".to_owned()));
        check(&event("DTSTART:20260126T250000"), 4, HolidaysFault::Date("20260126T250000".to_owned()));
        check(&event("DTSTART:20260126\nDURATION:1D"), 5, HolidaysFault::Duration("1D".to_owned()));
        check(
            &event("DTSTART:20260126\nDURATION:P99999999D"),
            5,
            HolidaysFault::Duration("P99999999D".to_owned()),
        );
        check(&event("DTSTART:20260126\nRRULE:FREQ=YEARLY"), 3, HolidaysFault::Repeats("RRULE".to_owned()));
        check(&event("DTSTART:20260601\nDTEND:20260901"), 3, HolidaysFault::Long { days: 92 });
        let backwards = HolidaysFault::Backwards { start: date(2026, 1, 26), end: date(2026, 1, 25) };
        check(&event("DTSTART:20260126\nDTEND:20260125"), 3, backwards);
        assert_eq!(
            holidays("hello").expect_err("none").to_string(),
            "line 1: this is no iCalendar text: BEGIN:VCALENDAR is expected"
        );
    }
}
