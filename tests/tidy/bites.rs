//! Shows each rule bite: a bad snippet gives one complaint, a good one beside it none. Never reads the repository.
//! The rules are in `rules.rs`.

use crate::Rule;
use crate::rules::*;
use crate::source::{Source, root, split};

/// Shows that `rule` complains once about `bad` in `path` and not about `good` there.
fn bites(rule: Rule, path: &str, good: &str, bad: &str) {
    let none = rule(&Source::new(path, good));
    assert!(none.is_empty(), "{path}: complains about good code:\n{good}\n{none:?}");
    let found = rule(&Source::new(path, bad));
    assert_eq!(found.len(), 1, "{path}: must complain once about:\n{bad}\n{found:?}");
}

#[test]
fn a_layer_that_names_what_it_must_not_is_found() {
    let rule: Rule = layers_name_only_what_lies_below;
    bites(rule, "src/domain/plan.rs", "use crate::domain::ids::Id;", "use crate::store::Store;");
    bites(
        rule,
        "src/mailbox/imap.rs",
        "use crate::{domain::ids::{Id, Code}, net};",
        "use crate::{domain::ids, outbox::Courier};",
    );
    bites(
        rule,
        "src/outbox/smtp.rs",
        "fn f() { crate::net::dial() }",
        "fn f() { let x = crate::env::Env::system(); }",
    );
    bites(rule, "src/workflow/receive.rs", "use crate::env::Env;", "use crate::config::Config;");
    bites(rule, "src/crypto/seal.rs", "// crate::store is named here only\n", "use crate::mail::incoming;");
    bites(rule, "src/main.rs", "use dsrd::cli;", "use dsrd::nowhere;");
    bites(
        rule,
        "src/store/mod.rs",
        "#[cfg(test)]\nmod tests { use crate::config::Config; }",
        "use crate::{\n  mail,\n  config,\n};",
    );
    bites(rule, "src/render.rs", "let text = \"crate::store\";", "pub use crate::net as n;");
    assert_eq!(rule(&Source::new("src/web/mod.rs", "")).len(), 1, "a module without a layer");
}

#[test]
fn climbing_paths_and_re_exports_are_found() {
    bites(no_path_climbs, "src/domain/form/scope.rs", "use super::ids::Id;", "use super::super::ids::Id;");
    bites(no_path_climbs, "src/render.rs", "use crate::domain::ids;", "use super::domain::ids;");
    bites(no_path_climbs, "src/store/mod.rs", "use self::rows::Row;", "use super::domain::ids;");
    bites(
        no_layer_re_exports_another,
        "src/store/mod.rs",
        "pub use crate::store::rows::Row;",
        "pub use crate::domain::ids::Id;",
    );
    bites(
        no_layer_re_exports_another,
        "src/net/mod.rs",
        "use crate::domain::ids::Id;",
        "pub(crate) use crate::{domain::ids};",
    );
    bites(no_layer_re_exports_another, "src/lib.rs", "pub mod env;", "pub use env::Env;");
}

#[test]
fn long_files_long_functions_and_missing_heads_are_found() {
    let (code, test) = ("fn f() {}\n".repeat(600), "fn t() { g() }\n".repeat(200));
    let tested = format!("{code}#[cfg(test)]\nmod tests {{\n{test}}}\n");
    bites(files_are_short, "src/net/tls.rs", &tested, &format!("{code}fn g() {{}}\n"));
    let body = |lines: usize| {
        format!("fn f<T>(a: [u8; 2]) -> T\nwhere T: Copy {{\n{}}}\n", "    \"}\"; '}'; // }\n".repeat(lines))
    };
    bites(functions_are_short, "src/net/tls.rs", &body(67), &body(68));
    let head = |lines: usize| format!("{}\nuse std::fmt;\n", "//! x\n".repeat(lines));
    bites(every_file_says_what_it_is_for, "src/net/tls.rs", &head(6), &head(7));
    bites(
        every_file_says_what_it_is_for,
        "src/package/manifest.rs",
        &head(30),
        "use std::fmt;\n//! too late\n",
    );
}

