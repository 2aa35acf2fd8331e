//! What may happen to a card.

mod afterwards;
mod duplicate;
mod ending;
mod forward;
mod situation;

pub use ending::{ARCHIVED_AFTER, LAPSES_AFTER};

use std::collections::BTreeSet;

use super::clock::{self, Of, Tick};
use super::state::{Progress, Received};
use super::{
    AttachUnit, CardCommand, CardError, CardEvent, CardStatus, ClearUnit, Clock, ClockAnomaly, CompleteCard,
    DecideServices, EmergencyCard, LinkIncident, QualifyCard, ReceiveCall,
};
use crate::kernel::{Decide, Moment, Refused};
use crate::terms::Service;

type Decision = Result<Vec<CardEvent>, Refused<CardError>>;

impl EmergencyCard {
    fn received(&self) -> Result<&Received, CardError> {
        self.received.as_ref().ok_or(CardError::NotReceived)
    }

    fn open(&self) -> Result<&Received, CardError> {
        let card = self.kept()?;
        if card.status.is_open() { Ok(card) } else { Err(CardError::Completed { number: card.number }) }
    }

    /// Also one that has ended, until it is put away.
    fn kept(&self) -> Result<&Received, CardError> {
        let card = self.received()?;
        match card.status {
            CardStatus::Archived => Err(CardError::Archived { number: card.number }),
            _ => Ok(card),
        }
    }

    /// Opens it under the next card number. T0 is when it happened; an answer before it is flagged.
    fn receive(&self, command: ReceiveCall, moment: &Moment) -> Decision {
        if let Some(card) = &self.received {
            return Err(CardError::AlreadyReceived { number: card.number }.into());
        }
        if command.answered_at.is_some_and(|at| moment.is_future(at)) {
            return Err(CardError::AnsweredInFuture.into());
        }
        let received = Tick { clock: Clock::Received, of: Of::Card, at: moment.occurred_at };
        let answered = command.answered_at.map(|at| Tick { clock: Clock::Answered, of: Of::Card, at });
        Ok(vec![CardEvent::CallReceived {
            number: moment.next_card,
            channel: command.channel,
            institution: command.institution,
            received_at: moment.occurred_at,
            answered_at: command.answered_at,
            caller: command.caller,
            place: command.place,
            narrative: command.narrative,
            recording_ref: command.recording_ref,
            anomalies: answered.map(|answered| clock::anomalies(&[received], answered)).unwrap_or_default(),
        }])
    }

    /// States what it is and how urgent: the first time both must be said, later what is new is recorded.
    fn qualify(&self, command: QualifyCard, moment: &Moment) -> Decision {
        let card = self.open()?;
        if card.qualification.is_some() {
            return Ok(card.requalify(command, moment));
        }
        let QualifyCard { type_code, priority, place, hazards, casualties, alarm_level, source_priority } = command;
        let number = card.number;
        match (type_code, priority) {
            (Some(type_code), Some(priority)) => Ok(vec![CardEvent::CardQualified {
                type_code,
                priority,
                place,
                hazards,
                casualties,
                alarm_level,
                source_priority,
                at: moment.occurred_at,
                anomalies: card.anomalies(Clock::Qualified, Of::Card, moment),
            }]),
            (type_code, priority) => {
                let mut broken = Vec::new();
                if type_code.is_none() {
                    broken.push(CardError::TypeMissing { number });
                }
                if priority.is_none() {
                    broken.push(CardError::PriorityMissing { number });
                }
                Refused::unless_empty(broken).map(|()| Vec::new())
            }
        }
    }

