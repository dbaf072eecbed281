//! Envelope encryption with AES-256-GCM: data keys seal fields, the master key wraps data keys (standard E1, E2;
//! decision 22). What is sealed for one column of one row opens nowhere else. Draws no nonces: they are handed in, must
//! be random, and must never repeat under one key (SP 800-38D 8.3: stay far below 2^32 sealings a key).
//!
//! Sealed bytes, version 1: one byte 1, the nonce (12), the ciphertext, the tag (16).

use super::{KEY_BYTES, MasterKey, length};
use ring::aead::{self, AES_256_GCM, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Length of a nonce.
pub const NONCE_BYTES: usize = NONCE_LEN;

/// Version of the bytes above.
const VERSION: u8 = 1;

/// By how much sealed bytes are longer than what they hold.
pub const OVERHEAD_BYTES: usize = 1 + NONCE_LEN + aead::MAX_TAG_LEN;

/// Where a sealed value stands. It opens only there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Aad<'a> {
    /// The table.
    pub table: &'a str,
    /// The row's id.
    pub row: &'a str,
    /// The column.
    pub column: &'a str,
    /// The version of what is inside, so that old content cannot pass as new.
    pub version: u8,
}

impl Aad<'_> {
    /// The version, then each part after its length: no two places give the same bytes.
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.version];
        for part in [self.table, self.row, self.column] {
            bytes.extend_from_slice(&length(part));
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

/// Sealed bytes that do not open, and what they were to hold.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("opening {what}: {fault}")]
pub struct OpenError {
    /// Table, row and column, or the data key's id.
    pub what: String,
    /// Why not.
    pub fault: OpenFault,
}

/// Why sealed bytes do not open.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OpenFault {
    /// Shorter than an empty sealed value.
    #[error("the sealed value is cut off at {0} bytes")]
    Short(usize),
    /// Written by a later version of dsrd, or damaged.
    #[error("seal version {0} is not known here")]
    Version(u8),
    /// The tag does not match.
    #[error("it was sealed with another key, stood elsewhere, or was changed")]
    Refused,
    /// A data key that is no key.
    #[error("it does not hold a key of 32 bytes")]
    NoKey,
}

/// The key of one request or one part of the state; stored only wrapped. Destroying it destroys what it sealed.
#[derive(ZeroizeOnDrop)]
pub struct DataKey([u8; KEY_BYTES]);

impl DataKey {
    /// A new key from 32 random bytes.
    pub fn new(mut random: [u8; KEY_BYTES]) -> Self {
        let key = Self(random);
        random.zeroize();
        key
    }

    /// Seals a value for one place, under a nonce never used with this key before.
    pub fn seal(&self, aad: &Aad<'_>, plaintext: &[u8], nonce: [u8; NONCE_BYTES]) -> Vec<u8> {
        seal(&self.0, &aad.bytes(), plaintext, nonce)
    }

    /// Opens a value that was sealed for that place.
    pub fn open(&self, aad: &Aad<'_>, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        open(&self.0, &aad.bytes(), sealed).map_err(|fault| OpenError {
            what: format!("{}.{} of row {}", aad.table, aad.column, aad.row),
            fault,
        })
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey")
    }
}

impl MasterKey {
    /// Wraps a data key for storage under its id, which it stays bound to.
    pub fn wrap(&self, key: &DataKey, key_id: &str, nonce: [u8; NONCE_BYTES]) -> Vec<u8> {
        seal(&self.derive("wrap").0, key_id.as_bytes(), &key.0, nonce)
    }

    /// Unwraps the data key of that id.
    pub fn unwrap(&self, wrapped: &[u8], key_id: &str) -> Result<DataKey, OpenError> {
        let failed = |fault| OpenError { what: format!("data key {key_id}"), fault };
        let opened = open(&self.derive("wrap").0, key_id.as_bytes(), wrapped).map(Zeroizing::new);
        let bytes = opened.map_err(failed)?;
        bytes.as_slice().try_into().map(DataKey::new).map_err(|_| failed(OpenFault::NoKey))
    }
}

