//! Source journals (ENŽ): which there are, how far each has come, how good what it sends is, and what waits to be mended.

mod rows;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids;
use domain::source_journal::{JournalEvent, JournalPhase};
use domain::source_record::{RecordEffect, RecordEvent};
use domain::values::SourceSystem;
use event_store::consumer::ApplyError;
use event_store::log::{LogName, StoredEvent};
use sqlx::PgConnection;
use uuid::Uuid;

pub use self::rows::{JournalRow, QuarantineRow};
use crate::event::{DecodedEvent, RegisterEvent, SOURCE_JOURNAL, SOURCE_RECORD};
use crate::fact::{bigint, int, metadata, sealed_json, utc};
use crate::projection::Projection;
use crate::table::{Rows, Statements};

/// What is prompt: here within this time of being recorded in the journal.
const PROMPT: TimeDelta = TimeDelta::hours(1);

/// The projector of source journals.
#[derive(Debug)]
pub struct SourceJournals {
    journals: Statements,
    quarantine: Statements,
}

impl Projection for SourceJournals {
    const NAME: &'static str = "source_journals";
    const VERSION: u32 = 1;
    const LOGS: &'static [LogName] = &[LogName::REGISTER];
    const AGGREGATES: &'static [&'static str] = &[SOURCE_JOURNAL, SOURCE_RECORD];
    const TABLES: &'static [&'static str] = &["journals", "quarantine"];
    const SCHEMA_SQL: &'static str = include_str!("schema.sql");

    fn new(schema: &str) -> Self {
        Self {
            journals: Statements::new::<JournalRow>(schema, "id"),
            quarantine: Statements::new::<QuarantineRow>(schema, "id"),
        }
    }

    async fn apply(&mut self, tx: &mut PgConnection, batch: &[DecodedEvent]) -> Result<(), ApplyError> {
        let (mut journals, mut records) = (BTreeSet::new(), BTreeSet::new());
        for DecodedEvent { stored, event } in batch {
            match event {
                RegisterEvent::SourceJournal(_) => {
                    journals.insert(stored.aggregate_id);
                }
                RegisterEvent::SourceRecord(event) => {
                    journals.insert(ids::of_journal(journal_of(event)));
                    records.insert(stored.aggregate_id);
                }
                _ => {}
            }
        }
        let loaded = self.journals.load::<JournalRow>(tx, &Vec::from_iter(journals)).await?;
        let mut journals = Rows::of(loaded.into_iter().map(|row| (row.id, row)));
        let loaded = self.quarantine.load::<QuarantineRow>(tx, &Vec::from_iter(records)).await?;
        let mut waiting = Rows::of(loaded.into_iter().map(|row| ((row.journal, row.id), row)));
        for DecodedEvent { stored, event } in batch {
            match event {
                RegisterEvent::SourceJournal(event) => of_journal(&mut journals, stored, event)?,
                RegisterEvent::SourceRecord(event) => of_record(&mut journals, &mut waiting, stored, event)?,
                _ => {}
            }
        }
        self.journals.upsert(tx, &journals.changed()).await?;
        self.quarantine.write(tx, waiting).await?;
        Ok(())
    }
}

fn journal_of(event: &RecordEvent) -> &SourceSystem {
    match event {
        RecordEvent::SourceRecordReceived { journal, .. }
        | RecordEvent::SourceRecordQuarantined { journal, .. }
        | RecordEvent::SourceRecordReleased { journal, .. }
        | RecordEvent::SourceRecordDiscarded { journal, .. } => journal,
    }
}

/// The row of a journal that must have been registered.
fn known<'r>(
    journals: &'r mut Rows<Uuid, JournalRow>,
    id: Uuid,
    stored: &StoredEvent,
) -> Result<&'r mut JournalRow, ApplyError> {
    let missing =
        || ApplyError::Event { position: stored.position, reason: "the journal was not registered before".to_owned() };
    journals.get_mut(id).ok_or_else(missing)
}

