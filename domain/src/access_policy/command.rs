use super::PolicyText;
use crate::personal::Personal;
use crate::values::{Actor, ContentDigest, Reason};

/// What can be asked of the access policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyCommand {
    /// Proposes another text.
    ProposePolicy(ProposePolicy),
    /// Puts it into force, as the second person.
    AdoptPolicy(AdoptPolicy),
    /// Turns it down.
    RejectPolicy(RejectPolicy),
}

/// Proposes a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposePolicy {
    /// The text.
    pub text: PolicyText,
    /// Why.
    pub reason: Personal<Reason>,
    /// Who proposes.
    pub by: Actor,
}

/// Puts what was proposed into force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdoptPolicy {
    /// Digest of the text that was read: no other is meant.
    pub digest: ContentDigest,
    /// Why.
    pub reason: Personal<Reason>,
    /// Who agrees.
    pub by: Actor,
}

/// Turns down what was proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectPolicy {
    /// Digest of the text that was read.
    pub digest: ContentDigest,
    /// Why.
    pub reason: Personal<Reason>,
    /// Who turns it down.
    pub by: Actor,
}
