//! Transfers between institutions: a handshake.

use domain::emergency_card::{CardCommand, EmergencyCard, ReturnForward};
use domain::incident::{
    AcceptTransfer, CompleteTransfer, Incident, IncidentCommand, OfferTransfer, RejectTransfer, ReturnIncident,
    WithdrawTransfer,
};
use domain::values::{InstitutionCode, Reason};
use event_store::append::Work;
use proto::command::v1 as pb;

use super::super::resource::permit;
use super::super::{Prepared, touches};
use super::work::assignee;
use super::{on_incident, on_part, reason, target};
use crate::caller::Caller;
use crate::wire::{Envelope, Reader, resolve};

pub(in crate::commands) fn offer(
    reader: &mut Reader,
    message: pb::OfferTransfer,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let transfer = reader.part_id("transfer_id", &message.transfer_id);
    let to = reader.required("to", &message.to, InstitutionCode::parse);
    let deadline = reader.time("deadline", &message.deadline);
    let reason = reason(reader, "reason", &message.reason);
    let offer = OfferTransfer { transfer: transfer?, to: to?, deadline, reason: reason? };
    on_part(envelope, incident, caller, transfer, Some(IncidentCommand::OfferTransfer(offer)))
}

pub(in crate::commands) fn accept(
    reader: &mut Reader,
    message: pb::AcceptTransfer,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    use pb::accept_transfer::Assignee as Wire;
    let incident = reader.record("incident", "incident", message.incident);
    let by = reader.institution("institution", "", caller);
    let assignee = match message.assignee {
        None => None,
        Some(Wire::Unit(unit)) => assignee(reader, Some(unit), None, caller),
        Some(Wire::Officer(officer)) => assignee(reader, None, Some(&officer), caller),
    };
    let command = by.map(|by| IncidentCommand::AcceptTransfer(AcceptTransfer { by, assignee }));
    on_incident(envelope, incident, caller, command)
}

pub(in crate::commands) fn reject(
    reader: &mut Reader,
    message: pb::RejectTransfer,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let by = reader.institution("institution", "", caller);
    let cause = reader.required_code("cause", &message.cause);
    let note = reader.personal("note", &message.note, Reason::parse);
    let reject = RejectTransfer { by: by?, cause: cause?, note };
    on_incident(envelope, incident, caller, Some(IncidentCommand::RejectTransfer(reject)))
}

pub(in crate::commands) fn withdraw(
    reader: &mut Reader,
    message: pb::WithdrawTransfer,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let reason = reason(reader, "reason", &message.reason);
    let command = reason.map(|reason| IncidentCommand::WithdrawTransfer(WithdrawTransfer { reason }));
    on_incident(envelope, incident, caller, command)
}

pub(in crate::commands) fn complete(
    reader: &mut Reader,
    message: pb::CompleteTransfer,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let by = reader.institution("institution", "", caller);
    let outcome = reader.required_term::<pb::TransferOutcome, _>("outcome", message.outcome);
    let note = reader.personal("note", &message.note, Reason::parse);
    let complete = CompleteTransfer { by: by?, outcome: outcome?, note };
    on_incident(envelope, incident, caller, Some(IncidentCommand::CompleteTransfer(complete)))
}

/// Gives it back: the card that it comes from is told, or neither.
pub(in crate::commands) fn give_back(
    reader: &mut Reader,
    message: pb::ReturnIncident,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let cause = reason(reader, "cause", &message.cause);
    let (envelope, incident, cause) = (envelope?, incident?, cause?);
    let expected = envelope.expected_version;
    let (touched, caller) = (touches::<Incident>(&incident), caller.clone());
    let decide = Box::new(move |work: &mut Work<'_>| {
        let id = resolve(work, &incident)?;
        permit::<Incident>(work, id, &caller)?;
        work.expect_version::<Incident>(id, expected)?;
        let (state, _) = work.state::<Incident>(id)?;
        let card = state.forwarded_card();
        let command = ReturnIncident { cause: cause.clone() };
        work.execute::<Incident>(id, IncidentCommand::ReturnIncident(command))?;
        if let Some(card) = card {
            let command = ReturnForward { incident: id, cause: cause.clone() };
            work.execute::<EmergencyCard>(card, CardCommand::ReturnForward(command))?;
        }
        target(work, id)
    });
    Some(Prepared::register(envelope, touched, decide))
}
