//! What is done now and then, and is read by read models of its own: policies, plans, cautions, notices, source journals, classifiers,
//! erasures, and looks at records. With the daily work that is all kinds of records that there are.

use std::collections::BTreeMap;

use chrono::{TimeDelta, Utc};
use domain::access_day::{
    AccessDay, AccessDayCommand, AccessWay, ConsultRecords, DataScope, DiscloseData, RefusalCause, RefuseAccess, Shown,
};
use domain::access_policy::{AdoptPolicy, PolicyCommand, PolicyText, ProposePolicy, RejectPolicy};
use domain::caution::{About, Caution, CautionCommand, CautionedVehicle, LiftCaution, RegisterCaution, RenewCaution};
use domain::classifier::{CautionKind, Classifier, ClassifierCommand, CodeSystem, Entry, LoadClassifier};
use domain::ids;
use domain::notice::{
    AcknowledgeNotice, DeliveryFailure, IssueNotice, Notice, NoticeCommand, NoticeService, RecordDelivery,
    RecordDeliveryFailure, RecordFetch,
};
use domain::response_plan::{
    Applies, ApprovePlan, Need, PlanCommand, PlanContent, PlanLevel, ProposePlan, RejectPlan, RetirePlan,
};
use domain::retention::{
    ApproveErasure, DestroyedKey, ErasureGround, ErasureScope, LiftHold, PlaceHold, RejectErasure, RequestErasure,
    RetentionCase, RetentionCommand,
};
use domain::terms::{RaisedClass, Service, UnitKind};
use domain::values::{
    ActionName, Actor, AddressCode, AlarmLevel, Code, ContentDigest, CountryCode, Description, HoldReference, Label,
    Place, PlaceParts, PlanRank, PlateNumber, PolicyFileName, PurposeCode, Recipient, TerritoryCode, UnitCount,
};
use event_store::append::{AppendError, Target, Work};
use event_store::log::LogName;
use event_store::seal::KeyScope;
use uuid::Uuid;

use super::System;
use super::access::{person, plan, policy, reason};
use super::case_file::{any_code, identity, institution};
use super::journal;
use super::work::{Dice, RandomWork, id};

/// One such command; it may be refused.
pub(super) async fn work(random: &mut RandomWork, system: &System) -> Result<(), AppendError> {
    match random.dice.below(14) {
        0 => of_policy(random, system).await,
        1 => of_plan(random, system).await,
        2..4 => caution(random, system).await,
        4..6 => notice(random, system).await,
        6..9 => journal::work(random, system).await,
        9 => classifier(random, system).await,
        10 | 11 => retention(random, system).await,
        _ => look(random, system).await,
    }
}

/// One of those who work with all this: two of them agree on what needs two.
pub(super) fn somebody(dice: &mut Dice) -> Actor {
    person(["a.ozola", "p.kalnins", "j.berzins"][dice.below(3)])
}

fn digest(dice: &mut Dice) -> ContentDigest {
    ContentDigest::of([dice.below(9) as u8; 32])
}

async fn of_policy(random: &mut RandomWork, system: &System) -> Result<(), AppendError> {
    let by = somebody(&mut random.dice);
    let file = |name: &str, text: String| (PolicyFileName::parse(name).unwrap(), text);
    let text = format!("// the {}. idea", random.dice.below(4));
    let text = PolicyText::try_new([file("look.cedar", text), file("institutions.toml", "# none".to_owned())]).unwrap();
    let command = match random.dice.below(5) {
        0 | 1 => PolicyCommand::ProposePolicy(ProposePolicy { text, reason: reason(), by }),
        2 | 3 => PolicyCommand::AdoptPolicy(AdoptPolicy { digest: text.digest(), reason: reason(), by }),
        _ => PolicyCommand::RejectPolicy(RejectPolicy { digest: text.digest(), reason: reason(), by }),
    };
    policy(random, system, command).await
}

async fn of_plan(random: &mut RandomWork, system: &System) -> Result<(), AppendError> {
    let by = somebody(&mut random.dice);
    let code = Code::parse(["fire", "flood", "storm"][random.dice.below(3)]).unwrap();
    let count = UnitCount::try_new(1 + random.dice.below(3) as u32).unwrap();
    let (service, kind) = (Service::FireRescue, UnitKind::FireEngine);
    let need = Need { service, kind, count, min_crew: None, equipment: Default::default() };
    let content = PlanContent {
        name: Label::parse("Ugunsgrēks").unwrap(),
        applies: Applies::default(),
        rank: PlanRank::try_new(0).unwrap(),
        levels: vec![PlanLevel { level: AlarmLevel::LOWEST, needs: vec![need] }],
        coverage: Vec::new(),
    };
    let (digest, reason) = (content.digest(), reason());
    let command = match random.dice.below(7) {
        0..3 => PlanCommand::ProposePlan(Box::new(ProposePlan { code: code.clone(), content, reason, by })),
        3..5 => PlanCommand::ApprovePlan(ApprovePlan { digest, reason, by }),
        5 => PlanCommand::RejectPlan(RejectPlan { digest, reason, by }),
        _ => {
            let version = 1 + random.dice.below(3) as u32;
            PlanCommand::RetirePlan(RetirePlan { version, reason, by })
        }
    };
    plan(random, system, &code, command).await
}

