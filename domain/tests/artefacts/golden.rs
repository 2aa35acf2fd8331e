//! Golden payloads under `schema/golden/`: as they were stored, one or more for every version that was ever written.
//!
//! `Event.v1.json` has every field, `Event.v1.minimal.json` only what can't be left out, `Event.v1.2.json` and so on are
//! from later, when optional fields had come. None of them is ever rewritten.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use domain::kernel::upcast;
use domain::personal::SEALED;
use serde_json::Value;

use crate::catalogue::{self, Kind};
use crate::{listing, root, sorted, updating, write};

const FOLDER: &str = "schema/golden";

/// A committed golden payload.
pub(crate) struct Golden {
    /// Its file.
    pub(crate) name: String,
    /// Version that it was written in.
    pub(crate) version: u32,
    /// Whether all that can be left out is left out.
    pub(crate) minimal: bool,
    /// As it was stored.
    pub(crate) payload: Value,
}

/// The committed golden payloads of an event, by name; files that are of no event and version are left over.
fn goldens(kind: &Kind, names: &mut BTreeSet<String>) -> Vec<Golden> {
    let mut found = Vec::new();
    for version in 1..=kind.newest {
        let stem = kind.stem(version);
        for name in names.clone() {
            let Some(rest) = name.strip_prefix(&stem).and_then(|rest| rest.strip_suffix("json")) else { continue };
            let further = rest.trim_matches('.').parse::<u32>().is_ok_and(|n| n >= 2);
            if !(rest == "." || rest == ".minimal." || further) {
                continue;
            }
            let text = fs::read_to_string(root().join(FOLDER).join(&name)).expect("readable");
            let payload = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{FOLDER}/{name}: {error}"));
            let minimal = rest == ".minimal.";
            names.remove(&name);
            found.push(Golden { name, version, minimal, payload });
        }
    }
    found
}

/// Every golden payload, by its event.
pub(crate) fn all() -> Vec<(Kind, Vec<Golden>)> {
    let mut names: BTreeSet<String> = listing(&root().join(FOLDER)).into_iter().collect();
    let mut of = |kind: Kind| {
        let goldens = goldens(&kind, &mut names);
        (kind, goldens)
    };
    catalogue::all().into_iter().map(&mut of).collect()
}

/// What is left of an example when everything is taken out that can be.
fn minimal(kind: &Kind, example: &Value) -> Value {
    fn pointers(value: &Value, at: &str, found: &mut Vec<(String, String)>) {
        match value {
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(index, item)| pointers(item, &format!("{at}/{index}"), found));
            }
            Value::Object(fields) => {
                found.extend(fields.keys().map(|name| (at.to_owned(), name.clone())));
                fields.iter().for_each(|(name, field)| pointers(field, &format!("{at}/{name}"), found));
            }
            _ => {}
        }
    }
    let mut least = example.clone();
    let mut places = Vec::new();
    pointers(&least, "", &mut places);
    for (parent, name) in places {
        let mut less = least.clone();
        let Some(Value::Object(fields)) = less.pointer_mut(&parent) else { continue };
        fields.remove(&name);
        if kind.reread(kind.newest, &less).as_ref() == Ok(&less) {
            least = less;
        }
    }
    least
}

/// Whether `newer` is `older` with fields added, and nothing else.
fn adds_to(older: &Value, newer: &Value) -> bool {
    match (older, newer) {
        (Value::Object(old), Value::Object(new)) => {
            old.iter().all(|(name, field)| new.get(name).is_some_and(|other| adds_to(field, other)))
        }
        (Value::Array(old), Value::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(a, b)| adds_to(a, b))
        }
        _ => older == newer,
    }
}

fn save(name: &str, payload: &Value) {
    let mut text = serde_json::to_string_pretty(&sorted(payload.clone())).expect("JSON");
    text.push('\n');
    write(&root().join(FOLDER).join(name), &text);
}

