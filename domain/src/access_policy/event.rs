use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PolicyText;
use crate::kernel::{RecordedEvent, domain_event};
use crate::personal::Personal;
use crate::values::{Actor, ContentDigest, Reason};

/// What happened to the access policy, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PolicyEvent {
    /// Somebody proposed another text; it waits for a second person.
    PolicyProposed {
        /// Digest of the text.
        digest: ContentDigest,
        /// The text.
        text: PolicyText,
        /// Why.
        reason: Personal<Reason>,
        /// Who proposed it.
        by: Actor,
    },
    /// A second person agreed: it is in force from then on, until another is.
    PolicyAdopted {
        /// Digest of the text.
        digest: ContentDigest,
        /// The text, again: this event alone says what was in force.
        text: PolicyText,
        /// Why, by who agreed.
        reason: Personal<Reason>,
        /// Who proposed it.
        by: Actor,
        /// Who agreed: another person.
        second: Actor,
    },
    /// What was proposed was turned down; the policy in force stays.
    PolicyRejected {
        /// Digest of the text.
        digest: ContentDigest,
        /// Why.
        reason: Personal<Reason>,
        /// Who turned it down.
        by: Actor,
    },
}

domain_event! {
    PolicyEvent { PolicyProposed, PolicyAdopted, PolicyRejected }
}

impl RecordedEvent for PolicyEvent {}
