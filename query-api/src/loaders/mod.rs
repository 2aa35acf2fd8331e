//! Loads what belongs to many rows in one statement, however deep in the graph the rows are.

mod address;
mod case_file;
mod origin;
mod track;

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use access::policy::Policies;
use async_graphql::Context;
use async_graphql::dataloader::{DataLoader, Loader};
use domain::classifier::Classifiers;
use event_store::log::LogName;
use projections::cards::{CardForwardRow, CardRow, CardUnitRow};
use projections::case_search::IncidentRow;
use projections::cautions::Met;
use projections::roster::RosterRow;
use projections::roster_history::Moment;
use projections::timeline::{EntryRow, TimelinePage, Visible};
use tokio::sync::OnceCell;
use uuid::Uuid;

pub(crate) use self::address::AtAddress;
use self::address::{CautionsMet, LatestAt};
pub(crate) use self::case_file::CaseFiles;
pub(crate) use self::origin::OriginRow;
use self::origin::Origins;
use self::track::{PointsThen, TrackPointRow};
use crate::error::QueryError;
use crate::freshness::Tide;
use crate::graph::{Card, Incident, Unit};
use crate::permits::Permits;
use crate::personal::PersonalLoader;
use crate::position::LogPosition;
use crate::snapshot::{Given, Snapshot, SnapshotSource};

/// The loaders of one request; all read in its snapshot.
pub(crate) struct Loaders {
    incidents: DataLoader<Incidents>,
    cards: DataLoader<Cards>,
    card_units: DataLoader<CardUnits>,
    card_forwards: DataLoader<CardForwards>,
    units: DataLoader<Units>,
    timelines: DataLoader<Timelines>,
    timeline_lengths: DataLoader<TimelineLengths>,
    case_files: CaseFiles,
    origins: DataLoader<Origins>,
    cautions_met: DataLoader<CautionsMet>,
    latest_at: DataLoader<LatestAt>,
    points_then: DataLoader<PointsThen>,
    pub(crate) personal: DataLoader<PersonalLoader>,
    pub(crate) policies: Arc<Policies>,
    pub(crate) classifiers: Arc<Classifiers>,
    pub(crate) permits: OnceCell<Permits>,
    visible: OnceCell<Arc<Visible>>,
    tide: OnceCell<Tide>,
}

impl Loaders {
    /// Loaders that read in this snapshot, for a caller of whom the policies in force now decide, with the labels that hold now.
    pub(crate) fn new(snapshot: &Snapshot, source: &SnapshotSource) -> Self {
        let (keys, time) = (snapshot.personal(), source.gather_time);
        Self {
            incidents: gathering(Incidents(snapshot.clone()), time),
            cards: gathering(Cards(snapshot.clone()), time),
            card_units: gathering(CardUnits(snapshot.clone()), time),
            card_forwards: gathering(CardForwards(snapshot.clone()), time),
            units: gathering(Units(snapshot.clone()), time),
            timelines: gathering(Timelines(snapshot.clone()), time),
            timeline_lengths: gathering(TimelineLengths(snapshot.clone()), time),
            case_files: CaseFiles::new(snapshot, time),
            origins: gathering(Origins(snapshot.clone()), time),
            cautions_met: gathering(CautionsMet(snapshot.clone()), time),
            latest_at: gathering(LatestAt(snapshot.clone()), time),
            points_then: gathering(PointsThen(snapshot.clone()), time),
            personal: gathering(PersonalLoader { snapshot: snapshot.clone(), keys }, time),
            policies: source.databases.policies.current(),
            classifiers: Arc::clone(&source.classifiers.borrow()),
            permits: OnceCell::new(),
            visible: OnceCell::new(),
            tide: OnceCell::new(),
        }
    }
}

