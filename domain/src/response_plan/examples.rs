use std::collections::BTreeSet;

use super::{Applies, Coverage, Hours, MinuteOfDay, Need, PlanContent, PlanEvent, PlanLevel, Weekday};
use crate::classifier::{CardType, Hazard};
use crate::examples::{actor, sealed, sure};
use crate::terms::{Priority, Service, UnitKind};
use crate::values::{AlarmLevel, Code, CrewSize, InstitutionCode, Label, PlanRank, Station, TerritoryCode, UnitCount};

pub(crate) fn need(service: Service, kind: UnitKind, count: u32) -> Need {
    Need { service, kind, count: sure(UnitCount::try_new(count)), min_crew: None, equipment: BTreeSet::new() }
}

pub(crate) fn level(level: u32, needs: Vec<Need>) -> PlanLevel {
    PlanLevel { level: sure(AlarmLevel::try_new(level)), needs }
}

/// A plan for fires in buildings with two alarm levels and nothing else.
pub(crate) fn content() -> PlanContent {
    PlanContent {
        name: sure(Label::parse("Ugunsgrēks ēkā")),
        applies: Applies {
            card_types: BTreeSet::from([sure(CardType::parse("structure-fire"))]),
            ..Applies::default()
        },
        rank: sure(PlanRank::try_new(100)),
        levels: vec![
            level(1, vec![need(Service::FireRescue, UnitKind::FireEngine, 2)]),
            level(
                2,
                vec![
                    need(Service::FireRescue, UnitKind::FireEngine, 4),
                    need(Service::FireRescue, UnitKind::Ladder, 1),
                ],
            ),
        ],
        coverage: Vec::new(),
    }
}

/// One with every field filled.
fn full() -> PlanContent {
    let minute = |minute| sure(MinuteOfDay::try_new(minute));
    let foam = Need {
        min_crew: Some(sure(CrewSize::try_new(4))),
        equipment: BTreeSet::from([sure(Code::parse("foam"))]),
        ..need(Service::FireRescue, UnitKind::FireEngine, 1)
    };
    PlanContent {
        applies: Applies {
            priorities: BTreeSet::from([Priority::P0, Priority::P1]),
            hazards: BTreeSet::from([sure(Hazard::parse("chemical"))]),
            territories: BTreeSet::from([sure(TerritoryCode::parse("0001000"))]),
            weekdays: BTreeSet::from([Weekday::Saturday, Weekday::Sunday]),
            hours: Some(Hours { from: minute(22 * 60), until: minute(6 * 60) }),
            ..content().applies
        },
        levels: vec![level(1, vec![foam, need(Service::Medical, UnitKind::Ambulance, 1)])],
        coverage: vec![Coverage {
            institution: sure(InstitutionCode::parse("VUGD")),
            station: Some(sure(Station::parse("Rīga 1"))),
            territory: Some(sure(TerritoryCode::parse("0001000"))),
            kind: UnitKind::FireEngine,
            at_least: sure(UnitCount::try_new(1)),
        }],
        ..content()
    }
}

impl PlanEvent {
    /// One event or more of each type with every field filled: invented, the same each time. For documents and golden files.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        let code = || sure(Code::parse("structure-fire"));
        let proposed = |content: PlanContent, reason| Self::PlanProposed {
            code: code(),
            digest: content.digest(),
            content,
            reason: sealed(reason),
            by: actor("a.ozola"),
        };
        vec![
            proposed(full(), 4),
            Self::PlanApproved {
                code: code(),
                version: 1,
                digest: full().digest(),
                content: full(),
                reason: sealed(5),
                by: actor("a.ozola"),
                second: actor("p.kalnins"),
            },
            proposed(content(), 6),
            Self::PlanRejected { digest: content().digest(), reason: sealed(7), by: actor("p.kalnins") },
            Self::PlanRetired { version: 1, reason: sealed(8), by: actor("a.ozola") },
        ]
    }
}
