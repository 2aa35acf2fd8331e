//! A shift of a station (ierindas ziņas): who was to come and who came, in which units, and to whom it was handed over.
//!
//! The shifts of a station make a chain: each names the one that it follows, and opens only when that one is handed over or closed.

mod command;
mod error;
mod event;
mod examples;
mod line_up;
#[cfg(test)]
mod tests;

use chrono::{DateTime, FixedOffset};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use command::{
    CallReserve, ChangeLineUp, CorrectShift, FollowShift, HandOverShift, OpenShift, PlanRotation, PlanShift,
    ShiftCommand,
};
pub use error::ShiftError;
pub use event::ShiftEvent;
pub use line_up::{LineUp, MAX_MINIMUM, MAX_RELIEFS, MAX_UNITS, Minimum, Relief, ShiftKey, ShiftPlan, ShiftUnit};

use crate::kernel::{Decide, Moment, Refused, handle_by_decision};
use crate::lang::terms;
use crate::values::InstitutionCode;

terms! {
    /// How far a shift is (maiņas stāvoklis).
    ShiftState("state of a shift") {
        /// It hasn't begun.
        Planned = "planned", "Plānota", "Planned";
        /// It is on duty.
        Open = "open", "Atvērta", "Open";
        /// The next one has taken over; its report isn't complete.
        HandedOver = "handed_over", "Nodota", "Handed over";
        /// Its report is complete.
        Closed = "closed", "Slēgta", "Closed";
        /// Its report was put right after that.
        Corrected = "corrected", "Labota", "Corrected";
    }
}

impl ShiftState {
    /// Whether the next shift may open.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::HandedOver | Self::Closed | Self::Corrected)
    }
}

/// What is known of a shift; no personal data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RosterShift {
    known: Option<Known>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
struct Known {
    key: ShiftKey,
    plan: ShiftPlan,
    state: ShiftState,
    line_up: LineUp,
    opened_at: Option<DateTime<FixedOffset>>,
    next: Option<Uuid>,
    /// What was planned last for each card.
    rotations: Vec<(Uuid, Vec<Relief>)>,
}

type Decision = Result<Vec<ShiftEvent>, Refused<ShiftError>>;

impl RosterShift {
    /// Whose it is; nothing before it was planned.
    #[must_use]
    pub fn institution(&self) -> Option<&InstitutionCode> {
        Some(&self.known.as_ref()?.key.institution)
    }

    /// What names it; nothing before it was planned.
    #[must_use]
    pub fn key(&self) -> Option<&ShiftKey> {
        Some(&self.known.as_ref()?.key)
    }

    /// How far it is; nothing before it was planned.
    #[must_use]
    pub fn state(&self) -> Option<ShiftState> {
        Some(self.known.as_ref()?.state)
    }

    /// Who is there.
    #[must_use]
    pub fn line_up(&self) -> Option<&LineUp> {
        Some(&self.known.as_ref()?.line_up)
    }

    fn known(&self) -> Result<&Known, ShiftError> {
        self.known.as_ref().ok_or(ShiftError::NotPlanned)
    }

    fn open(&self) -> Result<&Known, ShiftError> {
        let shift = self.known()?;
        if shift.state == ShiftState::Open { Ok(shift) } else { Err(ShiftError::NotOpen { state: shift.state }) }
    }

    /// States what is planned; nothing where it was planned so. Refused once it is open.
    fn plan(&self, command: PlanShift) -> Decision {
        let PlanShift { key, plan } = command;
        if let Some(shift) = &self.known {
            if shift.plan == plan {
                return Ok(Vec::new());
            }
            if shift.state != ShiftState::Planned {
                return Err(ShiftError::OpenedAlready { state: shift.state }.into());
            }
        }
        Refused::unless_empty(plan.broken(key.date))?;
        Ok(vec![ShiftEvent::ShiftPlanned { key, plan }])
    }

    /// Opens it. That the one before is over is asked of that one, in the same decision.
    fn begin(&self, command: OpenShift, moment: &Moment) -> Decision {
        let shift = self.known()?;
        if shift.state != ShiftState::Planned {
            return Err(ShiftError::OpenedAlready { state: shift.state }.into());
        }
        let OpenShift { officer, line_up, after } = command;
        Refused::unless_empty(line_up.broken())?;
        Ok(vec![ShiftEvent::ShiftOpened { at: moment.occurred_at, officer, line_up, after }])
    }

    /// Another shift of the station follows. Refused while this one is on duty, and where another follows already.
    fn follow(&self, command: &FollowShift) -> Decision {
        let shift = self.known()?;
        let of_station = |key: &ShiftKey| (key.institution.clone(), key.station.clone());
        if of_station(&shift.key) != of_station(&command.key) || shift.key == command.key {
            return Err(ShiftError::FollowsAnotherStation.into());
        }
        match shift.next {
            Some(next) if next == command.next => return Ok(Vec::new()),
            Some(next) => return Err(ShiftError::FollowedAlready { next }.into()),
            None => {}
        }
        if !shift.state.is_over() {
            return Err(ShiftError::BeforeNotOver { state: shift.state }.into());
        }
        Ok(vec![ShiftEvent::ShiftFollowed { next: command.next }])
    }

    /// States who is there; nothing where that is so already.
    fn change_line_up(&self, command: ChangeLineUp) -> Decision {
        let shift = self.open()?;
        let ChangeLineUp { line_up } = command;
        if shift.line_up == line_up {
            return Ok(Vec::new());
        }
        Refused::unless_empty(line_up.broken())?;
        Ok(vec![ShiftEvent::LineUpChanged { line_up }])
    }

