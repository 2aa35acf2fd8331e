use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ErasureScope;
use crate::kernel::{RecordedEvent, domain_event};
use crate::lang::terms;
use crate::personal::Personal;
use crate::values::{Actor, HoldReference, Reason};

terms! {
    /// Why personal data is erased (dzēšanas pamats).
    ErasureGround("erasure ground") {
        /// Its retention period is over.
        RetentionExpired = "retention_expired", "Beidzies glabāšanas termiņš", "Retention period is over";
        /// The data subject asked for it and is right.
        SubjectRequest = "subject_request", "Datu subjekta pieprasījums", "Request of the data subject";
        /// A court or the supervisory authority orders it.
        Order = "order", "Tiesas vai uzraudzības iestādes lēmums", "Order of a court or the supervisory authority";
        /// It should never have been recorded.
        RecordedInError = "recorded_in_error", "Reģistrēts kļūdas dēļ", "Recorded in error";
    }
}

/// A key that was destroyed, and whose data it sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DestroyedKey {
    /// The key; the sealed texts name it.
    pub key: Uuid,
    /// Record whose data it sealed.
    pub record: Uuid,
    /// Data subject within it; none for the record's own data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Uuid>,
}

/// What happened to the personal data of a record or a data subject, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RetentionEvent {
    /// Somebody asked for its erasure; it waits for a second person.
    ErasureRequested {
        /// What is to be erased.
        scope: ErasureScope,
        /// On what ground.
        ground: ErasureGround,
        /// Further reasons.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Personal<Reason>>,
        /// Who asked.
        by: Actor,
    },
    /// The request was turned down.
    ErasureRejected {
        /// What was to be erased.
        scope: ErasureScope,
        /// Why not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Personal<Reason>>,
        /// Who turned it down.
        by: Actor,
    },
    /// The keys were destroyed, with this event or not at all: nobody can read again what they sealed.
    SubjectKeysDestroyed {
        /// What was erased.
        scope: ErasureScope,
        /// On what ground.
        ground: ErasureGround,
        /// The keys.
        keys: Vec<DestroyedKey>,
        /// Who asked.
        requested_by: Actor,
        /// Who agreed: another person.
        approved_by: Actor,
    },
    /// It must be kept, whatever its retention period says (legal hold).
    LegalHoldPlaced {
        /// What must be kept.
        scope: ErasureScope,
        /// The proceedings that need it.
        reference: HoldReference,
        /// Who says so.
        by: Actor,
    },
    /// The proceedings need it no more.
    LegalHoldLifted {
        /// What had to be kept.
        scope: ErasureScope,
        /// The proceedings.
        reference: HoldReference,
        /// Who says so.
        by: Actor,
    },
}

impl RetentionEvent {
    /// What it is about.
    #[must_use]
    pub fn scope(&self) -> ErasureScope {
        match self {
            Self::ErasureRequested { scope, .. }
            | Self::ErasureRejected { scope, .. }
            | Self::SubjectKeysDestroyed { scope, .. }
            | Self::LegalHoldPlaced { scope, .. }
            | Self::LegalHoldLifted { scope, .. } => *scope,
        }
    }
}

domain_event! {
    RetentionEvent { ErasureRequested, ErasureRejected, SubjectKeysDestroyed, LegalHoldPlaced, LegalHoldLifted }
}

impl RecordedEvent for RetentionEvent {}
