use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Assignee;
use crate::classifier::{Disposition, IncidentType, ResultCode};
use crate::kernel::{RecordedEvent, TakenNumber, domain_event};
use crate::personal::Personal;
use crate::terms::{Category, Channel};
use crate::values::{CaseRef, InstitutionCode, LegacyNumber, Narrative, NationalNumber, Place, Reason, Reporter};

/// What happened to an incident, for ever. An amendment holds the new values only; the old ones follow from what came before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum IncidentEvent {
    /// It was registered.
    IncidentRegistered {
        /// National number.
        number: NationalNumber,
        /// How it was reported.
        channel: Channel,
        /// Opening type.
        type_code: IncidentType,
        /// Opening category.
        category: Category,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<Place>,
        /// When it began.
        occurred_from: DateTime<FixedOffset>,
        /// When it ended, where it lasted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        occurred_to: Option<DateTime<FixedOffset>>,
        /// What happened.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        narrative: Option<Personal<Narrative>>,
        /// Who reported it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reporter: Option<Reporter>,
        /// Institution that registered it.
        institution: InstitutionCode,
        /// Emergency card that it comes from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        card: Option<Uuid>,
        /// Number in the register that it comes from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        legacy_number: Option<LegacyNumber>,
    },
    /// Facts were added or replaced.
    IncidentSupplemented {
        /// New narrative.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        narrative: Option<Personal<Narrative>>,
        /// New place.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<Place>,
        /// New beginning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        occurred_from: Option<DateTime<FixedOffset>>,
        /// New end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        occurred_to: Option<DateTime<FixedOffset>>,
        /// New reporter.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reporter: Option<Reporter>,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Personal<Reason>>,
    },
    /// Type or category was changed; the opening ones stay known from the registration.
    IncidentReclassified {
        /// New type.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        type_code: Option<IncidentType>,
        /// New category.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category: Option<Category>,
        /// Why.
        reason: Personal<Reason>,
    },
    /// It was given to a unit or an officer.
    IncidentAssigned {
        /// To whom.
        assignee: Assignee,
    },
    /// How it was dealt with was recorded.
    ResultRecorded {
        /// Result.
        result_code: ResultCode,
        /// Numbers of the processes that it went on in.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        case_refs: BTreeSet<CaseRef>,
    },
    /// It was closed.
    IncidentClosed {
        /// How it ended.
        disposition: Disposition,
        /// What it turned out to be.
        closing_type: IncidentType,
    },
    /// It was opened again.
    IncidentReopened {
        /// Why.
        reason: Personal<Reason>,
    },
}

domain_event! {
    IncidentEvent { IncidentRegistered, IncidentSupplemented, IncidentReclassified, IncidentAssigned, ResultRecorded, IncidentClosed, IncidentReopened }
}

impl RecordedEvent for IncidentEvent {
    fn taken_number(&self) -> Option<TakenNumber> {
        match self {
            Self::IncidentRegistered { number, .. } => Some(number.taken()),
            _ => None,
        }
    }
}
