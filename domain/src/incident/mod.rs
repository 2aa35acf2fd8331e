//! An incident (notikums): what police registers, from the report to how it was dealt with.

mod command;
mod error;
mod event;
mod examples;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use command::{
    AssignIncident, Assignee, CloseIncident, IncidentCommand, ReclassifyIncident, RecordResult, RegisterIncident,
    ReopenIncident, SupplementIncident,
};
pub use error::IncidentError;
pub use event::IncidentEvent;

use crate::classifier::{IncidentType, ResultCode};
use crate::kernel::{Decide, Moment, Refused, handle_by_decision};
use crate::lang::terms;
use crate::terms::Category;
use crate::values::{CaseRef, InstitutionCode, NationalNumber, Place};

terms! {
    /// Where an incident stands (notikuma stāvoklis).
    IncidentStatus("incident status") {
        /// Registered, given to nobody.
        Registered = "registered", "Reģistrēts", "Registered";
        /// Given to a unit or an officer.
        Assigned = "assigned", "Norīkots", "Assigned";
        /// Worked on again after it was reopened.
        InProgress = "in_progress", "Izskatīšanā", "In progress";
        /// How it was dealt with is recorded.
        ResultRecorded = "result_recorded", "Reģistrēts rezultāts", "Result recorded";
        /// Closed.
        Closed = "closed", "Slēgts", "Closed";
    }
}

impl IncidentEvent {
    /// Where the incident stands after it, having stood at `before`. A result outlives a new assignment.
    #[must_use]
    pub fn status_after(&self, before: IncidentStatus) -> IncidentStatus {
        match (self, before) {
            (Self::IncidentRegistered { .. }, _) => IncidentStatus::Registered,
            (Self::IncidentAssigned { .. }, IncidentStatus::Registered) => IncidentStatus::Assigned,
            (Self::ResultRecorded { .. }, _) => IncidentStatus::ResultRecorded,
            (Self::IncidentClosed { .. }, _) => IncidentStatus::Closed,
            (Self::IncidentReopened { .. }, _) => IncidentStatus::InProgress,
            (
                Self::IncidentAssigned { .. } | Self::IncidentSupplemented { .. } | Self::IncidentReclassified { .. },
                _,
            ) => before,
        }
    }
}

/// Most processes that one incident goes on in.
pub const MAX_CASE_REFS: usize = 50;

/// What is known of an incident; no personal data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Incident {
    registered: Option<Registered>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
struct Registered {
    number: NationalNumber,
    institution: InstitutionCode,
    status: IncidentStatus,
    type_code: IncidentType,
    category: Category,
    place: Option<Place>,
    occurred_from: DateTime<FixedOffset>,
    occurred_to: Option<DateTime<FixedOffset>>,
    assignee: Option<Assignee>,
    /// Every unit that it was ever given to.
    units: BTreeSet<Uuid>,
    result: Option<(ResultCode, BTreeSet<CaseRef>)>,
}

type Decision = Result<Vec<IncidentEvent>, Refused<IncidentError>>;

impl Incident {
    /// Its number; nothing before it is registered.
    #[must_use]
    pub fn number(&self) -> Option<NationalNumber> {
        Some(self.registered.as_ref()?.number)
    }

    /// Where it stands; nothing before it is registered.
    #[must_use]
    pub fn status(&self) -> Option<IncidentStatus> {
        Some(self.registered.as_ref()?.status)
    }

    /// Institution that registered it; nothing before that.
    #[must_use]
    pub fn institution(&self) -> Option<&InstitutionCode> {
        Some(&self.registered.as_ref()?.institution)
    }

