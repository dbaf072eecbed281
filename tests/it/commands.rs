//! The real binary at its command line, from `dsrd init` to `dsrd audit verify`, and what it says to bad input. Needs no
//! server: Maildirs and `SQLite` are enough (`config_file.rs`). Only here does a test wait for a process of its own.

use crate::config_file::{CUSTOMER, ConfigFile, SUPPORT};
use crate::rig::letter;
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How often a thing that another process does is looked for, and how many times: 20 seconds.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS: u32 = 400;

/// Looks until it is there; a process cannot be awaited otherwise.
#[expect(clippy::disallowed_methods, reason = "the daemon is another process: its files tell what it did")]
fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..LOOKS {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(LOOK);
    }
    panic!("waited in vain for {what}");
}

/// What a command came to.
struct Ran {
    exit: i32,
    out: String,
    err: String,
}

impl Ran {
    fn ok(self) -> String {
        assert_eq!((self.exit, self.err.as_str()), (0, ""), "{}", self.out);
        self.out
    }

    fn json(self) -> Value {
        let out = self.ok();
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
    }
}

fn command(config: &Path, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dsrd"));
    command.args(line.split(' ')).arg("-c").arg(config);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn dsrd_with(config: &Path, line: &str, typed: &str) -> Ran {
    let mut child = command(config, line).spawn().expect("starts");
    // A command that reads nothing may have closed its end already.
    let _ = child.stdin.take().expect("piped").write_all(typed.as_bytes());
    let output = child.wait_with_output().expect("ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Ran { exit: output.status.code().expect("an exit"), out: text(output.stdout), err: text(output.stderr) }
}

fn dsrd(config: &Path, line: &str) -> Ran {
    dsrd_with(config, line, "")
}

/// A running daemon; killed when a test fails.
struct Daemon(Child);

impl Daemon {
    fn start(config: &ConfigFile) -> Self {
        let mut child = command(&config.path(), "run");
        let child = child.stderr(fs::File::create(config.at("log")).expect("a log")).spawn().expect("starts");
        let mut daemon = Self(child);
        wait_for("the daemon's start", || {
            let log = fs::read_to_string(config.at("log")).expect("a log");
            assert!(daemon.0.try_wait().expect("asks").is_none(), "the daemon ended: {log}");
            log.contains("ready").then_some(())
        });
        daemon
    }

    /// Sends SIGTERM and gives the exit code.
    fn stop(mut self) -> i32 {
        let sent = Command::new("kill").arg(self.0.id().to_string()).status().expect("kill is there");
        assert!(sent.success());
        wait_for("the daemon's end", || self.0.try_wait().expect("asks")).code().expect("an exit")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn request_mail() -> Vec<u8> {
    letter(
        &format!("Asha Rao <{CUSTOMER}>"),
        SUPPORT,
        "Data Export Request - Asha Traders",
        &[],
        "Scope: account 481516, 2025-01-01 to 2025-03-31\nLegal basis: Customer request\n\
         Requester: Asha Rao, Owner, asha@traders.example, +91 98123 45678\n\
         I acknowledge identity verification may be required.",
    )
}

const PASS: &str = "dmarc=pass header.from=traders.example";

/// The code that stands alone on a line of the challenge.
fn code_in(mail: &str) -> String {
    let line = mail
        .lines()
        .map(str::trim)
        .find(|line| line.len() == 9 && line.as_bytes().get(4) == Some(&b'-') && !line.contains(' '));
    line.unwrap_or_else(|| panic!("no code in {mail}")).to_owned()
}

#[test]
fn the_first_files_load_and_the_check_says_what_is_left_to_do() {
    let dir = tempfile::tempdir().expect("folder");
    let run = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_dsrd")).args(words).output().expect("runs");
        (output.status.code(), String::from_utf8(output.stdout).expect("text"))
    };
    let folder = dir.path().join("etc");
    let (exit, said) = run(&["init", folder.to_str().expect("text")]);
    assert_eq!(exit, Some(0));
    assert!(said.contains("dsrd check -c"), "{said}");
    let config = folder.join("dsrd.toml");
    let checked = dsrd(&config, "check --offline");
    assert_eq!(checked.exit, 1, "the password files are not there yet");
    assert!(checked.out.contains("ok             configuration: "), "{}", checked.out);
    assert!(checked.out.contains("[outbox] password_file: cannot read"), "{}", checked.out);
    assert!(checked.out.contains("ok             templates: every notice can be written"), "{}", checked.out);
    let (exit, said) = run(&["init", folder.to_str().expect("text")]);
    assert_eq!((exit, said.as_str()), (Some(2), ""), "nothing is overwritten");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_request_from_the_first_start_to_a_verified_log() {
    let config = ConfigFile::fresh().await;
    let path = config.path();
    let checked = dsrd(&path, "check").ok();
    assert!(checked.contains("warn           staff: nobody may decide"), "{checked}");
    assert!(checked.contains("ok             source telephony: "), "{checked}");
    assert!(!config.at("state.db").exists(), "a check makes no state");

    dsrd(&path, "staff add meera --address meera@acme.example --role dpo").ok();
    let mode = fs::metadata(config.at("state.db")).expect("a state").permissions().mode();
    assert_eq!(mode & 0o077, 0, "the state is closed to others");
    let sheet = dsrd(&path, "staff codes meera").ok();
    assert!(sheet.contains("\n 20  "), "{sheet}");
    let code =
        sheet.lines().last().and_then(|line| line.split_whitespace().last()).expect("a code").to_owned();
    assert_eq!(dsrd(&path, "staff list --json").json()[0]["codes_left"], 20);
    assert_eq!(dsrd(&path, "requests list").ok(), "No requests are open.\n");

    let daemon = Daemon::start(&config);
    let checked = dsrd(&path, "check").ok();
    assert!(checked.contains("ok             staff meera: dpo, 20 one-time codes left"), "{checked}");
    config.deliver(PASS, &request_mail());
    let challenge = wait_for("acknowledgement and challenge", || {
        let mails = config.mails_to(CUSTOMER);
        mails.iter().any(|mail| mail.contains("We have your request")).then_some(())?;
        mails.into_iter().find(|mail| mail.contains("Is it you?"))
    });
    let listed = dsrd(&path, "requests list --json").json();
    let reference = listed[0]["reference"].as_str().expect("a reference").to_owned();
    assert_eq!(listed[0]["stage"], "awaiting-verification");
    let dry = dsrd(&path, &format!("requests plan {reference} --json")).json();
    assert_eq!((&dry["frozen"], &dry["plan"]["total_rows"]), (&Value::from(false), &Value::from(2)));

    let reply_to = challenge.lines().find_map(|line| line.strip_prefix("Reply-To: ")).expect("a token");
    let confirm = format!("CONFIRM {}", code_in(&challenge));
    let subject = format!("Re: [{reference}]");
    config.deliver(PASS, &letter(CUSTOMER, reply_to, &subject, &[], &confirm));
    wait_for("the frozen plan", || {
        let shown = dsrd(&path, &format!("requests plan {reference} --json")).json();
        (shown["frozen"] == true).then_some(())
    });

    a_hold_is_placed_reviewed_and_released(&path, &reference);
    let approve = format!("requests approve {reference} --as meera");
    let wrong = dsrd_with(&path, &approve, "AAAA-AAAA-AA\n");
    assert_eq!(wrong.exit, 1);
    assert!(wrong.err.contains("the code is not an unused one of this person"), "{}", wrong.err);
    assert!(dsrd_with(&path, &approve, &format!("{code}\n")).ok().contains("meera approved"));
    wait_for("the package", || {
        config
            .mails_to(CUSTOMER)
            .iter()
            .any(|mail| mail.contains("The copy of your data is ready"))
            .then_some(())
    });
    wait_for("the end", || {
        let shown = dsrd(&path, &format!("requests show {reference} --json")).json();
        (shown["request"]["stage"]["stage"] == "closed").then_some(())
    });
    assert_eq!(dsrd(&path, "requests list").ok(), "No requests are open.\n");
    what_happened_can_be_looked_at(&path, &reference);

    assert_eq!(daemon.stop(), 0);
    assert!(!config.at("control.sock").exists(), "the socket went with the daemon");
    let verified = dsrd(&path, "audit verify --json").json();
    let entries = dsrd(&path, "audit list --json").ok();
    assert_eq!(verified["verified"], true);
    assert_eq!(verified["size"].as_u64().expect("a count"), entries.lines().count() as u64);
    assert!(entries.lines().last().expect("entries").contains("daemon-stopped"), "{entries}");
    assert!(!entries.contains("asha") && !entries.contains("481516"), "no personal data in the log");
    changed_entries_are_named(&config).await;
}

fn a_hold_is_placed_reviewed_and_released(path: &Path, reference: &str) {
    let nobody = dsrd(path, &format!("requests hold {reference} Order-9/25 --as ravi"));
    assert_eq!(nobody.exit, 2);
    assert!(nobody.err.contains("no active member of staff is called ravi"), "{}", nobody.err);
    let placed = dsrd(path, &format!("requests hold {reference} Order-9/25 --as meera")).ok();
    assert!(placed.contains("meera placed a hold for"), "{placed}");
    let listed = dsrd(path, "holds list --json").json();
    assert_eq!((&listed[0]["citation"], &listed[0]["owner"]), (&"Order-9/25".into(), &"meera".into()));
    let id = listed[0]["id"].as_str().expect("a name").to_owned();
    let past = dsrd(path, &format!("holds review {id} --on 2020-01-01"));
    assert!(past.exit == 2 && past.err.contains("2020-01-01 is not after today"), "{}", past.err);
    assert!(dsrd(path, &format!("holds review {id} --on 2199-01-01")).ok().contains("stands on"));
    assert_eq!(dsrd(path, "holds list --json").json()[0]["review_on"], "2199-01-01");
    dsrd(path, &format!("holds release {id}")).ok();
    assert_eq!(dsrd(path, "holds list").ok(), "No hold stands.\n");
    what_would_hold_or_prove_nothing_is_refused(path);
}

/// Two blanks hold an empty word.
fn what_would_hold_or_prove_nothing_is_refused(path: &Path) {
    let refused = |line: &str, why: &str| {
        let ran = dsrd(path, line);
        assert!(ran.exit == 2 && ran.err.contains(why), "{line}: {} {}", ran.exit, ran.err);
    };
    let hold = |rest: &str| format!("holds add --owner ann --citation Order-7 {rest}");
    refused(&hold("--number junk --ground court --review 2199-01-01"), "is no phone number");
    refused(&hold("--account 1 --ground  --review 2199-01-01"), "a hold needs a ground");
    refused(&hold("--account 1 --ground court --review 2020-01-01"), "2020-01-01 is not after today");
    assert_eq!(dsrd(path, "holds list").ok(), "No hold stands.\n");
    dsrd(path, &hold("--number 098123-45678 --ground court --review 2199-01-01")).ok();
    let listed = dsrd(path, "holds list --json").json();
    assert!(listed[0]["covers"].as_str().expect("a text").contains("+919812345678"), "{listed}");
    dsrd(path, &format!("holds release {}", listed[0]["id"].as_str().expect("a name"))).ok();

    let purged = "backups purged --source telephony --through";
    refused(&format!("{purged} 2020-01-01T00:00:00Z --evidence "), "only evidence settles what is owed");
    refused(&format!("{purged} 2199-01-01T00:00:00Z --evidence ticket-1"), "is yet to come");
}

fn what_happened_can_be_looked_at(path: &Path, reference: &str) {
    let listed = dsrd(path, "requests list --all").ok();
    assert!(listed.contains(reference) && listed.contains("closed: completed"), "{listed}");
    let shown = dsrd(path, &format!("requests show {reference}")).ok();
    for part in ["asha@traders.example, aligned", "on file        Asha Rao", "Call logs: 2", "package "] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let timeline = dsrd(path, &format!("requests timeline {reference}")).ok();
    for part in
        ["a mail became this request", "the requester: proved who they are", "meera: approved the plan"]
    {
        assert!(timeline.contains(part), "{part} in {timeline}");
    }
}

/// Changes one stored entry behind the daemon's back.
async fn changed_entries_are_named(config: &ConfigFile) {
    use sqlx::{Connection, Executor};
    let url = format!("sqlite://{}", config.at("state.db").display());
    let mut state = sqlx::SqliteConnection::connect(&url).await.expect("opens");
    let tamper = "DROP TRIGGER IF EXISTS audit_no_update; UPDATE audit SET entry = replace(entry, 'meera', 'mallo') WHERE seq = 1";
    state.execute(sqlx::raw_sql(tamper)).await.expect("changes");
    state.close().await.expect("closes");
    let verified = dsrd(&config.path(), "audit verify");
    assert_eq!(verified.exit, 1);
    assert!(verified.out.contains("does NOT hold: audit entry 1 was changed"), "{}", verified.out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_daemon_is_refused_and_the_first_goes_on() {
    let config = ConfigFile::fresh().await;
    let daemon = Daemon::start(&config);
    let second = dsrd(&config.path(), "run");
    assert_eq!(second.exit, 2, "{}", second.err);
    assert!(second.err.contains("another dsrd answers on this socket; stop the daemon"), "{}", second.err);
    dsrd(&config.path(), "staff add meera --address meera@acme.example --role dpo").ok();
    let log = dsrd(&config.path(), "audit list").ok();
    assert!(log.contains("the operator (uid-") && log.contains("added a member of staff"), "{log}");
    assert_eq!(daemon.stop(), 0);
}

type Spoil = fn(&ConfigFile);

/// What is wrong, how it comes about, the command, its exit code, and a part of what it says.
const CASES: [(&str, Spoil, &str, i32, &str); 16] = [
    ("malformed", |c| c.replace("[company]", "[company"), "run", 2, "dsrd.toml:2: "),
    (
        "unknown key",
        |c| c.replace("poll = ", "pol = "),
        "run",
        2,
        "[mailbox.support] pol: is not a key here; use one of",
    ),
    (
        "no configuration",
        |c| fs::remove_file(c.path()).expect("removes"),
        "run",
        2,
        "or let dsrd init DIR write one",
    ),
    ("no master key", |c| fs::remove_file(c.at("master.key")).expect("removes"), "run", 2, "master.key"),
    (
        "no key in the file",
        |c| fs::write(c.at("master.key"), "secret\n").expect("writes"),
        "run",
        2,
        "reading the master key",
    ),
    ("a password file that is missing", with_password, "run", 2, "imap-password"),
    (
        "wrong master key",
        |c| c.key([5, 6].repeat(16).try_into().expect("32")),
        "run",
        2,
        "the state was sealed with master key",
    ),
    (
        "wrong master key",
        |c| c.key([5, 6].repeat(16).try_into().expect("32")),
        "staff list",
        2,
        "configure the key that",
    ),
    ("a state that cannot be opened", no_state_folder, "run", 3, "cannot open the state sqlite://"),
    ("no state yet", |c| c.replace("state.db", "other.db"), "requests list", 2, "dsrd run makes it"),
    (
        "unknown reference",
        |_| {},
        "requests show DSR-7K3M-9Q2X",
        2,
        "there is no request DSR-7K3M-9Q2X; dsrd requests list --all",
    ),
    ("no reference", |_| {}, "requests show 12", 2, "a reference looks like DSR-7K3M-9Q2X"),
    ("unknown staff", |_| {}, "staff codes nobody", 2, "no member of staff is called nobody"),
    ("no code", |_| {}, "requests approve DSR-7K3M-9Q2X --as meera", 2, "no code came on standard input"),
    (
        "unknown regime",
        |_| {},
        "deadline --received 2026-01-31 --regime mars",
        2,
        "\"mars\" is no known regime; use one of",
    ),
    ("no time", |_| {}, "deadline --received soon", 2, "cannot read the time \"soon\"; write 2026-01-31"),
];

/// Every cause is a real one; every answer is one line (or one a problem), without a secret, with a remedy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_input_is_answered_with_one_line_and_a_remedy() {
    for (name, spoil, line, exit, expected) in CASES {
        let config = ConfigFile::fresh().await;
        dsrd(&config.path(), "staff add meera --address meera@acme.example --role dpo").ok();
        spoil(&config);
        let ran = dsrd(&config.path(), line);
        assert_eq!((ran.exit, ran.out.as_str()), (exit, ""), "{name}: {}", ran.err);
        assert!(ran.err.contains(expected), "{name}: {expected} in {}", ran.err);
        assert_eq!(ran.err.lines().count(), 1, "{name}: {}", ran.err);
        assert!(ran.err.starts_with("dsrd: ") && ran.err.contains("; "), "{name}: {}", ran.err);
    }
}

fn with_password(config: &ConfigFile) {
    let imap = "kind = \"imap\"\nhost = \"localhost\"\ntls = \"none\"\nuser = \"support\"\npassword_file = \"imap-password\"";
    config.replace("kind = \"maildir\"\npath = \"in\"", imap);
}

/// Root may open everything, so a folder in the database's place stands for rights that are missing.
fn no_state_folder(config: &ConfigFile) {
    config.replace("state.db", "packages");
    fs::create_dir_all(config.at("packages")).expect("makes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_check_names_every_part_that_fails() {
    let config = ConfigFile::fresh().await;
    fs::set_permissions(config.at("master.key"), fs::Permissions::from_mode(0o644)).expect("opens");
    fs::remove_dir_all(config.at("in")).expect("removes");
    config.replace("table = \"call_logs\"", "table = \"calls\"");
    fs::write(config.at("erasures"), "a file").expect("writes");
    config.replace("[delivery]", "[erasure]\nledger_dir = \"erasures\"\n\n[delivery]");
    let checked = dsrd(&config.path(), "check");
    assert_eq!((checked.exit, checked.err.as_str()), (1, ""));
    for part in [
        "is open to everybody on this machine; chmod 600 ",
        "mailbox support: could not list mails",
        "erasures is no folder; make it a folder",
        "source telephony: call_logs: table calls does not exist",
        "ok             outbox: takes mail",
    ] {
        assert!(checked.out.contains(part), "{part} in {}", checked.out);
    }
    let offline = dsrd(&config.path(), "check --offline --json");
    assert_eq!(offline.exit, 1);
    let lines: Value = serde_json::from_str(&offline.out).expect("JSON");
    let parts: Vec<&str> =
        lines.as_array().expect("lines").iter().filter_map(|line| line["part"].as_str()).collect();
    assert!(parts.contains(&"templates") && !parts.contains(&"source telephony"), "{parts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_are_parsed_with_and_without_a_configuration() {
    let config = ConfigFile::fresh().await;
    fs::write(config.at("mail.eml"), request_mail()).expect("writes");
    let mail = config.at("mail.eml");
    let parse = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dsrd"));
        let output = command.arg("parse").args(words).arg(&mail).output().expect("runs");
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice::<Value>(&output.stdout).expect("a line")
    };
    let bare = parse(&[]);
    assert_eq!((&bare["class"], &bare["complete"]), (&Value::from("request"), &Value::from(true)));
    assert_eq!(bare["request"]["scope"]["account"], "481516");
    let path = config.path();
    assert_eq!(parse(&["-c", path.to_str().expect("text")])["class"], "request");
    let ran = dsrd_with(&path, "parse -", &String::from_utf8(request_mail()).expect("text"));
    assert_eq!(ran.json()["class"], "request");
    assert_eq!(dsrd(&path, "parse /nonexistent").exit, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn due_dates_are_those_of_the_calendar() {
    let config = ConfigFile::fresh().await;
    let path = config.path();
    let dates = dsrd(&path, "deadline --received 2026-01-31 --json").json();
    assert_eq!(dates["received"], "2026-01-30T18:30:00Z");
    assert_eq!((&dates["regime"], &dates["statutory"]), (&Value::from("gdpr"), &Value::from("2026-02-28")));
    assert!(dsrd(&path, "deadline --received 2026-01-31T10:00 --regime uk").ok().contains("required by law"));
}

#[test]
fn help_is_for_newcomers() {
    let output = Command::new(env!("CARGO_BIN_EXE_dsrd")).arg("--help").output().expect("runs");
    let mut text = String::new();
    output.stdout.as_slice().read_to_string(&mut text).expect("text");
    for word in [
        "run",
        "check",
        "init",
        "parse",
        "requests",
        "staff",
        "quarantine",
        "report",
        "audit",
        "deadline",
        "completions",
        "man",
    ] {
        let line = text.lines().find(|line| line.trim_start().starts_with(&format!("{word} ")));
        assert!(line.is_some_and(|line| line.len() > 30), "{word} is explained: {text}");
    }
}

/// Each with a socket of its own, so that only the state itself can tell them apart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_daemon_on_one_state_is_refused_and_commands_find_the_first() {
    let config = ConfigFile::fresh().await;
    let first = Daemon::start(&config);
    let text = fs::read_to_string(config.path()).expect("reads");
    let other = config.at("other.toml");
    fs::write(&other, text.replace("control.sock", "other.sock")).expect("writes");
    let said = dsrd(&other, "run");
    assert_eq!(said.exit, 2, "{}", said.err);
    assert!(said.err.contains("state.db: another dsrd holds the lock"), "{}", said.err);
    assert!(said.err.contains("stop the daemon that runs on this state"), "{}", said.err);
    // A command that would open the state beside it is refused as well; with the daemon's own socket it is asked.
    let said = dsrd(&other, "staff add meera --address meera@acme.example --role dpo");
    assert_eq!(said.exit, 2, "{}", said.err);
    assert!(said.err.contains("a daemon holds the state"), "{}", said.err);
    dsrd(&config.path(), "staff add meera --address meera@acme.example --role dpo").ok();
    assert_eq!(dsrd(&other, "staff list --json").json()[0]["name"], "meera", "looking is free");
    // Killed, it holds nothing any more.
    drop(first);
    dsrd(&other, "staff add ravi --address ravi@acme.example --role dpo").ok();
    drop(Daemon::start(&config));
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    let dir = tempfile::tempdir().expect("folder");
    let run = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_dsrd")).args(words).output().expect("runs");
        assert_eq!(output.status.code(), Some(0), "{words:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    for shell in ["bash", "zsh", "fish"] {
        assert!(run(&["completions", shell]).contains("quarantine"), "{shell}");
    }
    assert!(run(&["man"]).contains("quarantine"));
    run(&["man", dir.path().to_str().expect("text")]);
    let page =
        fs::read_to_string(dir.path().join("dsrd-requests-extend.1")).expect("a page for each command");
    assert!(page.contains("REASON"), "{page}");
}

/// A mail that nobody can read is set aside, named, shown, read once more with the same end, and thrown away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_that_was_set_aside_is_named_shown_and_let_go() {
    let config = ConfigFile::fresh().await;
    let path = config.path();
    let two_senders = "From: a@acme.example\nFrom: b@acme.example\nSubject: \u{1b}[31mred\n\nhello\n";
    fs::write(config.at("in/new/1.poison"), two_senders).expect("a mail");
    let daemon = Daemon::start(&config);
    let set_aside = || dsrd(&path, "quarantine list --json").json();
    wait_for("the mail is set aside", || (set_aside().as_array()?.len() == 1).then_some(()));
    let id = set_aside()[0]["id"].as_str().expect("an id").to_owned();
    let shown = dsrd(&path, &format!("quarantine show {id}")).ok();
    assert!(shown.contains("hello") && !shown.contains('\u{1b}'), "{shown}");
    dsrd(&path, &format!("quarantine requeue {id}")).ok();
    drop(daemon);
    let daemon = Daemon::start(&config);
    wait_for("and once more", || (set_aside().as_array()?.len() == 1).then_some(()));
    dsrd(&path, &format!("quarantine discard {id}")).ok();
    assert_eq!(dsrd(&path, "quarantine list").ok(), "Nothing was set aside.\n");
    let gone = dsrd(&path, &format!("quarantine show {id}"));
    assert!(gone.exit == 2 && gone.err.contains("quarantine list"), "{}", gone.err);
    assert_eq!(dsrd(&path, &format!("quarantine requeue {id}")).exit, 2);
    let report = dsrd(&path, "report --json").json();
    assert_eq!(report["requests"], 0);
    assert_eq!(report["breaches"], 0);
    assert!(dsrd(&path, "report --from 2026-01-01").ok().starts_with("Requests received from 2026-01-01\n"));
    drop(daemon);
}
