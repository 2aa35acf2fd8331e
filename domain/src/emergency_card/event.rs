use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};
use cqrs_es::DomainEvent;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ClockAnomaly;
use crate::classifier::{CardType, Disposition, Hazard};
use crate::kernel::{RecordedEvent, TakenNumber};
use crate::personal::Personal;
use crate::terms::{Channel, Priority, Service};
use crate::values::{CardNumber, InstitutionCode, Narrative, Place, Reason, RecordingRef, Reporter, SourceCode};

/// What happened to an emergency card, for ever. `at` is the envelope's `occurred_at`; the state needs it for the order of clocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "events are read and written one at a time, and matched everywhere")]
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
        casualties: Option<u32>,
        /// 1 is the ordinary alarm.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alarm_level: Option<u32>,
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
        casualties: Option<u32>,
        /// New alarm level.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alarm_level: Option<u32>,
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
}

impl DomainEvent for CardEvent {
    fn event_type(&self) -> String {
        let name = match self {
            Self::CallReceived { .. } => "CallReceived",
            Self::CardQualified { .. } => "CardQualified",
            Self::CardRequalified { .. } => "CardRequalified",
            Self::ServicesDecided { .. } => "ServicesDecided",
            Self::ServiceNotified { .. } => "ServiceNotified",
            Self::ServiceAccepted { .. } => "ServiceAccepted",
            Self::UnitAttached { .. } => "UnitAttached",
            Self::UnitCleared { .. } => "UnitCleared",
            Self::CardCompleted { .. } => "CardCompleted",
            Self::CardLinked { .. } => "CardLinked",
        };
        name.to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
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
