use std::collections::BTreeSet;

use super::{
    CardEvent, CardFile, Clock, ClockAnomaly, FileKind, ForwardProgress, NoEmergency, PlanAdvice, ReviewFinding,
    ReviewScore,
};
use crate::classifier::{CardType, Disposition, Hazard, ResultCode};
use crate::examples::{actor, at, id, place, sealed, sure};
use crate::incident::IncidentStatus;
use crate::terms::{Channel, Priority, Service};
use crate::values::{
    AlarmLevel, CardNumber, Casualties, Code, ContentDigest, InstitutionCode, NationalNumber, RecordingRef, Reporter,
    SourceCode,
};

fn late(clock: Clock, before: Clock) -> Vec<ClockAnomaly> {
    vec![ClockAnomaly { clock, before }]
}

fn institution(code: &str) -> InstitutionCode {
    sure(InstitutionCode::parse(code))
}

impl CardEvent {
    /// One event or more of each type with every field filled: invented, the same each time. For documents and golden files.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        let mut examples = Self::examples_of_the_call();
        examples.extend(Self::examples_beside_it());
        examples.extend(Self::examples_of_forwarding());
        examples
    }

    fn examples_of_the_call() -> Vec<Self> {
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

    fn examples_beside_it() -> Vec<Self> {
        vec![
            Self::LocationConfirmed {
                place: place(),
                at: at("21:41:20"),
                anomalies: late(Clock::Located, Clock::Answered),
            },
            Self::SituationUpdated {
                under_control: Some(true),
                hazards: Some(BTreeSet::from([sure(Hazard::parse("smoke"))])),
                casualties: Some(sure(Casualties::try_new(1))),
                note: Some(sealed(8)),
                at: at("22:10:00"),
                anomalies: late(Clock::UnderControl, Clock::Decided),
            },
            Self::FileAdded {
                file: CardFile {
                    kind: FileKind::Recording,
                    reference: sure(RecordingRef::parse("rec/2026/03/28/000117")),
                    sha256: ContentDigest::of([7; 32]),
                    length: 1_843_200,
                    duration_s: Some(115),
                },
                at: at("21:45:00"),
            },
            Self::HandedOverByPhone {
                service: Service::Medical,
                to: Some(sealed(9)),
                at: at("21:42:10"),
                anomalies: late(Clock::Accepted, Clock::Decided),
            },
            Self::CardClosedNonEmergency {
                kind: NoEmergency::Information,
                note: Some(sealed(10)),
                at: at("21:43:00"),
                anomalies: late(Clock::Completed, Clock::Answered),
            },
            Self::CardCancelled {
                reason: sealed(11),
                at: at("21:44:00"),
                anomalies: late(Clock::Completed, Clock::Qualified),
            },
            Self::CardLapsed { at: at("21:44:00") },
            Self::CardArchived { at: at("23:00:00") },
            Self::DuplicateMarked { of: id(4), reason: Some(sealed(12)), at: at("21:44:30") },
            Self::DuplicateUnmarked { of: id(4), reason: Some(sealed(13)), at: at("21:46:00") },
            Self::DuplicateTaken { card: id(5) },
            Self::DuplicateReleased { card: id(5) },
            Self::CardReviewed {
                score: sure(ReviewScore::try_new(85)),
                findings: BTreeSet::from([ReviewFinding::DecidedLate, ReviewFinding::PlaceNotConfirmed]),
                note: Some(sealed(14)),
                by: actor("a.ozola"),
                at: at("23:10:00"),
            },
        ]
    }

    fn examples_of_forwarding() -> Vec<Self> {
        vec![
            Self::CardForwarded {
                to: institution("RPP"),
                by: institution("VP-RIGA"),
                note: Some(sealed(15)),
                at: at("21:50:00"),
            },
            Self::ForwardReceived {
                to: institution("RPP"),
                incident: id(6),
                number: sure(NationalNumber::try_new(2026, 2)),
                at: at("21:50:01"),
            },
            Self::ForwardReturned { to: institution("RPP"), incident: id(6), cause: sealed(16), at: at("21:58:00") },
            Self::ForwardProgressed {
                to: institution("RPP"),
                progress: ForwardProgress {
                    incident: id(6),
                    status: IncidentStatus::ResultRecorded,
                    result: Some(sure(ResultCode::parse("administrative-process-opened"))),
                    disposition: Some(sure(Disposition::parse("settled"))),
                },
                at: at("22:40:00"),
            },
        ]
    }
}
