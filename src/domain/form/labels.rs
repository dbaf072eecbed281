//! The fields of a form: which line is a label, and which lines belong to its value. English words; a further language
//! is a further line in `LABELS`. What the values mean is read elsewhere (`scoping.rs`, `requester.rs`, `kind.rs`).

use super::lines::Line;
use super::pattern::pattern;
use regex::Regex;
use std::sync::LazyLock;

/// The fields that people fill in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Label {
    Scope,
    LegalBasis,
    Requester,
    /// The subject line of the template, or a `Request:` or `Type:` line.
    Kind,
    /// `Account:`, `User:`, `Number:`: a part of the scope with its own line.
    ScopeAccount,
    ScopeUser,
    ScopeNumber,
    ScopeTime,
    Name,
    Role,
    Email,
    Phone,
    /// A line of the template or of a mail header that says nothing here, but ends what stands before it.
    Ignored,
}

/// What must follow the words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// A separator, or nothing at all when the value stands on the next line.
    SeparatorOrEnd,
    /// A colon, an equals sign or a table border: the word alone is ordinary text.
    Colon,
}

const LABELS: [(&str, Label, Needs); 14] = [
    (r"(?:data )?scope(?: of (?:the )?(?:request|data))?", Label::Scope, Needs::SeparatorOrEnd),
    (r"(?:legal|lawful) (?:basis|ground)s?", Label::LegalBasis, Needs::SeparatorOrEnd),
    (r"request(?:e|o)r(?: details?| information)?|requested by", Label::Requester, Needs::SeparatorOrEnd),
    (r"(?:type|kind) of request|request(?: type| kind)?|type|kind|subject|action", Label::Kind, Needs::Colon),
    (r"account(?: id| no\.?| number)?", Label::ScopeAccount, Needs::Colon),
    (r"users?(?: ids?| names?)?", Label::ScopeUser, Needs::Colon),
    (r"(?:virtual )?numbers?", Label::ScopeNumber, Needs::Colon),
    (r"time ?frame|(?:time )?period|date range|dates", Label::ScopeTime, Needs::Colon),
    (r"(?:full )?name", Label::Name, Needs::SeparatorOrEnd),
    (r"role|designation|job title|position", Label::Role, Needs::SeparatorOrEnd),
    (r"e-?mail(?: ?(?:address|id))?", Label::Email, Needs::SeparatorOrEnd),
    (r"(?:phone|mobile|contact|telephone)(?: (?:number|no\.?))?|tel\.?", Label::Phone, Needs::SeparatorOrEnd),
    (r"from|sent|date|to|cc|bcc|reply-to|von|an|gesendet|betreff", Label::Ignored, Needs::Colon),
    (r"field|topic", Label::Ignored, Needs::Colon),
];

static PATTERNS: LazyLock<Vec<(Regex, Label)>> = LazyLock::new(|| {
    LABELS
        .iter()
        .map(|(words, label, needs)| {
            let separator = match needs {
                Needs::SeparatorOrEnd => r"(?:\s*[:=|]\s*|\s*[-–—]\s+|\s*$)",
                Needs::Colon => r"\s*[:=|]\s*",
            };
            (pattern(&format!(r"^(?:{words}){separator}(?P<value>.*)$")), *label)
        })
        .collect()
});

static ACKNOWLEDGES: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\W*i (?:hereby )?acknowledge\b"));

/// One field with its value; lines of the value are joined by `\n`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Field {
    pub(super) label: Label,
    pub(super) value: String,
}

/// Lines that a wrapped value can be longer than.
const WRAPPED_CHARS_MIN: usize = 60;
/// Most lines of one value.
const VALUE_LINES_MAX: usize = 30;

/// Finds every field, in the order of the mail.
pub(super) fn fields(lines: &[Line]) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += 1;
        let Some((label, inline)) = split_label(&line.text) else { continue };
        let mut value = vec![inline.to_owned()];
        let mut previous = line;
        if inline.is_empty() {
            while lines.get(at).is_some_and(|next| next.text.is_empty()) {
                at += 1;
            }
        }
        while let Some(next) = lines.get(at) {
            let ends = next.text.is_empty()
                || split_label(&next.text).is_some()
                || ACKNOWLEDGES.is_match(&next.text)
                || value.len() >= VALUE_LINES_MAX
                || !(inline.is_empty() || continues(previous, next));
            if ends {
                break;
            }
            value.push(next.text.clone());
            previous = next;
            at += 1;
        }
        fields.push(Field { label, value: value.join("\n").trim().to_owned() });
    }
    fields
}

/// Whether `next` goes on with a value that began on its label's line; thanks and signatures do not.
fn continues(previous: &Line, next: &Line) -> bool {
    let open = previous.text.ends_with([',', ';', '/', '&', '-', '|'])
        || [" and", " to", " from", " or"].iter().any(|word| previous.text.to_lowercase().ends_with(word));
    let wrapped =
        previous.chars_sent >= WRAPPED_CHARS_MIN && next.text.chars().any(|c| c.is_ascii_digit() || c == '@');
    open || wrapped || next.is_indented
}

fn split_label(line: &str) -> Option<(Label, &str)> {
    PATTERNS.iter().find_map(|(pattern, label)| {
        let found = pattern.captures(line)?;
        Some((*label, found.name("value").map_or("", |value| value.as_str()).trim().trim_matches('|').trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::{Label, fields};
    use crate::domain::form::lines;

    fn check(body: &str, expected: &[(Label, &str)]) {
        let found = fields(&lines::split(body).0);
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
        check("Requestor: x", &[(Label::Requester, "x")]);
        check("Subject: Data Export Request", &[(Label::Kind, "Data Export Request")]);
        check("The scope of this is large", &[]);
        check("account\nuser", &[]);
    }

    #[test]
    fn values_end_where_the_next_thing_begins() {
        check("Scope: account,\nlast 90 days\nThanks", &[(Label::Scope, "account,\nlast 90 days")]);
        check("Requester: Asha, a@b.example\nThanks\nAsha", &[(Label::Requester, "Asha, a@b.example")]);
        check("Scope: account\nI acknowledge identity", &[(Label::Scope, "account")]);
        check(
            "Requester:\nName: Asha\nRole: Owner",
            &[(Label::Requester, ""), (Label::Name, "Asha"), (Label::Role, "Owner")],
        );
    }
}
