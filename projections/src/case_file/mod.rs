//! Case file (lietas materiāli): who and what takes part in incidents, what was done, what they are tied to, where they were transferred,
//! and what was seized with everybody who had it.
//!
//! What an incident is stands in the case search; here is what there can be many of. Rows of persons and things are of what is involved
//! now: what was withdrawn is gone.

mod incident;
mod rows;
mod seized_item;
mod things;

use std::collections::BTreeSet;

use domain::incident::IncidentEvent;
use event_store::consumer::ApplyError;
use event_store::log::{LogName, StoredEvent};
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

pub use self::rows::{ActionRow, LinkRow, OrganisationRow, PersonRow, TransferRow, TransferState};
pub use self::things::{CustodyStep, DocumentRow, ItemRow, NumberedItem, OrdinalRow, SeizedItemRow, VehicleRow};
use crate::event::{DecodedEvent, INCIDENT, RegisterEvent, SEIZED_ITEM};
use crate::fact::sealed_json;
use crate::projection::Projection;
use crate::table::{Rows, Statements, TableRow};

/// The projector of the case file.
#[derive(Debug)]
pub struct CaseFile {
    persons: Statements,
    organisations: Statements,
    vehicles: Statements,
    items: Statements,
    documents: Statements,
    actions: Statements,
    links: Statements,
    transfers: Statements,
    seized_items: Statements,
    ordinals: Statements,
}

/// Rows of a table by incident and what they are of.
type OfIncidents<R> = Rows<(Uuid, Uuid), R>;

/// What a batch works on.
struct Tables {
    persons: OfIncidents<PersonRow>,
    organisations: OfIncidents<OrganisationRow>,
    vehicles: OfIncidents<VehicleRow>,
    items: OfIncidents<ItemRow>,
    documents: OfIncidents<DocumentRow>,
    actions: Vec<ActionRow>,
    links: OfIncidents<LinkRow>,
    transfers: OfIncidents<TransferRow>,
    seized_items: Rows<Uuid, SeizedItemRow>,
    ordinals: Rows<Uuid, OrdinalRow>,
}

/// The incidents of which a batch needs what is known, table by table, and the seized items.
#[derive(Default)]
struct Needed {
    persons: BTreeSet<Uuid>,
    organisations: BTreeSet<Uuid>,
    vehicles: BTreeSet<Uuid>,
    items: BTreeSet<Uuid>,
    documents: BTreeSet<Uuid>,
    links: BTreeSet<Uuid>,
    transfers: BTreeSet<Uuid>,
    seized_items: BTreeSet<Uuid>,
}

impl Projection for CaseFile {
    const NAME: &'static str = "case_file";
    const VERSION: u32 = 3;
    const LOGS: &'static [LogName] = &[LogName::REGISTER];
    const AGGREGATES: &'static [&'static str] = &[INCIDENT, SEIZED_ITEM];
    const APART: &'static [&'static str] = Self::AGGREGATES;
    const TABLES: &'static [&'static str] = &[
        "persons",
        "organisations",
        "vehicles",
        "items",
        "documents",
        "actions",
        "links",
        "transfers",
        "seized_items",
        "ordinals",
    ];
    const SCHEMA_SQL: &'static str = include_str!("schema.sql");

    fn new(schema: &str) -> Self {
        Self {
            persons: Statements::new::<PersonRow>(schema, "incident"),
            organisations: Statements::new::<OrganisationRow>(schema, "incident"),
            vehicles: Statements::new::<VehicleRow>(schema, "incident"),
            items: Statements::new::<ItemRow>(schema, "incident"),
            documents: Statements::new::<DocumentRow>(schema, "incident"),
            actions: Statements::new::<ActionRow>(schema, "incident"),
            links: Statements::new::<LinkRow>(schema, "incident"),
            transfers: Statements::new::<TransferRow>(schema, "incident"),
            seized_items: Statements::new::<SeizedItemRow>(schema, "id"),
            ordinals: Statements::new::<OrdinalRow>(schema, "item"),
        }
    }

    async fn apply(&mut self, tx: &mut PgConnection, batch: &[DecodedEvent]) -> Result<(), ApplyError> {
        let mut tables = self.load(tx, &Needed::of(batch)).await?;
        for DecodedEvent { stored, event } in batch {
            match event {
                RegisterEvent::Incident(event) => tables.take_in(stored, event)?,
                RegisterEvent::SeizedItem(event) => tables.take_in_seized(stored, event)?,
                _ => {}
            }
        }
        self.persons.write(tx, tables.persons).await?;
        self.organisations.write(tx, tables.organisations).await?;
        self.vehicles.write(tx, tables.vehicles).await?;
        self.items.write(tx, tables.items).await?;
        self.documents.write(tx, tables.documents).await?;
        self.actions.upsert(tx, &tables.actions).await?;
        self.links.write(tx, tables.links).await?;
        self.transfers.write(tx, tables.transfers).await?;
        self.seized_items.upsert(tx, &tables.seized_items.changed()).await?;
        self.ordinals.upsert(tx, &tables.ordinals.changed()).await?;
        Ok(())
    }
}

