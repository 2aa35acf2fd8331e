//! Emergency cards (vienotās elektroniskās kartiņas, VEK).

use access::policy::{Action, RecordKind};
use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::access_day::DataScope;
use domain::classifier::CodeSystem;
use projections::Order;
use projections::cards::{self, CardRow};

use super::card_parts::{CardFile, CardForward, CardReview, CardService, CardUnit};
use super::caution::{self, MetCaution};
use super::common::{Code, Named, Period, Place, Source, SourceRef, id, place_of, uuid};
use super::fresh::fresh;
use super::incident::Incident;
use super::paging::{self, Counted, Page, Paging, TimeKey, page, show_rows};
use super::personal::{PersonalText, Reporter};
use super::record::{Entry, Story, timeline};
use super::terms::{CardStatus, Channel, NoEmergency, Priority, Service};
use crate::error::QueryError;
use crate::lang::Lang;
use crate::loaders::Loading;
use crate::permits::{Guard, Permits, RecordPart};
use crate::position::LogPosition;
use crate::snapshot::Given;

/// What cards are asked for; all conditions hold together.
#[derive(InputObject, Debug, Clone, Default, PartialEq)]
pub(crate) struct CardFilter {
    /// In any of these states.
    pub(crate) status: Option<Vec<CardStatus>>,
    /// Of any of these types: codes of the card-type classifier.
    pub(crate) type_code: Option<Vec<String>>,
    /// Of any of these priorities.
    pub(crate) priority: Option<Vec<Priority>>,
    /// Received by this institution.
    pub(crate) institution: Option<String>,
    /// In any of these territories: ATVK codes.
    pub(crate) territory: Option<Vec<String>>,
    /// At this object of the address register: its code.
    pub(crate) address_code: Option<String>,
    /// That this incident came of.
    pub(crate) incident: Option<ID>,
    /// Received (T0) in this period.
    pub(crate) received: Option<Period>,
    /// First made in this foreign system.
    pub(crate) source_system: Option<String>,
    /// About the same as this card.
    pub(crate) duplicate_of: Option<ID>,
    /// That must be reviewed, and were not; or the others.
    pub(crate) to_review: Option<bool>,
}

/// Order of cards; ties are settled by the id.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum CardOrder {
    /// Latest received first.
    #[default]
    ReceivedDesc,
    /// Earliest received first.
    ReceivedAsc,
}

impl CardFilter {
    /// As the read model takes it.
    pub(crate) fn of_rows(self) -> Result<cards::CardFilter, QueryError> {
        let received = self.received.unwrap_or_default();
        let codes = |codes: Vec<&'static str>| codes.into_iter().map(ToOwned::to_owned).collect();
        Ok(cards::CardFilter {
            address_code: self.address_code,
            institution: self.institution,
            source_system: self.source_system,
            statuses: codes(self.status.unwrap_or_default().into_iter().map(CardStatus::code).collect()),
            types: self.type_code.unwrap_or_default(),
            priorities: codes(self.priority.unwrap_or_default().into_iter().map(Priority::code).collect()),
            territories: self.territory.unwrap_or_default(),
            incident: uuid("incident", self.incident)?,
            duplicate_of: uuid("duplicateOf", self.duplicate_of)?,
            to_review: self.to_review,
            received_from: received.from,
            received_before: received.until,
            reached: Vec::new(),
        })
    }
}

#[derive(Default)]
pub(crate) struct CardQuery;

