//! One category's rows as CSV (RFC 4180) and as JSON Lines. An archive takes one entry at a time, so the two grow in
//! archives of their own beside it, encrypted like it and without a name on disk, and are written over at the end:
//! no plain row ever touches the disk. See `cells.rs` for what a cell looks like.

use super::archive::{ArchiveWriter, EntryName, Packing};
use super::manifest::FileEntry;
use super::{PackageError, Passphrase, cells};
use crate::domain::plan::{Category, hex};
use crate::domain::rows::RowBatch;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Heading and JSON name of the column that says where a row's file lies in the package.
const FILE_COLUMN: (&str, &str) = ("File in this package", "package_file");

/// What a row says of a file that is not stored any more.
const FILE_GONE: &str = "no longer stored";

/// Counts and hashes the plain bytes of an entry.
pub(super) struct Tally {
    digest: ring::digest::Context,
    bytes: u64,
}

impl Tally {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self { digest: ring::digest::Context::new(&ring::digest::SHA256), bytes: 0 }
    }

    /// Takes some bytes in.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }

    /// How many bytes, and their SHA-256 in lower-case hex.
    pub(super) fn digested(self) -> (u64, String) {
        (self.bytes, hex(self.digest.finish().as_ref()))
    }

    /// The manifest's line about the entry.
    pub(super) fn entry(self, name: &EntryName, rows: Option<u64>, original: Option<String>) -> FileEntry {
        let (bytes, sha256) = self.digested();
        FileEntry { name: name.as_str().to_owned(), sha256, bytes, rows, original }
    }
}

/// What became of the files that a batch's rows point to, in the order of `RowBatch::files`.
pub(super) type FileNames = Vec<Option<EntryName>>;

/// Both forms of one category, growing.
pub(super) struct Tables {
    csv: Beside,
    jsonl: Beside,
    names: Vec<String>,
    has_files: bool,
    rows: u64,
}

impl Tables {
    /// Starts both; `stem` is a free path in the package directory.
    pub(super) fn start(
        category: &Category,
        stem: &Path,
        passphrase: &Passphrase,
        day: jiff::civil::DateTime,
    ) -> Result<Self, PackageError> {
        let beside = |form: &str| {
            let name = EntryName::new(&format!("data/{}.{form}", category.name))?;
            Beside::start(name, &stem.with_extension(format!("{form}.part")), passphrase, day)
        };
        let mut tables = Self {
            csv: beside("csv")?,
            jsonl: beside("jsonl")?,
            names: category.columns.iter().map(|column| column.name.clone()).collect(),
            has_files: category.files.is_some(),
            rows: 0,
        };
        let titles = category.columns.iter().map(|column| column.title.as_str());
        let titles = titles.chain(tables.has_files.then_some(FILE_COLUMN.0)).map(cells::harmless);
        tables.csv.write(&csv_records([titles.collect()])?)?;
        Ok(tables)
    }

    /// Adds the rows of a batch.
    pub(super) fn add(&mut self, batch: &RowBatch, files: &FileNames) -> Result<(), PackageError> {
        if batch.rows.iter().any(|row| row.len() != self.names.len()) {
            return Err(PackageError::Damaged(format!("{}: a row of the wrong width", batch.category)));
        }
        let mut records = Vec::with_capacity(batch.rows.len());
        let mut lines = Vec::new();
        for (at, row) in batch.rows.iter().enumerate() {
            let file = self.has_files.then(|| file_of(batch, files, at));
            let cells = row.iter().map(cells::csv_cell);
            records.push(cells.chain(file.as_ref().map(|file| file.clone().unwrap_or_default())).collect());
            let mut object = serde_json::Map::new();
            for (name, value) in self.names.iter().zip(row) {
                object.insert(name.clone(), cells::json(value));
            }
            if let Some(file) = file {
                object.insert(FILE_COLUMN.1.to_owned(), file.map_or(serde_json::Value::Null, Into::into));
            }
            serde_json::to_writer(&mut lines, &object)
                .map_err(|error| PackageError::Damaged(format!("cannot write a row as JSON: {error}")))?;
            lines.push(b'\n');
        }
        self.csv.write(&csv_records(records)?)?;
        self.jsonl.write(&lines)?;
        self.rows = self.rows.saturating_add(u64::try_from(batch.rows.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    /// How many rows it holds.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Moves both into the package and tells the manifest's lines about them.
    pub(super) fn finish(self, archive: &mut ArchiveWriter) -> Result<[FileEntry; 2], PackageError> {
        let rows = Some(self.rows);
        Ok([self.csv.finish(rows, archive)?, self.jsonl.finish(rows, archive)?])
    }
}

/// Where the file of a row lies in the package, "no longer stored", or none when the row names none.
pub(super) fn file_of(batch: &RowBatch, files: &FileNames, row: usize) -> Option<String> {
    let at = batch.files.iter().position(|file| file.row == row)?;
    let name = files.get(at).and_then(Option::as_ref);
    Some(name.map_or_else(|| FILE_GONE.to_owned(), |name| name.as_str().to_owned()))
}

/// Quotes every cell: a program that splits at semicolons then still sees whole cells.
fn csv_records(records: impl IntoIterator<Item = Vec<String>>) -> Result<Vec<u8>, PackageError> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .quote_style(csv::QuoteStyle::Always)
        .from_writer(Vec::new());
    let wrong = |reason: String| PackageError::Damaged(format!("cannot write a row as CSV: {reason}"));
    for record in records {
        writer.write_record(&record).map_err(|error| wrong(error.to_string()))?;
    }
    writer.into_inner().map_err(|error| wrong(error.error().to_string()))
}

/// An archive with one entry, in a file without a name.
struct Beside {
    archive: ArchiveWriter,
    name: EntryName,
    tally: Tally,
}

impl Beside {
    fn start(
        name: EntryName,
        path: &Path,
        passphrase: &Passphrase,
        day: jiff::civil::DateTime,
    ) -> Result<Self, PackageError> {
        let file = create(path)?;
        // Without a name it vanishes with the process, however that ends.
        std::fs::remove_file(path).map_err(|error| PackageError::io("hide a work file", &error))?;
        let mut archive = ArchiveWriter::new(file, passphrase, day);
        archive.start(&name, Packing::Store)?;
        Ok(Self { archive, name, tally: Tally::new() })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), PackageError> {
        self.tally.add(bytes);
        self.archive.write(bytes)
    }

    fn finish(self, rows: Option<u64>, archive: &mut ArchiveWriter) -> Result<FileEntry, PackageError> {
        archive.adopt(&self.name, self.archive.finish()?)?;
        Ok(self.tally.entry(&self.name, rows, None))
    }
}

/// Creates a file that only we can read; replaces one that an attempt before left behind.
pub(super) fn create(path: &Path) -> Result<File, PackageError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| PackageError::io("create a file in the package directory", &error))
}
