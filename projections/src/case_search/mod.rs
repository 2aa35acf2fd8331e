//! Case search (notikumu meklēšana): incidents by number, source, institution, state, time, territory and words of the place.

mod rows;

use domain::incident::{Assignee, IncidentEvent, IncidentStatus};
use domain::unit::UnitEvent;
use event_store::consumer::ApplyError;
use event_store::log::{LogName, StoredEvent};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

pub(crate) use self::rows::COLUMNS;
pub use self::rows::{IncidentFilter, IncidentRow, UnitOwnerRow};
use crate::event::{DecodedEvent, INCIDENT, RegisterEvent, UNIT};
use crate::fact::{PlaceColumns, SourceColumns, bigint, sealed_json, set_place, utc};
use crate::projection::Projection;
use crate::reach::Participants;
use crate::table::{Rows, Statements};

/// The projector of the case search.
#[derive(Debug)]
pub struct CaseSearch {
    incidents: Statements,
    units: Statements,
}

impl Projection for CaseSearch {
    const NAME: &'static str = "case_search";
    const VERSION: u32 = 2;
    const LOGS: &'static [LogName] = &[LogName::REGISTER];
    const AGGREGATES: &'static [&'static str] = &[INCIDENT, UNIT];
    const TABLES: &'static [&'static str] = &["incidents", "units"];
    const SCHEMA_SQL: &'static str = include_str!("schema.sql");

    fn new(schema: &str) -> Self {
        Self {
            incidents: Statements::new::<IncidentRow>(schema, "id"),
            units: Statements::new::<UnitOwnerRow>(schema, "id"),
        }
    }

    async fn apply(&mut self, tx: &mut PgConnection, batch: &[DecodedEvent]) -> Result<(), ApplyError> {
        let (mut ids, mut assigned) = (Vec::new(), Vec::new());
        for DecodedEvent { stored, event } in batch {
            let RegisterEvent::Incident(event) = event else { continue };
            if stored.sequence > 1 {
                ids.push(stored.aggregate_id);
            }
            if let IncidentEvent::IncidentAssigned { assignee } = &**event {
                assigned.extend(assignee.unit());
            }
        }
        let loaded = self.incidents.load::<IncidentRow>(tx, &ids).await?;
        let mut incidents = Rows::of(loaded.into_iter().map(|row| (row.id, row)));
        let loaded = self.units.load::<UnitOwnerRow>(tx, &assigned).await?;
        let mut units = Rows::of(loaded.into_iter().map(|row| (row.id, row)));
        for DecodedEvent { stored, event } in batch {
            match event {
                RegisterEvent::Incident(event) => take_in(&mut incidents, &units, stored, event)?,
                RegisterEvent::Unit(event) => {
                    if let UnitEvent::UnitRegistered { institution, .. } = &**event {
                        let (id, institution) = (stored.aggregate_id, institution.to_string());
                        units.put(id, UnitOwnerRow { id, institution });
                    }
                }
                _ => {}
            }
        }
        self.units.upsert(tx, &units.changed()).await?;
        self.incidents.upsert(tx, &incidents.changed()).await?;
        Ok(())
    }
}

