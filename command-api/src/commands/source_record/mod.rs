//! Records of source journals (ENŽ): taken over with no clerk in between, or kept in quarantine with every reason.
//!
//! What is wrong with a record itself is no error of the call: the record is kept, and the reply says why. All of it, the incident, its
//! supplements and what is said of the record, is one decision.

mod interpret;
mod kept;
mod parts;
mod take_over;
mod told;

use std::collections::BTreeMap;

use access::policy::{RecordKind, Resource};
use chrono::{DateTime, FixedOffset};
use domain::ids;
use domain::incident::Incident;
use domain::personal::Personal;
use domain::source_journal::SourceJournal;
use domain::source_record::{
    DiscardRecord, Fault, Marks, ReceiveRecord, RecordCommand, RecordEffect, SourceRecord, Standing, Verdict,
};
use domain::values::{Actor, ExternalId, FieldMark, InstitutionCode, Reason, SourceSystem};
use event_store::append::{Stop, Target, Touch, Work};
use proto::command::v1 as pb;
use uuid::Uuid;

use self::interpret::interpret;
use self::take_over::Taken;
pub(crate) use self::told::Told;
use super::{Prepared, actor};
use crate::caller::Caller;
use crate::wire::{Envelope, Reader};

/// Most bytes of a record: names and values.
const MOST_BYTES: usize = 64 * 1024;
/// Most fields of a record.
const MOST_FIELDS: usize = 100;

/// A record on its way in.
struct Incoming {
    caller: Caller,
    institution: InstitutionCode,
    system: SourceSystem,
    external_id: ExternalId,
    sequence: u64,
    /// When its journal recorded it, as far as that says.
    recorded_there: Option<DateTime<FixedOffset>>,
    /// When it happened, by the envelope.
    occurred_at: DateTime<FixedOffset>,
    fields: BTreeMap<String, String>,
    marks: Marks,
    /// Who mends it, and why; nothing where its journal sends it.
    mended: Option<(Actor, Personal<Reason>)>,
    told: Told,
}

/// Why a record can't be taken over: what may be told to all, and in words.
type Faults = Vec<(Fault, String)>;

pub(super) fn push(
    reader: &mut Reader,
    message: pb::PushRecord,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let fields = content(reader, message.fields);
    let source = envelope.as_ref().and_then(|envelope| envelope.source.clone());
    let external_id = source.as_ref().and_then(|source| source.external_id.clone());
    if envelope.is_some() && external_id.is_none() {
        reader.wrong("envelope.source.external_id", "is required: a record is known by its journal and its id there");
    }
    let institution = reader.institution("institution", "", caller);
    let (envelope, source) = (envelope?, source?);
    let named = (source.system.clone(), external_id?);
    let placed = (source.sequence(), source.recorded_at());
    Some(incoming(envelope, named, placed, institution?, fields?, None, caller))
}

pub(super) fn mend(
    reader: &mut Reader,
    message: pb::MendRecord,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let named = named(reader, message.record);
    let fields = content(reader, message.fields);
    let reason = reader.required("reason", &message.reason, Reason::parse);
    let institution = reader.institution("institution", "", caller);
    let by = actor(reader, caller);
    let mended = Some((by?, reason?.into()));
    Some(incoming(envelope?, named?, (0, None), institution?, fields?, mended, caller))
}

pub(super) fn discard(
    reader: &mut Reader,
    message: pb::DiscardRecord,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let named = named(reader, message.record);
    let reason = reader.required("reason", &message.reason, Reason::parse);
    let institution = reader.institution("institution", "", caller);
    let by = actor(reader, caller);
    let (envelope, (system, external_id), institution) = (envelope?, named?, institution?);
    let command = RecordCommand::DiscardRecord(DiscardRecord { reason: reason?.into(), by: by? });
    let (id, journal, expected) =
        (of_record(&system, &external_id), ids::of_journal(&system), envelope.expected_version);
    let (caller, about) = (caller.clone(), Resource::of(RecordKind::Incident, institution.clone()));
    let decide = Box::new(move |work: &mut Work<'_>| {
        caller.permit(&about)?;
        work.state::<SourceJournal>(journal)?.0.belongs_to(&institution)?;
        work.expect_version::<SourceRecord>(id, expected)?;
        work.execute::<SourceRecord>(id, command.clone())?;
        Ok(Target::of::<SourceRecord>(id))
    });
    let touched = vec![Touch::of::<SourceJournal>(journal), Touch::of::<SourceRecord>(id)];
    Some(Prepared::register(envelope, touched, decide))
}

fn of_record(system: &SourceSystem, external_id: &ExternalId) -> Uuid {
    ids::of_source("source_record", system, external_id)
}

/// Which record is meant.
fn named(reader: &mut Reader, record: Option<pb::ExternalRef>) -> Option<(SourceSystem, ExternalId)> {
    let record = record.unwrap_or_default();
    let system = reader.required("record.system", &record.system, SourceSystem::parse);
    let external_id = reader.required("record.external_id", &record.external_id, ExternalId::parse);
    system.zip(external_id)
}

