//! The last number that a series has given out, as tree heads tell it: `VEK-2026-0000044`.

use std::fmt;

use super::note::NoteError;

/// A number of a series: what it begins with, its year, its place in that year.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeriesNumber {
    /// `VNR`, `VEK`.
    pub series: String,
    /// Year of Riga's calendar.
    pub year: i32,
    /// Place in that year, from 1.
    pub ordinal: u64,
}

impl SeriesNumber {
    /// Reads `VEK-2026-0000044`.
    ///
    /// # Errors
    /// When it is written otherwise.
    pub fn parse(text: &str) -> Result<SeriesNumber, NoteError> {
        let wrong = NoteError::Malformed("a number is SERIES-YEAR-ORDINAL, such as VEK-2026-0000044");
        let mut parts = text.splitn(3, '-');
        let (Some(series), Some(year), Some(ordinal)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong);
        };
        let (Ok(year), Ok(ordinal)) = (year.parse(), ordinal.parse()) else { return Err(wrong) };
        let number = SeriesNumber { series: series.to_owned(), year, ordinal };
        let upper = !series.is_empty() && series.bytes().all(|b| b.is_ascii_uppercase());
        if upper && i64::try_from(ordinal).is_ok() && number.to_string() == text { Ok(number) } else { Err(wrong) }
    }
}

impl fmt::Display for SeriesNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:04}-{:07}", self.series, self.year, self.ordinal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_it_is_written() {
        let number = SeriesNumber { series: "VEK".into(), year: 2026, ordinal: 44 };
        assert_eq!(number.to_string(), "VEK-2026-0000044");
        assert_eq!(SeriesNumber::parse("VEK-2026-0000044").unwrap(), number);
        assert_eq!(SeriesNumber::parse("VNR-2026-123456789").unwrap().ordinal, 123_456_789);
        for wrong in ["", "VEK", "VEK-2026", "VEK-2026-44", "vek-2026-0000044", "VEK-2026--000044", "-2026-0000044"] {
            assert!(SeriesNumber::parse(wrong).is_err(), "{wrong}");
        }
    }
}
