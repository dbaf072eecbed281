//! `[[data]]` as the rules know it: one kind of data that the company holds, where it lies and what may happen to it. Plain
//! data that connectors turn into SQL; nothing here reads a row. `plan.rs` freezes what a request touches of it.

use crate::domain::keep::{DeletePermission, Floor};
use serde::Deserialize;
use std::path::PathBuf;

/// Longest name of a category.
pub const CATEGORY_NAME_CHARS_MAX: usize = 40;

/// `[[data]]`: one kind of data that the company holds.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// Name in file names, plans and logs: `[a-z0-9_]`, 1 to 40 characters.
    pub name: String,
    /// What a person calls it.
    pub title: String,
    /// Why the company processes it (GDPR 15(1)(a)).
    pub purpose: String,
    /// Who else receives it (GDPR 15(1)(c)).
    #[serde(default)]
    pub recipients: Vec<String>,
    /// Where it comes from, when not from the person (GDPR 15(1)(g)).
    #[serde(default)]
    pub origin: Option<String>,
    /// A name of `[sources.NAME]`.
    pub source: String,
    /// The table.
    pub table: String,
    /// Further places that hold the same kind of data in the same columns; read as categories of their own.
    #[serde(default)]
    pub also_in: Vec<Place>,
    /// The unique column that names a row.
    pub key: String,
    /// When a row came to be; without it a time frame selects nothing here.
    #[serde(default)]
    pub time_column: Option<String>,
    /// How `time_column` stores a moment.
    #[serde(default)]
    pub time_format: TimeFormat,
    /// The column that holds the account.
    pub account_column: String,
    /// The column that holds the user; without it the rows belong to the account as a whole.
    #[serde(default)]
    pub user_column: Option<String>,
    /// Columns that hold phone numbers, E.164; without them a number selects nothing here.
    #[serde(default)]
    pub number_columns: Vec<String>,
    /// What a person should see, in this order.
    pub columns: Vec<Column>,
    /// Whether it is handed out.
    #[serde(default)]
    pub export: Permission,
    /// Storage period in days (GDPR 15(1)(d)).
    #[serde(default)]
    pub retention_days: Option<u32>,
    /// Whether it is deleted on request.
    #[serde(default)]
    pub delete: DeletePermission,
    /// Laws that say how long it must be kept.
    #[serde(default)]
    pub keep: Vec<Floor>,
    /// Days after which no backup of the source holds a deleted row any more.
    #[serde(default)]
    pub backup_purge_days: Option<u32>,
    /// Files that rows point to.
    #[serde(default)]
    pub files: Option<Files>,
    /// Needs the second factor before it is handed out (decision 27).
    #[serde(default)]
    pub second_factor: bool,
}

impl Category {
    /// Every column that it names.
    pub fn named_columns(&self) -> impl Iterator<Item = &str> {
        [&self.key, &self.account_column]
            .into_iter()
            .chain(&self.user_column)
            .chain(&self.time_column)
            .chain(&self.number_columns)
            .chain(self.columns.iter().map(|column| &column.name))
            .chain(self.files.iter().map(|files| &files.column))
            .map(String::as_str)
    }

    /// What is wrong with the entry beyond its TOML shape, each with what to do; empty when it can be used.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if self.name.is_empty() || self.name.len() > CATEGORY_NAME_CHARS_MAX || !self.name.chars().all(word) {
            problems.push(format!("name {:?}: use 1 to 40 of a-z, 0-9 and _", self.name));
        }
        if is_reserved(&self.name) {
            problems.push(format!("name {:?}: Windows cannot unpack a file of that name", self.name));
        }
        if self.columns.is_empty() {
            problems.push(format!("{}: columns is empty: name what a person should see", self.name));
        }
        if self.keep.iter().any(|floor| !(1..=YEARS_MAX).contains(&floor.years)) {
            problems.push(format!(
                "{}: keep has years outside of 1 to {YEARS_MAX}: write what the law says",
                self.name
            ));
        }
        for (key, days) in
            [("retention_days", self.retention_days), ("backup_purge_days", self.backup_purge_days)]
        {
            if days.is_some_and(|days| i64::from(days) > DAYS_MAX) {
                problems.push(format!(
                    "{}: {key} is more than {DAYS_MAX}, a hundred years: write fewer",
                    self.name
                ));
            }
        }
        let mut identifiers = std::iter::once(self.table.as_str()).chain(self.named_columns());
        if identifiers.any(|name| name.is_empty() || name.contains('\0')) {
            problems.push(format!("{}: a table or column name is empty or holds NUL", self.name));
        }
        problems
    }
}

/// The longest time that data are kept, in years and in days: no law asks for more, and no date is out of reach.
const YEARS_MAX: u32 = 100;
const DAYS_MAX: i64 = 36_525;

/// Device names that Windows keeps for itself, whatever the ending.
fn is_reserved(name: &str) -> bool {
    let numbered = ["com", "lpt"].iter().find_map(|device| name.strip_prefix(device));
    matches!(name, "con" | "prn" | "aux" | "nul")
        || numbered.is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|digit| digit.is_ascii_digit()))
}

/// A further place of a category.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Name in file names, plans and logs.
    pub name: String,
    /// A name of `[sources.NAME]`.
    pub source: String,
    /// The table.
    pub table: String,
}

/// How a column stores a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeFormat {
    /// ISO 8601 text; without an offset it is read as UTC.
    #[default]
    Iso,
    /// Seconds since 1970, UTC.
    EpochSeconds,
    /// Milliseconds since 1970, UTC.
    EpochMillis,
}

/// A column that a person sees.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// In the table.
    pub name: String,
    /// In the package.
    pub title: String,
}

/// Whether a category is handed out.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Permission {
    /// It is: `export = "allowed"`.
    #[default]
    Allowed,
    /// It is not, for this reason, which the person is told: `export = { withheld = "…" }`.
    Withheld(String),
}

/// Files that rows of a category point to.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// The column that names the file.
    pub column: String,
    /// The folder below which the files lie; nothing outside it is ever opened.
    pub root: PathBuf,
}
