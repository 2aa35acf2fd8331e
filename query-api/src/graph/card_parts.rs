//! What belongs to an emergency card: services, units, files, forwardings, its review.

use async_graphql::{Context, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::classifier::CodeSystem;
use projections::cards::{CardForwardRow, CardRow, CardUnitRow};

use super::common::Code;
use super::incident::Incident;
use super::personal::PersonalText;
use super::terms::{FileKind, ForwardStage, IncidentStatus, ReviewCause, ReviewFinding, Service, UnitKind};
use super::unit::Unit;
use crate::error::QueryError;
use crate::loaders::Loading;
use crate::permits::{Guard, RecordPart};

/// A recording or another file of a card (ieraksts, datne).
#[derive(SimpleObject, Debug, Clone, PartialEq)]
pub(crate) struct CardFile {
    /// What it is.
    pub(crate) kind: FileKind,
    /// Where it is kept.
    pub(crate) reference: String,
    /// SHA-256 of its content, 64 hexadecimal digits.
    pub(crate) sha256: String,
    /// Its length in bytes, as text: it may be more than a number of GraphQL holds.
    pub(crate) length: String,
    /// How long it plays, in seconds.
    pub(crate) duration_s: Option<u32>,
}

impl CardFile {
    pub(super) fn of(file: &domain::emergency_card::CardFile) -> Result<Self, QueryError> {
        Ok(Self {
            kind: FileKind::of_code(file.kind.code())?,
            reference: file.reference.to_string(),
            sha256: file.sha256.to_string(),
            length: file.length.to_string(),
            duration_s: file.duration_s,
        })
    }
}

/// How well a card was dealt with (kvalitātes kontrole).
#[derive(SimpleObject, Debug, Clone, PartialEq)]
pub(crate) struct CardReview {
    /// Why it must be looked at; null where it need not be.
    pub(crate) due: Option<ReviewCause>,
    /// When it was looked at last.
    pub(crate) reviewed_at: Option<DateTime<Utc>>,
    /// How well it was dealt with, of 100.
    pub(crate) score: Option<i32>,
    /// What was found.
    pub(crate) findings: Vec<ReviewFinding>,
}

impl CardReview {
    pub(super) fn of(row: &CardRow) -> Result<Self, QueryError> {
        Ok(Self {
            due: row.review_cause.as_deref().map(ReviewCause::of_code).transpose()?,
            reviewed_at: row.reviewed_at,
            score: row.review_score,
            findings: row.findings.iter().map(|code| ReviewFinding::of_code(code)).collect::<Result<_, _>>()?,
        })
    }
}

/// A card with an institution that it was forwarded to.
pub(crate) struct CardForward {
    pub(super) row: CardForwardRow,
    pub(super) guard: Guard,
}

/// A card with an institution of the police that it was forwarded to (nodošana policijai).
#[Object]
impl CardForward {
    /// To whom.
    async fn institution(&self) -> &str {
        &self.row.institution
    }

    /// By whom.
    async fn forwarded_by(&self) -> &str {
        &self.row.forwarded_by
    }

    /// How far it is.
    async fn stage(&self) -> Result<ForwardStage, QueryError> {
        ForwardStage::of_code(&self.row.stage)
    }

    /// When it was forwarded.
    async fn forwarded_at(&self) -> DateTime<Utc> {
        self.row.forwarded_at
    }

    /// What they were told beside: personal data.
    async fn note(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>, QueryError> {
        self.guard.narrative(ctx, self.row.note.as_deref()).await
    }

    /// Number of the incident that it is there.
    async fn number(&self) -> Option<&str> {
        self.row.number.as_deref()
    }

    /// When it became that.
    async fn received_at(&self) -> Option<DateTime<Utc>> {
        self.row.received_at
    }

    /// When it was given back.
    async fn returned_at(&self) -> Option<DateTime<Utc>> {
        self.row.returned_at
    }

    /// Why it was given back: personal data.
    async fn cause(&self, ctx: &Context<'_>) -> Result<Option<PersonalText>, QueryError> {
        self.guard.narrative(ctx, self.row.cause.as_deref()).await
    }

    /// Where the incident stands, as the card was told.
    async fn status(&self) -> Result<Option<IncidentStatus>, QueryError> {
        self.row.status.as_deref().map(IncidentStatus::of_code).transpose()
    }

    /// How it was dealt with there.
    async fn result(&self) -> Option<Code> {
        let result = self.guard.part(RecordPart::Result, self.row.result.as_deref()).flatten();
        Code::maybe(CodeSystem::Result, result)
    }

    /// How it ended there.
    async fn disposition(&self) -> Option<Code> {
        let disposition = self.guard.part(RecordPart::Result, self.row.disposition.as_deref()).flatten();
        Code::maybe(CodeSystem::Disposition, disposition)
    }

    /// The incident itself; null where the caller may not see it.
    async fn incident(&self, ctx: &Context<'_>) -> Result<Option<Incident>, QueryError> {
        ctx.incident(self.row.incident).await
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

/// A unit's part in a card.
pub(crate) struct CardUnit(pub(super) CardUnitRow);

/// A unit's part in a card (ekipāža kartiņā).
#[Object]
impl CardUnit {
    /// Call sign of the unit.
    async fn call_sign(&self) -> Option<&str> {
        self.0.call_sign.as_deref()
    }

    /// Institution that the unit belongs to.
    async fn institution(&self) -> Option<&str> {
        self.0.institution.as_deref()
    }

    /// What the unit is.
    async fn kind(&self) -> Result<Option<UnitKind>, QueryError> {
        self.0.kind.as_deref().map(UnitKind::of_code).transpose()
    }

    /// The unit, as it is now.
    async fn unit(&self, ctx: &Context<'_>) -> Result<Option<Unit>, QueryError> {
        ctx.unit(Some(self.0.unit)).await
    }

    /// When it did what.
    async fn clocks(&self) -> UnitClocks {
        UnitClocks {
            attached: self.0.attached_at,
            acknowledged: self.0.acknowledged_at,
            en_route: self.0.en_route_at,
            on_scene: self.0.on_scene_at,
            transporting: self.0.transporting_at,
            at_destination: self.0.at_destination_at,
            cleared: self.0.cleared_at,
        }
    }

    /// From attached (T7) to on scene (T10), in seconds; null where either is not known, negative where they contradict.
    async fn travel_seconds(&self) -> Option<i64> {
        Some((self.0.on_scene_at? - self.0.attached_at?).num_seconds())
    }

    /// Whether it was taken away for another card.
    async fn diverted(&self) -> bool {
        self.0.diverted
    }

    /// Its clocks out of order and impossible reports on this card.
    async fn anomalies(&self) -> i32 {
        self.0.anomalies
    }
}

/// The clocks of a unit on a card; where something was told more than once, the earliest counts.
#[derive(SimpleObject, Debug, Clone, PartialEq)]
pub(crate) struct UnitClocks {
    /// T7: it was sent.
    pub(crate) attached: Option<DateTime<Utc>>,
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
