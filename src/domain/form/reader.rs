//! One mail to one `Understood`: the own lines if they hold a form, else the quoted ones, else own words. The rule that
//! a quoted form does not count in a thread of ours is the caller's: it hands in the new text (decision 12).

use super::kind::{self, Named};
use super::labels;
use super::language::{Label, Languages};
use super::lines::{self, Line};
use super::problems::{self, problem};
use super::sheet::{self, Sheet};
use super::{
    Field, Form, FormPresence, Problem, ProblemCode, ReadingContext, Understood, acknowledgement, own_words,
};
use crate::domain::request::Kind;

/// What a form without a legal basis line is taken to say (interface.md).
const LEGAL_BASIS: &str = "Customer request";
/// A line longer than this is a sentence, not the template's title.
const TITLE_CHARS_MAX: usize = 120;

pub(super) fn read(subject: &str, body: &str, context: &ReadingContext) -> Understood {
    let (own, quoted) = lines::split(body);
    let with = |lines: &[Line], above: &[Named]| {
        Some(Draft::find(subject, lines, above, &context.languages)?.understand(context))
    };
    let of = |lines: &[Line]| with(lines, &[]);
    let is_filled = |found: &Understood| found.filled == FormPresence::Filled;
    let first = of(&own);
    if let Some(found) = first.as_ref().filter(|found| is_filled(found)) {
        return found.clone();
    }
    if quoted.is_empty() {
        return first.unwrap_or_else(|| without_form(subject, &own, &context.languages));
    }
    // A form left empty above yields to one filled in below it, or between the lines of the quote.
    let second = with(&quoted, &named_in(&own, &context.languages));
    let best = second.as_ref().filter(|found| is_filled(found)).cloned();
    let between = || of(&lines::interleaved(body)).filter(is_filled);
    let best = if first.is_none() && best.is_some() { best } else { best.or_else(between) };
    best.or(first).or(second).unwrap_or_else(|| without_form(subject, &own, &context.languages))
}

/// A form that was found, not yet read.
struct Draft {
    fields: Vec<labels::Field>,
    named: Vec<Named>,
    acknowledged: bool,
}

impl Draft {
    /// None when the lines hold no form: one needs two of its own lines, or one under the template's title.
    /// `above` is what a header above a quote says, which is no part of it.
    fn find(subject: &str, lines: &[Line], above: &[Named], languages: &Languages) -> Option<Self> {
        let fields = labels::fields(lines, languages);
        let has = |label: Label| fields.iter().any(|field| field.label == label);
        let is_labelled = has(Label::Scope) || has(Label::Requester) || has(Label::LegalBasis);
        let mut titles = titles(subject, lines, &fields, languages);
        titles.extend(above);
        if !is_labelled && titles.is_empty() {
            return None;
        }
        let acknowledged = acknowledgement::is_given(lines, &fields, languages);
        let own_marks = [has(Label::LegalBasis), acknowledged].into_iter().filter(|&mark| mark).count();
        let marks =
            own_marks + [has(Label::Scope), has(Label::Requester)].into_iter().filter(|&mark| mark).count();
        let is_form = if titles.is_empty() { marks >= 2 && own_marks >= 1 } else { marks >= 1 };
        if !is_form {
            return None;
        }
        let mut named = titles;
        if !named.iter().any(|n| matches!(n, Named::One(_) | Named::Both)) {
            let words =
                fields.iter().filter(|field| field.label == Label::Kind).map(|field| field.value.as_str());
            named.extend(words.chain([subject]).filter_map(|words| kind::of_words(words, languages)));
        }
        Some(Self { fields, named, acknowledged })
    }

    fn understand(self, context: &ReadingContext) -> Understood {
        let mut problems = Vec::new();
        let kind = self.kind(&mut problems);
        let Sheet { scope, legal_basis, requester, problems: found, is_filled } =
            sheet::the_one(&self.fields, context);
        problems.extend(found);
        // The form has no place for "all data except invoices". Too large a copy of one's own data harms nobody; what was
        // deleted without being asked for does not come back.
        if kind == Some(Kind::Delete) && context.languages.narrows(scope.text.expose()) {
            problems.push(problems::scope(ProblemCode::Conflict, problems::NARROWED));
        }
        if !self.acknowledged {
            problems.push(problem(Field::Acknowledgement, ProblemCode::Missing));
        }
        let legal_basis = legal_basis.unwrap_or_else(|| LEGAL_BASIS.to_owned());
        let form = Form { kind, scope, legal_basis, requester, acknowledged: self.acknowledged };
        let filled = if is_filled { FormPresence::Filled } else { FormPresence::Unfilled };
        Understood { form, problems, filled, rule: None }
    }

    fn kind(&self, problems: &mut Vec<Problem>) -> Option<Kind> {
        let code = match kind::together(&self.named) {
            Some(Named::One(kind)) => return Some(kind),
            Some(Named::Both) => ProblemCode::Conflict,
            Some(Named::Placeholder) => ProblemCode::Placeholder,
            None => ProblemCode::Missing,
        };
        problems.push(problem(Field::Kind, code));
        None
    }
}

