//! Random work on a register: commands that may be refused, so that every sequence of events is a valid one.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, FixedOffset, TimeDelta, Utc};
use domain::classifier::{CardType, CodeSystem, Disposition, Hazard, IncidentType, ResultCode};
use domain::emergency_card::{
    AcceptService, AttachUnit, CardCommand, ClearUnit, CompleteCard, DecideServices, EmergencyCard, LinkIncident,
    NotifyService, QualifyCard, ReceiveCall,
};
use domain::ids;
use domain::incident::{
    AssignIncident, Assignee, CloseIncident, Incident, IncidentCommand, ReclassifyIncident, RecordResult,
    RegisterIncident, ReopenIncident, SupplementIncident, TypeRules,
};
use domain::roster_shift::{
    CallReserve, ChangeLineUp, CorrectShift, HandOverShift, LineUp, OpenShift, PlanShift, RosterShift, ShiftCommand,
    ShiftKey, ShiftPlan, ShiftUnit,
};
use domain::terms::{Category, Channel, Priority, RaisedClass, Service, UnitKind, UnitStatus};
use domain::track::{ReportPosition, Track, TrackCommand, TrackPoint};
use domain::unit::{
    Assign, ChangeCrew, ChangeEquipment, Crew, EquipmentService, RegisterUnit, Release, ReportStatus, Unit, UnitCommand,
};
use domain::values::{
    AlarmLevel, CallSign, CaseRef, Code, CrewSize, Description, GeoPoint, Headcount, InstitutionCode, Narrative,
    Officer, PersonName, Place, PlaceParts, PlaceText, Reason, Reporter, Station, TerritoryCode,
};
use event_store::append::{AppendError, Target};
use event_store::log::LogName;
use uuid::Uuid;

use super::case_file::any_code;
use super::{System, access, beside, case_file, seldom};

/// A source of numbers that gives the same ones for a seed.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % n
    }

    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    pub fn maybe<T>(&mut self, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(2) == 0).then(|| value(self))
    }
}

/// Random work, over a few records of each kind so that they meet.
pub struct RandomWork {
    pub dice: Dice,
    more: Dice,
    pub(super) clock: DateTime<FixedOffset>,
    pub(super) records: usize,
    made: u128,
    /// A record may be there whose events can't be read.
    pub poisoned: bool,
}

pub fn id(kind: u128, n: usize) -> Uuid {
    // Spread over all slices, as ids that nobody counts are; an odd factor makes no two the same.
    let spread = (n as u128 * 40_503) & 0xffff;
    Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0000 + (kind << 64) + ((n as u128 >> 16) << 16) + spread)
}

fn unit_id(n: usize) -> Uuid {
    ids::of_unit(&InstitutionCode::parse("VUGD").unwrap(), &call_sign(n))
}

fn call_sign(n: usize) -> CallSign {
    CallSign::parse(&format!("RIGA {n}")).unwrap()
}

impl RandomWork {
    pub fn new(seed: u64, records: usize) -> RandomWork {
        let clock = Utc::now().fixed_offset() - TimeDelta::days(20);
        RandomWork { dice: Dice::new(seed), more: Dice::new(seed + 1_000), clock, records, made: 0, poisoned: false }
    }

    /// Gives `commands` commands; refused ones count too.
    pub async fn go_on(&mut self, system: &System, commands: usize) {
        for _ in 0..commands {
            self.made += 1;
            // Mostly forward, now and then back, so that reports come late.
            let seconds = self.dice.below(120) as i64 - 20;
            self.clock = (self.clock + TimeDelta::seconds(seconds)).min(Utc::now().fixed_offset());
            let done = match self.dice.below(15) {
                0..3 => self.incident(system).await,
                3..6 => self.card(system).await,
                6..9 => self.unit(system).await,
                9 => self.track(system).await,
                10..13 => case_file::work(self, system).await,
                _ => access::work(self, system).await,
            };
            self.must_be_fine(done);
            // What came to be later has dice of its own, so that the rest goes on as it always did.
            std::mem::swap(&mut self.dice, &mut self.more);
            let done = match self.dice.below(12) {
                0 => self.shift(system).await,
                1 => self.outfit(system).await,
                2..6 => beside::work(self, system).await,
                _ => Ok(()),
            };
            self.must_be_fine(done);
            std::mem::swap(&mut self.dice, &mut self.more);
        }
    }

    /// Gives `commands` commands of the daily work, and as many of what is seldom done: all kinds of records that there are.
    pub async fn all_kinds(&mut self, system: &System, commands: usize) {
        for _ in 0..commands {
            self.go_on(system, 1).await;
            let done = seldom::work(self, system).await;
            self.must_be_fine(done);
        }
    }

