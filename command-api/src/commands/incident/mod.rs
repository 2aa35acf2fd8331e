//! Commands on incidents: what is registered, supplemented, corrected.

pub(super) mod forwarded;
pub(super) mod involvement;
pub(super) mod relation;
pub(super) mod transfer;
pub(super) mod work;

use access::Role;
use access::policy::{RecordKind, Resource};
use domain::emergency_card::EmergencyCard;
use domain::ids;
use domain::incident::{
    AssignIncident, Assignee, CorrectIncident, Incident, IncidentCommand, IncidentEvent, ReclassifyIncident,
    RegisterIncident, SupplementIncident,
};
use domain::personal::Personal;
use domain::unit::Unit;
use domain::values::{InstitutionCode, LegacyNumber, Narrative, Reason};
use event_store::append::{Stop, Target, Touch, Work};
use proto::command::v1 as pb;
use uuid::Uuid;

use super::resource::permit;
use super::{Prepared, must_be_new, must_exist, touches};
use crate::caller::Caller;
use crate::wire::{Envelope, Path, Reader, RecordRef, resolve};

pub(super) use work::{assign, close, record_result, reopen};

/// Kind of the claim that a number of another register makes.
pub(crate) const LEGACY_NUMBER: &str = "legacy_number";

/// Key of that claim: an institution has each number once.
pub(crate) fn legacy_key(institution: &InstitutionCode, number: &LegacyNumber) -> String {
    format!("{institution}|{number}")
}

/// A registration that was read; the card that it comes from is looked up when it is decided.
pub(super) struct Registration {
    pub(super) command: RegisterIncident,
    card: Option<RecordRef>,
}

/// Reads what is registered under that id. Paths begin where the message does.
pub(super) fn registration(
    reader: &mut Reader,
    message: pb::RegisterIncident,
    id: Uuid,
    caller: &Caller,
) -> Option<Registration> {
    let channel = reader.required_term::<pb::Channel, _>("channel", message.channel);
    let type_code = reader.required_code("type_code", &message.type_code);
    let category = reader.required_term::<pb::Category, _>("category", message.category);
    let place = reader.place("place", message.place);
    let received_at = reader.time("received_at", &message.received_at);
    let occurred_from = reader.time("occurred_from", &message.occurred_from);
    let occurred_to = reader.time("occurred_to", &message.occurred_to);
    let narrative = reader.personal("narrative", &message.narrative, Narrative::parse);
    let reporter = reader.reporter("reporter", message.reporter);
    let card = reader.optional_record("card", "emergency_card", message.card);
    let legacy_number = reader.text("legacy_number", &message.legacy_number, LegacyNumber::parse);
    let institution = reader.institution("institution", "", caller);
    let rules = reader.rules(type_code.as_ref(), category);
    let command = RegisterIncident {
        channel: channel?,
        type_code: type_code?,
        category: category?,
        rules,
        place,
        received_at,
        occurred_from,
        occurred_to,
        narrative,
        reporter: reporter.map(|reporter| reporter.of_subject(ids::of_reporter(id))),
        institution: institution?,
        card: None,
        legacy_number,
        split_from: None,
        forwarded_by: None,
        recording_ref: None,
    };
    Some(Registration { command, card })
}

impl Registration {
    /// Registers it, with the claims that a registration makes.
    pub(super) fn execute(&self, work: &mut Work<'_>, id: Uuid, split_from: Option<Uuid>) -> Result<Target, Stop> {
        let mut command = RegisterIncident { split_from, ..self.command.clone() };
        if let Some(old) = &command.legacy_number {
            work.claim::<Incident>(LEGACY_NUMBER, &legacy_key(&command.institution, old), id)?;
        }
        if let Some(card) = &self.card {
            let card = resolve(work, card)?;
            must_exist::<EmergencyCard>(work, card)?;
            command.card = Some(card);
        }
        let events = work.execute::<Incident>(id, IncidentCommand::RegisterIncident(Box::new(command)))?;
        let mut target = Target::of::<Incident>(id);
        for event in &events {
            if let IncidentEvent::IncidentRegistered { number, .. } = event {
                work.claim::<Incident>("number", &number.to_string(), id)?;
                target = target.numbered(number);
            }
        }
        Ok(target)
    }
}

