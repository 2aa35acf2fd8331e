use super::{CodeSystem, Entry};
use crate::personal::Personal;
use crate::values::{Actor, Reason};

/// What can be asked of a classifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClassifierCommand {
    /// Adds and replaces entries.
    LoadClassifier(Box<LoadClassifier>),
}

/// Adds and replaces entries (klasifikatora ielāde); what isn't named stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadClassifier {
    /// Which classifier.
    pub system: CodeSystem,
    /// Entries that are new or have changed.
    pub entries: Vec<Entry>,
    /// The list that held before anything was loaded.
    pub baseline: Vec<Entry>,
    /// Why.
    pub reason: Personal<Reason>,
    /// Who loads it.
    pub by: Actor,
}
