//! `[mailbox.NAME]`, `[outbox]` and `[sender_auth]`: where mail comes from, where it leaves, whose verdict on senders is
//! trusted. Never opens a connection. `mailbox/` and `outbox/` get these as plain values from the daemon.

use super::oauth2::{OAuth2, OAuth2Text};
use super::problem::Findings;
use super::values::{Period, is_loopback};
use crate::domain::address::Address;
use jiff::Timestamp;
use serde::Deserialize;
use std::path::PathBuf;

/// How a connection is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// TLS from the first byte (RFC 8314).
    Implicit,
    /// Plain text first, then STARTTLS; refused when the server does not offer it.
    StartTls,
    /// No protection, on this machine only.
    None,
}

/// A server that asks for a name and a password, or for nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Server {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Protection of the connection.
    pub tls: Tls,
    /// More certificate authorities (PEM) beside the host's own.
    pub ca_file: Option<PathBuf>,
    /// Login; none for servers that trust this machine.
    pub login: Option<Login>,
}

/// A login name and how it is proved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The proof.
    pub proof: Proof,
}

/// How a login is proved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Proof {
    /// The file that holds the password; one trailing line end is no part of it.
    PasswordFile(PathBuf),
    /// Access tokens from a provider.
    OAuth2(Box<OAuth2>),
}

/// What happens to a mail that was a request, a command or a bounce of ours. Other mail is never touched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum After {
    /// Nothing.
    Leave,
    /// It gets a keyword.
    Keyword,
    /// It moves to this folder; without UID MOVE it gets the keyword (decision 17).
    Move {
        /// The folder.
        folder: String,
    },
}

/// Where a mailbox lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MailboxKind {
    /// A folder on an IMAP server.
    Imap {
        /// The server.
        server: Server,
        /// The folder.
        folder: String,
        /// Whether to wait with IDLE; the poll runs in any case.
        idle: bool,
    },
    /// A Maildir on this machine.
    Maildir {
        /// The folder that holds `new`, `cur` and `tmp`.
        path: PathBuf,
    },
}

/// One mailbox that is watched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mailbox {
    /// Where it lies.
    pub kind: MailboxKind,
    /// Its own addresses: mail from them to them is ours and never answered.
    pub addresses: Vec<Address>,
    /// Mail that arrived before is listed to staff and never answered; none means the first start (decision 8).
    pub since: Option<Timestamp>,
    /// Whether customers are answered; otherwise only staff notices leave (decision 41).
    pub answer: bool,
    /// What happens to handled mail.
    pub after: After,
    /// Longest time between two looks.
    pub poll: Period,
}

/// How mail leaves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OutboxKind {
    /// An SMTP server.
    Smtp {
        /// The server.
        server: Server,
        /// Most connections at a time.
        connections_max: u16,
        /// Most mails a minute over all connections.
        rate_per_minute: u32,
    },
    /// A folder on this machine, one Maildir per recipient below it.
    Maildir {
        /// The folder.
        path: PathBuf,
    },
}

/// Where notices leave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outbox {
    /// How.
    pub kind: OutboxKind,
    /// The sender of every notice.
    pub from: Address,
    /// Whether replies may come to `local+token@domain` (decision 13).
    pub plus_addressing: bool,
}

/// How the sender of a mail is judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SenderAuthMode {
    /// By the topmost Authentication-Results header of our own server (RFC 8601).
    TrustHeader,
    /// By the DKIM signatures and the DMARC policy, looked up in DNS by us.
    Evaluate,
}

/// Whose verdict on senders is trusted.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SenderAuth {
    /// How.
    pub mode: SenderAuthMode,
    /// The authserv-ids of the company's own mail servers; a header with another id counts nothing.
    pub authserv_ids: Vec<String>,
    /// Most Received fields that stand above it; any number where none is said.
    pub received_above: Option<u32>,
    /// The DNS resolver to ask, address and port; without one the host's own.
    pub resolver: Option<std::net::SocketAddr>,
}

