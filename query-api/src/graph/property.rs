//! Vehicles, items and documents that take part in incidents, and what was seized in them.

use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};
use domain::access_day::DataScope;
use domain::classifier::CodeSystem;
use projections::case_file::{CustodyStep, DocumentRow, ItemRow, NumberedItem, SeizedItemRow, VehicleRow};
use uuid::Uuid;

use super::common::{Code, id};
use super::person::{InvolvedPerson, person};
use super::personal::{PersonalText, Told};
use super::terms::DisposalOutcome;
use crate::error::QueryError;
use crate::loaders::Loading;
use crate::permits::{Guard, RecordPart};
use crate::snapshot::Given;

/// Something of an incident, and what of the incident is shown.
pub(crate) struct Of<R> {
    row: R,
    guard: Guard,
}

impl<R> Of<R> {
    /// A text of it that was sealed in the events of that record.
    async fn text(
        &self,
        ctx: &Context<'_>,
        sealed_in: Uuid,
        json: Option<&str>,
    ) -> Result<Option<PersonalText>, QueryError> {
        let told = Told { sealed_in, scope: DataScope::Property };
        self.guard.text(ctx, told, RecordPart::Property, json).await
    }
}

/// The things of an incident, noted as part of the answer; none where they are kept from the caller.
macro_rules! shown_things {
    ($ctx:expr, $guard:expr, $read:ident) => {{
        let guard: Guard = $guard;
        if !guard.shows(RecordPart::Property) {
            return Ok(None);
        }
        let rows = $ctx.case_files()?.$read(guard.record).await?;
        if !rows.is_empty() {
            $ctx.shows(guard.record, DataScope::Property)?;
        }
        Ok(Some(rows.into_iter().map(|row| Of { row, guard }.into()).collect()))
    }};
}

