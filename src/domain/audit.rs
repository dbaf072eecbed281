//! One entry of the audit log and the check of a whole log (decision 21). Entries hold no personal data: references,
//! staff names, counts and hashes only. Writing them is `store`'s work, under the lock of the head row.
//!
//! # Format, version 1
//!
//! An entry is one line of JSON (RFC 8259) in exactly one form: members sorted by name, no white space, absent members
//! left out, no member twice, times as whole microseconds since 1970 UTC, strings escaped only where JSON demands it
//! (quote, backslash, controls: `\b \t \n \f \r`, else `\u00xx` in lower case). For ASCII names that is RFC 8785.
//!
//! ```text
//! {"action":"approved","actor":"staff:meera","at":1767950640000000,"evidence":{"plan":"9f86d081"},"from":"awaiting-approval","request":"DSR-7K3M-9Q2X","to":"executing","v":1}
//! ```
//!
//! | member | meaning |
//! |---|---|
//! | `action` | a word of `Action` |
//! | `actor` | `requester`, `daemon`, `staff:NAME` or `operator:NAME` |
//! | `at` | when it was decided |
//! | `evidence` | hashes, counts and ids, by name |
//! | `from`, `to` | the stages, where the stage changed |
//! | `reason` | a fixed word, such as a ground of refusal; never what a person wrote |
//! | `request` | the reference, where one request is meant |
//! | `v` | 1 |
//!
//! The bytes of the line, without a line end, are a leaf of an RFC 6962 tree (`merkle.rs`): entry number n, counted
//! from 0, is leaf n. The head is the number of entries and the root over them.

mod action;

pub use action::Action;

use super::ids::{Reference, StaffName};
use super::merkle::{Frontier, Hash, leaf_hash};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Version of the entry format.
const VERSION: u8 = 1;

/// How far an entry may lie before the latest one so far: clocks of several daemons differ, and NTP steps back.
/// Five minutes is where standard R16 raises its alarm.
pub const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// Who did it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Actor {
    /// The person who asked, by mail.
    Requester,
    /// A member of staff.
    Staff(StaffName),
    /// Someone at the command line, by the host's user: `uid-1000` (decision 23).
    Operator(String),
    /// The daemon by itself.
    Daemon,
}

impl Actor {
    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None if text == "requester" => Some(Self::Requester),
            None if text == "daemon" => Some(Self::Daemon),
            Some(("staff", name)) => StaffName::parse(name).map(Self::Staff),
            Some(("operator", name)) if !name.is_empty() => Some(Self::Operator(name.to_owned())),
            _ => None,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requester => f.write_str("requester"),
            Self::Staff(name) => write!(f, "staff:{name}"),
            Self::Operator(name) => write!(f, "operator:{name}"),
            Self::Daemon => f.write_str("daemon"),
        }
    }
}

/// One entry. Nothing in it may be personal data: `reason` and `evidence` are words, hashes, counts and ids.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// When it was decided, in whole microseconds.
    pub at: Timestamp,
    /// The request, where one is meant.
    pub request: Option<Reference>,
    /// Who did it.
    pub actor: Actor,
    /// What was done.
    pub action: Action,
    /// The stage before, where the stage changed.
    pub from_stage: Option<String>,
    /// The stage after, where the stage changed.
    pub to_stage: Option<String>,
    /// A fixed word that says why.
    pub reason: Option<String>,
    /// Hashes, counts and ids, by name.
    pub evidence: BTreeMap<String, String>,
}

/// The members in their order on the line: serde writes them as they stand here.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    action: String,
    actor: String,
    at: i64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    evidence: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    v: u8,
}

