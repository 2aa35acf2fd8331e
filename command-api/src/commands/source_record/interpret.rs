//! A journal's record, read as a registration: by its mapping, then as any other command.

use std::collections::BTreeSet;
use std::fmt::Display;

use domain::classifier::{Disposition, ResultCode};
use domain::ids;
use domain::incident::{InvolvePerson, Vehicle};
use domain::kernel::Violations;
use domain::local_time::LocalTime;
use domain::source_journal::{
    IncidentField, MAX_PERSONS, MAX_VEHICLES, MappedRecord, PersonField, RecordField, RecordMapping, VehicleField,
};
use domain::source_record::Fault;
use domain::terms::{Category, Channel};
use domain::values::{CaseRef, GeoPoint, Lks92};
use proto::command::v1 as pb;

use super::super::incident::involvement::{involve, vehicle_of};
use super::super::incident::{Registration, registration};
use super::{Faults, Incoming};
use crate::wire::{Reader, Wire};

/// A record as this register understands it.
pub(super) struct Interpreted {
    pub(super) registration: Registration,
    pub(super) result: Option<(ResultCode, BTreeSet<CaseRef>)>,
    pub(super) disposition: Option<Disposition>,
    /// Persons and vehicles that it has, by their places in it.
    pub(super) persons: Vec<(u8, InvolvePerson)>,
    pub(super) vehicles: Vec<(u8, Vehicle)>,
}

/// Reads it.
///
/// # Errors
/// All that is wrong with it.
pub(super) fn interpret(incoming: &Incoming, version: u32, mapping: &RecordMapping) -> Result<Interpreted, Faults> {
    let record = mapping.read(&incoming.fields).map_err(|unknown| unmapped(unknown, version))?;
    let mut reader = Reader::new(incoming.caller.classifiers());
    let read = read(&mut reader, &record, incoming);
    reader.finish(read).map_err(|violations| of_violations(violations, &record))
}

fn unmapped(unknown: Vec<String>, version: u32) -> Faults {
    let message = format!("means nothing by version {version} of the journal's mapping: map it, or have it ignored");
    let fault = |field| (Fault { path: String::new(), field: Some(field), rule: None }, message.clone());
    unknown.into_iter().map(fault).collect()
}

fn of_violations(violations: Violations, record: &MappedRecord) -> Faults {
    let of = |violation: domain::kernel::Violation| {
        // A person's fields lie deeper in a command than in a record, and have several roles there.
        let path = violation.path.replace(".person.", ".").replace(".roles[0]", ".role").replace(".roles", ".role");
        let field = record.name_of(&path).map(str::to_owned);
        (Fault { path, field, rule: None }, violation.message)
    };
    violations.into_iter().map(of).collect()
}

fn read(reader: &mut Reader, record: &MappedRecord, incoming: &Incoming) -> Option<Interpreted> {
    let occurred_from = time(reader, record, IncidentField::OccurredFrom);
    reader.occurred_at(occurred_from.map_or(incoming.occurred_at, |time| time.at));
    let written = |time: Option<LocalTime>| time.map(|time| time.at.to_rfc3339()).unwrap_or_default();
    let text = |field| record.get(field).to_owned();
    let occurred_to = time(reader, record, IncidentField::OccurredTo);
    let received_at = time(reader, record, IncidentField::ReceivedAt);
    let reporter = pb::Reporter {
        name: text(IncidentField::ReporterName),
        phone: text(IncidentField::ReporterPhone),
        personal_code: text(IncidentField::ReporterCode),
        ..Default::default()
    };
    let message = pb::RegisterIncident {
        channel: term::<_, _, pb::Channel>(reader, record, IncidentField::Channel, Channel::parse),
        type_code: text(IncidentField::TypeCode),
        category: term::<_, _, pb::Category>(reader, record, IncidentField::Category, Category::parse),
        place: place(reader, record),
        received_at: written(received_at),
        occurred_from: written(occurred_from),
        occurred_to: written(occurred_to),
        narrative: text(IncidentField::Narrative),
        reporter: Some(reporter),
        legacy_number: text(IncidentField::LegacyNumber),
        ..Default::default()
    };
    let registration = registration(reader, message, incoming.incident(), &incoming.caller);
    let result = reader.code::<ResultCode>("result_code", record.get(IncidentField::ResultCode));
    let case_ref = reader.text("case_ref", record.get(IncidentField::CaseRef), CaseRef::parse);
    let disposition = reader.code::<Disposition>("disposition", record.get(IncidentField::Disposition));
    if result.is_none() && record.get(IncidentField::ResultCode).is_empty() {
        if case_ref.is_some() {
            reader.wrong("result_code", "is required where a case number is given");
        }
        if disposition.is_some() {
            reader.wrong("result_code", "is required where it is closed");
        }
    }
    let result = result.map(|result| (result, case_ref.into_iter().collect()));
    let (persons, vehicles) = (persons(reader, record, incoming), vehicles(reader, record, incoming));
    Some(Interpreted { registration: registration?, result, disposition, persons, vehicles })
}

