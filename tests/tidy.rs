//! Rules about the source that no lint knows: which layer may name which, sizes, `//!` on every file, who may see personal
//! data, where SQL, IMAP and SMTP live, reasons in Cargo.toml, and that ARCHITECTURE.md names only what exists. Here are
//! the tables and the tests; `tidy/rules.rs` holds the rules, and `tidy/bites.rs` shows each one bite on a bad snippet.

#[cfg(test)]
#[path = "tidy/bites.rs"]
mod bites;
#[cfg(test)]
#[path = "tidy/rules.rs"]
mod rules;
#[cfg(test)]
#[path = "tidy/source.rs"]
mod source;

use source::{Source, root, sources};
use std::fs;

// --- what is allowed where

const PURE: &[&str] = &["domain", "mail", "crypto", "render", "net"];
const ADAPTERS: &[&str] =
    &["store", "mailbox", "outbox", "connectors", "package", "ledger", "notices", "senders"];

/// Which modules the code of a module may name. A new module must be entered here: that is the point.
fn may_name(module: &str) -> Option<Vec<&'static str>> {
    let every = |parts: &[&[&'static str]]| Some(parts.concat());
    match module {
        "domain" | "env" | "lib" => Some(vec![]),
        "mail" | "crypto" | "render" | "net" | "config" => Some(vec!["domain"]),
        "store" => every(&[PURE, &["env"]]), // env for nonces only (decision 47)
        "mailbox" | "outbox" | "connectors" | "package" | "ledger" | "notices" | "senders" => every(&[PURE]),
        "workflow" => every(&[PURE, ADAPTERS, &["env"]]),
        "control" => every(&[PURE, ADAPTERS, &["workflow"]]),
        "daemon" => every(&[PURE, ADAPTERS, &["workflow", "control", "env", "config"]]),
        "demo" => every(&[PURE, ADAPTERS, &["workflow", "control", "daemon", "env", "config"]]),
        // Turns a fault into the error of whatever layer it stands in; the others use its macro, which is no path.
        "fault" => every(&[ADAPTERS, &["workflow"]]),
        "cli" | "main" => {
            every(&[PURE, ADAPTERS, &["workflow", "control", "daemon", "demo", "cli", "env", "config"]])
        }
        _ => None,
    }
}

/// Files or folders that may look at personal data (`.expose()`, `.into_exposed()`), and why each must.
const EXPOSE: &[(&str, &str)] = &[
    ("src/domain/personal.rs", "the type itself"),
    ("src/domain/address.rs", "the type itself"),
    ("src/domain/directory.rs", "compares a requester with the directory's records"),
    ("src/domain/form/", "reads scope and requester out of a mail"),
    ("src/domain/hold.rs", "writes what a hold names as the data hold it"),
    ("src/domain/notice/", "samples that show a notice with a person's own words"),
    ("src/domain/plan.rs", "hashes the frozen keys"),
    ("src/domain/policy.rs", "asks whether a scope names the person themselves"),
    ("src/daemon/assemble.rs", "writes the company's own support address into texts"),
    ("src/mail/classify/", "knows postmaster and no-reply by their local part"),
    ("src/mail/from.rs", "finds addresses that look like others"),
    ("src/mail/incoming.rs", "hashes From into the identity of a mail (decision 10)"),
    ("src/mail/outgoing.rs", "writes addresses into To and the envelope"),
    ("src/outbox/", "tells the server the recipient"),
    ("src/notices.rs", "writes to the person"),
    ("src/store/", "seals it and computes blind indexes"),
    ("src/connectors/", "binds it to the company's queries"),
    ("src/package/", "puts the person's own data into the person's package"),
    ("src/workflow/", "matches senders with requesters and staff"),
    ("src/cli/", "shows a request to the operator who asked for it"),
    ("src/demo/", "prints the mails of invented people"),
];

/// Where a task may wait for time to pass. Everywhere else one waits for an event.
const SLEEP: &[(&str, &str)] = &[
    ("src/daemon/", "the loops and their back-off (decision 47)"),
    ("src/daemon.rs", "the loops and their back-off (decision 47)"),
    ("src/mailbox/imap.rs", "the timers of IDLE, and the poll where a server has none"),
    ("src/mailbox/maildir.rs", "the poll of a folder"),
    ("src/fault/armed.rs", "a point that stalls, in test builds only"),
    ("src/demo/", "the players wait for a Maildir to change"),
];

/// Crates and the only places that may name them.
const HOMES: &[(&str, &[&str])] = &[
    (r"\basync_imap\b", &["src/mailbox/"]),
    (r"\bmail_auth\b", &["src/senders.rs"]),
    (r"\blettre\b", &["src/outbox/", "src/mail/outgoing.rs"]),
    (
        r"\blettre::(\w+::)*(transport|AsyncTransport|Transport|SmtpTransport|AsyncSmtp\w*)\b",
        &["src/outbox/"],
    ),
    // The demo makes the company's database that its story plays on; a fault looks like a database that was lost.
    (r"\bsqlx\b", &["src/store/", "src/connectors/", "src/demo/", "src/fault/armed.rs"]),
    (r"\bminijinja\b", &["src/render.rs"]),
    // The configuration reads an address with it.
    (r"\bhyper\b", &["src/net/http.rs", "src/config/oauth2.rs"]),
    (r"\bzip\b", &["src/package/"]),
];

/// These specify a format in their `//!`, which may then be longer than six lines.
const FORMATS: &[&str] = &["src/domain/form", "src/domain/audit", "src/package"];

const FILE_LINES_MAX: usize = 600;
const MEDIAN_LINES_MAX: usize = 150;
const FUNCTION_LINES_MAX: usize = 70;
const HEAD_LINES_MAX: usize = 6;

// --- the rules at work

type Rule = fn(&Source) -> Vec<String>;
const ON_SRC: &[Rule] = &[
    rules::layers_name_only_what_lies_below,
    rules::no_path_climbs,
    rules::no_layer_re_exports_another,
    rules::files_are_short,
    rules::functions_are_short,
    rules::every_file_says_what_it_is_for,
    rules::personal_data_is_exposed_only_where_listed,
    rules::sql_stands_in_the_store_and_the_connectors,
    rules::crates_stay_in_their_layer,
    rules::nothing_sleeps_but_the_loops,
    rules::the_rules_and_the_codecs_are_pure,
    rules::nothing_is_left_for_later,
    rules::names_say_what_a_thing_is,
];
const ON_TESTS: &[Rule] =
    &[rules::every_file_says_what_it_is_for, rules::nothing_is_left_for_later, rules::files_are_short];

fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "{} rules broken:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
fn the_source_keeps_the_rules() {
    let all = sources("src");
    assert_none(
        &all.iter().flat_map(|source| ON_SRC.iter().flat_map(|rule| rule(source))).collect::<Vec<_>>(),
    );
}

#[test]
fn the_tests_keep_the_rules() {
    let mut all = sources("tests");
    all.extend(
        ["benches", "fuzz"]
            .iter()
            .filter(|folder| root().join(folder).exists())
            .flat_map(|folder| sources(folder)),
    );
    assert_none(
        &all.iter().flat_map(|source| ON_TESTS.iter().flat_map(|rule| rule(source))).collect::<Vec<_>>(),
    );
}

#[test]
#[expect(clippy::print_stdout, reason = "a report for who looks")]
fn the_median_file_fits_on_two_screens() {
    let is_test = |source: &&Source| source.path.ends_with("tests.rs") || source.path.contains("/tests/");
    let all = sources("src");
    let mut lines: Vec<_> = all.iter().filter(|source| !is_test(source)).map(Source::lines).collect();
    lines.sort_unstable();
    let (median, longest) = (lines[lines.len() / 2], lines[lines.len() - 1]);
    println!("{} files in src: median {median} lines, longest {longest}", lines.len());
    assert!(median <= MEDIAN_LINES_MAX, "median {median} lines, at most {MEDIAN_LINES_MAX}");
}

#[test]
fn every_dependency_has_its_reason() {
    assert_none(&rules::lines_without_reason(&fs::read_to_string(root().join("Cargo.toml")).unwrap()));
}

#[test]
fn the_map_names_only_what_exists() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md"))
        .expect("ARCHITECTURE.md is the map of this repository");
    assert_none(&rules::dead_paths(root(), &page));
}
