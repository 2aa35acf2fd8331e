//! The timeline of a record (notikumu gaita): one entry for each event, and for events of others that name the record.

mod rows;

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use domain::access_grant::GrantScope;
use domain::emergency_card::CardEvent;
use domain::incident::IncidentEvent;
use domain::personal::{ERASED, OPEN, SEALED};
use domain::retention::{ErasureScope, RetentionEvent};
use domain::seized_item::SeizedItemEvent;
use domain::unit::UnitEvent;
use event_store::consumer::ApplyError;
use event_store::log::{LogName, StoredEvent};
use serde_json::Value;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

pub use self::rows::{EntryRow, ItemRow, TimelinePage, Visible};
use crate::event::{
    ACCESS_GRANT, CARD, DecodedEvent, EMERGENCY_ACCESS, INCIDENT, RETENTION, RegisterEvent, SEIZED_ITEM, UNIT,
};
use crate::fact::{bigint, metadata, utc};
use crate::projection::Projection;
use crate::table::{Rows, Statements};

/// The projector of the timeline.
#[derive(Debug)]
pub struct Timeline {
    entries: Statements,
    items: Statements,
}

impl Projection for Timeline {
    const NAME: &'static str = "timeline";
    const VERSION: u32 = 5;
    const LOGS: &'static [LogName] = &[LogName::REGISTER];
    const AGGREGATES: &'static [&'static str] =
        &[INCIDENT, CARD, UNIT, RETENTION, ACCESS_GRANT, EMERGENCY_ACCESS, SEIZED_ITEM];
    const APART: &'static [&'static str] = Self::AGGREGATES;
    const TABLES: &'static [&'static str] = &["entries", "items"];
    const SCHEMA_SQL: &'static str = include_str!("schema.sql");

    fn new(schema: &str) -> Self {
        Self {
            entries: Statements::new::<EntryRow>(schema, "record"),
            items: Statements::new::<ItemRow>(schema, "item"),
        }
    }

    async fn apply(&mut self, tx: &mut PgConnection, batch: &[DecodedEvent]) -> Result<(), ApplyError> {
        let of_items = batch.iter().filter(|event| matches!(event.event, RegisterEvent::SeizedItem(_)));
        let known: Vec<Uuid> = of_items.map(|event| event.stored.aggregate_id).collect();
        let known = self.items.load::<ItemRow>(tx, &known).await?;
        let mut items = Rows::of(known.into_iter().map(|row| (row.item, row)));
        let mut entries = Vec::with_capacity(batch.len() * 2);
        for DecodedEvent { stored, event } in batch {
            let own = entry(stored)?;
            if let RegisterEvent::SeizedItem(event) = event
                && let SeizedItemEvent::ItemSeized { incident, .. } = event.as_ref()
            {
                items.put(own.record, ItemRow { item: own.record, incident: *incident });
            }
            for other in named(event, items.get(own.record)).into_iter().filter(|other| *other != own.record) {
                entries.push(EntryRow { record: other, ..own.clone() });
            }
            entries.push(own);
        }
        self.items.upsert(tx, &items.changed()).await?;
        self.entries.upsert(tx, &entries).await?;
        Ok(())
    }
}

/// Other records in whose timelines the event is worth an entry, each once. Not those whose own stream says the same: a unit that is
/// assigned or released is attached or cleared on the card, and an incident that another is tied to or merged into says so from its side.
/// Of a seized item it is the incident that it was seized in.
fn named(event: &RegisterEvent, item: Option<&ItemRow>) -> BTreeSet<Uuid> {
    let one = match event {
        RegisterEvent::Incident(event) => match event.as_ref() {
            IncidentEvent::IncidentRegistered { card, .. } => *card,
            _ => None,
        },
        RegisterEvent::Card(event) => match event.as_ref() {
            CardEvent::CardLinked { incident } => Some(*incident),
            _ => None,
        },
        RegisterEvent::Unit(event) => match event.as_ref() {
            UnitEvent::StatusReported { card, .. } => *card,
            _ => None,
        },
        RegisterEvent::Retention(event) => return records_of(event),
        RegisterEvent::AccessGrant(event) => match event.scope() {
            GrantScope::Record(record) => Some(*record),
            GrantScope::Class(_) | GrantScope::Role { .. } => None,
        },
        RegisterEvent::EmergencyAccess(event) => Some(event.record()),
        RegisterEvent::SeizedItem(_) => item.map(|item| item.incident),
        RegisterEvent::Track(_)
        | RegisterEvent::AccessDay(_)
        | RegisterEvent::AccessPolicy(_)
        | RegisterEvent::Notice(_)
        | RegisterEvent::Caution(_)
        | RegisterEvent::ResponsePlan(_)
        | RegisterEvent::RosterShift(_)
        | RegisterEvent::ReadModel(_)
        | RegisterEvent::Classifier(_)
        | RegisterEvent::SourceJournal(_)
        | RegisterEvent::SourceRecord(_) => None,
    };
    one.into_iter().collect()
}

