//! Records of any type, and what happened to them.

use async_graphql::{Context, Enum, Object};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::card::Card;
use super::common::SourceRef;
use super::fresh::fresh;
use super::incident::Incident;
use super::paging::{self, Page, Paging, page};
use super::unit::Unit;
use crate::error::QueryError;
use crate::loaders::Loading;
use crate::position::LogPosition;
use crate::read::{self, Counted, EntryRow, Named, RecordRow};
use crate::snapshot::Given;

/// Types of records.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordType {
    /// An incident (notikums).
    Incident,
    /// An emergency card (VEK).
    EmergencyCard,
    /// A unit (ekipāža).
    Unit,
}

#[derive(Default)]
pub(crate) struct RecordQuery;

#[Object]
impl RecordQuery {
    /// One record of any type, by exactly one of its id, its number and its name in a foreign system; null where there is
    /// none.
    async fn record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id, as the command's reply gave it.")] id: Option<Uuid>,
        #[graphql(desc = "Its number: `VNR-2026-0000001` or `VEK-2026-0000001`.")] number: Option<String>,
        #[graphql(desc = "Its name in the system that it comes from.")] source: Option<SourceRef>,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(desc = "How long to wait for that, in seconds.", default = 5, validator(minimum = 0, maximum = 30))]
        wait_seconds: i32,
    ) -> Result<Option<Record>, QueryError> {
        _ = wait_seconds;
        let named = Named::one_of(id, number, source)?;
        fresh(ctx, min_position).await?;
        let row = read::record(&mut *ctx.snapshot()?.read().await?, &named).await?;
        Ok(row.map(Record))
    }
}

/// A record of any type.
#[derive(Clone)]
pub(crate) struct Record(pub(crate) RecordRow);

/// A record of any type: what every record has. Its own facts are in `incident`, `card` or `unit`, by its type.
#[Object]
impl Record {
    /// Its id: unique over all records of all types.
    async fn id(&self) -> Uuid {
        self.0.id
    }

    /// What it is.
    #[graphql(name = "type")]
    async fn kind(&self) -> RecordType {
        self.0.kind
    }

    /// Its number, where records of its type have one.
    async fn number(&self) -> Option<&str> {
        self.0.number.as_deref()
    }

    /// Number of its events.
    async fn version(&self) -> i64 {
        self.0.version
    }

    /// Place of its last event in the register, as the timeline has seen it.
    async fn position(&self, ctx: &Context<'_>) -> Result<LogPosition, QueryError> {
        ctx.position(self.0.last_position).await
    }

    /// The record as an incident, where it is one.
    async fn incident(&self, ctx: &Context<'_>) -> Result<Option<Incident>, QueryError> {
        ctx.incident((self.0.kind == RecordType::Incident).then_some(self.0.id)).await
    }

    /// The record as an emergency card, where it is one.
    async fn card(&self, ctx: &Context<'_>) -> Result<Option<Card>, QueryError> {
        ctx.card((self.0.kind == RecordType::EmergencyCard).then_some(self.0.id)).await
    }

    /// The record as a unit, where it is one.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<Unit>, QueryError> {
        ctx.unit((self.0.kind == RecordType::Unit).then_some(self.0.id)).await
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

/// A page of a record's timeline.
pub(crate) async fn timeline(
    ctx: &Context<'_>,
    id: Uuid,
    first: Option<i32>,
    after: Option<String>,
) -> Result<Page<Entry>, QueryError> {
    let paging = Paging::of(first, after.as_deref())?;
    let rows = read::timeline(&mut *ctx.snapshot()?.read().await?, id, &paging).await?;
    let rows = rows.into_iter().map(Entry).collect();
    Ok(page(&paging, rows, |entry| entry.0.sequence, Counted::Timeline(id)))
}

/// One thing that happened to a record.
pub(crate) struct Entry(pub(crate) EntryRow);

/// One thing that happened to a record: an event of the register. Its three times are never mixed: when it happened, when
/// its source recorded it, when the register did.
#[Object]
impl Entry {
    /// Place in the register.
    async fn position(&self, ctx: &Context<'_>) -> Result<LogPosition, QueryError> {
        ctx.position(self.0.position).await
    }

    /// Place among the events of the record, from 1.
    async fn sequence(&self) -> i64 {
        self.0.sequence
    }

    /// What happened: name of the event, `CardQualified`.
    #[graphql(name = "type")]
    async fn kind(&self) -> &str {
        &self.0.event_type
    }

    /// When it happened.
    async fn occurred_at(&self) -> DateTime<Utc> {
        self.0.occurred_at
    }

    /// When this register recorded it.
    async fn recorded_at(&self) -> DateTime<Utc> {
        self.0.recorded_at
    }

    /// Who recorded it.
    async fn actor(&self) -> Option<&str> {
        self.0.actor.as_deref()
    }

    /// Institution that they acted for.
    async fn institution(&self) -> Option<&str> {
        self.0.institution.as_deref()
    }

    /// What it changed, without personal data: facts as the event has them, with `{"$sealed": true}` where personal data
    /// stands.
    async fn facts(&self) -> async_graphql::Json<&serde_json::Value> {
        async_graphql::Json(&self.0.facts)
    }
}
