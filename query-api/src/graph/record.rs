//! Records of any type, and what happened to them.

use std::borrow::Cow;

use access::policy::{Action, RecordKind};
use async_graphql::{Context, Enum, ID, Interface, Json, Object};
use chrono::{DateTime, Utc};
use domain::access_day::DataScope;
use projections::cards::CardRow;
use projections::case_search::IncidentRow;
use projections::roster::RosterRow;
use projections::timeline::{EntryRow, TimelinePage};
use serde_json::Value;
use sqlx::postgres::PgRow;
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
use crate::permits::{Guard, Permits};
use crate::position::LogPosition;
use crate::snapshot::Given;

/// Whatever has an id of its own.
#[allow(clippy::large_enum_variant, reason = "there is one of it at a time")]
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

/// Kinds of records that have a story of their own.
pub(crate) const KINDS: &[RecordKind] = &[RecordKind::Incident, RecordKind::EmergencyCard, RecordKind::Unit];

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
        ctx.reach_any(Action::View, KINDS).await?;
        let permits = ctx.permits().await?;
        let found = Record::find(&mut *ctx.snapshot()?.read().await?, permits, &named).await?;
        match found {
            Found::Seen(record) => {
                record.shown(ctx)?;
                Ok(Some(record))
            }
            Found::Kept(id) => {
                ctx.keeps_back(id);
                Ok(None)
            }
            Found::Nothing => Ok(None),
        }
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
        ctx.reach_any(Action::View, KINDS).await?;
        if let Some(card) = ctx.card(Some(id)).await? {
            return Ok(Some(Node::Card(card)));
        }
        if let Some(incident) = ctx.incident(Some(id)).await? {
            return Ok(Some(Node::Incident(incident)));
        }
        if let Some(unit) = ctx.unit(Some(id)).await? {
            return Ok(Some(Node::Unit(unit)));
        }
        let permits = ctx.permits().await?;
        let found = Record::find(&mut *ctx.snapshot()?.read().await?, permits, &Named::Id(id)).await?;
        if let Found::Kept(id) = found {
            ctx.keeps_back(id);
        }
        Ok(None)
    }
}

/// What came of looking for a record.
pub(crate) enum Found {
    /// There is none of that name.
    Nothing,
    /// There is one, and the caller may not see it.
    Kept(Uuid),
    /// Here it is.
    Seen(Record),
}

/// A record of any type.
pub(crate) struct Record {
    kind: RecordType,
    number: Option<String>,
    version: i64,
    last_position: i64,
    story: Story,
    followed: bool,
}

impl Record {
    /// The record of a name, as the timeline has it.
    pub(crate) async fn find(
        connection: &mut PgConnection,
        permits: &Permits,
        named: &Named,
    ) -> Result<Found, QueryError> {
        let Some(id) = id_of(connection, named).await? else { return Ok(Found::Nothing) };
        let sql = "select aggregate_type, max(sequence) as version, max(position) as last_position
                   from timeline.entries where record = $1 and aggregate_id = $1 group by aggregate_type";
        let Some(row) = sqlx::query(sql).bind(id).fetch_optional(&mut *connection).await? else {
            return Ok(Found::Nothing);
        };
        let seen = match row.try_get("aggregate_type")? {
            "incident" => IncidentRow::by_id(connection, id).await?.and_then(|row| {
                let incident = Incident::seen(permits, row)?;
                Some((RecordType::Incident, Some(incident.national_number().to_owned()), incident.guard()))
            }),
            "emergency_card" => CardRow::by_id(connection, id).await?.and_then(|row| {
                let card = Card::seen(permits, row)?;
                Some((RecordType::EmergencyCard, Some(card.card_number().to_owned()), card.guard()))
            }),
            "unit" => return Self::find_unit(connection, permits, id, &row).await,
            _ => return Ok(Found::Nothing),
        };
        let Some((kind, number, guard)) = seen else { return Ok(Found::Kept(id)) };
        Ok(Found::Seen(Self {
            kind,
            number,
            version: row.try_get("version")?,
            last_position: row.try_get("last_position")?,
            story: Story::of(&guard),
            followed: guard.is_followed(),
        }))
    }

