//! A place in a log as it is told outside.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};

use event_store::proof::generation::Lives;

use crate::error::QueryError;

/// A place in a log: a generation and a position in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogPosition {
    /// Life of the log between lossy restores, from 1.
    pub generation: u32,
    /// Place in the log; 0 is before the first event.
    pub position: u64,
}

impl LogPosition {
    /// Reads `1.42`.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const SHAPE: &str = "a position is GENERATION.POSITION, such as 1.42";
        let (generation, position) = text.split_once('.').ok_or(SHAPE)?;
        let is_plain = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
        if !is_plain(generation) || !is_plain(position) {
            return Err(SHAPE);
        }
        let generation = generation.parse().map_err(|_| SHAPE)?;
        let position = position.parse().ok().filter(|p| i64::try_from(*p).is_ok()).ok_or(SHAPE)?;
        Ok(Self { generation, position })
    }

    /// The place in the log as it is now. Refuses a position that the log does not have: of an older generation beyond where
    /// a newer one began, or of a generation that has not begun.
    pub(crate) fn within(self, lives: &Lives, generation: u32) -> Result<u64, QueryError> {
        if self.generation == generation {
            return Ok(self.position);
        }
        let told = match lives.common_with(self.generation) {
            Some(last) if self.generation < generation && self.position <= last => return Ok(self.position),
            Some(last) if self.generation < generation => format!(
                "position {self} is void: the log was restored, and has generation {} up to {last} only; it is in generation {generation} \
                 now. What was answered with it has to be sent again; ask again without it",
                self.generation
            ),
            _ => format!(
                "position {self} is of generation {}, the log is in generation {generation}: it was restored, ask again without it",
                self.generation
            ),
        };
        Err(QueryError::FailedPrecondition(told))
    }
}

impl std::fmt::Display for LogPosition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.generation, self.position)
    }
}

/// A place in a log: `GENERATION.POSITION`, such as `1.42`. A command's reply holds one; given as `minPosition` it makes
/// a query wait until what the command did can be seen. Positions grow within a generation; those of an older
/// generation that a restore has lost are refused with FAILED_PRECONDITION.
#[Scalar]
impl ScalarType for LogPosition {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Self::parse(&text).map_err(InputValueError::custom),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_is_told() {
        let position = LogPosition::parse("2.9007199254740993").expect("a position");
        assert_eq!(position.to_string(), "2.9007199254740993");
        for wrong in ["", "1", "1.", ".1", "1.-1", "+1.1", "1.1.1", "1.9223372036854775808", "4294967296.1"] {
            assert!(LogPosition::parse(wrong).is_err(), "{wrong}");
        }
    }
}
