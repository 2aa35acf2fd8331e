use super::{UnitAnomaly, UnitEvent};
use crate::examples::{at, id, sure};
use crate::terms::{UnitKind, UnitStatus};
use crate::values::{CallSign, InstitutionCode, SourceCode, Station};

impl UnitEvent {
    /// One event or more of each type with every field filled: invented, the same each time. For documents and golden files.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        vec![
            Self::UnitRegistered {
                institution: sure(InstitutionCode::parse("VUGD")),
                call_sign: sure(CallSign::parse("R-101")),
                kind: UnitKind::FireEngine,
                station: Some(sure(Station::parse("Rīgas 1. daļa"))),
                source_kind: Some(sure(SourceCode::parse("ENGINE"))),
            },
            Self::DutyStarted { at: at("08:00:00"), anomalies: vec![UnitAnomaly::OutOfOrder] },
            Self::DutyEnded { at: at("20:00:00"), anomalies: vec![UnitAnomaly::OutOfOrder] },
            Self::StatusReported {
                status: UnitStatus::OnScene,
                vendor_code: Some(sure(SourceCode::parse("4"))),
                card: Some(id(1)),
                at: at("21:48:00"),
                anomalies: vec![UnitAnomaly::IllegalJump],
            },
            Self::UnitAssigned { card: id(1), at: at("21:42:00"), anomalies: vec![UnitAnomaly::NotAvailable] },
            Self::UnitReleased {
                card: id(1),
                diverted_to: Some(id(4)),
                status: UnitStatus::Available,
                at: at("22:30:00"),
                anomalies: vec![UnitAnomaly::OutOfOrder],
            },
        ]
    }
}
