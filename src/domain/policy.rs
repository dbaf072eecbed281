//! Who may ask for what, and who may decide: data from the configuration, and the few questions asked of it.
//! Unknown roles may nothing (standard S16). `transition` asks; nothing here changes a request.

use super::address::Address;
use super::directory::DirectoryEntry;
use super::hold::{self, Hold};
use super::ids::StaffName;
use super::plan::PlanSummary;
use super::request::{Kind, Request};
use super::scope::{AccountScope, Scope};
use jiff::SignedDuration;
use std::collections::BTreeMap;

/// A member of staff.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Staff {
    /// The name in commands and audits.
    pub name: StaffName,
    /// Where approval mails go, and the only From that may answer them.
    pub address: Address,
    /// What they may do.
    pub role: StaffRole,
}

/// What a member of staff may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StaffRole {
    /// Is told, may ask and record call-backs.
    Agent,
    /// May also decide.
    Approver,
    /// Data protection officer: may decide, and is told of everything.
    Dpo,
}

impl StaffRole {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Agent, Self::Approver, Self::Dpo];

    /// The word in commands and columns.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Approver => "approver",
            Self::Dpo => "dpo",
        }
    }

    /// Reads the word; anything else is no role.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// Whether this role may approve and refuse.
    pub const fn may_decide(self) -> bool {
        matches!(self, Self::Approver | Self::Dpo)
    }
}

/// The configured rules that `decide` needs, with the staff of the moment.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Everybody who is not disabled.
    pub staff: Vec<Staff>,
    /// Wrong codes on the present list of each.
    pub strikes: BTreeMap<StaffName, u8>,
    /// Directory roles that may speak for a whole account.
    pub account_roles: Vec<String>,
    /// Days after the challenge on which a reminder with a fresh code leaves.
    pub reminder_days: Vec<u16>,
    /// Days after which an unanswered challenge expires.
    pub expire_days: u16,
    /// Wrong codes from the address on file that end a request.
    pub tries_max: u8,
    /// Mail older than this many days gets no automatic answer (decision 8).
    pub answer_age_days_max: u16,
    /// Every legal hold that stands.
    pub holds: Vec<Hold>,
    /// How long an approved deletion waits, and may still be taken back.
    pub cooling_off: SignedDuration,
    /// A deletion of more rows than this needs two who approve it (standard S8).
    pub two_approvers_rows: u64,
    /// A deletion of a larger part of any table than this, in thousandths, does as well.
    pub two_approvers_permille: u64,
}

/// How many different people must approve this plan (standard S8).
pub fn approvers_needed(request: &Request, plan: &PlanSummary, rules: &Rules) -> usize {
    let large =
        plan.total_rows > rules.two_approvers_rows || plan.share_permille > rules.two_approvers_permille;
    if request.kind == Some(Kind::Delete) && large { 2 } else { 1 }
}

/// Whether holds came or went since the plan of this deletion was made: it must be made anew (standard S18).
pub fn holds_changed(request: &Request, rules: &Rules) -> bool {
    let (Some(Kind::Delete), Some(plan), Some(entry)) = (request.kind, &request.plan, &request.subject)
    else {
        return false;
    };
    plan.holds != hold::touching(&rules.holds, entry)
}

/// Whether two members of staff are one person: by name or by address, plus detail ignored.
pub fn is_same_person(one: &StaffName, other: &StaffName, rules: &Rules) -> bool {
    let address = |name: &StaffName| {
        rules.staff.iter().find(|staff| staff.name == *name).map(|staff| staff.address.without_detail())
    };
    one == other || address(one).is_some_and(|one| Some(one) == address(other))
}

/// Wrong codes that lock somebody's list until a new one is issued (standard S7).
pub const STRIKES_MAX: u8 = 5;

impl Rules {
    /// Wrong codes on somebody's present list.
    pub fn strikes(&self, name: &StaffName) -> u8 {
        self.strikes.get(name).copied().unwrap_or(0)
    }
}

/// Whether the person may ask for what the scope says: an account needs a role that speaks for it; a user may ask for
/// their own data and nothing else.
pub fn may_ask(entry: &DirectoryEntry, scope: &Scope, rules: &Rules) -> bool {
    let same_account = match &scope.account {
        Some(AccountScope::Named(account)) => *account == entry.account,
        Some(AccountScope::Own) | None => true,
    };
    same_account
        && (speaks_for_account(entry, rules) || (!scope.is_account_wide() && names_only(entry, scope)))
}

/// Whether the directory role may speak for the whole account.
pub fn speaks_for_account(entry: &DirectoryEntry, rules: &Rules) -> bool {
    rules.account_roles.iter().any(|role| role.eq_ignore_ascii_case(&entry.role))
}

/// Whether every user that the scope names is this person. Numbers and time frames only narrow their own rows.
fn names_only(entry: &DirectoryEntry, scope: &Scope) -> bool {
    scope.users.iter().all(|user| entry.is_named(user))
}

/// Whether this member of staff may decide about this request: the role allows it, and they are not its requester, by
/// address of the sender, of the form or on file, plus detail ignored (standard S8).
pub fn may_decide(staff: &Staff, request: &Request) -> bool {
    staff.role.may_decide() && !is_requester(staff, request)
}

/// Whether this member of staff may record a call-back: in every role, but not about their own request.
pub fn may_call(staff: &Staff, request: &Request) -> bool {
    !is_requester(staff, request)
}

fn is_requester(staff: &Staff, request: &Request) -> bool {
    let own = staff.address.without_detail();
    [Some(&request.origin.sender), request.form.requester.email.as_ref(), request.address_on_file()]
        .into_iter()
        .flatten()
        .any(|address| address.without_detail() == own)
}
