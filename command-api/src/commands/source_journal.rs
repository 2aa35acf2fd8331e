//! Commands on source journals: which there are, how their records are read, and whether they send.

use std::collections::BTreeSet;

use access::policy::{RecordKind, Resource};
use chrono::Utc;
use domain::classifier::{Coded, Disposition, IncidentType, PersonRole, ResultCode, VehicleRelation};
use domain::ids;
use domain::source_journal::{
    AdoptMapping, ChangeJournalPhase, IncidentField, JournalCommand, PersonField, RecordField, RecordMapping,
    RegisterJournal, SourceJournal, VehicleField,
};
use domain::terms::{Category, Channel};
use domain::values::{InstitutionCode, Label, Reason, SourceSystem};
use event_store::append::{Target, Touch, Work};
use proto::command::v1 as pb;

use super::{Prepared, actor};
use crate::caller::Caller;
use crate::wire::{Envelope, Reader};

/// A command on a journal.
fn on_journal(envelope: Envelope, system: &SourceSystem, command: JournalCommand, caller: &Caller) -> Prepared {
    let (id, expected) = (ids::of_journal(system), envelope.expected_version);
    let (caller, register) = (caller.clone(), Resource::of(RecordKind::Register, caller.institution.clone()));
    let decide = Box::new(move |work: &mut Work<'_>| {
        caller.permit(&register)?;
        work.expect_version::<SourceJournal>(id, expected)?;
        work.execute::<SourceJournal>(id, command.clone())?;
        Ok(Target::of::<SourceJournal>(id))
    });
    Prepared::register(envelope, vec![Touch::of::<SourceJournal>(id)], decide)
}

pub(super) fn register(
    reader: &mut Reader,
    message: pb::RegisterJournal,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let system = reader.required("system", &message.system, SourceSystem::parse);
    let institution = reader.required("institution", &message.institution, InstitutionCode::parse);
    let lv = reader.required("lv", &message.lv, Label::parse);
    let en = reader.required("en", &message.en, Label::parse);
    let by = actor(reader, caller);
    if let (Some(system), Some(institution)) = (&system, &institution)
        && let Err(refused) = caller.permit_source_of(institution, system)
    {
        reader.wrong("system", refused);
    }
    let (envelope, system) = (envelope?, system?);
    let command = RegisterJournal { system: system.clone(), institution: institution?, lv: lv?, en: en?, by: by? };
    Some(on_journal(envelope, &system, JournalCommand::RegisterJournal(command), caller))
}

pub(super) fn adopt(
    reader: &mut Reader,
    message: pb::AdoptMapping,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let system = reader.required("system", &message.system, SourceSystem::parse);
    let mapping = mapping(reader, message.mapping);
    let reason = reader.required("reason", &message.reason, Reason::parse);
    let by = actor(reader, caller);
    let (envelope, system) = (envelope?, system?);
    let adopt = AdoptMapping { mapping: mapping?, reason: reason?.into(), by: by? };
    Some(on_journal(envelope, &system, JournalCommand::AdoptMapping(Box::new(adopt)), caller))
}

pub(super) fn change_phase(
    reader: &mut Reader,
    message: pb::ChangeJournalPhase,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let system = reader.required("system", &message.system, SourceSystem::parse);
    let phase = reader.required_term::<pb::JournalPhase, _>("phase", message.phase);
    let reason = reader.required("reason", &message.reason, Reason::parse);
    let by = actor(reader, caller);
    let (envelope, system) = (envelope?, system?);
    let change = ChangeJournalPhase { phase: phase?, reason: reason?.into(), by: by? };
    Some(on_journal(envelope, &system, JournalCommand::ChangeJournalPhase(change), caller))
}

/// How records are read: what its codes mean has to be codes of this register.
fn mapping(reader: &mut Reader, message: Option<pb::RecordMapping>) -> Option<RecordMapping> {
    let Some(message) = message else {
        reader.wrong("mapping", "is required");
        return None;
    };
    reader.within("mapping", |reader| {
        let mut mapping = RecordMapping { ignored: message.ignored.into_iter().collect(), ..RecordMapping::default() };
        for (name, field) in message.fields {
            mapping.fields.extend(reader.required("fields", &field, RecordField::parse).map(|field| (name, field)));
        }
        for (field, codes) in message.codes {
            let Some(field) = reader.required("codes", &field, RecordField::parse) else { continue };
            for ours in codes.codes.values().collect::<BTreeSet<_>>() {
                must_be_known(reader, "codes", field, ours);
            }
            mapping.codes.insert(field, codes.codes);
        }
        for (field, value) in message.defaults {
            let Some(field) = reader.required("defaults", &field, RecordField::parse) else { continue };
            must_be_known(reader, "defaults", field, &value);
            mapping.defaults.insert(field, value);
        }
        match mapping.check() {
            Ok(()) => Some(mapping),
            Err(wrong) => {
                wrong.into_iter().for_each(|wrong| reader.wrong(&wrong.path, &wrong.message));
                None
            }
        }
    })
}

/// A code of this register, where the field has codes: one that may be used now.
fn must_be_known(reader: &mut Reader, path: &'static str, field: RecordField, value: &str) {
    fn of_list<C: Coded>(reader: &mut Reader, path: &'static str, value: &str) {
        let _ = reader.required_code::<C>(path, value);
    }
    if reader.day().is_none() {
        reader.occurred_at(Utc::now().fixed_offset());
    }
    match field {
        RecordField::Incident(IncidentField::TypeCode) => of_list::<IncidentType>(reader, path, value),
        RecordField::Incident(IncidentField::ResultCode) => of_list::<ResultCode>(reader, path, value),
        RecordField::Incident(IncidentField::Disposition) => of_list::<Disposition>(reader, path, value),
        RecordField::Incident(IncidentField::Category) => drop(reader.required(path, value, Category::parse)),
        RecordField::Incident(IncidentField::Channel) => drop(reader.required(path, value, Channel::parse)),
        RecordField::Person(_, PersonField::Role) => of_list::<PersonRole>(reader, path, value),
        RecordField::Vehicle(_, VehicleField::Relation) => of_list::<VehicleRelation>(reader, path, value),
        _ => {}
    }
}
