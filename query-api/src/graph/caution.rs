//! Cautions: what is to be known of an address, a person or a vehicle before somebody goes there.

use access::policy::{Action, RecordKind};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::access_day::DataScope;
use domain::classifier::CodeSystem;
use projections::Order;
use projections::cautions::{self, CautionRow, Met};

use super::common::{Code, GeoPoint, Place, id, uuid};
use super::fresh::fresh;
use super::incident::Incident;
use super::lookup::{LookedUp, PlateFilter};
use super::paging::{self, Counted, Page, Paging, TimeKey, page, show_rows};
use super::personal::{PersonIdentity, PersonalText};
use super::terms::{CautionAbout, RecordClass};
use crate::error::QueryError;
use crate::lang::Lang;
use crate::loaders::Loading;
use crate::permits::{Guard, Permits, RecordPart};
use crate::position::LogPosition;
use crate::snapshot::Given;

// No `Debug`: what it holds may be personal.
/// What cautions are asked for; all conditions hold together.
#[derive(InputObject, Clone, Default, PartialEq)]
pub(crate) struct CautionFilter {
    /// At this object of the address register.
    pub(crate) address_code: Option<String>,
    /// About a vehicle of this plate, however it is written.
    pub(crate) plate: Option<PlateFilter>,
    /// About a person of this code, with or without its hyphen.
    pub(crate) personal_code: Option<String>,
    /// About this data subject.
    pub(crate) subject: Option<ID>,
    /// Known from this incident.
    pub(crate) incident: Option<ID>,
    /// Of this institution.
    pub(crate) institution: Option<String>,
    /// Of any of these kinds: codes of the caution-kind classifier.
    pub(crate) kind: Option<Vec<String>>,
    /// That were lifted or have run out too, where it is true.
    #[graphql(default)]
    pub(crate) also_over: bool,
}

impl CautionFilter {
    /// As the read model takes it, at `now`.
    fn of_rows(self, now: DateTime<Utc>) -> Result<cautions::CautionFilter, QueryError> {
        Ok(cautions::CautionFilter {
            ids: None,
            address_code: self.address_code,
            subject: uuid("subject", self.subject)?,
            incident: uuid("incident", self.incident)?,
            institution: self.institution,
            kinds: self.kind.unwrap_or_default(),
            holding_at: (!self.also_over).then_some(now),
            reached: Vec::new(),
        })
    }
}

#[derive(Default)]
pub(crate) struct CautionQuery;

#[Object]
impl CautionQuery {
    /// One caution (brīdinājums); null where there is none.
    async fn caution(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id, as the command's reply gave it.")] id: ID,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(
            name = "waitSeconds",
            desc = "How long to wait for that, in seconds.",
            default = 5,
            validator(minimum = 0, maximum = 30)
        )]
        _wait_seconds: i32,
    ) -> Result<Option<Caution>, QueryError> {
        let Some(id) = uuid("id", Some(id))? else { return Ok(None) };
        fresh(ctx, min_position).await?;
        ctx.reach_any(Action::View, &[RecordKind::Caution]).await?;
        let permits = ctx.permits().await?;
        let row = CautionRow::by_id(&mut *ctx.snapshot()?.read().await?, id).await?;
        let Some(row) = row else { return Ok(None) };
        ctx.or_keeps_back(row.id, Caution::seen(permits, row)).map(|seen| seen.shown(ctx)).transpose()
    }

    /// Cautions that the caller may see, those registered last first, page by page: those that hold, where nothing else is asked for.
    #[allow(clippy::too_many_arguments, reason = "the arguments of the field")]
    #[graphql(complexity = "paging::cost(first, child_complexity)")]
    async fn cautions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only those that all of this holds for.")] filter: Option<CautionFilter>,
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
    ) -> Result<Page<Caution>, QueryError> {
        let paging = Paging::of(first, after.as_deref())?;
        fresh(ctx, min_position).await?;
        let mut filter = filter.unwrap_or_default();
        let looked_up = LookedUp::of(filter.plate.take(), filter.personal_code.take())?;
        found(ctx, filter.of_rows(Utc::now())?, &looked_up, paging).await
    }
}

/// A page of the cautions that the caller may see, those registered last first.
pub(crate) async fn found(
    ctx: &Context<'_>,
    mut filter: cautions::CautionFilter,
    looked_up: &LookedUp,
    paging: Paging<TimeKey>,
) -> Result<Page<Caution>, QueryError> {
    filter.reached.push(ctx.reach(Action::View, RecordKind::Caution).await?);
    looked_up.narrow_cautions(ctx, &mut filter).await?;
    let permits = ctx.permits().await?;
    let mut reading = ctx.snapshot()?.read().await?;
    let rows = CautionRow::search(&mut reading, &filter, paging.keyset(), Order::NewestFirst, paging.rows_to_read());
    let rows = rows.await?.into_iter().filter_map(|row| Caution::seen(permits, row));
    let rows = show_rows(ctx, &paging, rows, |caution| caution.row.id)?;
    Ok(page(&paging, rows, |caution| TimeKey::of(caution.row.keyset()), Counted::Cautions(filter)))
}

/// A caution that is met on a record.
#[derive(SimpleObject)]
pub(crate) struct MetCaution {
    /// By what of the record: its address, a person in it or who called, a vehicle in it.
    by: CautionAbout,
    /// The caution.
    caution: Caution,
}

