//! Why a row stays although its deletion is asked for: a legal hold, the company's own reason, or a law's floor. Asked row
//! by row when a plan is made and again inside the deleting transaction (standard S18). `plan.rs` has the categories,
//! `hold.rs` the holds; nothing here reads a row.

use super::hold::Hold;
use super::personal::Personal;
use super::plan::Category;
use super::request::Ground;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

/// The least time that a law lets a category be kept, and when that law binds.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Floor {
    /// How long, counted from the row's own day.
    pub years: u32,
    /// The law, as a person can look it up.
    pub citation: String,
    /// The first day on which it binds; without one it has always bound.
    #[serde(default)]
    pub from: Option<Date>,
    /// The last day on which it binds; without one it goes on.
    #[serde(default)]
    pub to: Option<Date>,
}

impl Floor {
    /// Whether it binds on that day.
    pub fn binds(&self, on: Date) -> bool {
        self.from.is_none_or(|from| from <= on) && self.to.is_none_or(|to| on <= to)
    }

    /// The first day on which a row of `day` may go.
    fn ends(&self, day: Date) -> Option<Date> {
        day.checked_add(i64::from(self.years).years()).ok()
    }
}

/// A row as far as a plan looks at it: what names it, whose it is and of when.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RowFacts {
    /// Its key as text.
    pub key: String,
    /// When it came to be, where the category has a time.
    pub moment: Option<Timestamp>,
    /// What its account column holds.
    pub account: Option<Personal>,
    /// What its user column holds.
    pub user: Option<Personal>,
    /// What its number columns hold, in their order.
    pub numbers: Vec<Personal>,
    /// The file that it names.
    pub file: Option<Personal>,
}

/// Why rows stay.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Kept {
    /// The ground, as a refusal names it.
    pub ground: Ground,
    /// The law or order, as configured or as the hold says.
    pub citation: String,
    /// The first day on which they may go, where that is known.
    pub until: Option<Date>,
}

/// Whether the rows of a category stay when their deletion is asked for: `delete = "allowed"` or
/// `delete = { kept = "the reason" }`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeletePermission {
    /// They go, save what a floor or a hold keeps.
    #[default]
    Allowed,
    /// They stay, for this reason, which the person is told.
    Kept(String),
}

/// What keeps rows of one category from deletion at one moment.
#[derive(Clone, Debug)]
pub struct Sieve {
    category: String,
    permission: DeletePermission,
    floors: Vec<Floor>,
    holds: Vec<Hold>,
    today: Date,
    zone: TimeZone,
}

impl Sieve {
    /// Lets every row through: nothing keeps a row from being copied.
    pub fn open(category: &Category) -> Self {
        Self {
            category: category.name.clone(),
            permission: DeletePermission::Allowed,
            floors: Vec::new(),
            holds: Vec::new(),
            today: Date::ZERO,
            zone: TimeZone::UTC,
        }
    }

    /// What holds, laws and the company keep at `now`.
    pub fn of(category: &Category, holds: &[Hold], zone: &TimeZone, now: Timestamp) -> Self {
        let today = now.to_zoned(zone.clone()).date();
        Self {
            category: category.name.clone(),
            permission: category.delete.clone(),
            floors: category.keep.iter().filter(|floor| floor.binds(today)).cloned().collect(),
            holds: holds.iter().filter(|hold| hold.may_cover(&category.name)).cloned().collect(),
            today,
            zone: zone.clone(),
        }
    }

    /// Whether it must know whose a row is, and which numbers it holds.
    pub const fn asks_whose(&self) -> bool {
        !self.holds.is_empty()
    }