    /// Decides which services go; again, the new set stands in place of the one before, and nothing is recorded where it is
    /// the same. Refused before it is known what it is, for nobody, and without a service that was already told.
    fn decide_services(&self, command: DecideServices, moment: &Moment) -> Decision {
        let card = self.open()?;
        let mut broken = Vec::new();
        if card.qualification.is_none() {
            broken.push(CardError::NotQualified { number: card.number });
        }
        if command.services.is_empty() {
            broken.push(CardError::NoServices);
        }
        let told = card.services.iter().filter(|(_, progress)| **progress >= Progress::Notified);
        let dropped = told.map(|(service, _)| *service).filter(|service| !command.services.contains(service));
        broken.extend(dropped.map(|service| CardError::ServiceAlreadyNotified { service }));
        Refused::unless_empty(broken)?;

        let decided_before = !card.services.is_empty();
        if decided_before && card.services.keys().copied().collect::<BTreeSet<_>>() == command.services {
            return Ok(Vec::new());
        }
        let anomalies = if decided_before { Vec::new() } else { card.anomalies(Clock::Decided, Of::Card, moment) };
        Ok(vec![CardEvent::ServicesDecided {
            services: command.services,
            reason: command.reason,
            at: moment.occurred_at,
            anomalies,
        }])
    }

    /// A decided service was told; the first time counts.
    fn notify(&self, service: Service, moment: &Moment) -> Decision {
        let card = self.open()?;
        match card.services.get(&service) {
            None => Err(CardError::ServiceNotDecided { service }.into()),
            Some(Progress::Notified | Progress::Accepted) => Ok(Vec::new()),
            Some(Progress::Decided) => Ok(vec![CardEvent::ServiceNotified {
                service,
                at: moment.occurred_at,
                anomalies: card.anomalies(Clock::Notified, Of::Service(service), moment),
            }]),
        }
    }

    /// A told service took it on; the first time counts.
    fn accept(&self, service: Service, moment: &Moment) -> Decision {
        let card = self.open()?;
        match card.services.get(&service) {
            None => Err(CardError::ServiceNotDecided { service }.into()),
            Some(Progress::Decided) => Err(CardError::ServiceNotNotified { service }.into()),
            Some(Progress::Accepted) => Ok(Vec::new()),
            Some(Progress::Notified) => Ok(vec![CardEvent::ServiceAccepted {
                service,
                at: moment.occurred_at,
                anomalies: card.anomalies(Clock::Accepted, Of::Service(service), moment),
            }]),
        }
    }

    /// A unit is sent: at any stage of an open card, for a unit may go before it is known what it is. Nothing where it is on it.
    /// Who sends another than was recommended says why: the person decides, and it can be told later.
    fn attach(&self, command: AttachUnit, moment: &Moment) -> Decision {
        let card = self.open()?;
        let AttachUnit { unit, recommendation, override_reason } = command;
        if card.units.contains(&unit) {
            return Ok(Vec::new());
        }
        if recommendation.as_ref().is_some_and(|advice| !advice.recommended) && override_reason.is_none() {
            return Err(CardError::OverrideWithoutReason { unit }.into());
        }
        let anomalies = card.anomalies(Clock::Attached, Of::Unit(unit), moment);
        let at = moment.occurred_at;
        Ok(vec![CardEvent::UnitAttached { unit, recommendation, override_reason, at, anomalies }])
    }

    /// A unit's part is over, where it is on the card.
    fn clear(&self, command: &ClearUnit, moment: &Moment) -> Decision {
        let card = self.open()?;
        let ClearUnit { unit, diverted } = *command;
        if !card.units.contains(&unit) {
            return Err(CardError::UnitNotOnCard { unit, number: card.number }.into());
        }
        let anomalies = card.anomalies(Clock::Cleared, Of::Unit(unit), moment);
        Ok(vec![CardEvent::UnitCleared { unit, diverted, at: moment.occurred_at, anomalies }])
    }

    /// Ends it, once no unit is on it. A call that turns out to be nothing may end before it was ever qualified.
    fn complete(&self, command: CompleteCard, moment: &Moment) -> Decision {
        let card = self.open()?;
        if !card.units.is_empty() {
            return Err(CardError::HasUnits { number: card.number, units: card.units.iter().copied().collect() }.into());
        }
        Ok(vec![CardEvent::CardCompleted {
            disposition: command.disposition,
            source_disposition: command.source_disposition,
            at: moment.occurred_at,
            anomalies: card.anomalies(Clock::Completed, Of::Card, moment),
        }])
    }

