//! The `SQLite` connector against a real database file: what each scope selects, what hostile values select (nothing),
//! what an export does when rows vanish, and what `check` finds. See `sqlite.rs`.

use super::Sqlite;
use crate::connectors::{BATCH_KEYS_MAX, Connector, ConnectorError, Severity};
use crate::domain::address::Address;
use crate::domain::directory::{Directory, DirectoryEntry, LookUp};
use crate::domain::keep::Sieve;
use crate::domain::plan::{Category, Reach, Selector, SubjectKeys};
use crate::domain::rows::{RowBatch, Value};
use crate::domain::scope::Scope;
use futures::TryStreamExt;
use jiff::{Timestamp, tz::TimeZone};
use sqlx::Connection;
use tempfile::TempDir;

const SCHEMA: &str = "
CREATE TABLE users (id TEXT PRIMARY KEY, account INTEGER NOT NULL, name TEXT, mail TEXT, phone TEXT, role TEXT);
INSERT INTO users VALUES
  ('u1', 481516, 'Asha Rao', 'Asha@acme.example', '+919812345678', 'owner'),
  ('u2', 481516, 'Ben Otis', 'ben@acme.example', NULL, 'agent'),
  ('u3', 481516, 'No Mail', '', NULL, 'agent'),
  ('u9', 999, 'Zoe', 'zoe@other.example', NULL, 'owner');
CREATE TABLE calls (id INTEGER PRIMARY KEY, account INTEGER, agent TEXT, caller TEXT, callee TEXT, at TEXT,
  seconds INTEGER, note);
CREATE INDEX calls_account ON calls (account);
INSERT INTO calls VALUES
  (2, 481516, 'u1', '+919876543210', '+911111111111', '2025-01-01T00:00:00+05:30', 60, NULL),
  (10, 481516, 'u1', '+911111111111', '+919876543210', '2025-03-31 18:29:59Z', 61, x'00ff'),
  (11, 481516, 'u2', '+919876543210', '+911111111111', '2025-03-31T18:30:00Z', 62, 1.5),
  (12, 481516, 'u2', '+912222222222', '+911111111111', NULL, 63, '=1+1'),
  (13, 481516, 'u1', '+919876543210', '+911111111111', '2026-11-01T00:00:00Z', 64, 'after'),
  (90, 999, 'u9', '+919876543210', '+911111111111', '2025-02-01T00:00:00Z', 65, 'not theirs');
CREATE TABLE recordings (uuid TEXT PRIMARY KEY, account TEXT, agent TEXT, path TEXT, at_ms INTEGER);
INSERT INTO recordings VALUES ('r2', '481516', 'u1', '2025/a.wav', 1738368000000),
  ('r1', '481516', 'u2', '', 1738368000001), ('r9', '999', 'u9', '2025/z.wav', 1738368000000);
CREATE TABLE bills (no INTEGER PRIMARY KEY, account INTEGER, paid REAL, day INTEGER);
INSERT INTO bills VALUES (1, 481516, 99.5, 1735689600), (2, 481516, -1.0, 1743445800), (3, 999, 5.0, 1735689600);
CREATE TABLE loose (key, account, x TEXT);
INSERT INTO loose VALUES (1, 481516, 'a'), (1, 481516, 'b');
CREATE TABLE twice (key TEXT, account INTEGER, x TEXT);
INSERT INTO twice VALUES ('k', 481516, 'a'), ('k', 481516, 'b'), (NULL, 7, 'c');
";

const CALLS: &str = r#"
name = "calls"
title = "Call logs"
purpose = "To bill calls."
source = "crm"
table = "calls"
key = "id"
time_column = "at"
account_column = "account"
user_column = "agent"
number_columns = ["caller", "callee"]
columns = [{ name = "caller", title = "From" }, { name = "seconds", title = "Seconds" }, { name = "note", title = "Note" }]
"#;
const BILLS: &str = r#"
name = "bills"
title = "Bills"
purpose = "To be paid."
source = "crm"
table = "bills"
key = "no"
time_column = "day"
time_format = "epoch_seconds"
account_column = "account"
columns = [{ name = "paid", title = "Paid" }]
"#;
const RECORDINGS: &str = r#"
name = "recordings"
title = "Recordings"
purpose = "To train."
source = "crm"
table = "recordings"
key = "uuid"
time_column = "at_ms"
time_format = "epoch_millis"
account_column = "account"
user_column = "agent"
columns = [{ name = "at_ms", title = "Time" }]
files = { column = "path", root = "/nowhere/recordings" }
"#;

