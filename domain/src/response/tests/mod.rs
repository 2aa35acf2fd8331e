//! What is recommended: by examples here, whatever comes in `properties`, from history in `history`, and how long ways take in
//! `learned`.

mod history;
mod learned;
mod properties;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::*;
use crate::examples::{at, id, sure};
use crate::response_plan::{Coverage, Mismatch, Need, PlanContent, PlanLevel};
use crate::terms::{Service, UnitKind, UnitStatus};
use crate::unit::{Crew, Outfit};
use crate::values::{CallSign, CrewSize, InstitutionCode, Label, PlanRank, Station, UnitCount};

pub(super) fn now() -> DateTime<Utc> {
    at("21:45:00").with_timezone(&Utc)
}

pub(super) fn code(text: &str) -> Code {
    sure(Code::parse(text))
}

/// The card's place is (0, 0) of these: each step is 1000 micro-degrees, about 111 metres to the north and 61 to the east.
pub(super) fn point(north: i32, east: i32) -> GeoPoint {
    sure(GeoPoint::try_new(56_951_500 + 1_000 * north, 24_113_300 + 1_000 * east))
}

pub(super) fn vugd() -> InstitutionCode {
    sure(InstitutionCode::parse("VUGD"))
}

pub(super) fn station(text: &str) -> Station {
    sure(Station::parse(text))
}

/// A free fire engine of which everything is known, that many steps to the north.
pub(super) fn engine(n: u32, steps: i32) -> RosterUnit {
    RosterUnit {
        id: id(n.into()),
        institution: vugd(),
        call_sign: sure(CallSign::parse(&format!("E{n}"))),
        service: Some(Service::FireRescue),
        kind: UnitKind::FireEngine,
        status: UnitStatus::Available,
        card: None,
        station: Some(station("Rīga 1")),
        territory: None,
        outfit: Outfit { crew: Some(crew_of(4)), equipment: Some(BTreeSet::new()), out_of_service: BTreeSet::new() },
        seen: Some(SeenAt { point: point(steps, 0), at: now() - TimeDelta::minutes(1) }),
    }
}

pub(super) fn crew_of(people: u32) -> Crew {
    Crew { size: sure(CrewSize::try_new(people)), commander: None, qualifications: Default::default() }
}

pub(super) fn need(kind: UnitKind, count: u32) -> Need {
    Need {
        service: Service::FireRescue,
        kind,
        count: sure(UnitCount::try_new(count)),
        min_crew: None,
        equipment: BTreeSet::new(),
    }
}

/// A plan of one level that applies to everything.
pub(super) fn plan(name: &str, needs: Vec<Need>) -> PlanVersion {
    let content = PlanContent {
        name: sure(Label::parse(name)),
        applies: Applies::default(),
        rank: sure(PlanRank::try_new(0)),
        levels: vec![PlanLevel { level: AlarmLevel::LOWEST, needs }],
        coverage: Vec::new(),
    };
    PlanVersion { code: code(name), version: 1, content }
}

pub(super) fn stays(at: Option<&str>, at_least: u32) -> Coverage {
    Coverage {
        institution: vugd(),
        station: at.map(station),
        territory: None,
        kind: UnitKind::FireEngine,
        at_least: sure(UnitCount::try_new(at_least)),
    }
}

pub(super) fn fire() -> CardSeen {
    CardSeen {
        id: Some(id(1_000)),
        type_code: Some(sure(CardType::parse("structure-fire"))),
        priority: Some(Priority::P1),
        point: Some(point(0, 0)),
        ..CardSeen::default()
    }
}

fn of(plans: &[PlanVersion], roster: &[RosterUnit]) -> Recommendation {
    recommend(plans, &fire(), roster, When::at(now()), &StraightLine)
}

fn chosen(recommendation: &Recommendation) -> Vec<Uuid> {
    recommendation.chosen().map(|chosen| chosen.unit).collect()
}

