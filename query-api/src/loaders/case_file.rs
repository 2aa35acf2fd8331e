//! Loaders of what belongs to incidents: one statement for each table, whatever number of incidents a list has.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::dataloader::{DataLoader, HashMapCache, Loader};
use projections::case_file::{
    ActionRow, DocumentRow, ItemRow, LinkRow, NumberedItem, OrganisationRow, PersonRow, TransferRow, VehicleRow,
};
use projections::case_search::IncidentRow;
use projections::notices::NoticeRow;
use uuid::Uuid;

use super::Loaded;
use crate::error::QueryError;
use crate::snapshot::Snapshot;

macro_rules! of_incidents {
    ($($(#[$meta:meta])* $field:ident: $loader:ident of $row:ident by $read:ident, $incident:expr;)+) => {
        $(
            struct $loader(Snapshot);

            impl Loader<Uuid> for $loader {
                type Value = Vec<$row>;
                type Error = Arc<QueryError>;

                async fn load(&self, incidents: &[Uuid]) -> Loaded<Vec<$row>> {
                    let mut reading = self.0.read().await.map_err(Arc::new)?;
                    let rows = $row::$read(&mut reading, incidents).await.map_err(|error| Arc::new(error.into()))?;
                    let mut of_incidents: HashMap<Uuid, Vec<$row>> = HashMap::new();
                    for row in rows {
                        let incident: fn(&$row) -> Uuid = $incident;
                        of_incidents.entry(incident(&row)).or_default().push(row);
                    }
                    Ok(of_incidents)
                }
            }
        )+

        /// The loaders of one request; what they have read once they keep, for things name persons of the same incident.
        pub(crate) struct CaseFiles {
            $($field: DataLoader<$loader, HashMapCache>,)+
        }

        impl CaseFiles {
            /// Loaders that read in this snapshot what they have gathered in this time.
            pub(super) fn new(snapshot: &Snapshot, time: Duration) -> Self {
                Self {
                    $($field: DataLoader::with_cache(
                        $loader(snapshot.clone()),
                        tokio::spawn,
                        HashMapCache::default(),
                    ).delay(time),)+
                }
            }

            $(
                $(#[$meta])*
                pub(crate) async fn $field(&self, incident: Uuid) -> Result<Vec<$row>, QueryError> {
                    let rows = self.$field.load_one(incident).await.map_err(QueryError::Shared)?;
                    Ok(rows.unwrap_or_default())
                }
            )+
        }
    };
}

of_incidents! {
    /// Persons of an incident.
    persons: Persons of PersonRow by of_incidents, |row| row.incident;
    /// Its organisations.
    organisations: Organisations of OrganisationRow by of_incidents, |row| row.incident;
    /// Its vehicles.
    vehicles: Vehicles of VehicleRow by of_incidents, |row| row.incident;
    /// Its items.
    items: Items of ItemRow by of_incidents, |row| row.incident;
    /// Its documents.
    documents: Documents of DocumentRow by of_incidents, |row| row.incident;
    /// What was done.
    actions: Actions of ActionRow by of_incidents, |row| row.incident;
    /// What it is tied to.
    links: Links of LinkRow by of_incidents, |row| row.incident;
    /// Where it was transferred.
    transfers: Transfers of TransferRow by of_incidents, |row| row.incident;
    /// What was seized in it.
    seized_items: SeizedItems of NumberedItem by of_incidents, |row| row.item.incident;
    /// Who was told of it.
    notices: Notices of NoticeRow by of_incidents, |row| row.incident;
    /// Incidents that go on in it.
    absorbed: Absorbed of IncidentRow by absorbed_by, |row| row.merged_into.unwrap_or_default();
}
