//! What the configuration accepts, and what it says about what it does not. The example file is the subject: it must
//! load, document every key, and tell the true defaults. See `mod.rs`.

use super::{
    After, Config, Control, DatabaseUrl, EXAMPLE, Folders, Grant, Limits, Log, MailboxKind, Metrics, Promise,
    Proof, Reading, Regimes, Tls, Verification,
};
use crate::domain::deadline::{Term, built_in};
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

fn folders() -> Folders {
    Folders { base: PathBuf::from("/etc/dsrd"), credentials: None }
}

fn parse(text: &str) -> Result<Config, Vec<String>> {
    Config::parse(text, "dsrd.toml", &folders())
        .map_err(|problems| problems.0.iter().map(ToString::to_string).collect())
}

/// The example with one line put in place of another.
fn changed(old: &str, new: &str) -> String {
    assert_eq!(EXAMPLE.matches(old).count(), 1, "{old:?} stands once in the example");
    EXAMPLE.replacen(old, new, 1)
}

fn line_with(text: &str, part: &str) -> usize {
    text.lines().position(|line| line.starts_with(part)).expect(part) + 1
}

/// A line that documents an optional key: `#key = value`.
fn is_default_line(line: &str) -> bool {
    line.strip_prefix('#').is_some_and(|rest| {
        let name = rest.split(" = ").next().unwrap_or_default();
        rest.contains(" = ") && !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
    })
}

#[test]
fn the_example_loads() {
    let config = parse(EXAMPLE).expect("no problem");
    let support = &config.mailboxes["support"];
    assert!(matches!(&support.kind, MailboxKind::Imap { server, folder, idle: true }
        if server.port == 993 && server.tls == Tls::Implicit && folder == "INBOX"));
    assert_eq!((support.answer, support.since, &support.after), (true, None, &After::Leave));
    assert_eq!(config.keys.master_key_file, Path::new("/etc/dsrd/master.key"));
    assert_eq!(config.state.url, DatabaseUrl::Sqlite { path: "/var/lib/dsrd/state.db".into() });
    assert_eq!(config.calendar.workdays.len(), 5);
}

#[test]
fn a_section_left_out_has_the_defaults_that_the_example_tells() {
    let config = parse(EXAMPLE).expect("no problem");
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.verification, Verification::default());
    assert_eq!(config.regimes, Regimes { default: "gdpr".to_owned(), known: built_in() });
    assert_eq!(config.promise, Promise::default());
    assert_eq!(config.log, Log::default());
    assert_eq!(config.metrics, Metrics::default());
    assert_eq!(config.control, Control::default());
    assert_eq!(config.reading, Reading::default());
    // Written out, the documented defaults change nothing.
    let count = EXAMPLE.lines().filter(|line| is_default_line(line)).count();
    assert!(count > 40, "{count} defaults are documented");
    let written: Vec<&str> = EXAMPLE
        .lines()
        .map(|line| if is_default_line(line) { line.trim_start_matches('#') } else { line })
        .collect();
    assert_eq!(parse(&written.join("\n")).expect("no problem"), config);
}

#[test]
fn every_optional_line_of_the_example_works() {
    let written: Vec<&str> =
        EXAMPLE.lines().map(|line| line.strip_prefix("#e.g. ").unwrap_or(line)).collect();
    let text = written
        .join("\n")
        .replace("#after = \"leave\"", "after = \"move\"")
        .replace("#url = \"sqlite:///var", "url = \"postgres:///dsrd\"\n#")
        .replace(
            "kind = \"sqlite\"\nurl = \"sqlite:///srv",
            "kind = \"postgres\"\nurl = \"postgres:///crm\"\n#",
        );
    let config = parse(&text).expect("no problem");
    assert_eq!(config.mailboxes.len(), 3);
    let MailboxKind::Imap { server, .. } = &config.mailboxes["cloud"].kind else { panic!("IMAP") };
    let Some(Proof::OAuth2(oauth2)) = server.login.as_ref().map(|login| &login.proof) else {
        panic!("OAuth")
    };
    assert_eq!((oauth2.token_url.host.as_str(), oauth2.token_url.port), ("login.microsoftonline.com", 443));
    assert_eq!(oauth2.grant, Grant::RefreshToken { file: "/etc/dsrd/oauth2-refresh-token".into() });
    assert_eq!(config.mailboxes["support"].after, After::Move { folder: "Handled".into() });
    let dpdp = config.regimes.known.iter().find(|regime| regime.name == "dpdp").expect("built in");
    assert_eq!(dpdp.answer, Term::Days(60));
    assert!(config.sources["telephony"].erase.is_some());
    let places: Vec<_> =
        config.data.iter().map(|category| (category.name.as_str(), category.table.as_str())).collect();
    assert_eq!((places[0], places[1]), (("call_logs", "call_logs"), ("call_logs_archive", "archived_calls")));
    assert_eq!(config.data[1].title, "Call logs");
    assert_eq!(config.templates.as_deref(), Some(Path::new("/etc/dsrd/templates")));
}

