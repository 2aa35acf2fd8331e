//! The logs and the read models: where the register stands.

use async_graphql::{Context, Object, SimpleObject};
use event_store::consumer::statuses;
use event_store::log::LogName;
use event_store::tree::Frontier;
use sqlx::{PgConnection, Row};

use crate::error::QueryError;
use crate::freshness::Tide;
use crate::position::LogPosition;
use crate::snapshot::Given;

#[derive(Default)]
pub(crate) struct LogQuery;

#[Object]
impl LogQuery {
    /// The logs: `register` holds what the institutions did, `tracks` where units were.
    async fn logs(&self, ctx: &Context<'_>) -> Result<Vec<Log>, QueryError> {
        ctx.caller()?;
        logs(&mut *ctx.snapshot()?.read().await?).await
    }

    /// The read models that answer the queries, and how far each has come in each log that it reads.
    async fn projections(&self, ctx: &Context<'_>) -> Result<Vec<Projection>, QueryError> {
        ctx.caller()?;
        projections(&mut *ctx.snapshot()?.read().await?).await
    }
}

/// An append-only log.
#[derive(SimpleObject, Debug, PartialEq)]
pub(crate) struct Log {
    /// Its name.
    pub(crate) name: String,
    /// Its life: grows with each restore that lost answered events.
    pub(crate) generation: i32,
    /// Its last position.
    pub(crate) head: LogPosition,
    /// Root of the Merkle tree over its events, hexadecimal: what a signed tree head holds.
    pub(crate) root: String,
}

/// A read model in a log.
#[derive(SimpleObject, Debug, Clone, PartialEq)]
pub(crate) struct Projection {
    /// Its name.
    pub(crate) name: String,
    /// Version of the code that writes it.
    pub(crate) version: i32,
    /// Whether it serves, or is built anew beside the one that serves.
    pub(crate) build: String,
    /// Log that it reads.
    pub(crate) log: String,
    /// Last position that it has taken in.
    pub(crate) progress: LogPosition,
    /// Last position of the log.
    pub(crate) head: LogPosition,
    /// Age of the oldest event that it has not taken in, in seconds; 0 where it has taken in all.
    pub(crate) lag_seconds: f64,
    /// Records that it could not take in and left aside.
    pub(crate) parked: i64,
    /// Process that works for it; null where none does.
    pub(crate) holder: Option<String>,
}

async fn logs(connection: &mut PgConnection) -> Result<Vec<Log>, QueryError> {
    let each =
        LogName::ALL.map(|log| format!("select '{log}' as name, generation, position, frontier from {log}.head"));
    let rows = sqlx::query(&each.join(" union all ")).fetch_all(connection).await?;
    let logs = rows.iter().map(|row| {
        let generation: i32 = row.try_get("generation")?;
        let position = row.try_get::<i64, _>("position")?.unsigned_abs();
        let frontier = Frontier::from_bytes(position, row.try_get("frontier")?)
            .map_err(|error| QueryError::Internal(Box::new(error)))?;
        let root = frontier.root().iter().map(|byte| format!("{byte:02x}")).collect();
        let head = LogPosition { generation: generation.unsigned_abs(), position };
        Ok(Log { name: row.try_get("name")?, generation, head, root })
    });
    logs.collect()
}

/// The read models as they are in this snapshot.
pub(crate) async fn projections(connection: &mut PgConnection) -> Result<Vec<Projection>, QueryError> {
    let tide = Tide::read(connection).await?;
    let rows = statuses(connection).await?.into_iter().map(|status| {
        let generation = LogName::parse(&status.log).map_or(0, |log| tide.generation(log));
        let position = |position: i64| LogPosition { generation, position: position.unsigned_abs() };
        Projection {
            progress: position(status.progress),
            head: position(status.head),
            name: status.name,
            version: status.version,
            build: status.build,
            log: status.log,
            lag_seconds: status.lag_seconds,
            parked: status.parked,
            holder: status.holder,
        }
    });
    Ok(rows.collect())
}
