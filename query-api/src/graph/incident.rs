//! Incidents (notikumi).

use async_graphql::{Context, Enum, InputObject, Object};
use chrono::{DateTime, Utc};
use domain::classifier::{Disposition, IncidentType, ResultCode};
use uuid::Uuid;

use super::card::Card;
use super::common::{Code, Period, Place, Source, SourceRef};
use super::fresh::fresh;
use super::paging::{self, Page, Paging, page};
use super::personal::{PersonalText, Reporter, personal_text, reporter};
use super::record::{Entry, timeline};
use super::terms::{Category, Channel, IncidentStatus};
use super::unit::Unit;
use crate::error::QueryError;
use crate::lang::Lang;
use crate::loaders::Loading;
use crate::position::LogPosition;
use crate::read::{self, Counted, IncidentRow, Named};
use crate::snapshot::Given;

/// What incidents are asked for; all conditions hold together.
#[derive(InputObject, Debug, Clone, Default, PartialEq)]
pub(crate) struct IncidentFilter {
    /// In any of these states.
    pub(crate) status: Option<Vec<IncidentStatus>>,
    /// Of any of these types: codes of the incident-type classifier.
    pub(crate) type_code: Option<Vec<String>>,
    /// Of any of these response categories.
    pub(crate) category: Option<Vec<Category>>,
    /// Reported in any of these ways.
    pub(crate) channel: Option<Vec<Channel>>,
    /// Registered by this institution.
    pub(crate) institution: Option<String>,
    /// In this territory: ATVK code.
    pub(crate) territory: Option<String>,
    /// Begun in this period.
    pub(crate) occurred: Option<Period>,
    /// Recorded first in this period.
    pub(crate) registered: Option<Period>,
    /// First made in this foreign system.
    pub(crate) source_system: Option<String>,
}

/// Order of incidents; ties are settled by the place in the register.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum IncidentOrder {
    /// Latest registered first.
    #[default]
    RegisteredDesc,
    /// Earliest registered first.
    RegisteredAsc,
    /// Latest begun first.
    OccurredDesc,
    /// Earliest begun first.
    OccurredAsc,
}

#[derive(Default)]
pub(crate) struct IncidentQuery;

#[Object]
impl IncidentQuery {
    /// One incident, by exactly one of its id, its number and its name in a foreign system; null where there is none.
    async fn incident(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id, as the command's reply gave it.")] id: Option<Uuid>,
        #[graphql(desc = "Its national number, `VNR-2026-0000001`.")] number: Option<String>,
        #[graphql(desc = "Its name in the system that it comes from.")] source: Option<SourceRef>,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(desc = "How long to wait for that, in seconds.", default = 5, validator(minimum = 0, maximum = 30))]
        wait_seconds: i32,
    ) -> Result<Option<Incident>, QueryError> {
        _ = wait_seconds;
        let named = Named::one_of(id, number, source)?;
        fresh(ctx, min_position).await?;
        let row = read::incident(&mut *ctx.snapshot()?.read().await?, &named).await?;
        Ok(row.map(Incident))
    }

    /// Incidents, page by page.
    #[allow(clippy::too_many_arguments, reason = "the arguments of the field")]
    #[graphql(complexity = "paging::cost(first, child_complexity)")]
    async fn incidents(
        &self,
        ctx: &Context<'_>,
        filter: Option<IncidentFilter>,
        #[graphql(desc = "Rows of the page, at most 200; 50 where it is left out.")] first: Option<i32>,
        #[graphql(desc = "Go on after this row: the `endCursor` of the page before.")] after: Option<String>,
        #[graphql(default)] order_by: IncidentOrder,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(desc = "How long to wait for that, in seconds.", default = 5, validator(minimum = 0, maximum = 30))]
        wait_seconds: i32,
    ) -> Result<Page<Incident>, QueryError> {
        _ = wait_seconds;
        let paging = Paging::of(first, after.as_deref())?;
        fresh(ctx, min_position).await?;
        let filter = filter.unwrap_or_default();
        let rows = read::incidents(&mut *ctx.snapshot()?.read().await?, &filter, order_by, &paging).await?;
        let rows = rows.into_iter().map(Incident).collect();
        Ok(page(&paging, rows, |row| read::incident_key(&row.0, order_by), Counted::Incidents(filter)))
    }
}

/// An incident (notikums): what police registers, from the report to how it was dealt with.
pub(crate) struct Incident(pub(crate) IncidentRow);

