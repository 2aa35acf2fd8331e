//! What is recommended, and why.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::lang::terms;
use crate::response_plan::{Coverage, Mismatch, Need};
use crate::terms::Service;
use crate::values::{AlarmLevel, Code, Label, PlanRank};

/// What to send to a card, and why this and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recommendation {
    /// The plan that it follows; none where none applies.
    pub plan: Option<ChosenPlan>,
    /// The other plans in force, by code, and why each was not followed.
    pub plans_left: Vec<PlanLeft>,
    /// What the plan needs, in its order, and who is to go for it.
    pub needs: Vec<NeedFilled>,
    /// Every other unit, by id, and why it was left.
    pub units_left: Vec<LeftOut>,
}

impl Recommendation {
    /// The services that the plan names.
    #[must_use]
    pub fn services(&self) -> BTreeSet<Service> {
        self.needs.iter().map(|filled| filled.need.service).collect()
    }

    /// All units that are to go, for the first need first.
    pub fn chosen(&self) -> impl Iterator<Item = &Chosen> {
        self.needs.iter().flat_map(|filled| &filled.chosen)
    }

    /// Whether it names this unit.
    #[must_use]
    pub fn names(&self, unit: Uuid) -> bool {
        self.chosen().any(|chosen| chosen.unit == unit)
    }
}

/// The plan that is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenPlan {
    /// Its code.
    pub code: Code,
    /// Its version.
    pub version: u32,
    /// What people call it.
    pub name: Label,
    /// The alarm level that was taken: the one asked for, or the plan's greatest below it.
    pub level: AlarmLevel,
    /// How much it asks for of a card.
    pub specificity: u8,
    /// Its rank.
    pub rank: PlanRank,
}

/// A plan that is not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanLeft {
    /// Its code.
    pub code: Code,
    /// Its version.
    pub version: u32,
    /// Why.
    pub reason: PlanReason,
}

/// Why a plan is not followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanReason {
    /// It doesn't apply.
    Mismatch(Vec<Mismatch>),
    /// It applies, and asks for less than the one that is followed.
    LessSpecific,
    /// It asks for as much, and is of lower rank.
    LowerRank,
    /// It is as good; its code comes later.
    LaterCode,
}

/// A need of the plan, and who is to go for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeedFilled {
    /// The need.
    pub need: Need,
    /// Units of that kind that are on the card already, by id: they count towards it.
    pub already: Vec<Uuid>,
    /// Units that are to go, the fastest first.
    pub chosen: Vec<Chosen>,
    /// How many are still missing.
    pub missing: u8,
}

/// A unit that is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The unit.
    pub unit: Uuid,
    /// Seconds until it is believed to be there.
    pub seconds: u32,
    /// Metres to there on the straight line.
    pub metres: u64,
    /// What of the need is not known to be so: for a person to ask.
    pub doubts: BTreeSet<Doubt>,
}

terms! {
    /// What is not known of a unit that is to go (neskaidrība).
    Doubt("doubt") {
        /// How many people are in it.
        CrewUnknown = "crew_unknown", "Apkalpes lielums nav zināms", "Crew not known";
        /// What it carries.
        EquipmentUnknown = "equipment_unknown", "Aprīkojums nav zināms", "Equipment not known";
        /// It does not say where it is: it is believed to be at home, where past drives set out from.
        PositionAssumed = "position_assumed", "Atrašanās vieta pieņemta", "Position assumed";
        /// It is free with a reservation.
        ConditionallyAvailable = "conditionally_available", "Nosacīti brīva", "Conditionally available";
        /// It finishes something else.
        Clearing = "clearing", "Beidz darbu", "Clearing";
    }
}

/// A unit that is not to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The unit.
    pub unit: Uuid,
    /// Why: everything that speaks against it, the first to be looked at first.
    pub reasons: BTreeSet<LeftReason>,
    /// Seconds until it would be there, where that is known.
    pub seconds: Option<u32>,
}

/// Why a unit is not to go.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftReason {
    /// It is on this card already.
    AlreadyThere,
    /// The plan needs none of its kind and service.
    WrongKind,
    /// Nobody is on duty in it.
    OffDuty,
    /// It is on a card, or doing something else that keeps it from going.
    Busy,
    /// It can't be used.
    OutOfService,
    /// Its crew is smaller than the plan asks for.
    CrewTooSmall,
    /// It hasn't the equipment that the plan asks for.
    EquipmentMissing(BTreeSet<Code>),
    /// It carries the equipment that the plan asks for, and that can't be used.
    EquipmentOutOfService(BTreeSet<Code>),
    /// It never said where it is.
    PositionUnknown,
    /// It is too long ago that it said where it is.
    PositionTooOld,
    /// The card has no point: nobody knows how far it is.
    CardWithoutPoint,
    /// Its leaving would leave fewer than must stay.
    BreaksCoverage(Coverage),
    /// Others that fit are there sooner.
    Slower,
}

impl LeftReason {
    /// Stable name, in snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AlreadyThere => "already_there",
            Self::WrongKind => "wrong_kind",
            Self::OffDuty => "off_duty",
            Self::Busy => "busy",
            Self::OutOfService => "out_of_service",
            Self::CrewTooSmall => "crew_too_small",
            Self::EquipmentMissing(_) => "equipment_missing",
            Self::EquipmentOutOfService(_) => "equipment_out_of_service",
            Self::PositionUnknown => "position_unknown",
            Self::PositionTooOld => "position_too_old",
            Self::CardWithoutPoint => "card_without_point",
            Self::BreaksCoverage(_) => "breaks_coverage",
            Self::Slower => "slower",
        }
    }
}

impl PlanReason {
    /// Stable name, in snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Mismatch(_) => "mismatch",
            Self::LessSpecific => "less_specific",
            Self::LowerRank => "lower_rank",
            Self::LaterCode => "later_code",
        }
    }
}
