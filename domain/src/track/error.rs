use chrono::NaiveDate;
use thiserror::Error;
use uuid::Uuid;

use crate::kernel::Rule;

/// Rules of a track that a report can break.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TrackError {
    /// A report without points.
    #[error("no points: a report has at least one")]
    NoPoints,
    /// A report with too many points.
    #[error("{count} points in one report: send at most {most}, the rest in another", most = super::MAX_POINTS)]
    TooManyPoints {
        /// How many.
        count: usize,
    },
    /// A point lies before the one in front of it.
    #[error("points[{index}] lies before the point in front of it: sort the points by time")]
    PointsOutOfOrder {
        /// Its place in the report, from 0.
        index: usize,
    },
    /// A point lies in the future.
    #[error("points[{index}] lies in the future: check the unit's clock")]
    PointInFuture {
        /// Its place in the report, from 0.
        index: usize,
    },
    /// A point of another day than the track's.
    #[error("points[{index}] isn't of {day}: a track holds one day")]
    PointOnOtherDay {
        /// Its place in the report, from 0.
        index: usize,
        /// Day of the track.
        day: NaiveDate,
    },
    /// The track is another unit's.
    #[error("this track is unit {unit}'s")]
    OtherUnit {
        /// Unit of the track.
        unit: Uuid,
    },
}

impl Rule for TrackError {
    fn rule(&self) -> &'static str {
        match self {
            Self::NoPoints => "track_has_no_points",
            Self::TooManyPoints { .. } => "track_has_too_many_points",
            Self::PointsOutOfOrder { .. } => "track_points_out_of_order",
            Self::PointInFuture { .. } => "track_point_in_future",
            Self::PointOnOtherDay { .. } => "track_point_on_other_day",
            Self::OtherUnit { .. } => "track_of_other_unit",
        }
    }
}
