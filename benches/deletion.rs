//! How fast a large deletion is: 200,000 call logs of one account among 2 million in PostgreSQL, from the customer's code
//! to the frozen plan, and from the end of the cooling-off time to the certificate, against the same keys deleted by hand
//! in psql, in batches of 5,000, from a copy of the table, in the same run. Prints; never judges.
//! `cargo bench --bench deletion [-- ROWS OTHERS ROUNDS]`, by default 200000 1800000 3.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench prints, measures time and ends at the first surprise"
)]

#[path = "stand/letters.rs"]
mod letters;

use dsrd::config::{Config, Folders};
use dsrd::daemon::assemble;
use dsrd::daemon::pumps::Pumps;
use dsrd::domain::audit::Actor;
use dsrd::domain::ids::StaffName;
use dsrd::env::{Clock, Env, Manual, Seeded};
use dsrd::workflow::{Operation, Reply};
use jiff::{SignedDuration, Timestamp};
use letters::Letters;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

const ASHA: &str = "asha@traders.example";
const MEERA: &str = "meera@acme.example";

/// Milliseconds and megabytes of one round.
struct Round {
    planned: f64,
    deleted: f64,
    by_hand: f64,
    /// Most resident before the plan, and after all.
    resident: (f64, f64),
}

#[tokio::main]
async fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let [rows, others, rounds] = <[u64; 3]>::try_from(numbers).unwrap_or([200_000, 1_800_000, 3]);
    let (mut servers, url) = postgres();
    println!("deletion: {rows} rows of one account among {}; {rounds} rounds", rows + others);
    for number in 1..=rounds {
        fill(&url, rows, others).await;
        let round = Round { by_hand: by_hand(&url), ..round(&url, rows).await };
        println!(
            "round {number}: plan {:.0} ms; deleted and checked {:.0} ms; psql by hand {:.0} ms; ratio {:.2}; most resident {:.0} MB before, {:.0} MB after",
            round.planned,
            round.deleted,
            round.by_hand,
            round.deleted / round.by_hand,
            round.resident.0,
            round.resident.1,
        );
    }
    drop(servers.stdin.take());
    servers.wait().unwrap();
}

