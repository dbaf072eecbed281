//! The configuration: TOML in, plain values out, every problem at once with its line and a remedy. Unknown keys are
//! errors; secrets are names of files, never values. Named by main, cli and daemon only; all others get plain values.
//! `config.example.toml` documents every key; a test holds it to the defaults here.

mod data;
mod deletion;
mod files;
mod mail;
mod oauth2;
mod operation;
mod problem;
mod read;
mod rules;
mod values;

#[cfg(test)]
mod tests;

pub use data::{Delivery, Keys, Source, SourceKind, State};
pub use deletion::{Approval, Erasure, Retention};
pub use mail::{
    After, Login, Mailbox, MailboxKind, Outbox, OutboxKind, Proof, SenderAuth, SenderAuthMode, Server, Tls,
};
pub use oauth2::{Grant, OAuth2, TokenUrl};
pub use operation::{Control, Digest, Limits, Log, LogFormat, LogLevel, Metrics};
pub use problem::{Folders, Problem, Problems};
pub use rules::{Calendar, Company, DateOrder, Promise, Reading, Regimes, Verification};
pub use values::{DatabaseUrl, Period, Size};

use crate::domain::directory::Directory;
use crate::domain::plan::Category;
use problem::Findings;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The commented example that `dsrd init` writes.
pub const EXAMPLE: &str = include_str!("../../config.example.toml");

/// Largest configuration file that is read.
const FILE_BYTES_MAX: u64 = 1_000_000;

/// A configuration that has been read and cross-checked.
#[derive(Clone, PartialEq, Debug)]
pub struct Config {
    /// A folder whose templates replace the built-in ones of the same name.
    pub templates: Option<PathBuf>,
    /// Who the company is.
    pub company: Company,
    /// Our own state.
    pub state: State,
    /// What seals it.
    pub keys: Keys,
    /// The mailboxes by name; at least one.
    pub mailboxes: BTreeMap<String, Mailbox>,
    /// Where mail leaves.
    pub outbox: Outbox,
    /// Whose verdict on senders counts.
    pub sender_auth: SenderAuth,
    /// When the company works.
    pub calendar: Calendar,
    /// Which law.
    pub regimes: Regimes,
    /// What is promised.
    pub promise: Promise,
    /// How people prove who they are.
    pub verification: Verification,
    /// Who belongs to which account.
    pub directory: Directory,
    /// The company's data systems by name.
    pub sources: BTreeMap<String, Source>,
    /// The categories of data; at least one.
    pub data: Vec<Category>,
    /// How packages reach people.
    pub delivery: Delivery,
    /// How deletions are decided and bounded.
    pub approval: Approval,
    /// What is written down of deletions.
    pub erasure: Erasure,
    /// Rows past their ceiling.
    pub retention: Retention,
    /// What staff are told once a day.
    pub digest: Digest,
    /// Bounds.
    pub limits: Limits,
    /// Logs.
    pub log: Log,
    /// Health and metrics.
    pub metrics: Metrics,
    /// The control socket.
    pub control: Control,
    /// How forms are read.
    pub reading: Reading,
}

/// The file as written; every field has a default, so that reading never stops at what is missing.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Text {
    templates: Option<PathBuf>,
    company: rules::CompanyText,
    state: data::StateText,
    keys: Keys,
    mailbox: BTreeMap<String, mail::MailboxText>,
    outbox: mail::OutboxText,
    sender_auth: SenderAuth,
    calendar: rules::CalendarText,
    regimes: rules::RegimesText,
    promise: Promise,
    verification: Verification,
    directory: data::DirectoryText,
    sources: BTreeMap<String, data::SourceText>,
    data: Vec<Category>,
    delivery: Delivery,
    approval: Approval,
    erasure: Erasure,
    retention: Retention,
    digest: Digest,
    limits: Limits,
    log: Log,
    metrics: Metrics,
    control: Control,
    reading: Reading,
}

impl Config {
    /// Reads and cross-checks a file. It looks at no other file; `check_files` does.
    pub fn load(path: &Path) -> Result<Self, Problems> {
        let name = path.display().to_string();
        let folders = Folders::of(path);
        match read_bounded(path) {
            Ok(text) => Self::parse(&text, &name, &folders),
            Err(error) => {
                let mut findings = Findings::new(&name, &folders);
                let remedy = "name it with -c FILE, or let dsrd init DIR write one";
                findings.add("", "", format!("cannot read the configuration: {error}"), remedy);
                Err(findings.finish())
            }
        }
    }

