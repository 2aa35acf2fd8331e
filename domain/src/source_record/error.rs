use thiserror::Error;

use crate::kernel::Rule;

/// Rules of a source record that a command can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RecordError {
    /// Nothing of it waits.
    #[error("this record is not in quarantine: there is nothing to mend or to discard")]
    NotInQuarantine,
}

impl Rule for RecordError {
    fn rule(&self) -> &'static str {
        match self {
            Self::NotInQuarantine => "record_not_in_quarantine",
        }
    }
}
