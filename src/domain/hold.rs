//! Legal holds: what must stay as it is, whoever asks for its deletion, until somebody lifts it. A hold names a subject, an
//! account, a number or a category, or several of them, and then covers only rows to which all apply. Holds are kept by
//! `workflow/holds.rs`; `keep.rs` asks them row by row.

use super::directory::DirectoryEntry;
use super::ids::Reference;
use super::keep::{Kept, RowFacts};
use super::personal::Personal;
use super::request::Ground;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// Longest text in a hold, in characters.
pub const HOLD_TEXT_CHARS_MAX: usize = 500;

/// What a hold is about; everything that is named must apply.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct HoldScope {
    /// What account columns hold.
    pub account: Option<Personal>,
    /// What user columns hold.
    pub user: Option<Personal>,
    /// A phone number, E.164.
    pub number: Option<Personal>,
    /// The name of a category.
    pub category: Option<String>,
}

impl HoldScope {
    /// Whether it names anything, and nothing blank.
    pub fn is_bounded(&self) -> bool {
        let mut values = [&self.account, &self.user, &self.number].into_iter().flatten();
        let named = self.category.is_some() || values.clone().next().is_some();
        let blank = self.category.as_ref().is_some_and(|category| category.trim().is_empty())
            || values.any(Personal::is_blank);
        named && !blank
    }

    /// Takes blanks off its ends and writes the number as data hold it, by `number` to E.164.
    ///
    /// # Errors
    /// The number, when it cannot be read.
    pub fn tidy(&mut self, number: impl Fn(&str) -> Option<String>) -> Result<(), Personal> {
        for value in [&mut self.account, &mut self.user].into_iter().flatten() {
            *value = Personal::new(value.expose().trim().to_owned());
        }
        if let Some(written) = &mut self.number {
            *written = Personal::new(number(written.expose().trim()).ok_or_else(|| written.clone())?);
        }
        Ok(())
    }

    /// Its parts in words, masked where they are somebody's: for lists and mails to staff.
    pub fn kinds(&self) -> Vec<&'static str> {
        [
            ("account", self.account.is_some()),
            ("user", self.user.is_some()),
            ("number", self.number.is_some()),
            ("category", self.category.is_some()),
        ]
        .into_iter()
        .filter_map(|(word, named)| named.then_some(word))
        .collect()
    }
}

/// One legal hold, as long as it stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hold {
    /// Its name in commands: `H-` and six characters.
    pub id: String,
    /// What it covers.
    pub scope: HoldScope,
    /// Why, in words.
    pub ground: String,
    /// The order or law.
    pub citation: String,
    /// Who answers for it.
    pub owner: String,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// The day on which somebody must ask whether it is still needed.
    pub review_on: Date,
    /// The request in whose thread it was placed.
    pub request: Option<Reference>,
}

impl Hold {
    /// Whether it can cover rows of this category.
    pub fn may_cover(&self, category: &str) -> bool {
        self.scope.category.as_deref().is_none_or(|named| named == category)
    }

    /// Whether it covers this row.
    pub fn covers(&self, category: &str, row: &RowFacts) -> bool {
        let is = |named: &Option<Personal>, held: &Option<Personal>| {
            named.as_ref().is_none_or(|named| held.as_ref() == Some(named))
        };
        self.scope.is_bounded()
            && self.may_cover(category)
            && is(&self.scope.account, &row.account)
            && is(&self.scope.user, &row.user)
            && self.scope.number.as_ref().is_none_or(|number| row.numbers.contains(number))
    }

    /// Whether it may cover rows of this person. A number or a category may be anybody's.
    pub fn touches(&self, entry: &DirectoryEntry) -> bool {
        let account = Personal::new(entry.account.clone());
        self.scope.account.as_ref().is_none_or(|named| *named == account)
    }

    /// The reason that it gives for each row it covers.
    pub fn kept(&self) -> Kept {
        Kept { ground: Ground::LegalHold, citation: self.citation.clone(), until: None }
    }
}

/// The names of those that may touch a person: what a plan was made with, and what an approval must still find.
pub fn touching(holds: &[Hold], entry: &DirectoryEntry) -> Vec<String> {
    let mut names: Vec<String> =
        holds.iter().filter(|hold| hold.touches(entry)).map(|hold| hold.id.clone()).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::{Hold, HoldScope};
    use crate::domain::keep::RowFacts;

    #[test]
    fn a_hold_covers_only_rows_to_which_all_that_it_names_applies() {
        let row = RowFacts {
            key: "1".to_owned(),
            account: Some("481516".into()),
            user: Some("u1".into()),
            numbers: vec!["+911".into(), "+912".into()],
            ..RowFacts::default()
        };
        let check = |scope: HoldScope, covers: bool| {
            let hold = Hold {
                id: "H-1".to_owned(),
                scope: scope.clone(),
                ground: "order".to_owned(),
                citation: "Court".to_owned(),
                owner: "meera".to_owned(),
                placed_at: jiff::Timestamp::UNIX_EPOCH,
                review_on: jiff::civil::date(2027, 1, 1),
                request: None,
            };
            assert_eq!(hold.covers("calls", &row), covers, "{scope:?}");
        };
        let named = |account: Option<&str>,
                     user: Option<&str>,
                     number: Option<&str>,
                     category: Option<&str>| HoldScope {
            account: account.map(Into::into),
            user: user.map(Into::into),
            number: number.map(Into::into),
            category: category.map(str::to_owned),
        };
        check(named(Some("481516"), None, None, None), true);
        check(named(Some("48151"), None, None, None), false);
        check(named(None, Some("u1"), None, None), true);
        check(named(None, Some("u2"), None, None), false);
        check(named(None, None, Some("+912"), None), true);
        check(named(None, None, Some("+913"), None), false);
        check(named(None, None, None, Some("calls")), true);
        check(named(None, None, None, Some("bills")), false);
        check(named(Some("481516"), Some("u1"), Some("+911"), Some("calls")), true);
        check(named(Some("481516"), Some("u2"), Some("+911"), Some("calls")), false);
        // A hold that names nothing would keep the whole company's data, a blank one what nobody meant.
        check(named(None, None, None, None), false);
        check(named(Some(" "), None, None, None), false);
    }
}
