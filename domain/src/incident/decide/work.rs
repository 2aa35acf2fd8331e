use super::super::command::{
    ApproveAnnulment, AssignIncident, CloseIncident, LiftRestriction, RecordAction, RecordResult, RejectAnnulment,
    ReopenIncident, RequestAnnulment, RestrictIncident,
};
use super::super::{Decision, Incident, IncidentError, IncidentEvent, IncidentStatus, MAX_CASE_REFS};
use crate::kernel::Moment;

impl Incident {
    /// Gives it to a unit or an officer; nothing where it is already theirs.
    pub(in super::super) fn assign(&self, command: AssignIncident) -> Decision {
        let incident = self.open()?;
        if incident.assignee.as_ref() == Some(&command.assignee) {
            return Ok(Vec::new());
        }
        Ok(vec![IncidentEvent::IncidentAssigned { assignee: command.assignee }])
    }

    /// Records what officers did, in the order in which it is told; nothing is compared, for the same may be done twice.
    pub(in super::super) fn record_action(&self, command: RecordAction, moment: &Moment) -> Decision {
        self.open()?;
        let RecordAction { action, at, by, note } = command;
        let at = at.unwrap_or(moment.occurred_at);
        if moment.is_future(at) {
            return Err(IncidentError::InFuture { field: "at" }.into());
        }
        Ok(vec![IncidentEvent::ActionTaken { action, at, by, note }])
    }

    /// Records how it was dealt with; again, in place of the result before. Nothing where that is the result already.
    pub(in super::super) fn record_result(&self, command: RecordResult) -> Decision {
        let incident = self.open()?;
        let RecordResult { result_code, case_refs } = command;
        if case_refs.len() > MAX_CASE_REFS {
            return Err(IncidentError::TooManyCaseRefs { count: case_refs.len() }.into());
        }
        let present = incident.result.as_ref().map(|(code, refs)| (code, refs));
        if incident.status == IncidentStatus::ResultRecorded && present == Some((&result_code, &case_refs)) {
            return Ok(Vec::new());
        }
        Ok(vec![IncidentEvent::ResultRecorded { result_code, case_refs }])
    }

    /// Closes it (slēgšana): the officer states how it ended and what it turned out to be.
    ///
    /// Refused while it has no result, is offered to another institution, or is to be annulled; after a reopening the result that it
    /// had still counts.
    pub(in super::super) fn close(&self, command: CloseIncident) -> Decision {
        let incident = self.open()?;
        incident.not_offered()?;
        incident.not_about_to_be_annulled()?;
        if incident.result.is_none() {
            return Err(IncidentError::NoResult { number: incident.number }.into());
        }
        let CloseIncident { disposition, closing_type, class } = command;
        let closing_type = closing_type.unwrap_or_else(|| incident.type_code.clone());
        let class = if closing_type == incident.type_code { incident.type_class } else { class };
        Ok(vec![IncidentEvent::IncidentClosed { disposition, closing_type, class }])
    }

    /// Opens it again, where it is closed.
    pub(in super::super) fn reopen(&self, command: ReopenIncident) -> Decision {
        let incident = self.standing()?;
        if incident.status != IncidentStatus::Closed {
            return Err(IncidentError::NotClosed { number: incident.number }.into());
        }
        Ok(vec![IncidentEvent::IncidentReopened { reason: command.reason }])
    }

    /// Raises its class, also where it is closed; nothing where that is its restriction already.
    pub(in super::super) fn restrict(&self, command: RestrictIncident) -> Decision {
        let incident = self.standing()?;
        let RestrictIncident { class, reason } = command;
        if incident.restriction == Some(class) {
            return Ok(Vec::new());
        }
        Ok(vec![IncidentEvent::IncidentRestricted { class, reason }])
    }

    /// Takes its restriction back.
    pub(in super::super) fn lift_restriction(&self, command: LiftRestriction) -> Decision {
        let incident = self.standing()?;
        if incident.restriction.is_none() {
            return Err(IncidentError::NotRestricted { number: incident.number }.into());
        }
        Ok(vec![IncidentEvent::RestrictionLifted { reason: command.reason }])
    }

    /// Asks for it to be annulled; nothing where the same person has asked already.
    ///
    /// Refused while others go on in it, or it is offered to another institution.
    pub(in super::super) fn request_annulment(&self, command: RequestAnnulment) -> Decision {
        let incident = self.standing()?;
        incident.has_absorbed_none()?;
        incident.not_offered()?;
        incident.not_forwarded()?;
        let RequestAnnulment { reason, by } = command;
        if incident.annulment.as_ref() == Some(&by) {
            return Ok(Vec::new());
        }
        incident.not_about_to_be_annulled()?;
        Ok(vec![IncidentEvent::AnnulmentRequested { reason, by }])
    }

    /// Annuls it: what one person asked for and another agrees to.
    pub(in super::super) fn approve_annulment(&self, command: ApproveAnnulment) -> Decision {
        let incident = self.standing()?;
        let Some(by) = incident.annulment.clone() else {
            return Err(IncidentError::NoAnnulmentRequested { number: incident.number }.into());
        };
        let second = command.by;
        if by == second {
            return Err(IncidentError::AnnulmentNeedsTwoPersons { by }.into());
        }
        incident.has_absorbed_none()?;
        Ok(vec![IncidentEvent::IncidentAnnulled { by, second }])
    }

    /// Does not annul it; who asked may also take it back.
    pub(in super::super) fn reject_annulment(&self, command: RejectAnnulment) -> Decision {
        let incident = self.standing()?;
        if incident.annulment.is_none() {
            return Err(IncidentError::NoAnnulmentRequested { number: incident.number }.into());
        }
        let RejectAnnulment { reason, by } = command;
        Ok(vec![IncidentEvent::AnnulmentRejected { reason, by }])
    }
}
