use thiserror::Error;

use super::JournalPhase;
use crate::kernel::Rule;
use crate::values::{InstitutionCode, SourceSystem};

/// Rules of a source journal that a command can break.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JournalError {
    /// There is no such journal.
    #[error("this journal is not registered: ask whoever runs the register to register it")]
    NotRegistered,
    /// It was registered before.
    #[error("journal `{system}` is registered already, as that of {institution}")]
    AlreadyRegistered {
        /// Its name.
        system: SourceSystem,
        /// Whose it is.
        institution: InstitutionCode,
    },
    /// Nothing says how its records are read.
    #[error("nothing says how the records of this journal are read: adopt a mapping first")]
    NoMapping,
    /// Not from where it stands.
    #[error(
        "a journal that is {from} can't become {to}: it is tested before it serves, and suspended when it must stop"
    )]
    NotInThatOrder {
        /// Where it stands.
        from: JournalPhase,
        /// Where it was to stand.
        to: JournalPhase,
    },
    /// It isn't to send.
    #[error("this journal is {phase} and sends nothing: keep what it has, and send it when it is in service")]
    NotInService {
        /// Where it stands.
        phase: JournalPhase,
    },
    /// It is somebody else's.
    #[error("this journal is {institution}'s: it sends for no other institution")]
    OtherInstitution {
        /// Whose it is.
        institution: InstitutionCode,
    },
}

impl Rule for JournalError {
    fn rule(&self) -> &'static str {
        match self {
            Self::NotRegistered => "journal_not_registered",
            Self::AlreadyRegistered { .. } => "journal_already_registered",
            Self::NoMapping => "journal_without_mapping",
            Self::NotInThatOrder { .. } => "journal_phase_out_of_order",
            Self::NotInService { .. } => "journal_not_in_service",
            Self::OtherInstitution { .. } => "journal_of_other_institution",
        }
    }
}
