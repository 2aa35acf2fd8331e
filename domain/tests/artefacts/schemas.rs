//! JSON Schema of each event and version, under `schema/events/`.

use std::collections::BTreeSet;
use std::fs;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use crate::{catalogue, listing, root, sorted, updating, write};

const FOLDER: &str = "schema/events";

/// The schema of one event's payload, as it is stored: cut out of the schema of its aggregate's events.
pub(crate) fn of<E: JsonSchema>(event_type: &str, version: u32) -> Value {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut whole = generator.into_root_schema_for::<E>().to_value();
    tidy(&mut whole);
    let variants = whole["oneOf"].as_array().expect("an enum of events");
    let mut schema = variants.iter().find(|one| one["required"] == json!([event_type])).expect("a variant").clone();
    schema["$schema"] = whole["$schema"].clone();
    schema["title"] = json!(format!("{event_type}, version {version}"));
    let used = used(&schema, &whole["$defs"]);
    if !used.is_empty() {
        schema["$defs"] =
            Value::Object(used.into_iter().map(|name| (name.clone(), whole["$defs"][name].clone())).collect());
    }
    schema
}

/// Names of the definitions that a schema refers to, directly or not.
fn used(schema: &Value, defs: &Value) -> BTreeSet<String> {
    fn visit(value: &Value, defs: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| visit(item, defs, found)),
            Value::Object(fields) => {
                let name = fields.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix("#/$defs/"));
                if let Some(name) = name
                    && found.insert(name.to_owned())
                {
                    visit(&defs[name], defs, found);
                }
                fields.values().for_each(|field| visit(field, defs, found));
            }
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    visit(schema, defs, &mut found);
    found
}

/// Takes `null` out (what isn't there is left out of events), and what only makes sense in Rust's own documentation.
fn tidy(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(fields) => {
            not_null(fields);
            if let Some(Value::String(text)) = fields.get_mut("description") {
                *text = plain(text);
            }
            fields.values_mut().for_each(tidy);
        }
        _ => {}
    }
}

fn not_null(schema: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|one| one != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    let null = json!({"type": "null"});
    if let Some(Value::Array(any)) = schema.get_mut("anyOf")
        && any.contains(&null)
    {
        any.retain(|one| *one != null);
        if let [Value::Object(only)] = any.as_mut_slice() {
            let only = std::mem::take(only);
            schema.remove("anyOf");
            // What is said about the field comes before what is said about its type.
            for (keyword, value) in only {
                schema.entry(keyword).or_insert(value);
            }
        }
    }
}

/// A description on one line, without links into the code.
fn plain(text: &str) -> String {
    let mut text = text.replace('\n', " ");
    while let Some((before, rest)) = text.split_once("[`") {
        let Some((name, after)) = rest.split_once("`]") else { break };
        let after = after.strip_prefix('(').and_then(|link| link.split_once(')')).map_or(after, |(_, after)| after);
        text = format!("{before}`{name}`{after}");
    }
    text
}

/// A schema as it is written to its file.
fn text(schema: &Value) -> String {
    let schema = Schema::try_from(sorted(schema.clone())).expect("a schema");
    let mut text = serde_json::to_string_pretty(&schema).expect("JSON");
    text.push('\n');
    text
}

/// Whether `new` allows what `old` does, and nothing else but further fields that may be left out: the changes that a version
/// stands. Otherwise where it differs.
fn only_grown(old: &Value, new: &Value, at: &str) -> Result<(), String> {
    let inside = |name: &str| format!("{at}/{name}");
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let keywords: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for keyword in keywords {
                let (before, after) = (old.get(keyword), new.get(keyword));
                match (keyword.as_str(), before, after) {
                    ("title" | "description" | "$schema", ..) => {}
                    ("$defs", ..) => {
                        let (Some(Value::Object(before)), Some(Value::Object(after))) = (before, after) else {
                            continue;
                        };
                        for (name, one) in before {
                            // A definition is missed where it is referred to.
                            after.get(name).map_or(Ok(()), |other| only_grown(one, other, &inside(name)))?;
                        }
                    }
                    ("properties", Some(Value::Object(before)), Some(Value::Object(after))) => {
                        for (name, one) in before {
                            only_grown(one, after.get(name).unwrap_or(&Value::Null), &inside(name))?;
                        }
                    }
                    ("required", Some(Value::Array(before)), Some(Value::Array(after)))
                        if before.len() == after.len() && before.iter().all(|name| after.contains(name)) => {}
                    (_, Some(before), Some(after)) => only_grown(before, after, &inside(keyword))?,
                    _ => return Err(inside(keyword)),
                }
            }
            Ok(())
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => old
            .iter()
            .zip(new)
            .enumerate()
            .try_for_each(|(i, (old, new))| only_grown(old, new, &inside(&i.to_string()))),
        _ if old == new => Ok(()),
        _ => Err(at.to_owned()),
    }
}

