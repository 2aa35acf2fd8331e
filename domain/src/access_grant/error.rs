use chrono::{DateTime, FixedOffset};
use thiserror::Error;

use super::GrantStatus;
use crate::kernel::Rule;
use crate::values::Actor;

/// Rules of a grant that a command can break.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GrantError {
    /// Nobody asked.
    #[error("there is no such grant: request it first, another person then approves it")]
    NotRequested,
    /// Somebody asked before.
    #[error("{by} has asked for this grant already: approve or reject it")]
    AlreadyRequested {
        /// Who.
        by: Actor,
    },
    /// Its times are the wrong way round.
    #[error("a grant begins before it ends: `until` must lie after `from`")]
    EndsBeforeItBegins,
    /// It would last too long.
    #[error("a grant lasts at most {days} days: let `until` lie nearer to `from`, and ask again when it is over")]
    TooLong {
        /// The most that there may be.
        days: i64,
    },
    /// It would begin too late.
    #[error("a grant begins at most {days} days ahead: ask for it nearer to `from`")]
    TooFarAhead {
        /// The most that there may be.
        days: i64,
    },
    /// Its time is over.
    #[error("its time was over at {until}: request a new grant")]
    Over {
        /// Its end.
        until: DateTime<FixedOffset>,
    },
    /// One person alone gives nothing.
    #[error("{by} has asked for this grant: another person must approve it")]
    SamePerson {
        /// Who.
        by: Actor,
    },
    /// Nobody gives themselves anything.
    #[error("this grant is for {by}: another person must approve it")]
    OwnGrant {
        /// Who.
        by: Actor,
    },
    /// It was decided on before.
    #[error("this grant is {status}: request a new one where access is needed")]
    Settled {
        /// What became of it.
        status: GrantStatus,
    },
    /// It was not approved yet.
    #[error("this grant was not approved yet: reject it instead")]
    NotApproved,
    /// Its time is not over.
    #[error("its time is not over before {until}: revoke it to end it earlier")]
    NotOver {
        /// Its end.
        until: DateTime<FixedOffset>,
    },
}

impl Rule for GrantError {
    fn rule(&self) -> &'static str {
        match self {
            Self::NotRequested => "grant_not_requested",
            Self::AlreadyRequested { .. } => "grant_already_requested",
            Self::EndsBeforeItBegins => "grant_ends_before_it_begins",
            Self::TooLong { .. } => "grant_too_long",
            Self::TooFarAhead { .. } => "grant_too_far_ahead",
            Self::Over { .. } => "grant_is_over",
            Self::SamePerson { .. } => "grant_needs_two_persons",
            Self::OwnGrant { .. } => "grant_to_oneself",
            Self::Settled { .. } => "grant_settled",
            Self::NotApproved => "grant_not_approved",
            Self::NotOver { .. } => "grant_not_over",
        }
    }
}
