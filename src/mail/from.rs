//! Whose mail it is: exactly one From field with exactly one mailbox that every parser reads alike, or a problem
//! (standard M4, finding 4). Never picks one of two; never reads Sender or Reply-To. Used by `incoming.rs`.

use super::headers::Field;
use crate::domain::address::Address;

/// Why a mail has no usable From.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FromProblem {
    /// No From field.
    #[error("the mail has no From field")]
    Missing,
    /// More than one field or more than one mailbox.
    #[error("the mail names more than one sender")]
    Several,
    /// A NUL, a bare CR or another control character stands in the field.
    #[error("the From field contains control characters")]
    ControlCharacters,
    /// The field's name is spelt so that mail servers disagree about it.
    #[error("the From field's name is misspelt")]
    Misspelt,
    /// There is no address of the form `local@domain` in it.
    #[error("the From field holds no address")]
    NoAddress,
    /// The address mixes scripts or changes when it is normalised (standard S11).
    #[error("the From address can be mistaken for another one")]
    LookAlike,
    /// Two readings of the same field disagree.
    #[error("the From field can be read two ways")]
    Disputed,
}

impl FromProblem {
    /// Whether the field looks made to deceive, as against merely missing or local.
    pub const fn is_suspicious(self) -> bool {
        !matches!(self, Self::Missing | Self::NoAddress)
    }
}

/// Reads the From fields. `parsed` is what the MIME parser made of the same header: one entry a field and mailbox.
pub(crate) fn read(fields: &[Field], parsed: &[Option<String>]) -> Result<Address, FromProblem> {
    let mut found = fields.iter().filter(|field| field.name == "from");
    let field = match (found.next(), found.next()) {
        (None, _) => return Err(FromProblem::Missing),
        (Some(_), Some(_)) => return Err(FromProblem::Several),
        (Some(field), None) => field,
    };
    if field.value.chars().any(|c| c.is_control() && c != '\t') {
        return Err(FromProblem::ControlCharacters);
    }
    // RFC 5322 4.5 allows blanks before the colon; blanks or controls inside or before the name are a trick.
    if !field.spelling.trim_end_matches([' ', '\t']).eq_ignore_ascii_case("from") {
        return Err(FromProblem::Misspelt);
    }
    let written = mailbox(&field.value)?;
    let address = Address::parse(&written).ok_or(FromProblem::NoAddress)?;
    if is_look_alike(&written, &address) {
        return Err(FromProblem::LookAlike);
    }
    match parsed {
        [Some(other)] if Address::parse(other).as_ref() == Some(&address) => Ok(address),
        [_] | [] => Err(FromProblem::Disputed),
        _ => Err(FromProblem::Several),
    }
}

/// The one address of a From value: `a@b`, `Name <a@b>`, `"Name" <a@b>`; comments do not count.
fn mailbox(value: &str) -> Result<String, FromProblem> {
    let plain = without_quotes_and_comments(value);
    let plain = plain.trim();
    if plain.contains([',', ';']) && plain.matches('@').count() > 1 {
        return Err(FromProblem::Several);
    }
    let Some((phrase, rest)) = plain.split_once('<') else {
        return if plain.split_whitespace().filter(|word| word.contains('@')).count() > 1 {
            Err(FromProblem::Several)
        } else {
            Ok(plain.to_owned())
        };
    };
    let (inner, after) = rest.split_once('>').ok_or(FromProblem::NoAddress)?;
    if after.contains(['<', '@']) {
        return Err(FromProblem::Several);
    }
    // Some clients repeat the address as its own name, unquoted; any other address there is a second sender.
    let strange =
        phrase.split_whitespace().any(|word| word.contains('@') && !word.eq_ignore_ascii_case(inner.trim()));
    if strange { Err(FromProblem::Several) } else { Ok(inner.trim().to_owned()) }
}

