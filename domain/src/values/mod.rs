//! Values with one way in: what exists is well-formed.

mod actor;
mod count;
mod digest;
mod error;
mod legal_entity;
mod lks92;
mod number;
mod person;
mod phone;
mod place;
mod plate;
mod point;
mod reporter;
mod text;
mod vin;

pub use actor::Actor;
pub use count::{AlarmLevel, Amount, Casualties, CrewSize, Headcount, Heading, PlanRank, Quantity, Speed, UnitCount};
pub use digest::{ContentDigest, FieldMark};
pub use error::ValueError;
pub use legal_entity::LegalEntityNumber;
pub use lks92::Lks92;
pub use number::{CardNumber, NationalNumber};
pub use person::{PersonalCode, PersonalCodeKind};
pub use phone::Phone;
pub use place::{AddressCode, Place, PlaceParts, TerritoryCode};
pub use plate::PlateNumber;
pub use point::GeoPoint;
pub use reporter::Reporter;
pub use text::{
    AccessReference, ActionName, AttributeName, AttributeValue, CallSign, CaseRef, Code, CountryCode, CustodySeal,
    Description, ExternalId, HoldReference, InstitutionCode, Label, LegacyNumber, Narrative, Officer, OrganisationName,
    PersonName, PlaceText, PolicyFileName, ProtocolNumber, PurposeCode, ReadModelName, Reason, Recipient, RecordingRef,
    SerialNumber, SourceCode, SourceSystem, Station, StorageName, UserName, VehicleMark,
};
pub use vin::Vin;

/// Serde by way of `parse` and `Display`.
macro_rules! serde_as_text {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::values::ValueError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }
    };
}
pub(crate) use serde_as_text;
