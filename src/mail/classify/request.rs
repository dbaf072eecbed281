//! Requests: a form, filled in or not, or a wish in a person's own words. A filled form is a request whatever the headers
//! say, because the clock runs (facts.md 7, row 21). See `mod.rs` for the order of the classes.

use super::{Answer, Class, Found, auto, list};
use crate::domain::form::{FormPresence, Understood};
use crate::mail::incoming::Incoming;

/// A filled form; signs of a machine or a list withhold the answer and no more.
pub(super) fn filled(incoming: &Incoming, understood: &Understood) -> Found {
    if understood.filled != FormPresence::Filled {
        return None;
    }
    if let Err(problem) = &incoming.from {
        return Some((Class::Quarantine, format!("a form, but {problem}"), Answer::No));
    }
    let withheld = auto::by_its_own_word(incoming)
        .or_else(|| list::reason(incoming))
        .or_else(|| auto::by_weaker_signs(incoming));
    Some(match withheld {
        Some(why) => {
            (Class::Request, format!("a filled form in a mail that must not be answered: {why}"), Answer::No)
        }
        None => (Class::Request, "a filled form".to_owned(), Answer::Yes),
    })
}

/// A template left empty, or a request in a person's own words; both yield to automatic and list mail.
pub(super) fn unfilled(understood: &Understood) -> Found {
    let reason = match understood.filled {
        FormPresence::Unfilled => "a template that was not filled in".to_owned(),
        FormPresence::OwnWords => {
            format!("a request in own words, by the rule {}", understood.rule.as_deref().unwrap_or("title"))
        }
        FormPresence::Filled | FormPresence::Absent => return None,
    };
    Some((Class::Request, reason, Answer::Yes))
}
