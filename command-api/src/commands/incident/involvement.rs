//! Who and what takes part in an incident.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use domain::incident::{
    ChangePersonRoles, Document, IdentifyPerson, Identity, IncidentCommand, InvolveDocument, InvolveItem,
    InvolveOrganisation, InvolvePerson, InvolveVehicle, Item as InvolvedItem, Organisation, Vehicle,
    WithdrawInvolvement,
};
use domain::personal::Personal;
use domain::terms::{AgeBand, Identification, Protection};
use domain::values::{
    Amount, CountryCode, Description, LegalEntityNumber, OrganisationName, PersonName, PersonalCode, PersonalCodeKind,
    Phone, PlaceText, PlateNumber, Quantity, Reason, SerialNumber, VehicleMark, Vin,
};
use proto::command::v1 as pb;
use uuid::Uuid;

use super::super::Prepared;
use super::{on_part, reason};
use crate::caller::Caller;
use crate::wire::{Envelope, Path, Reader, Within};

/// Country of a plate that says none.
const HOME: &str = "LV";
/// Greatest age that is taken for one.
const OLDEST: u32 = 130;

/// Country of a plate, as it is said or as none is.
pub(crate) fn country_of(said: &str) -> &str {
    if said.is_empty() { HOME } else { said }
}

/// Who a person is, with what rules need to know of a sealed date of birth: it is worked out here, where it is still open.
pub(in crate::commands) fn identity(
    reader: &mut Reader,
    subject: Uuid,
    details: Option<pb::PersonDetails>,
) -> Identity {
    let details = details.unwrap_or_default();
    let at = |field| Within("person", field);
    let name = reader.text(at("name"), &details.name, PersonName::parse);
    let name_original = reader.text(at("name_original"), &details.name_original, PersonName::parse);
    let code = reader.text(at("personal_code"), &details.personal_code, PersonalCode::parse);
    let phone = reader.text(at("phone"), &details.phone, Phone::parse);
    let address = reader.text(at("address"), &details.address, PlaceText::parse);
    let citizenship = reader.text(at("citizenship"), &details.citizenship, CountryCode::parse);
    let sex = reader.term::<pb::Sex, _>(at("sex"), details.sex);
    let given = reader.text(at("birth_date"), &details.birth_date, birth_date);
    let by_code = code.filter(|code| code.verified()).and_then(|code| match code.kind() {
        PersonalCodeKind::WithBirthDate(date) => date,
        PersonalCodeKind::WithoutBirthDate => None,
    });
    if let (Some(given), Some(by_code)) = (given, by_code)
        && given != by_code
    {
        reader.wrong(at("birth_date"), "is not the one that the personal code begins with: correct one of them");
    }
    let birth_date = given.or(by_code);
    let years = reader.day().zip(birth_date).map(|(then, born)| then.years_since(born));
    if years.is_some_and(|years| years.is_none_or(|years| years > OLDEST)) {
        reader.wrong(at("birth_date"), format!("must be a day at most {OLDEST} years before it happened"));
    }
    Identity {
        subject,
        name: name.map(Personal::Open),
        name_original: name_original.map(Personal::Open),
        personal_code: code.map(Personal::Open),
        personal_code_verified: code.map(PersonalCode::verified),
        birth_date: birth_date.map(Personal::Open),
        phone: phone.map(Personal::Open),
        address: address.map(Personal::Open),
        citizenship,
        sex,
        age_band: years.flatten().map(AgeBand::of_years),
    }
}

fn birth_date(text: &str) -> Result<NaiveDate, &'static str> {
    text.parse().map_err(|_| "must be a day, `2010-05-17`")
}

fn protections(reader: &mut Reader, path: &'static str, listed: &[i32]) -> BTreeSet<Protection> {
    reader.terms::<pb::Protection, _>(path, listed, Protection::ALL.len())
}

/// A person of the same incident, that may be named.
fn person_of(reader: &mut Reader, text: &str) -> Option<Uuid> {
    reader.uuid("person", text)
}

fn quantity(reader: &mut Reader, path: impl Path, number: Option<u32>) -> Option<Quantity> {
    reader.number(path, number, Quantity::try_new)
}

fn amount(reader: &mut Reader, path: impl Path, number: Option<u32>) -> Option<Amount> {
    reader.number(path, number, Amount::try_new)
}

/// A person of an incident, by that data subject.
pub(in crate::commands) fn involve(
    reader: &mut Reader,
    message: pb::InvolvePerson,
    subject: Uuid,
) -> Option<InvolvePerson> {
    let person = identity(reader, subject, message.person);
    let roles = reader.codes("roles", &message.roles);
    let identification = reader.term::<pb::Identification, _>("identification", message.identification);
    let protections = protections(reader, "protections", &message.protections);
    let by_age = person.age_band.map(AgeBand::is_minor);
    let said = if person.says_nothing() { Identification::Unknown } else { Identification::Stated };
    Some(InvolvePerson {
        person,
        roles: roles?,
        identification: identification.unwrap_or(said),
        minor: message.minor.or(by_age).unwrap_or(false),
        protections,
    })
}

pub(in crate::commands) fn person(
    reader: &mut Reader,
    mut message: pb::InvolvePerson,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident.take());
    let subject = reader.part_id("subject_id", &message.subject_id);
    let command =
        involve(reader, message, subject.unwrap_or_default()).map(Box::new).map(IncidentCommand::InvolvePerson);
    on_part(envelope, incident, caller, Some(subject?), Some(command?))
}

