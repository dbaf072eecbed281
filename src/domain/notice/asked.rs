//! What was asked for, in values safe to send back: numbers, dates and addresses that we read and wrote anew.
//! Never carries text as a stranger wrote it (decisions 9, 35; standard M9). See `scope.rs` for the reading.

use crate::domain::address::Address;
use crate::domain::personal::Personal;
use crate::domain::scope::{AccountScope, Scope};
use jiff::civil::Date;
use serde::Serialize;

/// One thing that a request is about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "what", content = "value", rename_all = "kebab-case")]
pub enum AskedItem {
    /// The requester's own account.
    OwnAccount,
    /// An account by its number; none where what was written is not plainly a number.
    Account(Option<Personal>),
    /// A user by address; none where an id was written.
    User(Option<Personal>),
    /// A phone number, spaced for reading: `+91 98765 43210`.
    Number(Personal),
    /// All data.
    Everything,
}

/// What was asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Asked {
    /// In the order account, users, numbers, all data; empty when nothing was understood.
    pub items: Vec<AskedItem>,
    /// First day, included.
    pub from: Option<Date>,
    /// Last day, included.
    pub to: Option<Date>,
}

impl Asked {
    /// Account numbers longer than this are not sent back.
    const ACCOUNT_CHARS_MAX: usize = 24;

    /// What a scope asks for.
    pub fn of(scope: &Scope) -> Self {
        let account = scope.account.iter().map(|account| match account {
            AccountScope::Own => AskedItem::OwnAccount,
            AccountScope::Named(number) => AskedItem::Account(plain_number(number)),
        });
        let users = scope.users.iter().map(|user| {
            let address = Address::parse(user.expose());
            AskedItem::User(address.map(|address| Personal::new(address.expose().to_owned())))
        });
        let numbers =
            scope.numbers.iter().filter_map(|number| spaced(number.expose()).map(AskedItem::Number));
        let everything = scope.everything.then_some(AskedItem::Everything);
        let items = account.chain(users).chain(numbers).chain(everything).collect();
        Self { items, from: scope.from, to: scope.to }
    }
}

/// Digits, dashes and at most a few letters: nothing that could carry a sentence or a link.
fn plain_number(number: &str) -> Option<Personal> {
    let plain = number.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && number.chars().any(|c| c.is_ascii_digit())
        && number.chars().filter(char::is_ascii_alphabetic).count() <= 4
        && number.len() <= Asked::ACCOUNT_CHARS_MAX;
    plain.then(|| number.into())
}

/// The number in international form; none where it is no E.164 number.
fn spaced(number: &str) -> Option<Personal> {
    let digits = number.strip_prefix('+')?;
    if digits.is_empty() || digits.len() > 15 || !digits.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let told = phonenumber::parse(None, number).map_or_else(
        |_| number.to_owned(),
        |read| read.format().mode(phonenumber::Mode::International).to_string(),
    );
    Some(Personal::new(told))
}

#[cfg(test)]
mod tests {
    use super::{Asked, AskedItem};
    use crate::domain::scope::{AccountScope, Scope};

    #[test]
    fn only_values_that_we_wrote_anew_are_sent_back() {
        let check = |scope: Scope, expected: &[AskedItem]| assert_eq!(Asked::of(&scope).items, expected);
        let account =
            |text: &str| Scope { account: Some(AccountScope::Named(text.into())), ..Scope::default() };
        let user = |text: &str| Scope { users: vec![text.into()], ..Scope::default() };
        let number = |text: &str| Scope { numbers: vec![text.into()], ..Scope::default() };
        check(Scope { account: Some(AccountScope::Own), ..Scope::default() }, &[AskedItem::OwnAccount]);
        check(account("481516"), &[AskedItem::Account(Some("481516".into()))]);
        check(account("AC-481516"), &[AskedItem::Account(Some("AC-481516".into()))]);
        check(account("you won, see evil.example"), &[AskedItem::Account(None)]);
        check(account("BUYNOWFAST1"), &[AskedItem::Account(None)]);
        check(user("Asha@Acme.example"), &[AskedItem::User(Some("asha@acme.example".into()))]);
        check(user("u-17 http://evil.example"), &[AskedItem::User(None)]);
        check(number("+919876543210"), &[AskedItem::Number("+91 98765 43210".into())]);
        check(number("call http://evil.example"), &[]);
        check(Scope { everything: true, ..Scope::default() }, &[AskedItem::Everything]);
        check(Scope::default(), &[]);
    }
}
