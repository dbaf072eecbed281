//! The Rust side of the test servers (`tests/servers.py`): finds or starts them, submits mail as the outside world, and
//! looks into Maildirs as a player does. Never touches the daemon's state. `tests/run` starts the servers once for all
//! tests and names them in `DSRD_TEST_RIG`; a test that is run alone starts its own.

use serde::Deserialize;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Debian's own interpreter: another python3 that stands first in PATH has no aiosmtpd.
const PYTHON: &str = "/usr/bin/python3";
/// No answer of a loopback server takes longer, unless it hangs.
const ANSWER: Duration = Duration::from_secs(20);

/// Where the servers of this run are.
#[derive(Deserialize, Debug)]
pub(crate) struct Rig {
    /// IMAP without TLS, and with STARTTLS.
    pub(crate) imap_port: u16,
    /// IMAP over TLS.
    pub(crate) imaps_port: u16,
    /// SMTP without TLS, and with STARTTLS; AUTH is offered, not demanded.
    pub(crate) smtp_port: u16,
    /// SMTP over TLS.
    pub(crate) smtps_port: u16,
    /// The maintenance database; tests take one of their own by `fresh_postgres`.
    pub(crate) postgres_url: String,
    /// Holds one Maildir per address.
    pub(crate) mail_root: PathBuf,
    /// Holds what the SMTP server is told to do to a recipient; see `Mishap`.
    pub(crate) control_dir: PathBuf,
    /// The CA of the servers' certificate, which is for `localhost` and 127.0.0.1.
    pub(crate) ca_file: PathBuf,
    /// The password of every user.
    pub(crate) password: String,
    /// The password of every user below wide.example.
    pub(crate) wide_password: String,
    /// The provider of access tokens (`tests/token_server.py`) without TLS.
    pub(crate) token_port: u16,
    /// The same over TLS.
    pub(crate) tokens_port: u16,
}

/// What the SMTP server does to mail for one recipient instead of taking it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mishap {
    /// 451 at RCPT.
    Defer,
    /// 550 at RCPT.
    Reject,
    /// Delivers, then cuts the line where the answer to DATA belongs.
    HangAfterData,
}

/// The servers of this run. Panics with what to install when there are none and they cannot be started.
pub(crate) fn rig() -> &'static Rig {
    static RIG: OnceLock<(Rig, Option<Child>)> = OnceLock::new();
    let (rig, _) = RIG.get_or_init(|| match std::env::var_os("DSRD_TEST_RIG") {
        Some(path) => {
            let text = fs::read_to_string(&path).unwrap_or_else(|error| {
                panic!("DSRD_TEST_RIG names {}: {error}", Path::new(&path).display())
            });
            (parse(&text), None)
        }
        None => start(),
    });
    rig
}

/// Starts the servers for this process alone. They stop when it ends, because that closes their stdin.
fn start() -> (Rig, Option<Child>) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers.py");
    let mut servers = Command::new(PYTHON)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("the tests need {PYTHON} ({error}): run tests/run, which installs it")
        });
    let mut line = String::new();
    BufReader::new(servers.stdout.take().unwrap()).read_line(&mut line).unwrap();
    if line.is_empty() {
        let mut reason = String::new();
        servers.stderr.take().unwrap().read_to_string(&mut reason).unwrap();
        panic!("the test servers did not start; run tests/run, which installs what is missing: {reason}");
    }
    (parse(&line), Some(servers))
}

fn parse(text: &str) -> Rig {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("tests/servers.py said {text:?}: {error}"))
}

