//! Persons and organisations that take part in incidents.

use async_graphql::{Context, ID, Object};
use domain::access_day::DataScope;
use domain::classifier::CodeSystem;
use projections::case_file::{OrganisationRow, PersonRow};
use uuid::Uuid;

use super::common::{Code, id};
use super::personal::PersonIdentity;
use super::terms::{AgeBand, Identification, Protection, Sex};
use crate::error::QueryError;
use crate::loaders::Loading;
use crate::permits::{Guard, RecordPart};
use crate::snapshot::Given;

/// A person in an incident, whom the caller may see there.
pub(crate) struct InvolvedPerson {
    row: PersonRow,
    guard: Guard,
}

/// The persons of an incident whom the caller may see; none where they may see no person of it at all.
pub(crate) async fn persons(ctx: &Context<'_>, guard: Guard) -> Result<Option<Vec<InvolvedPerson>>, QueryError> {
    if !guard.shows(RecordPart::Persons) && !guard.shows(RecordPart::Suspects) {
        return Ok(None);
    }
    let rows = ctx.case_files()?.persons(guard.record).await?;
    let seen = rows.into_iter().filter(|row| guard.shows(RecordPart::of_person(&row.roles)));
    let seen: Vec<_> = seen.map(|row| InvolvedPerson { row, guard }).collect();
    if !seen.is_empty() {
        ctx.shows(guard.record, DataScope::Persons)?;
    }
    Ok(Some(seen))
}

/// The person of an incident that something of it names, where the caller may see them.
pub(crate) async fn person(
    ctx: &Context<'_>,
    guard: Guard,
    subject: Option<Uuid>,
) -> Result<Option<InvolvedPerson>, QueryError> {
    let Some(subject) = subject else { return Ok(None) };
    let rows = ctx.case_files()?.persons(guard.record).await?;
    let named = rows.into_iter().find(|row| row.subject == subject);
    let seen = named.filter(|row| guard.shows(RecordPart::of_person(&row.roles)));
    if seen.is_some() {
        ctx.shows(guard.record, DataScope::Persons)?;
    }
    Ok(seen.map(|row| InvolvedPerson { row, guard }))
}

/// A person in an incident (iesaistītā persona): what they are in this one.
#[Object]
impl InvolvedPerson {
    /// The data subject (datu subjekts): the same person has the same one wherever it is known that they are.
    async fn subject(&self) -> ID {
        id(self.row.subject)
    }

    /// What they are in the incident (loma notikumā).
    async fn roles(&self) -> Vec<Code> {
        Code::each(CodeSystem::PersonRole, &*self.row.roles)
    }

    /// How well it is known who they are.
    async fn identification(&self) -> Result<Identification, QueryError> {
        Identification::of_code(&self.row.identification)
    }

    /// Whether they are under 18.
    async fn minor(&self) -> bool {
        self.row.minor
    }

    /// Why they are protected; empty where they are not.
    async fn protections(&self) -> Result<Vec<Protection>, QueryError> {
        self.row.protections.iter().map(|code| Protection::of_code(code)).collect()
    }

    /// How old they were when it happened.
    async fn age_band(&self) -> Result<Option<AgeBand>, QueryError> {
        self.row.age_band.as_deref().map(AgeBand::of_code).transpose()
    }

    /// Sex, as it was given.
    async fn sex(&self) -> Result<Option<Sex>, QueryError> {
        self.row.sex.as_deref().map(Sex::of_code).transpose()
    }

    /// Country of their citizenship (ISO 3166-1).
    async fn citizenship(&self) -> Option<&str> {
        self.row.citizenship.as_deref()
    }

    /// Whether the personal code's check digit and date held when it was given; null where none was.
    async fn personal_code_verified(&self) -> Option<bool> {
        self.row.personal_code_verified
    }

    /// Who they are: personal data.
    async fn identity(&self, ctx: &Context<'_>) -> Result<PersonIdentity, QueryError> {
        self.guard.identity(ctx, RecordPart::of_person(&self.row.roles), &self.row.identity).await
    }
}

/// An organisation in an incident.
pub(crate) struct InvolvedOrganisation(OrganisationRow);

/// The organisations of an incident; none where they are kept from the caller.
pub(crate) async fn organisations(
    ctx: &Context<'_>,
    guard: Guard,
) -> Result<Option<Vec<InvolvedOrganisation>>, QueryError> {
    if !guard.shows(RecordPart::Persons) {
        return Ok(None);
    }
    let rows = ctx.case_files()?.organisations(guard.record).await?;
    Ok(Some(rows.into_iter().map(InvolvedOrganisation).collect()))
}

/// An organisation in an incident (organizācija).
#[Object]
impl InvolvedOrganisation {
    /// Id of its involvement.
    async fn id(&self) -> ID {
        id(self.0.id)
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Its registration number.
    async fn number(&self) -> Option<&str> {
        self.0.number.as_deref()
    }

    /// What it is in the incident.
    async fn roles(&self) -> Vec<Code> {
        Code::each(CodeSystem::PersonRole, &*self.0.roles)
    }
}
