//! What is done about an incident, from its assignment to its end.

use std::collections::BTreeSet;

use domain::incident::{
    ApproveAnnulment, AssignIncident, Assignee, CloseIncident, IncidentCommand, LiftRestriction, MAX_CASE_REFS,
    RecordAction, RecordResult, RejectAnnulment, ReopenIncident, RequestAnnulment, RestrictIncident,
};
use domain::values::{CaseRef, Description, Officer};
use proto::command::v1 as pb;

use super::super::{Prepared, actor};
use super::{on_incident, reason};
use crate::caller::Caller;
use crate::wire::{Envelope, Item, Reader};

/// A unit or an officer; none where neither is given.
pub(super) fn assignee(
    reader: &mut Reader,
    unit: Option<pb::UnitRef>,
    officer: Option<&str>,
    caller: &Caller,
) -> Option<Assignee> {
    if unit.is_some() {
        return reader.unit("unit", unit, caller).map(Assignee::Unit);
    }
    reader.required("officer", officer?, Officer::parse).map(Assignee::Officer)
}

pub(in crate::commands) fn assign(
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
        Some(Wire::Unit(unit)) => assignee(reader, Some(unit), None, caller),
        Some(Wire::Officer(officer)) => assignee(reader, None, Some(&officer), caller),
    };
    let command = assignee.map(|assignee| IncidentCommand::AssignIncident(AssignIncident { assignee }));
    on_incident(envelope, incident, caller, command)
}

pub(in crate::commands) fn record_action(
    reader: &mut Reader,
    message: pb::RecordAction,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    use pb::record_action::By as Wire;
    let incident = reader.record("incident", "incident", message.incident);
    let action = reader.required_code("action", &message.action);
    let at = reader.time("at", &message.at);
    let by = match message.by {
        None => None,
        Some(Wire::Unit(unit)) => assignee(reader, Some(unit), None, caller),
        Some(Wire::Officer(officer)) => assignee(reader, None, Some(&officer), caller),
    };
    let note = reader.personal("note", &message.note, Description::parse);
    let command = action.map(|action| IncidentCommand::RecordAction(Box::new(RecordAction { action, at, by, note })));
    on_incident(envelope, incident, caller, command)
}

pub(in crate::commands) fn record_result(
    reader: &mut Reader,
    message: pb::RecordResult,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let result_code = reader.required_code("result_code", &message.result_code);
    let mut case_refs = BTreeSet::new();
    for (index, case_ref) in reader.at_most("case_refs", &message.case_refs, MAX_CASE_REFS).iter().enumerate() {
        case_refs.extend(reader.required(Item("case_refs", index), case_ref, CaseRef::parse));
    }
    let command = result_code.map(|result_code| IncidentCommand::RecordResult(RecordResult { result_code, case_refs }));
    on_incident(envelope, incident, caller, command)
}

pub(in crate::commands) fn close(
    reader: &mut Reader,
    message: pb::CloseIncident,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let disposition = reader.required_code("disposition", &message.disposition);
    let closing_type = reader.code("closing_type", &message.closing_type);
    let class = reader.rules(closing_type.as_ref(), None).class;
    let command = disposition
        .map(|disposition| IncidentCommand::CloseIncident(CloseIncident { disposition, closing_type, class }));
    on_incident(envelope, incident, caller, command)
}

/// A command that says why, and nothing else.
macro_rules! with_reason {
    ($($call:ident: $message:ident;)+) => {$(
        pub(in crate::commands) fn $call(
            reader: &mut Reader,
            message: pb::$message,
            envelope: Option<Envelope>,
            caller: &Caller,
        ) -> Option<Prepared> {
            let incident = reader.record("incident", "incident", message.incident);
            let reason = reason(reader, "reason", &message.reason);
            let command = reason.map(|reason| IncidentCommand::$message($message { reason }));
            on_incident(envelope, incident, caller, command)
        }
    )+};
}

with_reason! {
    reopen: ReopenIncident;
    lift_restriction: LiftRestriction;
}

pub(in crate::commands) fn restrict(
    reader: &mut Reader,
    message: pb::RestrictIncident,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let class = reader.required_term::<pb::RaisedClass, _>("class", message.class);
    let reason = reason(reader, "reason", &message.reason);
    let restrict = RestrictIncident { class: class?, reason: reason? };
    on_incident(envelope, incident, caller, Some(IncidentCommand::RestrictIncident(restrict)))
}

pub(in crate::commands) fn request_annulment(
    reader: &mut Reader,
    message: pb::RequestAnnulment,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let (reason, by) = (reason(reader, "reason", &message.reason), actor(reader, caller));
    let request = RequestAnnulment { reason: reason?, by: by? };
    on_incident(envelope, incident, caller, Some(IncidentCommand::RequestAnnulment(request)))
}

pub(in crate::commands) fn approve_annulment(
    reader: &mut Reader,
    message: pb::ApproveAnnulment,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let by = actor(reader, caller);
    let command = by.map(|by| IncidentCommand::ApproveAnnulment(ApproveAnnulment { by }));
    on_incident(envelope, incident, caller, command)
}

pub(in crate::commands) fn reject_annulment(
    reader: &mut Reader,
    message: pb::RejectAnnulment,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let (reason, by) = (reason(reader, "reason", &message.reason), actor(reader, caller));
    let reject = RejectAnnulment { reason: reason?, by: by? };
    on_incident(envelope, incident, caller, Some(IncidentCommand::RejectAnnulment(reject)))
}