/// Why bytes are no entry.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// Not JSON, or not these members.
    #[error("reading an audit entry: {0}")]
    Json(#[from] serde_json::Error),
    /// Written by a later version of dsrd, or damaged.
    #[error("reading an audit entry: format version {0} is not known here (this is {VERSION})")]
    Version(u8),
    /// A member that holds what it cannot hold.
    #[error("reading an audit entry: {0} is not one that can be")]
    Value(&'static str),
    /// The same content, written in another form.
    #[error("reading an audit entry: the line is not in canonical form")]
    NotCanonical,
}

impl Entry {
    /// The bytes that are hashed and stored, in the format above.
    pub fn canonical(&self) -> Vec<u8> {
        let line = Line {
            action: self.action.as_str().to_owned(),
            actor: self.actor.to_string(),
            at: self.at.as_microsecond(),
            evidence: self.evidence.clone(),
            from: self.from_stage.clone(),
            reason: self.reason.clone(),
            request: self.request.as_ref().map(|reference| reference.as_str().to_owned()),
            to: self.to_stage.clone(),
            v: VERSION,
        };
        // Strings, numbers and string maps always serialise; an empty line would be refused by `parse`.
        serde_json::to_vec(&line).unwrap_or_default()
    }

    /// Reads canonical bytes, and only those: any other spelling of the same entry is refused.
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryError> {
        let line: Line = serde_json::from_slice(bytes)?;
        if line.v != VERSION {
            return Err(EntryError::Version(line.v));
        }
        let request = match line.request {
            Some(text) => Some(Reference::parse(&text).ok_or(EntryError::Value("the reference"))?),
            None => None,
        };
        let entry = Self {
            at: Timestamp::from_microsecond(line.at).map_err(|_| EntryError::Value("the time"))?,
            request,
            actor: Actor::parse(&line.actor).ok_or(EntryError::Value("the actor"))?,
            action: Action::parse(&line.action).ok_or(EntryError::Value("the action"))?,
            from_stage: line.from,
            to_stage: line.to,
            reason: line.reason,
            evidence: line.evidence,
        };
        if entry.canonical() != bytes {
            return Err(EntryError::NotCanonical);
        }
        Ok(entry)
    }
}

/// How far the log reaches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// Number of entries.
    pub size: u64,
    /// RFC 6962 root over them.
    pub root: Hash,
}

/// The first thing that is wrong with a log.
#[derive(Debug, thiserror::Error)]
pub enum AuditFault {
    /// An entry is missing, stands twice or in the wrong place.
    #[error("audit entry {expected} is missing: entry {found} stands in its place")]
    Gap {
        /// The number that should follow.
        expected: u64,
        /// The number that follows.
        found: u64,
    },
    /// The bytes are not those that were hashed when the entry was written.
    #[error("audit entry {seq} was changed: it does not match its own leaf hash")]
    Changed {
        /// Its number.
        seq: u64,
    },
    /// The bytes match their hash but are no entry.
    #[error("audit entry {seq} cannot be read")]
    Unreadable {
        /// Its number.
        seq: u64,
        /// What is wrong with it.
        #[source]
        source: EntryError,
    },
    /// An entry claims to be older than one before it by more than `CLOCK_TOLERANCE`.
    #[error("audit entry {seq} is dated {at}, but an entry before it is dated {latest}")]
    TimeWentBack {
        /// Its number.
        seq: u64,
        /// Its time.
        at: Timestamp,
        /// The latest time before it.
        latest: Timestamp,
    },
    /// The log ends before its head, or goes on behind it.
    #[error("the audit log has {found} entries, but its head says {expected}")]
    Size {
        /// As the head says.
        expected: u64,
        /// As counted.
        found: u64,
    },
    /// Each entry matches its own hash, yet together they are not the log that the head describes.
    #[error(
        "the audit log's root is {found}, but its head says {expected}: entries and their hashes were replaced"
    )]
    Root {
        /// As the head says.
        expected: Hash,
        /// As computed.
        found: Hash,
    },
}

/// Checks a log entry by entry, so that it can be fed in pages. Holds the frontier only, never the log.
#[derive(Default)]
pub struct Verifier {
    frontier: Frontier,
    latest: Option<Timestamp>,
}

impl Verifier {
    /// A check that begins at entry 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// Checks the next entry: its number, its bytes against the stored leaf hash, its form, its time.
    pub fn check(&mut self, seq: u64, canonical: &[u8], stored: Hash) -> Result<Entry, AuditFault> {
        let expected = self.frontier.size();
        if seq != expected {
            return Err(AuditFault::Gap { expected, found: seq });
        }
        if leaf_hash(canonical) != stored {
            return Err(AuditFault::Changed { seq });
        }
        let entry = Entry::parse(canonical).map_err(|source| AuditFault::Unreadable { seq, source })?;
        if let Some(latest) = self.latest
            && entry.at.duration_until(latest) > CLOCK_TOLERANCE
        {
            return Err(AuditFault::TimeWentBack { seq, at: entry.at, latest });
        }
        self.latest = self.latest.max(Some(entry.at));
        self.frontier.append(stored);
        Ok(entry)
    }

    /// Compares what was read with the stored head.
    pub fn finish(self, head: Head) -> Result<Head, AuditFault> {
        let found = Head { size: self.frontier.size(), root: self.frontier.root() };
        if found.size != head.size {
            return Err(AuditFault::Size { expected: head.size, found: found.size });
        }
        if found.root != head.root {
            return Err(AuditFault::Root { expected: head.root, found: found.root });
        }
        Ok(found)
    }
}

/// Checks a whole log of (number, canonical bytes, stored leaf hash) against its head; names the first bad entry.
pub fn verify<Bytes: AsRef<[u8]>>(
    entries: impl IntoIterator<Item = (u64, Bytes, Hash)>,
    head: Head,
) -> Result<Head, AuditFault> {
    let mut verifier = Verifier::new();
    for (seq, canonical, stored) in entries {
        verifier.check(seq, canonical.as_ref(), stored)?;
    }
    verifier.finish(head)
}

