//! One look, as the journal holds it: all that the access log is told of it.

use chrono::{DateTime, Utc};
use domain::access_day::ConsultRecords;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error::JournalError;
use crate::principal::Purpose;

/// A look that is about to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Look {
    /// Under which the log is told of it, however often.
    pub(crate) command_id: Uuid,
    /// When it was.
    pub(crate) at: DateTime<Utc>,
    /// Position of the register that was shown; 0 where that isn't known.
    pub(crate) after: u64,
    /// What for.
    pub(crate) purpose: Purpose,
    /// Roles of who looked, as metadata write them.
    pub(crate) roles: String,
    /// What was shown to whom.
    pub(crate) consultation: ConsultRecords,
}

impl Look {
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, JournalError> {
        // Nothing in it can fail to serialise; were it so, nothing would be shown.
        serde_json::to_vec(self).map_err(|_| JournalError::Ended)
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}
