use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};

use super::examples::{content, level, need};
use super::*;
use crate::classifier::{CardType, Hazard};
use crate::examples::{actor, sealed, sure};
use crate::scenario::Scenario;
use crate::terms::{Priority, Service, UnitKind};
use crate::values::{InstitutionCode, TerritoryCode, UnitCount};

fn code(text: &str) -> Code {
    sure(Code::parse(text))
}

/// The example with another rank: another content.
fn ranked(rank: u32) -> PlanContent {
    PlanContent { rank: sure(crate::values::PlanRank::try_new(rank)), ..content() }
}

fn propose(content: PlanContent, by: &str) -> PlanCommand {
    let code = code("structure-fire");
    PlanCommand::ProposePlan(Box::new(ProposePlan { code, content, reason: sealed(1), by: actor(by) }))
}

fn approve(content: &PlanContent, by: &str) -> PlanCommand {
    PlanCommand::ApprovePlan(ApprovePlan { digest: content.digest(), reason: sealed(2), by: actor(by) })
}

fn reject(content: &PlanContent, by: &str) -> PlanCommand {
    PlanCommand::RejectPlan(RejectPlan { digest: content.digest(), reason: sealed(3), by: actor(by) })
}

fn retire(version: u32) -> PlanCommand {
    PlanCommand::RetirePlan(RetirePlan { version, reason: sealed(4), by: actor("a.ozola") })
}

fn plan() -> Scenario<ResponsePlan> {
    Scenario::new()
}

fn in_force() -> Scenario<ResponsePlan> {
    plan().after(propose(content(), "a.ozola")).after(approve(&content(), "p.kalnins"))
}

#[test]
fn a_plan_takes_two_persons() {
    plan().when(approve(&content(), "p.kalnins")).refused_with([PlanError::NotProposed]);
    let proposed = plan().after(propose(content(), "a.ozola"));
    let same_person = PlanError::SamePerson { by: actor("a.ozola") };
    proposed.clone().when(approve(&content(), "a.ozola")).refused_with([same_person]);
    let approved = PlanEvent::PlanApproved {
        code: code("structure-fire"),
        version: 1,
        digest: content().digest(),
        content: content(),
        reason: sealed(2),
        by: actor("a.ozola"),
        second: actor("p.kalnins"),
    };
    let record = proposed.when(approve(&content(), "p.kalnins")).records(&[approved]);
    assert_eq!((record.in_force(), record.proposed()), (Some((1, &content().digest())), None));
}

#[test]
fn versions_count_what_was_approved() {
    let second = in_force().after(propose(ranked(7), "p.kalnins")).after(approve(&ranked(7), "a.ozola"));
    assert_eq!(second.record.in_force(), Some((2, &ranked(7).digest())));
    let rejected = second.after(propose(ranked(8), "a.ozola")).after(reject(&ranked(8), "a.ozola"));
    let third = rejected.after(propose(content(), "a.ozola")).after(approve(&content(), "p.kalnins"));
    assert_eq!(third.record.in_force(), Some((3, &content().digest())));
}

#[test]
fn only_the_content_that_was_read_is_decided_on() {
    let proposed = plan().after(propose(content(), "a.ozola"));
    let other = || PlanError::OtherContent { proposed: content().digest() };
    proposed.clone().when(approve(&ranked(7), "p.kalnins")).refused_with([other()]);
    proposed.when(reject(&ranked(7), "p.kalnins")).refused_with([other()]);
}

#[test]
fn one_proposal_waits_at_a_time_and_saying_the_same_again_changes_nothing() {
    let proposed = plan().after(propose(content(), "a.ozola"));
    proposed.clone().when(propose(content(), "a.ozola")).changes_nothing();
    let waiting = || PlanError::AlreadyProposed { by: actor("a.ozola") };
    proposed.clone().when(propose(ranked(7), "a.ozola")).refused_with([waiting()]);
    proposed.when(propose(content(), "p.kalnins")).refused_with([waiting()]);
    in_force().when(propose(content(), "p.kalnins")).changes_nothing();
}

#[test]
fn a_retired_plan_comes_back_by_two_persons_under_the_next_version() {
    plan().when(retire(0)).refused_with([PlanError::NotInForce]);
    in_force().when(retire(2)).refused_with([PlanError::OtherVersion { in_force: 1, stated: 2 }]);
    let retired = in_force().after(retire(1));
    assert_eq!(retired.record.in_force(), None);
    retired.clone().when(retire(1)).refused_with([PlanError::NotInForce]);
    let back = retired.after(propose(content(), "a.ozola")).after(approve(&content(), "p.kalnins"));
    assert_eq!(back.record.in_force(), Some((2, &content().digest())));
}

