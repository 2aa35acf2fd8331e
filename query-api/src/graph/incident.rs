//! Incidents (notikumi).

use access::policy::RecordKind;
use async_graphql::{Context, Enum, ID, InputObject, Object};
use chrono::{DateTime, Utc};
use domain::access_day::DataScope;
use domain::classifier::{Disposition, IncidentType, ResultCode};
use projections::Order;
use projections::case_search::{self, IncidentRow};

use super::card::Card;
use super::common::{Code, Named, Period, Place, Source, SourceRef, id, place_of, uuid};
use super::fresh::fresh;
use super::paging::{self, Counted, Page, Paging, TimeKey, page, shows_rows};
use super::personal::{Guarded, PersonalText, Reporter};
use super::record::{Entry, timeline};
use super::terms::{Category, Channel, IncidentStatus};
use super::unit::Unit;
use crate::error::QueryError;
use crate::lang::Lang;
use crate::loaders::Loading;
use crate::position::LogPosition;
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
    /// Reported in this way.
    pub(crate) channel: Option<Channel>,
    /// Registered by this institution.
    pub(crate) institution: Option<String>,
    /// In any of these territories: ATVK codes.
    pub(crate) territory: Option<Vec<String>>,
    /// Whose place has all of these words.
    pub(crate) place_words: Option<String>,
    /// That come from this emergency card.
    pub(crate) card: Option<ID>,
    /// Given to this unit.
    pub(crate) assigned_unit: Option<ID>,
    /// Begun in this period.
    pub(crate) occurred: Option<Period>,
    /// Recorded first in this period.
    pub(crate) registered: Option<Period>,
    /// First made in this foreign system.
    pub(crate) source_system: Option<String>,
}

/// Order of incidents; ties are settled by the id.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum IncidentOrder {
    /// Latest registered first.
    #[default]
    RegisteredDesc,
    /// Earliest registered first.
    RegisteredAsc,
}

impl IncidentFilter {
    /// As the read model takes it.
    pub(crate) fn of_rows(self) -> Result<case_search::IncidentFilter, QueryError> {
        let (registered, occurred) = (self.registered.unwrap_or_default(), self.occurred.unwrap_or_default());
        let codes = |codes: Vec<&'static str>| codes.into_iter().map(ToOwned::to_owned).collect();
        Ok(case_search::IncidentFilter {
            institution: self.institution,
            statuses: codes(self.status.unwrap_or_default().into_iter().map(IncidentStatus::code).collect()),
            types: self.type_code.unwrap_or_default(),
            categories: codes(self.category.unwrap_or_default().into_iter().map(Category::code).collect()),
            territories: self.territory.unwrap_or_default(),
            channel: self.channel.map(|channel| channel.code().to_owned()),
            source_system: self.source_system,
            card: uuid("card", self.card)?,
            assigned_unit: uuid("assignedUnit", self.assigned_unit)?,
            registered_from: registered.from,
            registered_before: registered.until,
            occurred_from: occurred.from,
            occurred_before: occurred.until,
            place_words: self.place_words,
        })
    }
}

#[derive(Default)]
pub(crate) struct IncidentQuery;

