//! The one integration test binary: real servers (`rig`), and the stories played on them. CONTRIBUTING.md says how to
//! run all of it or one test. Nothing here sleeps or skips: a server that is missing fails the test that needs it.
// `cfg(test)` on the modules tells clippy that helpers outside of `#[test]` functions are tests too.

#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod config_file;
#[cfg(test)]
mod connectors;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod daemon_process;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod dns;
#[cfg(test)]
mod failing_disk;
#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod healthz;
#[cfg(test)]
mod imap_adapter;
#[cfg(test)]
mod journey_archive;
#[cfg(test)]
mod journey_clarification;
#[cfg(test)]
mod journey_codes;
#[cfg(test)]
mod journey_deadlines;
#[cfg(test)]
mod journey_delete;
#[cfg(test)]
mod journey_desk;
#[cfg(test)]
mod journey_export;
#[cfg(test)]
mod journey_hanging;
#[cfg(test)]
mod journey_holds;
#[cfg(test)]
mod journey_hostile;
#[cfg(test)]
mod journey_killed;
#[cfg(test)]
mod journey_limits;
#[cfg(test)]
mod journey_mailbox;
#[cfg(test)]
mod journey_reports;
#[cfg(test)]
mod journey_senders;
#[cfg(test)]
mod journey_shipped;
#[cfg(test)]
mod journey_staff;
#[cfg(test)]
mod journey_status;
#[cfg(test)]
mod journey_stopped;
#[cfg(test)]
mod journey_strangers;
#[cfg(test)]
mod journey_trouble;
#[cfg(test)]
mod journey_types;
#[cfg(feature = "faults")]
#[cfg(test)]
mod killer_mail;
#[cfg(test)]
mod letters;
#[cfg(test)]
mod oauth;
#[cfg(test)]
mod oauth_process;
#[cfg(test)]
mod oauth_wire;
#[cfg(test)]
mod power_loss;
#[cfg(test)]
mod provider;
#[cfg(test)]
mod rig;
#[cfg(test)]
mod rig_works;
#[cfg(test)]
mod scripted;
#[cfg(test)]
mod senders;
#[cfg(test)]
mod several_mailboxes;
#[cfg(test)]
mod smtp_adapter;
#[cfg(test)]
mod smtp_trap;
#[cfg(test)]
mod store;
#[cfg(feature = "faults")]
#[cfg(test)]
mod supervised;
#[cfg(feature = "faults")]
#[cfg(test)]
mod sweep;
#[cfg(test)]
mod traced;
#[cfg(test)]
mod world;
