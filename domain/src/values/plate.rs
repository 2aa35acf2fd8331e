use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ValueError;

const WHAT: &str = "plate number";

/// A vehicle's plate number (numura zīme): as written, as it is searched, and its country. Any form is kept, foreign plates have
/// too many; [`is_regular`](Self::is_regular) tells whether a Latvian one is of the ordinary series.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct PlateNumber {
    written: String,
    normal: String,
    country: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Raw {
    /// As written.
    #[schemars(length(min = 1, max = 16))]
    written: String,
    /// Country by its two letters.
    #[schemars(extend("pattern" = "^[A-Z]{2}$"))]
    country: String,
}

impl PlateNumber {
    /// The plate as written, of a country by its two letters (`LV`).
    ///
    /// # Errors
    /// Where it has no letter or digit, more than 16 characters, or the country isn't two letters.
    pub fn parse(written: &str, country: &str) -> Result<Self, ValueError> {
        let written = written.trim();
        let normal: String = written.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect();
        let length = written.chars().count();
        if normal.is_empty() {
            return Err(ValueError::Empty { what: WHAT });
        }
        if length > 16 {
            return Err(ValueError::TooLong { what: WHAT, most: 16, length });
        }
        if written.chars().any(char::is_control) {
            return Err(ValueError::Form { what: WHAT, expected: "letters, digits and separators" });
        }
        let country = country.trim().to_ascii_uppercase();
        if country.len() != 2 || !country.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(ValueError::Form { what: "country of a plate", expected: "two letters, as in `LV`" });
        }
        Ok(Self { written: written.to_owned(), normal, country })
    }

    /// Capital letters and digits only: what plates are compared by.
    #[must_use]
    pub fn normal(&self) -> &str {
        &self.normal
    }

    /// Country by its two letters.
    #[must_use]
    pub fn country(&self) -> &str {
        &self.country
    }

    /// Whether it is a Latvian plate of the ordinary series: two letters, then 1 to 4 digits without a zero in front.
    #[must_use]
    pub fn is_regular(&self) -> bool {
        let (letters, digits) = self.normal.split_at(self.normal.find(|c: char| !c.is_ascii_uppercase()).unwrap_or(0));
        self.country == "LV"
            && letters.len() == 2
            && (1..=4).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0')
    }
}

impl fmt::Display for PlateNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl TryFrom<Raw> for PlateNumber {
    type Error = ValueError;

    fn try_from(raw: Raw) -> Result<Self, ValueError> {
        Self::parse(&raw.written, &raw.country)
    }
}

impl From<PlateNumber> for Raw {
    fn from(plate: PlateNumber) -> Self {
        Self { written: plate.written, country: plate.country }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plates_are_compared_without_separators() {
        let plate = PlateNumber::parse(" ab-1234 ", "lv").unwrap();
        assert_eq!((plate.normal(), plate.country(), plate.to_string().as_str()), ("AB1234", "LV", "ab-1234"));
        assert!(plate.is_regular());
    }

    #[test]
    fn other_series_are_kept_and_known_as_such() {
        for (text, country) in
            [("CD 1234", "EE"), ("A-123", "LV"), ("AB-0123", "LV"), ("ŠEFS", "LV"), ("M-XY 99", "DE")]
        {
            assert!(!PlateNumber::parse(text, country).unwrap().is_regular(), "{text}");
        }
        for (text, country) in
            [("", "LV"), ("--", "LV"), ("AB-1", "LVA"), ("A\u{7}B-1", "LV"), ("ABCDEFGHIJKLMNOPQ", "LV")]
        {
            assert!(PlateNumber::parse(text, country).is_err(), "{text}");
        }
    }
}
