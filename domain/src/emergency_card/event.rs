use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ClockAnomaly;
use crate::classifier::{CardType, Disposition, Hazard};
use crate::kernel::{RecordedEvent, TakenNumber, domain_event};
use crate::personal::Personal;
use crate::terms::{Channel, Priority, Service};
use crate::values::{
    AlarmLevel, CardNumber, Casualties, Code, InstitutionCode, Narrative, Place, Reason, RecordingRef, Reporter,
    SourceCode,
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
}

domain_event! {
    CardEvent { CallReceived, CardQualified, CardRequalified, ServicesDecided, ServiceNotified, ServiceAccepted, UnitAttached, UnitCleared, CardCompleted, CardLinked }
}

impl RecordedEvent for CardEvent {
    fn taken_number(&self) -> Option<TakenNumber> {
        match self {
            Self::CallReceived { number, .. } => Some(number.taken()),
            _ => None,
        }
    }
}
