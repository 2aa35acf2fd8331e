use chrono::{DateTime, FixedOffset};
use uuid::Uuid;

use super::About;
use crate::classifier::CautionKind;
use crate::personal::Personal;
use crate::terms::RaisedClass;
use crate::values::{Description, InstitutionCode, Reason};

/// What can be asked of a caution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CautionCommand {
    /// Makes it known.
    RegisterCaution(Box<RegisterCaution>),
    /// Lets it hold longer, or shorter.
    RenewCaution(RenewCaution),
    /// Takes it back.
    LiftCaution(LiftCaution),
}

/// Makes a caution known (brīdinājuma reģistrēšana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterCaution {
    /// Whose it is.
    pub institution: InstitutionCode,
    /// What to be careful of, or why somebody is protected.
    pub kind: CautionKind,
    /// What it is about.
    pub about: About,
    /// What to do about it, in words.
    pub advice: Option<Personal<Description>>,
    /// How restricted it is beyond the usual.
    pub class: Option<RaisedClass>,
    /// The incident that it is known from.
    pub incident: Option<Uuid>,
    /// Until when it holds.
    pub expires_at: DateTime<FixedOffset>,
}

/// Lets a caution hold until another time (brīdinājuma pagarināšana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenewCaution {
    /// Until when it holds from now on.
    pub expires_at: DateTime<FixedOffset>,
    /// Why.
    pub reason: Option<Personal<Reason>>,
}

/// Takes a caution back before its time (brīdinājuma atcelšana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiftCaution {
    /// Why.
    pub reason: Personal<Reason>,
}
