//! The loops: each turns its pump, waits for news or time, and rings the others when it found work for them. One signal
//! stops them all; what is begun is finished (at most `DRAIN_MAX`). Only here does anything wait on the clock.

use super::assemble::Parts;
use super::health::{Health, Part};
use super::pumps::{JobPump, MailPump, OutboxPump, Pumps, TurnError};
use crate::control;
use crate::env::Env;
use crate::mailbox::backoff::Backoff;
use crate::store::Room;
use crate::workflow::{Failure, Workflow};
use jiff::SignedDuration;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How often timers are looked at, and the longest that a loop sleeps without news.
const TICK: Duration = Duration::from_secs(5);
/// How often leases are renewed (decision 24).
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How long a stop may take (decision 24).
const DRAIN_MAX: Duration = Duration::from_secs(25);

/// An accepted completion mail that its request does not know of after so long was lost on the way to it.
const SETTLED_LONG_AGO: SignedDuration = SignedDuration::from_mins(1);
/// How long a job lets mail that is read and answered go first: people wait for the acknowledgement, not for the look-up.
const GIVE_WAY_MAX: Duration = Duration::from_millis(100);
/// So many mails sent in one turn say that more of them wait.
const BACKLOG_MAILS: usize = 20;

/// What the loops share.
#[derive(Clone)]
struct Shared {
    workflow: Arc<Workflow>,
    env: Env,
    health: Arc<Health>,
    stop: CancellationToken,
    owner: String,
    /// Rung when there may be jobs.
    jobs: Arc<Notify>,
    /// Rung when there may be mail to send.
    outbox: Arc<Notify>,
    /// Loops that somebody waits for: mailboxes whose mail is being read, an outbox with a backlog.
    urgent: watch::Sender<usize>,
    /// The first error that must end the process.
    fatal: Arc<std::sync::OnceLock<Fatal>>,
}

/// Why the process must end by itself.
enum Fatal {
    /// The disk below the state failed: nothing is written or sent any more, as if the power were gone.
    Disk(String),
    /// A loop is gone; the others finish what is begun.
    Loop(String),
}

/// Runs until `stop`. Returns an error when the process must end by itself.
pub async fn run(
    parts: Parts,
    health: Arc<Health>,
    control: Option<control::Listener>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let env = parts.env.clone();
    let owner = format!("{:032x}", env.entropy.bits());
    let mut pumps = Pumps::new(parts, &owner);
    let shared = Shared {
        workflow: Arc::clone(&pumps.workflow),
        env,
        health,
        stop: stop.clone(),
        owner,
        jobs: Arc::default(),
        outbox: Arc::default(),
        urgent: watch::Sender::default(),
        fatal: Arc::default(),
    };
    shared.workflow.start().await?;
    shared.prepare(&mut pumps.mail).await;
    let mut loops = JoinSet::new();
    for mut mail in pumps.mail {
        mail.stops_with(stop.clone());
        loops.spawn(read(mail, shared.clone()));
    }
    loops.spawn(send(pumps.outbox, shared.clone()));
    loops.spawn(work(pumps.jobs, shared.clone()));
    loops.spawn(keep_time(shared.clone()));
    // Not one of the loops: what is being finished during a stop needs its leases, too.
    let drained = CancellationToken::new();
    let mut leases = tokio::spawn(keep_leases(shared.clone(), drained.clone()));
    if let Some(listener) = control {
        let shared = shared.clone();
        loops.spawn(async move {
            let ring = || {
                shared.jobs.notify_one();
                shared.outbox.notify_one();
            };
            control::serve(listener, &shared.workflow, ring, &shared.stop).await;
        });
    }
    shared.health.begin();
    tokio::select! {
        () = stop.cancelled() => {}
        // A loop ends by the stop alone: anything else is a panic, and half a daemon is worse than a fresh one.
        ended = loops.join_next() => shared.lost(&format!("{ended:?}")),
        ended = &mut leases => shared.lost(&format!("{ended:?}")),
    }
    if let Some(Fatal::Disk(why)) = shared.fatal.get() {
        loops.abort_all();
        leases.abort();
        return Err(anyhow::anyhow!("{why}"));
    }
    let in_time = tokio::time::timeout(DRAIN_MAX, async { while loops.join_next().await.is_some() {} }).await;
    if in_time.is_err() {
        tracing::warn!("stopped before everything was finished; it goes on at the next start");
    }
    drained.cancel();
    if !leases.is_finished() {
        let _ = leases.await;
    }
    shared.workflow.stop().await?;
    match shared.fatal.get() {
        Some(Fatal::Disk(why) | Fatal::Loop(why)) => Err(anyhow::anyhow!("{why}")),
        None => Ok(()),
    }
}

