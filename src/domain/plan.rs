//! What a request will touch: the configured categories, how a scope selects among their rows, and the frozen plan.
//! A plan names its rows by key and is never changed; an approval is bound to its hash (invariant 11).
//! `connectors` fills it in, `package` and `workflow::execute` follow it.

mod category;

pub use category::{CATEGORY_NAME_CHARS_MAX, Category, Column, Files, Permission, Place, TimeFormat};

use super::erasure::KeptLine;
use super::ids::Reference;
use super::keep::{Kept, RowFacts, Sieve};
use super::request::{Ground, Kind};
use super::scope::Scope;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// What the directory resolved a requester to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SubjectKeys {
    /// What account columns hold.
    pub account: String,
    /// What user columns hold for this person.
    pub user: Option<String>,
}

/// How far into the account a request reaches; policy has decided that it may.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Reach {
    /// Every row of the account.
    Account,
    /// The person's own rows.
    Own,
    /// The rows of these users of the account.
    Users(Vec<String>),
}

/// Which rows: those of the account, and of these users where any are named, **and** with one of these numbers, **and**
/// in the time frame, **and** no later than `as_of`. Values only, never SQL.
#[derive(Clone, Debug)]
pub struct Selector {
    /// The account.
    pub account: Option<String>,
    /// Users; empty selects the whole account.
    pub users: Vec<String>,
    /// Numbers, E.164; empty does not narrow.
    pub numbers: Vec<String>,
    /// First day, included.
    pub from: Option<Date>,
    /// Last day, included.
    pub to: Option<Date>,
    /// The zone in which those days begin and end.
    pub zone: TimeZone,
    /// Later rows are not part of the plan (decision 1).
    pub as_of: Timestamp,
}

impl Selector {
    /// The selector of a scope for one subject. None when it names no row for sure: a person without a user key who
    /// asks for their own rows must not be given the account's.
    pub fn of(
        subject: &SubjectKeys,
        reach: Reach,
        scope: &Scope,
        zone: TimeZone,
        as_of: Timestamp,
    ) -> Option<Self> {
        let users = match reach {
            Reach::Account => Vec::new(),
            Reach::Own => vec![subject.user.clone()?],
            Reach::Users(users) if users.is_empty() => return None,
            Reach::Users(users) => users,
        };
        let selector = Self {
            account: Some(subject.account.clone()),
            users,
            numbers: scope.numbers.iter().map(|number| number.expose().clone()).collect(),
            from: scope.from,
            to: scope.to,
            zone,
            as_of,
        };
        selector.is_bounded().then_some(selector)
    }

    /// Whether it names an account or users, and none of its values is blank: everything else could select a table.
    pub fn is_bounded(&self) -> bool {
        let mut values = self.account.iter().chain(&self.users).chain(&self.numbers);
        (self.account.is_some() || !self.users.is_empty()) && values.all(|value| !value.trim().is_empty())
    }

    /// The first moment of the time frame.
    pub fn starts(&self) -> Option<Timestamp> {
        self.from.and_then(|day| self.midnight(day))
    }

    /// The first moment after the time frame.
    pub fn ends(&self) -> Option<Timestamp> {
        self.to.and_then(|day| self.midnight(day.checked_add(1.day()).ok()?))
    }

    fn midnight(&self, day: Date) -> Option<Timestamp> {
        // A zone may skip midnight when summer time begins there: the day then starts at its first moment.
        self.zone.to_zoned(day.at(0, 0, 0, 0)).ok().map(|start| start.timestamp())
    }
}

/// The rows of one category in a plan.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlannedCategory {
    /// Name of the category.
    pub name: String,
    /// What a person calls it.
    pub title: String,
    /// How many rows.
    pub count: u64,
    /// The frozen keys as text, in the order of `key_order`.
    pub keys: Vec<String>,
    /// SHA-256 over the keys, lower-case hex.
    pub keys_sha256: String,
    /// The earliest row's moment, where the category has one.
    pub first: Option<Timestamp>,
    /// The latest row's moment.
    pub last: Option<Timestamp>,
    /// Rows that stay, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<KeptRows>,
    /// How many of the rows came to be on which day (UTC): what retention may have removed before the plan is carried out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub days: BTreeMap<Date, u64>,
    /// How many rows the whole table holds, about; none where nobody asked.
    #[serde(default)]
    pub table_rows: Option<u64>,
}

/// Rows of a plan that stay for one reason.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeptRows {
    /// Why.
    pub kept: Kept,
    /// Their keys, in the order of `key_order`.
    pub keys: Vec<String>,
}

/// What a plan's statement has answered so far.
#[derive(Default)]
pub struct Gathered {
    keys: Vec<String>,
    kept: BTreeMap<Kept, Vec<String>>,
    times: Option<(Timestamp, Timestamp)>,
    days: BTreeMap<Date, u64>,
    many: usize,
}

