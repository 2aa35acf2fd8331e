use chrono::{TimeDelta, Utc};

use super::super::command::{
    AcceptTransfer, CompleteTransfer, OfferTransfer, RejectTransfer, ReturnIncident, WithdrawTransfer,
};
use super::super::state::Offer;
use super::super::{Decision, Incident, IncidentError, IncidentEvent, MAX_TRANSFER_DAYS, TRANSFER_HOURS};
use crate::kernel::Moment;
use crate::terms::TransferOutcome;

impl Incident {
    /// Offers it to another institution. Until that accepts it, who sends it answers for it and goes on working on it.
    ///
    /// Refused while another offer waits, or it is to be annulled.
    pub(in super::super) fn offer_transfer(&self, command: OfferTransfer, moment: &Moment) -> Decision {
        let incident = self.open()?;
        incident.not_about_to_be_annulled()?;
        let OfferTransfer { transfer, to, deadline, reason } = command;
        if incident.offer.as_ref().is_some_and(|offer| offer.transfer == transfer && offer.to == to) {
            return Ok(Vec::new());
        }
        incident.not_offered()?;
        if incident.responsible == to {
            return Err(IncidentError::TransferToItself { to }.into());
        }
        let now = moment.recorded_at.with_timezone(moment.occurred_at.offset());
        let deadline = deadline.unwrap_or(now + TimeDelta::hours(TRANSFER_HOURS));
        if deadline <= now || deadline > now + TimeDelta::days(MAX_TRANSFER_DAYS) {
            return Err(IncidentError::TransferDeadline.into());
        }
        let from = incident.responsible.clone();
        Ok(vec![IncidentEvent::TransferOffered { transfer, from, to, deadline, reason }])
    }

    /// Takes it on: from then on that institution answers for it.
    ///
    /// Refused where another was asked, or too late.
    pub(in super::super) fn accept_transfer(&self, command: AcceptTransfer, moment: &Moment) -> Decision {
        let incident = self.open()?;
        let AcceptTransfer { by, assignee } = command;
        let offer = self.offer()?;
        if offer.to != by {
            return Err(IncidentError::NotYourTransfer { to: offer.to.clone() }.into());
        }
        if moment.recorded_at > offer.deadline.with_timezone(&Utc) {
            return Err(IncidentError::TransferOverdue { deadline: offer.deadline }.into());
        }
        let accepted =
            IncidentEvent::TransferAccepted { transfer: offer.transfer, from: incident.responsible.clone(), to: by };
        let assigned = assignee.map(|assignee| IncidentEvent::IncidentAssigned { assignee });
        Ok(std::iter::once(accepted).chain(assigned).collect())
    }

    /// Does not take it on.
    pub(in super::super) fn reject_transfer(&self, command: RejectTransfer) -> Decision {
        self.standing()?;
        let RejectTransfer { by, cause, note } = command;
        let Offer { transfer, to, .. } = self.offer()?.clone();
        if to != by {
            return Err(IncidentError::NotYourTransfer { to }.into());
        }
        Ok(vec![IncidentEvent::TransferRejected { transfer, to, cause, note }])
    }

    /// Takes the offer back.
    pub(in super::super) fn withdraw_transfer(&self, command: WithdrawTransfer) -> Decision {
        self.standing()?;
        let transfer = self.offer()?.transfer;
        Ok(vec![IncidentEvent::TransferWithdrawn { transfer, reason: command.reason }])
    }

    /// Ends an offer whose time is over; nothing where there is none any more.
    pub(in super::super) fn expire_transfer(&self, moment: &Moment) -> Decision {
        let Some(offer) = &self.known()?.offer else { return Ok(Vec::new()) };
        if moment.recorded_at <= offer.deadline.with_timezone(&Utc) {
            return Err(IncidentError::TransferNotOverdue { deadline: offer.deadline }.into());
        }
        Ok(vec![IncidentEvent::TransferExpired { transfer: offer.transfer }])
    }

    /// Says how a transfer ended, once: also where the incident is closed, unless it goes back.
    pub(in super::super) fn complete_transfer(&self, command: CompleteTransfer) -> Decision {
        let CompleteTransfer { by, outcome, note } = command;
        let incident = if outcome == TransferOutcome::Returned { self.open()? } else { self.standing()? };
        let Some(accepted) = &incident.accepted else {
            return Err(IncidentError::NoTransferAccepted { number: incident.number }.into());
        };
        if accepted.to != by {
            return Err(IncidentError::NotYourTransfer { to: accepted.to.clone() }.into());
        }
        incident.not_offered()?;
        let back = outcome == TransferOutcome::Returned;
        let responsible = if back { accepted.from.clone() } else { incident.responsible.clone() };
        Ok(vec![IncidentEvent::TransferCompleted { transfer: accepted.transfer, outcome, responsible, note }])
    }

    fn offer(&self) -> Result<&Offer, IncidentError> {
        let incident = self.known()?;
        incident.offer.as_ref().ok_or(IncidentError::NoTransferPending { number: incident.number })
    }

    /// Gives it back to who had forwarded its card.
    ///
    /// Refused where it came otherwise, where it was dealt with already, while it is offered to another institution, and where others go on
    /// in it or something was seized in it: then it is theirs.
    pub(in super::super) fn give_back(&self, command: ReturnIncident) -> Decision {
        let incident = self.open()?;
        let number = incident.number;
        let (Some(card), Some(_)) = (incident.card, &incident.forwarded_by) else {
            return Err(IncidentError::NotForwarded { number }.into());
        };
        incident.not_offered()?;
        incident.has_absorbed_none()?;
        if incident.result.is_some() || !incident.seized.is_empty() || incident.accepted.is_some() {
            return Err(IncidentError::DealtWith { number }.into());
        }
        Ok(vec![IncidentEvent::IncidentReturned { card, cause: command.cause }])
    }
}
