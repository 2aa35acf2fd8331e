//! Opening personal data for those who may see it.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use event_store::seal::{KeyRing, SealedField};
use futures::future::BoxFuture;
use serde_json::Value;

use crate::error::QueryError;

/// A sealed field out of an event, as read models hold it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sealed {
    /// Event that it was sealed for.
    pub event_id: uuid::Uuid,
    /// JSON pointer of the field in the event's payload.
    pub path: String,
    /// What `$sealed` holds.
    pub sealed: String,
}

/// What became of a sealed field.
#[derive(Debug, Clone, PartialEq)]
pub enum PersonalValue {
    /// Its value.
    Open(Value),
    /// Its key was destroyed.
    Erased,
}

/// Opens sealed fields, many at once.
pub trait OpenPersonal: Send + Sync + 'static {
    /// What became of each, in order.
    fn open<'a>(&'a self, fields: &'a [Sealed]) -> BoxFuture<'a, Result<Vec<PersonalValue>, QueryError>>;
}

impl OpenPersonal for KeyRing {
    fn open<'a>(&'a self, fields: &'a [Sealed]) -> BoxFuture<'a, Result<Vec<PersonalValue>, QueryError>> {
        Box::pin(async move {
            let fields: Vec<SealedField> = fields
                .iter()
                .map(|f| SealedField { event_id: f.event_id, path: f.path.clone(), sealed: f.sealed.clone() })
                .collect();
            let mut ids: Vec<_> = fields.iter().filter_map(SealedField::key_id).collect();
            ids.sort_unstable();
            ids.dedup();
            let internal = |e| QueryError::Internal(Box::new(e));
            let keys = self.by_id(&ids).await.map_err(internal)?;
            fields
                .iter()
                .map(|f| Ok(f.open(&keys).map_err(internal)?.map_or(PersonalValue::Erased, PersonalValue::Open)))
                .collect()
        })
    }
}

/// Opens what one request shows, in one go.
pub(crate) struct PersonalLoader(pub(crate) Arc<dyn OpenPersonal>);

impl Loader<Sealed> for PersonalLoader {
    type Value = PersonalValue;
    type Error = Arc<QueryError>;

    async fn load(&self, keys: &[Sealed]) -> Result<HashMap<Sealed, PersonalValue>, Arc<QueryError>> {
        let values = self.0.open(keys).await.map_err(Arc::new)?;
        Ok(keys.iter().cloned().zip(values).collect())
    }
}
