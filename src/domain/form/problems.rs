//! The words for what is wrong with a form: for a customer who has never heard of GDPR. Each says how to mend it and
//! repeats nothing that the person wrote (standard M9). Which problem applies is decided by the readers.

use super::timeframe::Oddity;
use super::{Field, Problem, ProblemCode};

/// Builds the problem of a field with its standing text.
pub(super) fn problem(field: Field, code: ProblemCode) -> Problem {
    Problem { field, code, text: text(field, code).to_owned() }
}

/// A problem of the scope with a text of its own.
pub(super) fn scope(code: ProblemCode, text: &str) -> Problem {
    Problem { field: Field::Scope, code, text: text.to_owned() }
}

pub(super) const NUMBER_UNREADABLE: &str = "One of the phone numbers in the scope could not be read. Please write it with its country code, for example +91 98765 43210.";
pub(super) const ADDRESS_UNREADABLE: &str = "One of the e-mail addresses in the scope could not be read. Please write it in full, for example name@company.example.";
pub(super) const TWO_ACCOUNTS: &str =
    "The scope names more than one account. Please send one request for each account.";
pub(super) const ACCOUNT_UNREADABLE: &str =
    "The account in the scope could not be read. Please write its number alone, for example account 481516.";
pub(super) const NARROWED: &str = "The scope takes something out again, which we cannot do from words alone. Please name only what shall be deleted: an account, a user or a phone number, and a span of time if you like. Answer in your own words if that does not fit; our staff will read it.";
pub(super) const TWO_FORMS: &str =
    "Your mail holds two forms that ask for different data. Please send one mail for each.";
pub(super) const NO_SUBJECT: &str = "The scope gives a time but not whose data you mean. Please add the account, the user or the phone number.";
pub(super) const TIME_LEFT_IN: &str =
    "The scope still holds a part of the template in angle brackets. Please replace it or delete it.";

/// What is odd about a time frame.
pub(super) fn of_time(oddity: Oddity) -> Problem {
    match oddity {
        Oddity::Ambiguous => scope(
            ProblemCode::Ambiguous,
            "A date in the scope can be read in two ways. We will show you how we read it; to be sure, write dates like 2025-03-31 (year-month-day).",
        ),
        Oddity::Unreadable => scope(
            ProblemCode::Invalid,
            "A date in the scope could not be read. Please write the first and the last day like this: 2025-01-01 to 2025-03-31.",
        ),
        Oddity::Reversed => scope(
            ProblemCode::Invalid,
            "The time in the scope ends before it begins. Please write the first day first, for example 2025-01-01 to 2025-03-31.",
        ),
        Oddity::Several => scope(
            ProblemCode::Conflict,
            "The scope names more than one span of time. Please give one first day and one last day, or send one request for each span.",
        ),
    }
}

fn text(field: Field, code: ProblemCode) -> &'static str {
    use ProblemCode::{Conflict, Missing, Placeholder};
    match (field, code) {
        (Field::Kind, Conflict) => {
            "Your mail asks both for a copy of data and for its deletion. Please send one mail for each: \"Data Export Request\" for a copy, \"Data Delete Request\" for deletion."
        }
        (Field::Kind, _) => {
            "Please say what you would like: put \"Data Export Request\" (a copy of the data) or \"Data Delete Request\" (deletion) in the subject."
        }
        (Field::Scope, Missing) => {
            "Please say which data you mean: after \"Scope:\" write your account, a user, or a phone number, and a span of time if you like."
        }
        (Field::Scope, Placeholder) => {
            "The line \"Scope:\" still holds the words of the template. Please replace them with your account, a user, or a phone number, and a span of time if you like."
        }
        (Field::Scope, _) => {
            "We could not tell which data you mean. After \"Scope:\" please write, for example: account 481516, or number +91 98765 43210, 2025-01-01 to 2025-03-31."
        }
        (Field::LegalBasis, _) => "The line \"Legal basis:\" can stay as \"Customer request\".",
        (Field::RequesterName, Placeholder) => {
            "The line \"Requester:\" still holds the word \"Name\" of the template. Please write your name there."
        }
        (Field::RequesterName, _) => "Please write your name after \"Requester:\".",
        (Field::RequesterRole, Placeholder) => {
            "The line \"Requester:\" still holds the word \"Role\" of the template. Please write your role there, for example Owner."
        }
        (Field::RequesterRole, _) => {
            "Please add your role after \"Requester:\", for example Owner or Employee."
        }
        (Field::RequesterEmail, Placeholder) => {
            "The line \"Requester:\" still holds the word \"Email\" of the template. Please write your e-mail address there."
        }
        (Field::RequesterEmail, Conflict) => {
            "The line \"Requester:\" names more than one e-mail address. Please keep the one that we have on file for you."
        }
        (Field::RequesterEmail, Missing) => "Please add your e-mail address after \"Requester:\".",
        (Field::RequesterEmail, _) => {
            "The e-mail address after \"Requester:\" could not be read. Please write it in full, for example name@company.example."
        }
        (Field::RequesterPhone, Placeholder) => {
            "The line \"Requester:\" still holds the word \"Phone\" of the template. Please write your phone number there."
        }
        (Field::RequesterPhone, Missing) => "Please add your phone number after \"Requester:\".",
        (Field::RequesterPhone, _) => {
            "The phone number after \"Requester:\" could not be read. Please write it with its country code, for example +91 98765 43210."
        }
        (Field::Acknowledgement, _) => {
            "Please write this sentence in your answer: I acknowledge identity verification may be required."
        }
    }
}
