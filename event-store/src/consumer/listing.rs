//! What a person asks about consumers: how far they are, who works for them, what is parked.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgExecutor, PgPool, Row as _};
use uuid::Uuid;

use crate::log::LogName;

/// State of one consumer in one log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConsumerStatus {
    /// Its name.
    pub name: String,
    /// Which body: `live`, `rebuild`, `rebuild-1-of-4`, `previous` or `check`.
    pub build: String,
    /// Version of its code.
    pub version: i32,
    /// The log.
    pub log: String,
    /// Last position that is taken in.
    pub progress: i64,
    /// Last position of the log.
    pub head: i64,
    /// Generation of the log when it last moved.
    pub generation: i32,
    /// Generation of the log now.
    pub head_generation: i32,
    /// Whether it has taken in what the log does not have: the log was restored, and only a rebuild mends it.
    pub ahead: bool,
    /// Age of the oldest event that is not taken in yet; 0 when there is none.
    pub lag_seconds: f64,
    /// Records that are parked, of this log.
    pub parked: i64,
    /// Who works for it; nobody where the lease has run out.
    pub holder: Option<String>,
    /// Why it stands still, where it does.
    pub last_error: Option<String>,
    /// When it last moved.
    pub last_advanced_at: Option<DateTime<Utc>>,
    /// Nobody works for it until it is resumed.
    pub paused: bool,
    /// Of a body that is built anew: all of it is there.
    pub filled: bool,
    /// Of a body that is built anew: it was rolled back from.
    pub held: bool,
}

impl<'r> FromRow<'r, PgRow> for ConsumerStatus {
    fn from_row(row: &'r PgRow) -> Result<Self, sqlx::Error> {
        Ok(ConsumerStatus {
            name: row.try_get("name")?,
            build: row.try_get("build")?,
            version: row.try_get("version")?,
            log: row.try_get("log")?,
            progress: row.try_get("progress")?,
            head: row.try_get("head")?,
            generation: row.try_get("generation")?,
            head_generation: row.try_get("head_generation")?,
            ahead: row.try_get("ahead")?,
            lag_seconds: row.try_get("lag_seconds")?,
            parked: row.try_get("parked")?,
            holder: row.try_get("holder")?,
            last_error: row.try_get("last_error")?,
            last_advanced_at: row.try_get("last_advanced_at")?,
            paused: row.try_get("paused")?,
            filled: row.try_get("filled")?,
            held: row.try_get("held")?,
        })
    }
}

impl ConsumerStatus {
    /// What to do about it, where it stands still until somebody does.
    pub fn mended_by(&self) -> Option<String> {
        self.ahead.then(|| {
            format!(
                "{} has taken in {} up to {}.{}, which the restored log does not have (it is at {}.{}): run `vnr projections rebuild {} --switch`",
                self.name, self.log, self.generation, self.progress, self.head_generation, self.head, self.name
            )
        })
    }
}

/// The state of all consumers, by name, build and log: now, or in the snapshot of a transaction.
///
/// # Errors
/// When the database fails.
pub async fn statuses(executor: impl PgExecutor<'_>) -> Result<Vec<ConsumerStatus>, sqlx::Error> {
    // One select for each log, because a log's name can't be a parameter.
    let each = LogName::ALL.map(|log| {
        format!(
            "select c.name, c.build, c.version, c.log, c.progress, h.position as head,
                    c.generation, h.generation as head_generation,
                    c.progress > least(h.position, (select min(g.first_position) - 1 from {log}.generations g
                                                    where g.generation > c.generation)) as ahead,
                    case when c.progress >= h.position then 0
                         else coalesce(greatest(extract(epoch from clock_timestamp() -
                                  (select e.recorded_at from {log}.events e where e.position = c.progress + 1)), 0), 0)
                    end::float8 as lag_seconds,
                    (select count(*) from projections.parked p
                     where p.name = c.name and p.build = c.build and p.log = c.log) as parked,
                    case when c.lease_until >= clock_timestamp() then c.holder end as holder,
                    c.last_error, c.last_advanced_at, c.paused, c.filled, c.held
             from projections.consumers c, {log}.head h
             where c.log = '{log}'"
        )
    });
    let sql = format!("{} order by name, build, log", each.join(" union all "));
    sqlx::query_as(&sql).fetch_all(executor).await
}

/// A record that a consumer leaves out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ParkedRecord {
    /// The consumer.
    pub name: String,
    /// Which body of it.
    pub build: String,
    /// The record.
    pub aggregate_id: Uuid,
    /// Its log.
    pub log: String,
    /// The event that could not be taken in; it and all after it are left out.
    pub first_position: i64,
    /// Why.
    pub error: String,
    /// When it was parked.
    pub at: DateTime<Utc>,
}

impl<'r> FromRow<'r, PgRow> for ParkedRecord {
    fn from_row(row: &'r PgRow) -> Result<Self, sqlx::Error> {
        Ok(ParkedRecord {
            name: row.try_get("name")?,
            build: row.try_get("build")?,
            aggregate_id: row.try_get("aggregate_id")?,
            log: row.try_get("log")?,
            first_position: row.try_get("first_position")?,
            error: row.try_get("error")?,
            at: row.try_get("at")?,
        })
    }
}

/// All parked records, of one consumer where a name is given.
///
/// # Errors
/// When the database fails.
pub async fn parked(pool: &PgPool, name: Option<&str>) -> Result<Vec<ParkedRecord>, sqlx::Error> {
    sqlx::query_as(
        "select name, build, aggregate_id, log, first_position, error, at from projections.parked
         where $1::text is null or name = $1
         order by name, build, first_position, aggregate_id",
    )
    .bind(name)
    .fetch_all(pool)
    .await
}