struct World {
    home: TempDir,
    source: Sqlite,
}

impl World {
    async fn new() -> Self {
        let home = tempfile::tempdir().expect("makes a folder");
        let world = Self { source: Sqlite::open("crm", &url(&home)).expect("opens"), home };
        world.run(SCHEMA).await;
        world
    }

    async fn run(&self, sql: &'static str) {
        let url = format!("{}?mode=rwc", url(&self.home));
        let mut writer = sqlx::SqliteConnection::connect(&url).await.expect("connects");
        sqlx::raw_sql(sql).execute(&mut writer).await.expect("runs");
        writer.close().await.expect("closes");
    }

    async fn keys(&self, category: &Category, selector: &Selector) -> Result<Vec<String>, ConnectorError> {
        self.source.plan(category, selector, &Sieve::open(category), 1_000).await.map(|planned| planned.keys)
    }
}

fn url(home: &TempDir) -> String {
    format!("sqlite://{}", home.path().join("crm.db").display())
}

fn category(text: &str) -> Category {
    let category: Category = toml::from_str(text).expect("parses");
    assert_eq!(category.problems(), Vec::<String>::new());
    category
}

fn selector() -> Selector {
    Selector {
        account: Some("481516".to_owned()),
        users: Vec::new(),
        numbers: Vec::new(),
        from: None,
        to: None,
        zone: TimeZone::get("Asia/Kolkata").expect("is known"),
        as_of: "2026-10-01T00:00:00Z".parse().expect("parses"),
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[tokio::test]
async fn each_scope_selects_its_rows_and_no_others() {
    let world = World::new().await;
    let (calls, bills, recordings) = (category(CALLS), category(BILLS), category(RECORDINGS));
    let day = |text: &str| Some(text.parse().expect("is a day"));
    let cases = [
        (selector(), ["2 10 11 12", "1 2", "r1 r2"]),
        (Selector { users: words(&["u1"]), ..selector() }, ["2 10", "", "r2"]),
        (Selector { users: words(&["u1", "u2"]), ..selector() }, ["2 10 11 12", "", "r1 r2"]),
        (Selector { users: words(&["u9"]), ..selector() }, ["", "", ""]),
        (Selector { numbers: words(&["+919876543210"]), ..selector() }, ["2 10 11", "", ""]),
        (
            Selector { numbers: words(&["+912222222222", "+919876543210"]), ..selector() },
            ["2 10 11 12", "", ""],
        ),
        (
            Selector { users: words(&["u2"]), numbers: words(&["+919876543210"]), ..selector() },
            ["11", "", ""],
        ),
        // The days begin and end at midnight in India, 18:30 UTC.
        (Selector { from: day("2025-01-01"), to: day("2025-03-31"), ..selector() }, ["2 10", "1", "r1 r2"]),
        (Selector { from: day("2025-01-02"), ..selector() }, ["10 11", "2", "r1 r2"]),
        (Selector { to: day("2024-12-31"), ..selector() }, ["", "", ""]),
        (Selector { from: day("2025-03-31"), to: day("2025-01-01"), ..selector() }, ["", "", ""]),
        (
            Selector { as_of: "2027-01-01T00:00:00Z".parse().expect("parses"), ..selector() },
            ["2 10 11 12 13", "1 2", "r1 r2"],
        ),
        (Selector { account: None, users: words(&["u2"]), ..selector() }, ["11 12", "", "r1"]),
    ];
    for (selector, expected) in cases {
        for (category, expected) in [&calls, &bills, &recordings].into_iter().zip(expected) {
            let keys = world.keys(category, &selector).await.expect("plans");
            assert_eq!(keys.join(" "), expected, "{} {selector:?}", category.name);
        }
    }
}

#[tokio::test]
async fn hostile_values_select_nothing_beyond_the_subject() {
    let world = World::new().await;
    let calls = category(CALLS);
    let hostile = [
        "1 OR 1=1",
        "' OR '1'='1",
        "\" OR \"\"=\"",
        "%",
        "*",
        "_",
        "4",
        "481516%",
        "481516 OR 1=1",
        "481516;--",
        "NULL",
        "account",
        "t.account",
        "$1",
        "?1",
        "x' UNION SELECT id, 1 FROM calls --",
        "0 or id > 0",
        "-1",
        "481516\0",
        "９９９",
        "1e400",
        "true",
        "(SELECT account FROM calls)",
    ];
    for value in hostile {
        let at = |change: fn(&mut Selector, Vec<String>)| {
            let mut selector = selector();
            change(&mut selector, words(&[value]));
            selector
        };
        let cases = [
            at(|selector, value| selector.account = value.into_iter().next()),
            at(|selector, value| selector.users = value),
            at(|selector, value| selector.numbers = value),
        ];
        for selector in cases {
            assert_eq!(
                world.keys(&calls, &selector).await.expect("plans"),
                Vec::<String>::new(),
                "{value:?}"
            );
        }
    }
    let blank = [
        Selector { account: None, ..selector() },
        Selector { account: Some(String::new()), ..selector() },
        Selector { account: Some(" \t".to_owned()), ..selector() },
        Selector { users: words(&["u1", ""]), ..selector() },
        Selector { numbers: words(&[" "]), ..selector() },
    ];
    for selector in blank {
        let refused = world.keys(&calls, &selector).await;
        assert!(matches!(refused, Err(ConnectorError::Unbounded(_))), "{selector:?}");
    }
}

#[test]
fn a_person_without_a_user_key_never_gets_the_account() {
    let check = |user: Option<&str>, reach: Reach, expected: Option<&[&str]>| {
        let subject = SubjectKeys { account: "481516".to_owned(), user: user.map(str::to_owned) };
        let selector = Selector::of(&subject, reach, &Scope::default(), TimeZone::UTC, Timestamp::UNIX_EPOCH);
        assert_eq!(selector.map(|selector| selector.users), expected.map(words));
    };
    check(Some("u1"), Reach::Account, Some(&[]));
    check(Some("u1"), Reach::Own, Some(&["u1"]));
    check(None, Reach::Own, None);
    check(Some(""), Reach::Own, None);
    check(None, Reach::Users(Vec::new()), None);
    check(None, Reach::Users(words(&["u2"])), Some(&["u2"]));
}

#[tokio::test]
async fn a_misspelt_column_is_an_error_and_never_a_word() {
    let world = World::new().await;
    // SQLite would read "acount" as the text 'acount', and this account would then own every row.
    let calls = Category { account_column: "acount".to_owned(), ..category(CALLS) };
    let selector = Selector { account: Some("acount".to_owned()), ..selector() };
    let failed = world.keys(&calls, &selector).await.expect_err("is refused");
    assert!(failed.to_string().contains("no such column"), "{failed}");
    assert!(!failed.is_transient());
    let quoted = Category { table: "calls\" WHERE 1 --".to_owned(), ..category(CALLS) };
    let failed = world.keys(&quoted, &selector).await.expect_err("is refused");
    assert!(failed.to_string().contains("no such table"), "{failed}");
}

#[tokio::test]
async fn keys_that_cannot_name_a_row_and_floods_stop_the_plan() {
    let world = World::new().await;
    let twice = Category {
        table: "twice".to_owned(),
        key: "key".to_owned(),
        time_column: None,
        user_column: None,
        number_columns: Vec::new(),
        ..category(CALLS)
    };
    let failed = world.keys(&twice, &selector()).await.expect_err("is refused");
    assert!(failed.to_string().contains("the same key twice"), "{failed}");
    let empty = Selector { account: Some("7".to_owned()), ..selector() };
    let failed = world.keys(&twice, &empty).await.expect_err("is refused");
    assert!(failed.to_string().contains("is empty in some row"), "{failed}");
    let failed = world
        .source
        .plan(&category(CALLS), &selector(), &Sieve::open(&category(CALLS)), 3)
        .await
        .expect_err("is refused");
    assert!(matches!(failed, ConnectorError::TooManyRows { keys_max: 3, .. }), "{failed}");
}

#[tokio::test]
async fn an_export_hands_out_the_frozen_rows_and_tells_what_is_gone() {
    let world = World::new().await;
    let calls = category(CALLS);
    let planned = world.source.plan(&calls, &selector(), &Sieve::open(&calls), 10).await.expect("plans");
    assert_eq!(planned.count, 4);
    assert_eq!(planned.first.map(|time| time.to_string()).as_deref(), Some("2024-12-31T18:30:00Z"));
    assert_eq!(planned.last.map(|time| time.to_string()).as_deref(), Some("2025-03-31T18:30:00Z"));
    world.run("DELETE FROM calls WHERE id = 10; INSERT INTO calls (id, account, caller) VALUES (14, 481516, 'new');").await;
    let batches: Vec<RowBatch> =
        world.source.export(&calls, &planned.keys).try_collect().await.expect("exports");
    let [batch] = batches.as_slice() else { panic!("one batch, not {}", batches.len()) };
    assert_eq!(batch.gone, words(&["10"]));
    assert_eq!(batch.columns.join(","), "caller,seconds,note");
    let text = |text: &str| Value::Text(text.to_owned());
    assert_eq!(
        batch.rows,
        vec![
            vec![text("+919876543210"), Value::Int(60), Value::Null],
            vec![text("+919876543210"), Value::Int(62), Value::Real(1.5)],
            vec![text("+912222222222"), Value::Int(63), text("=1+1")],
        ]
    );
    let recordings = category(RECORDINGS);
    let batches: Vec<RowBatch> =
        world.source.export(&recordings, &words(&["r1", "r2"])).try_collect().await.expect("exports");
    let files: Vec<_> = batches.iter().flat_map(|batch| &batch.files).collect();
    assert_eq!(files.len(), 1, "an empty path is no file");
    assert_eq!((files[0].row, files[0].path.expose().as_str()), (1, "2025/a.wav"));
}

#[tokio::test]
async fn many_keys_come_in_bounded_batches_in_their_order() {
    let world = World::new().await;
    world
        .run(
            "WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 2233) \
              INSERT INTO calls (id, account, caller, seconds) SELECT i, 42, 'x', i FROM n;",
        )
        .await;
    let calls = category(CALLS);
    let selector = Selector { account: Some("42".to_owned()), ..selector() };
    let planned = world.source.plan(&calls, &selector, &Sieve::open(&calls), 5_000).await.expect("plans");
    let batches: Vec<RowBatch> =
        world.source.export(&calls, &planned.keys).try_collect().await.expect("exports");
    let sizes: Vec<usize> = batches.iter().map(|batch| batch.rows.len()).collect();
    assert_eq!(sizes, [BATCH_KEYS_MAX, BATCH_KEYS_MAX, 234]);
    let seconds = batches.iter().flat_map(|batch| &batch.rows).map(|row| row[1].clone());
    assert!(seconds.eq((1000..=2233).map(Value::Int)));
}

#[tokio::test]
async fn the_source_is_never_written() {
    let world = World::new().await;
    for sql in ["DELETE FROM calls RETURNING id AS subject", "UPDATE calls SET account = 1 WHERE caller = $1"]
    {
        let directory = Directory { by_address: sql.to_owned(), ..directory() };
        let query = directory.query(LookUp::Address(Address::parse("a@b.example").expect("parses")));
        let failed = world.source.resolve(&query).await.expect_err("is refused");
        assert!(failed.to_string().contains("readonly"), "{failed}");
    }
    let absent = Sqlite::open("crm", &format!("sqlite://{}", world.home.path().join("absent.db").display()));
    let failed = absent.expect("opens").check(&[], None).await.expect_err("is not created");
    assert!(failed.is_transient(), "{failed}");
    assert!(!world.home.path().join("absent.db").exists());
    assert!(matches!(Sqlite::open("crm", "sqlite::memory:"), Err(ConnectorError::BadUrl { .. })));
}

fn directory() -> Directory {
    let select =
        "SELECT id AS subject, account, name, mail AS address, phone, role, id AS user FROM users WHERE";
    Directory {
        source: "crm".to_owned(),
        by_address: format!("{select} lower(mail) LIKE '%' || $1 || '%'"),
        by_account: format!("{select} account = $1"),
        by_number: format!("{select} phone = $1"),
    }
}

#[tokio::test]
async fn the_directory_answers_only_about_who_was_asked_for() {
    let world = World::new().await;
    let address = |text: &str| LookUp::Address(Address::parse(text).expect("parses"));
    let cases = [
        (address("asha@acme.example"), "u1"),
        // The operator's LIKE finds her for this too; being alike is not being her.
        (address("sha@acme.example"), ""),
        (address("%@acme.example"), ""),
        (LookUp::Account("481516".to_owned()), "u1 u2"),
        (LookUp::Account("481516 OR 1=1".to_owned()), ""),
        (LookUp::Number("+919812345678".into()), "u1"),
        (LookUp::Number("' OR 1=1 --".into()), ""),
    ];
    for (look_up, expected) in cases {
        let told = format!("{look_up:?}");
        let found = world.source.resolve(&directory().query(look_up)).await.expect("resolves");
        let subjects: Vec<_> = found.iter().map(|entry| entry.subject.as_str()).collect();
        assert_eq!(subjects.join(" "), expected, "{told}");
    }
    let found =
        world.source.resolve(&directory().query(address("asha@acme.example"))).await.expect("resolves");
    let expected = DirectoryEntry {
        subject: "u1".to_owned(),
        account: "481516".to_owned(),
        name: "Asha Rao".into(),
        address: Address::parse("asha@acme.example").expect("parses"),
        phone: Some("+919812345678".into()),
        role: "owner".to_owned(),
        user: Some("u1".to_owned()),
        regime: None,
    };
    assert_eq!(found, [expected]);
}

#[tokio::test]
async fn check_says_what_is_missing_and_what_to_do() {
    let world = World::new().await;
    let root = world.home.path().join("recordings");
    std::fs::create_dir(&root).expect("makes a folder");
    let mut recordings = category(RECORDINGS);
    recordings.files.as_mut().expect("has files").root = root;
    let (calls, bills) = (category(CALLS), category(BILLS));
    let findings = async |category: &Category| {
        let health = world.source.check(&[category], None).await.expect("answers");
        assert!(health.version.starts_with("SQLite 3."), "{}", health.version);
        assert!(health.findings.iter().all(|finding| !finding.remedy.is_empty()));
        let told = |finding: &crate::connectors::Finding| match finding.severity {
            Severity::Broken => format!("broken {}", finding.what),
            Severity::Advice => format!("advice {}", finding.what),
        };
        health.findings.iter().map(told).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(findings(&calls).await, "");
    assert_eq!(findings(&bills).await, "advice bills: table bills: no index begins with account");
    assert_eq!(
        findings(&recordings).await,
        "advice recordings: table recordings: no index begins with account"
    );
    let absent = Category { table: "call".to_owned(), ..category(CALLS) };
    assert_eq!(findings(&absent).await, "broken calls: table call does not exist");
    let column = Category { user_column: Some("user".to_owned()), ..category(CALLS) };
    assert_eq!(findings(&column).await, "broken calls: table calls has no column user");
    let format = Category { time_column: Some("seconds".to_owned()), ..category(CALLS) };
    assert_eq!(
        findings(&format).await,
        "broken calls: table calls: seconds holds moments that are not ISO 8601 text"
    );
    let unmounted = findings(&category(RECORDINGS)).await;
    assert!(unmounted.contains("/nowhere/recordings cannot be read"), "{unmounted}");
    let loose = Category {
        table: "loose".to_owned(),
        key: "key".to_owned(),
        columns: vec![crate::domain::plan::Column { name: "x".to_owned(), title: "X".to_owned() }],
        time_column: None,
        ..category(BILLS)
    };
    assert_eq!(
        findings(&loose).await,
        "advice bills: table loose: nothing makes key unique\n\
         broken bills: table loose: key has no declared type\n\
         broken bills: table loose: account has no declared type\n\
         advice bills: table loose: no index begins with account"
    );
}

#[tokio::test]
async fn check_prepares_the_directory_queries() {
    let world = World::new().await;
    let health = world.source.check(&[], Some(&directory())).await.expect("answers");
    assert_eq!(health.findings, []);
    let wrong = Directory {
        by_address: "SELECT id AS subject FROM users WHERE mail = $1".to_owned(),
        by_account: directory().by_account.replace("$1", "1"),
        by_number: "SELECT absent FROM users".to_owned(),
        ..directory()
    };
    let health = world.source.check(&[], Some(&wrong)).await.expect("answers");
    let found: Vec<_> = health.findings.iter().map(|finding| finding.what.as_str()).collect();
    assert_eq!(found.len(), 7, "{found:?}");
    assert_eq!(found[0], "directory.by_address answers without a column account");
    assert_eq!(found[5], "directory.by_account does not take exactly one parameter");
    assert!(found[6].contains("no such column: absent"), "{}", found[6]);
}
