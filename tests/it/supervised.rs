//! A daemon that is started anew whenever it ends by itself, as systemd does it, with faults that are told to it from
//! outside (`src/fault/armed.rs`). Notes at each death which mails were on their way: those, and no others, may come
//! twice (standard R4). `sweep.rs` and `killer_mail.rs` play on it.

use crate::daemon_process::{Daemon, Notice, PROGRAM, Site, Which, until};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// Ends of the process that a play survives; more are a loop.
const DEATHS_MAX: usize = 8;
/// The notices that may be on their way.
const ON_THEIR_WAY: &str = "SELECT notice FROM outbox WHERE state = 'sending'";
/// Mails that the server has not accepted, and about whose fate nobody is in doubt.
const OPEN_MAILS: &str = "SELECT notice FROM outbox WHERE state NOT IN ('accepted', 'uncertain')";
/// Jobs that are not done.
const OPEN_JOBS: &str = "SELECT kind FROM jobs WHERE state <> 'done'";

/// The daemon and its faults.
pub(crate) struct Supervised<'s> {
    site: &'s Site,
    faults: TempDir,
    daemon: Option<Daemon>,
    /// The logs of those that ended.
    logs: Vec<String>,
    /// Notices that were on their way when it ended, one for each time.
    pub(crate) interrupted: Vec<String>,
}

impl<'s> Supervised<'s> {
    /// Starts it with a plan of faults, a line each; waits for nothing.
    pub(crate) fn start(site: &'s Site, plan: &[String]) -> Self {
        let faults = TempDir::new().unwrap();
        fs::write(faults.path().join("plan"), plan.join("\n")).unwrap();
        let mut supervised = Self { site, faults, daemon: None, logs: Vec::new(), interrupted: Vec::new() };
        supervised.daemon = Some(supervised.spawn());
        supervised
    }

    fn spawn(&self) -> Daemon {
        let mut program = Command::new(PROGRAM);
        program.env("DSRD_FAULTS", self.faults.path());
        Daemon::spawn_by(self.site, Which::First, program)
    }

    /// How often it ended by itself.
    pub(crate) fn deaths(&self) -> usize {
        self.logs.len()
    }

    /// Looks again and again until there is something to see; what has ended meanwhile is started anew.
    pub(crate) async fn until<T>(&mut self, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        until(what, async || {
            self.revive().await;
            look().await
        })
        .await
    }

    /// Waits until `/healthz` answers 200.
    pub(crate) async fn ready(&mut self) {
        until("the daemon is ready", async || {
            self.revive().await;
            self.daemon
                .as_ref()
                .is_some_and(|daemon| daemon.health().starts_with("HTTP/1.1 200"))
                .then_some(())
        })
        .await;
    }

    async fn revive(&mut self) {
        let Some(ended) = self.daemon.as_mut().and_then(Daemon::ended) else { return };
        let log = self.daemon.take().map(|daemon| daemon.log()).unwrap_or_default();
        assert!(!ended.success(), "it ended by itself without an error: {log}");
        self.logs.push(log);
        assert!(self.deaths() <= DEATHS_MAX, "it ends again and again: {:#?}", self.logs);
        self.interrupted.extend(self.site.column(ON_THEIR_WAY).await);
        self.site.leases_run_out().await;
        self.daemon = Some(self.spawn());
    }

    /// Waits for a notice whose subject contains these words.
    pub(crate) async fn notice(&mut self, address: &str, words: &str) -> Notice {
        let site = self.site;
        let what = format!("{address} gets {words:?}");
        let find = async || site.inbox(address).into_iter().find(|notice| notice.subject.contains(words));
        self.until(&what, find).await
    }

    /// Waits until every mail was accepted, or is in doubt, and every job is done.
    pub(crate) async fn all_done(&mut self) {
        let site = self.site;
        let done = async || {
            let open = [site.column(OPEN_MAILS).await, site.column(OPEN_JOBS).await].concat();
            open.is_empty().then_some(())
        };
        self.until("every mail has left and every job is done", done).await;
    }

    /// Waits until this line of the plan has fired.
    pub(crate) async fn fired(&mut self, line: &str) {
        let path = self.path("fired");
        let what = format!("{line:?} fires");
        let has = async || read(&path).lines().any(|fired| fired == line).then_some(());
        self.until(&what, has).await;
    }

    /// Whether this line of the plan has fired.
    pub(crate) fn has_fired(&self, line: &str) -> bool {
        read(&self.path("fired")).lines().any(|fired| fired == line)
    }

    /// How often a point was hit, in all processes together.
    pub(crate) fn hits(&self, point: &str) -> usize {
        read(&self.path("hits")).lines().filter(|hit| *hit == point).count()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.faults.path().join(name)
    }

    /// SIGTERM, until it has stopped in good order: a fault on the way down brings it back once.
    pub(crate) async fn stop(&mut self) {
        loop {
            // Until then it does not listen for the signal.
            self.ready().await;
            let daemon = self.daemon.take().unwrap();
            let log_of = daemon.log_path();
            let (ended, _) = daemon.terminate().await;
            if ended.success() {
                return;
            }
            self.logs.push(read(&log_of));
            assert!(self.deaths() <= DEATHS_MAX, "it does not stop: {:#?}", self.logs);
            self.site.leases_run_out().await;
            self.daemon = Some(self.spawn());
        }
    }
}

fn read(path: &std::path::Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
