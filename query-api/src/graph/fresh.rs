//! `minPosition` at the field: what the field's own snapshot holds decides.

use async_graphql::Context;

use crate::error::QueryError;
use crate::freshness::Tide;
use crate::position::LogPosition;
use crate::snapshot::{Asked, Given};

/// Refuses with NOT_YET where the read models of the field at the root have not reached the position in this snapshot,
/// and with FAILED_PRECONDITION where the position is of another life of the log.
pub(crate) async fn fresh(ctx: &Context<'_>, min_position: Option<LogPosition>) -> Result<(), QueryError> {
    let (Some(wanted), Some(asked)) = (min_position, ctx.data_opt::<Asked>()) else { return Ok(()) };
    let field = ctx.field();
    let key = field.alias().unwrap_or_else(|| field.name());
    let tide = Tide::read(&mut *ctx.snapshot()?.read().await?).await?;
    asked.examined.roots.iter().filter(|root| root.key == key).try_for_each(|root| tide.reached(root, wanted))
}
