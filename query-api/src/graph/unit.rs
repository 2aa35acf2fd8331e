//! Units (ekipāžas) and the roster: who is where and does what.

use std::sync::Arc;

use access::policy::{Action, RecordKind};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::unit;
use domain::values::Code;
use projections::roster::{self, RosterKeyset, RosterRow};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::card::Card;
use super::common::{GeoPoint, id, uuid};
use super::fresh::fresh;
use super::paging::{self, Counted, Page, Paging, page};
use super::record::{Entry, Story, timeline};
use super::terms::{Service, UnitKind, UnitStatus, VendorScheme};
use crate::error::QueryError;
use crate::lang::Lang;
use crate::loaders::Loading;
use crate::permits::{Permits, UnitGuard};
use crate::position::LogPosition;
use crate::snapshot::Given;

/// What units are asked for; all conditions hold together.
#[derive(InputObject, Debug, Clone, Default, PartialEq)]
pub(crate) struct RosterFilter {
    /// Of this institution.
    pub(crate) institution: Option<String>,
    /// Of this home station.
    pub(crate) station: Option<String>,
    /// There for any of these territories: ATVK codes.
    pub(crate) territory: Option<Vec<String>>,
    /// Of any of these kinds.
    pub(crate) kind: Option<Vec<UnitKind>>,
    /// With any of these statuses.
    pub(crate) status: Option<Vec<UnitStatus>>,
    /// On duty, or off.
    pub(crate) on_duty: Option<bool>,
    /// On this card.
    pub(crate) card: Option<ID>,
    /// Of institutions that answer for any of these services of 112 (dienests).
    pub(crate) service: Option<Vec<Service>>,
}

impl RosterFilter {
    /// As the read model takes it.
    pub(super) fn of_rows(self, permits: &Permits) -> Result<roster::RosterFilter, QueryError> {
        let codes = |codes: Vec<&'static str>| codes.into_iter().map(ToOwned::to_owned).collect();
        Ok(roster::RosterFilter {
            institution: self.institution,
            statuses: codes(self.status.unwrap_or_default().into_iter().map(UnitStatus::code).collect()),
            kinds: codes(self.kind.unwrap_or_default().into_iter().map(UnitKind::code).collect()),
            station: self.station,
            territories: self.territory.unwrap_or_default(),
            on_duty: self.on_duty,
            card: uuid("card", self.card)?,
            owners: self.service.map(|services| permits.answering_for(services)),
            reached: Vec::new(),
        })
    }
}

/// Key of a unit in the roster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RosterKey(pub(super) String, pub(super) Uuid);

#[derive(Default)]
pub(crate) struct UnitQuery;

#[Object]
impl UnitQuery {
    /// One unit, by its id or by its call sign; null where there is none.
    async fn unit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id, as the command's reply gave it.")] id: Option<ID>,
        #[graphql(desc = "Its call sign (izsaukuma signāls), unique within its institution.")] call_sign: Option<
            String,
        >,
        #[graphql(desc = "Institution of the call sign; the caller's own where it is left out.")] institution: Option<
            String,
        >,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(
            name = "waitSeconds",
            desc = "How long to wait for that, in seconds.",
            default = 5,
            validator(minimum = 0, maximum = 30)
        )]
        _wait_seconds: i32,
    ) -> Result<Option<Unit>, QueryError> {
        let caller = ctx.caller()?;
        let id = uuid("id", id)?;
        fresh(ctx, min_position).await?;
        ctx.reach_any(Action::View, &[RecordKind::Unit]).await?;
        let permits = ctx.permits().await?;
        let mut reading = ctx.snapshot()?.read().await?;
        let row = match (id, call_sign) {
            (Some(id), None) => RosterRow::by_id(&mut reading, id).await?,
            (None, Some(call_sign)) => {
                let institution = institution.as_deref().unwrap_or(caller.institution.as_str());
                RosterRow::by_call_sign(&mut reading, institution, &call_sign).await?
            }
            _ => return Err(QueryError::BadInput { argument: "id", reason: "give either id or callSign".into() }),
        };
        let Some(row) = row else { return Ok(None) };
        Ok(ctx.or_keeps_back(row.unit.id, Unit::seen(permits, row)))
    }

    /// Units with what they do now (ierindas ziņas), by call sign, page by page.
    #[allow(clippy::too_many_arguments, reason = "the arguments of the field")]
    #[graphql(complexity = "paging::cost(first, child_complexity)")]
    async fn roster(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those that all of this holds for.")] filter: Option<RosterFilter>,
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
    ) -> Result<Page<Unit>, QueryError> {
        let paging = Paging::<RosterKey>::of(first, after.as_deref())?;
        fresh(ctx, min_position).await?;
        let reach = ctx.reach(Action::View, RecordKind::Unit).await?;
        let permits = ctx.permits().await?;
        let mut filter = filter.unwrap_or_default().of_rows(permits)?;
        filter.reached.push(reach);
        let after = paging.after.clone().map(|RosterKey(call_sign, id)| RosterKeyset { call_sign, id });
        let mut reading = ctx.snapshot()?.read().await?;
        let rows = RosterRow::list(&mut reading, &filter, after.as_ref(), paging.rows_to_read()).await?;
        let rows = rows.into_iter().filter_map(|row| Unit::seen(permits, row)).collect();
        let key = |unit: &Unit| RosterKey(unit.row.unit.call_sign.clone(), unit.row.unit.id);
        Ok(page(&paging, rows, key, Counted::Roster(filter)))
    }
}

