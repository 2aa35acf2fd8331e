//! The clocks of a card: T0 (the call comes in) to T13 (the card is done), and which must not lie before which.

use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::lang::terms;
use crate::terms::Service;

terms! {
    /// A clock of an emergency card (kartiņas laika atzīme).
    Clock("clock") {
        /// The call comes in.
        Received = "T0", "Saņemts", "Received";
        /// The call is answered.
        Answered = "T1", "Atbildēts", "Answered";
        /// It is confirmed where it is.
        Located = "T2", "Vieta apstiprināta", "Place confirmed";
        /// It is known what it is.
        Qualified = "T3", "Kvalificēts", "Qualified";
        /// Services are decided.
        Decided = "T4", "Dienesti izlemti", "Services decided";
        /// A service is told.
        Notified = "T5", "Dienests informēts", "Service notified";
        /// A service takes it on.
        Accepted = "T6", "Dienests pieņēmis", "Service accepted";
        /// A unit is sent.
        Attached = "T7", "Ekipāža piesaistīta", "Unit attached";
        /// The situation is under control.
        UnderControl = "T11", "Situācija kontrolēta", "Under control";
        /// A unit's part is over.
        Cleared = "T12", "Ekipāža atbrīvota", "Unit cleared";
        /// The card is done.
        Completed = "T13", "Pabeigts", "Completed";
    }
}

/// A clock that lies before one which it must not lie before: stored, flagged, left out of indicators and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ClockAnomaly {
    /// The clock that comes too early.
    pub clock: Clock,
    /// The clock that should have come first.
    pub before: Clock,
}

/// A clock that ran, and for what: the card itself, a service or a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Tick {
    pub(super) clock: Clock,
    pub(super) of: Of,
    pub(super) at: DateTime<FixedOffset>,
}

/// What a clock belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) enum Of {
    Card,
    Service(Service),
    Unit(Uuid),
}

impl Tick {
    /// Whether this one must not lie before `other`: the later clock of the same service or unit, or of a stage that all pass.
    fn follows(self, other: Self) -> bool {
        let same_thread = match (self.of, other.of) {
            (Of::Card, Of::Card) => true,
            // It is the whole that comes under control: a unit may be free before, and others may still be sent after.
            _ if self.clock == Clock::UnderControl || other.clock == Clock::UnderControl => false,
            (Of::Card, _) | (_, Of::Card) => true,
            (mine, theirs) => mine == theirs,
        };
        self.clock > other.clock && same_thread
    }
}

/// Where `tick` contradicts the clocks that ran before it was told, in either direction.
pub(super) fn anomalies(known: &[Tick], tick: Tick) -> Vec<ClockAnomaly> {
    let found: BTreeSet<_> = known
        .iter()
        .filter_map(|other| {
            if tick.follows(*other) && tick.at < other.at {
                Some(ClockAnomaly { clock: tick.clock, before: other.clock })
            } else if other.follows(tick) && other.at < tick.at {
                Some(ClockAnomaly { clock: other.clock, before: tick.clock })
            } else {
                None
            }
        })
        .collect();
    found.into_iter().collect()
}
