//! A configuration in a folder of its own, with all that it names: Maildirs in and out, an `SQLite` state, and a small
//! telephony database. No server is needed. A test replaces the lines that it is about.

use dsrd::crypto::MasterKey;
use sqlx::{Connection, Executor};
use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

/// The mailbox, and the sender of every notice.
pub(crate) const SUPPORT: &str = "support@acme.example";
/// The owner of account 481516, as the telephony database knows her.
pub(crate) const CUSTOMER: &str = "asha@traders.example";

const TEXT: &str = r#"
[company]
name = "Acme Telephony"
support = "support@acme.example"
grievance_officer = "Meera Nair, grievance@acme.example"
complaint_authority = "Data Protection Board of India"
[state]
url = "sqlite://state.db"
[mailbox.support]
kind = "maildir"
path = "in"
address = ["support@acme.example"]
poll = "200ms"
[outbox]
kind = "maildir"
path = "out"
from = "support@acme.example"
plus_addressing = true
[sender_auth]
authserv_ids = ["mx.acme.example"]
[calendar]
timezone = "Asia/Kolkata"
[sources.telephony]
kind = "sqlite"
url = "sqlite://telephony.db"
[directory]
source = "telephony"
by_address = "SELECT id AS subject, account_id AS account, name, email AS address, phone, role, id AS user FROM users WHERE lower(email) = $1"
by_account = "SELECT id AS subject, account_id AS account, name, email AS address, phone, role, id AS user FROM users WHERE account_id = $1"
by_number = "SELECT u.id AS subject, u.account_id AS account, u.name, u.email AS address, u.phone, u.role, u.id AS user FROM users u JOIN numbers n ON n.account_id = u.account_id WHERE n.number = $1"
[[data]]
name = "call_logs"
title = "Call logs"
purpose = "To connect your calls and to bill them."
source = "telephony"
table = "call_logs"
key = "id"
time_column = "started_at"
account_column = "account_id"
user_column = "user_id"
number_columns = ["caller", "callee"]
columns = [{ name = "started_at", title = "Started" }, { name = "callee", title = "To" }]
[delivery]
package_dir = "packages"
[log]
format = "text"
[metrics]
listen = "127.0.0.1:0"
[control]
socket = "control.sock"
"#;

const COMPANY: &str = "
CREATE TABLE users (id TEXT PRIMARY KEY, account_id TEXT, name TEXT, email TEXT, phone TEXT, role TEXT);
CREATE INDEX users_account ON users (account_id);
CREATE INDEX users_email ON users (lower(email));
CREATE TABLE numbers (number TEXT PRIMARY KEY, account_id TEXT);
CREATE TABLE call_logs (id INTEGER PRIMARY KEY, account_id TEXT, user_id TEXT, started_at TEXT, caller TEXT, callee TEXT);
CREATE INDEX calls_account ON call_logs (account_id);
INSERT INTO users VALUES ('u1', '481516', 'Asha Rao', 'asha@traders.example', '+919812345678', 'owner');
INSERT INTO numbers VALUES ('+919876543210', '481516');
INSERT INTO call_logs VALUES (1, '481516', 'u1', '2025-01-05T10:00:00Z', '+919876543210', '+911234567890');
INSERT INTO call_logs VALUES (2, '481516', 'u1', '2025-02-05T10:00:00Z', '+911234567890', '+919876543210');
INSERT INTO call_logs VALUES (3, '999', 'u9', '2025-02-05T10:00:00Z', '+911111111111', '+912222222222');
";

/// The folder goes away with this value.
pub(crate) struct ConfigFile {
    folder: TempDir,
}

impl ConfigFile {
    /// Writes everything into a folder of its own.
    pub(crate) async fn fresh() -> Self {
        let fresh = Self { folder: tempfile::tempdir().unwrap() };
        fresh.write(TEXT);
        fresh.key([7, 8].repeat(16).try_into().unwrap());
        for part in ["in/new", "in/cur", "in/tmp", "out"] {
            fs::create_dir_all(fresh.at(part)).unwrap();
        }
        let url = format!("sqlite://{}?mode=rwc", fresh.at("telephony.db").display());
        let mut company = sqlx::SqliteConnection::connect(&url).await.unwrap();
        company.execute(sqlx::raw_sql(COMPANY)).await.unwrap();
        company.close().await.unwrap();
        fresh
    }

    /// Something in the folder.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The configuration itself.
    pub(crate) fn path(&self) -> PathBuf {
        self.at("dsrd.toml")
    }

    /// Writes another configuration.
    pub(crate) fn write(&self, text: &str) {
        fs::write(self.path(), text).unwrap();
    }

    /// Puts a part of the configuration in the place of another, which stands there once.
    pub(crate) fn replace(&self, old: &str, new: &str) {
        let text = fs::read_to_string(self.path()).unwrap();
        assert_eq!(text.matches(old).count(), 1, "{old:?} stands once in the configuration");
        self.write(&text.replacen(old, new, 1));
    }

    /// Writes the master key, in place of one that is there.
    pub(crate) fn key(&self, bytes: [u8; 32]) {
        use std::io::Write;
        let path = self.at("master.key");
        let _ = fs::remove_file(&path);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).unwrap();
        file.write_all(MasterKey::generate_text(bytes).as_bytes()).unwrap();
    }

    /// Puts a mail into the watched Maildir, as the company's own server does: with its verdict on top.
    pub(crate) fn deliver(&self, verdict: &str, raw: &[u8]) {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("{}.{}.mx", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut mail = format!("Authentication-Results: mx.acme.example; {verdict}\n").into_bytes();
        mail.extend_from_slice(raw);
        let draft = self.at("in/tmp").join(&name);
        fs::write(&draft, mail).unwrap();
        fs::rename(draft, self.at("in/new").join(name)).unwrap();
    }

    /// The mails that left for an address so far, by their file names.
    pub(crate) fn mails_to(&self, address: &str) -> Vec<String> {
        let mut files: Vec<PathBuf> = fs::read_dir(self.at("out").join(address).join("new"))
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        files.iter().map(|path: &PathBuf| text(path)).collect()
    }
}

fn text(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
}
