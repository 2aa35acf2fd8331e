//! Reading evidence, signed notes and keys that anybody may have written never panics; what is read is what was written.

#![no_main]

use event_store::proof::bundle::{Evidence, check};
use event_store::proof::head::TreeHead;
use event_store::proof::note::{SignedNote, VerifierKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let keys = VerifierKey::parse_file(input).unwrap_or_default();
    for key in &keys {
        assert_eq!(VerifierKey::parse(&key.to_string()).as_ref(), Ok(key));
    }
    if let Ok(note) = SignedNote::parse(input) {
        assert_eq!(SignedNote::parse(&note.to_string()).map(|note| note.to_string()), Ok(note.to_string()));
        if let Ok(head) = TreeHead::parse(&note.text) {
            assert_eq!(TreeHead::parse(&head.text()), Ok(head));
        }
    }
    // Nobody who made the input up can have signed it.
    let trusted = VerifierKey::new("vnr.local/register", [7; 32]);
    assert!(check(input, &[trusted]).is_err());
    // As if it had been signed: the events themselves.
    if let Ok(evidence) = serde_json::from_str::<Evidence>(input) {
        let _ = evidence.check_events(&TreeHead::empty("vnr.local/register"));
        if let Ok(head) = SignedNote::parse(&evidence.tree_head).and_then(|note| TreeHead::parse(&note.text)) {
            let _ = evidence.check_events(&head);
        }
    }
});
