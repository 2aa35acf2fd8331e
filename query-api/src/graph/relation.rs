//! What was done in incidents, what they are tied to, and where they were transferred.

use async_graphql::{Context, Enum, ID, Object};
use chrono::{DateTime, Utc};
use domain::access_day::DataScope;
use domain::classifier::CodeSystem;
use projections::case_file::{self, ActionRow, LinkRow, TransferRow};

use super::common::{Code, id};
use super::incident::Incident;
use super::personal::{PersonalText, Told};
use super::terms::{Confidence, LinkKind};
use super::unit::Unit;
use crate::error::QueryError;
use crate::loaders::Loading;
use crate::permits::{Guard, RecordPart};

/// Something that officers did.
pub(crate) struct ActionTaken {
    row: ActionRow,
    guard: Guard,
}

/// What was done in an incident; none where what came of it is kept from the caller.
pub(crate) async fn actions(ctx: &Context<'_>, guard: Guard) -> Result<Option<Vec<ActionTaken>>, QueryError> {
    if !guard.shows(RecordPart::Result) {
        return Ok(None);
    }
    let rows = ctx.case_files()?.actions(guard.record).await?;
    Ok(Some(rows.into_iter().map(|row| ActionTaken { row, guard }).collect()))
}

/// Something that officers did (veiktā darbība).
#[Object]
impl ActionTaken {
    /// What.
    async fn action(&self) -> Code {
        Code::of(CodeSystem::Action, &self.row.action)
    }

    /// When.
    async fn at(&self) -> DateTime<Utc> {
        self.row.at
    }

    /// Unit that did it; null where units are kept from the caller.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<Unit>, QueryError> {
        ctx.unit(self.guard.part(RecordPart::Units, self.row.unit).flatten()).await
    }

    /// Service number of the officer who did it; null where units are kept from the caller.
    async fn officer(&self) -> Option<&str> {
        self.guard.part(RecordPart::Units, self.row.officer.as_deref()).flatten()
    }

    /// What came of it: personal data.
    async fn note(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>, QueryError> {
        self.guard.narrative(ctx, self.row.note.as_deref()).await
    }
}

/// What ties an incident to another (sasaiste).
pub(crate) struct IncidentLink(LinkRow);

/// What an incident is tied to.
pub(crate) async fn links(ctx: &Context<'_>, guard: Guard) -> Result<Vec<IncidentLink>, QueryError> {
    Ok(ctx.case_files()?.links(guard.record).await?.into_iter().map(IncidentLink).collect())
}

/// What ties an incident to another (sasaiste).
#[Object]
impl IncidentLink {
    /// How, seen from this incident.
    async fn kind(&self) -> Result<LinkKind, QueryError> {
        LinkKind::of_code(&self.0.kind)
    }

    /// How sure that is.
    async fn confidence(&self) -> Result<Confidence, QueryError> {
        Confidence::of_code(&self.0.confidence)
    }

    /// The other; null where it is kept from the caller.
    async fn incident(&self, ctx: &Context<'_>) -> Result<Option<Incident>, QueryError> {
        ctx.incident(Some(self.0.other)).await
    }
}

/// How a transfer stands (nodošanas stāvoklis).
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "projections::case_file::TransferState")]
pub(crate) enum TransferState {
    /// It waits for an answer.
    Offered,
    /// The other institution took it on.
    Accepted,
    /// It did not.
    Rejected,
    /// The offer was taken back.
    Withdrawn,
    /// Nobody answered in time.
    Expired,
    /// It was taken on and dealt with.
    Completed,
    /// It was taken on and could not be dealt with.
    Aborted,
    /// It was taken on and went back.
    Returned,
}

/// A transfer of an incident to another institution.
pub(crate) struct Transfer {
    row: TransferRow,
    guard: Guard,
}

/// The transfers of an incident, in the order in which they were offered.
pub(crate) async fn transfers(ctx: &Context<'_>, guard: Guard) -> Result<Vec<Transfer>, QueryError> {
    let rows = ctx.case_files()?.transfers(guard.record).await?;
    Ok(rows.into_iter().map(|row| Transfer { row, guard }).collect())
}

impl Transfer {
    /// Whether it waits for an answer.
    pub(crate) fn is_pending(&self) -> bool {
        self.row.state == case_file::TransferState::Offered.code()
    }

    fn told(&self) -> Told {
        Told { sealed_in: self.guard.record, scope: DataScope::Narrative }
    }
}

/// A transfer of an incident to another institution (nodošana izskatīšanai). Until it is accepted, who offered it answers for the
/// incident.
#[Object]
impl Transfer {
    /// Id of the transfer, which both institutions know it by.
    async fn id(&self) -> ID {
        id(self.row.transfer)
    }

    /// Institution that offered it.
    #[graphql(name = "from")]
    async fn from_institution(&self) -> &str {
        &self.row.from_institution
    }

    /// Institution that it was offered to.
    #[graphql(name = "to")]
    async fn to_institution(&self) -> &str {
        &self.row.to_institution
    }

    /// How it stands.
    async fn state(&self) -> Result<TransferState, QueryError> {
        let state = case_file::TransferState::of_code(&self.row.state);
        state.map(Into::into).ok_or_else(|| QueryError::internal("a read model holds a transfer in an unknown state"))
    }

    /// When it was offered.
    async fn offered_at(&self) -> DateTime<Utc> {
        self.row.offered_at
    }

    /// Until when it has to be accepted.
    async fn deadline(&self) -> DateTime<Utc> {
        self.row.deadline
    }

    /// Why it was offered: personal data.
    async fn reason(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>, QueryError> {
        self.guard.text(ctx, self.told(), RecordPart::Narrative, Some(&self.row.reason)).await
    }

    /// Why it was rejected.
    async fn cause(&self) -> Option<Code> {
        Code::maybe(CodeSystem::TransferCause, self.row.cause.as_deref())
    }

    /// The same in words, or what came of it: personal data.
    async fn note(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>, QueryError> {
        self.guard.text(ctx, self.told(), RecordPart::Narrative, self.row.note.as_deref()).await
    }

    /// When it was accepted or rejected.
    async fn answered_at(&self) -> Option<DateTime<Utc>> {
        self.row.answered_at
    }

    /// When it was over.
    async fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.row.ended_at
    }
}
