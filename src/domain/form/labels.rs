//! The fields of a form: which line is a label, and which lines belong to its value. The words are those of `language.rs`.
//! What the values mean is read elsewhere (`scoping.rs`, `requester.rs`, `kind.rs`, `acknowledgement.rs`).

use super::acknowledgement;
use super::kind;
use super::language::{Label, Languages};
use super::lines::Line;
use super::several::{apart, columns};
use super::words::words;

/// One field with its value; lines of the value are joined by `\n`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Field {
    pub(super) label: Label,
    pub(super) value: String,
    /// Other text stands between it and the line of the template above it, as over a signature.
    pub(super) is_apart: bool,
}

/// A line that would have grown longer than this with the next word was wrapped by a mail program.
const WRAPPED_CHARS_MIN: usize = 66;
/// Most lines of one value.
const VALUE_LINES_MAX: usize = 30;
/// Longest text before a colon that is taken for a label, characters.
pub(super) const LABEL_CHARS_MAX: usize = 60;
/// Longest number or bullet before a label, bytes.
pub(super) const NUMBERING_BYTES_MAX: usize = 8;

/// Whether the words alone say that this is the field; `number` and its like are ordinary words without a colon.
pub(super) const fn stands_alone(label: Label) -> bool {
    use Label::{Email, LegalBasis, Name, Phone, Requester, Role, Scope};
    matches!(label, Scope | LegalBasis | Requester | Name | Role | Email | Phone)
}

/// The three lines that only the template has.
pub(super) const fn is_of_the_template(label: Label) -> bool {
    matches!(label, Label::Scope | Label::LegalBasis | Label::Requester)
}

/// Finds every field, in the order of the mail.
pub(super) fn fields(lines: &[Line], languages: &Languages) -> Vec<Field> {
    let lines = apart(lines, languages);
    let mut fields: Vec<Field> = Vec::new();
    let mut at = 0;
    let mut is_apart = false;
    while let Some(line) = lines.get(at) {
        if let Some(row) = lines.get(at + 1).and_then(|next| columns(line, next, languages)) {
            fields.extend(row);
            at += 2;
            continue;
        }
        at += 1;
        if let Some(next) = lines.get(at).filter(|next| is_kind_above(line, next, languages)) {
            fields.push(Field { label: Label::Kind, value: next.text.clone(), is_apart });
            at += 1;
            continue;
        }
        let Some((label, inline)) = split_label(&line.text, languages) else {
            let is_prose = !line.text.is_empty() && !acknowledgement::begins(&line.text, languages);
            is_apart |= is_prose && fields.iter().any(|field| is_of_the_template(field.label));
            continue;
        };
        is_apart &= !is_of_the_template(label);
        let value = value(&lines, &mut at, line, inline, languages);
        fields.push(Field { label, value: value.join("\n").trim().to_owned(), is_apart });
    }
    fields
}

/// `Request` on a line of its own, and below it one or two words that name a kind.
fn is_kind_above(line: &Line, next: &Line, languages: &Languages) -> bool {
    label(&line.text, languages).is_some_and(|label| is_kind(label, &next.text, languages))
}

/// Whether a label without a colon asks for the kind, and one or two words behind it name one.
fn is_kind(label: Label, value: &str, languages: &Languages) -> bool {
    const KIND_WORDS_MAX: usize = 2;
    label == Label::Kind && words(value).len() <= KIND_WORDS_MAX && kind::of_words(value, languages).is_some()
}

/// The lines of a value; `at` is left behind them.
fn value(lines: &[Line], at: &mut usize, line: &Line, inline: &str, languages: &Languages) -> Vec<String> {
    let mut value = vec![inline.to_owned()];
    let mut previous = line;
    if inline.is_empty() {
        skip_blank(lines, at);
    }
    while let Some(next) = lines.get(*at) {
        if next.text.is_empty() && inline.is_empty() && value.len() > 1 {
            let mut behind = *at;
            skip_blank(lines, &mut behind);
            if lines
                .get(behind)
                .is_some_and(|line| line.is_bullet && split_label(&line.text, languages).is_none())
            {
                *at = behind;
                continue;
            }
        }
        let ends = next.text.is_empty()
            || split_label(&next.text, languages).is_some()
            || acknowledgement::begins(&next.text, languages)
            || value.len() >= VALUE_LINES_MAX
            || !(inline.is_empty() || continues(previous, next));
        if ends {
            break;
        }
        match value.last_mut().filter(|last| !last.is_empty() && is_wrapped(previous, next)) {
            Some(last) => {
                last.push(' ');
                last.push_str(&next.text);
            }
            None => value.push(next.text.clone()),
        }
        previous = next;
        *at += 1;
    }
    value
}

fn skip_blank(lines: &[Line], at: &mut usize) {
    while lines.get(*at).is_some_and(|next| next.text.is_empty()) {
        *at += 1;
    }
}

/// Whether `next` goes on with a value that began on its label's line; thanks and signatures do not.
fn continues(previous: &Line, next: &Line) -> bool {
    const OPEN_WORDS: [&str; 12] =
        [" and", " to", " from", " or", " und", " bis", " et", " au", " y", " e", " hasta", " até"];
    let lower = previous.text.to_lowercase();
    let open = previous.text.ends_with([',', ';', '/', '&', '-', '|', '+'])
        || OPEN_WORDS.iter().any(|word| lower.ends_with(word));
    let tells = next.text.chars().any(|c| c.is_ascii_digit() || c == '@')
        || previous.text.ends_with(|c: char| c.is_ascii_digit());
    open || (tells && is_wrapped(previous, next)) || next.is_indented
}

