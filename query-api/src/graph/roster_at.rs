//! The roster as at a moment of the past, and as it was known at another.

use access::policy::{Action, RecordKind};
use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};
use projections::roster::RosterKeyset;
use projections::roster_history::{Moment, RosterAtRow};

use super::card::Card;
use super::common::{GeoPoint, id};
use super::fresh::fresh;
use super::paging::{self, Counted, Page, Paging, page};
use super::terms::{UnitKind, UnitStatus};
use super::unit::{RosterFilter, RosterKey, Unit, UnitPosition};
use crate::error::QueryError;
use crate::lang::Lang;
use crate::loaders::Loading;
use crate::permits::{Permits, UnitGuard};
use crate::position::LogPosition;
use crate::snapshot::Given;

#[derive(Default)]
pub(crate) struct RosterAtQuery;

#[Object]
impl RosterAtQuery {
    /// Units with what they did at a moment (ierindas ziņas pagātnē), by call sign, page by page: by when things happened, and of these
    /// only by what was known then where `knownAt` says so. The rules are in docs/ROSTER.md.
    #[allow(clippy::too_many_arguments, reason = "the arguments of the field")]
    #[graphql(complexity = "paging::cost(first, child_complexity)")]
    async fn roster_at(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The moment, by when things happened; it is over.")] at: DateTime<Utc>,
        #[graphql(
            desc = "Only what was recorded up to then, at `at` or later; all that is known now where it is left out."
        )]
        known_at: Option<DateTime<Utc>>,
        #[graphql(desc = "Only those that all of this held for then.")] filter: Option<RosterFilter>,
        #[graphql(desc = "Rows of the page, at most 200; 50 where it is left out.")] first: Option<i32>,
        #[graphql(desc = "Go on after this row: the `endCursor` of the page before.")] after: Option<String>,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(
            name = "waitSeconds",
            desc = "How long to wait for that, in seconds.",
            default = 5,
            validator(minimum = 0, maximum = 30)
        )]
        _wait_seconds: i32,
    ) -> Result<Page<UnitThen>, QueryError> {
        let paging = Paging::<RosterKey>::of(first, after.as_deref())?;
        let moment = moment(at, known_at)?;
        fresh(ctx, min_position).await?;
        let reach = ctx.reach(Action::View, RecordKind::Unit).await?;
        let permits = ctx.permits().await?;
        let mut filter = filter.unwrap_or_default().of_rows(permits)?;
        filter.reached.push(reach);
        let after = paging.after.clone().map(|RosterKey(call_sign, id)| RosterKeyset { call_sign, id });
        let mut reading = ctx.snapshot()?.read().await?;
        let rows = RosterAtRow::list(&mut reading, moment, &filter, after.as_ref(), paging.rows_to_read()).await?;
        let rows = rows.into_iter().filter_map(|row| UnitThen::seen(permits, row, moment)).collect();
        let key = |unit: &UnitThen| RosterKey(unit.row.call_sign.clone(), unit.row.id);
        Ok(page(&paging, rows, key, Counted::RosterAt(moment, filter)))
    }
}

/// The past that is asked for.
fn moment(at: DateTime<Utc>, known_at: Option<DateTime<Utc>>) -> Result<Moment, QueryError> {
    let now = Utc::now();
    if at > now {
        return Err(QueryError::BadInput {
            argument: "at",
            reason: "lies in the future: give a moment that is over".into(),
        });
    }
    match known_at {
        Some(known_at) if known_at < at => Err(QueryError::BadInput {
            argument: "knownAt",
            reason: "lies before `at`: what happened later was not known yet; give `at` or a later moment".into(),
        }),
        _ => Ok(Moment { at, known_at }),
    }
}

/// A unit as it was at a moment.
pub(crate) struct UnitThen {
    row: RosterAtRow,
    moment: Moment,
    guard: UnitGuard,
}

