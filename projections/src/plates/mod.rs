//! Plates (numura zīmes): in which incidents a vehicle is, found by its plate.
//!
//! Plates are sealed in the log, so nothing can look for one there. This read model opens each and keeps a keyed digest of it. So it
//! is the one that needs keys, and what is in it is a function of the events *and of which keys are destroyed* (I-14): of a plate
//! whose key is gone there is no row, whether the key was destroyed before the plate was read or after.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::incident::IncidentEvent;
use domain::retention::RetentionEvent;
use domain::values::PlateNumber;
use event_store::consumer::{ApplyError, Consumer, Handler};
use event_store::log::{DecodeError, LogName, StoredEvent};
use event_store::seal::{KeyRing, MasterKeys, SealError, SealedField, sealed_fields};
use futures::future::BoxFuture;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::event::{DecodedEvent, INCIDENT, RETENTION, RegisterEvent, decode};
use crate::projection::Projector;
use crate::registry::ReadModel;
use crate::table::{Statements, TableRow, table_row};

const NAME: &str = "plates";
const VERSION: u32 = 1;
const LOGS: &[LogName] = &[LogName::REGISTER];
const TABLES: &[&str] = &["plates"];
/// Where the plate stands in the payload of its event.
const PLATE: &str = "/VehicleInvolved/vehicle/plate";

/// The digest that a plate is found by: the same however it is written, another for another country.
pub fn digest(master: &MasterKeys, plate: &PlateNumber) -> [u8; 32] {
    master.digest("plate", format!("{} {}", plate.country(), plate.normal()).as_bytes())
}

/// What opens plates and makes digests of them.
#[derive(Debug, Clone)]
pub struct PlateKeys {
    keys: KeyRing,
    master: Arc<MasterKeys>,
}

impl PlateKeys {
    /// With the keys of the register's records.
    pub fn new(app: sqlx::PgPool, master: Arc<MasterKeys>) -> Self {
        Self { keys: KeyRing::new(app, LogName::REGISTER, Arc::clone(&master)), master }
    }

    /// The read model that works with them.
    pub(crate) fn read_model(self) -> ReadModel {
        let projector = move |schema: &str| -> Projector { Box::new(Plates::new(schema, self.clone())) };
        ReadModel::new(Consumer::live(NAME, VERSION, LOGS), TABLES, include_str!("schema.sql"), projector)
    }

    /// The digests of sealed plates; none for one whose key is gone.
    async fn digests(&self, plates: &[(StoredEvent, SealedField)]) -> Result<Vec<Option<[u8; 32]>>, ApplyError> {
        let ids: BTreeSet<Uuid> = plates.iter().filter_map(|(_, field)| field.key_id()).collect();
        let ids: Vec<Uuid> = ids.into_iter().collect();
        let keys = self.keys.by_id(&ids).await.map_err(|error| match error {
            SealError::Database(error) => ApplyError::Database(error),
            // Its generation may come: nothing is wrong with the events, so none of them is set aside.
            other => ApplyError::Database(sqlx::Error::Protocol(other.to_string())),
        })?;
        let digest_of = |(stored, field): &(StoredEvent, SealedField)| {
            let broken = |reason: String| ApplyError::Event { position: stored.position, reason };
            let Some(value) = field.open(&keys).map_err(|error| broken(error.to_string()))? else { return Ok(None) };
            // The cause could quote the plate.
            let plate = serde_json::from_value(value).map_err(|_| broken("its plate is none".to_owned()))?;
            Ok(Some(digest(&self.master, &plate)))
        };
        plates.iter().map(digest_of).collect()
    }
}

table_row! {
    /// A plate in an incident.
    pub struct PlateRow in "plates" key ("incident", "vehicle") {
        /// The incident.
        incident: Uuid => "uuid",
        /// Id of the involvement.
        vehicle: Uuid => "uuid",
        /// What it is found by.
        digest: Vec<u8> => "bytea",
        /// The key that it is sealed under.
        sealed_under: Uuid => "uuid",
        /// Position of the event that said it last.
        first_position: i64 => "int8",
    }
}

