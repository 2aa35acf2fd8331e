//! What a record said at some moment: of its events, each fact as it was said last.

use std::collections::BTreeMap;

use domain::incident::TELLING;
use serde::Serialize;
use serde_json::Value;

use crate::history::{Axis, Entry};

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
const ABOUT_THE_EVENT: &[&str] = &["reason", "at", "anomalies"];

/// What is no longer so once an incident was opened again.
const ENDED: &[&str] = &["disposition", "closing_type"];

/// What the events say, taken together. On the source's axis in the order in which the source recorded them: what came late and had been
/// recorded there before replaces nothing that was recorded there after it.
pub(crate) fn facts(entries: &[Entry], axis: Axis) -> BTreeMap<String, Fact> {
    let mut in_order: Vec<&Entry> = entries.iter().collect();
    in_order.sort_by_key(|entry| (entry.recorded_on(axis), entry.version));
    let mut facts = BTreeMap::new();
    for entry in in_order {
        if entry.event == "IncidentReopened" {
            facts.retain(|name: &String, _| !ENDED.contains(&name.as_str()));
        }
        let Value::Object(said) = &entry.content else { continue };
        if !TELLING.iter().chain(OF_CARD).any(|event| *event == entry.event) {
            continue;
        }
        for (name, value) in said.iter().filter(|(name, _)| !ABOUT_THE_EVENT.contains(&name.as_str())) {
            facts.insert(name.clone(), Fact { value: value.clone(), version: entry.version });
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
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
        facts(entries, axis).into_iter().map(|(name, fact)| (name, json!([fact.value, fact.version]))).collect()
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
