//! What mail in front of it costs one request: N ordinary mails, then N forged requests in the names of N / 10 people, in
//! Dovecot before the daemon starts, and behind them one real request. Prints when that one was acknowledged, and ends if
//! anybody else got a mail. `cargo bench --bench flood [-- N]`, by default 10,000.

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
#[path = "stand/mails.rs"]
mod mails;
#[expect(dead_code, reason = "the bare IMAP client of the other benches has a port of its own")]
#[path = "stand/servers.rs"]
mod servers;
#[path = "stand/sink.rs"]
mod sink;

use daemon::Prepared;
use mails::{AUTHSERV, mail};
use servers::{Maildir, Servers};
use sink::Sink;
use std::future::Future;
use std::time::Instant;

/// What lies in front of the request.
#[derive(Clone, Copy, Debug)]
enum Front {
    Nothing,
    Ordinary,
    Forged,
}

fn main() {
    let size = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(10_000);
    let (servers, sink) = (Servers::start(), Sink::start());
    println!(
        "flood: {size} mails in front of one request, from the start of the daemon to its acknowledgement"
    );
    for front in [Front::Nothing, Front::Ordinary, Front::Forged] {
        run(&servers, &sink, front, size);
    }
}

fn run(servers: &Servers, sink: &Sink, front: Front, size: usize) {
    let mailbox = servers.fresh_mailbox();
    let now = jiff::Timestamp::now();
    for number in 0..size {
        match front {
            Front::Nothing => break,
            Front::Ordinary => mailbox.deliver(number, &ordinary(number, &mailbox, now)),
            Front::Forged => mailbox.deliver(number, &forged(number, size, &mailbox, now)),
        }
    }
    mailbox.deliver(size, &mail(size, &mailbox, now));
    let prepared = Prepared::new(servers, &mailbox, sink.port, size + 1);
    sink.clear();
    let start = Instant::now();
    let daemon = prepared.start();
    let taken = sink.wait(|taken| taken.iter().any(|mail| mail.is_reply));
    let (answered, person) = (taken[taken.len() - 1].at, format!("<customer{size}@c{size}.example>"));
    assert!(taken.iter().all(|mail| mail.to.contains(&person)), "somebody else got a mail: {}", taken[0].to);
    println!(
        "  {front:?}: {:.2} s, {:.2} s of processor, most resident {:.1} MB",
        answered.duration_since(start).as_secs_f64(),
        daemon.cpu_seconds(),
        daemon.megabytes("VmHWM")
    );
    daemon.stop();
}

fn ordinary(number: usize, mailbox: &Maildir, now: jiff::Timestamp) -> Vec<u8> {
    let body = format!(
        "Hello,\r\n\r\nI have a question about invoice {number}. Please call me back.\r\n\r\nOmar\r\n"
    );
    letter("pass", &format!("o{number}@other.example"), &format!("Invoice {number}"), &body, mailbox, now)
}

fn forged(number: usize, size: usize, mailbox: &Maildir, now: jiff::Timestamp) -> Vec<u8> {
    let victim = format!("v{}@victims.example", number % (size / 10).max(1));
    let body = format!(
        "Scope: account A{number}\r\nLegal basis: Customer request\r\nRequester: Victim, Owner, {victim}\r\n\
         I acknowledge identity verification may be required.\r\n"
    );
    letter("fail", &victim, "Data Export Request", &body, mailbox, now)
}

fn letter(
    verdict: &str,
    from: &str,
    subject: &str,
    body: &str,
    mailbox: &Maildir,
    now: jiff::Timestamp,
) -> Vec<u8> {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let date = jiff::fmt::rfc2822::to_string(&now.to_zoned(jiff::tz::TimeZone::UTC)).unwrap();
    let (to, domain) = (&mailbox.address, from.split('@').next_back().unwrap());
    format!(
        "Authentication-Results: {AUTHSERV}; dmarc={verdict} header.from={domain}\r\nDate: {date}\r\nFrom: {from}\r\n\
         To: {to}\r\nMessage-ID: <flood-{number}@{domain}>\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{body}"
    )
    .into_bytes()
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}
