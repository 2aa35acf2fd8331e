//! Subscriptions: the present state first, then what changes.
//!
//! What is followed is read once for all who follow it (`feed/`). A subscription has a place: the positions that it has told
//! up to. Whenever the feed has moved it tells what changed after them, and where that leads to. So nothing is left out and
//! nothing is told twice; a client that is slow, or comes back with `afterPosition`, gets the latest state of what changed
//! meanwhile, once.

use std::sync::Arc;

use access::Principal;
use access::policy::{Action, Grant, PolicyHandle, RecordKind};
use async_graphql::{Context, Error, ID, Object, SimpleObject};
use chrono::Utc;
use domain::access_day::{DataScope, RefusalCause};
use event_store::log::LogName;
use futures::Stream;
use projections::Projection as _;
use projections::roster::RosterRow;
use projections::timeline::{EntryRow, Timeline};
use sqlx::PgConnection;
use tokio::sync::watch;

use super::common::{Named, uuid};
use super::log::Projection;
use super::record::{Entry, Found, KINDS, Record};
use super::unit::Unit;
use crate::error::QueryError;
use crate::feed::{Followed, Follower, Held, Lag, Records, RosterBoard, View, messages};
use crate::freshness::{Tide, models_of};
use crate::permits::Permits;
use crate::position::LogPosition;
use crate::snapshot::{Asked, Given, SnapshotSource};

