use chrono::{DateTime, FixedOffset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::values::{GeoPoint, Heading, Speed};

/// Where a unit was at a moment, and how it moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrackPoint {
    /// When.
    pub at: DateTime<FixedOffset>,
    /// Where.
    pub point: GeoPoint,
    /// How fast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed_kmh: Option<Speed>,
    /// Which way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heading_deg: Option<Heading>,
}
