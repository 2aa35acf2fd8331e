use std::fmt;

use schemars::JsonSchema;

use super::{ValueError, serde_as_text};

/// A telephone number: E.164 (`+37120000000`) or a short number (`112`). `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(extend("pattern" = r"^(\+[1-9][0-9]{7,14}|[1-9][0-9]{1,5}|0[1-9][0-9]{0,4})$"))]
pub struct Phone(String);

impl Phone {
    /// Reads a number with or without spaces, hyphens, dots and brackets. `00` at the front is `+`; eight digits alone are a
    /// Latvian number.
    ///
    /// # Errors
    /// Where it is neither 8 to 15 digits after `+` nor a short number of 2 to 6 digits.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let form =
            ValueError::Form { what: "phone", expected: "`+` and 8 to 15 digits, or a short number of 2 to 6 digits" };
        let compact: String =
            text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '.' | '(' | ')')).collect();
        let international = compact.strip_prefix('+').or_else(|| compact.strip_prefix("00"));
        let digits = international.unwrap_or(&compact);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(form);
        }
        match (international, digits.len()) {
            (Some(digits), 8..=15) if !digits.starts_with('0') => Ok(Self(format!("+{digits}"))),
            (None, 8) => Ok(Self(format!("+371{digits}"))),
            (None, 2..=6) => Ok(Self(compact)),
            _ => Err(form),
        }
    }

    /// `+37120000000` or `112`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(***)")
    }
}

serde_as_text!(Phone);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_brought_to_one_form() {
        for (text, phone) in [
            ("+371 20 000 000", "+37120000000"),
            ("00371-20000000", "+37120000000"),
            ("20000000", "+37120000000"),
            ("(+46) 8.123.456", "+468123456"),
            ("112", "112"),
            ("8989", "8989"),
        ] {
            assert_eq!(Phone::parse(text).unwrap().as_str(), phone, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_number_is_refused() {
        for text in ["", "+", "1", "1234567", "+1234567", "+1234567890123456", "+0120000000", "12a", "++37120000000"] {
            assert!(Phone::parse(text).is_err(), "{text}");
        }
    }
}
