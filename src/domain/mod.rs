//! The rules: what a request is, what may happen to it, and what follows. Pure by construction: no I/O, no async,
//! no clock, no randomness; times, ids and verdicts are arguments. Never names another layer.
//! `transition` decides; `workflow` loads, asks and saves.

pub mod address;
pub mod audit;
pub mod calendar;
pub mod command;
pub mod deadline;
pub mod directory;
pub mod erasure;
pub mod event;
pub mod form;
pub mod hold;
pub mod holidays;
pub mod ids;
pub mod job;
pub mod keep;
pub mod left;
pub mod merkle;
pub mod notice;
pub mod personal;
pub mod plan;
pub mod policy;
pub mod report;
pub mod request;
pub mod rows;
pub mod scope;
pub mod sender;
pub mod transition;
pub mod verification;
