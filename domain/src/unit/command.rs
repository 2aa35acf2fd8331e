use uuid::Uuid;

use crate::terms::{UnitKind, UnitStatus};
use crate::values::{CallSign, InstitutionCode, SourceCode, Station};

/// What can be asked of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnitCommand {
    /// Makes it known.
    RegisterUnit(RegisterUnit),
    /// Its crew comes on duty.
    StartDuty,
    /// Its crew goes off duty.
    EndDuty,
    /// It says what it is doing.
    ReportStatus(ReportStatus),
    /// It is given a card; the card itself gets `CardCommand::AttachUnit` with it.
    Assign(Assign),
    /// Its part in a card is over; the card itself gets `CardCommand::ClearUnit` with it.
    Release(Release),
}

/// Makes a unit known; its call sign is its institution's for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterUnit {
    /// Owner.
    pub institution: InstitutionCode,
    /// Call sign.
    pub call_sign: CallSign,
    /// What it is.
    pub kind: UnitKind,
    /// Home station.
    pub station: Option<Station>,
    /// The source's own kind.
    pub source_kind: Option<SourceCode>,
}

/// The unit says what it is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportStatus {
    /// In the register's terms.
    pub status: UnitStatus,
    /// In the sender's own.
    pub vendor_code: Option<SourceCode>,
}

/// Gives the unit a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assign {
    /// Card.
    pub card: Uuid,
}

/// Ends the unit's part in a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Card that the sender believes it to be on; whichever it is on, where nothing is given.
    pub card: Option<Uuid>,
    /// Card that it is taken away for.
    pub diverted_to: Option<Uuid>,
}
