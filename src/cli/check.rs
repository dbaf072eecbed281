//! `dsrd check`: looks at every part of a configuration and says what is missing, unsafe or slow, a line each with what to
//! do. Changes nothing: a state that is not there yet is not made; only a refresh token that a provider replaces while it
//! logs in is kept, or the daemon would be locked out. The looking itself is the adapters' own `check`.

use super::args::Check;
use super::{Exit, Outcome, open, output};
use crate::config::{After, Config, DatabaseUrl, Mailbox as MailboxConfig, MailboxKind, Problem};
use crate::connectors::{Connectors, Severity};
use crate::daemon::assemble;
use crate::daemon::logins::Logins;
use crate::domain::plan::Category;
use crate::env::Env;
use crate::mailbox::{Abilities, MailboxError};
use crate::notices;
use crate::outbox::CourierError;
use crate::render::Texts;
use crate::store::{StaffRow, StaffState};
use rustix::fs::Access;
use serde::Serialize;
use std::io::{self, Write};

/// Fewer codes than this, and a new list is due.
const CODES_LOW: i64 = 5;

/// How one part stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum Standing {
    /// It works.
    Ok,
    /// It works, but slowly or with a risk.
    Warn,
    /// It does not.
    Fail,
}

/// One line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
struct Line {
    standing: Standing,
    part: String,
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

/// The lines so far.
#[derive(Default)]
struct Report(Vec<Line>);

impl Report {
    fn ok(&mut self, part: &str, what: impl Into<String>) {
        self.0.push(Line { standing: Standing::Ok, part: part.to_owned(), what: what.into(), remedy: None });
    }

    fn add(&mut self, standing: Standing, part: &str, what: impl Into<String>, remedy: impl Into<String>) {
        let (what, remedy) = (what.into(), Some(remedy.into()));
        self.0.push(Line { standing, part: part.to_owned(), what, remedy });
    }

    fn warn(&mut self, part: &str, what: impl Into<String>, remedy: impl Into<String>) {
        self.add(Standing::Warn, part, what, remedy);
    }

    fn fail(&mut self, part: &str, what: impl Into<String>, remedy: impl Into<String>) {
        self.add(Standing::Fail, part, what, remedy);
    }

    /// Takes what went wrong with what to do behind its last semicolon.
    fn fail_said(&mut self, part: &str, said: &str) {
        let (what, remedy) =
            said.rsplit_once("; ").unwrap_or((said, "see that section of the configuration"));
        self.fail(part, what, remedy);
    }

    fn problem(&mut self, problem: &Problem) {
        let bare = Problem { remedy: String::new(), ..problem.clone() }.to_string();
        self.fail("configuration", bare.trim_end_matches("; "), &problem.remedy);
    }

    fn exit(&self) -> Exit {
        if self.0.iter().any(|line| line.standing == Standing::Fail) { Exit::No } else { Exit::Done }
    }

    fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        for line in &self.0 {
            let standing = match line.standing {
                Standing::Ok => "ok",
                Standing::Warn => "warn",
                Standing::Fail => "fail",
            };
            let remedy = line.remedy.as_ref().map_or_else(String::new, |remedy| format!("; {remedy}"));
            output::row(out, standing, &format!("{}: {}{remedy}", line.part, line.what))?;
        }
        Ok(())
    }
}

/// Looks at everything and prints what it found.
pub async fn run(args: Check, env: &Env) -> Outcome {
    let mut report = Report::default();
    let file = args.file.config.display().to_string();
    match Config::load(&args.file.config) {
        Err(problems) => problems.0.iter().for_each(|problem| report.problem(problem)),
        Ok(config) => {
            report.ok("configuration", format!("{file} can be read and fits together"));
            files(&config, &file, &mut report);
            folders(&config, &mut report);
            if !args.offline {
                state(&config, env, &mut report).await;
                let mut logins = Logins::new(&config, env);
                mailboxes(&config, &mut logins, &mut report).await;
                outbox(&config, &mut logins, &mut report).await;
                sources(&config, &mut report).await;
            }
        }
    }
    if args.output.json {
        output::json(&report.0)?;
    } else {
        output::print(|out| report.print(out))?;
    }
    Ok(report.exit())
}

