//! Look-ups (uzziņas): in which records somebody or something is, found by what is sealed of them in the log.
//!
//! Plates and other numbers of vehicles and documents, personal codes and phones are sealed, so nothing can look for one there. This read model opens each and keeps a keyed digest of it.
//! So it is the one that needs keys, and what is in it is a function of the events *and of which keys are destroyed* (I-11): of a thing
//! whose key is gone there is no row, whether the key was destroyed before the thing was read or after. Which events say what is in
//! `told.rs`, what is asked in `rows.rs`.

mod rows;
mod told;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use domain::retention::RetentionEvent;
use event_store::consumer::{ApplyError, Consumer, Handler};
use event_store::log::{DecodeError, LogName, LogPosition, StoredEvent};
use event_store::seal::{KeyRing, MasterKeys, RecordKey, SealError, SealedField, sealed_fields};
use futures::future::BoxFuture;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

pub use self::rows::{Lookup, LookupDigest, LookupKind, LookupRow};
use self::told::{AGGREGATES, RECORDS, Told, told};
use crate::event::{DecodedEvent, RegisterEvent, decode};
use crate::projection::Projector;
use crate::registry::ReadModel;
use crate::table::{Statements, TableRow};

/// Its name, and that of its schema.
pub const NAME: &str = "lookups";
const VERSION: u32 = 2;
const LOGS: &[LogName] = &[LogName::REGISTER];
const TABLES: &[&str] = &[LookupRow::TABLE];

/// What opens what is sealed, and makes digests of it.
#[derive(Debug, Clone)]
pub struct LookupKeys {
    keys: KeyRing,
    master: Arc<MasterKeys>,
}

impl LookupKeys {
    /// With the keys of the register's records.
    pub fn new(app: sqlx::PgPool, master: Arc<MasterKeys>) -> Self {
        Self { keys: KeyRing::new(app, LogName::REGISTER, Arc::clone(&master)), master }
    }

    /// The read model that works with them.
    pub(crate) fn read_model(self) -> ReadModel {
        let projector = move |schema: &str| -> Projector { Box::new(Lookups::new(schema, self.clone())) };
        ReadModel::new(Consumer::live(NAME, VERSION, LOGS), (TABLES, include_str!("schema.sql")), true, projector)
    }

    /// The keys of what is sealed, as far as they are there.
    async fn of<'a>(
        &self,
        sealed: impl Iterator<Item = &'a SealedThing>,
    ) -> Result<HashMap<Uuid, RecordKey>, ApplyError> {
        self.by_id(sealed.filter_map(|thing| thing.field.key_id()).collect()).await
    }

    /// Keys by their ids, as far as they are there.
    pub(crate) async fn by_id(&self, ids: BTreeSet<Uuid>) -> Result<HashMap<Uuid, RecordKey>, ApplyError> {
        let ids: Vec<Uuid> = ids.into_iter().collect();
        self.keys.by_id(&ids).await.map_err(|error| match error {
            SealError::Database(error) => ApplyError::Database(error),
            // Its generation may come: nothing is wrong with the events, so none of them is set aside.
            other => ApplyError::Database(sqlx::Error::Protocol(other.to_string())),
        })
    }

    /// What digests are made with.
    pub(crate) fn master(&self) -> &MasterKeys {
        &self.master
    }

    /// What a thing is found by; nothing where its key is gone.
    fn digest(
        &self,
        kind: LookupKind,
        thing: &SealedThing,
        keys: &HashMap<Uuid, RecordKey>,
    ) -> Result<Option<LookupDigest>, ApplyError> {
        let broken = |reason: String| ApplyError::Event { position: thing.position, reason };
        let Some(value) = thing.field.open(keys).map_err(|error| broken(error.to_string()))? else { return Ok(None) };
        // The cause could quote what was sealed.
        let none = |_| broken(format!("its {} is none", kind.code()));
        Ok(Some(match kind {
            LookupKind::Plate => {
                let plate = serde_json::from_value(value).map_err(none)?;
                Lookup::Plate(&plate).digest(&self.master)
            }
            LookupKind::PersonalCode => {
                let code = serde_json::from_value(value).map_err(none)?;
                Lookup::PersonalCode(&code).digest(&self.master)
            }
            LookupKind::Phone => {
                let phone = serde_json::from_value(value).map_err(none)?;
                Lookup::Phone(&phone).digest(&self.master)
            }
            LookupKind::Vin => {
                let vin = serde_json::from_value(value).map_err(none)?;
                Lookup::Vin(&vin).digest(&self.master)
            }
            LookupKind::Document => {
                let number = serde_json::from_value(value).map_err(none)?;
                Lookup::Document(&number).digest(&self.master)
            }
        }))
    }
}

/// A thing as it stands sealed in an event.
#[derive(Debug)]
struct SealedThing {
    record_type: String,
    position: LogPosition,
    field: SealedField,
}

/// Key of a row: record, part, kind.
type Key = (Uuid, Uuid, LookupKind);

