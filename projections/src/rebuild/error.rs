//! Why something could not be done to a read model.

use event_store::consumer::ConsumerError;
use event_store::read::ReadError;

/// Why a read model could not be built anew, switched, rolled back or dropped.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// There is none of that name.
    #[error("there is no read model `{name}`: there are {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// This program builds another version.
    #[error("this program builds version {builds} of {name}, not {wanted}: run the program that does")]
    OtherVersion {
        /// The read model.
        name: &'static str,
        /// What this program builds.
        builds: u32,
        /// What was asked for, or found.
        wanted: u32,
    },
    /// Somebody else is at it.
    #[error("{name} is being rebuilt by another process: `vnr projections list` shows how far it is")]
    UnderWay {
        /// The read model.
        name: &'static str,
    },
    /// The log grows faster than events can be taken in.
    #[error("{name} could not catch up with the log in {tries} tries: try again when less is written")]
    NeverCaughtUp {
        /// The read model.
        name: &'static str,
        /// How often it was tried.
        tries: u32,
    },
    /// Nothing was built anew.
    #[error("there is no candidate of {name}: build one with `vnr projections rebuild {name}`")]
    NoCandidate {
        /// The read model.
        name: &'static str,
    },
    /// It isn't all there yet.
    #[error("the candidate of {name} is not filled yet: `vnr projections rebuild {name}` goes on with it")]
    NotFilled {
        /// The read model.
        name: &'static str,
    },
    /// A candidate is in the way.
    #[error("{name} has a candidate: drop it first with `vnr projections drop {name} --candidate`")]
    CandidateInTheWay {
        /// The read model.
        name: &'static str,
    },
    /// Nothing served before.
    #[error("nothing is kept of what {name} was before: there is nothing to go back to")]
    NoPrevious {
        /// The read model.
        name: &'static str,
    },
    /// It takes nothing in.
    #[error("{name} is paused: resume it first with `vnr projections resume {name}`")]
    Paused {
        /// The read model.
        name: &'static str,
    },
    /// Its records depend on one another.
    #[error("{name} can't be built in slices: what it makes of one record depends on others; leave --slices out")]
    NotApart {
        /// The read model.
        name: &'static str,
    },
    /// The database failed.
    #[error("the database failed; asking again goes on where it stopped")]
    Database(#[from] sqlx::Error),
    /// A log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The events could not be taken in.
    #[error(transparent)]
    Consumer(#[from] ConsumerError),
}
