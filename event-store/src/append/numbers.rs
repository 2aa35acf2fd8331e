//! The number series of a log: gap-free within a year of Riga's calendar at `recorded_at` (I-7).

use std::collections::BTreeMap;

use domain::kernel::{Series, TakenNumber};
use serde::{Deserialize, Serialize};

use crate::proof::number::SeriesNumber;

/// The last number given out in each series.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Numbers(BTreeMap<String, Last>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Last {
    year: i32,
    ordinal: u64,
}

impl Numbers {
    /// The next ordinal of the series in that year: 1 in a new year.
    pub(crate) fn next(&self, series: Series, year: i32) -> u64 {
        match self.0.get(series.prefix()) {
            Some(last) if last.year == year => last.ordinal + 1,
            _ => 1,
        }
    }

    /// The last number of each series.
    pub(crate) fn last(&self) -> Vec<SeriesNumber> {
        let number = |(series, last): (&String, &Last)| SeriesNumber {
            series: series.clone(),
            year: last.year,
            ordinal: last.ordinal,
        };
        self.0.iter().map(number).collect()
    }

    /// No number of the series up to this one is given out any more.
    pub(crate) fn raise(&mut self, to: &SeriesNumber) {
        let last = Last { year: to.year, ordinal: to.ordinal };
        let known = self.0.entry(to.series.clone()).or_insert(last);
        if (known.year, known.ordinal) < (last.year, last.ordinal) {
            *known = last;
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
    fn a_series_begins_anew_with_the_year() {
        let mut numbers = Numbers::default();
        assert_eq!(numbers.next(Series::Incident, 2026), 1);
        numbers.take(TakenNumber { series: Series::Incident, year: 2026, ordinal: 1 });
        assert_eq!(numbers.next(Series::Incident, 2026), 2);
        assert_eq!(numbers.next(Series::Incident, 2027), 1);
        assert_eq!(numbers.next(Series::Card, 2026), 1);
    }
}
