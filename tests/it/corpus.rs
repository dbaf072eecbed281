//! Every mail of `tests/corpus` against its label, which holds the expected part of the `dsrd parse` line; and random
//! and mutated mails that must not break the readers. A bug adds one mail here.

use dsrd::cli::parse::{ParseArgs, ParseSettings, run};
use dsrd::domain::address::Address;
use dsrd::domain::form::{self, ReadingContext};
use dsrd::domain::{command, request::Kind};
use dsrd::mail::authentication::{Trust, verdict};
use dsrd::mail::incoming::{Limits, read};
use dsrd::mail::{html, reply};
use jiff::civil::date;
use proptest::prelude::{Strategy, any, prop, proptest};
use proptest::test_runner::Config;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

fn settings() -> ParseSettings {
    let own = vec![Address::parse("support@dsrd.example").expect("parses")];
    ParseSettings { own, ..ParseSettings::new(date(2025, 4, 10)) }
}

fn mails_in(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the corpus is there")
        .map(|entry| entry.expect("lists").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
        .collect();
    found.sort();
    found
}

fn mails() -> Vec<PathBuf> {
    mails_in(&folder())
}

/// The generator of `tests/mails`, run to its end.
fn make(args: &[&str]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mails/make.py");
    let done = std::process::Command::new("/usr/bin/python3").arg(script).args(args).output().expect("runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// Every mail of a folder whose line differs from its label.
fn wrong_in(folder: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    for mail in mails_in(folder) {
        let mut out = Vec::new();
        let args = ParseArgs { paths: vec![mail.clone()], summary: false };
        run(&args, &settings(), &mut out).expect("parses");
        let actual: Value = serde_json::from_slice(&out).expect("one line of JSON");
        let label = std::fs::read(mail.with_extension("json")).expect("every mail has a label");
        let expected: Value = serde_json::from_slice(&label).expect("a label is JSON");
        if !holds(&expected, &actual) {
            wrong.push(format!("{}\n  expected {expected}\n  got {actual}", mail.display()));
        }
    }
    wrong
}

/// Whether `actual` holds everything that `expected` names; lists must have the same length.
fn holds(expected: &Value, actual: &Value) -> bool {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            expected.iter().all(|(key, value)| holds(value, actual.get(key).unwrap_or(&Value::Null)))
        }
        (Value::Array(expected), Value::Array(actual)) => {
            expected.len() == actual.len() && expected.iter().zip(actual).all(|(e, a)| holds(e, a))
        }
        (expected, actual) => expected == actual,
    }
}

#[test]
fn every_mail_of_the_corpus_is_understood_as_labelled() {
    assert!(mails().len() >= 40, "the corpus is there");
    let wrong = wrong_in(&folder());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Mails of a generator: forms in every dress that it knows, and what is no form. A mail that is read wrongly is shown
/// whole by `tests/mails/make.py write --seed … DIR`.
#[test]
fn generated_mails_are_understood_as_labelled() {
    let scratch = tempfile::tempdir().expect("a folder");
    for seed in ["1", "2"] {
        let to = scratch.path().join(seed);
        make(&["write", "--seed", seed, "--count", "400", to.to_str().expect("text")]);
        assert_eq!(mails_in(&to).len(), 400);
        let wrong = wrong_in(&to);
        assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
    }
}

/// `tests/mails/make.py recall` prints the figures; see README.
#[test]
fn requests_in_own_words_are_told_from_ordinary_mail() {
    let labelled = folder().join("own-words");
    let all = mails_in(&labelled).len();
    let wrong = wrong_in(&labelled);
    assert!(all >= 400, "{all} labelled mails");
    assert!(wrong.len() * 50 <= all, "{} of {all} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_folder_is_walked_and_summed_up() {
    let args = ParseArgs { paths: vec![folder()], summary: true };
    let mut out = Vec::new();
    run(&args, &settings(), &mut out).expect("parses");
    let text = String::from_utf8(out).expect("text");
    for class in [
        "request complete",
        "request incomplete",
        "command",
        "auto",
        "bounce",
        "list",
        "own",
        "quarantine",
        "problem scope missing",
    ] {
        assert!(text.contains(class), "{text}");
    }
    let missing = ParseArgs { paths: vec![folder().join("no-such-file")], summary: false };
    let error = run(&missing, &settings(), &mut Vec::new()).expect_err("fails");
    assert!(error.to_string().contains("no-such-file"));
}

/// Everything that reads mail, in the order of a mail.
fn swallow(raw: &[u8]) {
    let limits = Limits::default();
    if let Ok(incoming) = read(raw, &limits) {
        assert!(incoming.text.len() <= limits.text_bytes_max);
        let trust = Trust { authserv_ids: vec!["mx.dsrd.example".into()], ..Trust::default() };
        let (_, evidence) = verdict(&incoming, &trust);
        assert!(evidence.len() < 200);
        swallow_text(&incoming.subject, &incoming.text);
    }
}

fn swallow_text(subject: &str, text: &str) {
    let context = ReadingContext::new(date(2025, 4, 10));
    let understood = form::read(subject, text, &context);
    let prefilled = form::template(Kind::Export, &understood.form);
    assert!(form::read("", &prefilled, &context).form.acknowledged);
    let new = reply::new_text(text);
    assert!(new.len() <= text.len());
    let _ = command::parse(&new);
    let _ = html::to_text(text, 10_000);
}

/// Words that the readers look for, so that random text reaches their depths.
fn words() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "Scope:",
        "Requester:",
        "Legal basis:",
        "account",
        "user",
        "users",
        "number",
        "numbers",
        "+91 98765 43210",
        "98765",
        "2025-01-01",
        "31/12/2025",
        "1 Jan",
        "January",
        "2025",
        "Q1",
        "FY",
        "24-25",
        "to",
        "since",
        "between",
        "and",
        "last",
        "90",
        "days",
        "<account/user/number/timeframe>",
        "<Name, Role, Email, Phone>",
        "asha@acme.example",
        "@",
        "é",
        "–",
        "\n",
        "> ",
        "| ",
        ",",
        "I acknowledge identity verification may be required.",
        "CONFIRM",
        "7K3M-9Q2X",
        "REFUSE",
        "\u{1}",
        "<td>",
        "<blockquote>",
        "</table>",
        "<div id=appendonsend>",
        "&#8211;",
        "&",
        "mailto:",
        "everything",
        "delete my data",
        ":",
    ]);
    prop::collection::vec(known, 0..40).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(Config { cases: 64, failure_persistence: None, ..Config::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(raw in prop::collection::vec(any::<u8>(), 0..2_000)) {
        swallow(&raw);
    }

    #[test]
    fn arbitrary_words_never_panic(subject in words(), text in words()) {
        swallow_text(&subject, &text);
    }

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,400}") {
        swallow_text(&text, &text);
    }

    #[test]
    fn mutated_mails_never_panic(
        pick in any::<prop::sample::Index>(),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..4), 1..20),
    ) {
        let mails = mails();
        let mut raw = std::fs::read(pick.get(&mails)).expect("reads");
        for (place, byte, act) in cuts {
            if raw.is_empty() {
                break;
            }
            let at = place.index(raw.len());
            match act {
                0 => raw[at] = byte,
                1 => raw.insert(at, byte),
                2 => { raw.remove(at); }
                _ => {
                    let tail: Vec<u8> = raw[at..].iter().copied().take(200).collect();
                    raw.extend(tail);
                }
            }
        }
        swallow(&raw);
    }
}
