//! Emergency cards (vienotās elektroniskās kartiņas, VEK).

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::classifier::{CardType, Disposition, Hazard};
use uuid::Uuid;

use super::common::{Code, Period, Place, Source, SourceRef};
use super::fresh::fresh;
use super::incident::Incident;
use super::paging::{self, Page, Paging, page};
use super::personal::{PersonalText, Reporter, personal_text, reporter};
use super::record::{Entry, timeline};
use super::terms::{CardStatus, Channel, Priority, Service};
use super::unit::Unit;
use crate::error::QueryError;
use crate::lang::Lang;
use crate::loaders::Loading;
use crate::position::LogPosition;
use crate::read::{self, CardRow, CardUnitRow, Counted, Named};
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
    /// Received in any of these ways.
    pub(crate) channel: Option<Vec<Channel>>,
    /// Received by this institution.
    pub(crate) institution: Option<String>,
    /// In this territory: ATVK code.
    pub(crate) territory: Option<String>,
    /// Received (T0) in this period.
    pub(crate) received: Option<Period>,
    /// First made in this foreign system.
    pub(crate) source_system: Option<String>,
}

/// Order of cards; ties are settled by the place in the register.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum CardOrder {
    /// Latest received first.
    #[default]
    ReceivedDesc,
    /// Earliest received first.
    ReceivedAsc,
    /// Latest recorded first.
    RegisteredDesc,
    /// Earliest recorded first.
    RegisteredAsc,
}

#[derive(Default)]
pub(crate) struct CardQuery;

#[Object]
impl CardQuery {
    /// One emergency card, by exactly one of its id, its number and its name in a foreign system; null where there is none.
    async fn card(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id, as the command's reply gave it.")] id: Option<Uuid>,
        #[graphql(desc = "Its number, `VEK-2026-0000001`.")] number: Option<String>,
        #[graphql(desc = "Its name in the system that it comes from.")] source: Option<SourceRef>,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(desc = "How long to wait for that, in seconds.", default = 5, validator(minimum = 0, maximum = 30))]
        wait_seconds: i32,
    ) -> Result<Option<Card>, QueryError> {
        _ = wait_seconds;
        let named = Named::one_of(id, number, source)?;
        fresh(ctx, min_position).await?;
        let row = read::card(&mut *ctx.snapshot()?.read().await?, &named).await?;
        Ok(row.map(Card))
    }

    /// Emergency cards, page by page.
    #[allow(clippy::too_many_arguments, reason = "the arguments of the field")]
    #[graphql(complexity = "paging::cost(first, child_complexity)")]
    async fn cards(
        &self,
        ctx: &Context<'_>,
        filter: Option<CardFilter>,
        #[graphql(desc = "Rows of the page, at most 200; 50 where it is left out.")] first: Option<i32>,
        #[graphql(desc = "Go on after this row: the `endCursor` of the page before.")] after: Option<String>,
        #[graphql(default)] order_by: CardOrder,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(desc = "How long to wait for that, in seconds.", default = 5, validator(minimum = 0, maximum = 30))]
        wait_seconds: i32,
    ) -> Result<Page<Card>, QueryError> {
        _ = wait_seconds;
        let paging = Paging::of(first, after.as_deref())?;
        fresh(ctx, min_position).await?;
        let filter = filter.unwrap_or_default();
        let rows = read::cards(&mut *ctx.snapshot()?.read().await?, &filter, order_by, &paging).await?;
        let rows = rows.into_iter().map(Card).collect();
        Ok(page(&paging, rows, |row| read::card_key(&row.0, order_by), Counted::Cards(filter)))
    }

    /// Figures over emergency cards. Each response time is of one unit on one card: from T7 (attached) to T10 (on scene).
    async fn card_statistics(
        &self,
        ctx: &Context<'_>,
        filter: Option<CardFilter>,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(desc = "How long to wait for that, in seconds.", default = 5, validator(minimum = 0, maximum = 30))]
        wait_seconds: i32,
    ) -> Result<CardStatistics, QueryError> {
        _ = wait_seconds;
        fresh(ctx, min_position).await?;
        read::card_statistics(&mut *ctx.snapshot()?.read().await?, &filter.unwrap_or_default()).await
    }
}

