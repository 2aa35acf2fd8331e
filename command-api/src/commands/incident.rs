//! Commands on incidents.

use std::collections::BTreeSet;

use access::policy::{RecordKind, Resource};
use domain::classifier::{Disposition, IncidentType, ResultCode};
use domain::emergency_card::EmergencyCard;
use domain::ids;
use domain::incident::{
    AssignIncident, Assignee, CloseIncident, Incident, IncidentCommand, IncidentEvent, MAX_CASE_REFS,
    ReclassifyIncident, RecordResult, RegisterIncident, ReopenIncident, SupplementIncident,
};
use domain::unit::Unit;
use domain::values::{CaseRef, LegacyNumber, Narrative, Officer, Reason};
use event_store::append::{Target, Touch, Work};
use proto::command::v1 as pb;
use uuid::Uuid;

use super::resource::permit;
use super::{Prepared, must_be_new, must_exist, touches};
use crate::caller::Caller;
use crate::wire::{Envelope, Item, Reader, RecordRef, resolve};

pub(super) fn register(
    reader: &mut Reader,
    message: pb::RegisterIncident,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let channel = reader.required_term::<pb::Channel, _>("channel", message.channel);
    let type_code = reader.required("type_code", &message.type_code, IncidentType::parse);
    let category = reader.required_term::<pb::Category, _>("category", message.category);
    let place = reader.place("place", message.place);
    let occurred_from = reader.time("occurred_from", &message.occurred_from);
    let occurred_to = reader.time("occurred_to", &message.occurred_to);
    let narrative = reader.personal("narrative", &message.narrative, Narrative::parse);
    let reporter = reader.reporter("reporter", message.reporter);
    let card = reader.optional_record("card", "emergency_card", message.card);
    let legacy_number = reader.text("legacy_number", &message.legacy_number, LegacyNumber::parse);
    let institution = reader.institution("institution", "", caller);

    let envelope = envelope?;
    let expected = envelope.expected_version;
    let source = envelope.source.clone();
    let named = source.as_ref().and_then(|source| Some((&source.system, source.external_id.as_ref()?)));
    let id = named.map_or_else(Uuid::now_v7, |(system, external)| ids::of_source("incident", system, external));
    let command = RegisterIncident {
        channel: channel?,
        type_code: type_code?,
        category: category?,
        place,
        occurred_from,
        occurred_to,
        narrative,
        reporter: reporter.map(|reporter| reporter.of_subject(ids::of_reporter(id))),
        institution: institution?,
        card: None,
        legacy_number,
    };
    let (caller, new) = (caller.clone(), Resource::of(RecordKind::Incident, command.institution.clone()));
    let decide = Box::new(move |work: &mut Work<'_>| {
        caller.permit(&new)?;
        let (known, _) = work.state::<Incident>(id)?;
        must_be_new::<Incident>(id, known.number(), "incident_already_registered")?;
        work.expect_version::<Incident>(id, expected)?;
        let mut command = command.clone();
        if let Some(old) = &command.legacy_number {
            work.claim::<Incident>("legacy_number", &format!("{}|{old}", command.institution), id)?;
        }
        if let Some(card) = &card {
            let card = resolve(work, card)?;
            must_exist::<EmergencyCard>(work, card)?;
            command.card = Some(card);
        }
        let events = work.execute::<Incident>(id, IncidentCommand::RegisterIncident(Box::new(command)))?;
        if let Some(key) = source.as_ref().and_then(|source| source.claim_key::<Incident>()) {
            work.claim::<Incident>("source", &key, id)?;
        }
        let mut target = Target::of::<Incident>(id);
        for event in &events {
            if let IncidentEvent::IncidentRegistered { number, .. } = event {
                work.claim::<Incident>("number", &number.to_string(), id)?;
                target = target.numbered(number);
            }
        }
        Ok(target)
    });
    Some(Prepared::register(envelope, vec![Touch::of::<Incident>(id)], decide))
}

