use chrono::{DateTime, FixedOffset};
use uuid::Uuid;

use super::ReviewOutcome;
use crate::personal::Personal;
use crate::terms::AccessPurpose;
use crate::values::{Actor, Reason};

/// What can be asked of an emergency access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmergencyAccessCommand {
    /// Asks for it.
    BreakGlass(Box<BreakGlass>),
    /// Vouches for it, as the second person.
    Vouch(VouchEmergencyAccess),
    /// Judges it afterwards, as a third person.
    Review(ReviewEmergencyAccess),
}

/// Asks for access that nobody gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakGlass {
    /// To which record.
    pub record: Uuid,
    /// What for.
    pub purpose: AccessPurpose,
    /// Until when; the longest that there is where it is not said.
    pub until: Option<DateTime<FixedOffset>>,
    /// Why it can't wait.
    pub reason: Personal<Reason>,
    /// Who asks.
    pub by: Actor,
}

/// Vouches for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VouchEmergencyAccess {
    /// Why it is right.
    pub note: Personal<Reason>,
    /// Who vouches.
    pub by: Actor,
}

/// Judges it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewEmergencyAccess {
    /// What comes of it.
    pub outcome: ReviewOutcome,
    /// Why.
    pub note: Personal<Reason>,
    /// Who judges.
    pub by: Actor,
}
