//! The roster of the past (ekipāžu saraksts pagātnē): what each unit was doing at any moment, by all that is known now or by what was known then.
//!
//! Reports come late and out of order, so nothing is decided when they are taken in: a row for each is kept, with when it happened (`at`) and
//! when this register recorded it, and [`RosterAtRow`] decides when it is asked. At a moment T, of what was recorded up to K:
//!
//! 1. **Order.** What was told counts in the order in which it happened; of one moment, in the order in which it was recorded.
//! 2. **Card.** The unit is on the card of its last assignment, unless its release from that assignment is told. A unit is on one card: an
//!    assignment ends the one before it, also where nobody told its release, and where the release is told for later (a *double dispatch*). A
//!    release from a card that the unit has been sent on from changes nothing any more. Releases belong to assignments by the order in which
//!    they were recorded, and count from the assignment on where they are told for before it.
//! 3. **Status.** As it was last told, by a report, an assignment (assigned), the release that counts (as it says), or the end of duty (off duty). The
//!    beginning of duty makes a unit available that was off duty, and changes nothing of another. A report is what the unit does, whatever card it was
//!    sent for. Before anything was told it is off duty.
//! 4. **Since** the first time that this status was told without another in between; an assignment begins anew.
//! 5. A unit is in the roster from its registration on, or from the first that is told of it, where that was before.
//!
//! Where nothing came late this is what the live roster (`roster`) showed at that moment; a test compares them.

mod rows;

use std::collections::BTreeSet;

use domain::terms::UnitStatus;
use domain::unit::UnitEvent;
use event_store::consumer::ApplyError;
use event_store::log::{LogName, StoredEvent};
use sqlx::PgConnection;
use uuid::Uuid;

pub use self::rows::{HistoryUnitRow, Moment, RosterAtRow, ToldRow};
use crate::event::{DecodedEvent, RegisterEvent, UNIT};
use crate::fact::{bigint, utc};
use crate::projection::Projection;
use crate::table::{Rows, Statements};

/// The projector of the roster of the past.
#[derive(Debug)]
pub struct RosterHistory {
    units: Statements,
    events: Statements,
}

impl Projection for RosterHistory {
    const NAME: &'static str = "roster_history";
    const VERSION: u32 = 2;
    const LOGS: &'static [LogName] = &[LogName::REGISTER];
    const AGGREGATES: &'static [&'static str] = &[UNIT];
    const APART: &'static [&'static str] = Self::AGGREGATES;
    const TABLES: &'static [&'static str] = &["units", "events"];
    const SCHEMA_SQL: &'static str = include_str!("schema.sql");

    fn new(schema: &str) -> Self {
        let units = Statements::new::<HistoryUnitRow>(schema, "id");
        Self { units, events: Statements::new::<ToldRow>(schema, "unit") }
    }

    async fn apply(&mut self, tx: &mut PgConnection, batch: &[DecodedEvent]) -> Result<(), ApplyError> {
        let known = batch.iter().filter(|delivery| delivery.stored.sequence > 1);
        let known: BTreeSet<Uuid> = known.map(|delivery| delivery.stored.aggregate_id).collect();
        let units = self.units.load::<HistoryUnitRow>(tx, &Vec::from_iter(known)).await?;
        let mut units = Rows::of(units.into_iter().map(|row| (row.id, row)));
        let mut told = Vec::new();
        for DecodedEvent { stored, event } in batch {
            let RegisterEvent::Unit(event) = event else { continue };
            told.extend(take_in(&mut units, stored, event)?);
        }
        self.units.upsert(tx, &units.changed()).await?;
        self.events.upsert(tx, &told).await?;
        Ok(())
    }
}

fn take_in(
    units: &mut Rows<Uuid, HistoryUnitRow>,
    stored: &StoredEvent,
    event: &UnitEvent,
) -> Result<Option<ToldRow>, ApplyError> {
    if let UnitEvent::UnitRegistered { institution, call_sign, kind, station, territory, source_kind } = event {
        let row = HistoryUnitRow {
            id: stored.aggregate_id,
            institution: institution.to_string(),
            call_sign: call_sign.to_string(),
            kind: kind.to_string(),
            station: station.as_ref().map(ToString::to_string),
            territory: territory.as_ref().map(ToString::to_string),
            source_kind: source_kind.as_ref().map(ToString::to_string),
            registered_at: utc(stored.occurred_at),
            recorded_at: utc(stored.recorded_at),
            position: stored.position.as_i64(),
            assigned: None,
            assigned_at: None,
        };
        units.put(row.id, row);
        return Ok(None);
    }
    let unit = units.get_mut(stored.aggregate_id).ok_or_else(|| ApplyError::Event {
        position: stored.position,
        reason: "the unit has no registration before it".to_owned(),
    })?;
    let mut row = ToldRow {
        unit: unit.id,
        sequence: bigint(stored.sequence),
        tells: ToldRow::REPORTED.to_owned(),
        status: UnitStatus::Available.code().to_owned(),
        vendor_code: None,
        card: None,
        ends: None,
        at: utc(event.at().unwrap_or(stored.occurred_at.fixed_offset())),
        recorded_at: utc(stored.recorded_at),
        position: stored.position.as_i64(),
    };
    match event {
        UnitEvent::DutyStarted { .. } => row.tells = ToldRow::DUTY_STARTED.to_owned(),
        UnitEvent::DutyEnded { .. } => {
            row.tells = ToldRow::DUTY_ENDED.to_owned();
            row.status = UnitStatus::OffDuty.code().to_owned();
        }
        UnitEvent::StatusReported { status, vendor_code, .. } => {
            row.status = status.code().to_owned();
            row.vendor_code = vendor_code.as_ref().map(ToString::to_string);
        }
        UnitEvent::UnitAssigned { card, .. } => {
            row.tells = ToldRow::ASSIGNED.to_owned();
            row.status = UnitStatus::Assigned.code().to_owned();
            row.card = Some(*card);
            (unit.assigned, unit.assigned_at) = (Some(row.sequence), Some(row.at));
        }
        UnitEvent::UnitReleased { card, diverted_to, status, .. } => {
            let (assigned, assigned_at) = (unit.assigned.take(), unit.assigned_at.take());
            // Taken away for another card: the assignment to that one, of the same moment, says all of it.
            if diverted_to.is_some() {
                return Ok(None);
            }
            row.tells = ToldRow::RELEASED.to_owned();
            row.status = status.code().to_owned();
            row.card = Some(*card);
            row.ends = assigned;
            row.at = assigned_at.map_or(row.at, |assigned_at| assigned_at.max(row.at));
        }
        // Says nothing of status or card.
        _ => return Ok(None),
    }
    Ok(Some(row))
}