/// Serde lists a section's keys when it meets an unknown one; each of them must stand in the example.
#[test]
fn the_example_documents_every_key() {
    let sections = [
        "company",
        "state",
        "keys",
        "mailbox.support",
        "mailbox.support.oauth2",
        "outbox",
        "sender_auth",
        "calendar",
        "regimes.x",
        "promise",
        "verification",
        "sources.telephony",
        "directory",
        "delivery",
        "approval",
        "erasure",
        "retention",
        "digest",
        "limits",
        "log",
        "metrics",
        "control",
        "reading",
    ];
    let documented = |key: &str| {
        EXAMPLE.lines().any(|line| {
            let line = line.trim_start_matches("#e.g. ").trim_start_matches('#');
            line.starts_with(&format!("{key} = "))
                || line.starts_with(&format!("[{key}"))
                || (line.starts_with('[') && line.ends_with(&format!(".{key}]")))
                || line.starts_with(&format!("[[{key}"))
        })
    };
    let mut seen = BTreeSet::new();
    let mut texts = vec!["zzz = 1\n".to_owned()];
    texts.extend(sections.iter().map(|section| format!("[{section}]\nzzz = 1\n")));
    texts.push("[[data]]\nzzz = 1\n".to_owned());
    for text in texts {
        let problems = parse(&text).expect_err("zzz is unknown");
        let known = problems
            .iter()
            .find_map(|line| {
                line.split_once("zzz: is not a key here; use one of: ").or(line.split_once("use one of: "))
            })
            .unwrap_or_else(|| panic!("{text}: {problems:?}"));
        for key in known.1.split([',', ' ']).filter(|key| !key.is_empty() && *key != "or") {
            assert!(documented(key), "{text}: {key} stands in the example");
            seen.insert(key.to_owned());
        }
    }
    assert!(seen.len() > 70, "{} keys", seen.len());
}

