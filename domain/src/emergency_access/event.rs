use chrono::{DateTime, FixedOffset, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::kernel::{RecordedEvent, domain_event};
use crate::lang::terms;
use crate::personal::Personal;
use crate::terms::AccessPurpose;
use crate::values::{Actor, Reason};

terms! {
    /// What a review found (pārbaudes rezultāts).
    ReviewOutcome("review outcome") {
        /// It was right.
        Justified = "justified", "Pamatota", "Justified";
        /// It was not right: access ends at once, where it has not ended.
        Unjustified = "unjustified", "Nepamatota", "Unjustified";
    }
}

/// What happened to an emergency access, for ever. The times are the log's: rules that are changed later don't reach back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EmergencyAccessEvent {
    /// Somebody asked for it; it opens nothing before a second person vouches.
    BreakGlassDeclared {
        /// The record.
        record: Uuid,
        /// What for.
        purpose: AccessPurpose,
        /// Why it can't wait.
        reason: Personal<Reason>,
        /// When access ends.
        until: DateTime<FixedOffset>,
        /// Until when somebody may vouch.
        vouch_by: DateTime<Utc>,
        /// Who asked.
        by: Actor,
    },
    /// A second person vouched: it is open from then on, and must be reviewed.
    BreakGlassVouched {
        /// The record.
        record: Uuid,
        /// Why it is right.
        note: Personal<Reason>,
        /// Until when it must be reviewed.
        review_by: DateTime<Utc>,
        /// Who vouches: not who asked.
        by: Actor,
    },
    /// A third person judged it.
    BreakGlassReviewed {
        /// The record.
        record: Uuid,
        /// What was found.
        outcome: ReviewOutcome,
        /// Why.
        note: Personal<Reason>,
        /// Who judged: neither who asked nor who vouched.
        by: Actor,
    },
}

impl EmergencyAccessEvent {
    /// The record that it opens.
    #[must_use]
    pub fn record(&self) -> Uuid {
        match self {
            Self::BreakGlassDeclared { record, .. }
            | Self::BreakGlassVouched { record, .. }
            | Self::BreakGlassReviewed { record, .. } => *record,
        }
    }
}

domain_event! {
    EmergencyAccessEvent { BreakGlassDeclared, BreakGlassVouched, BreakGlassReviewed }
}

impl RecordedEvent for EmergencyAccessEvent {}
