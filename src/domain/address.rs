//! E-mail addresses as identities: parsed once, compared after NFKC and lower-casing (standard S11), never fuzzily.
//! Never a display name: those are attacker text and stay out of headers. See `personal.rs` for why it does not print.

use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// A bare mailbox address, `local@domain`, normalised. At most 254 characters (RFC 5321 4.5.3.1.3).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Address(String);

impl Address {
    /// Longest address that SMTP carries (RFC 5321 4.5.3.1.3 less the angle brackets).
    pub const CHARS_MAX: usize = 254;

    /// Parses a bare address; anything with a space, a control character, a quote or two `@` is none.
    pub fn parse(text: &str) -> Option<Self> {
        let text: String = text.trim().nfkc().collect::<String>().to_lowercase();
        let (local, domain) = text.split_once('@')?;
        let plain = |c: char| {
            !c.is_whitespace() && !c.is_control() && !"\"()<>[]:;,\\@".contains(c) && !is_invisible(c)
        };
        let dotted = |part: &str| part.split('.').all(|label| !label.is_empty());
        let good = text.len() <= Self::CHARS_MAX
            && local.len() <= 64
            && local.chars().all(plain)
            && dotted(local)
            && domain.contains('.')
            && dotted(domain)
            && domain.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '.');
        good.then_some(Self(text))
    }

    /// The address itself, for headers, look-ups and staff eyes.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The domain part.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The address without a plus detail: `a+x@b` is the mailbox `a@b`.
    #[must_use]
    pub fn without_detail(&self) -> Self {
        match self.0.split_once('@') {
            Some((local, domain)) => {
                let base = local.split_once('+').map_or(local, |(base, _)| base);
                Self(format!("{base}@{domain}"))
            }
            None => self.clone(),
        }
    }

    /// The address with a plus detail; none when that makes it too long.
    pub fn with_detail(&self, detail: &str) -> Option<Self> {
        let (local, domain) = self.0.split_once('@')?;
        Self::parse(&format!("{local}+{detail}@{domain}"))
    }

    /// The plus detail, if there is one: `x` in `a+x@b`.
    pub fn detail(&self) -> Option<&str> {
        self.0.split_once('@')?.0.split_once('+').map(|(_, detail)| detail)
    }
}

/// Zero-width and bidirectional controls that make two addresses look alike (UTS 39).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}')
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom("not an e-mail address of the form local@domain"))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[address]")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[address]")
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn addresses_are_normalised_and_oddities_refused() {
        let check = |input: &str, expected: Option<&str>| {
            assert_eq!(Address::parse(input).as_ref().map(Address::expose), expected, "{input:?}");
        };
        check(" Asha@Acme.Example ", Some("asha@acme.example"));
        check("ａsha@acme.example", Some("asha@acme.example"));
        check("a@b@c.example", None);
        check("a b@c.example", None);
        check("a\r\nb@c.example", None);
        check("\"a b\"@c.example", None);
        check("a\u{202e}b@c.example", None);
        check("a\u{200d}b@c.example", None);
        check("nodomain@", None);
        check("a@localhost", None);
        check("a..b@c.example", None);
    }

    #[test]
    fn plus_detail_is_told_apart() {
        let address = Address::parse("support+tok@dsrd.example").expect("parses");
        assert_eq!(address.detail(), Some("tok"));
        assert_eq!(address.without_detail().expose(), "support@dsrd.example");
    }
}
