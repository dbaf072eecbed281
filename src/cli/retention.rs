//! `dsrd retention run`: deletes rows past their ceiling now, or says what would go. The work is `workflow/retention.rs`'s.

use super::args::{Retention, RetentionWhat};
use super::{Exit, Outcome, ask, open, output};
use crate::env::Env;
use crate::workflow::{Operation, Reply, RetentionLine, RetentionMode};

/// Does what is asked.
pub async fn run(args: Retention, env: &Env) -> Outcome {
    let config = open::config(&args.file.config)?;
    let RetentionWhat::Run { dry_run } = args.what;
    let mode = if dry_run { RetentionMode::DryRun } else { RetentionMode::Run };
    let reply = ask::operate(&config, env, "apply retention", Operation::Retention { mode }).await?;
    if args.output.json {
        output::json(&reply)?;
    }
    let lines = if let Reply::Retention { lines } = &reply { lines.as_slice() } else { &[] };
    let exit = if lines.iter().any(|line| line.stopped.is_some()) { Exit::No } else { Exit::Done };
    if args.output.json {
        return Ok(exit);
    }
    let went = if dry_run { "WOULD GO" } else { "DELETED" };
    let mut rows = vec![["CATEGORY", went, "FILES", "KEPT"].map(str::to_owned)];
    rows.extend(lines.iter().map(cells));
    output::print(|out| {
        output::table(out, &rows)?;
        let stopped = lines.iter().filter_map(|line| Some((&line.category, line.stopped.as_ref()?)));
        stopped
            .into_iter()
            .try_for_each(|(category, why)| writeln!(out, "{category} stopped: {}", why.replace('\n', " ")))
    })?;
    Ok(exit)
}

fn cells(line: &RetentionLine) -> [String; 4] {
    [line.category.clone(), line.deleted.to_string(), line.files.to_string(), line.kept.to_string()]
}
