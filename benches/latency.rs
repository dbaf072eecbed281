//! How long a customer waits: mail delivered into an idle mailbox to the acknowledgement at the SMTP server, against the
//! time that Dovecot itself takes to announce a mail to a bare IDLE client, measured in the same run. Then what the
//! daemon costs while nothing happens. Prints; never judges.
//! `cargo bench --bench latency [-- ROUNDS SECONDS]`, by default 40 rounds and 20 idle seconds.

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

use daemon::{Daemon, Prepared};
use imap::Imap;
use mails::mail;
use servers::{Maildir, Servers};
use sink::{Sink, Taken};
use std::future::Future;
use std::thread::sleep;
use std::time::{Duration, Instant};

fn main() {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let rounds = numbers.first().copied().unwrap_or(40);
    let idle = Duration::from_secs(numbers.get(1).copied().unwrap_or(20) as u64);
    let (servers, sink) = (Servers::start(), Sink::start());
    let (bare, watched) = (servers.fresh_mailbox(), servers.fresh_mailbox());
    let daemon = Prepared::new(&servers, &watched, sink.port, rounds).start();
    // The first look at the mailbox is over long before.
    sleep(Duration::from_secs(3));
    at_rest("idle after the start", &daemon, idle);
    let mut client = Imap::open(&servers.facts, &bare);
    let (mut announced, mut answered) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        announced.push(announcement(&mut client, &bare, round));
        answered.push(answer(&sink, &watched, round));
        // Not in step with any clock of the servers or of the daemon.
        sleep(Duration::from_millis(300 + (round as u64 * 137) % 400));
    }
    println!("{rounds} mails, one at a time; median, 95th percentile (least to most)");
    println!("  Dovecot announces   {} ms", spread(&announced));
    println!("  acknowledged        {} ms", spread(&answered));
    let above = percentile(&answered, 50) - percentile(&announced, 50);
    println!("  above the floor     {above:6.1} ms between the medians");
    at_rest("idle after the mails", &daemon, idle);
    println!("  most resident       {:6.1} MB", daemon.megabytes("VmHWM"));
    daemon.stop();
}

/// What the daemon takes while nothing comes in.
fn at_rest(when: &str, daemon: &Daemon, period: Duration) {
    let before = daemon.cpu_seconds();
    sleep(period);
    let used = (daemon.cpu_seconds() - before) * 1000.0;
    let share = used / 10.0 / period.as_secs_f64();
    println!(
        "{when}: {:.1} MB resident; {used:.0} ms of processor time in {} s ({share:.2} %)",
        daemon.megabytes("VmRSS"),
        period.as_secs()
    );
}

/// Milliseconds until a client in IDLE hears of a mail.
fn announcement(client: &mut Imap, mailbox: &Maildir, round: usize) -> f64 {
    client.say("i IDLE");
    client.until("+");
    let text = mail(round, mailbox, jiff::Timestamp::now());
    let start = Instant::now();
    mailbox.deliver(round, &text);
    while !client.line().trim_end().ends_with("EXISTS") {}
    let heard = start.elapsed();
    client.say("DONE");
    client.until("i OK");
    heard.as_secs_f64() * 1000.0
}

/// Milliseconds until the acknowledgement was taken. Waits for the identity check too, so that nothing is left to do.
fn answer(sink: &Sink, mailbox: &Maildir, round: usize) -> f64 {
    sink.clear();
    let text = mail(round, mailbox, jiff::Timestamp::now());
    let start = Instant::now();
    mailbox.deliver(round, &text);
    let taken = sink.wait(|taken| taken.len() >= 2);
    let reply: &Taken = taken.iter().find(|mail| mail.is_reply).expect("an acknowledgement");
    assert!(reply.to.contains(&format!("customer{round}@")), "it goes to the sender");
    reply.at.duration_since(start).as_secs_f64() * 1000.0
}

fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}

fn spread(values: &[f64]) -> String {
    let at = |percent| percentile(values, percent);
    format!("{:6.1}, {:.1} ({:.1} to {:.1})", at(50), at(95), at(0), at(100))
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}
