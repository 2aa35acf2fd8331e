use super::*;
use crate::examples::{actor, at, id, sealed};
use crate::scenario::Scenario;
use crate::terms::AccessPurpose;

fn break_glass(until: Option<DateTime<FixedOffset>>) -> EmergencyAccessCommand {
    EmergencyAccessCommand::BreakGlass(Box::new(BreakGlass {
        record: id(1),
        purpose: AccessPurpose::Response,
        until,
        reason: sealed(1),
        by: actor("a.ozola"),
    }))
}

fn vouch(by: &str) -> EmergencyAccessCommand {
    EmergencyAccessCommand::Vouch(VouchEmergencyAccess { note: sealed(2), by: actor(by) })
}

fn review(outcome: ReviewOutcome, by: &str) -> EmergencyAccessCommand {
    EmergencyAccessCommand::Review(ReviewEmergencyAccess { outcome, note: sealed(3), by: actor(by) })
}

/// At 20:00.
fn access() -> Scenario<EmergencyAccess> {
    Scenario::new().at("20:00:00")
}

/// Asked for at 20:00, until midnight.
fn declared() -> Scenario<EmergencyAccess> {
    access().after(break_glass(None))
}

/// Vouched for at 20:14.
fn opened() -> Scenario<EmergencyAccess> {
    declared().at("20:14:00").after(vouch("p.kalnins"))
}

fn utc(time: &str) -> DateTime<Utc> {
    at(time).with_timezone(&Utc)
}

#[test]
fn it_opens_when_a_second_person_vouches() {
    access().when(vouch("p.kalnins")).refused_with([EmergencyAccessError::NotDeclared]);
    assert!(!declared().record.is_open(utc("20:01:00")), "nobody vouches yet");
    let same_person = EmergencyAccessError::SamePerson { by: actor("a.ozola") };
    declared().when(vouch("a.ozola")).refused_with([same_person]);
    let vouched = EmergencyAccessEvent::BreakGlassVouched {
        record: id(1),
        note: sealed(2),
        review_by: utc("20:00:00") + TimeDelta::hours(72),
        by: actor("p.kalnins"),
    };
    let record = declared().when(vouch("p.kalnins")).records(&[vouched]);
    assert!(record.is_open(utc("20:01:00")));
}

#[test]
fn it_lapses_where_nobody_vouches_in_time() {
    let late = EmergencyAccessError::Lapsed { vouch_by: utc("20:15:00") };
    declared().at("20:15:00").when(vouch("p.kalnins")).refused_with([late]);
    let short = access().after(break_glass(Some(at("20:05:00")))).at("20:05:00");
    short.when(vouch("p.kalnins")).refused_with([EmergencyAccessError::Lapsed { vouch_by: utc("20:05:00") }]);
}

#[test]
fn it_lasts_four_hours_at_most() {
    let too_long = break_glass(Some(at("20:00:01") + TimeDelta::hours(4)));
    access().when(too_long).refused_with([EmergencyAccessError::TooLong { hours: 4 }]);
    access().when(break_glass(Some(at("20:00:00")))).refused_with([EmergencyAccessError::AlreadyOver]);
    let midnight = at("20:00:00") + TimeDelta::hours(4);
    let (events, _) = access().when(break_glass(None)).accepted();
    assert!(matches!(&events[..], [EmergencyAccessEvent::BreakGlassDeclared { until, .. }] if *until == midnight));
    assert!(opened().record.is_open(utc("23:59:59")) && !opened().record.is_open(midnight.with_timezone(&Utc)));
}

#[test]
fn saying_the_same_again_changes_nothing_and_another_is_told() {
    let asked = EmergencyAccessError::AlreadyDeclared { by: actor("a.ozola") };
    declared().when(break_glass(None)).refused_with([asked]);
    opened().when(vouch("p.kalnins")).changes_nothing();
    let vouched = EmergencyAccessError::AlreadyVouched { by: actor("p.kalnins") };
    opened().when(vouch("i.liepa")).refused_with([vouched]);
    let reviewed = opened().after(review(ReviewOutcome::Justified, "i.liepa"));
    reviewed.clone().when(review(ReviewOutcome::Justified, "i.liepa")).changes_nothing();
    let told = || EmergencyAccessError::AlreadyReviewed { by: actor("i.liepa") };
    reviewed.clone().when(review(ReviewOutcome::Unjustified, "i.liepa")).refused_with([told()]);
    reviewed.when(review(ReviewOutcome::Justified, "m.krumins")).refused_with([told()]);
}

#[test]
fn it_is_reviewed_by_somebody_who_had_no_part_in_it() {
    let justified = |by| review(ReviewOutcome::Justified, by);
    access().when(justified("i.liepa")).refused_with([EmergencyAccessError::NotDeclared]);
    declared().when(justified("i.liepa")).refused_with([EmergencyAccessError::NotOpened]);
    for by in ["a.ozola", "p.kalnins"] {
        opened().when(justified(by)).refused_with([EmergencyAccessError::OwnReview { by: actor(by) }]);
    }
    let (events, _) = opened().when(justified("i.liepa")).accepted();
    assert!(matches!(&events[..], [EmergencyAccessEvent::BreakGlassReviewed { by, .. }] if *by == actor("i.liepa")));
}

#[test]
fn a_review_that_finds_it_unjustified_stops_it() {
    let stopped = opened().after(review(ReviewOutcome::Unjustified, "i.liepa"));
    assert!(!stopped.record.is_open(utc("21:00:00")));
    let right = opened().after(review(ReviewOutcome::Justified, "i.liepa"));
    assert!(right.record.is_open(utc("21:00:00")), "work goes on");
}

#[test]
fn a_review_that_nobody_made_is_overdue() {
    let due = utc("20:14:00") + TimeDelta::hours(72);
    assert!(opened().record.is_review_overdue(due) && !opened().record.is_review_overdue(due - TimeDelta::seconds(1)));
    let reviewed = opened().after(review(ReviewOutcome::Justified, "i.liepa"));
    assert!(!reviewed.record.is_review_overdue(due));
    assert!(!declared().record.is_review_overdue(due), "it opened nothing");
}