    async fn find_unit(
        connection: &mut PgConnection,
        permits: &Permits,
        id: Uuid,
        row: &PgRow,
    ) -> Result<Found, QueryError> {
        let guard = RosterRow::by_id(connection, id).await?.map(|row| permits.of_unit(&row));
        let Some(guard) = guard.filter(|guard| guard.seen) else { return Ok(Found::Kept(id)) };
        Ok(Found::Seen(Self {
            kind: RecordType::Unit,
            number: None,
            version: row.try_get("version")?,
            last_position: row.try_get("last_position")?,
            story: Story::of_unit(id),
            followed: guard.followed,
        }))
    }

    /// Whether the caller may follow it.
    pub(crate) fn is_followed(&self) -> bool {
        self.followed
    }

    /// What of its story the caller is shown.
    pub(crate) fn story(&self) -> Story {
        self.story
    }

    /// The same, noted as part of the answer. Units are no persons.
    pub(crate) fn shown(&self, ctx: &Context<'_>) -> Result<&Self, QueryError> {
        if self.kind != RecordType::Unit {
            ctx.shows(self.story.record, DataScope::Summary)?;
        }
        Ok(self)
    }
}

/// The id that a name stands for.
async fn id_of(connection: &mut PgConnection, named: &Named) -> Result<Option<Uuid>, QueryError> {
    Ok(match named {
        Named::Id(id) => Some(*id),
        Named::Number(number) => match IncidentRow::by_number(connection, number).await? {
            Some(row) => Some(row.id),
            None => CardRow::by_number(connection, number).await?.map(|row| row.id),
        },
        Named::Source(SourceRef { system, external_id }) => {
            match IncidentRow::by_source(connection, system, external_id).await? {
                Some(row) => Some(row.id),
                None => CardRow::by_source(connection, system, external_id).await?.map(|row| row.id),
            }
        }
    })
}

/// A record of any type: what every record has. Its own facts are in `incident`, `card` or `unit`, by its type.
#[Object]
impl Record {
    /// Its id: unique over all records of all types.
    pub(crate) async fn id(&self) -> ID {
        id(self.story.record)
    }

    /// What it is.
    #[graphql(name = "type")]
    async fn kind(&self) -> RecordType {
        self.kind
    }

    /// Its number, where records of its type have one.
    async fn number(&self) -> Option<&str> {
        self.number.as_deref()
    }

    /// Number of its events.
    async fn version(&self) -> i64 {
        self.version
    }

    /// Place of its last event in the register, as the timeline has seen it.
    async fn position(&self, ctx: &Context<'_>) -> Result<LogPosition, QueryError> {
        ctx.position(self.last_position).await
    }

    /// The record as an incident, where it is one.
    async fn incident(&self, ctx: &Context<'_>) -> Result<Option<Incident>, QueryError> {
        ctx.incident((self.kind == RecordType::Incident).then_some(self.story.record)).await
    }

    /// The record as an emergency card, where it is one.
    async fn card(&self, ctx: &Context<'_>) -> Result<Option<Card>, QueryError> {
        ctx.card((self.kind == RecordType::EmergencyCard).then_some(self.story.record)).await
    }

    /// The record as a unit, where it is one.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<Unit>, QueryError> {
        ctx.unit((self.kind == RecordType::Unit).then_some(self.story.record)).await
    }

    /// What happened to it, in order, page by page.
    #[graphql(complexity = "paging::cost(first, child_complexity)")]
    async fn timeline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, at most 200; 50 where it is left out.")] first: Option<i32>,
        #[graphql(desc = "Go on after this row: the `endCursor` of the page before.")] after: Option<String>,
    ) -> Result<Page<Entry>, QueryError> {
        timeline(ctx, self.story, first, after).await
    }
}

/// Whose timeline, and how much of it the caller is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Story {
    pub(crate) record: Uuid,
    whole: bool,
}

impl Story {
    /// Of an incident or card.
    pub(crate) fn of(guard: &Guard) -> Self {
        Self { record: guard.record, whole: guard.is_whole() }
    }

    /// Of a unit.
    pub(crate) fn of_unit(record: Uuid) -> Self {
        Self { record, whole: true }
    }

    /// A page of it.
    pub(crate) fn page(self, after: i64, limit: u32) -> TimelinePage {
        TimelinePage { record: self.record, after, limit, whole: self.whole }
    }

