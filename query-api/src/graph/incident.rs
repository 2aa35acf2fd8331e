//! Incidents (notikumi).

use access::policy::{Action, RecordKind};
use async_graphql::{Context, Enum, ID, InputObject, Object};
use chrono::{DateTime, Utc};
use domain::access_day::DataScope;
use domain::classifier::CodeSystem;
use projections::Order;
use projections::case_search::{self, IncidentRow};
use uuid::Uuid;

use super::card::Card;
use super::caution::{self, MetCaution};
use super::common::{Code, Named, Period, Place, Source, SourceRef, id, place_of, uuid};
use super::fresh::fresh;

use super::lookup::{self, LookedUp, PlateFilter, WordsFilter};
use super::notice::{self, Notice};
use super::origin::{self, FieldOrigin};
use super::paging::{self, Counted, Page, Paging, TimeKey, page, show_rows};
use super::person::{self, InvolvedOrganisation, InvolvedPerson};
use super::personal::{PersonalText, Reporter};
use super::property::{InvolvedDocument, InvolvedItem, InvolvedVehicle, SeizedItem};
use super::record::{Entry, Story, timeline};
use super::relation::{self, ActionTaken, IncidentLink, Transfer};
use super::terms::{Category, Channel, IncidentStatus, RecordClass};
use super::unit::Unit;
use crate::error::QueryError;
use crate::lang::Lang;
use crate::loaders::Loading;
use crate::permits::{Guard, Permits, RecordPart};
use crate::position::LogPosition;
use crate::snapshot::Given;

// No `Debug`: what it holds may be personal.
/// What incidents are asked for; all conditions hold together.
#[derive(InputObject, Clone, Default, PartialEq)]
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
    /// That this institution answers for: registered by it, or accepted.
    pub(crate) responsible: Option<String>,
    /// Offered to this institution, which has not answered yet.
    pub(crate) offered_to: Option<String>,
    /// That go on in this incident.
    pub(crate) merged_into: Option<ID>,
    /// Raised to this class.
    pub(crate) class: Option<RecordClass>,
    /// In any of these territories: ATVK codes.
    pub(crate) territory: Option<Vec<String>>,
    /// Whose place has all of these words.
    pub(crate) place_words: Option<String>,
    /// Found by words of their texts. For those who see the texts that are searched.
    pub(crate) words: Option<WordsFilter>,
    /// At this object of the address register: its code.
    pub(crate) address_code: Option<String>,
    /// With a vehicle of this plate, however it is written: of the 500 that it was recorded in last. For those who see vehicles.
    pub(crate) plate: Option<PlateFilter>,
    /// With a vehicle of this identification number: as by plate.
    pub(crate) vin: Option<String>,
    /// With a document of this number, of whatever kind and country: of the 500 that it was recorded in last. For those who see documents.
    pub(crate) document_number: Option<String>,
    /// With an item of this number that its maker put on it, seized or not. For those who see items.
    pub(crate) item_serial: Option<String>,
    /// With a person of this code, with or without its hyphen, also where its check digit doesn't hold: of the 500 that it was recorded in
    /// last. For those who see persons, also those under suspicion, and codes at least in part.
    pub(crate) personal_code: Option<String>,
    /// In which this data subject takes part. For those who see persons, also those under suspicion.
    pub(crate) person: Option<ID>,
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
    /// That had this number in the register that it comes from; institutions may have had the same numbers.
    pub(crate) legacy_number: Option<String>,
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
            ids: None,
            address_code: self.address_code,
            person: uuid("person", self.person)?,
            item_serial: lookup::serial("itemSerial", self.item_serial)?,
            institution: self.institution,
            responsible: self.responsible,
            offered_to: self.offered_to,
            merged_into: uuid("mergedInto", self.merged_into)?,
            class: self.class.map(|class| class.code().to_owned()),
            statuses: codes(self.status.unwrap_or_default().into_iter().map(IncidentStatus::code).collect()),
            types: self.type_code.unwrap_or_default(),
            categories: codes(self.category.unwrap_or_default().into_iter().map(Category::code).collect()),
            territories: self.territory.unwrap_or_default(),
            channel: self.channel.map(|channel| channel.code().to_owned()),
            source_system: self.source_system,
            legacy_number: self.legacy_number,
            card: uuid("card", self.card)?,
            assigned_unit: uuid("assignedUnit", self.assigned_unit)?,
            registered_from: registered.from,
            registered_before: registered.until,
            occurred_from: occurred.from,
            occurred_before: occurred.until,
            place_words: self.place_words,
            words: None,
            reached: Vec::new(),
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
        ctx.reach_any(Action::View, &[RecordKind::Incident]).await?;
        let permits = ctx.permits().await?;
        let mut reading = ctx.snapshot()?.read().await?;
        let row = match named {
            Named::Id(id) => IncidentRow::by_id(&mut reading, id).await?,
            Named::Number(number) => IncidentRow::by_number(&mut reading, &number).await?,
            Named::Source(s) => IncidentRow::by_source(&mut reading, &s.system, &s.external_id).await?,
        };
        let Some(row) = row else { return Ok(None) };
        ctx.or_keeps_back(row.id, Incident::seen(permits, row)).map(|seen| seen.shown(ctx)).transpose()
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
        let mut filter = filter.unwrap_or_default();
        let looked_up = LookedUp::of(filter.plate.take(), filter.personal_code.take())?
            .and_numbers(filter.vin.take(), filter.document_number.take())?
            .and_words(filter.words.take());
        let order = match order_by {
            IncidentOrder::RegisteredDesc => Order::NewestFirst,
            IncidentOrder::RegisteredAsc => Order::OldestFirst,
        };
        found(ctx, filter.of_rows()?, &looked_up, paging, order).await
    }
}

