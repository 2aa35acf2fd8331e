use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::TrackPoint;
use crate::kernel::{RecordedEvent, domain_event};

/// What happened to a track, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TrackEvent {
    /// Points were added.
    TrackReported {
        /// Unit.
        unit: Uuid,
        /// Points in order of time.
        points: Vec<TrackPoint>,
        /// How many of them, from the first, lie before a point that was already known.
        #[serde(default, skip_serializing_if = "is_zero")]
        late: u32,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(late: &u32) -> bool {
    *late == 0
}

domain_event! {
    TrackEvent { TrackReported }
}

impl RecordedEvent for TrackEvent {}
