use super::{DeliveryFailure, EscalationCause, NoticeEvent, NoticeService};
use crate::access_day::DataScope;
use crate::examples::{at, id, sure};
use crate::values::{Actor, CaseRef, Code, ContentDigest, InstitutionCode, TerritoryCode, UserName};

/// An institution.
pub(super) fn institution(code: &str) -> InstitutionCode {
    sure(InstitutionCode::parse(code))
}

impl NoticeEvent {
    /// One event or more of each type with every field filled: invented, the same each time. For documents and golden files.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        vec![
            Self::NoticeIssued {
                incident: id(1),
                rule: sure(Code::parse("family-violence")),
                rule_version: 1,
                service: NoticeService::SocialService,
                municipality: sure(TerritoryCode::parse("0001000")),
                recipient: institution("SD-RIGA"),
                escalate_to: institution("VP"),
                due_by: at("23:59:00"),
            },
            Self::NoticeDeliveryFailed { attempt: 1, cause: DeliveryFailure::Refused, receipt: Some(503) },
            Self::NoticeDelivered {
                attempt: 2,
                receipt: 200,
                content: sure(ContentDigest::parse(&"5e".repeat(32))),
                scopes: vec![DataScope::Summary, DataScope::Narrative, DataScope::Persons],
            },
            Self::NoticeFetched {
                by: Actor { institution: institution("SD-RIGA"), user: sure(UserName::parse("i.liepa")) },
                scopes: vec![DataScope::Summary, DataScope::Narrative, DataScope::Persons],
            },
            Self::NoticeEscalated { to: institution("VP"), cause: EscalationCause::NotAcknowledged },
            Self::NoticeAcknowledged {
                by: Actor { institution: institution("SD-RIGA"), user: sure(UserName::parse("i.liepa")) },
                reference: Some(sure(CaseRef::parse("SD-2026/17"))),
            },
        ]
    }
}