    /// An entry of it, with the facts that are shown: of other incidents and cards those of the summary only.
    pub(crate) fn entry(self, row: EntryRow) -> Entry {
        let other = row.aggregate_id != self.record && matches!(&*row.aggregate_type, "incident" | "emergency_card");
        Entry { whole: self.whole && !other, row }
    }
}

/// A page of a record's timeline.
pub(crate) async fn timeline(
    ctx: &Context<'_>,
    story: Story,
    first: Option<i32>,
    after: Option<String>,
) -> Result<Page<Entry>, QueryError> {
    let paging = Paging::<i64>::of(first, after.as_deref())?;
    let asked = story.page(paging.after.unwrap_or_default(), paging.rows_to_read());
    let rows = ctx.timeline(asked).await?;
    if shows_rows(ctx) && !rows.is_empty() {
        ctx.shows(story.record, DataScope::History)?;
    }
    let rows = rows.into_iter().map(|row| story.entry(row)).collect();
    Ok(page(&paging, rows, |entry: &Entry| entry.row.position, Counted::Timeline(asked)))
}

/// One thing that happened to a record.
pub(crate) struct Entry {
    pub(crate) row: EntryRow,
    whole: bool,
}

/// Facts that belong to the summary of a record: shown to whoever sees it. All others are shown with the parts of the record that they
/// are about, or not at all. What events say of persons, property and seized items under the same names lies deeper in them, or in
/// events of another record that are not in a timeline that isn't shown whole.
const SUMMARY_FACTS: &[&str] = &[
    "answered_at",
    "anomalies",
    "at",
    "card",
    "category",
    "cause",
    "channel",
    "class",
    "confidence",
    "deadline",
    "from",
    "incident",
    "institution",
    "into",
    "kind",
    "legacy_number",
    "number",
    "occurred_from",
    "occurred_to",
    "other",
    "outcome",
    "place",
    "priority",
    "received_at",
    "respond_by",
    "responsible",
    "split_from",
    "status",
    "to",
    "transfer",
    "type_code",
];

/// One thing that happened to a record: an event of the register. Its three times are never mixed: when it happened, when
/// its source recorded it, when the register did.
#[Object]
impl Entry {
    /// Place in the register.
    async fn position(&self, ctx: &Context<'_>) -> Result<LogPosition, QueryError> {
        ctx.position(self.row.position).await
    }

    /// Id of the record whose event it is: another one where the event names this record.
    async fn of_record(&self) -> ID {
        id(self.row.aggregate_id)
    }

    /// Place among the events of that record, from 1.
    async fn sequence(&self) -> i64 {
        self.row.sequence
    }

    /// What happened: name of the event, `CardQualified`.
    #[graphql(name = "type")]
    async fn kind(&self) -> &str {
        &self.row.event_type
    }

    /// When it happened.
    async fn occurred_at(&self) -> DateTime<Utc> {
        self.row.occurred_at
    }

    /// When its source recorded it; null where no other system had it first.
    async fn source_recorded_at(&self) -> Option<DateTime<Utc>> {
        self.row.source_recorded_at
    }

    /// When this register recorded it.
    async fn recorded_at(&self) -> DateTime<Utc> {
        self.row.recorded_at
    }

    /// Who recorded it.
    async fn actor(&self) -> Option<&str> {
        self.row.actor.as_deref()
    }

    /// Institution that they acted for.
    async fn institution(&self) -> Option<&str> {
        self.row.institution.as_deref()
    }

    /// Foreign system that it comes from.
    async fn source_system(&self) -> Option<&str> {
        self.row.source_system.as_deref()
    }

    /// Marks of the source's own data quality, such as `ambiguous_local_time`.
    async fn flags(&self) -> Vec<&str> {
        self.row.flags.as_deref().unwrap_or_default().split(',').filter(|flag| !flag.is_empty()).collect()
    }

    /// What the event says, without what is personal and what the access policies keep of the record from the caller.
    async fn facts(&self) -> Json<Cow<'_, Value>> {
        let facts = &self.row.facts.0;
        match facts {
            Value::Object(facts) if !self.whole => {
                let shown = facts.iter().filter(|(name, _)| SUMMARY_FACTS.contains(&name.as_str()));
                let shown = shown.map(|(name, fact)| (name.clone(), fact.clone()));
                Json(Cow::Owned(Value::Object(shown.collect())))
            }
            _ => Json(Cow::Borrowed(facts)),
        }
    }
}