/// Adds the golden payloads of today's version that are not there: never touches one that is.
fn add_missing(kind: &Kind) {
    let mut names: BTreeSet<String> = listing(&root().join(FOLDER)).into_iter().collect();
    let mut full = goldens(kind, &mut names);
    full.retain(|golden| golden.version == kind.newest && !golden.minimal);
    let stem = kind.stem(kind.newest);
    if full.is_empty() {
        let least = minimal(kind, &kind.examples[0]);
        if least != kind.examples[0] {
            save(&format!("{stem}.minimal.json"), &least);
        }
    }
    let unchanged = |golden: &Golden| kind.reread(golden.version, &golden.payload).as_ref() == Ok(&golden.payload);
    let (is_new, may_grow) = (full.is_empty(), full.iter().all(unchanged));
    let mut count = full.len();
    for example in &kind.examples {
        let present = full.iter().any(|golden| golden.payload == *example);
        let grown = may_grow && full.iter().any(|golden| adds_to(&golden.payload, example));
        if !present && (is_new || grown) {
            count += 1;
            let number = if count == 1 { String::new() } else { format!(".{count}") };
            save(&format!("{stem}{number}.json"), example);
        }
    }
}

#[test]
fn the_golden_artefacts_cover_every_version_that_was_ever_written() {
    let kinds = catalogue::all();
    if updating() {
        kinds.iter().for_each(add_missing);
    }
    let mut names: BTreeSet<String> = listing(&root().join(FOLDER)).into_iter().collect();
    for kind in &kinds {
        let goldens = goldens(kind, &mut names);
        for version in 1..=kind.newest {
            assert!(
                goldens.iter().any(|golden| golden.version == version && !golden.minimal),
                "{FOLDER}/{}.json is not there: run `make artefacts` for a new event or version; that of an older version \
                 stands in the history of the repository",
                kind.stem(version)
            );
        }
        let todays: Vec<_> = goldens.iter().filter(|golden| golden.version == kind.newest).collect();
        assert!(
            kind.examples.iter().all(|example| todays.iter().any(|golden| golden.payload == *example)),
            "{} is no longer written as its golden payload in {FOLDER} has it. Golden payloads stay as they are. Where a \
             field was only added and may be left out, `make artefacts` adds a further one; for any other change raise the \
             event's version by an upcaster: docs/EVENTS.md, \"To change an event\"",
            kind.event_type
        );
    }
    assert!(names.is_empty(), "{FOLDER} holds files that are of no event and version: {names:?}");
}

#[test]
fn every_golden_payload_is_read_as_what_the_event_is_today() {
    for (kind, goldens) in all() {
        let todays = jsonschema::validator_for(&kind.schema).expect("a schema");
        for Golden { name, version, payload, .. } in goldens {
            let read = kind.reread(version, &payload);
            let read = read.unwrap_or_else(|error| panic!("{FOLDER}/{name} is no longer read: {error}"));
            if version == kind.newest {
                assert_eq!(read, payload, "{FOLDER}/{name} would be written in another way today");
            }
            assert!(todays.is_valid(&read), "{FOLDER}/{name} is read as what its event's schema doesn't allow");
        }
    }
}

#[test]
fn every_golden_payload_is_valid_by_the_schema_of_its_version() {
    for (kind, goldens) in all() {
        let mut validators = BTreeMap::new();
        for Golden { name, version, payload, .. } in goldens {
            let validator = validators.entry(version).or_insert_with(|| {
                let path = root().join(format!("schema/events/{}.json", kind.stem(version)));
                let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                jsonschema::validator_for(&serde_json::from_str(&text).expect("JSON")).expect("a schema")
            });
            if let Err(error) = validator.validate(&payload) {
                panic!("{FOLDER}/{name} at {}: {error}", error.instance_path());
            }
        }
    }
}

#[test]
fn upcasters_leave_every_sealed_text_in_its_field() {
    fn sealed(value: &Value, at: &str, found: &mut BTreeMap<String, String>) {
        match value {
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(index, item)| sealed(item, &format!("{at}/{index}"), found));
            }
            Value::Object(fields) => {
                if let Some(Value::String(text)) = fields.get(SEALED) {
                    found.insert(at.to_owned(), text.clone());
                }
                fields.iter().for_each(|(name, field)| sealed(field, &format!("{at}/{name}"), found));
            }
            _ => {}
        }
    }
    for (kind, goldens) in all() {
        for Golden { name, version, payload: before, .. } in goldens {
            let mut after = before.clone();
            upcast::upcast(kind.upcasters, kind.event_type, version, &mut after);
            let (mut had, mut has) = (BTreeMap::new(), BTreeMap::new());
            sealed(&before, "", &mut had);
            sealed(&after, "", &mut has);
            assert_eq!(had, has, "{FOLDER}/{name}: a sealed text opens in its own field only");
        }
    }
}
