use std::collections::{BTreeMap, BTreeSet};

use super::{IncidentField, JournalEvent, JournalPhase, RecordMapping};
use crate::examples::{actor, sealed, sure};
use crate::values::{InstitutionCode, Label, SourceSystem};

/// How an invented journal's records are read.
pub(super) fn mapping() -> RecordMapping {
    let text = |text: &str| text.to_owned();
    RecordMapping {
        fields: BTreeMap::from([
            (text("veids"), IncidentField::TypeCode.into()),
            (text("apraksts"), IncidentField::Narrative.into()),
            (text("laiks"), IncidentField::OccurredFrom.into()),
        ]),
        ignored: BTreeSet::from([text("rindas_id")]),
        codes: BTreeMap::from([(IncidentField::TypeCode.into(), BTreeMap::from([(text("ZĀDZ"), text("theft"))]))]),
        defaults: BTreeMap::from([
            (IncidentField::Category.into(), text("C")),
            (IncidentField::Channel.into(), text("phone_110")),
            (IncidentField::Territory.into(), text("0040000")),
        ]),
    }
}

impl JournalEvent {
    /// One event or more of each type with every field filled: invented, the same each time. For documents and golden files.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        let by = || actor("a.ozola");
        vec![
            Self::JournalRegistered {
                system: sure(SourceSystem::parse("enz-ogre")),
                institution: sure(InstitutionCode::parse("PP-OGRE")),
                lv: sure(Label::parse("Ogres pašvaldības policijas žurnāls")),
                en: sure(Label::parse("Journal of Ogre municipal police")),
                by: by(),
            },
            Self::MappingAdopted { version: 1, mapping: mapping(), reason: sealed(4), by: by() },
            Self::JournalPhaseChanged {
                from: JournalPhase::Registered,
                to: JournalPhase::Testing,
                reason: sealed(5),
                by: by(),
            },
        ]
    }
}