/// What a record says; only that it is far too long is an error of the call.
fn content(reader: &mut Reader, fields: BTreeMap<String, String>) -> Option<BTreeMap<String, String>> {
    let bytes: usize = fields.iter().map(|(name, value)| name.len() + value.len()).sum();
    if fields.is_empty() {
        reader.wrong("fields", "is required: give at least one field");
    } else if fields.len() > MOST_FIELDS {
        reader.wrong("fields", format_args!("has {} entries: at most {MOST_FIELDS} are taken", fields.len()));
    } else if bytes > MOST_BYTES {
        reader.wrong("fields", format_args!("has {bytes} bytes: at most {MOST_BYTES} are taken"));
    } else {
        return Some(fields);
    }
    None
}

fn incoming(
    envelope: Envelope,
    (system, external_id): (SourceSystem, ExternalId),
    (sequence, recorded_there): (u64, Option<DateTime<FixedOffset>>),
    institution: InstitutionCode,
    fields: BTreeMap<String, String>,
    mended: Option<(Actor, Personal<Reason>)>,
    caller: &Caller,
) -> Prepared {
    let purpose = format!("source record {system} {external_id}");
    let mark = |(name, value): (&String, &String)| {
        let digest = caller.master().digest(&purpose, format!("{name}\0{value}").as_bytes());
        (name.clone(), FieldMark::of(digest))
    };
    let marks = fields.iter().map(mark).collect();
    let told = Told::default();
    let (caller, occurred_at) = (caller.clone(), envelope.occurred_at);
    let record = of_record(&system, &external_id);
    let touched = vec![
        Touch::of::<SourceJournal>(ids::of_journal(&system)),
        Touch::of::<SourceRecord>(record),
        Touch::of::<Incident>(ids::of_source("incident", &system, &external_id)),
    ];
    let expected = envelope.expected_version;
    let incoming = Incoming {
        caller,
        institution,
        system,
        external_id,
        sequence,
        recorded_there,
        occurred_at,
        fields,
        marks,
        mended,
        told: told.clone(),
    };
    let decide = Box::new(move |work: &mut Work<'_>| {
        work.expect_version::<SourceRecord>(record, expected)?;
        incoming.decide(work)
    });
    Prepared { told: Some(told), ..Prepared::register(envelope, touched, decide) }
}

impl Incoming {
    fn id(&self) -> Uuid {
        of_record(&self.system, &self.external_id)
    }

    fn incident(&self) -> Uuid {
        ids::of_source("incident", &self.system, &self.external_id)
    }

    fn decide(&self, work: &mut Work<'_>) -> Result<Target, Stop> {
        self.caller.permit(&Resource::of(RecordKind::Incident, self.institution.clone()))?;
        let (journal, _) = work.state::<SourceJournal>(ids::of_journal(&self.system))?;
        let (version, mapping) = match &self.mended {
            Some(_) => journal.mends_for(&self.institution)?,
            None => journal.sends_for(&self.institution)?,
        };
        let (record, _) = work.state::<SourceRecord>(self.id())?;
        let standing = match &self.mended {
            Some(_) => record.standing_of_kept()?,
            None => record.standing(self.sequence, &self.marks),
        };
        let taken = match (&self.mended, &standing) {
            (None, Standing::Same) => {
                self.told.effect(pb::IntakeEffect::Unchanged);
                return self.target(work);
            }
            (None, Standing::Confirmed) => Ok(Taken::of(RecordEffect::Confirmed)),
            _ => match interpret(self, version, mapping) {
                Err(faults) => Err(faults),
                Ok(_) if journal.only_tries() => Ok(Taken::of(RecordEffect::Tried)),
                Ok(read) => self.take_over(work, &read, mapping, &standing, &record)?,
            },
        };
        let verdict = match taken {
            Ok(Taken { effect, parts }) => {
                self.told.effect(told::of_effect(effect));
                let incident = (effect != RecordEffect::Tried).then(|| self.incident());
                let kept = (effect == RecordEffect::Late).then(|| self.kept(mapping, Vec::new()));
                Verdict::Sound { effect, incident, parts, kept }
            }
            Err(faults) => {
                self.told.quarantined(&faults);
                let (faults, messages) = faults.into_iter().unzip();
                Verdict::Faulty { faults, kept: self.kept(mapping, messages) }
            }
        };
        let keeps = record.keeps_content() || verdict.keeps_content();
        let command = RecordCommand::ReceiveRecord(Box::new(ReceiveRecord {
            journal: self.system.clone(),
            external_id: self.external_id.clone(),
            sequence: self.sequence,
            recorded_there: self.recorded_there,
            mapping: version,
            marks: self.marks.clone(),
            verdict,
            mended: self.mended.clone(),
        }));
        let events = work.execute::<SourceRecord>(self.id(), command)?;
        if keeps && !events.is_empty() {
            self.keep_beside(work)?;
        }
        self.target(work)
    }

    /// The reply names the record, and the incident that it is about where there is one.
    fn target(&self, work: &mut Work<'_>) -> Result<Target, Stop> {
        let target = Target::of::<SourceRecord>(self.id());
        let (incident, _) = work.state::<Incident>(self.incident())?;
        Ok(match incident.number() {
            Some(number) => target.numbered(number).with_part(self.incident()),
            None => target,
        })
    }
}