impl Gathered {
    /// Takes a row in.
    pub fn add(&mut self, row: RowFacts, sieve: &Sieve) {
        self.many += 1;
        if let Some(kept) = sieve.keeps(&row) {
            self.kept.entry(kept).or_default().push(row.key);
            return;
        }
        if let Some(moment) = row.moment {
            let (first, last) = self.times.unwrap_or((moment, moment));
            self.times = Some((first.min(moment), last.max(moment)));
            let day = moment.to_zoned(TimeZone::UTC).date();
            *self.days.entry(day).or_default() += 1;
        }
        self.keys.push(row.key);
    }

    /// How many rows, kept ones included.
    pub const fn many(&self) -> usize {
        self.many
    }
}

impl PlannedCategory {
    /// Freezes the keys of a category; puts them in order.
    pub fn new(category: &Category, gathered: Gathered) -> Self {
        let Gathered { mut keys, kept, times, days, many: _ } = gathered;
        keys.sort_by(|a, b| key_order(a, b));
        let mut digest = Digest::new("dsrd keys 1");
        for key in &keys {
            digest.field(key.as_bytes());
        }
        let ordered = |(kept, mut keys): (Kept, Vec<String>)| {
            keys.sort_by(|a, b| key_order(a, b));
            KeptRows { kept, keys }
        };
        Self {
            name: category.name.clone(),
            title: category.title.clone(),
            count: u64::try_from(keys.len()).unwrap_or(u64::MAX),
            keys_sha256: digest.hex(),
            keys,
            first: times.map(|(first, _)| first),
            last: times.map(|(_, last)| last),
            kept: kept.into_iter().map(ordered).collect(),
            days,
            table_rows: None,
        }
    }

    /// A key that stands twice, in what goes or in what stays: it cannot name one row.
    pub fn has_twins(&self) -> bool {
        let twins = |keys: &[String]| keys.windows(2).any(|pair| matches!(pair, [a, b] if a == b));
        twins(&self.keys) || self.kept.iter().any(|part| twins(&part.keys))
    }

    /// Every frozen key: of what goes, and of what stays.
    pub fn all_keys(&self) -> impl Iterator<Item = &String> {
        self.keys.iter().chain(self.kept.iter().flat_map(|part| &part.keys))
    }

    /// Why rows stay, a line for each reason.
    pub fn kept_lines(&self) -> Vec<KeptLine> {
        let many = |keys: &[String]| u64::try_from(keys.len()).unwrap_or(u64::MAX);
        KeptLine::gather(self.kept.iter().map(|part| (part.kept.clone(), many(&part.keys))))
    }

    /// How many of the rows retention may have removed by `now`: their ceiling has passed.
    pub fn past_ceiling(&self, retention_days: Option<u32>, now: Timestamp) -> u64 {
        let Some(days) = retention_days else { return 0 };
        let cutoff = now.to_zoned(TimeZone::UTC).date().saturating_sub(i64::from(days).days());
        self.days.range(..=cutoff).map(|(_, rows)| rows).sum()
    }
}

/// The order of keys: whole numbers by value and before all others, the rest by their bytes.
pub fn key_order(a: &str, b: &str) -> Ordering {
    match (a.parse::<i64>(), b.parse::<i64>()) {
        (Ok(x), Ok(y)) => x.cmp(&y).then_with(|| a.cmp(b)),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => a.cmp(b),
    }
}

/// The frozen list of what a request touches.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// The request.
    pub reference: Reference,
    /// What is asked for.
    pub kind: Kind,
    /// The moment that it freezes (decision 1).
    pub as_of: Timestamp,
    /// In the order of the configuration.
    pub categories: Vec<PlannedCategory>,
}

impl Plan {
    /// What an approval is bound to: SHA-256 in lower-case hex over `dsrd plan 1`, reference, kind, `as_of` in
    /// microseconds, then per category its name, count and every key, and for each reason to keep rows its ground, citation,
    /// end and every key; each field is preceded by its length.
    pub fn hash(&self) -> String {
        let mut digest = Digest::new("dsrd plan 1");
        digest.field(self.reference.as_str().as_bytes());
        digest.field(self.kind.as_str().as_bytes());
        digest.field(self.as_of.as_microsecond().to_string().as_bytes());
        for category in &self.categories {
            digest.field(category.name.as_bytes());
            digest.field(category.count.to_string().as_bytes());
            for key in &category.keys {
                digest.field(key.as_bytes());
            }
            for part in &category.kept {
                digest.field(part.kept.ground.as_str().as_bytes());
                digest.field(part.kept.citation.as_bytes());
                digest.field(part.kept.until.map(|until| until.to_string()).unwrap_or_default().as_bytes());
                for key in &part.keys {
                    digest.field(key.as_bytes());
                }
            }
        }
        digest.hex()
    }

