//! Fuzz targets for everything that reads what strangers send: forms, replies, mails and their class, HTML, reports, sender
//! verdicts, the IMAP stream. Each replays what is saved in `tests/corpus/fuzz/<target>` and the corpus of mails, then
//! mutates them for a while; two variables of bolero make it longer (CONTRIBUTING.md).

use dsrd::domain::address::Address;
use dsrd::domain::form::{self, ReadingContext};
use dsrd::domain::{command, request::Kind};
use dsrd::mail::authentication::{Trust, verdict};
use dsrd::mail::classify::{Class, Thread, classify};
use dsrd::mail::incoming::{Limits, read};
use dsrd::mail::{bounce, html, reply};
use dsrd::mailbox::wire::Scanner;
use jiff::civil::date;
use std::path::Path;
use std::time::{Duration, Instant};

/// The longest that one input may take, in a build for tests.
const INPUT_MAX: Duration = Duration::from_secs(1);
/// The longest input that is made, bytes.
const BYTES_MAX: usize = 16 * 1024;
/// How long and how often without a word from outside.
const TIME: Duration = Duration::from_secs(2);
const ITERATIONS: usize = 200;

/// One change to a seed: where, what kind, with which byte, and from where.
type Edit = (u16, u8, u8, u16);

/// Pieces that the readers look for, so that changes reach their depths.
const PIECES: [&str; 40] = [
    "Scope:",
    "Requester:",
    "Legal basis:",
    "Umfang :",
    "दायरा:",
    "account ",
    "number +91 98765 43210",
    "2025-01-01",
    "31/12/2025",
    " to ",
    "last 90 days",
    "Q1 2025",
    "FY 24-25",
    "<account/user/number/timeframe>",
    "a@b.example",
    "\n> ",
    "\n\n",
    " | ",
    "\t",
    "CONFIRM 7K3M-9Q2X",
    "APPROVE ",
    "On 3 Mar 2025, s@x.example wrote:",
    "-----Original Message-----",
    "<blockquote>",
    "</div>",
    "<table><tr><td>",
    "<!--",
    "&#8211;",
    "Content-Type: multipart/mixed; boundary=b\n\n--b\n",
    "\n--b--\n",
    "From: x@y.example\n",
    "Auto-Submitted: auto-replied\n",
    "mx.dsrd.example; dmarc=pass header.from=a.example",
    " (",
    "\"",
    "\\",
    "* 1 FETCH (UID 7 BODY[] {5}\r\n",
    ")\r\n",
    "{99}",
    "\u{202e}",
];

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut found = Vec::new();
    for folder in [corpus.join("fuzz").join(target), corpus] {
        let entries =
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("lists").path()).collect();
        paths.sort();
        let is_seed = |path: &Path| path.is_file() && path.extension().is_none_or(|kind| kind != "json");
        found.extend(
            paths.iter().filter(|path| is_seed(path)).map(|path| std::fs::read(path).expect("reads")),
        );
    }
    assert!(found.len() > 40, "the corpus is there");
    found
}

fn mutated(seeds: &[Vec<u8>], pick: u16, edits: &[Edit]) -> Vec<u8> {
    let seed = |number: u16| &seeds[usize::from(number) % seeds.len()];
    let mut bytes = seed(pick).clone();
    for &(place, kind, byte, from) in edits.iter().take(30) {
        let at = usize::from(place) % (bytes.len() + 1);
        let end = (at + usize::from(byte)).min(bytes.len());
        match kind % 7 {
            0 if at < bytes.len() => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let piece = bytes[at..end].repeat(usize::from(from % 8));
                bytes.splice(at..at, piece);
            }
            4 => {
                let other = seed(from);
                let start = usize::from(place) % (other.len() + 1);
                let stop = (start + 4 * usize::from(byte)).min(other.len());
                bytes.splice(at..at, other[start..stop].iter().copied());
            }
            _ => {
                let piece = PIECES[usize::from(from) % PIECES.len()].as_bytes();
                bytes.splice(at..at, piece.iter().copied());
            }
        }
        bytes.truncate(BYTES_MAX);
    }
    bytes
}

/// Runs `act` on every seed as it is and on changed ones; each must end in time.
#[expect(
    clippy::disallowed_methods,
    reason = "a mail that takes too long is a fault, and only a clock can tell"
)]
fn fuzz(target: &str, act: impl Fn(&[u8]) + std::panic::RefUnwindSafe) {
    let timed = |input: &[u8]| {
        let began = Instant::now();
        act(input);
        let took = began.elapsed();
        assert!(took < INPUT_MAX, "{took:?} for {:?}", String::from_utf8_lossy(input));
    };
    let seeds = seeds(target);
    act(&seeds[0]); // what is built on first use takes longer
    for seed in &seeds {
        timed(seed.get(..BYTES_MAX).unwrap_or(seed));
    }
    bolero::check!()
        .with_type::<(u16, Vec<Edit>)>()
        .with_iterations(ITERATIONS)
        .with_test_time(TIME)
        .for_each(|(pick, edits)| timed(&mutated(&seeds, *pick, edits)));
}

fn text_of(input: &[u8]) -> String {
    let text = String::from_utf8_lossy(input);
    text.split_once("\n\n").map_or(text.as_ref(), |(_, body)| body).to_owned()
}

