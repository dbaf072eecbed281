//! The real binary as a process: `dsrd run` with a configuration of its own on the servers of `rig.rs`, to be killed,
//! frozen and started again, and a look into its state from beside it. Signals go to processes that were started here and
//! to no other. The one place of the tests that waits is `until`: many short looks, and a bound. See `journey_killed.rs`.

#![expect(clippy::print_stdout, reason = "the log of a daemon whose test failed is what one looks for")]
#![expect(clippy::unused_self, reason = "a play reads better as what its site does")]

use crate::healthz::health;
use crate::rig::{days_off, fresh_postgres, mails_of, rig, submit, support_mailbox};
use dsrd::config::Config;
use dsrd::control;
use dsrd::daemon::assemble;
use dsrd::domain::address::Address;
use dsrd::domain::audit;
use dsrd::domain::ids::StaffName;
use dsrd::env::Env;
use dsrd::store::Store;
use dsrd::workflow::{Operation, Reply};
use jiff::SignedDuration;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use mail_parser::MessageParser;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor, Row};
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// Between two looks of `until`.
const LOOK: Duration = Duration::from_millis(20);
/// Looks until something that should happen counts as failed: 45 s, above a lease (20 s) with a tick (5 s).
const LOOKS_MAX: u32 = 2_250;
/// The real binary, as the tests' build made it.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_dsrd");
/// The template's last line.
pub(crate) const ACKNOWLEDGED: &str = "I acknowledge identity verification may be required.";
/// A master key for tests alone.
const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";

/// Looks again and again until there is something to see.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..LOOKS_MAX {
        if let Some(seen) = look().await {
            return seen;
        }
        tokio::time::sleep(LOOK).await;
    }
    panic!("waited in vain: {what}");
}

/// What keeps the state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// A folder with a configuration and all that it names, and the people who write.
pub(crate) struct Site {
    dir: TempDir,
    engine: Engine,
    tag: String,
    state: String,
    desk: String,
}

/// Which daemon of a site: they share the state and the sources, not the mailbox and the sockets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Which {
    First,
    Second,
}

impl Site {
    /// A mailbox, a fresh state, and a telephony company. Notices leave through `smtp_port`.
    pub(crate) async fn new(engine: Engine, smtp_port: u16) -> Self {
        let dir = TempDir::new().unwrap();
        let desk = support_mailbox("killed");
        let tag = desk.split('@').next().unwrap().to_owned();
        let state = match engine {
            Engine::Sqlite => format!("sqlite://{}", dir.path().join("state.db").display()),
            Engine::Postgres => fresh_postgres("killed"),
        };
        fs::write(dir.path().join("master.key"), KEY).unwrap();
        fs::write(dir.path().join("password"), &rig().password).unwrap();
        let site = Self { dir, engine, tag, state, desk };
        site.build_company().await;
        fs::write(site.config(Which::First), site.text(&site.desk, "first", smtp_port)).unwrap();
        let empty = support_mailbox("idle");
        fs::write(site.config(Which::Second), site.text(&empty, "second", smtp_port)).unwrap();
        site
    }

    fn config(&self, which: Which) -> PathBuf {
        self.dir.path().join(match which {
            Which::First => "first.toml",
            Which::Second => "second.toml",
        })
    }

    fn text(&self, desk: &str, name: &str, smtp_port: u16) -> String {
        let words = [
            ("DESK", desk),
            ("NAME", name),
            ("STATE", &self.state),
            ("IMAP", &rig().imap_port.to_string()),
            ("SMTP", &smtp_port.to_string()),
            ("FREE", &days_off()),
        ];
        words.iter().fold(CONFIG.to_owned(), |text, (word, value)| text.replace(&format!("<{word}>"), value))
    }

    async fn build_company(&self) {
        let url = format!("{}?mode=rwc", self.telephony());
        let script = COMPANY.replace("<ASHA>", &self.asha());
        run_sql(&url, &script).await;
    }

    fn telephony(&self) -> String {
        format!("sqlite://{}", self.dir.path().join("telephony.db").display())
    }

    /// Locks the company's database: whoever reads it waits (at most its ten seconds) until the lock is dropped.
    pub(crate) async fn lock_company(&self) -> AnyConnection {
        let mut connection = open(&self.telephony()).await;
        connection.execute("BEGIN EXCLUSIVE").await.unwrap();
        connection
    }

    /// The customer whom the company knows: owner of account 481516 with two calls.
    pub(crate) fn asha(&self) -> String {
        format!("asha@{}.acme.example", self.tag)
    }

    /// A stranger.
    pub(crate) fn stranger(&self, number: usize) -> String {
        format!("s{number}@{}.acme.example", self.tag)
    }

