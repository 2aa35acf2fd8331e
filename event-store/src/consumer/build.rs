//! The bodies of data that a consumer may have side by side, and the slices that one of them is filled in.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use crate::scan::SLICES;

/// Most slices that a body is filled in at once: more workers than that wait for one database.
pub const MOST_SLICES: u16 = 64;

/// Which of a consumer's bodies of data is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Build {
    /// The one that serves.
    Live,
    /// The one that is built anew beside it.
    Rebuild,
    /// The one that served before.
    Previous,
    /// One that the live one is compared with, and that never serves.
    Check,
    /// A part of one that is being filled: the records of one slice.
    Slice {
        /// Of which body.
        of: Filled,
        /// Which slice, from 0.
        number: u16,
        /// How many there are.
        slices: u16,
    },
}

/// A body that may be filled in slices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Filled {
    /// [`Build::Rebuild`].
    Rebuild,
    /// [`Build::Check`].
    Check,
}

impl Build {
    /// As the database has it, and metrics.
    pub fn name(self) -> Cow<'static, str> {
        match self {
            Build::Slice { number, slices, .. } => Cow::Owned(format!("{}-{}-of-{slices}", self.label(), number + 1)),
            whole => Cow::Borrowed(whole.label()),
        }
    }

    /// The body that is meant, as metrics have it: of a slice the whole that it is of.
    pub const fn label(self) -> &'static str {
        match self {
            Build::Live => "live",
            Build::Rebuild | Build::Slice { of: Filled::Rebuild, .. } => "rebuild",
            Build::Previous => "previous",
            Build::Check | Build::Slice { of: Filled::Check, .. } => "check",
        }
    }

    /// The slice of a body by this name in the database; nothing where it is none of one.
    pub fn slice_of(name: &str) -> Option<Build> {
        let (body, place) = name.split_once('-')?;
        let (number, slices) = place.split_once("-of-")?;
        let of = [Filled::Rebuild, Filled::Check].into_iter().find(|of| of.body().name() == body)?;
        let (number, slices): (u16, u16) = (number.parse().ok()?, slices.parse().ok()?);
        Some(Build::Slice { of, number: number.checked_sub(1)?, slices })
    }

    /// The slices of a log's records that it takes in; nothing where it takes in all.
    pub fn slices(self) -> Option<RangeInclusive<u16>> {
        let Build::Slice { number, slices, .. } = self else { return None };
        let bound = |number: u16| u16::try_from(u32::from(number) * u32::from(SLICES) / u32::from(slices.max(1)));
        let (first, next) = (bound(number).unwrap_or(0), bound(number + 1).unwrap_or(SLICES));
        Some(first..=next.saturating_sub(1))
    }

    /// Whether it is filled rather than kept up to date: large batches, and no wait for the disk, since what is lost by a crash is
    /// taken in again, progress and all.
    pub fn is_filled(self) -> bool {
        matches!(self, Build::Rebuild | Build::Check | Build::Slice { .. })
    }
}

impl Filled {
    /// The body.
    pub const fn body(self) -> Build {
        match self {
            Filled::Rebuild => Build::Rebuild,
            Filled::Check => Build::Check,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_cover_every_record_once() {
        for slices in 1..=MOST_SLICES {
            let mut next = 0;
            for number in 0..slices {
                let build = Build::Slice { of: Filled::Rebuild, number, slices };
                let range = build.slices().expect("a slice");
                assert_eq!(*range.start(), next);
                assert!(range.end() >= range.start());
                next = range.end() + 1;
            }
            assert_eq!(next, SLICES);
        }
    }

    #[test]
    fn a_slice_is_known_by_its_name() {
        let build = Build::Slice { of: Filled::Check, number: 2, slices: 8 };
        assert_eq!(build.name(), "check-3-of-8");
        assert_eq!(Build::slice_of("check-3-of-8"), Some(build));
        for other in ["live", "rebuild", "previous", "check", "live-1-of-2", "check-0-of-2", "check-1-of-", "check-1"] {
            assert_eq!(Build::slice_of(other), None, "{other}");
        }
    }
}
