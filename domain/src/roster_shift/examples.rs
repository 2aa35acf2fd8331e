use std::collections::{BTreeMap, BTreeSet};

use super::{LineUp, Minimum, Relief, ShiftEvent, ShiftKey, ShiftPlan, ShiftUnit};
use crate::examples::{at, id, sealed, sure};
use crate::terms::UnitKind;
use crate::unit::Crew;
use crate::values::{Code, CrewSize, Headcount, InstitutionCode, Officer, Station, UnitCount};

fn people(count: u32) -> Headcount {
    sure(Headcount::try_new(count))
}

fn officer(number: &str) -> Officer {
    sure(Officer::parse(number))
}

fn line_up(present: u32) -> LineUp {
    let crew = Crew {
        size: sure(CrewSize::try_new(4)),
        commander: Some(officer("V-2041")),
        qualifications: BTreeMap::from([(sure(Code::parse("driver")), sure(CrewSize::try_new(1)))]),
    };
    LineUp { present: people(present), units: vec![ShiftUnit { unit: id(2), crew: Some(crew) }] }
}

impl ShiftEvent {
    /// One event or more of each type with every field filled: invented, the same each time. For documents and golden files.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        let key = ShiftKey {
            institution: sure(InstitutionCode::parse("VUGD")),
            station: sure(Station::parse("Rīgas 1. daļa")),
            date: at("08:00:00").date_naive(),
            shift: sure(Code::parse("day")),
        };
        let minimum =
            Minimum { kind: UnitKind::FireEngine, at_least: sure(UnitCount::try_new(1)), of_institution: true };
        let plan = ShiftPlan {
            starts_at: at("08:00:00"),
            ends_at: at("20:00:00"),
            strength: people(7),
            units: BTreeSet::from([id(2)]),
            minimum: vec![minimum],
        };
        vec![
            Self::ShiftPlanned { key, plan },
            Self::ShiftOpened {
                at: at("08:00:00"),
                officer: officer("V-2001"),
                line_up: line_up(6),
                after: Some(id(5)),
            },
            Self::ShiftFollowed { next: id(6) },
            Self::LineUpChanged { line_up: line_up(7) },
            Self::ReserveCalled { people: sure(CrewSize::try_new(3)), units: BTreeSet::from([id(3)]) },
            Self::RotationPlanned {
                card: id(1),
                reliefs: vec![Relief { at: at("14:00:00"), unit: id(2), relieved_by: id(3) }],
            },
            Self::ShiftHandedOver {
                handed_over_by: officer("V-2001"),
                taken_over_by: officer("V-2002"),
                notes: Some(sealed(30)),
            },
            Self::ShiftClosed {},
            Self::ShiftCorrected { line_up: line_up(5), reason: sealed(31) },
        ]
    }
}
