//! What is wrong with a configuration, all of it, each with its line and a remedy. Never echoes a value that could be a
//! secret: what is shown is the key and the rule. `read.rs` and the sections add problems, `mod.rs` hands them out.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// One thing that is wrong, on one line: `file:line: [section] key: what is wrong; what to do`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The file as the operator named it.
    pub file: String,
    /// The line, from 1; none for what is missing altogether.
    pub line: Option<usize>,
    /// The section without brackets; empty at the top of the file.
    pub section: String,
    /// The key; empty when it is about the whole section.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        f.write_str(":")?;
        if !self.section.is_empty() {
            write!(f, " [{}]", self.section)?;
        }
        if !self.key.is_empty() {
            write!(f, " {}:", self.key)?;
        }
        write!(f, " {}; {}", self.what.replace(['\r', '\n'], " "), self.remedy.replace(['\r', '\n'], " "))
    }
}

/// Every problem of one configuration, in the order of the file.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Problems(pub Vec<Problem>);

/// Where relative file names lead.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Folders {
    /// The folder of the configuration file.
    pub base: PathBuf,
    /// `$CREDENTIALS_DIRECTORY` of systemd, where there is one: secrets with relative names lie there.
    pub credentials: Option<PathBuf>,
}

/// Gathers problems while the sections are read.
pub(super) struct Findings<'a> {
    file: &'a str,
    folders: &'a Folders,
    lines: HashMap<(String, String), usize>,
    list: Vec<Problem>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(file: &'a str, folders: &'a Folders) -> Self {
        Self { file, folders, lines: HashMap::new(), list: Vec::new() }
    }

    /// Notes where a key (or, with an empty key, a section) stands.
    pub(super) fn stands_at(&mut self, section: &str, key: &str, line: usize) {
        self.lines.insert((section.to_owned(), key.to_owned()), line);
    }

    /// Adds a problem of a key. A second one for the same key is dropped: what could not be read is not also missing.
    pub(super) fn add(
        &mut self,
        section: &str,
        key: &str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let place = |section: &str, key: &str| self.lines.get(&(section.to_owned(), key.to_owned())).copied();
        let line = place(section, key).or_else(|| place(section, ""));
        self.add_at(line, section, key, what, remedy);
    }

    /// Adds a problem whose line is known.
    pub(super) fn add_at(
        &mut self,
        line: Option<usize>,
        section: &str,
        key: &str,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        if self.has(section, key) {
            return;
        }
        self.list.push(Problem {
            file: self.file.to_owned(),
            line,
            section: section.to_owned(),
            key: key.to_owned(),
            what: what.into(),
            remedy: remedy.into(),
        });
    }

    /// Adds a problem said as "what; remedy".
    pub(super) fn add_said(&mut self, section: &str, key: &str, said: &str) {
        let (what, remedy) = split_remedy(said);
        self.add(section, key, what, remedy);
    }

    /// The value, or a problem that says that it is missing.
    pub(super) fn required<T>(
        &mut self,
        section: &str,
        key: &str,
        value: Option<T>,
        remedy: &str,
    ) -> Option<T> {
        if value.is_none() {
            self.add(section, key, "is missing", remedy);
        }
        value
    }

    /// Whether this very key, or something inside its value, has a problem already.
    fn has(&self, section: &str, key: &str) -> bool {
        let path = if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") };
        let inside = |problem: &Problem| {
            let rest = problem.section.strip_prefix(&path);
            !key.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ' ']))
        };
        let named = !section.is_empty() || !key.is_empty();
        self.list
            .iter()
            .any(|problem| inside(problem) || (named && problem.section == section && problem.key == key))
    }

    /// Whether a section has any problem already.
    pub(super) fn is_about(&self, section: &str) -> bool {
        self.list.iter().any(|problem| problem.section == section)
    }

    /// A file or folder; relative ones lie below the configuration's folder.
    pub(super) fn path(&self, path: &Path) -> PathBuf {
        self.folders.base.join(path)
    }

    /// A secret's file; relative ones lie below systemd's credentials folder where there is one.
    pub(super) fn credential(&self, path: &Path) -> PathBuf {
        self.folders.credentials.as_ref().unwrap_or(&self.folders.base).join(path)
    }

    /// All problems in the order of the file, missing things first.
    pub(super) fn finish(mut self) -> Problems {
        self.list.sort_by_key(|problem| problem.line);
        Problems(self.list)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

/// Splits "what; remedy"; without a semicolon the example file is the remedy.
pub(super) fn split_remedy(said: &str) -> (String, String) {
    said.rsplit_once("; ").map_or_else(
        || (said.to_owned(), "see this key in config.example.toml".to_owned()),
        |(what, remedy)| (what.to_owned(), remedy.to_owned()),
    )
}