macro_rules! things {
    ($($(#[$meta:meta])* $name:ident of $row:ident by $read:ident;)+) => {$(
        $(#[$meta])*
        pub(crate) struct $name(Of<$row>);

        impl From<Of<$row>> for $name {
            fn from(of: Of<$row>) -> Self {
                Self(of)
            }
        }

        impl $name {
            /// Those of an incident; none where they are kept from the caller.
            pub(crate) async fn of_incident(ctx: &Context<'_>, guard: Guard) -> Result<Option<Vec<Self>>, QueryError> {
                shown_things!(ctx, guard, $read)
            }
        }
    )+};
}

things! {
    /// A vehicle in an incident.
    InvolvedVehicle of VehicleRow by vehicles;
    /// An item in an incident.
    InvolvedItem of ItemRow by items;
    /// A document in an incident.
    InvolvedDocument of DocumentRow by documents;
    /// An item that was seized in an incident.
    SeizedItem of NumberedItem by seized_items;
}

/// A vehicle in an incident (transportlīdzeklis).
#[Object]
impl InvolvedVehicle {
    /// Id of its involvement.
    async fn id(&self) -> ID {
        id(self.0.row.id)
    }

    /// What it is in the incident.
    async fn relation(&self) -> Code {
        Code::of(CodeSystem::VehicleRelation, &self.0.row.relation)
    }

    /// Its plate as written: personal data.
    async fn plate(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>, QueryError> {
        self.0.text(ctx, self.0.row.incident, self.0.row.plate.as_deref()).await
    }

    /// Country of the plate (ISO 3166-1).
    async fn plate_country(&self) -> Option<&str> {
        self.0.row.plate_country.as_deref()
    }

    /// Its vehicle identification number (VIN): personal data.
    async fn vin(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>, QueryError> {
        self.0.text(ctx, self.0.row.incident, self.0.row.vin.as_deref()).await
    }

    /// Make and model.
    async fn make(&self) -> Option<&str> {
        self.0.row.make.as_deref()
    }

    /// Colour.
    async fn colour(&self) -> Option<&str> {
        self.0.row.colour.as_deref()
    }

    /// Who drove or owns it; null where that is kept from the caller too.
    async fn person(&self, ctx: &Context<'_>) -> Result<Option<InvolvedPerson>, QueryError> {
        person(ctx, self.0.guard, self.0.row.person).await
    }
}

/// An item in an incident (manta).
#[Object]
impl InvolvedItem {
    /// Id of its involvement.
    async fn id(&self) -> ID {
        id(self.0.row.id)
    }

    /// What it is.
    async fn kind(&self) -> Code {
        Code::of(CodeSystem::ItemKind, &self.0.row.kind)
    }

    /// What it is in the incident.
    async fn relation(&self) -> Code {
        Code::of(CodeSystem::ItemRelation, &self.0.row.relation)
    }

    /// What it is like (pazīmes): personal data.
    async fn description(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>, QueryError> {
        self.0.text(ctx, self.0.row.incident, self.0.row.description.as_deref()).await
    }

    /// Number that its maker put on it.
    async fn serial(&self) -> Option<&str> {
        self.0.row.serial.as_deref()
    }

    /// How many.
    async fn quantity(&self) -> Option<i64> {
        self.0.row.quantity
    }

    /// What all of it is worth, in cents of a euro.
    async fn value_cents(&self) -> Option<i64> {
        self.0.row.value_cents
    }

    /// Whose it is; null where that is kept from the caller too.
    async fn person(&self, ctx: &Context<'_>) -> Result<Option<InvolvedPerson>, QueryError> {
        person(ctx, self.0.guard, self.0.row.person).await
    }
}

/// A document in an incident (dokuments).
#[Object]
impl InvolvedDocument {
    /// Id of its involvement.
    async fn id(&self) -> ID {
        id(self.0.row.id)
    }

    /// What it is.
    async fn kind(&self) -> Code {
        Code::of(CodeSystem::DocumentKind, &self.0.row.kind)
    }

    /// What it is in the incident.
    async fn relation(&self) -> Code {
        Code::of(CodeSystem::ItemRelation, &self.0.row.relation)
    }

    /// Its number: personal data.
    async fn number(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>, QueryError> {
        self.0.text(ctx, self.0.row.incident, self.0.row.number.as_deref()).await
    }

    /// Country that issued it (ISO 3166-1).
    async fn country(&self) -> Option<&str> {
        self.0.row.country.as_deref()
    }

    /// Whose it is; null where that is kept from the caller too.
    async fn person(&self, ctx: &Context<'_>) -> Result<Option<InvolvedPerson>, QueryError> {
        person(ctx, self.0.guard, self.0.row.person).await
    }
}

impl SeizedItem {
    fn item(&self) -> &SeizedItemRow {
        &self.0.row.item
    }
}

/// A seized item (izņemta manta) and who has it. It outlives the incident that it was seized in.
#[Object]
impl SeizedItem {
    /// Its id: unique over all records of all types.
    async fn id(&self) -> ID {
        id(self.item().id)
    }

    /// Its number within the incident, from 1.
    async fn ordinal(&self) -> Option<i32> {
        self.0.row.ordinal
    }

    /// What it is.
    async fn kind(&self) -> Code {
        Code::of(CodeSystem::ItemKind, &self.item().kind)
    }

    /// What it is like (pazīmes): personal data.
    async fn description(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>, QueryError> {
        self.0.text(ctx, self.item().id, self.item().description.as_deref()).await
    }

    /// Number that its maker put on it.
    async fn serial(&self) -> Option<&str> {
        self.item().serial.as_deref()
    }

    /// How many.
    async fn quantity(&self) -> Option<i64> {
        self.item().quantity
    }

    /// What all of it is worth, in cents of a euro.
    async fn value_cents(&self) -> Option<i64> {
        self.item().value_cents
    }

    /// By which law it was seized.
    async fn basis(&self) -> Code {
        Code::of(CodeSystem::SeizureBasis, &self.item().basis)
    }

    /// Number of the protocol of the seizure.
    async fn protocol(&self) -> Option<&str> {
        self.item().protocol.as_deref()
    }

    /// From whom; null where that is kept from the caller too.
    #[graphql(name = "fromPerson")]
    async fn seized_from(&self, ctx: &Context<'_>) -> Result<Option<InvolvedPerson>, QueryError> {
        person(ctx, self.0.guard, self.item().from_person).await
    }

    /// Where it was seized: personal data.
    async fn place(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>, QueryError> {
        self.0.text(ctx, self.item().id, self.item().place.as_deref()).await
    }

    /// When it was seized.
    async fn seized_at(&self) -> DateTime<Utc> {
        self.item().seized_at
    }

    /// Institution that has it; null once custody has ended.
    async fn institution(&self) -> Option<&str> {
        self.item().outcome.is_none().then_some(&self.item().institution)
    }

    /// The storage there, or the person's service number; null once custody has ended.
    async fn keeper(&self) -> Option<&str> {
        self.item().outcome.is_none().then_some(&self.item().keeper)
    }

    /// Seal that is on it.
    async fn seal(&self) -> Option<&str> {
        self.item().seal.as_deref()
    }

    /// Everybody who had it, in order: a chain without a gap.
    async fn custody(&self) -> Vec<Custody> {
        let (item, guard) = (self.item().id, self.0.guard);
        self.item().custody.iter().map(|step| Custody { item, of: Of { row: step.clone(), guard } }).collect()
    }

    /// What became of it; null while it is in custody.
    async fn outcome(&self) -> Result<Option<DisposalOutcome>, QueryError> {
        self.item().outcome.as_deref().map(DisposalOutcome::of_code).transpose()
    }

    /// Institution that it went to then, where it did.
    async fn disposed_to(&self) -> Option<&str> {
        self.item().disposed_to.as_deref()
    }

    /// When custody ended.
    async fn disposed_at(&self) -> Option<DateTime<Utc>> {
        self.item().disposed_at
    }

    /// Number of the decision.
    async fn decision(&self) -> Option<&str> {
        self.item().decision.as_deref()
    }

    /// Why custody ended so: personal data.
    async fn reason(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>, QueryError> {
        self.0.text(ctx, self.item().id, self.item().reason.as_deref()).await
    }
}

/// Somebody who had a seized item.
pub(crate) struct Custody {
    item: Uuid,
    of: Of<CustodyStep>,
}

/// Somebody who had a seized item (glabātājs).
#[Object]
impl Custody {
    /// The institution.
    async fn institution(&self) -> &str {
        &self.of.row.institution
    }

    /// The storage there, or the person's service number.
    async fn keeper(&self) -> &str {
        &self.of.row.keeper
    }

    /// Since when they had it.
    async fn since(&self) -> DateTime<Utc> {
        self.of.row.since
    }

    /// Seal that was put on the item then.
    async fn seal(&self) -> Option<&str> {
        self.of.row.seal.as_deref()
    }

    /// Why they got it: personal data.
    async fn reason(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>, QueryError> {
        self.of.text(ctx, self.item, self.of.row.reason.as_deref()).await
    }
}