pub(super) fn register(
    reader: &mut Reader,
    message: pb::RegisterIncident,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let source = envelope.as_ref().and_then(|envelope| envelope.source.clone());
    let named = source.as_ref().and_then(|source| Some((&source.system, source.external_id.as_ref()?)));
    let id = named.map_or_else(Uuid::now_v7, |(system, external)| ids::of_source("incident", system, external));
    let registration = registration(reader, message, id, caller);

    let (envelope, registration) = (envelope?, registration?);
    let expected = envelope.expected_version;
    let institution = registration.command.institution.clone();
    let (caller, new) = (caller.clone(), Resource::of(RecordKind::Incident, institution));
    let decide = Box::new(move |work: &mut Work<'_>| {
        caller.permit(&new)?;
        let (known, _) = work.state::<Incident>(id)?;
        must_be_new::<Incident>(id, known.number(), "incident_already_registered")?;
        work.expect_version::<Incident>(id, expected)?;
        let target = registration.execute(work, id, None)?;
        if let Some(key) = source.as_ref().and_then(|source| source.claim_key::<Incident>()) {
            work.claim::<Incident>("source", &key, id)?;
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
    on_part(envelope, incident, caller, None, command)
}

/// The same, about a part of it: the reply names that.
fn on_part(
    envelope: Option<Envelope>,
    incident: Option<RecordRef>,
    caller: &Caller,
    part: Option<Uuid>,
    command: Option<IncidentCommand>,
) -> Option<Prepared> {
    let (envelope, incident, command) = (envelope?, incident?, command?);
    let expected = envelope.expected_version;
    let (touched, caller) = (touches::<Incident>(&incident), caller.clone());
    let decide = Box::new(move |work: &mut Work<'_>| {
        let id = resolve(work, &incident)?;
        permit::<Incident>(work, id, &caller)?;
        work.expect_version::<Incident>(id, expected)?;
        if let Some(unit) = unit_of(&command) {
            must_exist::<Unit>(work, unit)?;
        }
        let mut command = command.clone();
        match &mut command {
            IncidentCommand::SupplementIncident(supplement) => of_this_record(&mut supplement.reporter, id),
            IncidentCommand::CorrectIncident(correction) => of_this_record(&mut correction.reporter, id),
            _ => {}
        }
        work.execute::<Incident>(id, command)?;
        let target = target(work, id)?;
        Ok(part.into_iter().fold(target, Target::with_part))
    });
    Some(Prepared::register(envelope, touched, decide))
}

/// A reporter of whom nothing else is said is somebody of this record, and of no other.
fn of_this_record(reporter: &mut Option<domain::values::Reporter>, id: Uuid) {
    *reporter = reporter.take().map(|reporter| reporter.of_subject(ids::of_reporter(id)));
}

/// The unit that a command names.
fn unit_of(command: &IncidentCommand) -> Option<Uuid> {
    match command {
        IncidentCommand::AssignIncident(AssignIncident { assignee }) => assignee.unit(),
        IncidentCommand::RecordAction(action) => action.by.as_ref().and_then(Assignee::unit),
        IncidentCommand::AcceptTransfer(accept) => accept.assignee.as_ref().and_then(Assignee::unit),
        _ => None,
    }
}

/// The reply names the incident with its number.
fn target(work: &mut Work<'_>, id: Uuid) -> Result<Target, Stop> {
    let (state, _) = work.state::<Incident>(id)?;
    let target = Target::of::<Incident>(id);
    Ok(match state.number() {
        Some(number) => target.numbered(number),
        None => target,
    })
}

/// Why something is done; it must be said.
fn reason(reader: &mut Reader, path: impl Path, text: &str) -> Option<Personal<Reason>> {
    reader.required(path, text, Reason::parse).map(Personal::Open)
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
    let type_code = reader.code("type_code", &message.type_code);
    let category = reader.term::<pb::Category, _>("category", message.category);
    let reason = reason(reader, "reason", &message.reason);
    let rules = reader.rules(type_code.as_ref(), category);
    let command = reason
        .map(|reason| IncidentCommand::ReclassifyIncident(ReclassifyIncident { type_code, category, rules, reason }));
    on_incident(envelope, incident, caller, command)
}

pub(super) fn correct(
    reader: &mut Reader,
    message: pb::CorrectIncident,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let reason = reason(reader, "reason", &message.reason);
    let narrative = message.narrative.as_deref().unwrap_or_default();
    let (channel, place) =
        (reader.term::<pb::Channel, _>("channel", message.channel), reader.place("place", message.place));
    let narrative = reader.personal("narrative", narrative, Narrative::parse);
    let received_at = reader.time("received_at", &message.received_at);
    let occurred_from = reader.time("occurred_from", &message.occurred_from);
    let occurred_to = reader.time("occurred_to", &message.occurred_to);
    let reporter = reader.reporter("reporter", message.reporter);
    let command = reason.map(|reason| {
        IncidentCommand::CorrectIncident(Box::new(CorrectIncident {
            reason,
            by_supervisor: caller.roles.contains(&Role::Supervisor),
            channel,
            narrative,
            place,
            received_at,
            occurred_from,
            occurred_to,
            reporter,
        }))
    });
    on_incident(envelope, incident, caller, command)
}
