//! What a request is about: account, users, numbers and a time frame, normalised (interface.md, `dsrd parse`).
//! Reading it out of text is `form.rs`; turning it into rows is a connector's work.

use super::personal::Personal;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Which account a request names.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum AccountScope {
    /// A bare `account`: the requester's own.
    Own,
    /// An account named by number.
    Named(String),
}

/// What is asked about. Everything empty and `everything` false means that no scope was understood.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Scope {
    /// The account, if one is named; such a scope is account-wide.
    pub account: Option<AccountScope>,
    /// Users by address or id, in the order written.
    pub users: Vec<Personal>,
    /// Phone numbers in E.164, in the order written.
    pub numbers: Vec<Personal>,
    /// First day asked about, included.
    pub from: Option<Date>,
    /// Last day asked about, included.
    pub to: Option<Date>,
    /// "All data" was written.
    pub everything: bool,
    /// The scope line as written, for staff eyes only.
    pub text: Personal,
}

impl Scope {
    /// Whether it says what it is about; a time frame alone does not.
    pub fn is_understood(&self) -> bool {
        self.account.is_some() || !self.users.is_empty() || !self.numbers.is_empty() || self.everything
    }

    /// Whether it covers a whole account, which only some roles may ask for.
    pub fn is_account_wide(&self) -> bool {
        self.account.is_some()
    }
}
