//! A package in the hands of whoever has its passphrase: the names inside, and one entry at a time, in memory and bounded.
//! Reads only, and trusts nothing: `check.rs` says first whether the package is sound.

use super::archive::ArchiveReader;
use super::{PackageError, Passphrase};
use std::io::Read;
use std::path::Path;

/// An opened package.
pub struct Opened(ArchiveReader);

impl Opened {
    /// Opens the zip. Whether the passphrase fits shows at the first entry.
    pub fn open(path: &Path, passphrase: &Passphrase) -> Result<Self, PackageError> {
        ArchiveReader::open(path, passphrase).map(Self)
    }

    /// The names of its entries, sorted.
    pub fn names(&self) -> Result<Vec<String>, PackageError> {
        let mut names = self.0.names()?;
        names.sort();
        Ok(names)
    }

    /// The content of one entry, at most `bytes_max` bytes of it. `WrongPassphrase` when it does not open.
    pub fn read(&mut self, name: &str, bytes_max: u64) -> Result<Vec<u8>, PackageError> {
        let mut bytes = Vec::new();
        let entry = self.0.entry(name)?;
        entry
            .take(bytes_max)
            .read_to_end(&mut bytes)
            .map_err(|error| PackageError::io("read an entry", &error))?;
        Ok(bytes)
    }
}