/// The cautions that hold and are met on a record, as far as the caller may see both them and what they are met by.
pub(crate) async fn met(
    ctx: &Context<'_>,
    guard: Guard,
    address_code: Option<&str>,
    persons: &[RecordPart],
) -> Result<Vec<MetCaution>, QueryError> {
    let permits = ctx.permits().await?;
    let mut seen = Vec::new();
    for Met { by, caution, .. } in ctx.cautions_met((guard.record, address_code.map(ToOwned::to_owned))).await? {
        let by = CautionAbout::of_code(&by)?;
        let shown = match by {
            CautionAbout::Address => true,
            CautionAbout::Person => persons.iter().all(|part| guard.shows(*part)),
            CautionAbout::Vehicle => guard.shows(RecordPart::Property),
        };
        if let Some(caution) = Caution::seen(permits, caution).filter(|_| shown) {
            seen.push(MetCaution { by, caution: caution.shown(ctx)? });
        }
    }
    seen.sort_by_key(|met| (std::cmp::Reverse(met.caution.row.registered_at), met.caution.row.id));
    Ok(seen)
}

/// What is to be known of an address, a person or a vehicle.
pub(crate) struct Caution {
    row: CautionRow,
    guard: Guard,
}

impl Caution {
    /// The caution, where the caller may see it.
    pub(crate) fn seen(permits: &Permits, row: CautionRow) -> Option<Self> {
        let guard = permits.of_caution(&row);
        guard.is_seen().then_some(Self { row, guard })
    }

    /// The same, noted as part of the answer.
    pub(crate) fn shown(self, ctx: &Context<'_>) -> Result<Self, QueryError> {
        ctx.shows(self.row.id, DataScope::Summary)?;
        Ok(self)
    }
}

/// A caution (brīdinājums): what those who go to an address, meet a person or stop a vehicle must know beforehand, and who is protected
/// there. Who may see it sees all of it; of a personal code only the date of birth.
#[Object]
impl Caution {
    /// Its id.
    async fn id(&self) -> ID {
        id(self.row.id)
    }

    /// Institution that registered it.
    async fn institution(&self) -> &str {
        &self.row.institution
    }

    /// What to be careful of, or why somebody is protected.
    async fn kind(&self) -> Code {
        Code::of(CodeSystem::CautionKind, &self.row.kind)
    }

    /// Whether it protects whom it is about, rather than warning of them: by its kind, as it is in force today.
    async fn protects(&self, ctx: &Context<'_>) -> Result<bool, QueryError> {
        let entry = ctx.classifiers()?.list(CodeSystem::CautionKind).last(&self.row.kind);
        Ok(entry.is_some_and(|entry| entry.attribute("protects").is_some()))
    }

    /// What it is about.
    async fn about(&self) -> Result<CautionAbout, QueryError> {
        CautionAbout::of_code(&self.row.about)
    }

    /// What it is about, in words.
    async fn about_label(&self, ctx: &Context<'_>, lang: Option<Lang>) -> Result<&'static str, QueryError> {
        CautionAbout::label_of(&self.row.about, ctx.lang(lang))
    }

    /// Class that it was raised to; null where it was not.
    async fn class(&self) -> Result<Option<RecordClass>, QueryError> {
        self.row.class.as_deref().map(RecordClass::of_code).transpose()
    }

    /// The address, where it is about one.
    async fn address(&self) -> Option<Place> {
        let place = Place {
            address_code: self.row.address_code.clone(),
            territory: self.row.territory.clone(),
            text: self.row.place_text.clone(),
            point: GeoPoint::of_e6(self.row.latitude_e6, self.row.longitude_e6),
            uncertainty_m: None,
            source: None,
        };
        place.is_known().then_some(place)
    }

    /// The data subject, where it is about a person: the same person has the same one wherever it is known that they are.
    async fn subject(&self) -> Option<ID> {
        self.row.subject.map(id)
    }

    /// Who they are: personal data.
    async fn person(&self, ctx: &Context<'_>) -> Result<Option<PersonIdentity>, QueryError> {
        match &self.row.identity {
            Some(json) => self.guard.seen_identity(ctx, json).await.map(Some),
            None => Ok(None),
        }
    }

    /// Plate of the vehicle, where it is about one: personal data.
    async fn plate(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>, QueryError> {
        self.guard.seen_text(ctx, DataScope::Property, self.row.plate.as_deref()).await
    }

    /// Country of the plate (ISO 3166-1).
    async fn plate_country(&self) -> Option<&str> {
        self.row.plate_country.as_deref()
    }

    /// Make and model of the vehicle.
    async fn make(&self) -> Option<&str> {
        self.row.make.as_deref()
    }

    /// Colour of the vehicle.
    async fn colour(&self) -> Option<&str> {
        self.row.colour.as_deref()
    }

    /// What to do about it: personal data.
    async fn advice(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>, QueryError> {
        self.guard.seen_text(ctx, DataScope::Narrative, self.row.advice.as_deref()).await
    }

    /// The incident that it is known from; null where there is none, or where that is kept from the caller.
    async fn incident(&self, ctx: &Context<'_>) -> Result<Option<Incident>, QueryError> {
        ctx.incident(self.row.incident).await
    }

    /// When it was registered.
    async fn registered_at(&self) -> DateTime<Utc> {
        self.row.registered_at
    }

    /// Until when it holds.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.row.expires_at
    }

    /// Whether it holds now.
    async fn holds(&self) -> bool {
        self.row.holds_at(Utc::now())
    }

    /// When it was lifted.
    async fn lifted_at(&self) -> Option<DateTime<Utc>> {
        self.row.lifted_at
    }

    /// Why it was lifted: personal data.
    async fn lifted_because(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>, QueryError> {
        self.guard.seen_text(ctx, DataScope::Narrative, self.row.lifted_because.as_deref()).await
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
