//! What every SQL source does with rows once they are read: puts exported ones into the order of the plan, and finds the
//! files that deleted ones leave behind. Asks no database; the connectors beside it do.

use super::files::remove_below;
use super::{ConnectorError, DIRECTORY_ENTRIES_MAX};
use crate::domain::directory::{DirectoryEntry, DirectoryQuery};
use crate::domain::keep::RowFacts;
use crate::domain::personal::Personal;
use crate::domain::plan::Category;
use crate::domain::rows::{FileRef, RowBatch, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A row as an export reads it.
pub(super) struct ExportRow {
    /// Its key as text.
    pub(super) key: String,
    /// The file that it names.
    pub(super) file: Option<String>,
    /// What a person should see.
    pub(super) values: Vec<Value>,
}

/// The rows in the order of the keys; keys without a row are gone, and a row without a key is an error.
pub(super) fn in_order(
    category: &Category,
    keys: &[String],
    rows: Vec<ExportRow>,
) -> Result<RowBatch, ConnectorError> {
    let mut batch = RowBatch {
        category: category.name.clone(),
        columns: category.columns.iter().map(|column| column.name.clone()).collect(),
        rows: Vec::with_capacity(rows.len()),
        files: Vec::new(),
        gone: Vec::new(),
    };
    let mut by_key = BTreeMap::new();
    for row in rows {
        if by_key.insert(row.key.clone(), row).is_some() {
            return Err(bad_key(category, "holds the same key twice"));
        }
    }
    for key in keys {
        let Some(row) = by_key.remove(key) else {
            batch.gone.push(key.clone());
            continue;
        };
        if let Some(path) = row.file.filter(|path| !path.trim().is_empty()) {
            batch.files.push(FileRef { row: batch.rows.len(), path: Personal::new(path) });
        }
        batch.rows.push(row.values);
    }
    if by_key.is_empty() { Ok(batch) } else { Err(ConnectorError::StrayRow(category.name.clone())) }
}

/// The files that these rows name.
pub(super) fn files_of(rows: &[RowFacts]) -> BTreeSet<String> {
    let named = rows.iter().filter_map(|row| row.file.as_ref()).filter(|path| !path.is_blank());
    named.map(|path| path.expose().clone()).collect()
}

/// Deletes files below the category's root. Returns how many were there.
pub(super) async fn remove_files(
    category: &Category,
    paths: &BTreeSet<String>,
) -> Result<u64, ConnectorError> {
    let Some(files) = &category.files else { return Ok(0) };
    let mut removed = 0;
    for path in paths {
        removed += u64::from(remove_below(&category.name, &files.root, path).await?);
    }
    Ok(removed)
}

/// Those whom the query meant; people without a usable address or key are left out and counted in the log.
pub(super) fn admitted(
    source: &str,
    query: &DirectoryQuery,
    found: Vec<Option<DirectoryEntry>>,
) -> Result<Vec<DirectoryEntry>, ConnectorError> {
    if found.len() > DIRECTORY_ENTRIES_MAX {
        return Err(ConnectorError::TooManyPeople(source.to_owned()));
    }
    let unreachable = found.iter().filter(|entry| entry.is_none()).count();
    if unreachable > 0 {
        tracing::warn!(source, unreachable, "people in the directory lack a usable address or key");
    }
    Ok(found.into_iter().flatten().filter(|entry| query.admits(entry)).collect())
}

/// A key that cannot name one row.
pub(super) fn bad_key(category: &Category, reason: &'static str) -> ConnectorError {
    ConnectorError::BadKey { category: category.name.clone(), key: category.key.clone(), reason }
}