#[test]
fn each_mistake_gives_its_line_and_a_remedy() {
    let check = |old: &str, new: &str, expected: &str| {
        let text = changed(old, new);
        let problems = parse(&text).expect_err(new);
        assert_eq!(problems.len(), 1, "{new}: {problems:#?}");
        let key = new.lines().last().unwrap_or_default();
        let line = format!("dsrd.toml:{}: ", line_with(&text, key));
        assert!(problems[0].starts_with(&line), "{new}: {} starts with {line}", problems[0]);
        assert!(problems[0].contains(expected), "{new}: {} says {expected}", problems[0]);
        assert!(problems[0].contains("; "), "{new}: {} has a remedy", problems[0]);
        assert!(!problems[0].contains('\n'), "{new}: {} is one line", problems[0]);
    };
    check("#port = 993", "prot = 993", "[mailbox.support] prot: is not a key here; use one of: kind, host");
    check("#port = 993", "port = 99999", "[mailbox.support] port: ");
    check("#poll = \"60s\"", "poll = \"60\"", "is not a length of time; write a whole number");
    check("#poll = \"60s\"", "poll = \"0s\"", "no time at all");
    check("#poll = \"60s\"", "poll = 60", "poll: invalid type");
    check("#after = \"leave\"", "after = \"delete\"", "unknown variant `delete`");
    check("#e.g. move_to = \"Handled\"", "move_to = \"Handled\"", "needs after = \"move\"");
    check("#e.g. since = \"2026-01-01T00:00:00Z\"", "since = \"yesterday\"", "[mailbox.support] since: ");
    check("address = [\"support@acme.example\"]", "address = [\"support\"]", "not an e-mail address");
    check("#attachment_bytes_max = \"5MB\"", "attachment_bytes_max = \"5\"", "is not a size");
    check("timezone = \"Asia/Kolkata\"", "timezone = \"Asia/Calcuta\"", "not a known time zone");
    check("#opens = \"09:00\"", "opens = \"25:00\"", "[calendar] opens: ");
    check("#closes = \"18:00\"", "closes = \"08:00\"", "is not after opens");
    check(
        "#workdays = [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\"]",
        "workdays = [\"mon\", \"tues\"]",
        "unknown one",
    );
    check("#holidays = []", "holidays = [\"2026-02-30\"]", "[calendar] holidays: ");
    check("#reminder_days = [1, 3, 7]", "reminder_days = [1, 3, 14]", "before expire_days");
    check("#reminder_days = [1, 3, 7]", "reminder_days = [3, 1]", "rising days");
    check("#tries_max = 5", "tries_max = 0", "nobody could be verified");
    check("authserv_ids = [\"mx.acme.example\"]", "authserv_ids = []", "nobody would be answered");
    check("#mode = \"trust-header\"", "mode = \"believe\"", "unknown variant");
    check("#region = \"IN\"", "region = \"XX\"", "not a known region");
    check("#date_order = \"day-first\"", "date_order = \"ymd\"", "unknown variant");
    check("#listen = \"127.0.0.1:9464\"", "listen = \"localhost\"", "[metrics] listen: ");
    check("#ack_per_hour = 200", "ack_per_hour = 0", "nothing could pass");
    check("#connections_max = 3", "connections_max = 0", "nothing could leave");
    check("#default = \"gdpr\"", "default = 1", "[regimes] default: ");
    check("#days = 30", "days = 0", "at least 1");
    check("#level = \"info\"", "level = \"INFO\"", "unknown variant");
    check("name = \"Acme Telephony\"", "name = \"Acme\\r\\nBcc: x\"", "has a line break");
}

#[test]
fn secrets_never_stand_in_the_configuration() {
    let check = |old: &str, new: &str, expected: &str| {
        let problems = parse(&changed(old, new)).expect_err(new);
        assert!(problems.iter().any(|line| line.contains(expected)), "{new}: {problems:#?}");
        assert!(!problems.iter().any(|line| line.contains("hunter2")), "{new}: {problems:#?}");
    };
    let url = "#url = \"sqlite:///var/lib/dsrd/state.db\"";
    check(url, "url = \"postgres://dsrd:hunter2@localhost/dsrd\"", "[state] url: holds a password");
    check(
        url,
        "url = \"postgres://localhost/dsrd?user=a&password=hunter2\"",
        "[state] url: holds a password",
    );
    let url = "#e.g. base_url = \"https://privacy.acme.example/packages\"";
    check(
        url,
        "base_url = \"https://u:hunter2@privacy.acme.example/\"",
        "[delivery] base_url: holds a password",
    );
    check("password_file = \"imap-password\"", "password = \"hunter2\"", "password: is not a key here");
    let url = "url = \"sqlite:///srv/telephony/telephony.db\"";
    check(url, "url = \"postgres://a:hunter2@localhost/x\"", "[sources.telephony] url: holds a password");
}

#[test]
fn mail_never_crosses_the_network_in_the_clear() {
    let check = |host: &str, good: bool| {
        let text = changed("host = \"imap.acme.example\"", &format!("host = \"{host}\"\ntls = \"none\""));
        let result = parse(&text);
        assert_eq!(result.is_ok(), good, "{host}: {result:?}");
        if let Err(problems) = result {
            assert!(problems[0].contains("[mailbox.support] tls: ") && problems.len() == 1, "{problems:?}");
        }
    };
    check("localhost", true);
    check("127.0.0.1", true);
    check("::1", true);
    check("imap.acme.example", false);
    check("192.168.1.5", false);
    let text = changed("#e.g. base_url = \"https", "base_url = \"http");
    assert!(parse(&text).expect_err("http")[0].contains("in the clear"));
}

