//! The work of the daemon, one turn at a time: a turn does what is due and says how much there was. The loops in `run.rs`
//! turn them for ever; tests and the demo turn them by hand until nothing is left.

use super::assemble::Parts;
use super::rate::Rate;
use crate::env::Env;
use crate::mailbox::{Cursor, MailId, Mailbox, MailboxError};
use crate::outbox::Courier;
use crate::workflow::{Failure, Workflow};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Mails listed and fetched at once.
const FETCH_MAX: usize = 100;

/// Why a turn failed.
#[derive(Debug, thiserror::Error)]
pub enum TurnError {
    /// The mail server.
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    /// The state or what it needs.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// One mailbox.
pub struct MailPump {
    workflow: Arc<Workflow>,
    /// The `[mailbox.NAME]`.
    pub name: String,
    mailbox: Box<dyn Mailbox>,
    /// Look at least this often.
    pub poll: Duration,
    /// The last look left mail behind.
    has_more: bool,
    /// Handled mails that are not marked or moved yet.
    handled: Vec<MailId>,
    /// When this is cancelled nobody waits for a mail server any more: nothing of what it would have said is stored yet.
    stop: CancellationToken,
}

impl MailPump {
    /// Reads the mail during whose reading the last process died, if there is one. The daemon does so before anything else
    /// runs in it: should it die once more, it was not by chance that this mail was being read (standard R18).
    pub async fn read_suspect(&mut self) -> Result<(), Failure> {
        if self.workflow.has_suspect(&self.name).await? {
            let intake = self.workflow.read_mail(&self.name).await?;
            self.handled.extend(intake.finished.into_iter().map(MailId));
        }
        Ok(())
    }

    /// Stores what is new, then reads what is stored, a batch of each. Where much mail waits, the next batch is fetched
    /// while the last one is read. Returns how many mails it touched.
    pub async fn turn(&mut self) -> Result<usize, TurnError> {
        let (workflow, name) = (Arc::clone(&self.workflow), self.name.clone());
        // Boxed: two such futures side by side are more than a stack should hold.
        let read = Box::pin(workflow.read_mail(&name));
        let (fetched, intake) = if self.has_more {
            tokio::join!(Box::pin(self.fetch()), read)
        } else {
            let fetched = self.fetch().await?;
            (Ok(fetched), read.await)
        };
        let intake = intake?;
        self.handled.extend(intake.finished.into_iter().map(MailId));
        let ids = std::mem::take(&mut self.handled);
        if !ids.is_empty() {
            // The mails are stored and done: a flag that cannot be set is no reason to stop (invariant 5).
            if let Err(error) = self.mailbox.finish(&ids).await {
                tracing::warn!(mailbox = self.name, %error, "could not mark or move handled mail; it stays where it is");
            }
        }
        let fetched = fetched?;
        if fetched + intake.read == 0 {
            self.workflow.tell_old_mail(&self.name).await?;
        }
        Ok(fetched + intake.read)
    }

    async fn fetch(&mut self) -> Result<usize, TurnError> {
        self.has_more = false;
        let place = self.workflow.place(&self.name).await?;
        let cursor = Cursor(place.cursor.clone());
        let listing = tokio::select! {
            listed = self.mailbox.list(&cursor, FETCH_MAX) => listed?,
            () = self.stop.cancelled() => return Ok(0),
        };
        if let crate::mailbox::Continuity::Restarted { why } = &listing.continuity
            && !place.cursor.is_empty()
        {
            tracing::warn!(
                mailbox = self.name,
                why,
                "the mailbox is listed anew; content decides what is new"
            );
        }
        let ids: Vec<String> = listing.entries.iter().map(|entry| entry.id.0.clone()).collect();
        let known = self.workflow.known(&self.name, &ids).await?;
        let new: Vec<_> = listing.entries.into_iter().filter(|entry| !known.contains(&entry.id.0)).collect();
        if new.is_empty() && listing.cursor_after.0 == place.cursor {
            return Ok(0);
        }
        let fetched = if new.is_empty() {
            Vec::new()
        } else {
            // What reading needs is built while the mails come; a daemon without mail does without it. A failure shows
            // again where the mails are read.
            let workflow = Arc::clone(&self.workflow);
            tokio::spawn(async move { workflow.warm_up().await });
            tokio::select! {
                fetched = self.mailbox.fetch(&new) => fetched?,
                () = self.stop.cancelled() => return Ok(0),
            }
        };
        // What the server listed and did not give is asked for again: the cursor stays before it.
        let cursor = if fetched.len() == new.len() { &listing.cursor_after.0 } else { &place.cursor };
        self.workflow.store_mail(&self.name, &fetched, cursor).await?;
        self.has_more = listing.has_more;
        Ok(fetched.len() + usize::from(listing.has_more))
    }

