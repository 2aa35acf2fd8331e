//! Loads where the fields of incidents came from: what was said of each last, and who said it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use chrono::{DateTime, Utc};
use domain::incident::TELLING;
use serde_json::Value;
use uuid::Uuid;

use super::Loaded;
use crate::error::QueryError;
use crate::snapshot::Snapshot;

/// Who said last what a field of an incident says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OriginRow {
    pub(crate) field: String,
    pub(crate) event_type: String,
    pub(crate) position: i64,
    pub(crate) occurred_at: DateTime<Utc>,
    pub(crate) recorded_at: DateTime<Utc>,
    pub(crate) card: Option<Uuid>,
    metadata: BTreeMap<String, String>,
}

impl OriginRow {
    /// What the event's metadata says of that.
    pub(crate) fn told(&self, name: &str) -> Option<&str> {
        self.metadata.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }
}

/// The incident, type, position and times of an event, what it says, and who said it.
type Telling = (Uuid, String, i64, DateTime<Utc>, DateTime<Utc>, String, String);

/// Bounded by sequence too: on a table without statistics PostgreSQL might otherwise walk over all that others wrote meanwhile.
const EVENTS: &str = "
    select s.aggregate_id, e.event_type, e.position, e.occurred_at, e.recorded_at, e.payload::text, e.metadata::text
    from register.streams s
    join register.events e on e.aggregate_id = s.aggregate_id::text
                          and e.sequence between 1 and s.version
                          and e.position between s.first_position and s.last_position
    where s.aggregate_id = any ($1) and s.aggregate_type = 'incident'
      and e.event_type = any ($2)
    order by e.position";

/// What an event says beside the fields of the incident: why, and what follows from them.
const NO_FIELDS: [&str; 7] = ["reason", "number", "institution", "class", "respond_by", "split_from", "card"];

pub(super) struct Origins(pub(super) Snapshot);

impl Loader<Uuid> for Origins {
    type Value = Vec<OriginRow>;
    type Error = Arc<QueryError>;

    async fn load(&self, incidents: &[Uuid]) -> Loaded<Vec<OriginRow>> {
        let mut reading = self.0.read().await.map_err(Arc::new)?;
        let rows: Vec<Telling> = sqlx::query_as(EVENTS)
            .bind(incidents)
            .bind(TELLING)
            .fetch_all(&mut *reading)
            .await
            .map_err(|error| Arc::new(error.into()))?;
        let mut of_incidents: HashMap<Uuid, BTreeMap<String, OriginRow>> = HashMap::new();
        for (incident, event_type, position, occurred_at, recorded_at, payload, metadata) in rows {
            let wrong = |_| Arc::new(QueryError::internal("an event of an incident cannot be read"));
            // Externally tagged: `{"IncidentClosed":{…}}`, one entry.
            let tagged: BTreeMap<String, BTreeMap<String, Value>> = serde_json::from_str(&payload).map_err(wrong)?;
            let metadata: BTreeMap<String, String> = serde_json::from_str(&metadata).map_err(wrong)?;
            let said = tagged.into_values().next().unwrap_or_default();
            let card = said.get("card").and_then(Value::as_str).and_then(|card| Uuid::try_parse(card).ok());
            for field in said.into_keys().filter(|field| !NO_FIELDS.contains(&field.as_str())) {
                let (event_type, metadata) = (event_type.clone(), metadata.clone());
                let row =
                    OriginRow { field: field.clone(), event_type, position, occurred_at, recorded_at, card, metadata };
                of_incidents.entry(incident).or_default().insert(field, row);
            }
        }
        Ok(of_incidents.into_iter().map(|(incident, fields)| (incident, fields.into_values().collect())).collect())
    }
}
