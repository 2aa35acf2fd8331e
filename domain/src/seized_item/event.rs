use std::fmt;

use chrono::{DateTime, FixedOffset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::classifier::{ItemKind, SeizureBasis};
use crate::kernel::{RecordedEvent, domain_event};
use crate::personal::Personal;
use crate::terms::DisposalOutcome;
use crate::values::{
    Amount, CaseRef, CustodySeal, Description, InstitutionCode, PlaceText, ProtocolNumber, Quantity, Reason,
    SerialNumber, StorageName,
};

/// Who has an item (glabātājs): a storage or a person of an institution.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Custodian {
    /// The institution.
    pub institution: InstitutionCode,
    /// The storage, or the person's service number.
    pub keeper: StorageName,
}

impl fmt::Display for Custodian {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.keeper, self.institution)
    }
}

/// What happened to a seized item, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SeizedItemEvent {
    /// It was taken into custody.
    ItemSeized {
        /// The incident that it was seized in.
        incident: Uuid,
        /// What it is.
        kind: ItemKind,
        /// What it is like.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<Personal<Description>>,
        /// Number that its maker put on it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        serial: Option<SerialNumber>,
        /// How many.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quantity: Option<Quantity>,
        /// What all of it is worth, in cents of a euro.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value_cents: Option<Amount>,
        /// By which law.
        basis: SeizureBasis,
        /// Protocol of the seizure.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        protocol: Option<ProtocolNumber>,
        /// From whom: a person of the incident.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from_person: Option<Uuid>,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<Personal<PlaceText>>,
        /// Who had it first.
        custodian: Custodian,
        /// Seal that was put on it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seal: Option<CustodySeal>,
        /// When.
        at: DateTime<FixedOffset>,
    },
    /// It was handed on.
    CustodyTransferred {
        /// Who had it.
        from: Custodian,
        /// Who got it.
        to: Custodian,
        /// When.
        at: DateTime<FixedOffset>,
        /// Seal that was put on it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seal: Option<CustodySeal>,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Personal<Reason>>,
    },
    /// Its custody ended.
    ItemDisposed {
        /// What became of it.
        outcome: DisposalOutcome,
        /// Institution that it went to, where it did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<InstitutionCode>,
        /// When.
        at: DateTime<FixedOffset>,
        /// Number of the decision.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        decision: Option<CaseRef>,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Personal<Reason>>,
    },
}

domain_event! {
    SeizedItemEvent { ItemSeized, CustodyTransferred, ItemDisposed }
}

impl RecordedEvent for SeizedItemEvent {}
