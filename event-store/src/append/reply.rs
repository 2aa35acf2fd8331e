//! What is answered to a command that took effect; stored with it, and given again when it is repeated.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The effect of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Type of the record it was about.
    pub aggregate_type: String,
    /// The record it was about.
    pub aggregate_id: Uuid,
    /// Version of that record after it.
    pub version: u64,
    /// Generation of the log.
    pub generation: u32,
    /// Position of its last event; the head at that moment where it had none.
    pub position: u64,
    /// National number or card number of the record, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The part of the record that it was about, where parts have ids of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Uuid>,
    /// When the log recorded it.
    pub recorded_at: DateTime<Utc>,
    /// How many events it wrote, over all records.
    pub events: u32,
    /// True where this is the stored reply, given again.
    #[serde(skip)]
    pub repeated: bool,
}
