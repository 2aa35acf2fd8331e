use thiserror::Error;
use uuid::Uuid;

use crate::kernel::Rule;
use crate::values::CallSign;

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
        }
    }
}
