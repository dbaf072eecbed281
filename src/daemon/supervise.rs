//! What the host says to the daemon and hears from it: the signals that stop it, and systemd's READY, STATUS, STOPPING and
//! WATCHDOG. Without systemd every message goes nowhere. `cli/run.rs` starts both; `systemd/dsrd.service` relies on them.

use super::health::{Health, Part, Report};
use crate::env::Env;
use sd_notify::NotifyState;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How often the status is told where systemd set no watchdog.
const STATUS_PERIOD: Duration = Duration::from_secs(15);

/// Cancels `stop` at the first SIGTERM or SIGINT.
///
/// # Errors
/// When the host gives no signals.
pub fn stop_on_signals(stop: CancellationToken) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
            () = stop.cancelled() => return,
        };
        tracing::info!(signal = name, "stopping: what is begun is finished first");
        stop.cancel();
    });
    Ok(())
}

/// Tells systemd that the daemon is ready, how it stands, and that it lives, until `stop`.
///
/// A watchdog ping says that the loop which looks at the state has turned since the last one, well or badly: a server
/// that does not answer is no reason to be killed, because the next process would find the same.
pub async fn tell_systemd(health: Arc<Health>, env: Env, stop: CancellationToken) {
    tokio::select! {
        () = health.begun() => {}
        () = stop.cancelled() => return,
    }
    tell(&[NotifyState::Ready, NotifyState::Status("started")]);
    tracing::info!("ready");
    let watchdog = sd_notify::watchdog_enabled().map(|most| most / 2).filter(|half| !half.is_zero());
    let mut ticks = tokio::time::interval(watchdog.unwrap_or(STATUS_PERIOD));
    let mut turns_before = None;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => break,
        }
        let turns = health.turns(&Part::State);
        if turns_before.replace(turns) == Some(turns) {
            tracing::error!("the daemon hangs: systemd is not told that it lives");
        } else {
            tell(&[NotifyState::Watchdog]);
        }
        tell(&[NotifyState::Status(&status(&health.report(env.now())))]);
    }
    tell(&[NotifyState::Stopping, NotifyState::Status("stopping: finishing what is begun")]);
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "could not tell systemd");
    }
}

/// One line for `systemctl status`: names and error classes only.
fn status(report: &Report) -> String {
    let troubled: Vec<String> = report
        .parts
        .iter()
        .filter_map(|(name, part)| part.error.map(|error| format!("{name}: {error}")))
        .collect();
    match (report.ready, troubled.is_empty()) {
        (true, true) => "everything works".to_owned(),
        (false, true) => "not everything has worked lately; see /healthz".to_owned(),
        (_, false) => troubled.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::{Health, Part, status};
    use jiff::{SignedDuration, Timestamp};

    #[test]
    fn the_status_names_what_does_not_work() {
        let health = Health::new();
        let now = Timestamp::UNIX_EPOCH;
        let window = SignedDuration::from_mins(1);
        for part in [Part::State, Part::Mailbox("support".into())] {
            health.expect(part, window);
        }
        assert_eq!(status(&health.report(now)), "not everything has worked lately; see /healthz");
        health.worked(&Part::State, now);
        health.failed(&Part::Mailbox("support".into()), "login");
        assert_eq!(status(&health.report(now)), "mailbox support: login");
        health.worked(&Part::Mailbox("support".into()), now);
        assert_eq!(status(&health.report(now)), "everything works");
        assert_eq!((health.turns(&Part::State), health.turns(&Part::Outbox)), (1, 0));
    }
}
