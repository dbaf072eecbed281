//! What every data system promises, on a real database of each kind: the same rows, the same questions, the same answers.
//! Types of their own and what `dsrd check` finds stand beside each connector. `src/connectors/mod.rs` has the promises.

use async_trait::async_trait;
use dsrd::connectors::{Connector, Connectors, Erased, Gate, GateClosed, SourceKind, SourceSettings};
use dsrd::domain::hold::{Hold, HoldScope};
use dsrd::domain::keep::{RowFacts, Sieve};
use dsrd::domain::plan::{Category, Selector};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sqlx::{AssertSqlSafe, Connection};
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use tempfile::TempDir;

/// Makes a test of each case for every kind of source.
macro_rules! on_every_source {
    ($($name:ident),+ $(,)?) => {
        $(mod $name {
            #[tokio::test]
            async fn sqlite() {
                super::$name(super::Company::sqlite().await).await;
            }

            #[tokio::test]
            async fn postgres() {
                super::$name(super::Company::postgres().await).await;
            }
        })+
    };
}

on_every_source!(
    only_the_rows_of_the_keys_go_and_twice_is_once,
    what_the_gate_keeps_stays_and_a_closed_gate_lets_nothing_go,
    a_row_later_than_the_plan_stays_though_its_key_is_in_it,
    files_go_before_the_rows_that_name_them_save_shared_ones,
    floors_and_holds_stand_apart_in_a_plan,
    each_scope_selects_its_rows_and_hostile_values_none,
    the_whole_table_can_be_read_through_page_by_page,
);

const ROWS: &str = "
CREATE TABLE calls (id INTEGER PRIMARY KEY, account INTEGER, agent TEXT, caller TEXT, callee TEXT, at TEXT);
INSERT INTO calls VALUES
  (2, 481516, 'u1', '+911', '+912', '2025-01-01T00:00:00Z'),
  (10, 481516, 'u1', '+912', '+911', '2025-03-31T18:29:59Z'),
  (11, 481516, 'u2', '+911', '+913', '2025-03-31T18:30:00Z'),
  (12, 481516, 'u2', '+914', '+912', NULL),
  (13, 481516, 'u1', '+911', '+912', '2026-11-01T00:00:00Z'),
  (90, 999, 'u9', '+911', '+912', '2025-02-01T00:00:00Z');
CREATE TABLE tapes (id TEXT PRIMARY KEY, account TEXT, agent TEXT, path TEXT, at TEXT);
INSERT INTO tapes VALUES ('r1', '481516', 'u1', 'a.wav', '2025-01-01T00:00:00Z'),
  ('r2', '481516', 'u1', '', '2025-01-01T00:00:00Z'), ('r3', '481516', 'u2', 'shared.wav', '2025-01-01T00:00:00Z'),
  ('r4', '481516', 'u2', 'lost.wav', '2025-01-01T00:00:00Z'), ('r9', '999', 'u9', 'shared.wav', '2025-02-01T00:00:00Z');
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
columns = [{ name = "caller", title = "From" }]
"#;

/// A company's database with a folder of recordings.
struct Company {
    home: TempDir,
    source: Arc<dyn Connector>,
    url: String,
}

impl Company {
    async fn sqlite() -> Self {
        let home = TempDir::new().unwrap();
        let url = format!("sqlite://{}", home.path().join("crm.db").display());
        Self::furnish(home, SourceKind::Sqlite, url).await
    }

    async fn postgres() -> Self {
        Self::furnish(TempDir::new().unwrap(), SourceKind::Postgres, crate::rig::fresh_postgres("crm")).await
    }