    /// Who decides.
    pub(crate) fn ravi(&self) -> String {
        format!("ravi@{}.telco.example", self.tag)
    }

    /// Where packages are written.
    pub(crate) fn packages(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.dir.path().join("packages")).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    /// Sends the template to the watched mailbox, about a phone number.
    pub(crate) fn asks(&self, from: &str, number: &str) {
        self.asks_in_part(from, &format!("Scope: number {number}, 2025-01-01 to 2025-03-31\n{ACKNOWLEDGED}"));
    }

    /// Asks with the template that the data of a phone number be deleted.
    pub(crate) fn asks_to_delete(&self, from: &str, number: &str) {
        let scope = format!("Scope: number {number}, 2025-01-01 to 2025-03-31\n{ACKNOWLEDGED}");
        self.sends(from, &self.desk, "Data Delete Request - Acme Traders", "", &form(from, &scope));
    }

    /// Sends the template with these lines and no other ones that have to be there.
    pub(crate) fn asks_in_part(&self, from: &str, lines: &str) {
        self.sends(from, &self.desk, "Data Export Request - Acme Traders", "", &form(from, lines));
    }

    /// Answers a notice in its thread.
    pub(crate) fn replies(&self, from: &str, notice: &Notice, text: &str) {
        let id = &notice.message_id;
        let thread = format!("In-Reply-To: <{id}>\nReferences: <{id}>\n");
        self.sends(from, &self.desk, &format!("Re: {}", notice.subject), &thread, &format!("{text}\n"));
    }

    /// Sends a mail of today.
    pub(crate) fn sends(&self, from: &str, to: &str, subject: &str, more: &str, body: &str) {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let host = from.rsplit('@').next().unwrap();
        // The real clock: the daemon's is real too, and mail of staff must be of today (decision 39).
        let date = rfc2822::to_string(&Env::system().now().to_zoned(TimeZone::UTC)).unwrap();
        let mail = format!(
            "From: {from}\nTo: {to}\nSubject: {subject}\nDate: {date}\nMessage-ID: <m{number}@{host}>\n{more}\
             MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{body}"
        );
        submit(rig(), host, from, to, mail.as_bytes()).unwrap();
    }

    /// What lies in the inbox of an address, oldest first.
    pub(crate) fn inbox(&self, address: &str) -> Vec<Notice> {
        mails_of(rig(), address).iter().map(|raw| Notice::parse(raw)).collect()
    }

    /// Waits for a notice whose subject contains these words.
    pub(crate) async fn notice(&self, address: &str, words: &str) -> Notice {
        let what = format!("{address} gets {words:?}");
        until(&what, async || self.inbox(address).into_iter().find(|notice| notice.subject.contains(words)))
            .await
    }

    /// The state, opened beside the daemon by the library. Closed again by the caller, so that the next daemon finds the
    /// files as the last one left them.
    pub(crate) async fn store(&self) -> Store {
        let config = Config::load(&self.config(Which::First)).unwrap_or_else(|problems| panic!("{problems}"));
        assemble::workflow(&config, &Env::system()).await.unwrap().store().clone()
    }

    /// One column of a query on the state, as text, a line for each row.
    pub(crate) async fn column(&self, sql: &str) -> Vec<String> {
        let mut connection = open(&self.state).await;
        let rows = connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await.unwrap();
        connection.close().await.unwrap();
        rows.iter().map(|row| row.try_get::<String, _>(0).unwrap()).collect()
    }

    /// Lets the leases of a dead process run out now. On SQLite the next daemon does so by itself, on PostgreSQL it waits
    /// 20 s; `a_frozen_daemon_...` waits for real.
    pub(crate) async fn leases_run_out(&self) {
        if self.engine == Engine::Postgres {
            let sql = "UPDATE jobs SET lease_until = 0 WHERE state = 'running'; \
                       UPDATE outbox SET lease_until = 0 WHERE state = 'sending'";
            run_sql(&self.state, sql).await;
        }
    }

    /// The stage of every request, oldest first.
    pub(crate) async fn stages(&self) -> Vec<String> {
        self.column("SELECT stage FROM requests ORDER BY received_at, reference").await
    }

    /// The audit log, checked from its first entry to its head.
    pub(crate) async fn audit_verifies(&self) {
        let store = self.store().await;
        let head = store.audit_head().await.unwrap().expect("a log has a head");
        let mut rows = Vec::new();
        loop {
            let page = store.audit_page(rows.len().try_into().unwrap()).await.unwrap();
            if page.is_empty() {
                break;
            }
            rows.extend(page);
        }
        store.close().await;
        audit::verify(rows.iter().map(|row| (row.seq, row.entry.as_slice(), row.leaf)), head).unwrap();
    }
}