    /// Where it is, as far as is known.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.registered.as_ref()?.place.as_ref()
    }

    /// Every unit that it was ever given to.
    pub fn units(&self) -> impl Iterator<Item = Uuid> {
        self.registered.iter().flat_map(|incident| incident.units.iter().copied())
    }

    fn registered(&self) -> Result<&Registered, IncidentError> {
        self.registered.as_ref().ok_or(IncidentError::NotRegistered)
    }

    fn open(&self) -> Result<&Registered, IncidentError> {
        let incident = self.registered()?;
        match incident.status {
            IncidentStatus::Closed => Err(IncidentError::Closed { number: incident.number }),
            _ => Ok(incident),
        }
    }

    /// Registers it under the next national number.
    ///
    /// Refused where it would begin or end in the future, or end before it begins.
    fn register(&self, command: RegisterIncident, moment: &Moment) -> Decision {
        if let Some(incident) = &self.registered {
            return Err(IncidentError::AlreadyRegistered { number: incident.number }.into());
        }
        let occurred_from = command.occurred_from.unwrap_or(moment.occurred_at);
        Refused::unless_empty(broken_times(occurred_from, command.occurred_to, moment))?;
        Ok(vec![IncidentEvent::IncidentRegistered {
            number: moment.next_incident,
            channel: command.channel,
            type_code: command.type_code,
            category: command.category,
            place: command.place,
            occurred_from,
            occurred_to: command.occurred_to,
            narrative: command.narrative,
            reporter: command.reporter,
            institution: command.institution,
            card: command.card,
            legacy_number: command.legacy_number,
        }])
    }

    /// Adds to or replaces its facts; only what is new is recorded. Personal data can't be compared, so what is given counts
    /// as new.
    fn supplement(&self, command: SupplementIncident, moment: &Moment) -> Decision {
        let incident = self.open()?;
        let SupplementIncident { reason, narrative, place, occurred_from, occurred_to, reporter } = command;
        if narrative.is_none()
            && place.is_none()
            && occurred_from.is_none()
            && occurred_to.is_none()
            && reporter.is_none()
        {
            return Err(IncidentError::NothingToSupplement.into());
        }
        let place = place.filter(|place| incident.place.as_ref() != Some(place));
        let occurred_from = occurred_from.filter(|from| *from != incident.occurred_from);
        let occurred_to = occurred_to.filter(|to| Some(*to) != incident.occurred_to);
        if occurred_from.is_some() || occurred_to.is_some() {
            let from = occurred_from.unwrap_or(incident.occurred_from);
            Refused::unless_empty(broken_times(from, occurred_to.or(incident.occurred_to), moment))?;
        }
        if narrative.is_none()
            && place.is_none()
            && occurred_from.is_none()
            && occurred_to.is_none()
            && reporter.is_none()
        {
            return Ok(Vec::new());
        }
        Ok(vec![IncidentEvent::IncidentSupplemented { narrative, place, occurred_from, occurred_to, reporter, reason }])
    }

    /// Changes its type or category; only what is new is recorded, and the opening ones stay known.
    fn reclassify(&self, command: ReclassifyIncident) -> Decision {
        let incident = self.open()?;
        let ReclassifyIncident { type_code, category, reason } = command;
        if type_code.is_none() && category.is_none() {
            return Err(IncidentError::NothingToReclassify.into());
        }
        let type_code = type_code.filter(|new| *new != incident.type_code);
        let category = category.filter(|new| *new != incident.category);
        if type_code.is_none() && category.is_none() {
            return Ok(Vec::new());
        }
        Ok(vec![IncidentEvent::IncidentReclassified { type_code, category, reason }])
    }

    /// Gives it to a unit or an officer; nothing where it is already theirs.
    fn assign(&self, command: AssignIncident) -> Decision {
        let incident = self.open()?;
        if incident.assignee.as_ref() == Some(&command.assignee) {
            return Ok(Vec::new());
        }
        Ok(vec![IncidentEvent::IncidentAssigned { assignee: command.assignee }])
    }

    /// Records how it was dealt with; again, in place of the result before. Nothing where that is the result already.
    fn record_result(&self, command: RecordResult) -> Decision {
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
    /// Refused while it has no result; after a reopening the result that it had still counts.
    fn close(&self, command: CloseIncident) -> Decision {
        let incident = self.open()?;
        if incident.result.is_none() {
            return Err(IncidentError::NoResult { number: incident.number }.into());
        }
        let closing_type = command.closing_type.unwrap_or_else(|| incident.type_code.clone());
        Ok(vec![IncidentEvent::IncidentClosed { disposition: command.disposition, closing_type }])
    }

    /// Opens it again, where it is closed.
    fn reopen(&self, command: ReopenIncident) -> Decision {
        let incident = self.registered()?;
        if incident.status != IncidentStatus::Closed {
            return Err(IncidentError::NotClosed { number: incident.number }.into());
        }
        Ok(vec![IncidentEvent::IncidentReopened { reason: command.reason }])
    }
}