    async fn furnish(home: TempDir, kind: SourceKind, url: String) -> Self {
        std::fs::create_dir(home.path().join("tapes")).unwrap();
        for file in ["a.wav", "shared.wav"] {
            std::fs::write(home.path().join("tapes").join(file), "RIFF").unwrap();
        }
        let settings = SourceSettings { name: "crm".to_owned(), kind, url: url.clone(), erase_url: None };
        let source = Arc::clone(Connectors::open(&[settings]).unwrap().get("crm").unwrap());
        let company = Self { home, source, url };
        match kind {
            SourceKind::Sqlite => company.run(ROWS).await,
            // The same rows, with the types that such a database would give them.
            SourceKind::Postgres => {
                let sql =
                    ROWS.replace("at TEXT", "at timestamptz").replace("account INTEGER", "account bigint");
                let mut writer = sqlx::PgConnection::connect(&company.url).await.unwrap();
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut writer).await.unwrap();
                writer.close().await.unwrap();
            }
        }
        company
    }

    async fn run(&self, sql: &str) {
        let mut writer = sqlx::SqliteConnection::connect(&format!("{}?mode=rwc", self.url)).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut writer).await.unwrap();
        writer.close().await.unwrap();
    }

    fn files(&self) -> Vec<String> {
        let folder = std::fs::read_dir(self.home.path().join("tapes")).unwrap();
        let mut names: Vec<_> = folder.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Every key of a category's table, with a space between.
    async fn left(&self, category: &Category) -> String {
        let rows = self.source.page(category, None, None, 100).await.unwrap();
        rows.into_iter().map(|row| row.key).collect::<Vec<_>>().join(" ")
    }

    async fn erase(&self, category: &Category, keys: &str, gate: &dyn Gate) -> Erased {
        self.source.erase(category, &words(keys), as_of(), gate).await.unwrap()
    }
}

/// Keeps the keys that it was told to, and remembers what it was asked.
#[derive(Default)]
struct Keeping {
    keys: Vec<String>,
    asked: Mutex<Vec<RowFacts>>,
}

#[async_trait]
impl Gate for Keeping {
    async fn admit(&self, rows: &[RowFacts]) -> Result<Vec<String>, GateClosed> {
        self.asked.lock().unwrap().extend(rows.iter().cloned());
        let kept = rows.iter().filter(|row| self.keys.contains(&row.key));
        Ok(kept.map(|row| row.key.clone()).collect())
    }
}

struct Shut;

