//! The SQL of the `PostgreSQL` connector. Identifiers come from `Category` alone and are quoted; values are bound as text
//! and cast to the column's own type, so that its indexes serve. A value that cannot be of that type selects nothing.
//! `postgres.rs` runs it.

use crate::connectors::hanging::Reference;
use crate::domain::keep::Sieve;
use crate::domain::plan::{Category, Selector, TimeFormat};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// A statement and what to bind to `$1`, `$2` and so on.
pub(super) struct Statement {
    /// The text.
    pub(super) sql: String,
    /// The values.
    pub(super) binds: Vec<Bind>,
}

/// A bound value.
pub(super) enum Bind {
    /// Text.
    One(String),
    /// An array of texts.
    List(Vec<String>),
}

/// How a column's values are handed out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ReadAs {
    /// As a whole number.
    Int,
    /// As a number with a fraction.
    Real,
    /// As bytes.
    Bytes,
    /// As the text that people read.
    Text,
}

/// The types of a table's columns.
pub(super) struct Shape(BTreeMap<String, String>);

impl Shape {
    pub(super) fn new(columns: Vec<(String, String)>) -> Self {
        Self(columns.into_iter().collect())
    }

    /// The type of a column, where there is such a column.
    pub(super) fn of(&self, column: &str) -> Option<&str> {
        self.0.get(column).map(String::as_str)
    }

    pub(super) fn reads_as(&self, column: &str) -> ReadAs {
        match self.of(column) {
            Some("smallint" | "integer" | "bigint") => ReadAs::Int,
            Some("real" | "double precision") => ReadAs::Real,
            Some("bytea") => ReadAs::Bytes,
            _ => ReadAs::Text,
        }
    }

    /// The type that values are cast to when compared with a column, and the values that can be of it.
    fn comparable(&self, column: &str, values: &[String]) -> (Compare, Vec<String>) {
        let clean = values.iter().filter(|value| !value.contains('\0'));
        match self.of(column) {
            Some(of @ ("smallint" | "integer" | "bigint")) => {
                let fits = |value: i64| match of {
                    "smallint" => i16::try_from(value).is_ok(),
                    "integer" => i32::try_from(value).is_ok(),
                    _ => true,
                };
                let numbers =
                    clean.filter_map(|value| value.parse::<i64>().ok()).filter(|value| fits(*value));
                (Compare::Cast(of.to_owned()), numbers.map(|number| number.to_string()).collect())
            }
            Some("uuid") => {
                let uuids = clean.filter(|value| uuid::Uuid::try_parse(value).is_ok());
                (Compare::Cast("uuid".to_owned()), uuids.cloned().collect())
            }
            Some("text" | "character varying" | "character" | "citext" | "name") => {
                (Compare::Plain, clean.cloned().collect())
            }
            _ => (Compare::AsText, clean.cloned().collect()),
        }
    }
}

/// How a column is compared with bound text.
enum Compare {
    /// The text is cast to the column's type.
    Cast(String),
    /// The column is text.
    Plain,
    /// The column is cast to text: no index serves.
    AsText,
}

/// Names and types of a table's columns.
pub(super) fn columns(table: &str) -> Statement {
    let sql = "SELECT attname::text, format_type(atttypid, NULL) FROM pg_attribute \
               WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped";
    Statement { sql: sql.to_owned(), binds: vec![Bind::One(quoted_table(table))] }
}

/// About how many rows the table holds, by the server's own statistics; zero or less where it has none.
pub(super) fn estimate(table: &str) -> Statement {
    let sql = "SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass($1)";
    Statement { sql: sql.to_owned(), binds: vec![Bind::One(quoted_table(table))] }
}

/// Counts the table.
pub(super) fn size(table: &str) -> Statement {
    Statement { sql: format!("SELECT count(*) FROM {}", quoted_table(table)), binds: Vec::new() }
}

/// The operator's own query, each answer as one JSON object, so that no type stands in the way.
pub(super) fn directory(sql: &str, value: &str) -> Statement {
    let sql = sql.trim().trim_end_matches(';');
    let value = value.replace('\0', "");
    Statement { sql: format!("SELECT row_to_json(q)::text FROM ({sql}) AS q"), binds: vec![Bind::One(value)] }
}

