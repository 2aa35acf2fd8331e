//! Golden payloads with something changed: they are read, or refused, and nothing else.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::catalogue::Kind;
use crate::golden::{self, Golden};

/// Read once.
static GOLDENS: LazyLock<Vec<(Kind, Vec<Golden>)>> = LazyLock::new(golden::all);

/// A change of a payload: at one of its places, in one of some ways.
fn mutate(payload: &mut Value, place: usize, way: usize, text: &str) {
    fn places(value: &Value, at: &str, found: &mut Vec<String>) {
        found.push(at.to_owned());
        match value {
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(i, item)| places(item, &format!("{at}/{i}"), found))
            }
            Value::Object(fields) => {
                fields.iter().for_each(|(name, field)| places(field, &format!("{at}/{name}"), found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    places(payload, "", &mut found);
    let Some(value) = payload.pointer_mut(&found[place % found.len()]) else { return };
    *value = match way % 9 {
        0 => Value::Null,
        1 => json!(text),
        2 => json!(i64::MIN),
        3 => json!(u64::MAX),
        4 => json!(-0.5e300),
        5 => json!([value.clone(), value.clone()]),
        6 => json!({ "$open": value.clone() }),
        7 => json!({ text: value.clone(), "$sealed": text }),
        _ => json!({}),
    };
}

proptest! {
    #[test]
    fn a_changed_golden_payload_is_read_or_refused_in_any_version(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<usize>(), any::<usize>(), ".{0,30}"), 1..5),
        version in 0u32..4,
    ) {
        let (kind, goldens) = &GOLDENS[which.index(GOLDENS.len())];
        for Golden { version: written, payload: golden, .. } in goldens {
            let mut payload = golden.clone();
            for (place, way, text) in &changes {
                mutate(&mut payload, *place, *way, text);
            }
            // What is read is read again as the same, so that nothing is lost on the way through a program.
            if let Ok(read) = kind.reread(*written, &payload) {
                prop_assert_eq!(kind.reread(kind.newest, &read), Ok(read));
            }
            let _ = kind.reread(version, &payload);
        }
    }

    #[test]
    fn a_golden_payload_cut_off_or_with_other_bytes_is_read_or_refused(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        other in ".{0,5}",
        cut in any::<bool>(),
    ) {
        let (kind, goldens) = &GOLDENS[which.index(GOLDENS.len())];
        for Golden { version: written, payload: golden, .. } in goldens {
            let whole = golden.to_string();
            let at = whole.floor_char_boundary(at.index(whole.len()));
            let rest = if cut { "" } else { &whole[whole.ceil_char_boundary(at + 1)..] };
            let _ = kind.reread_text(*written, &format!("{}{other}{rest}", &whole[..at]));
        }
    }
}