    /// Calls people of the reserve: each call is one more.
    fn call_reserve(&self, command: CallReserve) -> Decision {
        self.open()?;
        let CallReserve { people, units } = command;
        let count = units.len();
        Refused::unless_empty((count > MAX_UNITS).then_some(ShiftError::TooManyUnits { count }).into_iter().collect())?;
        Ok(vec![ShiftEvent::ReserveCalled { people, units }])
    }

    /// Plans who takes over from whom; nothing where that is planned so.
    fn plan_rotation(&self, command: PlanRotation) -> Decision {
        let shift = self.open()?;
        let PlanRotation { card, reliefs } = command;
        if shift.rotations.iter().any(|(of, planned)| *of == card && *planned == reliefs) {
            return Ok(Vec::new());
        }
        Refused::unless_empty(line_up::broken_rotation(&reliefs))?;
        Ok(vec![ShiftEvent::RotationPlanned { card, reliefs }])
    }

    /// Hands it over: two officers are there.
    fn hand_over(&self, command: HandOverShift, moment: &Moment) -> Decision {
        let shift = self.open()?;
        let HandOverShift { handed_over_by, taken_over_by, notes } = command;
        let mut broken = shift.over_too_early(moment);
        if handed_over_by == taken_over_by {
            broken.push(ShiftError::SameOfficer { officer: taken_over_by.clone() });
        }
        Refused::unless_empty(broken)?;
        Ok(vec![ShiftEvent::ShiftHandedOver { handed_over_by, taken_over_by, notes }])
    }

    /// Closes it, handed over or not: a station may close for the night. Nothing where it is closed.
    fn close(&self, moment: &Moment) -> Decision {
        let shift = self.known()?;
        match shift.state {
            ShiftState::Planned => Err(ShiftError::NotOpen { state: shift.state }.into()),
            ShiftState::Closed | ShiftState::Corrected => Ok(Vec::new()),
            ShiftState::Open | ShiftState::HandedOver => {
                Refused::unless_empty(shift.over_too_early(moment))?;
                Ok(vec![ShiftEvent::ShiftClosed {}])
            }
        }
    }

    /// Puts its line-up right after it was closed; nothing where it is so.
    fn correct(&self, command: CorrectShift) -> Decision {
        let shift = self.known()?;
        if !matches!(shift.state, ShiftState::Closed | ShiftState::Corrected) {
            return Err(ShiftError::NotClosed { state: shift.state }.into());
        }
        let CorrectShift { line_up, reason } = command;
        if shift.line_up == line_up {
            return Ok(Vec::new());
        }
        Refused::unless_empty(line_up.broken())?;
        Ok(vec![ShiftEvent::ShiftCorrected { line_up, reason }])
    }
}

impl Known {
    fn over_too_early(&self, moment: &Moment) -> Vec<ShiftError> {
        let early = self.opened_at.is_some_and(|opened| moment.occurred_at < opened);
        if early { vec![ShiftError::BeforeOpening] } else { Vec::new() }
    }
}

impl Decide for RosterShift {
    fn decide(&self, command: ShiftCommand, moment: &Moment) -> Decision {
        match command {
            ShiftCommand::PlanShift(command) => self.plan(command),
            ShiftCommand::OpenShift(command) => self.begin(command, moment),
            ShiftCommand::FollowShift(command) => self.follow(&command),
            ShiftCommand::ChangeLineUp(command) => self.change_line_up(command),
            ShiftCommand::CallReserve(command) => self.call_reserve(command),
            ShiftCommand::PlanRotation(command) => self.plan_rotation(command),
            ShiftCommand::HandOverShift(command) => self.hand_over(command, moment),
            ShiftCommand::CloseShift => self.close(moment),
            ShiftCommand::CorrectShift(command) => self.correct(command),
        }
    }
}

impl Aggregate for RosterShift {
    const TYPE: &'static str = "roster_shift";
    type Command = ShiftCommand;
    type Event = ShiftEvent;
    type Error = Refused<ShiftError>;
    type Services = Moment;

    async fn handle(
        &mut self,
        command: ShiftCommand,
        moment: &Moment,
        sink: &EventSink<Self>,
    ) -> Result<(), Refused<ShiftError>> {
        handle_by_decision(self, command, moment, sink).await
    }

    fn apply(&mut self, event: ShiftEvent) {
        if let ShiftEvent::ShiftPlanned { key, plan } = event {
            self.known = Some(Known {
                key,
                plan,
                state: ShiftState::Planned,
                line_up: LineUp::default(),
                opened_at: None,
                next: None,
                rotations: Vec::new(),
            });
            return;
        }
        let Some(shift) = &mut self.known else { return };
        match event {
            ShiftEvent::ShiftPlanned { .. } | ShiftEvent::ReserveCalled { .. } => {}
            ShiftEvent::ShiftOpened { line_up, at, .. } => {
                (shift.state, shift.line_up, shift.opened_at) = (ShiftState::Open, line_up, Some(at));
            }
            ShiftEvent::ShiftFollowed { next } => shift.next = Some(next),
            ShiftEvent::LineUpChanged { line_up } => shift.line_up = line_up,
            ShiftEvent::RotationPlanned { card, reliefs } => {
                shift.rotations.retain(|(of, _)| *of != card);
                shift.rotations.push((card, reliefs));
            }
            ShiftEvent::ShiftHandedOver { .. } => shift.state = ShiftState::HandedOver,
            ShiftEvent::ShiftClosed {} => shift.state = ShiftState::Closed,
            ShiftEvent::ShiftCorrected { line_up, .. } => {
                (shift.state, shift.line_up) = (ShiftState::Corrected, line_up);
            }
        }
    }
}
