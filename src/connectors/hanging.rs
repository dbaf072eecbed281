//! Rows of other tables that hang on rows that are to go: a database that cascades would delete or change them, and nobody
//! approved that (decision 40). The connectors beside this file read the foreign keys and look for such rows inside the
//! deleting transaction; here stands what follows from them. Asks no database.

use super::{ConnectorError, Finding, advice, broken};
use crate::domain::keep::DeletePermission;
use crate::domain::plan::Category;

/// A foreign key that leads to the table of a category.
pub(super) struct Reference {
    /// The table that it leads from, quoted for SQL.
    pub(super) table: String,
    /// The same for people.
    pub(super) child: String,
    /// Whether that is the category's own table.
    pub(super) is_own: bool,
    /// Its columns, and the columns of the category's table that they name.
    pub(super) columns: Vec<(String, String)>,
}

impl Reference {
    /// Nothing may go while rows hang on it.
    pub(super) fn refuse(&self, category: &Category, rows: i64) -> Result<(), ConnectorError> {
        match u64::try_from(rows).unwrap_or(0) {
            0 => Ok(()),
            rows => Err(ConnectorError::Hanging {
                category: category.name.clone(),
                table: category.table.clone(),
                child: self.child.clone(),
                rows,
            }),
        }
    }

    /// What `dsrd check` says of it; `tables` are those of the categories before this one that lose their rows, each as
    /// the database itself writes it.
    pub(super) fn finding(&self, category: &Category, tables: &[String]) -> Option<Finding> {
        if self.is_own || tables.iter().any(|table| table.eq_ignore_ascii_case(&self.child)) {
            return None;
        }
        Some(broken(
            format!(
                "{}: rows of table {} hang on rows of {} (foreign key), and no category before this one deletes them",
                category.name, self.child, category.table
            ),
            "list that table as a [[data]] category before this one: what hangs on others is planned and deleted first",
        ))
    }
}

/// What `dsrd check` says of a table whose deletions the company's own code takes part in.
pub(super) fn triggers(category: &Category, names: &[String]) -> Option<Finding> {
    if names.is_empty() {
        return None;
    }
    Some(advice(
        format!(
            "{}: table {} runs code of its own when rows are deleted: {}",
            category.name,
            category.table,
            names.join(", ")
        ),
        "see what it does: rows that it deletes or changes are in no plan, no approval and no ledger",
    ))
}

/// The tables of the categories before this one in the same source that lose their rows on request.
pub(super) fn emptied_before<'a>(
    earlier: &'a [&'a Category],
    source: &'a str,
) -> impl Iterator<Item = &'a str> {
    earlier
        .iter()
        .filter(move |category| category.source == source && category.delete == DeletePermission::Allowed)
        .map(|category| category.table.as_str())
}
