//! How fast waiting mail is answered: N templated mails in Dovecot to N acknowledgements taken by an SMTP server, against
//! a floor measured in the same run: a bare loop that fetches all bodies over one IMAP connection, commits each in
//! SQLite (WAL, synchronous FULL) and sends as many canned mails over one SMTP connection. Prints; never judges.
//! `cargo bench --bench intake [-- ROUNDS N N]`, by default 5 rounds of 500 and 2000.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "a bench prints, measures time and ends at the first surprise"
)]

#[path = "stand/daemon.rs"]
mod daemon;
#[path = "stand/imap.rs"]
mod imap;
#[path = "stand/mails.rs"]
mod mails;
#[path = "stand/servers.rs"]
mod servers;
#[path = "stand/sink.rs"]
mod sink;

use daemon::Prepared;
use imap::Imap;
use mails::mail;
use servers::{Maildir, Servers};
use sink::{Sink, Taken};
use std::collections::HashSet;
use std::future::Future;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

/// What one run of the daemon showed.
struct Run {
    /// Milliseconds a mail from the start of the process until the last acknowledgement.
    acknowledged: f64,
    /// The same until the last identity check, which the daemon's jobs bring, was taken as well.
    challenged: f64,
    /// Processor milliseconds a mail until the last acknowledgement.
    cpu_acknowledged: f64,
    /// Processor milliseconds a mail until everything was taken.
    cpu: f64,
    /// Most megabytes resident.
    resident: f64,
}

fn main() {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let (rounds, sizes) = match numbers.split_first() {
        Some((rounds, sizes)) if !sizes.is_empty() => (*rounds, sizes.to_vec()),
        _ => (5, vec![500, 2000]),
    };
    let (servers, sink) = (Servers::start(), Sink::start());
    println!("intake: {rounds} rounds, floor and dsrd in turn; median (least to most)");
    for size in sizes {
        let (mut floors, mut runs) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            floors.push(floor(&servers, &sink, size));
            runs.push(product(&servers, &sink, size));
        }
        report(size, &floors, &runs);
    }
}

fn report(size: usize, floors: &[f64], runs: &[Run]) {
    let of = |what: fn(&Run) -> f64| runs.iter().map(what).collect::<Vec<f64>>();
    let ratios: Vec<f64> = floors.iter().zip(runs).map(|(floor, run)| run.acknowledged / floor).collect();
    println!("{size} mails");
    println!("  floor            {} ms a mail", spread(floors));
    println!("  acknowledged     {} ms a mail", spread(&of(|run| run.acknowledged)));
    println!("  ratio            {} x the floor", spread(&ratios));
    println!("  and challenged   {} ms a mail", spread(&of(|run| run.challenged)));
    println!("  processor        {} ms a mail until acknowledged", spread(&of(|run| run.cpu_acknowledged)));
    println!("                   {} ms a mail, challenges included", spread(&of(|run| run.cpu)));
    println!("  most resident    {} MB", spread(&of(|run| run.resident)));
}

fn spread(values: &[f64]) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (least, most) = (sorted[0], sorted[sorted.len() - 1]);
    format!("{:7.2} ({least:.2} to {most:.2})", sorted[sorted.len() / 2])
}

/// A mailbox in which `size` mails wait.
fn filled(servers: &Servers, size: usize) -> Maildir {
    let mailbox = servers.fresh_mailbox();
    let now = jiff::Timestamp::now();
    for number in 0..size {
        mailbox.deliver(number, &mail(number, &mailbox, now));
    }
    mailbox
}

#[expect(clippy::cast_precision_loss, reason = "some thousand mails")]
fn milliseconds_each(since: Instant, until: Instant, size: usize) -> f64 {
    until.duration_since(since).as_secs_f64() * 1000.0 / size as f64
}

