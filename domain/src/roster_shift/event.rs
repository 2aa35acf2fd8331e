use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{LineUp, Relief, ShiftKey, ShiftPlan};
use crate::kernel::{RecordedEvent, domain_event};
use crate::personal::Personal;
use crate::values::{CrewSize, Description, Officer, Reason};

/// What happened to a shift, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ShiftEvent {
    /// It was planned, or planned anew before it was opened.
    ShiftPlanned {
        /// What names it.
        key: ShiftKey,
        /// The plan.
        plan: ShiftPlan,
    },
    /// It began.
    ShiftOpened {
        /// When; what is over is over after that.
        at: DateTime<FixedOffset>,
        /// Who commands it, by the service number.
        officer: Officer,
        /// Who came.
        line_up: LineUp,
        /// The shift of the station that it follows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<Uuid>,
    },
    /// Another shift of the station began after it.
    ShiftFollowed {
        /// The other.
        next: Uuid,
    },
    /// Others are there from then on.
    LineUpChanged {
        /// Who.
        line_up: LineUp,
    },
    /// People of the reserve were called.
    ReserveCalled {
        /// How many.
        people: CrewSize,
        /// Units that they come with, or are put into.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        units: BTreeSet<Uuid>,
    },
    /// Who takes over from whom in a long incident, in place of what was planned for that card before.
    RotationPlanned {
        /// The card.
        card: Uuid,
        /// Who takes over from whom, in order of time.
        reliefs: Vec<Relief>,
    },
    /// It was handed over to the next.
    ShiftHandedOver {
        /// Who handed over, by the service number.
        handed_over_by: Officer,
        /// Who took over, another.
        taken_over_by: Officer,
        /// What the next shift must know.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        notes: Option<Personal<Description>>,
    },
    /// Its report is complete.
    ShiftClosed {},
    /// Its line-up was put right after that. What it was before stands in the events before.
    ShiftCorrected {
        /// Who was there.
        line_up: LineUp,
        /// Why it was put right.
        reason: Personal<Reason>,
    },
}

domain_event! {
    ShiftEvent {
        ShiftPlanned, ShiftOpened, ShiftFollowed, LineUpChanged, ReserveCalled, RotationPlanned, ShiftHandedOver, ShiftClosed,
        ShiftCorrected,
    }
}

impl RecordedEvent for ShiftEvent {}