/// Selects the facts of every row that the selector means; none when the category lacks a column that the selector needs.
pub(super) fn keys(
    category: &Category,
    shape: &Shape,
    selector: &Selector,
    sieve: &Sieve,
) -> Option<Statement> {
    let mut filter = Filter { shape, conditions: Vec::new(), binds: Vec::new() };
    if let Some(account) = &selector.account {
        filter.is_one_of(&[&category.account_column], std::slice::from_ref(account));
    }
    if !selector.users.is_empty() {
        filter.is_one_of(&[category.user_column.as_ref()?], &selector.users);
    }
    if !selector.numbers.is_empty() {
        let columns: Vec<&String> = category.number_columns.iter().collect();
        if columns.is_empty() {
            return None;
        }
        filter.is_one_of(&columns, &selector.numbers);
    }
    if category.time_column.is_some() {
        if selector.from.is_some() {
            filter.moment(category, ">=", selector.starts()?);
        }
        if selector.to.is_some() {
            filter.moment(category, "<", selector.ends()?);
        }
        filter.moment_or_none(category, selector.as_of);
    } else if selector.from.is_some() || selector.to.is_some() {
        return None;
    }
    let whose = if sieve.asks_whose() { Whose::Asked } else { Whose::Unasked };
    Some(filter.statement(&format!("SELECT {} FROM", facts(category, shape, whose)), category, ""))
}

/// Selects the facts of the next rows of the whole table in the order of their keys.
pub(super) fn page(
    category: &Category,
    shape: &Shape,
    until: Option<Timestamp>,
    after: Option<&str>,
    rows_max: usize,
) -> Option<Statement> {
    let mut filter = Filter { shape, conditions: vec!["true".to_owned()], binds: Vec::new() };
    let (compare, after) =
        shape.comparable(&category.key, &after.map(str::to_owned).into_iter().collect::<Vec<_>>());
    let key = match &compare {
        Compare::AsText => format!("{}::text", column(&category.key)),
        Compare::Cast(_) | Compare::Plain => column(&category.key),
    };
    if let Some(after) = after.into_iter().next() {
        let bind = filter.bind(Bind::One(after));
        let bound = if let Compare::Cast(of) = &compare { format!("{bind}::{of}") } else { bind };
        filter.conditions.push(format!("{key} > {bound}"));
    }
    if let Some(until) = until {
        category.time_column.as_ref()?;
        filter.moment(category, "<=", until);
    }
    let select = format!("SELECT {} FROM", facts(category, shape, Whose::Asked));
    Some(filter.statement(&select, category, &format!(" ORDER BY {key} LIMIT {rows_max}")))
}

/// Deletes the rows of these keys that are no later than `as_of`, and answers with their facts.
pub(super) fn delete(category: &Category, shape: &Shape, keys: &[String], as_of: Timestamp) -> Statement {
    let filter = going(category, shape, keys, as_of);
    let returning = format!(" RETURNING {}", facts(category, shape, Whose::Asked));
    filter.statement("DELETE FROM", category, &returning)
}

/// The rows of these keys that are no later than `as_of`.
fn going<'a>(category: &Category, shape: &'a Shape, keys: &[String], as_of: Timestamp) -> Filter<'a> {
    let mut filter = Filter { shape, conditions: Vec::new(), binds: Vec::new() };
    filter.is_one_of(&[&category.key], keys);
    if category.time_column.is_some() {
        filter.moment_or_none(category, as_of);
    }
    filter
}