#[Object]
impl CardQuery {
    /// One emergency card, by exactly one of its id, its number and its name in a foreign system; null where there is none.
    async fn card(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id, as the command's reply gave it.")] id: Option<ID>,
        #[graphql(desc = "Its number, `VEK-2026-0000001`.")] number: Option<String>,
        #[graphql(desc = "Its name in the system that it comes from.")] source: Option<SourceRef>,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(
            name = "waitSeconds",
            desc = "How long to wait for that, in seconds.",
            default = 5,
            validator(minimum = 0, maximum = 30)
        )]
        _wait_seconds: i32,
    ) -> Result<Option<Card>, QueryError> {
        let named = Named::one_of(id, number, source)?;
        fresh(ctx, min_position).await?;
        ctx.reach_any(Action::View, &[RecordKind::EmergencyCard]).await?;
        let permits = ctx.permits().await?;
        let mut reading = ctx.snapshot()?.read().await?;
        let row = match named {
            Named::Id(id) => CardRow::by_id(&mut reading, id).await?,
            Named::Number(number) => CardRow::by_number(&mut reading, &number).await?,
            Named::Source(s) => CardRow::by_source(&mut reading, &s.system, &s.external_id).await?,
        };
        let Some(row) = row else { return Ok(None) };
        ctx.or_keeps_back(row.id, Card::seen(permits, row)).map(|seen| seen.shown(ctx)).transpose()
    }

    /// Emergency cards, page by page.
    #[allow(clippy::too_many_arguments, reason = "the arguments of the field")]
    #[graphql(complexity = "paging::cost(first, child_complexity)")]
    async fn cards(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those that all of this holds for.")] filter: Option<CardFilter>,
        #[graphql(desc = "Rows of the page, at most 200; 50 where it is left out.")] first: Option<i32>,
        #[graphql(desc = "Go on after this row: the `endCursor` of the page before.")] after: Option<String>,
        #[graphql(default, desc = "Which come first.")] order_by: CardOrder,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(
            name = "waitSeconds",
            desc = "How long to wait for that, in seconds.",
            default = 5,
            validator(minimum = 0, maximum = 30)
        )]
        _wait_seconds: i32,
    ) -> Result<Page<Card>, QueryError> {
        let paging = Paging::of(first, after.as_deref())?;
        fresh(ctx, min_position).await?;
        let order = match order_by {
            CardOrder::ReceivedDesc => Order::NewestFirst,
            CardOrder::ReceivedAsc => Order::OldestFirst,
        };
        found(ctx, filter.unwrap_or_default().of_rows()?, paging, order).await
    }

    /// Figures over emergency cards: over all, where the caller may make statistics; else over those that they may see.
    async fn card_statistics(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those that all of this holds for.")] filter: Option<CardFilter>,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(
            name = "waitSeconds",
            desc = "How long to wait for that, in seconds.",
            default = 5,
            validator(minimum = 0, maximum = 30)
        )]
        _wait_seconds: i32,
    ) -> Result<CardStatistics, QueryError> {
        fresh(ctx, min_position).await?;
        let mut filter = filter.unwrap_or_default().of_rows()?;
        if !ctx.permits().await?.counts_everything() {
            filter.reached.push(ctx.reach(Action::View, RecordKind::EmergencyCard).await?);
        }
        let figures = cards::CardStatistics::of(&mut *ctx.snapshot()?.read().await?, &filter).await?;
        Ok(CardStatistics::of_rows(figures, filter))
    }
}

/// Figures over emergency cards. A card's response time is from the call (T0) to its first unit at the scene (T10). What is
/// missing or cannot be is counted and left out of medians, never hidden.
#[derive(SimpleObject, Debug, PartialEq)]
#[graphql(complex)]
pub(crate) struct CardStatistics {
    /// Cards: calls.
    calls: i64,
    /// Cards by type, most frequent first.
    calls_by_type: Vec<CallsOfType>,
    /// Units that were on any of them, each counted once.
    units: i64,
    /// Units on cards, each counted once for each card.
    units_sent: i64,
    /// Of these, units that came to the scene.
    units_on_scene: i64,
    /// Cards whose response time counts.
    counted: i64,
    /// Cards that no unit came to the scene of.
    missing: i64,
    /// Cards whose first unit came before the call.
    negative: i64,
    /// Median of the response times; of two middle values the lower.
    median_response_seconds: Option<i64>,
    /// 90 of 100 response times are at most this long.
    p90_response_seconds: Option<i64>,
    /// 95 of 100 response times are at most this long.
    p95_response_seconds: Option<i64>,
    /// The cards that these are the figures of.
    #[graphql(skip)]
    pub(super) filter: cards::CardFilter,
}