    fn must_be_fine(&self, done: Result<(), AppendError>) {
        match done {
            Ok(()) | Err(AppendError::Refused(_)) => {}
            Err(AppendError::Internal(_) | AppendError::TooOld(_)) if self.poisoned => {}
            Err(error) => panic!("{error:?}"),
        }
    }

    pub(super) fn metadata(&mut self, source: Option<String>) -> BTreeMap<String, String> {
        let mut metadata = BTreeMap::from([
            ("actor".to_owned(), format!("officer-{}", self.dice.below(9))),
            ("institution".to_owned(), "VP-RIGA".to_owned()),
        ]);
        if let Some(external_id) = source {
            metadata.insert("source_system".to_owned(), "test-cad".to_owned());
            metadata.insert("source_external_id".to_owned(), external_id);
        }
        metadata
    }

    fn place(&mut self) -> Place {
        let street = self.dice.one(&["Brīvības iela", "Krasta iela", "Lielā iela"]);
        let text = format!("{street} {}", self.dice.below(200));
        let territory = self.dice.one(&["0001000", "0002000", "0038001"]);
        Place::try_new(PlaceParts {
            territory: self.dice.maybe(|_| TerritoryCode::parse(territory).unwrap()),
            text: Some(PlaceText::parse(&text).unwrap()),
            point: self
                .dice
                .maybe(|dice| GeoPoint::try_new(56_900_000 + dice.below(9_999) as i32, 24_100_000).unwrap()),
            ..PlaceParts::default()
        })
        .unwrap()
    }

    fn reporter(&mut self) -> Reporter {
        Reporter::try_new(Some(PersonName::parse("Anna Bērziņa").unwrap()), None, None).unwrap()
    }

