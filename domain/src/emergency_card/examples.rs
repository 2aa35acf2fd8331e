use std::collections::BTreeSet;

use super::{CardEvent, Clock, ClockAnomaly, PlanAdvice};
use crate::classifier::{CardType, Disposition, Hazard};
use crate::examples::{at, id, place, sealed, sure};
use crate::terms::{Channel, Priority, Service};
use crate::values::{AlarmLevel, CardNumber, Casualties, Code, InstitutionCode, RecordingRef, Reporter, SourceCode};

impl CardEvent {
    /// One event or more of each type with every field filled: invented, the same each time. For documents and golden files.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        let late = |clock, before| vec![ClockAnomaly { clock, before }];
        vec![
            Self::CallReceived {
                number: sure(CardNumber::try_new(2026, 1)),
                channel: Channel::Phone112,
                institution: sure(InstitutionCode::parse("VUGD-112")),
                received_at: at("21:41:10"),
                answered_at: Some(at("21:41:05")),
                caller: Some(Reporter::example()),
                place: Some(place()),
                narrative: Some(sealed(4)),
                recording_ref: Some(sure(RecordingRef::parse("rec/2026/03/28/000117"))),
                anomalies: late(Clock::Answered, Clock::Received),
            },
            Self::CardQualified {
                type_code: sure(CardType::parse("smoke-investigation")),
                priority: Priority::P1,
                place: Some(place()),
                hazards: BTreeSet::from([sure(Hazard::parse("smoke"))]),
                casualties: Some(sure(Casualties::try_new(0))),
                alarm_level: Some(sure(AlarmLevel::try_new(1))),
                source_priority: Some(sure(SourceCode::parse("3"))),
                at: at("21:41:00"),
                anomalies: late(Clock::Qualified, Clock::Received),
            },
            Self::CardRequalified {
                type_code: Some(sure(CardType::parse("structure-fire"))),
                priority: Some(Priority::P0),
                place: Some(place()),
                hazards: Some(BTreeSet::from([sure(Hazard::parse("fire")), sure(Hazard::parse("smoke"))])),
                casualties: Some(sure(Casualties::try_new(2))),
                alarm_level: Some(sure(AlarmLevel::try_new(2))),
                source_priority: Some(sure(SourceCode::parse("E"))),
                at: at("21:46:30"),
            },
            Self::ServicesDecided {
                services: BTreeSet::from([Service::FireRescue, Service::Medical]),
                reason: Some(sealed(6)),
                at: at("21:41:40"),
                anomalies: late(Clock::Decided, Clock::Qualified),
            },
            Self::ServiceNotified {
                service: Service::FireRescue,
                at: at("21:41:45"),
                anomalies: late(Clock::Notified, Clock::Decided),
            },
            Self::ServiceAccepted {
                service: Service::FireRescue,
                at: at("21:41:55"),
                anomalies: late(Clock::Accepted, Clock::Notified),
            },
            Self::UnitAttached {
                unit: id(2),
                recommendation: Some(PlanAdvice {
                    plan: sure(Code::parse("structure-fire")),
                    version: 3,
                    recommended: false,
                }),
                override_reason: Some(sealed(7)),
                at: at("21:42:00"),
                anomalies: late(Clock::Attached, Clock::Decided),
            },
            Self::UnitCleared {
                unit: id(2),
                diverted: true,
                at: at("22:30:00"),
                anomalies: late(Clock::Cleared, Clock::Attached),
            },
            Self::CardCompleted {
                disposition: sure(Disposition::parse("fire-handled")),
                source_disposition: Some(sure(SourceCode::parse("Fire"))),
                at: at("22:31:00"),
                anomalies: late(Clock::Completed, Clock::Cleared),
            },
            Self::CardLinked { incident: id(3) },
        ]
    }
}
