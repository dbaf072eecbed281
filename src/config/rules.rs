//! The company's own rules: who it is, when it works, what it promises, how it verifies. Plain data for
//! `domain` and `workflow`; never decides anything. The law's own numbers are `domain/deadline.rs`'s.

use super::problem::Findings;
use crate::domain::address::Address;
use crate::domain::deadline::{self, Regime, RegimeTable, Term};
use crate::domain::form::Language;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// The company as notices and packages name it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Company {
    /// Its name.
    pub name: String,
    /// The address that people write to.
    pub support: Address,
    /// The officer for complaints: name and how to reach them, on one line.
    pub grievance_officer: String,
    /// The authority that a person may complain to.
    pub complaint_authority: String,
    /// A further contact line, such as the postal address; empty when none.
    pub contact: String,
    /// What the Art. 15(1) page says about automated decisions.
    pub automated_decisions: String,
}

/// What stands on the Art. 15(1) page unless the company says otherwise.
const NO_AUTOMATED_DECISIONS: &str = "We make no decisions about you by automated means alone.";

/// `[company]` as written.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CompanyText {
    name: Option<String>,
    support: Option<Address>,
    grievance_officer: Option<String>,
    complaint_authority: Option<String>,
    contact: String,
    automated_decisions: Option<String>,
}

impl CompanyText {
    pub(super) fn judge(self, findings: &mut Findings<'_>) -> Option<Company> {
        let mut line = |key: &str, value: Option<String>, remedy: &str| {
            let value = value.filter(|text| !text.trim().is_empty());
            let value = findings.required("company", key, value, remedy)?;
            if value.contains(['\r', '\n']) {
                // The name stands in headers.
                findings.add("company", key, "has a line break", "write it on one line");
                return None;
            }
            Some(value)
        };
        let name = line("name", self.name, "write the company's name as customers know it");
        let officer =
            line("grievance_officer", self.grievance_officer, "write who answers complaints, and how");
        let remedy = "write the supervisory authority that a person may complain to";
        let authority = line("complaint_authority", self.complaint_authority, remedy);
        let remedy = "write the address that people write to";
        let support = findings.required("company", "support", self.support, remedy);
        Some(Company {
            name: name?,
            support: support?,
            grievance_officer: officer?,
            complaint_authority: authority?,
            contact: self.contact,
            automated_decisions: self
                .automated_decisions
                .unwrap_or_else(|| NO_AUTOMATED_DECISIONS.to_owned()),
        })
    }
}

/// When the company works.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Calendar {
    /// Its time zone.
    pub timezone: TimeZone,
    /// The days it works.
    pub workdays: Vec<Weekday>,
    /// When a work day begins.
    pub opens: Time,
    /// When it ends, the same day.
    pub closes: Time,
    /// Days off, beside the file's.
    pub holidays: Vec<Date>,
    /// An iCalendar file with more of them.
    pub holidays_file: Option<PathBuf>,
}

/// `[calendar]` as written.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CalendarText {
    timezone: Option<String>,
    workdays: Vec<String>,
    opens: Time,
    closes: Time,
    holidays: Vec<Date>,
    holidays_file: Option<PathBuf>,
}

impl Default for CalendarText {
    fn default() -> Self {
        Self {
            timezone: None,
            workdays: ["mon", "tue", "wed", "thu", "fri"].map(str::to_owned).to_vec(),
            opens: Time::constant(9, 0, 0, 0),
            closes: Time::constant(18, 0, 0, 0),
            holidays: Vec::new(),
            holidays_file: None,
        }
    }
}

impl CalendarText {
    pub(super) fn judge(self, findings: &mut Findings<'_>) -> Option<Calendar> {
        let section = "calendar";
        let workdays: Vec<Weekday> = self.workdays.iter().filter_map(|word| weekday(word)).collect();
        if workdays.is_empty() || workdays.len() != self.workdays.len() {
            let remedy = "list days as mon, tue, wed, thu, fri, sat, sun; at least one";
            findings.add(section, "workdays", "has no day or an unknown one", remedy);
        }
        if self.opens >= self.closes {
            findings.add(
                section,
                "closes",
                "is not after opens",
                "write times of one day, such as \"18:00\"",
            );
        }
        let remedy = "write an IANA name such as \"Asia/Kolkata\" or \"Europe/Berlin\"";
        let name = findings.required(section, "timezone", self.timezone, remedy)?;
        let Ok(timezone) = TimeZone::get(&name) else {
            findings.add(section, "timezone", format!("{name:?} is not a known time zone"), remedy);
            return None;
        };
        Some(Calendar {
            timezone,
            workdays,
            opens: self.opens,
            closes: self.closes,
            holidays: self.holidays,
            holidays_file: self.holidays_file.map(|file| findings.path(&file)),
        })
    }
}

fn weekday(word: &str) -> Option<Weekday> {
    Some(match word.to_ascii_lowercase().as_str() {
        "mon" => Weekday::Monday,
        "tue" => Weekday::Tuesday,
        "wed" => Weekday::Wednesday,
        "thu" => Weekday::Thursday,
        "fri" => Weekday::Friday,
        "sat" => Weekday::Saturday,
        "sun" => Weekday::Sunday,
        _ => return None,
    })
}

/// Which law a request runs under.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Regimes {
    /// The regime of a request whose subject has none in the directory; one of `known`.
    pub default: String,
    /// The built-in regimes, with the company's own numbers and regimes.
    pub known: Vec<Regime>,
}

