use chrono::{DateTime, FixedOffset};
use uuid::Uuid;

use super::work::Assignee;
use crate::classifier::TransferCause;
use crate::personal::Personal;
use crate::terms::TransferOutcome;
use crate::values::{InstitutionCode, Reason};

/// Offers the incident to another institution (nodošana izskatīšanai).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferTransfer {
    /// Id of the transfer, which both institutions know it by.
    pub transfer: Uuid,
    /// To whom.
    pub to: InstitutionCode,
    /// Until when it has to be accepted; 24 hours from now where nothing is given.
    pub deadline: Option<DateTime<FixedOffset>>,
    /// Why.
    pub reason: Personal<Reason>,
}

/// Takes the incident on (pieņemšana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptTransfer {
    /// Institution that accepts.
    pub by: InstitutionCode,
    /// Who there deals with it.
    pub assignee: Option<Assignee>,
}

/// Does not take it on (noraidīšana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectTransfer {
    /// Institution that rejects.
    pub by: InstitutionCode,
    /// Why, by code.
    pub cause: TransferCause,
    /// Why, in words.
    pub note: Option<Personal<Reason>>,
}

/// Takes the offer back (atsaukšana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithdrawTransfer {
    /// Why.
    pub reason: Personal<Reason>,
}

/// Says how a transfer ended (nodošanas noslēgums).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompleteTransfer {
    /// Institution that says so: the one that accepted it.
    pub by: InstitutionCode,
    /// How.
    pub outcome: TransferOutcome,
    /// Why, or what came of it.
    pub note: Option<Personal<Reason>>,
}

/// Gives it back to who had forwarded its card (atdošana atpakaļ).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnIncident {
    /// Why.
    pub cause: Personal<Reason>,
}
