//! Incidents and cautions by what is sealed of them: a vehicle's plate, a person's code.

use std::collections::BTreeSet;

use access::policy::{Action, RecordKind};
use async_graphql::{Context, InputObject};
use domain::access_day::DataScope;
use domain::values::{PersonalCode, PlateNumber};
use projections::case_search::IncidentFilter;
use projections::cautions::CautionFilter;
use projections::event::{CAUTION, INCIDENT};
use projections::lookups::{Lookup, LookupRow};
use uuid::Uuid;

use crate::error::QueryError;
use crate::snapshot::Given;

/// Incidents of one plate, or of one code, that are looked at: those that it was recorded in last.
const MOST: u32 = 500;

/// A vehicle's plate (numura zīme).
#[derive(InputObject, Clone, PartialEq)]
pub(crate) struct PlateFilter {
    /// As it is written, with or without separators.
    number: String,
    /// Its country, by two letters.
    #[graphql(default = "LV")]
    country: String,
}

/// What incidents are looked up by; all of it is in each.
#[derive(Default)]
pub(crate) struct LookedUp {
    pub(super) plate: Option<PlateNumber>,
    pub(super) personal_code: Option<PersonalCode>,
}

impl LookedUp {
    /// Reads the arguments. What is wrong with one is said without repeating it.
    pub(crate) fn of(plate: Option<PlateFilter>, personal_code: Option<String>) -> Result<Self, QueryError> {
        let plate = plate.map(|plate| PlateNumber::parse(&plate.number, &plate.country)).transpose();
        let code = personal_code.map(|code| PersonalCode::parse(&code)).transpose();
        Ok(Self {
            plate: plate.map_err(|error| QueryError::BadInput { argument: "plate", reason: error.to_string() })?,
            personal_code: code
                .map_err(|error| QueryError::BadInput { argument: "personalCode", reason: error.to_string() })?,
        })
    }

    /// What the caller must be let see of an incident that is found by it: who may not see it must not find it out by asking either. A
    /// person may be under suspicion or not, so whoever looks for one must see both.
    fn needed(&self) -> impl Iterator<Item = Action> {
        let vehicle = self.plate.iter().map(|_| Action::ViewProperty);
        let person = [Action::ViewPersons, Action::ViewSuspects, Action::ViewPersonalCodeMasked];
        vehicle.chain(person.into_iter().filter(|_| self.personal_code.is_some()))
    }

    /// Narrows a filter to what is found by it, as far as the caller reaches what it is about.
    pub(crate) async fn narrow(&self, ctx: &Context<'_>, filter: &mut IncidentFilter) -> Result<(), QueryError> {
        for action in self.needed() {
            filter.reached.push(ctx.reach(action, RecordKind::Incident).await?);
        }
        if let Some(found) = self.records(ctx, INCIDENT).await? {
            filter.ids = Some(found);
        }
        Ok(())
    }

    /// The same of cautions, which are seen whole or not at all.
    pub(crate) async fn narrow_cautions(
        &self,
        ctx: &Context<'_>,
        filter: &mut CautionFilter,
    ) -> Result<(), QueryError> {
        if let Some(found) = self.records(ctx, CAUTION).await? {
            filter.ids = Some(found);
        }
        Ok(())
    }

    /// Records of that type that are found by all of it; nothing where it names nothing.
    async fn records(&self, ctx: &Context<'_>, record_type: &str) -> Result<Option<Vec<Uuid>>, QueryError> {
        let plate = self.plate.iter().map(Lookup::Plate);
        let mut all: Option<BTreeSet<Uuid>> = None;
        for lookup in plate.chain(self.personal_code.iter().map(Lookup::PersonalCode)) {
            let snapshot = ctx.snapshot()?;
            let digest = snapshot.personal().digest(lookup);
            let found = LookupRow::records_with(&mut *snapshot.read().await?, record_type, &digest, MOST).await?;
            let found: BTreeSet<Uuid> = found.into_iter().collect();
            all = Some(match all {
                Some(all) => all.intersection(&found).copied().collect(),
                None => found,
            });
        }
        Ok(all.map(|all| all.into_iter().collect()))
    }

    /// Notes that incidents were found by it, or by who takes part. That they were is part of the answer also where no more is asked for than how many there are:
    /// a number alone tells that somebody is known.
    pub(crate) fn found(
        &self,
        ctx: &Context<'_>,
        by_person: bool,
        incidents: impl Iterator<Item = Uuid>,
    ) -> Result<(), QueryError> {
        for incident in incidents {
            if self.plate.is_some() {
                ctx.shows(incident, DataScope::Property)?;
            }
            if by_person {
                ctx.shows(incident, DataScope::Persons)?;
            }
            if self.personal_code.is_some() {
                ctx.shows(incident, DataScope::Persons)?;
                ctx.shows(incident, DataScope::PersonalCode)?;
            }
        }
        Ok(())
    }
}
