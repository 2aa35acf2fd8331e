//! Opening personal data for those who may see it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use event_store::seal::{KeyRing, MasterKeys, SealedField, sealed_fields};
use futures::future::BoxFuture;
use projections::lookups::{Lookup, LookupDigest};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::QueryError;
use crate::snapshot::Snapshot;

/// What became of a sealed field.
#[derive(Debug, Clone, PartialEq)]
pub enum PersonalValue {
    /// Its value.
    Open(Value),
    /// Its key was destroyed.
    Erased,
}

/// Opens sealed fields, many at once, and tells what records are found by that hold something sealed.
pub trait OpenPersonal: Send + Sync + 'static {
    /// What became of each, in order.
    fn open<'a>(&'a self, fields: &'a [SealedField]) -> BoxFuture<'a, Result<Vec<PersonalValue>, QueryError>>;

    /// What records are found by that hold that.
    fn digest(&self, lookup: Lookup<'_>) -> LookupDigest;

    /// What keyed digests are made with.
    fn digests(&self) -> &MasterKeys;
}

impl OpenPersonal for KeyRing {
    fn open<'a>(&'a self, fields: &'a [SealedField]) -> BoxFuture<'a, Result<Vec<PersonalValue>, QueryError>> {
        Box::pin(async move {
            let ids: HashSet<Uuid> = fields.iter().filter_map(SealedField::key_id).collect();
            let ids: Vec<Uuid> = ids.into_iter().collect();
            let internal = |error| QueryError::Internal(Box::new(error));
            let keys = self.by_id(&ids).await.map_err(internal)?;
            let opened = fields.iter().map(|field| {
                Ok(field.open(&keys).map_err(internal)?.map_or(PersonalValue::Erased, PersonalValue::Open))
            });
            opened.collect()
        })
    }

    fn digest(&self, lookup: Lookup<'_>) -> LookupDigest {
        lookup.digest(self.master())
    }

    fn digests(&self) -> &MasterKeys {
        self.master()
    }
}

/// A sealed text of a record, as a read model holds it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct SealedText {
    pub(crate) record: Uuid,
    pub(crate) sealed: String,
}

/// Opens what one request shows, in one go.
///
/// A text opens only as the field of the event that it was sealed for, so the events of the records are looked through for
/// it: that it stands there is checked on the way.
pub(crate) struct PersonalLoader {
    pub(crate) snapshot: Snapshot,
    pub(crate) keys: Arc<dyn OpenPersonal>,
}

impl Loader<SealedText> for PersonalLoader {
    type Value = PersonalValue;
    type Error = Arc<QueryError>;

    async fn load(&self, texts: &[SealedText]) -> Result<HashMap<SealedText, PersonalValue>, Arc<QueryError>> {
        let found = async {
            let mut reading = self.snapshot.read().await?;
            fields_of(&mut reading, texts).await
        };
        let (texts, fields): (Vec<_>, Vec<_>) = found.await.map_err(Arc::new)?.into_iter().unzip();
        let values = self.keys.open(&fields).await.map_err(Arc::new)?;
        Ok(texts.into_iter().zip(values).collect())
    }
}

/// Bounded by sequence too: on a table without statistics PostgreSQL might otherwise walk over all that others wrote meanwhile.
const SEALED_EVENTS: &str = r#"
    select e.aggregate_id, e.event_id, e.payload::text
    from register.streams s
    join register.events e on e.aggregate_id = s.aggregate_id::text
                          and e.sequence between 1 and s.version
                          and e.position between s.first_position and s.last_position
    where s.aggregate_id = any ($1) and e.payload::text like '%"$sealed"%'"#;

async fn fields_of(
    connection: &mut PgConnection,
    texts: &[SealedText],
) -> Result<Vec<(SealedText, SealedField)>, QueryError> {
    let wanted: HashSet<&SealedText> = texts.iter().collect();
    let records: HashSet<Uuid> = texts.iter().map(|text| text.record).collect();
    let records: Vec<Uuid> = records.into_iter().collect();
    let rows: Vec<(String, Uuid, String)> = sqlx::query_as(SEALED_EVENTS).bind(&records).fetch_all(connection).await?;
    let mut found = Vec::new();
    for (record, event_id, payload) in rows {
        let internal = || QueryError::internal("an event with personal data cannot be read");
        let record = Uuid::try_parse(&record).map_err(|_| internal())?;
        let payload: Value = serde_json::from_str(&payload).map_err(|_| internal())?;
        for field in sealed_fields(&payload, event_id) {
            let text = SealedText { record, sealed: field.sealed.clone() };
            if wanted.contains(&text) {
                found.push((text, field));
            }
        }
    }
    Ok(found)
}