    /// Reads and cross-checks a text. `file` is what problems call it.
    pub fn parse(text: &str, file: &str, folders: &Folders) -> Result<Self, Problems> {
        let mut findings = Findings::new(file, folders);
        let config = read::document::<Text>(text, &mut findings).and_then(|text| text.judge(&mut findings));
        match config {
            Some(config) if findings.is_empty() => Ok(config),
            _ => Err(findings.finish()),
        }
    }

    /// Looks at the files that the configuration names: there, readable, and secrets closed to others. Blocking I/O.
    /// `file` is what problems call the configuration.
    pub fn check_files(&self, file: &str) -> Vec<Problem> {
        files::check(self, file)
    }
}

impl Folders {
    /// The folder of this configuration file, and systemd's credentials folder where there is one.
    #[expect(
        clippy::disallowed_methods,
        reason = "systemd names the folder of its credentials this way only"
    )]
    pub fn of(path: &Path) -> Self {
        let base = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        Self { base, credentials: std::env::var("CREDENTIALS_DIRECTORY").ok().map(PathBuf::from) }
    }
}

fn read_bounded(path: &Path) -> std::io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    std::fs::File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if u64::try_from(text.len()).is_ok_and(|bytes| bytes > FILE_BYTES_MAX) {
        return Err(std::io::Error::other("larger than 1 MB"));
    }
    Ok(text)
}

impl Text {
    /// Turns what was written into what is meant. Every section is looked at, also after a problem.
    fn judge(self, findings: &mut Findings<'_>) -> Option<Config> {
        let company = self.company.judge(findings);
        let state = self.state.judge(findings);
        let keys = self.keys.judge(findings);
        let mailboxes = mailboxes(self.mailbox, findings);
        let outbox = self.outbox.judge(findings);
        let answers = mailboxes.values().any(|mailbox| mailbox.answer);
        let by_header = self.sender_auth.mode == SenderAuthMode::TrustHeader;
        if answers && by_header && self.sender_auth.authserv_ids.is_empty() {
            let what = "is empty, so no sender is trusted and nobody would be answered";
            let remedy = "list the authserv-id of your mail server, set mode = \"evaluate\", or set answer = false on every mailbox";
            findings.add("sender_auth", "authserv_ids", what, remedy);
        }
        let calendar = self.calendar.judge(findings);
        let regimes = self.regimes.judge(findings);
        if self.promise.days == 0 {
            findings.add("promise", "days", "is 0", "write at least 1");
        }
        self.verification.judge(findings);
        let sources: BTreeMap<_, _> = self
            .sources
            .into_iter()
            .filter_map(|(name, text)| text.judge(&name, findings).map(|source| (name, source)))
            .collect();
        let directory = self.directory.judge(&sources, findings);
        let categories = data::judge_categories(self.data, &sources, findings);
        let delivery = self.delivery.judge(findings);
        self.approval.judge(findings);
        let erasure = self.erasure.judge(findings);
        self.limits.judge(findings);
        self.reading.judge(findings);
        Some(Config {
            templates: self.templates.map(|folder| findings.path(&folder)),
            company: company?,
            state: state?,
            keys,
            mailboxes,
            outbox: outbox?,
            sender_auth: self.sender_auth,
            calendar: calendar?,
            regimes: regimes?,
            promise: self.promise,
            verification: self.verification,
            directory: directory?,
            sources,
            data: categories,
            delivery,
            approval: self.approval,
            erasure,
            retention: self.retention,
            digest: self.digest,
            limits: self.limits,
            log: self.log,
            metrics: self.metrics,
            control: self.control.judge(findings),
            reading: self.reading,
        })
    }
}

fn mailboxes(
    texts: BTreeMap<String, mail::MailboxText>,
    findings: &mut Findings<'_>,
) -> BTreeMap<String, Mailbox> {
    if texts.is_empty() {
        findings.add("mailbox", "", "is missing", "describe at least one mailbox as [mailbox.NAME]");
    }
    texts
        .into_iter()
        .filter_map(|(name, text)| text.judge(&name, findings).map(|mailbox| (name, mailbox)))
        .collect()
}
