use super::{DestroyedKey, ErasureGround, ErasureScope};
use crate::personal::Personal;
use crate::values::{Actor, HoldReference, Reason};

/// What can be asked of a retention case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetentionCommand {
    /// Asks for an erasure.
    RequestErasure(RequestErasure),
    /// Agrees to it, as the second person.
    ApproveErasure(ApproveErasure),
    /// Turns it down.
    RejectErasure(RejectErasure),
    /// Keeps it, whatever its retention period says.
    PlaceHold(PlaceHold),
    /// Ends that.
    LiftHold(LiftHold),
}

/// Asks for an erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestErasure {
    /// What is to be erased.
    pub scope: ErasureScope,
    /// On what ground.
    pub ground: ErasureGround,
    /// Further reasons.
    pub reason: Option<Personal<Reason>>,
    /// Who asks.
    pub by: Actor,
}

/// Agrees to an erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApproveErasure {
    /// The keys that are there; they are destroyed with the event.
    pub keys: Vec<DestroyedKey>,
    /// Holds on what it reaches beside its scope: records that data of this subject is in, subjects that are in this record, and the same of
    /// what is kept of a source record.
    pub held_elsewhere: Vec<HoldReference>,
    /// Who agrees.
    pub by: Actor,
}

/// Turns an erasure down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectErasure {
    /// Why not.
    pub reason: Option<Personal<Reason>>,
    /// Who turns it down.
    pub by: Actor,
}

/// Keeps personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceHold {
    /// What must be kept.
    pub scope: ErasureScope,
    /// The proceedings that need it.
    pub reference: HoldReference,
    /// Who says so.
    pub by: Actor,
}

/// Ends a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiftHold {
    /// The proceedings.
    pub reference: HoldReference,
    /// Who says so.
    pub by: Actor,
}
