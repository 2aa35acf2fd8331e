//! Bundles: the worked example of the documentation, which was made by another program, and what becomes of changed ones.

use std::path::Path;

use event_store::proof::bundle::{BundleError, Consistency, Evidence, Proved, check, encoded};
use event_store::proof::head::TreeHead;
use event_store::proof::keys::NotaryKey;
use event_store::proof::note::{SignedNote, VerifierKey, hex};
use event_store::proof::succession;

const ORIGIN: &str = "vnr.example/register";

/// What stands in the blocks of that language in the documentation.
fn blocks(language: &str) -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/PROOFS.md");
    let page = std::fs::read_to_string(page).unwrap();
    let begins = format!("```{language}\n");
    page.split(&begins).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

fn example() -> (Vec<VerifierKey>, String, String) {
    let keys = VerifierKey::parse_file(&blocks("keys")[0]).unwrap();
    let [evidence, consistency] = <[String; 2]>::try_from(blocks("json")).unwrap();
    (keys, evidence, consistency)
}

fn notary() -> NotaryKey {
    let seed: Vec<u8> = (0..32).collect();
    NotaryKey::from_seed(1, &seed.try_into().unwrap())
}

#[test]
fn the_worked_example_of_the_documentation_is_accepted() {
    let (keys, evidence, consistency) = example();
    assert_eq!(keys, [notary().verifier(ORIGIN)]);
    let Proved::Events(bundle, head) = check(&evidence, &keys).unwrap() else { panic!("evidence") };
    assert_eq!((bundle.events.len(), head.size), (2, 3));
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/PROOFS.md")).unwrap();
    assert!(page.contains(&format!("root    {}", hex(&head.root))));
    let Proved::Extension { older, newer } = check(&consistency, &keys).unwrap() else { panic!("consistency") };
    assert_eq!((older.size, newer.size), (1, 3));
}

#[test]
fn no_byte_of_a_bundle_can_be_changed_dropped_or_doubled() {
    let (keys, evidence, consistency) = example();
    for file in [evidence, consistency] {
        let bytes = file.as_bytes();
        for place in 0..bytes.len() {
            for flip in [0x01, 0x02, 0x10, 0x20] {
                let mut changed = bytes.to_vec();
                changed[place] ^= flip;
                let changed = String::from_utf8(changed).ok();
                assert!(changed.is_none_or(|changed| check(&changed, &keys).is_err()), "byte {place}, flip {flip}");
            }
            for changed in
                [[&bytes[..place], &bytes[place + 1..]].concat(), [&bytes[..=place], &bytes[place..]].concat()]
            {
                let changed = String::from_utf8(changed).ok();
                assert!(changed.is_none_or(|changed| check(&changed, &keys).is_err()), "byte {place}");
            }
        }
    }
}

#[test]
fn without_the_key_or_with_another_logs_nothing_is_proved() {
    let (_, evidence, consistency) = example();
    let other = NotaryKey::from_seed(1, &[5; 32]);
    for keys in [vec![], vec![other.verifier(ORIGIN)], vec![notary().verifier("vnr.example/tracks")]] {
        assert!(matches!(check(&evidence, &keys), Err(BundleError::Note(_))));
        assert!(matches!(check(&consistency, &keys), Err(BundleError::Note(_))));
    }
}

fn signed(text: &str, by: &[&NotaryKey]) -> String {
    let signatures = by.iter().map(|key| key.sign(ORIGIN, text)).collect();
    SignedNote { text: text.to_owned(), signatures }.to_string()
}

#[test]
fn who_trusts_the_old_key_accepts_what_the_new_one_signed() {
    let (keys, evidence, _) = example();
    let (old, new) = (notary(), NotaryKey::from_seed(2, &[7; 32]));
    let mut bundle: Evidence = serde_json::from_str(&evidence).unwrap();
    let head = TreeHead::parse(&SignedNote::parse(&bundle.tree_head).unwrap().text).unwrap();
    bundle.tree_head = signed(&head.text(), &[&new]);
    assert!(check(&bundle.to_text().unwrap(), &keys).is_err());
    bundle.key_changes = vec![signed(&succession::text(&new.verifier(ORIGIN)), &[&old, &new])];
    check(&bundle.to_text().unwrap(), &keys).unwrap();
    check(&bundle.to_text().unwrap(), &[new.verifier(ORIGIN)]).unwrap();
    bundle.key_changes = vec![signed(&succession::text(&new.verifier(ORIGIN)), &[&new])];
    assert!(check(&bundle.to_text().unwrap(), &keys).is_err());
}

#[test]
fn events_that_are_in_the_log_but_not_the_records_first_are_no_evidence() {
    let (keys, evidence, _) = example();
    let bundle: Evidence = serde_json::from_str(&evidence).unwrap();
    let mut later = bundle.clone();
    later.events.remove(0);
    let mut doubled = bundle.clone();
    doubled.events.insert(1, bundle.events[0].clone());
    let mut none = bundle.clone();
    none.events.clear();
    for wrong in [later, doubled, none] {
        assert!(check(&wrong.to_text().unwrap(), &keys).is_err());
    }
    // The first of them alone is evidence on the first.
    let mut first = bundle;
    first.events.pop();
    assert!(check(&first.to_text().unwrap(), &keys).is_ok());
}

#[test]
fn two_heads_of_different_histories_are_not_consistent() {
    let (keys, _, consistency) = example();
    let mut bundle: Consistency = serde_json::from_str(&consistency).unwrap();
    let forged = TreeHead { origin: ORIGIN.to_owned(), size: 1, root: [1; 32], ..TreeHead::empty(ORIGIN) };
    bundle.older_head = signed(&forged.text(), &[&notary()]);
    assert!(matches!(check(&bundle.to_text().unwrap(), &keys), Err(BundleError::Consistency(_))));
    bundle.consistency_proof = encoded(&[[1; 32], [2; 32]]);
    assert!(check(&bundle.to_text().unwrap(), &keys).is_err());
}