#[test]
fn code_in_the_wrong_place_is_found() {
    let expose = "fn f(a: &Address) { a.expose(); }";
    bites(
        personal_data_is_exposed_only_where_listed,
        "src/daemon/health.rs",
        "// .expose()\nfn expose() {}",
        expose,
    );
    bites(
        personal_data_is_exposed_only_where_listed,
        "src/net/tls.rs",
        "",
        "fn f() { x.map(Personal::into_exposed) }",
    );
    assert!(
        personal_data_is_exposed_only_where_listed(&Source::new("src/outbox/smtp.rs", expose)).is_empty()
    );
    let sql = sql_stands_in_the_store_and_the_connectors;
    bites(
        sql,
        "src/workflow/verify.rs",
        "// SELECT a FROM b\nf(\"select one FROM many\")",
        "f(r#\"SELECT a\n FROM b\"#)",
    );
    bites(sql, "src/daemon.rs", "f(\"update us\")", "f(\"UPDATE request SET stage = $1\")");
    bites(
        crates_stay_in_their_layer,
        "src/outbox/smtp.rs",
        "use lettre::transport::smtp;",
        "use async_imap::Session;",
    );
    bites(
        crates_stay_in_their_layer,
        "src/mail/outgoing.rs",
        "use lettre::message::Mailbox;",
        "use lettre::transport::smtp;",
    );
    bites(
        crates_stay_in_their_layer,
        "src/workflow/mod.rs",
        "let pairs = a.zip(b);",
        "fn f(pool: &sqlx::AnyPool) {}",
    );
    bites(
        crates_stay_in_their_layer,
        "src/connectors/sqlite.rs",
        "use sqlx::SqlitePool;",
        "use zip::ZipWriter;",
    );
    bites(
        nothing_sleeps_but_the_loops,
        "src/outbox/smtp.rs",
        "let sleep = 1;",
        "tokio::time::sleep(wait).await;",
    );
    bites(the_rules_and_the_codecs_are_pure, "src/domain/plan.rs", "/// async\nfn f() {}", "async fn f() {}");
    bites(
        the_rules_and_the_codecs_are_pure,
        "src/mail/incoming.rs",
        "let s = \"async\";",
        "fn f() { std::fs::read(p); }",
    );
    bites(names_say_what_a_thing_is, "src/net/mod.rs", "struct Dialler;", "struct TlsManager;");
    bites(names_say_what_a_thing_is, "src/lib.rs", "mod net;", "mod utils;");
}

#[test]
fn work_left_for_later_is_found() {
    let words = ["to+do!()", "unimple+mented!()", "#[igno+re]", "#[igno+re = \"slow\"]", "// FIX+ME: x"];
    for bad in words.map(|word| word.replace('+', "")) {
        bites(nothing_is_left_for_later, "tests/it/x.rs", "// everything is done\n", &bad);
    }
}

#[test]
fn dependencies_without_reason_and_dead_paths_are_found() {
    let manifest = "[package]\nname = \"x\"\n[dependencies]\na = \"1\" # the reason is here\nb = \"1#2\"\nc = { version = \"1\" } #\n\
                    [dev-dependencies]\nd = \"1\"\n[lints.rust]\ne = \"warn\"\n";
    let found = lines_without_reason(manifest);
    assert_eq!(found.len(), 3, "{found:?}");
    let page = "`src/lib.rs`, `domain/ids.rs`, `tests/run`, `text/html`, `connectors/<name>.rs`, `journey_*.rs`, `cargo doc`, \
                `src/gone.rs`, `domain/gone`, `gone/`";
    let dead = dead_paths(root(), page);
    assert_eq!(dead.len(), 3, "{dead:?}");
}

#[test]
fn comments_and_literals_are_told_from_code() {
    let text = "let a = \"x // \\\" y\"; // z \"q\"\nlet b: &'a str = r#\"w\" {\"#; /* { /* { */ */ let c = ('\\'', '{', b'\"', 'ü');";
    let (code, literals) = split(text);
    assert_eq!(code.matches(['{', 'x', 'z', 'w']).count(), 0, "{code}");
    assert!(code.contains("&'a str") && code.contains("let c"), "{code}");
    assert!(
        literals.contains("x // ") && literals.contains("w\" {") && !literals.contains('q'),
        "{literals}"
    );
    assert_eq!((code.len(), literals.len()), (text.len(), text.len()));
}
