//! The rules as plays over plain data: events go in, and what follows is compared as one line of words. `play` is the
//! stage, `chart` holds ARCHITECTURE.md to the rules, `model` plays at random against the invariants of standard R20.

mod arrival;
mod chart;
mod crew;
mod decision;
mod deletion;
mod desk;
mod freeze;
mod identity;
mod model;
mod play;
mod question;
mod retry;
mod withdrawal;
mod work;