/// A page of the incidents that the caller may see, and find in that way.
pub(crate) async fn found(
    ctx: &Context<'_>,
    mut filter: case_search::IncidentFilter,
    looked_up: &LookedUp,
    paging: Paging<TimeKey>,
    order: Order,
) -> Result<Page<Incident>, QueryError> {
    filter.reached.push(ctx.reach(Action::View, RecordKind::Incident).await?);
    if filter.assigned_unit.is_some() {
        // Whom it is given to is not to be found out by asking for it either.
        filter.reached.push(ctx.reach(Action::ViewUnits, RecordKind::Incident).await?);
    }
    if filter.person.is_some() {
        filter.reached.push(ctx.reach(Action::ViewPersons, RecordKind::Incident).await?);
        filter.reached.push(ctx.reach(Action::ViewSuspects, RecordKind::Incident).await?);
    }
    if filter.item_serial.is_some() {
        filter.reached.push(ctx.reach(Action::ViewProperty, RecordKind::Incident).await?);
    }
    looked_up.narrow(ctx, &mut filter).await?;
    let permits = ctx.permits().await?;
    let mut reading = ctx.snapshot()?.read().await?;
    let rows = IncidentRow::search(&mut reading, &filter, paging.keyset(), order, paging.rows_to_read()).await?;
    let rows: Vec<_> = rows.into_iter().filter_map(|row| Incident::seen(permits, row)).collect();
    let first = usize::try_from(paging.first.max(1)).unwrap_or(usize::MAX);
    let shown = rows.iter().take(first).map(|incident| incident.row.id);
    looked_up.found(ctx, (filter.person.is_some(), filter.item_serial.is_some()), shown)?;
    let rows = show_rows(ctx, &paging, rows.into_iter(), |incident| incident.row.id)?;
    Ok(page(&paging, rows, |row| TimeKey::of(row.row.keyset()), Counted::Incidents(Box::new(filter))))
}

