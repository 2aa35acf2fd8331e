use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::examples::{at, id, sealed, sure};
use crate::ids;
use crate::scenario::{Scenario, moment};
use crate::terms::UnitKind;
use crate::unit::Crew;
use crate::values::{Code, CrewSize, Headcount, Officer, Station, UnitCount};

fn shift() -> Scenario<RosterShift> {
    Scenario::new()
}

fn key(name: &str) -> ShiftKey {
    ShiftKey {
        institution: sure(InstitutionCode::parse("VUGD")),
        station: sure(Station::parse("Rīgas 1. daļa")),
        date: at("08:00:00").date_naive(),
        shift: sure(Code::parse(name)),
    }
}

fn officer(number: u32) -> Officer {
    sure(Officer::parse(&format!("V-{number}")))
}

fn of_day() -> ShiftPlan {
    ShiftPlan {
        starts_at: at("08:00:00"),
        ends_at: at("20:00:00"),
        strength: sure(Headcount::try_new(7)),
        units: BTreeSet::from([id(2)]),
        minimum: Vec::new(),
    }
}

fn planned(name: &str, plan: ShiftPlan) -> ShiftCommand {
    ShiftCommand::PlanShift(PlanShift { key: key(name), plan })
}

fn present(count: u32) -> LineUp {
    LineUp { present: sure(Headcount::try_new(count)), units: Vec::new() }
}

fn manned(present: u32, crews: &[u32]) -> LineUp {
    let crew = |size| Crew { size: sure(CrewSize::try_new(size)), commander: None, qualifications: Default::default() };
    let units = (10u128..).zip(crews).map(|(n, size)| ShiftUnit { unit: id(n), crew: Some(crew(*size)) });
    LineUp { present: sure(Headcount::try_new(present)), units: units.collect() }
}

fn open(line_up: LineUp) -> ShiftCommand {
    ShiftCommand::OpenShift(OpenShift { officer: officer(1), line_up, after: None })
}

fn changed(line_up: LineUp) -> ShiftCommand {
    ShiftCommand::ChangeLineUp(ChangeLineUp { line_up })
}

fn hand_over(by: u32, to: u32) -> ShiftCommand {
    let (handed_over_by, taken_over_by) = (officer(by), officer(to));
    ShiftCommand::HandOverShift(HandOverShift { handed_over_by, taken_over_by, notes: None })
}

fn followed_by(next: &str) -> ShiftCommand {
    let key = key(next);
    ShiftCommand::FollowShift(FollowShift { next: ids::of_shift(&key), key })
}

fn correct(line_up: LineUp) -> ShiftCommand {
    ShiftCommand::CorrectShift(CorrectShift { line_up, reason: sealed(1) })
}

fn rotate(reliefs: Vec<Relief>) -> ShiftCommand {
    ShiftCommand::PlanRotation(PlanRotation { card: id(1), reliefs })
}

impl Scenario<RosterShift> {
    fn planned(self) -> Self {
        self.after(planned("day", of_day()))
    }

    fn open(self) -> Self {
        self.planned().at("08:00:00").after(open(present(6))).at("20:00:00")
    }
}

#[test]
fn a_plan_is_stated_anew_until_the_shift_opens() {
    shift().planned().when(planned("day", of_day())).changes_nothing();
    let more = ShiftPlan { strength: sure(Headcount::try_new(9)), ..of_day() };
    shift().planned().when(planned("day", more.clone())).accepted();
    let opened = ShiftError::OpenedAlready { state: ShiftState::Open };
    shift().open().when(planned("day", more)).refused_with([opened]);
}

#[test]
fn all_that_is_wrong_with_a_plan_is_told_at_once() {
    let minimum = Minimum { kind: UnitKind::Ladder, at_least: sure(UnitCount::try_new(1)), of_institution: false };
    let plan = ShiftPlan {
        starts_at: at("08:00:00") - chrono::TimeDelta::days(1),
        ends_at: at("08:00:00") - chrono::TimeDelta::days(2),
        minimum: vec![minimum.clone(), Minimum { of_institution: true, ..minimum.clone() }, minimum],
        ..of_day()
    };
    let date = key("day").date;
    let reasons = [
        ShiftError::StartsOnAnotherDay { date, starts: date.pred_opt().unwrap() },
        ShiftError::WrongHours,
        ShiftError::MinimumTwice { kind: UnitKind::Ladder },
    ];
    shift().when(planned("day", plan)).refused_with(reasons);
}

