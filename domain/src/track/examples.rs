use super::{TrackEvent, TrackPoint};
use crate::examples::{at, id, sure};
use crate::values::{GeoPoint, Heading, Speed};

impl TrackEvent {
    /// One event or more of each type with every field filled: invented, the same each time. For documents and golden files.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        let point = |time, latitude_e6, longitude_e6| TrackPoint {
            at: at(time),
            point: sure(GeoPoint::try_new(latitude_e6, longitude_e6)),
            speed_kmh: Some(sure(Speed::try_new(64))),
            heading_deg: Some(sure(Heading::try_new(270))),
        };
        vec![Self::TrackReported {
            unit: id(2),
            points: vec![point("21:43:00", 56_951_500, 24_113_300), point("21:43:05", 56_951_600, 24_112_100)],
            late: 1,
        }]
    }
}
