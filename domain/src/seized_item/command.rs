use chrono::{DateTime, FixedOffset};
use uuid::Uuid;

use super::Custodian;
use crate::classifier::{ItemKind, SeizureBasis};
use crate::personal::Personal;
use crate::terms::DisposalOutcome;
use crate::values::{
    Amount, CaseRef, CustodySeal, Description, InstitutionCode, PlaceText, ProtocolNumber, Quantity, Reason,
    SerialNumber,
};

/// What can be asked of a seized item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeizedItemCommand {
    /// Begins its custody.
    SeizeItem(Box<SeizeItem>),
    /// Hands it on.
    TransferCustody(TransferCustody),
    /// Ends its custody.
    DisposeItem(DisposeItem),
}

/// Takes an item into custody (izņemšana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeizeItem {
    /// The incident that it is seized in.
    pub incident: Uuid,
    /// What it is.
    pub kind: ItemKind,
    /// What it is like.
    pub description: Option<Personal<Description>>,
    /// Number that its maker put on it.
    pub serial: Option<SerialNumber>,
    /// How many.
    pub quantity: Option<Quantity>,
    /// What all of it is worth, in cents of a euro.
    pub value_cents: Option<Amount>,
    /// By which law.
    pub basis: SeizureBasis,
    /// Protocol of the seizure.
    pub protocol: Option<ProtocolNumber>,
    /// From whom: a person of the incident.
    pub from_person: Option<Uuid>,
    /// Where.
    pub place: Option<Personal<PlaceText>>,
    /// Who has it first.
    pub custodian: Custodian,
    /// Seal that was put on it.
    pub seal: Option<CustodySeal>,
    /// When; when it happened by the envelope, where nothing is given.
    pub at: Option<DateTime<FixedOffset>>,
}

/// Hands an item on (glabāšanas nodošana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferCustody {
    /// Who has it.
    pub from: Custodian,
    /// Who gets it.
    pub to: Custodian,
    /// When; when it happened by the envelope, where nothing is given.
    pub at: Option<DateTime<FixedOffset>>,
    /// Seal that was put on it.
    pub seal: Option<CustodySeal>,
    /// Why.
    pub reason: Option<Personal<Reason>>,
}

/// Ends the custody of an item (rīcība ar mantu).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisposeItem {
    /// What became of it.
    pub outcome: DisposalOutcome,
    /// Institution that it went to, where it did.
    pub to: Option<InstitutionCode>,
    /// When; when it happened by the envelope, where nothing is given.
    pub at: Option<DateTime<FixedOffset>>,
    /// Number of the decision.
    pub decision: Option<CaseRef>,
    /// Why.
    pub reason: Option<Personal<Reason>>,
}