/// What a batch says: of each part what it is found by, none where it isn't any more; and the keys that were destroyed.
#[derive(Debug, Default)]
struct Said {
    things: BTreeMap<Key, Option<SealedThing>>,
    destroyed: BTreeSet<Uuid>,
}

impl Said {
    fn by(batch: &[DecodedEvent]) -> Result<Self, ApplyError> {
        let mut said = Self::default();
        for DecodedEvent { stored, event } in batch {
            if let RegisterEvent::Retention(event) = event
                && let RetentionEvent::SubjectKeysDestroyed { keys, .. } = event.as_ref()
            {
                said.destroyed.extend(keys.iter().map(|key| key.key));
            }
            for told in told(event) {
                said.take(stored, told)?;
            }
        }
        Ok(said)
    }

    fn take(&mut self, stored: &StoredEvent, told: Told) -> Result<(), ApplyError> {
        let record = stored.aggregate_id;
        match told {
            Told::Replaced { part, kind, path } => {
                self.things.insert((record, part, kind), sealed_at(stored, path)?);
            }
            Told::Amended { part, kind, path } => {
                if let Some(thing) = sealed_at(stored, path)? {
                    self.things.insert((record, part, kind), Some(thing));
                }
            }
            Told::Gone { part } => {
                self.things.extend(LookupKind::ALL.map(|kind| ((record, part, kind), None)));
            }
        }
        Ok(())
    }
}

/// What stands sealed at that path of an event; none where nothing does.
fn sealed_at(stored: &StoredEvent, path: &str) -> Result<Option<SealedThing>, ApplyError> {
    let payload: Value = serde_json::from_str(&stored.payload)
        .map_err(|error| ApplyError::Event { position: stored.position, reason: error.to_string() })?;
    let field = sealed_fields(&payload, stored.event_id).into_iter().find(|field| field.path == path);
    let (record_type, position) = (stored.aggregate_type.clone(), stored.position);
    Ok(field.map(|field| SealedThing { record_type, position, field }))
}

/// The projector of look-ups.
#[derive(Debug)]
struct Lookups {
    statements: Statements,
    remove: String,
    destroyed: String,
    keys: LookupKeys,
}

impl Lookups {
    fn new(schema: &str, keys: LookupKeys) -> Self {
        let table = format!("{schema}.{}", LookupRow::TABLE);
        let remove = format!(
            "delete from {table} where (record, part, kind) in (select * from unnest($1::uuid[], $2::uuid[], $3::text[]))"
        );
        let destroyed = format!("delete from {table} where sealed_under = any($1)");
        Self { statements: Statements::new::<LookupRow>(schema, "record"), remove, destroyed, keys }
    }

    async fn take_in(&self, tx: &mut PgConnection, batch: &[DecodedEvent]) -> Result<(), ApplyError> {
        let Said { things, destroyed } = Said::by(batch)?;
        let keys = self.keys.of(things.values().flatten()).await?;
        let (mut rows, mut gone) = (Vec::new(), Vec::new());
        for (key, thing) in &things {
            match thing.as_ref().map(|thing| self.row(*key, thing, &keys)).transpose()?.flatten() {
                // A key that was destroyed later in the log is gone already, or goes with the batch that says so.
                Some(row) if !destroyed.contains(&row.sealed_under) => rows.push(row),
                _ => gone.push(*key),
            }
        }
        self.remove(tx, &gone).await?;
        self.statements.upsert(tx, &rows).await?;
        if !destroyed.is_empty() {
            let destroyed: Vec<Uuid> = destroyed.into_iter().collect();
            sqlx::query(&self.destroyed).bind(destroyed).execute(tx).await?;
        }
        Ok(())
    }

    /// The row of a thing; none where its key is gone.
    fn row(
        &self,
        (record, part, kind): Key,
        thing: &SealedThing,
        keys: &HashMap<Uuid, RecordKey>,
    ) -> Result<Option<LookupRow>, ApplyError> {
        let digest = self.keys.digest(kind, thing, keys)?;
        let Some((digest, sealed_under)) = digest.zip(thing.field.key_id()) else { return Ok(None) };
        Ok(Some(LookupRow {
            record,
            part,
            kind: kind.code().to_owned(),
            record_type: thing.record_type.clone(),
            digest: digest.digest.to_vec(),
            sealed_under,
            first_position: thing.position.as_i64(),
        }))
    }

    async fn remove(&self, tx: &mut PgConnection, gone: &[Key]) -> Result<(), sqlx::Error> {
        if gone.is_empty() {
            return Ok(());
        }
        let (mut records, mut parts, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
        for (record, part, kind) in gone {
            records.push(*record);
            parts.push(*part);
            kinds.push(kind.code());
        }
        sqlx::query(&self.remove).bind(records).bind(parts).bind(kinds).execute(tx).await?;
        Ok(())
    }
}

impl Handler for Lookups {
    type Event = RegisterEvent;

    fn reads(&self) -> &'static [&'static str] {
        AGGREGATES
    }

    /// A thing is of its own record. Which keys are destroyed goes to every slice.
    fn apart(&self) -> &'static [&'static str] {
        RECORDS
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