#[cfg(test)]
mod tests {
    use super::{Action, Actor, AuditFault, Entry, EntryError, Head, Verifier, verify};
    use crate::domain::ids::{Reference, StaffName};
    use crate::domain::merkle::{Frontier, Hash, leaf_hash};
    use jiff::{SignedDuration, Timestamp};
    use std::collections::BTreeMap;

    /// The example of the format above.
    const EXAMPLE: &str = r#"{"action":"approved","actor":"staff:meera","at":1767950640000000,"evidence":{"plan":"9f86d081"},"from":"awaiting-approval","request":"DSR-7K3M-9Q2X","to":"executing","v":1}"#;

    type Row = (u64, Vec<u8>, Hash);

    fn approved() -> Entry {
        Entry {
            at: "2026-01-09T09:24:00Z".parse().expect("a time"),
            request: Reference::parse("DSR-7K3M-9Q2X"),
            actor: Actor::Staff(StaffName::parse("meera").expect("a name")),
            action: Action::Approved,
            from_stage: Some("awaiting-approval".to_owned()),
            to_stage: Some("executing".to_owned()),
            reason: None,
            evidence: BTreeMap::from([("plan".to_owned(), "9f86d081".to_owned())]),
        }
    }

    fn bare(at: i64) -> Entry {
        Entry {
            at: Timestamp::from_second(at).expect("in range"),
            request: None,
            actor: Actor::Daemon,
            action: Action::DaemonStarted,
            from_stage: None,
            to_stage: None,
            reason: None,
            evidence: BTreeMap::new(),
        }
    }

    fn log(entries: impl IntoIterator<Item = Entry>) -> (Vec<Row>, Head) {
        let mut frontier = Frontier::new();
        let rows: Vec<Row> = (0..)
            .zip(entries)
            .map(|(seq, entry)| {
                let canonical = entry.canonical();
                let hash = leaf_hash(&canonical);
                frontier.append(hash);
                (seq, canonical, hash)
            })
            .collect();
        (rows, Head { size: frontier.size(), root: frontier.root() })
    }

    fn ten() -> (Vec<Row>, Head) {
        log((0..10).map(|n| bare(1_767_950_640 + n)))
    }

    #[test]
    fn the_documented_example_is_what_is_written_and_read() {
        let documentation = include_str!("audit.rs");
        assert!(
            documentation.contains(&format!("//! {EXAMPLE}\n")),
            "the example stands in the specification"
        );
        assert_eq!(String::from_utf8(approved().canonical()).expect("text"), EXAMPLE);
        assert_eq!(Entry::parse(EXAMPLE.as_bytes()).expect("reads"), approved());
    }

    #[test]
    fn every_action_and_actor_survives_the_log() {
        for action in Action::ALL {
            let entry = Entry { action: *action, reason: Some("say \"no\"\n\u{1}é".to_owned()), ..bare(0) };
            assert_eq!(Entry::parse(&entry.canonical()).expect("reads"), entry);
            assert!(action.as_str().chars().all(|c| c.is_ascii_lowercase() || c == '-'));
            assert_eq!(Action::parse(action.as_str()), Some(*action));
        }
        let meera = StaffName::parse("meera").expect("a name");
        for actor in
            [Actor::Requester, Actor::Staff(meera), Actor::Operator("uid-1000".to_owned()), Actor::Daemon]
        {
            let entry = Entry { actor, ..bare(0) };
            assert_eq!(Entry::parse(&entry.canonical()).expect("reads"), entry);
        }
    }