#[expect(
    clippy::expect_used,
    reason = "ring refuses a key of another length only; the type fixes it at 32 bytes"
)]
fn cipher(key: &[u8; KEY_BYTES]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("32 bytes are an AES-256 key"))
}

#[expect(
    clippy::expect_used,
    reason = "GCM refuses 64 GiB and more only; every value here has a limit far below"
)]
fn seal(key: &[u8; KEY_BYTES], aad: &[u8], plaintext: &[u8], nonce: [u8; NONCE_BYTES]) -> Vec<u8> {
    // Encrypted in its final place, so that no copy of the plaintext stays behind in freed memory.
    let mut sealed = Vec::with_capacity(plaintext.len() + OVERHEAD_BYTES);
    sealed.push(VERSION);
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(plaintext);
    let (_, body) = sealed.split_at_mut(1 + NONCE_BYTES);
    let tag = cipher(key)
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), aead::Aad::from(aad), body)
        .expect("shorter than 64 GiB");
    sealed.extend_from_slice(tag.as_ref());
    sealed
}

fn open(key: &[u8; KEY_BYTES], aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, OpenFault> {
    let short = OpenFault::Short(sealed.len());
    let (version, rest) = sealed.split_first().ok_or(short)?;
    if *version != VERSION {
        return Err(OpenFault::Version(*version));
    }
    let (nonce, body) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(short)?;
    if body.len() < aead::MAX_TAG_LEN {
        return Err(short);
    }
    let mut plaintext = body.to_vec();
    let opened =
        cipher(key).open_in_place(Nonce::assume_unique_for_key(*nonce), aead::Aad::from(aad), &mut plaintext);
    let length = opened.map_err(|_| OpenFault::Refused)?.len();
    plaintext.truncate(length);
    Ok(plaintext)
}

#[cfg(test)]
mod tests {
    use super::{Aad, DataKey, MasterKey, OVERHEAD_BYTES, OpenFault, seal};
    use proptest::prelude::*;

    const PLACE: Aad<'_> = Aad { table: "mail", row: "17", column: "raw", version: 1 };
    const NONCE: [u8; 12] = *b"unique nonce";

    fn key(byte: u8) -> DataKey {
        DataKey::new([byte; 32])
    }

    fn master(last: u8) -> MasterKey {
        MasterKey::from_file_text(&MasterKey::generate_text(std::array::from_fn(|n| {
            if n == 31 { last } else { u8::try_from(n).expect("small") }
        })))
        .expect("a key")
    }

    fn bytes(hex: &str) -> Vec<u8> {
        let pairs = hex.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).expect("ASCII"));
        pairs.map(|pair| u8::from_str_radix(pair, 16).expect("hex")).collect()
    }

    #[test]
    fn the_published_vectors_of_aes_256_gcm_hold() {
        let check = |key: &str, nonce: &str, aad: &str, plaintext: &str, expected: &str| {
            let key: [u8; 32] = bytes(key).try_into().expect("32 bytes");
            let nonce: [u8; 12] = bytes(nonce).try_into().expect("12 bytes");
            let sealed = seal(&key, &bytes(aad), &bytes(plaintext), nonce);
            assert_eq!(sealed[0], 1);
            assert_eq!(sealed[1..13], nonce);
            assert_eq!(sealed[13..], bytes(expected));
        };
        // "The Galois/Counter Mode of Operation", McGrew and Viega, test cases 13, 14 and 16.
        let (zeros, nonce) = ("00".repeat(32), "00".repeat(12));
        check(&zeros, &nonce, "", "", "530f8afbc74536b9a963b4f1c4cb738b");
        check(
            &zeros,
            &nonce,
            "",
            &"00".repeat(16),
            "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
        );
        check(
            "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            "cafebabefacedbaddecaf888",
            "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b",
        );
    }

    #[test]
    fn what_is_sealed_opens_in_its_own_place_only() {
        let sealed = key(7).seal(&PLACE, b"From: asha@customer.example", NONCE);
        assert_eq!(key(7).open(&PLACE, &sealed).expect("opens"), b"From: asha@customer.example");
        let check = |place: Aad<'_>| {
            let error = key(7).open(&place, &sealed).expect_err("another place");
            assert_eq!(error.fault, OpenFault::Refused, "{place:?}");
        };
        check(Aad { table: "outbox", ..PLACE });
        check(Aad { row: "18", ..PLACE });
        check(Aad { column: "headers", ..PLACE });
        check(Aad { version: 0, ..PLACE });
        check(Aad { version: 2, ..PLACE });
        // The same letters, cut elsewhere.
        check(Aad { table: "mail1", row: "7", ..PLACE });
        check(Aad { row: "17r", column: "aw", ..PLACE });
        assert_eq!(key(8).open(&PLACE, &sealed).expect_err("another key").fault, OpenFault::Refused);
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_refused() {
        let sealed = key(7).seal(&PLACE, b"content", NONCE);
        for byte in 0..sealed.len() {
            for bit in 0..8 {
                let mut bad = sealed.clone();
                bad[byte] ^= 1 << bit;
                assert!(key(7).open(&PLACE, &bad).is_err(), "byte {byte}, bit {bit}");
            }
        }
        for cut in 0..sealed.len() {
            assert!(key(7).open(&PLACE, &sealed[..cut]).is_err(), "cut at {cut}");
        }
        assert!(key(7).open(&PLACE, &[sealed.as_slice(), b"x"].concat()).is_err());
    }

    #[test]
    fn errors_say_what_and_why() {
        let check = |sealed: &[u8], expected: &str| {
            assert_eq!(key(7).open(&PLACE, sealed).expect_err("bad").to_string(), expected);
        };
        check(&[], "opening mail.raw of row 17: the sealed value is cut off at 0 bytes");
        check(&[1; 28], "opening mail.raw of row 17: the sealed value is cut off at 28 bytes");
        check(&[9; 40], "opening mail.raw of row 17: seal version 9 is not known here");
        check(
            &[1; 29],
            "opening mail.raw of row 17: it was sealed with another key, stood elsewhere, or was changed",
        );
    }

    #[test]
    fn a_data_key_is_unwrapped_by_its_own_master_key_and_id_only() {
        let wrapped = master(1).wrap(&key(7), "k1", NONCE);
        let sealed = key(7).seal(&PLACE, b"content", NONCE);
        let unwrapped = master(1).unwrap(&wrapped, "k1").expect("unwraps");
        assert_eq!(unwrapped.open(&PLACE, &sealed).expect("opens"), b"content");
        let check = |master: &MasterKey, wrapped: &[u8], key_id: &str, expected: &str| {
            assert_eq!(master.unwrap(wrapped, key_id).expect_err("refused").to_string(), expected);
        };
        let refused = "it was sealed with another key, stood elsewhere, or was changed";
        check(&master(2), &wrapped, "k1", &format!("opening data key k1: {refused}"));
        check(&master(1), &wrapped, "k2", &format!("opening data key k2: {refused}"));
        check(
            &master(1),
            &wrapped[..20],
            "k1",
            "opening data key k1: the sealed value is cut off at 20 bytes",
        );
        let odd = seal(&master(1).derive("wrap").0, b"k1", b"too short", NONCE);
        check(&master(1), &odd, "k1", "opening data key k1: it does not hold a key of 32 bytes");
        assert_eq!(format!("{:?}", key(7)), "DataKey");
    }

    proptest! {
        #[test]
        fn any_value_survives(plaintext in prop::collection::vec(any::<u8>(), 0..2_000), nonce in any::<[u8; 12]>()) {
            let sealed = key(7).seal(&PLACE, &plaintext, nonce);
            prop_assert_eq!(sealed.len(), plaintext.len() + OVERHEAD_BYTES);
            prop_assert_eq!(key(7).open(&PLACE, &sealed).expect("opens"), plaintext);
        }
    }
}
