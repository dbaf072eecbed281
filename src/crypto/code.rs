//! One-time codes, thread tokens and passphrases: their shapes and their hashes (standard S4; decisions 14 and 26).
//! Stored is only a keyed hash, bound to a purpose and an owner, so that a code for one thing is no code for another.
//! It counts no tries and knows no expiry: `domain` does. Random bits are handed in.

use super::{MasterKey, SubKey, hex};
use crate::domain::ids::{base32, grouped, normalise_code};
use std::hint::black_box;

/// Length of a challenge code: 40 bits (standard S4).
pub const CHALLENGE_CHARS: u32 = 8;
/// Length of a code on a staff list: 40 bits.
pub const STAFF_CHARS: u32 = 8;
/// Length of a thread token or a Message-ID's local part: all of 128 bits.
pub const TOKEN_CHARS: u32 = 26;
/// Length of a passphrase: 90 bits (decision 26).
pub const PASSPHRASE_CHARS: u32 = 18;
/// Characters in a group of a passphrase: short enough to read aloud.
const PASSPHRASE_GROUP: usize = 3;

/// The key of all code and token hashes.
pub struct CodeKey(SubKey);

impl CodeKey {
    /// The code key of an installation.
    pub fn derive(master: &MasterKey) -> Self {
        Self(master.derive("codes"))
    }
}

/// The hash to store for a code, and to compare with `same` when one comes in. Reads the code as people type it
/// (decision 14); what cannot be a code is hashed as it stands, so that it matches nothing.
pub fn code_hash(key: &CodeKey, purpose: &str, owner: &str, code: &str) -> String {
    let code = normalise_code(code).unwrap_or_else(|| code.to_owned());
    hex(key.0.hmac(&["code", purpose, owner, &code]).as_ref())
}

/// The hash by which a thread token is stored and looked up. A token is found by its hash alone, so it has no owner.
pub fn token_hash(key: &CodeKey, token: &str) -> String {
    let token = normalise_code(token).unwrap_or_else(|| token.to_owned());
    hex(key.0.hmac(&["token", &token]).as_ref())
}

/// Compares two hashes in a time that depends on their length only.
pub fn same(one: &str, other: &str) -> bool {
    // ring's own comparison of slices is deprecated; black_box keeps the compiler from leaving the loop early.
    let differences =
        one.bytes().zip(other.bytes()).fold(0, |differences, (a, b)| black_box(differences | (a ^ b)));
    one.len() == other.len() && differences == 0
}

/// A challenge code as printed, `7K3M-9Q2X`, from 40 random bits.
pub fn challenge_code(random: u128) -> String {
    grouped(&base32(random, CHALLENGE_CHARS))
}

/// A staff code as printed, `7K3M-9Q2X`, from 40 random bits.
pub fn staff_code(random: u128) -> String {
    grouped(&base32(random, STAFF_CHARS))
}

/// A thread token from 128 random bits, in lower case because mail servers may fold the case of an address.
pub fn token(random: u128) -> String {
    base32(random, TOKEN_CHARS).to_ascii_lowercase()
}

/// A passphrase from 90 random bits, in six groups: `7K3-M9Q-2XA-B4C-D5E-F6G`. The dashes are part of it, because it is
/// typed into other people's programs.
pub fn passphrase(random: u128) -> String {
    let code: Vec<char> = base32(random, PASSPHRASE_CHARS).chars().collect();
    code.chunks(PASSPHRASE_GROUP).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::{CodeKey, challenge_code, code_hash, passphrase, same, staff_code, token, token_hash};
    use crate::crypto::MasterKey;
    use crate::crypto::index::IndexKey;
    use crate::domain::ids::normalise_code;
    use std::collections::BTreeSet;

    const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn key() -> CodeKey {
        CodeKey::derive(&MasterKey::from_file_text(KEY).expect("a key"))
    }

    #[test]
    fn a_code_is_recognised_however_it_is_typed() {
        let stored = code_hash(&key(), "challenge", "DSR-7K3M-9Q2X", "10AB-CDEF");
        let check = |typed: &str, expected: bool| {
            let hash = code_hash(&key(), "challenge", "DSR-7K3M-9Q2X", typed);
            assert_eq!(same(&hash, &stored), expected, "{typed:?}");
        };
        check("10AB-CDEF", true);
        check("10abcdef", true);
        check("lo ab cd ef", true);
        check("IOAB\u{2013}CDEF", true);
        check("10AB-CDEG", false);
        check("10AB-CDE", false);
        check("10AB-CDEF0", false);
        check("10AB!CDEF", false);
        check("", false);
    }

    #[test]
    fn a_code_is_bound_to_its_purpose_owner_and_key() {
        let hash = code_hash(&key(), "challenge", "one", "10ABCDEF");
        let check = |other: String| assert!(!same(&hash, &other));
        check(code_hash(&key(), "staff", "one", "10ABCDEF"));
        check(code_hash(&key(), "challenge", "two", "10ABCDEF"));
        check(code_hash(&key(), "challeng", "eone", "10ABCDEF"));
        check(token_hash(&key(), "10ABCDEF"));
        let master = MasterKey::from_file_text(&KEY.replace("1f", "20")).expect("a key");
        check(code_hash(&CodeKey::derive(&master), "challenge", "one", "10ABCDEF"));
        let index = IndexKey::derive(&MasterKey::from_file_text(KEY).expect("a key"));
        assert_ne!(hash.get(..32), Some(index.index("one", "10ABCDEF").as_str()));
    }

    #[test]
    fn a_token_is_found_whatever_case_the_mail_server_made_of_it() {
        let token = token(u128::MAX);
        assert_eq!(token, "7zzzzzzzzzzzzzzzzzzzzzzzzz");
        assert_eq!(token_hash(&key(), &token), token_hash(&key(), &token.to_uppercase()));
        assert_ne!(token_hash(&key(), &token), token_hash(&key(), "7zzzzzzzzzzzzzzzzzzzzzzzzy"));
    }

    #[test]
    fn comparison_sees_every_difference() {
        let check =
            |one: &str, other: &str, expected: bool| assert_eq!(same(one, other), expected, "{one} {other}");
        check("abc", "abc", true);
        check("abc", "abd", false);
        check("xbc", "abc", false);
        check("abc", "ab", false);
        check("", "abc", false);
        check("", "", true);
    }

    #[test]
    fn shapes_carry_all_their_bits() {
        assert_eq!(challenge_code(0), "0000-0000");
        assert_eq!(challenge_code(u128::MAX), "ZZZZ-ZZZZ");
        assert_eq!(staff_code(32), "0000-0010");
        assert_eq!(passphrase(0), "000-000-000-000-000-000");
        assert_eq!(passphrase(u128::MAX), "ZZZ-ZZZ-ZZZ-ZZZ-ZZZ-ZZZ");
        let check = |bits: u32, shape: fn(u128) -> String| {
            let all: BTreeSet<String> = (0..bits).map(|bit| shape(1 << bit)).collect();
            assert_eq!(all.len(), usize::try_from(bits).expect("small"), "{bits} bits");
            assert!(all.iter().all(|code| normalise_code(code).is_some()));
        };
        check(40, challenge_code);
        check(40, staff_code);
        check(90, passphrase);
        check(128, token);
    }
}