/// What the configuration names on this machine.
fn files(config: &Config, file: &str, report: &mut Report) {
    let problems = config.check_files(file);
    for problem in &problems {
        report.problem(problem);
    }
    if problems.is_empty() {
        report.ok("files", "all are there, and secrets are closed to others");
    }
    if let Err(error) = assemble::master_key(config) {
        report.fail("master key", format!("{error:#}"), "configure the file that dsrd init wrote");
    }
    match assemble::calendar(config) {
        Ok(_) => report.ok("calendar", "work days and holidays are known"),
        Err(error) => report.fail("calendar", format!("{error:#}"), "correct [calendar]"),
    }
    let texts = assemble::texts(config).and_then(|texts| Ok(notices::check_all(&texts)?));
    match texts {
        Ok(()) => {
            report.ok("templates", "every notice can be written");
            idle_templates(config, report);
        }
        Err(error) => {
            report.fail("templates", format!("{error:#}"), "correct that template, or take it away");
        }
    }
}

/// Folders that are written to when there is no time left for asking: a package, a line of the erasure ledger.
fn folders(config: &Config, report: &mut Report) {
    let named = [
        ("[delivery] package_dir", &config.delivery.package_dir),
        ("[erasure] ledger_dir", &config.erasure.ledger_dir),
    ];
    for (key, path) in named {
        let there = path.ancestors().find(|part| part.exists()).unwrap_or(path);
        // One that is not there yet is made by the daemon, whose user may do so where we may not.
        let may_write =
            there != path || rustix::fs::access(there, Access::WRITE_OK | Access::EXEC_OK).is_ok();
        let why = match (there.is_dir(), may_write) {
            (true, true) => continue,
            (true, false) => "may not be written to",
            (false, _) => "is no folder",
        };
        let remedy =
            "make it a folder that the daemon's user may write to (ReadWritePaths= in a drop-in of the unit)";
        report.fail(key, format!("{} {why}", there.display()), remedy);
    }
}

/// Templates of the operator's own that would only hide the next version's.
fn idle_templates(config: &Config, report: &mut Report) {
    let Some(folder) = &config.templates else { return };
    let idle = Texts::idle_overrides(folder).unwrap_or_default();
    if let Some(first) = idle.first() {
        let what = format!(
            "{} in {} replace nothing or change nothing, such as {first}",
            idle.len(),
            folder.display()
        );
        report.warn("templates", what, "take them away, so that they follow the next version");
    }
}

async fn state(config: &Config, env: &Env, report: &mut Report) {
    let url = config.state.url.to_url();
    if let DatabaseUrl::Sqlite { path } = &config.state.url
        && !path.exists()
    {
        report.ok("state", format!("{url} is not there yet; the first start makes it"));
        nobody_decides(report);
        return;
    }
    let store = match assemble::store(config, env).await {
        Ok(store) => store,
        Err(error) => {
            let message = open::failed(config, &error).message;
            let (what, remedy) = message.rsplit_once("; ").unwrap_or((&message, "see [state] and [keys]"));
            report.fail("state", what, remedy);
            return;
        }
    };
    match store.ping().await {
        Ok(()) => report.ok("state", format!("{url} answers, and the master key fits")),
        Err(error) => report.fail("state", error.to_string(), "start the database, or correct [state] url"),
    }
    match store.staff().await {
        Ok(rows) => staff(&rows, report),
        Err(error) => report.fail("staff", error.to_string(), "see the state's own line"),
    }
    store.close().await;
}

fn nobody_decides(report: &mut Report) {
    let remedy = "dsrd staff add NAME --address ADDRESS --role approver, then dsrd staff codes NAME";
    report.warn("staff", "nobody may decide, so no request could be approved", remedy);
}

fn staff(rows: &[StaffRow], report: &mut Report) {
    let deciders: Vec<&StaffRow> =
        rows.iter().filter(|row| row.state == StaffState::Active && row.staff.role.may_decide()).collect();
    if deciders.is_empty() {
        nobody_decides(report);
        return;
    }
    for row in &deciders {
        let name = &row.staff.name;
        let part = format!("staff {name}");
        let left = row.codes_left;
        if left < CODES_LOW {
            report.warn(&part, format!("{left} one-time codes left"), format!("dsrd staff codes {name}"));
        } else {
            report.ok(&part, format!("{}, {left} one-time codes left", row.staff.role.as_str()));
        }
    }
    if deciders.len() == 1 {
        report.warn(
            "staff",
            "one person alone may decide, and nobody may decide about their own request",
            "add a second approver",
        );
    }
}

