//! Loads where units were at a moment, from the log of tracks: a track holds one day of a unit, so that day is read, and where nothing was told in
//! it before the moment, the day before.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use chrono::{DateTime, Days, Utc};
use domain::ids;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::QueryError;
use crate::snapshot::Snapshot;

/// A unit, the moment, and up to when what was recorded counts.
pub(crate) type UnitMoment = (Uuid, DateTime<Utc>, Option<DateTime<Utc>>);

/// A point of a track.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TrackPointRow {
    pub(crate) at: DateTime<Utc>,
    pub(crate) latitude_e6: i32,
    pub(crate) longitude_e6: i32,
    pub(crate) speed_kmh: Option<i32>,
    pub(crate) heading_deg: Option<i32>,
}

/// The last point of each track up to a moment; of two points of one moment the one told later. Bounded by sequence too, as elsewhere.
const LAST_POINTS: &str = "
    select t.asked, p.*
    from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) with ordinality t (track, moment, known_at, asked)
    join tracks.streams s on s.aggregate_id = t.track
    cross join lateral (
        select (point ->> 'at')::timestamptz as at,
               (point -> 'point' ->> 'latitude_e6')::integer as latitude_e6,
               (point -> 'point' ->> 'longitude_e6')::integer as longitude_e6,
               (point ->> 'speed_kmh')::integer as speed_kmh, (point ->> 'heading_deg')::integer as heading_deg
        from tracks.events e
        cross join lateral json_array_elements(e.payload -> 'TrackReported' -> 'points') point
        where e.aggregate_id = t.track::text and e.sequence between 1 and s.version
          and e.position between s.first_position and s.last_position
          and (t.known_at is null or e.recorded_at <= t.known_at)
          and (point ->> 'at')::timestamptz <= t.moment
        order by 1 desc, e.sequence desc
        limit 1) p";

pub(super) struct PointsThen(pub(super) Snapshot);

impl Loader<UnitMoment> for PointsThen {
    type Value = TrackPointRow;
    type Error = Arc<QueryError>;

    async fn load(&self, asked: &[UnitMoment]) -> Result<HashMap<UnitMoment, TrackPointRow>, Arc<QueryError>> {
        let mut reading = self.0.read().await.map_err(Arc::new)?;
        let mut found = of_day(&mut reading, asked, 0).await.map_err(|error| Arc::new(error.into()))?;
        let others: Vec<UnitMoment> = asked.iter().filter(|asked| !found.contains_key(asked)).copied().collect();
        found.extend(of_day(&mut reading, &others, 1).await.map_err(|error| Arc::new(error.into()))?);
        Ok(found)
    }
}

/// The last points up to the moments, of so many days before them.
async fn of_day(
    connection: &mut PgConnection,
    asked: &[UnitMoment],
    days: u64,
) -> Result<HashMap<UnitMoment, TrackPointRow>, sqlx::Error> {
    let track = |(unit, at, _): &UnitMoment| {
        let day = ids::riga_day(at);
        ids::of_track(*unit, day.checked_sub_days(Days::new(days)).unwrap_or(day))
    };
    type Told = (i64, DateTime<Utc>, i32, i32, Option<i32>, Option<i32>);
    let rows: Vec<Told> = sqlx::query_as(LAST_POINTS)
        .bind(asked.iter().map(track).collect::<Vec<_>>())
        .bind(asked.iter().map(|(_, at, _)| *at).collect::<Vec<_>>())
        .bind(asked.iter().map(|(.., known_at)| *known_at).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
    let point = |(place, at, latitude_e6, longitude_e6, speed_kmh, heading_deg): Told| {
        let asked = asked.get(usize::try_from(place - 1).ok()?)?;
        Some((*asked, TrackPointRow { at, latitude_e6, longitude_e6, speed_kmh, heading_deg }))
    };
    Ok(rows.into_iter().filter_map(point).collect())
}
