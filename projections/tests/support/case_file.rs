//! Random work on case files: persons and things, ties between incidents, transfers, and seized items.

use std::collections::BTreeSet;

use chrono::{TimeDelta, Utc};
use domain::classifier::{
    ActionCode, Classifiers, CodeSystem, DocumentKind, ItemKind, ItemRelation, PersonRole, SeizureBasis, TransferCause,
    VehicleRelation,
};
use domain::incident::{
    AbsorbIncident, AcceptTransfer, AddSeizedItem, ApproveAnnulment, Assignee, ChangePersonRoles, CompleteTransfer,
    CorrectIncident, Document, IdentifyPerson, Identity, Incident, IncidentCommand, InvolveDocument, InvolveItem,
    InvolveOrganisation, InvolvePerson, InvolveVehicle, Item, LiftRestriction, LinkIncidents, MergeIncident,
    OfferTransfer, Organisation, RecordAction, RejectAnnulment, RejectTransfer, ReleaseIncident, RequestAnnulment,
    RestrictIncident, SplitIncident, UnlinkIncidents, UnmergeIncident, Vehicle, WithdrawInvolvement, WithdrawTransfer,
};
use domain::personal::Personal;
use domain::seized_item::{Custodian, DisposeItem, SeizeItem, SeizedItem, SeizedItemCommand, TransferCustody};
use domain::terms::{
    AgeBand, Channel, Confidence, DisposalOutcome, Identification, LinkKind, Protection, RaisedClass, Sex,
    TransferOutcome,
};
use domain::values::{
    Amount, CountryCode, CustodySeal, Description, InstitutionCode, OrganisationName, PersonName, PersonalCode, Phone,
    PlaceText, PlateNumber, Quantity, Reason, SerialNumber, StorageName, VehicleMark, Vin,
};
use event_store::append::{AppendError, Stop, Target, Work};
use event_store::log::LogName;
use uuid::Uuid;

use super::System;
use super::access::person;
use super::work::{Dice, RandomWork, id};

const INSTITUTIONS: [&str; 3] = ["VP-RIGA", "RPP", "VP-LATGALE"];

/// A code of a classifier as it is without anything loaded.
pub fn any_code(dice: &mut Dice, system: CodeSystem) -> &'static str {
    let entries = Classifiers::embedded().list(system).entries();
    dice.one(entries).code.as_str()
}

pub fn why() -> Personal<Reason> {
    Reason::parse("Anna said so afterwards").unwrap().into()
}

pub fn institution(code: &str) -> InstitutionCode {
    InstitutionCode::parse(code).unwrap()
}

fn some_institution(dice: &mut Dice) -> InstitutionCode {
    institution(dice.one::<&str>(&INSTITUTIONS))
}

/// Decides on records, all or nothing.
type Deciding = Box<dyn Fn(&mut Work<'_>) -> Result<(), Stop> + Send + Sync>;

/// Gives commands on incidents, all or nothing.
pub async fn change(
    random: &mut RandomWork,
    system: &System,
    commands: Vec<(Uuid, IncidentCommand)>,
) -> Result<(), AppendError> {
    let record = commands[0].0;
    let deciding: Deciding = Box::new(move |work| {
        for (incident, command) in &commands {
            work.execute::<Incident>(*incident, command.clone())?;
        }
        Ok(())
    });
    decide(random, system, record, deciding).await
}

async fn decide(random: &mut RandomWork, system: &System, record: Uuid, deciding: Deciding) -> Result<(), AppendError> {
    let decide = Box::new(move |work: &mut Work<'_>| {
        deciding(work)?;
        Ok(Target::of::<Incident>(record))
    });
    system.submit(LogName::REGISTER, random.metadata(None), random.clock, decide).await.map(|_| ())
}

/// One command on a case file; it may be refused.
pub async fn work(random: &mut RandomWork, system: &System) -> Result<(), AppendError> {
    let n = random.dice.below(random.records);
    let (one, other) = (id(1, n), id(1, random.dice.below(random.records)));
    match random.dice.below(6) {
        0 | 1 => {
            let command = involvement(&mut random.dice);
            change(random, system, vec![(one, command)]).await
        }
        2 => {
            let command = work_on(random);
            change(random, system, vec![(one, command)]).await
        }
        3 => {
            let command = transfer(&mut random.dice);
            change(random, system, vec![(one, command)]).await
        }
        4 if one != other => tie(random, system, one, other).await,
        4 => Ok(()),
        _ => seized_item(random, system, one).await,
    }
}

