//! Case search (notikumu meklēšana): incidents by number, source, institution, state, time, territory and words of the place.

mod grid;
mod incident;
mod rows;

use domain::incident::IncidentEvent;
use domain::unit::UnitEvent;
use event_store::consumer::ApplyError;
use event_store::log::LogName;
use sqlx::PgConnection;

pub(crate) use self::rows::COLUMNS;
pub use self::rows::{Guarded, IncidentFilter, IncidentRow, UnitOwnerRow};
use crate::event::{DecodedEvent, INCIDENT, RegisterEvent, UNIT};
use crate::projection::Projection;
use crate::table::{Rows, Statements};

/// The projector of the case search.
#[derive(Debug)]
pub struct CaseSearch {
    incidents: Statements,
    units: Statements,
}

impl Projection for CaseSearch {
    const NAME: &'static str = "case_search";
    const VERSION: u32 = 6;
    const LOGS: &'static [LogName] = &[LogName::REGISTER];
    const AGGREGATES: &'static [&'static str] = &[INCIDENT, UNIT];
    const APART: &'static [&'static str] = &[INCIDENT];
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
                RegisterEvent::Incident(event) => incident::take_in(&mut incidents, &units, stored, event)?,
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
