//! The template for a clarification, with what is already known filled in. Only values that we normalised ourselves go
//! in (decision 35): an E.164 number, an ISO date, a parsed address, an account number of digits. Names, roles and
//! anything else a stranger wrote stay placeholders, so that our mail cannot carry their text.

use super::Form;
use crate::domain::request::Kind;
use crate::domain::scope::{AccountScope, Scope};

const SCOPE: &str = "<account/user/number/timeframe>";
const REQUESTER: &str = "<Name, Role, Email, Phone>";

/// Longest account number that is repeated, digits.
const ACCOUNT_DIGITS_MAX: usize = 12;
/// Most users or numbers that are repeated.
const ITEMS_MAX: usize = 20;

pub(super) fn template(kind: Kind, known: &Form) -> String {
    let form = match kind {
        Kind::Export => include_str!("../../../templates/forms/export.txt"),
        Kind::Delete => include_str!("../../../templates/forms/delete.txt"),
    };
    form.replace(SCOPE, &scope(&known.scope)).replace(REQUESTER, &requester(known))
}

fn scope(scope: &Scope) -> String {
    let mut parts = Vec::new();
    match &scope.account {
        Some(AccountScope::Own) => parts.push("account".to_owned()),
        Some(AccountScope::Named(id))
            if id.len() <= ACCOUNT_DIGITS_MAX && id.chars().all(|c| c.is_ascii_digit()) =>
        {
            parts.push(format!("account {id}"));
        }
        Some(AccountScope::Named(_)) | None => {}
    }
    let addresses = scope.users.iter().map(|user| user.expose().as_str());
    let addresses = addresses.filter(|user| crate::domain::address::Address::parse(user).is_some());
    parts.extend(addresses.take(ITEMS_MAX).map(|user| format!("user {user}")));
    parts.extend(scope.numbers.iter().take(ITEMS_MAX).map(|number| format!("number {}", number.expose())));
    if scope.everything {
        parts.push("all data".to_owned());
    }
    if parts.is_empty() {
        parts.push("<account/user/number>".to_owned());
    }
    match (scope.from, scope.to) {
        (Some(from), Some(to)) if from <= to => parts.push(format!("{from} to {to}")),
        (Some(from), None) => parts.push(format!("since {from}")),
        (None, Some(to)) => parts.push(format!("until {to}")),
        (Some(_), Some(_)) | (None, None) => {}
    }
    match parts.as_slice() {
        [only] if only.starts_with('<') => SCOPE.to_owned(),
        _ => parts.join(", "),
    }
}

fn requester(known: &Form) -> String {
    let email = known.requester.email.as_ref().map(crate::domain::address::Address::expose);
    let phone = known.requester.phone.as_ref().map(|phone| phone.expose().as_str());
    if email.is_none() && phone.is_none() {
        return REQUESTER.to_owned();
    }
    format!("<Name>, <Role>, {}, {}", email.unwrap_or("<Email>"), phone.unwrap_or("<Phone>"))
}

#[cfg(test)]
mod tests {
    use super::template;
    use crate::domain::form::{Field, Form, FormPresence, ProblemCode, ReadingContext, read};
    use crate::domain::request::Kind;
    use jiff::civil::date;

    #[test]
    fn the_untouched_template_is_recognised_with_every_placeholder() {
        for kind in [Kind::Export, Kind::Delete] {
            let text = template(kind, &Form::default());
            let found = read("", &text, &ReadingContext::new(date(2025, 4, 1)));
            assert_eq!((found.filled, found.form.kind), (FormPresence::Unfilled, Some(kind)));
            assert!(found.form.acknowledged && !found.is_complete());
            for field in [Field::Scope, Field::RequesterName, Field::RequesterEmail, Field::RequesterPhone] {
                assert!(
                    found.problems.iter().any(|p| p.field == field && p.code == ProblemCode::Placeholder),
                    "{field:?}"
                );
            }
        }
    }

    #[test]
    fn a_prefilled_template_repeats_only_what_was_normalised() {
        let context = ReadingContext::new(date(2025, 4, 1));
        let body = "Scope: number 98765 43210, user Mallory Evil, Q1 2025\nLegal basis: because\n\
                    Requester: Asha <b>Rao</b>, Owner, asha@acme.example";
        let known = read("Data Export Request", body, &context).form;
        let text = template(Kind::Export, &known);
        assert_eq!(
            text,
            "Subject: Data Export Request –\n\
             Scope: number +919876543210, 2025-01-01 to 2025-03-31\n\
             Legal basis: Customer request\n\
             Requester: <Name>, <Role>, asha@acme.example, <Phone>\n\
             I acknowledge identity verification may be required.\n"
        );
        let again = read("Re: x", &text, &context);
        assert!(again.is_complete(), "{:?}", again.problems);
        assert_eq!(again.form.scope.numbers, known.scope.numbers);
        assert_eq!(again.form.scope.from, Some(date(2025, 1, 1)));
    }
}
