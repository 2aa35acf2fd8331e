use thiserror::Error;

use crate::kernel::Rule;
use crate::values::{Actor, ContentDigest};

/// Rules of the access policy that a command can break.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// Another text waits.
    #[error("{by} has proposed a policy already: adopt or reject it first")]
    AlreadyProposed {
        /// Who.
        by: Actor,
    },
    /// Nothing waits.
    #[error("no policy is proposed: propose one first, another person then adopts it")]
    NotProposed,
    /// Another text than was read.
    #[error("the policy that is proposed has the digest {proposed}: read it and decide on that one")]
    OtherText {
        /// Digest of what is proposed.
        proposed: ContentDigest,
    },
    /// One person alone changes nothing.
    #[error("{by} has proposed this policy: another person must adopt it")]
    SamePerson {
        /// Who.
        by: Actor,
    },
}

impl Rule for PolicyError {
    fn rule(&self) -> &'static str {
        match self {
            Self::AlreadyProposed { .. } => "policy_already_proposed",
            Self::NotProposed => "policy_not_proposed",
            Self::OtherText { .. } => "policy_has_other_text",
            Self::SamePerson { .. } => "policy_needs_two_persons",
        }
    }
}
