//! Rows of events as PostgreSQL sends them, made into events.
//!
//! All readers ask for the same columns, which never change their types, so a row is taken apart by place: twelve columns in
//! PostgreSQL's binary format. Asking the driver what each is, in every row, takes longer than reading it.

use std::str;

use chrono::{DateTime, Utc};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::log::{LogPosition, StoredEvent};

/// Columns of an event, in the order of the table: what every reader of the log reads, as `event_of` takes them. Payload and
/// metadata come as they are; a cast to text would copy each twice more in the server.
pub const COLUMNS: &str = "position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, \
     metadata, occurred_at, recorded_at, leaf_hash";
/// How many they are.
pub(crate) const WIDTH: usize = 12;
/// PostgreSQL counts microseconds from 2000-01-01.
const EPOCH: i64 = 946_684_800_000_000;

/// The event of a row of [`COLUMNS`], as a prepared statement gives it.
///
/// # Errors
/// `Decode` where it is no event.
pub(crate) fn event_of(row: &PgRow) -> Result<StoredEvent, sqlx::Error> {
    let mut fields: [&[u8]; WIDTH] = [&[]; WIDTH];
    for (column, field) in fields.iter_mut().enumerate() {
        *field = row.try_get_raw(column)?.as_bytes().map_err(sqlx::Error::Decode)?;
    }
    event(fields).map_err(|what| sqlx::Error::Decode(what.into()))
}

/// The event of the fields of a row, in the order of [`COLUMNS`].
pub(crate) fn event(fields: [&[u8]; WIDTH]) -> Result<StoredEvent, &'static str> {
    let [position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version, ..] = fields;
    let [.., payload, metadata, occurred_at, recorded_at, leaf_hash] = fields;
    Ok(StoredEvent {
        position: LogPosition::from_i64(number(position)?),
        event_id: Uuid::from_slice(event_id).map_err(|_| "the event id is no UUID")?,
        aggregate_type: text(aggregate_type)?,
        aggregate_id: Uuid::try_parse_ascii(aggregate_id).map_err(|_| "the aggregate id is no UUID")?,
        sequence: u64::try_from(number(sequence)?).map_err(|_| "the sequence is negative")?,
        event_type: text(event_type)?,
        event_version: text(event_version)?,
        // Byte for byte as they were hashed: the binary format of `json` is its text.
        payload: text(payload)?,
        metadata: text(metadata)?,
        occurred_at: time(occurred_at)?,
        recorded_at: time(recorded_at)?,
        leaf_hash: leaf_hash.to_vec(),
    })
}

fn number(field: &[u8]) -> Result<i64, &'static str> {
    field.try_into().map(i64::from_be_bytes).map_err(|_| "a number has not eight bytes")
}

fn text(field: &[u8]) -> Result<String, &'static str> {
    str::from_utf8(field).map(str::to_owned).map_err(|_| "a text is not UTF-8")
}

fn time(field: &[u8]) -> Result<DateTime<Utc>, &'static str> {
    let at = number(field)?.checked_add(EPOCH).and_then(DateTime::from_timestamp_micros);
    at.ok_or("a time is out of range")
}