pub(in crate::commands) fn identify(
    reader: &mut Reader,
    message: pb::IdentifyPerson,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let subject = reader.required_uuid("subject_id", &message.subject_id);
    let person = identity(reader, subject.unwrap_or_default(), message.person);
    let identification = reader.term::<pb::Identification, _>("identification", message.identification);
    let protections = message.protections.map(|list| protections(reader, "protections", &list.protections));
    let reason = reader.personal("reason", &message.reason, Reason::parse);
    let minor = message.minor;
    let command = IdentifyPerson { person, identification, minor, protections, reason };
    on_part(envelope, incident, caller, Some(subject?), Some(IncidentCommand::IdentifyPerson(Box::new(command))))
}

pub(in crate::commands) fn change_roles(
    reader: &mut Reader,
    message: pb::ChangePersonRoles,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let subject = reader.required_uuid("subject_id", &message.subject_id);
    let roles = reader.codes("roles", &message.roles);
    let reason = reason(reader, "reason", &message.reason);
    let change = ChangePersonRoles { subject: subject?, roles: roles?, reason: reason? };
    on_part(envelope, incident, caller, subject, Some(IncidentCommand::ChangePersonRoles(change)))
}

pub(in crate::commands) fn organisation(
    reader: &mut Reader,
    message: pb::InvolveOrganisation,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let id = reader.part_id("id", &message.id);
    let name = reader.required("name", &message.name, OrganisationName::parse);
    let number = reader.text("number", &message.number, LegalEntityNumber::parse);
    let roles = reader.codes("roles", &message.roles);
    let organisation = Organisation { id: id?, name: name?, number, roles: roles? };
    let command = IncidentCommand::InvolveOrganisation(Box::new(InvolveOrganisation { organisation }));
    on_part(envelope, incident, caller, id, Some(command))
}

/// A vehicle of an incident, by that id.
pub(in crate::commands) fn vehicle_of(reader: &mut Reader, message: pb::InvolveVehicle, id: Uuid) -> Option<Vehicle> {
    let relation = reader.required_code("relation", &message.relation);
    let country = country_of(&message.plate_country);
    let plate = reader.text("plate", &message.plate, |written| PlateNumber::parse(written, country));
    let plate_country = if message.plate.is_empty() { "" } else { country };
    let plate_country = reader.text("plate_country", plate_country, CountryCode::parse);
    let vin = reader.text("vin", &message.vin, Vin::parse);
    let make = reader.text("make", &message.make, VehicleMark::parse);
    let colour = reader.text("colour", &message.colour, VehicleMark::parse);
    let person = person_of(reader, &message.person);
    Some(Vehicle {
        id,
        relation: relation?,
        plate: plate.map(Personal::Open),
        plate_country,
        vin: vin.map(Personal::Open),
        make,
        colour,
        person,
    })
}

pub(in crate::commands) fn vehicle(
    reader: &mut Reader,
    mut message: pb::InvolveVehicle,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident.take());
    let id = reader.part_id("id", &message.id);
    let vehicle = vehicle_of(reader, message, id.unwrap_or_default())?;
    let command = IncidentCommand::InvolveVehicle(Box::new(InvolveVehicle { vehicle }));
    on_part(envelope, incident, caller, id, Some(command))
}

pub(in crate::commands) fn item(
    reader: &mut Reader,
    message: pb::InvolveItem,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let id = reader.part_id("id", &message.id);
    let kind = reader.required_code("kind", &message.kind);
    let relation = reader.required_code("relation", &message.relation);
    let description = reader.personal("description", &message.description, Description::parse);
    let serial = reader.text("serial", &message.serial, SerialNumber::parse);
    let quantity = quantity(reader, "quantity", message.quantity);
    let value_cents = amount(reader, "value_cents", message.value_cents);
    let person = person_of(reader, &message.person);
    let item =
        InvolvedItem { id: id?, kind: kind?, relation: relation?, description, serial, quantity, value_cents, person };
    let command = IncidentCommand::InvolveItem(Box::new(InvolveItem { item }));
    on_part(envelope, incident, caller, id, Some(command))
}

pub(in crate::commands) fn document(
    reader: &mut Reader,
    message: pb::InvolveDocument,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let id = reader.part_id("id", &message.id);
    let kind = reader.required_code("kind", &message.kind);
    let relation = reader.required_code("relation", &message.relation);
    let number = reader.personal("number", &message.number, SerialNumber::parse);
    let country = reader.text("country", &message.country, CountryCode::parse);
    let person = person_of(reader, &message.person);
    let document = Document { id: id?, kind: kind?, relation: relation?, number, country, person };
    let command = IncidentCommand::InvolveDocument(Box::new(InvolveDocument { document }));
    on_part(envelope, incident, caller, id, Some(command))
}

pub(in crate::commands) fn withdraw(
    reader: &mut Reader,
    message: pb::WithdrawInvolvement,
    envelope: Option<Envelope>,
    caller: &Caller,
) -> Option<Prepared> {
    let incident = reader.record("incident", "incident", message.incident);
    let involvement = reader.required_uuid("id", &message.id);
    let reason = reason(reader, "reason", &message.reason);
    let withdraw = WithdrawInvolvement { involvement: involvement?, reason: reason? };
    on_part(envelope, incident, caller, involvement, Some(IncidentCommand::WithdrawInvolvement(withdraw)))
}
