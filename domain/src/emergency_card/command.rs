use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};
use uuid::Uuid;

use super::{CardFile, ForwardProgress, NoEmergency, PlanAdvice, ReviewFinding, ReviewScore};
use crate::classifier::{CardType, Disposition, Hazard};
use crate::personal::Personal;
use crate::terms::{Channel, Priority, Service};
use crate::values::{
    Actor, AlarmLevel, Casualties, InstitutionCode, Narrative, NationalNumber, PersonName, Place, Reason, RecordingRef,
    Reporter, SourceCode,
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
    /// Confirms where it is.
    ConfirmLocation(ConfirmLocation),
    /// Tells how it goes at the scene.
    UpdateSituation(UpdateSituation),
    /// Adds a recording or another file.
    AddFile(CardFile),
    /// A service took it on over the telephone.
    HandOverByPhone(HandOverByPhone),
    /// Ends it as no emergency.
    CloseNonEmergency(CloseNonEmergency),
    /// Calls it off.
    CancelCard(CancelCard),
    /// Ends what nobody ended in time: the register's own timer.
    LapseCard,
    /// Puts it away in time: the register's own timer.
    ArchiveCard,
    /// Marks it as about the same as another; the other gets [`CardCommand::TakeDuplicate`] with it.
    MarkDuplicate(MarkDuplicate),
    /// Takes that back; the other gets [`CardCommand::ReleaseDuplicate`] with it.
    UnmarkDuplicate(UnmarkDuplicate),
    /// Another is about the same as this one.
    TakeDuplicate(Uuid),
    /// Another is not about the same after all.
    ReleaseDuplicate(Uuid),
    /// Looks at how it was dealt with.
    ReviewCard(Box<ReviewCard>),
    /// Forwards it to an institution of the police.
    ForwardCard(ForwardCard),
    /// It is an incident there; the incident is registered with it.
    ReceiveForward(ReceiveForward),
    /// The institution gives it back; the incident gets `IncidentCommand::ReturnIncident` with it.
    ReturnForward(ReturnForward),
    /// Tells how it goes on there.
    ReportForward(ReportForward),
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

/// Confirms where it is (T2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmLocation {
    /// Where.
    pub place: Place,
}

/// Tells how it goes at the scene; what is not given stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpdateSituation {
    /// Whether it is under control (T11).
    pub under_control: Option<bool>,
    /// New set of hazards; the ones that are known stay where it is empty.
    pub hazards: BTreeSet<Hazard>,
    /// New number of people believed hurt.
    pub casualties: Option<Casualties>,
    /// What was told.
    pub note: Option<Personal<Narrative>>,
}

/// A service took it on over the telephone (T6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOverByPhone {
    /// Service.
    pub service: Service,
    /// Who took it on, by name.
    pub to: Option<Personal<PersonName>>,
}

/// Ends it as no emergency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseNonEmergency {
    /// What it was instead.
    pub kind: NoEmergency,
    /// What the caller was told.
    pub note: Option<Personal<Reason>>,
}

/// Calls it off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelCard {
    /// Why.
    pub reason: Personal<Reason>,
}

/// Marks it as about the same as another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkDuplicate {
    /// The card that goes on for both.
    pub of: Uuid,
    /// Why.
    pub reason: Option<Personal<Reason>>,
}

/// Takes it back that it is about the same as another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnmarkDuplicate {
    /// Why.
    pub reason: Option<Personal<Reason>>,
}

/// Looks at how it was dealt with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewCard {
    /// How well.
    pub score: ReviewScore,
    /// What was found.
    pub findings: BTreeSet<ReviewFinding>,
    /// In words.
    pub note: Option<Personal<Narrative>>,
    /// Who looks.
    pub by: Actor,
}

/// Forwards it to an institution of the police, to be an incident there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardCard {
    /// To whom.
    pub to: InstitutionCode,
    /// By whom: the caller's own institution.
    pub by: InstitutionCode,
    /// What they should know beside.
    pub note: Option<Personal<Reason>>,
}

/// It is an incident of whom it was forwarded to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiveForward {
    /// Whose.
    pub to: InstitutionCode,
    /// The incident.
    pub incident: Uuid,
    /// Its number.
    pub number: NationalNumber,
    /// When: the incident itself began with the call.
    pub at: DateTime<FixedOffset>,
}

/// Whom it was forwarded to gives it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnForward {
    /// The incident that it was there.
    pub incident: Uuid,
    /// Why.
    pub cause: Personal<Reason>,
}

/// Tells how it goes on where it was forwarded to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportForward {
    /// How far it is.
    pub progress: ForwardProgress,
}
