//! Times as people and journals in Latvia write them: without an offset, by the clock on the wall.

use chrono::{DateTime, Datelike as _, FixedOffset, MappedLocalTime, NaiveDateTime, Offset as _, TimeZone as _};
use chrono_tz::Europe::Riga;

/// How a time without an offset may be written.
const FORMATS: [&str; 6] = [
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
];

/// A moment, and whether the clock on the wall showed it twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    /// The moment, with the offset that there was.
    pub at: DateTime<FixedOffset>,
    /// Clocks were put back over it; the earlier one was taken.
    pub ambiguous: bool,
}

/// Why a time can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LocalTimeError {
    /// It isn't one.
    #[error("must be a time of RFC 3339 or Latvia's local time, `2026-03-28 21:40` or `28.03.2026 21:40:05`")]
    Form,
    /// Clocks were put forward over it.
    #[error("never happened: clocks were put forward over it")]
    Missing,
}

impl LocalTime {
    /// Reads a time of RFC 3339, or one of Riga's clock, `2026-03-28 21:40:05` or `28.03.2026 21:40`.
    ///
    /// # Errors
    /// It is neither, or no clock ever showed it.
    pub fn parse(text: &str) -> Result<Self, LocalTimeError> {
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self { at, ambiguous: false });
        }
        let read = FORMATS.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
        let local = read.filter(|local| (1900..2200).contains(&local.year())).ok_or(LocalTimeError::Form)?;
        let fixed = |at: DateTime<chrono_tz::Tz>| at.with_timezone(&at.offset().fix());
        match Riga.from_local_datetime(&local) {
            MappedLocalTime::Single(at) => Ok(Self { at: fixed(at), ambiguous: false }),
            MappedLocalTime::Ambiguous(earlier, _) => Ok(Self { at: fixed(earlier), ambiguous: true }),
            MappedLocalTime::None => Err(LocalTimeError::Missing),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(String, bool), LocalTimeError> {
        LocalTime::parse(text).map(|time| (time.at.to_rfc3339(), time.ambiguous))
    }

    #[test]
    fn a_time_of_rigas_clock_has_the_offset_of_its_day() {
        for text in ["2026-03-28 21:40", "2026-03-28T21:40", "28.03.2026 21:40:00", "2026-03-28T21:40:00+02:00"] {
            assert_eq!(read(text), Ok(("2026-03-28T21:40:00+02:00".to_owned(), false)), "{text}");
        }
        assert_eq!(read("30.03.2026 21:40"), Ok(("2026-03-30T21:40:00+03:00".to_owned(), false)));
    }

    #[test]
    fn an_hour_that_came_twice_is_told_and_one_that_never_came_refused() {
        assert_eq!(read("2026-10-25 03:30"), Ok(("2026-10-25T03:30:00+03:00".to_owned(), true)));
        assert_eq!(read("2026-03-29 03:30"), Err(LocalTimeError::Missing));
        for text in ["", "28/03/2026", "2026-13-01 10:00", "28.03.26 10:00", "0026-03-28 21:40"] {
            assert_eq!(read(text), Err(LocalTimeError::Form), "{text}");
        }
    }
}
