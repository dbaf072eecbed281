//! What every data system promises, on a real database of each kind: the same rows, the same questions, the same answers.
//! Types of their own and what `dsrd check` finds stand beside each connector. `src/connectors/mod.rs` has the promises.

use async_trait::async_trait;
use dsrd::connectors::{
    Connector, Connectors, Erased, Gate, GateClosed, Severity, SourceKind, SourceSettings,
};
use dsrd::domain::hold::{Hold, HoldScope};
use dsrd::domain::keep::{DeletePermission, RowFacts, Sieve};
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
    what_hangs_on_a_row_keeps_it_whatever_the_key_would_do,
    keys_of_several_columns_and_to_the_own_table_are_followed,
    check_tells_what_a_deletion_would_take_along,
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
    kind: SourceKind,
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
        let company = Self { home, source, kind, url };
        match kind {
            SourceKind::Sqlite => company.run(ROWS).await,
            // The same rows, with the types that such a database would give them.
            SourceKind::Postgres => {
                let sql =
                    ROWS.replace("at TEXT", "at timestamptz").replace("account INTEGER", "account bigint");
                company.run(&sql).await;
            }
        }
        company
    }

    /// What the company's own programs write.
    async fn run(&self, sql: &str) {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match self.kind {
            SourceKind::Sqlite => {
                let url = format!("{}?mode=rwc", self.url);
                let mut writer = sqlx::SqliteConnection::connect(&url).await.unwrap();
                sql.execute(&mut writer).await.unwrap();
                writer.close().await.unwrap();
            }
            SourceKind::Postgres => {
                let mut writer = sqlx::PgConnection::connect(&self.url).await.unwrap();
                sql.execute(&mut writer).await.unwrap();
                writer.close().await.unwrap();
            }
        }
    }

    /// What a query for one text answers.
    async fn asks(&self, sql: &str) -> String {
        let query = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()));
        match self.kind {
            SourceKind::Sqlite => {
                let mut reader = sqlx::SqliteConnection::connect(&self.url).await.unwrap();
                query.fetch_one(&mut reader).await.unwrap()
            }
            SourceKind::Postgres => {
                let mut reader = sqlx::PgConnection::connect(&self.url).await.unwrap();
                sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut reader).await.unwrap()
            }
        }
    }

    /// The same database as another of its users sees it.
    fn as_user(&self, name: &str, password: &str) -> Arc<dyn Connector> {
        let (_, place) = self.url.rsplit_once('@').unwrap();
        let url = format!("postgres://{name}:{password}@{place}");
        let settings = SourceSettings { name: "crm".to_owned(), kind: self.kind, url, erase_url: None };
        Arc::clone(Connectors::open(&[settings]).unwrap().get("crm").unwrap())
    }

    /// Nothing goes, because rows hang on what was to go.
    async fn refuses(&self, category: &Category, keys: &str, told: &str) {
        let (gate, before) = (Keeping::default(), self.left(category).await);
        let refused = self.source.erase(category, &words(keys), as_of(), &gate).await.unwrap_err();
        assert!(!refused.is_transient() && refused.to_string().contains(told), "{told}: {refused}");
        assert_eq!(self.left(category).await, before);
        assert!(gate.asked.lock().unwrap().is_empty(), "and nothing is written down as deleted");
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

async fn what_hangs_on_a_row_keeps_it_whatever_the_key_would_do(company: Company) {
    let calls = calls();
    for (action, gone) in [
        ("CASCADE", "11"),
        ("SET NULL", "12"),
        ("SET DEFAULT", "13"),
        ("RESTRICT", "10"),
        ("NO ACTION", "90"),
    ] {
        company
            .run(&format!(
                "CREATE TABLE \"Call \"\"notes\" (id INTEGER PRIMARY KEY, \"the call\" INTEGER DEFAULT 90 REFERENCES calls \
                 ON DELETE {action} DEFERRABLE INITIALLY DEFERRED); \
                 INSERT INTO \"Call \"\"notes\" VALUES (1, 2), (2, 2), (3, NULL);"
            ))
            .await;
        company.refuses(&calls, &format!("2 {gone}"), "2 rows of table ").await;
        company.refuses(&calls, "2", "notes").await;
        let hanging = "SELECT CAST(count(*) AS TEXT) FROM \"Call \"\"notes\" WHERE \"the call\" = 2";
        assert_eq!(company.asks(hanging).await, "2", "{action}");
        // What nothing hangs on goes as ever; a later row of calls is not of the plan.
        let erased = company.erase(&calls, gone, &Keeping::default()).await;
        assert_eq!(erased.deleted, u64::from(gone != "13"), "{action}");
        company.run("DROP TABLE \"Call \"\"notes\"").await;
    }
    assert_eq!(
        company.erase(&calls, "2", &Keeping::default()).await.deleted,
        1,
        "nothing hangs on it any more"
    );
}

async fn keys_of_several_columns_and_to_the_own_table_are_followed(company: Company) {
    let calls = calls();
    company
        .run(
            "CREATE UNIQUE INDEX pair ON calls (account, id); \
             CREATE TABLE lines (id INTEGER PRIMARY KEY, of_call INTEGER, of_account BIGINT, \
             FOREIGN KEY (of_account, of_call) REFERENCES calls (account, id) ON DELETE CASCADE); \
             INSERT INTO lines VALUES (1, 12, 481516), (2, 10, NULL);",
        )
        .await;
    company.refuses(&calls, "12", "1 rows of table lines hang on the rows of calls").await;
    company.run("DELETE FROM lines WHERE id = 1").await;
    assert_eq!(company.erase(&calls, "12", &Keeping::default()).await.deleted, 1, "half a key is none");

    company
        .run(
            "ALTER TABLE calls ADD COLUMN first INTEGER REFERENCES calls (id) ON DELETE CASCADE; \
             UPDATE calls SET first = 2 WHERE id = 11; UPDATE calls SET first = 10 WHERE id = 13;",
        )
        .await;
    company.refuses(&calls, "2", "1 rows of table calls").await;
    company.refuses(&calls, "10 13", "1 rows of table calls").await;
    let gate = Keeping { keys: words("11"), ..Keeping::default() };
    let held = company.source.erase(&calls, &words("2 11"), as_of(), &gate).await.unwrap_err();
    assert!(
        held.to_string().contains("1 rows of table calls"),
        "what is held keeps what it hangs on: {held}"
    );
    let gate = Keeping::default();
    assert_eq!(company.erase(&calls, "2 11", &gate).await.deleted, 2);
    assert_eq!(gate.asked.lock().unwrap().len(), 2, "the gate has seen both, none went unasked");
    assert_eq!(company.left(&calls).await, "10 13 90");
}

async fn check_tells_what_a_deletion_would_take_along(company: Company) {
    company
        .run(
            "CREATE TABLE notes (id INTEGER PRIMARY KEY, account TEXT, call_id INTEGER REFERENCES calls ON DELETE CASCADE);",
        )
        .await;
    let calls = calls();
    let text = CALLS.replace("\"calls\"", "\"notes\"").replace("time_column = \"at\"\n", "");
    let text = text.replace("user_column = \"agent\"\nnumber_columns = [\"caller\", \"callee\"]\n", "");
    let notes: Category = toml::from_str(&text.replace("name = \"caller\"", "name = \"call_id\"")).unwrap();
    let kept = Category { delete: DeletePermission::Kept("for the auditors".to_owned()), ..notes.clone() };
    let told = async |categories: &[&Category]| {
        let health = company.source.check(categories, None).await.unwrap();
        let hanging = health.findings.into_iter().filter(|finding| finding.what.contains("hang"));
        hanging.map(|finding| (finding.severity, finding.what)).collect::<Vec<_>>()
    };
    let expected = "calls: rows of table notes hang on rows of calls (foreign key), and no category before this one deletes them";
    let broken = vec![(Severity::Broken, expected.to_owned())];
    assert_eq!(told(&[&calls]).await, broken);
    assert_eq!(told(&[&calls, &notes]).await, broken, "its rows would go too late");
    assert_eq!(told(&[&kept, &calls]).await, broken, "its rows never go");
    assert_eq!(told(&[&notes, &calls]).await, []);
    let kept = Category { delete: DeletePermission::Kept("for the auditors".to_owned()), ..calls.clone() };
    assert_eq!(told(&[&kept]).await, [], "nothing of it goes");

    company
        .run(match company.kind {
            SourceKind::Sqlite => {
                "CREATE TRIGGER counting AFTER DELETE ON calls BEGIN DELETE FROM notes; END; \
                 CREATE TRIGGER adding AFTER INSERT ON calls BEGIN DELETE FROM notes; END;"
            }
            SourceKind::Postgres => {
                "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM notes; RETURN NULL; END'; \
                 CREATE TRIGGER counting AFTER DELETE ON calls FOR EACH ROW EXECUTE FUNCTION f(); \
                 CREATE TRIGGER adding AFTER INSERT ON calls FOR EACH ROW EXECUTE FUNCTION f();"
            }
        })
        .await;
    let health = company.source.check(&[&notes, &calls], None).await.unwrap();
    let code: Vec<_> =
        health.findings.iter().filter(|finding| finding.what.contains("code of its own")).collect();
    assert_eq!(code.len(), 1, "{code:?}");
    assert_eq!(code[0].severity, Severity::Advice);
    assert_eq!(code[0].what, "calls: table calls runs code of its own when rows are deleted: counting");
}

/// `SQLite` lets nobody write meanwhile.
#[tokio::test]
async fn a_row_that_comes_in_while_others_go_is_not_taken_along_in_postgres() {
    let company = Company::postgres().await;
    let notes =
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, call_id INTEGER REFERENCES calls ON DELETE CASCADE)";
    company.run(notes).await;
    let mut writer = sqlx::PgConnection::connect(&company.url).await.unwrap();
    let mut coming = writer.begin().await.unwrap();
    sqlx::query("INSERT INTO notes VALUES (1, 2)").execute(&mut *coming).await.unwrap();
    let (calls, keys, gate) = (calls(), words("2"), Keeping::default());
    let erasing = company.source.erase(&calls, &keys, as_of(), &gate);
    let commits = async {
        // The deletion has looked and found nothing; now it waits for the row that the new one names.
        let waits = "SELECT count(*)::text FROM pg_locks JOIN pg_stat_activity USING (pid) \
            WHERE NOT granted AND datname = current_database()";
        while company.asks(waits).await == "0" {}
        coming.commit().await.unwrap();
    };
    let (erased, ()) = tokio::join!(erasing, commits);
    let refused = erased.unwrap_err();
    assert!(refused.is_transient(), "the next try sees the row: {refused}");
    assert_eq!(company.asks("SELECT count(*)::text FROM notes").await, "1");
    company.refuses(&calls, "2", "1 rows of table notes").await;
}