    async fn incident(&mut self, system: &System) -> Result<(), AppendError> {
        let n = self.dice.below(self.records);
        let record = id(1, n);
        let incident_type = |dice: &mut Dice| IncidentType::parse(any_code(dice, CodeSystem::IncidentType)).unwrap();
        let rules = |dice: &mut Dice| TypeRules { class: dice.maybe(|_| RaisedClass::Protected), limits: None };
        let text = format!("what happened, told for the {}. time", self.made);
        let narrative = || Narrative::parse(&text).unwrap().into();
        let reason = || Reason::parse("it was found out").unwrap().into();
        let command = match self.dice.below(9) {
            0..3 => IncidentCommand::RegisterIncident(Box::new(RegisterIncident {
                channel: *self.dice.one(Channel::ALL),
                type_code: incident_type(&mut self.dice),
                category: *self.dice.one(Category::ALL),
                rules: rules(&mut self.dice),
                place: Some(self.place()),
                received_at: None,
                occurred_from: None,
                occurred_to: None,
                narrative: Some(narrative()),
                reporter: Some(self.reporter()),
                institution: InstitutionCode::parse(["VP-RIGA", "RPP", "VP-LATGALE"][self.dice.below(3)]).unwrap(),
                card: self.dice.maybe(|dice| id(2, dice.below(9))),
                legacy_number: None,
                split_from: None,
                forwarded_by: None,
                recording_ref: None,
            })),
            3 => IncidentCommand::SupplementIncident(Box::new(SupplementIncident {
                reason: Some(reason()),
                narrative: self.dice.maybe(|_| narrative()),
                place: Some(self.place()),
                ..SupplementIncident::default()
            })),
            4 => IncidentCommand::ReclassifyIncident(ReclassifyIncident {
                type_code: Some(incident_type(&mut self.dice)),
                category: self.dice.maybe(|dice| *dice.one(Category::ALL)),
                rules: rules(&mut self.dice),
                reason: reason(),
            }),
            5 => IncidentCommand::AssignIncident(AssignIncident {
                assignee: match self.dice.below(2) {
                    0 => Assignee::Unit(unit_id(n)),
                    _ => Assignee::Officer(Officer::parse("4711").unwrap()),
                },
            }),
            6 => IncidentCommand::RecordResult(RecordResult {
                result_code: ResultCode::parse(any_code(&mut self.dice, CodeSystem::Result)).unwrap(),
                case_refs: [CaseRef::parse("KP-1/2026").unwrap()].into(),
            }),
            7 => IncidentCommand::CloseIncident(CloseIncident {
                disposition: Disposition::parse(any_code(&mut self.dice, CodeSystem::Disposition)).unwrap(),
                closing_type: self.dice.maybe(incident_type),
                class: self.dice.maybe(|_| RaisedClass::Protected),
            }),
            _ => IncidentCommand::ReopenIncident(ReopenIncident { reason: reason() }),
        };
        let metadata = self.metadata(Some(format!("I{n}")));
        let decide = Box::new(move |work: &mut event_store::append::Work<'_>| {
            work.execute::<Incident>(record, command.clone())?;
            Ok(Target::of::<Incident>(record))
        });
        system.submit(LogName::REGISTER, metadata, self.clock, decide).await.map(|_| ())
    }

    async fn card(&mut self, system: &System) -> Result<(), AppendError> {
        let n = self.dice.below(self.records);
        let (card, unit) = (id(2, n), unit_id(self.dice.below(self.records / 2 + 1)));
        let service = *self.dice.one(Service::ALL);
        let mut of_unit = None;
        let command = match self.dice.below(14) {
            0..3 => CardCommand::ReceiveCall(Box::new(ReceiveCall {
                channel: *self.dice.one(Channel::ALL),
                caller: Some(self.reporter()),
                place: Some(self.place()),
                answered_at: self.dice.maybe(|_| self.clock),
                narrative: Some(Narrative::parse("smoke in the stairs").unwrap().into()),
                recording_ref: None,
                institution: InstitutionCode::parse("VUGD").unwrap(),
            })),
            3..5 => CardCommand::QualifyCard(Box::new(QualifyCard {
                type_code: Some(CardType::parse(any_code(&mut self.dice, CodeSystem::CardType)).unwrap()),
                priority: Some(*self.dice.one(Priority::ALL)),
                place: Some(self.place()),
                hazards: self
                    .dice
                    .maybe(|dice| Hazard::parse(any_code(dice, CodeSystem::Hazard)).unwrap())
                    .into_iter()
                    .collect(),
                alarm_level: AlarmLevel::try_new(1 + self.dice.below(3) as u32).ok(),
                ..QualifyCard::default()
            })),
            5 => CardCommand::DecideServices(DecideServices {
                services: [service, Service::FireRescue].into_iter().collect(),
                reason: None,
            }),
            6 => CardCommand::NotifyService(NotifyService { service }),
            7 => CardCommand::AcceptService(AcceptService { service }),
            8..11 => {
                of_unit = Some(UnitCommand::Assign(Assign { card }));
                CardCommand::AttachUnit(AttachUnit::unasked(unit))
            }
            11 => {
                of_unit = Some(UnitCommand::Release(Release { card: Some(card), diverted_to: None }));
                CardCommand::ClearUnit(ClearUnit { unit, diverted: self.dice.below(2) == 0 })
            }
            12 => CardCommand::LinkIncident(LinkIncident { incident: id(1, n) }),
            _ => CardCommand::CompleteCard(CompleteCard {
                disposition: Disposition::parse(any_code(&mut self.dice, CodeSystem::Disposition)).unwrap(),
                source_disposition: None,
            }),
        };
        let metadata = self.metadata(Some(format!("C{n}")));
        let decide = Box::new(move |work: &mut event_store::append::Work<'_>| {
            work.execute::<EmergencyCard>(card, command.clone())?;
            if let Some(of_unit) = &of_unit {
                work.execute::<Unit>(unit, of_unit.clone())?;
            }
            Ok(Target::of::<EmergencyCard>(card))
        });
        system.submit(LogName::REGISTER, metadata, self.clock, decide).await.map(|_| ())
    }

    async fn unit(&mut self, system: &System) -> Result<(), AppendError> {
        let n = self.dice.below(self.records / 2 + 1);
        let unit = unit_id(n);
        let command = match self.dice.below(9) {
            0 | 1 => UnitCommand::RegisterUnit(RegisterUnit {
                institution: InstitutionCode::parse("VUGD").unwrap(),
                call_sign: call_sign(n),
                kind: *self.dice.one(UnitKind::ALL),
                station: None,
                territory: n.is_multiple_of(2).then(|| TerritoryCode::parse("0001000").unwrap()),
                source_kind: None,
            }),
            2 => UnitCommand::StartDuty,
            3 => UnitCommand::EndDuty,
            _ => UnitCommand::ReportStatus(ReportStatus {
                status: *self.dice.one(UnitStatus::ALL),
                vendor_code: None,
                vendor_scheme: None,
            }),
        };
        let metadata = self.metadata(None);
        let decide = Box::new(move |work: &mut event_store::append::Work<'_>| {
            work.execute::<Unit>(unit, command.clone())?;
            Ok(Target::of::<Unit>(unit))
        });
        system.submit(LogName::REGISTER, metadata, self.clock, decide).await.map(|_| ())
    }

    async fn track(&mut self, system: &System) -> Result<(), AppendError> {
        let unit = unit_id(self.dice.below(self.records / 2 + 1));
        let point = GeoPoint::try_new(56_900_000, 24_100_000 + self.dice.below(99_999) as i32).unwrap();
        let points = vec![TrackPoint { at: self.clock, point, speed_kmh: None, heading_deg: None }];
        let track = ids::of_track(unit, ids::riga_day(&self.clock));
        let metadata = self.metadata(None);
        let decide = Box::new(move |work: &mut event_store::append::Work<'_>| {
            let report = TrackCommand::ReportPosition(ReportPosition { unit, points: points.clone() });
            work.execute::<Track>(track, report)?;
            Ok(Target::of::<Track>(track))
        });
        system.submit(LogName::TRACKS, metadata, self.clock, decide).await.map(|_| ())
    }
}

