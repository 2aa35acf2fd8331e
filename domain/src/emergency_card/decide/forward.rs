use uuid::Uuid;

use super::Decision;
use crate::emergency_card::state::Received;
use crate::emergency_card::{
    CardError, CardEvent, EmergencyCard, Forward, ForwardCard, ForwardStage, ReceiveForward, ReportForward,
    ReturnForward,
};
use crate::kernel::{Moment, Refused};
use crate::values::InstitutionCode;

impl EmergencyCard {
    /// Forwards it to an institution, also after it has ended. Refused before it is known what it is, and where it is with them already;
    /// what was given back may be forwarded again.
    pub(super) fn forward_to(&self, command: ForwardCard, moment: &Moment) -> Decision {
        let card = self.kept()?;
        let ForwardCard { to, by, note } = command;
        let mut broken = Vec::new();
        if card.qualification.is_none() {
            broken.push(CardError::NotQualified { number: card.number });
        }
        if card.forwards.get(&to).is_some_and(|forward| forward.stage != ForwardStage::Returned) {
            broken.push(CardError::AlreadyForwarded { number: card.number, to: to.clone() });
        }
        Refused::unless_empty(broken)?;
        Ok(vec![CardEvent::CardForwarded { to, by, note, at: moment.occurred_at }])
    }

    /// It is an incident there; nothing where that was recorded already. What waits is not lost when the card is put away meanwhile.
    pub(super) fn receive_forward(&self, command: ReceiveForward) -> Decision {
        let card = self.received()?;
        let ReceiveForward { to, incident, number, at } = command;
        let forward = card.forwards.get(&to);
        match forward.map(|forward| (forward.stage, forward.incident)) {
            Some((ForwardStage::Waiting, _)) => Ok(vec![CardEvent::ForwardReceived { to, incident, number, at }]),
            Some((_, Some(known))) if known == incident => Ok(Vec::new()),
            _ => Err(CardError::NotForwarded { number: card.number, to }.into()),
        }
    }

    /// The institution gives it back; nothing where it has.
    pub(super) fn return_forward(&self, command: ReturnForward, moment: &Moment) -> Decision {
        let card = self.received()?;
        let ReturnForward { incident, cause } = command;
        let (to, forward) = card.forward_of(incident)?;
        if forward.stage == ForwardStage::Returned {
            return Ok(Vec::new());
        }
        Ok(vec![CardEvent::ForwardReturned { to: to.clone(), incident, cause, at: moment.occurred_at }])
    }

    /// How it goes on there: only what is new.
    pub(super) fn report_forward(&self, command: ReportForward, moment: &Moment) -> Decision {
        let card = self.received()?;
        let ReportForward { progress } = command;
        let (to, forward) = card.forward_of(progress.incident)?;
        // What was given back is theirs no longer.
        if forward.stage == ForwardStage::Returned || forward.progress.as_ref() == Some(&progress) {
            return Ok(Vec::new());
        }
        Ok(vec![CardEvent::ForwardProgressed { to: to.clone(), progress, at: moment.occurred_at }])
    }
}

impl Received {
    /// The forwarding that an incident came of.
    fn forward_of(&self, incident: Uuid) -> Result<(&InstitutionCode, &Forward), CardError> {
        let found = self.forwards.iter().find(|(_, forward)| forward.incident == Some(incident));
        found.ok_or(CardError::NotOfForward { number: self.number, incident })
    }
}
