//! The rules: what a request is, what may happen to it, and what follows. Pure by construction: no I/O, no async,
//! no clock, no randomness; times, ids and verdicts are arguments. Never names another layer.
//! `transition` decides; `workflow` loads, asks and saves.

pub mod address;
pub mod form;
pub mod ids;
pub mod personal;
pub mod request;
pub mod scope;
