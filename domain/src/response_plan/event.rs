use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PlanContent;
use crate::kernel::{RecordedEvent, domain_event};
use crate::personal::Personal;
use crate::values::{Actor, Code, ContentDigest, Reason};

/// What happened to a response plan, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PlanEvent {
    /// Somebody proposed a content; it waits for a second person.
    PlanProposed {
        /// Code of the plan.
        code: Code,
        /// Digest of the content.
        digest: ContentDigest,
        /// The content.
        content: PlanContent,
        /// Why.
        reason: Personal<Reason>,
        /// Who proposed it.
        by: Actor,
    },
    /// A second person agreed: it is in force from then on, until another version is or the plan is retired.
    PlanApproved {
        /// Code of the plan.
        code: Code,
        /// Which version of the plan it is, from 1.
        version: u32,
        /// Digest of the content.
        digest: ContentDigest,
        /// The content, again: this event alone says what was in force.
        content: PlanContent,
        /// Why, by who agreed.
        reason: Personal<Reason>,
        /// Who proposed it.
        by: Actor,
        /// Who agreed: another person.
        second: Actor,
    },
    /// What was proposed was turned down; the version in force stays.
    PlanRejected {
        /// Digest of the content.
        digest: ContentDigest,
        /// Why.
        reason: Personal<Reason>,
        /// Who turned it down.
        by: Actor,
    },
    /// It was taken out of force.
    PlanRetired {
        /// The version that was in force.
        version: u32,
        /// Why.
        reason: Personal<Reason>,
        /// Who took it out.
        by: Actor,
    },
}

domain_event! {
    PlanEvent { PlanProposed, PlanApproved, PlanRejected, PlanRetired }
}

impl RecordedEvent for PlanEvent {}