/// Figures over emergency cards. What is missing or cannot be is counted and left out of medians, never hidden.
#[derive(SimpleObject, Debug, PartialEq)]
pub(crate) struct CardStatistics {
    /// Cards.
    pub(crate) calls: i64,
    /// Units that were sent: one for each unit and card.
    pub(crate) units: i64,
    /// Of them, those that arrived.
    pub(crate) units_on_scene: i64,
    /// Cards by type, most frequent first.
    pub(crate) calls_by_type: Vec<CallsOfType>,
    /// Half of the response times are at most this long.
    pub(crate) median_response_seconds: Option<f64>,
    /// Nine of ten response times are at most this long.
    pub(crate) p90_response_seconds: Option<f64>,
    /// Units without a response time: they did not arrive, or nobody told.
    pub(crate) missing: i64,
    /// Units that arrived before they were sent.
    pub(crate) negative: i64,
    /// Clocks out of order, of cards and of units.
    pub(crate) anomalies: i64,
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

/// An emergency card: from the call to the last unit's release.
pub(crate) struct Card(pub(crate) CardRow);

/// A unified emergency card (vienotā elektroniskā kartiņa, VEK) of the 112 platform: from the call to the last unit's
/// release. Its clocks are T0 (received) to T13 (completed).
#[Object]
impl Card {
    /// Its id: unique over all records of all types.
    async fn id(&self) -> Uuid {
        self.0.id
    }

    /// Card number, `VEK-2026-0000001`.
    async fn number(&self) -> &str {
        &self.0.number
    }

    /// Where it stands.
    async fn status(&self) -> CardStatus {
        self.0.status.into()
    }

