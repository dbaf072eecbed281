//! `dsrd holds`: legal holds, placed, listed and released. What a hold covers is shown to the operator who asks; the
//! changes are `workflow/holds.rs`'s.

use super::args::{Holds, HoldsWhat};
use super::{CliError, Exit, Outcome, ask, open, output};
use crate::config::Config;
use crate::domain::hold::{Hold, HoldScope};
use crate::domain::personal::Personal;
use crate::env::Env;
use crate::store::HoldRow;
use crate::workflow::{Operation, Reply};
use serde::Serialize;
use std::io::{self, Write};

/// Does what is asked.
pub async fn run(args: Holds, env: &Env) -> Outcome {
    let config = open::config(&args.file.config)?;
    let json = args.output.json;
    match args.what {
        HoldsWhat::Add { account, user, number, category, ground, citation, owner, review } => {
            let scope = HoldScope {
                account: account.map(Personal::new),
                user: user.map(Personal::new),
                number: number.map(Personal::new),
                category,
            };
            let operation = Operation::PlaceHold { scope, ground, citation, owner, review_on: review };
            let reply = ask::operate(&config, env, "place a hold", operation).await?;
            let id = if let Reply::Held { id } = &reply { id.as_str() } else { "" };
            let said = format!("Hold {id} stands. Release it with: dsrd holds release {id}");
            ask::done(json, &reply, &said)
        }
        HoldsWhat::Release { id } => {
            let operation = Operation::ReleaseHold { id: id.clone() };
            let reply = ask::operate(&config, env, &format!("release hold {id}"), operation).await?;
            ask::done(json, &reply, &format!("Hold {id} is released."))
        }
        HoldsWhat::Review { id, on } => {
            let operation = Operation::ReviewHold { id: id.clone(), review_on: on };
            let reply = ask::operate(&config, env, &format!("review hold {id}"), operation).await?;
            ask::done(json, &reply, &format!("Hold {id} stands on; it is asked about on {on}."))
        }
        HoldsWhat::List { all } => list(&config, env, json, all).await,
    }
}

#[derive(Serialize)]
struct Line {
    id: String,
    covers: String,
    ground: String,
    citation: String,
    owner: String,
    placed_at: String,
    review_on: String,
    released_at: Option<String>,
}

impl Line {
    fn of(row: &HoldRow) -> Self {
        let hold = &row.hold;
        Self {
            id: hold.id.clone(),
            covers: covers(hold),
            ground: hold.ground.clone(),
            citation: hold.citation.clone(),
            owner: hold.owner.clone(),
            placed_at: hold.placed_at.to_string(),
            review_on: hold.review_on.to_string(),
            released_at: row.released_at.map(|at| at.to_string()),
        }
    }
}

fn covers(hold: &Hold) -> String {
    let scope = &hold.scope;
    let personal = [("account", &scope.account), ("user", &scope.user), ("number", &scope.number)];
    let mut parts: Vec<String> = personal
        .into_iter()
        .filter_map(|(word, value)| Some(format!("{word} {}", value.as_ref()?.expose())))
        .collect();
    parts.extend(scope.category.iter().map(|category| format!("category {category}")));
    parts.join(", ")
}

async fn list(config: &Config, env: &Env, json: bool, all: bool) -> Outcome {
    let store = open::state(config, env).await?;
    let rows = store.all_holds().await.map_err(|error| CliError::state("list the holds", &error))?;
    let lines: Vec<Line> = rows.iter().filter(|row| all || row.released_at.is_none()).map(Line::of).collect();
    if json {
        output::json(&lines)?;
    } else if lines.is_empty() {
        output::print(|out| writeln!(out, "No hold stands."))?;
    } else {
        output::print(|out| table(out, &lines))?;
    }
    Ok(Exit::Done)
}

fn table(out: &mut dyn Write, lines: &[Line]) -> io::Result<()> {
    let head = ["HOLD", "COVERS", "CITATION", "OWNER", "REVIEW", "RELEASED"].map(str::to_owned);
    let mut rows = vec![head];
    rows.extend(lines.iter().map(|line| {
        let released = line.released_at.clone().unwrap_or_default();
        [&line.id, &line.covers, &line.citation, &line.owner, &line.review_on, &released].map(String::clone)
    }));
    output::table(out, &rows)
}
