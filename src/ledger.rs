//! The erasure ledger: what was deleted from which source, as keyed hashes, so that it can be deleted again after an old
//! backup was restored (decision 2). One JSON line for each batch, in a file for each month, flushed to the disk before
//! the batch is final; entries more than were deleted are harmless. Never holds a key or a value. Beside the state and not
//! in it, because the state may be restored from an old backup too. `workflow/erase.rs` writes it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// One batch of deleted rows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// When it was deleted.
    pub at: Timestamp,
    /// The `[sources.NAME]`.
    pub source: String,
    /// The table.
    pub table: String,
    /// The request.
    pub request: String,
    /// A pair of keyed hashes for each row: of its key, and of what it was.
    pub rows: Vec<(String, String)>,
}

/// The folder of the ledger.
#[derive(Debug)]
pub struct Ledger {
    folder: PathBuf,
    /// One writer at a time, or two lines would mix.
    writer: Mutex<()>,
}

/// Why the ledger cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[error("erasure ledger {path}: {doing}: {source}; nothing is deleted without it")]
pub struct LedgerError {
    path: String,
    doing: &'static str,
    source: io::Error,
}

impl LedgerError {
    /// A full or absent disk may be there again later.
    pub const fn is_transient(&self) -> bool {
        true
    }
}

impl Ledger {
    /// The ledger in that folder, which is made when the first entry is written.
    pub const fn new(folder: PathBuf) -> Self {
        Self { folder, writer: Mutex::new(()) }
    }

    /// Writes an entry and returns when it is on the disk. Blocking.
    pub fn append(&self, entry: &Entry) -> Result<(), LedgerError> {
        let _turn = self.writer.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let path = self.folder.join(format!("{}.jsonl", entry.at.strftime("%Y-%m")));
        let failed = |doing| failed_on(&path, doing);
        let mut line = serde_json::to_vec(entry).map_err(|error| failed("writing")(error.into()))?;
        line.push(b'\n');
        std::fs::create_dir_all(&self.folder).map_err(failed("making the folder"))?;
        let is_new = !path.exists();
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(&path)
            .map_err(failed("opening"))?;
        if is_torn(&mut file).map_err(failed("reading its end"))? {
            // A power cut left half a line: it is no entry, and must not spoil this one.
            line.insert(0, b'\n');
        }
        file.write_all(&line).map_err(failed("writing"))?;
        file.sync_data().map_err(failed("flushing"))?;
        if is_new {
            std::fs::File::open(&self.folder)
                .and_then(|folder| folder.sync_all())
                .map_err(failed("flushing"))?;
        }
        Ok(())
    }

    /// Hands every entry that `wanted` lets through to `take`, oldest month first. Blocking; one line at a time.
    pub fn read(
        &self,
        wanted: impl Fn(&Entry) -> bool,
        mut take: impl FnMut(Entry),
    ) -> Result<(), LedgerError> {
        for path in self.files()? {
            let file = std::fs::File::open(&path).map_err(failed_on(&path, "opening"))?;
            for line in BufReader::new(file).lines() {
                let line = line.map_err(failed_on(&path, "reading"))?;
                // Half a line from a power cut belongs to a batch that never became final.
                if let Ok(entry) = serde_json::from_str::<Entry>(&line)
                    && wanted(&entry)
                {
                    take(entry);
                }
            }
        }
        Ok(())
    }

    /// The rows of one table that a request deleted: hash of the key to hash of what it was. Blocking.
    pub fn rows_of(
        &self,
        request: &str,
        source: &str,
        table: &str,
    ) -> Result<HashMap<String, String>, LedgerError> {
        let mut rows = HashMap::new();
        let wanted =
            |entry: &Entry| entry.request == request && entry.source == source && entry.table == table;
        self.read(wanted, |entry| rows.extend(entry.rows))?;
        Ok(rows)
    }

