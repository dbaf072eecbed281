//! What most commands begin with: the configuration, the state, and who sits at the keyboard. Turns what can go wrong there
//! into one line with a remedy. Never starts a daemon. `daemon/assemble.rs` does the building.

use super::CliError;
use crate::config::{Config, DatabaseUrl};
use crate::daemon::assemble;
use crate::domain::audit::Actor;
use crate::env::Env;
use crate::store::{Store, StoreError};
use crate::workflow::{Failure, Workflow};
use std::path::Path;

/// Reads the configuration.
///
/// # Errors
/// Every problem, one a line.
pub fn config(path: &Path) -> Result<Config, CliError> {
    Config::load(path).map_err(|problems| CliError::usage(problems.to_string()))
}

/// Opens the state for looking into it. Never makes one.
pub async fn state(config: &Config, env: &Env) -> Result<Store, CliError> {
    if let DatabaseUrl::Sqlite { path } = &config.state.url
        && path.try_exists().is_ok_and(|exists| !exists)
    {
        return Err(CliError::usage(format!(
            "there is no state in {} yet; dsrd run makes it, and so does dsrd staff add",
            path.display()
        )));
    }
    assemble::store(config, env).await.map_err(|error| failed(config, &error))
}

/// Opens the state with the use-cases.
pub async fn workflow(config: &Config, env: &Env) -> Result<Workflow, CliError> {
    assemble::workflow(config, env).await.map_err(|error| failed(config, &error))
}

/// Why the parts could not be built: the state's own trouble is the outside's, everything else is the configuration's.
pub fn failed(config: &Config, error: &anyhow::Error) -> CliError {
    let store = error.downcast_ref::<StoreError>().or(match error.downcast_ref::<Failure>() {
        Some(Failure::Store(error)) => Some(error),
        _ => None,
    });
    let Some(store) = store else {
        return CliError::usage(format!("{error:#}; dsrd check says what the configuration needs"));
    };
    let url = config.state.url.to_url();
    match store {
        StoreError::Url(_) | StoreError::Unsafe(_) => {
            CliError::usage(format!("cannot use the state {url}: {store}"))
        }
        StoreError::Migrate(_) => {
            CliError::outside(format!("cannot use the state {url}: {store}; was it written by a newer dsrd?"))
        }
        StoreError::Database { .. }
        | StoreError::DiskFailed
        | StoreError::Impossible { .. }
        | StoreError::Conflict(_)
        | StoreError::Lost(_) => CliError::outside(format!(
            "cannot open the state {url}: {store}; see that it is there and that this user may read and write it"
        )),
    }
}

/// Who sits at the keyboard, for the audit log (decision 23).
pub fn operator() -> Result<Actor, CliError> {
    let uid = tokio::net::UnixStream::pair().and_then(|(here, _)| here.peer_cred()).map(|peer| peer.uid());
    let uid = uid.map_err(|error| CliError::outside(format!("cannot tell which user runs this: {error}")))?;
    Ok(Actor::Operator(format!("uid-{uid}")))
}