#[test]
fn form_is_read() {
    let context = ReadingContext::new(date(2025, 4, 10));
    fuzz("form", |input| {
        let text = text_of(input);
        let subject = text.lines().next().unwrap_or("");
        let understood = form::read(subject, &text, &context);
        let prefilled = form::template(Kind::Export, &understood.form);
        assert!(form::read("", &prefilled, &context).form.acknowledged, "{prefilled}");
        if understood.is_complete() {
            assert!(understood.form.scope.is_understood() && understood.form.requester.email.is_some());
        }
    });
}

#[test]
fn reply_is_cut() {
    fuzz("reply", |input| {
        let text = text_of(input);
        let new = reply::new_text(&text);
        assert!(
            text.replace('\r', "").starts_with(new.replace('\r', "").trim_end()) && new.len() <= text.len()
        );
        assert!(!new.lines().any(|line| line.trim().starts_with('>')), "a quoted line is no new text: {new}");
        if command::parse(&new).is_ok() {
            assert!(!new.trim().is_empty());
        }
    });
}

#[test]
fn html_becomes_text() {
    fuzz("html", |input| {
        let text = html::to_text(&text_of(input), 10_000);
        assert!(text.len() <= 40_000, "{} bytes", text.len());
    });
}

#[test]
fn classify_answers_only_requests() {
    let context = ReadingContext::new(date(2025, 4, 10));
    let own = [Address::parse("support@dsrd.example").expect("parses")];
    fuzz("classify", |input| {
        let limits = Limits::default();
        let Ok(incoming) = read(input, &limits) else { return };
        assert!(incoming.text.len() <= limits.text_bytes_max);
        let understood = form::read(&incoming.subject, &incoming.text, &context);
        for thread in [Thread::New, Thread::Ours] {
            let found = classify(&incoming, &own, &understood, thread);
            let may_answer = matches!(found.class, Class::Request | Class::Command) && incoming.from.is_ok();
            assert!(!found.answer || may_answer, "{:?} {}", found.class, found.reason);
        }
    });
}

#[test]
fn authentication_needs_a_trusted_server() {
    let trust = Trust { authserv_ids: vec!["mx.dsrd.example".into()], ..Trust::default() };
    fuzz("authentication", |input| {
        let field: String = text_of(input).chars().filter(|c| !c.is_control()).take(2_000).collect();
        let raw = format!("Authentication-Results: {field}\r\nFrom: asha@acme.example\r\n\r\nx");
        let Ok(incoming) = read(raw.as_bytes(), &Limits::default()) else { return };
        let (found, evidence) = verdict(&incoming, &trust);
        assert!(evidence.len() < 200, "{evidence}");
        if found.speaks_for_customer() {
            let plain = field.to_lowercase();
            assert!(
                plain.contains("mx.dsrd.example") && plain.contains("pass") && plain.contains("acme.example")
            );
        }
    });
}

#[test]
fn bounce_is_read() {
    fuzz("bounce", |input| {
        let Ok(incoming) = read(input, &Limits::default()) else { return };
        let report = bounce::read(&incoming);
        assert!(report.status.len() <= 9 && report.status.chars().all(|c| c.is_ascii_digit() || c == '.'));
        assert!(report.message_ids.len() <= 10);
    });
}

#[test]
fn imap_guard_lets_through_what_came() {
    let scan = |input: &[u8], step: usize| -> Result<Vec<u8>, &'static str> {
        let mut scanner = Scanner::new(1_000);
        let mut out = Vec::new();
        input.chunks(step.max(1)).try_for_each(|chunk| scanner.feed(chunk, &mut out))?;
        Ok(out)
    };
    fuzz("imap_guard", |input| {
        let whole = scan(input, BYTES_MAX);
        let cut = scan(input, 7);
        assert_eq!(whole, cut, "how the stream is cut must not matter");
        if let Ok(out) = whole {
            assert!(out.len() <= input.len(), "nothing is made up");
        }
    });
}

/// The bombs of standard M1: each must end in time, in a verdict and not in an abort.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a mail that takes too long is a fault, and only a clock can tell"
)]
fn bombs_are_set_aside_in_time() {
    let head = "From: a@b.example\r\nTo: s@x.example\r\nSubject: x\r\n";
    let multipart = |levels: usize| {
        let level = |n: usize| format!("Content-Type: multipart/mixed; boundary=\"b{n}\"\r\n\r\n--b{n}\r\n");
        format!("{head}{}", (0..levels).map(level).collect::<String>())
    };
    let bombs = [
        ("nested parts", multipart(20_000)),
        ("nested mails", format!("{head}{}", "Content-Type: message/rfc822\r\n\r\n".repeat(100_000))),
        ("header fields", format!("{head}{}\r\nx", "X: y\r\n".repeat(1_000_000))),
        (
            "parts",
            format!(
                "{head}Content-Type: multipart/mixed; boundary=b\r\n\r\n{}",
                "--b\r\n\r\nx\r\n".repeat(300_000)
            ),
        ),
        ("addresses", format!("{head}Cc: {}\r\n\r\nx", "a@b.example, ".repeat(300_000))),
        ("comments", format!("{head}Cc: {}\r\n\r\nx", "(".repeat(1_000_000))),
        ("one long line", format!("{head}X: {}\r\n\r\nx", "y".repeat(3_000_000))),
    ];
    for (name, bomb) in bombs {
        let began = Instant::now();
        assert!(read(bomb.as_bytes(), &Limits::default()).is_err(), "{name} is set aside");
        assert!(began.elapsed() < 5 * INPUT_MAX, "{name}: {:?}", began.elapsed());
    }
}
