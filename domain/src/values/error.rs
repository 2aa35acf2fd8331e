use thiserror::Error;

/// Why a value was refused. Never repeats the value: it may be personal.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ValueError {
    /// Nothing is there.
    #[error("{what} is empty: give it or leave the field out")]
    Empty {
        /// Kind of value.
        what: &'static str,
    },
    /// Too many characters.
    #[error("{what} has {length} characters: at most {most} are kept")]
    TooLong {
        /// Kind of value.
        what: &'static str,
        /// Characters that it may have.
        most: usize,
        /// Characters that it has.
        length: usize,
    },
    /// A character that can't be shown.
    #[error("{what} has a control character at character {at}: remove it")]
    ControlCharacter {
        /// Kind of value.
        what: &'static str,
        /// Place of the character, from 1.
        at: usize,
    },
    /// Not in the form of its kind.
    #[error("{what} isn't in its form: {expected}")]
    Form {
        /// Kind of value.
        what: &'static str,
        /// What would be right.
        expected: &'static str,
    },
    /// Outside its range.
    #[error("{what} is outside {from} to {to}")]
    Range {
        /// Kind of value.
        what: &'static str,
        /// Least that it may be.
        from: i64,
        /// Most that it may be.
        to: i64,
    },
}
