//! Mail out: hands frozen bytes to a server and says what became of each. Never changes a mail, never decides whether one
//! may leave, never retries by itself: that is `workflow` and the outbox rows. What servers say is reduced to codes,
//! because their texts quote addresses. `smtp.rs` and `maildir.rs` are the two kinds.

mod error;
pub use error::CourierError;

mod dialog;
pub mod maildir;
pub mod smtp;
mod wire;

use crate::domain::address::Address;
use async_trait::async_trait;
use std::sync::Arc;

/// One mail for one recipient, bytes frozen.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The outbox row's id; comes back with the result.
    pub id: String,
    /// The envelope sender; `None` is the null path `<>` (RFC 5321 4.5.5).
    pub envelope_from: Option<Address>,
    /// The recipient.
    pub to: Address,
    /// The whole mail.
    pub bytes: Arc<[u8]>,
}

/// What became of a parcel. Replies hold codes and our own words only, never the server's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The server took it: it is the server's now.
    Accepted {
        /// For example `250 2.0.0`.
        reply: String,
    },
    /// Not now; try again later.
    Deferred {
        /// For example `451 4.7.1 to RCPT`, or what failed on our side.
        reply: String,
    },
    /// Never; a person must look.
    Rejected {
        /// For example `550 5.1.1 to RCPT`.
        reply: String,
    },
    /// The whole mail went out and no answer came: it may or may not have arrived (RFC 1047).
    Uncertain {
        /// What happened instead of an answer.
        reason: String,
    },
}

/// Something that carries mail away.
#[async_trait]
pub trait Courier: Send {
    /// Sends parcels and says of each, by its id, what became of it; every parcel is answered exactly once.
    async fn send(&mut self, parcels: &[Parcel]) -> Vec<(String, Delivery)>;

    /// Connects and logs in without sending anything.
    async fn check(&mut self) -> Result<(), CourierError>;

    /// Says good-bye; the next call connects again.
    async fn close(&mut self);
}
