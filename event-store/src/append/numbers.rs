//! The number series of a log: gap-free within a year of Riga's calendar at `recorded_at` (I-7).

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, Utc};
use domain::kernel::{Series, TakenNumber};
use serde::{Deserialize, Serialize};

/// The last number given out in each series.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Numbers(BTreeMap<String, Last>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Last {
    year: i32,
    ordinal: u64,
}

/// The year that a number given out at that moment belongs to.
pub(crate) fn number_year(recorded_at: DateTime<Utc>) -> i32 {
    recorded_at.with_timezone(&chrono_tz::Europe::Riga).year()
}

impl Numbers {
    /// The next ordinal of the series in that year: 1 in a new year.
    pub(crate) fn next(&self, series: Series, year: i32) -> u64 {
        match self.0.get(series.prefix()) {
            Some(last) if last.year == year => last.ordinal + 1,
            _ => 1,
        }
    }

    /// The number was given out.
    pub(crate) fn take(&mut self, taken: TakenNumber) {
        self.0.insert(taken.series.prefix().to_owned(), Last { year: taken.year, ordinal: taken.ordinal });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_turns_at_midnight_in_riga() {
        let before = "2026-12-31T21:59:59Z".parse().unwrap();
        let after = "2026-12-31T22:00:00Z".parse().unwrap();
        assert_eq!((number_year(before), number_year(after)), (2026, 2027));
        let mut numbers = Numbers::default();
        assert_eq!(numbers.next(Series::Incident, 2026), 1);
        numbers.take(TakenNumber { series: Series::Incident, year: 2026, ordinal: 1 });
        assert_eq!(numbers.next(Series::Incident, 2026), 2);
        assert_eq!(numbers.next(Series::Incident, 2027), 1);
        assert_eq!(numbers.next(Series::Card, 2026), 1);
    }
}
