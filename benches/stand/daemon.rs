//! The shipped binary with the shipped settings: only the caps, the sending rate and `since` differ (decision 51), because
//! a bench sends in seconds what strangers may send in hours. Reads its memory and processor time from /proc.

use crate::mails::AUTHSERV;
use crate::servers::{Maildir, Servers};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// Ticks a second of the times in /proc/PID/stat; fixed in the kernel's interface.
const TICKS: f64 = 100.0;

/// A running daemon with a state of its own.
pub(crate) struct Daemon {
    child: Child,
    folder: TempDir,
}

/// What a daemon needs before it starts: so that making it is not measured.
pub(crate) struct Prepared {
    folder: TempDir,
}

impl Prepared {
    /// Makes keys, the company's database with `customers`, and the configuration.
    pub(crate) fn new(servers: &Servers, mailbox: &Maildir, smtp_port: u16, customers: usize) -> Self {
        let folder = TempDir::new().unwrap();
        let made = Command::new(env!("CARGO_BIN_EXE_dsrd"))
            .arg("init")
            .arg(folder.path())
            .stdout(Stdio::null())
            .status();
        assert!(made.unwrap().success(), "dsrd init");
        fs::write(folder.path().join("imap-password"), &servers.facts.password).unwrap();
        Command::new("chmod").arg("600").arg(folder.path().join("imap-password")).status().unwrap();
        telephony(&folder.path().join("telephony.db"), customers);
        let text = config(servers, mailbox, smtp_port, folder.path());
        fs::write(folder.path().join("bench.toml"), text).unwrap();
        Self { folder }
    }

    /// Starts the daemon.
    pub(crate) fn start(self) -> Daemon {
        let log = fs::File::create(self.folder.path().join("log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_dsrd"))
            .args(["run", "-c"])
            .arg(self.folder.path().join("bench.toml"))
            .envs(environment())
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Daemon { child, folder: self.folder }
    }
}

impl Daemon {
    /// A line of /proc/PID/status in MB: `VmRSS` for what is resident, `VmHWM` for the most that ever was.
    pub(crate) fn megabytes(&self, line: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let found = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
        let kibibytes = found.unwrap().trim().trim_end_matches(" kB").parse::<f64>().unwrap();
        kibibytes * 1024.0 / 1e6
    }

    /// Processor time so far, user and system, in seconds.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let (_, rest) = stat.rsplit_once(") ").unwrap();
        rest.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / TICKS
    }

    /// Stops it with SIGTERM; its log is kept in `DSRD_BENCH_LOGS` where that is set.
    pub(crate) fn stop(mut self) {
        Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        let ended = self.child.wait().unwrap();
        if let Some(logs) = std::env::var_os("DSRD_BENCH_LOGS") {
            fs::copy(self.folder.path().join("log"), Path::new(&logs).join("dsrd.log")).unwrap();
        }
        assert!(ended.success(), "the daemon ended with {ended}");
    }
}

/// What the unit sets for the process.
fn environment() -> impl Iterator<Item = (&'static str, &'static str)> {
    let unit = include_str!("../../systemd/dsrd.service");
    unit.lines().filter_map(|line| line.strip_prefix("Environment=")?.split_once('='))
}

/// The company's database: one user, one account and one number for each customer.
fn telephony(path: &Path, customers: usize) {
    use sqlx::{Connection, Executor};
    let sql = format!(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, account_id TEXT, name TEXT, email TEXT, phone TEXT, role TEXT);
         CREATE INDEX users_email ON users (lower(email));
         CREATE INDEX users_account ON users (account_id);
         CREATE TABLE numbers (number TEXT PRIMARY KEY, account_id TEXT);
         CREATE TABLE call_logs (id INTEGER PRIMARY KEY, account_id TEXT, started_at TEXT, caller TEXT, callee TEXT);
         WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {customers})
         INSERT INTO users SELECT i, 'A' || i, 'Customer ' || i, 'customer' || i || '@c' || i || '.example',
             '+9198' || printf('%08d', 10000000 + i), 'owner' FROM n;
         INSERT INTO numbers SELECT phone, account_id FROM users;"
    );
    let url = format!("sqlite://{}?mode=rwc", path.display());
    crate::block_on(async {
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql))).await.unwrap();
        connection.close().await.unwrap();
    });
}

fn config(servers: &Servers, mailbox: &Maildir, smtp_port: u16, folder: &Path) -> String {
    let (imaps_port, ca_file) = (servers.facts.imaps_port, servers.facts.ca_file.display());
    let (address, folder) = (&mailbox.address, folder.display());
    format!(
        r#"
[company]
name = "Acme Telephony"
support = "{address}"
grievance_officer = "Grievance Officer, grievance@bench.example"
complaint_authority = "Data Protection Board of India"

[state]
url = "sqlite://{folder}/state.db"

[mailbox.support]
kind = "imap"
host = "localhost"
port = {imaps_port}
ca_file = "{ca_file}"
user = "{address}"
password_file = "imap-password"
address = ["{address}"]
since = "2020-01-01T00:00:00Z"

[outbox]
kind = "smtp"
host = "127.0.0.1"
port = {smtp_port}
tls = "none"
from = "{address}"
rate_per_minute = 1000000

[sender_auth]
authserv_ids = ["{AUTHSERV}"]

[calendar]
timezone = "Asia/Kolkata"

[sources.telephony]
kind = "sqlite"
url = "sqlite://{folder}/telephony.db"

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
number_columns = ["caller", "callee"]
columns = [{{ name = "started_at", title = "Started" }}]
retention_days = 365

[delivery]
package_dir = "{folder}/packages"

[limits]
ack_per_hour = 1000000
ack_per_domain_hour = 1000000

[metrics]
listen = "127.0.0.1:0"

[control]
socket = "{folder}/control.sock"
"#
    )
}
