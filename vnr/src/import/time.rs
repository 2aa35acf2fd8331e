//! Times as sources write them: several formats, two-digit years, local time without an offset.

use chrono::format::{Item, Parsed, StrftimeItems};
use chrono::{DateTime, FixedOffset, MappedLocalTime, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;

/// The word for seconds since 1970 in a list of formats.
pub(super) const UNIX: &str = "unix";

/// The flag that a command carries whose local time happened twice.
pub(super) const AMBIGUOUS: &str = "ambiguous_local_time";

/// A moment, with what was uncertain about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceTime {
    /// The moment, with the offset that people there had.
    pub at: DateTime<FixedOffset>,
    /// The local time happened twice (clocks were put back); the earlier one was taken.
    pub ambiguous: bool,
}

/// Why a time can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// No format fits.
    #[error("`{0}` is not a time in any of the formats of the mapping")]
    Unreadable(String),
    /// Clocks were put forward over it.
    #[error("`{text}` never happened in {zone}: clocks were put forward over it")]
    Missing {
        /// As the source wrote it.
        text: String,
        /// Zone of the source.
        zone: String,
    },
}

/// Reads the times of one source.
#[derive(Debug, Clone)]
pub struct TimeReader {
    zone: Tz,
    formats: Vec<Format>,
}

#[derive(Debug, Clone)]
enum Format {
    Unix,
    Pattern { items: Vec<Item<'static>>, offset: bool },
}

impl TimeReader {
    /// A reader that tries `formats` in their order and takes times without an offset for times of `zone`.
    ///
    /// # Errors
    /// Names each format that is no format.
    pub fn try_new(zone: Tz, formats: &[String]) -> Result<Self, Vec<String>> {
        let mut wrong = Vec::new();
        let mut read = Vec::new();
        for format in formats {
            if format == UNIX {
                read.push(Format::Unix);
                continue;
            }
            match StrftimeItems::new(format).parse_to_owned() {
                Ok(items) => read.push(Format::Pattern { items, offset: has_offset(format) }),
                Err(_) => wrong.push(format!("`{format}` is not a time format such as `%Y-%m-%d %H:%M:%S`")),
            }
        }
        if wrong.is_empty() { Ok(Self { zone, formats: read }) } else { Err(wrong) }
    }

    /// Reads a time.
    ///
    /// # Errors
    /// Where no format fits, or the local time never happened.
    pub fn read(&self, text: &str) -> Result<SourceTime, TimeError> {
        self.formats
            .iter()
            .find_map(|format| self.read_as(format, text))
            .unwrap_or_else(|| Err(TimeError::Unreadable(text.to_owned())))
    }

    fn read_as(&self, format: &Format, text: &str) -> Option<Result<SourceTime, TimeError>> {
        let Format::Pattern { items, offset } = format else {
            let at = DateTime::from_timestamp(text.parse().ok()?, 0)?;
            let at = at.with_timezone(&self.zone).fixed_offset();
            return plausible(at.naive_local()).then_some(Ok(SourceTime { at, ambiguous: false }));
        };
        let mut parsed = Parsed::new();
        chrono::format::parse(&mut parsed, text, items.iter()).ok()?;
        if *offset {
            let at = parsed.to_datetime().ok()?;
            return plausible(at.naive_local()).then_some(Ok(SourceTime { at, ambiguous: false }));
        }
        let local = parsed.to_naive_datetime_with_offset(0).ok()?;
        plausible(local).then(|| self.in_zone(local, text))
    }

    fn in_zone(&self, local: NaiveDateTime, text: &str) -> Result<SourceTime, TimeError> {
        let fixed = |at: DateTime<Tz>| at.with_timezone(&at.offset().fix());
        match self.zone.from_local_datetime(&local) {
            MappedLocalTime::Single(at) => Ok(SourceTime { at: fixed(at), ambiguous: false }),
            MappedLocalTime::Ambiguous(earlier, _) => Ok(SourceTime { at: fixed(earlier), ambiguous: true }),
            MappedLocalTime::None => {
                Err(TimeError::Missing { text: text.to_owned(), zone: self.zone.name().to_owned() })
            }
        }
    }
}

/// Whether the format itself says which offset a time has.
fn has_offset(format: &str) -> bool {
    ["%z", "%:z", "%#z", "%+"].iter().any(|sign| format.contains(sign))
}

/// `%Y` takes `18` for the year 18: such a reading is none, so that a format with `%y` gets its turn.
fn plausible(local: NaiveDateTime) -> bool {
    (1900..2200).contains(&chrono::Datelike::year(&local))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(zone: Tz) -> TimeReader {
        let formats = ["%m/%d/%Y %I:%M:%S %p", "%m/%d/%y %H:%M", "%Y-%m-%d %H:%M:%S %:z", "unix"].map(String::from);
        TimeReader::try_new(zone, &formats).unwrap()
    }

    fn read(zone: Tz, text: &str) -> String {
        match reader(zone).read(text) {
            Ok(time) => format!("{}{}", time.at.to_rfc3339(), if time.ambiguous { " ambiguous" } else { "" }),
            Err(TimeError::Missing { .. }) => "missing".to_owned(),
            Err(TimeError::Unreadable(_)) => "unreadable".to_owned(),
        }
    }

    #[test]
    fn formats_are_tried_in_their_order() {
        let zone = chrono_tz::America::Los_Angeles;
        assert_eq!(read(zone, "04/07/2020 11:53:08 PM"), "2020-04-07T23:53:08-07:00");
        assert_eq!(read(zone, "1/1/18 23:50"), "2018-01-01T23:50:00-08:00");
        assert_eq!(read(zone, "2023-03-25 9:43:15 +01:00"), "2023-03-25T09:43:15+01:00");
        assert_eq!(read(chrono_tz::Europe::Stockholm, "1679782629"), "2023-03-25T23:17:09+01:00");
        for text in ["2/30/18 10:00", "1/1/18 24:10", "13/1/18 10:00", "soon", "1/1/1018 10:00"] {
            assert_eq!(read(zone, text), "unreadable", "{text}");
        }
    }

    #[test]
    fn a_local_time_that_never_happened_is_refused() {
        assert_eq!(read(chrono_tz::America::Los_Angeles, "3/11/18 2:30"), "missing");
        assert_eq!(read(chrono_tz::Europe::Riga, "3/29/26 3:59"), "missing");
        assert_eq!(read(chrono_tz::Europe::Riga, "3/29/26 4:00"), "2026-03-29T04:00:00+03:00");
    }

    #[test]
    fn a_local_time_that_happened_twice_is_the_earlier_one_and_flagged() {
        assert_eq!(read(chrono_tz::America::Los_Angeles, "11/4/18 1:30"), "2018-11-04T01:30:00-07:00 ambiguous");
        assert_eq!(read(chrono_tz::America::Los_Angeles, "11/4/18 2:00"), "2018-11-04T02:00:00-08:00");
        assert_eq!(read(chrono_tz::Europe::Riga, "10/25/26 3:00"), "2026-10-25T03:00:00+03:00 ambiguous");
        assert_eq!(read(chrono_tz::Europe::Riga, "10/25/26 4:00"), "2026-10-25T04:00:00+02:00");
    }

    #[test]
    fn every_wrong_format_is_named() {
        let formats = ["%Q".to_owned(), "%m/%d/%y".to_owned(), "%".to_owned()];
        assert_eq!(TimeReader::try_new(chrono_tz::UTC, &formats).unwrap_err().len(), 2);
    }
}
