//! The erasure ledger: what was deleted from which source, as keyed hashes, so that it can be deleted again after an old
//! backup was restored (decision 2). One JSON line for each batch, in a file for each month, flushed to the disk before
//! the batch is final; entries more than were deleted are harmless. Never holds a key or a value. Beside the state and not
//! in it, because the state may be restored from an old backup too. Daemons that share a state each ship theirs to a common
//! folder, so that any of them can replay what all deleted. `workflow/erase.rs` writes it.

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

/// Where the ledgers of several daemons lie side by side, such as a mount that all of them have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shipping {
    /// The common folder.
    pub folder: PathBuf,
    /// The name of this daemon's folder in it; no other daemon may have the same.
    pub name: String,
}

/// The folder of the ledger, and where it is shipped to.
#[derive(Debug)]
pub struct Ledger {
    folder: PathBuf,
    shipping: Option<Shipping>,
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
    pub const fn new(folder: PathBuf, shipping: Option<Shipping>) -> Self {
        Self { folder, shipping, writer: Mutex::new(()) }
    }

    /// Writes an entry and returns when it is on the disk, and in the common folder where there is one. Blocking.
    pub fn append(&self, entry: &Entry) -> Result<(), LedgerError> {
        let _turn = self.writer.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let month = format!("{}.jsonl", entry.at.strftime("%Y-%m"));
        let path = self.folder.join(&month);
        let mut line =
            serde_json::to_vec(entry).map_err(|error| failed_on(&path, "writing")(error.into()))?;
        line.push(b'\n');
        let Some(shipped) = self.make_shipped()? else { return append_to(&path, &line) };
        let before = length(&path);
        append_to(&path, &line)?;
        let shipped = shipped.join(&month);
        if length(&shipped) == before {
            append_to(&shipped, &line)?;
        }
        // What differs was written while nothing was shipped, or was cut off half way.
        if length(&shipped) == length(&path) { Ok(()) } else { copy(&path, &shipped) }
    }

    /// Brings what was written before shipping began, or while it failed, to the common folder. Blocking.
    pub fn ship(&self) -> Result<(), LedgerError> {
        let _turn = self.writer.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(shipped) = self.make_shipped()? else { return Ok(()) };
        for path in files(&self.folder)? {
            let Some(month) = path.file_name() else { continue };
            let shipped = shipped.join(month);
            if length(&shipped) != length(&path) {
                copy(&path, &shipped)?;
            }
        }
        Ok(())
    }

    /// This daemon's own folder in the common one.
    fn shipped(&self) -> Option<PathBuf> {
        self.shipping.as_ref().map(|shipping| shipping.folder.join(&shipping.name))
    }

    /// The same, made where it is not there. The common folder itself is never made: where it is absent, a mount is.
    fn make_shipped(&self) -> Result<Option<PathBuf>, LedgerError> {
        let Some(shipped) = self.shipped() else { return Ok(None) };
        match std::fs::create_dir(&shipped) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(failed_on(&shipped, "making the folder")(error))
            }
            _ => Ok(Some(shipped)),
        }
    }

    /// Its own files, then those that other daemons shipped. A common folder that cannot be read is an error: what it holds
    /// must not be taken for nothing.
    fn all_files(&self) -> Result<Vec<PathBuf>, LedgerError> {
        let mut all = files(&self.folder)?;
        let Some(shipping) = &self.shipping else { return Ok(all) };
        let entries = std::fs::read_dir(&shipping.folder).map_err(failed_on(&shipping.folder, "listing"))?;
        for entry in entries {
            let entry = entry.map_err(failed_on(&shipping.folder, "listing"))?;
            if entry.file_name() != shipping.name.as_str() && entry.path().is_dir() {
                all.extend(files(&entry.path())?);
            }
        }
        Ok(all)
    }

    /// Hands every entry that `wanted` lets through to `take`, its own first, oldest month first. Blocking; one line at a time.
    pub fn read(
        &self,
        wanted: impl Fn(&Entry) -> bool,
        mut take: impl FnMut(Entry),
    ) -> Result<(), LedgerError> {
        for path in self.all_files()? {
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

    /// Forgets what `over` names: no backup that it would serve is left. What other daemons shipped is theirs to forget,
    /// because they may be writing. Blocking.
    pub fn forget(&self, over: impl Fn(&Entry) -> bool) -> Result<(), LedgerError> {
        let _turn = self.writer.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for path in files(&self.folder)? {
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
            if let (Some(shipped), Some(month)) = (self.make_shipped()?, path.file_name()) {
                copy(&path, &shipped.join(month))?;
            }
        }
        Ok(())
    }
}

/// The months in a folder, oldest first.
fn files(folder: &Path) -> Result<Vec<PathBuf>, LedgerError> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(failed_on(folder, "listing"))?,
    };
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl")).collect();
    files.sort();
    Ok(files)
}

