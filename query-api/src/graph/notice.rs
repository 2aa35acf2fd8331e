//! Notices: who was told of an incident, and what of it they were told.

use access::policy::{Action, RecordKind};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::access_day::DataScope;
use projections::Order;
use projections::notices::{self, NoticeRow};

use super::common::{id, uuid};
use super::fresh::fresh;
use super::incident::Incident;
use super::paging::{self, Counted, Page, Paging, TimeKey, page, show_rows};
use super::terms::{DeliveryFailure, EscalationCause, NoticeService, NoticeStatus};
use crate::error::QueryError;
use crate::lang::Lang;
use crate::loaders::Loading;
use crate::permits::{Guard, Permits};
use crate::position::LogPosition;
use crate::snapshot::Given;

/// What notices are asked for; all conditions hold together.
#[derive(InputObject, Debug, Clone, Default, PartialEq)]
pub(crate) struct NoticeFilter {
    /// For this institution; the caller's own and those that were escalated to it where it is left out.
    pub(crate) recipient: Option<String>,
    /// Of this incident.
    pub(crate) incident: Option<ID>,
    /// That came so far.
    pub(crate) status: Option<Vec<NoticeStatus>>,
    /// Of this rule, `family-violence`.
    pub(crate) rule: Option<String>,
}

#[derive(Default)]
pub(crate) struct NoticeQuery;

#[Object]
impl NoticeQuery {
    /// One notice (paziņojums) with the incident as far as the caller may see it; null where there is none.
    async fn notice(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id: `notice` of what was delivered.")] id: ID,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(
            name = "waitSeconds",
            desc = "How long to wait for that, in seconds.",
            default = 5,
            validator(minimum = 0, maximum = 30)
        )]
        _wait_seconds: i32,
    ) -> Result<Option<Notice>, QueryError> {
        let Some(id) = uuid("id", Some(id))? else { return Ok(None) };
        fresh(ctx, min_position).await?;
        ctx.reach_any(Action::View, &[RecordKind::Notice]).await?;
        let permits = ctx.permits().await?;
        let row = NoticeRow::by_id(&mut *ctx.snapshot()?.read().await?, id).await?;
        let Some(row) = row else { return Ok(None) };
        let seen = ctx.or_keeps_back(row.id, Notice::seen(permits, row));
        seen.map(|notice| notice.shown(ctx)).transpose()
    }

    /// Notices that the caller may see, those issued last first, page by page: what a recipient without a system of its own asks for.
    #[allow(clippy::too_many_arguments, reason = "the arguments of the field")]
    #[graphql(complexity = "paging::cost(first, child_complexity)")]
    async fn notices(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those that all of this holds for.")] filter: Option<NoticeFilter>,
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
    ) -> Result<Page<Notice>, QueryError> {
        let paging = Paging::of(first, after.as_deref())?;
        fresh(ctx, min_position).await?;
        let asked = filter.unwrap_or_default();
        let statuses = asked.status.unwrap_or_default().into_iter().map(|status| status.code().to_owned());
        let filter = notices::NoticeFilter {
            recipient: asked.recipient,
            incident: uuid("incident", asked.incident)?,
            statuses: statuses.collect(),
            rule: asked.rule,
            reached: vec![ctx.reach(Action::View, RecordKind::Notice).await?],
        };
        let permits = ctx.permits().await?;
        let mut reading = ctx.snapshot()?.read().await?;
        let rows = NoticeRow::search(&mut reading, &filter, paging.keyset(), Order::NewestFirst, paging.rows_to_read());
        let rows = rows.await?.into_iter().filter_map(|row| Notice::seen(permits, row));
        let rows = show_rows(ctx, &paging, rows, |notice| notice.row.id)?;
        Ok(page(&paging, rows, |notice| TimeKey::of(notice.row.keyset()), Counted::Notices(filter)))
    }
}

/// The notices of an incident that the caller may see.
pub(crate) async fn notices(ctx: &Context<'_>, guard: Guard) -> Result<Vec<Notice>, QueryError> {
    let permits = ctx.permits().await?;
    let rows = ctx.case_files()?.notices(guard.record).await?;
    let seen = rows.into_iter().filter_map(|row| Notice::seen(permits, row));
    seen.map(|notice| notice.shown(ctx)).collect()
}

/// What a recipient is told of an incident, once.
pub(crate) struct Notice {
    row: NoticeRow,
}

impl Notice {
    /// The notice, where the caller may see it.
    pub(crate) fn seen(permits: &Permits, row: NoticeRow) -> Option<Self> {
        permits.sees_notice(&row).then_some(Self { row })
    }