/// Events of a record in one message.
const ENTRIES_AT_ONCE: u32 = 200;

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
        let (caller, held) = (viewer.caller.clone(), source.feeds.roster.follow(&source));
        let follower = RosterFollower { source: source.clone(), viewer, institution, view: None, told };
        Ok(messages(source, caller, shown(ctx), held, follower))
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
        let (caller, held) = (viewer.caller.clone(), source.feeds.records.follow(&source));
        let record = held.borrow().board.follow(id);
        let follower = RecordFollower { source: source.clone(), viewer, record, told: after_position, unread: true };
        Ok(messages(source, caller, shown(ctx), held, follower))
    }

    /// How far the read models have come: at once, then at most every second while anything changes.
    async fn projection_lag(
        &self,
        ctx: &Context<'_>,
    ) -> Result<impl Stream<Item = Result<Vec<Projection>, Error>> + use<>, QueryError> {
        let (source, caller) = (source(ctx)?, ctx.caller()?.clone());
        let held = source.feeds.lag.follow(&source);
        Ok(messages(source, caller, Vec::new(), held, LagFollower { told: None }))
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

struct RosterFollower {
    source: SnapshotSource,
    viewer: Viewer,
    institution: Option<String>,
    /// What they may see, for as long as their rights and the policies stay as they are.
    view: Option<Arc<View>>,
    told: Option<RosterTold>,
}

impl Follower for RosterFollower {
    type Board = RosterBoard;
    type Message = RosterChange;

    async fn look(
        &mut self,
        held: &mut watch::Receiver<Held<RosterBoard>>,
    ) -> Result<Option<RosterChange>, QueryError> {
        let (rows, (position, tracks_position), rights) = {
            let held = held.borrow_and_update();
            let Some(rows) = self.news(&held.board)? else { return Ok(None) };
            (rows, held.board.progress(), held.board.rights())
        };
        let told = RosterTold { register: position, tracks: Some(tracks_position) };
        let complete = self.told.replace(told).is_none();
        if rows.is_empty() && !complete {
            return Ok(None);
        }
        let grants = rights.of(&self.viewer.caller, Utc::now());
        let units = self.view(grants).of_units(rows);
        let mut units: Vec<Unit> = units.into_iter().filter_map(|(row, guard)| Unit::followed(row, guard)).collect();
        units.sort_by(|a, b| a.place().cmp(&b.place()));
        let is_news = complete || !units.is_empty();
        Ok(is_news.then_some(RosterChange { position, tracks_position, complete, units }))
    }

    fn told(message: &RosterChange) -> Option<LogPosition> {
        Some(message.position)
    }
}

impl RosterFollower {
    /// The units that they asked for and that changed after what was told; none where the board is not beyond that.
    fn news(&self, board: &RosterBoard) -> Result<Option<Vec<Arc<RosterRow>>>, QueryError> {
        let (register, tracks) = board.progress();
        let after = match self.told {
            None => None,
            Some(told) => {
                let told_register = board.tide().place(told.register, LogName::REGISTER)?;
                // A client that does not say what it has seen of positions gets those of all units that moved.
                let told_tracks = told.tracks.map_or(Ok(0), |t| board.tide().place(t, LogName::TRACKS))?;
                if told_register >= register.position && told_tracks >= tracks.position {
                    return Ok(None);
                }
                Some((told_register, told_tracks))
            }
        };
        let mut rows = board.changed_after(after);
        if let Some(institution) = &self.institution {
            rows.retain(|row| row.unit.institution == *institution);
        }
        Ok(Some(rows))
    }

    /// Theirs as of now: shared with all of the same profile.
    fn view(&mut self, grants: Vec<Grant>) -> Arc<View> {
        let policies = self.viewer.policies.current();
        match &self.view {
            Some(view) if view.is_of(&policies, &grants) => Arc::clone(view),
            _ => {
                let view = self.source.feeds.profiles.view(policies, &self.viewer.caller, grants);
                Arc::clone(self.view.insert(view))
            }
        }
    }
}

struct RecordFollower {
    source: SnapshotSource,
    viewer: Viewer,
    record: Followed,
    told: Option<LogPosition>,
    /// Whether there is something to read whatever the feed says: the beginning, or the rest of a long story.
    unread: bool,
}

impl Follower for RecordFollower {
    type Board = Records;
    type Message = RecordChange;

    async fn look(&mut self, held: &mut watch::Receiver<Held<Records>>) -> Result<Option<RecordChange>, QueryError> {
        let has_moved = {
            let held = held.borrow_and_update();
            self.told.is_none_or(|told| held.board.has_moved(self.record.record, told))
        };
        if !self.unread && !has_moved {
            return Ok(None);
        }
        let snapshot = self.source.snapshot(Some(&self.viewer.caller))?;
        let read = async { self.read(&mut *snapshot.read().await?).await };
        let read = read.await;
        snapshot.end().await;
        let Some((told, change, rest)) = read? else {
            self.unread = false;
            return Ok(None);
        };
        (self.told, self.unread) = (Some(told), rest);
        if rest {
            held.mark_changed();
        }
        Ok(change)
    }

    fn told(message: &RecordChange) -> Option<LogPosition> {
        Some(message.position)
    }
}

impl RecordFollower {
    /// What has happened to it after what was told, where that leads to, and whether there is more; none where it leads nowhere.
    async fn read(
        &self,
        reading: &mut PgConnection,
    ) -> Result<Option<(LogPosition, Option<RecordChange>, bool)>, QueryError> {
        let tide = Tide::read(reading).await?;
        let position = tide.progress(Timeline::NAME, LogName::REGISTER);
        let after = self.told.map(|told| tide.place(told, LogName::REGISTER)).transpose()?;
        if after.is_some_and(|after| after >= position.position) {
            return Ok(None);
        }
        let permits = self.viewer.permits(reading).await?;
        let record = match Record::find(reading, &permits, &Named::Id(self.record.record)).await? {
            Found::Seen(record) if record.is_followed() => Some(record),
            _ => None,
        };
        let entries = match (&record, after) {
            (Some(record), Some(after)) => {
                let page = record.story().page(i64::try_from(after).unwrap_or(i64::MAX), ENTRIES_AT_ONCE);
                EntryRow::pages(reading, &[page], Some(&permits.visible())).await?
            }
            _ => Vec::new(),
        };
        // A page that is full ends at its last event; the rest comes with the next message.
        let full = entries.last().filter(|_| entries.len() >= ENTRIES_AT_ONCE as usize);
        let (position, rest) = match full {
            Some((_, last)) => (LogPosition { position: last.position.unsigned_abs(), ..position }, true),
            None => (position, false),
        };
        let is_news = self.told.is_none() || !entries.is_empty();
        let story = record.as_ref().map(Record::story);
        let entries = entries.into_iter().filter_map(|(_, row)| Some(story?.entry(row))).collect();
        Ok(Some((position, is_news.then_some(RecordChange { position, record, entries }), rest)))
    }
}

struct LagFollower {
    told: Option<Vec<Projection>>,
}

impl Follower for LagFollower {
    type Board = Lag;
    type Message = Vec<Projection>;

    async fn look(&mut self, held: &mut watch::Receiver<Held<Lag>>) -> Result<Option<Vec<Projection>>, QueryError> {
        let held = held.borrow_and_update();
        if self.told.as_ref() == Some(&held.board.now) {
            return Ok(None);
        }
        self.told = Some(held.board.now.clone());
        Ok(self.told.clone())
    }

    fn told(_: &Vec<Projection>) -> Option<LogPosition> {
        None
    }
}

/// Read models that the document asks something of, in the field that is followed.
fn shown(ctx: &Context<'_>) -> Vec<&'static str> {
    let roots = ctx.data_opt::<Asked>().map_or(&[][..], |asked| &asked.examined.roots);
    roots.iter().flat_map(models_of).collect()
}

fn source(ctx: &Context<'_>) -> Result<SnapshotSource, QueryError> {
    ctx.caller()?;
    ctx.data_opt::<SnapshotSource>().cloned().ok_or_else(|| QueryError::internal("no source of snapshots"))
}
