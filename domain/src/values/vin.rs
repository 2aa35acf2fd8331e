use std::fmt;

use schemars::JsonSchema;

use super::{ValueError, serde_as_text};

/// A vehicle identification number (VIN, ISO 3779): 17 letters and digits without `I`, `O` and `Q`.
///
/// The check digit in the ninth place is a rule in North America only, so it decides nothing here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(with = "String", extend("pattern" = "^[A-HJ-NPR-Z0-9]{17}$"))]
pub struct Vin([u8; 17]);

impl Vin {
    /// Reads one in capitals or small letters, with white space and hyphens anywhere.
    ///
    /// # Errors
    /// Where it hasn't 17 characters, or one that a VIN doesn't have.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let expected = "17 letters and digits, without I, O and Q";
        let form = || ValueError::Form { what: "vehicle identification number", expected };
        let kept = text.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'-');
        let compact: Vec<u8> = kept.map(|byte| byte.to_ascii_uppercase()).collect();
        let vin: [u8; 17] = compact.try_into().map_err(|_| form())?;
        let fits = |byte: &u8| byte.is_ascii_alphanumeric() && !matches!(byte, b'I' | b'O' | b'Q');
        if vin.iter().all(fits) { Ok(Self(vin)) } else { Err(form()) }
    }
}

impl fmt::Display for Vin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{}", char::from(*byte)))
    }
}

serde_as_text!(Vin);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vin_is_read_as_people_write_it() {
        assert_eq!(Vin::parse("wvw zzz1jz-xw000001").map(|vin| vin.to_string()), Ok("WVWZZZ1JZXW000001".to_owned()));
    }

    #[test]
    fn letters_that_look_like_digits_are_none_of_it() {
        for text in [
            "",
            "WVWZZZ1JZXW00000",
            "WVWZZZ1JZXW0000011",
            "WVWZZZ1JZXW00000I",
            "OVWZZZ1JZXW000001",
            "QVWZZZ1JZXW000001",
            "ĀVWZZZ1JZXW00000",
        ] {
            assert!(Vin::parse(text).is_err(), "{text}");
        }
    }
}
