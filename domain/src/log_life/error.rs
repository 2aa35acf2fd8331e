use thiserror::Error;

use crate::kernel::Rule;

/// Rules that the beginning of a generation can break.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LogLifeError {
    /// The log has been in that generation, or beyond it.
    #[error("generation {asked} has been before: the log is in generation {current}")]
    GenerationNotNew {
        /// Asked for.
        asked: u32,
        /// The newest that this log knows.
        current: u32,
    },
    /// Neither a position nor a number is void.
    #[error("nothing would be void: a generation begins only where something that was given out is lost")]
    NothingVoid,
    /// Nobody says why.
    #[error("the reason is missing: say what happened, without personal data")]
    NoReason,
}

impl Rule for LogLifeError {
    fn rule(&self) -> &'static str {
        match self {
            Self::GenerationNotNew { .. } => "generation_not_new",
            Self::NothingVoid => "generation_voids_nothing",
            Self::NoReason => "generation_without_reason",
        }
    }
}
