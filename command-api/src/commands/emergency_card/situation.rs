//! What is told of a card beside the way from the call to the last unit's release, and how else it ends.

use domain::emergency_card::{
    CancelCard, CardCommand, CardFile, CloseNonEmergency, ConfirmLocation, HandOverByPhone, ReviewCard, ReviewScore,
    UpdateSituation,
};
use domain::values::{Casualties, ContentDigest, Narrative, PersonName, Reason, RecordingRef};
use proto::command::v1 as pb;

use super::{hazards, on_card};
use crate::caller::Caller;
use crate::commands::{Prepared, actor};
use crate::wire::{Envelope, Reader};

/// Most findings of one message.
const MOST_FINDINGS: usize = 50;

pub(in crate::commands) fn confirm_location(
    reader: &mut Reader,
    message: pb::ConfirmLocation,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let card = reader.record("card", "emergency_card", message.card);
    if message.place.is_none() {
        reader.wrong("place", "is required: say where it is");
    }
    let place = reader.place("place", message.place);
    let command = place.map(|place| CardCommand::ConfirmLocation(ConfirmLocation { place }));
    on_card(envelope, card, caller, command)
}

pub(in crate::commands) fn update(
    reader: &mut Reader,
    message: pb::UpdateSituation,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let card = reader.record("card", "emergency_card", message.card);
    let command = UpdateSituation {
        under_control: message.under_control,
        hazards: hazards(reader, &message.hazards),
        casualties: reader.number("casualties", message.casualties, Casualties::try_new),
        note: reader.personal("note", &message.note, Narrative::parse),
    };
    on_card(envelope, card, caller, Some(CardCommand::UpdateSituation(command)))
}

pub(in crate::commands) fn add_file(
    reader: &mut Reader,
    message: pb::AddCardFile,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let card = reader.record("card", "emergency_card", message.card);
    let kind = reader.required_term::<pb::FileKind, _>("kind", message.kind);
    let reference = reader.required("reference", &message.reference, RecordingRef::parse);
    let sha256 = reader.required("sha256", &message.sha256, ContentDigest::parse);
    if message.length == 0 {
        reader.wrong("length", "is required: its length in bytes; an empty file is none");
    }
    let (length, duration_s) = (message.length, message.duration_s);
    let file = CardFile { kind: kind?, reference: reference?, sha256: sha256?, length, duration_s };
    on_card(envelope, card, caller, Some(CardCommand::AddFile(file)))
}

pub(in crate::commands) fn hand_over(
    reader: &mut Reader,
    message: pb::HandOverByPhone,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let card = reader.record("card", "emergency_card", message.card);
    let service = reader.required_term::<pb::Service, _>("service", message.service);
    let to = reader.personal("to", &message.to, PersonName::parse);
    let command = service.map(|service| CardCommand::HandOverByPhone(HandOverByPhone { service, to }));
    on_card(envelope, card, caller, command)
}

pub(in crate::commands) fn close_non_emergency(
    reader: &mut Reader,
    message: pb::CloseNonEmergency,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let card = reader.record("card", "emergency_card", message.card);
    let kind = reader.required_term::<pb::NoEmergency, _>("kind", message.kind);
    let note = reader.personal("note", &message.note, Reason::parse);
    let command = kind.map(|kind| CardCommand::CloseNonEmergency(CloseNonEmergency { kind, note }));
    on_card(envelope, card, caller, command)
}

pub(in crate::commands) fn cancel(
    reader: &mut Reader,
    message: pb::CancelCard,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let card = reader.record("card", "emergency_card", message.card);
    let reason = reader.required("reason", &message.reason, Reason::parse);
    let command = reason.map(|reason| CardCommand::CancelCard(CancelCard { reason: reason.into() }));
    on_card(envelope, card, caller, command)
}

pub(in crate::commands) fn review(
    reader: &mut Reader,
    message: pb::ReviewCard,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let card = reader.record("card", "emergency_card", message.card);
    let findings = reader.terms::<pb::ReviewFinding, _>("findings", &message.findings, MOST_FINDINGS);
    if message.score.is_none() {
        reader.wrong("score", "is required: 0 to 100");
    }
    let score = reader.number("score", message.score, ReviewScore::try_new);
    let note = reader.personal("note", &message.note, Narrative::parse);
    let by = actor(reader, caller);
    let command = ReviewCard { score: score?, findings, note, by: by? };
    on_card(envelope, card, caller, Some(CardCommand::ReviewCard(Box::new(command))))
}
