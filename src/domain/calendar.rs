//! The company's business calendar: its time zone, work days, opening hours and holidays, and what a working day or a
//! working hour is by them. It knows no law and no promise (`deadline.rs`), reads no clock, and loads no time zone: the
//! zone is handed in. Holidays from a file are `holidays.rs`.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// When the company works. Every answer is a time or a day in its own zone.
#[derive(Clone, Debug)]
pub struct Calendar {
    zone: TimeZone,
    workdays: Vec<Weekday>,
    opens: Time,
    closes: Time,
    holidays: BTreeMap<Date, String>,
}

/// Why a calendar cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The zone is jiff's placeholder for "none known".
    #[error("the calendar has no time zone: name one, such as \"Asia/Kolkata\"")]
    NoZone,
    /// No day of the week is a work day.
    #[error("the calendar has no work day: name at least one, such as \"mon\"")]
    NoWorkday,
    /// Opening hours that end before they begin, or at once.
    #[error(
        "the calendar opens at {opens} and closes at {closes}: closing must be the later time of the same day"
    )]
    Hours {
        /// As configured.
        opens: Time,
        /// As configured.
        closes: Time,
    },
    /// More holidays than any company has; most likely the wrong file.
    #[error("the calendar has {count} holidays, more than the {max} that are read: is it the right file?", max = Calendar::HOLIDAYS_MAX)]
    TooManyHolidays {
        /// How many there were.
        count: usize,
    },
}

impl Calendar {
    /// Most holidays that are taken: a century of a company that closes 40 days a year.
    pub const HOLIDAYS_MAX: usize = 4_000;

    /// Builds a calendar. `opens` belongs to the working day, `closes` no longer does.
    pub fn new(
        zone: TimeZone,
        workdays: &[Weekday],
        opens: Time,
        closes: Time,
        holidays: BTreeMap<Date, String>,
    ) -> Result<Self, CalendarError> {
        if zone.is_unknown() {
            return Err(CalendarError::NoZone);
        }
        if workdays.is_empty() {
            return Err(CalendarError::NoWorkday);
        }
        if closes <= opens {
            return Err(CalendarError::Hours { opens, closes });
        }
        if holidays.len() > Self::HOLIDAYS_MAX {
            return Err(CalendarError::TooManyHolidays { count: holidays.len() });
        }
        Ok(Self { zone, workdays: workdays.to_vec(), opens, closes, holidays })
    }

    /// The zone in which days begin and end.
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Whether the company works on that day.
    pub fn is_workday(&self, day: Date) -> bool {
        self.workdays.contains(&day.weekday()) && !self.holidays.contains_key(&day)
    }

    /// What that day is called, if it is a holiday.
    pub fn holiday(&self, day: Date) -> Option<&str> {
        self.holidays.get(&day).map(String::as_str)
    }

    /// That day if it is a work day, else the first one after it.
    pub fn next_workday_on_or_after(&self, day: Date) -> Date {
        let mut day = day;
        while !self.is_workday(day) {
            match day.tomorrow() {
                Ok(next) => day = next,
                Err(_) => return Date::MAX,
            }
        }
        day
    }

    /// That day if it is a work day, else the last one before it.
    pub fn last_workday_on_or_before(&self, day: Date) -> Date {
        let mut day = day;
        while !self.is_workday(day) {
            match day.yesterday() {
                Ok(before) => day = before,
                Err(_) => return Date::MIN,
            }
        }
        day
    }

    /// The `count`-th work day after that day, which is not counted itself; 0 gives the day itself.
    pub fn add_workdays(&self, day: Date, count: u16) -> Date {
        (0..count).fold(day, |day, _| self.next_workday_on_or_after(day.tomorrow().unwrap_or(Date::MAX)))
    }

