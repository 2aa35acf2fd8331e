//! Shifts of stations (ierindas ziņas): what was planned, who came, to whom it was handed over, and what has to be free meanwhile.

mod rows;

use std::collections::BTreeSet;

use domain::roster_shift::{LineUp, ShiftEvent, ShiftKey, ShiftPlan, ShiftState};
use event_store::consumer::ApplyError;
use event_store::log::{LogName, StoredEvent};
use sqlx::PgConnection;
use sqlx::types::Json;

pub use self::rows::{Correction, Reserve, ShiftFilter, ShiftRow};
use crate::event::{DecodedEvent, ROSTER_SHIFT, RegisterEvent};
use crate::fact::{bigint, sealed_json, utc};
use crate::projection::Projection;
use crate::table::{Rows, Statements};

/// The projector of shifts.
#[derive(Debug)]
pub struct Shifts {
    shifts: Statements,
}

impl Projection for Shifts {
    const NAME: &'static str = "shifts";
    const VERSION: u32 = 1;
    const LOGS: &'static [LogName] = &[LogName::REGISTER];
    const AGGREGATES: &'static [&'static str] = &[ROSTER_SHIFT];
    const TABLES: &'static [&'static str] = &["shifts"];
    const SCHEMA_SQL: &'static str = include_str!("schema.sql");

    fn new(schema: &str) -> Self {
        Self { shifts: Statements::new::<ShiftRow>(schema, "id") }
    }

    async fn apply(&mut self, tx: &mut PgConnection, batch: &[DecodedEvent]) -> Result<(), ApplyError> {
        let later = batch.iter().map(|delivery| &delivery.stored).filter(|stored| stored.sequence > 1);
        let known: BTreeSet<_> = later.map(|stored| stored.aggregate_id).collect();
        let known = self.shifts.load::<ShiftRow>(tx, &Vec::from_iter(known)).await?;
        let mut shifts = Rows::of(known.into_iter().map(|row| (row.id, row)));
        for DecodedEvent { stored, event } in batch {
            let RegisterEvent::RosterShift(event) = event else { continue };
            if let ShiftEvent::ShiftPlanned { key, plan } = event.as_ref() {
                // Planned anew it begins anew: nothing else can have happened to it yet.
                let first = shifts.get(stored.aggregate_id).map(|row| row.first_position);
                shifts.put(stored.aggregate_id, planned(stored, key, plan, first));
                continue;
            }
            let row = shifts.get_mut(stored.aggregate_id).ok_or_else(|| ApplyError::Event {
                position: stored.position,
                reason: "the shift was not planned before".to_owned(),
            })?;
            take_in(row, stored, event)?;
        }
        self.shifts.upsert(tx, &shifts.changed()).await?;
        Ok(())
    }
}

fn planned(stored: &StoredEvent, key: &ShiftKey, plan: &ShiftPlan, first: Option<i64>) -> ShiftRow {
    let position = stored.position.as_i64();
    ShiftRow {
        id: stored.aggregate_id,
        institution: key.institution.to_string(),
        station: key.station.to_string(),
        date: key.date,
        shift: key.shift.to_string(),
        state: ShiftState::Planned.code().to_owned(),
        starts_at: utc(plan.starts_at),
        ends_at: utc(plan.ends_at),
        planned: plan.strength.get().into(),
        planned_units: Json(plan.units.clone()),
        minimum: Json(plan.minimum.clone()),
        officer: None,
        present: None,
        line_up: Json(LineUp::default()),
        reserve: 0,
        reserves: Json(Vec::new()),
        rotations: Json(Default::default()),
        corrections: Json(Vec::new()),
        after: None,
        next: None,
        opened_at: None,
        handed_over_at: None,
        handed_over_by: None,
        taken_over_by: None,
        notes: None,
        closed_at: None,
        first_position: first.unwrap_or(position),
        last_position: position,
        version: bigint(stored.sequence),
    }
}

fn take_in(row: &mut ShiftRow, stored: &StoredEvent, event: &ShiftEvent) -> Result<(), ApplyError> {
    let at = utc(stored.occurred_at);
    let mut state = None;
    match event {
        ShiftEvent::ShiftPlanned { .. } => {}
        ShiftEvent::ShiftOpened { at, officer, line_up, after } => {
            state = Some(ShiftState::Open);
            (row.opened_at, row.officer, row.after) = (Some(utc(*at)), Some(officer.to_string()), *after);
            row.lines_up(line_up);
        }
        ShiftEvent::ShiftFollowed { next } => row.next = Some(*next),
        ShiftEvent::LineUpChanged { line_up } => row.lines_up(line_up),
        ShiftEvent::ReserveCalled { people, units } => {
            let people = i32::from(people.get());
            row.reserve += people;
            row.reserves.push(Reserve { at, people, units: units.clone() });
        }
        ShiftEvent::RotationPlanned { card, reliefs } => _ = row.rotations.insert(*card, reliefs.clone()),
        ShiftEvent::ShiftHandedOver { handed_over_by, taken_over_by, notes } => {
            state = Some(ShiftState::HandedOver);
            row.handed_over_at = Some(at);
            row.handed_over_by = Some(handed_over_by.to_string());
            row.taken_over_by = Some(taken_over_by.to_string());
            row.notes = notes.as_ref().map(|notes| sealed_json(stored, notes)).transpose()?;
        }
        ShiftEvent::ShiftClosed {} => {
            state = Some(ShiftState::Closed);
            row.closed_at = Some(at);
        }
        ShiftEvent::ShiftCorrected { line_up, reason } => {
            state = Some(ShiftState::Corrected);
            let (was, is) = (row.line_up.0.clone(), line_up.clone());
            row.corrections.push(Correction { at, was, is, reason: sealed_json(stored, reason)? });
            row.lines_up(line_up);
        }
    }
    if let Some(state) = state {
        row.state = state.code().to_owned();
    }
    row.last_position = stored.position.as_i64();
    row.version = bigint(stored.sequence);
    Ok(())
}

impl ShiftRow {
    fn lines_up(&mut self, line_up: &LineUp) {
        self.present = Some(line_up.present.get().into());
        self.line_up = Json(line_up.clone());
    }
}
