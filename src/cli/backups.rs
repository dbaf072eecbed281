//! `dsrd backups`: what backups still hold of deleted data, evidence that they do not any more, and sweeping a source that
//! was restored from one. The work is `workflow/owed.rs`'s.

use super::args::{Backups, BackupsWhat};
use super::{CliError, Exit, Outcome, ask, open, output};
use crate::config::Config;
use crate::env::Env;
use crate::workflow::{Operation, Reply};
use serde_json::json;

/// Does what is asked.
pub async fn run(args: Backups, env: &Env) -> Outcome {
    let config = open::config(&args.file.config)?;
    let json = args.output.json;
    match args.what {
        BackupsWhat::List => list(&config, env, json).await,
        BackupsWhat::Restored { source, taken } => {
            let operation = Operation::BackupsRestored { source: source.clone(), taken };
            let reply = ask::operate(&config, env, &format!("sweep {source}"), operation).await?;
            ask::done(json, &reply, &swept(&source, &reply))
        }
        BackupsWhat::Purged { source, through, evidence } => {
            let operation = Operation::BackupsPurged { source: source.clone(), through, evidence };
            let doing = format!("record that the backups of {source} are purged");
            let reply = ask::operate(&config, env, &doing, operation).await?;
            let many = if let Reply::Settled { many } = &reply { *many } else { 0 };
            ask::done(json, &reply, &format!("Recorded; {many} obligations are settled."))
        }
    }
}

fn swept(source: &str, reply: &Reply) -> String {
    let Reply::Replayed { deleted, others, held } = reply else {
        return format!("{source} is swept.");
    };
    let mut said = format!("{source}: {deleted} rows that had been deleted were deleted again.");
    if *others > 0 {
        let more =
            "rows have the key of a deleted row and are not it: nothing was done to them; look at them.";
        said = format!("{said} {others} {more}");
    }
    if *held > 0 {
        said = format!("{said} {held} rows stay because of a legal hold.");
    }
    said
}

async fn list(config: &Config, env: &Env, json: bool) -> Outcome {
    let store = open::state(config, env).await?;
    let rows = store.obligations().await.map_err(|error| CliError::state("list what is owed", &error))?;
    if json {
        let lines: Vec<_> = rows
            .iter()
            .map(|row| {
                json!({"reference": row.reference, "duty": row.duty.as_str(), "category": row.category,
                       "source": row.source, "due_at": row.due_at})
            })
            .collect();
        output::json(&lines)?;
    } else if rows.is_empty() {
        output::print(|out| writeln!(out, "Nothing is owed."))?;
    } else {
        let head = ["REQUEST", "OWED", "CATEGORY", "SOURCE", "DUE"].map(str::to_owned);
        let mut lines = vec![head];
        lines.extend(rows.iter().map(|row| {
            let due = row.due_at.map_or_else(|| "when a hold ends".to_owned(), |at| at.to_string());
            let (reference, duty) = (row.reference.to_string(), row.duty.as_str().to_owned());
            [reference, duty, row.category.clone(), row.source.clone(), due]
        }));
        output::print(|out| output::table(out, &lines))?;
    }
    Ok(Exit::Done)
}
