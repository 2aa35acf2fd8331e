use chrono::{DateTime, FixedOffset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::kernel::{RecordedEvent, domain_event};
use crate::lang::terms;
use crate::terms::{UnitKind, UnitStatus};
use crate::values::{CallSign, InstitutionCode, SourceCode, Station};

terms! {
    /// What is odd about what a unit reported: kept and flagged, never refused.
    UnitAnomaly("unit anomaly") {
        /// The status doesn't follow from the one before.
        IllegalJump = "illegal_jump", "Neiespējama statusa maiņa", "Illegal jump of status";
        /// It lies before what is already known of the unit; the present status stays.
        OutOfOrder = "out_of_order", "Ārpus laika secības", "Out of order in time";
        /// It was given a card while it wasn't available.
        NotAvailable = "not_available", "Ekipāža nebija brīva", "Unit was not available";
    }
}

/// What happened to a unit, for ever. `at` is the envelope's `occurred_at`; the state needs it for the order of reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum UnitEvent {
    /// It was made known; off duty.
    UnitRegistered {
        /// Owner.
        institution: InstitutionCode,
        /// Call sign.
        call_sign: CallSign,
        /// What it is.
        kind: UnitKind,
        /// Home station.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        station: Option<Station>,
        /// The source's own kind.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_kind: Option<SourceCode>,
    },
    /// Its crew came on duty; available.
    DutyStarted {
        /// When.
        at: DateTime<FixedOffset>,
        /// What is odd.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        anomalies: Vec<UnitAnomaly>,
    },
    /// Its crew went off duty.
    DutyEnded {
        /// When.
        at: DateTime<FixedOffset>,
        /// What is odd.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        anomalies: Vec<UnitAnomaly>,
    },
    /// It said what it is doing.
    StatusReported {
        /// In the register's terms.
        status: UnitStatus,
        /// In the sender's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        vendor_code: Option<SourceCode>,
        /// Card that it is on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        card: Option<Uuid>,
        /// When.
        at: DateTime<FixedOffset>,
        /// What is odd.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        anomalies: Vec<UnitAnomaly>,
    },
    /// It was given a card; assigned.
    UnitAssigned {
        /// Card.
        card: Uuid,
        /// When.
        at: DateTime<FixedOffset>,
        /// What is odd.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        anomalies: Vec<UnitAnomaly>,
    },
    /// Its part in a card is over.
    UnitReleased {
        /// Card.
        card: Uuid,
        /// Card that it was taken away for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        diverted_to: Option<Uuid>,
        /// Its status from then on.
        status: UnitStatus,
        /// When.
        at: DateTime<FixedOffset>,
        /// What is odd.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        anomalies: Vec<UnitAnomaly>,
    },
}

impl UnitEvent {
    /// Status of the unit after it; nothing where it doesn't change the present one because it came out of order.
    #[must_use]
    pub fn status_after(&self) -> Option<UnitStatus> {
        match self {
            _ if self.anomalies().contains(&UnitAnomaly::OutOfOrder) => None,
            Self::UnitRegistered { .. } | Self::DutyEnded { .. } => Some(UnitStatus::OffDuty),
            Self::DutyStarted { .. } => Some(UnitStatus::Available),
            Self::UnitAssigned { .. } => Some(UnitStatus::Assigned),
            Self::StatusReported { status, .. } | Self::UnitReleased { status, .. } => Some(*status),
        }
    }

    /// When it happened; nothing for the registration.
    #[must_use]
    pub fn at(&self) -> Option<DateTime<FixedOffset>> {
        match self {
            Self::UnitRegistered { .. } => None,
            Self::DutyStarted { at, .. }
            | Self::DutyEnded { at, .. }
            | Self::StatusReported { at, .. }
            | Self::UnitAssigned { at, .. }
            | Self::UnitReleased { at, .. } => Some(*at),
        }
    }

    /// What is odd about it.
    #[must_use]
    pub fn anomalies(&self) -> &[UnitAnomaly] {
        match self {
            Self::UnitRegistered { .. } => &[],
            Self::DutyStarted { anomalies, .. }
            | Self::DutyEnded { anomalies, .. }
            | Self::StatusReported { anomalies, .. }
            | Self::UnitAssigned { anomalies, .. }
            | Self::UnitReleased { anomalies, .. } => anomalies,
        }
    }
}

domain_event! {
    UnitEvent { UnitRegistered, DutyStarted, DutyEnded, StatusReported, UnitAssigned, UnitReleased }
}

impl RecordedEvent for UnitEvent {}
