//! The requester line: `Name, Role, Email, Phone` in any order and with any separator, or on lines of their own. The
//! address and the number are found by their shape; of what is left, words such as "Owner" are the role. None of it is
//! believed: the directory knows who may ask, and the challenge goes to the address on file (standard S1).

use super::pattern::{TAKEN, pattern, take};
use super::problems::problem;
use super::{Field, Problem, ProblemCode, ReadingContext, Requester, phone};
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
static LINK: LazyLock<Regex> = LazyLock::new(|| pattern(r"[<\[(]?\b(?:mailto|tel):[^>\])\s]*[>\])]?"));
static NUMBER: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:\+\s?|\()?\d[\d\s().–-]{3,}\d"));
static INLINE_LABEL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?P<word>(?:full )?name|role|designation|title|position|e-?mail(?: ?(?:address|id))?|(?:phone|mobile|contact|tel)(?: (?:number|no))?)\.?\s*[:=]\s*",
    )
});
static ROLE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:owner|co-?owner|admin|administrator|manager|director|md|ceo|cto|cfo|coo|dpo|founder|co-?founder|partner|proprietor|employee|agent|user|customer|client|accountant|supervisor|officer|lead|head|engineer|developer|assistant|staff|executive|president|secretary|consultant|analyst|operator|member|representative|team lead)\b",
    )
});

/// Whether these are the words of the template and not a person's: `<Name, Role, Email, Phone>`, `<account/user>`.
pub(super) fn is_template_words(text: &str) -> bool {
    let known = [
        "name",
        "role",
        "email",
        "e-mail",
        "phone",
        "account",
        "user",
        "number",
        "timeframe",
        "time",
        "frame",
        "export",
        "delete",
        "your",
        "id",
        "address",
        "the",
        "date",
        "range",
    ];
    let mut words =
        text.split(|c: char| !(c.is_alphanumeric() || c == '-')).filter(|w| !w.is_empty()).peekable();
    words.peek().is_some() && words.all(|word| known.contains(&word.to_lowercase().as_str()))
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
    let mut text = LINK.replace_all(&text, " ").into_owned();
    let mut left_in = LeftIn::default();
    take_placeholders(&mut text, &mut left_in);
    let (email, email_code) = take_email(&mut text);
    let (phone, phone_code) = take_phone(&mut text, context);
    let (name, role) = name_and_role(&text);
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

fn take_placeholders(text: &mut String, left_in: &mut LeftIn) {
    let mut ranges: Vec<_> = BRACKETS
        .find_iter(text)
        .filter(|found| is_template_words(found.as_str()))
        .map(|found| found.range())
        .collect();
    if is_template_words(text) && ranges.is_empty() {
        ranges.push(0..text.len());
    }
    for range in ranges {
        let words = text.get(range.clone()).unwrap_or("").to_lowercase();
        left_in.name |= words.contains("name");
        left_in.role |= words.contains("role");
        left_in.email |= words.contains("email") || words.contains("e-mail");
        left_in.phone |= words.contains("phone");
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

fn name_and_role(text: &str) -> (Option<Personal>, Option<Personal>) {
    let (mut name, mut role) = (None, None);
    let mut loose: Vec<String> = Vec::new();
    let mut label = String::new();
    let mut from = 0;
    for captures in INLINE_LABEL.captures_iter(text) {
        let Some(whole) = captures.get(0) else { continue };
        sort_segment(&label, text.get(from..whole.start()).unwrap_or(""), &mut name, &mut role, &mut loose);
        label = captures.name("word").map_or("", |word| word.as_str()).to_lowercase();
        from = whole.end();
    }
    sort_segment(&label, text.get(from..).unwrap_or(""), &mut name, &mut role, &mut loose);
    if role.is_none()
        && let Some(at) = loose.iter().position(|piece| ROLE.is_match(piece))
    {
        // "Asha Rao Owner" without any separator: the role is the tail.
        let piece = loose.remove(at);
        let tail = ROLE.find(&piece).map_or(0, |found| found.start());
        let (head, tail) = piece.split_at_checked(tail).unwrap_or(("", &piece));
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

/// What stands behind an inline label goes to that label; the rest is sorted later.
fn sort_segment(
    label: &str,
    segment: &str,
    name: &mut Option<String>,
    role: &mut Option<String>,
    loose: &mut Vec<String>,
) {
    let mut pieces = pieces(segment).into_iter();
    let slot = match label {
        label if label.ends_with("name") => name,
        "role" | "designation" | "title" | "position" => role,
        _ => {
            loose.extend(pieces);
            return;
        }
    };
    if slot.is_none() {
        *slot = pieces.next();
    }
    loose.extend(pieces);
}

/// Splits at every usual separator; pieces without a letter fall away.
fn pieces(text: &str) -> Vec<String> {
    let separated = text.replace(" - ", ",").replace(" – ", ",").replace(" — ", ",");
    separated
        .split([',', ';', '|', '/', '\n', '\t', '(', ')', '<', '>', '•', TAKEN])
        .map(|piece| piece.trim().trim_matches(['.', '"', '\'', '[', ']', '-', ':']).trim().to_owned())
        .filter(|piece| piece.chars().any(char::is_alphabetic))
        .filter(|piece| {
            !matches!(piece.to_lowercase().as_str(), "and" | "or" | "phone" | "email" | "e-mail" | "mobile")
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
