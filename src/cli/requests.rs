//! `dsrd requests`: the register, and what staff can also do at the command line. Looking never writes; deciding goes
//! through `ask.rs` with the person's one-time code. `view.rs` and `timeline.rs` print.

use super::args::{Requests, RequestsWhat};
use super::{CliError, Exit, Outcome, ask, open, output, timeline, view};
use crate::config::Config;
use crate::domain::ids::{Reference, StaffName};
use crate::domain::request::Ground;
use crate::env::Env;
use crate::store::{Filter, RequestRow, Store, StoreError};
use crate::workflow::{Failure, Operation};
use serde_json::json;

/// Most requests that one list shows.
const LIST_MAX: i64 = 10_000;

/// Does what is asked.
pub async fn run(args: Requests, env: &Env) -> Outcome {
    let config = open::config(&args.file.config)?;
    let json = args.output.json;
    match args.what {
        RequestsWhat::List { all } => {
            list(&config, env, json, if all { Filter::All } else { Filter::Open }).await
        }
        RequestsWhat::Show(of) => show(&config, env, json, &of.reference).await,
        RequestsWhat::Timeline(of) => history(&config, env, json, &of.reference).await,
        RequestsWhat::Plan(of) => plan(&config, env, json, &of.reference).await,
        RequestsWhat::Approve { reference, staff } => {
            approve(&config, env, json, reference.reference, staff).await
        }
        RequestsWhat::Refuse { reference, ground, text, staff } => {
            let refusal = Refusal { reference: reference.reference, ground, text, staff };
            refuse(&config, env, json, refusal).await
        }
        RequestsWhat::Extend { reference, reason, staff } => {
            let reference = reference.reference;
            let code = ask::code(staff.as_str())?;
            let (said, doing) =
                (format!("{staff} extended {reference}."), format!("extend {reference} as {staff}"));
            let operation = Operation::Extend { reference, staff, code, reason };
            let reply = ask::operate(&config, env, &doing, operation).await?;
            ask::done(json, &reply, &said)
        }
        RequestsWhat::Hold { reference, text, staff } => {
            let reference = reference.reference;
            let said = format!("{staff} placed a hold for {reference}; dsrd holds list names it.");
            let doing = format!("place a hold for {reference} as {staff}");
            let reply =
                ask::operate(&config, env, &doing, Operation::Hold { reference, staff, text }).await?;
            ask::done(json, &reply, &said)
        }
        RequestsWhat::Retry(of) => {
            let reference = of.reference;
            let operation = Operation::Retry { reference: reference.clone() };
            let reply = ask::operate(&config, env, &format!("retry {reference}"), operation).await?;
            ask::done(json, &reply, &format!("{reference} is tried again now."))
        }
        RequestsWhat::Withdraw(of) => {
            let reference = of.reference;
            let operation = Operation::Withdraw { reference: reference.clone() };
            let reply = ask::operate(&config, env, &format!("withdraw {reference}"), operation).await?;
            ask::done(json, &reply, &format!("{reference} is withdrawn."))
        }
    }
}

async fn list(config: &Config, env: &Env, json: bool, filter: Filter) -> Outcome {
    let store = open::state(config, env).await?;
    let rows = store.requests(filter, LIST_MAX).await;
    let rows = rows.map_err(|error| CliError::state("list the requests", &error))?;
    let now = env.now();
    if json {
        let lines: Vec<view::Line> = rows.iter().map(|row| view::Line::of(&row.request, now)).collect();
        output::json(&lines)?;
    } else if rows.is_empty() {
        output::print(|out| {
            writeln!(out, "No requests{}.", if filter == Filter::Open { " are open" } else { "" })
        })?;
    } else {
        let requests: Vec<_> = rows.iter().map(|row| &row.request).collect();
        output::print(|out| view::list(out, &requests, now, &config.calendar.timezone))?;
    }
    Ok(Exit::Done)
}

