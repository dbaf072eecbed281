//! `dsrd parse`: what the daemon would make of mails in files, one JSON line each (interface.md). No state, no network.
//! Whether a mail answers one of ours is known to the daemon by its tokens; here the reference in the subject and
//! plus-addresses of own mailboxes have to do.

use super::args::Parse;
use super::{CliError, Exit, Outcome, open};
use crate::config::Config;
use crate::daemon::assemble;
use crate::domain::address::Address;
use crate::domain::command::{self, Command};
use crate::domain::form::{self, DateOrder, Problem, ReadingContext, Understood};
use crate::domain::ids::Reference;
use crate::domain::scope::AccountScope;
use crate::env::Env;
use crate::mail::authentication::{self, Trust};
use crate::mail::classify::{Class, Classified, Thread, classify};
use crate::mail::incoming::{Incoming, Limits, read};
use crate::mail::reply::new_text;
use anyhow::Context as _;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{ErrorKind, Read as _, Write};
use std::path::{Path, PathBuf};

/// `dsrd parse`: with the configuration where one is named, else with the built-in defaults.
pub fn command(args: &Parse, env: &Env) -> Outcome {
    let today = env.now().to_zoned(TimeZone::UTC).date();
    let settings = match &args.config {
        Some(path) => ParseSettings::of(&open::config(path)?, today),
        None => ParseSettings::new(today),
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let parsed = run(&args.what, &settings, &mut out);
    let parsed = parsed.and_then(|()| out.flush().context("writing the result"));
    parsed.map(|()| Exit::Done).map_err(|error| match error.downcast_ref::<std::io::Error>() {
        Some(broken) if broken.kind() == ErrorKind::BrokenPipe => CliError::unread(),
        _ => CliError::usage(format!("could not parse: {error:#}; name mails, folders of mails, or -")),
    })
}

/// What to parse.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct ParseArgs {
    /// Mail files, folders of them, or - for standard input
    #[arg(value_name = "PATH", default_value = "-")]
    pub paths: Vec<PathBuf>,
    /// Print only how many mails there are of each class
    #[arg(long)]
    pub summary: bool,
}

/// How to parse; the defaults are those of config.example.toml (decision 18).
#[derive(Clone, Debug)]
pub struct ParseSettings {
    /// Addresses of our own mailboxes.
    pub own: Vec<Address>,
    /// Whose Authentication-Results are believed.
    pub trust: Trust,
    /// Region of phone numbers without a country code.
    pub region: String,
    /// How to read 01/02/2025.
    pub order: DateOrder,
    /// The calendar's zone: on which day a mail was sent.
    pub zone: TimeZone,
    /// The day that relative dates count from in a mail without a Date.
    pub today: jiff::civil::Date,
    /// The bounds of one mail.
    pub limits: Limits,
}

impl ParseSettings {
    /// The built-in defaults; `today` serves mails without a Date.
    pub fn new(today: jiff::civil::Date) -> Self {
        Self {
            own: Vec::new(),
            trust: Trust::default(),
            region: "IN".to_owned(),
            order: DateOrder::DayFirst,
            zone: TimeZone::get("Asia/Kolkata").unwrap_or(TimeZone::UTC),
            today,
            limits: Limits::default(),
        }
    }

    /// As configured.
    pub fn of(config: &Config, today: jiff::civil::Date) -> Self {
        let mailboxes = config.mailboxes.values().flat_map(|mailbox| mailbox.addresses.iter());
        let own = mailboxes.chain([&config.outbox.from, &config.company.support]);
        Self {
            own: own.map(Address::without_detail).collect(),
            trust: Trust { authserv_ids: config.sender_auth.authserv_ids.clone() },
            region: config.reading.region.clone(),
            order: assemble::order(config),
            zone: config.calendar.timezone.clone(),
            today,
            limits: Limits {
                bytes_max: usize::try_from(config.limits.mail_bytes_max.bytes()).unwrap_or(usize::MAX),
                ..Limits::default()
            },
        }
    }

    fn context(&self, incoming: &Incoming) -> ReadingContext {
        let date = incoming.date.map_or(self.today, |date| date.to_zoned(self.zone.clone()).date());
        ReadingContext { date, region: self.region.clone(), day_first: self.order }
    }
}

/// Parses every mail and writes one line each, or with `--summary` one line for each class.
/// Errors: a path that cannot be read, or an output that cannot be written. A mail that cannot be read is a line.
pub fn run(args: &ParseArgs, settings: &ParseSettings, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    for path in &args.paths {
        for file in files(path)? {
            let raw = bytes(&file, &settings.limits)?;
            let line = line(&file.display().to_string(), &raw, settings);
            *counts.entry(line.class).or_default() += 1;
            if line.class == Class::Request.as_str() {
                *counts
                    .entry(if line.complete { "request complete" } else { "request incomplete" })
                    .or_default() += 1;
            }
            if !args.summary {
                serde_json::to_writer(&mut *out, &line).context("writing the result")?;
                writeln!(out).context("writing the result")?;
            }
        }
    }
    if args.summary {
        for (class, count) in counts {
            writeln!(out, "{count:>8}  {class}").context("writing the summary")?;
        }
    }
    Ok(())
}