#[test]
fn nothing_is_said_of_a_shift_that_is_not_planned_and_little_of_one_that_is_not_open() {
    let calls = ShiftCommand::CallReserve(CallReserve { people: sure(CrewSize::try_new(2)), units: BTreeSet::new() });
    for command in [open(present(6)), changed(present(6)), calls.clone(), hand_over(1, 2), ShiftCommand::CloseShift] {
        shift().when(command).refused_with([ShiftError::NotPlanned]);
    }
    for command in [changed(present(6)), calls, hand_over(1, 2), ShiftCommand::CloseShift, rotate(Vec::new())] {
        shift().planned().when(command).refused_with([ShiftError::NotOpen { state: ShiftState::Planned }]);
    }
}

#[test]
fn no_more_are_in_units_than_came_and_no_unit_is_there_twice() {
    let mut line_up = manned(7, &[4, 4]);
    line_up.units[1].unit = line_up.units[0].unit;
    let reasons =
        [ShiftError::UnitTwice { unit: id(10) }, ShiftError::MoreInUnitsThanPresent { manned: 8, present: 7 }];
    shift().planned().when(open(line_up)).refused_with(reasons);
    shift().planned().when(open(manned(8, &[4, 4]))).accepted();
}

#[test]
fn two_officers_are_at_a_hand_over_and_it_lies_after_the_opening() {
    let same = ShiftError::SameOfficer { officer: officer(1) };
    shift().open().when(hand_over(1, 1)).refused_with([same.clone()]);
    shift().open().at("07:59:59").when(hand_over(1, 1)).refused_with([ShiftError::BeforeOpening, same]);
    let over = shift().open().after(hand_over(1, 2));
    assert_eq!(over.record.state(), Some(ShiftState::HandedOver));
    over.when(hand_over(1, 2)).refused_with([ShiftError::NotOpen { state: ShiftState::HandedOver }]);
}

#[test]
fn the_next_shift_opens_when_the_one_before_is_over_and_only_one_does() {
    let not_over = ShiftError::BeforeNotOver { state: ShiftState::Open };
    shift().open().when(followed_by("night")).refused_with([not_over]);
    for ends in [hand_over(1, 2), ShiftCommand::CloseShift] {
        let followed = shift().open().after(ends).after(followed_by("night"));
        followed.clone().when(followed_by("night")).changes_nothing();
        let next = ids::of_shift(&key("night"));
        followed.when(followed_by("other")).refused_with([ShiftError::FollowedAlready { next }]);
    }
    let over = shift().open().after(ShiftCommand::CloseShift);
    over.clone().when(followed_by("day")).refused_with([ShiftError::FollowsAnotherStation]);
    let mut elsewhere = key("night");
    elsewhere.station = sure(Station::parse("Rīgas 2. daļa"));
    let elsewhere = ShiftCommand::FollowShift(FollowShift { next: id(9), key: elsewhere });
    over.when(elsewhere).refused_with([ShiftError::FollowsAnotherStation]);
}

#[test]
fn only_what_is_closed_is_corrected_and_it_stays_closed() {
    shift().open().when(correct(present(5))).refused_with([ShiftError::NotClosed { state: ShiftState::Open }]);
    let closed = shift().open().after(ShiftCommand::CloseShift);
    closed.clone().when(ShiftCommand::CloseShift).changes_nothing();
    closed.clone().when(correct(present(6))).changes_nothing();
    let corrected = closed.after(correct(present(5)));
    assert_eq!(corrected.record.state(), Some(ShiftState::Corrected));
    assert_eq!(corrected.record.line_up(), Some(&present(5)));
    corrected.clone().when(correct(present(4))).accepted();
    corrected.when(changed(present(4))).refused_with([ShiftError::NotOpen { state: ShiftState::Corrected }]);
}