fn without_quotes_and_comments(value: &str) -> String {
    let (mut plain, mut depth, mut quoted, mut escaped) = (String::new(), 0_u32, false, false);
    for c in value.chars() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == '"' && depth == 0 {
            quoted = !quoted;
        } else if quoted {
        } else if c == '(' {
            depth += 1;
        } else if c == ')' {
            depth = depth.saturating_sub(1);
        } else if depth == 0 {
            plain.push(c);
        }
    }
    plain
}

/// Full-width letters and labels that mix Latin with another script pass for an address that they are not.
fn is_look_alike(written: &str, address: &Address) -> bool {
    if written.is_ascii() {
        return false;
    }
    let mixed = |label: &str| {
        label.chars().any(|c| c.is_ascii_alphabetic())
            && label.chars().any(|c| c.is_alphabetic() && c > '\u{24f}')
    };
    written.to_lowercase() != address.expose() || address.expose().split(['@', '.', '-']).any(mixed)
}

#[cfg(test)]
mod tests {
    use super::{FromProblem, read};
    use crate::domain::address::Address;
    use crate::mail::headers::split;

    fn check(header: &str, parsed: &[&str], expected: Result<&str, FromProblem>) {
        let parsed: Vec<_> = parsed.iter().map(|p| Some((*p).to_owned())).collect();
        let found = read(&split(header.as_bytes()), &parsed);
        assert_eq!(found.as_ref().map(Address::expose).map_err(|problem| *problem), expected, "{header:?}");
    }

    #[test]
    fn one_plain_sender_is_read() {
        let asha = Ok("asha@acme.example");
        check("From: asha@acme.example\n", &["asha@acme.example"], asha);
        check("from: Asha Rao <Asha@Acme.example>\n", &["Asha@Acme.example"], asha);
        check("From: \"Rao, Asha (a@b.example)\" <asha@acme.example>\n", &["asha@acme.example"], asha);
        check("From: asha@acme.example <asha@acme.example>\n", &["asha@acme.example"], asha);
        check("From : asha@acme.example (Asha)\n", &["asha@acme.example"], asha);
        check("From: =?utf-8?q?Asha?=\n <asha@acme.example>\n", &["asha@acme.example"], asha);
    }

    #[test]
    fn whatever_two_parsers_could_read_differently_is_a_problem() {
        let victim = &["victim@acme.example"][..];
        check("To: a@b.example\n", victim, Err(FromProblem::Missing));
        check("From: evil@x.example\nFrom: victim@acme.example\n", victim, Err(FromProblem::Several));
        check(" From: victim@acme.example\nFrom: evil@x.example\n", victim, Err(FromProblem::Several));
        check(" From: victim@acme.example\n", victim, Err(FromProblem::Misspelt));
        check("Fr om: victim@acme.example\n", victim, Err(FromProblem::Misspelt));
        check("From\0: victim@acme.example\n", victim, Err(FromProblem::Misspelt));
        check("From: victim@acme.example\0@x.example\n", victim, Err(FromProblem::ControlCharacters));
        check("From: a\rFrom: victim@acme.example\n", victim, Err(FromProblem::ControlCharacters));
        check("From: evil@x.example, victim@acme.example\n", victim, Err(FromProblem::Several));
        check("From: <evil@x.example> <victim@acme.example>\n", victim, Err(FromProblem::Several));
        check("From: evil@x.example <victim@acme.example>\n", victim, Err(FromProblem::Several));
        check("From: evil@x.example victim@acme.example\n", victim, Err(FromProblem::Several));
        check("From: <victim@acme.example\n", victim, Err(FromProblem::NoAddress));
        check("From: =?utf-8?q?victim=40acme.example?=\n", victim, Err(FromProblem::NoAddress));
        check("From: MAILER-DAEMON (Mail Delivery)\n", &["MAILER-DAEMON"], Err(FromProblem::NoAddress));
        check("From: evil@x.example\n", victim, Err(FromProblem::Disputed));
        check("From: vıctim@аcme.example\n", victim, Err(FromProblem::LookAlike));
        check("From: ｖictim@acme.example\n", victim, Err(FromProblem::LookAlike));
    }
}
