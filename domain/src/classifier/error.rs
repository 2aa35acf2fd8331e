use thiserror::Error;

use crate::kernel::Rule;
use crate::values::Code;

/// Rules of a classifier that a command can break.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ClassifierError {
    /// A code means one thing at a time.
    #[error("code `{code}` would mean two things on one day: end the older entry on the day on which the newer begins")]
    Overlap {
        /// The code.
        code: Code,
    },
    /// The same entry is given twice.
    #[error("code `{code}` is given twice with the same first day: leave one out")]
    Twice {
        /// The code.
        code: Code,
    },
    /// It would hold on no day.
    #[error("code `{code}` would end before it begins: correct valid_from or valid_until")]
    EndsBeforeItBegins {
        /// The code.
        code: Code,
    },
    /// More than one list has.
    #[error("{count} entries: at most {most}")]
    TooMany {
        /// How many.
        count: usize,
        /// How many there may be.
        most: usize,
    },
}

impl Rule for ClassifierError {
    fn rule(&self) -> &'static str {
        match self {
            Self::Overlap { .. } => "classifier_code_overlaps",
            Self::Twice { .. } => "classifier_code_twice",
            Self::EndsBeforeItBegins { .. } => "classifier_code_ends_before_it_begins",
            Self::TooMany { .. } => "too_many_classifier_entries",
        }
    }
}
