//! Where data lies: our own state and keys, the company's directory and sources, and how packages reach people. Never
//! opens any of them; a password never stands here, only the name of its file (decision 42).

use super::problem::Findings;
use super::read::numbered;
use super::values::{DatabaseUrl, PASSWORD_IN_URL, Size, url_holds_password};
use crate::domain::directory::Directory;
use crate::domain::plan::{Category, Place};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Where our own state lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct State {
    /// The database.
    pub url: DatabaseUrl,
    /// Its password's file (`PostgreSQL`).
    pub password_file: Option<PathBuf>,
}

/// `[state]` as written.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct StateText {
    url: String,
    password_file: Option<PathBuf>,
}

impl Default for StateText {
    fn default() -> Self {
        Self { url: "sqlite:///var/lib/dsrd/state.db".to_owned(), password_file: None }
    }
}

impl StateText {
    pub(super) fn judge(self, findings: &mut Findings<'_>) -> Option<State> {
        let url = database(&self.url, "state", "url", findings)?;
        if matches!(url, DatabaseUrl::Sqlite { .. }) && self.password_file.is_some() {
            findings.add("state", "password_file", "has no use with SQLite", "take it out");
        }
        let password_file = self.password_file.map(|file| findings.credential(&file));
        Some(State { url, password_file })
    }
}

fn database(url: &str, section: &str, key: &str, findings: &mut Findings<'_>) -> Option<DatabaseUrl> {
    match DatabaseUrl::parse(url) {
        Ok(DatabaseUrl::Sqlite { path }) => Some(DatabaseUrl::Sqlite { path: findings.path(&path) }),
        Ok(url) => Some(url),
        Err(said) => {
            findings.add_said(section, key, said);
            None
        }
    }
}

/// `[keys]`: what seals personal data in the state.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keys {
    /// The file with the master key, as `dsrd init` writes it.
    pub master_key_file: PathBuf,
    /// Where refresh tokens that a provider replaced are kept, sealed.
    pub token_dir: PathBuf,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            master_key_file: PathBuf::from("master.key"),
            token_dir: PathBuf::from("/var/lib/dsrd/tokens"),
        }
    }
}

impl Keys {
    pub(super) fn judge(self, findings: &Findings<'_>) -> Self {
        Self {
            master_key_file: findings.credential(&self.master_key_file),
            token_dir: findings.path(&self.token_dir),
        }
    }
}

/// `[directory]` as written.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DirectoryText {
    source: Option<String>,
    by_address: Option<String>,
    by_account: Option<String>,
    by_number: Option<String>,
}

impl DirectoryText {
    pub(super) fn judge(
        self,
        sources: &BTreeMap<String, Source>,
        findings: &mut Findings<'_>,
    ) -> Option<Directory> {
        let mut query = |key: &str, sql: Option<String>| {
            let sql = findings.required("directory", key, sql, "write the SQL that finds people, with $1")?;
            if sql.contains("$1") {
                return Some(sql);
            }
            let remedy = "compare a column with $1 in its WHERE";
            findings.add("directory", key, "has no $1, so it would find everybody", remedy);
            None
        };
        let by_address = query("by_address", self.by_address);
        let by_account = query("by_account", self.by_account);
        let by_number = query("by_number", self.by_number);
        let source = findings.required("directory", "source", self.source, "name one of [sources.NAME]")?;
        known_source(&source, "directory", sources, findings);
        Some(Directory { source, by_address: by_address?, by_account: by_account?, by_number: by_number? })
    }
}

/// Which product a source is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// An `SQLite` database.
    Sqlite,
    /// A `PostgreSQL` database.
    Postgres,
}

/// One of the company's data systems.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// The product.
    pub kind: SourceKind,
    /// Where it lies.
    pub url: DatabaseUrl,
    /// Its password's file (`PostgreSQL`).
    pub password_file: Option<PathBuf>,
    /// How to connect for deletions, where that is another user's right, with the password's file.
    pub erase: Option<(DatabaseUrl, Option<PathBuf>)>,
}

/// `[sources.NAME]` as written.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SourceText {
    kind: Option<SourceKind>,
    url: Option<String>,
    password_file: Option<PathBuf>,
    erase_url: Option<String>,
    erase_password_file: Option<PathBuf>,
}

impl SourceText {
    pub(super) fn judge(self, name: &str, findings: &mut Findings<'_>) -> Option<Source> {
        let section = format!("sources.{name}");
        let kind = findings.required(&section, "kind", self.kind, "write kind = \"sqlite\" or \"postgres\"");
        let remedy = "write url = \"sqlite:///path/to/file\" or \"postgres://user@host/database\"";
        let url = findings.required(&section, "url", self.url, remedy)?;
        let (kind, url) = (kind?, of_kind(&section, "url", kind?, &url, findings)?);
        if kind == SourceKind::Sqlite {
            let without_use = [
                ("password_file", self.password_file.is_some()),
                ("erase_url", self.erase_url.is_some()),
                ("erase_password_file", self.erase_password_file.is_some()),
            ];
            for (key, _) in without_use.into_iter().filter(|(_, given)| *given) {
                findings.add(&section, key, "has no use with SQLite", "take it out");
            }
        }
        let erase_password = self.erase_password_file.map(|file| findings.credential(&file));
        let erase = match self.erase_url {
            Some(text) => Some((of_kind(&section, "erase_url", kind, &text, findings)?, erase_password)),
            None => None,
        };
        let password_file = self.password_file.map(|file| findings.credential(&file));
        Some(Source { kind, url, password_file, erase })
    }
}

