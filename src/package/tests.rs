//! Packages written to real files from made-up streams: what is in them, what is told when data is gone, what remains
//! when a source fails (nothing), and that every changed byte is found. See `writer.rs`.

use super::*;
use crate::domain::keep::{DeletePermission, Floor};
use crate::domain::plan::{Column, Files, Permission, TimeFormat, hex};
use crate::domain::rows::{FileRef, Value};
use crate::render::Texts;
use futures::{StreamExt, stream};
use std::io::{Cursor, Read as _};
use std::path::Path;
use std::sync::Arc;

const PASSPHRASE: &str = "correct-horse-battery-staple-seven-words";

fn category(name: &str, title: &str) -> Category {
    let column = |name: &str, title: &str| Column { name: name.to_owned(), title: title.to_owned() };
    Category {
        name: name.to_owned(),
        title: title.to_owned(),
        purpose: "To connect and bill your calls.".to_owned(),
        recipients: vec!["The phone network".to_owned(), "Our billing provider".to_owned()],
        origin: None,
        source: "crm".to_owned(),
        table: name.to_owned(),
        also_in: Vec::new(),
        key: "id".to_owned(),
        time_column: Some("at".to_owned()),
        time_format: TimeFormat::Iso,
        account_column: "account".to_owned(),
        user_column: None,
        number_columns: Vec::new(),
        columns: vec![column("at", "Time"), column("caller", "From"), column("note", "Note")],
        export: Permission::Allowed,
        retention_days: Some(365),
        delete: DeletePermission::Allowed,
        keep: Vec::new(),
        backup_purge_days: None,
        files: None,
        second_factor: false,
    }
}

fn recordings() -> Category {
    let files = Files { column: "path".to_owned(), root: "/nowhere".into() };
    Category { files: Some(files), retention_days: Some(90), ..category("recordings", "Recordings") }
}

fn billing() -> Category {
    Category {
        export: Permission::Withheld("The bills name other people.".to_owned()),
        keep: vec![Floor {
            years: 7,
            citation: "Companies Act 2013, section 128".to_owned(),
            from: None,
            to: None,
        }],
        retention_days: None,
        ..category("billing", "Billing <data>")
    }
}

fn request() -> PackageRequest {
    PackageRequest {
        reference: Reference::from_bits(0x0012_3456_789a),
        asked_for: "account 481516, 1 January to 31 March 2025".to_owned(),
        passphrase: Passphrase::new(PASSPHRASE.to_owned()),
        as_of: "2026-11-20T08:00:00Z".parse().expect("parses"),
        plan_hash: "0f".repeat(32),
        generated_at: "2026-11-21T09:30:00Z".parse().expect("parses"),
        zone: TimeZone::get("Asia/Kolkata").expect("is known"),
        company: Company {
            name: "Acme Telephony".to_owned(),
            contact: "privacy@acme.example".to_owned(),
            authority: "the Data Protection Board".to_owned(),
            automated_decisions: "We make no decisions about you by machine alone.".to_owned(),
        },
    }
}

fn row(at: usize, note: &str) -> Vec<Value> {
    let text = |text: String| Value::Text(text);
    vec![
        text(format!("2025-01-{:02}T10:{:02}:00+05:30", at % 28 + 1, at % 60)),
        text(format!("+9198765{at:05}")),
        text(note.to_owned()),
    ]
}

fn batch(category: &Category, rows: Vec<Vec<Value>>, files: Vec<FileRef>, gone: usize) -> RowBatch {
    RowBatch {
        category: category.name.clone(),
        columns: category.columns.iter().map(|column| column.name.clone()).collect(),
        rows,
        files,
        gone: (0..gone).map(|key| key.to_string()).collect(),
    }
}

fn rows_of(category: &Category, planned: u64, batches: Vec<RowBatch>) -> CategoryRows<'_> {
    CategoryRows { category, planned, rows: stream::iter(batches.into_iter().map(Ok)).boxed() }
}

/// Files by their names; anything with "gone" in it is not stored, anything with "fail" breaks.
struct Shelf;

#[async_trait]
impl FileSource for Shelf {
    async fn open(&self, _: &Category, path: &str) -> Result<SourceFile, SourceFailure> {
        if path.contains("fail") {
            return Err(SourceFailure { message: "the shelf fell down".to_owned(), transient: true });
        }
        Ok(if path.contains("gone") {
            SourceFile::Gone
        } else {
            SourceFile::Open(Box::new(Cursor::new(path.repeat(20_000).into_bytes())))
        })
    }
}

fn place(dir: &Path, epoch: u64) -> Place {
    Place { dir: dir.to_owned(), job: "job-7".to_owned(), epoch }
}