async fn mailboxes<'a>(config: &'a Config, logins: &mut Logins<'a>, report: &mut Report) {
    let watched = match assemble::mailboxes(config, logins) {
        Ok(watched) => watched,
        Err(error) => return report.fail("mailboxes", format!("{error:#}"), "correct [mailbox.NAME]"),
    };
    for mut watched in watched {
        let part = format!("mailbox {}", watched.name);
        let found = watched.mailbox.check().await;
        watched.mailbox.close().await;
        match (found, config.mailboxes.get(&watched.name)) {
            (Ok(abilities), Some(settings)) => mailbox(&part, settings, &abilities, report),
            (Ok(_), None) => {}
            (Err(error), _) => match mailbox_remedy(&error) {
                Some(remedy) => report.fail(&part, error.to_string(), remedy),
                None => report.fail_said(&part, &error.to_string()),
            },
        }
    }
}

fn mailbox(part: &str, settings: &MailboxConfig, abilities: &Abilities, report: &mut Report) {
    let voice =
        if settings.answer { "customers are answered" } else { "only watched: no customer is answered" };
    report.ok(part, format!("opens, {} mails in it, {voice}", abilities.mails));
    if matches!(settings.kind, MailboxKind::Imap { idle: true, .. }) && !abilities.idle {
        let what = "the server does not announce new mail (no IDLE), so it is noticed at the next poll";
        report.warn(part, what, "lower poll where seconds matter");
    }
    match settings.after {
        After::Move { .. } if !abilities.moves && abilities.keyword => {
            let what = "the server cannot move mail (no MOVE), so handled mail gets the keyword instead";
            report.warn(part, what, "write after = \"keyword\"");
        }
        After::Move { .. } if !abilities.moves => {
            report.warn(part, "handled mail can be neither moved nor marked here", "write after = \"leave\"");
        }
        After::Keyword if !abilities.keyword => {
            report.warn(
                part,
                "this folder takes no keywords, so handled mail stays unmarked",
                "write after = \"leave\"",
            );
        }
        After::Leave | After::Keyword | After::Move { .. } => {}
    }
}

/// What to do about an error; none where it says so itself.
const fn mailbox_remedy(error: &MailboxError) -> Option<&'static str> {
    Some(match error {
        MailboxError::Token(_)
        | MailboxError::TokenRefused { .. }
        | MailboxError::TokensNotOffered { .. } => {
            return None;
        }
        MailboxError::LoginDisabled { .. } => "change tls",
        MailboxError::LoginRefused { .. } => "correct user or the password file",
        MailboxError::Refused { .. } => "see that the folder exists and that this login may open it",
        MailboxError::Setting { .. } => "correct that setting",
        MailboxError::Files { .. } => {
            "make the Maildir (new, cur, tmp) and let the daemon's user read and write it"
        }
        MailboxError::Net(_)
        | MailboxError::Lost { .. }
        | MailboxError::Timeout { .. }
        | MailboxError::Malformed { .. } => "see host, port and tls, and that the server runs",
    })
}

async fn outbox<'a>(config: &'a Config, logins: &mut Logins<'a>, report: &mut Report) {
    let mut courier = match assemble::courier(config, logins) {
        Ok(courier) => courier,
        Err(error) => return report.fail("outbox", format!("{error:#}"), "correct [outbox]"),
    };
    match courier.check().await {
        Ok(()) => report.ok("outbox", "takes mail"),
        Err(
            error @ (CourierError::Token(_)
            | CourierError::TokenRefused { .. }
            | CourierError::TokensNotOffered { .. }),
        ) => report.fail_said("outbox", &error.to_string()),
        Err(error) => {
            report.fail(
                "outbox",
                error.to_string(),
                "see host, port, tls, user and password file in [outbox]",
            );
        }
    }
    courier.close().await;
}

async fn sources(config: &Config, report: &mut Report) {
    let connectors = match assemble::connectors(config) {
        Ok(connectors) => connectors,
        Err(error) => return report.fail("sources", format!("{error:#}"), "correct [sources.NAME]"),
    };
    source_by_source(config, &connectors, report).await;
}

