//! Commands on units. Positions go into the `tracks` log, a stream for each unit and day.

use std::collections::{BTreeMap, BTreeSet};

use access::policy::{RecordKind, Resource};
use domain::emergency_card::{CardCommand, ClearUnit, EmergencyCard};
use domain::ids;
use domain::track::{self, ReportPosition, Track, TrackCommand, TrackPoint};
use domain::unit::{
    ChangeCrew, ChangeEquipment, Crew, EquipmentService, RegisterUnit, Release, ReportStatus, ReportVendorStatus, Unit,
    UnitCommand,
};
use domain::values::{CallSign, Code, CrewSize, Heading, Officer, SourceCode, Speed, Station};
use event_store::append::{Target, Touch, Work};
use event_store::log::LogName;
use proto::command::v1 as pb;
use uuid::Uuid;

use super::resource::permit;
use super::{Prepared, on_known};
use crate::caller::Caller;
use crate::wire::{Envelope, Item, Reader, Within, resolve};

/// Most codes of equipment of one command.
const MOST_EQUIPMENT: usize = 100;

pub(super) fn register(
    reader: &mut Reader,
    message: pb::RegisterUnit,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let institution = reader.institution("institution", &message.institution, caller);
    let call_sign = reader.required("call_sign", &message.call_sign, CallSign::parse);
    let kind = reader.required_term::<pb::UnitKind, _>("kind", message.kind);
    let station = reader.text("station", &message.station, Station::parse);
    let territory = reader.territory("territory", &message.territory);
    let source_kind = reader.text("source_kind", &message.source_kind, SourceCode::parse);

    let (envelope, institution, call_sign) = (envelope?, institution?, call_sign?);
    let id = ids::of_unit(&institution, &call_sign);
    let expected = envelope.expected_version;
    let key = format!("{institution}/{call_sign}");
    let command = RegisterUnit { institution, call_sign, kind: kind?, station, territory, source_kind };
    let (caller, new) = (caller.clone(), Resource::of(RecordKind::Unit, command.institution.clone()));
    let decide = Box::new(move |work: &mut Work<'_>| {
        caller.permit(&new)?;
        work.expect_version::<Unit>(id, expected)?;
        work.execute::<Unit>(id, UnitCommand::RegisterUnit(command.clone()))?;
        work.claim::<Unit>("call_sign", &key, id)?;
        Ok(Target::of::<Unit>(id))
    });
    Some(Prepared::register(envelope, vec![Touch::of::<Unit>(id)], decide))
}

pub(super) fn start_duty(
    reader: &mut Reader,
    message: pb::StartDuty,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let unit = reader.unit("unit", message.unit, caller);
    on_known::<Unit>(envelope, unit, caller, Some(UnitCommand::StartDuty))
}

pub(super) fn end_duty(
    reader: &mut Reader,
    message: pb::EndDuty,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let unit = reader.unit("unit", message.unit, caller);
    on_known::<Unit>(envelope, unit, caller, Some(UnitCommand::EndDuty))
}

pub(super) fn report_status(
    reader: &mut Reader,
    message: pb::ReportUnitStatus,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let unit = reader.unit("unit", message.unit, caller);
    let vendor_code = reader.text("vendor_code", &message.vendor_code, SourceCode::parse);
    let vendor_scheme = reader.term::<pb::VendorScheme, _>("vendor_scheme", message.vendor_scheme);
    if vendor_scheme.is_some() && message.vendor_code.is_empty() {
        reader.wrong("vendor_code", "is required where `vendor_scheme` is given: the code of that list");
    }
    let command = if let (0, Some(scheme)) = (message.status, vendor_scheme) {
        let code = vendor_code.and_then(|code| match scheme.said(&code) {
            Ok(_) => Some(code),
            Err(unknown) => {
                reader.wrong("vendor_code", unknown);
                None
            }
        });
        code.map(|code| UnitCommand::ReportVendorStatus(ReportVendorStatus { scheme, code }))
    } else {
        let status = reader.required_term::<pb::UnitStatus, _>("status", message.status);
        status.map(|status| UnitCommand::ReportStatus(ReportStatus { status, vendor_code, vendor_scheme }))
    };
    on_known::<Unit>(envelope, unit, caller, command)
}

pub(super) fn change_crew(
    reader: &mut Reader,
    message: pb::ChangeCrew,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let unit = reader.unit("unit", message.unit, caller);
    if message.crew.is_none() {
        reader.wrong("crew", "is required");
    }
    let crew = message.crew.and_then(|message| reader.within("crew", |reader| crew(reader, &message)));
    on_known::<Unit>(envelope, unit, caller, crew.map(|crew| UnitCommand::ChangeCrew(ChangeCrew { crew })))
}

/// A crew: how many, who commands it, how many can do what.
pub(super) fn crew(reader: &mut Reader, message: &pb::Crew) -> Option<Crew> {
    let size = reader.number("size", Some(message.size), CrewSize::try_new);
    let commander = reader.text("commander", &message.commander, Officer::parse);
    let mut qualifications = BTreeMap::new();
    let stated = reader.at_most("qualifications", &message.qualifications, Crew::MOST_QUALIFICATIONS);
    for (index, stated) in stated.iter().enumerate() {
        let at = |field| Within(Item("qualifications", index), field);
        let code = reader.required(at("code"), &stated.code, Code::parse);
        let count = reader.number(at("count"), Some(stated.count), CrewSize::try_new);
        if let Some((code, count)) = code.zip(count)
            && qualifications.insert(code, count).is_some()
        {
            reader.wrong(at("code"), "is stated twice");
        }
    }
    Some(Crew { size: size?, commander, qualifications })
}

