//! Subscriptions: the present state first, then what changes.
//!
//! A subscription looks at the progress of its read models. When they have moved it reads, in one snapshot, the rows that
//! changed after the position that it has told last, and tells them with the progress of that snapshot. So nothing is
//! left out and nothing is told twice; a client that is slow, or comes back with `afterPosition`, gets the latest state of
//! what changed meanwhile, once.

use std::sync::Arc;
use std::time::Duration;

use access::Principal;
use access::policy::{Action, PolicyHandle, RecordKind};
use async_graphql::{Context, Error, ID, Object, SimpleObject};
use domain::access_day::{DataScope, RefusalCause};
use event_store::log::LogName;
use futures::Stream;
use futures::future::BoxFuture;
use projections::Projection as _;
use projections::roster::{Roster, RosterRow};
use projections::timeline::{EntryRow, Timeline};
use sqlx::PgConnection;
use tokio::sync::watch;
use uuid::Uuid;

use super::common::{Named, uuid};
use super::log::{Projection, projections};
use super::record::{Entry, Found, KINDS, Record};
use super::unit::Unit;
use crate::error::QueryError;
use crate::freshness::Tide;
use crate::permits::Permits;
use crate::position::LogPosition;
use crate::snapshot::{Given, Snapshot, SnapshotSource};

/// Events of a record in one message.
const ENTRIES_AT_ONCE: u32 = 200;

/// Shortest time between two messages of one subscription.
const PACE: Duration = Duration::from_millis(100);
/// The same where the message is about the service, not about the register.
const SLOW_PACE: Duration = Duration::from_secs(1);

/// The root of subscriptions.
pub(crate) struct Subscription;

/// What can be followed, over graphql-transport-ws. A subscription ends when its token does. A client that lost its
/// connection goes on with `afterPosition`: the position of the last message that it has.
#[async_graphql::Subscription]
impl Subscription {
    /// The roster: all units first, then those that have changed.
    async fn roster_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Units of this institution; of all where it is left out.")] institution: Option<String>,
        #[graphql(desc = "Only what has changed after this position, instead of the present state first.")]
        after_position: Option<LogPosition>,
        #[graphql(desc = "The same in the log of unit positions: `tracksPosition` of the last message.")]
        after_tracks_position: Option<LogPosition>,
    ) -> Result<impl Stream<Item = Result<RosterChange, Error>> + use<>, QueryError> {
        let source = source(ctx)?;
        let viewer = Viewer::open(ctx, &source, &[RecordKind::Unit]).await?;
        let told = after_position.map(|register| RosterTold { register, tracks: after_tracks_position });
        Ok(changes(source, viewer.caller.clone(), PACE, told, move |snapshot, told| {
            let (institution, viewer) = (institution.clone(), viewer.clone());
            Box::pin(async move { roster_after(&snapshot, &viewer, institution.as_deref(), told).await })
        }))
    }

    /// One record: its present state first, then whenever something has happened to it.
    async fn record_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the record.")] id: ID,
        #[graphql(desc = "Only what has happened after this position, instead of the present state first.")]
        after_position: Option<LogPosition>,
    ) -> Result<impl Stream<Item = Result<RecordChange, Error>> + use<>, QueryError> {
        let source = source(ctx)?;
        let none = || QueryError::BadInput { argument: "id", reason: "an id is a UUID".into() };
        let id = uuid("id", Some(id))?.ok_or_else(none)?;
        let viewer = Viewer::open(ctx, &source, KINDS).await?;
        Ok(changes(source, viewer.caller.clone(), PACE, after_position, move |snapshot, told| {
            let viewer = viewer.clone();
            Box::pin(async move { record_after(&snapshot, &viewer, id, told).await })
        }))
    }

    /// How far the read models have come: at once, then at most every second while anything changes.
    async fn projection_lag(
        &self,
        ctx: &Context<'_>,
    ) -> Result<impl Stream<Item = Result<Vec<Projection>, Error>> + use<>, QueryError> {
        let (source, caller) = (source(ctx)?, ctx.caller()?.clone());
        Ok(changes(source, caller, SLOW_PACE, None, |snapshot, told: Option<Vec<Projection>>| {
            Box::pin(async move {
                let now = projections(&mut *snapshot.read().await?).await?;
                Ok((told.as_ref() != Some(&now)).then(|| (now.clone(), Some(now))))
            })
        }))
    }
}

/// What has changed in the roster.
#[derive(SimpleObject)]
pub(crate) struct RosterChange {
    /// Position in the register up to which it is told: give it as `afterPosition` to go on from here.
    position: LogPosition,
    /// The same in the log of unit positions: give it as `afterTracksPosition`.
    tracks_position: LogPosition,
    /// Whether `units` are all units, and not only those that have changed.
    complete: bool,
    /// Units as they are at that position, by institution and call sign.
    units: Vec<Unit>,
}

