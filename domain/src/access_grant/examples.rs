use super::{GrantEvent, GrantScope};
use crate::examples::{actor, at, id, sealed, sure};
use crate::terms::{AccessPurpose, AccessRole, RecordClass};
use crate::values::InstitutionCode;

impl GrantEvent {
    /// One event or more of each type with every field filled: invented, the same each time. For documents and golden files.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        let requested = |scope, reason| Self::GrantRequested {
            grantee: actor("j.berzins"),
            scope,
            purpose: AccessPurpose::Investigation,
            from: at("22:00:00"),
            until: at("23:30:00"),
            reason: sealed(reason),
            by: actor("a.ozola"),
        };
        let role =
            GrantScope::Role { institution: sure(InstitutionCode::parse("VP-LATGALE")), role: AccessRole::Officer };
        let scope = || GrantScope::Record(id(1));
        vec![
            requested(scope(), 4),
            requested(GrantScope::Class(RecordClass::Secret), 5),
            requested(role, 6),
            Self::GrantRejected { scope: scope(), reason: sealed(7), by: actor("p.kalnins") },
            Self::GrantApproved { scope: scope(), by: actor("p.kalnins") },
            Self::GrantRevoked { scope: scope(), reason: sealed(8), by: actor("p.kalnins") },
            Self::GrantExpired { scope: scope(), until: at("23:30:00") },
        ]
    }
}