/// An incident (notikums): what police registers, from the report to how it was dealt with.
#[Object]
impl Incident {
    /// Its id: unique over all records of all types.
    async fn id(&self) -> Uuid {
        self.0.id
    }

    /// National number, `VNR-2026-0000001`.
    async fn number(&self) -> &str {
        &self.0.number
    }

    /// Number that it had in the register that it comes from.
    async fn legacy_number(&self) -> Option<&str> {
        self.0.legacy_number.as_deref()
    }

    /// Where it stands.
    async fn status(&self) -> IncidentStatus {
        self.0.status.into()
    }

    /// Where it stands, in words.
    async fn status_label(&self, ctx: &Context<'_>, lang: Option<Lang>) -> &'static str {
        self.0.status.label(ctx.lang(lang).into())
    }

    /// How it was reported.
    async fn channel(&self) -> Channel {
        self.0.channel.into()
    }

    /// What it is, as far as is known now.
    #[graphql(name = "type")]
    async fn kind(&self) -> Code {
        Code::of(IncidentType::TABLE, &self.0.type_code)
    }

    /// What it was registered as.
    async fn opening_type(&self) -> Code {
        Code::of(IncidentType::TABLE, &self.0.opening_type)
    }

    /// What it turned out to be, once it is closed.
    async fn closing_type(&self) -> Option<Code> {
        Code::maybe(IncidentType::TABLE, self.0.closing_type.as_deref())
    }

    /// How fast State Police must be there.
    async fn category(&self) -> Category {
        self.0.category.into()
    }

    /// The category that it was registered with.
    async fn opening_category(&self) -> Category {
        self.0.opening_category.into()
    }

    /// Where it is.
    async fn place(&self) -> Option<Place> {
        self.0.place.clone()
    }

    /// When it began.
    async fn occurred_from(&self) -> DateTime<Utc> {
        self.0.occurred_from
    }

    /// When it ended, where it lasted.
    async fn occurred_to(&self) -> Option<DateTime<Utc>> {
        self.0.occurred_to
    }

    /// When this register recorded it first.
    async fn registered_at(&self) -> DateTime<Utc> {
        self.0.registered_at
    }

    /// Institution that registered it.
    async fn institution(&self) -> &str {
        &self.0.institution
    }

    /// What happened: personal data.
    async fn narrative(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>, QueryError> {
        personal_text(ctx, self.0.narrative.as_ref()).await
    }

    /// Who reported it: personal data.
    async fn reporter(&self, ctx: &Context<'_>) -> Result<Option<Reporter>, QueryError> {
        reporter(ctx, self.0.reporter.as_ref()).await
    }

    /// Whether the caller's role and purpose keep personal data of the record from them.
    async fn personal_data_masked(&self, ctx: &Context<'_>) -> Result<bool, QueryError> {
        Ok(!ctx.caller()?.sees_personal_data())
    }

    /// Unit that it is given to.
    async fn assigned_unit(&self, ctx: &Context<'_>) -> Result<Option<Unit>, QueryError> {
        ctx.unit(self.0.assigned_unit).await
    }

    /// Service number of the officer that it is given to.
    async fn assigned_officer(&self) -> Option<&str> {
        self.0.assigned_officer.as_deref()
    }

    /// How it was dealt with (izskatīšanas rezultāts).
    async fn result(&self) -> Option<Code> {
        Code::maybe(ResultCode::TABLE, self.0.result_code.as_deref())
    }

    /// Numbers of the processes that it went on in.
    async fn case_refs(&self) -> &[String] {
        &self.0.case_refs
    }

    /// How it ended.
    async fn disposition(&self) -> Option<Code> {
        Code::maybe(Disposition::TABLE, self.0.disposition.as_deref())
    }

    /// When it was closed.
    async fn closed_at(&self) -> Option<DateTime<Utc>> {
        self.0.closed_at
    }

    /// The emergency card that it comes from.
    async fn card(&self, ctx: &Context<'_>) -> Result<Option<Card>, QueryError> {
        ctx.card(self.0.card).await
    }

    /// The foreign system that it was made in first.
    async fn source(&self) -> Option<Source> {
        self.0.source.clone()
    }

    /// Number of its events.
    async fn version(&self) -> i64 {
        self.0.version
    }

    /// Place of its last event in the register, as this read model has seen it.
    async fn position(&self, ctx: &Context<'_>) -> Result<LogPosition, QueryError> {
        ctx.position(self.0.last_position).await
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
