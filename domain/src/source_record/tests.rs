use proptest::prelude::*;

use super::examples::marks;
use super::*;
use crate::examples::{actor, at, id, sealed, sure};
use crate::scenario::{Scenario, moment};

fn received(sequence: u64, narrative: u8, verdict: Verdict) -> RecordCommand {
    RecordCommand::ReceiveRecord(Box::new(ReceiveRecord {
        journal: sure(SourceSystem::parse("enz-ogre")),
        external_id: sure(ExternalId::parse("2026/1734")),
        sequence,
        recorded_there: there(sequence),
        mapping: 1,
        marks: marks(narrative),
        verdict,
        mended: None,
    }))
}

fn sound(sequence: u64, narrative: u8, effect: RecordEffect) -> RecordCommand {
    with_parts(sequence, narrative, effect, Parts::new())
}

fn with_parts(sequence: u64, narrative: u8, effect: RecordEffect, parts: Parts) -> RecordCommand {
    received(sequence, narrative, Verdict::Sound { effect, incident: Some(id(1)), parts, kept: None })
}

/// When its journal recorded that version; of those before the third it doesn't say.
fn there(sequence: u64) -> Option<DateTime<FixedOffset>> {
    (sequence > 2).then(|| at(&format!("21:{sequence:02}:00")))
}

fn kept() -> Kept {
    Kept { content: sealed(1), of_subjects: vec![KeptOfSubject { subject: id(7), content: sealed(4) }] }
}

fn faulty(sequence: u64, narrative: u8) -> RecordCommand {
    let faults = vec![Fault { path: "type_code".to_owned(), field: None, rule: None }];
    received(sequence, narrative, Verdict::Faulty { faults, kept: kept() })
}

fn mended(narrative: u8) -> RecordCommand {
    let RecordCommand::ReceiveRecord(command) = sound(7, narrative, RecordEffect::Registered) else { unreachable!() };
    RecordCommand::ReceiveRecord(Box::new(ReceiveRecord { mended: Some((actor("a.ozola"), sealed(2))), ..*command }))
}

fn discard() -> RecordCommand {
    RecordCommand::DiscardRecord(DiscardRecord { reason: sealed(3), by: actor("a.ozola") })
}

#[test]
fn what_a_journal_says_stands_to_what_it_said_before() {
    let record = Scenario::<SourceRecord>::new();
    assert_eq!(record.record.standing(7, &marks(1)), Standing::New);
    let known = record.after(sound(7, 1, RecordEffect::Registered)).record;
    assert_eq!(known.standing(7, &marks(1)), Standing::Same);
    assert_eq!(known.standing(0, &marks(1)), Standing::Same);
    assert_eq!(known.standing(8, &marks(1)), Standing::Confirmed);
    assert_eq!(known.standing(6, &marks(2)), Standing::Late);
    assert_eq!(known.standing(6, &marks(1)), Standing::Same);
    for sequence in [0, 7, 8] {
        assert_eq!(known.standing(sequence, &marks(2)), Standing::Changed(BTreeSet::from(["apraksts".to_owned()])));
    }
}

#[test]
fn what_was_tried_or_came_late_is_not_what_the_journal_says_now() {
    let tried = Scenario::<SourceRecord>::new().after(sound(7, 1, RecordEffect::Tried));
    assert_eq!(tried.record.standing(7, &marks(1)), Standing::New);
    let late = tried.after(sound(7, 1, RecordEffect::Registered)).after(sound(6, 2, RecordEffect::Late));
    assert_eq!(late.record.standing(7, &marks(1)), Standing::Same);
}

#[test]
fn a_late_version_is_kept_once_and_it_is_known_what_came_after_it() {
    let known = Scenario::<SourceRecord>::new()
        .after(sound(2, 1, RecordEffect::Registered))
        .after(sound(5, 1, RecordEffect::Confirmed))
        .after(sound(9, 3, RecordEffect::Supplemented));
    let after = |sequence| known.record.superseded_at(sequence);
    assert_eq!((after(1), after(4), after(5), after(9)), (None, there(5), there(9), None));
    assert_eq!(known.record.standing(7, &marks(2)), Standing::Late);
    let late = known.after(sound(7, 2, RecordEffect::Late));
    assert_eq!(late.record.standing(7, &marks(2)), Standing::Same);
    assert_eq!(late.record.standing(7, &marks(4)), Standing::Late, "it says something else");
    assert_eq!(late.record.standing(6, &marks(2)), Standing::Late);
    assert_eq!(late.record.superseded_at(6), there(9), "what came late was not taken over");
}

#[test]
fn what_is_kept_names_who_is_in_it_and_what_was_taken_over_is_not_kept() {
    let of_subjects = |event: &RecordEvent| match event {
        RecordEvent::SourceRecordReceived { content, of_subjects, .. }
        | RecordEvent::SourceRecordReleased { content, of_subjects, .. } => (content.is_some(), of_subjects.clone()),
        RecordEvent::SourceRecordQuarantined { of_subjects, .. } => (true, of_subjects.clone()),
        RecordEvent::SourceRecordDiscarded { .. } => (false, Vec::new()),
    };
    let known = Scenario::<SourceRecord>::new().after(sound(7, 1, RecordEffect::Registered));
    assert!(!known.record.keeps_content());
    let late =
        Verdict::Sound { effect: RecordEffect::Late, incident: Some(id(1)), parts: Parts::new(), kept: Some(kept()) };
    for (command, is_kept) in
        [(faulty(8, 2), true), (received(6, 2, late), true), (sound(8, 2, RecordEffect::Supplemented), false)]
    {
        let (events, record) = known.clone().when(command).accepted();
        let expected = if is_kept { kept().of_subjects } else { Vec::new() };
        assert_eq!(events.iter().map(of_subjects).collect::<Vec<_>>(), [(is_kept, expected)]);
        assert_eq!(record.keeps_content(), is_kept);
    }
}