#[test]
fn a_plan_keeps_its_code() {
    let other = ProposePlan { code: code("forest-fire"), content: content(), reason: sealed(1), by: actor("a.ozola") };
    let refused = PlanError::OtherCode { code: code("structure-fire") };
    in_force().when(PlanCommand::ProposePlan(Box::new(other))).refused_with([refused]);
}

#[test]
fn all_that_is_wrong_with_a_content_is_told_at_once() {
    let minute = sure(MinuteOfDay::try_new(480));
    let engines = |count| need(Service::FireRescue, UnitKind::FireEngine, count);
    let institution: InstitutionCode = sure(InstitutionCode::parse("VUGD"));
    let stays = Coverage {
        institution: institution.clone(),
        station: None,
        territory: None,
        kind: UnitKind::Ladder,
        at_least: sure(UnitCount::try_new(1)),
    };
    let wrong = PlanContent {
        applies: Applies { hours: Some(Hours { from: minute, until: minute }), ..Applies::default() },
        levels: vec![level(1, vec![engines(2), engines(1)]), level(3, vec![engines(2)]), level(4, Vec::new())],
        coverage: vec![stays.clone(), stays],
        ..content()
    };
    let (service, kind) = (Service::FireRescue, UnitKind::FireEngine);
    plan().when(propose(wrong, "a.ozola")).refused_with([
        PlanError::NoHours { minute: 480 },
        PlanError::Levels { levels: vec![1, 3, 4] },
        PlanError::NeedTwice { level: 1, service, kind },
        PlanError::Needs { level: 4, count: 0 },
        PlanError::LevelShrinks { level: 3, service, kind },
        PlanError::LevelShrinks { level: 4, service, kind },
        PlanError::CoverageTwice { institution, station: None, kind: UnitKind::Ladder },
    ]);
    let none = PlanContent { levels: Vec::new(), ..content() };
    plan().when(propose(none, "a.ozola")).refused_with([PlanError::Levels { levels: Vec::new() }]);
    let six = (1..=6).map(|number| level(number, vec![engines(1)])).collect();
    let levels = (1..=6).collect();
    let six = PlanContent { levels: six, ..content() };
    plan().when(propose(six, "a.ozola")).refused_with([PlanError::Levels { levels }]);
}

#[test]
fn a_level_beyond_the_greatest_is_the_greatest() {
    let of = |asked| content().level(sure(crate::values::AlarmLevel::try_new(asked))).map(|level| level.level.get());
    assert_eq!((of(1), of(2), of(9)), (Some(1), Some(2), Some(2)));
}

fn then(text: &str) -> DateTime<FixedOffset> {
    sure(DateTime::parse_from_rfc3339(text))
}

fn mismatches(applies: &Applies, at: &str) -> Vec<Mismatch> {
    let type_code = sure(CardType::parse("structure-fire"));
    let hazards = BTreeSet::from([sure(Hazard::parse("smoke"))]);
    let at = then(at);
    let parish = sure(TerritoryCode::parse("0055410"));
    let territories = lies_in(Some(&parish), crate::ids::riga_day(&at));
    let card = Asked {
        type_code: Some(&type_code),
        priority: Some(Priority::P1),
        hazards: &hazards,
        territories: &territories,
    };
    applies.mismatches(card, &at)
}

const NOON: &str = "2026-03-28T12:00:00+02:00";

#[test]
fn a_plan_says_everything_that_does_not_fit() {
    assert_eq!(mismatches(&Applies::default(), NOON), []);
    let other = Applies {
        card_types: BTreeSet::from([sure(CardType::parse("gas-leak"))]),
        priorities: BTreeSet::from([Priority::P0]),
        hazards: BTreeSet::from([sure(Hazard::parse("gas")), sure(Hazard::parse("water"))]),
        territories: BTreeSet::from([sure(TerritoryCode::parse("0001000"))]),
        weekdays: BTreeSet::from([Weekday::Monday]),
        hours: None,
    };
    assert_eq!(mismatches(&other, NOON), Mismatch::ALL);
    let fits = Applies {
        card_types: BTreeSet::from([sure(CardType::parse("gas-leak")), sure(CardType::parse("structure-fire"))]),
        priorities: BTreeSet::from([Priority::P0, Priority::P1]),
        hazards: BTreeSet::from([sure(Hazard::parse("gas")), sure(Hazard::parse("smoke"))]),
        weekdays: BTreeSet::from([Weekday::Saturday]),
        ..Applies::default()
    };
    assert_eq!(mismatches(&fits, NOON), []);
}

