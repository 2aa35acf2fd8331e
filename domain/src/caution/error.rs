use thiserror::Error;

use super::MAX_DAYS;
use crate::kernel::Rule;
use crate::values::InstitutionCode;

/// Rules of a caution that a command can break.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CautionError {
    /// There is no such caution.
    #[error("there is no such caution: register it first")]
    NotRegistered,
    /// It was registered before.
    #[error("this caution was registered by {institution} already: choose another id for another one")]
    AlreadyRegistered {
        /// By whom.
        institution: InstitutionCode,
    },
    /// It was taken back.
    #[error("this caution was lifted: register a new one")]
    Lifted,
    /// It would be over at once.
    #[error("expires_at is not after occurred_at: say until when it holds")]
    ExpiresInPast,
    /// It would hold for longer than anybody looks at it.
    #[error("expires_at is more than {MAX_DAYS} days after occurred_at: let it hold for less, and renew it then")]
    ExpiresTooLate,
    /// Nobody could find it at its address.
    #[error("an address needs its address_code: that is what those who go there find it by")]
    AddressWithoutCode,
    /// Nobody could tell whom it is about.
    #[error("a person needs a name or a personal_code: nobody could tell whom it is about")]
    PersonUnknown,
}

impl Rule for CautionError {
    fn rule(&self) -> &'static str {
        match self {
            Self::NotRegistered => "caution_not_registered",
            Self::AlreadyRegistered { .. } => "caution_already_registered",
            Self::Lifted => "caution_lifted",
            Self::ExpiresInPast => "caution_expires_in_past",
            Self::ExpiresTooLate => "caution_expires_too_late",
            Self::AddressWithoutCode => "caution_address_without_code",
            Self::PersonUnknown => "caution_person_unknown",
        }
    }
}
