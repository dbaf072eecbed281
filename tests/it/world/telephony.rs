//! The company's own database: two customers who also called each other, so that a row in the wrong package would show.
//! Two accounts, their people, numbers, calls, recordings with files, and invoices. Never touches the daemon's state.

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// How many rows of each kind there are, for a play to count on.
pub(crate) struct Held;

impl Held {
    /// Calls of account 481516 in all, a third of them Bina's.
    pub(crate) const ACME_CALLS: u64 = 240;
    /// Of these, from January to March.
    pub(crate) const ACME_CALLS_OF_THREE_MONTHS: u64 = 144;
    /// Calls of Bina.
    pub(crate) const BINA_CALLS: u64 = 80;
    /// Calls of account 700700.
    pub(crate) const OTHER_CALLS: u64 = 90;
    /// Recordings of account 481516.
    pub(crate) const ACME_RECORDINGS: u64 = 6;
    /// Invoices of account 481516.
    pub(crate) const ACME_INVOICES: u64 = 5;
}

/// Text that stands in every row and file of account 700700 and in no other.
pub(crate) const FOREIGN: &str = "belongs-to-700700";

/// Builds the database and the folder of recordings; returns the database file.
pub(super) async fn build(dir: &Path, tag: &str) -> PathBuf {
    let file = dir.join("telephony.db");
    let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true);
    let mut database: SqliteConnection = options.connect().await.unwrap();
    let sql = super::setup::real(&script(dir), tag);
    database.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
    sqlx::Connection::close(database).await.unwrap();
    file
}

