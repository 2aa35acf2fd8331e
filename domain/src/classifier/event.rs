use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CodeSystem, Entry};
use crate::kernel::{RecordedEvent, domain_event};
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
    ClassifierEvent { ClassifierLoaded }
}

impl RecordedEvent for ClassifierEvent {}
