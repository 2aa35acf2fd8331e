use super::{ReadModelBody, ReadModelEvent};
use crate::examples::{actor, id, sealed, sure};
use crate::values::ReadModelName;

impl ReadModelEvent {
    /// One event or more of each type with every field filled: invented, the same each time. For documents and golden files.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        let read_model = || sure(ReadModelName::parse("case_search"));
        let by = || Some(actor("a.ozola"));
        vec![
            Self::RebuildBegun { read_model: read_model(), version: 6, by: by(), reason: sealed(1) },
            Self::ReadModelSwitched { read_model: read_model(), from: 5, version: 6, by: by(), reason: sealed(2) },
            Self::ReadModelRolledBack { read_model: read_model(), from: 6, version: 5, by: by(), reason: sealed(3) },
            Self::ReadModelDropped {
                read_model: read_model(),
                body: ReadModelBody::Candidate,
                version: 6,
                by: by(),
                reason: sealed(4),
            },
            Self::ProjectionPaused { read_model: read_model(), by: by(), reason: sealed(5) },
            Self::ProjectionResumed { read_model: read_model(), by: by(), reason: sealed(6) },
            Self::ParkedRecordsRetried {
                read_model: read_model(),
                records: vec![id(1), id(3)],
                by: by(),
                reason: sealed(7),
            },
        ]
    }
}
