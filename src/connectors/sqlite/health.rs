//! What `dsrd check` asks of a `SQLite` source: every table, column and query that the configuration names, whether keys
//! are unique, whether look-ups have an index. It reports with remedies and changes nothing.
//! See `Connector::check`.

use super::statements::unreadable_moment;
use super::{Sqlite, bound};
use crate::connectors::{ConnectorError, Finding, advice, broken};
use crate::domain::directory::{DIRECTORY_COLUMNS, Directory};
use crate::domain::plan::{Category, TimeFormat};
use sqlx::{AssertSqlSafe, Column, Either, Executor, Row, SqlSafeStr, Statement};

/// A table as `SQLite` describes it.
struct Table {
    /// Name, declared type, position in the primary key (0 = not in it).
    columns: Vec<(String, String, i64)>,
    /// Index name, whether it is unique, its columns in order.
    indexes: Vec<(String, bool, Vec<String>)>,
}

impl Table {
    fn declared(&self, name: &str) -> Option<&str> {
        let found = self.columns.iter().find(|(column, ..)| column.eq_ignore_ascii_case(name));
        found.map(|(_, declared, _)| declared.as_str())
    }

    fn is_unique(&self, name: &str) -> bool {
        let key: Vec<&str> =
            self.columns.iter().filter(|(_, _, at)| *at > 0).map(|(name, ..)| name.as_str()).collect();
        matches!(key.as_slice(), [only] if only.eq_ignore_ascii_case(name))
            || self.indexes.iter().any(|(_, unique, columns)| {
                *unique && matches!(columns.as_slice(), [only] if only.eq_ignore_ascii_case(name))
            })
    }

    fn leads_an_index(&self, name: &str) -> bool {
        let leads =
            |columns: &[String]| columns.first().is_some_and(|first| first.eq_ignore_ascii_case(name));
        self.indexes.iter().any(|(_, _, columns)| leads(columns)) || self.is_unique(name)
    }
}

impl Sqlite {
    /// Adds what is wrong with a category.
    pub(super) async fn check_category(
        &self,
        category: &Category,
        findings: &mut Vec<Finding>,
    ) -> Result<(), ConnectorError> {
        let table = self.describe(&category.table).await?;
        let place = format!("{}: table {}", category.name, category.table);
        if table.columns.is_empty() {
            findings.push(broken(format!("{place} does not exist"), "correct `table` or create it"));
            return Ok(());
        }
        let before = findings.len();
        for name in category.named_columns() {
            if table.declared(name).is_none() {
                findings
                    .push(broken(format!("{place} has no column {name}"), "correct the name in [[data]]"));
            }
        }
        if findings.len() > before {
            return Ok(());
        }
        if !table.is_unique(&category.key) {
            findings.push(advice(
                format!("{place}: nothing makes {} unique", category.key),
                "name the primary key in `key`, or add a unique index: a key that occurs twice stops the plan",
            ));
        }
        check_types(category, &table, &place, findings);
        if !table.leads_an_index(&category.account_column) {
            findings.push(advice(
                format!("{place}: no index begins with {}", category.account_column),
                "add one: without it every request reads the whole table",
            ));
        }
        self.check_moments(category, &place, findings).await?;
        if let Some(files) = &category.files
            && !tokio::fs::metadata(&files.root).await.is_ok_and(|root| root.is_dir())
        {
            findings.push(broken(
                format!("{}: the folder {} cannot be read", category.name, files.root.display()),
                "correct `files.root`, mount it, or let the service read it",
            ));
        }
        Ok(())
    }