async fn put(dir: &Path, categories: Vec<CategoryRows<'_>>) -> Result<Written, PackageError> {
    let texts = Arc::new(Texts::built_in().expect("reads"));
    let written = write(&place(dir, 2), request(), &texts, categories, &Shelf).await?;
    written.publish().await?;
    Ok(written)
}

fn listed(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(dir)
        .expect("lists")
        .map(|entry| entry.expect("lists").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn read(path: &Path, name: &str) -> String {
    let mut archive =
        archive::ArchiveReader::open(path, &Passphrase::new(PASSPHRASE.to_owned())).expect("opens");
    let mut text = String::new();
    archive.entry(name).expect("is there").read_to_string(&mut text).expect("reads");
    text
}

fn file(row: usize, path: &str) -> FileRef {
    FileRef { row, path: path.into() }
}

async fn sample(dir: &Path) -> Written {
    let (calls, recordings, billing) = (category("calls", "Call logs"), recordings(), billing());
    let hostile = "=cmd|' /C calc'!A0\n\"<script>alert(1)</script>{{7*7}}";
    let calls_rows = (0..30).map(|at| row(at, if at == 0 { hostile } else { "" })).collect();
    let recorded = vec![
        batch(
            &recordings,
            vec![row(0, ""), row(1, "")],
            vec![file(0, "2025/../a b.WAV"), file(1, "gone.wav")],
            0,
        ),
        batch(&recordings, vec![row(2, ""), row(3, "")], vec![file(1, "/abs/\u{202e}x.exe file")], 0),
    ];
    put(
        dir,
        vec![
            rows_of(&calls, 32, vec![batch(&calls, calls_rows, Vec::new(), 2)]),
            rows_of(&recordings, 4, recorded),
            rows_of(&billing, 9, Vec::new()),
        ],
    )
    .await
    .expect("writes")
}

#[tokio::test]
async fn a_package_holds_what_was_planned_and_says_what_is_gone() {
    let dir = tempfile::tempdir().expect("makes a folder");
    let written = sample(dir.path()).await;
    assert_eq!(listed(dir.path()), [format!("{}.zip", request().reference)]);
    let checked = check(&written.path, &request().passphrase).expect("is sound");
    assert_eq!((checked.bytes, &checked.sha256), (written.bytes, &written.sha256));
    assert_eq!(checked.files, 10);
    let raw = std::fs::read(&written.path).expect("reads");
    assert_eq!(hex(ring::digest::digest(&ring::digest::SHA256, &raw).as_ref()), written.sha256);
    let rows: Vec<_> = checked.rows.iter().map(|(name, rows)| format!("{name} {rows}")).collect();
    assert_eq!(rows, ["billing 0", "calls 30", "recordings 4"]);
    let counted = |name: &str, rows, gone, files, files_gone| Counted {
        name: name.to_owned(),
        rows,
        gone,
        files,
        files_gone,
    };
    let expected =
        [counted("calls", 30, 2, 0, 0), counted("recordings", 4, 0, 2, 1), counted("billing", 0, 0, 0, 0)];
    assert_eq!(written.categories, expected);

    let manifest: serde_json::Value =
        serde_json::from_str(&read(&written.path, "manifest.json")).expect("parses");
    let names: Vec<_> = manifest["files"]
        .as_array()
        .expect("lists")
        .iter()
        .map(|file| file["name"].as_str().expect("named"))
        .collect();
    assert_eq!(
        names,
        [
            "data/calls.csv",
            "data/calls.jsonl",
            "recordings/000001.wav",
            "recordings/000002.bin",
            "data/recordings.csv",
            "data/recordings.jsonl",
            "index.html",
            "your-rights.html",
            "README.txt"
        ]
    );
    assert_eq!(manifest["files"][2]["original"], "2025/../a b.WAV");
    assert_eq!(manifest["missing_files"][0]["original"], "gone.wav");
    assert_eq!(manifest["categories"][0]["gone"], serde_json::json!(["0", "1"]));
    assert_eq!(manifest["categories"][2]["withheld"], "The bills name other people.");
    assert_eq!(read(&written.path, "recordings/000001.wav"), "2025/../a b.WAV".repeat(20_000));
}

#[tokio::test]
async fn tables_are_harmless_and_json_is_raw() {
    let dir = tempfile::tempdir().expect("makes a folder");
    let path = sample(dir.path()).await.path;
    let csv = read(&path, "data/calls.csv");
    assert!(csv.starts_with("\"Time\",\"From\",\"Note\"\r\n"), "{csv}");
    let mut records = csv::Reader::from_reader(csv.as_bytes());
    let first = records.records().next().expect("has rows").expect("parses");
    assert_eq!(&first[1], "'+919876500000");
    assert_eq!(&first[2], "'=cmd|' /C calc'!A0\n\"<script>alert(1)</script>{{7*7}}");
    let line: serde_json::Value =
        serde_json::from_str(read(&path, "data/calls.jsonl").lines().next().expect("has lines"))
            .expect("parses");
    assert_eq!(line["caller"], "+919876500000");
    assert_eq!(line["note"], "=cmd|' /C calc'!A0\n\"<script>alert(1)</script>{{7*7}}");
    let files: Vec<String> = csv::Reader::from_reader(read(&path, "data/recordings.csv").as_bytes())
        .records()
        .map(|record| record.expect("parses")[3].to_owned())
        .collect();
    assert_eq!(files, ["recordings/000001.wav", "no longer stored", "", "recordings/000002.bin"]);
}

#[tokio::test]
async fn the_pages_are_plain_and_load_nothing() {
    let dir = tempfile::tempdir().expect("makes a folder");
    let path = sample(dir.path()).await.path;
    for name in ["index.html", "your-rights.html"] {
        let page = read(&path, name);
        assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'"), "{name}");
        for foreign in ["<script", "http:", "https:", "src=", "@import", "url("] {
            assert!(!page.contains(foreign), "{name} holds {foreign}");
        }
        assert!(page.contains("Billing &lt;data&gt;"), "{name}");
    }
    let index = read(&path, "index.html");
    assert!(
        index.contains("&lt;script&gt;alert(1)&lt;&#x2f;script&gt;{{7*7}}"),
        "is escaped and not a template"
    );
    assert!(index.contains("The first 20 of 30"));
    assert!(index.contains("2 entries were deleted in the ordinary course"));
    assert!(index.contains("<a href=\"recordings&#x2f;000001.wav\">open</a>"));
    assert_eq!(index.matches("<tr><td>2025-01-").count(), 24, "20 calls and 4 recordings");
    let rights = read(&path, "your-rights.html");
    for told in [
        "To connect and bill your calls.",
        "The phone network; Our billing provider",
        "365 days, then it is deleted.",
        "At least 7 years, because the law requires it (Companies Act 2013, section 128).",
        "From you, and from your use of the service",
        "the Data Protection Board",
        "We make no decisions about you by machine alone.",
        "Article 17",
    ] {
        assert!(rights.contains(told), "{told}\n{rights}");
    }
    let readme = read(&path, "README.txt");
    assert!(readme.contains("* Call logs: 30 entries\n  (2 deleted"), "{readme}");
    assert!(readme.contains("* Billing <data>: not included. The bills name other people.\n"), "{readme}");
    assert!(readme.lines().all(|line| line.chars().count() <= 80), "{readme}");
}

#[tokio::test]
async fn every_changed_byte_of_an_entry_is_found() {
    let dir = tempfile::tempdir().expect("makes a folder");
    let calls = category("calls", "Call logs");
    let rows = vec![batch(&calls, vec![row(0, "a")], Vec::new(), 0)];
    let written = put(dir.path(), vec![rows_of(&calls, 1, rows)]).await.expect("writes");
    let sound = std::fs::read(&written.path).expect("reads");
    let altered = dir.path().join("altered.zip");
    let altered_at = |at: usize| {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x10;
        std::fs::write(&altered, &bytes).expect("writes");
        check(&altered, &request().passphrase)
    };
    for (name, data) in archive::stretches(&written.path) {
        for at in [data.start, data.start.midpoint(data.end), data.end - 1] {
            assert!(altered_at(at).is_err(), "byte {at} of {name} in {data:?}");
        }
    }
    // The zip's own book-keeping holds bytes that no reader looks at, such as dates: the file's hash sees them.
    for at in (0..sound.len()).step_by(397) {
        assert!(altered_at(at).map_or(true, |checked| checked.sha256 != written.sha256), "byte {at}");
    }
    std::fs::write(&altered, &sound[..sound.len() - 30]).expect("writes");
    assert!(check(&altered, &request().passphrase).is_err(), "a cut archive");
    let wrong = check(&written.path, &Passphrase::new("wrong".to_owned()));
    assert!(matches!(wrong, Err(PackageError::WrongPassphrase | PackageError::Damaged(_))), "{wrong:?}");
}

#[tokio::test]
async fn gone_rows_are_tolerated_up_to_the_limit_of_s9() {
    let check = async |planned: usize, gone: usize, tolerated: bool| {
        let dir = tempfile::tempdir().expect("makes a folder");
        let calls = category("calls", "Call logs");
        let rows = (gone..planned).map(|at| row(at, "")).collect();
        let rows = vec![batch(&calls, rows, Vec::new(), gone)];
        let result = put(dir.path(), vec![rows_of(&calls, planned as u64, rows)]).await;
        match result {
            Ok(written) => {
                assert!(tolerated && written.categories[0].gone == gone as u64, "{planned} {gone}");
            }
            Err(PackageError::Drift { gone: told, .. }) => {
                assert!(!tolerated && told == gone as u64, "{planned} {gone}");
                assert_eq!(listed(dir.path()), Vec::<String>::new(), "nothing remains");
            }
            Err(other) => panic!("{planned} {gone}: {other}"),
        }
    };
    check(0, 0, true).await;
    check(3, 3, true).await;
    check(100, 10, true).await;
    check(100, 11, false).await;
    check(400, 20, true).await;
    check(400, 21, false).await;
}

#[tokio::test]
async fn a_failing_source_leaves_nothing_behind() {
    let dir = tempfile::tempdir().expect("makes a folder");
    let (calls, recordings) = (category("calls", "Call logs"), recordings());
    let failure = SourceFailure { message: "no answer within 60 s".to_owned(), transient: true };
    let first = Ok(batch(&calls, vec![row(0, "")], Vec::new(), 0));
    let broken =
        CategoryRows { category: &calls, planned: 2, rows: stream::iter([first, Err(failure)]).boxed() };
    let cases = [
        (broken, "calls: no answer within 60 s"),
        (
            rows_of(&calls, 2, vec![batch(&calls, vec![row(0, "")], Vec::new(), 0)]),
            "calls: the source accounted for 1 of 2 planned rows",
        ),
        (
            rows_of(&recordings, 1, vec![batch(&recordings, vec![row(0, "")], vec![file(0, "fail.wav")], 0)]),
            "recordings: the shelf fell down",
        ),
        (
            rows_of(&calls, 1, vec![batch(&calls, vec![vec![Value::Null]], Vec::new(), 0)]),
            "the package is damaged: calls: a row of the wrong width",
        ),
    ];
    for (rows, expected) in cases {
        let failed = put(dir.path(), vec![rows]).await.expect_err("fails");
        assert_eq!(failed.to_string(), expected);
        assert_eq!(listed(dir.path()), Vec::<String>::new(), "{expected}");
    }
    let absent = put(&dir.path().join("absent"), Vec::new()).await.expect_err("fails");
    assert!(absent.is_transient() && absent.to_string().contains("create a file"), "{absent}");
}

#[tokio::test]
async fn a_new_attempt_clears_what_a_killed_one_left() {
    let dir = tempfile::tempdir().expect("makes a folder");
    for name in ["job-7.1.part", "job-7.1.csv.part", "job-7.3.part", "job-70.1.part", "job-7.zip"] {
        std::fs::write(dir.path().join(name), "left").expect("writes");
    }
    sample(dir.path()).await;
    let left: Vec<_> = listed(dir.path()).into_iter().filter(|name| name.starts_with("job")).collect();
    assert_eq!(left, ["job-7.3.part", "job-7.zip", "job-70.1.part"]);
    let texts = Arc::new(Texts::built_in().expect("reads"));
    let outside = Place { job: "../job".to_owned(), ..place(dir.path(), 1) };
    let failed = write(&outside, request(), &texts, Vec::new(), &Shelf).await;
    assert!(matches!(failed, Err(PackageError::BadName(_))));
}

#[tokio::test]
async fn a_cancelled_package_leaves_nothing_behind() {
    let dir = tempfile::tempdir().expect("makes a folder");
    let calls = category("calls", "Call logs");
    let first = Ok(batch(&calls, vec![row(0, "")], Vec::new(), 0));
    let endless = stream::iter([first]).chain(stream::pending()).boxed();
    let rows = CategoryRows { category: &calls, planned: 2, rows: endless };
    {
        let mut writing = Box::pin(put(dir.path(), vec![rows]));
        let part = dir.path().join("job-7.2.part");
        while !part.exists() {
            assert!(futures::poll!(writing.as_mut()).is_pending());
            tokio::task::yield_now().await;
        }
    }
    while !listed(dir.path()).is_empty() {
        tokio::task::yield_now().await;
    }
}

#[test]
fn names_in_the_archive_extract_below_their_folder_on_every_system() {
    let check = |name: &str, good: bool| {
        assert_eq!(archive::EntryName::new(name).is_ok(), good, "{name:?}");
    };
    check("data/calls.csv", true);
    check("recordings/000001.wav", true);
    check("../x", false);
    check("data/../x", false);
    check("/etc/x", false);
    check("data//x", false);
    check("data\\x", false);
    check("C:x", false);
    check("a\0b", false);
    check("a\u{202e}b", false);
    check(".hidden", false);
    check("", false);
    check(&"a".repeat(65), false);
}

#[test]
fn a_passphrase_does_not_print() {
    assert!(!format!("{:?}", request()).contains("horse"));
}