/// PostgreSQL alone, started by `tests/servers.py` until its standard input closes.
fn postgres() -> (Child, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers.py");
    let mut child = Command::new("/usr/bin/python3")
        .arg(script)
        .args(["--only", "postgres"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the benches need what tests/run installs");
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let facts: serde_json::Value = serde_json::from_str(&line).expect("tests/run installs what it needs");
    (child, facts.get("postgres_url").and_then(serde_json::Value::as_str).unwrap().to_owned())
}

/// Two tables of the same rows with an application's indexes: one for dsrd, one for psql.
async fn fill(url: &str, rows: u64, others: u64) {
    let mut database = PgConnection::connect(url).await.unwrap();
    let table = |name: &str| {
        format!(
            "DROP TABLE IF EXISTS {name}; CREATE TABLE {name} (id bigint PRIMARY KEY, account_id text NOT NULL, \
             user_id text NOT NULL, started_at timestamptz NOT NULL, caller text NOT NULL, callee text NOT NULL, \
             seconds int NOT NULL); INSERT INTO {name} SELECT n, \
             CASE WHEN n % {every} = 0 THEN '481516' ELSE (700000 + n % 997)::text END, 'u1', \
             timestamptz '2025-01-01' + n * interval '10 seconds', '+919876543210', '+9140000' || n % 9999, n % 600 \
             FROM generate_series(1, {all}) AS n; CREATE INDEX {name}_account ON {name} (account_id, started_at); \
             CREATE INDEX {name}_caller ON {name} (caller) WHERE seconds > 590; ANALYZE {name};",
            every = (rows + others) / rows,
            all = rows + others,
        )
    };
    let people = "DROP TABLE IF EXISTS users; CREATE TABLE users (id text PRIMARY KEY, account_id text, name text, \
        email text, phone text, role text); INSERT INTO users VALUES \
        ('u1', '481516', 'Asha Rao', 'asha@traders.example', '+919812345678', 'owner');";
    let sql = format!("{}{}{people} CHECKPOINT;", table("call_logs"), table("by_hand"));
    database.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
    database.close().await.unwrap();
}

/// The whole conversation on a clock that is moved by hand, with the two steps that touch the rows measured.
async fn round(url: &str, rows: u64) -> Round {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("master.key"), "0123456789abcdef".repeat(4)).unwrap();
    let letters = Letters::new(home.path());
    let folders = Folders { base: home.path().to_owned(), credentials: None };
    let config = Config::parse(&TEXT.replace("URL", url), "bench.toml", &folders).unwrap();
    let clock = Arc::new(Manual::new("2026-01-05T06:00:00Z".parse::<Timestamp>().unwrap()));
    let env = Env { clock: Arc::clone(&clock) as Arc<dyn Clock>, entropy: Arc::new(Seeded::new(1)) };
    let mut pumps = Pumps::new(assemble::parts(&config, env).await.unwrap(), "bench");
    pumps.workflow.start().await.unwrap();
    let code = hire(&pumps).await;
    let ask = "Scope: number +91 98765 43210\nLegal basis: Customer request\nRequester: Asha Rao, Owner, \
        asha@traders.example\nI acknowledge identity verification may be required.\n";
    letters.write(ASHA, "Data Delete Request", ask, None, clock.now());
    pumps.settle().await.unwrap();
    let challenge = letters.newest(ASHA);
    let before = resident();
    let started = Instant::now();
    letters.write(ASHA, "Re", &format!("CONFIRM {}", challenge.code()), Some(&challenge), clock.now());
    pumps.settle().await.unwrap();
    let planned = millis(started);
    let request = letters.newest(MEERA);
    assert!(request.subject.contains("Please decide"), "{}", request.subject);
    letters.write(MEERA, "Re", &format!("APPROVE {code}"), Some(&request), clock.now());
    pumps.settle().await.unwrap();
    clock.advance(SignedDuration::from_hours(25));
    let started = Instant::now();
    pumps.settle().await.unwrap();
    let deleted = millis(started);
    let done = letters.newest(ASHA);
    assert!(done.subject.contains("Your data is deleted"), "{}", done.subject);
    assert!(done.text.replace(',', "").contains(&format!("Call logs: {rows} records")), "{}", done.text);
    pumps.workflow.stop().await.unwrap();
    Round { planned, deleted, by_hand: 0.0, resident: (before, resident()) }
}

async fn hire(pumps: &Pumps) -> String {
    let name = StaffName::parse("meera").unwrap();
    let address = dsrd::domain::address::Address::parse(MEERA).unwrap();
    let add = Operation::AddStaff { name: name.clone(), address, role: "approver".to_owned() };
    assert_eq!(pumps.workflow.operate(add, &Actor::Daemon).await, Reply::Done);
    let issued = pumps.workflow.operate(Operation::IssueCodes { name }, &Actor::Daemon).await;
    let Reply::Codes { mut codes } = issued else { panic!("{issued:?}") };
    codes.pop().unwrap()
}

/// The same keys in the same batches, each a transaction, as an administrator would do it.
fn by_hand(url: &str) -> f64 {
    let keys = psql(url, "SELECT id FROM by_hand WHERE account_id = '481516' ORDER BY id");
    let keys: Vec<&str> = keys.lines().collect();
    let mut statements = String::new();
    for keys in keys.chunks(5_000) {
        writeln!(statements, "DELETE FROM by_hand WHERE id = ANY('{{{}}}'::bigint[]);", keys.join(","))
            .unwrap();
    }
    psql(url, "CHECKPOINT");
    let started = Instant::now();
    psql(url, &statements);
    millis(started)
}

fn psql(url: &str, sql: &str) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), sql).unwrap();
    let output = Command::new("psql").args(["-qAtX", url, "-f"]).arg(file.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn millis(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1_000.0
}

/// Most megabytes that this process ever had resident.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1_024.0
}

const TEXT: &str = r#"
[company]
name = "Acme Telephony"
support = "support@acme.example"
grievance_officer = "Meera Nair, grievance@acme.example"
complaint_authority = "Data Protection Board of India"
[keys]
master_key_file = "master.key"
[state]
url = "sqlite://state.db"
[mailbox.support]
kind = "maildir"
path = "in"
address = ["support@acme.example"]
since = "2026-01-01T00:00:00Z"
[outbox]
kind = "maildir"
path = "out"
from = "support@acme.example"
[sender_auth]
authserv_ids = ["mx.acme.example"]
[calendar]
timezone = "Asia/Kolkata"
[approval]
two_approvers_rows = 10000000
two_approvers_percent = 100
[verification]
account_roles = ["owner"]
[erasure]
ledger_dir = "erasures"
[sources.telephony]
kind = "postgres"
url = "URL"
[directory]
source = "telephony"
by_address = "SELECT id AS subject, account_id AS account, name, email AS address, phone, role, id AS user FROM users WHERE lower(email) = $1"
by_account = "SELECT id AS subject, account_id AS account, name, email AS address, phone, role, id AS user FROM users WHERE account_id = $1"
by_number = "SELECT id AS subject, account_id AS account, name, email AS address, phone, role, id AS user FROM users WHERE phone = $1"
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
backup_purge_days = 30
[delivery]
package_dir = "packages"
"#;
