use uuid::Uuid;

use super::{DeliveryFailure, NoticeService};
use crate::access_day::DataScope;
use crate::values::{Actor, CaseRef, Code, ContentDigest, InstitutionCode, TerritoryCode};

/// What can be asked of a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeCommand {
    /// Issues it.
    IssueNotice(Box<IssueNotice>),
    /// The recipient's system took it.
    RecordDelivery(RecordDelivery),
    /// Somebody of the recipient fetched it.
    RecordFetch(RecordFetch),
    /// It did not get there.
    RecordDeliveryFailure(RecordDeliveryFailure),
    /// The recipient knows.
    AcknowledgeNotice(AcknowledgeNotice),
    /// Tells somebody else, where it is late (paziņojuma eskalācija).
    EscalateNotice,
}

/// Issues what a rule implies (paziņojuma sagatavošana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueNotice {
    /// The incident that it is about.
    pub incident: Uuid,
    /// The rule.
    pub rule: Code,
    /// Its version.
    pub rule_version: u32,
    /// Which service is told.
    pub service: NoticeService,
    /// Of which municipality.
    pub municipality: TerritoryCode,
    /// The institution that this is.
    pub recipient: InstitutionCode,
    /// Who sees to it when it is late.
    pub escalate_to: InstitutionCode,
    /// Minutes in which it has to be acknowledged.
    pub within_minutes: u32,
}

/// Records that the recipient's system took it (paziņojuma piegāde).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordDelivery {
    /// HTTP status that it was answered with.
    pub receipt: u16,
    /// SHA-256 of what was sent.
    pub content: ContentDigest,
    /// What of the incident that held.
    pub scopes: Vec<DataScope>,
}

/// Records that somebody of the recipient fetched it (paziņojuma paņemšana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordFetch {
    /// Who fetched it.
    pub by: Actor,
    /// What of the incident they were shown.
    pub scopes: Vec<DataScope>,
}

/// Records that it did not get there (neizdevusies piegāde).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordDeliveryFailure {
    /// Why.
    pub cause: DeliveryFailure,
    /// HTTP status that it was answered with, where it was answered.
    pub receipt: Option<u16>,
}

/// Says that the recipient knows (paziņojuma apstiprināšana).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcknowledgeNotice {
    /// Who says so.
    pub by: Actor,
    /// The case that the recipient goes on with it in.
    pub reference: Option<CaseRef>,
}
