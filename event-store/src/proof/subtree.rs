//! Which parts of the tree a proof is made of (RFC 9162 §2.1.3.1 and §2.1.4.1), without any hash.

/// The leaves from `first` up to but without `end`: the operand of one `MTH` of RFC 9162.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// Index of the first leaf, from 0.
    pub first: u64,
    /// Index after the last leaf.
    pub end: u64,
}

/// A complete subtree: 2^level leaves, the index-th of its level from the left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subtree {
    /// Its height; a leaf has 0.
    pub level: u8,
    /// 0 is the leftmost of its level.
    pub index: u64,
}

impl Subtree {
    /// The leaf of that index.
    pub const fn leaf(index: u64) -> Subtree {
        Subtree { level: 0, index }
    }

    /// The complete subtrees of `height` levels below whose roots are the leaves of this one, left to right.
    pub fn descendants(self, height: u8) -> impl Iterator<Item = Subtree> {
        let level = self.level - height;
        (self.index << height..(self.index + 1) << height).map(move |index| Subtree { level, index })
    }
}

impl Span {
    /// The whole tree of that many leaves.
    pub const fn tree(leaves: u64) -> Span {
        Span { first: 0, end: leaves }
    }

    /// How many leaves it has.
    pub const fn leaves(self) -> u64 {
        self.end - self.first
    }

    /// Where RFC 9162 splits it: k is the largest power of two smaller than the number of leaves.
    const fn split(self) -> (Span, Span) {
        let middle = self.first + (1 << (self.leaves() - 1).ilog2());
        (Span { first: self.first, end: middle }, Span { first: middle, end: self.end })
    }

    /// The complete subtrees that it is made of, largest (leftmost) first. Its root is theirs, folded from the right.
    ///
    /// Spans of proofs begin at a multiple of the power of two that holds them, so this is the binary form of the length.
    pub fn complete(self) -> impl Iterator<Item = Subtree> {
        let leaves = self.leaves();
        let mut first = self.first;
        (0..64u8).rev().filter(move |level| leaves >> level & 1 == 1).map(move |level| {
            let subtree = Subtree { level, index: first >> level };
            first += 1 << level;
            subtree
        })
    }
}

/// `PATH(leaf, D[0:leaves])`: the spans whose roots prove that the leaf is in the tree, in the order of the proof (from the
/// leaf up). Empty where there is no such leaf.
pub fn inclusion(leaf: u64, leaves: u64) -> Vec<Span> {
    let mut proof = Vec::new();
    if leaf >= leaves {
        return proof;
    }
    let mut span = Span::tree(leaves);
    while span.leaves() > 1 {
        let (left, right) = span.split();
        let (holding, other) = if leaf < left.end { (left, right) } else { (right, left) };
        proof.push(other);
        span = holding;
    }
    proof.reverse();
    proof
}

/// `PROOF(older, D[0:newer])`: the spans whose roots prove that the tree of `newer` leaves begins with that of `older`, in the
/// order of the proof. Empty where there is nothing to prove: equal sizes, or an older tree without leaves.
pub fn consistency(older: u64, newer: u64) -> Vec<Span> {
    let mut proof = Vec::new();
    if older == 0 || older >= newer {
        return proof;
    }
    let mut span = Span::tree(newer);
    // Whether the part that is left is a prefix of the older tree whose root the checker knows already.
    let mut known = true;
    while span.end != older {
        let (left, right) = span.split();
        if older <= left.end {
            proof.push(right);
            span = left;
        } else {
            proof.push(left);
            span = right;
            known = false;
        }
    }
    if !known {
        proof.push(span);
    }
    proof.reverse();
    proof
}
