use chrono::NaiveDate;
use thiserror::Error;
use uuid::Uuid;

use super::ShiftState;
use super::line_up::{MAX_HOURS, MAX_MINIMUM, MAX_RELIEFS, MAX_UNITS};
use crate::kernel::Rule;
use crate::terms::UnitKind;
use crate::unit::UnitError;
use crate::values::Officer;

/// Rules of a shift that a command can break.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ShiftError {
    /// There is no such shift.
    #[error("there is no such shift: plan it first")]
    NotPlanned,
    /// It was opened before.
    #[error("the shift is {state}: it was opened already")]
    OpenedAlready {
        /// What it is.
        state: ShiftState,
    },
    /// It isn't open.
    #[error("the shift is {state}: that can be said of an open one only")]
    NotOpen {
        /// What it is.
        state: ShiftState,
    },
    /// It isn't closed.
    #[error("the shift is {state}: change its line-up; only what is closed is corrected, with a reason")]
    NotClosed {
        /// What it is.
        state: ShiftState,
    },
    /// The one before it is still open.
    #[error("the shift before is {state}: hand it over or close it before the next one opens")]
    BeforeNotOver {
        /// What that one is.
        state: ShiftState,
    },
    /// The one before it has another after it.
    #[error("shift {next} follows that one already: name the last shift of the station")]
    FollowedAlready {
        /// Which.
        next: Uuid,
    },
    /// The one before it is another station's.
    #[error("the shift before is another station's, or this one: name the last shift of the same station")]
    FollowsAnotherStation,
    /// The one before it isn't named.
    #[error("the station had a shift before: name the last one in `after`")]
    BeforeNotNamed,
    /// It would end before it began.
    #[error("it would be handed over or closed before it was opened: say when that was")]
    BeforeOpening,
    /// Who hands over takes over.
    #[error("{officer} can't hand over to themselves: two officers are at a hand-over")]
    SameOfficer {
        /// Who.
        officer: Officer,
    },
    /// It begins on another day than that it is named by.
    #[error("it begins on {starts} in Riga, and is named by {date}: name it by the day on which it begins")]
    StartsOnAnotherDay {
        /// That it is named by.
        date: NaiveDate,
        /// On which it begins.
        starts: NaiveDate,
    },
    /// It ends before it begins, or too late.
    #[error("a shift ends after it begins, and after {MAX_HOURS} hours at the latest")]
    WrongHours,
    /// Nobody would oversee them.
    #[error("{count} units: a shift has at most {MAX_UNITS}")]
    TooManyUnits {
        /// How many.
        count: usize,
    },
    /// Too many lines of what must be free.
    #[error("{count} lines of a minimum: a shift has at most {MAX_MINIMUM}")]
    TooManyMinimums {
        /// How many.
        count: usize,
    },
    /// A kind has two minimums.
    #[error("the minimum of {kind} is stated twice: state it once")]
    MinimumTwice {
        /// Of what.
        kind: UnitKind,
    },
    /// A unit stands there twice.
    #[error("unit {unit} is stated twice: state it once")]
    UnitTwice {
        /// Which.
        unit: Uuid,
    },
    /// Something is wrong with a crew.
    #[error(transparent)]
    Crew(UnitError),
    /// More are in units than came.
    #[error("{manned} people are stated to be in units, and {present} to be present: one of these is wrong")]
    MoreInUnitsThanPresent {
        /// In units.
        manned: u32,
        /// Present.
        present: u16,
    },
    /// A rotation of nobody, or too long.
    #[error("{count} reliefs: a rotation has 1 to {MAX_RELIEFS}")]
    Reliefs {
        /// How many.
        count: usize,
    },
    /// A rotation runs back in time.
    #[error("reliefs are not in order of time: state the first one first")]
    ReliefsOutOfOrder,
    /// A unit takes over from itself.
    #[error("unit {unit} can't take over from itself")]
    RelievedByItself {
        /// Which.
        unit: Uuid,
    },
}

impl Rule for ShiftError {
    fn rule(&self) -> &'static str {
        match self {
            Self::NotPlanned => "shift_not_planned",
            Self::OpenedAlready { .. } => "shift_opened_already",
            Self::NotOpen { .. } => "shift_not_open",
            Self::NotClosed { .. } => "shift_not_closed",
            Self::BeforeNotOver { .. } => "shift_before_not_over",
            Self::FollowedAlready { .. } => "shift_followed_already",
            Self::FollowsAnotherStation => "shift_follows_another_station",
            Self::BeforeNotNamed => "shift_before_not_named",
            Self::BeforeOpening => "shift_over_before_opened",
            Self::SameOfficer { .. } => "shift_same_officer",
            Self::StartsOnAnotherDay { .. } => "shift_starts_on_another_day",
            Self::WrongHours => "shift_wrong_hours",
            Self::TooManyUnits { .. } => "shift_too_many_units",
            Self::TooManyMinimums { .. } => "shift_too_many_minimums",
            Self::MinimumTwice { .. } => "shift_minimum_twice",
            Self::UnitTwice { .. } => "shift_unit_twice",
            Self::Crew(_) => "shift_crew_wrong",
            Self::MoreInUnitsThanPresent { .. } => "shift_more_in_units_than_present",
            Self::Reliefs { .. } => "shift_reliefs",
            Self::ReliefsOutOfOrder => "shift_reliefs_out_of_order",
            Self::RelievedByItself { .. } => "shift_relieved_by_itself",
        }
    }
}