impl UnitThen {
    /// The unit, where the caller may see it.
    fn seen(permits: &Permits, row: RosterAtRow, moment: Moment) -> Option<Self> {
        let guard = permits.of_unit_then(&row);
        guard.seen.then_some(Self { row, moment, guard })
    }
}

/// A unit (ekipāža) as it was at a moment, by what is known or was known then.
#[Object]
impl UnitThen {
    /// Its id: unique over all records of all types.
    async fn id(&self) -> ID {
        id(self.row.id)
    }

    /// Institution that owns it.
    async fn institution(&self) -> &str {
        &self.row.institution
    }

    /// Call sign (izsaukuma signāls), unique within its institution for ever.
    async fn call_sign(&self) -> &str {
        &self.row.call_sign
    }

    /// What it is.
    async fn kind(&self) -> Result<UnitKind, QueryError> {
        UnitKind::of_code(&self.row.kind)
    }

    /// What it is, in words.
    async fn kind_label(&self, ctx: &Context<'_>, lang: Option<Lang>) -> Result<&'static str, QueryError> {
        UnitKind::label_of(&self.row.kind, ctx.lang(lang))
    }

    /// The source's own kind, as it came.
    async fn source_kind(&self) -> Option<&str> {
        self.row.source_kind.as_deref()
    }

    /// Home station.
    async fn station(&self) -> Option<&str> {
        self.row.station.as_deref()
    }

    /// Territory that it is there for: ATVK code.
    async fn territory(&self) -> Option<&str> {
        self.row.territory.as_deref()
    }

    /// Whether its crew was on duty.
    async fn on_duty(&self) -> bool {
        self.row.on_duty()
    }

    /// What it did.
    async fn status(&self) -> Result<UnitStatus, QueryError> {
        UnitStatus::of_code(&self.row.status)
    }

    /// What it did, in words.
    async fn status_label(&self, ctx: &Context<'_>, lang: Option<Lang>) -> Result<&'static str, QueryError> {
        UnitStatus::label_of(&self.row.status, ctx.lang(lang))
    }

    /// Since when.
    async fn status_since(&self) -> DateTime<Utc> {
        self.row.since
    }

    /// The sender's own code of the status, as it came.
    async fn vendor_code(&self) -> Option<&str> {
        self.row.vendor_code.as_deref()
    }

    /// The card that it was on, as the card is now.
    async fn card(&self, ctx: &Context<'_>) -> Result<Option<Card>, QueryError> {
        ctx.card(self.row.card).await
    }

    /// Since when it was on it.
    async fn card_since(&self) -> Option<DateTime<Utc>> {
        self.row.card_since
    }

    /// When this register recorded what its status follows from: after the moment, where it came late.
    async fn recorded_at(&self) -> DateTime<Utc> {
        self.row.recorded_at
    }

    /// Where it was: the last point of its track up to the moment, of that day or the day before; null where it told none, and where its track is kept
    /// from the caller (`positionKept`). Read from the log of tracks, so it costs much: ask for at most 20 units with it.
    #[graphql(complexity = 2_000)]
    async fn position(&self, ctx: &Context<'_>) -> Result<Option<UnitPosition>, QueryError> {
        if !self.guard.track {
            return Ok(None);
        }
        let Some(told) = ctx.point_then(self.row.id, self.moment).await? else { return Ok(None) };
        let point = GeoPoint::of_e6(Some(told.latitude_e6), Some(told.longitude_e6));
        let (speed_kmh, heading_deg) = (told.speed_kmh, told.heading_deg);
        Ok(point.map(|point| UnitPosition { at: told.at, point, speed_kmh, heading_deg }))
    }

    /// Whether the access policies keep its track from the caller.
    async fn position_kept(&self) -> bool {
        !self.guard.track
    }

    /// The unit as it is now.
    async fn now(&self, ctx: &Context<'_>) -> Result<Option<Unit>, QueryError> {
        ctx.unit(Some(self.row.id)).await
    }
}
