use thiserror::Error;
use uuid::Uuid;

use super::UnknownVendorCode;
use crate::kernel::Rule;
use crate::values::{CallSign, Code};

/// Rules of a unit that a command can break.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UnitError {
    /// There is no such unit.
    #[error("there is no such unit: register it first")]
    NotRegistered,
    /// The call sign is another unit's, or this one's with other particulars.
    #[error("call sign {call_sign} is already registered with other particulars: a call sign is one unit's for ever")]
    AlreadyRegistered {
        /// Call sign.
        call_sign: CallSign,
    },
    /// It is on another card.
    #[error("unit {call_sign} is on card {card}: release it there, or divert it")]
    UnitBusy {
        /// Call sign.
        call_sign: CallSign,
        /// Card that it is on.
        card: Uuid,
    },
    /// It is on no card.
    #[error("unit {call_sign} is on no card: there is nothing to release it from")]
    NotOnCard {
        /// Call sign.
        call_sign: CallSign,
    },
    /// It is on another card than was stated.
    #[error("unit {call_sign} is on card {card}, not on {stated}: state the card that it is on")]
    OnAnotherCard {
        /// Call sign.
        call_sign: CallSign,
        /// Card that it is on.
        card: Uuid,
        /// Card that was stated.
        stated: Uuid,
    },
    /// Nobody goes off duty while on a card.
    #[error("unit {call_sign} is on card {card}: release it before its duty ends")]
    DutyOnCard {
        /// Call sign.
        call_sign: CallSign,
        /// Card that it is on.
        card: Uuid,
    },
    /// It said a code that its list doesn't have.
    #[error(transparent)]
    UnknownVendorCode(#[from] UnknownVendorCode),
    /// Nobody is on duty in it.
    #[error("unit {call_sign} is off duty: start its duty before stating its crew")]
    CrewOffDuty {
        /// Call sign.
        call_sign: CallSign,
    },
    /// More can do something than are there.
    #[error("{count} of the crew are stated to have `{qualification}`, and there are {size}: state at most that many")]
    MoreQualifiedThanCrew {
        /// What they can do.
        qualification: Code,
        /// How many were stated.
        count: u8,
        /// How many there are.
        size: u8,
    },
    /// It doesn't carry that.
    #[error("unit {call_sign} does not carry `{equipment}`: state what it carries first")]
    EquipmentNotCarried {
        /// Call sign.
        call_sign: CallSign,
        /// What was named.
        equipment: Code,
    },
}

impl Rule for UnitError {
    fn rule(&self) -> &'static str {
        match self {
            Self::NotRegistered => "unit_not_registered",
            Self::AlreadyRegistered { .. } => "call_sign_taken",
            Self::UnitBusy { .. } => "unit_busy",
            Self::NotOnCard { .. } => "unit_not_on_a_card",
            Self::OnAnotherCard { .. } => "unit_on_another_card",
            Self::DutyOnCard { .. } => "duty_ends_on_card",
            Self::UnknownVendorCode(_) => "vendor_code_unknown",
            Self::CrewOffDuty { .. } => "crew_off_duty",
            Self::MoreQualifiedThanCrew { .. } => "more_qualified_than_crew",
            Self::EquipmentNotCarried { .. } => "equipment_not_carried",
        }
    }
}
