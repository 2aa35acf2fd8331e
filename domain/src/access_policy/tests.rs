use super::examples::text;
use super::*;
use crate::examples::{actor, sealed, sure};
use crate::scenario::Scenario;
use crate::values::{PolicyFileName, ValueError};

fn propose(institution: &str, by: &str) -> PolicyCommand {
    PolicyCommand::ProposePolicy(ProposePolicy { text: text(institution), reason: sealed(1), by: actor(by) })
}

fn adopt(institution: &str, by: &str) -> PolicyCommand {
    let digest = text(institution).digest();
    PolicyCommand::AdoptPolicy(AdoptPolicy { digest, reason: sealed(2), by: actor(by) })
}

fn reject(institution: &str, by: &str) -> PolicyCommand {
    let digest = text(institution).digest();
    PolicyCommand::RejectPolicy(RejectPolicy { digest, reason: sealed(3), by: actor(by) })
}

fn policy() -> Scenario<AccessPolicy> {
    Scenario::new()
}

#[test]
fn a_policy_takes_two_persons() {
    policy().when(adopt("VP", "p.kalnins")).refused_with([PolicyError::NotProposed]);
    let proposed = policy().after(propose("VP", "a.ozola"));
    let same_person = PolicyError::SamePerson { by: actor("a.ozola") };
    proposed.clone().when(adopt("VP", "a.ozola")).refused_with([same_person]);
    let adopted = PolicyEvent::PolicyAdopted {
        digest: text("VP").digest(),
        text: text("VP"),
        reason: sealed(2),
        by: actor("a.ozola"),
        second: actor("p.kalnins"),
    };
    let record = proposed.when(adopt("VP", "p.kalnins")).records(&[adopted]);
    assert_eq!((record.in_force(), record.proposed()), (Some(&text("VP").digest()), None));
}

#[test]
fn only_the_text_that_was_read_is_decided_on() {
    let proposed = policy().after(propose("VP", "a.ozola"));
    let other = || PolicyError::OtherText { proposed: text("VP").digest() };
    proposed.clone().when(adopt("VUGD", "p.kalnins")).refused_with([other()]);
    proposed.when(reject("VUGD", "p.kalnins")).refused_with([other()]);
}

#[test]
fn one_proposal_waits_at_a_time_and_saying_the_same_again_changes_nothing() {
    let proposed = policy().after(propose("VP", "a.ozola"));
    proposed.clone().when(propose("VP", "a.ozola")).changes_nothing();
    let waiting = || PolicyError::AlreadyProposed { by: actor("a.ozola") };
    proposed.clone().when(propose("VUGD", "a.ozola")).refused_with([waiting()]);
    proposed.clone().when(propose("VP", "p.kalnins")).refused_with([waiting()]);
    let adopted = proposed.after(adopt("VP", "p.kalnins"));
    adopted.clone().when(propose("VP", "a.ozola")).changes_nothing();
    adopted.when(adopt("VP", "p.kalnins")).refused_with([PolicyError::NotProposed]);
}

#[test]
fn a_rejected_proposal_leaves_the_policy_in_force() {
    let adopted = policy().after(propose("VP", "a.ozola")).after(adopt("VP", "p.kalnins"));
    let taken_back = adopted.after(propose("VUGD", "a.ozola")).after(reject("VUGD", "a.ozola"));
    assert_eq!(taken_back.record.in_force(), Some(&text("VP").digest()));
    assert_eq!(taken_back.record.proposed(), None);
    taken_back.when(reject("VUGD", "p.kalnins")).refused_with([PolicyError::NotProposed]);
}

#[test]
fn a_text_has_its_limits() {
    let name = |n: usize| sure(PolicyFileName::parse(&format!("file-{n}")));
    let files = |count: usize, size: usize| PolicyText::try_new((0..count).map(|n| (name(n), "x".repeat(size))));
    assert!(files(PolicyText::MOST_FILES, 4096).is_ok());
    for wrong in [files(0, 1), files(65, 1), files(1, 0), files(2, 128 * 1024 + 1)] {
        assert!(matches!(wrong, Err(ValueError::Range { from: 1, .. })), "{wrong:?}");
    }
    let control = PolicyText::try_new([(name(1), "permit\u{0}".to_owned())]);
    assert_eq!(control, Err(ValueError::ControlCharacter { what: "policy file", at: 7 }));
    assert!(
        serde_json::from_str::<PolicyText>("{}").is_err()
            && serde_json::from_str::<PolicyText>(r#"{"../a":"x"}"#).is_err()
    );
}

#[test]
fn a_digest_tells_texts_apart_also_by_where_a_file_ends() {
    let name = |name| sure(PolicyFileName::parse(name));
    let file = |a: &'static str, text: &str| sure(PolicyText::try_new([(name(a), text.to_owned())])).digest();
    assert_ne!(file("a", "bc"), file("ab", "c"));
    // As Python's hashlib gives it for the lengths and parts one after the other.
    assert_eq!(file("a", "b").as_str(), FOREIGN);
    assert_eq!(ContentDigest::parse(&FOREIGN.to_uppercase()), Ok(file("a", "b")));
    assert!(ContentDigest::parse("abc").is_err() && ContentDigest::parse(&"g".repeat(64)).is_err());
}

const FOREIGN: &str = "3c9d591045bc8876f9d0399bbfb05c6a412096e906f73278f98406cd5dca86df";
