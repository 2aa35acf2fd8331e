//! What to send (reaģēšanas ieteikums): the plan that fits a card, and the fastest units that it asks for.
//!
//! [`recommend`] is a function of the plans in force, the card, the roster as at a moment and the estimate of travel times, and of nothing
//! else: no clock, no order of its inputs, no floating-point number. So what was recommended can be told again from history. It
//! recommends; a person decides, and says why where they decide otherwise.

mod back_test;
mod choose;
mod learned;
mod recommendation;
mod roster;
#[cfg(test)]
mod tests;
mod travel;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use back_test::{BackTest, Tried, Wrong, back_test};
pub use choose::MAX_POSITION_AGE;
pub use learned::{Drive, Home, LearnedTravel};
pub use recommendation::{
    Chosen, ChosenPlan, Doubt, LeftOut, LeftReason, NeedFilled, PlanLeft, PlanReason, Recommendation,
};
pub use roster::{Roster, RosterUnit, SeenAt};
pub use travel::{Leg, StraightLine, TravelEstimate, metres};

use crate::classifier::{CardType, Hazard};
use crate::ids::riga_day;
use crate::response_plan::{Applies, Asked, PlanContent, lies_in};
use crate::terms::Priority;
use crate::values::{AlarmLevel, Code, GeoPoint, TerritoryCode};

/// A version of a plan that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanVersion {
    /// Code of the plan.
    pub code: Code,
    /// Which of its versions.
    pub version: u32,
    /// What it says.
    pub content: PlanContent,
}

/// A card as it is seen when somebody asks: registered, or still being typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CardSeen {
    /// Its id, where it is registered: units that are on it already count towards the plan.
    pub id: Option<Uuid>,
    /// What it is about.
    pub type_code: Option<CardType>,
    /// How urgent it is.
    pub priority: Option<Priority>,
    /// What endangers people there.
    pub hazards: BTreeSet<Hazard>,
    /// Territory that it lies in.
    pub territory: Option<TerritoryCode>,
    /// Where it is.
    pub point: Option<GeoPoint>,
    /// Alarm level that is asked for; 1 where nothing is said.
    pub alarm_level: Option<AlarmLevel>,
}

/// When units would be sent, and as at when they are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// When they would be sent: decides which plans apply by hour and day.
    pub sent_at: DateTime<Utc>,
    /// When the roster was as it is given: decides how old a position is.
    pub known_at: DateTime<Utc>,
}

impl When {
    /// Sent at the moment as at which they are known.
    #[must_use]
    pub fn at(moment: DateTime<Utc>) -> Self {
        Self { sent_at: moment, known_at: moment }
    }
}

/// Recommends what to send to a card.
///
/// The plan: of those that apply the one that asks for most (`specificity`), of these the one of highest rank, of these the first code.
/// The units: for the hardest need first (most equipment, largest crew) the fastest that fit it; of equally fast ones the nearer, of these the
/// lower id. A unit goes for one need only, and none goes whose leaving would break the coverage that the plan says must stay.
#[must_use]
pub fn recommend(
    plans: &[PlanVersion],
    card: &CardSeen,
    roster: &[RosterUnit],
    when: When,
    travel: &impl TravelEstimate,
) -> Recommendation {
    let territories = lies_in(card.territory.as_ref(), riga_day(&when.sent_at));
    let asked = Asked {
        type_code: card.type_code.as_ref(),
        priority: card.priority,
        hazards: &card.hazards,
        territories: &territories,
    };
    let misfit = |applies: &Applies| applies.mismatches(asked, &when.sent_at);
    let (plan, plans_left) = choose::plan(plans, misfit);
    let Some(plan) = plan else {
        return Recommendation { plan: None, plans_left, needs: Vec::new(), units_left: Vec::new() };
    };
    let lowest = AlarmLevel::LOWEST;
    let level = plan.content.level(card.alarm_level.unwrap_or(lowest));
    let needs = level.map(|level| level.needs.as_slice()).unwrap_or_default();
    let (needs, units_left) = choose::units(needs, &plan.content.coverage, card, roster, when.known_at, travel);
    let chosen = ChosenPlan {
        code: plan.code.clone(),
        version: plan.version,
        name: plan.content.name.clone(),
        level: level.map_or(lowest, |level| level.level),
        specificity: plan.content.applies.specificity(),
        rank: plan.content.rank,
    };
    Recommendation { plan: Some(chosen), plans_left, needs, units_left }
}
