//! Blind indexes: personal data that must be found again is stored as a keyed hash beside its sealed value (standard
//! E7). Without the key a copy of the state cannot be searched with a list of addresses. It normalises nothing: equal
//! text gives an equal index, so the caller indexes `domain::address::Address` and E.164 numbers, never raw text.

use super::{MasterKey, SubKey, hex};

/// Hex digits kept of an index: 128 bits, so that two values never meet by chance.
pub const INDEX_CHARS: usize = 32;

/// The key of all blind indexes.
pub struct IndexKey(SubKey);

impl IndexKey {
    /// The index key of an installation.
    pub fn derive(master: &MasterKey) -> Self {
        Self(master.derive("blind-index"))
    }

    /// The index of a value of a kind ("address", "phone"); the same value of two kinds has two indexes.
    pub fn index(&self, kind: &str, value: &str) -> String {
        let mut index = hex(self.0.hmac(&[kind, value]).as_ref());
        index.truncate(INDEX_CHARS);
        index
    }
}

#[cfg(test)]
mod tests {
    use super::IndexKey;
    use crate::crypto::MasterKey;

    const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    #[test]
    fn an_index_depends_on_key_kind_and_value_and_stays_the_same_for_ever() {
        let key = IndexKey::derive(&MasterKey::from_file_text(KEY).expect("a key"));
        let other = IndexKey::derive(&MasterKey::from_file_text(&KEY.replace("1f", "20")).expect("a key"));
        let index = key.index("address", "asha@customer.example");
        // Stored indexes are compared with this for years: it must never change. Computed with Python's hmac.
        assert_eq!(index, "fe2773a85acb945956dbcdcb22653ae9");
        assert_ne!(index, key.index("address", "asha@customer.examplf"));
        assert_ne!(index, key.index("phone", "asha@customer.example"));
        assert_ne!(index, other.index("address", "asha@customer.example"));
        assert_ne!(key.index("ab", "c"), key.index("a", "bc"));
    }
}