pub(super) fn change_equipment(
    reader: &mut Reader,
    message: pb::ChangeEquipment,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let unit = reader.unit("unit", message.unit, caller);
    let equipment = equipment(reader, &message.equipment);
    let command = equipment.map(|equipment| UnitCommand::ChangeEquipment(ChangeEquipment { equipment }));
    on_known::<Unit>(envelope, unit, caller, command)
}

pub(super) fn put_out_of_service(
    reader: &mut Reader,
    message: pb::PutEquipmentOutOfService,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let unit = reader.unit("unit", message.unit, caller);
    let command = serviced(reader, &message.equipment).map(UnitCommand::PutEquipmentOutOfService);
    on_known::<Unit>(envelope, unit, caller, command)
}

pub(super) fn return_to_service(
    reader: &mut Reader,
    message: pb::ReturnEquipmentToService,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let unit = reader.unit("unit", message.unit, caller);
    let command = serviced(reader, &message.equipment).map(UnitCommand::ReturnEquipmentToService);
    on_known::<Unit>(envelope, unit, caller, command)
}

fn equipment(reader: &mut Reader, codes: &[String]) -> Option<BTreeSet<Code>> {
    let codes = reader.at_most("equipment", codes, MOST_EQUIPMENT).iter().enumerate();
    let read: Vec<Option<Code>> =
        codes.map(|(index, code)| reader.required(Item("equipment", index), code, Code::parse)).collect();
    read.into_iter().collect()
}

fn serviced(reader: &mut Reader, codes: &[String]) -> Option<EquipmentService> {
    if codes.is_empty() {
        reader.wrong("equipment", "is required: give at least one code");
    }
    Some(EquipmentService { equipment: equipment(reader, codes)? })
}

pub(super) fn release(
    reader: &mut Reader,
    message: pb::ReleaseUnit,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let unit = reader.unit("unit", message.unit, caller);
    let card = reader.optional_record("card", "emergency_card", message.card);
    let (envelope, unit) = (envelope?, unit?);
    let expected = envelope.expected_version;
    let mut touched = vec![Touch::of::<Unit>(unit)];
    touched.extend(card.as_ref().and_then(|card| card.id()).map(Touch::of::<EmergencyCard>));
    let caller = caller.clone();
    let decide = Box::new(move |work: &mut Work<'_>| {
        permit::<Unit>(work, unit, &caller)?;
        work.expect_version::<Unit>(unit, expected)?;
        let stated = card.as_ref().map(|card| resolve(work, card)).transpose()?;
        let (before, _) = work.state::<Unit>(unit)?;
        work.execute::<Unit>(unit, UnitCommand::Release(Release { card: stated, diverted_to: None }))?;
        if let Some(card) = before.card() {
            work.execute::<EmergencyCard>(card, CardCommand::ClearUnit(ClearUnit { unit, diverted: false }))?;
        }
        Ok(Target::of::<Unit>(unit))
    });
    Some(Prepared::register(envelope, touched, decide))
}

pub(super) fn report_position(
    reader: &mut Reader,
    message: pb::ReportPosition,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let unit = reader.unit("unit", message.unit, caller);
    if message.points.is_empty() || message.points.len() > track::MAX_POINTS {
        reader.wrong("points", format!("1 to {} points", track::MAX_POINTS));
    }
    let points: Vec<TrackPoint> = message
        .points
        .into_iter()
        .take(track::MAX_POINTS)
        .enumerate()
        .filter_map(|(index, point)| track_point(reader, index, &point))
        .collect();
    let (envelope, unit) = (envelope?, unit?);
    if envelope.expected_version.is_some() {
        reader.wrong("envelope.expected_version", "can't be given: a report adds to a unit's track whatever is there");
    }
    let days: Vec<(Uuid, ReportPosition)> = track::by_day(points)
        .into_iter()
        .map(|(day, points)| (ids::of_track(unit, day), ReportPosition { unit, points }))
        .collect();
    let first = days.first()?.0;
    let touches = days.iter().map(|(id, _)| Touch::of::<Track>(*id)).collect();
    let decide = Box::new(move |work: &mut Work<'_>| {
        for (id, report) in &days {
            work.execute::<Track>(*id, TrackCommand::ReportPosition(report.clone()))?;
        }
        Ok(Target::of::<Track>(first))
    });
    Some(Prepared { envelope, log: LogName::TRACKS, touches, decide, needs_unit: Some(unit), told: None })
}

fn track_point(reader: &mut Reader, index: usize, wire: &pb::TrackPoint) -> Option<TrackPoint> {
    let at = |field| Within(Item("points", index), field);
    let time = reader.required_time(at("at"), &wire.at);
    let point = match wire.point {
        Some(point) => reader.point(at("point"), point),
        None => {
            reader.wrong(at("point"), "is required");
            None
        }
    };
    let speed_kmh = reader.number(at("speed_kmh"), wire.speed_kmh, Speed::try_new);
    let heading_deg = reader.number(at("heading_deg"), wire.heading_deg, Heading::try_new);
    Some(TrackPoint { at: time?, point: point?, speed_kmh, heading_deg })
}
