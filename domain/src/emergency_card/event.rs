use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{CardError, CardFile, Clock, ClockAnomaly, ForwardProgress, NoEmergency, ReviewFinding, ReviewScore};
use crate::classifier::{CardType, Disposition, Hazard};
use crate::kernel::{RecordedEvent, Refused, TakenNumber, Upcaster, domain_event};
use crate::personal::Personal;
use crate::terms::{Channel, Priority, Service};
use crate::values::{
    Actor, AlarmLevel, CardNumber, Casualties, Code, InstitutionCode, Narrative, NationalNumber, PersonName, Place,
    Reason, RecordingRef, Reporter, SourceCode,
};

/// What the response plans recommended when a unit was sent (reaģēšanas ieteikums).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanAdvice {
    /// Code of the plan that was followed in recommending.
    pub plan: Code,
    /// Its version.
    pub version: u32,
    /// Whether this unit was among those that it recommended.
    pub recommended: bool,
}

/// What happened to an emergency card, for ever. `at` is the envelope's `occurred_at`; the state needs it for the order of clocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CardEvent {
    /// A call was received and the card opened.
    CallReceived {
        /// Card number.
        number: CardNumber,
        /// How it came.
        channel: Channel,
        /// Institution that received it.
        institution: InstitutionCode,
        /// T0.
        received_at: DateTime<FixedOffset>,
        /// T1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answered_at: Option<DateTime<FixedOffset>>,
        /// Who called.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        caller: Option<Reporter>,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<Place>,
        /// What was said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        narrative: Option<Personal<Narrative>>,
        /// Where the recording is kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recording_ref: Option<RecordingRef>,
        /// Clocks out of order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        anomalies: Vec<ClockAnomaly>,
    },
    /// It was stated what it is and how urgent.
    CardQualified {
        /// What it is about.
        type_code: CardType,
        /// How urgent.
        priority: Priority,
        /// Confirmed place (T2).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<Place>,
        /// What endangers people there.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        hazards: BTreeSet<Hazard>,
        /// People believed hurt.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        casualties: Option<Casualties>,
        /// How large an alarm.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alarm_level: Option<AlarmLevel>,
        /// The source's own priority code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_priority: Option<SourceCode>,
        /// T3.
        at: DateTime<FixedOffset>,
        /// Clocks out of order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        anomalies: Vec<ClockAnomaly>,
    },
    /// What was stated was changed: only what is new.
    CardRequalified {
        /// New type.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        type_code: Option<CardType>,
        /// New priority.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        priority: Option<Priority>,
        /// New place.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<Place>,
        /// New set of hazards; none where they stay.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hazards: Option<BTreeSet<Hazard>>,
        /// New number of people believed hurt.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        casualties: Option<Casualties>,
        /// New alarm level.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alarm_level: Option<AlarmLevel>,
        /// New priority code of the source.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_priority: Option<SourceCode>,
        /// When.
        at: DateTime<FixedOffset>,
    },
    /// It was decided which services go.
    ServicesDecided {
        /// All services that go.
        services: BTreeSet<Service>,
        /// Why, where it departs from the plan.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Personal<Reason>>,
        /// T4 the first time.
        at: DateTime<FixedOffset>,
        /// Clocks out of order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        anomalies: Vec<ClockAnomaly>,
    },
    /// A service was told.
    ServiceNotified {
        /// Service.
        service: Service,
        /// T5.
        at: DateTime<FixedOffset>,
        /// Clocks out of order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        anomalies: Vec<ClockAnomaly>,
    },
    /// A service took it on.
    ServiceAccepted {
        /// Service.
        service: Service,
        /// T6.
        at: DateTime<FixedOffset>,
        /// Clocks out of order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        anomalies: Vec<ClockAnomaly>,
    },
    /// A unit was sent.
    UnitAttached {
        /// Unit.
        unit: Uuid,
        /// What the response plans recommended, where they were asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recommendation: Option<PlanAdvice>,
        /// Why, where it departs from that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        override_reason: Option<Personal<Reason>>,
        /// T7.
        at: DateTime<FixedOffset>,
        /// Clocks out of order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        anomalies: Vec<ClockAnomaly>,
    },
    /// A unit's part is over.
    UnitCleared {
        /// Unit.
        unit: Uuid,
        /// Whether it was taken away for another card.
        diverted: bool,
        /// T12.
        at: DateTime<FixedOffset>,
        /// Clocks out of order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        anomalies: Vec<ClockAnomaly>,
    },
    /// The card is done.
    CardCompleted {
        /// How it ended.
        disposition: Disposition,
        /// The source's own disposition.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_disposition: Option<SourceCode>,
        /// T13.
        at: DateTime<FixedOffset>,
        /// Clocks out of order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        anomalies: Vec<ClockAnomaly>,
    },
    /// It was tied to the incident that came of it.
    CardLinked {
        /// Incident.
        incident: Uuid,
    },
    /// It was confirmed where it is.
    LocationConfirmed {
        /// Where.
        place: Place,
        /// T2 the first time.
        at: DateTime<FixedOffset>,
        /// Clocks out of order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        anomalies: Vec<ClockAnomaly>,
    },
    /// Somebody told how it goes at the scene: only what is new.
    SituationUpdated {
        /// Whether it is under control.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        under_control: Option<bool>,
        /// New set of hazards; none where they stay.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hazards: Option<BTreeSet<Hazard>>,
        /// New number of people believed hurt.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        casualties: Option<Casualties>,
        /// What was told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Personal<Narrative>>,
        /// T11 where it came under control.
        at: DateTime<FixedOffset>,
        /// Clocks out of order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        anomalies: Vec<ClockAnomaly>,
    },
    /// A recording or another file belongs to it; the file itself is kept elsewhere.
    FileAdded {
        /// Which.
        file: CardFile,
        /// When.
        at: DateTime<FixedOffset>,
    },
    /// A service that has no system of its own here took it on over the telephone.
    HandedOverByPhone {
        /// Service.
        service: Service,
        /// Who took it on, by name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Personal<PersonName>>,
        /// T6, and T5 where it was not told before.
        at: DateTime<FixedOffset>,
        /// Clocks out of order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        anomalies: Vec<ClockAnomaly>,
    },
    /// It was no emergency: nobody goes.
    CardClosedNonEmergency {
        /// What it was instead.
        kind: NoEmergency,
        /// What the caller was told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Personal<Reason>>,
        /// T13.
        at: DateTime<FixedOffset>,
        /// Clocks out of order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        anomalies: Vec<ClockAnomaly>,
    },
    /// It was called off.
    CardCancelled {
        /// Why.
        reason: Personal<Reason>,
        /// T13.
        at: DateTime<FixedOffset>,
        /// Clocks out of order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        anomalies: Vec<ClockAnomaly>,
    },
    /// Nobody ended it, and its time was over.
    CardLapsed {
        /// When that was recorded.
        at: DateTime<FixedOffset>,
    },
    /// It was put away: nothing of it changes any more.
    CardArchived {
        /// When.
        at: DateTime<FixedOffset>,
    },
    /// Somebody found that it is about the same as another.
    DuplicateMarked {
        /// The card that goes on for both.
        of: Uuid,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Personal<Reason>>,
        /// When.
        at: DateTime<FixedOffset>,
    },
    /// It is not about the same after all.
    DuplicateUnmarked {
        /// The card that it was believed to be about the same as.
        of: Uuid,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Personal<Reason>>,
        /// When.
        at: DateTime<FixedOffset>,
    },
    /// Another card is about the same as this one.
    DuplicateTaken {
        /// The other.
        card: Uuid,
    },
    /// Another card is not about the same as this one after all.
    DuplicateReleased {
        /// The other.
        card: Uuid,
    },
    /// Somebody looked at how it was dealt with.
    CardReviewed {
        /// How well.
        score: ReviewScore,
        /// What was found.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        findings: BTreeSet<ReviewFinding>,
        /// In words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Personal<Narrative>>,
        /// Who looked.
        by: Actor,
        /// When.
        at: DateTime<FixedOffset>,
    },
    /// It was forwarded to an institution of the police, to be an incident there.
    CardForwarded {
        /// To whom.
        to: InstitutionCode,
        /// By whom.
        by: InstitutionCode,
        /// What they should know beside.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Personal<Reason>>,
        /// When.
        at: DateTime<FixedOffset>,
    },
    /// It is an incident there.
    ForwardReceived {
        /// Whose.
        to: InstitutionCode,
        /// The incident.
        incident: Uuid,
        /// Its number.
        number: NationalNumber,
        /// When.
        at: DateTime<FixedOffset>,
    },
    /// The institution gave it back.
    ForwardReturned {
        /// Which.
        to: InstitutionCode,
        /// The incident that it was there.
        incident: Uuid,
        /// Why.
        cause: Personal<Reason>,
        /// When.
        at: DateTime<FixedOffset>,
    },
    /// How it goes on there.
    ForwardProgressed {
        /// Whose.
        to: InstitutionCode,
        /// How far it is.
        progress: ForwardProgress,
        /// When.
        at: DateTime<FixedOffset>,
    },
}

