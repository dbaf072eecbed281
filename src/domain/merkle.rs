//! The hash tree of the audit log: RFC 6962 section 2.1 over SHA-256. Pure functions over hashes; it stores nothing.
//! `Frontier` is all that an append needs: the roots of the full subtrees, one for every set bit of the size.
//! Proofs are no part of it yet. What a leaf says is `audit.rs`.

use ring::digest::{Context, SHA256};
use std::fmt;

/// A SHA-256 value. Shown as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hash([u8; Hash::BYTES]);

impl Hash {
    /// Length of a SHA-256 value.
    pub const BYTES: usize = 32;

    /// Takes 32 bytes as stored; any other length is no hash.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes to store.
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// SHA-256 of the parts, one after the other.
    fn of(parts: &[&[u8]]) -> Self {
        let mut context = Context::new(&SHA256);
        for part in parts {
            context.update(part);
        }
        let mut bytes = [0; Self::BYTES];
        for (to, from) in bytes.iter_mut().zip(context.finish().as_ref()) {
            *to = *from;
        }
        Self(bytes)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The hash of one leaf: SHA-256(0x00 || leaf), RFC 6962 section 2.1.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Hash::of(&[&[0x00], leaf])
}

/// The hash of an inner node: SHA-256(0x01 || left || right), RFC 6962 section 2.1.
pub fn node_hash(left: Hash, right: Hash) -> Hash {
    Hash::of(&[&[0x01], &left.0, &right.0])
}

/// The root over leaf hashes, word for word as RFC 6962 section 2.1 defines it; SHA-256 of nothing for an empty tree.
/// Linear in the leaves; an append uses `Frontier` instead.
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::of(&[]),
        [only] => *only,
        _ => {
            // k, the largest power of two below n.
            let split = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(split);
            node_hash(root(left), root(right))
        }
    }
}

/// The right edge of a tree: its size and the roots of its full subtrees, largest first. Grows with log2 of the size.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many leaves the tree has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf by its hash.
    pub fn append(&mut self, leaf: Hash) {
        let mut right = leaf;
        // Every trailing one of the old size is a full subtree of the same height as what was just made.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                right = node_hash(left, right);
            }
        }
        self.peaks.push(right);
        self.size = self.size.saturating_add(1);
    }

    /// The root of the tree as it stands.
    pub fn root(&self) -> Hash {
        let smallest_first = self.peaks.iter().rev().copied();
        smallest_first.reduce(|right, left| node_hash(left, right)).unwrap_or_else(|| root(&[]))
    }

    /// The size as eight bytes, big endian, then the peaks, largest first.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        for peak in &self.peaks {
            bytes.extend_from_slice(&peak.0);
        }
        bytes
    }

    /// Reads what `to_bytes` wrote; none when the number of peaks does not belong to the size.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (size, rest) = bytes.split_first_chunk::<8>()?;
        let size = u64::from_be_bytes(*size);
        let (peaks, odd) = rest.as_chunks::<{ Hash::BYTES }>();
        let fits = odd.is_empty() && u64::try_from(peaks.len()).ok()? == u64::from(size.count_ones());
        fits.then(|| Self { size, peaks: peaks.iter().copied().map(Hash).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::{Frontier, Hash, leaf_hash, root};

    /// The leaves of the reference tests of certificate-transparency (`merkletree/merkle_tree_test.cc`).
    const LEAVES: [&[u8]; 8] = [
        b"",
        &[0x00],
        &[0x10],
        &[0x20, 0x21],
        &[0x30, 0x31],
        &[0x40, 0x41, 0x42, 0x43],
        &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
    ];

    /// The roots that those tests expect after each leaf; the first is the empty tree (SHA-256 of nothing).
    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    #[test]
    fn the_reference_vectors_of_certificate_transparency_hold() {
        let mut frontier = Frontier::new();
        assert_eq!(frontier.root().to_string(), ROOTS[0]);
        for (count, leaf) in (1..).zip(LEAVES) {
            frontier.append(leaf_hash(leaf));
            assert_eq!(frontier.root().to_string(), ROOTS[count], "{count} leaves");
            let leaves: Vec<Hash> = LEAVES[..count].iter().map(|leaf| leaf_hash(leaf)).collect();
            assert_eq!(root(&leaves).to_string(), ROOTS[count], "{count} leaves, by definition");
        }
    }

    #[test]
    fn the_frontier_agrees_with_the_definition_for_every_size_up_to_200_and_survives_storage() {
        let leaves: Vec<Hash> = (0..200_u32).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        let mut frontier = Frontier::new();
        for size in 0..=leaves.len() {
            assert_eq!(frontier.root(), root(&leaves[..size]), "size {size}");
            frontier = Frontier::from_bytes(&frontier.to_bytes()).expect("reads what it wrote");
            assert_eq!(frontier.size(), u64::try_from(size).expect("small"));
            if let Some(leaf) = leaves.get(size) {
                frontier.append(*leaf);
            }
        }
    }

    #[test]
    fn a_frontier_whose_peaks_do_not_belong_to_its_size_is_refused() {
        let mut frontier = Frontier::new();
        (0..5_u8).for_each(|n| frontier.append(leaf_hash(&[n])));
        let good = frontier.to_bytes();
        let check = |bytes: &[u8]| assert_eq!(Frontier::from_bytes(bytes), None, "{bytes:?}");
        check(&[]);
        check(&good[..7]);
        check(&good[..good.len() - 1]);
        check(&good[..good.len() - 32]);
        check(&[good.as_slice(), &[0; 32]].concat());
        let mut grown = good.clone();
        grown[7] = 7;
        check(&grown);
    }
}
