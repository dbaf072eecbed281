//! `[limits]`, `[digest]`, `[log]`, `[metrics]` and `[control]`: how much at a time, and how an operator looks inside. Plain data for
//! the daemon; never opens a socket. `standard.md` rows M1 and M9 give the numbers.

use super::problem::Findings;
use super::values::Size;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;

/// `[limits]`: bounds on everything that a stranger can make large.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Largest mail that is read; larger ones go to quarantine unread.
    pub mail_bytes_max: Size,
    /// Acknowledgements and clarifications to one address in an hour (decision 38).
    pub ack_per_address_hour: u32,
    /// The same in a day.
    pub ack_per_address_day: u32,
    /// Acknowledgements and clarifications to one domain in an hour.
    pub ack_per_domain_hour: u32,
    /// Acknowledgements and clarifications in an hour, all together.
    pub ack_per_hour: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            mail_bytes_max: Size::from_bytes(25_000_000),
            ack_per_address_hour: 1,
            ack_per_address_day: 3,
            ack_per_domain_hour: 20,
            ack_per_hour: 200,
        }
    }
}

impl Limits {
    pub(super) fn judge(&self, findings: &mut Findings<'_>) {
        let values = [
            ("mail_bytes_max", self.mail_bytes_max.bytes()),
            ("ack_per_address_hour", self.ack_per_address_hour.into()),
            ("ack_per_address_day", self.ack_per_address_day.into()),
            ("ack_per_domain_hour", self.ack_per_domain_hour.into()),
            ("ack_per_hour", self.ack_per_hour.into()),
        ];
        for (key, _) in values.iter().filter(|(_, value)| *value == 0) {
            findings.add("limits", key, "is 0, so nothing could pass", "write at least 1");
        }
    }
}

/// `[digest]`: what staff are told once a day.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Digest {
    /// Whether a mail on every work day says what is open, due and overdue.
    pub daily: bool,
}

impl Default for Digest {
    fn default() -> Self {
        Self { daily: true }
    }
}

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line, on standard error.
    Json,
    /// Fields in systemd's journal.
    Journald,
    /// Lines for people, on standard error.
    Text,
}

/// How much is logged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Only what failed.
    Error,
    /// And what may fail soon.
    Warn,
    /// And what happened.
    Info,
    /// And how.
    Debug,
    /// And every step.
    Trace,
}

/// `[log]`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// How lines look.
    pub format: LogFormat,
    /// How much.
    pub level: LogLevel,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Json, level: LogLevel::Info }
    }
}

/// `[metrics]`: the listener of `/healthz` and `/metrics`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// Its address. It has no login: keep it on this machine or behind a firewall.
    pub listen: SocketAddr,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 9464)) }
    }
}

/// `[control]`: the socket by which the commands ask the daemon.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Control {
    /// The Unix socket.
    pub socket: PathBuf,
}

impl Default for Control {
    fn default() -> Self {
        Self { socket: PathBuf::from("/run/dsrd/control.sock") }
    }
}

impl Control {
    pub(super) fn judge(self, findings: &Findings<'_>) -> Self {
        Self { socket: findings.path(&self.socket) }
    }
}