/// The files behind a path in a fixed order; links are not followed, so a folder cannot lead in circles.
fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if path == Path::new("-") || !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    let mut open = vec![path.to_owned()];
    while let Some(folder) = open.pop() {
        let entries = std::fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("listing {}", folder.display()))?;
            let kind = entry.file_type().with_context(|| format!("looking at {}", entry.path().display()))?;
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// One byte more than the limit is enough to know that a mail is too large.
fn bytes(path: &Path, limits: &Limits) -> anyhow::Result<Vec<u8>> {
    let bytes_max = u64::try_from(limits.bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    let mut raw = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().take(bytes_max).read_to_end(&mut raw).context("reading standard input")?;
    } else {
        let file = std::fs::File::open(path).with_context(|| format!("opening {}", path.display()))?;
        file.take(bytes_max).read_to_end(&mut raw).with_context(|| format!("reading {}", path.display()))?;
    }
    Ok(raw)
}

/// One line of output.
#[derive(Serialize)]
struct Line {
    path: String,
    class: &'static str,
    reason: String,
    answer: bool,
    message_id: Option<String>,
    sha256: String,
    from: Option<String>,
    sender: Option<&'static str>,
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<RequestOut>,
    complete: bool,
    problems: Vec<Problem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<CommandOut>,
}

#[derive(Serialize)]
struct RequestOut {
    kind: Option<&'static str>,
    legal_basis: String,
    acknowledged: bool,
    scope: ScopeOut,
    requester: RequesterOut,
}

#[derive(Serialize)]
struct ScopeOut {
    account: Option<String>,
    users: Vec<String>,
    numbers: Vec<String>,
    from: Option<jiff::civil::Date>,
    to: Option<jiff::civil::Date>,
    everything: bool,
    text: String,
}

#[derive(Serialize)]
struct RequesterOut {
    name: Option<String>,
    role: Option<String>,
    email: Option<String>,
    phone: Option<String>,
}

#[derive(Serialize)]
struct CommandOut {
    word: &'static str,
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ground: Option<&'static str>,
    text: Option<String>,
}

fn line(path: &str, raw: &[u8], settings: &ParseSettings) -> Line {
    let sha256 = hex(ring::digest::digest(&ring::digest::SHA256, raw).as_ref());
    let incoming = match read(raw, &settings.limits) {
        Ok(incoming) => incoming,
        Err(problem) => return Line::of(path, sha256, Classified::unreadable(&problem)),
    };
    let thread = thread(&incoming, &settings.own);
    let body = match thread {
        Thread::New => incoming.text.clone(),
        Thread::Ours => new_text(&incoming.text),
    };
    let understood = form::read(&incoming.subject, &body, &settings.context(&incoming));
    let classified = classify(&incoming, &settings.own, &understood, thread);
    let class = classified.class;
    let mut line = Line::of(path, sha256, classified);
    line.sender = Some(authentication::verdict(&incoming, &settings.trust).0.as_str());
    line.from = incoming.from.as_ref().ok().map(|from| from.expose().to_owned());
    line.message_id = incoming.message_id;
    line.subject = Some(incoming.subject);
    if class == Class::Request {
        line.complete = understood.is_complete();
        line.request = Some(RequestOut::of(&understood));
        line.problems = understood.problems;
    }
    if class == Class::Command {
        line.command = command::parse(&new_text(&incoming.text)).ok().map(|command| CommandOut::of(&command));
    }
    line
}

/// Ours when the subject carries a reference, or a recipient is an own mailbox with a plus detail (decision 13).
fn thread(incoming: &Incoming, own: &[Address]) -> Thread {
    let to_token = incoming.recipients.iter().any(|address| {
        address.detail().is_some_and(|detail| !detail.is_empty()) && own.contains(&address.without_detail())
    });
    if to_token || Reference::find(&incoming.subject).is_some() { Thread::Ours } else { Thread::New }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Line {
    fn of(path: &str, sha256: String, classified: Classified) -> Self {
        Self {
            path: path.to_owned(),
            class: classified.class.as_str(),
            reason: classified.reason,
            answer: classified.answer,
            message_id: None,
            sha256,
            from: None,
            sender: None,
            subject: None,
            request: None,
            complete: false,
            problems: Vec::new(),
            command: None,
        }
    }
}

impl RequestOut {
    fn of(understood: &Understood) -> Self {
        let form = &understood.form;
        let (scope, requester) = (&form.scope, &form.requester);
        let shown =
            |value: &Option<crate::domain::personal::Personal>| value.as_ref().map(|v| v.expose().clone());
        Self {
            kind: form.kind.map(crate::domain::request::Kind::as_str),
            legal_basis: form.legal_basis.clone(),
            acknowledged: form.acknowledged,
            scope: ScopeOut {
                account: scope.account.as_ref().map(|account| match account {
                    AccountScope::Own => "own".to_owned(),
                    AccountScope::Named(id) => id.clone(),
                }),
                users: scope.users.iter().map(|user| user.expose().clone()).collect(),
                numbers: scope.numbers.iter().map(|number| number.expose().clone()).collect(),
                from: scope.from,
                to: scope.to,
                everything: scope.everything,
                text: scope.text.expose().clone(),
            },
            requester: RequesterOut {
                name: shown(&requester.name),
                role: shown(&requester.role),
                email: requester.email.as_ref().map(|email| email.expose().to_owned()),
                phone: shown(&requester.phone),
            },
        }
    }
}

impl CommandOut {
    fn of(command: &Command) -> Self {
        let ground = match command {
            Command::Refuse { ground, .. } => ground.map(crate::domain::request::Ground::as_str),
            _ => None,
        };
        Self {
            word: command.word(),
            code: command.code().map(str::to_owned),
            ground,
            text: command.text().map(str::to_owned),
        }
    }
}