domain_event! {
    CardEvent {
        CallReceived, CardQualified, CardRequalified, ServicesDecided, ServiceNotified, ServiceAccepted, UnitAttached,
        UnitCleared, CardCompleted, CardLinked, LocationConfirmed, SituationUpdated, FileAdded, HandedOverByPhone,
        CardClosedNonEmergency, CardCancelled, CardLapsed, CardArchived, DuplicateMarked, DuplicateUnmarked,
        DuplicateTaken, DuplicateReleased, CardReviewed, CardForwarded, ForwardReceived, ForwardReturned,
        ForwardProgressed,
    },
    upcasters: &[
        with_more_clocks("CallReceived"),
        with_more_clocks("CardQualified"),
        with_more_clocks("ServicesDecided"),
        with_more_clocks("ServiceNotified"),
        with_more_clocks("ServiceAccepted"),
        with_more_clocks("UnitAttached"),
        with_more_clocks("UnitCleared"),
        with_more_clocks("CardCompleted"),
    ]
}

/// Version 1 could name no clock T2 or T11 among those out of order; what it could say is said as before.
const fn with_more_clocks(event_type: &'static str) -> Upcaster {
    Upcaster { event_type, from: 1, upcast: |_| {} }
}

impl CardEvent {
    /// When it happened, of what happens at the place or the desk; none of what is only told of a card.
    #[must_use]
    pub fn clock_at(&self) -> Option<DateTime<FixedOffset>> {
        match self {
            Self::CallReceived { received_at, .. } => Some(*received_at),
            Self::CardQualified { at, .. }
            | Self::CardRequalified { at, .. }
            | Self::ServicesDecided { at, .. }
            | Self::ServiceNotified { at, .. }
            | Self::ServiceAccepted { at, .. }
            | Self::UnitAttached { at, .. }
            | Self::UnitCleared { at, .. }
            | Self::CardCompleted { at, .. }
            | Self::LocationConfirmed { at, .. }
            | Self::SituationUpdated { at, .. }
            | Self::HandedOverByPhone { at, .. }
            | Self::CardClosedNonEmergency { at, .. }
            | Self::CardCancelled { at, .. }
            | Self::CardLapsed { at } => Some(*at),
            _ => None,
        }
    }

