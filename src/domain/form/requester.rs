//! The requester line: `Name, Role, Email, Phone` in any order and with any separator, or on lines of their own. The
//! address and the number are found by their shape; of what is left, words such as "Owner" are the role. None of it is
//! believed: the directory knows who may ask, and the challenge goes to the address on file (standard S1).

use super::language::{Label, Languages};
use super::pattern::{TAKEN, pattern, take};
use super::problems::problem;
use super::several;
use super::words::words;
use super::{Field, Problem, ProblemCode, ReadingContext, Requester, links, phone};
use crate::domain::address::Address;
use crate::domain::personal::Personal;
use regex::Regex;
use std::sync::LazyLock;

/// Longest name or role that is kept, characters.
const WORDS_CHARS_MAX: usize = 120;
/// Longest requester text that is read, characters.
const TEXT_CHARS_MAX: usize = 2_000;

/// Something in angle, square or curly brackets.
pub(super) static BRACKETS: LazyLock<Regex> = LazyLock::new(|| pattern(r"[<\[{][^<>\[\]{}@]{1,60}[>\]}]"));
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| pattern(r#"[^\s<>(),;:"\[\]|]+@[^\s<>(),;:"\[\]|]*"#));
static NUMBER: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:\+\s?\(?|\(\+?)?\d(?:[\d\s().–-]|/\d){3,}\d"));
/// Whether these are the words of the template and not a person's: `<Name, Role, Email, Phone>`, `<account/user>`.
pub(super) fn is_template_words(text: &str, languages: &Languages) -> bool {
    const OTHERS: [&str; 12] =
        ["time", "frame", "export", "delete", "your", "id", "address", "the", "date", "range", "and", "or"];
    let parts = text
        .split(['/', ',', ';', '|', '<', '>', '[', ']', '{', '}'])
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let is_word = |word: &str| {
        let label = languages.label(word).filter(|label| !matches!(label, Label::Header | Label::Kind));
        label.is_some() || OTHERS.contains(&word.to_lowercase().as_str())
    };
    let mut parts = parts.peekable();
    parts.peek().is_some() && parts.all(|part| is_word(part) || part.split_whitespace().all(is_word))
}

/// The parts that stood on lines of their own.
#[derive(Clone, Copy, Default)]
pub(super) struct Labelled<'a> {
    pub(super) name: &'a str,
    pub(super) role: &'a str,
    pub(super) email: &'a str,
    pub(super) phone: &'a str,
}

/// Reads the requester out of the line's value and the labelled parts.
pub(super) fn read(
    written: &str,
    parts: &Labelled<'_>,
    context: &ReadingContext,
) -> (Requester, Vec<Problem>) {
    let mut text: String = written.chars().take(TEXT_CHARS_MAX).collect();
    for (label, value) in
        [("name", parts.name), ("role", parts.role), ("email", parts.email), ("phone", parts.phone)]
    {
        if !value.is_empty() {
            for piece in ["\n", label, ": ", &value.replace('\n', " ")] {
                text.push_str(piece);
            }
        }
    }
    let mut text = links::without(&text);
    let mut left_in = LeftIn::default();
    take_placeholders(&mut text, &mut left_in, &context.languages);
    let (email, email_code) = take_email(&mut text);
    let (phone, phone_code) = take_phone(&mut text, context);
    let (name, role) = name_and_role(&text, &context.languages);
    let code = |found: bool, code: Option<ProblemCode>, placeholder: bool| match (found, code) {
        (_, Some(code)) => Some(code),
        (false, None) if placeholder => Some(ProblemCode::Placeholder),
        (false, None) => Some(ProblemCode::Missing),
        (true, None) => None,
    };
    let problems = [
        (Field::RequesterName, code(name.is_some(), None, left_in.name)),
        (Field::RequesterRole, code(role.is_some(), None, left_in.role)),
        (Field::RequesterEmail, code(email.is_some(), email_code, left_in.email)),
        (Field::RequesterPhone, code(phone.is_some(), phone_code, left_in.phone)),
    ];
    let problems = problems.into_iter().filter_map(|(field, code)| Some(problem(field, code?))).collect();
    (Requester { name, role, email, phone }, problems)
}

/// Which words of the template were left in.
#[derive(Default)]
struct LeftIn {
    name: bool,
    role: bool,
    email: bool,
    phone: bool,
}

fn take_placeholders(text: &mut String, left_in: &mut LeftIn, languages: &Languages) {
    let mut ranges: Vec<_> = BRACKETS
        .find_iter(text)
        .filter(|found| is_template_words(found.as_str(), languages))
        .map(|found| found.range())
        .collect();
    if is_template_words(text, languages) && ranges.is_empty() {
        ranges.push(0..text.len());
    }
    for range in ranges {
        let words = text.get(range.clone()).unwrap_or("").to_owned();
        for word in words.split(|c: char| !(c.is_alphanumeric() || c == '-')) {
            match languages.label(word) {
                Some(Label::Name) => left_in.name = true,
                Some(Label::Role) => left_in.role = true,
                Some(Label::Email) => left_in.email = true,
                Some(Label::Phone) => left_in.phone = true,
                _ => {}
            }
        }
        take(text, range);
    }
}

fn take_email(text: &mut String) -> (Option<Address>, Option<ProblemCode>) {
    let found: Vec<_> = ADDRESS.find_iter(text).map(|m| (m.range(), m.as_str().to_owned())).collect();
    let mut email: Option<Address> = None;
    let mut code = None;
    for (range, written) in found {
        match (Address::parse(written.trim_matches(['.', '\'', '-', TAKEN])), &email) {
            (Some(other), Some(first)) if other != *first => code = Some(ProblemCode::Conflict),
            (Some(_) | None, Some(_)) => {}
            (Some(address), None) => {
                email = Some(address);
                code = code.filter(|code| *code != ProblemCode::Invalid);
            }
            (None, None) => code = Some(ProblemCode::Invalid),
        }
        take(text, range);
    }
    (email, code)
}

/// The first number that can be read; another one, such as a landline, is no problem.
fn take_phone(text: &mut String, context: &ReadingContext) -> (Option<Personal>, Option<ProblemCode>) {
    let found: Vec<_> = NUMBER.find_iter(text).map(|m| (m.range(), m.as_str().to_owned())).collect();
    let mut phone = None;
    let mut code = None;
    for (range, written) in found {
        let number = phone::split_run(&written, &context.region).numbers.into_iter().next();
        match number {
            Some((number, _)) if phone.is_none() => phone = Some(Personal::new(number)),
            None if phone.is_none() => code = Some(ProblemCode::Invalid),
            _ => {}
        }
        take(text, range);
    }
    let code = if phone.is_some() { None } else { code };
    (phone, code)
}

fn name_and_role(text: &str, languages: &Languages) -> (Option<Personal>, Option<Personal>) {
    let mut sorted = Sorted::default();
    let mut label = None;
    let mut from = 0;
    for (range, next) in several::inline(text, languages) {
        sorted.take(label, pieces(text.get(from..range.start).unwrap_or(""), languages));
        label = Some(next);
        from = range.end;
    }
    sorted.take(label, pieces(text.get(from..).unwrap_or(""), languages));
    let Sorted { name, mut role, mut loose } = sorted;
    if role.is_none()
        && let Some(at) = loose.iter().position(|piece| role_starts(piece, languages).is_some())
    {
        // "Asha Rao Owner" without any separator: the role is the tail.
        let piece = loose.remove(at);
        let (head, tail) = role_starts(&piece, languages)
            .and_then(|start| piece.split_at_checked(start))
            .unwrap_or(("", &piece));
        if loose.is_empty() && name.is_none() && head.trim().contains(' ') {
            loose.push(head.trim().to_owned());
            role = Some(tail.trim().to_owned());
        } else {
            role = Some(piece);
        }
    }
    let mut loose = loose.into_iter();
    let name = name.or_else(|| loose.next());
    let role = role.or_else(|| loose.next());
    let personal = |words: String| Personal::new(words.chars().take(WORDS_CHARS_MAX).collect::<String>());
    (name.map(personal), role.map(personal))
}

/// Where the first word that names a role stands, bytes.
fn role_starts(piece: &str, languages: &Languages) -> Option<usize> {
    let places = words(piece);
    places
        .into_iter()
        .find(|place| piece.get(place.clone()).is_some_and(|word| languages.is_role(word)))
        .map(|place| place.start)
}

/// What a requester line says in words.
#[derive(Default)]
struct Sorted {
    name: Option<String>,
    role: Option<String>,
    loose: Vec<String>,
}

impl Sorted {
    /// What stands behind an inline label goes to that label; the rest is sorted later.
    fn take(&mut self, label: Option<Label>, pieces: Vec<String>) {
        let mut pieces = pieces.into_iter();
        let slot = match label {
            Some(Label::Name) => &mut self.name,
            Some(Label::Role) => &mut self.role,
            _ => {
                self.loose.extend(pieces);
                return;
            }
        };
        if slot.is_none() {
            *slot = pieces.next();
        }
        self.loose.extend(pieces);
    }
}

/// Splits at every usual separator; pieces without a letter fall away.
fn pieces(text: &str, languages: &Languages) -> Vec<String> {
    let separated = text.replace(" - ", ",").replace(" – ", ",").replace(" — ", ",");
    separated
        .split([',', ';', '|', '/', '\n', '\t', '(', ')', '<', '>', '•', TAKEN])
        .map(|piece| piece.trim().trim_matches(['.', '"', '\'', '[', ']', '-', ':']).trim().to_owned())
        .filter(|piece| piece.chars().any(char::is_alphabetic))
        .filter(|piece| {
            let is_label =
                matches!(languages.label(piece), Some(Label::Email | Label::Phone | Label::Number));
            !is_label && !matches!(piece.to_lowercase().as_str(), "and" | "or" | "und" | "et" | "y" | "e")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Labelled, read};
    use crate::domain::address::Address;
    use crate::domain::form::{Field, ProblemCode, ReadingContext};
    use jiff::civil::date;

    const ALL: [&str; 4] = ["Asha Rao", "Owner", "asha@acme.example", "+919812345678"];

    fn check_with(text: &str, parts: &Labelled<'_>, expected: [&str; 4], problems: &[(Field, ProblemCode)]) {
        let (found, said) = read(text, parts, &ReadingContext::new(date(2025, 4, 1)));
        let shown = [
            found.name.as_ref().map_or("", |v| v.expose()),
            found.role.as_ref().map_or("", |v| v.expose()),
            found.email.as_ref().map_or("", Address::expose),
            found.phone.as_ref().map_or("", |v| v.expose()),
        ];
        assert_eq!(shown, expected, "{text:?}");
        assert_eq!(said.iter().map(|p| (p.field, p.code)).collect::<Vec<_>>(), problems, "{text:?}");
    }

    fn check(text: &str, expected: [&str; 4], problems: &[(Field, ProblemCode)]) {
        check_with(text, &Labelled::default(), expected, problems);
    }

    #[test]
    fn the_four_parts_are_found_in_any_order_and_shape() {
        for text in [
            "Asha Rao, Owner, asha@acme.example, +91 98123 45678",
            "Owner, Asha Rao, +91 98123 45678, asha@acme.example",
            "Asha Rao; Owner; Asha@Acme.example; 98123 45678",
            "Asha Rao | Owner | asha@acme.example | +919812345678",
            "Asha Rao / Owner / asha@acme.example / 098123 45678",
            "Asha Rao - Owner - asha@acme.example - +91-98123-45678",
            "Asha Rao (Owner) <asha@acme.example> +91 98123 45678",
            "Asha Rao Owner asha@acme.example +91 98123 45678",
            "Asha Rao,\nOwner,\nasha@acme.example,\n+91 98123 45678",
            "Name: Asha Rao, Role: Owner, Email: asha@acme.example, Phone: +91 98123 45678",
            "Role: Owner; Name: Asha Rao; Phone no: +91 98123 45678; E-mail: asha@acme.example.",
            "<Asha Rao, Owner, asha@acme.example, +91 98123 45678>",
            "Asha Rao, Owner, asha@acme.example<mailto:asha@acme.example>, +91 98123 45678<tel:+919812345678>",
        ] {
            check(text, ALL, &[]);
        }
        let parts = Labelled {
            name: "Asha Rao",
            role: "Owner",
            email: "asha@acme.example",
            phone: "+91 98123 45678",
        };
        check_with("", &parts, ALL, &[]);
    }

    #[test]
    fn missing_parts_and_placeholders_are_told_apart() {
        use Field::{
            RequesterEmail as Email, RequesterName as Name, RequesterPhone as Phone, RequesterRole as Role,
        };
        use ProblemCode::{Conflict, Invalid, Missing, Placeholder};
        let all = |code| [(Name, code), (Role, code), (Email, code), (Phone, code)];
        check("", ["", "", "", ""], &all(Missing));
        check("<Name, Role, Email, Phone>", ["", "", "", ""], &all(Placeholder));
        check("Name, Role, Email, Phone", ["", "", "", ""], &all(Placeholder));
        check(
            "<Name>, <Role>, asha@acme.example, <Phone>",
            ["", "", ALL[2], ""],
            &[(Name, Placeholder), (Role, Placeholder), (Phone, Placeholder)],
        );
        check(
            "Asha Rao, asha@acme.example",
            ["Asha Rao", "", ALL[2], ""],
            &[(Role, Missing), (Phone, Missing)],
        );
        check(
            "Asha Rao, Owner, asha@acme, 98123 45678",
            ["Asha Rao", "Owner", "", ALL[3]],
            &[(Email, Invalid)],
        );
        check(
            "Asha Rao, Owner, asha@acme.example, 12345",
            ["Asha Rao", "Owner", ALL[2], ""],
            &[(Phone, Invalid)],
        );
        check(
            "Asha Rao, Owner, a@x.example, b@x.example, 98123 45678",
            ["Asha Rao", "Owner", "a@x.example", ALL[3]],
            &[(Email, Conflict)],
        );
    }
}
