//! Keys and what is done with them: sealing of fields (`seal`), blind indexes (`index`), one-time codes (`code`).
//! All of it is `ring`. Nothing here draws randomness or reads a file: random bytes and the key's text are arguments.
//! Keys are wiped from memory when dropped and never print. Every use has its own key, derived from the master key.

pub mod code;
pub mod index;
pub mod seal;

use ring::{digest, hkdf, hmac};
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Length of every key here: AES-256, HMAC-SHA-256.
pub const KEY_BYTES: usize = 32;

/// The key-encryption key of an installation, from its credential file (decision 22).
#[derive(ZeroizeOnDrop)]
pub struct MasterKey([u8; KEY_BYTES]);

/// Why a key file holds no key. Never shows what it holds.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Nothing but white space.
    #[error("the key file is empty: `dsrd init` writes one, or use `openssl rand -base64 32`")]
    Empty,
    /// More than one line.
    #[error("the key file has {lines} lines, but a key is one line: remove the others")]
    Lines {
        /// How many.
        lines: usize,
    },
    /// Neither 64 hex digits nor base64 of 32 bytes.
    #[error(
        "the key file's line of {chars} characters is no key: it must be 64 hex digits or base64 of 32 bytes; \
         `dsrd init` writes one"
    )]
    Shape {
        /// How long the line is.
        chars: usize,
    },
    /// One byte, 32 times.
    #[error(
        "the key file holds the same byte 32 times, which is a placeholder: use `openssl rand -base64 32`"
    )]
    Placeholder,
}

impl MasterKey {
    /// Reads a key file's text: one line, 64 hex digits or base64 (either alphabet, padded or not) of 32 bytes.
    pub fn from_file_text(text: &str) -> Result<Self, KeyError> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let line = lines.next().ok_or(KeyError::Empty)?;
        let more = lines.count();
        if more > 0 {
            return Err(KeyError::Lines { lines: more + 1 });
        }
        let key = read_hex(line).or_else(|| read_base64(line));
        let key = Self(key.ok_or_else(|| KeyError::Shape { chars: line.chars().count() })?);
        if key.0.iter().all(|byte| *byte == key.0[0]) {
            return Err(KeyError::Placeholder);
        }
        Ok(key)
    }

    /// The line of a new key file, with its line end, from 32 random bytes.
    pub fn generate_text(mut random: [u8; KEY_BYTES]) -> String {
        let mut text = hex(&random);
        random.zeroize();
        text.push('\n');
        text
    }

    /// A short name of the key for headers and messages: eight hex digits that tell nothing about it.
    pub fn id(&self) -> String {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"dsrd key id 1");
        context.update(&self.0);
        let mut id = hex(context.finish().as_ref());
        id.truncate(8);
        id
    }

    /// The key for one use: HKDF-SHA-256 (RFC 5869) with the use as its info.
    #[expect(
        clippy::expect_used,
        reason = "HKDF fails above 255 blocks only; going on would mean a key of zeros"
    )]
    fn derive(&self, label: &'static str) -> SubKey {
        let mut key = SubKey([0; KEY_BYTES]);
        let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, b"dsrd 1").extract(&self.0);
        let info = [label.as_bytes()];
        let filled = secret.expand(&info, hkdf::HKDF_SHA256).and_then(|okm| okm.fill(&mut key.0));
        filled.expect("HKDF gives one block");
        key
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.id())
    }
}

/// A key for one use. Never stored: it is derived again at every start.
#[derive(ZeroizeOnDrop)]
struct SubKey([u8; KEY_BYTES]);

impl SubKey {
    /// HMAC-SHA-256 over the parts, each after its length, so that no two lists of parts give the same bytes.
    fn hmac(&self, parts: &[&str]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &self.0));
        for part in parts {
            context.update(&length(part));
            context.update(part.as_bytes());
        }
        context.sign()
    }
}

/// The length that stands before a part, big endian.
fn length(part: &str) -> [u8; 8] {
    u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes()
}

/// Lower-case hex.
fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn read_hex(line: &str) -> Option<[u8; KEY_BYTES]> {
    let mut key = [0; KEY_BYTES];
    let (pairs, odd) = line.as_bytes().as_chunks::<2>();
    if pairs.len() != KEY_BYTES || !odd.is_empty() {
        return None;
    }
    for (to, [high, low]) in key.iter_mut().zip(pairs) {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *to = digit(*high)? << 4 | digit(*low)?;
    }
    Some(key)
}

