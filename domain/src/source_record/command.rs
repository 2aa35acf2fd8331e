use chrono::{DateTime, FixedOffset};
use uuid::Uuid;

use super::{Fault, KeptContent, KeptOfSubject, Marks, Parts, RecordEffect};
use crate::personal::Personal;
use crate::values::{Actor, ExternalId, Reason, SourceSystem};

/// What can be asked of a source record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordCommand {
    /// Takes in what its journal, or who mends it, says of it.
    ReceiveRecord(Box<ReceiveRecord>),
    /// Ends that it waits to be mended: it is not for this register.
    DiscardRecord(DiscardRecord),
}

/// Takes in what its journal, or who mends it, says of it (ieraksta saņemšana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiveRecord {
    /// Which journal.
    pub journal: SourceSystem,
    /// Its id there.
    pub external_id: ExternalId,
    /// Place in the journal's own order; 0 where it has none.
    pub sequence: u64,
    /// When the journal recorded it, as far as it says; what waits to be mended has its own.
    pub recorded_there: Option<DateTime<FixedOffset>>,
    /// Version of the mapping that it was read by.
    pub mapping: u32,
    /// What its journal says, so that another content can be told from the same; what waits to be mended has its own.
    pub marks: Marks,
    /// What came of it.
    pub verdict: Verdict,
    /// Who mended it, and why; nothing where the journal sent it.
    pub mended: Option<(Actor, Personal<Reason>)>,
}

/// What came of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It was taken over.
    Sound {
        /// What that did.
        effect: RecordEffect,
        /// The incident that it is about; nothing where it was only tried.
        incident: Option<Uuid>,
        /// Persons and vehicles that the incident has from it, each with the version of its involvement.
        parts: Parts,
        /// What it says, where the incident doesn't: it came late.
        kept: Option<Kept>,
    },
    /// It can't be.
    Faulty {
        /// Why not.
        faults: Vec<Fault>,
        /// What it says.
        kept: Kept,
    },
}

impl Verdict {
    /// Whether content of the record is kept with it.
    #[must_use]
    pub fn keeps_content(&self) -> bool {
        matches!(self, Self::Faulty { .. } | Self::Sound { kept: Some(_), .. })
    }
}

/// What is kept of a record whose content the incident doesn't have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What it says.
    pub content: Personal<KeptContent>,
    /// What of that is about each person in it.
    pub of_subjects: Vec<KeptOfSubject>,
}

/// Ends that it waits to be mended (ieraksta atmešana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscardRecord {
    /// Why it is not for this register.
    pub reason: Personal<Reason>,
    /// Who decides it.
    pub by: Actor,
}
