//! Commands on emergency access.

use domain::emergency_access::{
    BreakGlass, EmergencyAccess, EmergencyAccessCommand, ReviewEmergencyAccess, ReviewOutcome, VouchEmergencyAccess,
};
use domain::terms::AccessPurpose;
use proto::command::v1 as pb;

use super::super::{Prepared, actor};
use super::{Viewed, begin, on, sealed};
use crate::caller::Caller;
use crate::wire::{Envelope, Reader, RecordRef};

fn emergency_access(reader: &mut Reader, named: Option<pb::RecordRef>) -> Option<RecordRef> {
    reader.record("emergency_access", "emergency_access", named)
}

pub(in crate::commands) fn break_glass(
    reader: &mut Reader,
    message: pb::BreakGlass,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    use pb::break_glass::Record;
    let record = match message.record {
        Some(Record::Incident(incident)) => Viewed::incident(reader, "incident", incident),
        Some(Record::Card(card)) => Viewed::card(reader, "card", card),
        None => {
            reader.wrong("record", "is required: give incident or card");
            None
        }
    };
    let purpose = reader.required("token.purpose", caller.purpose.name(), AccessPurpose::parse);
    let until = reader.time("until", &message.until);
    let reason = sealed(reader, "reason", &message.reason);
    let by = actor(reader, caller);
    let (record, purpose, reason, by) = (record?, purpose?, reason?, by?);
    Some(begin::<EmergencyAccess>(envelope?, caller, move |work| {
        Ok(EmergencyAccessCommand::BreakGlass(Box::new(BreakGlass {
            record: record.resolve(work)?,
            purpose,
            until,
            reason: reason.clone(),
            by: by.clone(),
        })))
    }))
}

pub(in crate::commands) fn vouch(
    reader: &mut Reader,
    message: pb::VouchEmergencyAccess,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let access = emergency_access(reader, message.emergency_access);
    let note = sealed(reader, "note", &message.note);
    let by = actor(reader, caller);
    let vouch = VouchEmergencyAccess { note: note?, by: by? };
    on::<EmergencyAccess>(envelope, access, caller, Some(EmergencyAccessCommand::Vouch(vouch)))
}

pub(in crate::commands) fn review(
    reader: &mut Reader,
    message: pb::ReviewEmergencyAccess,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let access = emergency_access(reader, message.emergency_access);
    let outcome = reader.required_term::<pb::ReviewOutcome, ReviewOutcome>("outcome", message.outcome);
    let note = sealed(reader, "note", &message.note);
    let by = actor(reader, caller);
    let review = ReviewEmergencyAccess { outcome: outcome?, note: note?, by: by? };
    on::<EmergencyAccess>(envelope, access, caller, Some(EmergencyAccessCommand::Review(review)))
}
