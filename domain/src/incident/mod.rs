//! An incident (notikums): what police registers, from the report to how it was dealt with.

mod command;
mod decide;
mod error;
mod event;
mod examples;
mod involved;
pub mod related;
mod state;
#[cfg(test)]
mod tests;

use chrono::{DateTime, FixedOffset};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use command::*;
pub use error::IncidentError;
pub use event::{EARLIER, IncidentEvent, TELLING};
pub use involved::{Document, Identity, Item, Organisation, Vehicle};

use self::state::Registered;
use crate::kernel::{Decide, Moment, Refused, handle_by_decision};
use crate::lang::terms;
use crate::terms::{RaisedClass, TransferOutcome};
use crate::values::{InstitutionCode, NationalNumber, Place};

terms! {
    /// Where an incident stands (notikuma stāvoklis). That it is offered to another institution is no state: its own goes on working.
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
        /// It goes on in another that it is the same as.
        Merged = "merged", "Apvienots", "Merged";
        /// Registered in error.
        Annulled = "annulled", "Anulēts", "Annulled";
        /// Given back to who had forwarded its card.
        Returned = "returned", "Atdots atpakaļ", "Returned";
    }
}

impl IncidentEvent {
    /// Where the incident stands after it, having stood at `before`. A result outlives a new assignment; who takes an incident on, or gets
    /// it back, has given it to nobody yet.
    #[must_use]
    pub fn status_after(&self, before: IncidentStatus) -> IncidentStatus {
        match (self, before) {
            (Self::IncidentRegistered { .. }, _)
            | (
                Self::TransferAccepted { .. } | Self::TransferCompleted { outcome: TransferOutcome::Returned, .. },
                IncidentStatus::Assigned,
            ) => IncidentStatus::Registered,
            (Self::IncidentAssigned { .. }, IncidentStatus::Registered) => IncidentStatus::Assigned,
            (Self::ResultRecorded { .. }, _) => IncidentStatus::ResultRecorded,
            (Self::IncidentClosed { .. }, _) => IncidentStatus::Closed,
            (Self::IncidentReopened { .. }, _) => IncidentStatus::InProgress,
            (Self::IncidentMerged { .. }, _) => IncidentStatus::Merged,
            (Self::IncidentUnmerged { status, .. }, _) => *status,
            (Self::IncidentAnnulled { .. }, _) => IncidentStatus::Annulled,
            (Self::IncidentReturned { .. }, _) => IncidentStatus::Returned,
            _ => before,
        }
    }
}

/// Most processes that one incident goes on in.
pub const MAX_CASE_REFS: usize = 50;
/// Most persons, organisations, vehicles, items and documents of one incident, all together.
pub const MAX_INVOLVED: usize = 1_000;
/// Most incidents that one is tied to, and most that one takes the place of.
pub const MAX_LINKS: usize = 500;
/// Most items that are seized in one incident.
pub const MAX_SEIZED: usize = 2_000;
/// Most days that an offer holds.
pub const MAX_TRANSFER_DAYS: i64 = 30;
/// Hours that an offer holds where nothing else is said. Illustrative: no rule of law is known.
pub const TRANSFER_HOURS: i64 = 24;

/// What is known of an incident; no personal data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Incident {
    registered: Option<Registered>,
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

    /// Institution that answers for it: the one that registered it, until another accepted it.
    #[must_use]
    pub fn responsible(&self) -> Option<&InstitutionCode> {
        Some(&self.registered.as_ref()?.responsible)
    }

    /// Institutions that answered for it before.
    pub fn formerly(&self) -> impl Iterator<Item = &InstitutionCode> {
        self.registered.iter().flat_map(|incident| &incident.formerly)
    }

    /// Institution that it is offered to.
    #[must_use]
    pub fn offered_to(&self) -> Option<&InstitutionCode> {
        Some(&self.registered.as_ref()?.offer.as_ref()?.to)
    }

    /// How restricted it is beyond the usual.
    #[must_use]
    pub fn class(&self) -> Option<RaisedClass> {
        self.registered.as_ref()?.class()
    }

    /// Until when somebody has to be there, as far as that follows.
    #[must_use]
    pub fn respond_by(&self) -> Option<DateTime<FixedOffset>> {
        self.registered.as_ref()?.respond_by
    }

    /// Where it is, as far as is known.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.registered.as_ref()?.place.as_ref()
    }

    /// The emergency card that was forwarded to become it; none where it came otherwise.
    #[must_use]
    pub fn forwarded_card(&self) -> Option<Uuid> {
        let incident = self.registered.as_ref()?;
        incident.forwarded_by.as_ref().and(incident.card)
    }

    /// The incident that it was merged into.
    #[must_use]
    pub fn merged_into(&self) -> Option<Uuid> {
        self.registered.as_ref()?.merged
    }

    /// Number within the incident of an item that was seized in it.
    #[must_use]
    pub fn seized_item(&self, item: Uuid) -> Option<u32> {
        self.registered.as_ref()?.seized.get(&item).copied()
    }

    /// Refuses somebody who takes no part in it.
    ///
    /// # Errors
    /// [`IncidentError::NotInvolved`], or that it is not registered.
    pub fn must_involve(&self, person: Uuid) -> Result<(), Refused<IncidentError>> {
        let incident = self.registered.as_ref().ok_or(IncidentError::NotRegistered)?;
        Ok(incident.has_person(Some(person))?)
    }

    /// The version of somebody's or something's involvement; none where they are not involved. It grows with each change of an involvement
    /// in this incident, so that no two are the same.
    #[must_use]
    pub fn involvement(&self, id: Uuid) -> Option<u32> {
        self.registered.as_ref()?.involvements.get(&id).copied()
    }

    /// Every unit that it was ever given to.
    pub fn units(&self) -> impl Iterator<Item = Uuid> {
        self.registered.iter().flat_map(|incident| incident.units.iter().copied())
    }
}

