use thiserror::Error;

use crate::kernel::Rule;

/// Rules of an access day that a command can break.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AccessDayError {
    /// Nothing of the records is shown.
    #[error("no scope: a consultation says what of the records is shown")]
    NoScope,
    /// Too many records at once.
    #[error("{count} records at once: show at most {most}", most = super::MAX_RECORDS_AT_ONCE)]
    TooManyRecords {
        /// How many.
        count: usize,
    },
}

impl Rule for AccessDayError {
    fn rule(&self) -> &'static str {
        match self {
            Self::NoScope => "consultation_without_scope",
            Self::TooManyRecords { .. } => "consultation_of_too_many_records",
        }
    }
}
