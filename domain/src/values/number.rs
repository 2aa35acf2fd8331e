//! Numbers that people quote: of incidents and of emergency cards.

use std::fmt;

use schemars::JsonSchema;

use super::{ValueError, serde_as_text};
use crate::kernel::{Series, TakenNumber};

macro_rules! number_type {
    ($(#[$meta:meta])* $name:ident, $prefix:literal, $series:expr, $what:literal, $expected:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
        #[schemars(with = "String", extend(
            "pattern" = concat!("^", $prefix, "[1-9][0-9]{3}-(?!0{7}$)([0-9]{7}|[1-9][0-9]{7,18})$"),
        ))]
        pub struct $name {
            year: u16,
            ordinal: u64,
        }

        impl $name {
            /// The number of that place in that year.
            ///
            /// # Errors
            /// Where the year hasn't four digits or the ordinal is 0.
            pub fn try_new(year: i32, ordinal: u64) -> Result<Self, ValueError> {
                let form = ValueError::Form { what: $what, expected: $expected };
                match u16::try_from(year) {
                    Ok(year @ 1000..=9999) if ordinal > 0 => Ok(Self { year, ordinal }),
                    _ => Err(form),
                }
            }

            /// Reads it as it is written; only the canonical form is one.
            ///
            /// # Errors
            /// Where it isn't in that form.
            pub fn parse(text: &str) -> Result<Self, ValueError> {
                let form = ValueError::Form { what: $what, expected: $expected };
                let numbers = text.strip_prefix($prefix).and_then(|rest| rest.split_once('-'));
                let (year, ordinal) = numbers.ok_or_else(|| form.clone())?;
                let (Ok(year), Ok(ordinal)) = (year.parse(), ordinal.parse()) else { return Err(form) };
                let number = Self::try_new(year, ordinal)?;
                if number.to_string() == text { Ok(number) } else { Err(form) }
            }

            /// Year of Riga's calendar in which it was taken.
            #[must_use]
            pub fn year(self) -> i32 {
                i32::from(self.year)
            }

            /// Place in that year, from 1.
            #[must_use]
            pub fn ordinal(self) -> u64 {
                self.ordinal
            }

            /// The number as its series has it.
            #[must_use]
            pub fn taken(self) -> TakenNumber {
                TakenNumber { series: $series, year: self.year(), ordinal: self.ordinal }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}-{:07}", $prefix, self.year, self.ordinal)
            }
        }

        serde_as_text!($name);
    };
}

number_type! {
    /// National number of an incident (notikuma numurs), `VNR-2026-0000001`: without gaps within a year, never used twice.
    NationalNumber, "VNR-", Series::Incident, "national number", "`VNR-`, the year, `-` and 7 digits, as in `VNR-2026-0000001`"
}
number_type! {
    /// Number of an emergency card (kartiņas numurs), `VEK-2026-0000001`: without gaps within a year, never used twice.
    CardNumber, "VEK-", Series::Card, "card number", "`VEK-`, the year, `-` and 7 digits, as in `VEK-2026-0000001`"
}
