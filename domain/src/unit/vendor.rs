//! What units say in codes of their own, and what that is in the register's terms.
//!
//! The tables follow FMS of the German services, the primary unit status of NENA EIDO and the unit states of Resgrid. What a code of FMS
//! from 5 to 9 means varies by Land; here stands what most have.

use thiserror::Error;

use super::status::can_be_sent;
use crate::lang::terms;
use crate::terms::UnitStatus::{self, *};
use crate::values::SourceCode;

terms! {
    /// A list of status codes that senders use (statusu kodu saraksts).
    VendorScheme("vendor scheme") {
        /// Radio status of the German services (Funkmeldesystem), 0 to 9.
        Fms = "fms", "FMS statusi", "FMS";
        /// Primary unit status of NENA EIDO.
        Eido = "eido", "EIDO primārais statuss", "EIDO primary status";
        /// Unit states of Resgrid.
        Resgrid = "resgrid", "Resgrid statusi", "Resgrid";
    }
}

/// A code that its list doesn't have.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{code}` is no status of {scheme}: one of {known}", known = .scheme.codes().join(", "))]
pub struct UnknownVendorCode {
    /// The list.
    pub scheme: VendorScheme,
    /// The code.
    pub code: SourceCode,
}

/// What a code says of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Said {
    /// That it does this.
    Does(UnitStatus),
    /// That it isn't free, not what it does: it goes on with what keeps it busy, or can't be used where nothing does.
    NotFree,
    /// Nothing of what it does: it asks to speak, or somebody wrote something beside.
    AsBefore,
}

const FMS: &[(&str, Said)] = &[
    // Priority request to speak: somebody needs help.
    ("0", Said::Does(Emergency)),
    // Free on the radio.
    ("1", Said::Does(Available)),
    // Free at the station.
    ("2", Said::Does(Available)),
    // Task taken over, on the way.
    ("3", Said::Does(EnRoute)),
    ("4", Said::Does(OnScene)),
    // Request to speak.
    ("5", Said::AsBefore),
    ("6", Said::Does(OutOfService)),
    // Committed: patient aboard.
    ("7", Said::Does(Transporting)),
    // Conditionally available: at the hospital.
    ("8", Said::Does(ConditionallyAvailable)),
    // With another control centre: that one sends it.
    ("9", Said::NotFree),
];

const EIDO: &[(&str, Said)] = &[
    ("Available", Said::Does(Available)),
    ("ConditionallyAvailable", Said::Does(ConditionallyAvailable)),
    ("NotAvailable", Said::NotFree),
];

const RESGRID: &[(&str, Said)] = &[
    ("Available", Said::Does(Available)),
    // Held up on what it is doing.
    ("Delayed", Said::AsBefore),
    ("Unavailable", Said::NotFree),
    // Has a call, and said nothing more yet.
    ("Committed", Said::Does(Assigned)),
    ("OutOfService", Said::Does(OutOfService)),
    ("Responding", Said::Does(EnRoute)),
    ("OnScene", Said::Does(OnScene)),
    // Waits near the scene to be called in.
    ("Staging", Said::Does(OnScene)),
    ("Returning", Said::Does(Clearing)),
    ("Cancelled", Said::Does(Clearing)),
    ("Released", Said::Does(Available)),
    // Somebody wrote something by hand.
    ("Manual", Said::AsBefore),
    ("Enroute", Said::Does(EnRoute)),
];

impl VendorScheme {
    const fn table(self) -> &'static [(&'static str, Said)] {
        match self {
            Self::Fms => FMS,
            Self::Eido => EIDO,
            Self::Resgrid => RESGRID,
        }
    }

    /// All codes of the list, in its order.
    #[must_use]
    pub fn codes(self) -> Vec<&'static str> {
        self.table().iter().map(|(code, _)| *code).collect()
    }

    /// What a code of it says, in whatever case its letters are.
    ///
    /// # Errors
    /// Where the list doesn't have it.
    pub fn said(self, code: &SourceCode) -> Result<Said, UnknownVendorCode> {
        let mut table = self.table().iter();
        let found = table.find(|(known, _)| known.eq_ignore_ascii_case(code.as_str()));
        found.map(|(_, said)| *said).ok_or_else(|| UnknownVendorCode { scheme: self, code: code.clone() })
    }
}

impl Said {
    /// What a unit does that said it while doing `now`.
    #[must_use]
    pub fn by_one_that(self, now: UnitStatus) -> UnitStatus {
        match self {
            Self::Does(status) => status,
            Self::NotFree if can_be_sent(now) || now == OffDuty => OutOfService,
            Self::NotFree | Self::AsBefore => now,
        }
    }
}
