//! `dsrd run`: the daemon in the foreground, as systemd starts it. The control socket is bound and the state locked before it
//! is opened, so a second daemon is refused before it touches anything. The loops are `daemon/run.rs`'s.

use super::args::Run;
use super::{CliError, Exit, Outcome, logging, open};
use crate::config::{Config, DatabaseUrl};
use crate::control;
use crate::daemon::health::{self, Health};
use crate::daemon::lock::{LockError, StateLock};
use crate::daemon::{assemble, run as loops, supervise};
use crate::env::Env;
use metrics_exporter_prometheus::PrometheusBuilder;
use std::io::ErrorKind;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Runs until SIGTERM or SIGINT, then finishes what is begun.
pub async fn run(args: Run, env: &Env) -> Outcome {
    let config = open::config(&args.file.config)?;
    logging::start(&config.log)?;
    let control = control(&config).await?;
    // Held until the process ends.
    let _lock = lock(&config)?;
    let listener = listener(&config).await?;
    let parts = assemble::parts(&config, env.clone()).await.map_err(|error| open::failed(&config, &error))?;
    let metrics = PrometheusBuilder::new()
        .install_recorder()
        .map_err(|error| CliError::outside(format!("cannot start counting: {error}")))?;
    let health = Arc::new(Health::new());
    let stop = CancellationToken::new();
    supervise::stop_on_signals(stop.clone())
        .map_err(|error| CliError::outside(format!("cannot listen for signals: {error}")))?;
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "serving /healthz and /metrics");
    }
    let clock = Arc::clone(&env.clock);
    let monitor = tokio::spawn(health::serve(listener, Arc::clone(&health), clock, metrics, stop.clone()));
    let teller = tokio::spawn(supervise::tell_systemd(Arc::clone(&health), env.clone(), stop.clone()));
    let ended = loops::run(parts, health, Some(control), stop.clone()).await;
    stop.cancel();
    // A monitor that keeps its connection open must not keep the daemon alive.
    monitor.abort();
    let _ = teller.await;
    match ended {
        Ok(()) => Ok(Exit::Done),
        Err(error) => {
            Err(CliError::outside(format!("the daemon had to stop: {error:#}; it is safe to start it again")))
        }
    }
}

/// Takes a SQLite state for this process alone; a PostgreSQL one is shared by leases.
fn lock(config: &Config) -> Result<Option<StateLock>, CliError> {
    let DatabaseUrl::Sqlite { path } = &config.state.url else {
        return Ok(None);
    };
    StateLock::take(path).map(Some).map_err(|error| {
        let remedy = match error {
            LockError::Held(_) => {
                "stop the daemon that runs on this state, or give this one its own; several may share a PostgreSQL state"
            }
            LockError::Network { .. } => "keep the state on a disk of this machine, or in PostgreSQL",
            LockError::Io { .. } => "let the daemon's user write to that folder",
        };
        CliError::usage(format!("cannot use the state {}: {error}; {remedy}", path.display()))
    })
}

async fn control(config: &Config) -> Result<control::Listener, CliError> {
    let path = &config.control.socket;
    control::Listener::bind(path).await.map_err(|error| {
        let remedy = if error.kind() == ErrorKind::AddrInUse {
            "stop the daemon that runs with this configuration, or give this one its own state and [control] socket"
        } else {
            "let the daemon's user write to that folder, or change [control] socket"
        };
        CliError::usage(format!("cannot bind the control socket {}: {error}; {remedy}", path.display()))
    })
}

async fn listener(config: &Config) -> Result<TcpListener, CliError> {
    let listen = config.metrics.listen;
    let bound = TcpListener::bind(listen).await;
    bound.map_err(|error| {
        CliError::usage(format!(
            "cannot serve /healthz and /metrics on {listen}: {error}; free that port or change [metrics] listen"
        ))
    })
}