#[expect(clippy::cast_precision_loss, reason = "some thousand mails")]
fn product(servers: &Servers, sink: &Sink, size: usize) -> Run {
    let mailbox = filled(servers, size);
    let prepared = Prepared::new(servers, &mailbox, sink.port, size);
    sink.clear();
    let start = Instant::now();
    let daemon = prepared.start();
    let is_reply = |mail: &&Taken| mail.is_reply;
    let replies = sink.wait(|taken| taken.iter().filter(is_reply).count() >= size);
    let acknowledged = replies.iter().rfind(is_reply).unwrap().at;
    let cpu_acknowledged = daemon.cpu_seconds() * 1000.0 / size as f64;
    let all = sink.wait(|taken| taken.len() >= 2 * size);
    let run = Run {
        acknowledged: milliseconds_each(start, acknowledged, size),
        challenged: milliseconds_each(start, all[all.len() - 1].at, size),
        cpu_acknowledged,
        cpu: daemon.cpu_seconds() * 1000.0 / size as f64,
        resident: daemon.megabytes("VmHWM"),
    };
    let people: HashSet<&str> = all.iter().filter(is_reply).map(|mail| mail.to.as_str()).collect();
    assert_eq!(people.len(), size, "everybody is acknowledged once");
    daemon.stop();
    run
}

fn floor(servers: &Servers, sink: &Sink, size: usize) -> f64 {
    use sqlx::Connection;
    let mailbox = filled(servers, size);
    let folder = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("floor.db").display());
    sink.clear();
    let start = Instant::now();
    block_on(async {
        let mut state = sqlx::SqliteConnection::connect(&url).await.unwrap();
        let setup = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE mails (id INTEGER PRIMARY KEY, raw BLOB)";
        sqlx::raw_sql(setup).execute(&mut state).await.unwrap();
        let mut imap = Imap::open(&servers.facts, &mailbox);
        let mut smtp = Smtp::open(sink.port);
        let letter = canned();
        imap.say("c UID FETCH 1:* (BODY.PEEK[])");
        for number in 0..size {
            let raw = body(&mut imap);
            sqlx::query("INSERT INTO mails (raw) VALUES ($1)").bind(raw).execute(&mut state).await.unwrap();
            smtp.send(number, &letter);
        }
    });
    let taken = sink.wait(|taken| taken.len() >= size);
    milliseconds_each(start, taken[taken.len() - 1].at, size)
}

/// The next body of a FETCH: a literal, and the end of its response.
fn body(imap: &mut Imap) -> Vec<u8> {
    let line = imap.line();
    let length = line.trim_end().rsplit_once('{').unwrap().1.trim_end_matches('}');
    let mut raw = vec![0; length.parse().unwrap()];
    imap.reader.read_exact(&mut raw).unwrap();
    imap.line();
    raw
}

/// Text and HTML of about the size of an acknowledgement.
fn canned() -> String {
    let line = "We have your request for a copy of your data. Thank you for writing.\r\n";
    format!("From: support@bench.example\r\nSubject: canned\r\n\r\n{}.\r\n", line.repeat(60))
}

/// One SMTP connection, a command at a time.
struct Smtp {
    reader: BufReader<TcpStream>,
}

impl Smtp {
    fn open(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_nodelay(true).unwrap();
        let mut smtp = Self { reader: BufReader::new(stream) };
        smtp.answer();
        smtp.say("EHLO bench.example\r\n");
        smtp
    }

    fn send(&mut self, number: usize, letter: &str) {
        self.say("MAIL FROM:<>\r\n");
        self.say(&format!("RCPT TO:<customer{number}@c{number}.example>\r\n"));
        self.say("DATA\r\n");
        self.say(letter);
    }

    fn say(&mut self, text: &str) {
        self.reader.get_mut().write_all(text.as_bytes()).unwrap();
        self.answer();
    }

    fn answer(&mut self) {
        let mut line = String::from("-");
        while line.as_bytes().get(3).unwrap_or(&b'-') == &b'-' {
            line.clear();
            assert!(self.reader.read_line(&mut line).unwrap() > 0, "the sink cut the line");
        }
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}
