//! Whole numbers with a range.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ValueError;

macro_rules! count_type {
    ($(#[$meta:meta])* $name:ident($int:ty), $what:literal, $from:literal to $to:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "u32", into = "u32")]
        #[schemars(extend("minimum" = $from, "maximum" = $to))]
        pub struct $name($int);

        impl $name {
            /// The number, where it is in its range.
            ///
            /// # Errors
            /// Where it isn't.
            pub fn try_new(number: u32) -> Result<Self, ValueError> {
                match <$int>::try_from(number) {
                    Ok(number @ $from..=$to) => Ok(Self(number)),
                    _ => Err(ValueError::Range { what: $what, from: $from, to: $to }),
                }
            }

            /// The number.
            #[must_use]
            pub fn get(self) -> $int {
                self.0
            }
        }

        impl TryFrom<u32> for $name {
            type Error = ValueError;

            fn try_from(number: u32) -> Result<Self, ValueError> {
                Self::try_new(number)
            }
        }

        impl From<$name> for u32 {
            fn from(number: $name) -> Self {
                number.0.into()
            }
        }
    };
}

count_type! {
    /// People believed hurt (cietušie), at most a million.
    Casualties(u32), "casualties", 0 to 1_000_000
}
count_type! {
    /// Alarm level (trauksmes līmenis): 1 is the ordinary alarm, 9 the largest.
    AlarmLevel(u8), "alarm level", 1 to 9
}
impl AlarmLevel {
    /// The ordinary alarm.
    pub const LOWEST: Self = Self(1);
}

count_type! {
    /// Kilometres an hour.
    Speed(u16), "speed in km/h", 0 to 1_500
}
count_type! {
    /// Degrees clockwise from north.
    Heading(u16), "heading in degrees", 0 to 359
}
count_type! {
    /// People of a unit's crew (apkalpe), at least one.
    CrewSize(u8), "crew", 1 to 100
}
count_type! {
    /// How many units, at least one.
    UnitCount(u8), "number of units", 1 to 100
}
count_type! {
    /// How many people there are (skaits ierindā); none where nobody came.
    #[derive(Default)]
    Headcount(u16), "number of people", 0 to 2_000
}
count_type! {
    /// Rank of a response plan (plāna rangs): of two plans that fit equally well the one of higher rank goes first.
    PlanRank(u16), "rank of a plan", 0 to 1_000
}
count_type! {
    /// How many of an item, at least one.
    Quantity(u32), "quantity", 1 to 1_000_000
}
count_type! {
    /// An amount of money in cents of a euro: `1250` is 12.50 €.
    Amount(u32), "amount in cents", 0 to 2_000_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_in_their_range() {
        assert_eq!(AlarmLevel::try_new(5).unwrap().get(), 5);
        assert!(AlarmLevel::try_new(0).is_err());
        assert!(AlarmLevel::try_new(257).is_err());
        assert!(Heading::try_new(360).is_err());
        assert!(serde_json::from_str::<Casualties>("1000001").is_err());
    }
}