fn persons(reader: &mut Reader, record: &MappedRecord, incoming: &Incoming) -> Vec<(u8, InvolvePerson)> {
    let named =
        (0..MAX_PERSONS).filter(|index| record.says(|said| matches!(said, RecordField::Person(of, _) if of == index)));
    let read = |index| {
        let text = |field| record.get(RecordField::Person(index, field)).to_owned();
        let details = pb::PersonDetails {
            name: text(PersonField::Name),
            personal_code: text(PersonField::Code),
            birth_date: text(PersonField::BirthDate),
            phone: text(PersonField::Phone),
            address: text(PersonField::Address),
            ..Default::default()
        };
        let roles = Some(text(PersonField::Role)).filter(|role| !role.is_empty()).into_iter().collect();
        let message = pb::InvolvePerson { person: Some(details), roles, ..Default::default() };
        let subject = ids::of_part(incoming.incident(), "person", index);
        let person = reader.within(&format!("persons[{index}]"), |reader| involve(reader, message, subject));
        Some((index, person?))
    };
    named.filter_map(read).collect()
}

fn vehicles(reader: &mut Reader, record: &MappedRecord, incoming: &Incoming) -> Vec<(u8, Vehicle)> {
    let named = (0..MAX_VEHICLES)
        .filter(|index| record.says(|said| matches!(said, RecordField::Vehicle(of, _) if of == index)));
    let read = |index| {
        let text = |field| record.get(RecordField::Vehicle(index, field)).to_owned();
        let message = pb::InvolveVehicle {
            relation: text(VehicleField::Relation),
            plate: text(VehicleField::Plate),
            plate_country: text(VehicleField::PlateCountry),
            vin: text(VehicleField::Vin),
            make: text(VehicleField::Make),
            colour: text(VehicleField::Colour),
            ..Default::default()
        };
        let id = ids::of_part(incoming.incident(), "vehicle", index);
        let vehicle = reader.within(&format!("vehicles[{index}]"), |reader| vehicle_of(reader, message, id));
        Some((index, vehicle?))
    };
    named.filter_map(read).collect()
}

/// A time, that may be absent.
fn time(reader: &mut Reader, record: &MappedRecord, field: IncidentField) -> Option<LocalTime> {
    reader.text(field.code(), record.get(field), LocalTime::parse)
}

/// The number of a closed term on the wire; one that is wrong is told here, and no second time.
fn term<T: Wire<W>, E: Display, W: Into<i32>>(
    reader: &mut Reader,
    record: &MappedRecord,
    field: IncidentField,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> i32 {
    let text = record.get(field);
    if text.is_empty() {
        return 0;
    }
    reader.text(field.code(), text, parse).map_or(1, |term| term.wire().into())
}

fn place(reader: &mut Reader, record: &MappedRecord) -> Option<pb::Place> {
    let text = |field| record.get(field).to_owned();
    let (territory, address_code) = (text(IncidentField::Territory), text(IncidentField::AddressCode));
    let (written, point) = (text(IncidentField::PlaceText), point(reader, record));
    if written.is_empty() && territory.is_empty() && address_code.is_empty() && point.is_none() {
        return None;
    }
    Some(pb::Place { address_code, territory, text: written, point, ..Default::default() })
}

/// Where it is, in degrees or in metres of LKS-92.
fn point(reader: &mut Reader, record: &MappedRecord) -> Option<pb::GeoPoint> {
    use IncidentField::{Easting, Latitude, Longitude, Northing};
    let latitude = scaled(reader, record, Latitude, 1e6);
    let longitude = scaled(reader, record, Longitude, 1e6);
    let northing = scaled(reader, record, Northing, 1e3);
    let easting = scaled(reader, record, Easting, 1e3);
    for (one, other) in [(Latitude, Longitude), (Longitude, Latitude), (Northing, Easting), (Easting, Northing)] {
        if record.get(one).is_empty() && !record.get(other).is_empty() {
            reader.wrong(one.code(), format_args!("is required where {other} is given"));
        }
    }
    let of_lks = northing.zip(easting).and_then(|(northing, easting)| {
        let point = Lks92::try_new(northing, easting).and_then(Lks92::to_wgs84);
        point.map_err(|wrong| reader.wrong(Northing.code(), wrong)).ok()
    });
    let micro = |value: i64| i32::try_from(value).unwrap_or(i32::MAX);
    let wire = |point: GeoPoint| pb::GeoPoint { latitude_e6: point.latitude_e6(), longitude_e6: point.longitude_e6() };
    let of_degrees = latitude.zip(longitude);
    let of_degrees = of_degrees
        .map(|(latitude, longitude)| pb::GeoPoint { latitude_e6: micro(latitude), longitude_e6: micro(longitude) });
    of_degrees.or_else(|| of_lks.map(wire))
}

/// A decimal number in smaller units: no floating-point number goes any further.
fn scaled(reader: &mut Reader, record: &MappedRecord, field: IncidentField, by: f64) -> Option<i64> {
    reader.text(field.code(), record.get(field), |text| {
        let number: f64 = text.replace(',', ".").parse().map_err(|_| "must be a decimal number, `56.946300`")?;
        let scaled = (number * by).round();
        if scaled.abs() < 1e12 { Ok(scaled as i64) } else { Err("must be a decimal number, `56.946300`") }
    })
}
