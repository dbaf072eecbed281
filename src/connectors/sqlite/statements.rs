//! The SQL of the `SQLite` connector. Identifiers come from `Category` alone and are written as `t."name"`: `SQLite` reads
//! a bare `"name"` that it does not know as text, so that a misspelt column would compare a word with itself and
//! select a whole table. Values are bound, never spliced.

use crate::domain::plan::{Category, Selector, TimeFormat};
use jiff::Timestamp;

/// A statement and what to bind to `$1`, `$2` and so on.
#[derive(Debug, PartialEq)]
pub(super) struct Statement {
    /// The text.
    pub(super) sql: String,
    /// The values.
    pub(super) binds: Vec<Bind>,
}

/// A bound value.
#[derive(Clone, PartialEq)]
pub(super) enum Bind {
    /// Text; `SQLite` turns it into a number where the column is one.
    Text(String),
    /// A number.
    Real(f64),
}

impl std::fmt::Debug for Bind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[bound]")
    }
}

/// Selects key and moment (seconds since 1970, or NULL) of every row that the selector means; none when the category
/// lacks a column that the selector needs, because then no row is about it.
pub(super) fn keys(category: &Category, selector: &Selector) -> Option<Statement> {
    let mut filter = Filter::default();
    if let Some(account) = &selector.account {
        let account = filter.text(account);
        filter.and(format!("{} = {account}", column(&category.account_column)));
    }
    if !selector.users.is_empty() {
        let user = category.user_column.as_ref()?;
        let users = filter.list(&selector.users);
        filter.and(format!("{} IN ({users})", column(user)));
    }
    if !selector.numbers.is_empty() {
        if category.number_columns.is_empty() {
            return None;
        }
        let numbers = filter.list(&selector.numbers);
        let any = category.number_columns.iter().map(|name| format!("{} IN ({numbers})", column(name)));
        filter.and(format!("({})", any.collect::<Vec<_>>().join(" OR ")));
    }
    let has_frame = selector.from.is_some() || selector.to.is_some();
    let mut moment = "NULL".to_owned();
    if let Some(name) = &category.time_column {
        let (compared, unit) = compared(name, category.time_format);
        moment = if category.time_format == TimeFormat::EpochMillis {
            format!("{compared} / 1000.0")
        } else {
            compared.clone()
        };
        if selector.from.is_some() {
            let start = filter.real(selector.starts()?, unit);
            filter.and(format!("{compared} >= {start}"));
        }
        if selector.to.is_some() {
            let end = filter.real(selector.ends()?, unit);
            filter.and(format!("{compared} < {end}"));
        }
        // A row without a moment belongs to the person all the same; only a time frame leaves it out.
        let as_of = filter.real(selector.as_of, unit);
        filter.and(format!("({compared} IS NULL OR {compared} <= {as_of})"));
    } else if has_frame {
        return None;
    }
    let sql = format!(
        "SELECT {}, {moment} FROM {} AS t WHERE {}",
        column(&category.key),
        quoted(&category.table),
        filter.conditions.join(" AND ")
    );
    Some(Statement { sql, binds: filter.binds })
}

/// Selects the rows of these keys: the key, the file (or NULL), then what a person should see.
pub(super) fn rows(category: &Category, keys: &[String]) -> Statement {
    let mut filter = Filter::default();
    let list = filter.list(keys);
    let file = category.files.as_ref().map_or_else(|| "NULL".to_owned(), |files| column(&files.column));
    let columns = category.columns.iter().map(|shown| column(&shown.name)).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT {key}, {file}, {columns} FROM {table} AS t WHERE {key} IN ({list})",
        key = column(&category.key),
        table = quoted(&category.table)
    );
    Statement { sql, binds: filter.binds }
}

/// Finds out whether the first thousand rows hold a moment that cannot be read.
pub(super) fn unreadable_moment(category: &Category, name: &str) -> Statement {
    let (compared, _) = compared(name, category.time_format);
    let readable = match category.time_format {
        TimeFormat::Iso => format!("typeof({}) = 'text' AND {compared} IS NOT NULL", column(name)),
        TimeFormat::EpochSeconds | TimeFormat::EpochMillis => {
            format!("typeof({compared}) IN ('integer', 'real')")
        }
    };
    let sql = format!(
        "SELECT count(*) FROM (SELECT {column} FROM {table} AS t LIMIT 1000) AS t \
         WHERE {column} IS NOT NULL AND NOT ({readable})",
        column = column(name),
        table = quoted(&category.table)
    );
    Statement { sql, binds: Vec::new() }
}

/// The expression to compare a moment with, and how many of its units make a second.
fn compared(name: &str, format: TimeFormat) -> (String, f64) {
    match format {
        // Reads an offset or Z, and takes text without one for UTC.
        TimeFormat::Iso => (format!("unixepoch({}, 'subsec')", column(name)), 1.0),
        TimeFormat::EpochSeconds => (column(name), 1.0),
        TimeFormat::EpochMillis => (column(name), 1_000.0),
    }
}

fn column(name: &str) -> String {
    format!("t.{}", quoted(name))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[derive(Default)]
struct Filter {
    conditions: Vec<String>,
    binds: Vec<Bind>,
}

impl Filter {
    fn and(&mut self, condition: String) {
        self.conditions.push(condition);
    }

    fn text(&mut self, value: &str) -> String {
        self.binds.push(Bind::Text(value.to_owned()));
        format!("${}", self.binds.len())
    }

    fn list(&mut self, values: &[String]) -> String {
        values.iter().map(|value| self.text(value)).collect::<Vec<_>>().join(", ")
    }

    fn real(&mut self, moment: Timestamp, units_a_second: f64) -> String {
        self.binds.push(Bind::Real(moment.as_duration().as_secs_f64() * units_a_second));
        format!("${}", self.binds.len())
    }
}