fn involvement(dice: &mut Dice) -> IncidentCommand {
    let k = dice.below(3);
    let (subject, of) = (id(6, k), dice.maybe(|_| id(6, k)));
    let roles = |dice: &mut Dice| -> BTreeSet<PersonRole> {
        let some = (0..1 + dice.below(2)).map(|_| PersonRole::parse(any_code(dice, CodeSystem::PersonRole)).unwrap());
        some.collect()
    };
    match dice.below(12) {
        0..3 => {
            let person = identity(dice, subject);
            IncidentCommand::InvolvePerson(Box::new(InvolvePerson {
                minor: person.age_band.is_some_and(AgeBand::is_minor),
                person,
                roles: roles(dice),
                identification: *dice.one(Identification::ALL),
                protections: dice.maybe(|dice| *dice.one(Protection::ALL)).into_iter().collect(),
            }))
        }
        3 | 4 => IncidentCommand::IdentifyPerson(Box::new(IdentifyPerson {
            person: identity(dice, subject),
            identification: dice.maybe(|dice| *dice.one(Identification::ALL)),
            minor: None,
            protections: dice.maybe(|dice| dice.maybe(|dice| *dice.one(Protection::ALL)).into_iter().collect()),
            reason: Some(why()),
        })),
        5 => IncidentCommand::ChangePersonRoles(ChangePersonRoles { subject, roles: roles(dice), reason: why() }),
        6 => IncidentCommand::InvolveOrganisation(Box::new(InvolveOrganisation {
            organisation: Organisation {
                id: id(7, k),
                name: OrganisationName::parse("SIA \"Paraugs\"").unwrap(),
                number: None,
                roles: roles(dice),
            },
        })),
        7 => IncidentCommand::InvolveVehicle(Box::new(InvolveVehicle { vehicle: vehicle(dice, id(8, k), of) })),
        8 => IncidentCommand::InvolveItem(Box::new(InvolveItem { item: item(dice, id(9, k), of) })),
        9 => IncidentCommand::InvolveDocument(Box::new(InvolveDocument {
            document: Document {
                id: id(10, k),
                kind: DocumentKind::parse(any_code(dice, CodeSystem::DocumentKind)).unwrap(),
                relation: ItemRelation::parse(any_code(dice, CodeSystem::ItemRelation)).unwrap(),
                number: dice.maybe(|_| SerialNumber::parse("LV1234567").unwrap().into()),
                country: CountryCode::parse("LV").ok(),
                person: of,
            },
        })),
        _ => {
            let involvement = id(6 + dice.below(5) as u128, k);
            IncidentCommand::WithdrawInvolvement(WithdrawInvolvement { involvement, reason: why() })
        }
    }
}

/// Some of what can be known of a person.
pub fn identity(dice: &mut Dice, subject: Uuid) -> Identity {
    let code = PersonalCode::parse("161175-19997").unwrap();
    Identity {
        name: dice.maybe(|_| PersonName::parse("Anna Bērziņa").unwrap().into()),
        personal_code: dice.maybe(|_| code.into()),
        birth_date: dice.maybe(|_| "1975-11-16".parse::<chrono::NaiveDate>().unwrap().into()),
        phone: dice.maybe(|_| Phone::parse("+37120000001").unwrap().into()),
        address: dice.maybe(|_| PlaceText::parse("Slepenā iela 7").unwrap().into()),
        citizenship: dice.maybe(|_| CountryCode::parse("LV").unwrap()),
        sex: dice.maybe(|dice| *dice.one(Sex::ALL)),
        age_band: dice.maybe(|dice| *dice.one(AgeBand::ALL)),
        ..Identity::unknown(subject)
    }
}

fn vehicle(dice: &mut Dice, id: Uuid, person: Option<Uuid>) -> Vehicle {
    Vehicle {
        id,
        relation: VehicleRelation::parse(any_code(dice, CodeSystem::VehicleRelation)).unwrap(),
        plate: dice.maybe(|_| PlateNumber::parse("AB-1234", "LV").unwrap().into()),
        plate_country: CountryCode::parse("LV").ok(),
        vin: dice.maybe(|_| Vin::parse("WVWZZZ1JZXW000001").unwrap().into()),
        make: dice.maybe(|_| VehicleMark::parse("Volvo V70").unwrap()),
        colour: None,
        person,
    }
}