impl Decide for Incident {
    // 2: institutions, persons, things, links and transfers are part of it, and what a status means with them.
    const STATE_MEANING: u32 = 2;

    fn decide(&self, command: IncidentCommand, moment: &Moment) -> Decision {
        match command {
            IncidentCommand::RegisterIncident(command) => self.register(*command, moment),
            IncidentCommand::SupplementIncident(command) => self.supplement(*command, moment),
            IncidentCommand::CorrectIncident(command) => self.correct(*command, moment),
            IncidentCommand::ReclassifyIncident(command) => self.reclassify(command),
            IncidentCommand::NoteEarlierVersion(command) => self.note_earlier_version(*command),
            IncidentCommand::AssignIncident(command) => self.assign(command),
            IncidentCommand::RecordAction(command) => self.record_action(*command, moment),
            IncidentCommand::RecordResult(command) => self.record_result(command),
            IncidentCommand::CloseIncident(command) => self.close(command),
            IncidentCommand::ReopenIncident(command) => self.reopen(command),
            IncidentCommand::RestrictIncident(command) => self.restrict(command),
            IncidentCommand::LiftRestriction(command) => self.lift_restriction(command),
            IncidentCommand::RequestAnnulment(command) => self.request_annulment(command),
            IncidentCommand::ApproveAnnulment(command) => self.approve_annulment(command),
            IncidentCommand::RejectAnnulment(command) => self.reject_annulment(command),
            IncidentCommand::InvolvePerson(command) => self.involve_person(*command),
            IncidentCommand::IdentifyPerson(command) => self.identify_person(*command),
            IncidentCommand::ChangePersonRoles(command) => self.change_roles(command),
            IncidentCommand::InvolveOrganisation(command) => self.involve_organisation(*command),
            IncidentCommand::InvolveVehicle(command) => self.involve_vehicle(*command),
            IncidentCommand::InvolveItem(command) => self.involve_item(*command),
            IncidentCommand::InvolveDocument(command) => self.involve_document(*command),
            IncidentCommand::WithdrawInvolvement(command) => self.withdraw_involvement(command),
            IncidentCommand::LinkIncidents(command) => self.link(command),
            IncidentCommand::UnlinkIncidents(command) => self.unlink(command),
            IncidentCommand::MergeIncident(command) => self.merge(command),
            IncidentCommand::AbsorbIncident(command) => self.absorb(command),
            IncidentCommand::UnmergeIncident(command) => self.unmerge(command),
            IncidentCommand::ReleaseIncident(command) => self.release(command),
            IncidentCommand::SplitIncident(command) => self.split(command),
            IncidentCommand::AddSeizedItem(command) => self.add_seized_item(&command),
            IncidentCommand::OfferTransfer(command) => self.offer_transfer(command, moment),
            IncidentCommand::AcceptTransfer(command) => self.accept_transfer(command, moment),
            IncidentCommand::RejectTransfer(command) => self.reject_transfer(command),
            IncidentCommand::WithdrawTransfer(command) => self.withdraw_transfer(command),
            IncidentCommand::ExpireTransfer => self.expire_transfer(moment),
            IncidentCommand::CompleteTransfer(command) => self.complete_transfer(command),
            IncidentCommand::ReturnIncident(command) => self.give_back(command),
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
        if let Some(registered) = Registered::of(&event) {
            self.registered = Some(registered);
            return;
        }
        let Some(incident) = &mut self.registered else { return };
        if matches!(event, IncidentEvent::IncidentMerged { .. }) {
            incident.before_merger = Some(incident.status);
        }
        incident.status = event.status_after(incident.status);
        incident.amend(event);
    }
}