    /// The same, noted as part of the answer.
    fn shown(self, ctx: &Context<'_>) -> Result<Self, QueryError> {
        ctx.shows(self.row.id, DataScope::Summary)?;
        Ok(self)
    }
}

/// Somebody, by what their institution calls them.
#[derive(SimpleObject, Debug, Clone, PartialEq)]
pub(crate) struct Somebody {
    /// Code of the institution.
    pub(crate) institution: String,
    /// Who it is there.
    pub(crate) user: String,
}

/// A notice (paziņojums): what the social service or the municipal police of a place is told of an incident, once, until it says that it
/// knows.
#[Object]
impl Notice {
    /// Its id: the same however often it is delivered.
    pub(crate) async fn id(&self) -> ID {
        id(self.row.id)
    }

    /// The incident, as far as the caller may see it: its recipient is handed it, and takes part. Null where it is kept from them.
    async fn incident(&self, ctx: &Context<'_>) -> Result<Option<Incident>, QueryError> {
        ctx.told_incident(self.row.incident, &self.row.recipient).await
    }

    /// The rule that implied it, `family-violence`.
    async fn rule(&self) -> &str {
        &self.row.rule
    }

    /// Version of the rule.
    async fn rule_version(&self) -> i32 {
        self.row.rule_version
    }

    /// Which service is told.
    async fn service(&self) -> Result<NoticeService, QueryError> {
        NoticeService::of_code(&self.row.service)
    }

    /// Which service is told, in words.
    async fn service_label(&self, ctx: &Context<'_>, lang: Option<Lang>) -> Result<&'static str, QueryError> {
        NoticeService::label_of(&self.row.service, ctx.lang(lang))
    }

    /// Of which municipality: ATVK code, as it was when it happened.
    async fn municipality(&self) -> &str {
        &self.row.municipality
    }

    /// The institution that it is for.
    async fn recipient(&self) -> &str {
        &self.row.recipient
    }

    /// Who sees to it when it is late: who answered for the incident then.
    async fn escalate_to(&self) -> &str {
        &self.row.escalate_to
    }

    /// How far it has come.
    async fn status(&self) -> Result<NoticeStatus, QueryError> {
        NoticeStatus::of_code(&self.row.status)
    }

    /// How far it has come, in words.
    async fn status_label(&self, ctx: &Context<'_>, lang: Option<Lang>) -> Result<&'static str, QueryError> {
        NoticeStatus::label_of(&self.row.status, ctx.lang(lang))
    }

    /// When it was issued.
    async fn issued_at(&self) -> DateTime<Utc> {
        self.row.issued_at
    }

    /// Until when it has to be acknowledged.
    async fn due_by(&self) -> DateTime<Utc> {
        self.row.due_by
    }

    /// Attempts to hand it over that failed, of the first eight.
    async fn failures(&self) -> i32 {
        self.row.failures
    }

    /// Why the last of these failed.
    async fn last_failure(&self) -> Result<Option<DeliveryFailure>, QueryError> {
        self.row.last_failure.as_deref().map(DeliveryFailure::of_code).transpose()
    }

    /// When the recipient's system took it or, where they have none, somebody there fetched it first.
    async fn delivered_at(&self) -> Option<DateTime<Utc>> {
        self.row.delivered_at
    }

    /// HTTP status that it was answered with.
    async fn receipt(&self) -> Option<i32> {
        self.row.receipt
    }

    /// SHA-256 of what was handed over, hexadecimal.
    async fn content(&self) -> Option<&str> {
        self.row.content.as_deref()
    }

    /// When the recipient said that it knows.
    async fn acknowledged_at(&self) -> Option<DateTime<Utc>> {
        self.row.acknowledged_at
    }

    /// Who said so.
    async fn acknowledged_by(&self) -> Option<Somebody> {
        let institution = self.row.acknowledged_institution.clone()?;
        Some(Somebody { institution, user: self.row.acknowledged_by.clone()? })
    }

    /// The case that the recipient goes on with it in.
    async fn reference(&self) -> Option<&str> {
        self.row.reference.as_deref()
    }

    /// When somebody else was told that it is late.
    async fn escalated_at(&self) -> Option<DateTime<Utc>> {
        self.row.escalated_at
    }

    /// Why.
    async fn escalation_cause(&self) -> Result<Option<EscalationCause>, QueryError> {
        self.row.escalation_cause.as_deref().map(EscalationCause::of_code).transpose()
    }

    /// How many events it has.
    async fn version(&self) -> i64 {
        self.row.version
    }

    /// Place of its last event in the log.
    async fn position(&self, ctx: &Context<'_>) -> Result<LogPosition, QueryError> {
        ctx.position(self.row.last_position).await
    }
}