impl Default for SenderAuth {
    fn default() -> Self {
        Self {
            mode: SenderAuthMode::TrustHeader,
            authserv_ids: Vec::new(),
            received_above: None,
            resolver: None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum InKind {
    Imap,
    Maildir,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OutKind {
    Smtp,
    Maildir,
}

#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AfterWord {
    #[default]
    Leave,
    Keyword,
    Move,
}

/// `[mailbox.NAME]` as written.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct MailboxText {
    kind: Option<InKind>,
    host: Option<String>,
    port: Option<u16>,
    tls: Option<Tls>,
    ca_file: Option<PathBuf>,
    user: Option<String>,
    password_file: Option<PathBuf>,
    oauth2: Option<OAuth2Text>,
    folder: Option<String>,
    path: Option<PathBuf>,
    address: Vec<Address>,
    since: Option<Timestamp>,
    answer: Option<bool>,
    after: AfterWord,
    move_to: Option<String>,
    idle: Option<bool>,
    poll: Option<Period>,
}

/// `[outbox]` as written.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct OutboxText {
    kind: Option<OutKind>,
    host: Option<String>,
    port: Option<u16>,
    tls: Option<Tls>,
    ca_file: Option<PathBuf>,
    user: Option<String>,
    password_file: Option<PathBuf>,
    oauth2: Option<OAuth2Text>,
    path: Option<PathBuf>,
    from: Option<Address>,
    plus_addressing: bool,
    connections_max: Option<u16>,
    rate_per_minute: Option<u32>,
}

/// Time between two looks where nothing is said.
const POLL_DEFAULT: Period = Period::from_secs(60);
/// Connections to the outbox where nothing is said: what common hosts allow (facts 7, row 35).
const CONNECTIONS_MAX_DEFAULT: u16 = 3;
/// Mails a minute where nothing is said: what common hosts allow (facts 7, row 35).
const RATE_PER_MINUTE_DEFAULT: u32 = 30;

impl MailboxText {
    pub(super) fn judge(mut self, name: &str, findings: &mut Findings<'_>) -> Option<Mailbox> {
        let section = format!("mailbox.{name}");
        let section = section.as_str();
        if !is_plain_name(name) {
            findings.add(section, "", "is no plain name", "use a-z, 0-9, - and _, as in [mailbox.support]");
        }
        if self.address.is_empty() {
            let remedy = "list the mailbox's own addresses, so that its own mail is never answered";
            findings.add(section, "address", "is missing", remedy);
        }
        let poll = self.poll.unwrap_or(POLL_DEFAULT);
        if poll.is_zero() {
            findings.add(section, "poll", "is no time at all", "write at least \"1s\"");
        }
        let after = judge_after(self.after, self.move_to.take(), section, findings);
        if self.kind == Some(InKind::Maildir) && self.after == AfterWord::Keyword {
            let what = "needs keywords, and a Maildir has none";
            findings.add(section, "after", what, "write \"leave\" or \"move\"");
        }
        let (since, answer) = (self.since, self.answer.unwrap_or(true));
        let addresses = std::mem::take(&mut self.address);
        let remedy = "write kind = \"imap\" or \"maildir\"";
        let kind = match findings.required(section, "kind", self.kind, remedy)? {
            InKind::Imap => self.imap(section, findings),
            InKind::Maildir => self.maildir(section, findings),
        };
        Some(Mailbox { kind: kind?, addresses, since, answer, after: after?, poll })
    }

    fn imap(self, section: &str, findings: &mut Findings<'_>) -> Option<MailboxKind> {
        not_for(findings, section, "maildir", &[("path", self.path.is_some())]);
        if self.user.is_none() {
            findings.add(section, "user", "is missing", "name the login of the mailbox");
        }
        let text = ServerText {
            host: self.host,
            port: self.port,
            tls: self.tls,
            ca_file: self.ca_file,
            user: self.user,
            password_file: self.password_file,
            oauth2: self.oauth2,
        };
        Some(MailboxKind::Imap {
            server: text.judge(section, IMAP_PORTS, findings)?,
            folder: self.folder.unwrap_or_else(|| "INBOX".to_owned()),
            idle: self.idle.unwrap_or(true),
        })
    }

    fn maildir(self, section: &str, findings: &mut Findings<'_>) -> Option<MailboxKind> {
        let only_imap = [
            ("host", self.host.is_some()),
            ("port", self.port.is_some()),
            ("tls", self.tls.is_some()),
            ("ca_file", self.ca_file.is_some()),
            ("user", self.user.is_some()),
            ("password_file", self.password_file.is_some()),
            ("oauth2", self.oauth2.is_some()),
            ("folder", self.folder.is_some()),
            ("idle", self.idle.is_some()),
        ];
        not_for(findings, section, "imap", &only_imap);
        let path = findings.required(section, "path", self.path, "name the Maildir folder")?;
        Some(MailboxKind::Maildir { path: findings.path(&path) })
    }
}

fn judge_after(
    word: AfterWord,
    move_to: Option<String>,
    section: &str,
    findings: &mut Findings<'_>,
) -> Option<After> {
    match (word, move_to) {
        (AfterWord::Leave, None) => Some(After::Leave),
        (AfterWord::Keyword, None) => Some(After::Keyword),
        (AfterWord::Move, Some(folder)) => Some(After::Move { folder }),
        (AfterWord::Move, None) => {
            findings.add(section, "move_to", "is missing", "name the folder that handled mail moves to");
            None
        }
        (AfterWord::Leave | AfterWord::Keyword, Some(_)) => {
            findings.add(section, "move_to", "needs after = \"move\"", "set that or take this out");
            None
        }
    }
}

impl OutboxText {
    pub(super) fn judge(mut self, findings: &mut Findings<'_>) -> Option<Outbox> {
        let remedy = "write the address that notices come from";
        let from = findings.required("outbox", "from", self.from.take(), remedy);
        let plus_addressing = self.plus_addressing;
        let remedy = "write kind = \"smtp\" or \"maildir\"";
        let kind = match findings.required("outbox", "kind", self.kind, remedy)? {
            OutKind::Smtp => self.smtp(findings),
            OutKind::Maildir => self.maildir(findings),
        };
        Some(Outbox { kind: kind?, from: from?, plus_addressing })
    }