#[tokio::test]
async fn keys_between_parts_of_a_table_are_followed_in_postgres() {
    let company = Company::postgres().await;
    company
        .run(
            "CREATE TABLE trunks (id INTEGER, account bigint, at timestamptz, PRIMARY KEY (id, account)) PARTITION BY LIST (account); \
             CREATE TABLE trunks_1 PARTITION OF trunks FOR VALUES IN (1); \
             CREATE TABLE trunks_2 PARTITION OF trunks FOR VALUES IN (2); \
             INSERT INTO trunks VALUES (1, 1, NULL), (2, 2, NULL); \
             CREATE TABLE ends (id INTEGER PRIMARY KEY, trunk INTEGER, account bigint, FOREIGN KEY (trunk, account) REFERENCES trunks ON DELETE CASCADE); \
             CREATE TABLE wires (trunk INTEGER, account bigint, FOREIGN KEY (trunk, account) REFERENCES trunks_2 (id, account) ON DELETE CASCADE); \
             INSERT INTO ends VALUES (1, 1, 1); INSERT INTO wires VALUES (2, 2), (2, 2);",
        )
        .await;
    let text = CALLS.replace("\"calls\"", "\"trunks\"").replace("user_column = \"agent\"\n", "");
    let text = text
        .replace("number_columns = [\"caller\", \"callee\"]\n", "")
        .replace("name = \"caller\"", "name = \"id\"");
    let trunks: Category = toml::from_str(&text).unwrap();
    company.refuses(&trunks, "1", "1 rows of table ends").await;
    company.refuses(&trunks, "2", "2 rows of table wires").await;
    let part = Category { table: "trunks_1".to_owned(), ..trunks.clone() };
    company.refuses(&part, "1", "1 rows of table ends").await;
    company.run("DELETE FROM ends; DELETE FROM wires").await;
    assert_eq!(company.erase(&trunks, "1 2", &Keeping::default()).await.deleted, 2);
}

