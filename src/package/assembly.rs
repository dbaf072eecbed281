//! The blocking half of a package: takes steps from a channel and turns them into an archive, on its own thread. When
//! the channel closes before `Step::Finish`, or anything fails, nothing remains on disk. Memory holds one batch, the
//! first rows for the overview, and one manifest line per file. `writer.rs` is the other half.

use super::archive::{ArchiveWriter, EntryName, Packing};
use super::manifest::{self, CategoryEntry, FileEntry, Manifest, MissingFile};
use super::tables::{FileNames, Tables, Tally, create, file_of};
use super::{Counted, PackageError, PackageRequest, Place, Written, check, pages};
use crate::domain::plan::{Category, Permission, gone_max};
use crate::domain::rows::RowBatch;
use crate::render::Texts;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::mpsc::Receiver;

/// One thing to do.
pub(super) enum Step {
    /// A category begins.
    Category { category: Box<Category>, planned: u64 },
    /// A file of the coming batch begins.
    File { original: String },
    /// Bytes of it.
    Bytes(Vec<u8>),
    /// It is complete.
    FileEnd,
    /// A file of the coming batch is not stored any more.
    FileGone { original: String },
    /// Rows whose files have all been given.
    Rows(RowBatch),
    /// The category is complete.
    CategoryEnd,
    /// Everything has been given.
    Finish,
}

/// What the thread needs.
pub(super) struct Order {
    pub(super) place: Place,
    pub(super) request: PackageRequest,
    pub(super) texts: Arc<Texts>,
}

/// Runs to the end of the channel.
pub(super) fn run(order: Order, mut steps: Receiver<Step>) -> Result<Written, PackageError> {
    let stem = stem(&order.place)?;
    remove_older(&order.place);
    let part = stem.with_extension("part");
    let result = Assembly::start(order, stem, &part).and_then(|mut assembly| {
        loop {
            match steps.blocking_recv() {
                Some(Step::Finish) => return assembly.finish(),
                Some(step) => assembly.take(step)?,
                None => return Err(PackageError::Abandoned),
            }
        }
    });
    if result.is_err() {
        // It may not exist; the first error is the one to tell.
        let _ = std::fs::remove_file(&part);
    }
    result
}

/// `<dir>/<job>.<epoch>.x`, whose extension is replaced.
fn stem(place: &Place) -> Result<PathBuf, PackageError> {
    let good = !place.job.is_empty()
        && place.job.len() <= 64
        && place.job.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if !good {
        return Err(PackageError::BadName(place.job.clone()));
    }
    Ok(place.dir.join(format!("{}.{}.x", place.job, place.epoch)))
}

