//! Figures over cards: how many, of what type, with how many units, how fast.

use serde::Serialize;
use sqlx::{PgConnection, QueryBuilder, Row as _};

use super::CardFilter;

/// Figures over the cards of a filter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CardStatistics {
    /// Cards: calls.
    pub calls: i64,
    /// Cards by type, most frequent first.
    pub calls_by_type: Vec<CallsOfType>,
    /// Units that were on any of them, each counted once.
    pub distinct_units: i64,
    /// Units on cards, each counted once for each card.
    pub unit_rows: i64,
    /// Of these, units that came to the scene.
    pub units_on_scene: i64,
    /// From the call (T0) to the first unit at the scene (T10).
    pub response: ResponseTimes,
}

/// How many calls there were of one type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallsOfType {
    /// The type; nothing where it was never stated.
    pub type_code: Option<String>,
    /// How many.
    pub calls: i64,
}

/// Seconds from the call to the first unit at the scene, over cards. What can't be right is left out, and counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ResponseTimes {
    /// Cards that count.
    pub counted: i64,
    /// Cards that no unit came to the scene of.
    pub missing: i64,
    /// Cards whose first unit came before the call.
    pub negative: i64,
    /// Median; of two middle values the lower.
    pub median_s: Option<i64>,
    /// 90 of 100 cards were as fast or faster.
    pub p90_s: Option<i64>,
    /// 95 of 100 cards were as fast or faster.
    pub p95_s: Option<i64>,
}

impl CardStatistics {
    /// The figures over the cards of `filter`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(connection: &mut PgConnection, filter: &CardFilter) -> Result<CardStatistics, sqlx::Error> {
        let mut query = QueryBuilder::new(
            "with chosen as (
                 select id, units, units_on_scene,
                        floor(extract(epoch from first_on_scene_at - received_at))::bigint as response
                 from cards.cards where true",
        );
        filter.push_to(&mut query);
        query.push(
            ")
             select count(*) as calls,
                    coalesce(sum(units), 0)::bigint as unit_rows,
                    coalesce(sum(units_on_scene), 0)::bigint as units_on_scene,
                    (select count(distinct u.unit) from cards.card_units u join chosen on chosen.id = u.card)
                        as distinct_units,
                    count(*) filter (where response >= 0) as counted,
                    count(*) filter (where response is null) as missing,
                    count(*) filter (where response < 0) as negative,
                    percentile_disc(array[0.5, 0.9, 0.95]) within group (order by response)
                        filter (where response >= 0) as percentiles
             from chosen",
        );
        let row = query.build().fetch_one(&mut *connection).await?;
        let percentiles: Vec<Option<i64>> = row.try_get::<Option<_>, _>("percentiles")?.unwrap_or_default();
        let percentile = |at: usize| percentiles.get(at).copied().flatten();
        Ok(CardStatistics {
            calls: row.try_get("calls")?,
            calls_by_type: calls_by_type(connection, filter).await?,
            distinct_units: row.try_get("distinct_units")?,
            unit_rows: row.try_get("unit_rows")?,
            units_on_scene: row.try_get("units_on_scene")?,
            response: ResponseTimes {
                counted: row.try_get("counted")?,
                missing: row.try_get("missing")?,
                negative: row.try_get("negative")?,
                median_s: percentile(0),
                p90_s: percentile(1),
                p95_s: percentile(2),
            },
        })
    }
}

async fn calls_by_type(connection: &mut PgConnection, filter: &CardFilter) -> Result<Vec<CallsOfType>, sqlx::Error> {
    let mut query = QueryBuilder::new("select type_code, count(*) as calls from cards.cards where true");
    filter.push_to(&mut query);
    query.push(" group by type_code order by calls desc, type_code nulls last");
    let rows = query.build().fetch_all(connection).await?;
    let types =
        rows.iter().map(|row| Ok(CallsOfType { type_code: row.try_get("type_code")?, calls: row.try_get("calls")? }));
    types.collect()
}
