//! Loads what belongs to many rows in one statement, however deep in the graph the rows are.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::Context;
use async_graphql::dataloader::{DataLoader, Loader};
use domain::access_day::DataScope;
use event_store::log::LogName;
use projections::cards::{CardRow, CardUnitRow};
use projections::case_search::IncidentRow;
use projections::roster::RosterRow;
use projections::timeline::EntryRow;
use sqlx::{FromRow, Row};
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
    timelines: DataLoader<Timelines>,
    timeline_lengths: DataLoader<TimelineLengths>,
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
            timelines: DataLoader::new(Timelines(snapshot.clone()), tokio::spawn),
            timeline_lengths: DataLoader::new(TimelineLengths(snapshot.clone()), tokio::spawn),
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

/// A page of a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct TimelinePage {
    record: Uuid,
    after: i64,
    limit: u32,
}

struct Timelines(Snapshot);

impl Loader<TimelinePage> for Timelines {
    type Value = Vec<EntryRow>;
    type Error = Arc<QueryError>;

    async fn load(&self, pages: &[TimelinePage]) -> Result<HashMap<TimelinePage, Vec<EntryRow>>, Arc<QueryError>> {
        let mut by_limit: HashMap<u32, Vec<TimelinePage>> = HashMap::new();
        for page in pages {
            by_limit.entry(page.limit).or_default().push(*page);
        }
        let mut reading = self.0.read().await.map_err(Arc::new)?;
        let mut loaded: HashMap<TimelinePage, Vec<EntryRow>> = HashMap::new();
        for (limit, pages) in by_limit {
            let (records, after): (Vec<Uuid>, Vec<i64>) = pages.iter().map(|page| (page.record, page.after)).unzip();
            let rows = sqlx::query(TIMELINES).bind(&records).bind(&after).bind(i64::from(limit));
            let rows = rows.fetch_all(&mut *reading).await.map_err(|error| Arc::new(error.into()))?;
            for row in rows {
                let read = || Ok::<_, sqlx::Error>((row.try_get::<i64, _>("page")?, EntryRow::from_row(&row)?));
                let (page, entry) = read().map_err(|error| Arc::new(error.into()))?;
                let page = usize::try_from(page - 1).ok().and_then(|index| pages.get(index));
                if let Some(page) = page {
                    loaded.entry(*page).or_default().push(entry);
                }
            }
        }
        Ok(loaded)
    }
}

const TIMELINES: &str = "
    select asked.page, e.*
    from unnest($1::uuid[], $2::bigint[]) with ordinality as asked (record, after, page)
    cross join lateral (select * from timeline.entries t
                        where t.record = asked.record and t.position > asked.after
                        order by t.position limit $3) e
    order by asked.page, e.position";

struct TimelineLengths(Snapshot);

impl Loader<Uuid> for TimelineLengths {
    type Value = i64;
    type Error = Arc<QueryError>;

    async fn load(&self, records: &[Uuid]) -> Loaded<i64> {
        let mut reading = self.0.read().await.map_err(Arc::new)?;
        let sql = "select record, count(*) from timeline.entries where record = any ($1) group by record";
        let rows: Vec<(Uuid, i64)> =
            sqlx::query_as(sql).bind(records).fetch_all(&mut *reading).await.map_err(|error| Arc::new(error.into()))?;
        Ok(rows.into_iter().collect())
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
    /// A page of a record's timeline.
    async fn timeline(&self, record: Uuid, after: i64, limit: u32) -> Result<Vec<EntryRow>, QueryError>;
    /// How many entries a record's timeline has.
    async fn timeline_length(&self, record: Uuid) -> Result<i64, QueryError>;
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
        if row.is_some() {
            self.shows(id, DataScope::Summary)?;
        }
        Ok(row.map(Incident))
    }

    async fn card(&self, id: Option<Uuid>) -> Result<Option<Card>, QueryError> {
        let Some(id) = id else { return Ok(None) };
        let row = loaders(self)?.cards.load_one(id).await.map_err(QueryError::Shared)?;
        if row.is_some() {
            self.shows(id, DataScope::Summary)?;
        }
        Ok(row.map(Card))
    }

    async fn unit(&self, id: Option<Uuid>) -> Result<Option<Unit>, QueryError> {
        let Some(id) = id else { return Ok(None) };
        Ok(loaders(self)?.units.load_one(id).await.map_err(QueryError::Shared)?.map(Unit))
    }

    async fn units_of_card(&self, card: Uuid) -> Result<Vec<CardUnitRow>, QueryError> {
        let rows = loaders(self)?.card_units.load_one(card).await.map_err(QueryError::Shared)?;
        Ok(rows.unwrap_or_default())
    }

    async fn timeline(&self, record: Uuid, after: i64, limit: u32) -> Result<Vec<EntryRow>, QueryError> {
        let page = TimelinePage { record, after, limit };
        Ok(loaders(self)?.timelines.load_one(page).await.map_err(QueryError::Shared)?.unwrap_or_default())
    }

    async fn timeline_length(&self, record: Uuid) -> Result<i64, QueryError> {
        let length = loaders(self)?.timeline_lengths.load_one(record).await.map_err(QueryError::Shared)?;
        Ok(length.unwrap_or_default())
    }

    async fn position(&self, position: i64) -> Result<LogPosition, QueryError> {
        let tide = loaders(self)?
            .tide
            .get_or_try_init(async || Tide::read(&mut *self.snapshot()?.read().await?).await)
            .await?;
        Ok(tide.position(position.unsigned_abs(), LogName::REGISTER))
    }
}