#[test]
fn what_waits_keeps_its_place_and_time_when_it_is_mended() {
    let kept = Scenario::<SourceRecord>::new().after(faulty(7, 1));
    assert_eq!(kept.record.kept(), Some((7, there(7))));
    let (events, _) = kept.when(mended(2)).accepted();
    let [RecordEvent::SourceRecordReleased { sequence, recorded_there, .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((*sequence, *recorded_there), (7, there(7)));
}

#[test]
fn who_is_in_the_incident_from_it_is_as_the_journal_said_last() {
    let (first, second) = (Parts::from([(id(7), 1), (id(8), 2)]), Parts::from([(id(7), 3)]));
    let known = Scenario::<SourceRecord>::new().after(with_parts(5, 1, RecordEffect::Registered, first.clone()));
    for effect in [RecordEffect::Confirmed, RecordEffect::Tried] {
        assert_eq!(known.clone().after(sound(6, 1, effect)).record.parts(), &first, "{effect}");
    }
    assert_eq!(known.clone().after(sound(4, 2, RecordEffect::Late)).record.parts(), &first);
    assert_eq!(known.after(with_parts(6, 2, RecordEffect::Supplemented, second.clone())).record.parts(), &second);
}

#[test]
fn what_is_faulty_waits_until_it_is_mended_and_is_kept_once() {
    let kept = Scenario::<SourceRecord>::new().after(faulty(7, 1));
    assert!(kept.record.is_in_quarantine());
    kept.clone().when(faulty(7, 1)).changes_nothing();
    let (events, record) = kept.clone().when(sound(7, 2, RecordEffect::Registered)).accepted();
    assert!(matches!(&events[..], [RecordEvent::SourceRecordReleased { by: None, .. }]));
    assert!(!record.is_in_quarantine());
    assert_eq!(record.incident(), Some(id(1)));
    let (events, _) = kept.clone().when(mended(2)).accepted();
    assert!(matches!(&events[..], [RecordEvent::SourceRecordReleased { by: Some(_), reason: Some(_), .. }]));
    assert!(!kept.clone().after(discard()).record.is_in_quarantine());
    for ended in [kept.clone().after(discard()), kept.after(mended(2))] {
        assert_eq!(ended.record.standing(7, &marks(1)), Standing::Same, "its journal says the same again");
        assert_ne!(ended.record.standing(8, &marks(3)), Standing::Same);
    }
}

#[test]
fn an_older_version_does_not_take_the_place_of_what_waits() {
    let kept = Scenario::<SourceRecord>::new().after(sound(5, 1, RecordEffect::Registered)).after(faulty(7, 2));
    let (events, record) = kept.when(sound(6, 3, RecordEffect::Supplemented)).accepted();
    assert!(matches!(&events[..], [RecordEvent::SourceRecordReceived { .. }]));
    assert!(record.is_in_quarantine());
}

#[test]
fn only_what_waits_is_mended_or_discarded() {
    let known = Scenario::<SourceRecord>::new().after(sound(7, 1, RecordEffect::Registered));
    for command in [mended(2), discard()] {
        known.clone().when(command).refused_with([RecordError::NotInQuarantine]);
    }
}

fn any_command() -> impl Strategy<Value = RecordCommand> {
    let effect = prop::sample::select(RecordEffect::ALL);
    prop_oneof![
        (0..9_u64, 0..3_u8, effect).prop_map(|(sequence, narrative, effect)| sound(sequence, narrative, effect)),
        (0..9_u64, 0..3_u8).prop_map(|(sequence, narrative)| faulty(sequence, narrative)),
        Just(mended(2)),
        Just(discard()),
    ]
}

proptest! {
    /// What was sent is in an event, or was there before; and what waits has a way out.
    #[test]
    fn nothing_that_was_sent_is_lost(commands in prop::collection::vec(any_command(), 0..30)) {
        let mut record = SourceRecord::default();
        let mut said = BTreeSet::new();
        for command in commands {
            let told = match &command {
                RecordCommand::ReceiveRecord(command) if command.mended.is_none() => Some(command.marks.clone()),
                _ => None,
            };
            let Ok(events) = record.decide(command, &moment("22:00:00")) else { continue };
            for event in events {
                if let RecordEvent::SourceRecordReceived { marks, .. }
                | RecordEvent::SourceRecordQuarantined { marks, .. }
                | RecordEvent::SourceRecordReleased { marks, .. } = &event
                {
                    said.insert(marks.clone());
                }
                record.apply(event);
            }
            if let Some(told) = told {
                prop_assert!(said.contains(&told));
            }
        }
        if record.is_in_quarantine() {
            for event in record.decide(mended(2), &moment("22:00:00")).unwrap() {
                record.apply(event);
            }
            prop_assert!(!record.is_in_quarantine());
        }
    }
}
