//! Loads what belongs to many rows in one statement, however deep in the graph the rows are.

use crate::snapshot::Snapshot;

/// The loaders of one request; all read in its snapshot.
pub(crate) struct Loaders {}

impl Loaders {
    /// Loaders that read in this snapshot.
    pub(crate) fn new(_snapshot: &Snapshot) -> Self {
        Self {}
    }
}
