//! A record of a source journal (avota ieraksts): what its journal sent, what became of it here, and what waits to be mended
//! (karantīna). Nothing that was sent is lost: what can't be taken over is kept, sealed, with every reason.

mod command;
mod error;
mod event;
mod examples;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use command::{DiscardRecord, Kept, ReceiveRecord, RecordCommand, Verdict};
pub use error::RecordError;
pub use event::{Fault, KeptContent, KeptOfSubject, RecordEvent};

use crate::kernel::{Decide, Moment, Refused, handle_by_decision};
use crate::lang::terms;
use crate::personal::Personal;
use crate::values::{ExternalId, FieldMark, SourceSystem};

/// Kind of the claim by which the record is found whose content is kept beside an incident; its key is the incident's id. Who erases what
/// is known of the incident, or of a person in it, reaches what is kept by it.
pub const KEPT_BESIDE: &str = "kept_beside";

/// Keyed marks of a record's fields, by their names in the journal.
pub type Marks = BTreeMap<String, FieldMark>;

/// Persons and vehicles that an incident has from a record, by their ids there, each with the version of its involvement: where that is
/// another by now, somebody else has changed it.
pub type Parts = BTreeMap<Uuid, u32>;

terms! {
    /// What a record did that was taken over (ieraksta iznākums).
    RecordEffect("record effect") {
        /// An incident was registered.
        Registered = "registered", "Reģistrēts", "Registered";
        /// The incident was supplemented with what is new.
        Supplemented = "supplemented", "Papildināts", "Supplemented";
        /// It says what is known already, later than before.
        Confirmed = "confirmed", "Apstiprināts", "Confirmed";
        /// It says what the journal said before what is known already: kept, and the incident stays as it is.
        Late = "late", "Novēlots", "Late";
        /// Its journal is being tested: nothing was registered.
        Tried = "tried", "Pārbaudīts", "Tried";
    }
}

/// What is known of a record of a source journal; no personal data but sealed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceRecord {
    named: Option<Named>,
    /// What of it was taken over last.
    taken: Option<Version>,
    /// What of it waits to be mended.
    kept: Option<Version>,
    /// What of it is not for this register.
    discarded: Option<Version>,
    incident: Option<Uuid>,
    /// Persons and vehicles that the incident has from it.
    parts: Parts,
    /// When its journal recorded what was taken over, by place in the journal's order.
    versions: BTreeMap<u64, Option<DateTime<FixedOffset>>>,
    /// What came late, by the same.
    late: BTreeMap<u64, Marks>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
struct Named {
    journal: SourceSystem,
    external_id: ExternalId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
struct Version {
    sequence: u64,
    recorded_there: Option<DateTime<FixedOffset>>,
    marks: Marks,
}

/// How what a journal says stands to what it said before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It says it for the first time.
    New,
    /// It says the same again.
    Same,
    /// It says the same again, at a later place in its order.
    Confirmed,
    /// It says something else, in these of its fields.
    Changed(BTreeSet<String>),
    /// It is what it said before what is known.
    Late,
}

type Decision = Result<Vec<RecordEvent>, Refused<RecordError>>;

impl SourceRecord {
    /// The incident that it is about; none before something of it was taken over.
    #[must_use]
    pub fn incident(&self) -> Option<Uuid> {
        self.incident
    }

    /// Persons and vehicles that the incident has from it.
    #[must_use]
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// What waits to be mended: its place in its journal's order, and when that recorded it.
    #[must_use]
    pub fn kept(&self) -> Option<(u64, Option<DateTime<FixedOffset>>)> {
        self.kept.as_ref().map(|kept| (kept.sequence, kept.recorded_there))
    }

    /// When its journal recorded the version after that place in its order, of those that were taken over; nothing where it didn't say.
    #[must_use]
    pub fn superseded_at(&self, sequence: u64) -> Option<DateTime<FixedOffset>> {
        self.versions.range(sequence.saturating_add(1)..).next().and_then(|(_, at)| *at)
    }

    /// Whether there is content of it that the incident doesn't have: it waits, was discarded, or came late.
    #[must_use]
    pub fn keeps_content(&self) -> bool {
        self.kept.is_some() || self.discarded.is_some() || !self.late.is_empty()
    }

    /// Whether something of it waits to be mended.
    #[must_use]
    pub fn is_in_quarantine(&self) -> bool {
        self.kept.is_some()
    }

    /// How what waits to be mended stands to what was taken over.
    ///
    /// # Errors
    /// Where nothing waits.
    pub fn standing_of_kept(&self) -> Result<Standing, Refused<RecordError>> {
        let kept = self.kept.as_ref().ok_or(RecordError::NotInQuarantine)?;
        Ok(self.standing(kept.sequence, &kept.marks))
    }

    /// How this stands to what was taken over. A journal without an order says what is newest last.
    #[must_use]
    pub fn standing(&self, sequence: u64, marks: &Marks) -> Standing {
        if self.discarded.as_ref().is_some_and(|discarded| discarded.marks == *marks) {
            return Standing::Same;
        }
        let Some(taken) = &self.taken else { return Standing::New };
        if taken.marks == *marks {
            return if sequence > taken.sequence { Standing::Confirmed } else { Standing::Same };
        }
        if sequence != 0 && sequence < taken.sequence {
            return if self.late.get(&sequence) == Some(marks) { Standing::Same } else { Standing::Late };
        }
        let names = taken.marks.keys().chain(marks.keys());
        Standing::Changed(names.filter(|name| taken.marks.get(*name) != marks.get(*name)).cloned().collect())
    }

