//! `dsrd audit`: computes the log anew, entry by entry, and lists it. Reads the state and nothing else; never repairs. The
//! format and the check are `domain/audit.rs`.

use super::args::{Audit, AuditWhat};
use super::{CliError, Exit, Outcome, open, output, timeline};
use crate::domain::audit::{Head, Verifier};
use crate::domain::ids::Reference;
use crate::domain::merkle::Frontier;
use crate::env::Env;
use crate::store::{AuditRow, Store, StoreError};
use jiff::tz::TimeZone;
use serde::Serialize;
use std::io::{self, Write};

/// Does what is asked.
pub async fn run(args: Audit, env: &Env) -> Outcome {
    let config = open::config(&args.file.config)?;
    let store = open::state(&config, env).await?;
    match args.what {
        AuditWhat::Verify => {
            let verdict =
                verify(&store).await.map_err(|error| CliError::state("verify the audit log", &error))?;
            if args.output.json {
                output::json(&verdict)?;
            } else {
                output::print(|out| verdict.say(out))?;
            }
            Ok(if verdict.verified { Exit::Done } else { Exit::No })
        }
        AuditWhat::List { reference } => {
            list(&store, reference.as_ref(), args.output.json, &config.calendar.timezone).await
        }
    }
}

/// What the check came to.
#[derive(Serialize)]
struct Verdict {
    verified: bool,
    /// Entries that hold.
    size: u64,
    /// RFC 6962 root over them.
    root: String,
    /// The first thing that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
}

impl Verdict {
    fn say(&self, out: &mut dyn Write) -> io::Result<()> {
        match &self.fault {
            None => writeln!(out, "The audit log holds: {} entries, root {}", self.size, self.root),
            Some(fault) => writeln!(
                out,
                "The audit log does NOT hold: {fault}.\nThe {} entries before are as they were written. Keep a copy of the state and compare it with a backup.",
                self.size
            ),
        }
    }
}

async fn verify(store: &Store) -> Result<Verdict, StoreError> {
    let head = store.audit_head().await?;
    let head = head.unwrap_or_else(|| Head { size: 0, root: Frontier::new().root() });
    let mut verifier = Verifier::new();
    let mut sound = Frontier::new();
    while sound.size() < head.size {
        let page = match store.audit_page(sound.size()).await {
            Ok(page) => page,
            // Bytes that no dsrd writes are a finding about the log, not a failure to look at it.
            Err(error @ StoreError::Impossible { .. }) => return Ok(bad(&sound, error.to_string())),
            Err(error) => return Err(error),
        };
        if page.is_empty() {
            break;
        }
        // A running daemon appends behind the head that was read; that part is the next check's.
        for row in page.into_iter().take_while(|row| row.seq < head.size) {
            if let Err(fault) = verifier.check(row.seq, &row.entry, row.leaf) {
                return Ok(bad(&sound, fault.to_string()));
            }
            sound.append(row.leaf);
        }
    }
    if let Err(fault) = verifier.finish(head) {
        return Ok(bad(&sound, fault.to_string()));
    }
    if let Some(last) = store.audit_page(head.size).await?.last() {
        // Whatever stands there was committed together with a head that covers it.
        let now = store.audit_head().await?.map_or(0, |head| head.size);
        if last.seq >= now {
            let fault =
                format!("entry {} stands behind the end of the log, which has {now} entries", last.seq);
            return Ok(bad(&sound, fault));
        }
    }
    Ok(Verdict { verified: true, size: head.size, root: head.root.to_string(), fault: None })
}

fn bad(sound: &Frontier, fault: String) -> Verdict {
    Verdict { verified: false, size: sound.size(), root: sound.root().to_string(), fault: Some(fault) }
}

async fn list(store: &Store, reference: Option<&Reference>, json: bool, zone: &TimeZone) -> Outcome {
    let failed = |error: StoreError| CliError::state("list the audit log", &error);
    if let Some(reference) = reference {
        let rows = store.audit_of(reference).await.map_err(failed)?;
        print(&rows, json, zone)?;
        return Ok(Exit::Done);
    }
    let mut from = 0;
    loop {
        let rows = store.audit_page(from).await.map_err(failed)?;
        let Some(last) = rows.last() else {
            return Ok(Exit::Done);
        };
        from = last.seq + 1;
        print(&rows, json, zone)?;
    }
}

fn print(rows: &[AuditRow], json: bool, zone: &TimeZone) -> Result<(), CliError> {
    output::print(|out| {
        for row in rows {
            if json {
                let entry = String::from_utf8_lossy(&row.entry);
                let entry: serde_json::Value =
                    serde_json::from_slice(&row.entry).unwrap_or_else(|_| serde_json::Value::from(entry));
                let line = serde_json::json!({"seq": row.seq, "leaf": row.leaf.to_string(), "entry": entry});
                writeln!(out, "{line}")?;
            } else {
                writeln!(out, "{}", timeline::entry(row, zone, timeline::Whose::Any))?;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::{Verdict, bad};
    use crate::domain::merkle::{Frontier, leaf_hash};

    fn said(verdict: &Verdict) -> String {
        let mut out = Vec::new();
        verdict.say(&mut out).expect("prints");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn the_verdict_names_the_first_bad_entry() {
        let good = Verdict { verified: true, size: 3, root: "ab".repeat(32), fault: None };
        insta::assert_snapshot!(said(&good), @"The audit log holds: 3 entries, root abababababababababababababababababababababababababababababababab");
        let mut sound = Frontier::new();
        sound.append(leaf_hash(b"x"));
        let fault = bad(&sound, "audit entry 1 was changed: it does not match its own leaf hash".to_owned());
        insta::assert_snapshot!(said(&fault), @r"
        The audit log does NOT hold: audit entry 1 was changed: it does not match its own leaf hash.
        The 1 entries before are as they were written. Keep a copy of the state and compare it with a backup.
        ");
    }
}
