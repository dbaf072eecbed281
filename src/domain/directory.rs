//! The company's own record of who belongs to which account. The address and phone found here are the ones on file:
//! the only ones that a challenge goes to (standard S1). The queries are the operator's; values are always bound, and
//! an answer is believed only where it equals what was asked, never because it looks alike (standard S11).

use super::address::Address;
use super::personal::Personal;
use serde::{Deserialize, Serialize};

/// `[directory]`: the source and its three queries. Each has one parameter, `$1`, and answers with the columns
/// `subject`, `account`, `name`, `address`, `phone`, `role` and, where there are any, `user` and `regime`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// A name of `[sources.NAME]`.
    pub source: String,
    /// Finds people by mail address.
    pub by_address: String,
    /// Finds everybody of an account.
    pub by_account: String,
    /// Finds people by phone number, E.164.
    pub by_number: String,
}

/// Columns that every directory query must answer with.
pub const DIRECTORY_COLUMNS: [&str; 6] = ["subject", "account", "name", "address", "phone", "role"];

impl Directory {
    /// The query that answers a look-up.
    pub fn query(&self, look_up: LookUp) -> DirectoryQuery {
        let sql = match &look_up {
            LookUp::Address(_) => &self.by_address,
            LookUp::Account(_) => &self.by_account,
            LookUp::Number(_) => &self.by_number,
        };
        DirectoryQuery { sql: sql.clone(), look_up }
    }
}

/// What is looked up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LookUp {
    /// A mail address.
    Address(Address),
    /// An account number.
    Account(String),
    /// A phone number, E.164.
    Number(Personal),
}

/// One look-up, ready for a connector.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DirectoryQuery {
    /// The operator's SQL.
    pub sql: String,
    /// What it is asked.
    pub look_up: LookUp,
}

impl DirectoryQuery {
    /// The value to bind to `$1`.
    pub fn value(&self) -> &str {
        match &self.look_up {
            LookUp::Address(address) => address.expose(),
            LookUp::Account(account) => account,
            LookUp::Number(number) => number.expose(),
        }
    }

    /// Whether an answer is about what was asked. Numbers are left to the query, because a number may belong to an
    /// account without being anybody's own phone.
    pub fn admits(&self, entry: &DirectoryEntry) -> bool {
        match &self.look_up {
            LookUp::Address(address) => entry.address == *address,
            LookUp::Account(account) => entry.account == *account,
            LookUp::Number(_) => true,
        }
    }
}

/// One person in the directory.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DirectoryEntry {
    /// The directory's key of the person; opaque to us.
    pub subject: String,
    /// The account they belong to.
    pub account: String,
    /// Their name on file.
    pub name: Personal,
    /// Their address on file.
    pub address: Address,
    /// Their phone on file, E.164.
    pub phone: Option<Personal>,
    /// The role that policy knows, such as `owner`.
    pub role: String,
    /// What user columns hold for this person; without it only account-wide data can be selected.
    pub user: Option<String>,
    /// The law that protects them, a name of `[regimes.NAME]`.
    pub regime: Option<String>,
}

impl DirectoryEntry {
    /// Whether a user that somebody named is this person: by address on file or by what user columns hold.
    pub fn is_named(&self, user: &Personal) -> bool {
        self.user.as_deref() == Some(user.expose().as_str())
            || Address::parse(user.expose()).is_some_and(|address| address == self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::{Directory, DirectoryEntry, LookUp};
    use crate::domain::address::Address;

    #[test]
    fn an_answer_about_somebody_else_is_not_admitted() {
        let directory = Directory {
            source: "crm".to_owned(),
            by_address: "address sql".to_owned(),
            by_account: "account sql".to_owned(),
            by_number: "number sql".to_owned(),
        };
        let entry = DirectoryEntry {
            subject: "7".to_owned(),
            account: "481516".to_owned(),
            name: "Asha Rao".into(),
            address: Address::parse("asha@acme.example").expect("parses"),
            phone: None,
            role: "owner".to_owned(),
            user: None,
            regime: None,
        };
        let check = |look_up: LookUp, sql: &str, value: &str, admitted: bool| {
            let query = directory.query(look_up);
            assert_eq!((query.sql.as_str(), query.value()), (sql, value));
            assert_eq!(query.admits(&entry), admitted, "{value}");
        };
        let address = |text: &str| LookUp::Address(Address::parse(text).expect("parses"));
        check(address("Asha@Acme.example"), "address sql", "asha@acme.example", true);
        check(address("аsha@acme.example"), "address sql", "аsha@acme.example", false);
        check(address("asha+x@acme.example"), "address sql", "asha+x@acme.example", false);
        check(LookUp::Account("481516".to_owned()), "account sql", "481516", true);
        check(LookUp::Account("4815161".to_owned()), "account sql", "4815161", false);
        check(LookUp::Number("+911234567890".into()), "number sql", "+911234567890", true);
    }
}