/// Removes what earlier attempts of this job left when they were killed.
fn remove_older(place: &Place) {
    let Ok(entries) = std::fs::read_dir(&place.dir) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let older = name.to_str().and_then(|name| {
            let epoch = name.strip_prefix(&place.job)?.strip_prefix('.')?.strip_suffix(".part")?;
            epoch.split('.').next()?.parse::<u64>().ok()
        });
        if older.is_some_and(|epoch| epoch < place.epoch) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

struct Assembly {
    order: Order,
    stem: PathBuf,
    part: PathBuf,
    archive: ArchiveWriter,
    day: jiff::civil::DateTime,
    files: Vec<FileEntry>,
    missing: Vec<MissingFile>,
    categories: Vec<CategoryEntry>,
    counted: Vec<Counted>,
    shown: Vec<pages::Shown>,
    current: Option<Current>,
    files_named: u64,
}

/// The category that is being written.
struct Current {
    category: Box<Category>,
    planned: u64,
    tables: Option<Tables>,
    gone: Vec<String>,
    files: u64,
    files_gone: u64,
    /// Of the coming batch.
    names: FileNames,
    open: Option<(EntryName, String, Tally)>,
    shown: pages::Shown,
}

impl Assembly {
    fn start(order: Order, stem: PathBuf, part: &Path) -> Result<Self, PackageError> {
        let day = order.request.generated_at.to_zoned(order.request.zone.clone()).datetime();
        fault!(blocking "package.create.before");
        let archive = ArchiveWriter::new(create(part)?, &order.request.passphrase, day);
        fault!(blocking "package.create.after");
        Ok(Self {
            order,
            stem,
            part: part.to_owned(),
            archive,
            day,
            files: Vec::new(),
            missing: Vec::new(),
            categories: Vec::new(),
            counted: Vec::new(),
            shown: Vec::new(),
            current: None,
            files_named: 0,
        })
    }

    fn take(&mut self, step: Step) -> Result<(), PackageError> {
        if let Step::Category { category, planned } = step {
            return self.begin(category, planned);
        }
        let Some(mut current) = self.current.take() else { return Err(PackageError::Abandoned) };
        match step {
            Step::File { original } => self.begin_file(&mut current, original)?,
            Step::Bytes(bytes) => {
                self.archive.write(&bytes)?;
                if let Some((_, _, tally)) = &mut current.open {
                    tally.add(&bytes);
                }
            }
            Step::FileEnd => {
                if let Some((name, original, tally)) = current.open.take() {
                    self.files.push(tally.entry(&name, None, Some(original)));
                    current.names.push(Some(name));
                    current.files += 1;
                }
            }
            Step::FileGone { original } => {
                self.missing.push(MissingFile { category: current.category.name.clone(), original });
                current.names.push(None);
                current.files_gone += 1;
                current.tolerates("files", current.files_gone)?;
            }
            Step::Rows(batch) => current.add(batch)?,
            Step::CategoryEnd => return self.end(current),
            Step::Category { .. } | Step::Finish => {}
        }
        self.current = Some(current);
        Ok(())
    }

    fn begin(&mut self, category: Box<Category>, planned: u64) -> Result<(), PackageError> {
        let tables = match category.export {
            Permission::Allowed => {
                Some(Tables::start(&category, &self.stem, &self.order.request.passphrase, self.day)?)
            }
            Permission::Withheld(_) => None,
        };
        let shown = pages::Shown::new(&category);
        self.current = Some(Current {
            category,
            planned,
            tables,
            gone: Vec::new(),
            files: 0,
            files_gone: 0,
            names: Vec::new(),
            open: None,
            shown,
        });
        Ok(())
    }

    fn begin_file(&mut self, current: &mut Current, original: String) -> Result<(), PackageError> {
        self.files_named += 1;
        let ending = ending(&original);
        let name = EntryName::new(&format!("recordings/{:06}.{ending}", self.files_named))?;
        self.archive.start(&name, packing(&ending))?;
        current.open = Some((name, original, Tally::new()));
        Ok(())
    }

    fn end(&mut self, current: Current) -> Result<(), PackageError> {
        let name = current.category.name.clone();
        let withheld = match &current.category.export {
            Permission::Allowed => None,
            Permission::Withheld(reason) => Some(reason.clone()),
        };
        let rows = current.tables.as_ref().map_or(0, Tables::rows);
        let gone = count(current.gone.len());
        if withheld.is_none() && rows.saturating_add(gone) != current.planned {
            let found = rows.saturating_add(gone);
            return Err(PackageError::Miscounted { category: name, planned: current.planned, found });
        }
        if let Some(tables) = current.tables {
            self.files.extend(tables.finish(&mut self.archive)?);
        }
        self.categories.push(CategoryEntry {
            name: name.clone(),
            title: current.category.title.clone(),
            planned: current.planned,
            rows,
            gone: current.gone,
            withheld,
        });
        let counted = Counted { name, rows, gone, files: current.files, files_gone: current.files_gone };
        self.shown.push(current.shown.counted(current.planned, &counted));
        self.counted.push(counted);
        Ok(())
    }

    fn finish(mut self) -> Result<Written, PackageError> {
        let request = self.order.request.clone();
        for (name, text) in pages::render(&self.order.texts, &request, &self.shown)? {
            let line = self.add_page(name, text.as_bytes())?;
            self.files.push(line);
        }
        let manifest = Manifest {
            format: manifest::FORMAT.to_owned(),
            reference: request.reference.clone(),
            as_of: request.as_of,
            generated_at: request.generated_at,
            plan_sha256: request.plan_hash.clone(),
            categories: self.categories.clone(),
            files: std::mem::take(&mut self.files),
            missing_files: std::mem::take(&mut self.missing),
        };
        let text = serde_json::to_vec_pretty(&manifest)
            .map_err(|error| PackageError::Damaged(format!("cannot write the manifest: {error}")))?;
        self.add_page(manifest::NAME, &text)?;
        fault!(blocking "package.sync.before");
        let file = self.archive.finish()?;
        file.sync_all().map_err(|error| PackageError::io("make the package durable", &error))?;
        drop(file);
        fault!(blocking "package.sync.after");
        let checked = check(&self.part, &request.passphrase)?;
        fault!(blocking "package.check.after");
        let path = self.order.place.dir.join(format!("{}.zip", request.reference));
        Ok(Written {
            part: self.part,
            path,
            bytes: checked.bytes,
            sha256: checked.sha256,
            categories: self.counted,
        })
    }

    fn add_page(&mut self, name: &str, bytes: &[u8]) -> Result<FileEntry, PackageError> {
        let name = EntryName::new(name)?;
        self.archive.start(&name, Packing::Deflate)?;
        self.archive.write(bytes)?;
        let mut tally = Tally::new();
        tally.add(bytes);
        Ok(tally.entry(&name, None, None))
    }
}

impl Current {
    fn add(&mut self, mut batch: RowBatch) -> Result<(), PackageError> {
        self.gone.append(&mut batch.gone);
        self.tolerates("rows", count(self.gone.len()))?;
        let names = std::mem::take(&mut self.names);
        if let Some(tables) = &mut self.tables {
            tables.add(&batch, &names)?;
        }
        self.shown.add(&batch, |row| file_of(&batch, &names, row));
        Ok(())
    }

    /// Standard S9: what is missing within the tolerance is told, beyond it the plan no longer fits the data.
    fn tolerates(&self, what: &'static str, gone: u64) -> Result<(), PackageError> {
        if gone <= gone_max(self.planned) {
            return Ok(());
        }
        let (category, planned) = (self.category.name.clone(), self.planned);
        Err(PackageError::Drift { category, what, planned, gone })
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// The ending of a file's name where it is a plain one, so that a player knows what it is.
fn ending(original: &str) -> String {
    let name = original.rsplit(['/', '\\']).next().unwrap_or_default();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    ending
        .filter(|ending| (1..=5).contains(&ending.len()) && ending.chars().all(|c| c.is_ascii_alphanumeric()))
        .unwrap_or_else(|| "bin".to_owned())
}

/// Compressed sound does not get smaller; the attempt only costs time.
fn packing(ending: &str) -> Packing {
    match ending {
        "mp3" | "m4a" | "ogg" | "opus" | "aac" | "flac" | "mp4" | "webm" | "zip" | "gz" => Packing::Store,
        _ => Packing::Deflate,
    }
}

#[cfg(test)]
mod tests {
    use super::ending;

    #[test]
    fn only_plain_endings_are_kept() {
        let check = |original: &str, expected: &str| assert_eq!(ending(original), expected, "{original:?}");
        check("2025/01/a.WAV", "wav");
        check("a.tar.gz", "gz");
        check("noending", "bin");
        check("a.", "bin");
        check("a.w/v", "bin");
        check("dir.wav/name", "bin");
        check("a.\u{202e}vaw", "bin");
        check("a.verylongending", "bin");
        check("a.b c", "bin");
        check("..", "bin");
    }
}