#[test]
fn every_mistake_is_told_at_once_in_the_order_of_the_file() {
    let text = EXAMPLE
        .replace("name = \"Acme Telephony\"", "nam = \"Acme Telephony\"")
        .replace("#port = 993", "port = \"imaps\"")
        .replace("#idle = true", "idle = \"yes\"\nidel = true")
        .replace("timezone = \"Asia/Kolkata\"", "timezone = 5")
        .replace("#days = 30", "days = -1")
        .replace("source = \"telephony\"\n# $1", "source = \"crm\"\n# $1")
        .replace("[log]", "[logs]\n[log]")
        .replace("WHERE n.number = $1", "");
    let problems = parse(&text).expect_err("many");
    let expected = [
        "[company] nam: ",
        "[company] name: is missing",
        "[mailbox.support] port: ",
        "[mailbox.support] idle: ",
        "[mailbox.support] idel: ",
        "[calendar] timezone: ",
        "[promise] days: ",
        "[directory] source: names the source \"crm\"",
        "[directory] by_number: has no $1",
        "logs: is not a key here",
    ];
    for part in expected {
        assert!(problems.iter().any(|line| line.contains(part)), "{part} in {problems:#?}");
    }
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
    let lines: Vec<usize> = problems.iter().filter_map(|line| line.split(':').nth(1)?.parse().ok()).collect();
    assert!(lines.is_sorted() && lines.len() == problems.len(), "{problems:#?}");
}

#[test]
fn an_empty_file_names_everything_that_is_needed() {
    let problems = parse("").expect_err("nothing is there");
    for part in [
        "[company] name: is missing",
        "[company] support: is missing",
        "[mailbox] is missing",
        "[outbox] kind: is missing",
        "[calendar] timezone: is missing",
        "[directory] source: is missing",
        "[data] is missing",
    ] {
        assert!(problems.iter().any(|line| line.contains(part)), "{part} in {problems:#?}");
    }
}

#[test]
fn a_category_tells_all_that_it_misses_at_once() {
    let text = EXAMPLE
        .replace("title = \"Call recordings\"\n", "")
        .replace("table = \"recordings\"\n", "tabel = \"recordings\"\n")
        .replace(
            "columns = [{ name = \"recorded_at\", title = \"Recorded\" }, ",
            "columns = [{ name = \"x\" }, ",
        )
        .replace("keep = [{ years = 7, citation", "keep = [{ citation")
        .replace("purpose = \"To bill you,", "number_columns = 7\npurpose = \"To bill you,");
    let problems = parse(&text).expect_err("many");
    let expected = [
        "[data #2] tabel: is not a key here",
        "[data #2.columns #1] title: is missing",
        "[data #2] title: is missing",
        "[data #2] table: is missing",
        "[data #3] number_columns: invalid type",
        "[data #3.keep #1] years: is missing",
    ];
    for part in expected {
        assert!(problems.iter().any(|line| line.contains(part)), "{part} in {problems:#?}");
    }
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
    let empty = parse(&format!("{EXAMPLE}\n[[data]]\n")).expect_err("nothing in it");
    let last = line_with(&format!("{EXAMPLE}\n[[data]]\n"), "[reading]");
    assert_eq!(
        empty.len(),
        8,
        "name, title, purpose, source, table, key, account_column, columns: {empty:#?}"
    );
    for problem in empty {
        let line: usize = problem.split(':').nth(1).and_then(|line| line.parse().ok()).expect("a line");
        assert!(line > last && problem.contains("[data #4] "), "{problem}");
    }
}

#[test]
fn categories_fit_the_rest() {
    let check = |old: &str, new: &str, expected: &str| {
        let problems = parse(&changed(old, new)).expect_err(new);
        assert!(problems.len() == 1 && problems[0].contains(expected), "{new}: {problems:#?}");
    };
    check("name = \"billing\"", "name = \"call_logs\"", "[data #3] name: is the name of another category");
    check("years = 7", "years = 0", "[data #3] billing: keep has years outside of 1 to 100");
    check("years = 7", "years = 99999", "[data #3] billing: keep has years outside of 1 to 100");
    let forever = "retention_days = 90\nbackup_purge_days = 4000000000";
    check(
        "retention_days = 90\nbackup_purge_days = 30",
        forever,
        "[data #2] recordings: backup_purge_days is more than 36525",
    );
    check("name = \"billing\"", "name = \"Billing 2\"", "[data #3] name \"Billing 2\"; use 1 to 40 of");
    check(
        "source = \"telephony\"\ntable = \"invoices\"",
        "source = \"crm\"\ntable = \"invoices\"",
        "[data #3] source: names the source \"crm\"",
    );
    check(
        "#e.g. [regimes.dpdp]",
        "[regimes.nz]\ntitle = \"x\"\nauthority = \"x\"\nremedy = \"x\"\ncitation = \"x\"",
        "[regimes.nz] answer: is missing; write it",
    );
    check("#default = \"gdpr\"", "default = \"gpdr\"", "\"gpdr\" is no known regime; use one of: gdpr, uk");
    check("#e.g. answer = { days = 60 }", "[regimes.uk]\nanswer = { days = 0 }", "leaves no time to answer");
    check("#e.g. answer = { days = 60 }", "[regimes.uk]\nanswer = { weeks = 2 }", "[regimes.uk");
    let files = &parse(EXAMPLE).expect("no problem").data[1].files;
    assert_eq!(files.as_ref().expect("files").root, Path::new("/srv/telephony/recordings"));
}

