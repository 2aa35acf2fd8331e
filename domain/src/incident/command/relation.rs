use uuid::Uuid;

use crate::personal::Personal;
use crate::terms::{Confidence, LinkKind};
use crate::values::Reason;

/// Ties the incident to another (sasaiste); again, it replaces the link to that one. Both are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkIncidents {
    /// The other.
    pub other: Uuid,
    /// How, seen from this one.
    pub kind: LinkKind,
    /// How sure that is.
    pub confidence: Confidence,
    /// Why.
    pub reason: Option<Personal<Reason>>,
}

/// Takes a link back. Both are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnlinkIncidents {
    /// The other.
    pub other: Uuid,
    /// Why.
    pub reason: Personal<Reason>,
}

/// Makes an incident part of another, because both are the same (apvienošana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeIncident {
    /// The one that goes on.
    pub into: Uuid,
    /// Why.
    pub reason: Personal<Reason>,
}

/// The same, asked of the one that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbsorbIncident {
    /// The one that ends.
    pub other: Uuid,
    /// Why.
    pub reason: Personal<Reason>,
}

/// Takes a merger back (apvienošanas atcelšana): both are again what they were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnmergeIncident {
    /// Why.
    pub reason: Personal<Reason>,
}

/// The same, asked of the one that went on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseIncident {
    /// The one that had ended.
    pub other: Uuid,
    /// Why.
    pub reason: Personal<Reason>,
}

/// Parts another incident from it (sadalīšana): what was taken for one were two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitIncident {
    /// The new one.
    pub into: Uuid,
    /// Why.
    pub reason: Personal<Reason>,
}

/// Notes that an item was seized in it. Asked together with the item's own registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddSeizedItem {
    /// The item.
    pub item: Uuid,
}
