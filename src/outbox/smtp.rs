//! Mail to an SMTP server over a few connections that stay open between batches. Says of every parcel what became of it;
//! what broke before the server had the mail is deferred, what broke after its end is uncertain (RFC 1047, standard R4).
//! Never retries beyond replacing a connection that had gone stale. One connection's talk is `dialog.rs`.

use crate::net::{Endpoint, Login};
use crate::outbox::dialog::{Dialog, Sent};
use crate::outbox::{Courier, CourierError, Delivery, Parcel};
use async_trait::async_trait;
use futures::future::join_all;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// A further connection is opened for every so many parcels in a batch.
const PARCELS_PER_CONNECTION: usize = 4;

/// The limits of an SMTP courier.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Time for the answer to one command.
    pub command_max: Duration,
    /// Time for one mail from MAIL to the last answer (standard R15).
    pub mail_max: Duration,
    /// Connections at once.
    pub connections_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { command_max: Duration::from_mins(1), mail_max: Duration::from_mins(10), connections_max: 2 }
    }
}

/// Where mail goes out and who we are there.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// The server.
    pub endpoint: Endpoint,
    /// Who we are there; `None` where the server takes mail from this host as it is.
    pub login: Option<Login>,
    /// The name that we give in EHLO: this host's, or the domain that mail comes from.
    pub hello: String,
    /// Limits.
    pub limits: Limits,
}

/// A courier to an SMTP server.
pub struct SmtpCourier {
    settings: SmtpSettings,
    dialogs: Vec<Option<Dialog>>,
}

impl SmtpCourier {
    /// A courier that connects when it is first used.
    pub fn new(settings: SmtpSettings) -> Self {
        let mut dialogs = Vec::new();
        dialogs.resize_with(settings.limits.connections_max.max(1), || None);
        Self { settings, dialogs }
    }
}

#[async_trait]
impl Courier for SmtpCourier {
    async fn send(&mut self, parcels: &[Parcel]) -> Vec<(String, Delivery)> {
        let queue = Queue::new(parcels);
        let workers = parcels.len().div_ceil(PARCELS_PER_CONNECTION).min(self.dialogs.len());
        let settings = &self.settings;
        let runs = self.dialogs.iter_mut().take(workers).map(|slot| carry(settings, slot, &queue));
        let ends: Vec<Result<(), String>> = join_all(runs).await;
        let reason = ends.into_iter().find_map(Result::err).unwrap_or_else(|| "not reached".to_owned());
        queue.into_results(&reason)
    }

    async fn check(&mut self) -> Result<(), CourierError> {
        let Some(slot) = self.dialogs.first_mut() else { return Ok(()) };
        if let Some(mut dialog) = slot.take()
            && dialog.is_alive().await
        {
            *slot = Some(dialog);
            return Ok(());
        }
        *slot = Some(Dialog::open(&self.settings).await?);
        Ok(())
    }

    async fn close(&mut self) {
        join_all(self.dialogs.iter_mut().filter_map(Option::take).map(Dialog::quit)).await;
        if let Some(login) = &self.settings.login {
            login.settled().await;
        }
    }
}

/// The parcels that the connections share, and what became of them.
struct Queue<'a> {
    waiting: Mutex<VecDeque<&'a Parcel>>,
    results: Mutex<Vec<(String, Delivery)>>,
}

impl<'a> Queue<'a> {
    fn new(parcels: &'a [Parcel]) -> Self {
        Self { waiting: Mutex::new(parcels.iter().collect()), results: Mutex::default() }
    }

    fn next(&self) -> Option<&'a Parcel> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn put_back(&self, parcel: &'a Parcel) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push_front(parcel);
    }

    fn settle(&self, parcel: &Parcel, delivery: Delivery) {
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        results.push((parcel.id.clone(), delivery));
    }

    /// The results; parcels that no connection took are deferred.
    fn into_results(self, reason: &str) -> Vec<(String, Delivery)> {
        let mut results = self.results.into_inner().unwrap_or_else(PoisonError::into_inner);
        let waiting = self.waiting.into_inner().unwrap_or_else(PoisonError::into_inner);
        results.extend(
            waiting
                .into_iter()
                .map(|parcel| (parcel.id.clone(), Delivery::Deferred { reply: reason.to_owned() })),
        );
        results
    }
}

/// Carries parcels over one connection until none waits; an error says why the rest must wait.
async fn carry(settings: &SmtpSettings, slot: &mut Option<Dialog>, queue: &Queue<'_>) -> Result<(), String> {
    while let Some(parcel) = queue.next() {
        // A connection that was left open may have gone stale: then, and only then, a second one is tried.
        let mut stale = slot.is_some();
        loop {
            let mut dialog = match slot.take() {
                Some(dialog) => dialog,
                None => match open(settings).await {
                    Ok(dialog) => dialog,
                    Err(error) => {
                        queue.put_back(parcel);
                        return Err(error.to_string());
                    }
                },
            };
            match send_in_time(settings, &mut dialog, parcel).await {
                Sent::Settled(delivery) => {
                    *slot = Some(dialog);
                    queue.settle(parcel, delivery);
                }
                Sent::Broken(delivery) if is_closing(&delivery) && stale => {
                    stale = false;
                    continue;
                }
                Sent::Broken(delivery) => queue.settle(parcel, delivery),
                Sent::Unsent(_) if stale => {
                    stale = false;
                    continue;
                }
                Sent::Unsent(reply) => {
                    queue.settle(parcel, Delivery::Deferred { reply: reply.clone() });
                    return Err(reply);
                }
            }
            break;
        }
    }
    Ok(())
}

async fn open(settings: &SmtpSettings) -> Result<Dialog, CourierError> {
    fault!("smtp.open.before");
    let dialog = Dialog::open(settings).await?;
    fault!("smtp.open.after");
    Ok(dialog)
}

/// Whether the server only said that it closes an idle line.
fn is_closing(delivery: &Delivery) -> bool {
    matches!(delivery, Delivery::Deferred { reply } if reply.starts_with("421") && reply.ends_with("MAIL"))
}

async fn send_in_time(settings: &SmtpSettings, dialog: &mut Dialog, parcel: &Parcel) -> Sent {
    let end = dialog.mail_end();
    end.clear();
    match timeout(settings.limits.mail_max, dialog.send(parcel)).await {
        Ok(sent) => sent,
        Err(_) if end.is_written() => Sent::Broken(Delivery::Uncertain {
            reason: "no answer in time behind the end of the mail".to_owned(),
        }),
        Err(_) => Sent::Unsent("the mail took too long".to_owned()),
    }
}
