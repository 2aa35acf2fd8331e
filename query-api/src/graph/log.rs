//! The logs and the read models: where the register stands.

use async_graphql::{Context, Object, SimpleObject};

use crate::error::QueryError;
use crate::position::LogPosition;
use crate::read;
use crate::snapshot::Given;

#[derive(Default)]
pub(crate) struct LogQuery;

#[Object]
impl LogQuery {
    /// The logs: `register` holds what the institutions did, `tracks` where units were.
    async fn logs(&self, ctx: &Context<'_>) -> Result<Vec<Log>, QueryError> {
        ctx.caller()?;
        read::logs(&mut *ctx.snapshot()?.read().await?).await
    }

    /// The read models that answer the queries, and how far each has come in each log that it reads.
    async fn projections(&self, ctx: &Context<'_>) -> Result<Vec<Projection>, QueryError> {
        ctx.caller()?;
        read::projections(&mut *ctx.snapshot()?.read().await?).await
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