/// A command on an incident that is there.
fn on_incident(
    envelope: Option<Envelope>,
    incident: Option<RecordRef>,
    caller: &Caller,
    command: Option<IncidentCommand>,
) -> Option<Prepared> {
    let (envelope, incident, command) = (envelope?, incident?, command?);
    let expected = envelope.expected_version;
    let (touched, caller) = (touches::<Incident>(&incident), caller.clone());
    let decide = Box::new(move |work: &mut Work<'_>| {
        let id = resolve(work, &incident)?;
        permit::<Incident>(work, id, &caller)?;
        work.expect_version::<Incident>(id, expected)?;
        if let IncidentCommand::AssignIncident(AssignIncident { assignee: Assignee::Unit(unit) }) = &command {
            must_exist::<Unit>(work, *unit)?;
        }
        let mut command = command.clone();
        if let IncidentCommand::SupplementIncident(supplement) = &mut command {
            supplement.reporter = supplement.reporter.take().map(|reporter| reporter.of_subject(ids::of_reporter(id)));
        }
        work.execute::<Incident>(id, command)?;
        let (state, _) = work.state::<Incident>(id)?;
        let target = Target::of::<Incident>(id);
        Ok(match state.number() {
            Some(number) => target.numbered(number),
            None => target,
        })
    });
    Some(Prepared::register(envelope, touched, decide))
}

pub(super) fn supplement(
    reader: &mut Reader,
    message: pb::SupplementIncident,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let narrative = message.narrative.as_deref().unwrap_or_default();
    let command = SupplementIncident {
        reason: reader.personal("reason", &message.reason, Reason::parse),
        narrative: reader.personal("narrative", narrative, Narrative::parse),
        place: reader.place("place", message.place),
        occurred_from: reader.time("occurred_from", &message.occurred_from),
        occurred_to: reader.time("occurred_to", &message.occurred_to),
        reporter: reader.reporter("reporter", message.reporter),
    };
    on_incident(envelope, incident, caller, Some(IncidentCommand::SupplementIncident(Box::new(command))))
}

pub(super) fn reclassify(
    reader: &mut Reader,
    message: pb::ReclassifyIncident,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let type_code = reader.text("type_code", &message.type_code, IncidentType::parse);
    let category = reader.term::<pb::Category, _>("category", message.category);
    let reason = reader.required("reason", &message.reason, Reason::parse);
    let command = reason.map(|reason| {
        IncidentCommand::ReclassifyIncident(ReclassifyIncident { type_code, category, reason: reason.into() })
    });
    on_incident(envelope, incident, caller, command)
}

pub(super) fn assign(
    reader: &mut Reader,
    message: pb::AssignIncident,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    use pb::assign_incident::Assignee as Wire;
    let incident = reader.record("incident", "incident", message.incident);
    let assignee = match message.assignee {
        None => {
            reader.wrong("assignee", "is required: give unit or officer");
            None
        }
        Some(Wire::Unit(unit)) => reader.unit("unit", Some(unit), caller).map(Assignee::Unit),
        Some(Wire::Officer(officer)) => reader.required("officer", &officer, Officer::parse).map(Assignee::Officer),
    };
    let command = assignee.map(|assignee| IncidentCommand::AssignIncident(AssignIncident { assignee }));
    on_incident(envelope, incident, caller, command)
}

pub(super) fn record_result(
    reader: &mut Reader,
    message: pb::RecordResult,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let result_code = reader.required("result_code", &message.result_code, ResultCode::parse);
    let mut case_refs = BTreeSet::new();
    for (index, case_ref) in reader.at_most("case_refs", &message.case_refs, MAX_CASE_REFS).iter().enumerate() {
        case_refs.extend(reader.required(Item("case_refs", index), case_ref, CaseRef::parse));
    }
    let command = result_code.map(|result_code| IncidentCommand::RecordResult(RecordResult { result_code, case_refs }));
    on_incident(envelope, incident, caller, command)
}

pub(super) fn close(
    reader: &mut Reader,
    message: pb::CloseIncident,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let disposition = reader.required("disposition", &message.disposition, Disposition::parse);
    let closing_type = reader.text("closing_type", &message.closing_type, IncidentType::parse);
    let command =
        disposition.map(|disposition| IncidentCommand::CloseIncident(CloseIncident { disposition, closing_type }));
    on_incident(envelope, incident, caller, command)
}

pub(super) fn reopen(
    reader: &mut Reader,
    message: pb::ReopenIncident,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let reason = reader.required("reason", &message.reason, Reason::parse);
    let command = reason.map(|reason| IncidentCommand::ReopenIncident(ReopenIncident { reason: reason.into() }));
    on_incident(envelope, incident, caller, command)
}