impl RandomWork {
    /// Who is in a unit, and what it carries.
    async fn outfit(&mut self, system: &System) -> Result<(), AppendError> {
        let unit = unit_id(self.dice.below(self.records / 2 + 1));
        let equipment = |dice: &mut Dice| {
            ["foam", "boat"].iter().filter(|_| dice.below(2) == 0).map(|code| Code::parse(code).unwrap()).collect()
        };
        let command = match self.dice.below(4) {
            0 | 1 => UnitCommand::ChangeCrew(ChangeCrew {
                crew: Crew {
                    size: CrewSize::try_new(1 + self.dice.below(5) as u32).unwrap(),
                    commander: self.dice.maybe(|_| Officer::parse("V-1").unwrap()),
                    qualifications: BTreeMap::new(),
                },
            }),
            2 => UnitCommand::ChangeEquipment(ChangeEquipment { equipment: equipment(&mut self.dice) }),
            _ => UnitCommand::PutEquipmentOutOfService(EquipmentService { equipment: equipment(&mut self.dice) }),
        };
        let metadata = self.metadata(None);
        let decide = Box::new(move |work: &mut event_store::append::Work<'_>| {
            work.execute::<Unit>(unit, command.clone())?;
            Ok(Target::of::<Unit>(unit))
        });
        system.submit(LogName::REGISTER, metadata, self.clock, decide).await.map(|_| ())
    }

    /// Something is done with one of a few shifts of a station.
    async fn shift(&mut self, system: &System) -> Result<(), AppendError> {
        let date = self.clock.date_naive().with_day(1 + self.dice.below(3) as u32).unwrap();
        let starts_at = date.and_hms_opt(8, 0, 0).unwrap().and_utc().fixed_offset();
        let key = ShiftKey {
            institution: InstitutionCode::parse("VUGD").unwrap(),
            station: Station::parse("Rīgas 1. daļa").unwrap(),
            date,
            shift: Code::parse("day").unwrap(),
        };
        let id = ids::of_shift(&key);
        let officer = |n: usize| Officer::parse(&format!("V-{n}")).unwrap();
        let line_up = |dice: &mut Dice| LineUp {
            present: Headcount::try_new(dice.below(9) as u32).unwrap(),
            units: vec![ShiftUnit { unit: unit_id(dice.below(3)), crew: None }],
        };
        let command = match self.dice.below(9) {
            0 | 1 => ShiftCommand::PlanShift(PlanShift {
                key,
                plan: ShiftPlan {
                    starts_at,
                    ends_at: starts_at + TimeDelta::hours(12),
                    strength: Headcount::try_new(self.dice.below(9) as u32).unwrap(),
                    units: Default::default(),
                    minimum: Vec::new(),
                },
            }),
            2 | 3 => ShiftCommand::OpenShift(OpenShift {
                officer: officer(1),
                line_up: line_up(&mut self.dice),
                after: None,
            }),
            4 => ShiftCommand::ChangeLineUp(ChangeLineUp { line_up: line_up(&mut self.dice) }),
            5 => ShiftCommand::CallReserve(CallReserve {
                people: CrewSize::try_new(2).unwrap(),
                units: Default::default(),
            }),
            6 => ShiftCommand::HandOverShift(HandOverShift {
                handed_over_by: officer(1),
                taken_over_by: officer(2),
                notes: self.dice.maybe(|_| Description::parse("Sūknis remontā").unwrap().into()),
            }),
            7 => ShiftCommand::CloseShift,
            _ => ShiftCommand::CorrectShift(CorrectShift {
                line_up: line_up(&mut self.dice),
                reason: Reason::parse("Viens bija slims").unwrap().into(),
            }),
        };
        let metadata = self.metadata(None);
        let decide = Box::new(move |work: &mut event_store::append::Work<'_>| {
            work.execute::<RosterShift>(id, command.clone())?;
            Ok(Target::of::<RosterShift>(id))
        });
        system.submit(LogName::REGISTER, metadata, self.clock, decide).await.map(|_| ())
    }
}
