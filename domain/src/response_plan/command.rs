use super::PlanContent;
use crate::personal::Personal;
use crate::values::{Actor, Code, ContentDigest, Reason};

/// What can be asked of a response plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanCommand {
    /// Proposes another content.
    ProposePlan(Box<ProposePlan>),
    /// Puts it into force, as the second person.
    ApprovePlan(ApprovePlan),
    /// Turns it down.
    RejectPlan(RejectPlan),
    /// Takes the plan out of force.
    RetirePlan(RetirePlan),
}

/// Proposes a content (plāna ierosināšana): the plan's first, or another in place of the one in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposePlan {
    /// Code of the plan.
    pub code: Code,
    /// The content.
    pub content: PlanContent,
    /// Why.
    pub reason: Personal<Reason>,
    /// Who proposes.
    pub by: Actor,
}

/// Puts what was proposed into force (plāna apstiprināšana), as the plan's next version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovePlan {
    /// Digest of the content that was read: no other is meant.
    pub digest: ContentDigest,
    /// Why.
    pub reason: Personal<Reason>,
    /// Who agrees.
    pub by: Actor,
}

/// Turns down what was proposed (plāna noraidīšana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectPlan {
    /// Digest of the content that was read.
    pub digest: ContentDigest,
    /// Why.
    pub reason: Personal<Reason>,
    /// Who turns it down.
    pub by: Actor,
}

/// Takes the plan out of force (plāna atcelšana): it recommends nothing any more, until another version is approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetirePlan {
    /// The version that is meant.
    pub version: u32,
    /// Why.
    pub reason: Personal<Reason>,
    /// Who takes it out.
    pub by: Actor,
}
