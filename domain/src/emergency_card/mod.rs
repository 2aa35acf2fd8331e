//! A unified emergency card (vienotā elektroniskā kartiņa, VEK) of the 112 platform: from the call to the last unit's release.

mod clock;
mod command;
mod decide;
mod error;
mod event;
mod examples;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use clock::{Clock, ClockAnomaly};
pub use command::{
    AcceptService, AttachUnit, CardCommand, ClearUnit, CompleteCard, DecideServices, LinkIncident, NotifyService,
    QualifyCard, ReceiveCall,
};
pub use error::CardError;
pub use event::{CardEvent, PlanAdvice};

use crate::classifier::{CardType, Hazard};
use crate::kernel::{Moment, Refused, handle_by_decision};
use crate::lang::terms;
use crate::terms::{Priority, Service};
use crate::values::{AlarmLevel, CardNumber, Casualties, InstitutionCode, Place, SourceCode};
use clock::{Of, Tick};

terms! {
    /// Where a card stands (kartiņas stāvoklis).
    CardStatus("card status") {
        /// The call is in.
        Received = "received", "Saņemta", "Received";
        /// It is known what it is.
        Qualified = "qualified", "Kvalificēta", "Qualified";
        /// It is decided which services go.
        Routed = "routed", "Nodota dienestiem", "Routed";
        /// A unit was sent.
        Dispatched = "dispatched", "Izsūtīta ekipāža", "Dispatched";
        /// Done.
        Completed = "completed", "Pabeigta", "Completed";
    }
}

impl CardEvent {
    /// Where the card stands after it, having stood at `before`. A card only moves forward: what comes later than its stage,
    /// such as a type that is stated after a unit was sent, doesn't take it back.
    #[must_use]
    pub fn status_after(&self, before: CardStatus) -> CardStatus {
        match self {
            Self::CallReceived { .. } => CardStatus::Received,
            Self::CardQualified { .. } => before.max(CardStatus::Qualified),
            Self::ServicesDecided { .. } | Self::ServiceNotified { .. } | Self::ServiceAccepted { .. } => {
                before.max(CardStatus::Routed)
            }
            Self::UnitAttached { .. } => before.max(CardStatus::Dispatched),
            Self::CardCompleted { .. } => CardStatus::Completed,
            Self::CardRequalified { .. } | Self::UnitCleared { .. } | Self::CardLinked { .. } => before,
        }
    }
}

/// What is known of a card; no personal data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EmergencyCard {
    received: Option<Received>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
struct Received {
    number: CardNumber,
    institution: InstitutionCode,
    status: CardStatus,
    qualification: Option<Qualification>,
    place: Option<Place>,
    services: BTreeMap<Service, Progress>,
    units: BTreeSet<Uuid>,
    /// Every unit that was ever on it.
    sent: BTreeSet<Uuid>,
    incident: Option<Uuid>,
    ticks: Vec<Tick>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
struct Qualification {
    type_code: CardType,
    priority: Priority,
    hazards: BTreeSet<Hazard>,
    casualties: Option<Casualties>,
    alarm_level: Option<AlarmLevel>,
    source_priority: Option<SourceCode>,
}

/// How far a decided service has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
enum Progress {
    Decided,
    Notified,
    Accepted,
}

impl EmergencyCard {
    /// Its number; nothing before the call is received.
    #[must_use]
    pub fn number(&self) -> Option<CardNumber> {
        Some(self.received.as_ref()?.number)
    }

    /// Where it stands; nothing before the call is received.
    #[must_use]
    pub fn status(&self) -> Option<CardStatus> {
        Some(self.received.as_ref()?.status)
    }

    /// Institution that received the call; nothing before that.
    #[must_use]
    pub fn institution(&self) -> Option<&InstitutionCode> {
        Some(&self.received.as_ref()?.institution)
    }

    /// Where it is, as far as is known.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.received.as_ref()?.place.as_ref()
    }

    /// Services that it was decided, or told, to send.
    pub fn services(&self) -> impl Iterator<Item = Service> {
        self.received.iter().flat_map(|card| card.services.keys().copied())
    }

    /// Every unit that was ever on it.
    pub fn sent_units(&self) -> impl Iterator<Item = Uuid> {
        self.received.iter().flat_map(|card| card.sent.iter().copied())
    }

