//! The zip format, and the only file that names the `zip` crate. Every entry is AES-256 in the AE-2 form, which keeps
//! no CRC of the plain text; entry names are ours alone (standard X2). The archive is written as a stream: over a
//! seekable file the crate (9.8.1) falls back to AE-1 for every entry of 20 bytes or more. See `check.rs` for reading.

use super::{PackageError, Passphrase};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{AesMode, CompressionMethod, DateTime, ZipArchive, ZipWriter};

/// Longest part of an entry name between slashes.
const NAME_PART_CHARS_MAX: usize = 64;

/// A name inside the archive: parts of `[A-Za-z0-9._-]`, so that it extracts below its folder on every system.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct EntryName(String);

impl EntryName {
    /// Takes a name that we made; anything else is a mistake of ours and refused.
    pub(super) fn new(name: &str) -> Result<Self, PackageError> {
        let good = |part: &str| {
            (1..=NAME_PART_CHARS_MAX).contains(&part.len())
                && !part.starts_with('.')
                && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        };
        let name = name.to_owned();
        if name.split('/').all(good) { Ok(Self(name)) } else { Err(PackageError::BadName(name)) }
    }

    /// The text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// How the bytes of an entry are stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Packing {
    /// Squeezed.
    Deflate,
    /// As they are, because they are compressed already.
    Store,
}

/// An archive that is being written.
pub(super) struct ArchiveWriter {
    zip: ZipWriter<StreamWriter<BufWriter<File>>>,
    passphrase: Passphrase,
    stamp: DateTime,
}

impl ArchiveWriter {
    /// Starts an archive in an empty file; `day` is what every entry is dated.
    pub(super) fn new(file: File, passphrase: &Passphrase, day: jiff::civil::DateTime) -> Self {
        let part = |value: i8| u8::try_from(value).unwrap_or(0);
        let stamp = u16::try_from(day.year()).ok().and_then(|year| {
            let (month, date) = (part(day.month()), part(day.day()));
            DateTime::from_date_and_time(year, month, date, part(day.hour()), part(day.minute()), 0).ok()
        });
        Self {
            zip: ZipWriter::new_stream(BufWriter::new(file)),
            passphrase: passphrase.clone(),
            stamp: stamp.unwrap_or_default(),
        }
    }

    /// Ends the entry before and starts another.
    pub(super) fn start(&mut self, name: &EntryName, packing: Packing) -> Result<(), PackageError> {
        let method = match packing {
            Packing::Deflate => CompressionMethod::Deflated,
            Packing::Store => CompressionMethod::Stored,
        };
        let options = SimpleFileOptions::default()
            .compression_method(method)
            .last_modified_time(self.stamp)
            .unix_permissions(0o600)
            // The size is not known yet, and one recording may exceed 4 GiB.
            .large_file(true)
            .with_aes_encryption(AesMode::Aes256, self.passphrase.expose());
        self.zip.start_file(name.as_str(), options).map_err(|error| failed("start an entry", error))
    }

    /// Adds bytes to the entry.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), PackageError> {
        self.zip.write_all(bytes).map_err(|error| PackageError::io("write an entry", &error))
    }

    /// Writes the one entry of another archive with the same passphrase into this one. (The crate's own raw copy
    /// repeats the zip64 field; 7-Zip then reports a header error.)
    pub(super) fn adopt(&mut self, name: &EntryName, file: File) -> Result<(), PackageError> {
        let wrong = |error| failed("take over an entry", error);
        let mut other = ZipArchive::new(BufReader::new(file)).map_err(wrong)?;
        let passphrase = self.passphrase.clone();
        let mut entry = other.by_index_decrypt(0, passphrase.expose().as_bytes()).map_err(wrong)?;
        self.start(name, Packing::Deflate)?;
        std::io::copy(&mut entry, &mut self.zip)
            .map_err(|error| PackageError::io("take over an entry", &error))?;
        Ok(())
    }

    /// Writes the directory; the caller makes it durable.
    pub(super) fn finish(self) -> Result<File, PackageError> {
        let buffered = self.zip.finish().map_err(|error| failed("finish the archive", error))?.into_inner();
        let file =
            buffered.into_inner().map_err(|error| PackageError::io("finish the archive", error.error()))?;
        file.sync_all().map_err(|error| PackageError::io("make the archive durable", &error))?;
        Ok(file)
    }
}

/// An archive that is being read.
pub(super) struct ArchiveReader {
    zip: ZipArchive<BufReader<File>>,
    passphrase: Passphrase,
}

impl ArchiveReader {
    /// Opens an archive.
    pub(super) fn open(path: &Path, passphrase: &Passphrase) -> Result<Self, PackageError> {
        let file = File::open(path).map_err(|error| PackageError::io("open the archive", &error))?;
        let zip =
            ZipArchive::new(BufReader::new(file)).map_err(|error| failed("read the directory", error))?;
        Ok(Self { zip, passphrase: passphrase.clone() })
    }

    /// The names of all entries.
    pub(super) fn names(&self) -> Result<Vec<String>, PackageError> {
        let names = self.zip.file_names().map(|name| name.map(std::borrow::Cow::into_owned));
        names.collect::<Result<_, _>>().map_err(|error| failed("read the directory", error))
    }

    /// Opens an entry; refuses one that is not encrypted with AES-256.
    pub(super) fn entry(&mut self, name: &str) -> Result<impl Read + '_, PackageError> {
        let wrong = |error| failed("open an entry", error);
        let index = self
            .zip
            .index_for_name(name)
            .ok_or_else(|| PackageError::Damaged(format!("{name} is missing")))?;
        let aes = self.zip.get_aes_verification_key_and_salt(index).map_err(wrong)?;
        if !aes.is_some_and(|aes| aes.aes_mode == AesMode::Aes256) {
            return Err(PackageError::Damaged(format!("{name} is not encrypted with AES-256")));
        }
        self.zip.by_index_decrypt(index, self.passphrase.expose().as_bytes()).map_err(wrong)
    }
}

/// An error of the crate, told without its own words, which may quote names.
fn failed(doing: &'static str, error: zip::result::ZipError) -> PackageError {
    match error {
        zip::result::ZipError::Io(error) => PackageError::io(doing, &error),
        zip::result::ZipError::InvalidPassword => PackageError::WrongPassphrase,
        other => PackageError::Damaged(format!("{doing}: {other}")),
    }
}

/// Where the encrypted bytes of each entry lie in the file.
#[cfg(test)]
pub(super) fn stretches(path: &Path) -> Vec<(String, std::ops::Range<usize>)> {
    let mut zip = ZipArchive::new(File::open(path).expect("opens")).expect("reads");
    let entries = zip.len();
    let stretch = |index| {
        let entry = zip.by_index_raw(index).expect("is there");
        let start = usize::try_from(entry.data_start().expect("is known")).expect("fits");
        let length = usize::try_from(entry.compressed_size()).expect("fits");
        (entry.name().expect("is text").into_owned(), start..start + length)
    };
    (0..entries).map(stretch).collect()
}