async fn caution(random: &mut RandomWork, system: &System) -> Result<(), AppendError> {
    let n = random.dice.below(random.records);
    let record = id(13, n);
    let expires_at = random.clock + TimeDelta::days(1 + random.dice.below(60) as i64);
    let dice = &mut random.dice;
    let command = match dice.below(6) {
        0..4 => CautionCommand::RegisterCaution(Box::new(RegisterCaution {
            institution: institution("VP"),
            kind: CautionKind::parse(any_code(dice, CodeSystem::CautionKind)).unwrap(),
            about: match dice.below(3) {
                0 => About::Address(
                    Place::try_new(PlaceParts {
                        address_code: Some(AddressCode::parse("100003003").unwrap()),
                        territory: Some(TerritoryCode::parse("0001000").unwrap()),
                        ..PlaceParts::default()
                    })
                    .unwrap(),
                ),
                1 => About::Person(identity(dice, id(6, n % 3))),
                _ => About::Vehicle(CautionedVehicle {
                    plate: PlateNumber::parse(&format!("AB-{}", 1_000 + dice.below(9)), "LV").unwrap().into(),
                    plate_country: CountryCode::parse("LV").unwrap(),
                    make: None,
                    colour: None,
                }),
            },
            advice: dice.maybe(|_| Description::parse("Nezvanīt pie durvīm").unwrap().into()),
            class: dice.maybe(|dice| *dice.one(RaisedClass::ALL)),
            incident: dice.maybe(|_| id(1, n)),
            expires_at,
        })),
        4 => CautionCommand::RenewCaution(RenewCaution { expires_at, reason: dice.maybe(|_| reason()) }),
        _ => CautionCommand::LiftCaution(LiftCaution { reason: reason() }),
    };
    let decide = Box::new(move |work: &mut Work<'_>| {
        work.execute::<Caution>(record, command.clone())?;
        Ok(Target::of::<Caution>(record))
    });
    system.submit(LogName::REGISTER, random.metadata(None), random.clock, decide).await.map(|_| ())
}

async fn notice(random: &mut RandomWork, system: &System) -> Result<(), AppendError> {
    let incident = id(1, random.dice.below(random.records));
    let recipient = institution(["SD-RIGA", "PP-RIGA"][random.dice.below(2)]);
    let rule = Code::parse("family-violence").unwrap();
    let record = ids::of_notice(incident, &recipient, &rule);
    let by = Actor { institution: recipient.clone(), ..person("i.liepa") };
    let dice = &mut random.dice;
    let command = match dice.below(9) {
        0..4 => NoticeCommand::IssueNotice(Box::new(IssueNotice {
            incident,
            rule,
            rule_version: 1,
            service: *dice.one(NoticeService::ALL),
            municipality: TerritoryCode::parse("0001000").unwrap(),
            recipient,
            escalate_to: institution("VP"),
            // Some are late at once.
            within_minutes: 60 * dice.below(2) as u32,
        })),
        4 => NoticeCommand::RecordDelivery(RecordDelivery {
            receipt: 202,
            content: digest(dice),
            scopes: vec![DataScope::Summary],
        }),
        5 => NoticeCommand::RecordFetch(RecordFetch { by, scopes: vec![DataScope::Summary, DataScope::Narrative] }),
        6 => NoticeCommand::RecordDeliveryFailure(RecordDeliveryFailure {
            cause: *dice.one(DeliveryFailure::ALL),
            receipt: dice.maybe(|_| 503),
        }),
        7 => NoticeCommand::AcknowledgeNotice(AcknowledgeNotice { by, reference: None }),
        _ => NoticeCommand::EscalateNotice,
    };
    let decide = Box::new(move |work: &mut Work<'_>| {
        work.execute::<Notice>(record, command.clone())?;
        Ok(Target::of::<Notice>(record))
    });
    system.submit(LogName::REGISTER, random.metadata(None), random.clock, decide).await.map(|_| ())
}