    fn smtp(self, findings: &mut Findings<'_>) -> Option<OutboxKind> {
        not_for(findings, "outbox", "maildir", &[("path", self.path.is_some())]);
        let connections_max = self.connections_max.unwrap_or(CONNECTIONS_MAX_DEFAULT);
        let rate_per_minute = self.rate_per_minute.unwrap_or(RATE_PER_MINUTE_DEFAULT);
        if connections_max == 0 {
            findings.add("outbox", "connections_max", "is 0, so nothing could leave", "write at least 1");
        }
        if rate_per_minute == 0 {
            findings.add("outbox", "rate_per_minute", "is 0, so nothing could leave", "write at least 1");
        }
        let text = ServerText {
            host: self.host,
            port: self.port,
            tls: self.tls,
            ca_file: self.ca_file,
            user: self.user,
            password_file: self.password_file,
            oauth2: self.oauth2,
        };
        let server = text.judge("outbox", SMTP_PORTS, findings)?;
        Some(OutboxKind::Smtp { server, connections_max, rate_per_minute })
    }

    fn maildir(self, findings: &mut Findings<'_>) -> Option<OutboxKind> {
        let only_smtp = [
            ("host", self.host.is_some()),
            ("port", self.port.is_some()),
            ("tls", self.tls.is_some()),
            ("ca_file", self.ca_file.is_some()),
            ("user", self.user.is_some()),
            ("password_file", self.password_file.is_some()),
            ("oauth2", self.oauth2.is_some()),
            ("connections_max", self.connections_max.is_some()),
            ("rate_per_minute", self.rate_per_minute.is_some()),
        ];
        not_for(findings, "outbox", "smtp", &only_smtp);
        let path =
            findings.required("outbox", "path", self.path, "name the folder that mail is written to")?;
        Some(OutboxKind::Maildir { path: findings.path(&path) })
    }
}

/// The keys that IMAP and SMTP share.
struct ServerText {
    host: Option<String>,
    port: Option<u16>,
    tls: Option<Tls>,
    ca_file: Option<PathBuf>,
    user: Option<String>,
    password_file: Option<PathBuf>,
    oauth2: Option<OAuth2Text>,
}

/// The usual ports of a protocol (RFC 8314 for implicit TLS).
#[derive(Clone, Copy)]
struct Ports {
    implicit: u16,
    starttls: u16,
    plain: u16,
}

const IMAP_PORTS: Ports = Ports { implicit: 993, starttls: 143, plain: 143 };
const SMTP_PORTS: Ports = Ports { implicit: 465, starttls: 587, plain: 25 };

impl ServerText {
    fn judge(self, section: &str, ports: Ports, findings: &mut Findings<'_>) -> Option<Server> {
        let tls = self.tls.unwrap_or(Tls::Implicit);
        let port = self.port.unwrap_or(match tls {
            Tls::Implicit => ports.implicit,
            Tls::StartTls => ports.starttls,
            Tls::None => ports.plain,
        });
        let host = findings.required(section, "host", self.host, "name the server");
        if let (Tls::None, Some(host)) = (tls, &host)
            && !is_loopback(host)
        {
            let what = "\"none\" would send mail and password in the clear";
            findings.add(section, "tls", what, "use implicit or starttls; none is for this machine only");
        }
        let login = judge_login(self.user, self.password_file, self.oauth2, section, findings);
        let ca_file = self.ca_file.map(|file| findings.path(&file));
        Some(Server { host: host?, port, tls, ca_file, login })
    }
}

/// A name with exactly one proof, or neither.
fn judge_login(
    user: Option<String>,
    password_file: Option<PathBuf>,
    oauth2: Option<OAuth2Text>,
    section: &str,
    findings: &mut Findings<'_>,
) -> Option<Login> {
    let oauth2_section = format!("{section}.oauth2");
    let proof = match (password_file, oauth2) {
        (Some(_), Some(_)) => {
            let what = "stands beside oauth2, and a login has one proof";
            findings.add(section, "password_file", what, "take out one of the two");
            return None;
        }
        (Some(file), None) => Proof::PasswordFile(findings.credential(&file)),
        (None, Some(text)) => Proof::OAuth2(Box::new(text.judge(&oauth2_section, findings)?)),
        (None, None) => {
            if user.is_some() {
                let remedy = "name a file that holds the password of user, or write an oauth2 table";
                findings.add(section, "password_file", "is missing", remedy);
            }
            return None;
        }
    };
    if user.is_none() {
        findings.add(section, "user", "is missing beside password_file or oauth2", "name the login");
    }
    Some(Login { user: user?, proof })
}

/// Keys of another kind would be silently without effect, so they are errors.
fn not_for(findings: &mut Findings<'_>, section: &str, other: &str, present: &[(&str, bool)]) {
    for (key, _) in present.iter().filter(|(_, is_there)| *is_there) {
        findings.add(section, key, format!("is a key of kind {other:?} only"), "take it out or change kind");
    }
}

/// Names appear in logs, metrics and health: plain words only.
pub(super) fn is_plain_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    !name.is_empty() && name.len() <= 64 && name.chars().all(plain)
}
