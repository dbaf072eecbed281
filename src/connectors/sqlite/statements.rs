//! The SQL of the `SQLite` connector. Identifiers come from `Category` alone and are written as `t."name"`: `SQLite` reads
//! a bare `"name"` that it does not know as text, so that a misspelt column would compare a word with itself and
//! select a whole table. Values are bound, never spliced.

use crate::connectors::hanging::Reference;
use crate::domain::keep::Sieve;
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

/// What `facts` reads: key, moment in seconds since 1970, account, user, file, numbers; NULL where there is none. Whose
/// a row is costs time to read, and so is left out where nobody asks.
fn facts(category: &Category, whose: Whose, of: &str) -> String {
    let column = |name: &String| format!("{of}.{}", quoted(name));
    let optional = |name: Option<&String>| name.map_or_else(|| "NULL".to_owned(), column);
    let mut columns = vec![column(&category.key), moment(category, of)];
    if whose == Whose::Asked {
        columns.push(column(&category.account_column));
        columns.push(optional(category.user_column.as_ref()));
        columns.push(optional(category.files.as_ref().map(|files| &files.column)));
        columns.extend(category.number_columns.iter().map(column));
    }
    columns.join(", ")
}

/// Whether a statement reads whose the rows are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Asked,
    Unasked,
}

fn moment(category: &Category, of: &str) -> String {
    let Some(name) = &category.time_column else {
        return "NULL".to_owned();
    };
    let (compared, _) = compared_in(of, name, category.time_format);
    if category.time_format == TimeFormat::EpochMillis { format!("{compared} / 1000.0") } else { compared }
}

/// Selects the facts of every row that the selector means; none when the category lacks a column that the selector needs,
/// because then no row is about it.
pub(super) fn keys(category: &Category, selector: &Selector, sieve: &Sieve) -> Option<Statement> {
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
    if let Some(name) = &category.time_column {
        let (compared, unit) = compared(name, category.time_format);
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
    let whose = if sieve.asks_whose() { Whose::Asked } else { Whose::Unasked };
    let sql = format!(
        "SELECT {} FROM {} AS t WHERE {}",
        facts(category, whose, "t"),
        quoted(&category.table),
        filter.conditions.join(" AND ")
    );
    Some(Statement { sql, binds: filter.binds })
}

/// Selects the facts of the next rows of the whole table in the order of their keys.
pub(super) fn page(
    category: &Category,
    until: Option<Timestamp>,
    after: Option<&str>,
    rows_max: usize,
) -> Option<Statement> {
    let mut filter = Filter::default();
    let key = column(&category.key);
    if let Some(after) = after {
        let after = filter.text(after);
        filter.and(format!("{key} > {after}"));
    }
    if let Some(until) = until {
        let (compared, unit) = compared(category.time_column.as_ref()?, category.time_format);
        let until = filter.real(until, unit);
        filter.and(format!("{compared} <= {until}"));
    }
    if filter.conditions.is_empty() {
        filter.and("1".to_owned());
    }
    let sql = format!(
        "SELECT {} FROM {} AS t WHERE {} ORDER BY {key} LIMIT {rows_max}",
        facts(category, Whose::Asked, "t"),
        quoted(&category.table),
        filter.conditions.join(" AND ")
    );
    Some(Statement { sql, binds: filter.binds })
}

/// Deletes the rows of these keys that are no later than `as_of`, and answers with their facts.
pub(super) fn delete(category: &Category, keys: &[String], as_of: Timestamp) -> Statement {
    let filter = going(category, keys, as_of);
    // RETURNING knows the table by its own name only.
    let table = quoted(&category.table);
    let sql = format!(
        "DELETE FROM {table} AS t WHERE {} RETURNING {}",
        filter.conditions.join(" AND "),
        facts(category, Whose::Asked, &table)
    );
    Statement { sql, binds: filter.binds }
}

/// The rows of these keys that are no later than `as_of`.
fn going(category: &Category, keys: &[String], as_of: Timestamp) -> Filter {
    let mut filter = Filter::default();
    let list = filter.list(keys);
    filter.and(format!("{} IN ({list})", column(&category.key)));
    if let Some(name) = &category.time_column {
        let (compared, unit) = compared(name, category.time_format);
        let as_of = filter.real(as_of, unit);
        filter.and(format!("({compared} IS NULL OR {compared} <= {as_of})"));
    }
    filter
}

/// Counts the rows that hang by this foreign key on rows that are to go, and do not go with them.
pub(super) fn hanging(
    category: &Category,
    reference: &Reference,
    keys: &[String],
    as_of: Timestamp,
) -> Statement {
    let filter = going(category, keys, as_of);
    let (table, key) = (quoted(&category.table), quoted(&category.key));
    // The column that is named stands on the left: its collation decides, as it does for the key itself.
    let joined = reference
        .columns
        .iter()
        .map(|(from, to)| format!("{} = c.{}", column(to), quoted(from)))
        .collect::<Vec<_>>();
    let conditions = filter.conditions.join(" AND ");
    let mut sql = format!(
        "SELECT count(*) FROM {table} AS t JOIN {} AS c ON {} WHERE {conditions}",
        reference.table,
        joined.join(" AND ")
    );
    if reference.is_own {
        sql = format!("{sql} AND c.{key} NOT IN (SELECT t.{key} FROM {table} AS t WHERE {conditions})");
    }
    Statement { sql, binds: filter.binds }
}

/// Which of these files some row still names.
pub(super) fn named_files(category: &Category, file_column: &str, files: &[String]) -> Statement {
    let mut filter = Filter::default();
    let list = filter.list(files);
    let file = column(file_column);
    let sql =
        format!("SELECT DISTINCT {file} FROM {} AS t WHERE {file} IN ({list})", quoted(&category.table));
    Statement { sql, binds: filter.binds }
}

/// Counts the table.
pub(super) fn size(category: &Category) -> Statement {
    Statement { sql: format!("SELECT count(*) FROM {}", quoted(&category.table)), binds: Vec::new() }
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
    compared_in("t", name, format)
}

fn compared_in(of: &str, name: &str, format: TimeFormat) -> (String, f64) {
    let column = format!("{of}.{}", quoted(name));
    match format {
        // Reads an offset or Z, and takes text without one for UTC.
        TimeFormat::Iso => (format!("unixepoch({column}, 'subsec')"), 1.0),
        TimeFormat::EpochSeconds => (column, 1.0),
        TimeFormat::EpochMillis => (column, 1_000.0),
    }
}

fn column(name: &str) -> String {
    format!("t.{}", quoted(name))
}

pub(super) fn quoted(name: &str) -> String {
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
