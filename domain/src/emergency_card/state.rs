//! What is known of a card that was received, and what each event makes of it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::clock::{Clock, Of, Tick};
use super::{CardEvent, CardStatus, Forward};
use crate::classifier::{CardType, Hazard};
use crate::terms::{Priority, Service};
use crate::values::{AlarmLevel, CardNumber, Casualties, ContentDigest, InstitutionCode, Place, SourceCode};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Received {
    pub(super) number: CardNumber,
    pub(super) institution: InstitutionCode,
    pub(super) status: CardStatus,
    pub(super) qualification: Option<Qualification>,
    pub(super) place: Option<Place>,
    pub(super) services: BTreeMap<Service, Progress>,
    pub(super) units: BTreeSet<Uuid>,
    /// Every unit that was ever on it.
    pub(super) sent: BTreeSet<Uuid>,
    pub(super) incident: Option<Uuid>,
    pub(super) ticks: Vec<Tick>,
    /// Whether it is under control, where somebody said so.
    pub(super) under_control: Option<bool>,
    /// Digests of the files that belong to it.
    pub(super) files: BTreeSet<ContentDigest>,
    /// The card that goes on for this one too.
    pub(super) duplicate_of: Option<Uuid>,
    /// Cards that are about the same, and for which this one goes on.
    pub(super) duplicates: BTreeSet<Uuid>,
    /// Whom it was forwarded to, and how far it is there.
    pub(super) forwards: BTreeMap<InstitutionCode, Forward>,
    /// When something last happened to it, and when it ended: for the times after which nobody has to do it.
    pub(super) latest: DateTime<FixedOffset>,
    pub(super) ended_at: Option<DateTime<FixedOffset>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Qualification {
    pub(super) type_code: CardType,
    pub(super) priority: Priority,
    pub(super) hazards: BTreeSet<Hazard>,
    pub(super) casualties: Option<Casualties>,
    pub(super) alarm_level: Option<AlarmLevel>,
    pub(super) source_priority: Option<SourceCode>,
}

/// How far a decided service has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub(super) enum Progress {
    Decided,
    Notified,
    Accepted,
}

impl Received {
    /// What a call makes; none of any other event.
    pub(super) fn of(event: &CardEvent) -> Option<Self> {
        let CardEvent::CallReceived { number, institution, received_at, answered_at, place, .. } = event else {
            return None;
        };
        let mut ticks = vec![Tick { clock: Clock::Received, of: Of::Card, at: *received_at }];
        ticks.extend(answered_at.map(|at| Tick { clock: Clock::Answered, of: Of::Card, at }));
        Some(Self {
            number: *number,
            institution: institution.clone(),
            status: CardStatus::Received,
            qualification: None,
            place: place.clone(),
            services: BTreeMap::new(),
            units: BTreeSet::new(),
            sent: BTreeSet::new(),
            incident: None,
            ticks,
            under_control: None,
            files: BTreeSet::new(),
            duplicate_of: None,
            duplicates: BTreeSet::new(),
            forwards: BTreeMap::new(),
            latest: *received_at,
            ended_at: None,
        })
    }

    /// Takes in an event after the call.
    pub(super) fn amend(&mut self, event: CardEvent) {
        if let Some(at) = event.clock_at() {
            self.latest = self.latest.max(at);
        }
        let was_open = self.status.is_open();
        self.status = event.status_after(self.status);
        if was_open && !self.status.is_open() {
            self.ended_at = Some(self.latest);
        }
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
            event => self.amend_rest(event),
        }
    }

    /// The same of what is told beside the way from the call to the last unit's release.
    fn amend_rest(&mut self, event: CardEvent) {
        match event {
            CardEvent::LocationConfirmed { place, at, .. } => {
                self.place = Some(place);
                self.first(Clock::Located, at);
            }
            CardEvent::SituationUpdated { under_control, hazards, casualties, at, .. } => {
                self.under_control = under_control.or(self.under_control);
                if let Some(known) = &mut self.qualification {
                    known.hazards = hazards.unwrap_or_else(|| std::mem::take(&mut known.hazards));
                    known.casualties = casualties.or(known.casualties);
                }
                if under_control == Some(true) {
                    self.first(Clock::UnderControl, at);
                }
            }
            CardEvent::FileAdded { file, .. } => {
                self.files.insert(file.sha256);
            }
            CardEvent::HandedOverByPhone { service, at, .. } => {
                self.services.insert(service, Progress::Accepted);
                self.ticks.push(Tick { clock: Clock::Accepted, of: Of::Service(service), at });
            }
            CardEvent::CardClosedNonEmergency { at, .. } | CardEvent::CardCancelled { at, .. } => {
                self.first(Clock::Completed, at);
            }
            CardEvent::DuplicateMarked { of, .. } => self.duplicate_of = Some(of),
            CardEvent::DuplicateUnmarked { .. } => self.duplicate_of = None,
            CardEvent::DuplicateTaken { card } => {
                self.duplicates.insert(card);
            }
            CardEvent::DuplicateReleased { card } => {
                self.duplicates.remove(&card);
            }
            CardEvent::CardForwarded { to, by, .. } => {
                self.forwards.insert(to, Forward::new(by));
            }
            CardEvent::ForwardReceived { to, incident, .. } => {
                self.forward(&to, |forward| forward.receive(incident));
            }
            CardEvent::ForwardReturned { to, .. } => self.forward(&to, Forward::give_back),
            CardEvent::ForwardProgressed { to, progress, .. } => {
                self.forward(&to, |forward| forward.progress = Some(progress));
            }
            _ => {}
        }
    }

    fn forward(&mut self, to: &InstitutionCode, change: impl FnOnce(&mut Forward)) {
        if let Some(forward) = self.forwards.get_mut(to) {
            change(forward);
        }
    }

    /// Of these clocks the first time counts.
    fn first(&mut self, clock: Clock, at: DateTime<FixedOffset>) {
        if !self.ticks.iter().any(|tick| tick.clock == clock) {
            self.ticks.push(Tick { clock, of: Of::Card, at });
        }
    }
}
