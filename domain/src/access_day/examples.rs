use super::{AccessDayEvent, AccessWay, DataScope, RefusalCause};
use crate::examples::{id, sure};
use crate::values::{
    AccessReference, ActionName, Actor, ContentDigest, InstitutionCode, PurposeCode, Recipient, UserName,
};

impl AccessDayEvent {
    /// One event or more of each type with every field filled: invented, the same each time. For documents and golden files.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        let by = Actor { institution: sure(InstitutionCode::parse("VP")), user: sure(UserName::parse("a.berzins")) };
        let digest = sure(ContentDigest::parse(&"5e".repeat(32)));
        let reference = || Some(sure(AccessReference::parse("VNR-2026-0000007")));
        let purpose = || sure(PurposeCode::parse("investigation"));
        vec![
            Self::RecordConsulted {
                by: by.clone(),
                way: AccessWay::Query,
                records: vec![id(1), id(3)],
                scopes: vec![DataScope::Summary, DataScope::Narrative],
                purpose: purpose(),
                reference: reference(),
                query: digest.clone(),
                count: 2,
            },
            Self::DataDisclosed {
                by: by.clone(),
                recipient: sure(Recipient::parse("Rīgas pilsētas tiesa")),
                records: vec![id(1)],
                scopes: vec![DataScope::History],
                purpose: purpose(),
                reference: reference(),
                content: digest,
                count: 1,
            },
            Self::AccessRefused {
                by: Some(by),
                attempt: sure(ActionName::parse("RegisterIncident")),
                record: Some(id(1)),
                cause: RefusalCause::Policy,
                purpose: Some(purpose()),
                more: 7,
            },
        ]
    }
}