impl PlateRow {
    /// The incidents with that plate, the latest first: at most `limit`. One whose key was just destroyed is not among them, also
    /// before the projector has heard of it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incidents_with(
        connection: &mut PgConnection,
        digest: &[u8; 32],
        limit: u32,
    ) -> Result<Vec<Uuid>, sqlx::Error> {
        let sql = "select incident from plates.plates p
                   where digest = $1 and exists (select from register.keys k where k.key_id = p.sealed_under)
                   order by first_position desc limit $2";
        sqlx::query_scalar(sql).bind(digest.as_slice()).bind(i64::from(limit)).fetch_all(connection).await
    }
}

/// The projector of plates.
#[derive(Debug)]
struct Plates {
    statements: Statements,
    destroyed: String,
    keys: PlateKeys,
}

/// What a batch says of one vehicle: its plate as it stands in an event, or that it has none any more.
type Said = Option<(StoredEvent, SealedField)>;

impl Plates {
    fn new(schema: &str, keys: PlateKeys) -> Self {
        let destroyed = format!("delete from {schema}.{} where sealed_under = any($1)", PlateRow::TABLE);
        Self { statements: Statements::new::<PlateRow>(schema, "incident"), destroyed, keys }
    }

    async fn take_in(&self, tx: &mut PgConnection, batch: &[DecodedEvent]) -> Result<(), ApplyError> {
        let mut said: BTreeMap<(Uuid, Uuid), Said> = BTreeMap::new();
        let mut destroyed: BTreeSet<Uuid> = BTreeSet::new();
        for DecodedEvent { stored, event } in batch {
            match event {
                RegisterEvent::Incident(event) => match event.as_ref() {
                    IncidentEvent::VehicleInvolved { vehicle } => {
                        said.insert((stored.aggregate_id, vehicle.id), plate_of(stored)?);
                    }
                    IncidentEvent::InvolvementWithdrawn { involvement, .. } => {
                        said.insert((stored.aggregate_id, *involvement), None);
                    }
                    _ => {}
                },
                RegisterEvent::Retention(event) => {
                    if let RetentionEvent::SubjectKeysDestroyed { keys, .. } = event.as_ref() {
                        destroyed.extend(keys.iter().map(|key| key.key));
                    }
                }
                _ => {}
            }
        }
        let touched: Vec<(Uuid, Uuid)> = said.keys().copied().collect();
        let (vehicles, plates): (Vec<_>, Vec<_>) =
            said.into_iter().filter_map(|(vehicle, plate)| Some((vehicle, plate?))).unzip();
        let digests = self.keys.digests(&plates).await?;
        let rows = vehicles.into_iter().zip(&plates).zip(digests).filter_map(|((vehicle, (stored, field)), digest)| {
            let (incident, vehicle) = vehicle;
            let first_position = stored.position.as_i64();
            Some(PlateRow {
                incident,
                vehicle,
                digest: digest?.to_vec(),
                sealed_under: field.key_id()?,
                first_position,
            })
        });
        // A key that was destroyed later in the log is gone already, or goes with the batch that says so.
        let rows: Vec<PlateRow> = rows.filter(|row| !destroyed.contains(&row.sealed_under)).collect();
        self.statements.remove(tx, &touched).await?;
        self.statements.upsert(tx, &rows).await?;
        if !destroyed.is_empty() {
            let destroyed: Vec<Uuid> = destroyed.into_iter().collect();
            sqlx::query(&self.destroyed).bind(destroyed).execute(tx).await?;
        }
        Ok(())
    }
}

/// The sealed plate of a vehicle's event; none where it has no plate, or what it had is erased.
fn plate_of(stored: &StoredEvent) -> Result<Said, ApplyError> {
    let payload: Value = serde_json::from_str(&stored.payload)
        .map_err(|error| ApplyError::Event { position: stored.position, reason: error.to_string() })?;
    let plate = sealed_fields(&payload, stored.event_id).into_iter().find(|field| field.path == PLATE);
    Ok(plate.map(|plate| (stored.clone(), plate)))
}

impl Handler for Plates {
    type Event = RegisterEvent;

    fn reads(&self, aggregate_type: &str) -> bool {
        [INCIDENT, RETENTION].contains(&aggregate_type)
    }

    fn decode(&self, event: &StoredEvent) -> Result<RegisterEvent, DecodeError> {
        decode(event)
    }

    fn apply<'a>(
        &'a mut self,
        tx: &'a mut PgConnection,
        batch: &'a [DecodedEvent],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(self.take_in(tx, batch))
    }
}