impl Site {
    /// Its folder, which is gone at the end.
    pub(crate) fn folder(&self) -> &Path {
        self.dir.path()
    }

    /// Keeps its state in another folder, from before its first start on.
    pub(crate) fn keeps_state_in(&mut self, folder: &Path) {
        let state = format!("sqlite://{}", folder.join("state.db").display());
        self.configure(&self.state, &state);
        self.state = state;
    }

    /// A mail in the watched mailbox with these bytes, which may be anything.
    pub(crate) fn receives(&self, from: &str, raw: &str) {
        let host = from.rsplit('@').next().unwrap();
        submit(rig(), host, from, &self.desk, raw.as_bytes()).unwrap();
    }

    /// Every mail that waits is due now: a wait of minutes by the real clock is not played.
    pub(crate) async fn outbox_is_due(&self) {
        run_sql(&self.state, "UPDATE outbox SET next_at = 0 WHERE state = 'queued'").await;
    }

    /// Runs SQL on the company's database.
    pub(crate) async fn company_runs(&self, sql: &str) {
        run_sql(&self.telephony(), sql).await;
    }

    /// The first column of what a query on the company's database gives.
    pub(crate) async fn company_column(&self, sql: &str) -> Vec<String> {
        let mut connection = open(&self.telephony()).await;
        let rows = connection.fetch_all(AssertSqlSafe(sql.to_owned())).await.unwrap();
        rows.iter().map(|row| row.get::<i64, _>(0).to_string()).collect()
    }

    /// The lines of the erasure ledger.
    pub(crate) fn ledger_lines(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path().join("erasures")).into_iter().flatten();
        let files = entries.map(|entry| read(&entry.unwrap().path()));
        files.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
    }

    /// Changes one thing in the configuration of the first daemon.
    pub(crate) fn configure(&self, from: &str, to: &str) {
        let path = self.config(Which::First);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from:?} is not in the configuration");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    /// Adds a member of staff who may decide before any daemon runs; returns their codes.
    pub(crate) async fn adds_staff(&self, name: &str, address: &str) -> Vec<String> {
        let config = Config::load(&self.config(Which::First)).unwrap_or_else(|problems| panic!("{problems}"));
        let workflow = assemble::workflow(&config, &Env::system()).await.unwrap();
        let actor = audit::Actor::parse("operator:root").unwrap();
        let [add, issue] = staff_operations(name, address);
        assert_eq!(workflow.operate(add, &actor).await, Reply::Done);
        let issued = workflow.operate(issue, &actor).await;
        workflow.store().close().await;
        codes_of(issued)
    }
}

async fn open(url: &str) -> AnyConnection {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(url).await.unwrap();
    if url.starts_with("sqlite") {
        connection.execute("PRAGMA busy_timeout = 5000").await.unwrap();
    }
    connection
}

async fn run_sql(url: &str, sql: &str) {
    let mut connection = open(url).await;
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await.unwrap();
    connection.close().await.unwrap();
}

/// A mail of the daemon, as its reader sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Notice {
    pub(crate) subject: String,
    pub(crate) message_id: String,
    pub(crate) text: String,
    /// The attachment, if there is one.
    pub(crate) attached: Option<Vec<u8>>,
    /// The bytes below the receiving server's own headers.
    pub(crate) sent: Vec<u8>,
}

impl Notice {
    fn parse(raw: &[u8]) -> Self {
        let mail = MessageParser::default().parse(raw).unwrap();
        let text = String::from_utf8_lossy(raw).into_owned();
        // The server puts its trace on top; ours begins behind its Received, whose last line names the time.
        let ours = ["\nFrom: ", "\nMessage-ID: ", "\nDate: ", "\nSubject: "];
        let begin = ours.iter().filter_map(|name| text.find(name)).min().unwrap();
        Self {
            subject: mail.subject().unwrap_or_default().to_owned(),
            message_id: mail.message_id().unwrap().to_owned(),
            text: mail.body_text(0).unwrap_or_default().into_owned(),
            attached: mail.attachment(0).map(|part| part.contents().to_vec()),
            sent: raw[begin..].to_vec(),
        }
    }

    /// The code that stands alone on an indented line.
    pub(crate) fn code(&self) -> String {
        let line = self.text.lines().find(|line| line.starts_with("    ") && !line.trim().is_empty());
        line.unwrap_or_else(|| panic!("no code in {}", self.text)).trim().to_owned()
    }
}

/// A running `dsrd run`.
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
    socket: PathBuf,
}

impl Daemon {
    /// Starts the process, and waits for nothing.
    pub(crate) fn spawn(site: &Site, which: Which) -> Self {
        Self::spawn_by(site, which, Command::new(PROGRAM))
    }