#[Object]
impl IncidentQuery {
    /// One incident, by exactly one of its id, its number and its name in a foreign system; null where there is none.
    async fn incident(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id, as the command's reply gave it.")] id: Option<ID>,
        #[graphql(desc = "Its national number, `VNR-2026-0000001`.")] number: Option<String>,
        #[graphql(desc = "Its name in the system that it comes from.")] source: Option<SourceRef>,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(
            name = "waitSeconds",
            desc = "How long to wait for that, in seconds.",
            default = 5,
            validator(minimum = 0, maximum = 30)
        )]
        _wait_seconds: i32,
    ) -> Result<Option<Incident>, QueryError> {
        let named = Named::one_of(id, number, source)?;
        fresh(ctx, min_position).await?;
        let mut reading = ctx.snapshot()?.read().await?;
        let row = match named {
            Named::Id(id) => IncidentRow::by_id(&mut reading, id).await?,
            Named::Number(number) => IncidentRow::by_number(&mut reading, &number).await?,
            Named::Source(s) => IncidentRow::by_source(&mut reading, &s.system, &s.external_id).await?,
        };
        if let Some(row) = &row {
            ctx.shows(row.id, DataScope::Summary)?;
        }
        Ok(row.map(Incident))
    }

    /// Incidents, page by page.
    #[allow(clippy::too_many_arguments, reason = "the arguments of the field")]
    #[graphql(complexity = "paging::cost(first, child_complexity)")]
    async fn incidents(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those that all of this holds for.")] filter: Option<IncidentFilter>,
        #[graphql(desc = "Rows of the page, at most 200; 50 where it is left out.")] first: Option<i32>,
        #[graphql(desc = "Go on after this row: the `endCursor` of the page before.")] after: Option<String>,
        #[graphql(default, desc = "Which come first.")] order_by: IncidentOrder,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(
            name = "waitSeconds",
            desc = "How long to wait for that, in seconds.",
            default = 5,
            validator(minimum = 0, maximum = 30)
        )]
        _wait_seconds: i32,
    ) -> Result<Page<Incident>, QueryError> {
        let paging = Paging::of(first, after.as_deref())?;
        fresh(ctx, min_position).await?;
        let filter = filter.unwrap_or_default().of_rows()?;
        let order = match order_by {
            IncidentOrder::RegisteredDesc => Order::NewestFirst,
            IncidentOrder::RegisteredAsc => Order::OldestFirst,
        };
        let mut reading = ctx.snapshot()?.read().await?;
        let rows = IncidentRow::search(&mut reading, &filter, paging.keyset(), order, paging.rows_to_read()).await?;
        if shows_rows(ctx) {
            for row in rows.iter().take(paging.first as usize) {
                ctx.shows(row.id, DataScope::Summary)?;
            }
        }
        let rows = rows.into_iter().map(Incident).collect();
        Ok(page(&paging, rows, |row| TimeKey::of(row.0.keyset()), Counted::Incidents(filter)))
    }
}

/// An incident (notikums): what police registers, from the report to how it was dealt with.
pub(crate) struct Incident(pub(crate) IncidentRow);

impl Incident {
    /// What the access policies know of it.
    fn guarded(&self) -> Guarded<'_> {
        let row = &self.0;
        Guarded {
            kind: RecordKind::Incident,
            record: row.id,
            institution: &row.institution,
            territory: row.territory.as_deref(),
        }
    }
}

/// An incident (notikums): what police registers, from the report to how it was dealt with.
#[Object]
impl Incident {
    /// Its id: unique over all records of all types.
    pub(crate) async fn id(&self) -> ID {
        id(self.0.id)
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
    async fn status(&self) -> Result<IncidentStatus, QueryError> {
        IncidentStatus::of_code(&self.0.status)
    }

    /// Where it stands, in words.
    async fn status_label(&self, ctx: &Context<'_>, lang: Option<Lang>) -> Result<&'static str, QueryError> {
        IncidentStatus::label_of(&self.0.status, ctx.lang(lang))
    }

    /// How it was reported.
    async fn channel(&self) -> Result<Channel, QueryError> {
        Channel::of_code(&self.0.channel)
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
    async fn category(&self) -> Result<Category, QueryError> {
        Category::of_code(&self.0.category)
    }

    /// Where it is.
    async fn place(&self) -> Result<Option<Place>, QueryError> {
        place_of!(self.0)
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
        self.guarded().narrative(ctx, self.0.narrative.as_deref()).await
    }

    /// Who reported it: personal data.
    async fn reporter(&self, ctx: &Context<'_>) -> Result<Option<Reporter>, QueryError> {
        self.guarded().reporter(ctx, self.0.reporter.as_deref()).await
    }

    /// Whether the access policies keep personal data of the record from the caller.
    async fn personal_data_masked(&self, ctx: &Context<'_>) -> Result<bool, QueryError> {
        self.guarded().is_masked(ctx)
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
        Source::of(self.0.source_system.as_deref(), self.0.source_external_id.as_deref())
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
