//! `manifest.json`, the last entry of a package: what is in it, so that anybody can check it.
//!
//! ```json
//! {"format": "dsrd package 1", "reference": "DSR-…", "as_of": "…", "generated_at": "…", "plan_sha256": "…",
//!  "categories": [{"name": "calls", "title": "Call logs", "planned": 3, "rows": 2, "gone": ["17"], "withheld": null}],
//!  "files": [{"name": "data/calls.csv", "sha256": "…", "bytes": 120, "rows": 2, "original": null}],
//!  "missing_files": [{"category": "recordings", "original": "2025/a.wav"}]}
//! ```
//! `rows` counts data rows (CSV without its heading); hashes are over the plain bytes; `original` is the file's name
//! in the company's systems. The manifest does not list itself.

use crate::domain::ids::Reference;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What `Manifest::format` holds.
pub(super) const FORMAT: &str = "dsrd package 1";

/// Name of the manifest in the archive.
pub(super) const NAME: &str = "manifest.json";

/// The whole manifest.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) format: String,
    pub(super) reference: Reference,
    pub(super) as_of: Timestamp,
    pub(super) generated_at: Timestamp,
    pub(super) plan_sha256: String,
    pub(super) categories: Vec<CategoryEntry>,
    pub(super) files: Vec<FileEntry>,
    pub(super) missing_files: Vec<MissingFile>,
}

/// One category.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CategoryEntry {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) planned: u64,
    pub(super) rows: u64,
    pub(super) gone: Vec<String>,
    pub(super) withheld: Option<String>,
}

/// One entry of the archive.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct FileEntry {
    pub(super) name: String,
    pub(super) sha256: String,
    pub(super) bytes: u64,
    pub(super) rows: Option<u64>,
    pub(super) original: Option<String>,
}

/// A file that a row names and that is not stored any more.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct MissingFile {
    pub(super) category: String,
    pub(super) original: String,
}
