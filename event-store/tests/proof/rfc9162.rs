//! Inclusion and consistency proofs against the recursive definitions of RFC 9162, and against the test data of the
//! Certificate Transparency reference implementation (RFC 6962 has the same tree).

use event_store::proof::check::{self, ProofError};
use event_store::proof::subtree::{self, Span};
use event_store::tree::Hash;
use proptest::prelude::*;
use ring::digest::{SHA256, digest};

fn sha(parts: &[&[u8]]) -> Hash {
    digest(&SHA256, &parts.concat()).as_ref().try_into().unwrap()
}

/// §2.1.1, word for word.
pub(crate) fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(k(leaves.len()));
            sha(&[&[1], &mth(left), &mth(right)])
        }
    }
}

/// The largest power of two smaller than n.
fn k(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}

/// §2.1.3.1, word for word.
pub(crate) fn path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(k(leaves.len()));
    if m < left.len() {
        [path(m, left), vec![mth(right)]].concat()
    } else {
        [path(m - left.len(), right), vec![mth(left)]].concat()
    }
}

/// §2.1.4.1, word for word.
pub(crate) fn proof(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    subproof(m, leaves, true)
}

fn subproof(m: usize, leaves: &[Hash], b: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if b { Vec::new() } else { vec![mth(leaves)] };
    }
    let (left, right) = leaves.split_at(k(leaves.len()));
    if m <= left.len() {
        [subproof(m, left, b), vec![mth(right)]].concat()
    } else {
        [subproof(m - left.len(), right, false), vec![mth(left)]].concat()
    }
}

fn leaves(n: usize) -> Vec<Hash> {
    (0..n).map(|i| sha(&[b"\0", &i.to_be_bytes()])).collect()
}

fn ours(spans: &[Span], leaves: &[Hash]) -> Vec<Hash> {
    spans.iter().map(|span| mth(&leaves[span.first as usize..span.end as usize])).collect()
}

proptest! {
    #[test]
    fn an_inclusion_proof_is_that_of_rfc_9162_and_no_other_is_accepted((n, m, bit) in (1usize..600).prop_flat_map(|n| (Just(n), 0..n, 0usize..256))) {
        let leaves = leaves(n);
        let root = mth(&leaves);
        let proof = ours(&subtree::inclusion(m as u64, n as u64), &leaves);
        prop_assert_eq!(&proof, &path(m, &leaves));
        let accepts = |leaf: &Hash, m: u64, proof: &[Hash], root: &Hash| check::inclusion(leaf, m, n as u64, proof, root);
        prop_assert_eq!(accepts(&leaves[m], m as u64, &proof, &root), Ok(()));

        let flipped = |hash: &Hash| { let mut hash = *hash; hash[bit / 8] ^= 1 << (bit % 8); hash };
        prop_assert_eq!(accepts(&flipped(&leaves[m]), m as u64, &proof, &root), Err(ProofError::Root));
        prop_assert_eq!(accepts(&leaves[m], m as u64, &proof, &flipped(&root)), Err(ProofError::Root));
        for place in 0..proof.len() {
            let mut wrong = proof.clone();
            wrong[place] = flipped(&wrong[place]);
            prop_assert_eq!(accepts(&leaves[m], m as u64, &wrong, &root), Err(ProofError::Root));
            wrong.remove(place);
            prop_assert!(accepts(&leaves[m], m as u64, &wrong, &root).is_err());
        }
        prop_assert!(accepts(&leaves[m], m as u64, &[proof.clone(), vec![root]].concat(), &root).is_err());
        for other in (0..n).filter(|other| *other != m) {
            prop_assert!(accepts(&leaves[m], other as u64, &proof, &root).is_err());
        }
        prop_assert!(accepts(&leaves[m], n as u64, &proof, &root).is_err());
    }

    #[test]
    fn a_consistency_proof_is_that_of_rfc_9162_and_no_other_is_accepted((n, m, bit) in (1usize..600).prop_flat_map(|n| (Just(n), 1..=n, 0usize..256))) {
        let leaves = leaves(n);
        let (older, newer) = (mth(&leaves[..m]), mth(&leaves));
        let proof = ours(&subtree::consistency(m as u64, n as u64), &leaves);
        prop_assert_eq!(&proof, &self::proof(m, &leaves));
        let accepts = |older: &Hash, proof: &[Hash], newer: &Hash| check::consistency((m as u64, older), (n as u64, newer), proof);
        prop_assert_eq!(accepts(&older, &proof, &newer), Ok(()));

        let flipped = |hash: &Hash| { let mut hash = *hash; hash[bit / 8] ^= 1 << (bit % 8); hash };
        prop_assert_eq!(accepts(&flipped(&older), &proof, &newer), Err(ProofError::Root));
        prop_assert_eq!(accepts(&older, &proof, &flipped(&newer)), Err(ProofError::Root));
        for place in 0..proof.len() {
            let mut wrong = proof.clone();
            wrong[place] = flipped(&wrong[place]);
            prop_assert_eq!(accepts(&older, &wrong, &newer), Err(ProofError::Root));
            wrong.remove(place);
            prop_assert!(accepts(&older, &wrong, &newer).is_err());
        }
        prop_assert!(accepts(&older, &[proof.clone(), vec![newer]].concat(), &newer).is_err());
    }
}

