use std::fmt;

use schemars::JsonSchema;

use super::{ValueError, serde_as_text};

/// Registration number of a legal entity (reģistrācijas numurs): 11 digits, of which the first is more than 3: `40003521600`.
///
/// As with personal codes, what is well-formed is accepted and [`verified`](Self::verified) tells whether the check digit holds: the
/// official rule isn't published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(with = "String", extend("pattern" = "^[4-9][0-9]{10}$"))]
pub struct LegalEntityNumber([u8; 11]);

impl LegalEntityNumber {
    /// Reads 11 digits, with white space anywhere, with or without the `LV` that tax numbers begin with.
    ///
    /// # Errors
    /// Where it is anything else, or begins as a personal code does.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let expected = "11 digits, the first of them 4 or more, as in `40003521600`";
        let form = || ValueError::Form { what: "number of a legal entity", expected };
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let digits = compact.strip_prefix("LV").unwrap_or(&compact);
        let number: [u8; 11] = digits.as_bytes().try_into().map_err(|_| form())?;
        if !number.iter().all(u8::is_ascii_digit) || number[0] < b'4' {
            return Err(form());
        }
        Ok(Self(number.map(|digit| digit - b'0')))
    }

    /// Whether its check digit holds: Σ digit·weight mod 11 = 3.
    #[must_use]
    pub fn verified(self) -> bool {
        const WEIGHTS: [u16; 11] = [9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1];
        let sum: u16 = self.0.iter().zip(WEIGHTS).map(|(digit, weight)| u16::from(*digit) * weight).sum();
        sum % 11 == 3
    }
}

impl fmt::Display for LegalEntityNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|digit| write!(f, "{digit}"))
    }
}

serde_as_text!(LegalEntityNumber);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_holds_by_its_check_digit() {
        for text in ["40003521600", "LV40003521600", "4000 3521 600"] {
            let number = LegalEntityNumber::parse(text).unwrap();
            assert!(number.verified(), "{text}");
            assert_eq!(number.to_string(), "40003521600");
        }
        assert!(!LegalEntityNumber::parse("40003521601").unwrap().verified());
    }

    #[test]
    fn a_personal_code_is_no_legal_entity() {
        for text in ["16117519997", "32073120115", "4000352160", "400035216000", "4000352160a", ""] {
            assert!(LegalEntityNumber::parse(text).is_err(), "{text}");
        }
    }
}
