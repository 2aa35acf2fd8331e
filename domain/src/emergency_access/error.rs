use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::kernel::Rule;
use crate::values::Actor;

/// Rules of an emergency access that a command can break.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EmergencyAccessError {
    /// Nobody asked.
    #[error("there is no such emergency access: break the glass first, another person then vouches for it")]
    NotDeclared,
    /// Somebody asked before.
    #[error("{by} has asked for this emergency access already: another person vouches for it")]
    AlreadyDeclared {
        /// Who.
        by: Actor,
    },
    /// It would be over at once.
    #[error("`until` must lie in the future, or be left out")]
    AlreadyOver,
    /// It would last too long.
    #[error("an emergency access lasts at most {hours} hours: let `until` lie nearer, or leave it out")]
    TooLong {
        /// The most that there may be.
        hours: i64,
    },
    /// One person alone opens nothing.
    #[error("{by} has asked for this emergency access: another person must vouch for it")]
    SamePerson {
        /// Who.
        by: Actor,
    },
    /// Nobody vouched in time.
    #[error("nobody vouched for it before {vouch_by}: break the glass again")]
    Lapsed {
        /// When it had to be.
        vouch_by: DateTime<Utc>,
    },
    /// Somebody else vouches for it already.
    #[error("{by} vouches for this emergency access already")]
    AlreadyVouched {
        /// Who.
        by: Actor,
    },
    /// It gave nobody access.
    #[error("nobody vouched for this emergency access, so it opened nothing: there is nothing to review")]
    NotOpened,
    /// Nobody judges what they did themselves.
    #[error("{by} asked or vouched for this emergency access: another person must review it")]
    OwnReview {
        /// Who.
        by: Actor,
    },
    /// It was judged before.
    #[error("{by} has reviewed this emergency access already")]
    AlreadyReviewed {
        /// Who.
        by: Actor,
    },
}

impl Rule for EmergencyAccessError {
    fn rule(&self) -> &'static str {
        match self {
            Self::NotDeclared => "emergency_access_not_declared",
            Self::AlreadyDeclared { .. } => "emergency_access_already_declared",
            Self::AlreadyOver => "emergency_access_is_over",
            Self::TooLong { .. } => "emergency_access_too_long",
            Self::SamePerson { .. } => "emergency_access_needs_two_persons",
            Self::Lapsed { .. } => "emergency_access_lapsed",
            Self::AlreadyVouched { .. } => "emergency_access_already_vouched",
            Self::NotOpened => "emergency_access_not_opened",
            Self::OwnReview { .. } => "emergency_review_needs_another_person",
            Self::AlreadyReviewed { .. } => "emergency_access_already_reviewed",
        }
    }
}