#[test]
fn a_plan_of_a_municipality_is_one_of_its_parishes_whatever_their_codes_were() {
    let of =
        |code: &str| Applies { territories: BTreeSet::from([sure(TerritoryCode::parse(code))]), ..Applies::default() };
    // Varakļāni joined Madona on 1 July 2025.
    assert_eq!(mismatches(&of("0038001"), NOON), []);
    assert_eq!(mismatches(&of("0055000"), NOON), []);
    assert_eq!(mismatches(&of("0038000"), NOON), []);
    let before = "2024-03-28T12:00:00+02:00";
    assert_eq!(mismatches(&of("0038000"), before), [Mismatch::Territory]);
    // Today's Madona is what both were.
    assert_eq!(mismatches(&of("0038001"), before), []);
    assert_eq!(mismatches(&of("0001000"), NOON), [Mismatch::Territory]);
}

#[test]
fn hours_across_midnight_belong_to_the_day_on_which_they_begin_by_rigas_clock() {
    let minute = |minute| sure(MinuteOfDay::try_new(minute));
    let night = Applies {
        weekdays: BTreeSet::from([Weekday::Friday]),
        hours: Some(Hours { from: minute(22 * 60), until: minute(6 * 60) }),
        ..Applies::default()
    };
    // 27 March 2026 is a Friday; clocks are put forward on Sunday the 29th.
    for at in ["2026-03-27T22:00:00+02:00", "2026-03-28T05:59:00+02:00", "2026-03-28T00:30:00Z"] {
        assert_eq!(mismatches(&night, at), [], "{at}");
    }
    for at in [
        "2026-03-27T21:59:00+02:00",
        "2026-03-28T06:00:00+02:00",
        "2026-03-28T22:30:00+02:00",
        "2026-03-27T01:00:00+02:00",
    ] {
        assert_eq!(mismatches(&night, at), [Mismatch::Time], "{at}");
    }
    let day = Applies { hours: Some(Hours { from: minute(8 * 60), until: minute(20 * 60) }), ..Applies::default() };
    // 05:30 of Greenwich is 08:30 in Riga in summer and 07:30 in winter.
    assert_eq!(mismatches(&day, "2026-06-01T05:30:00Z"), []);
    assert_eq!(mismatches(&day, "2026-01-15T05:30:00Z"), [Mismatch::Time]);
}

#[test]
fn a_plan_that_asks_for_more_is_closer() {
    let territory =
        |code| Applies { territories: BTreeSet::from([sure(TerritoryCode::parse(code))]), ..Applies::default() };
    let of = |applies: Applies| applies.specificity();
    assert_eq!((of(Applies::default()), of(content().applies)), (0, 1));
    assert_eq!((of(territory("0038001")), of(territory("0038400"))), (1, 2));
}

#[test]
fn a_content_is_told_by_its_digest_in_whatever_order_it_was_stated() {
    assert_ne!(content().digest(), ranked(7).digest());
    let json = serde_json::to_string(&content()).unwrap();
    let back: PlanContent = serde_json::from_str(&json).unwrap();
    assert_eq!(back.digest(), content().digest());
    assert!(serde_json::from_str::<MinuteOfDay>("1440").is_err());
}

#[test]
fn the_illustrative_plans_break_no_rule_and_speak_of_codes_that_there_are() {
    let plans = IllustrativePlan::all();
    assert!(plans.len() > 10, "the file is not read");
    let codes: BTreeSet<_> = plans.iter().map(|plan| &plan.code).collect();
    assert_eq!(codes.len(), plans.len(), "a code is a plan's own");
    let classifiers = crate::classifier::Classifiers::embedded();
    let day = crate::ids::riga_day(&then(NOON));
    for IllustrativePlan { code, content } in plans {
        assert_eq!(content.broken(), [], "{code}");
        for card_type in &content.applies.card_types {
            assert!(classifiers.code::<CardType>(card_type.code(), day).is_ok(), "{code}: {card_type}");
        }
        for hazard in &content.applies.hazards {
            assert!(classifiers.code::<Hazard>(hazard.code(), day).is_ok(), "{code}: {hazard}");
        }
    }
}
