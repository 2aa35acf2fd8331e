use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AboutKind, CautionError};
use crate::incident::Identity;
use crate::personal::Personal;
use crate::values::{CountryCode, Place, PlateNumber, TerritoryCode, VehicleMark};

/// What a caution is about (brīdinājuma objekts).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum About {
    /// An address, by its code.
    Address(Place),
    /// A person: the same data subject wherever it is known that they are.
    Person(Identity),
    /// A vehicle.
    Vehicle(CautionedVehicle),
}

/// A vehicle that a caution is about. Its plate leads to people, so it is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CautionedVehicle {
    /// Plate with its country.
    pub plate: Personal<PlateNumber>,
    /// Country of the plate.
    pub plate_country: CountryCode,
    /// Make and model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub make: Option<VehicleMark>,
    /// Colour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<VehicleMark>,
}

impl About {
    /// Which kind of thing it is.
    #[must_use]
    pub fn kind(&self) -> AboutKind {
        match self {
            Self::Address(_) => AboutKind::Address,
            Self::Person(_) => AboutKind::Person,
            Self::Vehicle(_) => AboutKind::Vehicle,
        }
    }

    /// Territory of the address, where it is one.
    #[must_use]
    pub fn territory(&self) -> Option<&TerritoryCode> {
        match self {
            Self::Address(place) => place.parts().territory.as_ref(),
            Self::Person(_) | Self::Vehicle(_) => None,
        }
    }

    /// Whether it says enough to be met again by those who go there.
    pub(super) fn findable(&self) -> Result<(), CautionError> {
        match self {
            Self::Address(place) if place.parts().address_code.is_none() => Err(CautionError::AddressWithoutCode),
            Self::Person(person) if person.name.is_none() && person.personal_code.is_none() => {
                Err(CautionError::PersonUnknown)
            }
            Self::Address(_) | Self::Person(_) | Self::Vehicle(_) => Ok(()),
        }
    }
}
