//! `[approval]`, `[erasure]` and `[retention]`: how deletions are decided and bounded, what is written down of them, and
//! when rows past their ceiling go. Plain data for the daemon; never deletes anything. `domain/keep.rs` has the laws.

use super::problem::Findings;
use jiff::civil::Time;
use serde::Deserialize;
use std::path::PathBuf;

/// `[approval]`: how deletions are decided and bounded (standard S8, S9).
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Approval {
    /// Hours that an approved deletion waits, and may still be taken back.
    pub cooling_off_hours: u16,
    /// A deletion of more rows than this needs two who approve it.
    pub two_approvers_rows: u64,
    /// So does one of a larger part of any table, in per cent.
    pub two_approvers_percent: u64,
    /// Rows that may be deleted in a day.
    pub rows_per_day_max: u64,
    /// Accounts that may be deleted from in a day.
    pub accounts_per_day_max: u64,
    /// Accounts in a day of which staff are told.
    pub accounts_per_day_alarm: u64,
}

impl Default for Approval {
    fn default() -> Self {
        Self {
            cooling_off_hours: 24,
            two_approvers_rows: 10_000,
            two_approvers_percent: 1,
            rows_per_day_max: 100_000,
            accounts_per_day_max: 25,
            accounts_per_day_alarm: 5,
        }
    }
}

impl Approval {
    pub(super) fn judge(&self, findings: &mut Findings<'_>) {
        let values = [
            ("rows_per_day_max", self.rows_per_day_max),
            ("accounts_per_day_max", self.accounts_per_day_max),
            ("accounts_per_day_alarm", self.accounts_per_day_alarm),
        ];
        for (key, _) in values.iter().filter(|(_, value)| *value == 0) {
            findings.add("approval", key, "is 0, so nothing could be deleted", "write at least 1");
        }
        if self.two_approvers_percent > 100 {
            findings.add("approval", "two_approvers_percent", "is more than 100", "write 0 to 100");
        }
    }
}

/// `[erasure]`: what is written down of deletions beside the state.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Erasure {
    /// The folder of the erasure ledger.
    pub ledger_dir: PathBuf,
    /// A folder that all daemons of one state have, to which each ships its ledger.
    pub ship_dir: Option<PathBuf>,
    /// The name of this daemon's folder in it; without one, the name of the machine.
    pub ship_name: Option<String>,
}

impl Default for Erasure {
    fn default() -> Self {
        Self { ledger_dir: PathBuf::from("/var/lib/dsrd/erasures"), ship_dir: None, ship_name: None }
    }
}

impl Erasure {
    pub(super) fn judge(self, findings: &mut Findings<'_>) -> Self {
        let is_plain = |name: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            !name.starts_with('.') && !name.is_empty() && name.chars().all(plain)
        };
        if self.ship_name.as_deref().is_some_and(|name| !is_plain(name)) {
            let remedy = "use letters, digits, -, _ and ., and no . at the front";
            findings.add("erasure", "ship_name", "cannot be the name of a folder", remedy);
        }
        let ship_dir = self.ship_dir.map(|dir| findings.path(&dir));
        Self { ledger_dir: findings.path(&self.ledger_dir), ship_dir, ship_name: self.ship_name }
    }
}

/// `[retention]`: rows past their ceiling.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// When they are deleted each day, in the calendar's zone; without it only `dsrd retention run` deletes any.
    pub at: Option<Time>,
}
