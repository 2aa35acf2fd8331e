//! The history of a record, as it is shown to an auditor: read by our store and, as a second opinion, by the unmodified
//! postgres-es. Where they do not agree there is no history, but an error.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use cqrs_es::persist::SerializedEvent;
use event_store::log::{DecodeError, LogName, StoredEvent};
use event_store::proof::generation::Lives;
use event_store::read::{LogReader, ReadError};
use serde::Serialize;
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use crate::mask::mask;
use crate::second_reader;

/// On which time axis "as known at" is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// When its source recorded it; this log's time where the event has no source.
    Source,
    /// When this log recorded it.
    Log,
}

/// One event of a record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// `generation.position`.
    pub position: String,
    /// Place in the record's own history, from 1.
    pub version: u64,
    /// What happened.
    pub event: String,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// When its source recorded it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_recorded_at: Option<DateTime<Utc>>,
    /// When this log recorded it.
    pub recorded_at: DateTime<Utc>,
    /// Which institution did it.
    pub institution: String,
    /// Who did it.
    pub actor: String,
    /// What it says; personal data as `***`.
    pub content: Value,
    /// All that is noted of where it came from.
    pub metadata: BTreeMap<String, String>,
}

/// The history of a record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct History {
    /// Type of the record.
    pub record_type: String,
    /// The record.
    pub record_id: Uuid,
    /// The events, in order.
    pub entries: Vec<Entry>,
    /// How many events both readers found, and found equal, in the whole of the record's history.
    pub agreed_by_two_readers: usize,
}

/// A history that can't be shown.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An event is not what its type says.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The second reader failed.
    #[error("the second reader (postgres-es) could not read the record")]
    SecondReader(#[source] cqrs_es::persist::PersistenceError),
    /// The second reader does not know the record's type.
    #[error("the register has no records of type {0}")]
    UnknownType(String),
    /// The two readers found different histories.
    #[error(
        "two independent readers do not agree about {record_id} from version {version} on: nothing is shown; \
         run `vnr log verify`"
    )]
    Disagreement {
        /// The record.
        record_id: Uuid,
        /// The first version on which they differ.
        version: u64,
    },
}

/// The history of a record of `log`, cut off at what was known at a moment on one of the axes.
///
/// # Errors
/// When it can't be read, or the two readers do not agree.
pub async fn history(
    pool: &PgPool,
    log: LogName,
    record: (&str, Uuid),
    known_at: Option<(DateTime<Utc>, Axis)>,
) -> Result<History, HistoryError> {
    let (record_type, record_id) = record;
    let reader = LogReader::new(pool.clone(), log);
    let lives = Lives::read(pool, log).await.map_err(ReadError::from)?;
    let ours = reader.stream(record_id).await?;
    let upto = ours.last().map_or(0, |event| event.sequence);
    let theirs = second_reader::read(pool, log, record_type, record_id)
        .await
        .map_err(HistoryError::SecondReader)?
        .ok_or_else(|| HistoryError::UnknownType(record_type.to_owned()))?;
    // The record may have grown between the two reads.
    let theirs: Vec<SerializedEvent> = theirs.into_iter().filter(|event| event.sequence as u64 <= upto).collect();
    agree(record_id, &ours, &theirs)?;

    let mut entries = Vec::with_capacity(ours.len());
    for event in &ours {
        let entry = entry(event, lives.of(event.position.get()))?;
        let known = known_at.is_none_or(|(moment, axis)| match axis {
            Axis::Log => entry.recorded_at <= moment,
            Axis::Source => entry.source_recorded_at.unwrap_or(entry.recorded_at) <= moment,
        });
        if known {
            entries.push(entry);
        }
    }
    Ok(History { record_type: record_type.to_owned(), record_id, entries, agreed_by_two_readers: ours.len() })
}

fn agree(record_id: Uuid, ours: &[StoredEvent], theirs: &[SerializedEvent]) -> Result<(), HistoryError> {
    let differs = |version: usize| HistoryError::Disagreement { record_id, version: version as u64 + 1 };
    for (place, (our, their)) in ours.iter().zip(theirs).enumerate() {
        let payload: Value = our.as_written()?;
        let metadata: Value = serde_json::to_value(our.metadata_map()?).unwrap_or(Value::Null);
        let same = our.sequence == their.sequence as u64
            && our.aggregate_id.to_string() == their.aggregate_id
            && our.aggregate_type == their.aggregate_type
            && our.event_type == their.event_type
            && our.event_version == their.event_version
            && payload == their.payload
            && metadata == their.metadata;
        if !same {
            return Err(differs(place));
        }
    }
    if ours.len() != theirs.len() {
        return Err(differs(ours.len().min(theirs.len())));
    }
    Ok(())
}

fn entry(event: &StoredEvent, generation: u32) -> Result<Entry, DecodeError> {
    let mut metadata = event.metadata_map()?;
    let content = match mask(event.as_written()?) {
        // Events are tagged with their name, which the entry has already.
        Value::Object(fields) if fields.len() == 1 => {
            fields.into_iter().next().map_or(Value::Null, |(_, content)| content)
        }
        other => other,
    };
    let time = |text: &String| DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc());
    Ok(Entry {
        position: format!("{generation}.{}", event.position),
        version: event.sequence,
        event: event.event_type.clone(),
        occurred_at: event.occurred_at,
        source_recorded_at: metadata.get("source_recorded_at").and_then(time),
        recorded_at: event.recorded_at,
        institution: metadata.remove("institution").unwrap_or_default(),
        actor: metadata.remove("actor").unwrap_or_default(),
        content,
        metadata,
    })
}
