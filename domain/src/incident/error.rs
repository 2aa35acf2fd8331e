use thiserror::Error;

use crate::kernel::Rule;
use crate::values::NationalNumber;

/// Rules of an incident that a command can break.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IncidentError {
    /// There is no such incident.
    #[error("there is no such incident: register it first")]
    NotRegistered,
    /// It was registered before.
    #[error("this incident is already registered as {number}: supplement that one")]
    AlreadyRegistered {
        /// Its number.
        number: NationalNumber,
    },
    /// Nothing of a closed incident changes.
    #[error("incident {number} is closed: reopen it before changing it")]
    Closed {
        /// Its number.
        number: NationalNumber,
    },
    /// Only a closed incident can be reopened.
    #[error("incident {number} isn't closed: there is nothing to reopen")]
    NotClosed {
        /// Its number.
        number: NationalNumber,
    },
    /// It can't be closed without a result.
    #[error("incident {number} has no result: record how it was dealt with, then close it")]
    NoResult {
        /// Its number.
        number: NationalNumber,
    },
    /// It would end before it begins.
    #[error("the incident would end before it begins: correct occurred_from or occurred_to")]
    EndsBeforeItBegins,
    /// It would begin or end in the future.
    #[error("{field} lies in the future: an incident is registered once it has begun")]
    InFuture {
        /// Which of its times.
        field: &'static str,
    },
    /// More processes than one incident goes on in.
    #[error("{count} case references: an incident has at most {most}", most = super::MAX_CASE_REFS)]
    TooManyCaseRefs {
        /// How many.
        count: usize,
    },
    /// A supplement without content.
    #[error("nothing to supplement: give a narrative, a place, a time or a reporter")]
    NothingToSupplement,
    /// A reclassification without content.
    #[error("nothing to reclassify: give a type or a category")]
    NothingToReclassify,
}

impl Rule for IncidentError {
    fn rule(&self) -> &'static str {
        match self {
            Self::NotRegistered => "incident_not_registered",
            Self::AlreadyRegistered { .. } => "incident_already_registered",
            Self::Closed { .. } => "incident_closed",
            Self::NotClosed { .. } => "incident_not_closed",
            Self::NoResult { .. } => "incident_has_no_result",
            Self::EndsBeforeItBegins => "incident_ends_before_it_begins",
            Self::InFuture { .. } => "incident_in_future",
            Self::TooManyCaseRefs { .. } => "too_many_case_refs",
            Self::NothingToSupplement => "nothing_to_supplement",
            Self::NothingToReclassify => "nothing_to_reclassify",
        }
    }
}
