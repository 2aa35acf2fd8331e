use std::collections::BTreeSet;

use uuid::Uuid;

use super::{Crew, VendorScheme};
use crate::terms::{UnitKind, UnitStatus};
use crate::values::{CallSign, Code, InstitutionCode, SourceCode, Station, TerritoryCode};

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
    /// It says what it is doing by a code of a known list, and by nothing else.
    ReportVendorStatus(ReportVendorStatus),
    /// Its crew is another than before.
    ChangeCrew(ChangeCrew),
    /// It carries something else than before.
    ChangeEquipment(ChangeEquipment),
    /// Something that it carries can't be used (aprīkojums nav darba kārtībā).
    PutEquipmentOutOfService(EquipmentService),
    /// It can be used again (aprīkojums atkal darba kārtībā).
    ReturnEquipmentToService(EquipmentService),
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
    /// Territory that it is there for.
    pub territory: Option<TerritoryCode>,
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
    /// List that the code is of.
    pub vendor_scheme: Option<VendorScheme>,
}

/// The unit says what it is doing by a code alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportVendorStatus {
    /// List that the code is of.
    pub scheme: VendorScheme,
    /// The code.
    pub code: SourceCode,
}

/// States the crew that is in the unit from then on (apkalpes maiņa).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeCrew {
    /// Who is in it.
    pub crew: Crew,
}

/// States all that the unit carries from then on (aprīkojuma maiņa).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeEquipment {
    /// Codes of what it carries, as response plans ask for them.
    pub equipment: BTreeSet<Code>,
}

/// Pieces of equipment go out of service, or come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EquipmentService {
    /// Codes of what it carries.
    pub equipment: BTreeSet<Code>,
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
