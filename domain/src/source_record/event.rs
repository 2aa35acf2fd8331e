use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Marks, Parts, RecordEffect};
use crate::kernel::{RecordedEvent, domain_event};
use crate::personal::Personal;
use crate::values::{Actor, ExternalId, Reason, SourceSystem};

/// Why a record can't be taken over; what is wrong in words is sealed with its content, which the words may repeat.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Fault {
    /// Field of this register that it is about, `place.territory`; empty where it is about the record as a whole.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// What the journal calls that field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The rule that it breaks, `incident_closed`; nothing where its form is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// What a record says, as its journal said it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct KeptContent {
    /// Its fields, by their names in the journal.
    pub fields: BTreeMap<String, String>,
    /// What is wrong in words, in the order of the faults.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<String>,
}

/// What a record says of one person in it (datu subjekts): sealed under a key of theirs in the record, so that it is found, and handed over
/// or erased, with all else that is known of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeptOfSubject {
    /// Who: the data subject that they are in the incident, or would be.
    pub subject: Uuid,
    /// The fields that are about them; they are in the content of the whole record, too.
    pub content: Personal<KeptContent>,
}

/// What happened to a record of a source journal, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RecordEvent {
    /// It was taken over.
    SourceRecordReceived {
        /// Which journal sent it.
        journal: SourceSystem,
        /// Its id there.
        external_id: ExternalId,
        /// Place in the journal's own order; 0 where it has none.
        sequence: u64,
        /// When the journal recorded it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recorded_there: Option<DateTime<FixedOffset>>,
        /// Version of the mapping that it was read by.
        mapping: u32,
        /// What it did.
        effect: RecordEffect,
        /// The incident that it is about; nothing where it was only tried.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        incident: Option<Uuid>,
        /// Persons and vehicles that the incident has from it, each with the version of its involvement.
        #[serde(default, skip_serializing_if = "Parts::is_empty")]
        parts: Parts,
        /// Keyed marks of its fields.
        marks: Marks,
        /// What it says, where the incident doesn't.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content: Option<Personal<KeptContent>>,
        /// What of that is about each person in it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        of_subjects: Vec<KeptOfSubject>,
    },
    /// It can't be taken over, and is kept until it is mended.
    SourceRecordQuarantined {
        /// Which journal sent it.
        journal: SourceSystem,
        /// Its id there.
        external_id: ExternalId,
        /// Place in the journal's own order; 0 where it has none.
        sequence: u64,
        /// When the journal recorded it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recorded_there: Option<DateTime<FixedOffset>>,
        /// Version of the mapping that it was read by.
        mapping: u32,
        /// Why not.
        faults: Vec<Fault>,
        /// Keyed marks of its fields.
        marks: Marks,
        /// What it says.
        content: Personal<KeptContent>,
        /// What of that is about each person in it, as far as its fields are known to be about one.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        of_subjects: Vec<KeptOfSubject>,
    },
    /// What was kept was mended, by its journal or by hand, and taken over.
    SourceRecordReleased {
        /// Which journal sent it.
        journal: SourceSystem,
        /// Its id there.
        external_id: ExternalId,
        /// Place in the journal's own order; 0 where it has none.
        sequence: u64,
        /// When the journal recorded it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recorded_there: Option<DateTime<FixedOffset>>,
        /// Version of the mapping that it was read by.
        mapping: u32,
        /// What it did.
        effect: RecordEffect,
        /// The incident that it is about; nothing where it was only tried.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        incident: Option<Uuid>,
        /// Persons and vehicles that the incident has from it, each with the version of its involvement.
        #[serde(default, skip_serializing_if = "Parts::is_empty")]
        parts: Parts,
        /// Keyed marks of its fields.
        marks: Marks,
        /// What it says, where the incident doesn't.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content: Option<Personal<KeptContent>>,
        /// What of that is about each person in it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        of_subjects: Vec<KeptOfSubject>,
        /// Who mended it; nobody where its journal sent it anew.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Actor>,
        /// Why like that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Personal<Reason>>,
    },
    /// It is kept, and waits no more: it is not for this register.
    SourceRecordDiscarded {
        /// Which journal sent it.
        journal: SourceSystem,
        /// Its id there.
        external_id: ExternalId,
        /// Why.
        reason: Personal<Reason>,
        /// Who decided it.
        by: Actor,
    },
}

domain_event! {
    RecordEvent { SourceRecordReceived, SourceRecordQuarantined, SourceRecordReleased, SourceRecordDiscarded }
}

impl RecordedEvent for RecordEvent {}
