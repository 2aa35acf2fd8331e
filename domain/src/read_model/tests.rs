use super::*;
use crate::examples::{actor, id, sealed, sure};
use crate::scenario::Scenario;
use crate::values::{Actor, ReadModelName};

fn name() -> ReadModelName {
    sure(ReadModelName::parse("case_search"))
}

fn by() -> Option<Actor> {
    Some(actor("a.ozola"))
}

fn act() -> Act {
    Act { read_model: name(), by: by(), reason: sealed(1) }
}

fn rebuild() -> ReadModelCommand {
    ReadModelCommand::BeginRebuild(BeginRebuild { act: act(), version: 6 })
}

fn switch() -> ReadModelCommand {
    ReadModelCommand::SwitchReadModel(SwitchReadModel { act: act(), from: 5, version: 6 })
}

fn roll_back() -> ReadModelCommand {
    ReadModelCommand::RollBackReadModel(RollBackReadModel { act: act(), from: 6, version: 5 })
}

fn read_model() -> Scenario<ReadModel> {
    Scenario::new()
}

#[test]
fn what_serves_is_what_was_switched_or_rolled_back_to() {
    let rebuilt = read_model().after(rebuild());
    let switched =
        ReadModelEvent::ReadModelSwitched { read_model: name(), from: 5, version: 6, by: by(), reason: sealed(1) };
    let serving = rebuilt.clone().when(switch()).records(&[switched]);
    assert_eq!(serving.serving(), Some(6));
    let switched = rebuilt.after(switch());
    let (_, rolled_back) = switched.when(roll_back()).accepted();
    assert_eq!(rolled_back.serving(), Some(5));
}

#[test]
fn who_pauses_what_is_paused_changes_nothing() {
    read_model().when(ReadModelCommand::ResumeProjection(act())).changes_nothing();
    let paused = read_model().after(ReadModelCommand::PauseProjection(act()));
    paused.clone().when(ReadModelCommand::PauseProjection(act())).changes_nothing();
    let (_, resumed) = paused.when(ReadModelCommand::ResumeProjection(act())).accepted();
    assert!(!resumed.is_paused());
}

#[test]
fn the_program_acts_by_itself_without_a_name() {
    let alone = BeginRebuild { act: Act { by: None, ..act() }, version: 6 };
    let begun = ReadModelEvent::RebuildBegun { read_model: name(), version: 6, by: None, reason: sealed(1) };
    read_model().when(ReadModelCommand::BeginRebuild(alone)).records(&[begun]);
}

#[test]
fn a_retry_names_some_records_and_not_too_many() {
    let retry = |count: usize| {
        ReadModelCommand::RetryParkedRecords(RetryParkedRecords { act: act(), records: vec![id(1); count] })
    };
    for count in [0, MAX_RECORDS + 1] {
        read_model().when(retry(count)).refused_with([ReadModelError::Records { count }]);
    }
    read_model().when(retry(MAX_RECORDS)).accepted();
}
