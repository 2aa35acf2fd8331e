//! Records of an answer that are parked: a read model could not take an event of theirs in, so what it shows of them is as it was
//! before that event, until somebody has mended it.

use std::collections::BTreeMap;

use async_graphql::{Value, value};
use event_store::consumer::Build;
use event_store::log::LogName;
use uuid::Uuid;

use crate::consulted::Shown;
use crate::error::QueryError;
use crate::freshness::{Tide, answers_from};
use crate::snapshot::Snapshot;

/// Which records of an answer are parked, in which read models, and which event each of them is shown as of before. None where all of
/// them are as their logs say.
pub(crate) async fn read(snapshot: &Snapshot, shown: &Shown, tide: &Tide) -> Result<Option<Value>, QueryError> {
    let sql = "select aggregate_id, name, log, first_position from projections.parked
               where build = $1 and aggregate_id = any ($2) order by aggregate_id, name";
    let parked: Vec<(Uuid, String, String, i64)> = sqlx::query_as(sql)
        .bind(Build::Live.label())
        .bind(shown.records())
        .fetch_all(&mut *snapshot.read().await?)
        .await?;
    let mut records: BTreeMap<Uuid, Vec<Value>> = BTreeMap::new();
    for (record, name, log, position) in parked.into_iter().filter(|(_, name, ..)| answers_from(name)) {
        let Some(log) = LogName::parse(&log) else { continue };
        let before = tide.position(position.unsigned_abs(), log).to_string();
        records.entry(record).or_default().push(value!({ "name": name, "before": before }));
    }
    let each =
        records.into_iter().map(|(record, models)| value!({ "record": record.to_string(), "readModels": models }));
    let each: Vec<Value> = each.collect();
    Ok((!each.is_empty()).then_some(Value::List(each)))
}
