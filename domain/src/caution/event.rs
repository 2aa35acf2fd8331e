use chrono::{DateTime, FixedOffset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::About;
use crate::classifier::CautionKind;
use crate::kernel::{RecordedEvent, domain_event};
use crate::personal::Personal;
use crate::terms::RaisedClass;
use crate::values::{Description, InstitutionCode, Reason};

/// What happened to a caution, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(clippy::large_enum_variant, reason = "nearly all of them are the large one")]
pub enum CautionEvent {
    /// It was made known.
    CautionRegistered {
        /// Whose it is.
        institution: InstitutionCode,
        /// What to be careful of, or why somebody is protected.
        kind: CautionKind,
        /// What it is about.
        about: About,
        /// What to do about it, in words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        advice: Option<Personal<Description>>,
        /// How restricted it is beyond the usual.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        class: Option<RaisedClass>,
        /// The incident that it is known from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        incident: Option<Uuid>,
        /// Until when it holds.
        expires_at: DateTime<FixedOffset>,
    },
    /// It holds until another time.
    CautionRenewed {
        /// Until when.
        expires_at: DateTime<FixedOffset>,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Personal<Reason>>,
    },
    /// It was taken back.
    CautionLifted {
        /// Why.
        reason: Personal<Reason>,
    },
}

domain_event! {
    CautionEvent { CautionRegistered, CautionRenewed, CautionLifted }
}

impl RecordedEvent for CautionEvent {}