/// Counts the rows that hang by this foreign key on rows that are to go, and do not go with them.
pub(super) fn hanging(
    category: &Category,
    shape: &Shape,
    reference: &Reference,
    keys: &[String],
    as_of: Timestamp,
) -> Statement {
    let filter = going(category, shape, keys, as_of);
    let (table, key) = (quoted_table(&category.table), quoted(&category.key));
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
pub(super) fn named_files(category: &Category, shape: &Shape, file: &str, paths: &[String]) -> Statement {
    let mut filter = Filter { shape, conditions: Vec::new(), binds: Vec::new() };
    filter.is_one_of(&[&file.to_owned()], paths);
    filter.statement(&format!("SELECT DISTINCT {}::text FROM", column(file)), category, "")
}

/// Selects the rows of these keys: the key, the file, then what a person should see.
pub(super) fn rows(category: &Category, shape: &Shape, keys: &[String]) -> Statement {
    let mut filter = Filter { shape, conditions: Vec::new(), binds: Vec::new() };
    filter.is_one_of(&[&category.key], keys);
    let file = category.files.as_ref().map(|files| &files.column);
    let shown = category.columns.iter().map(|shown| {
        let name = column(&shown.name);
        match shape.reads_as(&shown.name) {
            ReadAs::Int => format!("{name}::bigint"),
            // By way of its text: the number that people know, 0.1, and not the 0.10000000149 that is nearest to it.
            ReadAs::Real => format!("{name}::text::double precision"),
            ReadAs::Bytes => name,
            ReadAs::Text => format!("{name}::text"),
        }
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    let select = format!("SELECT {}::text, {}, {shown} FROM", column(&category.key), text_or_null(file));
    filter.statement(&select, category, "")
}

/// Whether a statement reads whose the rows are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Asked,
    Unasked,
}

/// Key, moment in microseconds since 1970, account, user, file, numbers; NULL where there is none.
fn facts(category: &Category, shape: &Shape, whose: Whose) -> String {
    let micros = instant(category, shape).map_or_else(
        || "NULL::bigint".to_owned(),
        |instant| format!("(extract(epoch FROM {instant}) * 1000000)::bigint"),
    );
    let mut columns = vec![format!("{}::text", column(&category.key)), micros];
    if whose == Whose::Asked {
        columns.push(format!("{}::text", column(&category.account_column)));
        columns.push(text_or_null(category.user_column.as_ref()));
        columns.push(text_or_null(category.files.as_ref().map(|files| &files.column)));
        columns.extend(category.number_columns.iter().map(|name| text_or_null(Some(name))));
    }
    columns.join(", ")
}

fn text_or_null(name: Option<&String>) -> String {
    name.map_or_else(|| "NULL::text".to_owned(), |name| format!("{}::text", column(name)))
}

/// The moment of a row as a `timestamptz`; one without an offset is UTC.
fn instant(category: &Category, shape: &Shape) -> Option<String> {
    let name = category.time_column.as_ref()?;
    let of = column(name);
    Some(match (category.time_format, shape.of(name)) {
        (TimeFormat::EpochSeconds, _) => format!("to_timestamp({of})"),
        (TimeFormat::EpochMillis, _) => format!("to_timestamp({of} / 1000.0)"),
        (TimeFormat::Iso, Some("timestamp with time zone")) => of,
        (TimeFormat::Iso, Some("timestamp without time zone")) => format!("({of} AT TIME ZONE 'UTC')"),
        (TimeFormat::Iso, Some("date")) => format!("({of}::timestamp AT TIME ZONE 'UTC')"),
        (TimeFormat::Iso, _) => format!("{of}::timestamptz"),
    })
}

fn column(name: &str) -> String {
    format!("t.{}", quoted(name))
}

pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A table, with its schema where a dot names one.
pub(super) fn quoted_table(table: &str) -> String {
    table.split('.').map(quoted).collect::<Vec<_>>().join(".")
}

struct Filter<'a> {
    shape: &'a Shape,
    conditions: Vec<String>,
    binds: Vec<Bind>,
}

impl Filter<'_> {
    fn bind(&mut self, bind: Bind) -> String {
        self.binds.push(bind);
        format!("${}", self.binds.len())
    }

    /// Any of the columns holds one of the values.
    fn is_one_of(&mut self, columns: &[&String], values: &[String]) {
        let mut any = Vec::new();
        for name in columns {
            let (compare, values) = self.shape.comparable(name, values);
            let list = self.bind(Bind::List(values));
            any.push(match compare {
                Compare::Cast(of) => format!("{} = ANY({list}::{of}[])", column(name)),
                Compare::Plain => format!("{} = ANY({list})", column(name)),
                Compare::AsText => format!("{}::text = ANY({list})", column(name)),
            });
        }
        self.conditions.push(format!("({})", any.join(" OR ")));
    }

    /// The comparison is written so that an index on the column serves.
    fn compared(&mut self, category: &Category, operator: &str, moment: Timestamp) -> Option<String> {
        let name = category.time_column.as_ref()?;
        let of = column(name);
        let bound = self.bind(Bind::One(moment.to_string()));
        let bound = format!("{bound}::timestamptz");
        Some(match (category.time_format, self.shape.of(name)) {
            (TimeFormat::EpochSeconds, _) => format!("{of} {operator} extract(epoch FROM {bound})"),
            (TimeFormat::EpochMillis, _) => format!("{of} {operator} extract(epoch FROM {bound}) * 1000"),
            (TimeFormat::Iso, Some("timestamp without time zone")) => {
                format!("{of} {operator} ({bound} AT TIME ZONE 'UTC')")
            }
            (TimeFormat::Iso, _) => format!("{} {operator} {bound}", instant(category, self.shape)?),
        })
    }

    fn moment(&mut self, category: &Category, operator: &str, moment: Timestamp) {
        let condition = self.compared(category, operator, moment);
        self.conditions.extend(condition);
    }

    /// A row without a moment belongs to the person all the same; only a time frame leaves it out.
    fn moment_or_none(&mut self, category: &Category, as_of: Timestamp) {
        let Some(name) = &category.time_column else { return };
        if let Some(condition) = self.compared(category, "<=", as_of) {
            self.conditions.push(format!("({} IS NULL OR {condition})", column(name)));
        }
    }

    fn statement(self, verb: &str, category: &Category, rest: &str) -> Statement {
        let table = quoted_table(&category.table);
        let conditions = self.conditions.join(" AND ");
        Statement { sql: format!("{verb} {table} AS t WHERE {conditions}{rest}"), binds: self.binds }
    }
}