async fn classifier(random: &mut RandomWork, system: &System) -> Result<(), AppendError> {
    let entry = Entry {
        code: Code::parse(&format!("new-{}", random.dice.below(20))).unwrap(),
        valid_from: None,
        valid_until: None,
        lv: Label::parse("Jauns").unwrap(),
        en: Label::parse(["New", "Newer"][random.dice.below(2)]).unwrap(),
        attributes: BTreeMap::new(),
    };
    let load = LoadClassifier {
        system: CodeSystem::Hazard,
        entries: vec![entry],
        baseline: Vec::new(),
        reason: reason(),
        by: somebody(&mut random.dice),
    };
    let record = ids::of_classifier(CodeSystem::Hazard);
    let decide = Box::new(move |work: &mut Work<'_>| {
        work.execute::<Classifier>(record, ClassifierCommand::LoadClassifier(Box::new(load.clone())))?;
        Ok(Target::of::<Classifier>(record))
    });
    system.submit(LogName::REGISTER, random.metadata(None), random.clock, decide).await.map(|_| ())
}

/// Something is asked of the personal data of a record, or of a data subject wherever it is; now and then it is erased.
async fn retention(random: &mut RandomWork, system: &System) -> Result<(), AppendError> {
    let dice = &mut random.dice;
    let (scope, keys) = match dice.below(3) {
        0 => {
            let subject = id(6, dice.below(3));
            (ErasureScope::Subject(subject), KeyScope::Subject(subject))
        }
        _ => {
            let record = id(1, dice.below(random.records));
            (ErasureScope::Record(record), KeyScope::Record(record))
        }
    };
    let record = ids::of_retention_case(scope);
    let (by, reference) = (somebody(dice), HoldReference::parse("KP-1/2026").unwrap());
    let command = match dice.below(12) {
        0..4 => Some(RetentionCommand::RequestErasure(RequestErasure {
            scope,
            ground: *dice.one(ErasureGround::ALL),
            reason: dice.maybe(|_| reason()),
            by: by.clone(),
        })),
        4 => Some(RetentionCommand::RejectErasure(RejectErasure { reason: dice.maybe(|_| reason()), by: by.clone() })),
        5 => Some(RetentionCommand::PlaceHold(PlaceHold { scope, reference, by: by.clone() })),
        6 | 7 => Some(RetentionCommand::LiftHold(LiftHold { reference, by: by.clone() })),
        _ => None,
    };
    let decide = Box::new(move |work: &mut Work<'_>| {
        if let Some(command) = &command {
            work.execute::<RetentionCase>(record, command.clone())?;
            return Ok(Target::of::<RetentionCase>(record));
        }
        let there = work.keys(keys)?;
        let destroyed = there.iter().map(|key| DestroyedKey {
            key: key.key_id,
            record: key.owner.record,
            subject: key.owner.subject,
        });
        let approve = ApproveErasure { keys: destroyed.collect(), held_elsewhere: Vec::new(), by: by.clone() };
        work.execute::<RetentionCase>(record, RetentionCommand::ApproveErasure(approve))?;
        work.destroy_keys(&there);
        Ok(Target::of::<RetentionCase>(record))
    });
    system.submit(LogName::REGISTER, random.metadata(None), random.clock, decide).await.map(|_| ())
}

/// Somebody is shown something, hands it over, or is refused it.
async fn look(random: &mut RandomWork, system: &System) -> Result<(), AppendError> {
    let by = Actor { institution: institution("SD-RIGA"), ..somebody(&mut random.dice) };
    let day = ids::of_access_day(Some(&by), Utc::now().date_naive());
    let most = random.records;
    let dice = &mut random.dice;
    let records: Vec<Uuid> = (0..dice.below(4)).map(|_| id(1, dice.below(most))).collect();
    let count = records.len() as u32;
    let shown = vec![Shown {
        scopes: vec![DataScope::Summary, *dice.one(&[DataScope::Narrative, DataScope::Persons])],
        records,
    }];
    let purpose = PurposeCode::parse("prevention").unwrap();
    let command = match dice.below(6) {
        0..4 => AccessDayCommand::ConsultRecords(ConsultRecords {
            by,
            way: *dice.one(AccessWay::ALL),
            shown,
            purpose,
            reference: None,
            query: digest(dice),
            count,
        }),
        4 => AccessDayCommand::DiscloseData(DiscloseData {
            by,
            recipient: Recipient::parse("Rīgas tiesa").unwrap(),
            shown,
            purpose,
            reference: None,
            content: digest(dice),
            count,
        }),
        _ => AccessDayCommand::RefuseAccess(RefuseAccess {
            by: Some(by),
            attempt: ActionName::parse("incident").unwrap(),
            record: dice.maybe(|dice| id(1, dice.below(most))),
            cause: *dice.one(RefusalCause::ALL),
            purpose: dice.maybe(|_| purpose),
            more: 0,
        }),
    };
    let decide = Box::new(move |work: &mut Work<'_>| {
        work.execute::<AccessDay>(day, command.clone())?;
        Ok(Target::of::<AccessDay>(day))
    });
    system.submit(LogName::ACCESS, random.metadata(None), random.clock, decide).await.map(|_| ())
}
