//! What a journal's fields can mean: something of an incident, of a person in it or of a vehicle in it.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::lang::terms;

/// Most persons that a journal's record has fields for.
pub const MAX_PERSONS: u8 = 5;
/// Most vehicles that a journal's record has fields for.
pub const MAX_VEHICLES: u8 = 3;

terms! {
    /// What a field of a journal's record can say of an incident (žurnāla lauks).
    IncidentField("field of an incident") {
        /// Kind of incident.
        TypeCode = "type_code", "Veids", "Type";
        /// How fast police must be there.
        Category = "category", "Kategorija", "Category";
        /// How it was reported.
        Channel = "channel", "Saņemšanas veids", "Channel";
        /// When it was received.
        ReceivedAt = "received_at", "Saņemts", "Received";
        /// When it began.
        OccurredFrom = "occurred_from", "Sākums", "From";
        /// When it ended.
        OccurredTo = "occurred_to", "Beigas", "To";
        /// Code of the address register.
        AddressCode = "place.address_code", "Adreses kods", "Address code";
        /// ATVK code.
        Territory = "place.territory", "Teritorija", "Territory";
        /// Place as written.
        PlaceText = "place.text", "Vieta", "Place";
        /// Latitude in degrees of WGS 84.
        Latitude = "place.latitude", "Platums", "Latitude";
        /// Longitude in degrees of WGS 84.
        Longitude = "place.longitude", "Garums", "Longitude";
        /// Metres to the north, LKS-92.
        Northing = "place.northing", "Ziemeļu koordināta", "Northing";
        /// Metres to the east, LKS-92.
        Easting = "place.easting", "Austrumu koordināta", "Easting";
        /// What happened.
        Narrative = "narrative", "Apraksts", "Narrative";
        /// Who reported it.
        ReporterName = "reporter.name", "Ziņotājs", "Reporter";
        /// Their phone.
        ReporterPhone = "reporter.phone", "Ziņotāja tālrunis", "Reporter's phone";
        /// Their personal code.
        ReporterCode = "reporter.personal_code", "Ziņotāja personas kods", "Reporter's personal code";
        /// Number of it in the journal, for people.
        LegacyNumber = "legacy_number", "Žurnāla numurs", "Number in the journal";
        /// How it was dealt with.
        ResultCode = "result_code", "Rezultāts", "Result";
        /// Number of the process that it went on in.
        CaseRef = "case_ref", "Lietas numurs", "Case number";
        /// How it was closed; a record that has one is closed.
        Disposition = "disposition", "Slēgšanas veids", "Disposition";
    }
}

impl IncidentField {
    /// Those without which nothing can be registered.
    pub const NEEDED: [Self; 3] = [Self::TypeCode, Self::Category, Self::Channel];
}

terms! {
    /// What a field of a journal's record can say of a person in an incident (personas lauks).
    PersonField("field of a person") {
        /// What they are in it: a code of the person-role classifier.
        Role = "role", "Loma", "Role";
        /// Name in Latvian letters.
        Name = "name", "Vārds, uzvārds", "Name";
        /// Latvian personal code.
        Code = "personal_code", "Personas kods", "Personal code";
        /// Date of birth, `2010-05-17`.
        BirthDate = "birth_date", "Dzimšanas datums", "Date of birth";
        /// Phone.
        Phone = "phone", "Tālrunis", "Phone";
        /// Where they live.
        Address = "address", "Dzīvesvieta", "Address";
    }
}

terms! {
    /// What a field of a journal's record can say of a vehicle in an incident (transportlīdzekļa lauks).
    VehicleField("field of a vehicle") {
        /// What it is in it: a code of the vehicle-relation classifier.
        Relation = "relation", "Saistība", "Relation";
        /// Plate as written.
        Plate = "plate", "Numura zīme", "Plate";
        /// Country of the plate, `LV` where nothing says so.
        PlateCountry = "plate_country", "Numura zīmes valsts", "Country of the plate";
        /// Vehicle identification number.
        Vin = "vin", "VIN", "VIN";
        /// Make and model.
        Make = "make", "Marka", "Make";
        /// Colour.
        Colour = "colour", "Krāsa", "Colour";
    }
}

/// What a field of a journal's record means, `narrative`, `persons[0].name`, `vehicles[2].plate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordField {
    /// Of the incident.
    Incident(IncidentField),
    /// Of one of the persons in it, counted from 0.
    Person(u8, PersonField),
    /// Of one of the vehicles in it, counted from 0.
    Vehicle(u8, VehicleField),
}

/// A name of a field that there isn't.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is no field: {hint}")]
pub struct UnknownField {
    name: String,
    hint: String,
}

impl RecordField {
    /// The field of that name.
    ///
    /// # Errors
    /// Where there is none, with what would be right.
    pub fn parse(name: &str) -> Result<Self, UnknownField> {
        let wrong = |hint: String| UnknownField { name: name.to_owned(), hint };
        if let Some((index, field)) = part_of(name, "persons") {
            let index = index_below(index, MAX_PERSONS).ok_or_else(|| wrong(counted("persons", MAX_PERSONS)))?;
            return Ok(Self::Person(index, PersonField::parse(field).map_err(|error| wrong(error.to_string()))?));
        }
        if let Some((index, field)) = part_of(name, "vehicles") {
            let index = index_below(index, MAX_VEHICLES).ok_or_else(|| wrong(counted("vehicles", MAX_VEHICLES)))?;
            return Ok(Self::Vehicle(index, VehicleField::parse(field).map_err(|error| wrong(error.to_string()))?));
        }
        IncidentField::parse(name).map(Self::Incident).map_err(|error| wrong(error.to_string()))
    }
}

/// Index and field of `persons[0].name`.
fn part_of<'n>(name: &'n str, parts: &str) -> Option<(&'n str, &'n str)> {
    name.strip_prefix(parts)?.strip_prefix('[')?.split_once("].")
}

/// An index as it is written: one digit, none to spare.
fn index_below(text: &str, most: u8) -> Option<u8> {
    let index: u8 = text.parse().ok().filter(|index| *index < most)?;
    (text == index.to_string()).then_some(index)
}

fn counted(parts: &str, most: u8) -> String {
    format!("they are counted from {parts}[0] to {parts}[{}]", most - 1)
}

impl From<IncidentField> for RecordField {
    fn from(field: IncidentField) -> Self {
        Self::Incident(field)
    }
}

impl fmt::Display for RecordField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incident(field) => f.write_str(field.code()),
            Self::Person(index, field) => write!(f, "persons[{index}].{}", field.code()),
            Self::Vehicle(index, field) => write!(f, "vehicles[{index}].{}", field.code()),
        }
    }
}

impl Serialize for RecordField {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RecordField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&name).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for RecordField {
    fn schema_name() -> Cow<'static, str> {
        "RecordField".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What a field of a journal's record means: a field of the incident, of one of the persons or of the vehicles in it.",
            "type": "string",
            "pattern": "^([a-z_]+(\\.[a-z_]+)?|(persons|vehicles)\\[[0-4]\\]\\.[a-z_]+)$",
        })
    }
}
