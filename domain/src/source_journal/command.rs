use super::{JournalPhase, RecordMapping};
use crate::personal::Personal;
use crate::values::{Actor, InstitutionCode, Label, Reason, SourceSystem};

/// What can be asked of a source journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalCommand {
    /// Makes it known.
    RegisterJournal(RegisterJournal),
    /// Says how its records are read from now on.
    AdoptMapping(Box<AdoptMapping>),
    /// Puts it to the test, into service, or out of it.
    ChangeJournalPhase(ChangeJournalPhase),
}

/// Makes a journal known (žurnāla reģistrēšana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterJournal {
    /// Under which name it sends.
    pub system: SourceSystem,
    /// Whose it is.
    pub institution: InstitutionCode,
    /// What it is called in Latvian.
    pub lv: Label,
    /// What it is called in English.
    pub en: Label,
    /// Who registers it.
    pub by: Actor,
}

/// Says how its records are read from now on (kartējuma pieņemšana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdoptMapping {
    /// How.
    pub mapping: RecordMapping,
    /// Why.
    pub reason: Personal<Reason>,
    /// Who decides it.
    pub by: Actor,
}

/// Puts it to the test, into service, or out of it (žurnāla statusa maiņa).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeJournalPhase {
    /// Where it is to stand.
    pub phase: JournalPhase,
    /// Why.
    pub reason: Personal<Reason>,
    /// Who decides it.
    pub by: Actor,
}