fn item(dice: &mut Dice, id: Uuid, person: Option<Uuid>) -> Item {
    Item {
        id,
        kind: ItemKind::parse(any_code(dice, CodeSystem::ItemKind)).unwrap(),
        relation: ItemRelation::parse(any_code(dice, CodeSystem::ItemRelation)).unwrap(),
        description: dice.maybe(|_| Description::parse("it was a red one").unwrap().into()),
        serial: SerialNumber::parse("WTU-0451").ok(),
        quantity: Quantity::try_new(1 + dice.below(3) as u32).ok(),
        value_cents: Amount::try_new(45_000).ok(),
        person,
    }
}

/// What is done with an incident beside the ordinary work.
fn work_on(random: &mut RandomWork) -> IncidentCommand {
    let by = person(["a.ozola", "p.kalnins"][random.dice.below(2)]);
    let dice = &mut random.dice;
    match dice.below(8) {
        0 | 1 => IncidentCommand::RecordAction(Box::new(RecordAction {
            action: ActionCode::parse(any_code(dice, CodeSystem::Action)).unwrap(),
            at: None,
            by: dice.maybe(|dice| Assignee::Unit(id(3, dice.below(3)))),
            note: dice.maybe(|_| Description::parse("it was a red one").unwrap().into()),
        })),
        2 => IncidentCommand::CorrectIncident(Box::new(CorrectIncident {
            reason: why(),
            by_supervisor: dice.below(2) == 0,
            channel: dice.maybe(|dice| *dice.one(Channel::ALL)),
            narrative: None,
            place: None,
            received_at: dice.maybe(|_| random.clock - TimeDelta::minutes(3)),
            occurred_from: None,
            occurred_to: None,
            reporter: None,
        })),
        3 | 4 => {
            IncidentCommand::RestrictIncident(RestrictIncident { class: *dice.one(RaisedClass::ALL), reason: why() })
        }
        5 => IncidentCommand::LiftRestriction(LiftRestriction { reason: why() }),
        6 => IncidentCommand::RequestAnnulment(RequestAnnulment { reason: why(), by }),
        // Seldom agreed to: nothing of an annulled incident changes any more.
        _ if dice.below(3) == 0 => IncidentCommand::ApproveAnnulment(ApproveAnnulment { by }),
        _ => IncidentCommand::RejectAnnulment(RejectAnnulment { reason: why(), by }),
    }
}

fn transfer(dice: &mut Dice) -> IncidentCommand {
    let by = some_institution(dice);
    match dice.below(10) {
        0..4 => IncidentCommand::OfferTransfer(OfferTransfer {
            transfer: id(11, dice.below(1_000)),
            to: by,
            // Some are over before anybody answers.
            deadline: dice.maybe(|_| Utc::now().fixed_offset() + TimeDelta::milliseconds(20)),
            reason: why(),
        }),
        4 | 5 => IncidentCommand::AcceptTransfer(AcceptTransfer {
            by,
            assignee: dice.maybe(|dice| Assignee::Unit(id(3, dice.below(3)))),
        }),
        6 => IncidentCommand::RejectTransfer(RejectTransfer {
            by,
            cause: TransferCause::parse(any_code(dice, CodeSystem::TransferCause)).unwrap(),
            note: Some(why()),
        }),
        7 => IncidentCommand::WithdrawTransfer(WithdrawTransfer { reason: why() }),
        8 => IncidentCommand::ExpireTransfer,
        _ => IncidentCommand::CompleteTransfer(CompleteTransfer {
            by,
            outcome: *dice.one(TransferOutcome::ALL),
            note: Some(why()),
        }),
    }
}

