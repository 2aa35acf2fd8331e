use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use crate::values::{GeoPoint, ValueError};

/// Where a unit was at a moment, and how it moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "TrackPointParts", into = "TrackPointParts")]
pub struct TrackPoint(TrackPointParts);

/// What a [`TrackPoint`] is made of and taken apart into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackPointParts {
    /// When.
    pub at: DateTime<FixedOffset>,
    /// Where.
    pub point: GeoPoint,
    /// Kilometres an hour, at most 1,500.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed_kmh: Option<u16>,
    /// Degrees clockwise from north, 0 to 359.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heading_deg: Option<u16>,
}

impl TrackPoint {
    /// The point that the parts describe.
    ///
    /// # Errors
    /// Where speed or heading is outside its range.
    pub fn try_new(parts: TrackPointParts) -> Result<Self, ValueError> {
        if parts.speed_kmh.is_some_and(|speed| speed > 1_500) {
            return Err(ValueError::Range { what: "speed in km/h", from: 0, to: 1_500 });
        }
        if parts.heading_deg.is_some_and(|heading| heading > 359) {
            return Err(ValueError::Range { what: "heading in degrees", from: 0, to: 359 });
        }
        Ok(Self(parts))
    }

    /// What it is made of.
    #[must_use]
    pub fn parts(&self) -> &TrackPointParts {
        &self.0
    }

    /// When.
    #[must_use]
    pub fn at(&self) -> DateTime<FixedOffset> {
        self.0.at
    }
}

impl TryFrom<TrackPointParts> for TrackPoint {
    type Error = ValueError;

    fn try_from(parts: TrackPointParts) -> Result<Self, ValueError> {
        Self::try_new(parts)
    }
}

impl From<TrackPoint> for TrackPointParts {
    fn from(point: TrackPoint) -> Self {
        point.0
    }
}
