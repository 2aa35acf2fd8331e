use std::collections::BTreeSet;

use uuid::Uuid;

use super::{LineUp, Relief, ShiftKey, ShiftPlan};
use crate::personal::Personal;
use crate::values::{CrewSize, Description, Officer, Reason};

/// What can be asked of a shift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShiftCommand {
    /// States what is planned.
    PlanShift(PlanShift),
    /// Opens it.
    OpenShift(OpenShift),
    /// Lets another shift follow it; that one gets `OpenShift` with it.
    FollowShift(FollowShift),
    /// States who is there now.
    ChangeLineUp(ChangeLineUp),
    /// Calls people of the reserve.
    CallReserve(CallReserve),
    /// Plans who takes over from whom in a long incident.
    PlanRotation(PlanRotation),
    /// Hands it over to the next.
    HandOverShift(HandOverShift),
    /// Closes it (maiņas slēgšana).
    CloseShift,
    /// Puts right what was recorded wrongly of it.
    CorrectShift(CorrectShift),
}

/// States what is planned of a shift (maiņas plānošana). Again, as long as it isn't open, where that has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanShift {
    /// What names it.
    pub key: ShiftKey,
    /// The plan.
    pub plan: ShiftPlan,
}

/// Opens a shift (maiņas atvēršana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenShift {
    /// Who commands it (maiņas vecākais), by the service number.
    pub officer: Officer,
    /// Who came.
    pub line_up: LineUp,
    /// The shift of the station that it follows; none for the first that the register knows.
    pub after: Option<Uuid>,
}

/// Lets another shift of the station follow this one (maiņu secība).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowShift {
    /// The other.
    pub next: Uuid,
    /// What names the other.
    pub key: ShiftKey,
}

/// States who is there from now on (ierindas maiņa).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeLineUp {
    /// Who.
    pub line_up: LineUp,
}

/// Calls people of the reserve (rezerves izsaukšana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallReserve {
    /// How many.
    pub people: CrewSize,
    /// Units that they come with, or are put into.
    pub units: BTreeSet<Uuid>,
}

/// Plans who takes over from whom in a long incident (rotācijas plānošana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRotation {
    /// The card of the long incident.
    pub card: Uuid,
    /// Who takes over from whom, in order of time: all of it, in place of what was planned for that card before.
    pub reliefs: Vec<Relief>,
}

/// Hands a shift over to the next (maiņas nodošana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOverShift {
    /// Who hands over, by the service number.
    pub handed_over_by: Officer,
    /// Who takes over, another.
    pub taken_over_by: Officer,
    /// What the next shift must know.
    pub notes: Option<Personal<Description>>,
}

/// Puts the line-up of a closed shift right (ierindas ziņu labošana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectShift {
    /// Who was there.
    pub line_up: LineUp,
    /// Why it is put right.
    pub reason: Personal<Reason>,
}