/// What a `Subject:` line among these says.
fn named_in(lines: &[Line], languages: &Languages) -> Vec<Named> {
    let fields = labels::fields(lines, languages);
    let kinds = fields.iter().filter(|field| field.label == Label::Kind);
    kinds.filter_map(|field| kind::of_title(&field.value, languages)).collect()
}

/// Every place that can carry the template's title: the subject, a `Subject:` line, a line of its own.
fn titles(subject: &str, lines: &[Line], fields: &[labels::Field], languages: &Languages) -> Vec<Named> {
    let of_fields =
        fields.iter().filter(|field| field.label == Label::Kind).map(|field| field.value.as_str());
    let first = [subject].into_iter().chain(of_fields).filter_map(|line| kind::of_title(line, languages));
    let of_lines = lines.iter().map(|line| line.text.as_str()).filter(|line| line.len() <= TITLE_CHARS_MAX);
    first.chain(of_lines.filter_map(|line| kind::of_bare_title(line, languages))).collect()
}

/// No form: the title alone, a request in own words, or nothing. Always incomplete; staff see it with the clock running.
fn without_form(subject: &str, own: &[Line], languages: &Languages) -> Understood {
    let of_lines = own.iter().map(|line| line.text.as_str()).filter(|line| line.len() <= TITLE_CHARS_MAX);
    let titles = [subject].into_iter().chain(of_lines);
    let mut named: Vec<Named> = titles.filter_map(|line| kind::of_bare_title(line, languages)).collect();
    let text = own.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n");
    let wishes = own_words::kinds(subject, &text, languages.own_words());
    let rule = wishes.first().map_or_else(|| "title".to_owned(), |(_, rule)| (*rule).to_owned());
    named.extend(wishes.into_iter().map(|(kind, _)| Named::One(kind)));
    let Some(found) = kind::together(&named) else {
        return Understood {
            form: Form::default(),
            problems: Vec::new(),
            filled: FormPresence::Absent,
            rule: None,
        };
    };
    let (kind, kind_problem) = match found {
        Named::One(kind) => (Some(kind), None),
        Named::Both => (None, Some(ProblemCode::Conflict)),
        Named::Placeholder => (None, Some(ProblemCode::Placeholder)),
    };
    let mut problems: Vec<Problem> =
        kind_problem.map(|code| problem(Field::Kind, code)).into_iter().collect();
    let missing = [
        Field::Scope,
        Field::RequesterName,
        Field::RequesterRole,
        Field::RequesterEmail,
        Field::RequesterPhone,
        Field::Acknowledgement,
    ];
    problems.extend(missing.map(|field| problem(field, ProblemCode::Missing)));
    let form = Form { kind, legal_basis: LEGAL_BASIS.to_owned(), ..Form::default() };
    Understood { form, problems, filled: FormPresence::OwnWords, rule: Some(rule) }
}

#[cfg(test)]
mod tests {
    use crate::domain::form::{Field, FormPresence, ProblemCode, ReadingContext, Understood, read};
    use crate::domain::request::Kind;
    use jiff::civil::date;

    const SUBJECT: &str = "Data Export Request – Acme Traders";
    const FORM: &str = "Scope: number +91 98765 43210, 2025-01-01 to 2025-03-31\nLegal basis: Customer request\n\
                        Requester: Asha Rao, Owner, asha@acme.example, +91 98123 45678\n\
                        I acknowledge identity verification may be required.\n";

    fn of(subject: &str, body: &str) -> Understood {
        read(subject, body, &ReadingContext::new(date(2025, 4, 10)))
    }

    #[test]
    fn the_template_is_read_in_every_dress() {
        let expected = of(SUBJECT, FORM);
        assert!(expected.is_complete() && expected.problems.is_empty(), "{:?}", expected.problems);
        let check = |subject: &str, body: &str| {
            let found = of(subject, body);
            assert!(found.is_complete(), "{body:?} {:?}", found.problems);
            assert_eq!(found.form.scope.numbers, expected.form.scope.numbers, "{body:?}");
            assert_eq!(
                (found.form.scope.from, found.form.scope.to),
                (expected.form.scope.from, expected.form.scope.to)
            );
            assert_eq!(found.form.requester, expected.form.requester, "{body:?}");
            assert_eq!(found.form.legal_basis, "Customer request", "{body:?}");
        };
        let lines: Vec<&str> = FORM.lines().collect();
        check("Re: Fwd: [ext] Data Export Request - Acme", FORM);
        check("help", &format!("To: support@x.example\nSubject: {SUBJECT}\n{FORM}"));
        check("help", &format!("{SUBJECT}\n\n{FORM}"));
        check("help", &format!("Request: Export\n{FORM}"));
        check(SUBJECT, &lines.iter().rev().copied().collect::<Vec<_>>().join("\n"));
        check(SUBJECT, &lines.join("\n\n"));
        check(SUBJECT, &lines.join("\n- "));
        check(SUBJECT, &format!("> {}", lines.join("\n> ")));
        check(SUBJECT, &FORM.replace("Scope:", "**Scope:**").replace("Requester:", "*Requester:*"));
        check(SUBJECT, &FORM.replace(": ", "：").replace(' ', "\u{a0}"));
        check(SUBJECT, &FORM.replace(": ", ":\n"));
        check(SUBJECT, &FORM.replace(": ", " | "));
        assert!(of(SUBJECT, &FORM.to_uppercase()).is_complete());
        check(SUBJECT, &FORM.replace("identity verification", "identity\nverification"));
        check(
            SUBJECT,
            &format!("Hello,\n\nplease find my request.\n\n{FORM}\nThanks\nAsha Rao\nPhone: 080 4040 5555"),
        );
    }