    /// Forgets what `over` names: no backup that it would serve is left. Blocking.
    pub fn forget(&self, over: impl Fn(&Entry) -> bool) -> Result<(), LedgerError> {
        let _turn = self.writer.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for path in self.files()? {
            let failed = |doing| failed_on(&path, doing);
            let kept = path.with_extension("kept");
            let file = std::fs::File::open(&path).map_err(failed("opening"))?;
            let mut out = std::fs::File::create(&kept).map_err(failed("forgetting"))?;
            for line in BufReader::new(file).lines() {
                let line = line.map_err(failed("reading"))?;
                if serde_json::from_str::<Entry>(&line).is_ok_and(|entry| !over(&entry)) {
                    out.write_all(line.as_bytes()).map_err(failed("forgetting"))?;
                    out.write_all(b"\n").map_err(failed("forgetting"))?;
                }
            }
            out.sync_all().map_err(failed("flushing"))?;
            std::fs::rename(&kept, &path).map_err(failed("forgetting"))?;
        }
        Ok(())
    }

    fn files(&self) -> Result<Vec<PathBuf>, LedgerError> {
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(failed_on(&self.folder, "listing"))?,
        };
        let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
        let mut files: Vec<PathBuf> =
            paths.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl")).collect();
        files.sort();
        Ok(files)
    }
}

fn failed_on(path: &Path, doing: &'static str) -> impl Fn(io::Error) -> LedgerError + use<> {
    let path = path.display().to_string();
    move |source| LedgerError { path: path.clone(), doing, source }
}

/// Whether the file ends in the middle of a line.
fn is_torn(file: &mut std::fs::File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != [b'\n'])
}

#[cfg(test)]
mod tests {
    use super::{Entry, Ledger};
    use std::io::Write;

    fn entry(at: &str, source: &str, key: &str) -> Entry {
        Entry {
            at: at.parse().expect("a time"),
            source: source.to_owned(),
            table: "calls".to_owned(),
            request: "DSR-0000-0007".to_owned(),
            rows: vec![(format!("key-{key}"), format!("row-{key}"))],
        }
    }

    fn all(ledger: &Ledger) -> Vec<String> {
        let mut keys = Vec::new();
        ledger
            .read(|_| true, |entry| keys.extend(entry.rows.into_iter().map(|(key, _)| key)))
            .expect("reads");
        keys
    }

    #[test]
    fn entries_outlive_a_torn_line_and_are_forgotten_by_source_and_time() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("erasures");
        let ledger = Ledger::new(folder.clone());
        assert_eq!(all(&ledger), Vec::<String>::new(), "nothing was deleted yet");
        ledger.append(&entry("2026-01-30T10:00:00Z", "crm", "1")).expect("writes");
        let month = folder.join("2026-01.jsonl");
        let mut file = std::fs::OpenOptions::new().append(true).open(month).expect("opens");
        file.write_all(b"{\"at\":\"2026-01-30T1").expect("tears");
        ledger.append(&entry("2026-01-31T10:00:00Z", "crm", "2")).expect("writes");
        ledger.append(&entry("2026-02-01T10:00:00Z", "archive", "3")).expect("writes");
        ledger.append(&entry("2026-02-02T10:00:00Z", "crm", "4")).expect("writes");
        assert_eq!(all(&ledger), ["key-1", "key-2", "key-3", "key-4"]);
        let rows = ledger.rows_of("DSR-0000-0007", "crm", "calls").expect("reads");
        assert_eq!((rows.len(), rows.get("key-4").map(String::as_str)), (3, Some("row-4")));
        let through = "2026-02-01T12:00:00Z".parse().expect("a time");
        ledger.forget(|entry| entry.source == "crm" && entry.at <= through).expect("forgets");
        assert_eq!(all(&ledger), ["key-3", "key-4"]);
    }

    #[test]
    fn a_ledger_that_cannot_be_written_says_so() {
        let home = tempfile::tempdir().expect("a folder");
        let file = home.path().join("a-file");
        std::fs::write(&file, "").expect("writes");
        let refused = Ledger::new(file).append(&entry("2026-01-30T10:00:00Z", "crm", "1"));
        let refused = refused.expect_err("no folder can be made there").to_string();
        assert!(refused.contains("a-file") && refused.contains("nothing is deleted without it"), "{refused}");
    }
}
