//! Checking proofs, by the algorithms of RFC 9162 §2.1.3.2 and §2.1.4.2. Pure: roots and hashes in, yes or no out.

use crate::tree::{Hash, empty_root, node_hash};

/// A proof that proves nothing.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum ProofError {
    /// There is no such leaf, or the older tree is the larger one.
    #[error("a tree of {leaves} leaves has no part {part}")]
    OutOfTree {
        /// Index of the leaf, or size of the older tree.
        part: u64,
        /// Size of the (newer) tree.
        leaves: u64,
    },
    /// It has too few or too many hashes.
    #[error("the proof has another number of hashes than a tree of this size needs")]
    Length,
    /// It leads to another root than the tree head has.
    #[error("the proof leads to another root than the one that was signed")]
    Root,
}

/// Checks that the leaf of this hash is the `index`-th (from 0) of the tree that has this size and root.
///
/// # Errors
/// When the proof does not show it.
pub fn inclusion(leaf: &Hash, index: u64, leaves: u64, proof: &[Hash], root: &Hash) -> Result<(), ProofError> {
    if index >= leaves {
        return Err(ProofError::OutOfTree { part: index, leaves });
    }
    let (mut place, mut last) = (index, leaves - 1);
    let mut hash = *leaf;
    for other in proof {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if place & 1 == 1 || place == last {
            hash = node_hash(other, &hash);
            // A node without a sibling on the right goes up unchanged.
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, other);
        }
        place >>= 1;
        last >>= 1;
    }
    match (last, hash == *root) {
        (0, true) => Ok(()),
        (0, false) => Err(ProofError::Root),
        _ => Err(ProofError::Length),
    }
}

/// Checks that the tree of the newer size and root begins with the leaves of the older one.
///
/// The tree without leaves is the beginning of every tree; a tree is the beginning of itself. Both have an empty proof.
///
/// # Errors
/// When the proof does not show it.
pub fn consistency(
    (older, older_root): (u64, &Hash),
    (newer, newer_root): (u64, &Hash),
    proof: &[Hash],
) -> Result<(), ProofError> {
    if older > newer {
        return Err(ProofError::OutOfTree { part: older, leaves: newer });
    }
    if older == 0 || older == newer {
        let expected = if older == 0 { empty_root() } else { *newer_root };
        return match (proof.is_empty(), expected == *older_root && (newer > 0 || newer_root == older_root)) {
            (true, true) => Ok(()),
            (true, false) => Err(ProofError::Root),
            (false, _) => Err(ProofError::Length),
        };
    }
    // Where the older tree is complete, its root begins the proof and is left out.
    let (first, rest) = match proof.split_first() {
        _ if older.is_power_of_two() => (older_root, proof),
        Some((first, rest)) => (first, rest),
        None => return Err(ProofError::Length),
    };
    let (mut place, mut last) = (older - 1, newer - 1);
    while place & 1 == 1 {
        place >>= 1;
        last >>= 1;
    }
    let (mut older_hash, mut newer_hash) = (*first, *first);
    for other in rest {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if place & 1 == 1 || place == last {
            older_hash = node_hash(other, &older_hash);
            newer_hash = node_hash(other, &newer_hash);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            newer_hash = node_hash(&newer_hash, other);
        }
        place >>= 1;
        last >>= 1;
    }
    match (last, older_hash == *older_root && newer_hash == *newer_root) {
        (0, true) => Ok(()),
        (0, false) => Err(ProofError::Root),
        _ => Err(ProofError::Length),
    }
}
