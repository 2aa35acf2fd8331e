//! A unified emergency card (vienotā elektroniskā kartiņa, VEK) of the 112 platform: from the call to the last unit's release.

mod clock;
mod command;
mod decide;
pub mod duplicate;
mod error;
mod event;
mod examples;
mod file;
mod forward;
pub mod review;
mod state;
#[cfg(test)]
mod tests;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use clock::{Clock, ClockAnomaly};
pub use command::*;
pub use decide::{ARCHIVED_AFTER, LAPSES_AFTER};
pub use error::CardError;
pub use event::{CardEvent, PlanAdvice};
pub use file::{CardFile, FileKind};
pub use forward::{Forward, ForwardProgress, ForwardStage};
pub use review::{ReviewFinding, ReviewScore};

use crate::kernel::{Moment, Refused, handle_by_decision};
use crate::lang::terms;
use crate::terms::Service;
use crate::values::{CardNumber, InstitutionCode, Place};
use state::Received;

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
        /// It is under control.
        UnderControl = "under_control", "Situācija kontrolēta", "Under control";
        /// Done.
        Completed = "completed", "Pabeigta", "Completed";
        /// It was no emergency.
        NonEmergency = "non_emergency", "Nav ārkārtas notikums", "Non-emergency";
        /// Called off.
        Cancelled = "cancelled", "Atcelta", "Cancelled";
        /// Nobody ended it in time.
        Lapsed = "lapsed", "Slēgta automātiski", "Closed by time";
        /// Put away.
        Archived = "archived", "Arhivēta", "Archived";
    }
}

impl CardStatus {
    /// Whether it is still worked on.
    #[must_use]
    pub fn is_open(self) -> bool {
        self <= Self::UnderControl
    }
}

terms! {
    /// What a call was instead of an emergency.
    NoEmergency("kind of non-emergency") {
        /// Somebody wants to know something.
        Information = "information", "Informācijas pieprasījums", "Request for information";
        /// Another service or office is the right one, and the caller was told which.
        OtherService = "other_service", "Citas iestādes kompetence", "For another institution";
        /// Nobody spoke, or the call broke off.
        Silent = "silent", "Klusuma zvans", "Silent call";
        /// Dialled by mistake.
        Mistaken = "mistaken", "Nejaušs zvans", "Dialled by mistake";
        /// Dialled for fun or out of malice.
        Nuisance = "nuisance", "Ļaunprātīgs zvans", "Nuisance call";
        /// A test of a system, of eCall for one.
        Test = "test", "Sistēmas pārbaude", "Test";
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
            Self::ServicesDecided { .. }
            | Self::ServiceNotified { .. }
            | Self::ServiceAccepted { .. }
            | Self::HandedOverByPhone { .. } => before.max(CardStatus::Routed),
            Self::UnitAttached { .. } => before.max(CardStatus::Dispatched),
            Self::SituationUpdated { under_control: Some(true), .. } => before.max(CardStatus::UnderControl),
            // What is no longer under control goes back to what it was: the one step back that there is.
            Self::SituationUpdated { under_control: Some(false), .. } => before.min(CardStatus::Dispatched),
            Self::CardCompleted { .. } => CardStatus::Completed,
            Self::CardClosedNonEmergency { .. } => CardStatus::NonEmergency,
            Self::CardCancelled { .. } => CardStatus::Cancelled,
            Self::CardLapsed { .. } => CardStatus::Lapsed,
            Self::CardArchived { .. } => CardStatus::Archived,
            Self::SituationUpdated { under_control: None, .. }
            | Self::CardRequalified { .. }
            | Self::UnitCleared { .. }
            | Self::CardLinked { .. }
            | Self::LocationConfirmed { .. }
            | Self::FileAdded { .. }
            | Self::DuplicateMarked { .. }
            | Self::DuplicateUnmarked { .. }
            | Self::DuplicateTaken { .. }
            | Self::DuplicateReleased { .. }
            | Self::CardReviewed { .. }
            | Self::CardForwarded { .. }
            | Self::ForwardReceived { .. }
            | Self::ForwardReturned { .. }
            | Self::ForwardProgressed { .. } => before,
        }
    }
}

/// What is known of a card; no personal data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EmergencyCard {
    received: Option<Received>,
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

    /// The card that goes on for this one too, where somebody found them to be about the same.
    #[must_use]
    pub fn duplicate_of(&self) -> Option<Uuid> {
        self.received.as_ref()?.duplicate_of
    }

    /// How far it is with an institution that it was forwarded to.
    #[must_use]
    pub fn forward(&self, to: &InstitutionCode) -> Option<&Forward> {
        self.received.as_ref()?.forwards.get(to)
    }

    /// Institutions that it was forwarded to, however that ended: what it is stays theirs to see.
    pub fn forwarded_to(&self) -> impl Iterator<Item = &InstitutionCode> {
        self.received.iter().flat_map(|card| card.forwards.keys())
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
        if let Some(received) = Received::of(&event) {
            self.received = Some(received);
        } else if let Some(card) = &mut self.received {
            card.amend(event);
        }
    }
}