    /// Units that are on it.
    pub fn units(&self) -> impl Iterator<Item = Uuid> {
        self.received.iter().flat_map(|card| card.units.iter().copied())
    }
}

impl Aggregate for EmergencyCard {
    const TYPE: &'static str = "emergency_card";
    type Command = CardCommand;
    type Event = CardEvent;
    type Error = Refused<CardError>;
    type Services = Moment;

    async fn handle(
        &mut self,
        command: CardCommand,
        moment: &Moment,
        sink: &EventSink<Self>,
    ) -> Result<(), Refused<CardError>> {
        handle_by_decision(self, command, moment, sink).await
    }

    fn apply(&mut self, event: CardEvent) {
        if let CardEvent::CallReceived { number, institution, received_at, answered_at, place, .. } = event {
            let mut ticks = vec![Tick { clock: Clock::Received, of: Of::Card, at: received_at }];
            ticks.extend(answered_at.map(|at| Tick { clock: Clock::Answered, of: Of::Card, at }));
            self.received = Some(Received {
                number,
                institution,
                status: CardStatus::Received,
                qualification: None,
                place,
                services: BTreeMap::new(),
                units: BTreeSet::new(),
                sent: BTreeSet::new(),
                incident: None,
                ticks,
            });
        } else if let Some(card) = &mut self.received {
            card.status = event.status_after(card.status);
            card.amend(event);
        }
    }
}

impl Received {
    fn amend(&mut self, event: CardEvent) {
        match event {
            CardEvent::CardQualified {
                type_code,
                priority,
                place,
                hazards,
                casualties,
                alarm_level,
                source_priority,
                at,
                ..
            } => {
                self.place = place.or(self.place.take());
                self.qualification =
                    Some(Qualification { type_code, priority, hazards, casualties, alarm_level, source_priority });
                self.ticks.push(Tick { clock: Clock::Qualified, of: Of::Card, at });
            }
            CardEvent::CardRequalified {
                type_code,
                priority,
                place,
                hazards,
                casualties,
                alarm_level,
                source_priority,
                ..
            } => {
                self.place = place.or(self.place.take());
                if let Some(known) = &mut self.qualification {
                    known.priority = priority.unwrap_or(known.priority);
                    if let Some(type_code) = type_code {
                        known.type_code = type_code;
                    }
                    if let Some(hazards) = hazards {
                        known.hazards = hazards;
                    }
                    known.casualties = casualties.or(known.casualties);
                    known.alarm_level = alarm_level.or(known.alarm_level);
                    known.source_priority = source_priority.or(known.source_priority.take());
                }
            }
            CardEvent::ServicesDecided { services, at, .. } => {
                self.services.retain(|service, _| services.contains(service));
                for service in services {
                    self.services.entry(service).or_insert(Progress::Decided);
                }
                if !self.ticks.iter().any(|tick| tick.clock == Clock::Decided) {
                    self.ticks.push(Tick { clock: Clock::Decided, of: Of::Card, at });
                }
            }
            CardEvent::ServiceNotified { service, at, .. } => {
                self.services.insert(service, Progress::Notified);
                self.ticks.push(Tick { clock: Clock::Notified, of: Of::Service(service), at });
            }
            CardEvent::ServiceAccepted { service, at, .. } => {
                self.services.insert(service, Progress::Accepted);
                self.ticks.push(Tick { clock: Clock::Accepted, of: Of::Service(service), at });
            }
            CardEvent::UnitAttached { unit, at, .. } => {
                self.units.insert(unit);
                self.sent.insert(unit);
                self.ticks.retain(|tick| tick.of != Of::Unit(unit));
                self.ticks.push(Tick { clock: Clock::Attached, of: Of::Unit(unit), at });
            }
            CardEvent::UnitCleared { unit, at, .. } => {
                self.units.remove(&unit);
                self.ticks.push(Tick { clock: Clock::Cleared, of: Of::Unit(unit), at });
            }
            CardEvent::CardCompleted { at, .. } => {
                self.ticks.push(Tick { clock: Clock::Completed, of: Of::Card, at });
            }
            CardEvent::CardLinked { incident } => self.incident = Some(incident),
            CardEvent::CallReceived { .. } => {}
        }
    }
}
