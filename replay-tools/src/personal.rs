//! Personal data of a record or of a data subject: what there is, and all of it opened for the one it is about.
//!
//! Unlike everything else here this opens what is sealed: it needs the master key.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use domain::source_record::KEPT_BESIDE;
use event_store::log::LogName;
use event_store::read::{LogReader, ReadError};
use event_store::seal::{KeyRef, KeyRing, KeyScope, LookedAt, RecordKey, SealError, SealedField, sealed_fields};
use serde::Serialize;
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

/// Personal data that can't be shown.
#[derive(Debug, thiserror::Error)]
pub enum PersonalError {
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A key or a text does not open.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The database failed.
    #[error("the keys could not be read from the database")]
    Database(#[from] sqlx::Error),
    /// A payload is not JSON.
    #[error("the event at position {position} is not JSON")]
    Payload {
        /// Where.
        position: String,
    },
}

/// All that is recorded of a data subject, or sealed in a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Export {
    /// Head of the log that it was read at, `generation.position`.
    pub as_of: String,
    /// Keys that were destroyed: what they sealed can't be shown.
    pub erased_keys: usize,
    /// Record by record.
    pub records: Vec<ExportedRecord>,
}

/// What one record holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportedRecord {
    /// Its type.
    pub record_type: String,
    /// Its id.
    pub record_id: Uuid,
    /// Its fields, in the order in which they were recorded.
    pub fields: Vec<ExportedField>,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportedField {
    /// What was recorded.
    pub event: String,
    /// Where in the event, as a JSON pointer.
    pub path: String,
    /// Whose it is; none for the record's own.
    pub subject: Option<Uuid>,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// What it says; `null` where it was erased.
    pub value: Option<Value>,
}

/// The keys of a scope and what became of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// Those that are there.
    pub present: Vec<KeyRef>,
    /// Those that were destroyed.
    pub destroyed: Vec<KeyRef>,
}

impl Keys {
    /// Reads them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(ring: &KeyRing, scope: KeyScope) -> Result<Keys, PersonalError> {
        Ok(Keys { present: ring.present(scope).await?, destroyed: ring.destroyed(scope).await? })
    }

    /// Reads those of a record, and of the source record whose content is kept beside it: its erasure reaches them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn with_kept_beside(pool: &PgPool, ring: &KeyRing, record: Uuid) -> Result<Keys, PersonalError> {
        let mut keys = Keys::of(ring, KeyScope::Record(record)).await?;
        let reader = LogReader::new(pool.clone(), LogName::REGISTER);
        if let Some((_, kept)) = reader.claimed(KEPT_BESIDE, &record.to_string()).await? {
            let kept = Keys::of(ring, KeyScope::Record(kept)).await?;
            keys.present.extend(kept.present);
            keys.destroyed.extend(kept.destroyed);
        }
        Ok(keys)
    }

    /// Records that have something which can still be opened.
    pub fn sealing(&self) -> BTreeSet<Uuid> {
        self.present.iter().map(|key| key.owner.record).collect()
    }

    /// All records that they are of.
    pub fn records(&self) -> BTreeSet<Uuid> {
        self.all().map(|key| key.owner.record).collect()
    }

    fn all(&self) -> impl Iterator<Item = &KeyRef> {
        self.present.iter().chain(&self.destroyed)
    }
}

/// How many fields each of these keys seals, by key.
///
/// # Errors
/// When the log can't be read.
pub async fn sealed_counts(pool: &PgPool, log: LogName, keys: &Keys) -> Result<HashMap<Uuid, usize>, PersonalError> {
    let mut counts = HashMap::new();
    for record in keys.records() {
        for (_, field) in fields(pool, log, record).await?.1 {
            *counts.entry(field.key_id().unwrap_or_default()).or_insert(0) += 1;
        }
    }
    Ok(counts)
}

/// Opens everything that these keys seal. The access log says at `look` that all their records are looked at, or the database hands
/// the keys out to nobody.
///
/// # Errors
/// When the log can't be read, the keys are not handed out, or a text does not open.
pub async fn export(
    pool: &PgPool,
    log: LogName,
    ring: &KeyRing,
    (keys, look): (&Keys, LookedAt),
) -> Result<Export, PersonalError> {
    let head = LogReader::new(pool.clone(), log).head().await?;
    let owners: HashMap<Uuid, Option<Uuid>> = keys.all().map(|key| (key.key_id, key.owner.subject)).collect();
    let sealing: Vec<Uuid> = keys.sealing().into_iter().collect();
    let opened: HashMap<Uuid, RecordKey> = ring.looked_at(look, &sealing).await?;
    let mut exported = Vec::new();
    for record in keys.records() {
        let (record_type, fields) = fields(pool, log, record).await?;
        let mut shown = Vec::new();
        for (event, field) in fields {
            let Some(subject) = field.key_id().and_then(|key| owners.get(&key)) else { continue };
            let (value, path) = (field.open(&opened)?, field.path);
            shown.push(ExportedField { event: event.0, path, subject: *subject, recorded_at: event.1, value });
        }
        exported.push(ExportedRecord { record_type, record_id: record, fields: shown });
    }
    let as_of = format!("{}.{}", head.generation, head.position);
    Ok(Export { as_of, erased_keys: keys.destroyed.len(), records: exported })
}

type Sealed = ((String, DateTime<Utc>), SealedField);

/// The record's type, and its sealed fields with the event that each stands in.
async fn fields(pool: &PgPool, log: LogName, record: Uuid) -> Result<(String, Vec<Sealed>), PersonalError> {
    let sql = format!("select aggregate_type from {log}.streams where aggregate_id = $1");
    let record_type: String = sqlx::query_scalar(&sql).bind(record).fetch_optional(pool).await?.unwrap_or_default();
    let events = LogReader::new(pool.clone(), log).stream(record).await?;
    let mut found = Vec::new();
    for event in events {
        let payload: Value = serde_json::from_str(&event.payload)
            .map_err(|_| PersonalError::Payload { position: event.position.to_string() })?;
        let told = (event.event_type.clone(), event.recorded_at);
        found.extend(sealed_fields(&payload, event.event_id).into_iter().map(|field| (told.clone(), field)));
    }
    Ok((record_type, found))
}

/// The same keys, by whose they are.
pub fn by_subject(keys: &[KeyRef]) -> BTreeMap<Option<Uuid>, Vec<KeyRef>> {
    let mut grouped: BTreeMap<Option<Uuid>, Vec<KeyRef>> = BTreeMap::new();
    for key in keys {
        grouped.entry(key.owner.subject).or_default().push(*key);
    }
    grouped
}