    /// Where it stands, in words.
    async fn status_label(&self, ctx: &Context<'_>, lang: Option<Lang>) -> &'static str {
        self.0.status.label(ctx.lang(lang).into())
    }

    /// How it came.
    async fn channel(&self) -> Channel {
        self.0.channel.into()
    }

    /// Institution that received it.
    async fn institution(&self) -> &str {
        &self.0.institution
    }

    /// What it is about; null until it is qualified.
    #[graphql(name = "type")]
    async fn kind(&self) -> Option<Code> {
        Code::maybe(CardType::TABLE, self.0.type_code.as_deref())
    }

    /// How urgent; null until it is qualified.
    async fn priority(&self) -> Option<Priority> {
        self.0.priority.map(Into::into)
    }

    /// The source's own priority code, as it came.
    async fn source_priority(&self) -> Option<&str> {
        self.0.source_priority.as_deref()
    }

    /// Where it is.
    async fn place(&self) -> Option<Place> {
        self.0.place.clone()
    }

    /// What endangers people there.
    async fn hazards(&self) -> Vec<Code> {
        self.0.hazards.iter().map(|code| Code::of(Hazard::TABLE, code)).collect()
    }

    /// People believed hurt.
    async fn casualties(&self) -> Option<i32> {
        self.0.casualties
    }

    /// 1 is the ordinary alarm; more for larger ones.
    async fn alarm_level(&self) -> Option<i32> {
        self.0.alarm_level
    }

    /// When the call was received (T0).
    async fn received_at(&self) -> DateTime<Utc> {
        self.0.received_at
    }

    /// When it was answered (T1).
    async fn answered_at(&self) -> Option<DateTime<Utc>> {
        self.0.answered_at
    }

    /// When it was known what it is (T3).
    async fn qualified_at(&self) -> Option<DateTime<Utc>> {
        self.0.qualified_at
    }

    /// When it was decided which services go (T4).
    async fn decided_at(&self) -> Option<DateTime<Utc>> {
        self.0.decided_at
    }

    /// When it was done (T13).
    async fn completed_at(&self) -> Option<DateTime<Utc>> {
        self.0.completed_at
    }

    /// Services that go.
    async fn services(&self) -> &[CardService] {
        &self.0.services
    }

    /// Units that were sent, in the order in which they were attached; a unit that was sent twice is here twice.
    async fn units(&self, ctx: &Context<'_>) -> Result<Vec<CardUnit>, QueryError> {
        Ok(ctx.units_of_card(self.0.id).await?.into_iter().map(CardUnit).collect())
    }

    /// How it ended.
    async fn disposition(&self) -> Option<Code> {
        Code::maybe(Disposition::TABLE, self.0.disposition.as_deref())
    }

    /// The source's own disposition, as it came.
    async fn source_disposition(&self) -> Option<&str> {
        self.0.source_disposition.as_deref()
    }

    /// What was said: personal data.
    async fn narrative(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>, QueryError> {
        personal_text(ctx, self.0.narrative.as_ref()).await
    }

    /// Who called: personal data.
    async fn caller(&self, ctx: &Context<'_>) -> Result<Option<Reporter>, QueryError> {
        reporter(ctx, self.0.caller.as_ref()).await
    }

    /// Whether the caller's role and purpose keep personal data of the record from them.
    async fn personal_data_masked(&self, ctx: &Context<'_>) -> Result<bool, QueryError> {
        Ok(!ctx.caller()?.sees_personal_data())
    }

    /// The incident that came of it.
    async fn incident(&self, ctx: &Context<'_>) -> Result<Option<Incident>, QueryError> {
        ctx.incident(self.0.incident).await
    }

    /// Clocks of the card that lie out of order.
    async fn anomalies(&self) -> i32 {
        self.0.anomalies
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

/// A service that a card involves.
#[derive(SimpleObject, Debug, Clone, PartialEq)]
pub(crate) struct CardService {
    /// Which.
    pub(crate) service: Service,
    /// When it was told (T5).
    pub(crate) notified_at: Option<DateTime<Utc>>,
    /// When it took it on (T6).
    pub(crate) accepted_at: Option<DateTime<Utc>>,
}

/// A unit on a card: once for each time that it was sent.
pub(crate) struct CardUnit(CardUnitRow);

/// A unit on a card (ekipāža kartiņā): once for each time that it was sent.
#[Object]
impl CardUnit {
    /// The unit.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<Unit>, QueryError> {
        ctx.unit(Some(self.0.unit)).await
    }

    /// When it did what.
    async fn clocks(&self) -> &UnitClocks {
        &self.0.clocks
    }

    /// From attached (T7) to on scene (T10), in seconds; null where either is not known, negative where they contradict.
    async fn response_seconds(&self) -> Option<i64> {
        Some((self.0.clocks.on_scene? - self.0.clocks.attached).num_seconds())
    }

    /// Whether it was taken away for another card.
    async fn diverted(&self) -> bool {
        self.0.diverted
    }

    /// Reports and clocks of the unit on this card that are odd.
    async fn anomalies(&self) -> i32 {
        self.0.anomalies
    }
}

/// The clocks of a unit on a card: the first time that each was told.
#[derive(SimpleObject, Debug, Clone, PartialEq)]
pub(crate) struct UnitClocks {
    /// T7: it was sent.
    pub(crate) attached: DateTime<Utc>,
    /// T8: it said that it goes.
    pub(crate) acknowledged: Option<DateTime<Utc>>,
    /// T9: it was on its way.
    pub(crate) en_route: Option<DateTime<Utc>>,
    /// T10: it was at the scene.
    pub(crate) on_scene: Option<DateTime<Utc>>,
    /// It was taking somebody somewhere.
    pub(crate) transporting: Option<DateTime<Utc>>,
    /// It was where it took them.
    pub(crate) at_destination: Option<DateTime<Utc>>,
    /// T12: its part was over.
    pub(crate) cleared: Option<DateTime<Utc>>,
}