impl CardStatistics {
    fn of_rows(figures: cards::CardStatistics, filter: cards::CardFilter) -> Self {
        let by_type = figures.calls_by_type.into_iter();
        Self {
            calls: figures.calls,
            calls_by_type: by_type
                .map(|t| CallsOfType {
                    kind: Code::maybe(CodeSystem::CardType, t.type_code.as_deref()),
                    count: t.calls,
                })
                .collect(),
            units: figures.distinct_units,
            units_sent: figures.unit_rows,
            units_on_scene: figures.units_on_scene,
            counted: figures.response.counted,
            missing: figures.response.missing,
            negative: figures.response.negative,
            median_response_seconds: figures.response.median_s,
            p90_response_seconds: figures.response.p90_s,
            p95_response_seconds: figures.response.p95_s,
            filter,
        }
    }
}

/// How many cards are of a type.
#[derive(SimpleObject, Debug, PartialEq)]
pub(crate) struct CallsOfType {
    /// Type; null for cards that were not qualified.
    #[graphql(name = "type")]
    pub(crate) kind: Option<Code>,
    /// Cards of it.
    pub(crate) count: i64,
}

/// A page of the cards that the caller may see.
pub(crate) async fn found(
    ctx: &Context<'_>,
    mut filter: cards::CardFilter,
    paging: Paging<TimeKey>,
    order: Order,
) -> Result<Page<Card>, QueryError> {
    filter.reached.push(ctx.reach(Action::View, RecordKind::EmergencyCard).await?);
    let permits = ctx.permits().await?;
    let mut reading = ctx.snapshot()?.read().await?;
    let rows = CardRow::search(&mut reading, &filter, paging.keyset(), order, paging.rows_to_read()).await?;
    let rows = rows.into_iter().filter_map(|row| Card::seen(permits, row));
    let rows = show_rows(ctx, &paging, rows, |card| card.row.id)?;
    Ok(page(&paging, rows, |row| TimeKey::of(row.row.keyset()), Counted::Cards(filter)))
}

/// An emergency card.
pub(crate) struct Card {
    row: CardRow,
    guard: Guard,
}

/// What can be kept of it from somebody who sees it.
const PARTS: &[RecordPart] = &[
    RecordPart::Narrative,
    RecordPart::Reporter,
    RecordPart::PersonalCode,
    RecordPart::Hazards,
    RecordPart::Casualties,
    RecordPart::Units,
    RecordPart::Result,
];

impl Card {
    /// The card, where the caller may see it.
    pub(crate) fn seen(permits: &Permits, row: CardRow) -> Option<Self> {
        let guard = permits.of_card(&row);
        guard.is_seen().then_some(Self { row, guard })
    }

    /// The same, noted as part of the answer.
    pub(crate) fn shown(self, ctx: &Context<'_>) -> Result<Self, QueryError> {
        ctx.shows(self.row.id, DataScope::Summary)?;
        Ok(self)
    }

    /// What of it is shown.
    pub(crate) fn guard(&self) -> Guard {
        self.guard
    }

    /// Card number.
    pub(crate) fn card_number(&self) -> &str {
        &self.row.number
    }
}

/// A unified emergency card (vienotā elektroniskā kartiņa, VEK) of the 112 platform: from the call to the last unit's
/// release. Its clocks are T0 (received) to T13 (completed).
#[Object]
impl Card {
    /// Its id: unique over all records of all types.
    pub(crate) async fn id(&self) -> ID {
        id(self.row.id)
    }

    /// Card number, `VEK-2026-0000001`.
    async fn number(&self) -> &str {
        &self.row.number
    }

    /// Where it stands.
    async fn status(&self) -> Result<CardStatus, QueryError> {
        CardStatus::of_code(&self.row.status)
    }