    /// By when the receipt must be acknowledged: closing time of the next business day (the seed's one business day).
    /// The day of receipt is not counted; what comes after hours or on a holiday counts as received at the next opening.
    pub fn ack_due(&self, received: Timestamp) -> Timestamp {
        self.closing(self.add_workdays(self.business_day(received), 1))
    }

    /// The work day to which a moment counts: its own day before closing time, else the next work day.
    pub fn business_day(&self, at: Timestamp) -> Date {
        let day = self.local_date(at);
        if self.is_workday(day) && at < self.closing(day) {
            return day;
        }
        self.next_workday_on_or_after(day.tomorrow().unwrap_or(Date::MAX))
    }

    /// The moment at which that many opening hours have passed since `from` (standard O7: the alarm after 4 hours).
    pub fn add_business_hours(&self, from: Timestamp, hours: u32) -> Timestamp {
        let mut left = SignedDuration::from_hours(i64::from(hours));
        let mut day = self.local_date(from);
        loop {
            day = self.next_workday_on_or_after(day);
            let start = self.opening(day).max(from);
            let open = start.duration_until(self.closing(day)).max(SignedDuration::ZERO);
            if left <= open {
                return start.saturating_add(left).unwrap_or(Timestamp::MAX);
            }
            left = left.saturating_sub(open);
            match day.tomorrow() {
                Ok(next) => day = next,
                Err(_) => return Timestamp::MAX,
            }
        }
    }

    /// The day on which a moment falls in the company's zone.
    pub fn local_date(&self, at: Timestamp) -> Date {
        self.zone.to_datetime(at).date()
    }

    /// When the doors open on that day, whether it is a work day or not.
    pub fn opening(&self, day: Date) -> Timestamp {
        self.moment(day, self.opens)
    }

    /// When the doors close on that day, whether it is a work day or not.
    pub fn closing(&self, day: Date) -> Timestamp {
        self.moment(day, self.closes)
    }

    /// The last whole second of that day.
    pub fn end_of_day(&self, day: Date) -> Timestamp {
        // Counted back from the next midnight, because a day may end early or late where clocks change at midnight.
        let midnight = day.tomorrow().map_or(Timestamp::MAX, |next| self.moment(next, Time::midnight()));
        midnight.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(midnight)
    }

