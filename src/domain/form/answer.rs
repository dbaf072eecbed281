//! What an answer to our clarification says about the form (decision 32). One line of the form is enough there, above the
//! quote or in it; what a mail program quotes by itself says nothing. Pure, like the reader beside it; `overlay.rs` lays
//! the answer over what was known.

use super::{Form, FormPresence, Problem, ReadingContext, Understood, overlay, read, template};
use crate::domain::request::Kind;

/// The form that is known and an answer make together, with what is still wrong; none when the answer says nothing about
/// the form. `whole` is the text of the mail, and `new_text` its beginning, up to the quote.
pub fn answer(
    known: &Form,
    problems: &[Problem],
    whole: &str,
    new_text: &str,
    context: &ReadingContext,
) -> Option<(Form, Vec<Problem>)> {
    let quoted = edited_quote(known, whole, new_text);
    // People fill in the quoted form as often as they write above it; what stands above wins.
    let parts = [quoted.as_deref(), Some(new_text)];
    parts.into_iter().flatten().filter_map(|part| in_thread(known.kind, part, context)).fold(
        None,
        |said, understood| {
            let (form, left) =
                said.as_ref().map_or((known, problems), |(form, left)| (form, left.as_slice()));
            Some(overlay(form, left, &understood))
        },
    )
}

fn in_thread(kind: Option<Kind>, text: &str, context: &ReadingContext) -> Option<Understood> {
    let is_form = |read: &Understood| matches!(read.filled, FormPresence::Filled | FormPresence::Unfilled);
    let plain = read("", text, context);
    if is_form(&plain) || (kind.is_none() && plain.form.kind.is_some()) {
        return Some(plain);
    }
    // A single line is no form by itself; the title, which the thread has, makes it one.
    let title = match kind {
        Some(Kind::Export) => "Data Export Request",
        Some(Kind::Delete) => "Data Delete Request",
        None => "Data <Export/Delete> Request",
    };
    Some(read(title, text, context)).filter(is_form)
}

/// The quote without its marks, if somebody completed the form in it. Our own lines come back with every answer, the
/// sentence on identity among them, and must not count as the person's.
fn edited_quote(known: &Form, whole: &str, new_text: &str) -> Option<String> {
    let kind = known.kind.unwrap_or(Kind::Export);
    let sent = [template(kind, known), template(kind, &Form::default())].join("\n");
    let quoted: Vec<&str> = whole
        .lines()
        .skip(new_text.lines().count())
        .map(|line| line.trim_start_matches(['>', ' ']).trim_end())
        .collect();
    let is_field = |line: &str| {
        line.split_once(':').is_some_and(|(label, _)| {
            sent.lines().any(|ours| ours.split_once(':').is_some_and(|(known, _)| known == label))
        })
    };
    // A long line may come back wrapped: its beginning is ours as well.
    let is_ours = |line: &str| sent.lines().any(|ours| ours.starts_with(line));
    quoted.iter().any(|line| is_field(line) && !is_ours(line)).then(|| quoted.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::answer;
    use crate::domain::form::{Field, Form, Problem, ReadingContext, read, template};
    use crate::domain::request::Kind;
    use jiff::civil::date;

    const ACKNOWLEDGES: &str = "I acknowledge identity verification may be required.";

    fn context() -> ReadingContext {
        ReadingContext::new(date(2025, 6, 2))
    }

    /// What is still blocking after an answer above a quote of the form that we sent, changed as given; none when the
    /// answer says nothing about the form.
    fn left(new: &str, edit: (&str, &str)) -> Option<Vec<Field>> {
        let subject = "Data Export Request - Acme";
        let first = read(subject, "Scope: <account>\nRequester: Asha Rao, asha@acme.example", &context());
        let sent = template(Kind::Export, &first.form).replace(edit.0, edit.1);
        let whole =
            format!("{new}\n\nOn Monday, support@telco.example wrote:\n> {}", sent.replace('\n', "\n> "));
        let said = answer(&first.form, &first.problems, &whole, new, &context());
        said.map(|(form, problems)| {
            assert_eq!(form.requester.email, first.form.requester.email, "{new}");
            problems.iter().filter(|problem| problem.is_blocking()).map(|problem| problem.field).collect()
        })
    }

    #[test]
    fn one_line_above_the_quote_is_enough_and_the_quote_says_nothing() {
        let untouched = ("", "");
        assert_eq!(left("Scope: account 481516", untouched), Some(vec![Field::Acknowledgement]));
        assert_eq!(left(ACKNOWLEDGES, untouched), Some(vec![Field::Scope]));
        let both = format!("Scope: account 481516\n{ACKNOWLEDGES}");
        assert_eq!(left(&both, untouched), Some(vec![]));
        assert_eq!(left("I do not know my number, please call me.", untouched), None);
        assert_eq!(left("", untouched), None);
    }

    #[test]
    fn a_form_completed_in_the_quote_counts_as_a_whole() {
        let scope = "<account/user/number/timeframe>";
        assert_eq!(left("Done, see below.", (scope, "account 481516")), Some(vec![]));
        let dropped = left("See below.", ("may be required", "is a nuisance"));
        assert_eq!(dropped, None, "no field was filled in");
        assert_eq!(left("Scope: account 1", (scope, "account 2")), Some(vec![]));
    }

    #[test]
    fn an_answer_may_say_what_was_wanted_at_all() {
        let first = read("My data", &format!("Scope: account 1\n{ACKNOWLEDGES}"), &context());
        assert_eq!(first.form.kind, None);
        let (form, problems): (Form, Vec<Problem>) = answer(
            &first.form,
            &first.problems,
            "Please delete my data",
            "Please delete my data",
            &context(),
        )
        .expect("it names the kind");
        assert_eq!(form.kind, Some(Kind::Delete));
        assert!(!problems.iter().any(|problem| problem.field == Field::Kind), "{problems:?}");
    }
}
