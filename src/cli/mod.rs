//! The command line: one file per command, one place that prints errors and sets the exit code. Composition: it may name
//! everything below, and decides nothing itself. `args.rs` holds the words, interface.md the promises.

mod exit;
pub use exit::{CliError, Exit};

pub mod args;
pub mod ask;
pub mod audit;
pub mod backups;
pub mod check;
pub mod deadline;
pub mod demo;
pub mod holds;
pub mod init;
pub mod logging;
pub mod open;
pub mod output;
pub mod pages;
pub mod parse;
pub mod quarantine;
pub mod report;
pub mod requests;
pub mod retention;
pub mod run;
pub mod staff;
pub mod timeline;
pub mod view;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

use crate::env::Env;

/// What a command ends with.
pub type Outcome = Result<Exit, CliError>;

/// Answers data subject requests by mail: export and deletion, with evidence.
#[derive(Parser, Debug)]
#[command(name = "dsrd", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Watch the mailboxes and answer requests, in the foreground
    Run(args::Run),
    /// Play an export from the first mail to the opened package, and a deletion; needs no server
    Demo(args::Demo),
    /// Say what is missing, unsafe or slow: configuration, mailboxes, state, sources, staff
    Check(args::Check),
    /// Write a commented configuration and a master key to start from
    Init(args::Init),
    /// Say what the daemon would make of mails in files, one JSON line each; needs no state and no network
    Parse(args::Parse),
    /// Look at requests, and decide about them
    Requests(args::Requests),
    /// Say who of the staff decides, and print their one-time codes
    Staff(args::Staff),
    /// Look at mail that could not be handled, and let it go
    Quarantine(args::Quarantine),
    /// Show the service level as measured
    Report(args::Report),
    /// Verify the audit log, and list it
    Audit(args::Audit),
    /// Place, list and release legal holds
    Holds(args::Holds),
    /// Say what backups still hold of deleted data, and delete it again from a restored one
    Backups(args::Backups),
    /// Delete rows past their storage period
    Retention(args::Retention),
    /// Show the due dates of a request that arrived at some time
    Deadline(args::Deadline),
    /// Print completions for a shell
    Completions(args::Completions),
    /// Print the manual page, or write a page for each command into a folder
    Man(args::Man),
}

/// Threads that run the loops: they wait far more than they work, and every further one holds memory of its own.
const LOOP_THREADS: usize = 2;
/// Threads for what blocks: files, and reading mail that may be hostile.
const BLOCKING_THREADS_MAX: usize = 16;

/// Reads the command line, runs the command, prints its error, and gives the exit code.
pub fn main() -> ExitCode {
    let command = match Cli::try_parse() {
        Ok(cli) => cli.command,
        // Help and version are no errors; clap prints them on standard output.
        Err(error) if !error.use_stderr() => return printed(&error),
        Err(error) => return failed(&CliError::usage(usage_line(&error))),
    };
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(LOOP_THREADS).max_blocking_threads(BLOCKING_THREADS_MAX).enable_all();
    let runtime = match builder.build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&CliError::outside(format!("cannot start threads: {error}"))),
    };
    match runtime.block_on(dispatch(command, &Env::system())) {
        Ok(exit) => exit.into(),
        Err(error) => failed(&error),
    }
}

async fn dispatch(command: Command, env: &Env) -> Outcome {
    // What `init` writes must be readable for the service; the state and what lies beside it is nobody else's business.
    if !matches!(command, Command::Init(_)) {
        rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    }
    match command {
        Command::Run(args) => run::run(args, env).await,
        Command::Demo(args) => Box::pin(demo::run(args, env)).await,
        Command::Check(args) => check::run(args, env).await,
        Command::Init(args) => init::run(args, env).await,
        Command::Parse(args) => parse::command(&args, env),
        Command::Requests(args) => requests::run(args, env).await,
        Command::Staff(args) => staff::run(args, env).await,
        Command::Quarantine(args) => quarantine::run(args, env).await,
        Command::Report(args) => report::run(args, env).await,
        Command::Completions(args) => pages::completions(&args, Cli::command()),
        Command::Man(args) => pages::man(&args, Cli::command()),
        Command::Audit(args) => audit::run(args, env).await,
        Command::Holds(args) => holds::run(args, env).await,
        Command::Backups(args) => backups::run(args, env).await,
        Command::Retention(args) => retention::run(args, env).await,
        Command::Deadline(args) => deadline::run(&args),
    }
}

fn printed(text: &clap::Error) -> ExitCode {
    match text.print() {
        Ok(()) => Exit::Done.into(),
        Err(_) => Exit::Outside.into(),
    }
}

/// The one place that prints an error.
#[expect(clippy::print_stderr, reason = "errors of the commands go to standard error, here only")]
fn failed(error: &CliError) -> ExitCode {
    for line in error.message.lines() {
        // A file name can hold control characters; they must not reach the terminal.
        eprintln!("dsrd: {}", logging::escaped(line));
    }
    error.exit.into()
}

/// Clap's message as one line: what is wrong, then where to read on.
fn usage_line(error: &clap::Error) -> String {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return "the command is not complete; run dsrd --help".to_owned();
    }
    let text = error.to_string();
    let wrong: Vec<&str> = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"))
        .filter(|line| !line.is_empty())
        .collect();
    let wrong = wrong.join(" ");
    format!("{}; run dsrd --help", wrong.strip_prefix("error: ").unwrap_or(&wrong))
}

#[cfg(test)]
mod tests {
    use super::{Cli, usage_line};
    use clap::{CommandFactory, Parser};

    #[test]
    fn wrong_use_is_told_on_one_line() {
        Cli::command().debug_assert();
        let check = |line: &str, expected: &str| {
            let error = Cli::try_parse_from(line.split(' ')).expect_err(line);
            assert_eq!(usage_line(&error), expected, "{line}");
        };
        check("dsrd init a b", "unexpected argument 'b' found; run dsrd --help");
        check("dsrd", "the command is not complete; run dsrd --help");
        check(
            "dsrd intt",
            "unrecognized subcommand 'intt' tip: a similar subcommand exists: 'init'; run dsrd --help",
        );
    }

    #[test]
    fn help_is_no_error() {
        let help = Cli::try_parse_from(["dsrd", "--help"]).expect_err("clap gives help as an error");
        assert!(!help.use_stderr());
    }
}
