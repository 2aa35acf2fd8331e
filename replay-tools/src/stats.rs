//! The state of the logs.

use chrono::{DateTime, Utc};
use event_store::log::LogName;
use event_store::read::ReadError;
use event_store::tree::Frontier;
use serde::Serialize;
use sqlx::{PgPool, Row as _};

/// One log, as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogStats {
    /// Its name.
    pub log: String,
    /// Its name in tree heads.
    pub origin: String,
    /// Life of the log between lossy restores.
    pub generation: u32,
    /// Position of the last event.
    pub head: u64,
    /// Root of the tree over its events, hexadecimal.
    pub root: String,
    /// When the last event was recorded; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<DateTime<Utc>>,
    /// How many records it has.
    pub streams: i64,
    /// Bytes that its events take, indexes included.
    pub bytes: i64,
}

/// All logs, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// The logs.
    pub logs: Vec<LogStats>,
}

/// The state of all logs.
///
/// # Errors
/// When the database fails or a head is damaged.
pub async fn stats(pool: &PgPool) -> Result<Stats, ReadError> {
    let mut logs = Vec::new();
    for log in LogName::ALL {
        logs.push(log_stats(pool, log).await?);
    }
    Ok(Stats { logs })
}

async fn log_stats(pool: &PgPool, log: LogName) -> Result<LogStats, ReadError> {
    let sql = format!(
        "select origin, generation, position, recorded_at, frontier, (select count(*) from {log}.streams) as streams,
                (select coalesce(sum(pg_total_relation_size(inhrelid)), 0)::bigint from pg_inherits
                 where inhparent = '{log}.events'::regclass) as bytes
         from {log}.head"
    );
    let row = sqlx::query(&sql).fetch_one(pool).await?;
    let head = u64::try_from(row.try_get::<i64, _>("position")?).unwrap_or(0);
    let frontier = Frontier::from_bytes(head, &row.try_get::<Vec<u8>, _>("frontier")?)
        .map_err(|error| ReadError::Database(sqlx::Error::Decode(error.into())))?;
    Ok(LogStats {
        log: log.to_string(),
        origin: row.try_get("origin")?,
        generation: u32::try_from(row.try_get::<i32, _>("generation")?).unwrap_or(0),
        head,
        root: frontier.root().iter().map(|byte| format!("{byte:02x}")).collect(),
        recorded_at: if head == 0 { None } else { Some(row.try_get("recorded_at")?) },
        streams: row.try_get("streams")?,
        bytes: row.try_get("bytes")?,
    })
}
