//! The end of a log, and what is appended to it from now on.

use chrono::{DateTime, Utc};
use event_store::log::{DecodeError, LogPosition, StoredEvent};
use event_store::proof::generation::Lives;
use event_store::read::{LogReader, ReadError};
use event_store::scan::Selection;
use event_store::tail::HeadWatch;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::mask::mask;

/// One event, as the tail of a log shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TailEntry {
    /// Generation of the log that it was recorded in.
    pub generation: u32,
    /// Place in the log.
    pub position: u64,
    /// When the log recorded it.
    pub recorded_at: DateTime<Utc>,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// Type of the record.
    pub record_type: String,
    /// The record.
    pub record_id: Uuid,
    /// Place in the record's history.
    pub version: u64,
    /// What happened.
    pub event: String,
    /// What it says; personal data as `***`.
    pub content: Value,
}

/// A tail that broke off.
#[derive(Debug, thiserror::Error)]
pub enum TailError {
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An event is no JSON.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// Shows the last `last` events, then, where `follow` is given, each new one as it comes; ends when `show` says so.
///
/// # Errors
/// When the log can't be read.
pub async fn tail(
    reader: &LogReader,
    last: u64,
    follow: bool,
    show: &mut (dyn FnMut(TailEntry) -> bool + Send),
) -> Result<(), TailError> {
    let lives = Lives::read(reader.pool(), reader.log()).await.map_err(ReadError::from)?;
    let head = reader.head().await?.position;
    let selection = Selection::all().after(LogPosition::new(head.get().saturating_sub(last)));
    if !follow {
        let mut scan = reader.scan(selection).await?;
        while let Some(page) = scan.next().await? {
            if !show_all(&page, &lives, show)? {
                break;
            }
        }
        return Ok(());
    }
    let watch = HeadWatch::start(reader.pool().clone(), reader.log());
    let mut subscription = reader.subscribe(selection, &watch);
    while let Some(page) = subscription.next().await? {
        if !show_all(&page, &lives, show)? {
            break;
        }
    }
    Ok(())
}

fn show_all(
    page: &[StoredEvent],
    lives: &Lives,
    show: &mut (dyn FnMut(TailEntry) -> bool + Send),
) -> Result<bool, DecodeError> {
    for event in page {
        if !show(entry(event, lives.of(event.position.get()))?) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn entry(event: &StoredEvent, generation: u32) -> Result<TailEntry, DecodeError> {
    Ok(TailEntry {
        generation,
        position: event.position.get(),
        recorded_at: event.recorded_at,
        occurred_at: event.occurred_at,
        record_type: event.aggregate_type.clone(),
        record_id: event.aggregate_id,
        version: event.sequence,
        event: event.event_type.clone(),
        content: mask(event.as_written()?),
    })
}
