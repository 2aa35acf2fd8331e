use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{AccessWay, DataScope, RefusalCause};
use crate::values::{AccessReference, ActionName, Actor, ContentDigest, PurposeCode, Recipient};

/// What can be told of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessDayCommand {
    /// Something is about to be shown.
    ConsultRecords(ConsultRecords),
    /// Something is about to be handed over.
    DiscloseData(DiscloseData),
    /// Something was not shown.
    RefuseAccess(RefuseAccess),
}

/// Records are about to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsultRecords {
    /// Who looks.
    pub by: Actor,
    /// In what way.
    pub way: AccessWay,
    /// What is shown; at least one part.
    pub shown: Vec<Shown>,
    /// What for.
    pub purpose: PurposeCode,
    /// Case, card or task that it is about.
    pub reference: Option<AccessReference>,
    /// Keyed digest of the question.
    pub query: ContentDigest,
    /// How many records the answer is about, also where it doesn't show them one by one.
    pub count: u32,
}

/// Records of which the same is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// What of them, in order, each once; at least one.
    pub scopes: Vec<DataScope>,
    /// The records, in any order; none where only a figure over them is shown.
    pub records: Vec<Uuid>,
}

/// Data is about to be handed over to somebody outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscloseData {
    /// Who hands it over.
    pub by: Actor,
    /// To whom.
    pub recipient: Recipient,
    /// What of which records; at least one part.
    pub shown: Vec<Shown>,
    /// What for.
    pub purpose: PurposeCode,
    /// Case, card or task that it is about.
    pub reference: Option<AccessReference>,
    /// SHA-256 of what is handed over.
    pub content: ContentDigest,
    /// How many records it has.
    pub count: u32,
}

/// Somebody asked for what they may not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefuseAccess {
    /// Who asked; none where nobody knows.
    pub by: Option<Actor>,
    /// What they asked for.
    pub attempt: ActionName,
    /// Record that it was about, where it was about one.
    pub record: Option<Uuid>,
    /// Why it was refused.
    pub cause: RefusalCause,
    /// What for, where they said so.
    pub purpose: Option<PurposeCode>,
    /// How many more like it there were, that are told in this sum only.
    pub more: u32,
}