#[test]
fn broken_toml_names_each_broken_line() {
    let check = |text: &str, lines: &[&str]| {
        let problems = parse(text).expect_err(text);
        let told: Vec<&str> = problems.iter().filter_map(|line| line.split(": ").next()).collect();
        assert_eq!(told, lines, "{text}: {problems:#?}");
    };
    check("[company\nname = \"Acme\"\n[log]\nlevel == \"info\"\n", &["dsrd.toml:1", "dsrd.toml:4"]);
    check("[company]\nname = \"Acme\nsupport = 1\n", &["dsrd.toml:2"]);
    check("[company]\n\nsupport = support@acme.example\n", &["dsrd.toml:3"]);
    check("[log]\nlevel = \"info\"\nlevel = \"warn\"\n", &["dsrd.toml:3"]);
}

#[test]
fn keys_of_another_kind_are_refused() {
    let text = changed("kind = \"smtp\"", "kind = \"maildir\"\npath = \"/tmp/out\"");
    let problems = parse(&text).expect_err("smtp keys");
    for key in ["host", "user", "password_file"] {
        let part = format!("[outbox] {key}: is a key of kind \"smtp\" only");
        assert!(problems.iter().any(|line| line.contains(&part)), "{part} in {problems:#?}");
    }
    assert_eq!(problems.len(), 3, "{problems:#?}");
}

#[test]
fn a_login_has_exactly_one_proof() {
    let oauth2 = |lines: &str| format!("\n[outbox.oauth2]\n{lines}\n");
    let whole = "token_url = \"https://sso.acme.example/token\"\nclient_id = \"dsrd\"\n";
    let client = "grant = \"client-credentials\"\nclient_secret_file = \"secret\"";
    let refresh = "grant = \"refresh-token\"";
    let bare = EXAMPLE.replace("password_file = \"smtp-password\"\n", "");
    let check = |text: String, expected: &[&str]| {
        let problems = parse(&text).err().unwrap_or_default();
        for part in expected {
            assert!(problems.iter().any(|line| line.contains(part)), "{part} in {problems:#?}");
        }
        assert_eq!(problems.len(), expected.len(), "{problems:#?}");
    };
    check(format!("{bare}{}", oauth2(&format!("{whole}{client}"))), &[]);
    check(format!("{bare}{}", oauth2(&format!("{whole}{refresh}\nrefresh_token_file = \"r\""))), &[]);
    let both = format!("{EXAMPLE}{}", oauth2(&format!("{whole}{client}")));
    check(both, &["[outbox] password_file: stands beside oauth2, and a login has one proof; take out one"]);
    check(
        bare.clone(),
        &["[outbox] password_file: is missing; name a file that holds the password of user, or"],
    );
    let wrong = |lines: &str| format!("{bare}{}", oauth2(lines));
    check(
        wrong(""),
        &[
            "[outbox.oauth2] grant: is missing",
            "[outbox.oauth2] token_url: is missing",
            "[outbox.oauth2] client_id: is missing",
        ],
    );
    check(wrong(&format!("{whole}{refresh}")), &["[outbox.oauth2] refresh_token_file: is missing"]);
    check(
        wrong(&format!("{whole}{client}\nrefresh_token_file = \"r\"")),
        &["[outbox.oauth2] refresh_token_file: has no use with"],
    );
    check(
        wrong(&format!("{whole}grant = \"client-credentials\"")),
        &["[outbox.oauth2] client_secret_file: is missing"],
    );
    check(
        wrong(&format!("{}{client}", whole.replace("https", "http"))),
        &["[outbox.oauth2] token_url: would send secrets in the clear"],
    );
    check(
        wrong(&format!("{whole}{client}\nclient_secret = \"hunter2\"")),
        &["[outbox.oauth2] client_secret: is not a key here"],
    );
    check(wrong(&format!("{whole}{client}\ngrnt = 1")), &["[outbox.oauth2] grnt: is not a key here"]);
    let nobody = wrong(&format!("{whole}{client}"))
        .replace("user = \"support@acme.example\"\n# The sender", "# The sender");
    check(nobody, &["[outbox] user: is missing beside password_file or oauth2"]);
}

