//! The configuration as plain values, the way `workflow` needs it. `config` makes them; nothing here reads a file.

use super::caps::CapSettings;
use crate::domain::address::Address;
use crate::domain::calendar::Calendar;
use crate::domain::deadline::Regime;
use crate::domain::directory::Directory;
use crate::domain::form::{DateOrder, Languages};
use crate::domain::hold::Hold;
use crate::domain::notice::Company;
use crate::domain::plan::Category;
use crate::domain::policy::{Rules, Staff};
use crate::ledger::Shipping;
use crate::mail::authentication::Trust;
use crate::mail::incoming::Limits;
use crate::senders::Judge;
use jiff::civil::Time;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Everything that the use-cases are configured with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who writes.
    pub company: Company,
    /// One sentence on automated decisions, for the Art. 15(1) page.
    pub automated_decisions: String,
    /// Our address in every mail.
    pub from: Address,
    /// Whether `from+token@` reaches us.
    pub plus_addressing: PlusAddressing,
    /// Every address that is ours, without details.
    pub own: Vec<Address>,
    /// How forms are read.
    pub reading: Reading,
    /// Bounds on inbound mail.
    pub limits: Limits,
    /// Whose verdict on a sender counts.
    pub trust: Trust,
    /// Judges senders by DNS, where no mail server of the company does.
    pub judge: Option<Arc<Judge>>,
    /// Work days and the time zone.
    pub calendar: Calendar,
    /// The regime whose clock runs before the directory says otherwise.
    pub regime: Regime,
    /// Every regime that a directory entry may name.
    pub regimes: Vec<Regime>,
    /// The company's promise.
    pub promise_days: u16,
    /// Identity checks.
    pub verification: Verification,
    /// Who is who in the company's books.
    pub directory: Directory,
    /// What data there is.
    pub categories: Vec<Category>,
    /// Where packages go.
    pub delivery: DeliverySettings,
    /// How deletions are decided and bounded.
    pub approval: Approval,
    /// The folder of the erasure ledger.
    pub ledger_dir: PathBuf,
    /// Where it is shipped to, too.
    pub ledger_shipping: Option<Shipping>,
    /// When rows past their ceiling are deleted each day; never by itself without one.
    pub retention_at: Option<Time>,
    /// Whether staff are told every work day how the requests stand.
    pub daily_digest: DailyDigest,
    /// How often strangers are answered.
    pub caps: CapSettings,
    /// Each `[mailbox.NAME]`.
    pub mailboxes: BTreeMap<String, MailboxRules>,
}

/// Whether staff are told every work day how the requests stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DailyDigest {
    /// They are.
    On,
    /// They look into the register themselves.
    Off,
}

/// Whether plus-addresses reach us (decision 13).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlusAddressing {
    /// `support+token@` is delivered to `support@`.
    On,
    /// It is not: threads are found by Message-ID.
    Off,
}

/// How forms are read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Default region of phone numbers, ISO 3166.
    pub region: String,
    /// How 01/02/2025 is read.
    pub order: DateOrder,
    /// The languages of labels, titles and time frames.
    pub languages: Arc<Languages>,
}

/// Identity checks.
#[derive(Clone, Debug)]
pub struct Verification {
    /// Directory roles that speak for an account.
    pub account_roles: Vec<String>,
    /// How long a code works.
    pub code_lifetime: SignedDuration,
    /// Days after the challenge on which a reminder leaves.
    pub reminder_days: Vec<u16>,
    /// Days until an unanswered challenge expires.
    pub expire_days: u16,
    /// Wrong codes that end a request.
    pub tries_max: u8,
}

/// How deletions are decided and bounded.
#[derive(Clone, Debug)]
pub struct Approval {
    /// How long an approved deletion waits.
    pub cooling_off: SignedDuration,
    /// More rows than this need two who approve.
    pub two_approvers_rows: u64,
    /// So does a larger part of any table, in per cent.
    pub two_approvers_percent: u64,
    /// Rows that may be deleted in a day.
    pub rows_per_day_max: u64,
    /// Accounts that may be deleted from in a day.
    pub accounts_per_day_max: u64,
    /// Accounts in a day of which staff are told.
    pub accounts_per_day_alarm: u64,
}

/// Where packages go.
#[derive(Clone, Debug)]
pub struct DeliverySettings {
    /// Packages up to this size are attached.
    pub attachment_bytes_max: u64,
    /// Where they are written.
    pub package_dir: PathBuf,
    /// What a file name is appended to, where the folder is served.
    pub base_url: Option<String>,
    /// How long a link is promised to work.
    pub keep_days: u16,
}

impl DeliverySettings {
    /// The link to a package, where the folder is served.
    pub fn link(&self, file_name: &str) -> Option<String> {
        self.base_url.as_ref().map(|base| format!("{}/{file_name}", base.trim_end_matches('/')))
    }
}

/// How one mailbox is treated.
#[derive(Clone, Debug)]
pub struct MailboxRules {
    /// Whether customers hear from us.
    pub answer: Answer,
    /// Mail from before is never answered; none for the first start.
    pub since: Option<Timestamp>,
}

/// Whether customers hear from us through a mailbox (decision 41).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// They do.
    Yes,
    /// Everything is recorded and shown to staff; only staff notices leave.
    ObserveOnly,
}

/// Mail older than this many days gets no automatic answer (decision 8).
const ANSWER_AGE_DAYS_MAX: u16 = 7;

impl Settings {
    /// The rules, with the staff and the holds of the moment.
    pub fn rules(&self, staff: Vec<Staff>, holds: Vec<Hold>) -> Rules {
        Rules {
            staff,
            strikes: BTreeMap::new(),
            account_roles: self.verification.account_roles.clone(),
            reminder_days: self.verification.reminder_days.clone(),
            expire_days: self.verification.expire_days,
            tries_max: self.verification.tries_max,
            answer_age_days_max: ANSWER_AGE_DAYS_MAX,
            holds,
            cooling_off: self.approval.cooling_off,
            two_approvers_rows: self.approval.two_approvers_rows,
            two_approvers_permille: self.approval.two_approvers_percent.saturating_mul(10),
        }
    }

    /// The regime of this name, else the default one.
    pub fn regime(&self, name: Option<&str>) -> &Regime {
        name.and_then(|name| self.regimes.iter().find(|regime| regime.name == name)).unwrap_or(&self.regime)
    }
}
