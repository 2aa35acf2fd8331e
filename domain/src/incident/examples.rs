use std::collections::BTreeSet;

use super::{Assignee, IncidentEvent};
use crate::classifier::{Disposition, IncidentType, ResultCode};
use crate::examples::{at, id, place, sealed, sure};
use crate::terms::{Category, Channel};
use crate::values::{CaseRef, InstitutionCode, LegacyNumber, NationalNumber, Officer, Reporter};

impl IncidentEvent {
    /// One event or more of each type with every field filled: invented, the same each time. For documents and golden files.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        vec![
            Self::IncidentRegistered {
                number: sure(NationalNumber::try_new(2026, 1)),
                channel: Channel::Phone112,
                type_code: sure(IncidentType::parse("theft")),
                category: Category::B,
                place: Some(place()),
                occurred_from: at("21:40:00"),
                occurred_to: Some(at("21:55:00")),
                narrative: Some(sealed(4)),
                reporter: Some(Reporter::example()),
                institution: sure(InstitutionCode::parse("VP-RIGA")),
                card: Some(id(1)),
                legacy_number: Some(sure(LegacyNumber::parse("RPP-2026-17"))),
            },
            Self::IncidentSupplemented {
                narrative: Some(sealed(5)),
                place: Some(place()),
                occurred_from: Some(at("21:35:00")),
                occurred_to: Some(at("21:50:00")),
                reporter: Some(Reporter::example()),
                reason: Some(sealed(6)),
            },
            Self::IncidentReclassified {
                type_code: Some(sure(IncidentType::parse("robbery"))),
                category: Some(Category::A),
                reason: sealed(7),
            },
            Self::IncidentAssigned { assignee: Assignee::Unit(id(2)) },
            Self::IncidentAssigned { assignee: Assignee::Officer(sure(Officer::parse("4711"))) },
            Self::ResultRecorded {
                result_code: sure(ResultCode::parse("criminal-process-opened")),
                case_refs: BTreeSet::from([sure(CaseRef::parse("11096000126"))]),
            },
            Self::IncidentClosed {
                disposition: sure(Disposition::parse("report-taken")),
                closing_type: sure(IncidentType::parse("robbery")),
            },
            Self::IncidentReopened { reason: sealed(8) },
        ]
    }
}
