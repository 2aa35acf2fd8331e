use thiserror::Error;

use crate::kernel::Rule;
use crate::values::{Actor, HoldReference};

/// Rules of a retention case that a command can break.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RetentionError {
    /// It must be kept.
    #[error("it must be kept for {reference}: lift that hold first")]
    Held {
        /// The proceedings.
        reference: HoldReference,
    },
    /// Somebody asked before.
    #[error("{by} has asked for this erasure already: approve or reject it")]
    AlreadyRequested {
        /// Who.
        by: Actor,
    },
    /// Nobody asked.
    #[error("nobody has asked for this erasure: request it first, another person then approves it")]
    NotRequested,
    /// One person alone erases nothing.
    #[error("{by} has asked for this erasure: another person must approve it")]
    SamePerson {
        /// Who.
        by: Actor,
    },
    /// There is no key.
    #[error("there is no key to destroy: no personal data, or erased already")]
    NothingToErase,
    /// No such hold.
    #[error("there is no hold for {reference}")]
    NotHeld {
        /// The proceedings.
        reference: HoldReference,
    },
}

impl Rule for RetentionError {
    fn rule(&self) -> &'static str {
        match self {
            Self::Held { .. } => "legal_hold",
            Self::AlreadyRequested { .. } => "erasure_already_requested",
            Self::NotRequested => "erasure_not_requested",
            Self::SamePerson { .. } => "erasure_needs_two_persons",
            Self::NothingToErase => "nothing_to_erase",
            Self::NotHeld { .. } => "no_such_hold",
        }
    }
}
