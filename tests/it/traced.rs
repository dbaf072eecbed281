//! What a process wrote, made durable and sent, in order, as `strace` saw it; and the disk that a power cut would leave at
//! any moment of it: only what was synced. Reads strace's own lines (`-xx -y`), nothing else. `power_loss.rs` cuts.

use regex::Regex;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Longest text that strace prints of one call: above any page, frame or mail of a test.
const TEXT_BYTES_MAX: &str = "2000000";

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Deed {
    /// Bytes at a place of a file: not durable yet.
    Wrote(PathBuf, usize, Vec<u8>),
    /// A file was cut to this length: not durable yet.
    Cut(PathBuf, usize),
    /// Everything before in this file is durable.
    Synced(PathBuf),
    /// Bytes left for another process or machine.
    Sent(Vec<u8>),
}

/// `strace` in front of a program: the process itself stays the child, so that it can be waited for and told to stop.
pub(crate) fn watched(program: &str, trace: &Path) -> Command {
    let mut command = Command::new("strace");
    command.args(["-D", "-f", "--seccomp-bpf", "-y", "-xx", "-s", TEXT_BYTES_MAX]);
    command.args(["-e", "trace=pwrite64,ftruncate,fdatasync,fsync,write,writev,sendto,sendmsg", "-o"]);
    command.arg(trace).arg(program);
    command
}

/// The deeds in a trace. A call that another thread interrupts on paper counts where it began, a sync where it ended.
pub(crate) fn deeds(trace: &Path) -> Vec<Deed> {
    let text = fs::read_to_string(trace).unwrap();
    let call = Regex::new(r"^(\d+) +(\w+)\(\d+<([^>]*)>(?:, )?(.*)$").unwrap();
    let resumed = Regex::new(r"^(\d+) +<\.\.\. (\w+) resumed>.* = (-?\d+)").unwrap();
    let quoted = Regex::new(r#""((?:\\x[0-9a-f]{2})*)""#).unwrap();
    let mut begun: BTreeMap<(String, String), PathBuf> = BTreeMap::new();
    let mut deeds = Vec::new();
    for line in text.lines() {
        if let Some(end) = resumed.captures(line) {
            let path = begun.remove(&(end[1].to_owned(), end[2].to_owned()));
            deeds.extend(path.filter(|_| &end[3] == "0").map(Deed::Synced));
            continue;
        }
        let Some(found) = call.captures(line) else { continue };
        let (thread, name, rest) = (found[1].to_owned(), found[2].to_owned(), &found[4]);
        let path = PathBuf::from(String::from_utf8_lossy(&unhexed(&found[3])).into_owned());
        let bytes = || quoted.captures_iter(rest).flat_map(|text| unhexed(&text[1])).collect::<Vec<u8>>();
        let number = |rest: &str| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<usize>().unwrap_or_else(|_| panic!("no number in {rest}"))
        };
        match name.as_str() {
            "fdatasync" | "fsync" if line.contains("unfinished") => {
                begun.insert((thread, name), path);
            }
            "fdatasync" | "fsync" if line.ends_with("= 0") => deeds.push(Deed::Synced(path)),
            "ftruncate" => deeds.push(Deed::Cut(path, number(rest))),
            "pwrite64" => {
                let bytes = bytes();
                let behind = rest.rsplit_once('"').map_or("", |(_, behind)| behind);
                let (_, place) = behind.trim_start_matches(", ").split_once(", ").unwrap();
                deeds.push(Deed::Wrote(path, number(place), bytes));
            }
            "write" | "writev" | "sendto" | "sendmsg" => deeds.push(Deed::Sent(bytes())),
            _ => {}
        }
    }
    deeds
}

/// `\x41\x42` as bytes.
fn unhexed(text: &str) -> Vec<u8> {
    let pairs = text.split("\\x").skip(1);
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap_or_else(|_| panic!("{pair:?} in {text}"))).collect()
}

/// A disk with a volatile cache.
#[derive(Default)]
pub(crate) struct Disk {
    durable: BTreeMap<PathBuf, Vec<u8>>,
    cached: BTreeMap<PathBuf, Vec<Deed>>,
}

impl Disk {
    /// Carries out one deed.
    pub(crate) fn carry_out(&mut self, deed: &Deed) {
        match deed {
            Deed::Wrote(path, ..) | Deed::Cut(path, _) => {
                self.cached.entry(path.clone()).or_default().push(deed.clone());
            }
            Deed::Synced(path) => {
                let content = self.durable.entry(path.clone()).or_default();
                for deed in self.cached.remove(path).unwrap_or_default() {
                    match deed {
                        Deed::Wrote(_, at, bytes) => {
                            content.resize(content.len().max(at + bytes.len()), 0);
                            content[at..at + bytes.len()].copy_from_slice(&bytes);
                        }
                        Deed::Cut(_, length) => content.resize(length, 0),
                        Deed::Synced(_) | Deed::Sent(_) => {}
                    }
                }
            }
            Deed::Sent(_) => {}
        }
    }

    /// The files of a database and its log, as a power cut would leave them now, in another folder.
    pub(crate) fn after_a_power_cut(&self, database: &Path, folder: &Path) -> PathBuf {
        let name = database.file_name().unwrap().to_string_lossy().into_owned();
        for ending in ["", "-wal", "-shm"] {
            let found = self.durable.get(&database.with_file_name(format!("{name}{ending}")));
            let copy = folder.join(format!("{name}{ending}"));
            match found.filter(|_| ending != "-shm") {
                Some(content) => fs::write(copy, content).unwrap(),
                None => drop(fs::remove_file(copy)),
            }
        }
        folder.join(name)
    }
}