/// Takes one event in.
fn take_in(
    incidents: &mut Rows<Uuid, IncidentRow>,
    units: &Rows<Uuid, UnitOwnerRow>,
    stored: &StoredEvent,
    event: &IncidentEvent,
) -> Result<(), ApplyError> {
    if let Some(row) = registered(stored, event)? {
        incidents.put(row.id, row);
        return Ok(());
    }
    let row = incidents.get_mut(stored.aggregate_id).ok_or_else(|| ApplyError::Event {
        position: stored.position,
        reason: "the incident has no registration before it".to_owned(),
    })?;
    match event {
        IncidentEvent::IncidentRegistered { .. } => {}
        IncidentEvent::IncidentSupplemented { narrative, place, occurred_from, occurred_to, reporter, reason: _ } => {
            if let Some(narrative) = narrative {
                row.narrative = Some(sealed_json(stored, narrative)?);
            }
            if let Some(reporter) = reporter {
                row.reporter = Some(sealed_json(stored, reporter)?);
            }
            if place.is_some() {
                set_place!(row, place.as_ref());
            }
            row.occurred_from = occurred_from.map_or(row.occurred_from, utc);
            row.occurred_to = occurred_to.map(utc).or(row.occurred_to);
        }
        IncidentEvent::IncidentReclassified { type_code, category, reason: _ } => {
            if let Some(type_code) = type_code {
                row.type_code = type_code.to_string();
            }
            if let Some(category) = category {
                row.category = category.to_string();
            }
        }
        IncidentEvent::IncidentAssigned { assignee } => {
            let owner = assignee.unit().and_then(|unit| units.get(unit));
            row.participants.0.extend(owner.map(|unit| unit.institution.clone()));
            (row.assigned_unit, row.assigned_officer) = match assignee {
                Assignee::Unit(unit) => (Some(*unit), None),
                Assignee::Officer(officer) => (None, Some(officer.to_string())),
            };
        }
        IncidentEvent::ResultRecorded { result_code, case_refs } => {
            row.result_code = Some(result_code.to_string());
            row.case_refs = Json(case_refs.iter().map(ToString::to_string).collect());
        }
        IncidentEvent::IncidentClosed { disposition, closing_type } => {
            row.disposition = Some(disposition.to_string());
            row.closing_type = Some(closing_type.to_string());
            row.closed_at = Some(utc(stored.occurred_at));
        }
        IncidentEvent::IncidentReopened { reason: _ } => {
            (row.disposition, row.closing_type, row.closed_at) = (None, None, None);
        }
    }
    let before = IncidentStatus::parse(&row.status).unwrap_or(IncidentStatus::Registered);
    row.status = event.status_after(before).code().to_owned();
    row.last_position = stored.position.as_i64();
    row.version = bigint(stored.sequence);
    Ok(())
}

/// The row of an incident that was just registered.
fn registered(stored: &StoredEvent, event: &IncidentEvent) -> Result<Option<IncidentRow>, ApplyError> {
    let IncidentEvent::IncidentRegistered {
        number,
        channel,
        type_code,
        category,
        place,
        occurred_from,
        occurred_to,
        narrative,
        reporter,
        institution,
        card,
        legacy_number,
    } = event
    else {
        return Ok(None);
    };
    let place = PlaceColumns::of(place.as_ref());
    let source = SourceColumns::of(stored)?;
    Ok(Some(IncidentRow {
        id: stored.aggregate_id,
        number: number.to_string(),
        legacy_number: legacy_number.as_ref().map(ToString::to_string),
        institution: institution.to_string(),
        channel: channel.to_string(),
        type_code: type_code.to_string(),
        opening_type: type_code.to_string(),
        category: category.to_string(),
        status: IncidentStatus::Registered.code().to_owned(),
        territory: place.territory,
        address_code: place.address_code,
        place_text: place.text,
        latitude_e6: place.latitude_e6,
        longitude_e6: place.longitude_e6,
        uncertainty_m: place.uncertainty_m,
        location_source: place.source,
        occurred_from: utc(*occurred_from),
        occurred_to: occurred_to.map(utc),
        registered_at: utc(stored.recorded_at),
        assigned_unit: None,
        assigned_officer: None,
        result_code: None,
        case_refs: Json(Vec::new()),
        disposition: None,
        closing_type: None,
        closed_at: None,
        card: *card,
        source_system: source.system,
        source_external_id: source.external_id,
        narrative: narrative.as_ref().map(|narrative| sealed_json(stored, narrative)).transpose()?,
        reporter: reporter.as_ref().map(|reporter| sealed_json(stored, reporter)).transpose()?,
        participants: Participants::default(),
        first_position: stored.position.as_i64(),
        last_position: stored.position.as_i64(),
        version: bigint(stored.sequence),
    }))
}