    /// The clock that it tells, where it tells one.
    #[must_use]
    pub fn clock(&self) -> Option<Clock> {
        match self {
            Self::CallReceived { .. } => Some(Clock::Answered),
            Self::LocationConfirmed { .. } => Some(Clock::Located),
            Self::CardQualified { .. } => Some(Clock::Qualified),
            Self::ServicesDecided { .. } => Some(Clock::Decided),
            Self::ServiceNotified { .. } => Some(Clock::Notified),
            Self::ServiceAccepted { .. } | Self::HandedOverByPhone { .. } => Some(Clock::Accepted),
            Self::UnitAttached { .. } => Some(Clock::Attached),
            Self::SituationUpdated { .. } => Some(Clock::UnderControl),
            Self::UnitCleared { .. } => Some(Clock::Cleared),
            Self::CardCompleted { .. } | Self::CardClosedNonEmergency { .. } | Self::CardCancelled { .. } => {
                Some(Clock::Completed)
            }
            _ => None,
        }
    }

    /// Refuses what can't be: its clock would lie before one that comes first and ran already. For what a person enters; what a source
    /// system recorded so is kept and flagged. That a step is told late, after what should follow it, can well be.
    ///
    /// # Errors
    /// [`CardError::ClockImpossible`] for each such clock.
    pub fn possible(&self) -> Result<(), Refused<CardError>> {
        let own = self.clock();
        let impossible = self.anomalies().iter().filter(|anomaly| Some(anomaly.clock) == own);
        let broken =
            impossible.map(|anomaly| CardError::ClockImpossible { clock: anomaly.clock, before: anomaly.before });
        Refused::unless_empty(broken.collect())
    }

    /// Clocks that it puts out of order.
    #[must_use]
    pub fn anomalies(&self) -> &[ClockAnomaly] {
        match self {
            Self::CallReceived { anomalies, .. }
            | Self::CardQualified { anomalies, .. }
            | Self::ServicesDecided { anomalies, .. }
            | Self::ServiceNotified { anomalies, .. }
            | Self::ServiceAccepted { anomalies, .. }
            | Self::UnitAttached { anomalies, .. }
            | Self::UnitCleared { anomalies, .. }
            | Self::CardCompleted { anomalies, .. }
            | Self::LocationConfirmed { anomalies, .. }
            | Self::SituationUpdated { anomalies, .. }
            | Self::HandedOverByPhone { anomalies, .. }
            | Self::CardClosedNonEmergency { anomalies, .. }
            | Self::CardCancelled { anomalies, .. } => anomalies,
            Self::CardRequalified { .. }
            | Self::CardLinked { .. }
            | Self::FileAdded { .. }
            | Self::CardLapsed { .. }
            | Self::CardArchived { .. }
            | Self::DuplicateMarked { .. }
            | Self::DuplicateUnmarked { .. }
            | Self::DuplicateTaken { .. }
            | Self::DuplicateReleased { .. }
            | Self::CardReviewed { .. }
            | Self::CardForwarded { .. }
            | Self::ForwardReceived { .. }
            | Self::ForwardReturned { .. }
            | Self::ForwardProgressed { .. } => &[],
        }
    }
}

impl RecordedEvent for CardEvent {
    fn taken_number(&self) -> Option<TakenNumber> {
        match self {
            Self::CallReceived { number, .. } => Some(number.taken()),
            _ => None,
        }
    }
}
