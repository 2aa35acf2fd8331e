use chrono::{Months, TimeDelta};

use super::{Decision, Of};
use crate::emergency_card::{CancelCard, CardError, CardEvent, Clock, CloseNonEmergency, EmergencyCard};
use crate::kernel::Moment;

/// A card on which nothing happened for so long, and on which no unit is, is ended by the register. Illustrative: after the French hub's CLOTURE.
pub const LAPSES_AFTER: TimeDelta = TimeDelta::hours(24);
/// So long after its end it is put away. Illustrative: after the French hub's ARCHIVE.
pub const ARCHIVED_AFTER: Months = Months::new(3);

impl EmergencyCard {
    /// Ends it as no emergency. Refused where services were decided or units sent: then it was one.
    pub(super) fn close_non_emergency(&self, command: CloseNonEmergency, moment: &Moment) -> Decision {
        let card = self.open()?;
        self.has_no_units()?;
        if !card.services.is_empty() || !card.sent.is_empty() {
            return Err(CardError::HasServices { number: card.number }.into());
        }
        let CloseNonEmergency { kind, note } = command;
        let anomalies = card.anomalies(Clock::Completed, Of::Card, moment);
        Ok(vec![CardEvent::CardClosedNonEmergency { kind, note, at: moment.occurred_at, anomalies }])
    }

    /// Calls it off, once no unit is on it.
    pub(super) fn cancel(&self, command: CancelCard, moment: &Moment) -> Decision {
        let card = self.open()?;
        self.has_no_units()?;
        let anomalies = card.anomalies(Clock::Completed, Of::Card, moment);
        Ok(vec![CardEvent::CardCancelled { reason: command.reason, at: moment.occurred_at, anomalies }])
    }

    /// Ends what nobody ended: nothing happened on it for a day, and no unit is on it.
    pub(super) fn lapse(&self, moment: &Moment) -> Decision {
        let card = self.open()?;
        self.has_no_units()?;
        if moment.occurred_at < card.latest + LAPSES_AFTER {
            return Err(CardError::NotInTime { number: card.number }.into());
        }
        Ok(vec![CardEvent::CardLapsed { at: moment.occurred_at }])
    }

    /// Puts it away, three months after its end.
    pub(super) fn archive(&self, moment: &Moment) -> Decision {
        let card = self.kept()?;
        let Some(ended_at) = card.ended_at else { return Err(CardError::NotEnded { number: card.number }.into()) };
        let due = ended_at.checked_add_months(ARCHIVED_AFTER);
        if due.is_none_or(|due| moment.occurred_at < due) {
            return Err(CardError::NotInTime { number: card.number }.into());
        }
        Ok(vec![CardEvent::CardArchived { at: moment.occurred_at }])
    }

    fn has_no_units(&self) -> Result<(), CardError> {
        let card = self.received()?;
        if card.units.is_empty() {
            return Ok(());
        }
        Err(CardError::HasUnits { number: card.number, units: card.units.iter().copied().collect() })
    }
}
