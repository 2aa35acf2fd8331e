//! Random work on source journals: two that send, and what becomes of their records.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use domain::ids;
use domain::source_journal::{
    AdoptMapping, ChangeJournalPhase, IncidentField, JournalCommand, JournalPhase, RecordMapping, RegisterJournal,
    SourceJournal,
};
use domain::source_record::{
    DiscardRecord, Fault, Kept, KeptContent, Marks, Parts, ReceiveRecord, RecordCommand, RecordEffect, SourceRecord,
    Verdict,
};
use domain::values::{ExternalId, FieldMark, Label, SourceSystem};
use event_store::append::{AppendError, Target, Work};
use event_store::log::LogName;

use super::System;
use super::access::reason;
use super::case_file::institution;
use super::seldom::somebody;
use super::work::{Dice, RandomWork, id};

/// One command on a journal, or on a record of one; it may be refused.
pub(super) async fn work(random: &mut RandomWork, system: &System) -> Result<(), AppendError> {
    let journal = SourceSystem::parse(["enz-ogre", "enz-riga"][random.dice.below(2)]).unwrap();
    match random.dice.below(6) {
        0 => of_journal(random, system, journal).await,
        _ => of_record(random, system, journal).await,
    }
}

fn registration(system: SourceSystem, dice: &mut Dice) -> JournalCommand {
    JournalCommand::RegisterJournal(RegisterJournal {
        system,
        institution: institution("PP-OGRE"),
        lv: Label::parse("Pašvaldības policijas žurnāls").unwrap(),
        en: Label::parse("Journal of municipal police").unwrap(),
        by: somebody(dice),
    })
}

async fn of_journal(random: &mut RandomWork, system: &System, journal: SourceSystem) -> Result<(), AppendError> {
    let record = ids::of_journal(&journal);
    let dice = &mut random.dice;
    let by = somebody(dice);
    let command = match dice.below(5) {
        0 => registration(journal, dice),
        1 | 2 => {
            let fields = BTreeMap::from([(format!("apraksts{}", dice.below(3)), IncidentField::Narrative.into())]);
            let mapping = RecordMapping { fields, ..RecordMapping::default() };
            JournalCommand::AdoptMapping(Box::new(AdoptMapping { mapping, reason: reason(), by }))
        }
        _ => {
            let phase = *dice.one(JournalPhase::ALL);
            JournalCommand::ChangeJournalPhase(ChangeJournalPhase { phase, reason: reason(), by })
        }
    };
    let decide = Box::new(move |work: &mut Work<'_>| {
        work.execute::<SourceJournal>(record, command.clone())?;
        Ok(Target::of::<SourceJournal>(record))
    });
    system.submit(LogName::REGISTER, random.metadata(None), random.clock, decide).await.map(|_| ())
}

async fn of_record(random: &mut RandomWork, system: &System, journal: SourceSystem) -> Result<(), AppendError> {
    let of = ids::of_journal(&journal);
    let n = random.dice.below(random.records);
    let external_id = ExternalId::parse(&format!("2026/{n}")).unwrap();
    let record = ids::of_source("source_record", &journal, &external_id);
    let recorded_there = random.clock - TimeDelta::minutes(random.dice.below(90) as i64);
    let dice = &mut random.dice;
    let register = registration(journal.clone(), dice);
    let by = somebody(dice);
    let command = match dice.below(8) {
        0 => RecordCommand::DiscardRecord(DiscardRecord { reason: reason(), by }),
        which => RecordCommand::ReceiveRecord(Box::new(ReceiveRecord {
            journal,
            external_id,
            sequence: dice.below(200) as u64,
            recorded_there: dice.maybe(|_| recorded_there),
            mapping: 1,
            marks: Marks::from([("veids".to_owned(), FieldMark::of([dice.below(3) as u8; 32]))]),
            verdict: verdict(dice, n),
            mended: (which == 1).then(|| (by, reason())),
        })),
    };
    let mut metadata = random.metadata(None);
    metadata.insert("source_recorded_at".to_owned(), recorded_there.to_rfc3339());
    let decide = Box::new(move |work: &mut Work<'_>| {
        let (known, _) = work.state::<SourceJournal>(of)?;
        // A journal that nobody knows sends nothing.
        if known.phase().is_none() {
            work.execute::<SourceJournal>(of, register.clone())?;
        }
        work.execute::<SourceRecord>(record, command.clone())?;
        Ok(Target::of::<SourceRecord>(record))
    });
    system.submit(LogName::REGISTER, metadata, random.clock, decide).await.map(|_| ())
}

fn verdict(dice: &mut Dice, n: usize) -> Verdict {
    let fields = BTreeMap::from([("veids".to_owned(), "Anna Bērziņa".to_owned())]);
    let kept = Kept { content: KeptContent { fields, messages: Vec::new() }.into(), of_subjects: Vec::new() };
    if dice.below(2) == 0 {
        let fault = Fault { path: "type_code".to_owned(), field: Some("veids".to_owned()), rule: None };
        return Verdict::Faulty { faults: vec![fault], kept };
    }
    let effect = *dice.one(RecordEffect::ALL);
    Verdict::Sound {
        effect,
        incident: (effect != RecordEffect::Tried).then(|| id(1, n)),
        parts: Parts::new(),
        kept: (effect == RecordEffect::Late).then_some(kept),
    }
}
