use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CodeSystem, Entry};
use crate::kernel::{RecordedEvent, Upcaster, domain_event};
use crate::personal::Personal;
use crate::values::{Actor, Reason};

/// What happened to a classifier, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ClassifierEvent {
    /// Entries were added or replaced: each replaces the one of the same code and first day; all others stay.
    ClassifierLoaded {
        /// Which classifier.
        system: CodeSystem,
        /// The entries.
        entries: Vec<Entry>,
        /// Why.
        reason: Personal<Reason>,
        /// Who loaded them.
        by: Actor,
    },
}

domain_event! {
    ClassifierEvent { ClassifierLoaded },
    upcasters: &[CLASSIFIER_LOADED_1]
}

/// Version 1 knew no kinds of cautions; what it could load is loaded as before.
const CLASSIFIER_LOADED_1: Upcaster = Upcaster { event_type: "ClassifierLoaded", from: 1, upcast: |_| {} };

impl RecordedEvent for ClassifierEvent {}