/// An incident (notikums): what police registers, from the report to how it was dealt with.
pub(crate) struct Incident {
    row: IncidentRow,
    guard: Guard,
}

/// What can be kept of it from somebody who sees it.
const PARTS: &[RecordPart] = &[
    RecordPart::Narrative,
    RecordPart::Reporter,
    RecordPart::Persons,
    RecordPart::Suspects,
    RecordPart::Property,
    RecordPart::PersonalCode,
    RecordPart::Units,
    RecordPart::Result,
];

impl Incident {
    /// The incident, where the caller may see it.
    pub(crate) fn seen(permits: &Permits, row: IncidentRow) -> Option<Self> {
        let guard = permits.of_incident(&row);
        guard.is_seen().then_some(Self { row, guard })
    }

    /// The incident as its recipient is told of it, where the caller may see that.
    pub(crate) fn told(permits: &Permits, row: IncidentRow, recipient: &str) -> Option<Self> {
        let guard = permits.of_incident_told(&row, recipient);
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

    /// Id of the record.
    pub(crate) fn record(&self) -> Uuid {
        self.row.id
    }

    /// National number.
    pub(crate) fn national_number(&self) -> &str {
        &self.row.number
    }
}

/// An incident (notikums): what police registers, from the report to how it was dealt with.
#[Object]
impl Incident {
    /// Its id: unique over all records of all types.
    pub(crate) async fn id(&self) -> ID {
        id(self.row.id)
    }

    /// National number, `VNR-2026-0000001`.
    async fn number(&self) -> &str {
        &self.row.number
    }

    /// Number that it had in the register that it comes from.
    async fn legacy_number(&self) -> Option<&str> {
        self.row.legacy_number.as_deref()
    }

    /// Where it stands.
    async fn status(&self) -> Result<IncidentStatus, QueryError> {
        IncidentStatus::of_code(&self.row.status)
    }

