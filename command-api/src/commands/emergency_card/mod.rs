//! Commands on 112 cards. Attaching a unit changes card and unit together, or neither.

pub(super) mod duplicate;
pub(super) mod forward;
pub(super) mod situation;

use std::collections::BTreeSet;

use access::policy::{RecordKind, Resource};
use domain::classifier::Hazard;
use domain::emergency_card::{
    AcceptService, AttachUnit, CardCommand, CardEvent, ClearUnit, CompleteCard, DecideServices, EmergencyCard,
    LinkIncident, NotifyService, PlanAdvice, QualifyCard, ReceiveCall,
};
use domain::ids;
use domain::incident::Incident;
use domain::unit::{Assign, Release, Unit, UnitCommand};
use domain::values::{AlarmLevel, Casualties, Code, Narrative, Reason, RecordingRef, SourceCode};
use event_store::append::{Stop, Touch, Work};
use proto::command::v1 as pb;
use uuid::Uuid;

use super::resource::permit;
use super::{Prepared, card_target, must_be_new, must_exist, touches};
use crate::caller::Caller;
use crate::wire::{Envelope, Item, Reader, RecordRef, resolve};

/// Most hazards of one message.
const MOST_HAZARDS: usize = 50;
/// Most services of one message.
const MOST_SERVICES: usize = 20;

pub(super) fn receive(
    reader: &mut Reader,
    message: pb::ReceiveCall,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let channel = reader.required_term::<pb::Channel, _>("channel", message.channel);
    let reporter = reader.reporter("caller", message.caller);
    let place = reader.place("place", message.place);
    let answered_at = reader.time("answered_at", &message.answered_at);
    let narrative = reader.personal("narrative", &message.narrative, Narrative::parse);
    let recording_ref = reader.text("recording_ref", &message.recording_ref, RecordingRef::parse);
    let institution = reader.institution("institution", "", caller);

    let envelope = envelope?;
    let expected = envelope.expected_version;
    let source = envelope.source.clone();
    let named = source.as_ref().and_then(|source| Some((&source.system, source.external_id.as_ref()?)));
    let id = named.map_or_else(Uuid::now_v7, |(system, external)| ids::of_source("emergency_card", system, external));
    let command = ReceiveCall {
        channel: channel?,
        caller: reporter.map(|reporter| reporter.of_subject(ids::of_reporter(id))),
        place,
        answered_at,
        narrative,
        recording_ref,
        institution: institution?,
    };
    let (caller, new) = (caller.clone(), Resource::of(RecordKind::EmergencyCard, command.institution.clone()));
    let decide = Box::new(move |work: &mut Work<'_>| {
        caller.permit(&new)?;
        let (known, _) = work.state::<EmergencyCard>(id)?;
        must_be_new::<EmergencyCard>(id, known.number(), "card_already_received")?;
        work.expect_version::<EmergencyCard>(id, expected)?;
        let events = work.execute::<EmergencyCard>(id, CardCommand::ReceiveCall(Box::new(command.clone())))?;
        if let Some(key) = source.as_ref().and_then(|source| source.claim_key::<EmergencyCard>()) {
            work.claim::<EmergencyCard>("source", &key, id)?;
        }
        for event in &events {
            if let CardEvent::CallReceived { number, .. } = event {
                work.claim::<EmergencyCard>("number", &number.to_string(), id)?;
            }
        }
        card_target(work, id)
    });
    Some(Prepared::register(envelope, vec![Touch::of::<EmergencyCard>(id)], decide))
}

/// A command on a card that is there.
fn on_card(
    envelope: Option<Envelope>,
    card: Option<RecordRef>,
    caller: &Caller,
    command: Option<CardCommand>,
) -> Option<Prepared> {
    let (envelope, card, command) = (envelope?, card?, command?);
    let expected = envelope.expected_version;
    let entered = envelope.source.is_none();
    let (touched, caller) = (touches::<EmergencyCard>(&card), caller.clone());
    let decide = Box::new(move |work: &mut Work<'_>| {
        let id = resolve(work, &card)?;
        permit::<EmergencyCard>(work, id, &caller)?;
        work.expect_version::<EmergencyCard>(id, expected)?;
        execute(work, id, command.clone(), entered)?;
        card_target(work, id)
    });
    Some(Prepared::register(envelope, touched, decide))
}

/// Does it. Of what a person enters the impossible is refused; what a source system recorded so is kept and flagged.
fn execute(work: &mut Work<'_>, id: Uuid, command: CardCommand, entered: bool) -> Result<(), Stop> {
    let events = work.execute::<EmergencyCard>(id, command)?;
    Ok(events.iter().filter(|_| entered).try_for_each(CardEvent::possible)?)
}

/// Hazards of a message: none where it names none.
fn hazards(reader: &mut Reader, codes: &[String]) -> BTreeSet<Hazard> {
    let codes = reader.at_most("hazards", codes, MOST_HAZARDS).iter().enumerate();
    codes.filter_map(|(index, hazard)| reader.required_code(Item("hazards", index), hazard)).collect()
}