/// `[regimes]` and `[regimes.NAME]` as written.
pub(super) struct RegimesText {
    default: String,
    own: BTreeMap<String, RegimeTable>,
}

impl Default for RegimesText {
    fn default() -> Self {
        Self { default: "gdpr".to_owned(), own: BTreeMap::new() }
    }
}

impl<'de> Deserialize<'de> for RegimesText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // By hand, because serde's flatten forgets where a value stands.
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = RegimesText;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("default = \"…\" and tables [regimes.NAME]")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RegimesText, A::Error> {
                let mut regimes = RegimesText::default();
                while let Some(key) = map.next_key::<String>()? {
                    if key == "default" {
                        regimes.default = map.next_value()?;
                    } else {
                        regimes.own.insert(key, map.next_value()?);
                    }
                }
                Ok(regimes)
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

impl RegimesText {
    pub(super) fn judge(self, findings: &mut Findings<'_>) -> Option<Regimes> {
        for (name, table) in &self.own {
            let section = format!("regimes.{name}");
            // One at a time, so that each gets its say.
            if let Err(error) = deadline::regimes(&BTreeMap::from([(name.clone(), table.clone())])) {
                let remedy = "write it: this regime is not built in";
                findings.add(&section, error.key, "is missing", remedy);
            }
            if matches!(table.answer, Some(Term::Days(0) | Term::Months(0))) {
                findings.add(&section, "answer", "leaves no time to answer", "write at least 1");
            }
        }
        let known = deadline::regimes(&self.own).ok()?;
        if !known.iter().any(|regime| regime.name == self.default) {
            let names: Vec<&str> = known.iter().map(|regime| regime.name.as_str()).collect();
            let what = format!("{:?} is no known regime", self.default);
            findings.add("regimes", "default", what, format!("use one of: {}", names.join(", ")));
        }
        Some(Regimes { default: self.default, known })
    }
}

/// `[promise]`: what the company promises beside the law.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Promise {
    /// Calendar days from receipt to the answer.
    pub days: u16,
}

impl Default for Promise {
    fn default() -> Self {
        Self { days: 30 }
    }
}

/// `[verification]`: how a person proves who they are.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Verification {
    /// Directory roles that may speak for a whole account; compared without case.
    pub account_roles: Vec<String>,
    /// Hours that a code lives.
    pub code_hours: u16,
    /// Days after the challenge on which a reminder with a fresh code leaves.
    pub reminder_days: Vec<u16>,
    /// Days after the challenge on which the request expires.
    pub expire_days: u16,
    /// Wrong codes from the address on file that end a request.
    pub tries_max: u16,
}

impl Default for Verification {
    fn default() -> Self {
        Self {
            account_roles: vec!["owner".to_owned(), "admin".to_owned()],
            code_hours: 24,
            reminder_days: vec![1, 3, 7],
            expire_days: 14,
            tries_max: 5,
        }
    }
}

impl Verification {
    pub(super) fn judge(&self, findings: &mut Findings<'_>) {
        let section = "verification";
        for (key, value) in [
            ("code_hours", self.code_hours),
            ("expire_days", self.expire_days),
            ("tries_max", self.tries_max),
        ] {
            if value == 0 {
                findings.add(section, key, "is 0, so nobody could be verified", "write at least 1");
            }
        }
        let rising = self.reminder_days.is_sorted_by(|earlier, later| earlier < later);
        let within = self.reminder_days.iter().all(|&day| day > 0 && day < self.expire_days);
        if !rising || !within {
            let remedy = "list rising days, each at least 1 and before expire_days";
            findings.add(section, "reminder_days", "cannot be followed", remedy);
        }
        if self.account_roles.is_empty() {
            let remedy = "list the directory roles that may speak for an account";
            findings.add(section, "account_roles", "is empty, so nobody may ask for an account", remedy);
        }
    }
}

/// The order of day and month where 01/02/2025 could be read two ways.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DateOrder {
    /// 1 February.
    DayFirst,
    /// 2 January.
    MonthFirst,
}

/// `[reading]`: how forms are read.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reading {
    /// ISO 3166 code of the region whose rules complete a phone number and name a fiscal year.
    pub region: String,
    /// The order of day and month.
    pub date_order: DateOrder,
    /// Shipped languages, by ISO 639 code, in which labels, titles and time frames are read; the first one weighs most.
    pub languages: Vec<String>,
    /// Words of the operator's own, beside the shipped ones.
    pub words: Language,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            region: "IN".to_owned(),
            date_order: DateOrder::DayFirst,
            languages: Language::codes().map(str::to_owned).collect(),
            words: Language::default(),
        }
    }
}

impl Reading {
    pub(super) fn judge(&self, findings: &mut Findings<'_>) {
        if self.region.parse::<phonenumber::country::Id>().is_err() {
            let remedy = "write a two-letter country code such as \"IN\" or \"DE\"";
            findings.add("reading", "region", "is not a known region", remedy);
        }
        if self.languages.iter().any(|code| Language::shipped(code).is_none()) {
            let shipped = Language::codes().collect::<Vec<_>>().join(", ");
            let remedy =
                format!("name shipped languages ({shipped}); words of others go into [reading.words]");
            findings.add("reading", "languages", "names a language that is not shipped", remedy);
        }
        if let Some(rule) = self.words.own_words.broken_rule() {
            let remedy = format!("correct the regular expression {rule:?}");
            findings.add("reading", "words", "holds a rule that cannot be compiled", remedy);
        }
    }
}