/// 43 digits of six bits, RFC 4648 sections 4 and 5; the two bits left over must be zero (section 3.5).
fn read_base64(line: &str) -> Option<[u8; KEY_BYTES]> {
    let digits = line.strip_suffix('=').unwrap_or(line).as_bytes();
    if digits.len() != 43 {
        return None;
    }
    let mut key = [0; KEY_BYTES];
    let mut bytes = key.iter_mut();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for digit in digits {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            *bytes.next()? = u8::try_from(bits >> held).ok()?;
            bits &= (1 << held) - 1;
        }
    }
    (bits == 0).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::{KeyError, MasterKey, hex};

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const BASE64: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    #[test]
    fn a_key_file_is_read_in_the_forms_people_make() {
        let check = |text: &str| {
            let key = MasterKey::from_file_text(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
            assert_eq!(hex(&key.0), HEX, "{text:?}");
        };
        check(HEX);
        check(&HEX.to_uppercase());
        check(&format!("  {HEX}\r\n\n"));
        check(BASE64);
        check(BASE64.trim_end_matches('='));
        let high =
            MasterKey::from_file_text("__79-_-_79__79-_-_79__79-_-_79__79-_-_79__8=").expect("URL alphabet");
        let same = MasterKey::from_file_text("//79+/+/79//79+/+/79//79+/+/79//79+/+/79//8=")
            .expect("plain alphabet");
        assert_eq!(high.0, same.0);
        assert_eq!(high.0[0], 0xff);
    }

    #[test]
    fn a_file_without_a_key_is_refused_with_a_remedy_and_without_its_content() {
        let check = |text: &str, expected: KeyError| {
            let error = MasterKey::from_file_text(text).err();
            assert_eq!(error, Some(expected), "{text:?}");
        };
        check("", KeyError::Empty);
        check(" \n\n", KeyError::Empty);
        check(&format!("{HEX}\n{HEX}"), KeyError::Lines { lines: 2 });
        check(HEX.trim_end_matches("1f"), KeyError::Shape { chars: 62 });
        check(&HEX.replace("0f", "0g"), KeyError::Shape { chars: 64 });
        check(BASE64.trim_end_matches("Hh8="), KeyError::Shape { chars: 40 });
        check(&BASE64.replace("h8=", "h9="), KeyError::Shape { chars: 44 }); // bits left over
        check(&BASE64.replace('C', "!"), KeyError::Shape { chars: 44 });
        check("pässword", KeyError::Shape { chars: 8 });
        check(&"0".repeat(64), KeyError::Placeholder);
        check(&"7f".repeat(32), KeyError::Placeholder);
    }

    #[test]
    fn a_new_key_file_is_read_back() {
        let text = MasterKey::generate_text(std::array::from_fn(|n| u8::try_from(n).expect("small")));
        assert_eq!(text, format!("{HEX}\n"));
        assert!(MasterKey::from_file_text(&text).is_ok());
    }

    #[test]
    fn a_key_prints_its_id_only_and_every_use_has_its_own_key() {
        let key = MasterKey::from_file_text(HEX).expect("a key");
        assert_eq!(key.id().len(), 8);
        assert_eq!(format!("{key:?}"), format!("MasterKey({})", key.id()));
        let other = MasterKey::from_file_text(&HEX.replace("1f", "2f")).expect("a key");
        assert_ne!(key.id(), other.id());
        assert_ne!(key.derive("wrap").0, key.derive("codes").0);
        assert_ne!(key.derive("wrap").0, other.derive("wrap").0);
        assert_eq!(key.derive("wrap").0, key.derive("wrap").0);
    }

    #[test]
    fn parts_cannot_be_shifted_into_each_other() {
        let key = MasterKey::from_file_text(HEX).expect("a key").derive("test");
        let check = |one: &[&str], other: &[&str]| {
            assert_ne!(key.hmac(one).as_ref(), key.hmac(other).as_ref(), "{one:?} {other:?}");
        };
        check(&["ab", "c"], &["a", "bc"]);
        check(&["ab"], &["ab", ""]);
        check(&[], &[""]);
    }
}
