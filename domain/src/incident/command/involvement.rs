use std::collections::BTreeSet;

use uuid::Uuid;

use super::super::involved::{Document, Identity, Item, Organisation, Vehicle};
use crate::classifier::PersonRole;
use crate::personal::Personal;
use crate::terms::{Identification, Protection};
use crate::values::Reason;

/// Adds a person (personas iesaiste).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvolvePerson {
    /// Who it is.
    pub person: Identity,
    /// What they are in the incident.
    pub roles: BTreeSet<PersonRole>,
    /// How well it is known who they are.
    pub identification: Identification,
    /// Whether they are under 18.
    pub minor: bool,
    /// Why they are protected.
    pub protections: BTreeSet<Protection>,
}

/// Says more of who a person is (personas noskaidrošana); what isn't given stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentifyPerson {
    /// What is known now.
    pub person: Identity,
    /// How well it is known now.
    pub identification: Option<Identification>,
    /// Whether they are under 18.
    pub minor: Option<bool>,
    /// Why they are protected.
    pub protections: Option<BTreeSet<Protection>>,
    /// Why.
    pub reason: Option<Personal<Reason>>,
}

/// Changes what a person is in the incident (lomas maiņa).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangePersonRoles {
    /// Who: the data subject.
    pub subject: Uuid,
    /// What they are from now on.
    pub roles: BTreeSet<PersonRole>,
    /// Why.
    pub reason: Personal<Reason>,
}

/// Adds an organisation; again, it says anew what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvolveOrganisation {
    /// The organisation.
    pub organisation: Organisation,
}

/// Adds a vehicle; again, it says anew what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvolveVehicle {
    /// The vehicle.
    pub vehicle: Vehicle,
}

/// Adds an item; again, it says anew what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvolveItem {
    /// The item.
    pub item: Item,
}

/// Adds a document; again, it says anew what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvolveDocument {
    /// The document.
    pub document: Document,
}

/// Takes back that somebody or something is involved (iesaistes atsaukšana): it was recorded in error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithdrawInvolvement {
    /// Id of the involvement; of a person the data subject.
    pub involvement: Uuid,
    /// Why.
    pub reason: Personal<Reason>,
}
