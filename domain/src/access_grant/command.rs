use chrono::{DateTime, FixedOffset};

use super::GrantScope;
use crate::personal::Personal;
use crate::terms::AccessPurpose;
use crate::values::{Actor, Reason};

/// What can be asked of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantCommand {
    /// Asks for it.
    RequestGrant(Box<RequestGrant>),
    /// Agrees to it, as the second person.
    ApproveGrant(ApproveGrant),
    /// Turns it down.
    RejectGrant(RejectGrant),
    /// Takes it away before its time.
    RevokeGrant(RevokeGrant),
    /// Records that its time is over.
    ExpireGrant,
}

/// Asks for access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestGrant {
    /// Who is to have it.
    pub grantee: Actor,
    /// To what.
    pub scope: GrantScope,
    /// What for.
    pub purpose: AccessPurpose,
    /// From when on.
    pub from: DateTime<FixedOffset>,
    /// Until when.
    pub until: DateTime<FixedOffset>,
    /// Why.
    pub reason: Personal<Reason>,
    /// Who asks: the grantee or somebody for them.
    pub by: Actor,
}

/// Agrees to a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApproveGrant {
    /// Who agrees.
    pub by: Actor,
}

/// Turns a request down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectGrant {
    /// Why.
    pub reason: Personal<Reason>,
    /// Who turns it down.
    pub by: Actor,
}

/// Takes a grant away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokeGrant {
    /// Why.
    pub reason: Personal<Reason>,
    /// Who takes it away.
    pub by: Actor,
}
