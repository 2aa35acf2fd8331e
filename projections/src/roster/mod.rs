//! The live roster (ekipāžu saraksts): units, what they are doing and since when, the card that they are on, where they are.

mod rows;

use std::collections::BTreeSet;

use domain::terms::UnitStatus;
use domain::track::{TrackEvent, TrackPoint};
use domain::unit::{Outfit, UnitEvent};
use event_store::consumer::ApplyError;
use event_store::log::{LogName, StoredEvent};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

pub use self::rows::{FreeUnits, PointRow, RosterFilter, RosterKeyset, RosterRow, UnitRow};
use crate::event::{DecodedEvent, RegisterEvent, TRACK, UNIT};
use crate::fact::{bigint, int, utc};
use crate::projection::Projection;
use crate::table::{Rows, Statements};

/// The projector of the roster.
#[derive(Debug)]
pub struct Roster {
    units: Statements,
    points: Statements,
}

impl Projection for Roster {
    const NAME: &'static str = "roster";
    const VERSION: u32 = 3;
    const LOGS: &'static [LogName] = &[LogName::REGISTER, LogName::TRACKS];
    const AGGREGATES: &'static [&'static str] = &[UNIT, TRACK];
    const TABLES: &'static [&'static str] = &["units", "points"];
    const SCHEMA_SQL: &'static str = include_str!("schema.sql");

    fn new(schema: &str) -> Self {
        Self { units: Statements::new::<UnitRow>(schema, "id"), points: Statements::new::<PointRow>(schema, "unit") }
    }

    async fn apply(&mut self, tx: &mut PgConnection, batch: &[DecodedEvent]) -> Result<(), ApplyError> {
        let (mut known, mut tracked) = (BTreeSet::new(), BTreeSet::new());
        for DecodedEvent { stored, event } in batch {
            match event {
                RegisterEvent::Unit(_) if stored.sequence > 1 => _ = known.insert(stored.aggregate_id),
                RegisterEvent::Track(event) => {
                    let TrackEvent::TrackReported { unit, .. } = event.as_ref();
                    tracked.insert(*unit);
                }
                _ => {}
            }
        }
        let units = self.units.load::<UnitRow>(tx, &Vec::from_iter(known)).await?;
        let points = self.points.load::<PointRow>(tx, &Vec::from_iter(tracked)).await?;
        let mut units = Rows::of(units.into_iter().map(|row| (row.id, row)));
        let mut points = Rows::of(points.into_iter().map(|row| (row.unit, row)));
        for DecodedEvent { stored, event } in batch {
            match event {
                RegisterEvent::Unit(event) => take_in_unit(&mut units, stored, event)?,
                RegisterEvent::Track(event) => take_in_track(&mut points, stored, event),
                _ => {}
            }
        }
        self.units.upsert(tx, &units.changed()).await?;
        self.points.upsert(tx, &points.changed()).await?;
        Ok(())
    }
}

fn take_in_unit(units: &mut Rows<Uuid, UnitRow>, stored: &StoredEvent, event: &UnitEvent) -> Result<(), ApplyError> {
    if let UnitEvent::UnitRegistered { institution, call_sign, kind, station, territory, source_kind } = event {
        let row = UnitRow {
            id: stored.aggregate_id,
            institution: institution.to_string(),
            call_sign: call_sign.to_string(),
            kind: kind.to_string(),
            station: station.as_ref().map(ToString::to_string),
            territory: territory.as_ref().map(ToString::to_string),
            source_kind: source_kind.as_ref().map(ToString::to_string),
            on_duty: false,
            status: UnitStatus::OffDuty.code().to_owned(),
            vendor_code: None,
            vendor_scheme: None,
            status_since: utc(stored.occurred_at),
            card: None,
            outfit: Json(Outfit::default()),
            anomalies: 0,
            registered_at: utc(stored.recorded_at),
            first_position: stored.position.as_i64(),
            last_position: stored.position.as_i64(),
            version: bigint(stored.sequence),
        };
        units.put(row.id, row);
        return Ok(());
    }
    let row = units.get_mut(stored.aggregate_id).ok_or_else(|| ApplyError::Event {
        position: stored.position,
        reason: "the unit has no registration before it".to_owned(),
    })?;
    match event {
        UnitEvent::UnitAssigned { card, .. } => row.card = Some(*card),
        UnitEvent::UnitReleased { .. } => row.card = None,
        _ => {}
    }
    row.takes_outfit(stored, event)?;
    // Nothing where it came out of order: then the present status stays.
    if let Some(status) = event.status_after() {
        if row.status != status.code() {
            row.status = status.code().to_owned();
            row.status_since = utc(event.at().unwrap_or(stored.occurred_at.fixed_offset()));
            row.vendor_code = None;
            row.vendor_scheme = None;
        }
        if let UnitEvent::StatusReported { vendor_code, vendor_scheme, .. } = event {
            row.vendor_code = vendor_code.as_ref().map(ToString::to_string);
            row.vendor_scheme = vendor_scheme.map(|scheme| scheme.code().to_owned());
        }
        row.on_duty = status != UnitStatus::OffDuty;
    }
    row.anomalies += int(event.anomalies().len());
    row.last_position = stored.position.as_i64();
    row.version = bigint(stored.sequence);
    Ok(())
}

impl UnitRow {
    /// Crew and equipment after an event, by the rules of the domain.
    fn takes_outfit(&mut self, stored: &StoredEvent, event: &UnitEvent) -> Result<(), ApplyError> {
        let before = UnitStatus::parse(&self.status).map_err(|error| ApplyError::Event {
            position: stored.position,
            reason: format!("the unit's row has an unknown status: {error}"),
        })?;
        self.outfit.0.take_in(event, before);
        Ok(())
    }
}

/// The latest point counts, whenever it was told; of two at one moment the one told later.
fn take_in_track(points: &mut Rows<Uuid, PointRow>, stored: &StoredEvent, event: &TrackEvent) {
    let TrackEvent::TrackReported { unit, points: told, .. } = event;
    let Some(latest) = told.iter().max_by_key(|point| point.at) else { return };
    let row = point_row(*unit, latest, stored);
    match points.get_mut(*unit) {
        Some(known) if known.at > row.at => {}
        Some(known) => *known = row,
        None => points.put(*unit, row),
    }
}

fn point_row(unit: Uuid, point: &TrackPoint, stored: &StoredEvent) -> PointRow {
    PointRow {
        unit,
        latitude_e6: point.point.latitude_e6(),
        longitude_e6: point.point.longitude_e6(),
        at: utc(point.at),
        speed_kmh: point.speed_kmh.map(|speed| i32::from(speed.get())),
        heading_deg: point.heading_deg.map(|heading| i32::from(heading.get())),
        last_position: stored.position.as_i64(),
    }
}