#[test]
fn a_rotation_runs_with_time_and_nobody_relieves_themselves() {
    let relief = |time, unit, by| Relief { at: at(time), unit: id(unit), relieved_by: id(by) };
    let good = vec![relief("12:00:00", 2, 3), relief("16:00:00", 3, 2)];
    let planned = shift().open().after(rotate(good.clone()));
    planned.clone().when(rotate(good)).changes_nothing();
    let wrong = rotate(vec![relief("16:00:00", 2, 3), relief("12:00:00", 4, 4)]);
    planned.when(wrong).refused_with([ShiftError::ReliefsOutOfOrder, ShiftError::RelievedByItself { unit: id(4) }]);
    shift().open().when(rotate(Vec::new())).refused_with([ShiftError::Reliefs { count: 0 }]);
}

/// One of three shifts of a station, and what is asked of it.
fn asked() -> impl Strategy<Value = (usize, ShiftCommand, u32)> {
    let command = prop_oneof![
        Just(planned("0", of_day())),
        (3u32..6).prop_map(|count| open(present(count))),
        (3u32..6).prop_map(|count| open(present(count))),
        (3u32..6).prop_map(|count| changed(present(count))),
        (1u32..3, 1u32..3).prop_map(|(by, to)| hand_over(by, to)),
        Just(ShiftCommand::CloseShift),
        (3u32..6).prop_map(|count| correct(present(count))),
    ];
    (0usize..3, command, 0u32..60)
}

/// Which shift is on duty, as what is recorded tells it.
#[derive(Default)]
struct Station1 {
    shifts: [RosterShift; 3],
    first: Option<usize>,
    last: Option<usize>,
}

impl Station1 {
    /// As it is decided: one that opens names the last, and that one is asked in the same decision.
    fn ask(&mut self, n: usize, command: ShiftCommand, moment: &Moment) -> Vec<ShiftEvent> {
        let own = key(&n.to_string());
        let command = match command {
            ShiftCommand::PlanShift(plan) => ShiftCommand::PlanShift(PlanShift { key: own.clone(), ..plan }),
            other => other,
        };
        let opens = matches!(command, ShiftCommand::OpenShift(_));
        let Ok(events) = self.shifts[n].decide(command, moment) else { return Vec::new() };
        if opens && !events.is_empty() {
            if let Some(last) = self.last {
                let follow = ShiftCommand::FollowShift(FollowShift { next: ids::of_shift(&own), key: own });
                let Ok(followed) = self.shifts[last].decide(follow, moment) else { return Vec::new() };
                followed.into_iter().for_each(|event| self.shifts[last].apply(event));
            }
            self.first = self.first.or(Some(n));
            self.last = Some(n);
        }
        events.iter().cloned().for_each(|event| self.shifts[n].apply(event));
        events
    }
}

proptest! {
    #[test]
    fn shift_hand_over_leaves_one_shift_on_duty_at_most(steps in prop::collection::vec(asked(), 0..80)) {
        let mut station = Station1::default();
        for (n, command, minute) in steps {
            let before = station.shifts.clone();
            let events = station.ask(n, command, &moment(&format!("21:{minute:02}:00")));
            let on_duty = station.shifts.iter().filter(|shift| shift.state() == Some(ShiftState::Open)).count();
            prop_assert!(on_duty <= 1, "two shifts of a station are on duty");
            for event in events {
                match event {
                    ShiftEvent::ShiftHandedOver { handed_over_by, taken_over_by, .. } => {
                        prop_assert_ne!(handed_over_by, taken_over_by);
                        prop_assert_eq!(before[n].state(), Some(ShiftState::Open));
                    }
                    ShiftEvent::ShiftOpened { .. } => prop_assert_eq!(before[n].state(), Some(ShiftState::Planned)),
                    ShiftEvent::ShiftCorrected { .. } => {
                        prop_assert!(before[n].state().is_some_and(|state| state >= ShiftState::Closed));
                    }
                    _ => {}
                }
            }
            for (was, is) in before.iter().zip(&station.shifts) {
                prop_assert!(was.state() <= is.state(), "a shift never goes back");
                let state = serde_json::to_string(is).unwrap();
                prop_assert_eq!(&serde_json::from_str::<RosterShift>(&state).unwrap(), is);
            }
        }
    }

    #[test]
    fn applying_any_event_in_any_order_never_fails(order in prop::collection::vec(0usize..9, 0..20)) {
        let examples = ShiftEvent::examples();
        let mut record = RosterShift::default();
        order.into_iter().for_each(|n| record.apply(examples[n].clone()));
    }
}