    #[test]
    fn only_one_spelling_of_an_entry_is_read() {
        let check = |line: &str, expected: &str| {
            let error = Entry::parse(line.as_bytes()).expect_err("not canonical").to_string();
            assert!(error.contains(expected), "{line}: {error}");
        };
        let good = r#"{"action":"verified","actor":"daemon","at":0,"v":1}"#;
        assert!(Entry::parse(good.as_bytes()).is_ok());
        check(&good.replace(",\"v\"", ", \"v\""), "canonical");
        check(&format!("{good}\n"), "canonical");
        check(r#"{"actor":"daemon","action":"verified","at":0,"v":1}"#, "canonical");
        check(&good.replace("\"at\":0", "\"at\":0,\"evidence\":{}"), "canonical");
        check(&good.replace("\"at\":0", "\"at\":0,\"from\":null"), "canonical");
        check(&good.replace("daemon", "d\\u0061emon"), "canonical");
        check(&good.replace("\"v\"", "\"request\":\"dsr-7k3m-9q2x\",\"v\""), "canonical");
        check(&good.replace("\"at\":0", "\"at\":0,\"at\":0"), "duplicate");
        check(&good.replace("\"at\":0", "\"at\":0.0"), "invalid type");
        check(&good.replace("\"at\":0", "\"at\":9223372036854775807"), "the time");
        check(&good.replace("\"v\"", "\"request\":\"x\",\"v\""), "the reference");
        check(&good.replace("\"v\":1", "\"v\":2"), "version 2");
        check(&good.replace("\"v\":1", "\"v\":1,\"w\":1"), "unknown field");
        check(&good.replace("verified", "vanished"), "the action");
        check(&good.replace("daemon", "staff:Me era"), "the actor");
        check("", "EOF");
    }

    #[test]
    fn a_whole_log_is_verified_also_in_pages_and_when_empty() {
        let (rows, head) = ten();
        assert_eq!(verify(rows.clone(), head).expect("verifies"), head);
        let mut verifier = Verifier::new();
        for page in rows.chunks(3) {
            for (seq, canonical, hash) in page {
                verifier.check(*seq, canonical, *hash).expect("checks");
            }
        }
        assert_eq!(verifier.finish(head).expect("verifies"), head);
        let (none, empty) = log([]);
        assert_eq!(empty.size, 0);
        assert!(verify(none, empty).is_ok());
    }

    #[test]
    fn every_flipped_byte_is_found_and_its_entry_named() {
        let (rows, head) = ten();
        for (number, (seq, canonical, _)) in rows.iter().enumerate() {
            for byte in 0..canonical.len() {
                let mut bad = rows.clone();
                bad[number].1[byte] ^= 0x01;
                let fault = verify(bad, head).expect_err("tampered");
                assert!(matches!(fault, AuditFault::Changed { seq: found } if found == *seq), "{fault}");
            }
        }
    }

    #[test]
    fn removal_insertion_reordering_truncation_and_replacement_are_found() {
        let check = |change: fn(&mut Vec<Row>), expected: &str| {
            let (mut rows, head) = ten();
            change(&mut rows);
            assert_eq!(verify(rows, head).expect_err("tampered").to_string(), expected);
        };
        check(|rows| drop(rows.remove(0)), "audit entry 0 is missing: entry 1 stands in its place");
        check(|rows| drop(rows.remove(4)), "audit entry 4 is missing: entry 5 stands in its place");
        check(
            |rows| rows.insert(4, rows[3].clone()),
            "audit entry 4 is missing: entry 3 stands in its place",
        );
        check(|rows| rows.swap(4, 5), "audit entry 4 is missing: entry 5 stands in its place");
        check(|rows| drop(rows.pop()), "the audit log has 9 entries, but its head says 10");
        check(
            |rows| rows.push((10, rows[9].1.clone(), rows[9].2)),
            "the audit log has 11 entries, but its head says 10",
        );
        check(|rows| rows[7].2 = rows[6].2, "audit entry 7 was changed: it does not match its own leaf hash");
        check(
            |rows| {
                rows[7].1 = b"{}".to_vec();
                rows[7].2 = leaf_hash(b"{}");
            },
            "audit entry 7 cannot be read",
        );
    }

    #[test]
    fn an_entry_replaced_together_with_its_hash_is_found_by_the_root() {
        let (mut rows, head) = ten();
        rows[3].1 = Entry { action: Action::Approved, ..bare(1_767_950_643) }.canonical();
        rows[3].2 = leaf_hash(&rows[3].1);
        assert!(matches!(verify(rows, head), Err(AuditFault::Root { .. })));
    }

    #[test]
    fn time_may_step_back_a_little_but_not_far() {
        let check = |times: &[i64], bad: Option<u64>| {
            let (rows, head) = log(times.iter().map(|at| bare(*at)));
            match (verify(rows, head), bad) {
                (Ok(_), None) => {}
                (Err(AuditFault::TimeWentBack { seq, .. }), Some(bad)) => assert_eq!(seq, bad, "{times:?}"),
                (other, _) => panic!("{times:?}: {other:?}"),
            }
        };
        check(&[1_000, 1_000, 2_000], None);
        check(&[1_000, 700, 1_000], None);
        check(&[1_000, 699], Some(1));
        // Step by step counts as one step: the latest time so far is what binds.
        check(&[1_000, 800, 600], Some(2));
        assert_eq!(super::CLOCK_TOLERANCE, SignedDuration::from_secs(300));
    }

    #[test]
    fn bytes_that_are_no_text_are_an_error_and_no_panic() {
        assert!(matches!(Entry::parse(&[0xff, 0xfe, 0x00]), Err(EntryError::Json(_))));
        let deep = "[".repeat(100_000);
        assert!(matches!(Entry::parse(deep.as_bytes()), Err(EntryError::Json(_))));
    }
}
