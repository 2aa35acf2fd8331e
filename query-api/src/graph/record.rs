//! Records of any type, and what happened to them.

use async_graphql::{Context, Enum, ID, Interface, Object};
use chrono::{DateTime, Utc};
use domain::access_day::DataScope;
use projections::cards::CardRow;
use projections::case_search::IncidentRow;
use projections::timeline::EntryRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::card::Card;
use super::common::{Named, SourceRef, id, uuid};
use super::fresh::fresh;
use super::incident::Incident;
use super::paging::{self, Counted, Page, Paging, page, shows_rows};
use super::unit::Unit;
use crate::error::QueryError;
use crate::loaders::Loading;
use crate::position::LogPosition;
use crate::snapshot::Given;

/// Whatever has an id of its own.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Its id: unique over all records of all types."))]
pub(crate) enum Node {
    Incident(Incident),
    Card(Card),
    Unit(Unit),
}

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
        #[graphql(desc = "Its id, as the command's reply gave it.")] id: Option<ID>,
        #[graphql(desc = "Its number: `VNR-2026-0000001` or `VEK-2026-0000001`.")] number: Option<String>,
        #[graphql(desc = "Its name in the system that it comes from.")] source: Option<SourceRef>,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(
            name = "waitSeconds",
            desc = "How long to wait for that, in seconds.",
            default = 5,
            validator(minimum = 0, maximum = 30)
        )]
        _wait_seconds: i32,
    ) -> Result<Option<Record>, QueryError> {
        let named = Named::one_of(id, number, source)?;
        fresh(ctx, min_position).await?;
        let record = record_row(&mut *ctx.snapshot()?.read().await?, &named).await?.map(Record);
        if let Some(record) = &record {
            record.shown(ctx)?;
        }
        Ok(record)
    }

    /// Any object that has an id (Relay's `node`); null where there is none.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(
            name = "waitSeconds",
            desc = "How long to wait for that, in seconds.",
            default = 5,
            validator(minimum = 0, maximum = 30)
        )]
        _wait_seconds: i32,
    ) -> Result<Option<Node>, QueryError> {
        ctx.caller()?;
        // What is no id of ours is no object of ours.
        let Ok(Some(id)) = uuid("id", Some(id)) else { return Ok(None) };
        fresh(ctx, min_position).await?;
        if let Some(card) = ctx.card(Some(id)).await? {
            return Ok(Some(Node::Card(card)));
        }
        if let Some(incident) = ctx.incident(Some(id)).await? {
            return Ok(Some(Node::Incident(incident)));
        }
        Ok(ctx.unit(Some(id)).await?.map(Node::Unit))
    }
}

/// What every record has.
#[derive(Debug)]
pub(crate) struct RecordRow {
    id: Uuid,
    kind: RecordType,
    number: Option<String>,
    version: i64,
    last_position: i64,
}

/// The record of a name, as the timeline has it.
pub(crate) async fn record_row(connection: &mut PgConnection, named: &Named) -> Result<Option<RecordRow>, QueryError> {
    let named = match named {
        Named::Id(id) => Some((*id, None)),
        Named::Number(number) => {
            let incident = IncidentRow::by_number(connection, number).await?.map(|row| (row.id, Some(row.number)));
            match incident {
                Some(found) => Some(found),
                None => CardRow::by_number(connection, number).await?.map(|row| (row.id, Some(row.number))),
            }
        }
        Named::Source(SourceRef { system, external_id }) => {
            let incident = IncidentRow::by_source(connection, system, external_id).await?;
            match incident.map(|row| (row.id, Some(row.number))) {
                Some(found) => Some(found),
                None => {
                    let card = CardRow::by_source(connection, system, external_id).await?;
                    card.map(|row| (row.id, Some(row.number)))
                }
            }
        }
    };
    let Some((id, number)) = named else { return Ok(None) };
    let sql = "select aggregate_type, max(sequence) as version, max(position) as last_position
               from timeline.entries where record = $1 and aggregate_id = $1 group by aggregate_type";
    let Some(row) = sqlx::query(sql).bind(id).fetch_optional(&mut *connection).await? else { return Ok(None) };
    let kind = match row.try_get("aggregate_type")? {
        "incident" => RecordType::Incident,
        "emergency_card" => RecordType::EmergencyCard,
        "unit" => RecordType::Unit,
        _ => return Ok(None),
    };
    let number = match (number, kind) {
        (None, RecordType::Incident) => IncidentRow::by_id(connection, id).await?.map(|row| row.number),
        (None, RecordType::EmergencyCard) => CardRow::by_id(connection, id).await?.map(|row| row.number),
        (number, _) => number,
    };
    Ok(Some(RecordRow {
        id,
        kind,
        number,
        version: row.try_get("version")?,
        last_position: row.try_get("last_position")?,
    }))
}

/// A record of any type.
pub(crate) struct Record(pub(crate) RecordRow);

impl Record {
    /// The same, noted as part of the answer. Units are no persons.
    pub(crate) fn shown(&self, ctx: &Context<'_>) -> Result<&Self, QueryError> {
        if self.0.kind != RecordType::Unit {
            ctx.shows(self.0.id, DataScope::Summary)?;
        }
        Ok(self)
    }

    /// What happened to it is part of the answer.
    pub(crate) fn shows_history(&self, ctx: &Context<'_>) -> Result<(), QueryError> {
        ctx.shows(self.0.id, DataScope::History)
    }
}

/// A record of any type: what every record has. Its own facts are in `incident`, `card` or `unit`, by its type.
#[Object]
impl Record {
    /// Its id: unique over all records of all types.
    pub(crate) async fn id(&self) -> ID {
        id(self.0.id)
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
    let paging = Paging::<i64>::of(first, after.as_deref())?;
    let rows = ctx.timeline(id, paging.after.unwrap_or_default(), paging.rows_to_read()).await?;
    if shows_rows(ctx) && !rows.is_empty() {
        ctx.shows(id, DataScope::History)?;
    }
    let rows = rows.into_iter().map(Entry).collect();
    Ok(page(&paging, rows, |entry| entry.0.position, Counted::Timeline(id)))
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

    /// Id of the record whose event it is: another one where the event names this record.
    async fn of_record(&self) -> ID {
        id(self.0.aggregate_id)
    }

    /// Place among the events of that record, from 1.
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

    /// Foreign system that it comes from.
    async fn source_system(&self) -> Option<&str> {
        self.0.source_system.as_deref()
    }

    /// Marks of the source's own data quality, such as `ambiguous_local_time`.
    async fn flags(&self) -> Vec<&str> {
        self.0.flags.as_deref().unwrap_or_default().split(',').filter(|flag| !flag.is_empty()).collect()
    }

    /// What the event says, without what is personal.
    async fn facts(&self) -> async_graphql::Json<&serde_json::Value> {
        async_graphql::Json(&self.0.facts.0)
    }
}