    /// Where it stands, in words.
    async fn status_label(&self, ctx: &Context<'_>, lang: Option<Lang>) -> Result<&'static str, QueryError> {
        IncidentStatus::label_of(&self.row.status, ctx.lang(lang))
    }

    /// How it was reported.
    async fn channel(&self) -> Result<Channel, QueryError> {
        Channel::of_code(&self.row.channel)
    }

    /// What it is, as far as is known now.
    #[graphql(name = "type")]
    async fn kind(&self) -> Code {
        Code::of(CodeSystem::IncidentType, &self.row.type_code)
    }

    /// What it was registered as.
    async fn opening_type(&self) -> Code {
        Code::of(CodeSystem::IncidentType, &self.row.opening_type)
    }

    /// What it turned out to be, once it is closed.
    async fn closing_type(&self) -> Option<Code> {
        let code = self.guard.part(RecordPart::Result, self.row.closing_type.as_deref()).flatten();
        Code::maybe(CodeSystem::IncidentType, code)
    }

    /// How fast State Police must be there.
    async fn category(&self) -> Result<Category, QueryError> {
        Category::of_code(&self.row.category)
    }

    /// The category that it was registered with.
    async fn opening_category(&self) -> Result<Category, QueryError> {
        Category::of_code(&self.row.opening_category)
    }

    /// Class that it was raised to: by its type, by minors and protected persons in it, or by an order; null where it was not.
    async fn class(&self) -> Result<Option<RecordClass>, QueryError> {
        self.row.class.as_deref().map(RecordClass::of_code).transpose()
    }

    /// Where it is.
    async fn place(&self) -> Result<Option<Place>, QueryError> {
        place_of!(self.row)
    }

    /// When it began.
    async fn occurred_from(&self) -> DateTime<Utc> {
        self.row.occurred_from
    }

    /// When it ended, where it lasted.
    async fn occurred_to(&self) -> Option<DateTime<Utc>> {
        self.row.occurred_to
    }

    /// When this register recorded it first.
    async fn registered_at(&self) -> DateTime<Utc> {
        self.row.registered_at
    }

    /// When the unit that leads operations was told.
    async fn received_at(&self) -> Option<DateTime<Utc>> {
        self.row.received_at
    }

    /// Until when somebody has to be there, by its present category.
    async fn respond_by(&self) -> Option<DateTime<Utc>> {
        self.row.respond_by
    }

    /// The same by the category that it was registered with: the first deadline stays known.
    async fn first_respond_by(&self) -> Option<DateTime<Utc>> {
        self.row.first_respond_by
    }

    /// Institution that registered it.
    async fn institution(&self) -> &str {
        &self.row.institution
    }

    /// Institution that answers for it: the one that registered it, until another accepted it.
    async fn responsible(&self) -> &str {
        &self.row.responsible
    }

    /// The transfer that waits for an answer.
    async fn pending_transfer(&self, ctx: &Context<'_>) -> Result<Option<Transfer>, QueryError> {
        Ok(relation::transfers(ctx, self.guard).await?.into_iter().rfind(Transfer::is_pending))
    }

    /// Its transfers to other institutions, in the order in which they were offered.
    async fn transfers(&self, ctx: &Context<'_>) -> Result<Vec<Transfer>, QueryError> {
        relation::transfers(ctx, self.guard).await
    }

    /// Whether somebody has asked for it to be annulled, and no second person has decided.
    async fn annulment_requested(&self) -> bool {
        self.row.annulment_requested
    }

    /// What is to be known before somebody goes there: cautions that hold about its address, persons and vehicles in it, as far as the
    /// caller may see them.
    async fn cautions(&self, ctx: &Context<'_>) -> Result<Vec<MetCaution>, QueryError> {
        let persons = [RecordPart::Persons, RecordPart::Suspects];
        caution::met(ctx, self.guard, self.row.address_code.as_deref(), &persons).await
    }

    /// Who was told of it, as far as the caller may see that.
    async fn notices(&self, ctx: &Context<'_>) -> Result<Vec<Notice>, QueryError> {
        notice::notices(ctx, self.guard).await
    }

    /// The incident that it goes on in; null where it isn't merged, or where that is kept from the caller.
    async fn merged_into(&self, ctx: &Context<'_>) -> Result<Option<Incident>, QueryError> {
        ctx.incident(self.row.merged_into).await
    }

    /// Incidents that go on in it, as far as the caller may see them.
    async fn absorbed(&self, ctx: &Context<'_>) -> Result<Vec<Incident>, QueryError> {
        let permits = ctx.permits().await?;
        let rows = ctx.case_files()?.absorbed(self.row.id).await?;
        rows.into_iter().filter_map(|row| Incident::seen(permits, row)).map(|incident| incident.shown(ctx)).collect()
    }

    /// Who forwarded the emergency card that it comes from, where that is how it came.
    async fn forwarded_by(&self) -> Option<&str> {
        self.row.forwarded_by.as_deref()
    }

    /// Where the recording of the call is kept, by the card.
    async fn recording_ref(&self) -> Option<&str> {
        self.row.recording_ref.as_deref()
    }

    /// The incident that it was part of, as far as the caller may see it.
    async fn split_from(&self, ctx: &Context<'_>) -> Result<Option<Incident>, QueryError> {
        ctx.incident(self.row.split_from).await
    }

    /// What it is tied to.
    async fn links(&self, ctx: &Context<'_>) -> Result<Vec<IncidentLink>, QueryError> {
        relation::links(ctx, self.guard).await
    }

    /// Persons who take part in it, as far as the caller may see them: who is under suspicion is a part of its own, `SUSPECTS`. Null where
    /// all are kept from them.
    async fn persons(&self, ctx: &Context<'_>) -> Result<Option<Vec<InvolvedPerson>>, QueryError> {
        person::persons(ctx, self.guard).await
    }

    /// Organisations that take part in it; null where they are kept from the caller.
    async fn organisations(&self, ctx: &Context<'_>) -> Result<Option<Vec<InvolvedOrganisation>>, QueryError> {
        person::organisations(ctx, self.guard).await
    }

    /// Vehicles that take part in it; null where they are kept from the caller.
    async fn vehicles(&self, ctx: &Context<'_>) -> Result<Option<Vec<InvolvedVehicle>>, QueryError> {
        InvolvedVehicle::of_incident(ctx, self.guard).await
    }

    /// Items that take part in it; null where they are kept from the caller.
    async fn items(&self, ctx: &Context<'_>) -> Result<Option<Vec<InvolvedItem>>, QueryError> {
        InvolvedItem::of_incident(ctx, self.guard).await
    }

    /// Documents that take part in it; null where they are kept from the caller.
    async fn documents(&self, ctx: &Context<'_>) -> Result<Option<Vec<InvolvedDocument>>, QueryError> {
        InvolvedDocument::of_incident(ctx, self.guard).await
    }

    /// Items that were seized in it, with everybody who had them; null where they are kept from the caller.
    async fn seized_items(&self, ctx: &Context<'_>) -> Result<Option<Vec<SeizedItem>>, QueryError> {
        SeizedItem::of_incident(ctx, self.guard).await
    }

    /// What officers did, in the order in which it was told; null where what came of it is kept from the caller.
    async fn actions(&self, ctx: &Context<'_>) -> Result<Option<Vec<ActionTaken>>, QueryError> {
        relation::actions(ctx, self.guard).await
    }

    /// What happened: personal data.
    async fn narrative(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>, QueryError> {
        self.guard.narrative(ctx, self.row.narrative.as_deref()).await
    }

    /// Who reported it: personal data.
    async fn reporter(&self, ctx: &Context<'_>) -> Result<Option<Reporter>, QueryError> {
        self.guard.reporter(ctx, self.row.reporter.as_deref()).await
    }

    /// What the access policies keep of it from the caller: null elsewhere may mean that it is kept, not that there is none.
    async fn kept(&self) -> Vec<RecordPart> {
        self.guard.kept(PARTS)
    }

    /// Unit that it is given to.
    async fn assigned_unit(&self, ctx: &Context<'_>) -> Result<Option<Unit>, QueryError> {
        ctx.unit(self.guard.part(RecordPart::Units, self.row.assigned_unit).flatten()).await
    }

    /// Service number of the officer that it is given to.
    async fn assigned_officer(&self) -> Option<&str> {
        self.guard.part(RecordPart::Units, self.row.assigned_officer.as_deref()).flatten()
    }

    /// How it was dealt with (izskatīšanas rezultāts).
    async fn result(&self) -> Option<Code> {
        Code::maybe(CodeSystem::Result, self.guard.part(RecordPart::Result, self.row.result_code.as_deref()).flatten())
    }

    /// Numbers of the processes that it went on in.
    async fn case_refs(&self) -> Option<&[String]> {
        self.guard.part(RecordPart::Result, self.row.case_refs.as_slice())
    }

    /// How it ended.
    async fn disposition(&self) -> Option<Code> {
        Code::maybe(
            CodeSystem::Disposition,
            self.guard.part(RecordPart::Result, self.row.disposition.as_deref()).flatten(),
        )
    }

    /// When it was closed.
    async fn closed_at(&self) -> Option<DateTime<Utc>> {
        self.row.closed_at
    }

    /// The emergency card that it comes from.
    async fn card(&self, ctx: &Context<'_>) -> Result<Option<Card>, QueryError> {
        ctx.card(self.row.card).await
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

    /// Where its fields came from: of each, who said last what it says, and which journal or card they had it from. Only of fields that the
    /// caller is shown.
    async fn origins(&self, ctx: &Context<'_>) -> Result<Vec<FieldOrigin>, QueryError> {
        Ok(origin::shown(&self.guard, ctx.origins(self.row.id).await?))
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
