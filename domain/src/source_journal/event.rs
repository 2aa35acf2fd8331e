use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{JournalPhase, RecordMapping};
use crate::kernel::{RecordedEvent, Upcaster, domain_event};
use crate::personal::Personal;
use crate::values::{Actor, InstitutionCode, Label, Reason, SourceSystem};

/// What happened to a source journal, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum JournalEvent {
    /// It was made known; it can't send yet.
    JournalRegistered {
        /// Under which name it sends.
        system: SourceSystem,
        /// Whose it is.
        institution: InstitutionCode,
        /// What it is called in Latvian.
        lv: Label,
        /// What it is called in English.
        en: Label,
        /// Who registered it.
        by: Actor,
    },
    /// Its records are read like this from then on.
    MappingAdopted {
        /// Version of the mapping, from 1.
        version: u32,
        /// How.
        mapping: RecordMapping,
        /// Why.
        reason: Personal<Reason>,
        /// Who decided it.
        by: Actor,
    },
    /// It was put to the test, into service, or out of it.
    JournalPhaseChanged {
        /// Where it stood.
        from: JournalPhase,
        /// Where it stands.
        to: JournalPhase,
        /// Why.
        reason: Personal<Reason>,
        /// Who decided it.
        by: Actor,
    },
}

domain_event! {
    JournalEvent { JournalRegistered, MappingAdopted, JournalPhaseChanged },
    upcasters: &[MAPPING_ADOPTED_1]
}

/// Version 1 knew no fields of persons and vehicles; what it could say is said as before.
const MAPPING_ADOPTED_1: Upcaster = Upcaster { event_type: "MappingAdopted", from: 1, upcast: |_| {} };

impl RecordedEvent for JournalEvent {}
