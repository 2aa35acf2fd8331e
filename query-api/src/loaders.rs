//! Loads what belongs to many rows in one statement, however deep in the graph the rows are.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::Context;
use async_graphql::dataloader::{DataLoader, Loader};
use event_store::log::LogName;
use projections::cards::{CardRow, CardUnitRow};
use projections::case_search::IncidentRow;
use projections::roster::RosterRow;
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::error::QueryError;
use crate::freshness::Tide;
use crate::graph::{Card, Incident, Unit};
use crate::personal::{OpenPersonal, PersonalLoader};
use crate::position::LogPosition;
use crate::snapshot::{Given, Snapshot};

/// The loaders of one request; all read in its snapshot.
pub(crate) struct Loaders {
    incidents: DataLoader<Incidents>,
    cards: DataLoader<Cards>,
    card_units: DataLoader<CardUnits>,
    units: DataLoader<Units>,
    pub(crate) personal: DataLoader<PersonalLoader>,
    tide: OnceCell<Tide>,
}

impl Loaders {
    /// Loaders that read in this snapshot.
    pub(crate) fn new(snapshot: &Snapshot, keys: Arc<dyn OpenPersonal>) -> Self {
        Self {
            incidents: DataLoader::new(Incidents(snapshot.clone()), tokio::spawn),
            cards: DataLoader::new(Cards(snapshot.clone()), tokio::spawn),
            card_units: DataLoader::new(CardUnits(snapshot.clone()), tokio::spawn),
            units: DataLoader::new(Units(snapshot.clone()), tokio::spawn),
            personal: DataLoader::new(PersonalLoader { snapshot: snapshot.clone(), keys }, tokio::spawn),
            tide: OnceCell::new(),
        }
    }
}

type Loaded<V> = Result<HashMap<Uuid, V>, Arc<QueryError>>;

/// A loader of rows by an id, in a snapshot.
macro_rules! loader {
    ($name:ident, $row:ty, $read:path, $id:expr) => {
        struct $name(Snapshot);

        impl Loader<Uuid> for $name {
            type Value = $row;
            type Error = Arc<QueryError>;

            async fn load(&self, ids: &[Uuid]) -> Loaded<$row> {
                let mut reading = self.0.read().await.map_err(Arc::new)?;
                let rows = $read(&mut reading, ids).await.map_err(|error| Arc::new(error.into()))?;
                Ok(rows.into_iter().map(|row| ($id(&row), row)).collect())
            }
        }
    };
}

loader!(Incidents, IncidentRow, IncidentRow::by_ids, |row: &IncidentRow| row.id);
loader!(Cards, CardRow, CardRow::by_ids, |row: &CardRow| row.id);
loader!(Units, RosterRow, RosterRow::by_ids, |row: &RosterRow| row.unit.id);

struct CardUnits(Snapshot);

impl Loader<Uuid> for CardUnits {
    type Value = Vec<CardUnitRow>;
    type Error = Arc<QueryError>;

    async fn load(&self, cards: &[Uuid]) -> Loaded<Vec<CardUnitRow>> {
        let mut reading = self.0.read().await.map_err(Arc::new)?;
        let rows = CardUnitRow::of_cards(&mut reading, cards).await.map_err(|error| Arc::new(error.into()))?;
        let mut of_cards: HashMap<Uuid, Vec<CardUnitRow>> = HashMap::new();
        for row in rows {
            of_cards.entry(row.card).or_default().push(row);
        }
        Ok(of_cards)
    }
}

/// What resolvers load of other records.
pub(crate) trait Loading {
    /// The incident of this id.
    async fn incident(&self, id: Option<Uuid>) -> Result<Option<Incident>, QueryError>;
    /// The card of this id.
    async fn card(&self, id: Option<Uuid>) -> Result<Option<Card>, QueryError>;
    /// The unit of this id.
    async fn unit(&self, id: Option<Uuid>) -> Result<Option<Unit>, QueryError>;
    /// The units of a card.
    async fn units_of_card(&self, card: Uuid) -> Result<Vec<CardUnitRow>, QueryError>;
    /// A place in the register as it is told.
    async fn position(&self, position: i64) -> Result<LogPosition, QueryError>;
}

fn loaders<'a>(ctx: &Context<'a>) -> Result<&'a Loaders, QueryError> {
    ctx.data_opt::<Loaders>().ok_or_else(|| QueryError::internal("no loaders"))
}

impl Loading for Context<'_> {
    async fn incident(&self, id: Option<Uuid>) -> Result<Option<Incident>, QueryError> {
        let Some(id) = id else { return Ok(None) };
        let row = loaders(self)?.incidents.load_one(id).await.map_err(QueryError::Shared)?;
        Ok(row.map(Incident))
    }

    async fn card(&self, id: Option<Uuid>) -> Result<Option<Card>, QueryError> {
        let Some(id) = id else { return Ok(None) };
        Ok(loaders(self)?.cards.load_one(id).await.map_err(QueryError::Shared)?.map(Card))
    }

    async fn unit(&self, id: Option<Uuid>) -> Result<Option<Unit>, QueryError> {
        let Some(id) = id else { return Ok(None) };
        Ok(loaders(self)?.units.load_one(id).await.map_err(QueryError::Shared)?.map(Unit))
    }

    async fn units_of_card(&self, card: Uuid) -> Result<Vec<CardUnitRow>, QueryError> {
        let rows = loaders(self)?.card_units.load_one(card).await.map_err(QueryError::Shared)?;
        Ok(rows.unwrap_or_default())
    }

    async fn position(&self, position: i64) -> Result<LogPosition, QueryError> {
        let tide = loaders(self)?
            .tide
            .get_or_try_init(async || Tide::read(&mut *self.snapshot()?.read().await?).await)
            .await?;
        Ok(LogPosition { generation: tide.generation(LogName::REGISTER), position: position.unsigned_abs() })
    }
}
