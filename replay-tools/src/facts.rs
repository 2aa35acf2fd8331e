//! What a record said at some moment: of its events, each fact as it was said last.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::incident::{EARLIER, TELLING};
use serde::Serialize;
use serde_json::Value;

use crate::history::{Axis, Entry, KnownAt};

/// A fact, and where it was said.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fact {
    /// What was said.
    pub value: Value,
    /// In which event: its place in the record's own history.
    pub version: u64,
}

/// Events that say what a card is about, as [`TELLING`] does of an incident.
const OF_CARD: &[&str] = &["CallReceived", "CardQualified", "CardRequalified", "CardCompleted"];

/// What of them is about the event and not about the record.
const ABOUT_THE_EVENT: &[&str] = &["reason", "at", "anomalies", "sequence", "recorded_there", "superseded_at"];

/// What is no longer so once an incident was opened again.
const ENDED: &[&str] = &["disposition", "closing_type"];

/// What the events say, taken together. On the source's axis in the order in which the source recorded them: what came late and had been
/// recorded there before replaces nothing that was recorded there after it. What a source had said before what was known here holds on its
/// axis alone, and at a moment before it was superseded there.
pub(crate) fn facts(entries: &[Entry], known_at: Option<KnownAt>) -> BTreeMap<String, Fact> {
    let axis = known_at.map_or(Axis::Log, |known| known.axis);
    let mut in_order: Vec<&Entry> = entries.iter().collect();
    in_order.sort_by_key(|entry| (entry.recorded_on(axis), entry.version));
    let (mut facts, mut earlier) = (BTreeMap::new(), BTreeMap::new());
    for entry in in_order {
        if entry.event == "IncidentReopened" {
            facts.retain(|name: &String, _| !ENDED.contains(&name.as_str()));
        }
        let Value::Object(said) = &entry.content else { continue };
        let told = said.iter().filter(|(name, _)| !ABOUT_THE_EVENT.contains(&name.as_str()));
        let told = told.map(|(name, value)| (name.clone(), Fact { value: value.clone(), version: entry.version }));
        if entry.event == EARLIER {
            // All of one version, in place of all of the one before.
            earlier = if known_at.is_some_and(|known| holds(entry, known)) { told.collect() } else { BTreeMap::new() };
        } else if TELLING.iter().chain(OF_CARD).any(|event| *event == entry.event) {
            let told: BTreeMap<String, Fact> = told.collect();
            earlier.retain(|name, _| !told.contains_key(name));
            facts.extend(told);
        }
    }
    facts.extend(earlier);
    facts
}

/// Whether what a source had said still held there: nobody knows where nobody said when it was superseded.
fn holds(earlier: &Entry, known: KnownAt) -> bool {
    let superseded = earlier.content["superseded_at"].as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    known.axis == Axis::Source && superseded.is_some_and(|at| known.at < at.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(minute * 60, 0).unwrap()
    }

    fn entry(version: u64, event: &str, source: Option<i64>, content: Value) -> Entry {
        Entry {
            position: format!("1.{version}"),
            version,
            event: event.to_owned(),
            occurred_at: at(0),
            source_recorded_at: source.map(at),
            recorded_at: at(100 + i64::try_from(version).unwrap()),
            institution: String::new(),
            actor: String::new(),
            content,
            metadata: BTreeMap::new(),
        }
    }

    fn said(entries: &[Entry], axis: Axis) -> Value {
        said_at(entries, 1_000, axis)
    }

    fn said_at(entries: &[Entry], minute: i64, axis: Axis) -> Value {
        let known = KnownAt { at: at(minute), axis };
        let there: Vec<Entry> = entries.iter().filter(|entry| entry.recorded_on(axis) <= known.at).cloned().collect();
        facts(&there, Some(known)).into_iter().map(|(name, fact)| (name, json!([fact.value, fact.version]))).collect()
    }

    #[test]
    fn each_fact_is_as_it_was_said_last_on_the_axis_that_is_asked_for() {
        let entries = [
            entry(1, "IncidentRegistered", Some(1), json!({ "narrative": "a", "type_code": "fire" })),
            entry(2, "IncidentSupplemented", Some(9), json!({ "narrative": "c", "reason": "why" })),
            // Recorded by its source before the second, and came after it.
            entry(3, "IncidentSupplemented", Some(5), json!({ "narrative": "b", "place": "x" })),
            entry(4, "IncidentAssigned", None, json!({ "assignee": "y" })),
        ];
        assert_eq!(
            said(&entries, Axis::Source),
            json!({ "narrative": ["c", 2], "type_code": ["fire", 1], "place": ["x", 3] })
        );
        assert_eq!(said(&entries, Axis::Log)["narrative"], json!(["b", 3]));
    }

    #[test]
    fn what_a_source_had_said_before_what_is_known_holds_there_until_it_was_superseded() {
        let version = |sequence: u64, narrative: &str, superseded: i64| json!({ "sequence": sequence, "narrative": narrative, "superseded_at": at(superseded).to_rfc3339() });
        let mut entries = vec![
            entry(1, "IncidentRegistered", Some(1), json!({ "narrative": "a", "type_code": "fire" })),
            entry(2, "IncidentSupplemented", Some(9), json!({ "narrative": "d" })),
            // Both came after it, in the wrong order.
            entry(3, EARLIER, Some(5), version(5, "c", 9)),
            entry(4, EARLIER, Some(3), json!({ "narrative": "b", "place": "x", "superseded_at": at(9).to_rfc3339() })),
        ];
        for (minute, narrative, place) in [
            (1, json!(["a", 1]), None),
            (3, json!(["b", 4]), Some("x")),
            (5, json!(["c", 3]), None),
            (9, json!(["d", 2]), None),
        ] {
            let said = said_at(&entries, minute, Axis::Source);
            assert_eq!((&said["narrative"], said["place"][0].as_str()), (&narrative, place), "at {minute}: {said}");
            assert_eq!(said.get("sequence"), None);
        }
        assert_eq!(said(&entries, Axis::Log)["narrative"], json!(["d", 2]), "here it never held");
        assert_eq!(facts(&entries, None)["narrative"].version, 2);
        // What is said again without any event, is said from when the earlier version was superseded.
        entries.retain(|entry| entry.version != 2);
        assert_eq!(said_at(&entries, 9, Axis::Source)["narrative"], json!(["a", 1]));
    }

    #[test]
    fn what_was_closed_and_opened_again_has_not_ended() {
        let mut entries = vec![
            entry(1, "IncidentRegistered", None, json!({ "type_code": "fire" })),
            entry(2, "IncidentClosed", None, json!({ "disposition": "report-taken", "closing_type": "fire" })),
        ];
        assert_eq!(said(&entries, Axis::Log)["disposition"], json!(["report-taken", 2]));
        entries.push(entry(3, "IncidentReopened", None, json!({ "reason": "***" })));
        assert_eq!(said(&entries, Axis::Log), json!({ "type_code": ["fire", 1] }));
    }
}
