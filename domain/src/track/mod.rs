//! The track of a unit on one day (ekipāžas maršruts): where it was, in the `tracks` log.

mod command;
mod error;
mod event;
mod examples;
mod point;
#[cfg(test)]
mod tests;

use chrono::{DateTime, FixedOffset, NaiveDate};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use command::{ReportPosition, TrackCommand};
pub use error::TrackError;
pub use event::TrackEvent;
pub use point::TrackPoint;

use crate::ids::riga_day;
use crate::kernel::{Decide, Moment, Refused, handle_by_decision};

/// Most points of one report.
pub const MAX_POINTS: usize = 500;

/// Most reasons that a refusal lists: enough to see what is wrong, few enough for an answer's headers.
const MAX_REASONS: usize = 10;

/// What is known of a track.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Track {
    begun: Option<Begun>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
struct Begun {
    unit: Uuid,
    day: NaiveDate,
    latest: DateTime<FixedOffset>,
}

/// Points by day of Riga's calendar, each day in the order of the report: a track holds one day.
#[must_use]
pub fn by_day(points: Vec<TrackPoint>) -> Vec<(NaiveDate, Vec<TrackPoint>)> {
    let mut days: Vec<(NaiveDate, Vec<TrackPoint>)> = Vec::new();
    for point in points {
        let day = riga_day(&point.at);
        match days.iter_mut().find(|(known, _)| *known == day) {
            Some((_, points)) => points.push(point),
            None => days.push((day, vec![point])),
        }
    }
    days
}

impl Track {
    /// Adds points: in order of time, of one day, none from the future. What lies before a known point is kept and flagged.
    fn report(&self, command: ReportPosition, moment: &Moment) -> Result<Vec<TrackEvent>, Refused<TrackError>> {
        let ReportPosition { unit, points } = command;
        let first = points.first().ok_or(TrackError::NoPoints)?;
        let day = self.begun.as_ref().map_or_else(|| riga_day(&first.at), |track| track.day);

        let mut broken = Vec::new();
        match &self.begun {
            Some(track) if track.unit != unit => broken.push(TrackError::OtherUnit { unit: track.unit }),
            _ => {}
        }
        if points.len() > MAX_POINTS {
            broken.push(TrackError::TooManyPoints { count: points.len() });
        }
        let mut in_front = first.at;
        for (index, point) in points.iter().enumerate().take(MAX_POINTS) {
            if broken.len() >= MAX_REASONS {
                break;
            }
            if point.at < in_front {
                broken.push(TrackError::PointsOutOfOrder { index });
            }
            if moment.is_future(point.at) {
                broken.push(TrackError::PointInFuture { index });
            }
            if riga_day(&point.at) != day {
                broken.push(TrackError::PointOnOtherDay { index, day });
            }
            in_front = point.at;
        }
        Refused::unless_empty(broken)?;

        let latest = self.begun.as_ref().map(|track| track.latest);
        let late = points.iter().take_while(|point| latest.is_some_and(|latest| point.at < latest)).count();
        Ok(vec![TrackEvent::TrackReported { unit, points, late: u32::try_from(late).unwrap_or(u32::MAX) }])
    }
}

impl Decide for Track {
    fn decide(&self, command: TrackCommand, moment: &Moment) -> Result<Vec<TrackEvent>, Refused<TrackError>> {
        match command {
            TrackCommand::ReportPosition(command) => self.report(command, moment),
        }
    }
}

impl Aggregate for Track {
    const TYPE: &'static str = "track";
    type Command = TrackCommand;
    type Event = TrackEvent;
    type Error = Refused<TrackError>;
    type Services = Moment;

    async fn handle(
        &mut self,
        command: TrackCommand,
        moment: &Moment,
        sink: &EventSink<Self>,
    ) -> Result<(), Refused<TrackError>> {
        handle_by_decision(self, command, moment, sink).await
    }

    fn apply(&mut self, event: TrackEvent) {
        let TrackEvent::TrackReported { unit, points, .. } = event;
        let Some(last) = points.iter().map(|point| point.at).max() else { return };
        match &mut self.begun {
            Some(track) => track.latest = track.latest.max(last),
            None => self.begun = Some(Begun { unit, day: riga_day(&last), latest: last }),
        }
    }
}
