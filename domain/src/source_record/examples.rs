use super::{Fault, KeptOfSubject, Marks, Parts, RecordEffect, RecordEvent};
use crate::examples::{actor, at, id, sealed, sure};
use crate::values::{ExternalId, FieldMark, SourceSystem};

/// Marks of a record of two fields.
pub(super) fn marks(narrative: u8) -> Marks {
    let mark = |of: u8| FieldMark::of([of; 32]);
    Marks::from([("apraksts".to_owned(), mark(narrative)), ("veids".to_owned(), mark(1))])
}

/// What a record says of one person in it.
fn of_subjects(n: u8) -> Vec<KeptOfSubject> {
    vec![KeptOfSubject { subject: id(7), content: sealed(n) }]
}

impl RecordEvent {
    /// One event or more of each type with every field filled: invented, the same each time. For documents and golden files.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        let journal = || sure(SourceSystem::parse("enz-ogre"));
        let external_id = || sure(ExternalId::parse("2026/1734"));
        vec![
            Self::SourceRecordQuarantined {
                journal: journal(),
                external_id: external_id(),
                sequence: 17,
                recorded_there: Some(at("21:50:00")),
                mapping: 1,
                faults: vec![Fault {
                    path: "type_code".to_owned(),
                    field: Some("veids".to_owned()),
                    rule: Some("incident_closed".to_owned()),
                }],
                marks: marks(0xaa),
                content: sealed(4),
                of_subjects: of_subjects(9),
            },
            Self::SourceRecordReleased {
                journal: journal(),
                external_id: external_id(),
                sequence: 17,
                recorded_there: Some(at("21:50:00")),
                mapping: 2,
                effect: RecordEffect::Registered,
                incident: Some(id(1)),
                parts: Parts::from([(id(7), 1)]),
                marks: marks(0xab),
                content: Some(sealed(5)),
                of_subjects: of_subjects(10),
                by: Some(actor("a.ozola")),
                reason: Some(sealed(6)),
            },
            Self::SourceRecordReceived {
                journal: journal(),
                external_id: external_id(),
                sequence: 16,
                recorded_there: Some(at("21:50:00")),
                mapping: 2,
                effect: RecordEffect::Late,
                incident: Some(id(1)),
                parts: Parts::from([(id(7), 1)]),
                marks: marks(0xac),
                content: Some(sealed(7)),
                of_subjects: of_subjects(11),
            },
            Self::SourceRecordDiscarded {
                journal: journal(),
                external_id: external_id(),
                reason: sealed(8),
                by: actor("a.ozola"),
            },
        ]
    }
}
