use uuid::Uuid;

use super::TrackPoint;

/// What can be asked of a track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrackCommand {
    /// Adds points.
    ReportPosition(ReportPosition),
}

/// The unit says where it is, or where it was: points of one day of Riga's calendar (see [`super::by_day`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportPosition {
    /// Unit.
    pub unit: Uuid,
    /// 1 to [`super::MAX_POINTS`], in order of time.
    pub points: Vec<TrackPoint>,
}
