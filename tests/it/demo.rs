//! `dsrd demo` as a newcomer runs it: the real binary, no server. What it prints, what it leaves behind, and how it fails.

use dsrd::config::Config;
use dsrd::package::{Opened, Passphrase, check};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs it with a temporary folder of its own.
fn demo(temp: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dsrd"));
    command.arg("demo").args(more).env("TMPDIR", temp);
    command
}

fn told(output: &Output) -> (String, String) {
    (String::from_utf8(output.stdout.clone()).unwrap(), String::from_utf8(output.stderr.clone()).unwrap())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn the_story_is_told_to_its_end_and_leaves_nothing_behind() {
    let temp = tempfile::tempdir().unwrap();
    let output = demo(temp.path(), &[]).output().unwrap();
    let (out, err) = told(&output);
    assert_eq!((output.status.code(), err.as_str()), (Some(0), ""), "{out}");
    let mut rest = out.as_str();
    for line in [
        "1 of 12: Setting the stage",
        "Question about our invoice",
        "Data Export Request \u{2013} Acme Traders",
        "We have your request for a copy of your data",
        "Is it you? Please confirm a request about your data",
        "CONFIRM ",
        "stage: awaiting-verification -> awaiting-approval",
        "a call-back is needed",
        "CALLED ",
        "Please decide by 1 April 2026: export, 324 records",
        "APPROVE ",
        "Call recordings: 8 rows and 8 files",
        "The copy of your data is ready",
        "The passphrase for the copy of your data",
        "a wrong passphrase does not open it",
        "recordings/000001.wav",
        "exactly those of account 481516",
        "unread, unmoved, unanswered",
        "Data Delete Request \u{2013} Acme Traders",
        "delete, 322 records",
        "HOLD Order 12/26",
        "a legal hold covers everything",
        "RELEASE",
        "Your data will be deleted",
        "Your data is deleted, except what has to stay",
        "the 314 calls of the package are gone",
        "-> closed",
        "entries verified; root",
        "was changed: it does not match its own leaf hash",
        "12 of 12: What you have seen",
    ] {
        let found = rest.split_once(line);
        (_, rest) = found.unwrap_or_else(|| panic!("{line:?} is missing or out of order: {out}"));
    }
    let widest = out.lines().max_by_key(|line| line.chars().count()).unwrap();
    assert!(widest.chars().count() <= 80, "wider than a terminal: {widest}");
    assert_eq!(files(temp.path()), Vec::<PathBuf>::new(), "the temporary folder is removed");
}

#[test]
fn a_kept_folder_has_a_sound_configuration_and_a_package_that_opens() {
    let temp = tempfile::tempdir().unwrap();
    let kept = temp.path().join("kept");
    let output = demo(temp.path(), &["--keep", kept.to_str().unwrap()]).output().unwrap();
    let (out, err) = told(&output);
    assert_eq!((output.status.code(), err.as_str()), (Some(0), ""), "{out}");

    let file = kept.join("dsrd.toml");
    let config = Config::load(&file).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(config.check_files("dsrd.toml"), Vec::new());
    assert!(
        out.contains(&format!("dsrd audit verify -c {}\n", file.display())),
        "the command is whole: {out}"
    );

    let passphrase = regex::Regex::new(r"\b[0-9A-Z]{3}(-[0-9A-Z]{3}){5}\b").unwrap();
    let mails = files(&kept.join("mail/asha@acme-traders.example/cur"));
    let mails = mails.iter().map(|mail| fs::read_to_string(mail).unwrap());
    let found = mails.filter_map(|mail| passphrase.find(&mail).map(|found| found.as_str().to_owned()));
    let [passphrase] = &found.collect::<Vec<_>>()[..] else { panic!("one mail with a passphrase") };
    let [zip] = &files(&kept.join("asha"))[..] else { panic!("one package") };
    let passphrase = Passphrase::new(passphrase.clone());
    let checked = check(zip, &passphrase).unwrap();
    let rows: Vec<_> = checked.rows.iter().map(|(name, rows)| (name.as_str(), *rows)).collect();
    assert_eq!(rows, [("billing", 2), ("call_logs", 314), ("recordings", 8)]);
    let wav = Opened::open(zip, &passphrase).unwrap().read("recordings/000001.wav", 12).unwrap();
    assert_eq!((&wav[..4], &wav[8..]), (&b"RIFF"[..], &b"WAVE"[..]));

    let again = demo(temp.path(), &["--keep", kept.to_str().unwrap()]).output().unwrap();
    let (out, err) = told(&again);
    assert_eq!((again.status.code(), out.as_str()), (Some(2), ""));
    let expected = format!(
        "dsrd: cannot play the demo in {}: it exists and is not an empty folder; name a new one\n",
        kept.display()
    );
    assert_eq!(err, expected);
}

#[test]
fn a_story_that_stops_says_where_and_why_and_keeps_its_files() {
    let temp = tempfile::tempdir().unwrap();
    // A device on which every write fails stands for whatever may go wrong on the way.
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = demo(temp.path(), &[]).stdout(full).output().unwrap();
    let (_, err) = told(&output);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert_eq!(err.lines().count(), 1, "{err}");
    let [kept] = &files(temp.path())[..] else { panic!("the folder stays: {err}") };
    assert!(err.starts_with("dsrd: the demo stopped in scene \"Introduction\": could not print: "), "{err}");
    assert!(err.ends_with(&format!("; its files are kept in {}\n", kept.display())), "{err}");
}
