//! `dsrd parse`: what the daemon would make of mails in files, one JSON line each (interface.md). No state, no network.
//! Files are read one by one, so that memory stays flat however many there are. `parse/line.rs` makes the lines.

mod line;

use super::args::Parse;
use super::{CliError, Exit, Outcome, open};
use crate::config::Config;
use crate::daemon::assemble;
use crate::domain::address::Address;
use crate::domain::form::{DateOrder, Languages, ReadingContext};
use crate::env::Env;
use crate::mail::authentication::Trust;
use crate::mail::classify::Class;
use crate::mail::incoming::{Incoming, Limits};
use anyhow::Context as _;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
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
    /// The languages that forms are read in.
    pub languages: std::sync::Arc<Languages>,
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
            languages: Languages::all(),
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
            languages: assemble::languages(config),
            today,
            limits: Limits {
                bytes_max: usize::try_from(config.limits.mail_bytes_max.bytes()).unwrap_or(usize::MAX),
                ..Limits::default()
            },
        }
    }

    fn context(&self, incoming: &Incoming) -> ReadingContext {
        let languages = std::sync::Arc::clone(&self.languages);
        let date = incoming.written_on.unwrap_or(self.today);
        ReadingContext { date, region: self.region.clone(), day_first: self.order, languages }
    }
}

/// Parses every mail and writes one line each, or with `--summary` one line for each class.
/// Errors: a path that cannot be read, or an output that cannot be written. A mail that cannot be read is a line.
pub fn run(args: &ParseArgs, settings: &ParseSettings, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    for path in &args.paths {
        for file in files(path)? {
            let raw = bytes(&file, &settings.limits)?;
            let line = line::line(&file.display().to_string(), &raw, settings);
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
