use thiserror::Error;

use super::MAX_RECORDS;
use crate::kernel::Rule;

/// Rules of read models that a command can break.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadModelError {
    /// Nothing, or too much at once.
    #[error("{count} records: 1 to {MAX_RECORDS} are told at once")]
    Records {
        /// How many.
        count: usize,
    },
}

impl Rule for ReadModelError {
    fn rule(&self) -> &'static str {
        match self {
            Self::Records { .. } => "read_model_records",
        }
    }
}