#[test]
fn every_pair_of_small_sizes_is_proved() {
    let leaves = leaves(40);
    for n in 0..=leaves.len() {
        let root = mth(&leaves[..n]);
        for m in 0..=n {
            let proof = ours(&subtree::consistency(m as u64, n as u64), &leaves);
            assert_eq!(
                check::consistency((m as u64, &mth(&leaves[..m])), (n as u64, &root), &proof),
                Ok(()),
                "{m} {n}"
            );
        }
        for m in 0..n {
            let proof = ours(&subtree::inclusion(m as u64, n as u64), &leaves);
            assert_eq!(check::inclusion(&leaves[m], m as u64, n as u64, &proof, &root), Ok(()), "{m} {n}");
        }
    }
}

#[test]
fn a_tree_that_shrank_or_nothing_with_something_is_not_consistent() {
    let leaves = leaves(5);
    let (three, five) = (mth(&leaves[..3]), mth(&leaves));
    assert!(check::consistency((5, &five), (3, &three), &[]).is_err());
    assert!(check::consistency((0, &three), (5, &five), &[]).is_err());
    assert!(check::consistency((0, &mth(&[])), (0, &five), &[]).is_err());
    assert!(check::consistency((3, &three), (5, &five), &[]).is_err());
    assert!(check::consistency((5, &three), (5, &five), &[]).is_err());
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
}

fn hashes(texts: &[&str]) -> Vec<Hash> {
    texts.iter().map(|text| hex(text).try_into().unwrap()).collect()
}

/// `merkletree/merkle_tree_test.cc` of the reference implementation of Certificate Transparency.
const CT_INPUTS: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const CT_ROOTS: [&str; 8] = [
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
fn the_test_data_of_certificate_transparency_is_met() {
    let leaves: Vec<Hash> = CT_INPUTS.iter().map(|input| sha(&[b"\0", &hex(input)])).collect();
    let roots = hashes(&CT_ROOTS);
    let mut frontier = event_store::tree::Frontier::new();
    for (leaf, root) in leaves.iter().zip(&roots) {
        frontier.push(*leaf, &mut Vec::new());
        assert_eq!(frontier.root(), *root);
    }
    let paths: [(u64, u64, &[&str]); 4] = [
        (
            0,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            &[
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
        (
            1,
            5,
            &[
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];
    for (leaf, size, expected) in paths {
        let expected = hashes(expected);
        assert_eq!(ours(&subtree::inclusion(leaf, size), &leaves), expected, "{leaf} in {size}");
        let root = &roots[size as usize - 1];
        assert_eq!(check::inclusion(&leaves[leaf as usize], leaf, size, &expected, root), Ok(()));
    }
    let proofs: [(u64, u64, &[&str]); 4] = [
        (1, 1, &[]),
        (
            1,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            &[
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            &[
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];
    for (older, newer, expected) in proofs {
        let expected = hashes(expected);
        assert_eq!(ours(&subtree::consistency(older, newer), &leaves), expected, "{older} to {newer}");
        let (old, new) = ((older, &roots[older as usize - 1]), (newer, &roots[newer as usize - 1]));
        assert_eq!(check::consistency(old, new, &expected), Ok(()));
    }
}
