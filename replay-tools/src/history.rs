//! The history of a record, as it is shown to an auditor: read by our store and, as a second opinion, by the unmodified
//! postgres-es. Where they do not agree there is no history, but an error.
//!
//! Each event has three times, which are never mixed: when it happened, when its source recorded it, when this log recorded it. "As known
//! at" is asked on one of the last two, and the answer says on which.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use cqrs_es::persist::SerializedEvent;
use domain::access_day::DataScope;
use domain::incident::EARLIER;
use event_store::log::{DecodeError, LogName, StoredEvent};
use event_store::proof::generation::Lives;
use event_store::read::{LogReader, ReadError};
use event_store::seal::{SealError, sealed_fields};
use serde::Serialize;
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use crate::facts::{Fact, facts};
use crate::second_reader;
use crate::texts::{Opening, SealedText, Shows, show};

/// On which time axis "as known at" is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Axis {
    /// When its source recorded it; this log's time where the event has no source.
    Source,
    /// When this log recorded it.
    Log,
}

/// A moment, and on whose time axis it is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct KnownAt {
    /// The moment.
    pub at: DateTime<Utc>,
    /// Whose recording counts.
    pub axis: Axis,
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
    /// What it says; personal data as `***` where it is kept from who looks.
    pub content: Value,
    /// All that is noted of where it came from.
    pub metadata: BTreeMap<String, String>,
}

impl Entry {
    /// When it was recorded, on an axis.
    pub fn recorded_on(&self, axis: Axis) -> DateTime<Utc> {
        match axis {
            Axis::Log => self.recorded_at,
            Axis::Source => self.source_recorded_at.unwrap_or(self.recorded_at),
        }
    }
}

/// The history of a record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct History {
    /// Type of the record.
    pub record_type: String,
    /// The record.
    pub record_id: Uuid,
    /// As known when, and to whom; all there is where nobody asked that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_known_at: Option<KnownAt>,
    /// What these events say of incidents and cards, taken together: each fact as it was said last.
    pub facts: BTreeMap<String, Fact>,
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
    /// A sealed text does not open.
    #[error(transparent)]
    Seal(#[from] SealError),
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

/// Reads histories of records of one log.
#[derive(Debug, Clone)]
pub struct Histories {
    reader: LogReader,
    lives: Lives,
}

/// The whole history of a record as it was read: what is personal in it is sealed.
#[derive(Debug, Clone)]
pub struct SealedHistory {
    record_type: String,
    record_id: Uuid,
    events: Vec<StoredEvent>,
    lives: Lives,
}

impl Histories {
    /// Of `log`.
    ///
    /// # Errors
    /// When it can't be read.
    pub async fn of(pool: &PgPool, log: LogName) -> Result<Histories, HistoryError> {
        let lives = Lives::read(pool, log).await.map_err(ReadError::from)?;
        Ok(Histories { reader: LogReader::new(pool.clone(), log), lives })
    }

    /// The history of a record, by type and id.
    ///
    /// # Errors
    /// When it can't be read, or the two readers do not agree.
    pub async fn read(&self, (record_type, record_id): (&str, Uuid)) -> Result<SealedHistory, HistoryError> {
        let ours = self.reader.stream(record_id).await?;
        let upto = ours.last().map_or(0, |event| event.sequence);
        let theirs = second_reader::read(self.reader.pool(), self.reader.log(), record_type, record_id)
            .await
            .map_err(HistoryError::SecondReader)?
            .ok_or_else(|| HistoryError::UnknownType(record_type.to_owned()))?;
        // The record may have grown between the two reads.
        let theirs: Vec<SerializedEvent> = theirs.into_iter().filter(|event| event.sequence as u64 <= upto).collect();
        agree(record_id, &ours, &theirs)?;
        let (record_type, lives) = (record_type.to_owned(), self.lives.clone());
        Ok(SealedHistory { record_type, record_id, events: ours, lives })
    }
}

impl SealedHistory {
    /// As what showing it is told to the access log: as a history, and as what of its sealed texts is shown.
    ///
    /// # Errors
    /// When an event can't be read.
    pub fn scopes(&self, shows: Shows) -> Result<BTreeSet<DataScope>, HistoryError> {
        let mut sealed = BTreeSet::new();
        for event in &self.events {
            let fields = sealed_fields(&event.as_written()?, event.event_id);
            sealed.extend(fields.iter().map(|field| SealedText::at(&self.record_type, &field.path)));
        }
        let mut scopes = shows.scopes(&sealed);
        scopes.insert(DataScope::History);
        Ok(scopes)
    }

    /// The history as somebody is shown it: with the texts that `opening` opens, none where it is absent; cut off at what was known at a
    /// moment on one of the axes.
    ///
    /// # Errors
    /// When an event can't be read, or a text does not open.
    pub fn shown(&self, known_at: Option<KnownAt>, opening: Option<Opening<'_>>) -> Result<History, HistoryError> {
        let mut entries = Vec::with_capacity(self.events.len());
        for event in &self.events {
            let mut entry = entry(event, self.lives.of(event.position.get()))?;
            if known_at.is_some_and(|known| entry.recorded_on(known.axis) > known.at) {
                continue;
            }
            entry.content = match show(&self.record_type, event.event_id, event.as_written()?, opening)? {
                // Events are tagged with their name, which the entry has already.
                Value::Object(fields) if fields.len() == 1 => {
                    fields.into_iter().next().map_or(Value::Null, |(_, content)| content)
                }
                other => other,
            };
            entries.push(entry);
        }
        Ok(History {
            record_type: self.record_type.clone(),
            record_id: self.record_id,
            as_known_at: known_at,
            facts: facts(&entries, known_at),
            entries,
            agreed_by_two_readers: self.events.len(),
        })
    }
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
    let time = |text: &String| DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc());
    // An earlier version that somebody here mended comes from no source, and says itself when that recorded it.
    let said_there = match event.event_type.as_str() {
        EARLIER => serde_json::from_value(event.as_written()?[EARLIER]["recorded_there"].take()).ok(),
        _ => None,
    };
    Ok(Entry {
        position: format!("{generation}.{}", event.position),
        version: event.sequence,
        event: event.event_type.clone(),
        occurred_at: event.occurred_at,
        source_recorded_at: metadata.get("source_recorded_at").and_then(time).or(said_there),
        recorded_at: event.recorded_at,
        institution: metadata.remove("institution").unwrap_or_default(),
        actor: metadata.remove("actor").unwrap_or_default(),
        content: Value::Null,
        metadata,
    })
}
