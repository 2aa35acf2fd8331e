//! What is kept of a record whose content the incident doesn't have, so that an erasure finds it.

use std::collections::BTreeMap;

use domain::ids;
use domain::personal::Personal;
use domain::source_journal::{IncidentField, RecordField, RecordMapping};
use domain::source_record::{KEPT_BESIDE, Kept, KeptContent, KeptOfSubject, SourceRecord};
use event_store::append::{Stop, Work};
use uuid::Uuid;

use super::Incoming;

impl Incoming {
    /// All that it says, and of each person in it what is about them: also of a record that can't be read as a whole, as far as the
    /// mapping knows its fields.
    pub(super) fn kept(&self, mapping: &RecordMapping, messages: Vec<String>) -> Kept {
        let mut of_subjects: BTreeMap<Uuid, BTreeMap<String, String>> = BTreeMap::new();
        let said = self.fields.iter().filter(|(_, value)| !value.trim().is_empty());
        for (name, value) in said {
            if let Some(subject) = mapping.fields.get(name).and_then(|field| self.subject_of(*field)) {
                of_subjects.entry(subject).or_default().insert(name.clone(), value.clone());
            }
        }
        let of_subject = |(subject, fields)| KeptOfSubject { subject, content: content(fields, Vec::new()) };
        Kept {
            content: content(self.fields.clone(), messages),
            of_subjects: of_subjects.into_iter().map(of_subject).collect(),
        }
    }

    /// Has what is kept of it found by its incident, also by one that is not registered yet.
    pub(super) fn keep_beside(&self, work: &mut Work<'_>) -> Result<(), Stop> {
        let incident = self.incident().to_string();
        // Looked up first: claiming again what only the database knows of would have the whole batch decided anew.
        match work.claimed(KEPT_BESIDE, &incident)? {
            Some(_) => Ok(()),
            None => work.claim::<SourceRecord>(KEPT_BESIDE, &incident, self.id()),
        }
    }

    /// The data subject whom a field is about: the same as in the incident.
    fn subject_of(&self, field: RecordField) -> Option<Uuid> {
        use IncidentField::{ReporterCode, ReporterName, ReporterPhone};
        match field {
            RecordField::Incident(ReporterName | ReporterPhone | ReporterCode) => {
                Some(ids::of_reporter(self.incident()))
            }
            RecordField::Person(..) => self.part_of(field),
            RecordField::Incident(_) | RecordField::Vehicle(..) => None,
        }
    }
}

fn content(fields: BTreeMap<String, String>, messages: Vec<String>) -> Personal<KeptContent> {
    Personal::Open(KeptContent { fields, messages })
}
