use chrono::{DateTime, FixedOffset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::kernel::{RecordedEvent, domain_event};
use crate::lang::terms;
use crate::personal::Personal;
use crate::terms::{AccessPurpose, AccessRole, RecordClass};
use crate::values::{Actor, InstitutionCode, Reason};

terms! {
    /// How far a grant has come. Whether it gives access also depends on the time.
    GrantStatus("grant status") {
        /// It waits for a second person.
        Requested = "requested", "Pieprasīta", "Requested";
        /// It gives access while its time lasts.
        Approved = "approved", "Apstiprināta", "Approved";
        /// It was turned down.
        Rejected = "rejected", "Noraidīta", "Rejected";
        /// It was taken away.
        Revoked = "revoked", "Atsaukta", "Revoked";
        /// Its time is over.
        Expired = "expired", "Beigusies", "Expired";
    }
}

/// What a grant opens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantScope {
    /// One record.
    Record(Uuid),
    /// Records of a class.
    Class(RecordClass),
    /// What a role at an institution sees.
    Role {
        /// Institution.
        institution: InstitutionCode,
        /// Role there.
        role: AccessRole,
    },
}

/// What happened to a grant, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum GrantEvent {
    /// Somebody asked for it; it waits for a second person.
    GrantRequested {
        /// Who is to have it.
        grantee: Actor,
        /// What it opens.
        scope: GrantScope,
        /// What for.
        purpose: AccessPurpose,
        /// From when on.
        from: DateTime<FixedOffset>,
        /// Until when.
        until: DateTime<FixedOffset>,
        /// Why.
        reason: Personal<Reason>,
        /// Who asked.
        by: Actor,
    },
    /// A second person agreed to it: it gives access while its time lasts.
    GrantApproved {
        /// What it opens.
        scope: GrantScope,
        /// Who agreed: neither who asked nor who has it.
        by: Actor,
    },
    /// The request was turned down.
    GrantRejected {
        /// What it opens.
        scope: GrantScope,
        /// Why.
        reason: Personal<Reason>,
        /// Who turned it down.
        by: Actor,
    },
    /// It was taken away before its time.
    GrantRevoked {
        /// What it opens.
        scope: GrantScope,
        /// Why.
        reason: Personal<Reason>,
        /// Who took it away.
        by: Actor,
    },
    /// Its time is over. It gave no access from then on, whether this was recorded or not.
    GrantExpired {
        /// What it opens.
        scope: GrantScope,
        /// When that was.
        until: DateTime<FixedOffset>,
    },
}

impl GrantEvent {
    /// What the grant opens.
    #[must_use]
    pub fn scope(&self) -> &GrantScope {
        match self {
            Self::GrantRequested { scope, .. }
            | Self::GrantApproved { scope, .. }
            | Self::GrantRejected { scope, .. }
            | Self::GrantRevoked { scope, .. }
            | Self::GrantExpired { scope, .. } => scope,
        }
    }

    /// How far the grant has come with it.
    #[must_use]
    pub fn status_after(&self) -> GrantStatus {
        match self {
            Self::GrantRequested { .. } => GrantStatus::Requested,
            Self::GrantApproved { .. } => GrantStatus::Approved,
            Self::GrantRejected { .. } => GrantStatus::Rejected,
            Self::GrantRevoked { .. } => GrantStatus::Revoked,
            Self::GrantExpired { .. } => GrantStatus::Expired,
        }
    }
}

domain_event! {
    GrantEvent { GrantRequested, GrantApproved, GrantRejected, GrantRevoked, GrantExpired }
}

impl RecordedEvent for GrantEvent {}