/// An address of the product that the source says it is.
fn of_kind(
    section: &str,
    key: &str,
    kind: SourceKind,
    text: &str,
    findings: &mut Findings<'_>,
) -> Option<DatabaseUrl> {
    let url = database(text, section, key, findings)?;
    let (fits, word) = match kind {
        SourceKind::Sqlite => (matches!(url, DatabaseUrl::Sqlite { .. }), "sqlite"),
        SourceKind::Postgres => (matches!(url, DatabaseUrl::Postgres { .. }), "postgres"),
    };
    if !fits {
        let remedy = "write sqlite:///path/to/file for SQLite, postgres://user@host/database for PostgreSQL";
        findings.add(section, key, format!("is not of kind \"{word}\""), remedy);
        return None;
    }
    Some(url)
}

fn known_source(
    source: &str,
    section: &str,
    sources: &BTreeMap<String, Source>,
    findings: &mut Findings<'_>,
) {
    // A source that could not be read has its own problem already.
    let is_known = sources.contains_key(source) || findings.is_about(&format!("sources.{source}"));
    if !is_known {
        let what = format!("names the source {source:?}, which does not exist");
        findings.add(section, "source", what, "add it as [sources.NAME] or correct the name");
    }
}

/// Checks the categories: each by its own rules, then their names and sources against the rest.
pub(super) fn judge_categories(
    mut categories: Vec<Category>,
    sources: &BTreeMap<String, Source>,
    findings: &mut Findings<'_>,
) -> Vec<Category> {
    if categories.is_empty() {
        findings.add("data", "", "is missing", "describe at least one category of data as [[data]]");
    }
    let origins = spread(&mut categories);
    let mut names = BTreeSet::new();
    for (index, category) in categories.iter_mut().enumerate() {
        let section = numbered("data", index);
        // What could not be read holds stand-ins: judging those would only make noise.
        if findings.is_about(&section) {
            continue;
        }
        for problem in category.problems() {
            let (what, remedy) = problem.rsplit_once(": ").unwrap_or((&problem, "see config.example.toml"));
            findings.add(&section, "", what, remedy);
        }
        known_source(&category.source, &section, sources, findings);
        if !names.insert(category.name.clone()) {
            findings.add(&section, "name", "is the name of another category", "choose another name");
        }
        if let Some(files) = &mut category.files {
            files.root = findings.path(&files.root);
        }
    }
    // Rows go in the order of the categories, so a further place stands where its own entry does.
    let mut placed: Vec<(usize, Category)> = origins.into_iter().zip(categories).collect();
    placed.sort_by_key(|(origin, _)| *origin);
    placed.into_iter().map(|(_, category)| category).collect()
}

/// One category for each place that holds its kind of data (decision 4); keys are unique within one table only. Further
/// places come behind the entries as written, so that problems still name the right one. Returns the number of the entry that
/// each comes from.
fn spread(categories: &mut Vec<Category>) -> Vec<usize> {
    let mut origins: Vec<usize> = (0..categories.len()).collect();
    let further: Vec<(usize, Category)> = categories
        .iter_mut()
        .enumerate()
        .flat_map(|(origin, category)| {
            let places = std::mem::take(&mut category.also_in);
            let place = |place: Place| {
                let Place { name, source, table } = place;
                (origin, Category { name, source, table, ..category.clone() })
            };
            places.into_iter().map(place).collect::<Vec<_>>()
        })
        .collect();
    for (origin, category) in further {
        origins.push(origin);
        categories.push(category);
    }
    origins
}

/// `[delivery]`: how a package reaches its person.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delivery {
    /// Packages up to this size are attached; it bounds the file, before base64 adds a third.
    pub attachment_bytes_max: Size,
    /// The folder that larger packages lie in.
    pub package_dir: PathBuf,
    /// The address under which a web server offers that folder; without one, staff hand large packages over.
    pub base_url: Option<String>,
    /// Days that a package stays in the folder.
    pub keep_days: u16,
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            attachment_bytes_max: Size::from_bytes(5_000_000),
            package_dir: PathBuf::from("/var/lib/dsrd/packages"),
            base_url: None,
            keep_days: 14,
        }
    }
}

impl Delivery {
    pub(super) fn judge(mut self, findings: &mut Findings<'_>) -> Self {
        if let Some(url) = &self.base_url {
            if url_holds_password(url) {
                findings.add_said("delivery", "base_url", PASSWORD_IN_URL);
            } else if !url.starts_with("https://") {
                let remedy = "write an https:// address";
                findings.add("delivery", "base_url", "would send packages in the clear", remedy);
            }
        }
        if self.keep_days == 0 {
            let what = "is 0, so nobody could fetch a package";
            findings.add("delivery", "keep_days", what, "write at least 1");
        }
        self.package_dir = findings.path(Path::new(&self.package_dir));
        self
    }
}