#[test]
fn a_version_stands_new_optional_fields_and_no_other_change() {
    let schema = |fields: Value, required: Value, word: &str| {
        json!({
            "description": "It was closed.",
            "properties": fields,
            "required": required,
            "$defs": {"Word": {"oneOf": [{"const": word}]}},
        })
    };
    let word = json!({"$ref": "#/$defs/Word"});
    let old = schema(json!({"a": word}), json!(["a"]), "yes");
    let mut told_otherwise = old.clone();
    told_otherwise["description"] = json!("The incident was closed.");
    assert_eq!(only_grown(&old, &told_otherwise, ""), Ok(()));
    let optional = schema(json!({"a": word, "b": {"type": "integer"}}), json!(["a"]), "yes");
    assert_eq!(only_grown(&old, &optional, ""), Ok(()));
    for (change, place) in [
        (schema(json!({"a": word, "b": {"type": "integer"}}), json!(["a", "b"]), "yes"), "/required"),
        (schema(json!({"a": word}), json!([]), "yes"), "/required"),
        (schema(json!({"b": word}), json!(["a"]), "yes"), "/a"),
        (schema(json!({"a": {"type": "string"}}), json!(["a"]), "yes"), "/a/$ref"),
        (schema(json!({"a": word}), json!(["a"]), "no"), "/Word/oneOf/0/const"),
    ] {
        assert_eq!(only_grown(&old, &change, ""), Err(place.to_owned()));
    }
}

#[test]
fn the_event_schema_artefacts_are_what_the_events_are() {
    let folder = root().join(FOLDER);
    let mut expected = BTreeSet::new();
    for kind in catalogue::all() {
        let name = |version| format!("{}.json", kind.stem(version));
        // The schemas of older versions stay as they were when those were today's.
        expected.extend((1..=kind.newest).map(name));
        let path = folder.join(name(kind.newest));
        let produced = text(&kind.schema);
        let committed = fs::read_to_string(&path).unwrap_or_default();
        if let Ok(before) = serde_json::from_str::<Value>(&committed)
            && let Err(place) = only_grown(&before, &kind.schema, "")
        {
            panic!(
                "{FOLDER}/{} no longer describes the event, at `{place}`: with this change a program of yesterday can't read \
                 what is written from now on, or the other way about. Raise the event's version by an upcaster: \
                 docs/EVENTS.md, \"To change an event\"",
                name(kind.newest)
            );
        }
        if updating() {
            write(&path, &produced);
        } else {
            assert!(committed == produced, "{FOLDER}/{} is not up to date: run `make artefacts`", name(kind.newest));
        }
    }
    let committed: BTreeSet<String> = listing(&folder).into_iter().collect();
    let stale: Vec<_> = committed.difference(&expected).collect();
    assert!(
        stale.is_empty(),
        "{FOLDER} describes events that are not: {stale:?}; an event that was written stays for ever"
    );
    let missing: Vec<_> = expected.difference(&committed).collect();
    assert!(
        missing.is_empty(),
        "{FOLDER} lacks older versions: {missing:?}; take them from the history of the repository"
    );
}

#[test]
fn each_event_schema_is_one_and_says_what_each_field_means() {
    for kind in catalogue::all() {
        jsonschema::meta::validate(&kind.schema).unwrap_or_else(|error| panic!("{}: {error}", kind.event_type));
        assert!(!kind.description().is_empty(), "{} has no description", kind.event_type);
        let event = &kind.schema["properties"][kind.event_type];
        assert!(event.is_object(), "{} has no schema", kind.event_type);
        // One that says no more than that it happened has none.
        for (name, field) in event["properties"].as_object().into_iter().flatten() {
            assert!(field["description"].is_string(), "{}.{name} has no description", kind.event_type);
        }
    }
}

#[test]
fn an_event_schema_lets_no_open_personal_data_through() {
    let kinds = catalogue::all();
    let registered = kinds.iter().find(|kind| kind.event_type == "IncidentRegistered").expect("an event");
    let validator = jsonschema::validator_for(&registered.schema).expect("a schema");
    assert!(validator.is_valid(&registered.examples[0]));
    for (narrative, valid) in [
        (json!({"$erased": true}), true),
        (json!({"$erased": false}), false),
        (json!({"$open": "theft"}), false),
        (json!("theft"), false),
        (json!({"$sealed": "v1.short.AAAA"}), false),
        (Value::Null, false),
    ] {
        let mut payload = registered.examples[0].clone();
        payload["IncidentRegistered"]["narrative"] = narrative.clone();
        assert_eq!(validator.is_valid(&payload), valid, "{narrative}");
    }
}