/// A text that no other test of this run gets.
fn unique(name: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{name}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A support mailbox that no other test uses; it needs no creation.
pub(crate) fn support_mailbox(name: &str) -> String {
    format!("{}@support.example", unique(name).to_lowercase())
}

/// Creates an empty database of its own and returns its URL.
pub(crate) fn fresh_postgres(name: &str) -> String {
    let rig = rig();
    let database = unique(name).to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    let sql = format!("CREATE DATABASE {database}");
    // On a thread of its own, so that async tests may call it too.
    let made = std::thread::spawn(move || {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            use sqlx::{AssertSqlSafe, Connection, Executor};
            let mut connection = sqlx::PgConnection::connect(&rig.postgres_url).await?;
            connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await?;
            connection.close().await
        })
    });
    made.join().unwrap().unwrap_or_else(|error| panic!("could not create the database {database}: {error}"));
    let (server, _) = rig.postgres_url.rsplit_once('/').unwrap();
    format!("{server}/{database}")
}

impl Rig {
    /// From now on the SMTP server does this to mail for `address`; with or without its +detail.
    pub(crate) fn arm(&self, mishap: Mishap, address: &str) {
        fs::write(self.control(mishap, address), "").unwrap();
    }

    /// Takes `arm` back.
    pub(crate) fn disarm(&self, mishap: Mishap, address: &str) {
        fs::remove_file(self.control(mishap, address)).unwrap();
    }

    fn control(&self, mishap: Mishap, address: &str) -> PathBuf {
        let what = match mishap {
            Mishap::Defer => "defer",
            Mishap::Reject => "reject",
            Mishap::HangAfterData => "hang-after-data",
        };
        self.control_dir.join(what).join(address.to_lowercase())
    }
}

/// Hands one mail to the SMTP server as some other host would. `helo` decides what the MX writes into
/// Authentication-Results (see `tests/smtp_server.py`); `from` may be empty (a bounce). Lines of `raw` may end in LF.
/// Returns the last answer, or the line that refused, or what happened to the connection.
pub(crate) fn submit(rig: &Rig, helo: &str, from: &str, to: &str, raw: &[u8]) -> Result<String, String> {
    let stream = TcpStream::connect(("127.0.0.1", rig.smtp_port)).map_err(|error| error.to_string())?;
    stream.set_read_timeout(Some(ANSWER)).map_err(|error| error.to_string())?;
    let mut link = Smtp { answers: BufReader::new(stream.try_clone().unwrap()), stream };
    link.answer()?;
    link.say(format!("EHLO {helo}\r\n").as_bytes())?;
    link.say(format!("MAIL FROM:<{from}> BODY=8BITMIME\r\n").as_bytes())?;
    link.say(format!("RCPT TO:<{to}>\r\n").as_bytes())?;
    link.say(b"DATA\r\n")?;
    link.say(&wire(raw))
}