/// What has happened to a record.
pub(crate) struct RecordChange {
    position: LogPosition,
    record: Option<Record>,
    entries: Vec<Entry>,
}

/// What has happened to a record.
#[Object]
impl RecordChange {
    /// Position in the register up to which it is told: give it as `afterPosition` to go on from here.
    async fn position(&self) -> LogPosition {
        self.position
    }

    /// The record; null where there is none of this id yet, or none that the caller may follow.
    async fn record(&self, ctx: &Context<'_>) -> Result<Option<&Record>, QueryError> {
        self.record.as_ref().map(|record| record.shown(ctx)).transpose()
    }

    /// What has happened since the message before, at most 200 events; empty in the first message of a subscription
    /// without `afterPosition`.
    async fn entries(&self, ctx: &Context<'_>) -> Result<&[Entry], QueryError> {
        if let (Some(record), false) = (&self.record, self.entries.is_empty()) {
            ctx.shows(record.story().record, DataScope::History)?;
        }
        Ok(&self.entries)
    }
}

#[derive(Clone, Copy)]
struct RosterTold {
    register: LogPosition,
    tracks: Option<LogPosition>,
}

/// Whose subscription it is: what they may see is looked up each time that something is to be told, so that a right that ends, and
/// policies that change, end what is told.
#[derive(Clone)]
struct Viewer {
    caller: Principal,
    policies: Arc<PolicyHandle>,
}

impl Viewer {
    /// Refuses who may follow no record of any of these kinds; that is told to the access log.
    async fn open(ctx: &Context<'_>, source: &SnapshotSource, kinds: &[RecordKind]) -> Result<Self, QueryError> {
        let viewer = Self { caller: ctx.caller()?.clone(), policies: Arc::clone(&source.databases.policies) };
        let snapshot = source.snapshot(Some(&viewer.caller))?;
        let permits = viewer.permits(&mut *snapshot.read().await?).await;
        snapshot.end().await;
        let permits = permits?;
        permits.reach_any(Action::Subscribe, kinds).map_err(|denied| {
            source.access.refused(Some(&viewer.caller), ctx.field().name(), None, RefusalCause::Policy);
            QueryError::Forbidden(denied.to_string())
        })?;
        Ok(viewer)
    }

    async fn permits(&self, connection: &mut PgConnection) -> Result<Permits, QueryError> {
        Permits::read(self.policies.current(), &self.caller, connection).await
    }
}

async fn roster_after(
    snapshot: &Snapshot,
    viewer: &Viewer,
    institution: Option<&str>,
    told: Option<RosterTold>,
) -> Result<Option<(RosterTold, Option<RosterChange>)>, QueryError> {
    let mut reading = snapshot.read().await?;
    let tide = Tide::read(&mut reading).await?;
    let position = tide.progress(Roster::NAME, LogName::REGISTER);
    let tracks_position = tide.progress(Roster::NAME, LogName::TRACKS);
    let after = match told {
        None => None,
        Some(told) => {
            let register = tide.place(told.register, LogName::REGISTER)?;
            // A client that does not say what it has seen of positions gets those of all units that moved.
            let tracks = told.tracks.map_or(Ok(0), |t| tide.place(t, LogName::TRACKS))?;
            if register >= position.position && tracks >= tracks_position.position {
                return Ok(None);
            }
            Some((register, tracks))
        }
    };
    let permits = viewer.permits(&mut reading).await?;
    let units = units_after(&mut reading, institution, after).await?;
    let units: Vec<Unit> = units.into_iter().filter_map(|row| Unit::followed(&permits, row)).collect();
    let next = RosterTold { register: position, tracks: Some(tracks_position) };
    let is_news = told.is_none() || !units.is_empty();
    let change = RosterChange { position, tracks_position, complete: told.is_none(), units };
    Ok(Some((next, is_news.then_some(change))))
}

/// Units that have changed after positions in the register and in the tracks; all units where none are given.
async fn units_after(
    connection: &mut PgConnection,
    institution: Option<&str>,
    after: Option<(u64, u64)>,
) -> Result<Vec<RosterRow>, QueryError> {
    let after = after.map(|(register, tracks)| (register.cast_signed(), tracks.cast_signed()));
    let (register, tracks) = after.unwrap_or((-1, -1));
    let sql = "select u.id from roster.units u left join roster.points p on p.unit = u.id
               where (u.last_position > $1 or p.last_position > $2) and ($3::text is null or u.institution = $3)";
    let ids: Vec<Uuid> =
        sqlx::query_scalar(sql).bind(register).bind(tracks).bind(institution).fetch_all(&mut *connection).await?;
    let mut rows = RosterRow::by_ids(connection, &ids).await?;
    rows.sort_by(|a, b| (&a.unit.institution, &a.unit.call_sign).cmp(&(&b.unit.institution, &b.unit.call_sign)));
    Ok(rows)
}

