//! Commands on cautions.

use domain::caution::{About, Caution, CautionCommand, CautionedVehicle, LiftCaution, RegisterCaution, RenewCaution};
use domain::classifier::CautionKind;
use domain::incident::Incident;
use domain::personal::Personal;
use domain::terms::RaisedClass;
use domain::values::{CountryCode, Description, PlateNumber, Reason, VehicleMark};
use event_store::append::{Target, Touch, Work};
use proto::command::v1 as pb;

use super::incident::involvement::{country_of, identity};
use super::resource::{of_caution, permit_to_name};
use super::{Prepared, must_exist, on_known, touches};
use crate::caller::Caller;
use crate::wire::{Envelope, Reader, Within, resolve};

fn about(reader: &mut Reader, about: Option<pb::register_caution::About>, subject_id: &str) -> Option<About> {
    use pb::register_caution::About as Wire;
    let subject = reader.part_id("subject_id", subject_id);
    match about {
        None => {
            reader.wrong("about", "is required: give address, person or vehicle");
            None
        }
        Some(Wire::Address(place)) => reader.place("address", Some(place)).map(About::Address),
        Some(Wire::Person(details)) => Some(About::Person(identity(reader, subject?, Some(details)))),
        Some(Wire::Vehicle(vehicle)) => vehicle_of(reader, vehicle).map(About::Vehicle),
    }
}

fn vehicle_of(reader: &mut Reader, vehicle: pb::CautionedVehicle) -> Option<CautionedVehicle> {
    let at = |field| Within("vehicle", field);
    let country = country_of(&vehicle.plate_country);
    let plate_country = reader.required(at("plate_country"), country, CountryCode::parse);
    let plate = reader.required(at("plate"), &vehicle.plate, |written| PlateNumber::parse(written, country));
    let make = reader.text(at("make"), &vehicle.make, VehicleMark::parse);
    let colour = reader.text(at("colour"), &vehicle.colour, VehicleMark::parse);
    Some(CautionedVehicle { plate: Personal::Open(plate?), plate_country: plate_country?, make, colour })
}

pub(super) fn register(
    reader: &mut Reader,
    message: pb::RegisterCaution,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let id = reader.part_id("id", &message.id);
    let kind: Option<CautionKind> = reader.required_code("kind", &message.kind);
    let about = about(reader, message.about, &message.subject_id);
    let advice = reader.personal("advice", &message.advice, Description::parse);
    let given = reader.term::<pb::RaisedClass, RaisedClass>("class", message.class);
    let incident = reader.optional_record("incident", "incident", message.incident);
    let expires_at = reader.required_time("expires_at", &message.expires_at);
    let institution = reader.institution("institution", "", caller);
    // Whoever registers it may restrict it further than its kind, never less.
    let class = given.max(kind.as_ref().and_then(|kind| reader.class(kind)));

    let (envelope, id) = (envelope?, id?);
    let register = RegisterCaution {
        institution: institution?,
        kind: kind?,
        about: about?,
        advice,
        class,
        incident: None,
        expires_at: expires_at?,
    };
    let resource = of_caution(id, &register.institution, class, register.about.territory());
    let (caller, expected) = (caller.clone(), envelope.expected_version);
    let mut touched = incident.as_ref().map(touches::<Incident>).unwrap_or_default();
    touched.push(Touch::of::<Caution>(id));
    let decide = Box::new(move |work: &mut Work<'_>| {
        caller.permit(&resource)?;
        let incident = incident.as_ref().map(|named| resolve(work, named)).transpose()?;
        if let Some(incident) = incident {
            permit_to_name::<Incident>(work, incident, &caller)?;
            must_exist::<Incident>(work, incident)?;
        }
        work.expect_version::<Caution>(id, expected)?;
        let register = RegisterCaution { incident, ..register.clone() };
        work.execute::<Caution>(id, CautionCommand::RegisterCaution(Box::new(register)))?;
        Ok(Target::of::<Caution>(id))
    });
    Some(Prepared::register(envelope, touched, decide))
}

pub(super) fn renew(
    reader: &mut Reader,
    message: pb::RenewCaution,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let id = reader.required_uuid("id", &message.id);
    let expires_at = reader.required_time("expires_at", &message.expires_at);
    let reason = reader.personal("reason", &message.reason, Reason::parse);
    let renew = RenewCaution { expires_at: expires_at?, reason };
    on_known::<Caution>(envelope, id, caller, Some(CautionCommand::RenewCaution(renew)))
}

pub(super) fn lift(
    reader: &mut Reader,
    message: pb::LiftCaution,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let id = reader.required_uuid("id", &message.id);
    let reason = reader.required("reason", &message.reason, Reason::parse);
    let lift = LiftCaution { reason: Personal::Open(reason?) };
    on_known::<Caution>(envelope, id, caller, Some(CautionCommand::LiftCaution(lift)))
}