impl Shared {
    /// What is done before any loop runs: health learns what to expect, and a mail that may be deadly is read.
    async fn prepare(&self, mailboxes: &mut [MailPump]) {
        for part in [Part::Outbox, Part::Jobs, Part::State] {
            self.health.expect(part, SignedDuration::from_mins(1));
        }
        self.health.expect(Part::Disk, SignedDuration::try_from(TICK * 2).unwrap_or_default());
        // Before anything is taken in; whether there is any is told by the timers.
        self.keep_room(self.workflow.store().room()).await;
        for mail in mailboxes {
            let part = Part::Mailbox(mail.name.clone());
            let window = SignedDuration::try_from(mail.poll * 3).unwrap_or(SignedDuration::from_mins(5));
            self.health.expect(part.clone(), window.max(SignedDuration::from_mins(3)));
            if let Err(failure) = mail.read_suspect().await {
                self.failed(&part, &failure);
            }
        }
    }

    /// A loop ended; before the stop that can only be a panic.
    fn lost(&self, ended: &str) {
        if !self.stop.is_cancelled() {
            let _ = self.fatal.set(Fatal::Loop(format!("a loop of the daemon ended by itself: {ended}")));
            self.stop.cancel();
        }
    }

    /// A disk that failed once may lie about the next write: the process ends and starts anew (standard R10).
    fn failed(&self, part: &Part, failure: &Failure) {
        tracing::error!(?part, %failure, "a turn failed; it is tried again");
        self.workflow.heed(failure);
        self.health.failed(part, if failure.is_disk_full() { "disk full" } else { "failed" });
        if failure.is_disk_failure() {
            let _ = self.fatal.set(Fatal::Disk(format!("the state's disk failed: {failure}")));
            self.stop.cancel();
        }
    }

    /// Keeps the reserve of the state's disk, and says in `/healthz` when there is no room for one.
    async fn keep_room(&self, before: Room) -> Room {
        match self.workflow.store().keep_room().await {
            Ok(Room::Enough) => {
                self.health.worked(&Part::Disk, self.env.now());
                if before == Room::Full {
                    tracing::info!("there is room on the state's disk again: everything goes on");
                }
                Room::Enough
            }
            Ok(Room::Full) => {
                self.health.failed(&Part::Disk, "disk full");
                if before == Room::Enough {
                    tracing::error!(
                        "the state's disk is full: new mail stays in the mailbox and nothing is sent until there is room"
                    );
                }
                Room::Full
            }
            Err(error) => {
                self.health.failed(&Part::Disk, "failed");
                tracing::error!(%error, "could not keep room on the state's disk");
                before
            }
        }
    }

    /// Whether there is room for new work; if not, waits a little. What is begun is finished in the reserve.
    async fn has_room(&self) -> bool {
        if self.workflow.store().room() == Room::Enough {
            return true;
        }
        self.rest(&Notify::new()).await;
        false
    }

    /// Waits before another try: doubling, with jitter, and cut short by the stop.
    async fn back_off(&self, backoff: Backoff, attempt: u32) {
        let random = u32::try_from(self.env.entropy.bits() & u128::from(u32::MAX)).unwrap_or(0);
        let wait = tokio::time::sleep(backoff.delay(attempt, random));
        tokio::select! { () = wait => {}, () = self.stop.cancelled() => {} }
    }