/// Bytes in a file; none where it is not there.
fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |found| found.len())
}

/// Writes a line behind the others and returns when it is on the disk.
fn append_to(path: &Path, line: &[u8]) -> Result<(), LedgerError> {
    let failed = |doing| failed_on(path, doing);
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder).map_err(failed("making the folder"))?;
    let is_new = !path.exists();
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .read(true)
        .open(path)
        .map_err(failed("opening"))?;
    let mut line = line.to_vec();
    if is_torn(&mut file).map_err(failed("reading its end"))? {
        // A power cut left half a line: it is no entry, and must not spoil this one.
        line.insert(0, b'\n');
    }
    file.write_all(&line).map_err(failed("writing"))?;
    file.sync_data().map_err(failed("flushing"))?;
    if is_new {
        std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("flushing"))?;
    }
    Ok(())
}

/// Puts a whole file in the place of another, which is there in full before and after.
fn copy(from: &Path, to: &Path) -> Result<(), LedgerError> {
    let failed = |doing| failed_on(to, doing);
    let folder = to.parent().unwrap_or(to);
    std::fs::create_dir_all(folder).map_err(failed("making the folder"))?;
    let part = to.with_extension("part");
    std::fs::copy(from, &part).map_err(failed("shipping"))?;
    std::fs::File::open(&part).and_then(|file| file.sync_all()).map_err(failed("flushing"))?;
    std::fs::rename(&part, to).map_err(failed("shipping"))?;
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("flushing"))
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
    use super::{Entry, Ledger, Shipping};
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
        let ledger = Ledger::new(folder.clone(), None);
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
    fn every_daemon_reads_what_all_have_shipped_and_forgets_its_own() {
        let home = tempfile::tempdir().expect("a folder");
        let common = home.path().join("common");
        let daemon = |name: &str| {
            let shipping = Shipping { folder: common.clone(), name: name.to_owned() };
            Ledger::new(home.path().join(name), Some(shipping))
        };
        let (one, two) = (daemon("one"), daemon("two"));
        // A common folder that is away must not read as an empty one, nor be made beside its mount.
        let unread = one.read(|_| true, |_| ()).expect_err("cannot be read").to_string();
        assert!(unread.contains("common") && unread.contains("listing"), "{unread}");
        let unshipped =
            one.append(&entry("2026-01-29T10:00:00Z", "crm", "0")).expect_err("is refused").to_string();
        assert!(unshipped.contains("common/one: making the folder"), "{unshipped}");
        std::fs::create_dir(&common).expect("makes it");
        one.append(&entry("2026-01-30T10:00:00Z", "crm", "1")).expect("writes");
        two.append(&entry("2026-01-30T11:00:00Z", "crm", "2")).expect("writes");
        one.append(&entry("2026-01-31T10:00:00Z", "crm", "3")).expect("writes");
        assert_eq!((all(&one), all(&two)), (words("key-1 key-3 key-2"), words("key-2 key-1 key-3")));

        // A line that was cut off while it was shipped, and a month that never was.
        let shipped = common.join("one/2026-01.jsonl");
        let whole = std::fs::read(&shipped).expect("reads");
        std::fs::write(&shipped, whole.get(..whole.len() / 4 * 3).expect("a part of it")).expect("tears");
        assert_eq!(all(&two), words("key-2 key-1"));
        one.ship().expect("ships");
        assert_eq!(std::fs::read(&shipped).expect("reads"), whole);
        std::fs::write(&shipped, "").expect("empties");
        one.append(&entry("2026-01-31T11:00:00Z", "crm", "4")).expect("writes");
        assert_eq!(all(&two), words("key-2 key-1 key-3 key-4"));

        one.forget(|_| true).expect("forgets");
        assert_eq!((all(&one), all(&two)), (words("key-2"), words("key-2")));
        // Where the common folder cannot be written, nothing is written down as deleted.
        std::fs::remove_dir_all(&common).expect("removes");
        std::fs::write(&common, "").expect("writes");
        let refused =
            one.append(&entry("2026-02-01T10:00:00Z", "crm", "5")).expect_err("is refused").to_string();
        assert!(refused.contains("common") && refused.contains("nothing is deleted without it"), "{refused}");
    }

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_ledger_that_cannot_be_written_says_so() {
        let home = tempfile::tempdir().expect("a folder");
        let file = home.path().join("a-file");
        std::fs::write(&file, "").expect("writes");
        let refused = Ledger::new(file, None).append(&entry("2026-01-30T10:00:00Z", "crm", "1"));
        let refused = refused.expect_err("no folder can be made there").to_string();
        assert!(refused.contains("a-file") && refused.contains("nothing is deleted without it"), "{refused}");
    }
}
