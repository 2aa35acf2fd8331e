use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Crew, VendorScheme};
use crate::kernel::{RecordedEvent, domain_event};
use crate::lang::terms;
use crate::terms::{UnitKind, UnitStatus};
use crate::values::{CallSign, Code, InstitutionCode, SourceCode, Station, TerritoryCode};

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
        /// Territory that it is there for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        territory: Option<TerritoryCode>,
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
        /// List that the sender's code is of.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        vendor_scheme: Option<VendorScheme>,
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
    /// Its crew is this from then on, until it changes or the duty ends.
    CrewChanged {
        /// Who is in it.
        crew: Crew,
        /// When.
        at: DateTime<FixedOffset>,
        /// What is odd.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        anomalies: Vec<UnitAnomaly>,
    },
    /// It carries this from then on; what was out of service and is still carried stays so.
    EquipmentChanged {
        /// Codes of all that it carries.
        equipment: BTreeSet<Code>,
        /// When.
        at: DateTime<FixedOffset>,
        /// What is odd.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        anomalies: Vec<UnitAnomaly>,
    },
    /// Some of what it carries can't be used.
    EquipmentOutOfService {
        /// Codes of that.
        equipment: BTreeSet<Code>,
        /// When.
        at: DateTime<FixedOffset>,
        /// What is odd.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        anomalies: Vec<UnitAnomaly>,
    },
    /// It can be used again.
    EquipmentBackInService {
        /// Codes of that.
        equipment: BTreeSet<Code>,
        /// When.
        at: DateTime<FixedOffset>,
        /// What is odd.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        anomalies: Vec<UnitAnomaly>,
    },
}

impl UnitEvent {
    /// Status of the unit after it; nothing where it doesn't change the present one: it came out of order, or tells something else.
    #[must_use]
    pub fn status_after(&self) -> Option<UnitStatus> {
        match self {
            _ if self.anomalies().contains(&UnitAnomaly::OutOfOrder) => None,
            Self::UnitRegistered { .. } | Self::DutyEnded { .. } => Some(UnitStatus::OffDuty),
            Self::DutyStarted { .. } => Some(UnitStatus::Available),
            Self::UnitAssigned { .. } => Some(UnitStatus::Assigned),
            Self::CrewChanged { .. }
            | Self::EquipmentChanged { .. }
            | Self::EquipmentOutOfService { .. }
            | Self::EquipmentBackInService { .. } => None,
            Self::StatusReported { status, .. } | Self::UnitReleased { status, .. } => Some(*status),
        }
    }

    /// Whether a duty begins or ends with it, where the unit did `before` until then.
    #[must_use]
    pub fn changes_duty(&self, before: UnitStatus) -> bool {
        let off = |status| status == UnitStatus::OffDuty;
        self.status_after().is_some_and(|after| off(after) != off(before))
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
            | Self::UnitReleased { at, .. }
            | Self::CrewChanged { at, .. }
            | Self::EquipmentChanged { at, .. }
            | Self::EquipmentOutOfService { at, .. }
            | Self::EquipmentBackInService { at, .. } => Some(*at),
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
            | Self::UnitReleased { anomalies, .. }
            | Self::CrewChanged { anomalies, .. }
            | Self::EquipmentChanged { anomalies, .. }
            | Self::EquipmentOutOfService { anomalies, .. }
            | Self::EquipmentBackInService { anomalies, .. } => anomalies,
        }
    }
}

domain_event! {
    UnitEvent {
        UnitRegistered, DutyStarted, DutyEnded, StatusReported, UnitAssigned, UnitReleased, CrewChanged, EquipmentChanged,
        EquipmentOutOfService, EquipmentBackInService,
    }
}

impl RecordedEvent for UnitEvent {}
