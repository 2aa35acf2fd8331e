//! The dossier of an address, a person or a vehicle: all that the register has of it, as far as the caller may see it, in one call.

use async_graphql::{Context, ID, InputObject, Object};
use chrono::Utc;
use projections::Order;
use projections::cards::CardFilter;
use projections::case_search::IncidentFilter;
use projections::cautions::CautionFilter;
use uuid::Uuid;

use super::card::{self, Card};
use super::caution::{self, Caution};
use super::common::uuid;
use super::fresh::fresh;
use super::incident::{self, Incident};
use super::lookup::{LookedUp, PlateFilter};
use super::paging::{self, Page, Paging};
use crate::error::QueryError;
use crate::position::LogPosition;

// No `Debug`: what it holds may be personal.
/// What a dossier is of: exactly one of these.
#[derive(InputObject, Clone, PartialEq)]
pub(crate) struct DossierOf {
    /// An address: its code in the address register.
    address_code: Option<String>,
    /// A person, by their code: wherever it was recorded.
    personal_code: Option<String>,
    /// A person, by the id of the data subject: wherever it is known that it is they.
    person: Option<ID>,
    /// A vehicle, by its plate.
    plate: Option<PlateFilter>,
}

/// What it is of, read.
enum Of {
    Address(String),
    Person(Uuid),
    Sealed(LookedUp),
}

impl DossierOf {
    fn read(self) -> Result<Of, QueryError> {
        let Self { address_code, personal_code, person, plate } = self;
        Ok(match (address_code, personal_code, uuid("person", person)?, plate) {
            (Some(code), None, None, None) => Of::Address(code),
            (None, Some(code), None, None) => Of::Sealed(LookedUp::of(None, Some(code))?),
            (None, None, Some(subject), None) => Of::Person(subject),
            (None, None, None, Some(plate)) => Of::Sealed(LookedUp::of(Some(plate), None)?),
            _ => {
                let reason = "give exactly one of addressCode, personalCode, person and plate".into();
                return Err(QueryError::BadInput { argument: "of", reason });
            }
        })
    }
}

#[derive(Default)]
pub(crate) struct DossierQuery;

#[Object]
impl DossierQuery {
    /// The dossier (lieta) of an address, a person or a vehicle: incidents with all that is in them, cautions, and the cards of an
    /// address. Each by the purpose of who asks: what is kept from them elsewhere is kept from them here.
    async fn dossier(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What it is of.")] of: DossierOf,
        #[graphql(desc = "Wait until what was recorded up to here can be seen.")] min_position: Option<LogPosition>,
        #[graphql(
            name = "waitSeconds",
            desc = "How long to wait for that, in seconds.",
            default = 5,
            validator(minimum = 0, maximum = 30)
        )]
        _wait_seconds: i32,
    ) -> Result<Dossier, QueryError> {
        let of = of.read()?;
        fresh(ctx, min_position).await?;
        Ok(Dossier(of))
    }
}

/// What the register has of an address, a person or a vehicle.
pub(crate) struct Dossier(Of);

/// A dossier (lieta): what the register has of an address, a person or a vehicle.
#[Object]
impl Dossier {
    /// Incidents there, in which they take part, or in which it is: those registered last first.
    #[graphql(complexity = "paging::cost(first, child_complexity)")]
    async fn incidents(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, at most 200; 50 where it is left out.")] first: Option<i32>,
        #[graphql(desc = "Go on after this row: the `endCursor` of the page before.")] after: Option<String>,
    ) -> Result<Page<Incident>, QueryError> {
        let paging = Paging::of(first, after.as_deref())?;
        let mut filter = IncidentFilter::default();
        match &self.0 {
            Of::Address(code) => filter.address_code = Some(code.clone()),
            Of::Person(subject) => filter.person = Some(*subject),
            Of::Sealed(_) => {}
        }
        incident::found(ctx, filter, self.looked_up(), paging, Order::NewestFirst).await
    }

    /// Cautions about it, those registered last first: those that hold, where nothing else is asked for.
    #[graphql(complexity = "paging::cost(first, child_complexity)")]
    async fn cautions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, at most 200; 50 where it is left out.")] first: Option<i32>,
        #[graphql(desc = "Go on after this row: the `endCursor` of the page before.")] after: Option<String>,
        #[graphql(default, desc = "Those too that were lifted or have run out.")] also_over: bool,
    ) -> Result<Page<Caution>, QueryError> {
        let paging = Paging::of(first, after.as_deref())?;
        let mut filter = CautionFilter { holding_at: (!also_over).then(Utc::now), ..CautionFilter::default() };
        match &self.0 {
            Of::Address(code) => filter.address_code = Some(code.clone()),
            Of::Person(subject) => filter.subject = Some(*subject),
            Of::Sealed(_) => {}
        }
        caution::found(ctx, filter, self.looked_up(), paging).await
    }

    /// Emergency cards of an address, those received last first; null of a person or a vehicle, whom cards do not name.
    #[graphql(complexity = "paging::cost(first, child_complexity)")]
    async fn cards(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows of the page, at most 200; 50 where it is left out.")] first: Option<i32>,
        #[graphql(desc = "Go on after this row: the `endCursor` of the page before.")] after: Option<String>,
    ) -> Result<Option<Page<Card>>, QueryError> {
        let Of::Address(code) = &self.0 else { return Ok(None) };
        let paging = Paging::of(first, after.as_deref())?;
        let filter = CardFilter { address_code: Some(code.clone()), ..CardFilter::default() };
        card::found(ctx, filter, paging, Order::NewestFirst).await.map(Some)
    }
}

impl Dossier {
    fn looked_up(&self) -> &LookedUp {
        const NOTHING: &LookedUp =
            &LookedUp { words: None, plate: None, personal_code: None, vin: None, document: None };
        match &self.0 {
            Of::Sealed(looked_up) => looked_up,
            Of::Address(_) | Of::Person(_) => NOTHING,
        }
    }
}