    /// Adds what is wrong with the directory's queries.
    pub(super) async fn check_directory(&self, directory: &Directory, findings: &mut Vec<Finding>) {
        let queries = [
            ("by_address", &directory.by_address),
            ("by_account", &directory.by_account),
            ("by_number", &directory.by_number),
        ];
        for (name, sql) in queries {
            let doing = format!("prepare directory.{name}");
            let prepared =
                self.within(&doing, (&self.pool).prepare(AssertSqlSafe(sql.clone()).into_sql_str())).await;
            match prepared {
                Ok(statement) => {
                    let has = |wanted: &str| statement.columns().iter().any(|column| column.name() == wanted);
                    for wanted in DIRECTORY_COLUMNS.into_iter().filter(|wanted| !has(wanted)) {
                        findings.push(broken(
                            format!("directory.{name} answers without a column {wanted}"),
                            "select it, or NULL under that name where there is none",
                        ));
                    }
                    if matches!(statement.parameters(), Some(Either::Right(count)) if count != 1) {
                        findings.push(broken(
                            format!("directory.{name} does not take exactly one parameter"),
                            "compare with $1; the value is bound to it",
                        ));
                    }
                }
                Err(error) => findings.push(broken(error.to_string(), "correct the SQL in [directory]")),
            }
        }
    }

    async fn describe(&self, table: &str) -> Result<Table, ConnectorError> {
        let doing = format!("describe table {table}");
        let columns = self
            .within(
                &doing,
                sqlx::query_as("SELECT name, type, pk FROM pragma_table_xinfo($1)")
                    .bind(table)
                    .fetch_all(&self.pool),
            )
            .await?;
        let rows = self
            .within(
                &doing,
                sqlx::query(
                    "SELECT l.name, l.\"unique\" AND NOT l.partial, i.name FROM pragma_index_list($1) AS l, \
                     pragma_index_info(l.name) AS i WHERE i.name IS NOT NULL ORDER BY l.name, i.seqno",
                )
                .bind(table)
                .fetch_all(&self.pool),
            )
            .await?;
        let mut indexes: Vec<(String, bool, Vec<String>)> = Vec::new();
        for row in &rows {
            let read = || Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
            let (index, unique, column): (String, bool, String) =
                read().map_err(|error| self.failed(&doing, &error))?;
            match indexes.last_mut().filter(|(last, ..)| *last == index) {
                Some((_, _, columns)) => columns.push(column),
                None => indexes.push((index, unique, vec![column])),
            }
        }
        Ok(Table { columns, indexes })
    }

    async fn check_moments(
        &self,
        category: &Category,
        place: &str,
        findings: &mut Vec<Finding>,
    ) -> Result<(), ConnectorError> {
        let Some(name) = &category.time_column else { return Ok(()) };
        let query = bound(unreadable_moment(category, name));
        let doing = format!("look at {}.{name}", category.table);
        let row = self.within(&doing, query.fetch_one(&self.pool)).await?;
        let unreadable: i64 = row.try_get(0).map_err(|error| self.failed(&doing, &error))?;
        if unreadable > 0 {
            findings.push(broken(
                format!("{place}: {name} holds moments that are not {}", stored_as(category.time_format)),
                "correct `time_format`: a request with a time frame would miss these rows",
            ));
        }
        Ok(())
    }
}

fn check_types(category: &Category, table: &Table, place: &str, findings: &mut Vec<Finding>) {
    let compared = [&category.key, &category.account_column]
        .into_iter()
        .chain(&category.user_column)
        .chain(&category.number_columns);
    for name in compared {
        // SQLite compares text with a column of no declared type byte by byte: a stored number would never match.
        let declared = table.declared(name).unwrap_or_default().to_ascii_uppercase();
        if declared.is_empty() || declared.contains("BLOB") {
            findings.push(broken(
                format!("{place}: {name} has no declared type"),
                "declare it TEXT or INTEGER, or read through a view that casts it",
            ));
        }
    }
}

fn stored_as(format: TimeFormat) -> &'static str {
    match format {
        TimeFormat::Iso => "ISO 8601 text",
        TimeFormat::EpochSeconds => "seconds since 1970",
        TimeFormat::EpochMillis => "milliseconds since 1970",
    }
}
