//! dsrd itself, as `dsrd run` builds it, with two differences: the clock stands still until the story moves it, and the
//! pumps are turned by hand until nothing is left to do, so that each thing it does can be told. See `daemon/pumps.rs`.

use super::Trouble;
use super::show::{Show, size};
use crate::config::Config;
use crate::daemon::assemble;
use crate::daemon::pumps::Pumps;
use crate::domain::audit::Actor;
use crate::domain::request::{Check, Kind, PlanState, Request, Stage};
use crate::env::{Env, Manual};
use crate::store::Filter;
use crate::workflow::{Operation, Reply};
use jiff::{SignedDuration, Timestamp};
use std::path::Path;
use std::sync::Arc;

/// dsrd with a clock that is moved by hand.
pub(super) struct Machine {
    /// Its configuration.
    pub(super) config: Config,
    /// The story's clock, with the host's randomness.
    pub(super) env: Env,
    clock: Arc<Manual>,
    pumps: Pumps,
}

impl Machine {
    /// Reads the configuration, opens everything that it names, and starts.
    pub(super) async fn start(config: &Path, start: Timestamp, host: &Env) -> Result<Self, Trouble> {
        let config = Config::load(config).map_err(Trouble::broke("read the demo's configuration"))?;
        let clock = Arc::new(Manual::new(start));
        let env = Env { clock: clock.clone(), entropy: Arc::clone(&host.entropy) };
        let parts = assemble::parts(&config, env.clone()).await.map_err(Trouble::broke("start dsrd"))?;
        let pumps = Pumps::new(parts, "demo");
        pumps.workflow.start().await.map_err(Trouble::broke("start dsrd"))?;
        Ok(Self { config, env, clock, pumps })
    }

    /// Lets time pass.
    pub(super) fn wait(&self, minutes: i64) {
        self.clock.advance(SignedDuration::from_mins(minutes));
    }

    /// What an operator does at the command line.
    pub(super) async fn operate(&self, operation: Operation) -> Result<Reply, Trouble> {
        let actor = Actor::Operator("demo".to_owned());
        match self.pumps.workflow.operate(operation, &actor).await {
            Reply::Refused { why } | Reply::Failed { why } => {
                Err(Trouble::Broke { doing: "carry out a command".to_owned(), why })
            }
            reply @ (Reply::Done
            | Reply::Codes { .. }
            | Reply::Held { .. }
            | Reply::Settled { .. }
            | Reply::Replayed { .. }
            | Reply::Retention { .. }
            | Reply::Unchanged { .. }) => Ok(reply),
        }
    }

    /// The newest request of the story, for the narrator.
    pub(super) async fn request(&self) -> Result<Option<Request>, Trouble> {
        let rows = self.pumps.workflow.store().requests(Filter::All, 3).await;
        let mut rows = rows.map_err(Trouble::broke("read the register"))?;
        if rows.len() > 2 {
            return Err(Trouble::unexpected("two requests at most", "more"));
        }
        Ok(rows.pop().map(|row| row.request))
    }

    /// Turns every pump until nothing is due, and tells what each did.
    pub(super) async fn settle(&mut self, show: &mut Show<'_>) -> Result<(), Trouble> {
        loop {
            let mut done = self.pumps.workflow.wake().await.map_err(Trouble::broke("look at the timers"))?;
            done += self.read(show).await?;
            done += self.work(show).await?;
            let sent = self.pumps.outbox.turn().await.map_err(Trouble::broke("send mail"))?;
            if sent > 0 {
                show.step("dsrd", &format!("sent {}", many(sent, "mail")))?;
            }
            if done + sent == 0 {
                return Ok(());
            }
        }
    }

    async fn read(&mut self, show: &mut Show<'_>) -> Result<usize, Trouble> {
        let before = self.request().await?;
        let mut done = 0;
        for mail in &mut self.pumps.mail {
            done += mail.turn().await.map_err(Trouble::broke("read the support mailbox"))?;
        }
        if done > 0 {
            let after = self.request().await?;
            let said = match (&before, &after) {
                (None, Some(new)) => format!("read the mailbox and recorded request {}", new.reference),
                (Some(old), Some(new)) if old.version != new.version => {
                    format!("read the mailbox: an answer to {}", new.reference)
                }
                (None | Some(_), _) => "read the mailbox".to_owned(),
            };
            show.step("dsrd", &said)?;
            tell_stage(before.as_ref(), after.as_ref(), show)?;
        }
        Ok(done)
    }