/// A crew or vehicle that is sent.
pub(crate) struct Unit {
    row: Arc<RosterRow>,
    guard: UnitGuard,
}

impl Unit {
    /// The unit, where the caller may see it.
    pub(crate) fn seen(permits: &Permits, row: RosterRow) -> Option<Self> {
        let guard = permits.of_unit(&row);
        guard.seen.then(|| Self { row: Arc::new(row), guard })
    }

    /// The unit, where it was decided that the caller may follow it.
    pub(crate) fn followed(row: Arc<RosterRow>, guard: UnitGuard) -> Option<Self> {
        (guard.seen && guard.followed).then_some(Self { row, guard })
    }

    /// Its place among units: by institution and call sign.
    pub(crate) fn place(&self) -> (&str, &str) {
        (&self.row.unit.institution, &self.row.unit.call_sign)
    }
}

/// A unit (ekipāža): a crew or vehicle that is sent, and what it does now.
#[Object]
impl Unit {
    /// Its id: unique over all records of all types.
    pub(crate) async fn id(&self) -> ID {
        id(self.row.unit.id)
    }

    /// Institution that owns it.
    async fn institution(&self) -> &str {
        &self.row.unit.institution
    }

    /// Call sign (izsaukuma signāls), unique within its institution for ever.
    async fn call_sign(&self) -> &str {
        &self.row.unit.call_sign
    }

    /// What it is.
    async fn kind(&self) -> Result<UnitKind, QueryError> {
        UnitKind::of_code(&self.row.unit.kind)
    }

