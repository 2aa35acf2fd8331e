//! What a shift says: its plan, and who came.

use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset, NaiveDate, TimeDelta};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ShiftError;
use crate::ids::riga_day;
use crate::terms::UnitKind;
use crate::unit::Crew;
use crate::values::{Code, Headcount, InstitutionCode, Station, UnitCount};

/// What names a shift for ever: a station has one of that name on a day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ShiftKey {
    /// Whose station it is.
    pub institution: InstitutionCode,
    /// The station.
    pub station: Station,
    /// Day of Riga's calendar on which it begins.
    pub date: NaiveDate,
    /// Which of that day's (maiņa), `day`, `night`, `1`.
    pub shift: Code,
}

impl std::fmt::Display for ShiftKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}/{}", self.institution, self.station, self.date, self.shift)
    }
}

/// What is planned of a shift (maiņas plāns).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShiftPlan {
    /// When it begins.
    pub starts_at: DateTime<FixedOffset>,
    /// When the next one takes over.
    pub ends_at: DateTime<FixedOffset>,
    /// How many people are to come.
    pub strength: Headcount,
    /// Units that they are to be in.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub units: BTreeSet<Uuid>,
    /// Fewest units that have to be free while it is open: fewer is an alarm.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub minimum: Vec<Minimum>,
}

/// So many units of one kind have to be free (minimālais pārklājums).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Minimum {
    /// What they are.
    pub kind: UnitKind,
    /// Fewest that have to be free.
    pub at_least: UnitCount,
    /// Whether those of all stations of the institution count together, and not those of this station alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub of_institution: bool,
}

/// Who is there (ierinda).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LineUp {
    /// How many people.
    pub present: Headcount,
    /// The units of the shift, in the order in which they were stated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<ShiftUnit>,
}

/// A unit of a shift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShiftUnit {
    /// The unit.
    pub unit: Uuid,
    /// Who is in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crew: Option<Crew>,
}

/// One unit takes over from another (maiņa ilgstošā notikumā).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Relief {
    /// When.
    pub at: DateTime<FixedOffset>,
    /// Who goes.
    pub unit: Uuid,
    /// Who comes.
    pub relieved_by: Uuid,
}

/// Longest shift, in hours. Illustrative: duty is of 12 or 24 hours.
pub(super) const MAX_HOURS: i64 = 48;
/// Most units of a shift.
pub const MAX_UNITS: usize = 200;
/// Most lines of a minimum.
pub const MAX_MINIMUM: usize = 32;
/// Most reliefs of a rotation.
pub const MAX_RELIEFS: usize = 100;

impl ShiftPlan {
    /// All that is wrong with it for a shift of that day.
    pub(super) fn broken(&self, date: NaiveDate) -> Vec<ShiftError> {
        let mut broken = Vec::new();
        if riga_day(&self.starts_at) != date {
            broken.push(ShiftError::StartsOnAnotherDay { date, starts: riga_day(&self.starts_at) });
        }
        if self.ends_at <= self.starts_at || self.ends_at > self.starts_at + TimeDelta::hours(MAX_HOURS) {
            broken.push(ShiftError::WrongHours);
        }
        if self.units.len() > MAX_UNITS {
            broken.push(ShiftError::TooManyUnits { count: self.units.len() });
        }
        if self.minimum.len() > MAX_MINIMUM {
            broken.push(ShiftError::TooManyMinimums { count: self.minimum.len() });
        }
        let mut seen = BTreeSet::new();
        let twice = self.minimum.iter().filter(|line| !seen.insert((line.kind, line.of_institution)));
        broken.extend(twice.map(|line| ShiftError::MinimumTwice { kind: line.kind }));
        broken
    }
}

impl LineUp {
    /// All that is wrong with it.
    pub(super) fn broken(&self) -> Vec<ShiftError> {
        let mut broken = Vec::new();
        if self.units.len() > MAX_UNITS {
            broken.push(ShiftError::TooManyUnits { count: self.units.len() });
        }
        let mut seen = BTreeSet::new();
        let twice = self.units.iter().filter(|line| !seen.insert(line.unit));
        broken.extend(twice.map(|line| ShiftError::UnitTwice { unit: line.unit }));
        let crews = || self.units.iter().filter_map(|line| line.crew.as_ref());
        broken.extend(crews().flat_map(Crew::broken).map(ShiftError::Crew));
        let manned: u32 = crews().map(|crew| u32::from(crew.size.get())).sum();
        if manned > self.present.into() {
            broken.push(ShiftError::MoreInUnitsThanPresent { manned, present: self.present.get() });
        }
        broken
    }
}

/// All that is wrong with a rotation.
pub(super) fn broken_rotation(reliefs: &[Relief]) -> Vec<ShiftError> {
    let mut broken = Vec::new();
    if !(1..=MAX_RELIEFS).contains(&reliefs.len()) {
        broken.push(ShiftError::Reliefs { count: reliefs.len() });
    }
    if !reliefs.is_sorted_by_key(|relief| relief.at) {
        broken.push(ShiftError::ReliefsOutOfOrder);
    }
    let by_itself = reliefs.iter().filter(|relief| relief.unit == relief.relieved_by);
    broken.extend(by_itself.map(|relief| ShiftError::RelievedByItself { unit: relief.unit }));
    broken
}