async fn find(store: &Store, reference: &Reference) -> Result<RequestRow, CliError> {
    let row = store.request(reference).await;
    row.map_err(|error| CliError::state(&format!("read {reference}"), &error))?.ok_or_else(|| {
        CliError::usage(format!(
            "there is no request {reference}; dsrd requests list --all names all of them"
        ))
    })
}

async fn show(config: &Config, env: &Env, json: bool, reference: &Reference) -> Outcome {
    let store = open::state(config, env).await?;
    let request = find(&store, reference).await?.request;
    let steps = store.steps_of(reference).await;
    let steps = steps.map_err(|error| CliError::state(&format!("read the steps of {reference}"), &error))?;
    let now = env.now();
    if json {
        let steps: Vec<_> =
            steps.iter().map(|(name, detail)| json!({"name": name, "detail": detail})).collect();
        output::json(
            &json!({"request": request, "overdue": view::is_overdue(&request, now), "steps": steps}),
        )?;
    } else {
        output::print(|out| view::request(out, &request, &steps, now, &config.calendar.timezone))?;
    }
    Ok(Exit::Done)
}

async fn history(config: &Config, env: &Env, json: bool, reference: &Reference) -> Outcome {
    let store = open::state(config, env).await?;
    find(&store, reference).await?;
    let failed = |error: StoreError| CliError::state(&format!("read the timeline of {reference}"), &error);
    let rows = store.audit_of(reference).await.map_err(failed)?;
    if json {
        let entries: Vec<serde_json::Value> =
            rows.iter().filter_map(|row| serde_json::from_slice(&row.entry).ok()).collect();
        output::json(&entries)?;
    } else {
        output::print(|out| {
            rows.iter().try_for_each(|row| {
                writeln!(out, "{}", timeline::entry(row, &config.calendar.timezone, timeline::Whose::One))
            })
        })?;
    }
    Ok(Exit::Done)
}

async fn plan(config: &Config, env: &Env, json: bool, reference: &Reference) -> Outcome {
    let store = open::state(config, env).await?;
    let request = find(&store, reference).await?.request;
    let (standing, summary) = if let Some(plan) = &request.plan {
        (view::PlanKind::Frozen, plan.clone())
    } else {
        let workflow = open::workflow(config, env).await?;
        let counted = workflow.dry_plan(&request).await.map_err(|failure| match failure {
            Failure::Refused(why) => CliError::no(format!("no plan for {reference}: {why}")),
            failure => CliError::outside(format!(
                "cannot count what {reference} would touch: {failure}; dsrd check looks at every source"
            )),
        })?;
        (view::PlanKind::DryRun, counted.summary(Vec::new()))
    };
    if json {
        output::json(&json!({"frozen": standing == view::PlanKind::Frozen, "plan": summary}))?;
    } else {
        output::print(|out| view::plan(out, &summary, standing, &config.calendar.timezone))?;
    }
    Ok(Exit::Done)
}

async fn approve(config: &Config, env: &Env, json: bool, reference: Reference, staff: StaffName) -> Outcome {
    let code = ask::code(staff.as_str())?;
    let said = format!("{staff} approved {reference}.");
    let doing = format!("approve {reference} as {staff}");
    let reply = ask::operate(config, env, &doing, Operation::Approve { reference, staff, code }).await?;
    ask::done(json, &reply, &said)
}

struct Refusal {
    reference: Reference,
    ground: Ground,
    text: String,
    staff: StaffName,
}

async fn refuse(config: &Config, env: &Env, json: bool, refusal: Refusal) -> Outcome {
    let Refusal { reference, ground, text, staff } = refusal;
    let code = ask::code(staff.as_str())?;
    let said = format!("{staff} refused {reference} ({}).", ground.as_str());
    let doing = format!("refuse {reference} as {staff}");
    let operation = Operation::Refuse { reference, staff, code, ground, text };
    let reply = ask::operate(config, env, &doing, operation).await?;
    ask::done(json, &reply, &said)
}