    /// What it is, in words.
    async fn kind_label(&self, ctx: &Context<'_>, lang: Option<Lang>) -> Result<&'static str, QueryError> {
        UnitKind::label_of(&self.row.unit.kind, ctx.lang(lang))
    }

    /// The source's own kind, as it came.
    async fn source_kind(&self) -> Option<&str> {
        self.row.unit.source_kind.as_deref()
    }

    /// Home station.
    async fn station(&self) -> Option<&str> {
        self.row.unit.station.as_deref()
    }

    /// Territory that it is there for: ATVK code.
    async fn territory(&self) -> Option<&str> {
        self.row.unit.territory.as_deref()
    }

    /// Whether its crew is on duty.
    async fn on_duty(&self) -> bool {
        self.row.unit.on_duty
    }

    /// What it does now.
    async fn status(&self) -> Result<UnitStatus, QueryError> {
        UnitStatus::of_code(&self.row.unit.status)
    }

    /// What it does now, in words.
    async fn status_label(&self, ctx: &Context<'_>, lang: Option<Lang>) -> Result<&'static str, QueryError> {
        UnitStatus::label_of(&self.row.unit.status, ctx.lang(lang))
    }

    /// Since when.
    async fn status_since(&self) -> DateTime<Utc> {
        self.row.unit.status_since
    }

    /// The sender's own code of the status, as it came.
    async fn vendor_code(&self) -> Option<&str> {
        self.row.unit.vendor_code.as_deref()
    }

    /// List that the sender's code is of.
    async fn vendor_scheme(&self) -> Result<Option<VendorScheme>, QueryError> {
        self.row.unit.vendor_scheme.as_deref().map(VendorScheme::of_code).transpose()
    }

    /// Who is in it (apkalpe): how many and what they can do; null where nobody said since its duty began.
    async fn crew(&self) -> Option<UnitCrew> {
        self.row.unit.outfit.crew.as_ref().map(UnitCrew::of)
    }

    /// What it carries (aprīkojums), by code; null where nobody ever said.
    async fn equipment(&self) -> Option<Vec<UnitEquipment>> {
        let outfit = &self.row.unit.outfit;
        let equipment = outfit.equipment.as_ref()?.iter();
        Some(equipment.map(|code| UnitEquipment::of(code, !outfit.out_of_service.contains(code))).collect())
    }

    /// The card that it is on.
    async fn card(&self, ctx: &Context<'_>) -> Result<Option<Card>, QueryError> {
        ctx.card(self.row.unit.card).await
    }

    /// Where it was last; null where it never said, and where its track is kept from the caller (`positionKept`).
    async fn position(&self) -> Option<UnitPosition> {
        if !self.guard.track {
            return None;
        }
        let point = self.row.point.as_ref()?;
        Some(UnitPosition {
            at: point.at,
            point: GeoPoint::of_e6(Some(point.latitude_e6), Some(point.longitude_e6))?,
            speed_kmh: point.speed_kmh,
            heading_deg: point.heading_deg,
        })
    }

    /// Whether the access policies keep its track from the caller.
    async fn position_kept(&self) -> bool {
        !self.guard.track
    }

    /// Impossible changes of status and reports out of order so far.
    async fn anomalies(&self) -> i32 {
        self.row.unit.anomalies
    }

    /// When this register recorded it first.
    async fn registered_at(&self) -> DateTime<Utc> {
        self.row.unit.registered_at
    }

    /// Number of its events.
    async fn version(&self) -> i64 {
        self.row.unit.version
    }

    /// What happened to it, in order, page by page.
    #[graphql(complexity = "paging::cost(first, child_complexity)")]
    async fn timeline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, at most 200; 50 where it is left out.")] first: Option<i32>,
        #[graphql(desc = "Go on after this row: the `endCursor` of the page before.")] after: Option<String>,
    ) -> Result<Page<Entry>, QueryError> {
        timeline(ctx, Story::of_unit(self.row.unit.id), first, after).await
    }
}

/// Who is in a unit: how many and what they can do, never who they are.
#[derive(SimpleObject, Debug, Clone, PartialEq)]
pub(crate) struct UnitCrew {
    /// How many people, the commander too.
    pub(crate) size: i32,
    /// Service number of who commands it.
    pub(crate) commander: Option<String>,
    /// How many of them can do what; one may count for several.
    pub(crate) qualifications: Vec<Qualification>,
}

impl UnitCrew {
    /// As the domain has it.
    pub(crate) fn of(crew: &unit::Crew) -> Self {
        let qualifications = crew.qualifications.iter();
        Self {
            size: crew.size.get().into(),
            commander: crew.commander.as_ref().map(ToString::to_string),
            qualifications: qualifications
                .map(|(code, count)| Qualification { code: code.to_string(), count: count.get().into() })
                .collect(),
        }
    }
}

/// So many of a crew can do something.
#[derive(SimpleObject, Debug, Clone, PartialEq)]
pub(crate) struct Qualification {
    /// What, `driver`.
    pub(crate) code: String,
    /// How many.
    pub(crate) count: i32,
}

/// Something that a unit carries.
#[derive(SimpleObject, Debug, Clone, PartialEq)]
pub(crate) struct UnitEquipment {
    /// What, `foam`, as response plans ask for it.
    pub(crate) code: String,
    /// Whether it can be used.
    pub(crate) in_service: bool,
}

impl UnitEquipment {
    fn of(code: &Code, in_service: bool) -> Self {
        Self { code: code.to_string(), in_service }
    }
}

/// Where a unit was at a moment.
#[derive(SimpleObject, Debug, Clone, PartialEq)]
pub(crate) struct UnitPosition {
    /// When.
    pub(crate) at: DateTime<Utc>,
    /// Where.
    pub(crate) point: GeoPoint,
    /// Kilometres an hour.
    pub(crate) speed_kmh: Option<i32>,
    /// Degrees clockwise from north, 0 to 359.
    pub(crate) heading_deg: Option<i32>,
}