#[test]
fn a_maildir_has_no_keywords() {
    let text = format!(
        "{EXAMPLE}\n[mailbox.local]\nkind = \"maildir\"\npath = \"in\"\naddress = [\"dpo@acme.example\"]\nafter = \"keyword\"\n"
    );
    let problems = parse(&text).expect_err("no keywords");
    assert!(problems.len() == 1, "{problems:#?}");
    assert!(problems[0].contains("[mailbox.local] after: needs keywords"), "{problems:#?}");
    assert!(parse(&text.replace("after = \"keyword\"", "after = \"leave\"")).is_ok());
}

#[test]
fn secrets_lie_below_the_credentials_folder_where_there_is_one() {
    let with =
        Folders { base: "/etc/dsrd".into(), credentials: Some("/run/credentials/dsrd.service".into()) };
    let text = changed("password_file = \"smtp-password\"", "password_file = \"/etc/keys/smtp\"");
    let config = Config::parse(&text, "dsrd.toml", &with).expect("no problem");
    assert_eq!(config.keys.master_key_file, Path::new("/run/credentials/dsrd.service/master.key"));
    let super::OutboxKind::Smtp { server, .. } = config.outbox.kind else { panic!("smtp") };
    let proof = Proof::PasswordFile("/etc/keys/smtp".into());
    assert_eq!(server.login.expect("login").proof, proof);
}

#[test]
fn files_are_checked_apart_from_reading() {
    let dir = tempfile::tempdir().expect("folder");
    let folders = Folders { base: dir.path().to_owned(), credentials: None };
    let text = EXAMPLE
        .replace("#url = \"sqlite:///var/lib/dsrd/state.db\"", "url = \"sqlite://state.db\"")
        .replace("sqlite:///srv/telephony/telephony.db", "sqlite://telephony.db")
        .replace("#package_dir = \"/var/lib/dsrd/packages\"", "package_dir = \"large/packages\"");
    let config = Config::parse(&text, "dsrd.toml", &folders).expect("no problem");
    let told =
        || -> Vec<String> { config.check_files("dsrd.toml").iter().map(ToString::to_string).collect() };
    let problems = told();
    for part in [
        "master_key_file: ",
        "[mailbox.support] password_file: ",
        "[outbox] password_file: ",
        "[sources.telephony] url: ",
        "[delivery] package_dir: ",
    ] {
        assert!(problems.iter().any(|line| line.contains(part)), "{part} in {problems:#?}");
    }
    assert_eq!(problems.len(), 5, "{problems:#?}");

    std::fs::create_dir(dir.path().join("large")).expect("folder");
    std::fs::write(dir.path().join("telephony.db"), "x").expect("file");
    for (name, text, mode) in
        [("master.key", "x", 0o600), ("imap-password", "x", 0o644), ("smtp-password", "", 0o600)]
    {
        let path = dir.path().join(name);
        std::fs::write(&path, text).expect("file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("mode");
    }
    let problems = told();
    assert_eq!(problems.len(), 2, "{problems:#?}");
    assert!(problems[0].contains("open to everybody on this machine; chmod 600 "), "{problems:#?}");
    assert!(problems[1].contains("is empty"), "{problems:#?}");
}

#[test]
fn a_file_that_cannot_be_read_is_one_problem() {
    let problems = Config::load(Path::new("/nonexistent/dsrd.toml")).expect_err("no file");
    assert_eq!(problems.0.len(), 1);
    assert!(problems.to_string().starts_with("/nonexistent/dsrd.toml: cannot read"), "{problems}");
    let dir = tempfile::tempdir().expect("folder");
    let path = dir.path().join("dsrd.toml");
    std::fs::write(&path, vec![b'#'; 1_000_001]).expect("file");
    assert!(Config::load(&path).expect_err("large").to_string().contains("larger than 1 MB"));
}