    /// Lets what somebody waits for go first, for a little while.
    async fn give_way(&self) {
        let mut urgent = self.urgent.subscribe();
        tokio::select! {
            _ = urgent.wait_for(|many| *many == 0) => {}
            () = tokio::time::sleep(GIVE_WAY_MAX) => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// Waits to be rung, at most a tick.
    async fn rest(&self, bell: &Notify) {
        tokio::select! {
            () = bell.notified() => {}
            () = tokio::time::sleep(TICK) => {}
            () = self.stop.cancelled() => {}
        }
    }
}

/// Somebody waits for what a loop does, as long as this lives.
struct Urgent(watch::Sender<usize>);

impl Urgent {
    fn begin(loops: &watch::Sender<usize>) -> Self {
        loops.send_modify(|many| *many += 1);
        Self(loops.clone())
    }
}

impl Drop for Urgent {
    fn drop(&mut self) {
        self.0.send_modify(|many| *many -= 1);
    }
}

async fn read(mut mail: MailPump, shared: Shared) {
    let part = Part::Mailbox(mail.name.clone());
    let mut failures = 0;
    let mut urgent = None;
    while !shared.stop.is_cancelled() {
        if !shared.has_room().await {
            continue;
        }
        let turned = mail.turn().await;
        urgent = matches!(turned, Ok(1..)).then(|| urgent.unwrap_or_else(|| Urgent::begin(&shared.urgent)));
        match turned {
            Ok(done) => {
                failures = 0;
                shared.health.worked(&part, shared.env.now());
                if done > 0 {
                    shared.jobs.notify_one();
                    shared.outbox.notify_one();
                    continue;
                }
            }
            Err(TurnError::Failure(failure)) => {
                shared.failed(&part, &failure);
                shared.back_off(Backoff::LINE, failures).await;
                failures += 1;
                continue;
            }
            Err(TurnError::Mailbox(error)) => {
                tracing::warn!(mailbox = mail.name, %error, "the mailbox does not answer; it is tried again");
                shared.health.failed(&part, if error.is_login() { "login" } else { "connection" });
                let backoff = if error.is_login() { Backoff::LOGIN } else { Backoff::LINE };
                shared.back_off(backoff, failures).await;
                failures += 1;
                continue;
            }
        }
        let waited = tokio::select! {
            waited = mail.wait() => waited,
            () = shared.stop.cancelled() => Ok(()),
        };
        if let Err(error) = waited {
            // The next turn connects anew and says what is wrong.
            tracing::debug!(mailbox = mail.name, %error, "waiting for news ended");
        }
    }
    mail.close().await;
}

async fn send(mut outbox: OutboxPump, shared: Shared) {
    let mut urgent = None;
    while !shared.stop.is_cancelled() {
        if !shared.has_room().await {
            continue;
        }
        let turned = outbox.turn().await;
        urgent = matches!(turned, Ok(BACKLOG_MAILS..))
            .then(|| urgent.unwrap_or_else(|| Urgent::begin(&shared.urgent)));
        match turned {
            Ok(0) => {
                shared.health.worked(&Part::Outbox, shared.env.now());
                shared.rest(&shared.outbox).await;
            }
            Ok(_) => shared.health.worked(&Part::Outbox, shared.env.now()),
            Err(failure) => {
                shared.failed(&Part::Outbox, &failure);
                shared.rest(&shared.outbox).await;
            }
        }
    }
    outbox.close().await;
}

async fn work(mut jobs: JobPump, shared: Shared) {
    while !shared.stop.is_cancelled() {
        if !shared.has_room().await {
            continue;
        }
        shared.give_way().await;
        match jobs.turn().await {
            Ok(0) => {
                shared.health.worked(&Part::Jobs, shared.env.now());
                shared.rest(&shared.jobs).await;
            }
            Ok(_) => {
                shared.health.worked(&Part::Jobs, shared.env.now());
                shared.outbox.notify_one();
            }
            Err(failure) => {
                shared.failed(&Part::Jobs, &failure);
                shared.rest(&shared.jobs).await;
            }
        }
    }
}

async fn keep_time(shared: Shared) {
    let never = Notify::new();
    let mut room = Room::Enough;
    while !shared.stop.is_cancelled() {
        room = shared.keep_room(room).await;
        match shared.workflow.wake().await {
            Ok(0) => {}
            Ok(_) => shared.outbox.notify_one(),
            Err(failure) => shared.failed(&Part::State, &failure),
        }
        if let Err(failure) = shared.workflow.tell_day().await {
            shared.failed(&Part::State, &failure);
        }
        if let Err(failure) = shared.workflow.recover_deliveries(SETTLED_LONG_AGO).await {
            shared.failed(&Part::State, &failure);
        }
        if let Err(failure) = shared.workflow.remove_old_packages().await {
            shared.failed(&Part::State, &failure);
        }
        if let Err(failure) = shared.workflow.checkpoint().await {
            shared.failed(&Part::State, &failure);
        }
        match shared.workflow.measure().await {
            Ok(()) => shared.health.worked(&Part::State, shared.env.now()),
            Err(failure) => shared.failed(&Part::State, &failure),
        }
        shared.rest(&never).await;
    }
}

async fn keep_leases(shared: Shared, drained: CancellationToken) {
    let mut ticks = tokio::time::interval(HEARTBEAT);
    ticks.tick().await;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = drained.cancelled() => return,
        }
        if let Err(failure) = shared.workflow.heartbeat(&shared.owner).await {
            shared.failed(&Part::State, &failure);
        }
    }
}
