//! Units (ekipāžas) and the roster: who is where and does what.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::card::Card;
use super::common::GeoPoint;
use super::fresh::fresh;
use super::paging::{self, Page, Paging, page};
use super::record::{Entry, timeline};
use super::terms::{UnitKind, UnitStatus};
use crate::error::QueryError;
use crate::lang::Lang;
use crate::loaders::Loading;
use crate::position::LogPosition;
use crate::read::{self, Counted, UnitRow};
use crate::snapshot::Given;

/// What units are asked for; all conditions hold together.
#[derive(InputObject, Debug, Clone, Default, PartialEq)]
pub(crate) struct RosterFilter {
    /// Of this institution.
    pub(crate) institution: Option<String>,
    /// Of this home station.
    pub(crate) station: Option<String>,
    /// Of any of these kinds.
    pub(crate) kind: Option<Vec<UnitKind>>,
    /// With any of these statuses.
    pub(crate) status: Option<Vec<UnitStatus>>,
    /// On duty, or off.
    pub(crate) on_duty: Option<bool>,
    /// On a card, or on none.
    pub(crate) on_card: Option<bool>,
}

#[derive(Default)]
pub(crate) struct UnitQuery;

#[Object]
impl UnitQuery {
    /// One unit, by its id or by its call sign; null where there is none.
    async fn unit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id, as the command's reply gave it.")] id: Option<Uuid>,
        #[graphql(desc = "Its call sign (izsaukuma signāls), unique within its institution.")] call_sign: Option<String>,
        #[graphql(desc = "Institution of the call sign; the caller's own where it is left out.")] institution: Option<String>,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(desc = "How long to wait for that, in seconds.", default = 5, validator(minimum = 0, maximum = 30))]
        wait_seconds: i32,
    ) -> Result<Option<Unit>, QueryError> {
        _ = wait_seconds;
        let id = match (id, call_sign) {
            (Some(id), None) => id,
            (None, Some(call_sign)) => {
                let institution = institution.unwrap_or_else(|| ctx.caller().map(|c| c.institution.to_string()).unwrap_or_default());
                let Some(id) = read::unit_id(&institution, &call_sign) else { return Ok(None) };
                id
            }
            _ => return Err(QueryError::BadInput { argument: "id", reason: "give either id or callSign".into() }),
        };
        fresh(ctx, min_position).await?;
        ctx.unit(Some(id)).await
    }

    /// Units with what they do now (ierindas ziņas), by institution and call sign, page by page.
    #[graphql(complexity = "paging::cost(first, child_complexity)")]
    async fn roster(
        &self,
        ctx: &Context<'_>,
        filter: Option<RosterFilter>,
        #[graphql(desc = "Rows of the page, at most 200; 50 where it is left out.")] first: Option<i32>,
        #[graphql(desc = "Go on after this row: the `endCursor` of the page before.")] after: Option<String>,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(desc = "How long to wait for that, in seconds.", default = 5, validator(minimum = 0, maximum = 30))]
        wait_seconds: i32,
    ) -> Result<Page<Unit>, QueryError> {
        _ = wait_seconds;
        let paging = Paging::of(first, after.as_deref())?;
        fresh(ctx, min_position).await?;
        let filter = filter.unwrap_or_default();
        let rows = read::roster(&mut *ctx.snapshot()?.read().await?, &filter, &paging).await?;
        let rows = rows.into_iter().map(Unit).collect();
        Ok(page(&paging, rows, |row| read::unit_key(&row.0), Counted::Roster(filter)))
    }
}

/// A crew or vehicle that is sent.
pub(crate) struct Unit(pub(crate) UnitRow);

/// A unit (ekipāža): a crew or vehicle that is sent, and what it does now.
#[Object]
impl Unit {
    /// Its id: unique over all records of all types.
    async fn id(&self) -> Uuid {
        self.0.id
    }

    /// Institution that owns it.
    async fn institution(&self) -> &str {
        &self.0.institution
    }

    /// Call sign (izsaukuma signāls), unique within its institution for ever.
    async fn call_sign(&self) -> &str {
        &self.0.call_sign
    }

    /// What it is.
    async fn kind(&self) -> UnitKind {
        self.0.kind.into()
    }

    /// What it is, in words.
    async fn kind_label(&self, ctx: &Context<'_>, lang: Option<Lang>) -> &'static str {
        self.0.kind.label(ctx.lang(lang).into())
    }

    /// The source's own kind, as it came.
    async fn source_kind(&self) -> Option<&str> {
        self.0.source_kind.as_deref()
    }

    /// Home station.
    async fn station(&self) -> Option<&str> {
        self.0.station.as_deref()
    }

    /// Whether its crew is on duty.
    async fn on_duty(&self) -> bool {
        self.0.status != domain::terms::UnitStatus::OffDuty
    }

    /// What it does now.
    async fn status(&self) -> UnitStatus {
        self.0.status.into()
    }

    /// What it does now, in words.
    async fn status_label(&self, ctx: &Context<'_>, lang: Option<Lang>) -> &'static str {
        self.0.status.label(ctx.lang(lang).into())
    }

    /// Since when.
    async fn status_since(&self) -> Option<DateTime<Utc>> {
        self.0.status_since
    }

    /// The sender's own code of the status, as it came.
    async fn vendor_code(&self) -> Option<&str> {
        self.0.vendor_code.as_deref()
    }

    /// The card that it is on.
    async fn card(&self, ctx: &Context<'_>) -> Result<Option<Card>, QueryError> {
        ctx.card(self.0.card).await
    }

    /// Where it was last.
    async fn position(&self) -> Option<UnitPosition> {
        self.0.position.clone()
    }

    /// Number of its events.
    async fn version(&self) -> i64 {
        self.0.version
    }

    /// What happened to it, in order, page by page.
    #[graphql(complexity = "paging::cost(first, child_complexity)")]
    async fn timeline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, at most 200; 50 where it is left out.")] first: Option<i32>,
        #[graphql(desc = "Go on after this row: the `endCursor` of the page before.")] after: Option<String>,
    ) -> Result<Page<Entry>, QueryError> {
        timeline(ctx, self.0.id, first, after).await
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