    /// From now on `stop` ends every wait for the mail server.
    pub fn stops_with(&mut self, stop: CancellationToken) {
        self.stop = stop;
    }

    /// Has the server look for new mail at once: Dovecot looks into a folder for a FETCH at most every five seconds.
    pub async fn look(&mut self) -> Result<(), MailboxError> {
        self.mailbox.check().await.map(drop)
    }

    /// Waits for news, at most until the next look is due, or a mail that waits for DNS.
    pub async fn wait(&mut self) -> Result<(), TurnError> {
        let judging = self.workflow.next_judging(&self.name).await?;
        let judging = judging.and_then(|pause| Duration::try_from(pause).ok());
        Ok(self.mailbox.wait(judging.map_or(self.poll, |pause| pause.min(self.poll))).await?)
    }

    /// Says good-bye to the server.
    pub async fn close(&mut self) {
        self.mailbox.close().await;
    }
}

/// The way out.
pub struct OutboxPump {
    workflow: Arc<Workflow>,
    courier: Box<dyn Courier>,
    rate: Rate,
    env: Env,
    owner: String,
}

impl OutboxPump {
    /// Sends what is due. Returns how many mails were tried.
    pub async fn turn(&mut self) -> Result<usize, Failure> {
        let most = self.rate.allowed(self.env.now());
        let sent = self.workflow.send_due(self.courier.as_mut(), &self.owner, most).await?;
        self.rate.spend(sent);
        Ok(sent)
    }

    /// Says good-bye to the server.
    pub async fn close(&mut self) {
        self.courier.close().await;
    }
}

/// The job worker.
pub struct JobPump {
    workflow: Arc<Workflow>,
    owner: String,
}

impl JobPump {
    /// Does one job. Returns how many there were.
    pub async fn turn(&mut self) -> Result<usize, Failure> {
        Ok(usize::from(self.workflow.work(&self.owner).await?))
    }
}

/// Every pump of a daemon.
pub struct Pumps {
    /// The use-cases, for the timers and for looking in.
    pub workflow: Arc<Workflow>,
    /// One for each mailbox.
    pub mail: Vec<MailPump>,
    /// The way out.
    pub outbox: OutboxPump,
    /// The job worker.
    pub jobs: JobPump,
}

impl Pumps {
    /// Takes the parts; `owner` names this process in leases.
    pub fn new(parts: Parts, owner: &str) -> Self {
        let Parts { workflow, mailboxes, courier, rate, env } = parts;
        let mail = mailboxes.into_iter().map(|watched| MailPump {
            workflow: Arc::clone(&workflow),
            name: watched.name,
            mailbox: watched.mailbox,
            poll: watched.poll,
            has_more: false,
            handled: Vec::new(),
            stop: CancellationToken::new(),
        });
        Self {
            mail: mail.collect(),
            outbox: OutboxPump {
                workflow: Arc::clone(&workflow),
                courier,
                rate,
                env,
                owner: owner.to_owned(),
            },
            jobs: JobPump { workflow: Arc::clone(&workflow), owner: owner.to_owned() },
            workflow,
        }
    }

    /// Turns everything until nothing is due: for tests and the demo, where time stands still meanwhile.
    pub async fn settle(&mut self) -> Result<(), TurnError> {
        for mail in &mut self.mail {
            mail.look().await?;
        }
        loop {
            let mut done = self.workflow.wake().await?;
            for mail in &mut self.mail {
                // In a box, because what lies on a test's stack below this is deep already.
                done += Box::pin(mail.turn()).await?;
            }
            done += self.jobs.turn().await?;
            done += self.outbox.turn().await?;
            if done == 0 {
                return Ok(());
            }
        }
    }
}
