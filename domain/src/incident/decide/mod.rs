//! What may happen to an incident, by what is asked.

mod involvement;
mod registration;
mod relation;
mod transfer;
mod work;

use super::state::Registered;
use super::{Incident, IncidentError, IncidentStatus};

impl Incident {
    /// The incident, whatever stands about it.
    fn known(&self) -> Result<&Registered, IncidentError> {
        self.registered.as_ref().ok_or(IncidentError::NotRegistered)
    }

    /// The same, unless it is annulled or goes on in another.
    fn standing(&self) -> Result<&Registered, IncidentError> {
        let incident = self.known()?;
        match (incident.status, incident.merged) {
            (IncidentStatus::Annulled, _) => Err(IncidentError::Annulled { number: incident.number }),
            (IncidentStatus::Returned, _) => Err(IncidentError::Returned { number: incident.number }),
            (_, Some(into)) => Err(IncidentError::Merged { number: incident.number, into }),
            _ => Ok(incident),
        }
    }

    /// The same, unless it is closed.
    fn open(&self) -> Result<&Registered, IncidentError> {
        let incident = self.standing()?;
        match incident.status {
            IncidentStatus::Closed => Err(IncidentError::Closed { number: incident.number }),
            _ => Ok(incident),
        }
    }
}

impl Registered {
    /// Refused where somebody has asked for it to be annulled.
    fn not_about_to_be_annulled(&self) -> Result<(), IncidentError> {
        match &self.annulment {
            Some(by) => Err(IncidentError::AnnulmentPending { number: self.number, by: by.clone() }),
            None => Ok(()),
        }
    }

    /// Refused where it is offered to another institution.
    fn not_offered(&self) -> Result<(), IncidentError> {
        match &self.offer {
            Some(offer) => Err(IncidentError::TransferPending { number: self.number, to: offer.to.clone() }),
            None => Ok(()),
        }
    }

    /// Refused where it came of a forwarded card: what is not theirs goes back, it was not registered in error.
    fn not_forwarded(&self) -> Result<(), IncidentError> {
        match &self.forwarded_by {
            Some(by) => Err(IncidentError::Forwarded { number: self.number, by: by.clone() }),
            None => Ok(()),
        }
    }

    /// Refused where others go on in it.
    fn has_absorbed_none(&self) -> Result<(), IncidentError> {
        match self.absorbed.len() {
            0 => Ok(()),
            count => Err(IncidentError::HasMerged { number: self.number, count }),
        }
    }
}
