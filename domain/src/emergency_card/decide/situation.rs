use super::{Decision, Of, Progress};
use crate::emergency_card::{
    CardError, CardEvent, Clock, ConfirmLocation, EmergencyCard, HandOverByPhone, UpdateSituation,
};
use crate::kernel::Moment;

impl EmergencyCard {
    /// It is confirmed where it is; nothing where that was confirmed already.
    pub(super) fn confirm_location(&self, command: ConfirmLocation, moment: &Moment) -> Decision {
        let card = self.open()?;
        let confirmed = card.ticks.iter().any(|tick| tick.clock == Clock::Located);
        if confirmed && card.place.as_ref() == Some(&command.place) {
            return Ok(Vec::new());
        }
        let anomalies = if confirmed { Vec::new() } else { card.anomalies(Clock::Located, Of::Card, moment) };
        Ok(vec![CardEvent::LocationConfirmed { place: command.place, at: moment.occurred_at, anomalies }])
    }

    /// Somebody tells how it goes; only what is new is recorded. Words count as new, for they can't be compared.
    pub(super) fn update_situation(&self, command: UpdateSituation, moment: &Moment) -> Decision {
        let card = self.open()?;
        let UpdateSituation { under_control, hazards, casualties, note } = command;
        let hazards = Some(hazards).filter(|new| !new.is_empty());
        if under_control.is_none() && hazards.is_none() && casualties.is_none() && note.is_none() {
            return Err(CardError::NothingTold.into());
        }
        let known = card.qualification.as_ref();
        let under_control = under_control.filter(|new| card.under_control != Some(*new));
        let hazards = hazards.filter(|new| known.is_none_or(|known| known.hazards != *new));
        let casualties = casualties.filter(|new| known.is_none_or(|known| known.casualties != Some(*new)));
        if under_control.is_none() && hazards.is_none() && casualties.is_none() && note.is_none() {
            return Ok(Vec::new());
        }
        let first = under_control == Some(true) && !card.ticks.iter().any(|tick| tick.clock == Clock::UnderControl);
        let anomalies = if first { card.anomalies(Clock::UnderControl, Of::Card, moment) } else { Vec::new() };
        let at = moment.occurred_at;
        Ok(vec![CardEvent::SituationUpdated { under_control, hazards, casualties, note, at, anomalies }])
    }

    /// A decided service took it on over the telephone; nothing where it has taken it on already.
    pub(super) fn hand_over(&self, command: HandOverByPhone, moment: &Moment) -> Decision {
        let card = self.open()?;
        let HandOverByPhone { service, to } = command;
        match card.services.get(&service) {
            None => Err(CardError::ServiceNotDecided { service }.into()),
            Some(Progress::Accepted) => Ok(Vec::new()),
            Some(Progress::Decided | Progress::Notified) => {
                let anomalies = card.anomalies(Clock::Accepted, Of::Service(service), moment);
                Ok(vec![CardEvent::HandedOverByPhone { service, to, at: moment.occurred_at, anomalies }])
            }
        }
    }
}
