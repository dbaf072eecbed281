//! `dsrd quarantine`: mail that could not be handled, named one by one, shown as far as it can be read, and let go by hand.
//! Looking never writes; the rest goes through `ask.rs`. What strangers wrote is printed without control characters.

use super::args::{Quarantine, QuarantineWhat};
use super::{CliError, Exit, Outcome, ask, open, output};
use crate::config::Config;
use crate::env::Env;
use crate::mail::incoming;
use crate::store::SetAside;
use crate::workflow::Operation;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::io::{self, Write};

/// Most mails that one list shows.
const LIST_MAX: i64 = 1_000;
/// Bytes of a mail that are shown.
const SHOWN_BYTES_MAX: usize = 16 * 1024;

/// Does what is asked.
pub async fn run(args: Quarantine, env: &Env) -> Outcome {
    let config = open::config(&args.file.config)?;
    let json = args.output.json;
    match args.what {
        QuarantineWhat::List => list(&config, env, json).await,
        QuarantineWhat::Show { id } => show(&config, env, json, &id).await,
        QuarantineWhat::Requeue { id } => {
            let said = format!("{id} is read once more, within a minute where the daemon runs.");
            let doing = format!("requeue {id}");
            let reply = ask::operate(&config, env, &doing, Operation::Requeue { id }).await?;
            ask::done(json, &reply, &said)
        }
        QuarantineWhat::Discard { id } => {
            let (said, doing) =
                (format!("{id} is thrown away; the mailbox still has it."), format!("discard {id}"));
            let reply = ask::operate(&config, env, &doing, Operation::Discard { id }).await?;
            ask::done(json, &reply, &said)
        }
    }
}

/// A mail, as far as it could be read.
#[derive(Serialize)]
struct Line {
    id: String,
    mailbox: String,
    received_at: Timestamp,
    why: String,
    bytes: usize,
    from: Option<String>,
    subject: Option<String>,
}

impl Line {
    fn of(mail: &SetAside) -> Self {
        let read = incoming::read(&mail.raw, &incoming::Limits::default()).ok();
        let from = read.as_ref().and_then(|read| read.from.as_ref().ok());
        Self {
            id: mail.id.clone(),
            mailbox: mail.mailbox.clone(),
            received_at: mail.received_at,
            why: mail.reason.clone(),
            bytes: mail.raw.len(),
            from: from.map(|from| from.expose().to_owned()),
            subject: read.map(|read| read.subject),
        }
    }
}

async fn list(config: &Config, env: &Env, json: bool) -> Outcome {
    let store = open::state(config, env).await?;
    let mails = store.quarantine(LIST_MAX).await;
    let mails = mails.map_err(|error| CliError::state("list the quarantine", &error))?;
    let lines: Vec<Line> = mails.iter().map(Line::of).collect();
    if json {
        output::json(&lines)?;
    } else if lines.is_empty() {
        output::print(|out| writeln!(out, "Nothing was set aside."))?;
    } else {
        output::print(|out| table(out, &lines, &config.calendar.timezone))?;
    }
    Ok(Exit::Done)
}

fn table(out: &mut dyn Write, lines: &[Line], zone: &TimeZone) -> io::Result<()> {
    let mut rows = vec![["ID", "MAILBOX", "RECEIVED", "FROM", "WHY"].map(str::to_owned)];
    rows.extend(lines.iter().map(|line| {
        let from = line.from.clone().unwrap_or_else(|| "(unreadable)".to_owned());
        [
            line.id.clone(),
            line.mailbox.clone(),
            output::moment(line.received_at, zone),
            from,
            line.why.clone(),
        ]
    }));
    output::table(out, &rows)
}

async fn show(config: &Config, env: &Env, json: bool, id: &str) -> Outcome {
    let store = open::state(config, env).await?;
    let mail = store.quarantined(id).await;
    let mail = mail.map_err(|error| CliError::state(&format!("show {id}"), &error))?.ok_or_else(|| {
        CliError::usage(format!("no mail {id} lies in quarantine; dsrd quarantine list names all of them"))
    })?;
    let line = Line::of(&mail);
    if json {
        output::json(&line)?;
        return Ok(Exit::Done);
    }
    output::print(|out| {
        output::row(out, "id", &line.id)?;
        output::row(out, "mailbox", &line.mailbox)?;
        output::row(out, "received", &output::moment(line.received_at, &config.calendar.timezone))?;
        output::row(out, "why", &line.why)?;
        output::row(out, "from", line.from.as_deref().unwrap_or_default())?;
        output::row(out, "subject", line.subject.as_deref().unwrap_or_default())?;
        writeln!(out)?;
        let shown = mail.raw.get(..SHOWN_BYTES_MAX).unwrap_or(&mail.raw);
        for raw in String::from_utf8_lossy(shown).lines() {
            writeln!(out, "{}", super::logging::escaped(raw))?;
        }
        Ok(())
    })?;
    Ok(Exit::Done)
}