/// Ties two incidents, or unties them: both say so.
async fn tie(random: &mut RandomWork, system: &System, one: Uuid, other: Uuid) -> Result<(), AppendError> {
    let kind = *random.dice.one(LinkKind::ALL);
    let link = |other, kind| {
        let confidence = Confidence::Probable;
        IncidentCommand::LinkIncidents(LinkIncidents { other, kind, confidence, reason: Some(why()) })
    };
    let unlink = |other| IncidentCommand::UnlinkIncidents(UnlinkIncidents { other, reason: why() });
    let commands = match random.dice.below(7) {
        0..3 => vec![(one, link(other, kind)), (other, link(one, kind.seen_from_the_other()))],
        3 => vec![(one, unlink(other)), (other, unlink(one))],
        4 => vec![
            (one, IncidentCommand::MergeIncident(MergeIncident { into: other, reason: why() })),
            (other, IncidentCommand::AbsorbIncident(AbsorbIncident { other: one, reason: why() })),
        ],
        5 => vec![(one, IncidentCommand::SplitIncident(SplitIncident { into: other, reason: why() }))],
        _ => return unmerge(random, system, one).await,
    };
    change(random, system, commands).await
}

async fn unmerge(random: &mut RandomWork, system: &System, one: Uuid) -> Result<(), AppendError> {
    let deciding: Deciding = Box::new(move |work| {
        let (incident, _) = work.state::<Incident>(one)?;
        let Some(into) = incident.merged_into() else { return Ok(()) };
        work.execute::<Incident>(one, IncidentCommand::UnmergeIncident(UnmergeIncident { reason: why() }))?;
        let release = ReleaseIncident { other: one, reason: why() };
        work.execute::<Incident>(into, IncidentCommand::ReleaseIncident(release))?;
        Ok(())
    });
    decide(random, system, one, deciding).await
}

fn custodian(dice: &mut Dice) -> Custodian {
    Custodian {
        institution: some_institution(dice),
        keeper: StorageName::parse(["4711", "Glabātava"][dice.below(2)]).unwrap(),
    }
}

/// What begins the custody of an item of that incident.
pub fn seizure(dice: &mut Dice, incident: Uuid) -> SeizeItem {
    SeizeItem {
        incident,
        kind: ItemKind::parse(any_code(dice, CodeSystem::ItemKind)).unwrap(),
        description: dice.maybe(|_| Description::parse("it was a red one").unwrap().into()),
        serial: None,
        quantity: Quantity::try_new(1).ok(),
        value_cents: dice.maybe(|_| Amount::try_new(1_250).unwrap()),
        basis: SeizureBasis::parse(any_code(dice, CodeSystem::SeizureBasis)).unwrap(),
        protocol: None,
        from_person: dice.maybe(|_| id(6, 0)),
        place: dice.maybe(|_| PlaceText::parse("Slepenā iela 7").unwrap().into()),
        custodian: custodian(dice),
        seal: CustodySeal::parse("A 000001").ok(),
        at: None,
    }
}

async fn seized_item(random: &mut RandomWork, system: &System, incident: Uuid) -> Result<(), AppendError> {
    let item = id(12, random.dice.below(random.records * 2));
    let dice = &mut random.dice;
    let (seizure, to, first) = (seizure(dice, incident), custodian(dice), dice.below(2) == 0);
    let (seal, outcome) = (dice.maybe(|_| CustodySeal::parse("A 000002").unwrap()), *dice.one(DisposalOutcome::ALL));
    let what = dice.below(6);
    let deciding: Deciding = Box::new(move |work| {
        let (known, _) = work.state::<SeizedItem>(item)?;
        let Some(from) = known.custodian().cloned() else {
            let add = IncidentCommand::AddSeizedItem(AddSeizedItem { item });
            // Which of the two comes first in the log is nobody's business.
            if first {
                work.execute::<Incident>(incident, add.clone())?;
            }
            work.execute::<SeizedItem>(item, SeizedItemCommand::SeizeItem(Box::new(seizure.clone())))?;
            if !first {
                work.execute::<Incident>(incident, add)?;
            }
            return Ok(());
        };
        let command = match what {
            0 => SeizedItemCommand::DisposeItem(DisposeItem {
                outcome,
                to: Some(institution("VP")),
                at: None,
                decision: None,
                reason: Some(why()),
            }),
            _ => SeizedItemCommand::TransferCustody(TransferCustody {
                from,
                to: to.clone(),
                at: None,
                seal: seal.clone(),
                reason: Some(why()),
            }),
        };
        work.execute::<SeizedItem>(item, command)?;
        Ok(())
    });
    decide(random, system, incident, deciding).await
}
