//! `minPosition` at the field: what the field's own snapshot holds decides.

use async_graphql::Context;

use crate::error::QueryError;
use crate::freshness::{Tide, models_of};
use crate::position::LogPosition;
use crate::snapshot::Given;

/// Refuses with NOT_YET where the read models of the field at the root have not reached the position in this snapshot,
/// and with FAILED_PRECONDITION where the position is of another life of the log.
pub(crate) async fn fresh(ctx: &Context<'_>, min_position: Option<LogPosition>) -> Result<(), QueryError> {
    let Some(wanted) = min_position else { return Ok(()) };
    let models = models_of(ctx.field().name());
    let tide = Tide::read(&mut *ctx.snapshot()?.read().await?).await?;
    tide.reached(models, wanted)
}
