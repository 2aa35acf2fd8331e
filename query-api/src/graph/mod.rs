//! The graph: one file for each part of it.

use async_graphql::{EmptyMutation, Object, Schema, Subscription};
use futures::Stream;

use crate::snapshot::{OneSnapshot, SnapshotSource};

/// The schema of the register.
pub(crate) type RegisterSchema = Schema<Query, EmptyMutation, Changes>;

/// Builds the schema over a source of snapshots.
pub(crate) fn schema(source: SnapshotSource, complexity: usize) -> RegisterSchema {
    Schema::build(Query, EmptyMutation, Changes)
        .extension(OneSnapshot(source))
        .limit_complexity(complexity)
        .finish()
}

/// x
pub(crate) struct Query;

#[Object]
impl Query {
    /// x
    async fn logs(&self, ctx: &async_graphql::Context<'_>) -> Result<Vec<Log>, crate::QueryError> {
        use crate::snapshot::Given;
        let _c = ctx.snapshot()?.read().await?;
        Ok(vec![])
    }
}

/// y
pub(crate) struct Changes;

#[Subscription]
impl Changes {
    /// y
    async fn projection_lag(&self) -> impl Stream<Item = Log> {
        futures::stream::pending()
    }
}

#[derive(async_graphql::SimpleObject)]
struct Log { name: String }
