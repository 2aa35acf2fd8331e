//! The Merkle tree over a log's leaves (RFC 9162 §2.1), grown at its right edge.
//!
//! Only the roots of the complete subtrees are held: as many hashes as the number of leaves has one-bits.

use sha2::{Digest, Sha256};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// Subtrees whose roots are kept in the log's `tree` table have 2^8, 2^16, 2^24 … leaves.
pub const TILE_HEIGHT: u8 = 8;

/// Root of the tree with no leaf: the hash of nothing.
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// Hash of an inner node.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([0x01]);
    hasher.update(left);
    hasher.update(right);
    hasher.finalize().into()
}

/// Root of a complete subtree that is kept: 2^level leaves, the index-th of its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TileRoot {
    /// 8, 16, 24 …
    pub level: u8,
    /// 0 is the leftmost of its level.
    pub index: u64,
    /// Root of the subtree.
    pub hash: Hash,
}

/// The right edge of the tree: enough to add leaves and to compute the root.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    leaves: u64,
    /// Roots of the complete subtrees, largest (leftmost) first.
    roots: Vec<Hash>,
}

/// A stored right edge that does not fit its number of leaves.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the tree of {leaves} leaves has {expected} subtrees at its right edge, {found_bytes} bytes were stored")]
pub struct FrontierMismatch {
    /// How many leaves the tree has.
    pub leaves: u64,
    /// How many hashes belong to it.
    pub expected: u32,
    /// How many bytes there were.
    pub found_bytes: usize,
}

impl Frontier {
    /// The tree with no leaf.
    pub fn new() -> Frontier {
        Frontier::default()
    }

    /// From what `to_bytes` gave.
    ///
    /// # Errors
    /// When the bytes are not the right edge of a tree of that many leaves.
    pub fn from_bytes(leaves: u64, bytes: &[u8]) -> Result<Frontier, FrontierMismatch> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        if hashes.len() != leaves.count_ones() as usize || !rest.is_empty() {
            return Err(FrontierMismatch { leaves, expected: leaves.count_ones(), found_bytes: bytes.len() });
        }
        Ok(Frontier { leaves, roots: hashes.to_vec() })
    }

    /// The roots of the complete subtrees, left to right, 32 bytes each.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.roots.concat()
    }

    /// How many leaves the tree has.
    pub fn leaves(&self) -> u64 {
        self.leaves
    }

    /// Adds a leaf; subtrees that it completes and that are kept are pushed to `tiles`.
    pub fn push(&mut self, leaf: Hash, tiles: &mut Vec<TileRoot>) {
        let mut hash = leaf;
        let mut level = 0u8;
        // Each trailing one-bit of the old count is a complete subtree that the new leaf doubles.
        while self.leaves >> level & 1 == 1 {
            let Some(left) = self.roots.pop() else { break };
            hash = node_hash(&left, &hash);
            level += 1;
            if level.is_multiple_of(TILE_HEIGHT) {
                tiles.push(TileRoot { level, index: self.leaves >> level, hash });
            }
        }
        self.roots.push(hash);
        self.leaves += 1;
    }

    /// Root of the tree.
    pub fn root(&self) -> Hash {
        let mut roots = self.roots.iter().rev();
        let Some(last) = roots.next() else { return empty_root() };
        roots.fold(*last, |right, left| node_hash(left, &right))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition of RFC 9162 §2.1.1, word for word.
    fn root_by_definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty_root(),
            [leaf] => *leaf,
            _ => {
                let k = (leaves.len() - 1).ilog2();
                let (left, right) = leaves.split_at(1 << k);
                node_hash(&root_by_definition(left), &root_by_definition(right))
            }
        }
    }

    fn leaf(n: usize) -> Hash {
        Sha256::digest(n.to_be_bytes()).into()
    }

    proptest! {
        #[test]
        fn the_root_is_that_of_rfc_9162(n in 0usize..700) {
            let leaves: Vec<Hash> = (0..n).map(leaf).collect();
            let mut frontier = Frontier::new();
            let mut tiles = Vec::new();
            for leaf in &leaves {
                frontier.push(*leaf, &mut tiles);
            }
            prop_assert_eq!(frontier.root(), root_by_definition(&leaves));
            prop_assert_eq!(Frontier::from_bytes(n as u64, &frontier.to_bytes()).unwrap(), frontier);
            prop_assert_eq!(tiles.len(), n / 256);
            for tile in tiles {
                let from = (tile.index as usize) << tile.level;
                prop_assert_eq!(tile.hash, root_by_definition(&leaves[from..from + (1 << tile.level)]));
            }
        }
    }

    #[test]
    fn a_stored_edge_of_another_size_is_refused() {
        assert!(Frontier::from_bytes(3, &[0; 32]).is_err());
        assert!(Frontier::from_bytes(1, &[0; 33]).is_err());
        assert!(Frontier::from_bytes(0, &[]).is_ok());
    }
}
