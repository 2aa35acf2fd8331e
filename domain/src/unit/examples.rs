use std::collections::{BTreeMap, BTreeSet};

use super::{Crew, UnitAnomaly, UnitEvent, VendorScheme};
use crate::examples::{at, id, sure};
use crate::terms::{UnitKind, UnitStatus};
use crate::values::{CallSign, Code, CrewSize, InstitutionCode, Officer, SourceCode, Station, TerritoryCode};

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
                territory: Some(sure(TerritoryCode::parse("0001000"))),
                source_kind: Some(sure(SourceCode::parse("ENGINE"))),
            },
            Self::DutyStarted { at: at("08:00:00"), anomalies: vec![UnitAnomaly::OutOfOrder] },
            Self::DutyEnded { at: at("20:00:00"), anomalies: vec![UnitAnomaly::OutOfOrder] },
            Self::StatusReported {
                status: UnitStatus::OnScene,
                vendor_code: Some(sure(SourceCode::parse("4"))),
                vendor_scheme: Some(VendorScheme::Fms),
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
            Self::CrewChanged {
                crew: Crew {
                    size: sure(CrewSize::try_new(5)),
                    commander: Some(sure(Officer::parse("V-2041"))),
                    qualifications: BTreeMap::from([
                        (sure(Code::parse("driver")), sure(CrewSize::try_new(1))),
                        (sure(Code::parse("breathing-apparatus")), sure(CrewSize::try_new(4))),
                    ]),
                },
                at: at("08:05:00"),
                anomalies: vec![UnitAnomaly::OutOfOrder],
            },
            Self::EquipmentChanged {
                equipment: codes(&["foam", "hydraulic-rescue-tool", "thermal-camera"]),
                at: at("08:10:00"),
                anomalies: vec![UnitAnomaly::OutOfOrder],
            },
            Self::EquipmentOutOfService {
                equipment: codes(&["thermal-camera"]),
                at: at("09:00:00"),
                anomalies: vec![UnitAnomaly::OutOfOrder],
            },
            Self::EquipmentBackInService {
                equipment: codes(&["thermal-camera"]),
                at: at("15:00:00"),
                anomalies: vec![UnitAnomaly::OutOfOrder],
            },
        ]
    }
}

fn codes(codes: &[&str]) -> BTreeSet<Code> {
    codes.iter().map(|code| sure(Code::parse(code))).collect()
}