    #[test]
    fn incomplete_forms_say_what_is_missing() {
        let check = |body: &str, expected: &[(Field, ProblemCode)], complete: bool| {
            let found = of(SUBJECT, body);
            let said: Vec<_> = found.problems.iter().map(|p| (p.field, p.code)).collect();
            assert_eq!(said, expected, "{body:?}");
            assert_eq!(found.is_complete(), complete, "{body:?}");
        };
        let without =
            |start: &str| FORM.lines().filter(|l| !l.starts_with(start)).collect::<Vec<_>>().join("\n");
        check(&without("Legal"), &[], true);
        check(&without("Scope"), &[(Field::Scope, ProblemCode::Missing)], false);
        check(&without("I ack"), &[(Field::Acknowledgement, ProblemCode::Missing)], false);
        check(
            &FORM.replace("asha@acme.example, ", ""),
            &[(Field::RequesterEmail, ProblemCode::Missing)],
            false,
        );
        check(&FORM.replace(", +91 98123 45678", ""), &[(Field::RequesterPhone, ProblemCode::Missing)], true);
        check(
            &FORM.replace("I acknowledge", "I do not acknowledge"),
            &[(Field::Acknowledgement, ProblemCode::Missing)],
            false,
        );
        check(
            &FORM.replace("2025-01-01 to 2025-03-31", "01/02/2025"),
            &[(Field::Scope, ProblemCode::Ambiguous)],
            true,
        );
    }

    #[test]
    fn both_kinds_are_a_conflict_wherever_they_stand() {
        let check = |subject: &str, body: &str, kind: Option<Kind>, code: Option<ProblemCode>| {
            let found = of(subject, body);
            assert_eq!(found.form.kind, kind, "{subject:?}");
            let said = found.problems.iter().find(|p| p.field == Field::Kind).map(|p| p.code);
            assert_eq!(said, code, "{subject:?}");
        };
        check(SUBJECT, &format!("Data Delete Request\n{FORM}"), None, Some(ProblemCode::Conflict));
        check("Data Export and Delete Request", FORM, None, Some(ProblemCode::Conflict));
        check("Data <Export/Delete> Request –", FORM, None, Some(ProblemCode::Placeholder));
        check(
            "Data Delete Request",
            &format!("Subject: Data <Export/Delete> Request –\n{FORM}"),
            Some(Kind::Delete),
            None,
        );
        check("help", FORM, None, Some(ProblemCode::Missing));
        check("please delete", FORM, Some(Kind::Delete), None);
    }

    #[test]
    fn own_words_and_ordinary_mail_are_told_apart() {
        let check = |subject: &str, body: &str, filled: FormPresence| {
            assert_eq!(of(subject, body).filled, filled, "{subject:?} {body:?}");
        };
        check(SUBJECT, "Please hurry.", FormPresence::OwnWords);
        check("Hello", "please delete everything you have about me", FormPresence::OwnWords);
        check("Delete my data", "", FormPresence::OwnWords);
        check("Invoice", "Scope: new website\nRequester: John\nBudget: 5", FormPresence::Absent);
        check("Ticket", "Name: Asha\nEmail: a@b.example\nPhone: 98765 43210", FormPresence::Absent);
        check(
            "Re: call quality",
            "Thanks!\n> please delete everything you have about me",
            FormPresence::Absent,
        );
        check("", "", FormPresence::Absent);
    }

    #[test]
    fn problem_texts_repeat_nothing_that_was_written() {
        let found = of(SUBJECT, "Scope: zebra 31/02/2025\nRequester: zebra@zebra");
        assert!(!found.problems.is_empty());
        assert!(found.problems.iter().all(|p| !p.text.contains("zebra") && !p.text.contains("31/02")));
    }

    #[test]
    fn a_deletion_that_takes_something_out_again_is_asked_back_and_a_copy_is_not() {
        let body = "Scope: account 1001 but not the recordings\nRequester: Asha, Owner, a@b.example\n\
                    I acknowledge identity verification may be required.";
        assert!(of("Data Export Request", body).is_complete());
        let deletion = of("Data Delete Request", body);
        assert!(!deletion.is_complete(), "{:?}", deletion.problems);
        let plain = body.replace(" but not the recordings", "");
        assert!(of("Data Delete Request", &plain).is_complete());
        for unclear in ["account 1,020", "account 1020/1021", "account _016", "account ABC_7%"] {
            let body = body.replace("account 1001 but not the recordings", unclear);
            assert!(!of("Data Delete Request", &body).is_complete(), "{unclear}");
        }
    }
}
