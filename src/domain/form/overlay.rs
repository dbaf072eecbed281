//! Lays an answer over a form that was incomplete: what the answer says wins, what it leaves out stays (decision 32).
//! Pure, like the reader beside it.

use super::{Field, Form, Problem, ProblemCode, Requester, Understood};

impl Problem {
    /// Whether it keeps the form from being complete: an ambiguous date is read back instead, and name, role, phone and
    /// legal basis may be missing (interface.md).
    pub fn is_blocking(&self) -> bool {
        let needed =
            matches!(self.field, Field::Kind | Field::Scope | Field::RequesterEmail | Field::Acknowledgement);
        needed && self.code != ProblemCode::Ambiguous
    }
}

/// The form that an earlier one and an answer make together, with every problem that is left.
pub fn overlay(earlier: &Form, problems: &[Problem], answer: &Understood) -> (Form, Vec<Problem>) {
    let new = &answer.form;
    let form = Form {
        kind: new.kind.or(earlier.kind),
        scope: if new.scope.is_understood() { new.scope.clone() } else { earlier.scope.clone() },
        legal_basis: if new.legal_basis.is_empty() {
            earlier.legal_basis.clone()
        } else {
            new.legal_basis.clone()
        },
        requester: Requester {
            name: new.requester.name.clone().or_else(|| earlier.requester.name.clone()),
            role: new.requester.role.clone().or_else(|| earlier.requester.role.clone()),
            email: new.requester.email.clone().or_else(|| earlier.requester.email.clone()),
            phone: new.requester.phone.clone().or_else(|| earlier.requester.phone.clone()),
        },
        acknowledged: new.acknowledged || earlier.acknowledged,
    };
    let absent = |problem: &&Problem| matches!(problem.code, ProblemCode::Missing | ProblemCode::Placeholder);
    let said = answer.problems.iter().filter(|problem| !absent(problem));
    let mut left: Vec<Problem> = said.cloned().collect();
    for problem in answer.problems.iter().filter(absent).chain(problems) {
        if !stands(&form, problem.field) && !left.iter().any(|known| known.field == problem.field) {
            left.push(problem.clone());
        }
    }
    (form, left)
}

/// Whether a field has a value now.
fn stands(form: &Form, field: Field) -> bool {
    match field {
        Field::Kind => form.kind.is_some(),
        Field::Scope => form.scope.is_understood(),
        Field::LegalBasis => !form.legal_basis.is_empty(),
        Field::RequesterName => form.requester.name.is_some(),
        Field::RequesterRole => form.requester.role.is_some(),
        Field::RequesterEmail => form.requester.email.is_some(),
        Field::RequesterPhone => form.requester.phone.is_some(),
        Field::Acknowledgement => form.acknowledged,
    }
}

#[cfg(test)]
mod tests {
    use super::overlay;
    use crate::domain::form::{Field, Problem, ReadingContext, read};
    use jiff::civil::date;

    #[test]
    fn an_answer_fills_the_gaps_and_keeps_the_rest() {
        let context = ReadingContext::new(date(2026, 11, 23));
        let first = read(
            "Data Export Request - Acme",
            "Scope: <account/user/number/timeframe>\nRequester: Asha Rao, Owner, asha@acme.example\n",
            &context,
        );
        assert!(first.problems.iter().any(Problem::is_blocking));
        let answer = read(
            "Re: [DSR-7K3M-9Q2X] Please complete your request",
            "Scope: account 481516\nI acknowledge identity verification may be required.\n",
            &context,
        );
        let (form, problems) = overlay(&first.form, &first.problems, &answer);
        assert!(form.scope.is_understood() && form.acknowledged);
        assert_eq!(form.kind, first.form.kind);
        assert_eq!(form.requester.email, first.form.requester.email);
        assert!(!problems.iter().any(Problem::is_blocking), "{problems:?}");
    }

    #[test]
    fn what_is_still_missing_stays_a_problem_once() {
        let context = ReadingContext::new(date(2026, 11, 23));
        let first = read("Data Export Request", "Scope: \nRequester: Asha\n", &context);
        let answer = read("Re: Data Export Request", "Scope: account 481516\n", &context);
        let (_, problems) = overlay(&first.form, &first.problems, &answer);
        let count = |field| problems.iter().filter(|problem| problem.field == field).count();
        assert_eq!(
            (count(Field::Scope), count(Field::RequesterEmail), count(Field::Acknowledgement)),
            (0, 1, 1)
        );
    }
}