pub(super) fn qualify(
    reader: &mut Reader,
    message: pb::QualifyCard,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let card = reader.record("card", "emergency_card", message.card);
    let hazards = hazards(reader, &message.hazards);
    let command = QualifyCard {
        type_code: reader.code("type_code", &message.type_code),
        priority: reader.term::<pb::Priority, _>("priority", message.priority),
        place: reader.place("place", message.place),
        hazards,
        casualties: reader.number("casualties", message.casualties, Casualties::try_new),
        alarm_level: reader.number("alarm_level", message.alarm_level, AlarmLevel::try_new),
        source_priority: reader.text("source_priority", &message.source_priority, SourceCode::parse),
    };
    on_card(envelope, card, caller, Some(CardCommand::QualifyCard(Box::new(command))))
}

pub(super) fn decide_services(
    reader: &mut Reader,
    message: pb::DecideServices,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let card = reader.record("card", "emergency_card", message.card);
    let services = reader.terms::<pb::Service, _>("services", &message.services, MOST_SERVICES);
    let reason = reader.personal("reason", &message.reason, Reason::parse);
    on_card(envelope, card, caller, Some(CardCommand::DecideServices(DecideServices { services, reason })))
}

pub(super) fn notify(
    reader: &mut Reader,
    message: pb::NotifyService,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let card = reader.record("card", "emergency_card", message.card);
    let service = reader.required_term::<pb::Service, _>("service", message.service);
    on_card(envelope, card, caller, service.map(|service| CardCommand::NotifyService(NotifyService { service })))
}

pub(super) fn accept(
    reader: &mut Reader,
    message: pb::AcceptService,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let card = reader.record("card", "emergency_card", message.card);
    let service = reader.required_term::<pb::Service, _>("service", message.service);
    on_card(envelope, card, caller, service.map(|service| CardCommand::AcceptService(AcceptService { service })))
}

pub(super) fn attach(
    reader: &mut Reader,
    message: pb::AttachUnit,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let card = reader.record("card", "emergency_card", message.card);
    let unit = reader.unit("unit", message.unit, caller);
    let recommendation = message.recommendation.and_then(|advice| plan_advice(reader, &advice));
    let override_reason = reader.personal("override_reason", &message.override_reason, Reason::parse);
    let (envelope, card, unit) = (envelope?, card?, unit?);
    let attach = AttachUnit { unit, recommendation, override_reason };
    let expected = envelope.expected_version;
    let entered = envelope.source.is_none();
    let mut touched = touches::<EmergencyCard>(&card);
    touched.push(Touch::of::<Unit>(unit));
    let caller = caller.clone();
    let decide = Box::new(move |work: &mut Work<'_>| {
        let id = resolve(work, &card)?;
        // Who runs the card decides which units are on it, whosever they are, and whatever card one is taken from.
        permit::<EmergencyCard>(work, id, &caller)?;
        work.expect_version::<EmergencyCard>(id, expected)?;
        if message.divert {
            divert(work, unit, id)?;
        }
        execute(work, id, CardCommand::AttachUnit(attach.clone()), entered)?;
        work.execute::<Unit>(unit, UnitCommand::Assign(Assign { card: id }))?;
        card_target(work, id)
    });
    Some(Prepared::register(envelope, touched, decide))
}

/// What was recommended, as its sender was told it.
fn plan_advice(reader: &mut Reader, advice: &pb::PlanAdvice) -> Option<PlanAdvice> {
    let plan = reader.required("recommendation.plan", &advice.plan, Code::parse);
    if advice.version == 0 {
        reader.wrong("recommendation.version", "is required: plans have versions from 1 on");
    }
    Some(PlanAdvice { plan: plan?, version: advice.version, recommended: advice.recommended })
}

/// Takes the unit off another card that it is on; that card is told.
fn divert(work: &mut Work<'_>, unit: Uuid, to: Uuid) -> Result<(), Stop> {
    let (state, _) = work.state::<Unit>(unit)?;
    let Some(from) = state.card().filter(|from| *from != to) else { return Ok(()) };
    work.execute::<Unit>(unit, UnitCommand::Release(Release { card: Some(from), diverted_to: Some(to) }))?;
    work.execute::<EmergencyCard>(from, CardCommand::ClearUnit(ClearUnit { unit, diverted: true }))?;
    Ok(())
}

pub(super) fn complete(
    reader: &mut Reader,
    message: pb::CompleteCard,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let card = reader.record("card", "emergency_card", message.card);
    let disposition = reader.required_code("disposition", &message.disposition);
    let source_disposition = reader.text("source_disposition", &message.source_disposition, SourceCode::parse);
    let command =
        disposition.map(|disposition| CardCommand::CompleteCard(CompleteCard { disposition, source_disposition }));
    on_card(envelope, card, caller, command)
}

pub(super) fn link(
    reader: &mut Reader,
    message: pb::LinkIncident,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let card = reader.record("card", "emergency_card", message.card);
    let incident = reader.record("incident", "incident", message.incident);
    let (envelope, card, incident) = (envelope?, card?, incident?);
    let expected = envelope.expected_version;
    let mut touched = touches::<EmergencyCard>(&card);
    touched.extend(touches::<Incident>(&incident));
    let caller = caller.clone();
    let decide = Box::new(move |work: &mut Work<'_>| {
        let (id, incident) = (resolve(work, &card)?, resolve(work, &incident)?);
        permit::<EmergencyCard>(work, id, &caller)?;
        work.expect_version::<EmergencyCard>(id, expected)?;
        must_exist::<Incident>(work, incident)?;
        work.execute::<EmergencyCard>(id, CardCommand::LinkIncident(LinkIncident { incident }))?;
        card_target(work, id)
    });
    Some(Prepared::register(envelope, touched, decide))
}
