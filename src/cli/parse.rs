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
    /// Print only how many mails there are of each class, and how often each problem
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
            trust: assemble::trust(config),
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
    let mut counts = Counts::default();
    for path in &args.paths {
        each_file(path, &mut |file| {
            let raw = bytes(file, &settings.limits)?;
            let line = line::line(&file.display().to_string(), &raw, settings);
            counts.add(&line);
            if !args.summary {
                serde_json::to_writer(&mut *out, &line).context("writing the result")?;
                writeln!(out).context("writing the result")?;
            }
            Ok(())
        })?;
    }
    if args.summary {
        counts.write(out).context("writing the summary")?;
    }
    Ok(())
}

/// How many mails there are of each class, and how often each problem.
#[derive(Default)]
struct Counts {
    classes: BTreeMap<&'static str, usize>,
    problems: BTreeMap<String, usize>,
}

impl Counts {
    fn add(&mut self, line: &line::Line) {
        *self.classes.entry(line.class).or_default() += 1;
        if line.class == Class::Request.as_str() {
            let complete = if line.complete { "request complete" } else { "request incomplete" };
            *self.classes.entry(complete).or_default() += 1;
        }
        for problem in &line.problems {
            *self.problems.entry(problem.name()).or_default() += 1;
        }
    }

    fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let classes = self.classes.iter().map(|(class, count)| ((*class).to_owned(), count));
        let problems = self.problems.iter().map(|(problem, count)| (format!("problem {problem}"), count));
        classes.chain(problems).try_for_each(|(what, count)| writeln!(out, "{count:>8}  {what}"))
    }
}

/// Goes through the files behind a path in a fixed order, holding the names of one folder at a time; links are not
/// followed, so a folder cannot lead in circles.
fn each_file(path: &Path, act: &mut dyn FnMut(&Path) -> anyhow::Result<()>) -> anyhow::Result<()> {
    if path == Path::new("-") || !path.is_dir() {
        return act(path);
    }
    let mut open = vec![path.to_owned()];
    while let Some(folder) = open.pop() {
        let mut found = Vec::new();
        let below = open.len();
        let entries = std::fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("listing {}", folder.display()))?;
            let kind = entry.file_type().with_context(|| format!("looking at {}", entry.path().display()))?;
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.file_name());
            }
        }
        found.sort();
        found.iter().try_for_each(|name| act(&folder.join(name)))?;
        // The last one is the next one: folders in their order, too.
        if let Some(folders) = open.get_mut(below..) {
            folders.sort_by(|one, other| other.cmp(one));
        }
    }
    Ok(())
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