fn broken_times(from: DateTime<FixedOffset>, to: Option<DateTime<FixedOffset>>, moment: &Moment) -> Vec<IncidentError> {
    let mut broken = Vec::new();
    if moment.is_future(from) {
        broken.push(IncidentError::InFuture { field: "occurred_from" });
    }
    if to.is_some_and(|to| moment.is_future(to)) {
        broken.push(IncidentError::InFuture { field: "occurred_to" });
    }
    if to.is_some_and(|to| to < from) {
        broken.push(IncidentError::EndsBeforeItBegins);
    }
    broken
}

impl Decide for Incident {
    fn decide(&self, command: IncidentCommand, moment: &Moment) -> Decision {
        match command {
            IncidentCommand::RegisterIncident(command) => self.register(*command, moment),
            IncidentCommand::SupplementIncident(command) => self.supplement(*command, moment),
            IncidentCommand::ReclassifyIncident(command) => self.reclassify(command),
            IncidentCommand::AssignIncident(command) => self.assign(command),
            IncidentCommand::RecordResult(command) => self.record_result(command),
            IncidentCommand::CloseIncident(command) => self.close(command),
            IncidentCommand::ReopenIncident(command) => self.reopen(command),
        }
    }
}

impl Aggregate for Incident {
    const TYPE: &'static str = "incident";
    type Command = IncidentCommand;
    type Event = IncidentEvent;
    type Error = Refused<IncidentError>;
    type Services = Moment;

    async fn handle(
        &mut self,
        command: IncidentCommand,
        moment: &Moment,
        sink: &EventSink<Self>,
    ) -> Result<(), Refused<IncidentError>> {
        handle_by_decision(self, command, moment, sink).await
    }

    fn apply(&mut self, event: IncidentEvent) {
        if let Some(incident) = &mut self.registered {
            incident.status = event.status_after(incident.status);
        }
        match event {
            IncidentEvent::IncidentRegistered {
                number,
                type_code,
                category,
                place,
                occurred_from,
                occurred_to,
                institution,
                ..
            } => {
                self.registered = Some(Registered {
                    number,
                    institution,
                    status: IncidentStatus::Registered,
                    type_code,
                    category,
                    place,
                    occurred_from,
                    occurred_to,
                    assignee: None,
                    units: BTreeSet::new(),
                    result: None,
                });
            }
            event => {
                if let Some(incident) = &mut self.registered {
                    incident.amend(event);
                }
            }
        }
    }
}

impl Registered {
    fn amend(&mut self, event: IncidentEvent) {
        match event {
            IncidentEvent::IncidentSupplemented { place, occurred_from, occurred_to, .. } => {
                self.place = place.or(self.place.take());
                self.occurred_from = occurred_from.unwrap_or(self.occurred_from);
                self.occurred_to = occurred_to.or(self.occurred_to);
            }
            IncidentEvent::IncidentReclassified { type_code, category, .. } => {
                if let Some(type_code) = type_code {
                    self.type_code = type_code;
                }
                self.category = category.unwrap_or(self.category);
            }
            IncidentEvent::IncidentAssigned { assignee } => {
                self.units.extend(assignee.unit());
                self.assignee = Some(assignee);
            }
            IncidentEvent::ResultRecorded { result_code, case_refs } => self.result = Some((result_code, case_refs)),
            IncidentEvent::IncidentClosed { closing_type, .. } => self.type_code = closing_type,
            IncidentEvent::IncidentRegistered { .. } | IncidentEvent::IncidentReopened { .. } => {}
        }
    }
}