#[tokio::test]
async fn nothing_goes_through_a_view_or_past_a_policy_that_hides_what_hangs_in_postgres() {
    let company = Company::postgres().await;
    company
        .run(
            "CREATE TABLE notes (id INTEGER PRIMARY KEY, call_id INTEGER REFERENCES calls ON DELETE CASCADE); \
             CREATE VIEW shown AS SELECT * FROM calls; CREATE VIEW alone AS SELECT * FROM tapes;",
        )
        .await;
    let view = Category { table: "shown".to_owned(), ..calls() };
    company.refuses(&view, "2", "it is a view, and foreign keys lead to what is behind it").await;
    let health = company.source.check(&[&view], None).await.unwrap();
    let broken = health.findings.iter().filter(|finding| finding.severity == Severity::Broken);
    assert!(broken.into_iter().any(|finding| finding.what.contains("it is a view")), "{:?}", health.findings);
    let alone = Category { table: "alone".to_owned(), files: None, ..tapes(company.home.path()) };
    assert_eq!(company.erase(&alone, "r1", &Keeping::default()).await.deleted, 1);

    // The table's owner alone is above its policies.
    let user = company.asks("SELECT current_database()::text").await;
    company
        .run(&format!(
            "CREATE ROLE \"{user}_low\" LOGIN PASSWORD 'low'; GRANT SELECT, DELETE ON calls, notes TO \"{user}_low\"; \
             INSERT INTO notes VALUES (1, 2); ALTER TABLE notes ENABLE ROW LEVEL SECURITY;"
        ))
        .await;
    let low = company.as_user(&format!("{user}_low"), "low");
    let refused = low.erase(&calls(), &words("2"), as_of(), &Keeping::default()).await.unwrap_err();
    assert!(refused.to_string().contains("row security hides rows of notes"), "{refused}");
    company
        .run(&format!(
            "ALTER TABLE notes DISABLE ROW LEVEL SECURITY; REVOKE SELECT ON notes FROM \"{user}_low\""
        ))
        .await;
    let refused = low.erase(&calls(), &words("2"), as_of(), &Keeping::default()).await.unwrap_err();
    assert!(refused.to_string().contains("permission denied for table notes"), "{refused}");
    assert!(!refused.is_transient());
    assert_eq!(company.left(&calls()).await, "2 10 11 12 13 90");
    // Without rows in the way such a user may delete: SELECT and DELETE suffice.
    company.run(&format!("GRANT SELECT ON notes TO \"{user}_low\"; DELETE FROM notes")).await;
    let erased = low.erase(&calls(), &words("2"), as_of(), &Keeping::default()).await.unwrap();
    assert_eq!(erased.deleted, 1);
    drop(low);
    company.run(&format!("DROP OWNED BY \"{user}_low\"; DROP ROLE \"{user}_low\"")).await;
}
