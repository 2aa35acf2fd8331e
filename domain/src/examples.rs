//! Shared parts of the example events: invented, the same each time.

use std::fmt::Debug;

use chrono::{DateTime, FixedOffset};
use uuid::Uuid;

use crate::personal::Personal;
use crate::terms::LocationSource;
use crate::values::{
    Actor, AddressCode, GeoPoint, InstitutionCode, Place, PlaceParts, PlaceText, TerritoryCode, UserName,
};

/// The value of a parse that can't fail because its text stands in this crate.
pub(crate) fn sure<T, E: Debug>(parsed: Result<T, E>) -> T {
    parsed.expect("an example is well-formed")
}

/// 28 March 2026 at that time of Riga's clock, before the change to summer time.
pub(crate) fn at(time: &str) -> DateTime<FixedOffset> {
    sure(DateTime::parse_from_rfc3339(&format!("2026-03-28T{time}+02:00")))
}

/// The id number `n`.
pub(crate) fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0000 + n)
}

/// That user of the State Police.
pub(crate) fn actor(user: &str) -> Actor {
    Actor { institution: sure(InstitutionCode::parse("VP")), user: sure(UserName::parse(user)) }
}

/// Sealed bytes as the store writes them; nobody has their key.
pub(crate) fn sealed<T>(n: u8) -> Personal<T> {
    Personal::Sealed(format!("v1.{n:032x}.AAAAAAAAAAAAAAAAaW52ZW50ZWQgY2lwaGVydGV4dCBhbmQgdGFn"))
}

/// A place with all that a place can have.
pub(crate) fn place() -> Place {
    sure(Place::try_new(PlaceParts {
        address_code: Some(sure(AddressCode::parse("100003003"))),
        territory: Some(sure(TerritoryCode::parse("0001000"))),
        text: Some(sure(PlaceText::parse("Brīvības iela 61, Rīga"))),
        point: Some(sure(GeoPoint::try_new(56_957_800, 24_123_400))),
        uncertainty_m: Some(25),
        source: Some(LocationSource::Aml),
    }))
}