/// The records that something was decided on as a whole, or in which keys were destroyed.
fn records_of(event: &RetentionEvent) -> BTreeSet<Uuid> {
    let mut records = BTreeSet::new();
    if let ErasureScope::Record(record) = event.scope() {
        records.insert(record);
    }
    if let RetentionEvent::SubjectKeysDestroyed { keys, .. } = event {
        records.extend(keys.iter().map(|key| key.record));
    }
    records
}

fn entry(stored: &StoredEvent) -> Result<EntryRow, ApplyError> {
    let metadata = metadata(stored)?;
    let told = |key: &str| metadata.get(key).filter(|text| !text.is_empty()).cloned();
    Ok(EntryRow {
        record: stored.aggregate_id,
        position: stored.position.as_i64(),
        aggregate_type: stored.aggregate_type.clone(),
        aggregate_id: stored.aggregate_id,
        sequence: bigint(stored.sequence),
        event_type: stored.event_type.clone(),
        occurred_at: utc(stored.occurred_at),
        recorded_at: utc(stored.recorded_at),
        source_recorded_at: told("source_recorded_at").and_then(|text| {
            // The store takes no other form.
            DateTime::parse_from_rfc3339(&text).ok().map(|at| at.to_utc())
        }),
        institution: told("institution"),
        actor: told("actor"),
        source_system: told("source_system"),
        flags: told("flags"),
        facts: Json(facts(stored)?),
    })
}

/// What the event says: its fields without those that hold personal data.
fn facts(stored: &StoredEvent) -> Result<Value, ApplyError> {
    // Externally tagged: `{"IncidentClosed":{…}}`, one entry.
    let tagged: BTreeMap<String, Value> = serde_json::from_str(&stored.payload).map_err(|_| ApplyError::Event {
        position: stored.position,
        reason: "the payload is no tagged object".to_owned(),
    })?;
    let fields = tagged.into_values().next().unwrap_or(Value::Null);
    Ok(without_personal(fields).unwrap_or_else(|| Value::Object(serde_json::Map::new())))
}

/// The value without sealed, erased or open personal data, and without objects that have nothing else.
fn without_personal(value: Value) -> Option<Value> {
    match value {
        Value::Object(fields) if [SEALED, ERASED, OPEN].iter().any(|mark| fields.contains_key(*mark)) => None,
        Value::Object(fields) if !fields.is_empty() => {
            let kept = fields.into_iter().filter_map(|(name, value)| Some((name, without_personal(value)?)));
            let kept: serde_json::Map<_, _> = kept.collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        Value::Array(items) => Some(Value::Array(items.into_iter().filter_map(without_personal).collect())),
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn facts_hold_no_personal_data_however_deep_it_lies() {
        let fields = json!({
            "number": "VNR-2026-0000001",
            "narrative": {"$sealed": "v1.k.x"},
            "reporter": {"name": {"$sealed": "v1.k.y"}, "phone": {"$erased": true}},
            "people": [{"name": {"$open": "Anna"}, "role": "witness"}, {"$sealed": "v1.k.z"}],
            "place": {"territory": "0001000", "point": {"latitude_e6": 1, "longitude_e6": 2}},
        });
        let kept = without_personal(fields).expect("something is left");
        assert_eq!(
            kept,
            json!({
                "number": "VNR-2026-0000001",
                "people": [{"role": "witness"}],
                "place": {"territory": "0001000", "point": {"latitude_e6": 1, "longitude_e6": 2}},
            })
        );
    }
}