    /// How many rows it touches.
    pub fn total_rows(&self) -> u64 {
        self.categories.iter().map(|category| category.count).fold(0, u64::saturating_add)
    }

    /// Whether any of its rows asks for the second factor. A planned category that is not configured any more does.
    pub fn needs_second_factor(&self, categories: &[Category]) -> bool {
        self.categories.iter().filter(|planned| planned.count > 0).any(|planned| {
            categories
                .iter()
                .find(|category| category.name == planned.name)
                .is_none_or(|category| category.second_factor)
        })
    }

    /// The largest part of a table that goes, in thousandths, rounded up (standard S8).
    fn share_permille(&self) -> u64 {
        let share = |category: &PlannedCategory| {
            let all = category.table_rows.filter(|_| category.count > 0)?;
            Some(category.count.saturating_mul(1_000).div_ceil(all.max(1)))
        };
        self.categories.iter().filter_map(share).max().unwrap_or(0)
    }

    /// The plan without its keys. `holds` are those that it was made with and that may touch its person.
    pub fn summary(&self, holds: Vec<String>) -> PlanSummary {
        let categories = self.categories.iter().map(|category| SummaryLine {
            name: category.name.clone(),
            title: category.title.clone(),
            count: category.count,
            first: category.first,
            last: category.last,
            kept: category.kept_lines(),
        });
        PlanSummary {
            share_permille: self.share_permille(),
            holds,
            as_of: self.as_of,
            hash: self.hash(),
            total_rows: self.total_rows(),
            categories: categories.collect(),
        }
    }
}

/// What mails and the request itself carry of a plan: counts and its hash, no keys.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlanSummary {
    /// The moment that it freezes.
    pub as_of: Timestamp,
    /// `Plan::hash`.
    pub hash: String,
    /// `Plan::total_rows`.
    pub total_rows: u64,
    /// One line per category.
    pub categories: Vec<SummaryLine>,
    /// The largest part of a table that goes, in thousandths.
    #[serde(default)]
    pub share_permille: u64,
    /// The holds that it was made with, by name.
    #[serde(default)]
    pub holds: Vec<String>,
}

impl PlanSummary {
    /// Whether nothing goes because a hold keeps it.
    pub fn is_all_held(&self) -> bool {
        let held = |kept: &KeptLine| kept.ground == Ground::LegalHold;
        self.total_rows == 0 && self.categories.iter().any(|line| line.kept.iter().any(held))
    }
}

/// One category of a summary.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SummaryLine {
    /// Name of the category.
    pub name: String,
    /// What a person calls it.
    pub title: String,
    /// How many rows.
    pub count: u64,
    /// The earliest row's moment.
    pub first: Option<Timestamp>,
    /// The latest row's moment.
    pub last: Option<Timestamp>,
    /// What stays, and why.
    #[serde(default)]
    pub kept: Vec<KeptLine>,
}

/// How many of `planned` rows may be missing at run time and still count as gone rather than as drift (standard S9):
/// ten rows or 5 %, whichever is more.
pub fn gone_max(planned: u64) -> u64 {
    10.max(planned / 20)
}

/// SHA-256 over fields that are preceded by their length, so that no two lists of fields look alike.
struct Digest(ring::digest::Context);

impl Digest {
    fn new(label: &str) -> Self {
        let mut digest = Self(ring::digest::Context::new(&ring::digest::SHA256));
        digest.field(label.as_bytes());
        digest
    }

    fn field(&mut self, bytes: &[u8]) {
        self.0.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.0.update(bytes);
    }

    fn hex(self) -> String {
        hex(self.0.finish().as_ref())
    }
}

/// Bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Category, Gathered, Permission, Plan, PlannedCategory, Selector, gone_max, key_order};
    use crate::domain::ids::Reference;
    use crate::domain::keep::{RowFacts, Sieve};
    use crate::domain::request::Kind;
    use jiff::{Timestamp, tz::TimeZone};

    const CALLS: &str = "name = 'calls'\ntitle = 'Call logs'\npurpose = 'To bill.'\nsource = 'crm'\n\
        table = 'calls'\nkey = 'id'\naccount_column = 'account'\ncolumns = [{ name = 'at', title = 'Time' }]\n";

    fn category(more: &str) -> Result<Category, toml::de::Error> {
        toml::from_str(&format!("{CALLS}{more}"))
    }

    fn planned(keys: &[&str]) -> PlannedCategory {
        let category = category("").expect("parses");
        let mut gathered = Gathered::default();
        for key in keys {
            let row = RowFacts { key: (*key).to_owned(), ..RowFacts::default() };
            gathered.add(row, &Sieve::open(&category));
        }
        PlannedCategory::new(&category, gathered)
    }

    fn plan() -> Plan {
        Plan {
            reference: Reference::from_bits(7),
            kind: Kind::Export,
            as_of: Timestamp::UNIX_EPOCH,
            categories: vec![planned(&["1", "23"])],
        }
    }

    #[test]
    fn categories_are_read_from_toml_and_held_to_their_rules() {
        let withheld = category("export = { withheld = 'of others' }").expect("parses");
        assert_eq!(withheld.export, Permission::Withheld("of others".to_owned()));
        assert_eq!(category("").expect("parses").export, Permission::Allowed);
        assert!(category("colour = 'red'").is_err(), "unknown keys are errors");
        assert!(category("time_format = 'unix'").is_err());
        let check = |name: &str, good: bool| {
            let category = Category { name: name.to_owned(), ..category("").expect("parses") };
            assert_eq!(category.problems().is_empty(), good, "{name:?}");
        };
        check("call_logs_2", true);
        check("", false);
        check("Calls", false);
        check("../calls", false);
        check("con", false);
        check("com1", false);
        check("com10", true);
        check(&"a".repeat(40), true);
        check(&"a".repeat(41), false);
        let empty = Category { columns: Vec::new(), table: String::new(), ..category("").expect("parses") };
        assert_eq!(empty.problems().len(), 2);
    }

    #[test]
    fn keys_are_ordered_as_people_count() {
        assert_eq!(planned(&["b", "10", "a", "9", "-1", "010"]).keys, ["-1", "9", "010", "10", "a", "b"]);
        assert!(key_order("7", "07").is_ne(), "different texts are different keys");
    }

    #[test]
    fn the_hash_covers_everything_that_is_approved() {
        let hash = plan().hash();
        assert_eq!(hash.len(), 64);
        assert_eq!(hash, plan().hash());
        let other = |change: fn(&mut Plan)| {
            let mut plan = plan();
            change(&mut plan);
            assert_ne!(plan.hash(), hash);
        };
        other(|plan| plan.reference = Reference::from_bits(8));
        other(|plan| plan.kind = Kind::Delete);
        other(|plan| plan.as_of = Timestamp::from_microsecond(1).expect("is a time"));
        other(|plan| plan.categories = vec![planned(&["12", "3"])]);
        other(|plan| plan.categories = vec![planned(&["1"])]);
        other(|plan| plan.categories[0].name.push('x'));
        other(|plan| plan.categories.push(planned(&[])));
        assert_ne!(planned(&["1", "23"]).keys_sha256, planned(&["12", "3"]).keys_sha256);
    }

    #[test]
    fn the_second_factor_is_asked_for_where_rows_need_it() {
        let recordings = category("second_factor = true").expect("parses");
        let plain = category("").expect("parses");
        assert!(plan().needs_second_factor(std::slice::from_ref(&recordings)));
        assert!(!plan().needs_second_factor(&[plain]));
        assert!(plan().needs_second_factor(&[]), "a category that is not configured any more");
        let empty = Plan { categories: vec![planned(&[])], ..plan() };
        assert!(!empty.needs_second_factor(&[recordings]));
        assert_eq!((plan().total_rows(), plan().summary(Vec::new()).categories[0].count), (2, 2));
    }

    #[test]
    fn the_tolerance_is_ten_rows_or_five_percent() {
        for (planned, expected) in [(0, 10), (100, 10), (200, 10), (220, 11), (10_000, 500)] {
            assert_eq!(gone_max(planned), expected, "{planned}");
        }
    }

    #[test]
    fn days_begin_and_end_in_the_zone() {
        let check = |zone: &str, from: &str, to: &str, starts: &str, ends: &str| {
            let selector = Selector {
                account: Some("1".to_owned()),
                users: Vec::new(),
                numbers: Vec::new(),
                from: Some(from.parse().expect("is a day")),
                to: Some(to.parse().expect("is a day")),
                zone: TimeZone::get(zone).expect("is known"),
                as_of: Timestamp::UNIX_EPOCH,
            };
            let told = |time: Option<Timestamp>| time.expect("is a time").to_string();
            assert_eq!(
                (told(selector.starts()), told(selector.ends())),
                (starts.to_owned(), ends.to_owned())
            );
        };
        check("Asia/Kolkata", "2025-01-01", "2025-03-31", "2024-12-31T18:30:00Z", "2025-03-31T18:30:00Z");
        check("Europe/Berlin", "2025-03-30", "2025-03-30", "2025-03-29T23:00:00Z", "2025-03-30T22:00:00Z");
        // Summer time begins at midnight here: the day has no 00:00.
        check("Africa/Cairo", "2024-04-26", "2024-04-26", "2024-04-25T22:00:00Z", "2024-04-26T21:00:00Z");
    }
}