    /// The same, in an environment of its own or under another program that gets its command line.
    pub(crate) fn spawn_by(site: &Site, which: Which, mut program: Command) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let config = site.config(which);
        let log = config.with_extension(format!("{}.log", COUNT.fetch_add(1, Ordering::Relaxed)));
        let child = program
            .args(["run".as_ref(), "-c".as_ref(), config.as_os_str()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let name = config.file_stem().unwrap().to_string_lossy().into_owned();
        Self { child, log, socket: site.dir.path().join(format!("{name}.sock")) }
    }

    /// Starts the process and waits until every part of it has worked once.
    pub(crate) async fn start(site: &Site, which: Which) -> Self {
        let mut daemon = Self::spawn(site, which);
        daemon.ready().await;
        daemon
    }

    /// Waits until `/healthz` answers 200.
    pub(crate) async fn ready(&mut self) {
        let (log, child) = (self.log.clone(), &mut self.child);
        until("the daemon is ready", async || {
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "the daemon ended with {ended:?}: {}", read(&log));
            healthy(&read(&log)).then_some(())
        })
        .await;
    }

    /// SIGKILL, in the middle of whatever it does.
    pub(crate) fn kill9(mut self) {
        self.child.kill().unwrap();
        assert_eq!(
            self.child.wait().unwrap().signal(),
            Some(9),
            "it had ended by itself: {}",
            read(&self.log)
        );
    }

    /// SIGTERM; how it ended, and how long that took.
    pub(crate) async fn terminate(mut self) -> (ExitStatus, SignedDuration) {
        let clock = Env::system();
        let begun = clock.now();
        self.signal("TERM");
        let child = &mut self.child;
        let ended = until("the daemon stops", async || child.try_wait().unwrap()).await;
        (ended, clock.now().duration_since(begun))
    }

    /// SIGSTOP: to everybody else it is as good as dead.
    pub(crate) fn freeze(&self) {
        self.signal("STOP");
    }

    /// SIGCONT: it goes on as if nothing had happened.
    pub(crate) fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        // The shell's own kill: the crate forbids unsafe code, and std sends SIGKILL only.
        let pid = self.child.id().to_string();
        let sent = Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &pid]).status().unwrap();
        assert!(sent.success(), "SIG{name} to {pid}");
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        read(&self.log)
    }

    /// Asks over the control socket, as the commands do.
    pub(crate) async fn ask(&self, operation: &Operation) -> Reply {
        control::ask(&self.socket, operation).await.unwrap().expect("the daemon listens")
    }

    /// Adds a member of staff who may decide; returns their codes.
    pub(crate) async fn adds_staff(&self, name: &str, address: &str) -> Vec<String> {
        let [add, issue] = staff_operations(name, address);
        assert_eq!(self.ask(&add).await, Reply::Done);
        codes_of(self.ask(&issue).await)
    }
}

impl Daemon {
    /// What `/healthz` answers now.
    pub(crate) fn health(&self) -> String {
        health(&self.log())
    }

    /// How it ended, if it did by itself.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }
}

#[cfg(feature = "faults")]
impl Daemon {
    /// Where it logs.
    pub(crate) fn log_path(&self) -> PathBuf {
        self.log.clone()
    }
}

fn staff_operations(name: &str, address: &str) -> [Operation; 2] {
    let name = StaffName::parse(name).unwrap();
    let address = Address::parse(address).unwrap();
    let add = Operation::AddStaff { name: name.clone(), address, role: "approver".to_owned() };
    [add, Operation::IssueCodes { name }]
}

fn codes_of(reply: Reply) -> Vec<String> {
    match reply {
        Reply::Codes { codes } => codes,
        reply => panic!("no codes: {reply:?}"),
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // A test that failed leaves nothing running; one that ended has no process left.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = read(&self.log);
            let tail: Vec<&str> = log.lines().rev().take(40).collect();
            for line in tail.iter().rev() {
                println!("{}: {line}", self.log.file_name().unwrap().to_string_lossy());
            }
        }
    }
}

/// The template's lines that are the same in every mail, and these.
fn form(from: &str, lines: &str) -> String {
    format!("Legal basis: Customer request\nRequester: Asha Rao, Owner, {from}, +91 98123 45678\n{lines}\n")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn healthy(log: &str) -> bool {
    health(log).starts_with("HTTP/1.1 200")
}

const COMPANY: &str = include_str!("daemon_process.sql");

/// Caps are raised, because everybody here writes from one domain at once (decision 51); the rest is as shipped.
const CONFIG: &str = include_str!("daemon_process.toml");