    async fn work(&mut self, show: &mut Show<'_>) -> Result<usize, Trouble> {
        let before = self.request().await?;
        let doing = before.as_ref().and_then(job_of);
        if let Some(doing) = doing {
            show.step("dsrd", &format!("{doing} …"))?;
        }
        let done = self.pumps.jobs.turn().await.map_err(Trouble::broke("do a job"))?;
        if done > 0 {
            let after = self.request().await?;
            if let Some(request) = &after {
                tell_result(request, show)?;
            }
            tell_stage(before.as_ref(), after.as_ref(), show)?;
        }
        Ok(done)
    }

    /// Stops it in order.
    pub(super) async fn stop(&self) -> Result<(), Trouble> {
        self.pumps.workflow.stop().await.map_err(Trouble::broke("stop dsrd"))
    }
}

/// What the job of this stage does.
fn job_of(request: &Request) -> Option<&'static str> {
    match &request.stage {
        Stage::Executing { .. } if request.kind == Some(Kind::Delete) => {
            Some("deletes the rows of the plan, and asks the database again")
        }
        Stage::AwaitingVerification { check: Check::Resolving, .. } => {
            Some("asks the company's directory who this is")
        }
        Stage::AwaitingApproval { plan: PlanState::Planning, .. } => {
            Some("counts the data that is asked for and freezes the plan")
        }
        Stage::Executing { .. } => Some("writes the package, reads it back and checks it"),
        Stage::AwaitingVerification {
            check: Check::NoMatch | Check::Frozen { .. } | Check::Challenged { .. },
            ..
        }
        | Stage::AwaitingApproval { plan: PlanState::Frozen, .. }
        | Stage::CoolingOff { .. }
        | Stage::Recorded { .. }
        | Stage::Delivering { .. }
        | Stage::Closed { .. } => None,
    }
}

fn tell_result(request: &Request, show: &mut Show<'_>) -> Result<(), Trouble> {
    if let (Stage::Delivering { .. }, Some(erasure)) = (&request.stage, &request.erasure) {
        for line in &erasure.lines {
            let kept: u64 = line.kept.iter().map(|kept| kept.rows).sum();
            show.step("", &format!("{}: {} rows deleted, {kept} stay", line.title, line.deleted))?;
        }
        return Ok(());
    }
    match (&request.stage, &request.package, &request.plan, &request.subject) {
        (Stage::Delivering { .. }, Some(package), ..) => {
            for part in &package.contents {
                let files = if part.files > 0 { format!(" and {} files", part.files) } else { String::new() };
                show.step("", &format!("{}: {} rows{files}", part.title, part.rows))?;
            }
            show.step("", &format!("{}, {}", package.file_name, size(package.bytes)))?;
        }
        (Stage::AwaitingApproval { .. }, _, Some(plan), _) => {
            show.step("", &format!("{} rows; plan {:.12}", plan.total_rows, plan.hash))?;
        }
        (Stage::AwaitingVerification { .. }, _, _, Some(entry)) => {
            show.step("", &format!("{}, {} of account {}", entry.name.expose(), entry.role, entry.account))?;
        }
        _ => {}
    }
    Ok(())
}

fn tell_stage(before: Option<&Request>, after: Option<&Request>, show: &mut Show<'_>) -> Result<(), Trouble> {
    let name = |request: Option<&Request>| request.map(|request| request.stage.name());
    match (name(before), name(after)) {
        (Some(old), Some(new)) if old != new => Ok(show.step("dsrd", &format!("stage: {old} -> {new}"))?),
        (None, Some(new)) => Ok(show.step("dsrd", &format!("stage: {new}"))?),
        (Some(_) | None, _) => Ok(()),
    }
}

/// "1 mail", "2 mails".
pub(super) fn many(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
