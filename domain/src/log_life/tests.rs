use super::*;
use crate::scenario::Scenario;

fn begin(generation: u32, begins: u64, voids: u64) -> BeginGeneration {
    BeginGeneration {
        generation,
        begins,
        root: "00".repeat(32),
        voids: LogPlace { generation: generation - 1, position: voids },
        numbers: Vec::new(),
        witness: None,
        statement: "signed".to_owned(),
        reason: "the disk was lost".to_owned(),
    }
}

fn command(begin: BeginGeneration) -> LogLifeCommand {
    LogLifeCommand::BeginGeneration(Box::new(begin))
}

#[test]
fn a_generation_begins_once_and_the_next_is_a_newer_one() {
    let life = Scenario::<LogLife>::new().after(command(begin(2, 101, 105)));
    let again = life.clone().when(command(begin(2, 101, 105)));
    again.refused_with([LogLifeError::GenerationNotNew { asked: 2, current: 2 }]);
    let (events, _) = life.when(command(begin(4, 90, 105))).accepted();
    let LogLifeEvent::GenerationBegun { generation, begins, .. } = &events[0];
    assert_eq!((*generation, *begins), (4, 90));
}

#[test]
fn a_generation_that_makes_nothing_void_does_not_begin() {
    let nothing = begin(2, 101, 100);
    Scenario::<LogLife>::new().when(command(nothing.clone())).refused_with([LogLifeError::NothingVoid]);
    // A number alone is enough.
    let number = VoidedNumbers { series: "VEK".to_owned(), year: 2026, first: 1, last: 9 };
    let _ = Scenario::<LogLife>::new()
        .when(command(BeginGeneration { numbers: vec![number], ..nothing.clone() }))
        .accepted();
    let silent = BeginGeneration { reason: " ".to_owned(), ..begin(2, 101, 105) };
    Scenario::<LogLife>::new().when(command(silent)).refused_with([LogLifeError::NoReason]);
}