async fn record_after(
    snapshot: &Snapshot,
    viewer: &Viewer,
    id: Uuid,
    told: Option<LogPosition>,
) -> Result<Option<(LogPosition, Option<RecordChange>)>, QueryError> {
    let mut reading = snapshot.read().await?;
    let tide = Tide::read(&mut reading).await?;
    let position = tide.progress(Timeline::NAME, LogName::REGISTER);
    let after = told.map(|told| tide.place(told, LogName::REGISTER)).transpose()?;
    if after.is_some_and(|after| after >= position.position) {
        return Ok(None);
    }
    let permits = viewer.permits(&mut reading).await?;
    let record = match Record::find(&mut reading, &permits, &Named::Id(id)).await? {
        Found::Seen(record) if record.is_followed() => Some(record),
        _ => None,
    };
    let entries = match (&record, after) {
        (Some(record), Some(after)) => {
            let page = record.story().page(i64::try_from(after).unwrap_or(i64::MAX), ENTRIES_AT_ONCE);
            EntryRow::pages(&mut reading, &[page], Some(&permits.visible())).await?
        }
        _ => Vec::new(),
    };
    // A page that is full ends at its last event; the rest comes with the next message.
    let position = match entries.last() {
        Some((_, last)) if entries.len() >= ENTRIES_AT_ONCE as usize => {
            LogPosition { position: last.position.unsigned_abs(), ..position }
        }
        _ => position,
    };
    let is_news = told.is_none() || !entries.is_empty();
    let story = record.as_ref().map(Record::story);
    let entries = entries.into_iter().filter_map(|(_, row)| Some(story?.entry(row))).collect();
    Ok(Some((position, is_news.then_some(RecordChange { position, record, entries }))))
}

fn source(ctx: &Context<'_>) -> Result<SnapshotSource, QueryError> {
    ctx.caller()?;
    ctx.data_opt::<SnapshotSource>().cloned().ok_or_else(|| QueryError::internal("no source of snapshots"))
}

type Looked<S, T> = BoxFuture<'static, Result<Option<(S, Option<T>)>, QueryError>>;

/// Looks at once and then whenever the read models have moved; `look` gets what was told last and gives what is told next,
/// or nothing, and what to say of it, if anything. Passing failures of the database are waited out; another error is told and ends the stream.
fn changes<S, T>(
    source: SnapshotSource,
    caller: Principal,
    pace: Duration,
    told: Option<S>,
    look: impl Fn(Snapshot, Option<S>) -> Looked<S, T> + Send + 'static,
) -> impl Stream<Item = Result<T, Error>> + Send + 'static
where
    S: Clone + Send + 'static,
    T: Send + 'static,
{
    let mut tide = source.freshness.watch();
    tide.mark_changed();
    let begun = Following { source, caller, tide, pace, told, look, looked: false, ended: false };
    futures::stream::unfold(begun, |mut following| async move {
        if following.ended {
            return None;
        }
        loop {
            if following.looked {
                tokio::time::sleep(following.pace).await;
            }
            following.looked = true;
            following.tide.changed().await.ok()?;
            if following.tide.borrow_and_update().generation(LogName::REGISTER) == 0 {
                continue;
            }
            let looked = match following.source.snapshot(Some(&following.caller)) {
                Ok(snapshot) => {
                    let looked = (following.look)(snapshot.clone(), following.told.clone()).await;
                    snapshot.end().await;
                    looked
                }
                Err(away) => Err(away),
            };
            match looked {
                Ok(Some((told, item))) => {
                    following.told = Some(told);
                    if let Some(item) = item {
                        return Some((Ok(item), following));
                    }
                }
                Ok(None) => {}
                Err(QueryError::Unavailable(_) | QueryError::Away | QueryError::Timeout { .. }) => {
                    tokio::time::sleep(SLOW_PACE).await;
                    following.tide.mark_changed();
                }
                Err(error) => {
                    following.ended = true;
                    return Some((Err(error.into()), following));
                }
            }
        }
    })
}

struct Following<S, F> {
    source: SnapshotSource,
    caller: Principal,
    tide: watch::Receiver<Arc<Tide>>,
    pace: Duration,
    told: Option<S>,
    look: F,
    looked: bool,
    ended: bool,
}