    /// A wall-clock time as a moment: the earlier of two, and the one after a gap (RFC 5545 3.3.5).
    fn moment(&self, day: Date, time: Time) -> Timestamp {
        let wall = day.to_datetime(time);
        self.zone.to_ambiguous_timestamp(wall).compatible().unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::{Calendar, CalendarError};
    use jiff::Timestamp;
    use jiff::civil::{Date, Time, Weekday, date, time};
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

    fn at(calendar: &Calendar, wall: &str) -> Timestamp {
        let wall: jiff::civil::DateTime = wall.parse().expect("a wall-clock time");
        calendar.zone().to_timestamp(wall).expect("exists")
    }

    fn wall(calendar: &Calendar, at: Timestamp) -> String {
        calendar.zone().to_datetime(at).to_string()
    }

    #[test]
    fn the_acknowledgement_is_due_at_the_end_of_the_next_business_day() {
        // Monday 26 January 2026 is Republic Day.
        let india = calendar("Asia/Kolkata", &[date(2026, 1, 26)]);
        let check = |received: &str, expected: &str| {
            assert_eq!(wall(&india, india.ack_due(at(&india, received))), expected, "{received}");
        };
        check("2026-01-20T11:00:00", "2026-01-21T18:00:00"); // in hours
        check("2026-01-20T06:00:00", "2026-01-21T18:00:00"); // before opening: the same day
        check("2026-01-20T17:59:59", "2026-01-21T18:00:00");
        check("2026-01-20T18:00:00", "2026-01-22T18:00:00"); // closed: counts as the next morning
        check("2026-01-22T23:59:59", "2026-01-27T18:00:00"); // Thursday night is Friday; Monday is a holiday
        check("2026-01-23T10:00:00", "2026-01-27T18:00:00"); // Friday, over the long weekend
        check("2026-01-24T10:00:00", "2026-01-28T18:00:00"); // Saturday counts as Tuesday
        check("2026-01-26T10:00:00", "2026-01-28T18:00:00"); // so does the holiday itself
    }

    #[test]
    fn business_hours_run_only_while_the_doors_are_open() {
        let india = calendar("Asia/Kolkata", &[date(2026, 1, 26)]);
        let check = |from: &str, hours: u32, expected: &str| {
            assert_eq!(wall(&india, india.add_business_hours(at(&india, from), hours)), expected, "{from}");
        };
        check("2026-01-20T10:00:00", 4, "2026-01-20T14:00:00");
        check("2026-01-20T14:00:00", 4, "2026-01-20T18:00:00"); // just fits
        check("2026-01-20T16:00:00", 4, "2026-01-21T11:30:00"); // two today, two tomorrow
        check("2026-01-20T05:00:00", 4, "2026-01-20T13:30:00");
        check("2026-01-23T17:00:00", 4, "2026-01-27T12:30:00"); // over a weekend and a holiday
        check("2026-01-24T12:00:00", 0, "2026-01-27T09:30:00");
        check("2026-01-20T10:00:00", 17, "2026-01-22T10:00:00");
    }

    #[test]
    fn clock_changes_neither_lose_nor_invent_an_hour() {
        let berlin = calendar("Europe/Berlin", &[]);
        // The clocks go forward on Sunday 29 March 2026: closing stays at 18:00 by the wall, one hour earlier in UTC.
        assert_eq!(berlin.ack_due(at(&berlin, "2026-03-27T12:00:00")).to_string(), "2026-03-30T16:00:00Z");
        assert_eq!(berlin.end_of_day(date(2026, 3, 28)).to_string(), "2026-03-28T22:59:59Z");
        assert_eq!(berlin.end_of_day(date(2026, 3, 29)).to_string(), "2026-03-29T21:59:59Z");
        // A day without a midnight: Chile goes forward at 24:00 of Saturday 5 September 2026.
        let chile = calendar("America/Santiago", &[]);
        assert_eq!(wall(&chile, chile.end_of_day(date(2026, 9, 5))), "2026-09-05T23:59:59");
        assert_eq!(wall(&chile, chile.end_of_day(date(2026, 9, 6))), "2026-09-06T23:59:59");
    }

    #[test]
    fn workdays_skip_weekends_and_holidays() {
        let uk = calendar("Europe/London", &[date(2026, 12, 25), date(2026, 12, 28)]);
        let check = |from: Date, count: u16, expected: Date| {
            assert_eq!(uk.add_workdays(from, count), expected, "{from} + {count}");
        };
        check(date(2026, 12, 24), 0, date(2026, 12, 24));
        check(date(2026, 12, 24), 1, date(2026, 12, 29));
        check(date(2026, 12, 26), 1, date(2026, 12, 29));
        check(date(2026, 12, 1), 10, date(2026, 12, 15));
        check(Date::MAX, 3, Date::MAX);
        assert_eq!(uk.next_workday_on_or_after(date(2026, 12, 24)), date(2026, 12, 24));
        assert_eq!(uk.next_workday_on_or_after(date(2026, 12, 25)), date(2026, 12, 29));
        assert_eq!(uk.holiday(date(2026, 12, 25)), Some("closed"));
        assert_eq!(uk.holiday(date(2026, 12, 24)), None);
    }

    #[test]
    fn the_end_of_time_is_no_endless_loop() {
        let utc = calendar("UTC", &[]);
        assert_eq!(utc.add_business_hours(Timestamp::MAX, u32::MAX), Timestamp::MAX);
        assert!(utc.ack_due(Timestamp::MAX) > Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn a_calendar_that_never_opens_is_refused() {
        let check = |zone: TimeZone,
                     workdays: &[Weekday],
                     opens: Time,
                     closes: Time,
                     expected: CalendarError| {
            assert_eq!(Calendar::new(zone, workdays, opens, closes, BTreeMap::new()).err(), Some(expected));
        };
        let (nine, five) = (time(9, 0, 0, 0), time(17, 0, 0, 0));
        check(TimeZone::unknown(), &WEEK, nine, five, CalendarError::NoZone);
        check(TimeZone::UTC, &[], nine, five, CalendarError::NoWorkday);
        check(TimeZone::UTC, &WEEK, five, nine, CalendarError::Hours { opens: five, closes: nine });
        check(TimeZone::UTC, &WEEK, nine, nine, CalendarError::Hours { opens: nine, closes: nine });
        let days = date(2000, 1, 1).series(jiff::Span::new().days(1));
        let many: BTreeMap<Date, String> = days.take(4_001).map(|day| (day, String::new())).collect();
        let refused = Calendar::new(TimeZone::UTC, &WEEK, nine, five, many).err();
        assert_eq!(refused, Some(CalendarError::TooManyHolidays { count: 4_001 }));
    }

    fn any_calendar() -> impl Strategy<Value = Calendar> {
        let zone = prop::sample::select(vec![
            "UTC",
            "Asia/Kolkata",
            "Europe/Berlin",
            "America/New_York",
            "America/Santiago",
            "Australia/Lord_Howe",
            "Pacific/Kiritimati",
        ]);
        let workdays = prop::sample::subsequence(WEEK.to_vec(), 1..=5);
        let hours = (0_i8..23).prop_flat_map(|opens| (Just(opens), opens + 1..24));
        let holidays = prop::collection::btree_set(0_i32..1_200, 0..60);
        (zone, workdays, hours, holidays).prop_map(|(zone, workdays, (opens, closes), holidays)| {
            let first = date(2024, 12, 1);
            let holidays = holidays
                .into_iter()
                .map(|day| (first.saturating_add(jiff::Span::new().days(day)), "closed".to_owned()))
                .collect();
            let zone = TimeZone::get(zone).expect("a zone of the bundle");
            Calendar::new(zone, &workdays, time(opens, 0, 0, 0), time(closes, 0, 0, 0), holidays)
                .expect("good")
        })
    }

    /// Any second of 2025 to 2027.
    fn any_moment() -> impl Strategy<Value = Timestamp> {
        (1_735_689_600_i64..1_830_297_600)
            .prop_map(|second| Timestamp::from_second(second).expect("in range"))
    }

    proptest! {
        #[test]
        fn an_acknowledgement_is_due_later_on_a_work_day(calendar in any_calendar(), received in any_moment()) {
            let due = calendar.ack_due(received);
            prop_assert!(due > received);
            let day = calendar.local_date(due);
            prop_assert!(calendar.is_workday(day));
            prop_assert_eq!(due, calendar.closing(day));
            prop_assert!(day > calendar.local_date(received));
        }

        #[test]
        fn business_hours_add_up_and_end_inside_opening_hours(
            calendar in any_calendar(), from in any_moment(), first in 0_u32..30, second in 0_u32..30,
        ) {
            let through = calendar.add_business_hours(from, first);
            let end = calendar.add_business_hours(from, first + second);
            prop_assert_eq!(end, calendar.add_business_hours(through, second));
            prop_assert!(end >= from);
            let day = calendar.local_date(end);
            prop_assert!(calendar.is_workday(day));
            prop_assert!(calendar.opening(day) <= end && end <= calendar.closing(day));
        }

        #[test]
        fn a_day_ends_on_its_own_date_one_second_before_the_next(calendar in any_calendar(), at in any_moment()) {
            let day = calendar.local_date(at);
            let end = calendar.end_of_day(day);
            prop_assert_eq!(calendar.local_date(end), day);
            prop_assert!(end >= at);
        }
    }
}