/// Runs SQL as one of the company's own programs.
pub(super) async fn run(file: &Path, sql: &str) {
    let mut database = open(file).await;
    database.execute(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await.unwrap();
    sqlx::Connection::close(database).await.unwrap();
}

/// Counts what the company holds.
pub(super) async fn count(file: &Path, what: &str) -> u64 {
    let mut database = open(file).await;
    let many: i64 = sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {what}")))
        .fetch_one(&mut database)
        .await
        .unwrap();
    sqlx::Connection::close(database).await.unwrap();
    many.try_into().unwrap()
}

async fn open(file: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(file).connect().await.unwrap()
}

fn script(dir: &Path) -> String {
    // One transaction: each row alone would be flushed to the disk alone.
    let mut sql = format!("BEGIN;{SCHEMA}");
    let calls = |sql: &mut String, account: &str, users: &[&str], many: u64, number: &str, note: &str| {
        for call in 0..many {
            let user = users[usize::try_from(call).unwrap() % users.len()];
            let (month, day, minute) = (1 + call % 5, 1 + call / 5 % 28, call % 60);
            // Every fifth call is between the two customers: one row in each account, with the same two numbers.
            let callee = match (call % 5, account) {
                (0, "481516") => "+912222333344",
                (0, _) => "+919876543210",
                _ => "+914000000001",
            };
            writeln!(
                sql,
                "INSERT INTO call_logs VALUES ('{account}-{call}', '{account}', '{user}', \
                 '2025-{month:02}-{day:02}T10:{minute:02}:00Z', '{number}', '{callee}', {call}, '{note}');"
            )
            .unwrap();
        }
    };
    calls(&mut sql, "481516", &["u1", "u1", "u2"], Held::ACME_CALLS, "+919876543210", "own");
    calls(&mut sql, "700700", &["u9"], Held::OTHER_CALLS, "+912222333344", FOREIGN);
    std::fs::create_dir(dir.join("recordings")).unwrap();
    for recording in 0..Held::ACME_RECORDINGS {
        file(&mut sql, dir, "481516", "u1", recording, "own");
        file(&mut sql, dir, "700700", "u9", recording, FOREIGN);
    }
    for month in 1..=Held::ACME_INVOICES {
        for account in ["481516", "700700"] {
            writeln!(
                sql,
                "INSERT INTO invoices VALUES ('{account}-{month}', '{account}', '2025-0{month}-01', {month}00);"
            )
            .unwrap();
        }
    }
    sql.push_str("COMMIT;");
    sql
}

fn file(sql: &mut String, dir: &Path, account: &str, user: &str, number: u64, content: &str) {
    let name = format!("{account}-{number}.wav");
    std::fs::write(dir.join("recordings").join(&name), format!("RIFF {content} {number}")).unwrap();
    let day = number + 1;
    writeln!(
        sql,
        "INSERT INTO recordings VALUES ('{name}', '{account}', '{user}', '2025-05-0{day}T12:00:00Z', '{name}');"
    )
    .unwrap();
}

const SCHEMA: &str = "
CREATE TABLE users (id TEXT PRIMARY KEY, account_id TEXT, name TEXT, email TEXT, phone TEXT, role TEXT);
CREATE TABLE numbers (number TEXT PRIMARY KEY, account_id TEXT);
CREATE TABLE call_logs (id TEXT PRIMARY KEY, account_id TEXT, user_id TEXT, started_at TEXT, caller TEXT, callee TEXT,
                        seconds INTEGER, note TEXT);
CREATE TABLE recordings (id TEXT PRIMARY KEY, account_id TEXT, user_id TEXT, recorded_at TEXT, file TEXT);
CREATE TABLE invoices (id TEXT PRIMARY KEY, account_id TEXT, issued_on TEXT, amount INTEGER);
INSERT INTO users VALUES
  ('u1', '481516', 'Asha Rao', 'asha@acme.example', '+919812345678', 'Owner'),
  ('u2', '481516', 'Bina Das', 'bina@acme.example', '+919812345679', 'User'),
  ('u3', '481516', 'Ravi Iyer', 'ravi@telco.example', NULL, 'Owner'),
  ('u9', '700700', 'Omar Khan', 'omar@other.example', '+912222000000', 'Owner');
INSERT INTO numbers VALUES ('+919876543210', '481516'), ('+912222333344', '700700');
";

/// The sections of the configuration that describe it.
pub(super) const SECTIONS: &str = r#"
[sources.telephony]
kind = "sqlite"
url = "sqlite://telephony.db"

[directory]
source = "telephony"
by_address = """SELECT id AS subject, account_id AS account, name, email AS address, phone, role, id AS user
FROM users WHERE lower(email) = $1"""
by_account = """SELECT id AS subject, account_id AS account, name, email AS address, phone, role, id AS user
FROM users WHERE account_id = $1 ORDER BY id"""
by_number = """
SELECT u.id AS subject, u.account_id AS account, u.name, u.email AS address, u.phone, u.role, u.id AS user
FROM users u JOIN numbers n ON n.account_id = u.account_id WHERE n.number = $1 ORDER BY u.id"""

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
columns = [
  { name = "started_at", title = "Started" },
  { name = "caller", title = "From" },
  { name = "callee", title = "To" },
  { name = "seconds", title = "Length in seconds" },
  { name = "note", title = "Note" },
]
retention_days = 365
backup_purge_days = 30

[[data]]
name = "recordings"
title = "Call recordings"
purpose = "To settle disputes."
source = "telephony"
table = "recordings"
key = "id"
time_column = "recorded_at"
account_column = "account_id"
user_column = "user_id"
columns = [{ name = "recorded_at", title = "Recorded" }, { name = "file", title = "File" }]
retention_days = 90
backup_purge_days = 30
second_factor = true
files = { column = "file", root = "recordings" }

[[data]]
name = "invoices"
title = "Invoices"
purpose = "To bill you, and because the law demands it."
source = "telephony"
table = "invoices"
key = "id"
time_column = "issued_on"
account_column = "account_id"
columns = [{ name = "issued_on", title = "Date" }, { name = "amount", title = "Amount" }]
keep = [{ years = 8, citation = "Companies Act 2013, s. 128(5)" }]

"#;
