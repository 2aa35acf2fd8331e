//! Drives of units to calls, from setting out (T9) to arriving (T10), as cards and roster know them: what travel times are learned from.

use chrono::{DateTime, Utc};
use domain::response::{Drive, Home};
use domain::terms::{Priority, UnitKind};
use domain::values::{GeoPoint, InstitutionCode, Station};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

/// A drive of more seconds is none: somebody forgot to say that they had arrived.
const LONGEST_S: i32 = 7_200;

/// The drives of calls that came in from `from` until before `until`, latest calls first: at most `most`. Left out are those whose times
/// can't be right, those to a card without a point, and what a newer program wrote.
///
/// # Errors
/// When the database fails.
pub async fn drives(
    connection: &mut PgConnection,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    most: u32,
) -> Result<Vec<Drive>, sqlx::Error> {
    let sql = "
        select went.unit, went.institution, units.station, went.kind, cards.priority, cards.latitude_e6, cards.longitude_e6,
               went.en_route_at as began, floor(extract(epoch from went.on_scene_at - went.en_route_at))::int as seconds
        from cards.cards
        join cards.card_units went on went.card = cards.id
        left join roster.units on units.id = went.unit
        where cards.received_at >= $1 and cards.received_at < $2
          and cards.latitude_e6 is not null and cards.longitude_e6 is not null
          and went.institution is not null and went.kind is not null
          and went.on_scene_at - went.en_route_at between interval '1 second' and make_interval(secs => $3)
        order by cards.received_at desc, cards.id desc
        limit $4";
    let rows =
        sqlx::query(sql).bind(from).bind(until).bind(LONGEST_S).bind(i64::from(most)).fetch_all(connection).await?;
    let drives = rows.iter().map(drive).filter_map(Result::transpose);
    drives.collect()
}

/// A drive; nothing where it is one that a newer program wrote.
fn drive(row: &PgRow) -> Result<Option<Drive>, sqlx::Error> {
    let (institution, kind): (String, String) = (row.try_get("institution")?, row.try_get("kind")?);
    let (station, priority): (Option<String>, Option<String>) = (row.try_get("station")?, row.try_get("priority")?);
    let place = GeoPoint::try_new(row.try_get("latitude_e6")?, row.try_get("longitude_e6")?);
    let (Ok(institution), Ok(kind), Ok(to)) = (InstitutionCode::parse(&institution), UnitKind::parse(&kind), place)
    else {
        return Ok(None);
    };
    let station = station.as_deref().and_then(|station| Station::parse(station).ok());
    Ok(Some(Drive {
        began: row.try_get("began")?,
        home: Home::of(row.try_get("unit")?, &institution, station.as_ref()),
        kind,
        priority: priority.as_deref().and_then(|priority| Priority::parse(priority).ok()),
        to,
        seconds: u32::try_from(row.try_get::<i32, _>("seconds")?).unwrap_or(0),
    }))
}
