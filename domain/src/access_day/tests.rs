use cqrs_es::test::TestFramework;
use uuid::Uuid;

use super::*;
use crate::examples::{id, sure};
use crate::scenario::{Scenario, moment};
use crate::values::{ActionName, Actor, ContentDigest, InstitutionCode, PurposeCode, UserName};

fn day() -> Scenario<AccessDay> {
    Scenario::new()
}

fn by() -> Actor {
    Actor { institution: sure(InstitutionCode::parse("VP")), user: sure(UserName::parse("a.berzins")) }
}

fn consult(records: Vec<Uuid>) -> ConsultRecords {
    ConsultRecords {
        by: by(),
        way: AccessWay::Query,
        count: u32::try_from(records.len()).unwrap(),
        shown: vec![Shown { scopes: vec![DataScope::Summary], records }],
        purpose: sure(PurposeCode::parse("response")),
        reference: None,
        query: sure(ContentDigest::parse(&"0".repeat(64))),
    }
}

fn refusal(more: u32) -> AccessDayCommand {
    AccessDayCommand::RefuseAccess(RefuseAccess {
        by: Some(by()),
        attempt: sure(ActionName::parse("incident")),
        record: None,
        cause: RefusalCause::Policy,
        purpose: None,
        more,
    })
}

fn records(events: &[AccessDayEvent]) -> Vec<&[Uuid]> {
    fn of(event: &AccessDayEvent) -> &[Uuid] {
        match event {
            AccessDayEvent::RecordConsulted { records, .. } => records,
            other => panic!("{other:?}"),
        }
    }
    events.iter().map(of).collect()
}

#[test]
fn records_are_told_in_order_and_once() {
    let (events, _) = day().when(AccessDayCommand::ConsultRecords(consult(vec![id(3), id(1), id(3)]))).accepted();
    assert_eq!(records(&events), [[id(1), id(3)]]);
}

#[test]
fn a_long_answer_is_told_in_parts() {
    let many: Vec<Uuid> = (0..1_001).map(id).collect();
    let (events, _) = day().when(AccessDayCommand::ConsultRecords(consult(many.clone()))).accepted();
    let told = records(&events);
    assert_eq!(told.iter().map(|part| part.len()).collect::<Vec<_>>(), [500, 500, 1]);
    assert_eq!(told.concat(), many);
}

#[test]
fn what_differs_between_records_is_told_apart() {
    let mut command = consult(vec![id(1), id(2)]);
    let all = vec![DataScope::Summary, DataScope::Narrative];
    command.shown.push(Shown { scopes: all.clone(), records: vec![id(3)] });
    let (events, _) = day().when(AccessDayCommand::ConsultRecords(command)).accepted();
    assert_eq!(records(&events), [&[id(1), id(2)][..], &[id(3)]]);
    assert!(matches!(&events[1], AccessDayEvent::RecordConsulted { scopes, .. } if *scopes == all));
}

#[test]
fn a_figure_without_records_is_told_too() {
    let (events, _) =
        day().when(AccessDayCommand::ConsultRecords(ConsultRecords { count: 285, ..consult(vec![]) })).accepted();
    assert!(matches!(events[..], [AccessDayEvent::RecordConsulted { count: 285, .. }]));
}

#[test]
fn what_is_told_says_what_was_shown_and_is_bounded() {
    let too_many = (0..20_001).map(id).collect();
    let mut command = consult(too_many);
    command.shown[0].scopes.clear();
    day()
        .when(AccessDayCommand::ConsultRecords(command))
        .refused_with([AccessDayError::NoScope, AccessDayError::TooManyRecords { count: 20_001 }]);
}

#[test]
fn refusals_beyond_a_hundred_are_told_as_sums_only() {
    let mut full = day();
    for _ in 0..REFUSALS_IN_FULL {
        full = full.after(refusal(0));
    }
    assert_eq!(full.clone().when(refusal(0)).accepted().0, []);
    assert_eq!(full.when(refusal(12)).accepted().0.len(), 1);
}

#[test]
fn stock_cqrs_es_runs_the_same_decisions() {
    TestFramework::<AccessDay>::with(moment("21:42:00"))
        .given_no_previous_events()
        .when(refusal(0))
        .inspect_result()
        .map(|events| assert_eq!(events.len(), 1))
        .expect("it is told");
}
