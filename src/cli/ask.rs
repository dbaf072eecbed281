//! Hands one change of the state to whoever holds it: the running daemon over its socket, else this process itself with
//! the same rules and the same audit entries (decision 23). What is asked is `workflow/operate.rs`'s.

use super::{CliError, Exit, open};
use crate::config::{Config, DatabaseUrl};
use crate::control;
use crate::daemon::lock::StateLock;
use crate::env::Env;
use crate::workflow::{Operation, Reply};
use std::io::{BufRead, IsTerminal, Write};

/// Longest line that is read as a code.
const CODE_LINE_BYTES_MAX: u64 = 200;

/// Carries out an operation; `doing` says what was attempted, for errors.
///
/// # Errors
/// What did not happen, and why: exit 1 when the rules say no, 2 when it makes no sense, 3 when the outside failed.
pub async fn operate(
    config: &Config,
    env: &Env,
    doing: &str,
    operation: Operation,
) -> Result<Reply, CliError> {
    let socket = &config.control.socket;
    let asked = control::ask(socket, &operation).await.map_err(|error| {
        CliError::outside(format!(
            "cannot {doing}: the daemon behind {} does not answer: {error}; run this as root or as the daemon's user",
            socket.display()
        ))
    })?;
    let reply = if let Some(reply) = asked {
        reply
    } else {
        nobody_else_holds_it(config, doing)?;
        let workflow = open::workflow(config, env).await?;
        let reply = workflow.operate(operation, &open::operator()?).await;
        workflow.store().close().await;
        reply
    };
    match reply {
        Reply::Done
        | Reply::Codes { .. }
        | Reply::Held { .. }
        | Reply::Settled { .. }
        | Reply::Retention { .. }
        | Reply::Replayed { .. } => Ok(reply),
        Reply::Unchanged { why } => Err(CliError::no(format!("did not {doing}: {why}"))),
        Reply::Refused { why } => Err(CliError::usage(format!("cannot {doing}: {why}"))),
        Reply::Failed { why } => Err(CliError::outside(format!("cannot {doing}: {why}; try again"))),
    }
}

/// No daemon answers, so this process may open the state; not where one has it and listens elsewhere (decision 23).
fn nobody_else_holds_it(config: &Config, doing: &str) -> Result<(), CliError> {
    let DatabaseUrl::Sqlite { path } = &config.state.url else {
        return Ok(());
    };
    match StateLock::is_held(path) {
        Ok(false) => Ok(()),
        Ok(true) => Err(CliError::usage(format!(
            "cannot {doing}: a daemon holds the state {} and does not listen on {}; use the configuration that it runs with",
            path.display(),
            config.control.socket.display()
        ))),
        Err(error) => Err(CliError::outside(format!(
            "cannot {doing}: looking whether a daemon holds the state {}: {error}; run this as root or as the daemon's user",
            path.display()
        ))),
    }
}

/// Reads a one-time code from standard input, after a prompt where somebody types.
pub fn code(of: &str) -> Result<String, CliError> {
    let input = std::io::stdin();
    if input.is_terminal() {
        let mut prompt = std::io::stderr();
        // Without the prompt the code can still be typed.
        let _ = write!(prompt, "One-time code of {of}: ");
        let _ = prompt.flush();
    }
    read_code(input.lock(), of)
}

fn read_code(input: impl BufRead, of: &str) -> Result<String, CliError> {
    let mut line = String::new();
    let read = input.take(CODE_LINE_BYTES_MAX).read_line(&mut line);
    read.map_err(|error| {
        CliError::usage(format!("cannot read the code from standard input: {error}; type it again"))
    })?;
    let code = line.trim();
    if code.is_empty() {
        return Err(CliError::usage(format!(
            "no code came on standard input; type an unused code of {of}, from the list that dsrd staff codes printed"
        )));
    }
    Ok(code.to_owned())
}

/// What a command says when it changed something: a line for people, or the reply as JSON.
pub fn done(json: bool, reply: &Reply, said: &str) -> Result<Exit, CliError> {
    if json {
        super::output::json(reply)?;
    } else {
        super::output::print(|out| writeln!(out, "{said}"))?;
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::read_code;

    #[test]
    fn a_code_is_one_line() {
        let check = |typed: &str, expected: Option<&str>| {
            assert_eq!(read_code(typed.as_bytes(), "meera").ok().as_deref(), expected, "{typed:?}");
        };
        check("7K3M-9Q2X-TTTT\n", Some("7K3M-9Q2X-TTTT"));
        check("  7k3m 9q2x \r\nmore", Some("7k3m 9q2x"));
        check("7K3M", Some("7K3M"));
        check("", None);
        check("\n7K3M", None);
        assert_eq!(read_code("x".repeat(5_000).as_bytes(), "meera").expect("cut").len(), 200);
        assert!(read_code(&[0xff, 0xfe][..], "meera").is_err());
    }
}