/// The mail as SMTP carries it: CRLF, leading dots doubled, the closing dot.
fn wire(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 32);
    let text = raw.strip_suffix(b"\n").unwrap_or(raw);
    for line in text.split(|byte| *byte == b'\n') {
        if line.first() == Some(&b'.') {
            out.push(b'.');
        }
        out.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

struct Smtp {
    answers: BufReader<TcpStream>,
    stream: TcpStream,
}

impl Smtp {
    fn say(&mut self, bytes: &[u8]) -> Result<String, String> {
        self.stream.write_all(bytes).map_err(|error| error.to_string())?;
        self.answer()
    }

    fn answer(&mut self) -> Result<String, String> {
        loop {
            let mut line = String::new();
            let read = self.answers.read_line(&mut line).map_err(|error| error.to_string())?;
            match line.as_bytes() {
                _ if read == 0 => return Err("the server cut the connection".to_owned()),
                [_, _, _, b'-', ..] => {}
                [b'2' | b'3', ..] => return Ok(line.trim_end().to_owned()),
                _ => return Err(line.trim_end().to_owned()),
            }
        }
    }
}

/// One mail as it lies in a Maildir.
struct Stored {
    /// The file's base name, which sorts by time of delivery, then `:2,` and the flags once a client has seen it.
    name: String,
    raw: Vec<u8>,
}

/// The mails of `address`, oldest first, as the server stored them (LF line ends, trace headers on top).
pub(crate) fn mails_of(rig: &Rig, address: &str) -> Vec<Vec<u8>> {
    stored(rig, address).into_iter().map(|mail| mail.raw).collect()
}

/// Puts mails into the Maildir of `address` without the way over SMTP, which takes long for very many. The Maildir must be
/// there: the first mail over SMTP makes it, with the right owner.
pub(crate) fn deliver(
    rig: &Rig,
    address: &str,
    mails: impl Iterator<Item = String>,
    received_at: jiff::Timestamp,
) {
    let folder = rig.mail_root.join(address.to_lowercase());
    for (number, mail) in mails.enumerate() {
        let name = format!("{}.P{}N{number:06}.test", received_at.as_second(), unique("mail"));
        let path = folder.join("tmp").join(&name);
        fs::write(&path, mail).unwrap();
        fs::File::options().append(true).open(&path).unwrap().set_modified(received_at.into()).unwrap();
        fs::rename(path, folder.join("new").join(name)).unwrap();
    }
}

/// Whether the mail of `address` that contains `part` is still unseen, read from its file name: no IMAP client may
/// have set `\Seen` (flag S). Panics when there is no such mail.
pub(crate) fn is_unseen(rig: &Rig, address: &str, part: &str) -> bool {
    !name_of(rig, address, part).split_once(":2,").is_some_and(|(_, flags)| flags.contains('S'))
}

/// The file name of the mail of `address` that contains `part`, with its flags. Panics when there is no such mail.
pub(crate) fn name_of(rig: &Rig, address: &str, part: &str) -> String {
    let mails = stored(rig, address);
    let found =
        mails.into_iter().find(|mail| mail.raw.windows(part.len()).any(|window| window == part.as_bytes()));
    found.unwrap_or_else(|| panic!("no mail of {address} contains {part:?}")).name
}

fn stored(rig: &Rig, address: &str) -> Vec<Stored> {
    // Dovecot moves files from new/ to cur/ and renames them for flags at any time: look again when one is gone.
    loop {
        let folder = rig.mail_root.join(address.to_lowercase());
        let mut mails = Vec::new();
        let mut moved = false;
        for part in ["new", "cur"] {
            for entry in fs::read_dir(folder.join(part)).into_iter().flatten() {
                let path = entry.unwrap().path();
                match fs::read(&path) {
                    Ok(raw) => {
                        mails.push(Stored { name: path.file_name().unwrap().to_string_lossy().into(), raw });
                    }
                    Err(_) => moved = true,
                }
            }
        }
        mails.sort_by(|a, b| a.name.cmp(&b.name));
        let base = |mail: &Stored| mail.name.split(':').next().map(str::to_owned);
        mails.dedup_by(|a, b| base(a) == base(b));
        if !moved {
            return mails;
        }
    }
}

/// A small mail in a person's own program: `headers` are whole lines such as `In-Reply-To: <…>`.
pub(crate) fn letter(from: &str, to: &str, subject: &str, headers: &[&str], body: &str) -> Vec<u8> {
    let domain = from.rsplit('@').next().unwrap().trim_end_matches('>');
    let mut text =
        format!("From: {from}\nTo: {to}\nSubject: {subject}\nMessage-ID: <{}@{domain}>\n", unique("mail"));
    text.push_str("Date: Mon, 23 Nov 2026 09:00:00 +0530\nMIME-Version: 1.0\n");
    text.push_str("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n");
    for header in headers {
        writeln!(text, "{header}").unwrap();
    }
    writeln!(text, "\n{body}").unwrap();
    text.into_bytes()
}

/// The days around this one, as TOML: where nobody works, no daily mail to staff comes between those that a play counts.
pub(crate) fn days_off() -> String {
    let today = dsrd::env::Env::system().now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let day =
        |ahead: i64| format!("\"{}\"", today.saturating_add(jiff::SignedDuration::from_hours(24 * ahead)));
    (-1..=2).map(day).collect::<Vec<_>>().join(", ")
}
