use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};
use uuid::Uuid;

use crate::classifier::{ActionCode, Disposition, IncidentType, ResultCode};
use crate::personal::Personal;
use crate::terms::RaisedClass;
use crate::values::{Actor, CaseRef, Description, Officer, Reason};

/// Gives the incident to somebody (norīkošana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignIncident {
    /// To whom.
    pub assignee: Assignee,
}

/// Who deals with an incident (izpildītājs).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Assignee {
    /// A unit.
    Unit(Uuid),
    /// An officer, by service number.
    Officer(Officer),
}

impl Assignee {
    /// The unit, where it is one.
    #[must_use]
    pub fn unit(&self) -> Option<Uuid> {
        match self {
            Self::Unit(unit) => Some(*unit),
            Self::Officer(_) => None,
        }
    }
}

/// Records what officers did (veiktā darbība).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordAction {
    /// What.
    pub action: ActionCode,
    /// When; when it happened by the envelope, where nothing is given.
    pub at: Option<DateTime<FixedOffset>>,
    /// Who did it.
    pub by: Option<Assignee>,
    /// What came of it.
    pub note: Option<Personal<Description>>,
}

/// Records how it was dealt with (izskatīšanas rezultāts); again, it replaces the result before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordResult {
    /// Result.
    pub result_code: ResultCode,
    /// Numbers of the processes that it went on in.
    pub case_refs: BTreeSet<CaseRef>,
}

/// Closes an incident (slēgšana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseIncident {
    /// How it ended.
    pub disposition: Disposition,
    /// What it turned out to be; its present type where nothing is given.
    pub closing_type: Option<IncidentType>,
    /// Class that the closing type asks for.
    pub class: Option<RaisedClass>,
}

/// Opens a closed incident again (atjaunošana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReopenIncident {
    /// Why.
    pub reason: Personal<Reason>,
}

/// Raises the class of an incident (ierobežošana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestrictIncident {
    /// To what.
    pub class: RaisedClass,
    /// Why.
    pub reason: Personal<Reason>,
}

/// Takes a restriction back (ierobežojuma atcelšana); what type and persons ask for stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiftRestriction {
    /// Why.
    pub reason: Personal<Reason>,
}

/// Asks for an incident that was registered in error to be annulled (anulēšana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestAnnulment {
    /// Why.
    pub reason: Personal<Reason>,
    /// Who asks.
    pub by: Actor,
}

/// Annuls the incident, as the second person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApproveAnnulment {
    /// Who agrees.
    pub by: Actor,
}

/// Does not annul it; who asked may also take it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectAnnulment {
    /// Why.
    pub reason: Personal<Reason>,
    /// Who decides so.
    pub by: Actor,
}
