//! `dsrd`, the data subject request daemon. The map: `daemon` pumps mail, jobs and the outbox; `workflow::receive` turns
//! every inbound mail into one event; `domain::transition::decide` says what follows; `workflow::apply` saves it with its
//! audit entry, jobs and notices; `verify`, `approve`, `execute` and `deliver` carry a request to its end.
//! ARCHITECTURE.md walks the same way with one mail and its reply.

#[macro_use]
mod fault;

pub mod cli;
pub mod config;
pub mod connectors;
pub mod control;
pub mod crypto;
pub mod daemon;
pub mod demo;
pub mod domain;
pub mod env;
pub mod ledger;
pub mod mail;
pub mod mailbox;
pub mod net;
pub mod notices;
pub mod outbox;
pub mod package;
pub mod render;
pub mod senders;
pub mod store;
pub mod workflow;