async fn source_by_source(config: &Config, connectors: &Connectors, report: &mut Report) {
    for (name, connector) in connectors.iter() {
        let part = format!("source {name}");
        let categories: Vec<&Category> =
            config.data.iter().filter(|category| category.source == name).collect();
        let directory = (config.directory.source == name).then_some(&config.directory);
        match connector.check(&categories, directory).await {
            Err(error) => {
                report.fail(
                    &part,
                    error.to_string(),
                    format!("see [sources.{name}], and that it may be read"),
                );
            }
            Ok(health) => {
                let has = match (categories.len(), directory) {
                    (many, Some(_)) => format!("{many} categories of data and the directory"),
                    (many, None) => format!("{many} categories of data"),
                };
                report.ok(&part, format!("{} answers; {has} looked at", health.version));
                for finding in health.findings {
                    let standing = match finding.severity {
                        Severity::Broken => Standing::Fail,
                        Severity::Advice => Standing::Warn,
                    };
                    report.add(standing, &part, finding.what, finding.remedy);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Report, mailbox, staff};
    use crate::cli::Exit;
    use crate::config::{Config, EXAMPLE, Folders};
    use crate::domain::address::Address;
    use crate::domain::ids::StaffName;
    use crate::domain::policy::{Staff, StaffRole};
    use crate::mailbox::Abilities;
    use crate::store::{StaffRow, StaffState};

    fn printed(report: &Report) -> String {
        let mut out = Vec::new();
        report.print(&mut out).expect("prints");
        String::from_utf8(out).expect("text")
    }

    fn member(name: &str, role: StaffRole, state: StaffState, codes_left: i64) -> StaffRow {
        let name = StaffName::parse(name).expect("a name");
        let address = Address::parse("m@acme.example").expect("an address");
        StaffRow { staff: Staff { name, address, role }, state, codes_left, wrong_codes: 0 }
    }

    #[test]
    fn each_line_says_how_a_part_stands_and_what_to_do() {
        let mut report = Report::default();
        report.ok("calendar", "work days are known");
        assert_eq!(report.exit(), Exit::Done);
        report.warn("source crm", "slow", "add an index");
        assert_eq!(report.exit(), Exit::Done, "a warning is no failure");
        report.fail("outbox", "could not\nlog in", "correct user");
        assert_eq!(report.exit(), Exit::No);
        insta::assert_snapshot!(printed(&report), @r"
        ok             calendar: work days are known
        warn           source crm: slow; add an index
        fail           outbox: could not\nlog in; correct user
        ");
    }

    #[test]
    fn somebody_must_be_able_to_decide() {
        use StaffRole::{Agent, Approver, Dpo};
        use StaffState::{Active, Disabled};
        let check = |rows: &[StaffRow], expected: &str| {
            let mut report = Report::default();
            staff(rows, &mut report);
            assert!(printed(&report).contains(expected), "{expected} in {}", printed(&report));
        };
        check(&[], "nobody may decide");
        check(&[member("jo", Agent, Active, 20), member("al", Dpo, Disabled, 20)], "nobody may decide");
        check(&[member("jo", Approver, Active, 20)], "one person alone");
        check(&[member("jo", Approver, Active, 4)], "staff jo: 4 one-time codes left; dsrd staff codes jo");
        check(
            &[member("jo", Approver, Active, 5), member("al", Dpo, Active, 20)],
            "staff al: dpo, 20 one-time",
        );
    }

    #[test]
    fn what_a_server_cannot_do_is_told() {
        let folders = Folders { base: "/etc/dsrd".into(), credentials: None };
        let check = |after: &str, (moves, idle, keyword): (bool, bool, bool), expected: &str| {
            let text = EXAMPLE.replace("#after = \"leave\"", after);
            let text = text.replace("#e.g. move_to", if after.contains("move") { "move_to" } else { "#" });
            let config = Config::parse(&text, "dsrd.toml", &folders).expect("no problem");
            let mut report = Report::default();
            let abilities = Abilities { moves, idle, keyword, mails: 3 };
            mailbox("mailbox support", &config.mailboxes["support"], &abilities, &mut report);
            let lines = printed(&report);
            let last = lines.lines().last().unwrap_or_default();
            assert!(last.contains(expected), "{expected} in {lines}");
        };
        check("after = \"leave\"", (false, true, false), "3 mails in it, customers are answered");
        check("after = \"leave\"", (true, false, true), "no IDLE");
        check("after = \"move\"", (true, true, true), "opens");
        check("after = \"move\"", (false, true, true), "gets the keyword instead");
        check("after = \"move\"", (false, true, false), "neither moved nor marked");
        check("after = \"keyword\"", (false, true, false), "takes no keywords");
    }
}
