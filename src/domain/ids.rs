//! Names of things. Ids are drawn outside (`env::Entropy`) and handed in; this file only gives them their shape.
//! Codes and references share one alphabet, Crockford base32 (decision 14), read forgivingly and written one way.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Crockford's base32: no I, L, O or U, so that a printed code can be typed.
pub const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Writes the low `5 * chars` bits of `bits` as Crockford base32.
pub fn base32(bits: u128, chars: u32) -> String {
    (0..chars)
        .rev()
        .map(|position| {
            let digit = usize::try_from((bits >> (position * 5)) & 31).unwrap_or(0);
            char::from(ALPHABET.get(digit).copied().unwrap_or(b'0'))
        })
        .collect()
}

/// Reads what a person typed: case, dashes and spaces fall away, `O` is 0, `I` and `L` are 1 (decision 14).
pub fn normalise_code(typed: &str) -> Option<String> {
    let mut code = String::new();
    for c in typed.chars() {
        match c.to_ascii_uppercase() {
            '-' | ' ' | '\u{2010}'..='\u{2015}' | '\u{a0}' => {}
            'O' => code.push('0'),
            'I' | 'L' => code.push('1'),
            c if c.is_ascii() && ALPHABET.iter().any(|&a| char::from(a) == c) => code.push(c),
            _ => return None,
        }
    }
    (!code.is_empty()).then_some(code)
}

/// Splits a code into groups of four for print: `7K3M-9Q2X`.
pub fn grouped(code: &str) -> String {
    let chars: Vec<char> = code.chars().collect();
    chars.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// A request's reference, `DSR-XXXX-XXXX`: the id in the state, in subjects and on the phone. Never a secret.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reference(String);

impl Reference {
    /// Builds a reference from 40 random bits.
    pub fn from_bits(bits: u128) -> Self {
        Self(format!("DSR-{}", grouped(&base32(bits, 8))))
    }

    /// Reads a reference as people write it: any case, with or without `DSR-`, brackets and dashes.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('[').trim_end_matches(']');
        let rest = match text.get(..3) {
            Some(prefix) if prefix.eq_ignore_ascii_case("DSR") => text.get(3..)?,
            _ => text,
        };
        let code = normalise_code(rest)?;
        (code.len() == 8).then(|| Self(format!("DSR-{}", grouped(&code))))
    }

    /// The first bracketed reference in a subject line.
    pub fn find(subject: &str) -> Option<Self> {
        subject.split('[').skip(1).find_map(|rest| {
            let (inner, _) = rest.split_once(']')?;
            inner.get(..4).filter(|prefix| prefix.eq_ignore_ascii_case("DSR-"))?;
            Self::parse(inner)
        })
    }

    /// The text, `DSR-XXXX-XXXX`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A member of staff by the name that `dsrd staff add` gave: `[a-z0-9._-]`, at most 64. Appears in the audit log.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Debug)]
#[serde(transparent)]
pub struct StaffName(String);

impl StaffName {
    /// Parses a staff name; upper case and spaces are refused, because the name is typed in commands and audits.
    pub fn parse(text: &str) -> Option<Self> {
        let good = !text.is_empty()
            && text.len() <= 64
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c));
        good.then(|| Self(text.to_owned()))
    }

    /// Stands where no member of staff can be named, such as after the last one was removed.
    pub fn unknown() -> Self {
        Self("unknown".to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StaffName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Reference, base32, normalise_code};

    #[test]
    fn codes_are_read_as_people_type_them() {
        let check = |typed: &str, expected: Option<&str>| {
            assert_eq!(normalise_code(typed).as_deref(), expected, "{typed:?}");
        };
        check("7k3m-9q2x", Some("7K3M9Q2X"));
        check("7K3M 9Q2X", Some("7K3M9Q2X"));
        check("oil0", Some("0110"));
        check("7K3M!9Q2X", None);
        check(" - ", None);
        assert_eq!(base32(0b11111_00001, 2), "Z1");
    }

    #[test]
    fn references_are_found_in_subjects() {
        let check = |subject: &str, expected: Option<&str>| {
            assert_eq!(Reference::find(subject).as_ref().map(Reference::as_str), expected, "{subject:?}");
        };
        check("Re: [DSR-7K3M-9Q2X] Please confirm", Some("DSR-7K3M-9Q2X"));
        check("AW: [ext] [dsr-7k3m-9q2x] x", Some("DSR-7K3M-9Q2X"));
        check("[7K3M-9Q2X]", None);
        check("no reference", None);
        assert_eq!(Reference::parse("7k3m9q2x").as_ref().map(Reference::as_str), Some("DSR-7K3M-9Q2X"));
    }
}
