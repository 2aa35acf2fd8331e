//! Why a row is as it is: its record's events are taken in one by one, in tables that nobody else sees and that are gone afterwards, and
//! each column is told with the event that last changed it.

use std::collections::BTreeMap;

use event_store::consumer::Handler as _;
use event_store::log::StoredEvent;
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::diff::RowDiff;
use super::error::RebuildError;
use super::fill::Filling;
use crate::event::DecodedEvent;
use crate::install::make_tables_in_tx;

/// Most events of a record that are taken in again.
const MOST_EVENTS: usize = 2_000;

/// Why a row is as it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The record whose events were taken in.
    pub record: Uuid,
    /// How many.
    pub events: usize,
    /// Each column that differs: what the events give, and which set it.
    pub columns: BTreeMap<String, SetBy>,
    /// An event that could not be taken in: it and all after it are left out.
    pub broken_at: Option<u64>,
}

/// What events give, and which.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SetBy {
    /// The value; null where there is no such row.
    pub value: Value,
    /// Position of the event that gave it; nothing where none did.
    pub position: Option<u64>,
    /// Its type.
    pub event_type: Option<String>,
    /// Which of the two says the same: `live`, `other`, or neither, where it depends on other records too.
    pub agrees_with: Option<&'static str>,
}

impl Filling {
    /// Explains a row of a table that differs, by the events of the first record in its key that a log knows.
    pub(crate) async fn explain(&self, table: &str, row: &RowDiff) -> Result<Option<Explanation>, RebuildError> {
        for record in &row.records {
            let mut events = Vec::new();
            for reader in &self.readers {
                if self.model.consumer.logs.contains(&reader.log()) {
                    events.extend(reader.stream(*record).await?);
                }
            }
            if !events.is_empty() {
                events.truncate(MOST_EVENTS);
                return Ok(Some(self.replay(table, row, *record, events).await?));
            }
        }
        Ok(None)
    }

    async fn replay(
        &self,
        table: &str,
        row: &RowDiff,
        record: Uuid,
        events: Vec<StoredEvent>,
    ) -> Result<Explanation, RebuildError> {
        let schema = format!("{}__explain", self.model.name());
        let names: Vec<String> = row.live.iter().chain(&row.other).flat_map(|row| row.keys().cloned()).collect();
        let mut columns: BTreeMap<String, SetBy> = names.into_iter().map(|name| (name, SetBy::nothing())).collect();
        let mut tx = self.owner.begin().await?;
        make_tables_in_tx(&self.model, &mut tx, &schema).await?;
        let mut projector = self.model.projector(&schema);
        let (count, mut broken_at, reads) = (events.len(), None, projector.reads());
        for stored in events.into_iter().filter(|stored| reads.contains(&stored.aggregate_type.as_str())) {
            let (position, event_type) = (stored.position.get(), stored.event_type.clone());
            let Ok(event) = projector.decode(&stored) else {
                broken_at = Some(position);
                break;
            };
            if projector.apply(&mut tx, &[DecodedEvent { stored, event }]).await.is_err() {
                broken_at = Some(position);
                break;
            }
            let now = row_of(&mut tx, &schema, table, row).await?;
            for (name, set) in &mut columns {
                let value = now.as_ref().and_then(|now| now.get(name).cloned()).unwrap_or(Value::Null);
                if set.position.is_none() && value.is_null() || set.value == value {
                    continue;
                }
                (set.value, set.position, set.event_type) = (value, Some(position), Some(event_type.clone()));
            }
        }
        tx.rollback().await?;
        for (name, set) in &mut columns {
            let says = |side: &Option<BTreeMap<String, Value>>| {
                side.as_ref().map_or(Value::Null, |row| row.get(name).cloned().unwrap_or(Value::Null)) == set.value
            };
            set.agrees_with = if says(&row.other) { Some("other") } else { says(&row.live).then_some("live") };
        }
        Ok(Explanation { record, events: count, columns, broken_at })
    }
}

impl SetBy {
    fn nothing() -> SetBy {
        SetBy { value: Value::Null, position: None, event_type: None, agrees_with: None }
    }
}

/// The row of that key in the tables that nobody else sees.
async fn row_of(
    tx: &mut PgConnection,
    schema: &str,
    table: &str,
    row: &RowDiff,
) -> Result<Option<BTreeMap<String, Value>>, sqlx::Error> {
    let keys: Vec<&str> = row.key.keys().map(String::as_str).collect();
    let conditions: Vec<String> = (1..).zip(&keys).map(|(n, key)| format!("{key}::text = ${n}")).collect();
    let sql = format!("select to_jsonb(t) from {schema}.{table} t where {}", conditions.join(" and "));
    let mut query = sqlx::query_scalar(&sql);
    for value in row.key.values() {
        query = query.bind(value.as_str().unwrap_or_default());
    }
    let found: Option<sqlx::types::Json<BTreeMap<String, Value>>> = query.fetch_optional(tx).await?;
    Ok(found.map(|found| found.0))
}
