use cqrs_es::test::TestFramework;

use super::*;
use crate::examples::{at, id, sure};
use crate::scenario::{Scenario, moment};
use crate::values::GeoPoint;

fn track() -> Scenario<Track> {
    Scenario::new()
}

fn point(at: DateTime<FixedOffset>) -> TrackPoint {
    TrackPoint { at, point: sure(GeoPoint::try_new(56_951_500, 24_113_300)), speed_kmh: None, heading_deg: None }
}

fn report<const N: usize>(times: [&str; N]) -> TrackCommand {
    of_unit(2, times.map(at).map(point).to_vec())
}

fn of_unit(unit: u128, points: Vec<TrackPoint>) -> TrackCommand {
    TrackCommand::ReportPosition(ReportPosition { unit: id(unit), points })
}

fn late(outcome: (Vec<TrackEvent>, Track)) -> u32 {
    let TrackEvent::TrackReported { late, .. } = outcome.0[0];
    late
}

#[test]
fn points_in_order_are_kept() {
    assert_eq!(late(track().when(report(["21:30:00", "21:30:05", "21:30:05"])).accepted()), 0);
}

#[test]
fn points_from_before_what_is_known_are_kept_and_flagged() {
    let begun = track().after(report(["21:30:00", "21:30:10"]));
    assert_eq!(late(begun.clone().when(report(["21:29:00", "21:30:05", "21:30:10", "21:31:00"])).accepted()), 2);
    let still = begun.after(report(["21:29:00"]));
    assert_eq!(late(still.when(report(["21:30:09"])).accepted()), 1);
}

#[test]
fn all_that_is_wrong_with_a_report_is_told_at_once() {
    track()
        .after(report(["21:30:00"]))
        .when(of_unit(3, ["21:32:00", "21:31:00", "21:50:00"].map(at).map(point).to_vec()))
        .refused_with([
            TrackError::OtherUnit { unit: id(2) },
            TrackError::PointsOutOfOrder { index: 1 },
            TrackError::PointInFuture { index: 2 },
        ]);
    track().when(report([])).refused_with([TrackError::NoPoints]);
    let many = vec![point(at("21:30:00")); MAX_POINTS + 1];
    track().when(of_unit(2, many)).refused_with([TrackError::TooManyPoints { count: MAX_POINTS + 1 }]);
}

#[test]
fn a_refusal_does_not_list_hundreds_of_points() {
    let tomorrow = vec![point(at("21:30:00") + chrono::TimeDelta::days(1)); MAX_POINTS];
    let refused = track().record.decide(of_unit(2, tomorrow), &moment("21:40:00")).unwrap_err();
    assert_eq!(refused.reasons().count(), 10);
}

#[test]
fn a_track_is_of_one_day_of_rigas_calendar() {
    // 22:30 UTC on 27 March is 00:30 on 28 March in Riga.
    let utc = |text| point(sure(DateTime::parse_from_rfc3339(text)));
    let points = vec![utc("2026-03-27T21:30:00Z"), utc("2026-03-27T22:30:00Z"), utc("2026-03-27T22:31:00Z")];
    let days: Vec<_> =
        by_day(points.clone()).into_iter().map(|(day, points)| (day.to_string(), points.len())).collect();
    assert_eq!(days, [("2026-03-27".to_owned(), 1), ("2026-03-28".to_owned(), 2)]);
    let day = riga_day(&at("12:00:00")).pred_opt().unwrap();
    track()
        .when(of_unit(2, points))
        .refused_with([TrackError::PointOnOtherDay { index: 1, day }, TrackError::PointOnOtherDay { index: 2, day }]);
}

#[test]
fn stock_cqrs_es_runs_the_same_decisions() {
    let points = vec![point(at("21:30:00"))];
    TestFramework::<Track>::with(moment("21:42:00"))
        .given_no_previous_events()
        .when(of_unit(2, points.clone()))
        .then_expect_events(vec![TrackEvent::TrackReported { unit: id(2), points, late: 0 }]);
}
