use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};
use uuid::Uuid;

use crate::classifier::{Disposition, IncidentType, ResultCode};
use crate::personal::Personal;
use crate::terms::{Category, Channel};
use crate::values::{CaseRef, InstitutionCode, LegacyNumber, Narrative, Officer, Place, Reason, Reporter};

/// What can be asked of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IncidentCommand {
    /// Registers it.
    RegisterIncident(Box<RegisterIncident>),
    /// Adds to or replaces its facts.
    SupplementIncident(Box<SupplementIncident>),
    /// Changes its type or category.
    ReclassifyIncident(ReclassifyIncident),
    /// Gives it to a unit or an officer.
    AssignIncident(AssignIncident),
    /// Records how it was dealt with.
    RecordResult(RecordResult),
    /// Closes it.
    CloseIncident(CloseIncident),
    /// Opens it again.
    ReopenIncident(ReopenIncident),
}

/// Registers an incident (notikuma reģistrācija).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterIncident {
    /// How it was reported.
    pub channel: Channel,
    /// What kind it is.
    pub type_code: IncidentType,
    /// How fast police must be there.
    pub category: Category,
    /// Where.
    pub place: Option<Place>,
    /// When it began; when it happened by the envelope, where nothing is given.
    pub occurred_from: Option<DateTime<FixedOffset>>,
    /// When it ended, where it lasted.
    pub occurred_to: Option<DateTime<FixedOffset>>,
    /// What happened.
    pub narrative: Option<Personal<Narrative>>,
    /// Who reported it.
    pub reporter: Option<Reporter>,
    /// Institution that registers it: the caller's own.
    pub institution: InstitutionCode,
    /// The emergency card that it comes from.
    pub card: Option<Uuid>,
    /// Its number in the register that it comes from.
    pub legacy_number: Option<LegacyNumber>,
}

/// Adds to or replaces facts of an incident (papildināšana); what isn't given stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SupplementIncident {
    /// Why.
    pub reason: Option<Personal<Reason>>,
    /// New narrative, in place of the one before.
    pub narrative: Option<Personal<Narrative>>,
    /// New place.
    pub place: Option<Place>,
    /// New beginning.
    pub occurred_from: Option<DateTime<FixedOffset>>,
    /// New end.
    pub occurred_to: Option<DateTime<FixedOffset>>,
    /// New reporter.
    pub reporter: Option<Reporter>,
}

/// Changes type or category (pārkvalificēšana); what isn't given stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReclassifyIncident {
    /// New type.
    pub type_code: Option<IncidentType>,
    /// New category.
    pub category: Option<Category>,
    /// Why.
    pub reason: Personal<Reason>,
}

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
}

/// Opens a closed incident again (atjaunošana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReopenIncident {
    /// Why.
    pub reason: Personal<Reason>,
}