impl Needed {
    fn of(batch: &[DecodedEvent]) -> Self {
        let mut needed = Self::default();
        for DecodedEvent { stored, event } in batch {
            let id = stored.aggregate_id;
            match event {
                RegisterEvent::Incident(event) => needed.for_incident(id, event),
                RegisterEvent::SeizedItem(_) if stored.sequence > 1 => _ = needed.seized_items.insert(id),
                _ => {}
            }
        }
        needed
    }

    /// A person is involved once; of things it can be said anew how they take part.
    fn for_incident(&mut self, incident: Uuid, event: &IncidentEvent) {
        let of = match event {
            IncidentEvent::PersonIdentified { .. } | IncidentEvent::PersonRolesChanged { .. } => &mut self.persons,
            IncidentEvent::OrganisationInvolved { .. } => &mut self.organisations,
            IncidentEvent::VehicleInvolved { .. } => &mut self.vehicles,
            IncidentEvent::ItemInvolved { .. } => &mut self.items,
            IncidentEvent::DocumentInvolved { .. } => &mut self.documents,
            IncidentEvent::InvolvementWithdrawn { .. } => {
                // Only its id is told, not what it was.
                for of in [&mut self.organisations, &mut self.vehicles, &mut self.items, &mut self.documents] {
                    of.insert(incident);
                }
                &mut self.persons
            }
            IncidentEvent::IncidentLinked { .. } | IncidentEvent::IncidentUnlinked { .. } => &mut self.links,
            IncidentEvent::TransferAccepted { .. }
            | IncidentEvent::TransferRejected { .. }
            | IncidentEvent::TransferWithdrawn { .. }
            | IncidentEvent::TransferExpired { .. }
            | IncidentEvent::TransferCompleted { .. } => &mut self.transfers,
            _ => return,
        };
        of.insert(incident);
    }
}

impl CaseFile {
    async fn load(&self, tx: &mut PgConnection, needed: &Needed) -> Result<Tables, sqlx::Error> {
        let seized: Vec<Uuid> = needed.seized_items.iter().copied().collect();
        let seized = self.seized_items.load::<SeizedItemRow>(tx, &seized).await?;
        Ok(Tables {
            persons: loaded(&self.persons, tx, &needed.persons, |row: &PersonRow| row.subject).await?,
            organisations: loaded(&self.organisations, tx, &needed.organisations, |row: &OrganisationRow| row.id)
                .await?,
            vehicles: loaded(&self.vehicles, tx, &needed.vehicles, |row: &VehicleRow| row.id).await?,
            items: loaded(&self.items, tx, &needed.items, |row: &ItemRow| row.id).await?,
            documents: loaded(&self.documents, tx, &needed.documents, |row: &DocumentRow| row.id).await?,
            actions: Vec::new(),
            links: loaded(&self.links, tx, &needed.links, |row: &LinkRow| row.other).await?,
            transfers: loaded(&self.transfers, tx, &needed.transfers, |row: &TransferRow| row.transfer).await?,
            seized_items: Rows::of(seized.into_iter().map(|row| (row.id, row))),
            ordinals: Rows::of([]),
        })
    }
}

/// A row that belongs to an incident.
trait OfIncident: TableRow {
    /// The incident.
    fn incident(&self) -> Uuid;
    /// Position of the event that made it.
    fn first_position(&self) -> i64;
}

macro_rules! of_incident {
    ($($row:ident),+) => {$(
        impl OfIncident for $row {
            fn incident(&self) -> Uuid {
                self.incident
            }

            fn first_position(&self) -> i64 {
                self.first_position
            }
        }
    )+};
}
of_incident!(PersonRow, OrganisationRow, VehicleRow, ItemRow, DocumentRow, LinkRow, TransferRow);

async fn loaded<R: OfIncident>(
    statements: &Statements,
    tx: &mut PgConnection,
    incidents: &BTreeSet<Uuid>,
    of: impl Fn(&R) -> Uuid,
) -> Result<OfIncidents<R>, sqlx::Error> {
    let incidents: Vec<Uuid> = incidents.iter().copied().collect();
    let rows = statements.load::<R>(tx, &incidents).await?;
    Ok(Rows::of(rows.into_iter().map(|row| ((row.incident(), of(&row)), row))))
}

/// A sealed part where there is one, as JSON text.
fn sealed<T: Serialize>(stored: &StoredEvent, part: Option<&T>) -> Result<Option<String>, ApplyError> {
    part.map(|part| sealed_json(stored, part)).transpose()
}

/// What an event is about, which must be there.
fn known<'a, R>(row: Option<&'a mut R>, stored: &StoredEvent, what: &str) -> Result<&'a mut R, ApplyError> {
    row.ok_or_else(|| ApplyError::Event {
        position: stored.position,
        reason: format!("there is no {what} that it could be about"),
    })
}
