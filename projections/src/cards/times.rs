//! How fast cards were decided and units set out, and how often a unit was sent to two cards at once.

use serde::Serialize;
use sqlx::{PgConnection, QueryBuilder, Row as _};

use super::CardFilter;

/// Seconds between two clocks. What can't be right is left out, and counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Times {
    /// Those that count.
    pub counted: i64,
    /// Those of which one of the clocks is not known.
    pub missing: i64,
    /// Those whose second clock is before the first.
    pub negative: i64,
    /// Median; of two middle values the lower.
    pub median_s: Option<i64>,
    /// 90 of 100 were as fast or faster.
    pub p90_s: Option<i64>,
    /// 95 of 100 were as fast or faster.
    pub p95_s: Option<i64>,
}

/// Of `seconds`, one for each row; null where a clock is missing.
const FIGURES: &str = ")
    select count(*) filter (where seconds >= 0) as counted,
           count(*) filter (where seconds is null) as missing,
           count(*) filter (where seconds < 0) as negative,
           percentile_disc(array[0.5, 0.9, 0.95]) within group (order by seconds)
               filter (where seconds >= 0) as percentiles
    from seconds";

impl Times {
    /// How fast it was decided who goes (lēmuma pieņemšanas laiks): from the answer (T1) to the decision (T4), over the cards of `filter` that one
    /// service at most goes to. From the call (T0) where nobody said when it was answered.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_decisions(connection: &mut PgConnection, filter: &CardFilter) -> Result<Times, sqlx::Error> {
        let mut query = QueryBuilder::new(
            "with seconds as (
                 select floor(extract(epoch from decided_at - coalesce(answered_at, received_at)))::bigint as seconds
                 from cards.cards where (select count(*) from jsonb_object_keys(services)) <= 1",
        );
        filter.push_to(&mut query);
        Self::read(connection, query).await
    }

    /// How fast units set out (izbraukšanas laiks): from being sent (T7) to being on the way (T9), over the units on the cards of `filter`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_dispatches(connection: &mut PgConnection, filter: &CardFilter) -> Result<Times, sqlx::Error> {
        let mut query = QueryBuilder::new(
            "with seconds as (
                 select floor(extract(epoch from u.en_route_at - u.attached_at))::bigint as seconds
                 from cards.card_units u where u.card in (select id from cards.cards where true",
        );
        filter.push_to(&mut query);
        query.push(")");
        Self::read(connection, query).await
    }

    async fn read(
        connection: &mut PgConnection,
        mut query: QueryBuilder<'_, sqlx::Postgres>,
    ) -> Result<Times, sqlx::Error> {
        query.push(FIGURES);
        let row = query.build().fetch_one(connection).await?;
        let percentiles: Vec<Option<i64>> = row.try_get::<Option<_>, _>("percentiles")?.unwrap_or_default();
        let percentile = |at: usize| percentiles.get(at).copied().flatten();
        Ok(Times {
            counted: row.try_get("counted")?,
            missing: row.try_get("missing")?,
            negative: row.try_get("negative")?,
            median_s: percentile(0),
            p90_s: percentile(1),
            p95_s: percentile(2),
        })
    }
}

/// How often a unit was sent to one of the cards of `filter` while it was still on another (dubulta nosūtīšana): it had been sent to that one before, or at the
/// same moment, and left it only later, or left it for this one.
///
/// # Errors
/// When the database fails.
pub async fn double_dispatches(connection: &mut PgConnection, filter: &CardFilter) -> Result<i64, sqlx::Error> {
    // By the card that it was sent to last before this one: an earlier one ended with that. Of one moment, by which call came in first.
    let mut query = QueryBuilder::new(
        "select count(*) from cards.card_units u join cards.cards c on c.id = u.card
         cross join lateral (
             select o.cleared_at, o.diverted from cards.card_units o join cards.cards d on d.id = o.card
             where o.unit = u.unit and o.attached_at <= u.attached_at
               and (o.attached_at, d.first_position) < (u.attached_at, c.first_position)
             order by o.attached_at desc, d.first_position desc limit 1) before
         where (before.diverted or before.cleared_at is null or before.cleared_at > u.attached_at)
           and u.card in (select id from cards.cards where true",
    );
    filter.push_to(&mut query);
    query.push(")");
    query.build_query_scalar().fetch_one(connection).await
}