/// A loader that gathers what is asked for in this time before it reads.
fn gathering<L>(loader: L, time: Duration) -> DataLoader<L> {
    DataLoader::new(loader, tokio::spawn).delay(time)
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

/// A loader of what there are several of to a card, in a snapshot.
macro_rules! of_card {
    ($name:ident, $row:ty) => {
        struct $name(Snapshot);

        impl Loader<Uuid> for $name {
            type Value = Vec<$row>;
            type Error = Arc<QueryError>;

            async fn load(&self, cards: &[Uuid]) -> Loaded<Vec<$row>> {
                let mut reading = self.0.read().await.map_err(Arc::new)?;
                let rows = <$row>::of_cards(&mut reading, cards).await.map_err(|error| Arc::new(error.into()))?;
                let mut of_cards: HashMap<Uuid, Vec<$row>> = HashMap::new();
                for row in rows {
                    of_cards.entry(row.card).or_default().push(row);
                }
                Ok(of_cards)
            }
        }
    };
}

of_card!(CardUnits, CardUnitRow);
of_card!(CardForwards, CardForwardRow);

/// A page of a timeline, as far as somebody may see other records in it.
#[derive(Debug, Clone)]
struct SeenPage(TimelinePage, Arc<Visible>);

impl PartialEq for SeenPage {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for SeenPage {}

impl Hash for SeenPage {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// Pages; what is visible is the same for all of one request.
fn unseen(pages: &[SeenPage]) -> (Vec<TimelinePage>, Option<&Visible>) {
    (pages.iter().map(|page| page.0).collect(), pages.first().map(|page| &*page.1))
}

struct Timelines(Snapshot);

impl Loader<SeenPage> for Timelines {
    type Value = Vec<EntryRow>;
    type Error = Arc<QueryError>;

    async fn load(&self, asked: &[SeenPage]) -> Result<HashMap<SeenPage, Vec<EntryRow>>, Arc<QueryError>> {
        let mut reading = self.0.read().await.map_err(Arc::new)?;
        let (pages, visible) = unseen(asked);
        let rows = EntryRow::pages(&mut reading, &pages, visible).await;
        let mut loaded: HashMap<SeenPage, Vec<EntryRow>> = HashMap::new();
        for (page, row) in rows.map_err(|error| Arc::new(error.into()))? {
            if let Some(page) = asked.get(page) {
                loaded.entry(page.clone()).or_default().push(row);
            }
        }
        Ok(loaded)
    }
}

struct TimelineLengths(Snapshot);

impl Loader<SeenPage> for TimelineLengths {
    type Value = i64;
    type Error = Arc<QueryError>;

    async fn load(&self, asked: &[SeenPage]) -> Result<HashMap<SeenPage, i64>, Arc<QueryError>> {
        let mut reading = self.0.read().await.map_err(Arc::new)?;
        let (pages, visible) = unseen(asked);
        let counts = EntryRow::counts(&mut reading, &pages, visible).await.map_err(|error| Arc::new(error.into()))?;
        let counts: HashMap<(Uuid, bool), i64> =
            counts.into_iter().map(|(record, whole, count)| ((record, whole), count)).collect();
        let count = |page: &SeenPage| counts.get(&(page.0.record, page.0.whole)).copied();
        Ok(asked.iter().filter_map(|page| Some((page.clone(), count(page)?))).collect())
    }
}

/// What resolvers load of other records.
pub(crate) trait Loading {
    /// The incident of this id.
    async fn incident(&self, id: Option<Uuid>) -> Result<Option<Incident>, QueryError>;
    /// The incident of this id, as a recipient is told of it.
    async fn told_incident(&self, id: Uuid, recipient: &str) -> Result<Option<Incident>, QueryError>;
    /// The card of this id.
    async fn card(&self, id: Option<Uuid>) -> Result<Option<Card>, QueryError>;
    /// The unit of this id.
    async fn unit(&self, id: Option<Uuid>) -> Result<Option<Unit>, QueryError>;
    /// The units of a card.
    async fn units_of_card(&self, card: Uuid) -> Result<Vec<CardUnitRow>, QueryError>;
    /// The institutions that a card was forwarded to.
    async fn forwards_of_card(&self, card: Uuid) -> Result<Vec<CardForwardRow>, QueryError>;
    /// What belongs to incidents.
    fn case_files(&self) -> Result<&CaseFiles, QueryError>;
    /// Where the fields of an incident came from.
    async fn origins(&self, incident: Uuid) -> Result<Vec<OriginRow>, QueryError>;
    /// The cautions that are met on a record at that address.
    async fn cautions_met(&self, record: AtAddress) -> Result<Vec<Met>, QueryError>;
    /// The latest incidents at an address.
    async fn latest_at(&self, address_code: String) -> Result<Vec<IncidentRow>, QueryError>;
    /// Where a unit was at a moment, by all that is known or by what was recorded up to another.
    async fn point_then(&self, unit: Uuid, moment: Moment) -> Result<Option<TrackPointRow>, QueryError>;
    /// A page of a record's timeline.
    async fn timeline(&self, page: TimelinePage) -> Result<Vec<EntryRow>, QueryError>;
    /// How many entries a record's timeline has.
    async fn timeline_length(&self, page: TimelinePage) -> Result<i64, QueryError>;
    /// A place in the register as it is told.
    async fn position(&self, position: i64) -> Result<LogPosition, QueryError>;
}

fn loaders<'a>(ctx: &Context<'a>) -> Result<&'a Loaders, QueryError> {
    ctx.data_opt::<Loaders>().ok_or_else(|| QueryError::internal("no loaders"))
}

async fn seen_page(ctx: &Context<'_>, page: TimelinePage) -> Result<SeenPage, QueryError> {
    let permits = ctx.permits().await?;
    let visible = loaders(ctx)?.visible.get_or_init(async || Arc::new(permits.visible())).await;
    Ok(SeenPage(page, Arc::clone(visible)))
}

impl Loading for Context<'_> {
    async fn incident(&self, id: Option<Uuid>) -> Result<Option<Incident>, QueryError> {
        let Some(id) = id else { return Ok(None) };
        let permits = self.permits().await?;
        let row = loaders(self)?.incidents.load_one(id).await.map_err(QueryError::Shared)?;
        let incident = row.and_then(|row| Incident::seen(permits, row));
        incident.map(|incident| incident.shown(self)).transpose()
    }

    async fn told_incident(&self, id: Uuid, recipient: &str) -> Result<Option<Incident>, QueryError> {
        let permits = self.permits().await?;
        let row = loaders(self)?.incidents.load_one(id).await.map_err(QueryError::Shared)?;
        let incident = row.and_then(|row| Incident::told(permits, row, recipient));
        incident.map(|incident| incident.shown(self)).transpose()
    }

    async fn card(&self, id: Option<Uuid>) -> Result<Option<Card>, QueryError> {
        let Some(id) = id else { return Ok(None) };
        let permits = self.permits().await?;
        let row = loaders(self)?.cards.load_one(id).await.map_err(QueryError::Shared)?;
        row.and_then(|row| Card::seen(permits, row)).map(|card| card.shown(self)).transpose()
    }

    async fn unit(&self, id: Option<Uuid>) -> Result<Option<Unit>, QueryError> {
        let Some(id) = id else { return Ok(None) };
        let permits = self.permits().await?;
        let row = loaders(self)?.units.load_one(id).await.map_err(QueryError::Shared)?;
        Ok(row.and_then(|row| Unit::seen(permits, row)))
    }

    async fn units_of_card(&self, card: Uuid) -> Result<Vec<CardUnitRow>, QueryError> {
        let rows = loaders(self)?.card_units.load_one(card).await.map_err(QueryError::Shared)?;
        Ok(rows.unwrap_or_default())
    }

    async fn forwards_of_card(&self, card: Uuid) -> Result<Vec<CardForwardRow>, QueryError> {
        let rows = loaders(self)?.card_forwards.load_one(card).await.map_err(QueryError::Shared)?;
        Ok(rows.unwrap_or_default())
    }

    fn case_files(&self) -> Result<&CaseFiles, QueryError> {
        Ok(&loaders(self)?.case_files)
    }

    async fn origins(&self, incident: Uuid) -> Result<Vec<OriginRow>, QueryError> {
        Ok(loaders(self)?.origins.load_one(incident).await.map_err(QueryError::Shared)?.unwrap_or_default())
    }

    async fn cautions_met(&self, record: AtAddress) -> Result<Vec<Met>, QueryError> {
        let met = loaders(self)?.cautions_met.load_one(record).await.map_err(QueryError::Shared)?;
        Ok(met.unwrap_or_default())
    }

    async fn point_then(&self, unit: Uuid, moment: Moment) -> Result<Option<TrackPointRow>, QueryError> {
        let Moment { at, known_at } = moment;
        loaders(self)?.points_then.load_one((unit, at, known_at)).await.map_err(QueryError::Shared)
    }

    async fn latest_at(&self, address_code: String) -> Result<Vec<IncidentRow>, QueryError> {
        let rows = loaders(self)?.latest_at.load_one(address_code).await.map_err(QueryError::Shared)?;
        Ok(rows.unwrap_or_default())
    }

    async fn timeline(&self, page: TimelinePage) -> Result<Vec<EntryRow>, QueryError> {
        let page = seen_page(self, page).await?;
        Ok(loaders(self)?.timelines.load_one(page).await.map_err(QueryError::Shared)?.unwrap_or_default())
    }

    async fn timeline_length(&self, page: TimelinePage) -> Result<i64, QueryError> {
        let page = seen_page(self, TimelinePage { after: 0, limit: 0, ..page }).await?;
        Ok(loaders(self)?.timeline_lengths.load_one(page).await.map_err(QueryError::Shared)?.unwrap_or_default())
    }

    async fn position(&self, position: i64) -> Result<LogPosition, QueryError> {
        let tide = loaders(self)?
            .tide
            .get_or_try_init(async || Tide::read(&mut *self.snapshot()?.read().await?).await)
            .await?;
        Ok(tide.position(position.unsigned_abs(), LogName::REGISTER))
    }
}
