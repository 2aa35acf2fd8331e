//! Cards that are forwarded to the police, to be incidents there. That they become so is the work of `process::forwards`.

use access::Institution;
use domain::emergency_card::{CardCommand, ForwardCard};
use domain::terms::Service;
use domain::values::Reason;
use proto::command::v1 as pb;

use super::on_card;
use crate::caller::Caller;
use crate::commands::Prepared;
use crate::wire::{Envelope, Reader};

pub(in crate::commands) fn forward(
    reader: &mut Reader,
    message: pb::ForwardCard,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let card = reader.record("card", "emergency_card", message.card);
    let to = reader.required("institution", &message.institution, Institution::parse);
    if let Some(to) = &to
        && !is_police(caller.service_of(to))
    {
        reader.wrong("institution", format!("{to} is no institution of the police that registers incidents here"));
    }
    let note = reader.personal("note", &message.note, Reason::parse);
    let by = reader.institution("token.institution", "", caller);
    let command = ForwardCard { to: to?, by: by?, note };
    on_card(envelope, card, caller, Some(CardCommand::ForwardCard(command)))
}

fn is_police(service: Option<Service>) -> bool {
    matches!(service, Some(Service::StatePolice | Service::MunicipalPolice | Service::PortPolice))
}
