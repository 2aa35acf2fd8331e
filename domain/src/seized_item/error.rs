use chrono::{DateTime, FixedOffset};
use thiserror::Error;
use uuid::Uuid;

use super::Custodian;
use crate::kernel::Rule;
use crate::terms::DisposalOutcome;

/// Rules of a seized item that a command can break.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SeizedItemError {
    /// There is no such item.
    #[error("there is no such seized item: seize it first")]
    NotSeized,
    /// It was seized before.
    #[error("this item is in custody already, in incident {incident}: choose another id for another item")]
    AlreadySeized {
        /// The incident.
        incident: Uuid,
    },
    /// Custody has ended.
    #[error("custody of this item has ended ({outcome}): nobody hands it on any more")]
    CustodyEnded {
        /// How.
        outcome: DisposalOutcome,
    },
    /// Somebody else has it.
    #[error("{custodian} has this item: name them as the one who hands it on")]
    OtherCustodian {
        /// Who.
        custodian: Custodian,
    },
    /// A handover comes after the one before it.
    #[error("the item was handed over at {since}: what comes after it can't be earlier")]
    BeforeLastHandover {
        /// When.
        since: DateTime<FixedOffset>,
    },
    /// It would happen in the future.
    #[error("at lies in the future: only what has happened is recorded")]
    InFuture,
}

impl Rule for SeizedItemError {
    fn rule(&self) -> &'static str {
        match self {
            Self::NotSeized => "item_not_seized",
            Self::AlreadySeized { .. } => "item_already_seized",
            Self::CustodyEnded { .. } => "custody_ended",
            Self::OtherCustodian { .. } => "item_has_other_custodian",
            Self::BeforeLastHandover { .. } => "custody_before_last_handover",
            Self::InFuture => "custody_in_future",
        }
    }
}