/// Whether a mail program broke the line before `next`, because one more word would have made it too long.
fn is_wrapped(previous: &Line, next: &Line) -> bool {
    let first_word = next.text.split(' ').next().unwrap_or("").chars().count();
    previous.chars_sent + 1 + first_word >= WRAPPED_CHARS_MIN
}

/// The label at the start of a line, and what follows it.
fn split_label<'a>(line: &'a str, languages: &Languages) -> Option<(Label, &'a str)> {
    let value = |text: &'a str| text.trim_matches(['|', ' ']).trim_start_matches([':', '=', '|', ' ']);
    let split = |at: usize, len: usize| Some((line.get(..at)?, line.get(at + len..)?));
    if let Some((head, rest)) = line.find([':', '=', '|']).and_then(|at| split(at, 1))
        && let Some(label) = label(head, languages)
    {
        return Some((label, value(rest)));
    }
    let dash = ["- ", " -", "– ", " –", "— ", " —", "\t"]
        .iter()
        .filter_map(|dash| Some((line.find(dash)?, dash.len())))
        .min();
    if let Some((head, rest)) = dash.and_then(|(at, len)| split(at, len))
        && let Some(label) =
            label(head, languages).filter(|label| stands_alone(*label) || is_kind(*label, rest, languages))
    {
        return Some((label, value(rest.trim_start_matches(['-', '–', '—']))));
    }
    label(line, languages).filter(|label| stands_alone(*label)).map(|label| (label, ""))
}

/// A label by its words, without numbering, brackets and marks; `Scope / Umfang` is known by either.
pub(super) fn label(head: &str, languages: &Languages) -> Option<Label> {
    if head.len() > LABEL_CHARS_MAX * 4 || head.chars().count() > LABEL_CHARS_MAX {
        return None;
    }
    let bare = head.trim_start_matches(|c: char| !c.is_alphabetic());
    if head.len() - bare.len() > NUMBERING_BYTES_MAX {
        return None;
    }
    let plain = without_brackets(bare);
    languages.label(&plain).or_else(|| {
        let parts = plain.split(['/', '(', '|']).filter(|part| !part.trim().is_empty());
        let labels: Option<Vec<Label>> = parts.map(|part| languages.label(part)).collect();
        labels?.first().copied()
    })
}

fn without_brackets(head: &str) -> String {
    let mut depth = 0_u32;
    let mut plain = String::new();
    for c in head.chars() {
        match c {
            '(' | '[' | '<' | '{' => depth += 1,
            ')' | ']' | '>' | '}' => depth = depth.saturating_sub(1),
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::fields;
    use crate::domain::form::language::{Label, Languages};
    use crate::domain::form::lines;

    fn check(body: &str, expected: &[(Label, &str)]) {
        let found = fields(&lines::split(body).0, &Languages::all());
        let found: Vec<_> = found.iter().map(|field| (field.label, field.value.as_str())).collect();
        assert_eq!(found, expected, "{body:?}");
    }

    #[test]
    fn labels_stand_in_many_shapes() {
        check("SCOPE : account 12", &[(Label::Scope, "account 12")]);
        check("Scope - account", &[(Label::Scope, "account")]);
        check("| Scope | account |\n|---|---|", &[(Label::Scope, "account")]);
        check("Scope\naccount\nLegal basis\nx", &[(Label::Scope, "account"), (Label::LegalBasis, "x")]);
        check("Scope:\n\naccount 12\n\nhello", &[(Label::Scope, "account 12")]);
        check("Scope\taccount 12", &[(Label::Scope, "account 12")]);
        check("Scope (account/user/number): account 12", &[(Label::Scope, "account 12")]);
        check("Scope / Umfang: account 12", &[(Label::Scope, "account 12")]);
        check("1. Scope: account 12", &[(Label::Scope, "account 12")]);
        check("✅ Scope → : account 12", &[(Label::Scope, "account 12")]);
        check("Requestor: x", &[(Label::Requester, "x")]);
        check("E-Mail-Adresse: x", &[(Label::Email, "x")]);
        check("Subject: Data Export Request", &[(Label::Kind, "Data Export Request")]);
        check("The scope of this is large", &[]);
        check("account\nuser", &[]);
        check("- The line \"Scope:\" still holds the words of the template.", &[]);
        check(
            "Scope: account 12; Legal basis: Customer request; Requester: Asha",
            &[
                (Label::Scope, "account 12"),
                (Label::LegalBasis, "Customer request"),
                (Label::Requester, "Asha"),
            ],
        );
        check(
            "Scope | Legal basis | Requester\naccount 12 | Customer request | Asha",
            &[
                (Label::Scope, "account 12"),
                (Label::LegalBasis, "Customer request"),
                (Label::Requester, "Asha"),
            ],
        );
    }

    #[test]
    fn values_end_where_the_next_thing_begins() {
        check("Scope: account,\nlast 90 days\nThanks", &[(Label::Scope, "account,\nlast 90 days")]);
        check("Scope:\n\n- account\n\n- last 90 days\n\nThanks", &[(Label::Scope, "account\nlast 90 days")]);
        check("Requester: Asha, a@b.example\nThanks\nAsha", &[(Label::Requester, "Asha, a@b.example")]);
        check("Requester: Asha, a@b.example\n- Asha", &[(Label::Requester, "Asha, a@b.example")]);
        check("Scope: account\nI acknowledge identity", &[(Label::Scope, "account")]);
        check(
            "Requester: Asha Lakshmi Rao, Managing Director, asha@acme.example,\n+91 98123 45678",
            &[(Label::Requester, "Asha Lakshmi Rao, Managing Director, asha@acme.example, +91 98123 45678")],
        );
        check(
            "Requester:\nName: Asha\nRole: Owner",
            &[(Label::Requester, ""), (Label::Name, "Asha"), (Label::Role, "Owner")],
        );
    }
}