#[async_trait]
impl Gate for Shut {
    async fn admit(&self, _: &[RowFacts]) -> Result<Vec<String>, GateClosed> {
        Err(GateClosed("the ledger cannot be written".to_owned()))
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn as_of() -> Timestamp {
    "2026-10-01T00:00:00Z".parse().unwrap()
}

fn calls() -> Category {
    toml::from_str(CALLS).unwrap()
}

fn tapes(root: &Path) -> Category {
    let text = CALLS.replace("\"calls\"", "\"tapes\"").replace(
        "number_columns = [\"caller\", \"callee\"]\ncolumns = [{ name = \"caller\", title = \"From\" }]",
        "columns = [{ name = \"path\", title = \"File\" }]",
    );
    let files = format!("files = {{ column = \"path\", root = \"{}\" }}", root.join("tapes").display());
    toml::from_str(&format!("{text}{files}")).unwrap()
}

fn selector() -> Selector {
    Selector {
        account: Some("481516".to_owned()),
        users: Vec::new(),
        numbers: Vec::new(),
        from: None,
        to: None,
        zone: TimeZone::UTC,
        as_of: as_of(),
    }
}

async fn only_the_rows_of_the_keys_go_and_twice_is_once(company: Company) {
    let calls = calls();
    let gate = Keeping::default();
    let erased = company.erase(&calls, "2 11 4711", &gate).await;
    assert_eq!(erased, Erased { deleted: 2, files: 0, stayed: Vec::new() });
    assert_eq!(company.left(&calls).await, "10 12 13 90");
    let seen = gate.asked.lock().unwrap().clone();
    let whose: Vec<_> =
        seen.iter().map(|row| (row.key.as_str(), row.account.clone(), row.user.clone())).collect();
    assert_eq!(whose.len(), 2);
    assert!(whose.contains(&("11", Some("481516".into()), Some("u2".into()))), "{whose:?}");
    assert!(seen.iter().any(|row| row.numbers == ["+911".into(), "+913".into()]));
    assert!(seen.iter().any(|row| row.moment == Some("2025-01-01T00:00:00Z".parse().unwrap())));
    // A second time deletes nothing more (standard R6), and hostile keys name no row.
    assert_eq!(company.erase(&calls, "2 11 4711", &gate).await.deleted, 0);
    for hostile in ["%", "' OR 1=1 --", "1 OR 1=1", "*", "10;DROP TABLE calls"] {
        let erased = company.source.erase(&calls, &[hostile.to_owned()], as_of(), &gate).await.unwrap();
        assert_eq!(erased.deleted, 0, "{hostile}");
    }
    assert_eq!(company.left(&calls).await, "10 12 13 90");
}

async fn what_the_gate_keeps_stays_and_a_closed_gate_lets_nothing_go(company: Company) {
    let calls = calls();
    let closed = company.source.erase(&calls, &words("2 10"), as_of(), &Shut).await.unwrap_err();
    assert!(closed.to_string().contains("the ledger cannot be written") && closed.is_transient(), "{closed}");
    assert_eq!(company.left(&calls).await, "2 10 11 12 13 90");
    let gate = Keeping { keys: words("10"), ..Keeping::default() };
    let erased = company.erase(&calls, "2 10 11", &gate).await;
    assert_eq!(erased, Erased { deleted: 2, files: 0, stayed: words("10") });
    assert_eq!(company.left(&calls).await, "10 12 13 90");
}

async fn a_row_later_than_the_plan_stays_though_its_key_is_in_it(company: Company) {
    let calls = calls();
    let erased = company.erase(&calls, "12 13", &Keeping::default()).await;
    assert_eq!(erased.deleted, 1, "a row without a moment belongs to the plan, a later one does not");
    assert_eq!(company.left(&calls).await, "2 10 11 13 90");
}

async fn files_go_before_the_rows_that_name_them_save_shared_ones(company: Company) {
    let tapes = tapes(company.home.path());
    let gate = Keeping { keys: words("r1"), ..Keeping::default() };
    assert_eq!(company.erase(&tapes, "r1", &gate).await.files, 0);
    assert_eq!(company.files(), ["a.wav", "shared.wav"], "a row that stays keeps its file");
    let erased = company.erase(&tapes, "r1 r2 r3 r4", &Keeping::default()).await;
    assert_eq!((erased.deleted, erased.files), (4, 1), "one file is shared, one is lost, one is none");
    assert_eq!(company.files(), ["shared.wav"], "another account's row names it too");
    assert_eq!(company.left(&tapes).await, "r9");
    std::fs::rename(company.home.path().join("tapes"), company.home.path().join("away")).unwrap();
    let lost = company.source.erase(&tapes, &words("r9"), as_of(), &Keeping::default()).await.unwrap_err();
    assert!(lost.to_string().contains("the configured root"), "{lost}");
    assert_eq!(company.left(&tapes).await, "r9", "no row goes while its file cannot");
}

async fn floors_and_holds_stand_apart_in_a_plan(company: Company) {
    let mut calls = calls();
    calls.keep = toml::from_str::<toml::Table>("keep = [{ years = 2, citation = \"law\" }]").unwrap()["keep"]
        .clone()
        .try_into()
        .unwrap();
    let now = "2027-02-01T00:00:00Z".parse().unwrap();
    let hold = Hold {
        id: "H-1".to_owned(),
        scope: HoldScope { number: Some("+914".into()), ..HoldScope::default() },
        ground: "order".to_owned(),
        citation: "Court".to_owned(),
        owner: "meera".to_owned(),
        placed_at: now,
        review_on: "2027-04-01".parse().unwrap(),
        request: None,
    };
    let check = async |holds: &[Hold], free: &str, kept: &[(&str, &str)]| {
        let sieve = Sieve::of(&calls, holds, &TimeZone::UTC, now);
        let planned = company.source.plan(&calls, &selector(), &sieve, 100).await.unwrap();
        assert_eq!(planned.keys.join(" "), free);
        let parts: Vec<_> =
            planned.kept.iter().map(|part| (part.kept.citation.clone(), part.keys.join(" "))).collect();
        let parts: Vec<_> = parts.iter().map(|(why, keys)| (why.as_str(), keys.as_str())).collect();
        assert_eq!(parts, kept);
    };
    check(&[], "2", &[("law", "12"), ("law", "10 11")]).await;
    check(&[hold], "2", &[("Court", "12"), ("law", "10 11")]).await;
    let open = company.source.plan(&calls, &selector(), &Sieve::open(&calls), 100).await.unwrap();
    assert_eq!((open.keys.join(" ").as_str(), open.kept.len()), ("2 10 11 12", 0));
    assert_eq!(company.source.size(&calls).await.unwrap(), 6);
}

async fn each_scope_selects_its_rows_and_hostile_values_none(company: Company) {
    let calls = calls();
    let keys = async |selector: Selector| {
        let planned = company.source.plan(&calls, &selector, &Sieve::open(&calls), 100).await.unwrap();
        planned.keys.join(" ")
    };
    assert_eq!(keys(selector()).await, "2 10 11 12");
    assert_eq!(keys(Selector { users: words("u1"), ..selector() }).await, "2 10");
    assert_eq!(keys(Selector { numbers: words("+913 +914"), ..selector() }).await, "11 12");
    let (from, to) = ("2025-03-31".parse().ok(), "2025-03-31".parse().ok());
    assert_eq!(keys(Selector { from, to, ..selector() }).await, "10 11");
    let hostile =
        ["1 OR 1=1", "' OR '1'='1", "%", "*", "481516;--", "NULL", "$1", "-1", "481516\0", "1e400", "true"];
    for value in hostile {
        let value = value.to_owned();
        assert_eq!(keys(Selector { account: Some(value.clone()), ..selector() }).await, "", "{value:?}");
        assert_eq!(keys(Selector { users: vec![value.clone()], ..selector() }).await, "", "{value:?}");
        assert_eq!(keys(Selector { numbers: vec![value.clone()], ..selector() }).await, "", "{value:?}");
    }
    let blank = Selector { account: Some(" ".to_owned()), ..selector() };
    assert!(company.source.plan(&calls, &blank, &Sieve::open(&calls), 100).await.is_err());
    let flood = company.source.plan(&calls, &selector(), &Sieve::open(&calls), 3).await.unwrap_err();
    assert!(flood.to_string().contains("more than 3 rows"), "{flood}");
    let health = company.source.check(&[&calls], None).await.unwrap();
    let advice: Vec<_> = health.findings.iter().map(|finding| finding.what.as_str()).collect();
    assert!(advice.contains(&"calls: table calls: no index begins with account"), "{advice:?}");
    let wrong = Category { account_column: "acount".to_owned(), ..calls.clone() };
    let health = company.source.check(&[&wrong], None).await.unwrap();
    assert_eq!(health.findings[0].what, "calls: table calls has no column acount");
}

async fn the_whole_table_can_be_read_through_page_by_page(company: Company) {
    let calls = calls();
    let mut read = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = company.source.page(&calls, None, after.as_deref(), 4).await.unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 4);
        after = Some(last.key.clone());
        read.extend(page.into_iter().map(|row| row.key));
    }
    assert_eq!(read.join(" "), "2 10 11 12 13 90");
    let old =
        company.source.page(&calls, Some("2025-03-01T00:00:00Z".parse().unwrap()), None, 100).await.unwrap();
    assert_eq!(old.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["2", "90"]);
}
