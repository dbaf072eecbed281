//! Rows on their way from a connector into a package: one bounded batch at a time, never a whole table.
//! Values print masked, because each one is somebody's data. `plan.rs` says which rows there are.

use super::personal::Personal;
use std::fmt;
use std::sync::Arc;

/// One value as the source stores it.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes, and text that is not UTF-8.
    Blob(Vec<u8>),
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "[null]",
            Self::Int(_) => "[int]",
            Self::Real(_) => "[real]",
            Self::Text(_) => "[text]",
            Self::Blob(_) => "[blob]",
        })
    }
}

/// A file that a row of a batch points to, such as a recording.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileRef {
    /// Position of the row in `RowBatch::rows`.
    pub row: usize,
    /// As the row names it; the connector finds it below the configured root.
    pub path: Personal,
}

/// Some rows of one category, in the order of the plan's keys.
#[derive(Clone, PartialEq, Debug)]
pub struct RowBatch {
    /// Name of the category.
    pub category: String,
    /// Column names; every row has as many values, in this order.
    pub columns: Arc<[String]>,
    /// The rows.
    pub rows: Vec<Vec<Value>>,
    /// Files that the rows point to.
    pub files: Vec<FileRef>,
    /// Planned keys of this stretch that the source no longer has.
    pub gone: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::{FileRef, RowBatch, Value};

    #[test]
    fn a_batch_prints_without_its_values() {
        let batch = RowBatch {
            category: "calls".to_owned(),
            columns: vec!["caller".to_owned()].into(),
            rows: vec![vec![Value::Text("+919876543210".to_owned()), Value::Int(77), Value::Real(7.5)]],
            files: vec![FileRef { row: 0, path: "919876543210.wav".into() }],
            gone: Vec::new(),
        };
        let printed = format!("{batch:?}");
        assert!(
            !printed.contains("98765") && !printed.contains("77") && !printed.contains("7.5"),
            "{printed}"
        );
    }
}
