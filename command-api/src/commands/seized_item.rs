//! Commands on seized items.

use domain::incident::{AddSeizedItem, Incident, IncidentCommand};
use domain::seized_item::{Custodian, DisposeItem, SeizeItem, SeizedItem, SeizedItemCommand, TransferCustody};
use domain::values::{
    Amount, CaseRef, CustodySeal, Description, InstitutionCode, PlaceText, ProtocolNumber, Quantity, Reason,
    SerialNumber, StorageName,
};
use event_store::append::{Stop, Target, Touch, Work};
use proto::command::v1 as pb;
use uuid::Uuid;

use super::resource::permit;
use super::{Prepared, must_exist, touches};
use crate::caller::Caller;
use crate::wire::{Envelope, Reader, Within, resolve};

fn custodian(
    reader: &mut Reader,
    path: &'static str,
    named: Option<pb::Custodian>,
    caller: &Caller,
) -> Option<Custodian> {
    let Some(named) = named else {
        reader.wrong(path, "is required: say who has the item");
        return None;
    };
    let institution = reader.institution(Within(path, "institution"), &named.institution, caller);
    let keeper = reader.required(Within(path, "keeper"), &named.keeper, StorageName::parse);
    Some(Custodian { institution: institution?, keeper: keeper? })
}

/// The reply names the incident's number and the item's within it.
fn target(work: &mut Work<'_>, item: Uuid, incident: Uuid) -> Result<Target, Stop> {
    let (incident, _) = work.state::<Incident>(incident)?;
    let target = Target::of::<SeizedItem>(item);
    Ok(match (incident.number(), incident.seized_item(item)) {
        (Some(number), Some(ordinal)) => target.numbered(format_args!("{number}/{ordinal}")),
        _ => target,
    })
}

pub(super) fn seize(
    reader: &mut Reader,
    message: pb::SeizeItem,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let id = reader.part_id("id", &message.id);
    let kind = reader.required_code("kind", &message.kind);
    let description = reader.personal("description", &message.description, Description::parse);
    let serial = reader.text("serial", &message.serial, SerialNumber::parse);
    let quantity = reader.number("quantity", message.quantity, Quantity::try_new);
    let value_cents = reader.number("value_cents", message.value_cents, Amount::try_new);
    let basis = reader.required_code("basis", &message.basis);
    let protocol = reader.text("protocol", &message.protocol, ProtocolNumber::parse);
    let from_person = reader.uuid("from_person", &message.from_person);
    let place = reader.personal("place", &message.place, PlaceText::parse);
    let custodian = custodian(reader, "custodian", message.custodian, caller);
    let seal = reader.text("seal", &message.seal, CustodySeal::parse);
    let at = reader.time("at", &message.at);

    let (envelope, incident, id) = (envelope?, incident?, id?);
    let seize = SeizeItem {
        incident: Uuid::nil(),
        kind: kind?,
        description,
        serial,
        quantity,
        value_cents,
        basis: basis?,
        protocol,
        from_person,
        place,
        custodian: custodian?,
        seal,
        at,
    };
    let expected = envelope.expected_version;
    let mut touched = touches::<Incident>(&incident);
    touched.push(Touch::of::<SeizedItem>(id));
    let caller = caller.clone();
    let decide = Box::new(move |work: &mut Work<'_>| {
        let incident = resolve(work, &incident)?;
        permit::<Incident>(work, incident, &caller)?;
        must_exist::<Incident>(work, incident)?;
        work.expect_version::<SeizedItem>(id, expected)?;
        if let Some(person) = seize.from_person {
            work.state::<Incident>(incident)?.0.must_involve(person).map_err(Stop::refused)?;
        }
        work.execute::<Incident>(incident, IncidentCommand::AddSeizedItem(AddSeizedItem { item: id }))?;
        let seize = SeizeItem { incident, ..seize.clone() };
        work.execute::<SeizedItem>(id, SeizedItemCommand::SeizeItem(Box::new(seize)))?;
        target(work, id, incident)
    });
    Some(Prepared::register(envelope, touched, decide))
}

/// A command on an item that is in custody.
fn on_item(
    envelope: Option<Envelope>,
    id: Option<Uuid>,
    caller: &Caller,
    command: SeizedItemCommand,
) -> Option<Prepared> {
    let (envelope, id) = (envelope?, id?);
    let (expected, caller) = (envelope.expected_version, caller.clone());
    let decide = Box::new(move |work: &mut Work<'_>| {
        permit::<SeizedItem>(work, id, &caller)?;
        work.expect_version::<SeizedItem>(id, expected)?;
        work.execute::<SeizedItem>(id, command.clone())?;
        match work.state::<SeizedItem>(id)?.0.incident() {
            Some(incident) => target(work, id, incident),
            None => Ok(Target::of::<SeizedItem>(id)),
        }
    });
    Some(Prepared::register(envelope, vec![Touch::of::<SeizedItem>(id)], decide))
}

pub(super) fn transfer(
    reader: &mut Reader,
    message: pb::TransferCustody,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let id = reader.required_uuid("id", &message.id);
    let from = custodian(reader, "from", message.from, caller);
    let to = custodian(reader, "to", message.to, caller);
    let at = reader.time("at", &message.at);
    let seal = reader.text("seal", &message.seal, CustodySeal::parse);
    let reason = reader.personal("reason", &message.reason, Reason::parse);
    let transfer = TransferCustody { from: from?, to: to?, at, seal, reason };
    on_item(envelope, id, caller, SeizedItemCommand::TransferCustody(transfer))
}

pub(super) fn dispose(
    reader: &mut Reader,
    message: pb::DisposeItem,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let id = reader.required_uuid("id", &message.id);
    let outcome = reader.required_term::<pb::DisposalOutcome, _>("outcome", message.outcome);
    let to = reader.text("to", &message.to, InstitutionCode::parse);
    let at = reader.time("at", &message.at);
    let decision = reader.text("decision", &message.decision, CaseRef::parse);
    let reason = reader.personal("reason", &message.reason, Reason::parse);
    let dispose = DisposeItem { outcome: outcome?, to, at, decision, reason };
    on_item(envelope, id, caller, SeizedItemCommand::DisposeItem(dispose))
}