fn of_journal(
    journals: &mut Rows<Uuid, JournalRow>,
    stored: &StoredEvent,
    event: &JournalEvent,
) -> Result<(), ApplyError> {
    if let JournalEvent::JournalRegistered { system, institution, lv, en, by: _ } = event {
        let row = JournalRow {
            id: stored.aggregate_id,
            system: system.to_string(),
            institution: institution.to_string(),
            label_lv: lv.to_string(),
            label_en: en.to_string(),
            phase: JournalPhase::Registered.code().to_owned(),
            mapping: 0,
            registered_at: utc(stored.recorded_at),
            last_sequence: 0,
            last_received_at: None,
            registered: 0,
            supplemented: 0,
            confirmed: 0,
            late: 0,
            tried: 0,
            quarantined: 0,
            released: 0,
            discarded: 0,
            waiting: 0,
            out_of_order: 0,
            timed: 0,
            prompt: 0,
            first_position: stored.position.as_i64(),
            last_position: stored.position.as_i64(),
            version: bigint(stored.sequence),
        };
        journals.put(row.id, row);
        return Ok(());
    }
    let row = known(journals, stored.aggregate_id, stored)?;
    match event {
        JournalEvent::JournalRegistered { .. } => {}
        JournalEvent::MappingAdopted { version, .. } => row.mapping = int(*version),
        JournalEvent::JournalPhaseChanged { to, .. } => row.phase = to.code().to_owned(),
    }
    row.last_position = stored.position.as_i64();
    row.version = bigint(stored.sequence);
    Ok(())
}

fn of_record(
    journals: &mut Rows<Uuid, JournalRow>,
    waiting: &mut Rows<(Uuid, Uuid), QuarantineRow>,
    stored: &StoredEvent,
    event: &RecordEvent,
) -> Result<(), ApplyError> {
    let id = ids::of_journal(journal_of(event));
    let key = (id, stored.aggregate_id);
    let row = known(journals, id, stored)?;
    row.last_position = stored.position.as_i64();
    match event {
        RecordEvent::SourceRecordReceived { sequence, effect, .. } => {
            count(row, *effect);
            arrived(row, stored, *sequence, *effect != RecordEffect::Tried)?;
        }
        RecordEvent::SourceRecordReleased { sequence, effect, by, .. } => {
            count(row, *effect);
            row.released += 1;
            row.waiting -= 1;
            waiting.remove(key);
            if by.is_none() {
                arrived(row, stored, *sequence, *effect != RecordEffect::Tried)?;
            }
        }
        RecordEvent::SourceRecordDiscarded { .. } => {
            row.discarded += 1;
            row.waiting -= 1;
            waiting.remove(key);
        }
        RecordEvent::SourceRecordQuarantined { external_id, sequence, mapping, faults, content, .. } => {
            row.quarantined += 1;
            if waiting.get(key).is_none() {
                row.waiting += 1;
            }
            arrived(row, stored, *sequence, true)?;
            let faults = serde_json::to_string(faults)
                .map_err(|error| ApplyError::Event { position: stored.position, reason: error.to_string() })?;
            let kept = QuarantineRow {
                journal: id,
                id: stored.aggregate_id,
                external_id: external_id.to_string(),
                sequence: bigint(*sequence),
                mapping: int(*mapping),
                faults,
                content: sealed_json(stored, content)?,
                recorded_at: utc(stored.recorded_at),
                last_position: stored.position.as_i64(),
            };
            waiting.put(key, kept);
        }
    }
    Ok(())
}

fn count(row: &mut JournalRow, effect: RecordEffect) {
    match effect {
        RecordEffect::Registered => row.registered += 1,
        RecordEffect::Supplemented => row.supplemented += 1,
        RecordEffect::Confirmed => row.confirmed += 1,
        RecordEffect::Late => row.late += 1,
        RecordEffect::Tried => row.tried += 1,
    }
}

/// It came from the journal: in its order or not, in time or not.
fn arrived(row: &mut JournalRow, stored: &StoredEvent, sequence: u64, counts: bool) -> Result<(), ApplyError> {
    let (sequence, at) = (bigint(sequence), utc(stored.recorded_at));
    row.last_received_at = Some(at);
    if !counts {
        return Ok(());
    }
    if sequence > 0 && sequence < row.last_sequence {
        row.out_of_order += 1;
    }
    row.last_sequence = row.last_sequence.max(sequence);
    let source = metadata(stored)?.remove("source_recorded_at");
    if let Some(recorded) = source.and_then(|text| DateTime::parse_from_rfc3339(&text).ok()) {
        row.timed += 1;
        row.prompt += i64::from(at - recorded.with_timezone(&Utc) <= PROMPT);
    }
    Ok(())
}
