//! Why a command did not take effect.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use uuid::Uuid;

use super::lanes::Lane;
use super::work::Touch;
use crate::log::DecodeError;
use crate::seal::KeyScope;

/// Why a command did not take effect.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The decision refused it: the domain's own error, [`VersionConflict`], [`ClaimTaken`] or [`WrongType`].
    #[error("the command was refused")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
    /// The same command id came before with other content.
    #[error("command id {command_id} was used before for another command: choose a new one")]
    CommandIdReused {
        /// The id.
        command_id: Uuid,
    },
    /// The lane has no room; ask again later.
    #[error("the {lane} lane is full")]
    LaneFull {
        /// Which lane.
        lane: Lane,
        /// When it is worth asking again.
        retry_after: Duration,
    },
    /// Its deadline passed before it was written; it was not.
    #[error("the deadline passed before the command was written")]
    DeadlinePassed,
    /// The database could not be reached in time, or the process is ending. It may or may not have been written: ask
    /// again with the same command id.
    #[error("the log can't be written at present")]
    Unavailable,
    /// A record that the command is about holds an event of a newer program: this one can't decide on it, that one can.
    /// It was not written: ask again.
    #[error("the record holds an event of a newer program: ask again until that one answers")]
    TooOld(#[source] DecodeError),
    /// Something that should not happen; the operator's log says what.
    #[error("the command could not be written")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

impl AppendError {
    /// Why the command that stood alone in its batch could not be written.
    pub(super) fn of_database(error: sqlx::Error) -> AppendError {
        match error {
            sqlx::Error::Decode(cause) => match cause.downcast::<DecodeError>() {
                Ok(newer) if matches!(*newer, DecodeError::Newer { .. } | DecodeError::Unknown { .. }) => {
                    AppendError::TooOld(*newer)
                }
                Ok(broken) => AppendError::Internal(broken),
                Err(other) => AppendError::Internal(other),
            },
            other => AppendError::Internal(Box::new(other)),
        }
    }
}

/// The record is not at the version that the sender expected (I-5).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the record is at version {actual}, not at {expected}: read it again and decide again")]
pub struct VersionConflict {
    /// The record.
    pub aggregate_id: Uuid,
    /// What the sender expected.
    pub expected: u64,
    /// What it is.
    pub actual: u64,
}

/// What a command claims belongs to another record, for ever.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} `{key}` belongs to another record")]
pub struct ClaimTaken {
    /// Kind of claim, `source`.
    pub kind: String,
    /// What was claimed.
    pub key: String,
    /// Whose it is.
    pub owner: Uuid,
}

/// The record is of another type than the command is for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{aggregate_id} is of type {actual}, not {expected}")]
pub struct WrongType {
    /// The record.
    pub aggregate_id: Uuid,
    /// What the command is for.
    pub expected: &'static str,
    /// What it is.
    pub actual: String,
}

/// Why a decision stopped before its end: because it refuses, or because the appender must fetch something first and
/// call it again. Any error turns into a refusal by `?`; hand a `Stop` that `Work` gave on as it is.
pub struct Stop(pub(super) Reason);

pub(super) enum Reason {
    Refused(Box<dyn Error + Send + Sync>),
    Load(Touch),
    LookUp { kind: &'static str, key: String },
    Keys(KeyScope),
}

impl Stop {
    /// The command is refused with this error.
    pub fn refused(error: impl Error + Send + Sync + 'static) -> Stop {
        Stop(Reason::Refused(Box::new(error)))
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Stop {
    fn from(error: E) -> Stop {
        Stop::refused(error)
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Reason::Refused(error) => write!(f, "refused: {error}"),
            Reason::Load(touch) => write!(f, "needs {touch:?}"),
            Reason::LookUp { kind, key } => write!(f, "needs the claim {kind} {key}"),
            Reason::Keys(scope) => write!(f, "needs the keys of {scope:?}"),
        }
    }
}