fn why(recommendation: &Recommendation, n: u128) -> Vec<&'static str> {
    let left = recommendation.units_left.iter().find(|left| left.unit == id(n));
    left.map(|left| left.reasons.iter().map(LeftReason::code).collect()).unwrap_or_default()
}

#[test]
fn the_fastest_go_first_and_of_equally_fast_ones_the_lower_id() {
    let roster = [engine(4, 30), engine(3, 10), engine(2, 10), engine(1, 20)];
    let told = of(&[plan("fire", vec![need(UnitKind::FireEngine, 3)])], &roster);
    assert_eq!(chosen(&told), [id(2), id(3), id(1)]);
    let seconds: Vec<u32> = told.chosen().map(|chosen| chosen.seconds).collect();
    // 1111 metres, 1500 on the road, at 60 km/h; and 2223 metres.
    assert_eq!(seconds, [90, 90, 181]);
    assert_eq!((why(&told, 4), told.units_left[0].seconds), (vec!["slower"], Some(271)));
    assert!(told.needs[0].missing == 0 && told.names(id(2)) && !told.names(id(4)));
    assert_eq!(told.services(), BTreeSet::from([Service::FireRescue]));
}

#[test]
fn every_unit_that_stays_is_told_why() {
    let with = |n, change: fn(&mut RosterUnit)| {
        let mut unit = engine(n, 1);
        change(&mut unit);
        unit
    };
    let roster = [
        with(1, |unit| unit.status = UnitStatus::OffDuty),
        with(2, |unit| unit.status = UnitStatus::OnScene),
        with(3, |unit| unit.card = Some(id(999))),
        with(4, |unit| unit.status = UnitStatus::OutOfService),
        with(5, |unit| unit.kind = UnitKind::Ambulance),
        with(6, |unit| unit.service = Some(Service::Medical)),
        with(7, |unit| unit.outfit.crew = Some(crew_of(2))),
        with(8, |unit| unit.outfit.equipment = Some(BTreeSet::from([code("boat")]))),
        with(9, |unit| unit.seen = None),
        with(10, |unit| unit.seen = unit.seen.map(|seen| SeenAt { at: now() - TimeDelta::minutes(31), ..seen })),
        with(11, |unit| unit.status = UnitStatus::Emergency),
        with(13, |unit| {
            unit.outfit.equipment = Some(BTreeSet::from([code("foam")]));
            unit.outfit.out_of_service = BTreeSet::from([code("foam")]);
        }),
        with(12, |unit| unit.seen = unit.seen.map(|seen| SeenAt { point: point(9, 0), ..seen })),
    ];
    let mut needs = vec![need(UnitKind::FireEngine, 1)];
    needs[0].min_crew = Some(sure(CrewSize::try_new(3)));
    needs[0].equipment = BTreeSet::from([code("foam")]);
    let mut goes = engine(20, 5);
    goes.outfit.equipment = Some(BTreeSet::from([code("foam"), code("boat")]));
    let mut later = goes.clone();
    (later.id, later.seen) = (id(21), Some(SeenAt { point: point(6, 0), at: now() - TimeDelta::minutes(30) }));
    let roster = [roster.as_slice(), &[later, goes]].concat();
    let told = of(&[plan("foam", needs)], &roster);
    assert_eq!(chosen(&told), [id(20)]);
    let reasons = [
        (1, vec!["off_duty"]),
        (2, vec!["busy"]),
        (3, vec!["busy"]),
        (4, vec!["out_of_service"]),
        (5, vec!["wrong_kind"]),
        (6, vec!["wrong_kind"]),
        (7, vec!["crew_too_small", "equipment_missing"]),
        (8, vec!["equipment_missing"]),
        (9, vec!["position_unknown"]),
        (10, vec!["position_too_old"]),
        (11, vec!["out_of_service"]),
        (12, vec!["equipment_missing"]),
        (13, vec!["equipment_out_of_service"]),
        (21, vec!["slower"]),
    ];
    for (unit, expected) in reasons {
        assert_eq!(why(&told, unit), expected, "unit {unit}");
    }
    assert_eq!(told.units_left.len(), 14);
}

