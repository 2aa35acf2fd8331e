use super::{DestroyedKey, ErasureGround, ErasureScope, RetentionEvent};
use crate::examples::{actor, id, sealed, sure};
use crate::values::HoldReference;

pub(super) fn proceedings() -> HoldReference {
    sure(HoldReference::parse("KP 11816000126"))
}

impl RetentionEvent {
    /// One event or more of each type with every field filled: invented, the same each time. For documents and golden files.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        let (scope, subject) = (ErasureScope::Record(id(1)), ErasureScope::Subject(id(7)));
        vec![
            Self::LegalHoldPlaced { scope, reference: proceedings(), by: actor("p.kalnins") },
            Self::LegalHoldLifted { scope, reference: proceedings(), by: actor("p.kalnins") },
            Self::ErasureRequested {
                scope,
                ground: ErasureGround::RetentionExpired,
                reason: Some(sealed(4)),
                by: actor("a.ozola"),
            },
            Self::ErasureRejected { scope, reason: Some(sealed(5)), by: actor("p.kalnins") },
            Self::SubjectKeysDestroyed {
                scope: subject,
                ground: ErasureGround::SubjectRequest,
                keys: vec![DestroyedKey { key: id(8), record: id(1), subject: Some(id(7)) }],
                requested_by: actor("a.ozola"),
                approved_by: actor("p.kalnins"),
            },
        ]
    }
}
