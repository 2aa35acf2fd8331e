use std::collections::BTreeMap;

use super::{ClassifierEvent, CodeSystem, Entry};
use crate::examples::{actor, sealed, sure};
use crate::values::{AttributeName, AttributeValue, Code, Label};

impl ClassifierEvent {
    /// One event or more of each type with every field filled: invented, the same each time. For documents and golden files.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        let entry = Entry {
            code: sure(Code::parse("drone-sighting")),
            valid_from: Some(sure("2026-07-01".parse())),
            valid_until: Some(sure("2027-01-01".parse())),
            lv: sure(Label::parse("Droša attāluma neievērošana ar dronu")),
            en: sure(Label::parse("Drone too close")),
            attributes: BTreeMap::from([(sure(AttributeName::parse("iccs")), sure(AttributeValue::parse("09")))]),
        };
        vec![Self::ClassifierLoaded {
            system: CodeSystem::IncidentType,
            entries: vec![entry],
            reason: sealed(4),
            by: actor("a.ozola"),
        }]
    }
}