#[test]
fn what_nobody_knows_is_a_doubt_and_not_a_reason() {
    let mut unit = engine(1, 1);
    (unit.outfit, unit.status) = (Outfit::default(), UnitStatus::ConditionallyAvailable);
    let mut asks = need(UnitKind::FireEngine, 1);
    (asks.min_crew, asks.equipment) = (Some(sure(CrewSize::try_new(3))), BTreeSet::from([code("foam")]));
    let told = of(&[plan("foam", vec![asks])], &[unit.clone()]);
    let doubts = BTreeSet::from([Doubt::CrewUnknown, Doubt::EquipmentUnknown, Doubt::ConditionallyAvailable]);
    assert_eq!(told.needs[0].chosen[0].doubts, doubts);
    let told = of(&[plan("any", vec![need(UnitKind::FireEngine, 1)])], &[unit]);
    assert_eq!(told.needs[0].chosen[0].doubts, BTreeSet::from([Doubt::ConditionallyAvailable]));
}

#[test]
fn a_hard_need_has_the_unit_that_only_it_can_not_do_without() {
    let mut foam = engine(1, 1);
    foam.outfit.equipment = Some(BTreeSet::from([code("foam")]));
    let mut hard = need(UnitKind::FireEngine, 1);
    hard.equipment = BTreeSet::from([code("foam")]);
    let told = of(&[plan("both", vec![need(UnitKind::FireEngine, 1), hard])], &[foam, engine(2, 9)]);
    assert_eq!(told.needs.iter().map(|need| need.chosen[0].unit).collect::<Vec<_>>(), [id(2), id(1)]);
}

#[test]
fn what_must_stay_stays() {
    let mut elsewhere = engine(3, 50);
    elsewhere.station = Some(station("Rīga 2"));
    let roster = [engine(1, 1), engine(2, 2), elsewhere];
    let mut plans = [plan("fire", vec![need(UnitKind::FireEngine, 2)])];
    plans[0].content.coverage = vec![stays(Some("Rīga 1"), 1)];
    let told = of(&plans, &roster);
    assert_eq!(chosen(&told), [id(1), id(3)]);
    let left = BTreeSet::from([LeftReason::BreaksCoverage(stays(Some("Rīga 1"), 1))]);
    assert_eq!((told.units_left[0].unit, &told.units_left[0].reasons), (id(2), &left));
    // Of all stations together two must stay: so one goes, and one is missing.
    plans[0].content.coverage = vec![stays(None, 2)];
    let told = of(&plans, &roster);
    assert_eq!((chosen(&told), told.needs[0].missing), (vec![id(1)], 1));
}

#[test]
fn what_must_stay_in_a_municipality_are_units_of_it_and_of_its_parishes() {
    let there_for = |code: &str| Some(sure(TerritoryCode::parse(code)));
    let of_parish = RosterUnit { territory: there_for("0055410"), ..engine(1, 1) };
    let of_riga = RosterUnit { territory: there_for("0001000"), ..engine(2, 2) };
    let parish = lies_in(of_parish.territory.as_ref(), riga_day(&now()));
    let municipality = parish.into_iter().find(|code| Some(code) != of_parish.territory.as_ref());
    let mut plans = [plan("fire", vec![need(UnitKind::FireEngine, 2)])];
    plans[0].content.coverage = vec![Coverage { territory: municipality, ..stays(None, 1) }];
    let told = of(&plans, &[of_parish, of_riga, engine(3, 3)]);
    assert_eq!((chosen(&told), why(&told, 1)), (vec![id(2), id(3)], vec!["breaks_coverage"]));
}

#[test]
fn units_that_are_there_already_count() {
    let mut there = engine(1, 0);
    (there.card, there.status) = (Some(id(1_000)), UnitStatus::OnScene);
    let told = of(&[plan("fire", vec![need(UnitKind::FireEngine, 2)])], &[there, engine(2, 1), engine(3, 2)]);
    assert_eq!((chosen(&told), &told.needs[0].already), (vec![id(2)], &vec![id(1)]));
    assert_eq!((why(&told, 1), why(&told, 3)), (vec!["already_there"], vec!["slower"]));
}