    /// Where it stands, in words.
    async fn status_label(&self, ctx: &Context<'_>, lang: Option<Lang>) -> Result<&'static str, QueryError> {
        CardStatus::label_of(&self.row.status, ctx.lang(lang))
    }

    /// How it came.
    async fn channel(&self) -> Result<Channel, QueryError> {
        Channel::of_code(&self.row.channel)
    }

    /// Institution that received it.
    async fn institution(&self) -> &str {
        &self.row.institution
    }

    /// What it is about; null until it is qualified.
    #[graphql(name = "type")]
    async fn kind(&self) -> Option<Code> {
        Code::maybe(CodeSystem::CardType, self.row.type_code.as_deref())
    }

    /// How urgent; null until it is qualified.
    async fn priority(&self) -> Result<Option<Priority>, QueryError> {
        self.row.priority.as_deref().map(Priority::of_code).transpose()
    }

    /// The source's own priority code, as it came.
    async fn source_priority(&self) -> Option<&str> {
        self.row.source_priority.as_deref()
    }

    /// Where it is.
    async fn place(&self) -> Result<Option<Place>, QueryError> {
        place_of!(self.row)
    }

    /// What endangers people there; null where it is kept from the caller.
    async fn hazards(&self) -> Option<Vec<Code>> {
        let hazards = self.guard.part(RecordPart::Hazards, &self.row.hazards)?;
        Some(Code::each(CodeSystem::Hazard, &**hazards))
    }

    /// People believed hurt.
    async fn casualties(&self) -> Option<i32> {
        self.guard.part(RecordPart::Casualties, self.row.casualties).flatten()
    }

    /// 1 is the ordinary alarm; more for larger ones.
    async fn alarm_level(&self) -> Option<i32> {
        self.row.alarm_level
    }

    /// When the call was received (T0).
    async fn received_at(&self) -> DateTime<Utc> {
        self.row.received_at
    }

    /// When it was answered (T1).
    async fn answered_at(&self) -> Option<DateTime<Utc>> {
        self.row.answered_at
    }

    /// When it was confirmed where it is (T2).
    async fn located_at(&self) -> Option<DateTime<Utc>> {
        self.row.located_at
    }

    /// When it was known what it is (T3).
    async fn qualified_at(&self) -> Option<DateTime<Utc>> {
        self.row.qualified_at
    }

    /// When it was decided which services go (T4).
    async fn decided_at(&self) -> Option<DateTime<Utc>> {
        self.row.decided_at
    }

    /// Whether it is under control; null where nobody said.
    async fn under_control(&self) -> Option<bool> {
        self.row.under_control
    }

    /// When it came under control (T11).
    async fn under_control_at(&self) -> Option<DateTime<Utc>> {
        self.row.under_control_at
    }

    /// When it was done (T13), however it ended.
    async fn completed_at(&self) -> Option<DateTime<Utc>> {
        self.row.completed_at
    }

    /// Whether it can be completed: units were sent, and all of them are free again.
    async fn can_complete(&self, ctx: &Context<'_>) -> Result<bool, QueryError> {
        if self.row.completed_at.is_some() || self.row.units == 0 {
            return Ok(false);
        }
        Ok(ctx.units_of_card(self.row.id).await?.iter().all(|unit| unit.cleared_at.is_some()))
    }

    /// When it was put away: nothing of it changes any more.
    async fn archived_at(&self) -> Option<DateTime<Utc>> {
        self.row.archived_at
    }

    /// What it was instead of an emergency.
    async fn no_emergency(&self) -> Result<Option<NoEmergency>, QueryError> {
        self.row.no_emergency.as_deref().map(NoEmergency::of_code).transpose()
    }

    /// The card that goes on for this one too, where somebody found them to be about the same.
    async fn duplicate_of(&self, ctx: &Context<'_>) -> Result<Option<Card>, QueryError> {
        ctx.card(self.row.duplicate_of).await
    }

    /// Recordings and other files: kept elsewhere.
    async fn files(&self) -> Result<Vec<CardFile>, QueryError> {
        self.row.files.iter().map(CardFile::of).collect()
    }

    /// Institutions of the police that it was forwarded to, and how it goes on there.
    async fn forwards(&self, ctx: &Context<'_>) -> Result<Vec<CardForward>, QueryError> {
        let rows = ctx.forwards_of_card(self.row.id).await?;
        Ok(rows.into_iter().map(|row| CardForward { row, guard: self.guard }).collect())
    }

    /// How well it was dealt with, and whether that must be looked at; null until it has ended.
    async fn review(&self) -> Result<Option<CardReview>, QueryError> {
        self.row.completed_at.map(|_| CardReview::of(&self.row)).transpose()
    }

    /// Services that go.
    async fn services(&self) -> Result<Vec<CardService>, QueryError> {
        let services = self.row.services.iter().map(|(code, times)| {
            let (notified_at, accepted_at) = (times.notified_at, times.accepted_at);
            Ok(CardService { service: Service::of_code(code)?, notified_at, accepted_at })
        });
        services.collect()
    }

    /// Units that were sent, in the order in which they were attached; null where they are kept from the caller.
    async fn units(&self, ctx: &Context<'_>) -> Result<Option<Vec<CardUnit>>, QueryError> {
        if !self.guard.shows(RecordPart::Units) {
            return Ok(None);
        }
        Ok(Some(ctx.units_of_card(self.row.id).await?.into_iter().map(CardUnit).collect()))
    }

    /// How it ended.
    async fn disposition(&self) -> Option<Code> {
        Code::maybe(
            CodeSystem::Disposition,
            self.guard.part(RecordPart::Result, self.row.disposition.as_deref()).flatten(),
        )
    }

    /// The source's own disposition, as it came.
    async fn source_disposition(&self) -> Option<&str> {
        self.guard.part(RecordPart::Result, self.row.source_disposition.as_deref()).flatten()
    }

    /// What was said: personal data.
    async fn narrative(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>, QueryError> {
        self.guard.narrative(ctx, self.row.narrative.as_deref()).await
    }

    /// Who called: personal data.
    async fn caller(&self, ctx: &Context<'_>) -> Result<Option<Reporter>, QueryError> {
        self.guard.reporter(ctx, self.row.caller.as_deref()).await
    }

    /// What is to be known before somebody goes there: cautions that hold about its address and about who called, as far as the caller may
    /// see them.
    async fn cautions(&self, ctx: &Context<'_>) -> Result<Vec<MetCaution>, QueryError> {
        caution::met(ctx, self.guard, self.row.address_code.as_deref(), &[RecordPart::Reporter]).await
    }

    /// What happened at its address before: of the 20 incidents that were registered there last, those that the caller may see.
    async fn earlier_incidents(&self, ctx: &Context<'_>) -> Result<Vec<Incident>, QueryError> {
        let Some(address_code) = &self.row.address_code else { return Ok(Vec::new()) };
        let permits = ctx.permits().await?;
        let rows = ctx.latest_at(address_code.clone()).await?;
        let seen = rows.into_iter().filter_map(|row| Incident::seen(permits, row));
        seen.map(|incident| incident.shown(ctx)).collect()
    }

    /// What the access policies keep of it from the caller: null elsewhere may mean that it is kept, not that there is none.
    async fn kept(&self) -> Vec<RecordPart> {
        self.guard.kept(PARTS)
    }

    /// The incident that came of it.
    async fn incident(&self, ctx: &Context<'_>) -> Result<Option<Incident>, QueryError> {
        ctx.incident(self.row.incident).await
    }

    /// When the first unit was at the scene (T10).
    async fn first_on_scene_at(&self) -> Option<DateTime<Utc>> {
        self.row.first_on_scene_at
    }

    /// From the call (T0) to the first unit at the scene (T10), in seconds; null where no unit came, negative where the
    /// clocks contradict.
    async fn response_seconds(&self) -> Option<i64> {
        Some((self.row.first_on_scene_at? - self.row.received_at).num_seconds())
    }

    /// Where the recording of the call is kept.
    async fn recording_ref(&self) -> Option<&str> {
        self.row.recording_ref.as_deref()
    }

    /// Clocks out of order and impossible reports, of the card and of its units.
    async fn anomalies(&self) -> i32 {
        self.row.anomalies
    }

    /// When this register recorded it first.
    async fn registered_at(&self) -> DateTime<Utc> {
        self.row.registered_at
    }

    /// The foreign system that it was made in first.
    async fn source(&self) -> Option<Source> {
        Source::of(self.row.source_system.as_deref(), self.row.source_external_id.as_deref())
    }

    /// Number of its events.
    async fn version(&self) -> i64 {
        self.row.version
    }

    /// Place of its last event in the register, as this read model has seen it.
    async fn position(&self, ctx: &Context<'_>) -> Result<LogPosition, QueryError> {
        ctx.position(self.row.last_position).await
    }

    /// What happened to it, in order, page by page.
    #[graphql(complexity = "paging::cost(first, child_complexity)")]
    async fn timeline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, at most 200; 50 where it is left out.")] first: Option<i32>,
        #[graphql(desc = "Go on after this row: the `endCursor` of the page before.")] after: Option<String>,
    ) -> Result<Page<Entry>, QueryError> {
        timeline(ctx, Story::of(&self.guard), first, after).await
    }
}
