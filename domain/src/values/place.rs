//! Where something is: address, territory, words, point.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GeoPoint, PlaceText, ValueError, serde_as_text};
use crate::terms::LocationSource;

/// Code of an object of the state address register (adrešu klasifikatora kods), `100003003`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(extend("pattern" = "^[0-9]{1,12}$"))]
pub struct AddressCode(String);

impl AddressCode {
    /// Reads 1 to 12 digits.
    ///
    /// # Errors
    /// Where it is anything else.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        digits(text, 1..=12).map(Self).ok_or(ValueError::Form { what: "address code", expected: "1 to 12 digits" })
    }
}

impl fmt::Display for AddressCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(AddressCode);

/// Code of the territory classifier (ATVK), 7 digits, `0001000` for Rīga. Whether it was valid at a time is data, not form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(extend("pattern" = "^[0-9]{7}$"))]
pub struct TerritoryCode(String);

impl TerritoryCode {
    /// Reads 7 digits; zeros on the left belong to it.
    ///
    /// # Errors
    /// Where it is anything else.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let expected = "7 digits, zeros on the left included, as in `0001000`";
        digits(text, 7..=7).map(Self).ok_or(ValueError::Form { what: "territory code", expected })
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for a city or town (pilsēta): a state city of its own (third and fourth digit 01 to 19), or a town within a
    /// municipality (fifth and sixth digit 01 to 39). Illustrative: which towns Cabinet Regulation 190 means is not known.
    #[must_use]
    pub fn is_city(&self) -> bool {
        let two = |at: usize| self.0.get(at..at + 2).and_then(|digits| digits.parse::<u8>().ok()).unwrap_or(0);
        (1..=19).contains(&two(2)) || (1..=39).contains(&two(4))
    }
}

impl fmt::Display for TerritoryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

serde_as_text!(TerritoryCode);

fn digits(text: &str, length: std::ops::RangeInclusive<usize>) -> Option<String> {
    let text = text.trim();
    (length.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.to_owned())
}

/// Where it is (notikuma vieta): at least one of address, territory, words and point.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "PlaceParts", into = "PlaceParts")]
#[schemars(extend(
    "anyOf" = [
        { "required": ["address_code"] },
        { "required": ["territory"] },
        { "required": ["text"] },
        { "required": ["point"] },
    ],
    "dependentRequired" = { "uncertainty_m": ["point"] },
))]
pub struct Place(PlaceParts);

/// What a [`Place`] is made of and taken apart into.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct PlaceParts {
    /// Object of the address register.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_code: Option<AddressCode>,
    /// Territory that it lies in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub territory: Option<TerritoryCode>,
    /// As written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<PlaceText>,
    /// Point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<GeoPoint>,
    /// Radius in metres within which the point is believed to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = Place::MAX_UNCERTAINTY_M))]
    pub uncertainty_m: Option<u32>,
    /// How the point was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<LocationSource>,
}

impl Place {
    /// Greatest radius of uncertainty, in metres: half the circumference of the earth.
    pub const MAX_UNCERTAINTY_M: u32 = 20_037_508;

    /// The place that the parts describe.
    ///
    /// # Errors
    /// Where nothing says where it is, or an uncertainty has no point or is larger than the earth.
    pub fn try_new(parts: PlaceParts) -> Result<Self, ValueError> {
        let PlaceParts { address_code, territory, text, point, uncertainty_m, .. } = &parts;
        if address_code.is_none() && territory.is_none() && text.is_none() && point.is_none() {
            return Err(ValueError::Empty { what: "place" });
        }
        match uncertainty_m {
            Some(_) if point.is_none() => {
                let expected = "an uncertainty belongs to a point: give the point as well";
                Err(ValueError::Form { what: "place", expected })
            }
            Some(metres) if *metres > Self::MAX_UNCERTAINTY_M => Err(ValueError::Range {
                what: "uncertainty in metres",
                from: 0,
                to: i64::from(Self::MAX_UNCERTAINTY_M),
            }),
            _ => Ok(Self(parts)),
        }
    }

    /// What it is made of.
    #[must_use]
    pub fn parts(&self) -> &PlaceParts {
        &self.0
    }
}

impl TryFrom<PlaceParts> for Place {
    type Error = ValueError;

    fn try_from(parts: PlaceParts) -> Result<Self, ValueError> {
        Self::try_new(parts)
    }
}

impl From<Place> for PlaceParts {
    fn from(place: Place) -> Self {
        place.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_says_where_it_is() {
        assert!(Place::try_new(PlaceParts::default()).is_err());
        let source_only = PlaceParts { source: Some(LocationSource::Cell), ..PlaceParts::default() };
        assert!(Place::try_new(source_only).is_err());
        let riga = PlaceParts { territory: Some(TerritoryCode::parse("0001000").unwrap()), ..PlaceParts::default() };
        assert!(Place::try_new(riga).is_ok());
    }

    #[test]
    fn an_uncertainty_belongs_to_a_point() {
        let mut parts = PlaceParts {
            text: Some(PlaceText::parse("Brīvības iela 61, Rīga").unwrap()),
            uncertainty_m: Some(50),
            ..PlaceParts::default()
        };
        assert!(Place::try_new(parts.clone()).is_err());
        parts.point = GeoPoint::try_new(56_957_800, 24_123_400).ok();
        assert!(Place::try_new(parts.clone()).is_ok());
        parts.uncertainty_m = Some(u32::MAX);
        assert!(Place::try_new(parts).is_err());
    }

    #[test]
    fn towns_are_known_by_their_codes() {
        let is_city = |code| TerritoryCode::parse(code).unwrap().is_city();
        assert!(is_city("0001000") && is_city("0007000") && is_city("0023200"));
        assert!(!is_city("0038001") && !is_city("0023400") && !is_city("0020000"));
    }

    #[test]
    fn territory_codes_keep_their_zeros() {
        assert_eq!(TerritoryCode::parse("0038001").unwrap().to_string(), "0038001");
        for text in ["", "38001", "00380011", "003800a", "LV00101"] {
            assert!(TerritoryCode::parse(text).is_err(), "{text}");
        }
    }
}