    /// Ties it to the incident that came of it, also after it is completed. Refused where it is tied to another.
    fn link(&self, command: &LinkIncident) -> Decision {
        let card = self.kept()?;
        match card.incident {
            Some(incident) if incident == command.incident => Ok(Vec::new()),
            Some(incident) => Err(CardError::LinkedToAnother { number: card.number, incident }.into()),
            None => Ok(vec![CardEvent::CardLinked { incident: command.incident }]),
        }
    }
}

impl Received {
    fn anomalies(&self, clock: Clock, of: Of, moment: &Moment) -> Vec<ClockAnomaly> {
        let tick = Tick { clock, of, at: moment.occurred_at };
        let again = clock == Clock::Attached;
        let known: Vec<_> = self.ticks.iter().copied().filter(|known| !(again && known.of == of)).collect();
        clock::anomalies(&known, tick)
    }

    /// What is new in a qualification that comes again; nothing where all is known.
    fn requalify(&self, command: QualifyCard, moment: &Moment) -> Vec<CardEvent> {
        let Some(known) = &self.qualification else { return Vec::new() };
        let type_code = command.type_code.filter(|new| *new != known.type_code);
        let priority = command.priority.filter(|new| *new != known.priority);
        let place = command.place.filter(|new| Some(new) != self.place.as_ref());
        let hazards = Some(command.hazards).filter(|new| !new.is_empty() && *new != known.hazards);
        let casualties = command.casualties.filter(|new| Some(*new) != known.casualties);
        let alarm_level = command.alarm_level.filter(|new| Some(*new) != known.alarm_level);
        let source_priority = command.source_priority.filter(|new| Some(new) != known.source_priority.as_ref());
        if type_code.is_none()
            && priority.is_none()
            && place.is_none()
            && hazards.is_none()
            && casualties.is_none()
            && alarm_level.is_none()
            && source_priority.is_none()
        {
            return Vec::new();
        }
        let at = moment.occurred_at;
        vec![CardEvent::CardRequalified {
            type_code,
            priority,
            place,
            hazards,
            casualties,
            alarm_level,
            source_priority,
            at,
        }]
    }
}

impl Decide for EmergencyCard {
    fn decide(&self, command: CardCommand, moment: &Moment) -> Decision {
        match command {
            CardCommand::ReceiveCall(command) => self.receive(*command, moment),
            CardCommand::QualifyCard(command) => self.qualify(*command, moment),
            CardCommand::DecideServices(command) => self.decide_services(command, moment),
            CardCommand::NotifyService(command) => self.notify(command.service, moment),
            CardCommand::AcceptService(command) => self.accept(command.service, moment),
            CardCommand::AttachUnit(command) => self.attach(command, moment),
            CardCommand::ClearUnit(command) => self.clear(&command, moment),
            CardCommand::CompleteCard(command) => self.complete(command, moment),
            CardCommand::LinkIncident(command) => self.link(&command),
            CardCommand::ConfirmLocation(command) => self.confirm_location(command, moment),
            CardCommand::UpdateSituation(command) => self.update_situation(command, moment),
            CardCommand::AddFile(file) => self.add_file(file, moment),
            CardCommand::HandOverByPhone(command) => self.hand_over(command, moment),
            CardCommand::CloseNonEmergency(command) => self.close_non_emergency(command, moment),
            CardCommand::CancelCard(command) => self.cancel(command, moment),
            CardCommand::LapseCard => self.lapse(moment),
            CardCommand::ArchiveCard => self.archive(moment),
            CardCommand::MarkDuplicate(command) => self.mark_duplicate(command, moment),
            CardCommand::UnmarkDuplicate(command) => self.unmark_duplicate(command, moment),
            CardCommand::TakeDuplicate(card) => self.take_duplicate(card),
            CardCommand::ReleaseDuplicate(card) => self.release_duplicate(card),
            CardCommand::ReviewCard(command) => self.review(*command, moment),
            CardCommand::ForwardCard(command) => self.forward_to(command, moment),
            CardCommand::ReceiveForward(command) => self.receive_forward(command),
            CardCommand::ReturnForward(command) => self.return_forward(command, moment),
            CardCommand::ReportForward(command) => self.report_forward(command, moment),
        }
    }
}
