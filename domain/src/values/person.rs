//! Latvian personal codes.

use std::fmt;

use chrono::NaiveDate;
use schemars::JsonSchema;

use super::{ValueError, serde_as_text};

const WHAT: &str = "personal code";

/// A Latvian personal code (personas kods), of the kind before 2017 (`DDMMYY-CXXXK`) or after (`32XXXX-XXXXK`).
///
/// What is well-formed is accepted: the official rule of the check digit isn't published, and a code that a caller dictates
/// may be wrong and still has to be written down. [`verified`](Self::verified) tells whether check digit and date hold.
/// It prints with its hyphen; `Debug` shows nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(with = "String", extend("pattern" = "^[0-9]{6}-[0-9]{5}$"))]
pub struct PersonalCode([u8; 11]);

/// What a personal code tells by its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PersonalCodeKind {
    /// Issued before 1 July 2017: begins with the date of birth, where that is a date.
    WithBirthDate(Option<NaiveDate>),
    /// Issued since: tells nothing.
    WithoutBirthDate,
}

impl PersonalCode {
    /// Reads 11 digits, with or without the hyphen after the sixth and with white space anywhere.
    ///
    /// # Errors
    /// Where it hasn't 11 digits or has anything else in it.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        let form = ValueError::Form { what: WHAT, expected: "11 digits, with or without a hyphen after the sixth" };
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let digits = match compact.split_once('-') {
            Some((date, rest)) if date.len() == 6 => format!("{date}{rest}"),
            Some(_) => return Err(form),
            None => compact,
        };
        let code: [u8; 11] = digits.as_bytes().try_into().map_err(|_| form.clone())?;
        if code.iter().all(u8::is_ascii_digit) { Ok(Self(code.map(|digit| digit - b'0'))) } else { Err(form) }
    }

    /// Which kind it is of.
    #[must_use]
    pub fn kind(self) -> PersonalCodeKind {
        if self.0[..2] == [3, 2] {
            PersonalCodeKind::WithoutBirthDate
        } else {
            PersonalCodeKind::WithBirthDate(self.birth_date())
        }
    }

    /// Whether its check digit holds and, for the older kind, its date and century exist.
    #[must_use]
    pub fn verified(self) -> bool {
        let plausible = !matches!(self.kind(), PersonalCodeKind::WithBirthDate(None));
        plausible && self.check_digit() == self.0[10]
    }

    /// Check digit that belongs to the first ten: ((1 + Σ digit·weight) mod 11) mod 10; a remainder of 10 counts as 0.
    fn check_digit(self) -> u8 {
        const WEIGHTS: [u16; 10] = [10, 5, 8, 4, 2, 1, 6, 3, 7, 9];
        let sum: u16 = self.0.iter().zip(WEIGHTS).map(|(digit, weight)| u16::from(*digit) * weight).sum();
        u8::try_from((1 + sum) % 11 % 10).unwrap_or_default()
    }

    fn birth_date(self) -> Option<NaiveDate> {
        let two = |at: usize| u32::from(self.0[at]) * 10 + u32::from(self.0[at + 1]);
        let century = match self.0[6] {
            0 => 1800,
            1 => 1900,
            2 => 2000,
            _ => return None,
        };
        NaiveDate::from_ymd_opt(century + two(4).cast_signed(), two(2), two(0))
    }
}

impl fmt::Display for PersonalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, digit) in self.0.iter().enumerate() {
            write!(f, "{}{digit}", if at == 6 { "-" } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for PersonalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonalCode(***)")
    }
}

serde_as_text!(PersonalCode);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codes_that_two_foreign_validators_accept_are_verified() {
        for code in [
            "32073120115",
            "32019028596",
            "32699402624",
            "32416565491",
            "323691-93794",
            "321412-91101",
            "328926-13925",
            "323106-55350",
            "180565-05610",
            "061193-06460",
            "280638-19406",
            "290212-29381",
            "211244-14874",
            "290156-11605",
            "060287-06450",
            "140761-19428",
            "120768-18764",
            "111111-11111",
            "161175-19997",
            "328673-00679",
        ] {
            assert!(PersonalCode::parse(code).unwrap().verified(), "{code}");
        }
    }

    #[test]
    fn codes_that_they_refuse_are_kept_as_unverified() {
        for code in ["290213-29381", "180565-05611", "335442-49548", "161375-19997", "328673-00677", "32000000001"] {
            assert!(!PersonalCode::parse(code).unwrap().verified(), "{code}");
        }
    }

    /// `VNR_PERSONAL_CODES` names a larger file of the same kind (`scripts/personal-codes.py`).
    #[test]
    fn another_program_says_the_same_of_thousands_of_codes() {
        let codes = match std::env::var_os("VNR_PERSONAL_CODES") {
            Some(file) => std::fs::read_to_string(file).unwrap(),
            None => include_str!("personal-codes.csv").to_owned(),
        };
        let mut verified = 0;
        for line in codes.lines().skip(1) {
            let (code, said) = line.split_once(',').unwrap();
            let known = PersonalCode::parse(code).unwrap();
            assert_eq!(known.verified().to_string(), said, "{code}");
            verified += usize::from(known.verified());
        }
        assert!(verified * 5 > codes.lines().count(), "{verified} of them hold");
    }

    #[test]
    fn the_older_kind_tells_the_date_of_birth() {
        let born = |text: &str| PersonalCode::parse(text).unwrap().kind();
        let date = |y, m, d| PersonalCodeKind::WithBirthDate(NaiveDate::from_ymd_opt(y, m, d));
        assert_eq!(born("161175-19997"), date(1975, 11, 16));
        assert_eq!(born("290212-29381"), date(2012, 2, 29));
        assert_eq!(born("180565-05610"), date(1865, 5, 18));
        assert_eq!(born("32073120115"), PersonalCodeKind::WithoutBirthDate);
    }

    #[test]
    fn what_is_not_a_code_is_refused_without_repeating_it() {
        for text in ["", "1234", "161175-1999", "161175-199971", "1611751-9997", "16117a-19997", "161175–19997", "-"]
        {
            let error = PersonalCode::parse(text).unwrap_err().to_string();
            assert!(text.len() < 4 || !error.contains(text), "{error}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", PersonalCode::parse("111111-11111").unwrap()), "PersonalCode(***)");
    }

    proptest! {
        #[test]
        fn eleven_digits_come_back_with_their_hyphen(digits in "[0-9]{11}") {
            let code = PersonalCode::parse(&digits).unwrap();
            prop_assert_eq!(code.to_string(), format!("{}-{}", &digits[..6], &digits[6..]));
            prop_assert_eq!(PersonalCode::parse(&code.to_string()).unwrap(), code);
            let json = serde_json::to_string(&code).unwrap();
            prop_assert_eq!(serde_json::from_str::<PersonalCode>(&json).unwrap(), code);
        }

        #[test]
        fn parsing_never_panics(text in ".{0,40}") {
            let _ = PersonalCode::parse(&text);
        }

        #[test]
        fn any_other_check_digit_is_not_verified(digits in "32[0-9]{8}", other in 1u8..10) {
            let code = PersonalCode::parse(&format!("{digits}0")).unwrap();
            let right = code.check_digit();
            let with = |digit: u8| PersonalCode::parse(&format!("{digits}{digit}")).unwrap().verified();
            prop_assert!(with(right));
            prop_assert!(!with((right + other) % 10));
        }
    }
}
