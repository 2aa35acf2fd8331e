//! Figures over cards that are counted only where they are asked for: how fast it was decided, how fast units set out, double dispatches.

use async_graphql::{ComplexObject, Context, SimpleObject};
use projections::cards;

use super::card::CardStatistics;
use crate::error::QueryError;
use crate::snapshot::Given;

#[ComplexObject]
impl CardStatistics {
    /// How fast it was decided who goes: from the answer (T1), or from the call (T0) where nobody said when it was answered, to the decision (T4). Over cards
    /// that one service at most goes to.
    async fn decision(&self, ctx: &Context<'_>) -> Result<Times, QueryError> {
        let mut reading = ctx.snapshot()?.read().await?;
        Ok(cards::Times::of_decisions(&mut reading, &self.filter).await?.into())
    }

    /// How fast units set out: from being sent (T7) to being on the way (T9), over units on cards.
    async fn dispatch(&self, ctx: &Context<'_>) -> Result<Times, QueryError> {
        let mut reading = ctx.snapshot()?.read().await?;
        Ok(cards::Times::of_dispatches(&mut reading, &self.filter).await?.into())
    }

    /// How often a unit was sent to one of these cards while it was still on another (dubulta nosūtīšana).
    async fn double_dispatches(&self, ctx: &Context<'_>) -> Result<i64, QueryError> {
        let mut reading = ctx.snapshot()?.read().await?;
        Ok(cards::double_dispatches(&mut reading, &self.filter).await?)
    }
}

/// Seconds between two clocks. What is missing or cannot be is counted and left out of medians, never hidden.
#[derive(SimpleObject, Debug, PartialEq)]
#[graphql(name = "ClockTimes")]
pub(crate) struct Times {
    /// Those that count.
    counted: i64,
    /// Those of which one of the clocks is not known.
    missing: i64,
    /// Those whose second clock is before the first.
    negative: i64,
    /// Median; of two middle values the lower.
    median_seconds: Option<i64>,
    /// 90 of 100 are at most this long.
    p90_seconds: Option<i64>,
    /// 95 of 100 are at most this long.
    p95_seconds: Option<i64>,
}

impl From<cards::Times> for Times {
    fn from(times: cards::Times) -> Self {
        Self {
            counted: times.counted,
            missing: times.missing,
            negative: times.negative,
            median_seconds: times.median_s,
            p90_seconds: times.p90_s,
            p95_seconds: times.p95_s,
        }
    }
}
