//! Why a consumer stops for a while, and whose fault an error is: the event's or the world's.

use crate::log::{DecodeError, LogName, LogPosition};
use crate::proof::generation::Place;
use crate::read::ReadError;

/// A batch that could not be taken in.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The database failed, or refused what was written.
    #[error("the database refused the batch")]
    Database(#[from] sqlx::Error),
    /// This event can't be taken in.
    #[error("event {position} can't be taken in: {reason}")]
    Event {
        /// Where it lies.
        position: LogPosition,
        /// Why, without personal data.
        reason: String,
    },
    /// The handler panicked.
    #[error("the handler panicked: {0}")]
    Panicked(String),
}

impl ApplyError {
    /// Whether trying the same again can't help, because it lies in the events.
    pub(crate) fn is_of_the_events(&self) -> bool {
        match self {
            ApplyError::Event { .. } | ApplyError::Panicked(_) => true,
            ApplyError::Database(error) => is_of_the_data(error),
        }
    }

    /// The sentence to keep with a parked record: it names causes, and never values, which may be personal.
    pub(crate) fn telling(&self) -> String {
        match self {
            ApplyError::Database(error) => describe(error),
            other => other.to_string(),
        }
    }
}

/// What went wrong in the database, without its own words: they may quote what was written.
fn describe(error: &sqlx::Error) -> String {
    let sqlx::Error::Database(error) = error else { return format!("the database failed: {error}") };
    let code = error.code().unwrap_or_default();
    let constraint = error.constraint().map(|name| format!(", constraint {name}")).unwrap_or_default();
    let table = error.table().map(|name| format!(", table {name}")).unwrap_or_default();
    format!("the database refused (SQLSTATE {code}{table}{constraint})")
}

/// Whether the database refused because of what was written: data exceptions, constraints, a row met twice, limits, raised
/// errors. All else (no connection, no space, deadlock, no such table …) is not the event's fault and is tried again.
fn is_of_the_data(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            matches!(code.get(..2), Some("21" | "22" | "23" | "54" | "P0"))
        }
        sqlx::Error::Encode(_) => true,
        _ => false,
    }
}

/// Why a consumer does not move on. It tries again by itself.
#[derive(Debug, thiserror::Error)]
pub enum ConsumerError {
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A batch could not be taken in, for a reason that will pass.
    #[error(transparent)]
    Apply(ApplyError),
    /// The next event was written by a newer program: it waits before it until such a one takes over.
    #[error(transparent)]
    Waiting(DecodeError),
    /// Nobody has registered it.
    #[error("{name} has no row of progress for {log}: `vnr projections rebuild {name}` makes it")]
    Unknown {
        /// The consumer.
        name: &'static str,
        /// The log.
        log: LogName,
    },
    /// What is there was written by another version of the code.
    #[error("{name} was built by version {found} of its code, this program has version {wanted}: rebuild it")]
    OtherVersion {
        /// The consumer.
        name: &'static str,
        /// Version of what is there.
        found: u32,
        /// Version of this program.
        wanted: u32,
    },
    /// It has seen events that the log does not have: the log was restored from an older backup.
    #[error(
        "{name} has taken in {log} up to {progress}, of which the log has no more than {head}: it was restored from an \
         older backup. The others go on; rebuild this one: `vnr projections rebuild {name} --switch`"
    )]
    AheadOfLog {
        /// The consumer.
        name: &'static str,
        /// The log.
        log: LogName,
        /// Its progress.
        progress: Place,
        /// What there still is of what it has seen.
        head: Place,
    },
    /// Another worker has taken over.
    #[error("another worker has taken {name} over")]
    LeaseLost {
        /// The consumer.
        name: &'static str,
    },
}

impl ConsumerError {
    /// The sentence for operators: with the cause, and without anything that may be personal.
    pub fn telling(&self) -> String {
        match self {
            ConsumerError::Database(error) | ConsumerError::Read(ReadError::Database(error)) => describe(error),
            ConsumerError::Apply(error) => error.telling(),
            other => other.to_string(),
        }
    }
}