#[test]
fn nobody_is_sent_where_nobody_knows_where_it_is() {
    let card = CardSeen { point: None, ..fire() };
    let plans = [plan("fire", vec![need(UnitKind::FireEngine, 1)])];
    let told = recommend(&plans, &card, &[engine(1, 1)], When::at(now()), &StraightLine);
    assert_eq!((why(&told, 1), told.needs[0].missing), (vec!["card_without_point"], 1));
}

#[test]
fn who_plans_ahead_is_told_of_units_as_they_are_known_now() {
    let ahead = When { sent_at: now() + TimeDelta::hours(12), known_at: now() };
    let plans = [plan("fire", vec![need(UnitKind::FireEngine, 1)])];
    let told = recommend(&plans, &fire(), &[engine(1, 1)], ahead, &StraightLine);
    assert_eq!(chosen(&told), [id(1)]);
    let then = recommend(&plans, &fire(), &[engine(1, 1)], When::at(ahead.sent_at), &StraightLine);
    assert_eq!(why(&then, 1), ["position_too_old"]);
}

#[test]
fn the_plan_that_asks_for_most_is_followed_then_rank_then_code() {
    let with = |name: &str, rank, types: &[&str]| {
        let mut plan = plan(name, vec![need(UnitKind::FireEngine, 1)]);
        plan.content.rank = sure(PlanRank::try_new(rank));
        plan.content.applies.card_types = types.iter().map(|code| sure(CardType::parse(code))).collect();
        plan
    };
    let any = with("any", 900, &[]);
    let (fire, other_fire) = (with("fire", 5, &["structure-fire"]), with("fire-b", 5, &["structure-fire"]));
    let low = with("a-fire", 4, &["structure-fire", "outside-fire"]);
    let gas = with("gas", 900, &["gas-leak"]);
    let told = of(&[gas, any.clone(), low, other_fire, fire], &[]);
    assert_eq!(told.plan.as_ref().map(|plan| (plan.code.as_str(), plan.specificity)), Some(("fire", 1)));
    let left: Vec<_> = told.plans_left.iter().map(|left| (left.code.as_str(), left.reason.clone())).collect();
    let expected = [
        ("a-fire", PlanReason::LowerRank),
        ("any", PlanReason::LessSpecific),
        ("fire-b", PlanReason::LaterCode),
        ("gas", PlanReason::Mismatch(vec![Mismatch::CardType])),
    ];
    assert_eq!(left, expected);
    assert_eq!(of(&[any], &[]).plan.map(|plan| plan.code), Some(code("any")));
    let none = of(&[with("gas", 1, &["gas-leak"])], &[engine(1, 1)]);
    assert!(none.plan.is_none() && none.needs.is_empty() && none.plans_left.len() == 1);
}

#[test]
fn a_greater_alarm_takes_the_greatest_level_that_the_plan_has() {
    let mut plan = plan("fire", vec![need(UnitKind::FireEngine, 1)]);
    let second = PlanLevel { level: sure(AlarmLevel::try_new(2)), needs: vec![need(UnitKind::FireEngine, 2)] };
    plan.content.levels.push(second);
    let at = |level: Option<u32>| {
        let card = CardSeen { alarm_level: level.map(|level| sure(AlarmLevel::try_new(level))), ..fire() };
        let roster = [engine(1, 1), engine(2, 2), engine(3, 3)];
        let told = recommend(std::slice::from_ref(&plan), &card, &roster, When::at(now()), &StraightLine);
        (told.plan.as_ref().map_or(0, |plan| plan.level.get()), told.chosen().count())
    };
    assert_eq!([at(None), at(Some(1)), at(Some(2)), at(Some(5))], [(1, 1), (1, 1), (2, 2), (2, 2)]);
}
