//! Loads what is to be known of a record before somebody goes there: cautions, and what happened there before.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use chrono::Utc;
use projections::case_search::IncidentRow;
use projections::cautions::{CautionRow, Met};
use uuid::Uuid;

use crate::error::QueryError;
use crate::snapshot::Snapshot;

/// So many of the latest incidents of an address are looked at.
const LATEST: u32 = 20;

/// A record, and the address that it is at.
pub(crate) type AtAddress = (Uuid, Option<String>);

/// The cautions that are met on records.
pub(super) struct CautionsMet(pub(super) Snapshot);

impl Loader<AtAddress> for CautionsMet {
    type Value = Vec<Met>;
    type Error = Arc<QueryError>;

    async fn load(&self, asked: &[AtAddress]) -> Result<HashMap<AtAddress, Vec<Met>>, Arc<QueryError>> {
        let mut reading = self.0.read().await.map_err(Arc::new)?;
        let rows = CautionRow::met(&mut reading, asked, Utc::now()).await.map_err(|error| Arc::new(error.into()))?;
        let mut of_records: HashMap<Uuid, Vec<Met>> = HashMap::new();
        for met in rows {
            of_records.entry(met.record).or_default().push(met);
        }
        let met = |asked: &AtAddress| Some((asked.clone(), of_records.remove(&asked.0)?));
        Ok(asked.iter().filter_map(met).collect())
    }
}

/// The latest incidents at addresses.
pub(super) struct LatestAt(pub(super) Snapshot);

impl Loader<String> for LatestAt {
    type Value = Vec<IncidentRow>;
    type Error = Arc<QueryError>;

    async fn load(&self, addresses: &[String]) -> Result<HashMap<String, Vec<IncidentRow>>, Arc<QueryError>> {
        let mut reading = self.0.read().await.map_err(Arc::new)?;
        let rows = IncidentRow::latest_at(&mut reading, addresses, LATEST).await;
        let mut at: HashMap<String, Vec<IncidentRow>> = HashMap::new();
        for row in rows.map_err(|error| Arc::new(error.into()))? {
            if let Some(code) = row.address_code.clone() {
                at.entry(code).or_default().push(row);
            }
        }
        Ok(at)
    }
}
