use chrono::Utc;

use super::{EmergencyAccess, EmergencyAccessEvent, ReviewOutcome};
use crate::examples::{actor, at, id, sealed};
use crate::terms::AccessPurpose;

impl EmergencyAccessEvent {
    /// One event or more of each type with every field filled: invented, the same each time. For documents and golden files.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        let (declared, vouched) = (at("21:40:00").with_timezone(&Utc), at("21:44:00").with_timezone(&Utc));
        vec![
            Self::BreakGlassDeclared {
                record: id(1),
                purpose: AccessPurpose::Response,
                reason: sealed(4),
                until: at("23:40:00"),
                vouch_by: declared + EmergencyAccess::VOUCH_WITHIN,
                by: actor("a.ozola"),
            },
            Self::BreakGlassVouched {
                record: id(1),
                note: sealed(5),
                review_by: vouched + EmergencyAccess::REVIEW_WITHIN,
                by: actor("p.kalnins"),
            },
            Self::BreakGlassReviewed {
                record: id(1),
                outcome: ReviewOutcome::Justified,
                note: sealed(6),
                by: actor("i.liepa"),
            },
        ]
    }
}