    /// Why this row stays; none when it may go.
    pub fn keeps(&self, row: &RowFacts) -> Option<Kept> {
        if let Some(hold) = self.holds.iter().find(|hold| hold.covers(&self.category, row)) {
            return Some(hold.kept());
        }
        if let DeletePermission::Kept(reason) = &self.permission {
            let citation = reason.clone();
            return Some(Kept { ground: Ground::NotCovered, citation, until: None });
        }
        let day = row.moment.map(|moment| moment.to_zoned(self.zone.clone()).date());
        let ends = |floor: &Floor| day.and_then(|day| floor.ends(day));
        // A row whose day nobody knows stays: a floor that cannot be counted has not ended.
        let longest = self.floors.iter().max_by_key(|floor| (day.is_none(), ends(floor), floor.years))?;
        let until = ends(longest);
        let over = until.is_some_and(|until| until <= self.today);
        (!over).then(|| Kept {
            ground: Ground::StatutoryRetention,
            citation: longest.citation.clone(),
            until,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Floor, RowFacts, Sieve};
    use crate::domain::hold::{Hold, HoldScope};
    use crate::domain::plan::Category;
    use jiff::civil::Date;
    use jiff::tz::TimeZone;

    fn day(text: &str) -> Date {
        text.parse().expect("a day")
    }

    fn invoices(floors: &[(u32, &str, Option<&str>, Option<&str>)]) -> Category {
        let text = r#"
            name = "invoices"
            title = "Invoices"
            purpose = "To bill you."
            source = "crm"
            table = "invoices"
            key = "id"
            time_column = "at"
            account_column = "account"
            columns = [{ name = "id", title = "Number" }]
        "#;
        let mut category: Category = toml::from_str(text).expect("a category");
        category.keep = floors
            .iter()
            .map(|(years, citation, from, to)| Floor {
                years: *years,
                citation: (*citation).to_owned(),
                from: from.map(day),
                to: to.map(day),
            })
            .collect();
        category
    }

    fn row(moment: Option<&str>) -> RowFacts {
        RowFacts {
            key: "1".to_owned(),
            moment: moment.map(|text| text.parse().expect("a time")),
            account: Some("481516".into()),
            ..RowFacts::default()
        }
    }

    #[test]
    fn a_floor_keeps_a_row_up_to_its_last_day_and_not_longer() {
        let zone = TimeZone::get("Asia/Kolkata").expect("a zone");
        let check = |category: &Category,
                     moment: Option<&str>,
                     today: &str,
                     expected: Option<(&str, Option<&str>)>| {
            let now = day(today).at(6, 0, 0, 0).to_zoned(zone.clone()).expect("a time").timestamp();
            let kept = Sieve::of(category, &[], &zone, now).keeps(&row(moment));
            let found = kept.map(|kept| (kept.citation, kept.until));
            let expected = expected.map(|(citation, until)| (citation.to_owned(), until.map(day)));
            assert_eq!(found, expected, "{moment:?} on {today}");
        };
        let seven = invoices(&[(7, "law", None, None)]);
        check(&seven, Some("2020-06-02T06:00:00Z"), "2027-06-01", Some(("law", Some("2027-06-02"))));
        check(&seven, Some("2020-06-02T06:00:00Z"), "2027-06-02", None);
        // The day is the company's own: 20:00 UTC is the next day in India.
        check(&seven, Some("2020-06-01T20:00:00Z"), "2027-06-01", Some(("law", Some("2027-06-02"))));
        check(&seven, None, "2099-01-01", Some(("law", None)));
        check(&invoices(&[]), Some("2020-06-02T06:00:00Z"), "2020-06-03", None);
        let leap = Some("2024-02-29T06:00:00Z");
        check(&invoices(&[(1, "law", None, None)]), leap, "2025-02-27", Some(("law", Some("2025-02-28"))));
        // Of several floors the longest counts, and one that does not bind today counts nothing.
        let two = invoices(&[(7, "books", None, None), (1, "logs", Some("2027-05-01"), None)]);
        check(&two, Some("2027-01-01T06:00:00Z"), "2027-06-01", Some(("books", Some("2034-01-01"))));
        let later = invoices(&[(1, "logs", Some("2027-05-01"), None)]);
        check(&later, Some("2027-01-01T06:00:00Z"), "2027-04-30", None);
        check(&later, Some("2027-01-01T06:00:00Z"), "2027-05-01", Some(("logs", Some("2028-01-01"))));
        let gone = invoices(&[(9, "old", None, Some("2026-12-31"))]);
        check(&gone, Some("2026-01-01T06:00:00Z"), "2026-12-31", Some(("old", Some("2035-01-01"))));
        check(&gone, Some("2026-01-01T06:00:00Z"), "2027-01-01", None);
    }

    #[test]
    fn a_hold_comes_before_every_other_reason() {
        let now = "2027-01-01T00:00:00Z".parse().expect("a time");
        let hold = |scope: HoldScope| Hold {
            id: "H-1".to_owned(),
            scope,
            ground: "order".to_owned(),
            citation: "Court of X, 4/27".to_owned(),
            owner: "meera".to_owned(),
            placed_at: now,
            review_on: day("2027-04-01"),
            request: None,
        };
        let account = HoldScope { account: Some("481516".into()), ..HoldScope::default() };
        let category = invoices(&[(7, "law", None, None)]);
        let kept = |holds: &[Hold]| {
            let sieve = Sieve::of(&category, holds, &TimeZone::UTC, now);
            sieve.keeps(&row(Some("2026-01-01T00:00:00Z"))).map(|kept| kept.citation)
        };
        assert_eq!(kept(&[hold(account.clone())]).as_deref(), Some("Court of X, 4/27"));
        let other = HoldScope { account: Some("700700".into()), ..HoldScope::default() };
        assert_eq!(kept(&[hold(other)]).as_deref(), Some("law"));
        let elsewhere = HoldScope { category: Some("call_logs".to_owned()), ..account };
        assert_eq!(kept(&[hold(elsewhere)]).as_deref(), Some("law"));
    }
}
