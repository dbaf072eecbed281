//! Reads a package back and holds it against its manifest: every entry and no other, every hash, and as many CSV
//! records and JSON lines as the plan counted less what is gone. It trusts nothing that the writer remembered.
//! `manifest.rs` specifies the format.

use super::archive::ArchiveReader;
use super::manifest::{self, CategoryEntry, FileEntry, Manifest};
use super::tables::Tally;
use super::{PackageError, Passphrase};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Largest manifest that is read: about a million files.
const MANIFEST_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What a sound package holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checked {
    /// Entries, the manifest included.
    pub files: u64,
    /// Rows per category, withheld ones with 0.
    pub rows: BTreeMap<String, u64>,
    /// Size of the zip.
    pub bytes: u64,
    /// SHA-256 of the zip, lower-case hex.
    pub sha256: String,
}

/// Reads a whole package and checks it. Blocks: call it from a blocking thread.
pub fn check(path: &Path, passphrase: &Passphrase) -> Result<Checked, PackageError> {
    let mut archive = ArchiveReader::open(path, passphrase)?;
    let manifest = read_manifest(&mut archive)?;
    let mut names = archive.names()?;
    let mut expected: Vec<String> = manifest.files.iter().map(|file| file.name.clone()).collect();
    expected.push(manifest::NAME.to_owned());
    names.sort();
    expected.sort();
    if names != expected {
        return Err(damaged("its entries are not those of the manifest"));
    }
    for file in &manifest.files {
        check_entry(&mut archive, file)?;
    }
    for category in &manifest.categories {
        check_category(&manifest, category)?;
    }
    let (bytes, sha256) = hash(path)?;
    Ok(Checked {
        files: u64::try_from(names.len()).unwrap_or(u64::MAX),
        rows: manifest.categories.into_iter().map(|category| (category.name, category.rows)).collect(),
        bytes,
        sha256,
    })
}

fn read_manifest(archive: &mut ArchiveReader) -> Result<Manifest, PackageError> {
    let mut text = Vec::new();
    let entry = archive.entry(manifest::NAME)?;
    entry
        .take(MANIFEST_BYTES_MAX)
        .read_to_end(&mut text)
        .map_err(|error| unreadable(manifest::NAME, &error))?;
    let manifest: Manifest = serde_json::from_slice(&text)
        .map_err(|error| damaged(format!("its manifest cannot be read: {error}")))?;
    if manifest.format == manifest::FORMAT {
        Ok(manifest)
    } else {
        Err(damaged("its manifest has an unknown format"))
    }
}

fn check_entry(archive: &mut ArchiveReader, file: &FileEntry) -> Result<(), PackageError> {
    let mut hashing = Hashing { inner: archive.entry(&file.name)?, tally: Tally::new() };
    let rows = match file.name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("csv") if file.rows.is_some() => Some(csv_rows(&mut hashing, &file.name)?),
        Some("jsonl") if file.rows.is_some() => Some(json_lines(&mut hashing, &file.name)?),
        _ => None,
    };
    // To the very end, where the authentication code stands.
    std::io::copy(&mut hashing, &mut std::io::sink()).map_err(|error| unreadable(&file.name, &error))?;
    let Hashing { tally, .. } = hashing;
    let found = tally.digested();
    if found != (file.bytes, file.sha256.clone()) {
        return Err(damaged(format!("{} is not what the manifest says", file.name)));
    }
    if rows != file.rows {
        return Err(damaged(format!("{} has not as many rows as the manifest says", file.name)));
    }
    Ok(())
}

fn check_category(manifest: &Manifest, category: &CategoryEntry) -> Result<(), PackageError> {
    let gone = u64::try_from(category.gone.len()).unwrap_or(u64::MAX);
    for form in ["csv", "jsonl"] {
        let name = format!("data/{}.{form}", category.name);
        let rows = manifest.files.iter().find(|file| file.name == name).map(|file| file.rows);
        let sound = match &category.withheld {
            Some(_) => rows.is_none() && category.rows == 0,
            None => {
                rows == Some(Some(category.rows)) && category.rows.checked_add(gone) == Some(category.planned)
            }
        };
        if !sound {
            return Err(damaged(format!("{name} does not hold what was planned")));
        }
    }
    Ok(())
}

/// Data records, the heading not counted.
fn csv_rows(reader: &mut impl Read, name: &str) -> Result<u64, PackageError> {
    let mut records = csv::ReaderBuilder::new().has_headers(true).from_reader(reader);
    let mut record = csv::ByteRecord::new();
    let mut rows = 0_u64;
    loop {
        match records.read_byte_record(&mut record) {
            Ok(true) => rows += 1,
            Ok(false) => return Ok(rows),
            Err(error) => {
                return Err(damaged(format!(
                    "{name} is not CSV: {:?}",
                    error.position().map(csv::Position::record)
                )));
            }
        }
    }
}

fn json_lines(reader: &mut impl Read, name: &str) -> Result<u64, PackageError> {
    let mut reader = BufReader::new(reader);
    let (mut line, mut rows) = (Vec::new(), 0_u64);
    while reader.read_until(b'\n', &mut line).map_err(|error| unreadable(name, &error))? > 0 {
        serde_json::from_slice::<serde::de::IgnoredAny>(&line)
            .map_err(|_| damaged(format!("{name} is not JSON Lines at line {}", rows + 1)))?;
        line.clear();
        rows += 1;
    }
    Ok(rows)
}

/// Size and SHA-256 of a file.
fn hash(path: &Path) -> Result<(u64, String), PackageError> {
    let wrong = |error: std::io::Error| PackageError::io("read the package", &error);
    let mut hashing = Hashing { inner: std::fs::File::open(path).map_err(wrong)?, tally: Tally::new() };
    std::io::copy(&mut hashing, &mut std::io::sink()).map_err(wrong)?;
    Ok(hashing.tally.digested())
}

struct Hashing<R> {
    inner: R,
    tally: Tally,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.tally.add(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

fn unreadable(name: &str, error: &std::io::Error) -> PackageError {
    damaged(format!("{name} cannot be read: {error}"))
}

fn damaged(what: impl Into<String>) -> PackageError {
    PackageError::Damaged(what.into())
}
