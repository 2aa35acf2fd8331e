use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};
use uuid::Uuid;

use super::PlanAdvice;
use crate::classifier::{CardType, Disposition, Hazard};
use crate::personal::Personal;
use crate::terms::{Channel, Priority, Service};
use crate::values::{
    AlarmLevel, Casualties, InstitutionCode, Narrative, Place, Reason, RecordingRef, Reporter, SourceCode,
};

/// What can be asked of an emergency card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardCommand {
    /// Opens it.
    ReceiveCall(Box<ReceiveCall>),
    /// States what it is and how urgent.
    QualifyCard(Box<QualifyCard>),
    /// Decides which services go.
    DecideServices(DecideServices),
    /// A service was told.
    NotifyService(NotifyService),
    /// A service took it on.
    AcceptService(AcceptService),
    /// A unit is sent.
    AttachUnit(AttachUnit),
    /// A unit's part is over.
    ClearUnit(ClearUnit),
    /// Ends it.
    CompleteCard(CompleteCard),
    /// Ties it to the incident that came of it.
    LinkIncident(LinkIncident),
}

/// A call was received: the envelope's `occurred_at` is T0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiveCall {
    /// How it came.
    pub channel: Channel,
    /// Who called.
    pub caller: Option<Reporter>,
    /// Where.
    pub place: Option<Place>,
    /// When the call was answered (T1).
    pub answered_at: Option<DateTime<FixedOffset>>,
    /// What was said.
    pub narrative: Option<Personal<Narrative>>,
    /// Where the recording is kept.
    pub recording_ref: Option<RecordingRef>,
    /// Institution that received it: the caller's own.
    pub institution: InstitutionCode,
}

/// States what it is and how urgent (T3); again while the card is open, it changes what is given and leaves the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QualifyCard {
    /// What it is about; needed the first time.
    pub type_code: Option<CardType>,
    /// How urgent; needed the first time.
    pub priority: Option<Priority>,
    /// Confirmed place (T2).
    pub place: Option<Place>,
    /// What endangers people there; none leaves those that are known.
    pub hazards: BTreeSet<Hazard>,
    /// People believed hurt.
    pub casualties: Option<Casualties>,
    /// How large an alarm.
    pub alarm_level: Option<AlarmLevel>,
    /// The source's own priority code.
    pub source_priority: Option<SourceCode>,
}

/// Decides which services go (T4); again while the card is open, the new set stands in place of the one before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DecideServices {
    /// Services that go.
    pub services: BTreeSet<Service>,
    /// Why, where it departs from the plan.
    pub reason: Option<Personal<Reason>>,
}

/// A decided service was told (T5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifyService {
    /// Service.
    pub service: Service,
}

/// A told service took it on (T6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptService {
    /// Service.
    pub service: Service,
}

/// Sends a unit (T7); the unit itself gets `UnitCommand::Assign` with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachUnit {
    /// Unit.
    pub unit: Uuid,
    /// What the response plans recommended, where they were asked.
    pub recommendation: Option<PlanAdvice>,
    /// Why, where it departs from that.
    pub override_reason: Option<Personal<Reason>>,
}

impl AttachUnit {
    /// Sends it without having asked what the response plans recommend.
    #[must_use]
    pub fn unasked(unit: Uuid) -> Self {
        Self { unit, recommendation: None, override_reason: None }
    }
}

/// Ends a unit's part (T12); the unit itself gets `UnitCommand::Release` with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClearUnit {
    /// Unit.
    pub unit: Uuid,
    /// Whether it was taken away for another card.
    pub diverted: bool,
}

/// Ends the card (T13).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompleteCard {
    /// How it ended.
    pub disposition: Disposition,
    /// The source's own disposition.
    pub source_disposition: Option<SourceCode>,
}

/// Ties the card to the incident that came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkIncident {
    /// Incident.
    pub incident: Uuid,
}