    /// Nothing new where it waits to be mended already. What is mended by hand counts as what the journal said, so that its saying the same
    /// again changes nothing.
    fn receive(&self, command: ReceiveRecord) -> Decision {
        let ReceiveRecord { journal, external_id, mapping, verdict, mended, .. } = command;
        let (mut sequence, mut recorded_there, mut marks) = (command.sequence, command.recorded_there, command.marks);
        if mended.is_some() {
            let kept = self.kept.clone().ok_or(RecordError::NotInQuarantine)?;
            (sequence, recorded_there, marks) = (kept.sequence, kept.recorded_there, kept.marks);
        }
        Ok(vec![match verdict {
            Verdict::Faulty { faults, kept: Kept { content, of_subjects } } => {
                if self.kept.as_ref().is_some_and(|kept| kept.marks == marks && kept.sequence >= sequence) {
                    return Ok(Vec::new());
                }
                RecordEvent::SourceRecordQuarantined {
                    journal,
                    external_id,
                    sequence,
                    recorded_there,
                    mapping,
                    faults,
                    marks,
                    content,
                    of_subjects,
                }
            }
            Verdict::Sound { effect, incident, parts, kept } if self.releases(sequence) => {
                let (by, reason) = mended.unzip();
                let (content, of_subjects) = parted(kept);
                RecordEvent::SourceRecordReleased {
                    journal,
                    external_id,
                    sequence,
                    recorded_there,
                    mapping,
                    effect,
                    incident,
                    parts,
                    marks,
                    content,
                    of_subjects,
                    by,
                    reason,
                }
            }
            Verdict::Sound { effect, incident, parts, kept } => {
                let (content, of_subjects) = parted(kept);
                RecordEvent::SourceRecordReceived {
                    journal,
                    external_id,
                    sequence,
                    recorded_there,
                    mapping,
                    effect,
                    incident,
                    parts,
                    marks,
                    content,
                    of_subjects,
                }
            }
        }])
    }

    /// Whether what is sound now takes the place of what waits: an older version does not.
    fn releases(&self, sequence: u64) -> bool {
        self.kept.as_ref().is_some_and(|kept| sequence == 0 || sequence >= kept.sequence)
    }

    fn discard(&self, command: DiscardRecord) -> Decision {
        let (Some(Named { journal, external_id }), true) = (self.named.clone(), self.kept.is_some()) else {
            return Err(RecordError::NotInQuarantine.into());
        };
        let DiscardRecord { reason, by } = command;
        Ok(vec![RecordEvent::SourceRecordDiscarded { journal, external_id, reason, by }])
    }

    /// What was only tried was not taken over, and what came late is not what the journal says now.
    fn take(&mut self, effect: RecordEffect, incident: Option<Uuid>, parts: Parts, version: Version) {
        self.incident = incident.or(self.incident);
        match effect {
            RecordEffect::Tried => return,
            RecordEffect::Late => {
                self.late.insert(version.sequence, version.marks);
                return;
            }
            RecordEffect::Registered | RecordEffect::Supplemented => self.parts = parts,
            RecordEffect::Confirmed => {}
        }
        if version.sequence != 0 {
            self.versions.entry(version.sequence).or_insert(version.recorded_there);
        }
        self.taken = Some(version);
    }
}

/// What is kept, as events have it.
fn parted(kept: Option<Kept>) -> (Option<Personal<KeptContent>>, Vec<KeptOfSubject>) {
    let parts = kept.map(|Kept { content, of_subjects }| (content, of_subjects));
    parts.map_or_else(Default::default, |(content, of_subjects)| (Some(content), of_subjects))
}

impl Decide for SourceRecord {
    fn decide(&self, command: RecordCommand, _: &Moment) -> Decision {
        match command {
            RecordCommand::ReceiveRecord(command) => self.receive(*command),
            RecordCommand::DiscardRecord(command) => self.discard(command),
        }
    }
}

impl Aggregate for SourceRecord {
    const TYPE: &'static str = "source_record";
    type Command = RecordCommand;
    type Event = RecordEvent;
    type Error = Refused<RecordError>;
    type Services = Moment;

    async fn handle(
        &mut self,
        command: RecordCommand,
        moment: &Moment,
        sink: &EventSink<Self>,
    ) -> Result<(), Refused<RecordError>> {
        handle_by_decision(self, command, moment, sink).await
    }

    fn apply(&mut self, event: RecordEvent) {
        let (journal, external_id) = match event {
            RecordEvent::SourceRecordReceived {
                journal,
                external_id,
                sequence,
                recorded_there,
                effect,
                incident,
                parts,
                marks,
                ..
            } => {
                self.take(effect, incident, parts, Version { sequence, recorded_there, marks });
                (journal, external_id)
            }
            RecordEvent::SourceRecordQuarantined { journal, external_id, sequence, recorded_there, marks, .. } => {
                self.kept = Some(Version { sequence, recorded_there, marks });
                (journal, external_id)
            }
            RecordEvent::SourceRecordReleased {
                journal,
                external_id,
                sequence,
                recorded_there,
                effect,
                incident,
                parts,
                marks,
                ..
            } => {
                self.kept = None;
                self.take(effect, incident, parts, Version { sequence, recorded_there, marks });
                (journal, external_id)
            }
            RecordEvent::SourceRecordDiscarded { journal, external_id, .. } => {
                self.discarded = self.kept.take();
                (journal, external_id)
            }
        };
        self.named = Some(Named { journal, external_id });
    }
}
