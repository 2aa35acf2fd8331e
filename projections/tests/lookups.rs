//! Vehicles and persons are found by what is sealed of them, built live or anew alike, and gone with their keys.

mod support;

use std::collections::BTreeSet;

use domain::classifier::{IncidentType, PersonRole, VehicleRelation};
use domain::incident::{
    IdentifyPerson, Identity, IncidentCommand, InvolvePerson, InvolveVehicle, RegisterIncident, TypeRules, Vehicle,
    WithdrawInvolvement,
};
use domain::retention::ErasureScope;
use domain::terms::{Category, Channel, Identification};
use domain::values::{CountryCode, PersonName, PersonalCode, PlateNumber};
use event_store::append::AppendError;
use event_store::seal::MasterKeys;
use projections::event::INCIDENT;
use projections::lookups::{Lookup, LookupRow};
use projections::rebuild;
use sqlx::Executor as _;
use support::System;
use support::case_file::{change, institution, why};
use support::keyed::{does, erase, with_keys};
use support::work::{RandomWork, id};
use uuid::Uuid;

const NONE: [Uuid; 0] = [];

async fn rows(system: &System) -> Vec<String> {
    let sql = "select to_jsonb(l)::text from lookups.lookups l order by record, part, kind";
    sqlx::query_scalar(sql).fetch_all(&system.pools.app).await.unwrap()
}

async fn built_anew(system: &System) -> Vec<String> {
    assert_eq!(rebuild(&system.pools, &system.registry, "lookups", &mut |_| {}).await.unwrap().parked, 0);
    rows(system).await
}

/// The incidents that are found by it.
async fn found(system: &System, master: &MasterKeys, lookup: Lookup<'_>) -> Vec<Uuid> {
    let mut connection = system.pools.app.acquire().await.unwrap();
    LookupRow::records_with(&mut connection, INCIDENT, &lookup.digest(master), 500).await.unwrap()
}

async fn with_code(system: &System, master: &MasterKeys, written: &str) -> Vec<Uuid> {
    found(system, master, Lookup::PersonalCode(&PersonalCode::parse(written).unwrap())).await
}

async fn registered(system: &System) -> Uuid {
    let incident = Uuid::now_v7();
    let register = RegisterIncident {
        channel: Channel::Phone110,
        type_code: IncidentType::parse("theft").unwrap(),
        category: Category::B,
        rules: TypeRules::default(),
        place: None,
        received_at: None,
        occurred_from: None,
        occurred_to: None,
        narrative: None,
        reporter: None,
        institution: institution("VP"),
        card: None,
        legacy_number: None,
        split_from: None,
        forwarded_by: None,
        recording_ref: None,
    };
    does(system, incident, IncidentCommand::RegisterIncident(Box::new(register))).await;
    incident
}

fn with(subject: Uuid, code: Option<&str>) -> Identity {
    Identity {
        name: Some(PersonName::parse("Anna Bērziņa").unwrap().into()),
        personal_code: code.map(|code| PersonalCode::parse(code).unwrap().into()),
        ..Identity::unknown(subject)
    }
}

async fn involve(system: &System, incident: Uuid, subject: Uuid, code: Option<&str>) {
    let involve = InvolvePerson {
        person: with(subject, code),
        roles: BTreeSet::from([PersonRole::parse("suspect").unwrap()]),
        identification: Identification::Document,
        minor: false,
        protections: BTreeSet::new(),
    };
    does(system, incident, IncidentCommand::InvolvePerson(Box::new(involve))).await;
}

async fn identify(system: &System, incident: Uuid, subject: Uuid, code: Option<&str>) {
    let (identification, minor, protections, reason) = (None, None, None, None);
    let identify = IdentifyPerson { person: with(subject, code), identification, minor, protections, reason };
    does(system, incident, IncidentCommand::IdentifyPerson(Box::new(identify))).await;
}

async fn withdraw(system: &System, incident: Uuid, involvement: Uuid) {
    let withdraw = WithdrawInvolvement { involvement, reason: why() };
    does(system, incident, IncidentCommand::WithdrawInvolvement(withdraw)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_looked_up_is_found_alike_built_live_or_anew_and_gone_with_its_keys() {
    let (system, master) = with_keys().await;
    let at_work = system.start();
    let mut work = RandomWork::new(7, 60);
    work.go_on(&system, 1_500).await;
    for n in 0..60 {
        let vehicle = Vehicle {
            id: Uuid::now_v7(),
            relation: VehicleRelation::parse("suspect").unwrap(),
            plate: Some(PlateNumber::parse(&format!("AB-{}", 1_000 + n % 20), "LV").unwrap().into()),
            plate_country: CountryCode::parse("LV").ok(),
            vin: None,
            make: None,
            colour: None,
            person: None,
        };
        let involve = IncidentCommand::InvolveVehicle(Box::new(InvolveVehicle { vehicle }));
        match change(&mut work, &system, vec![(id(1, n), involve)]).await {
            // Some are not registered, or closed.
            Ok(()) | Err(AppendError::Refused(_)) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    system.caught_up(&at_work).await;
    let live = rows(&system).await;
    for kind in ["\"plate\"", "\"personal_code\""] {
        let of_kind = live.iter().filter(|row| row.contains(kind)).count();
        assert!(of_kind > 2, "{of_kind} by {kind}");
    }
    assert_eq!(built_anew(&system).await, live, "built anew they are the same");

    let sql = "select record from lookups.lookups where kind = 'plate' order by first_position desc limit 1";
    let incident: Uuid = sqlx::query_scalar(sql).fetch_one(&system.pools.app).await.unwrap();
    let mut known = Vec::new();
    for n in 0..20 {
        let plate = PlateNumber::parse(&format!("ab {}", 1_000 + n), "LV").unwrap();
        if found(&system, &master, Lookup::Plate(&plate)).await.contains(&incident) {
            known.push(plate);
        }
    }
    assert!(!known.is_empty());
    let unknown = PlateNumber::parse("ZZ-9999", "LV").unwrap();
    assert_eq!(found(&system, &master, Lookup::Plate(&unknown)).await, NONE);

    erase(&system, ErasureScope::Record(incident)).await;
    for plate in &known {
        assert!(!found(&system, &master, Lookup::Plate(plate)).await.contains(&incident), "at once");
    }
    system.caught_up(&at_work).await;
    let left = rows(&system).await;
    assert!(left.len() < live.len() && left.iter().all(|row| !row.contains(&incident.to_string())));
    assert_eq!(built_anew(&system).await, left, "built anew of what is left they are the same");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_is_found_by_the_code_that_was_said_last_until_they_are_withdrawn() {
    let (system, master) = with_keys().await;
    let at_work = system.start();
    let (one, other) = (registered(&system).await, registered(&system).await);
    let (anna, same, unnamed) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    involve(&system, one, anna, Some("161175-19997")).await;
    involve(&system, one, unnamed, None).await;
    // The same human being is another data subject in another incident.
    involve(&system, other, same, Some("16117519997")).await;
    // Without a code nothing changes.
    identify(&system, one, anna, None).await;
    system.caught_up(&at_work).await;
    assert_eq!(with_code(&system, &master, "161175 19997").await, [other, one], "the latest first");
    assert_eq!(with_code(&system, &master, "161175-19998").await, NONE);
    // Another type of record has none of them.
    let mut connection = system.pools.app.acquire().await.unwrap();
    let code = PersonalCode::parse("161175-19997").unwrap();
    let digest = Lookup::PersonalCode(&code).digest(&master);
    assert_eq!(LookupRow::records_with(&mut connection, "emergency_card", &digest, 500).await.unwrap(), NONE);
    assert_eq!(LookupRow::records_with(&mut connection, INCIDENT, &digest, 1).await.unwrap(), [other]);

    // A code that doesn't verify is found like any other.
    let wrong = "010190-12345";
    assert!(!PersonalCode::parse(wrong).unwrap().verified());
    identify(&system, one, anna, Some(wrong)).await;
    identify(&system, one, unnamed, Some("111111-11111")).await;
    system.caught_up(&at_work).await;
    assert_eq!(with_code(&system, &master, "16117519997").await, [other]);
    assert_eq!(with_code(&system, &master, "01019012345").await, [one]);
    assert_eq!(with_code(&system, &master, "11111111111").await, [one]);

    withdraw(&system, one, anna).await;
    system.caught_up(&at_work).await;
    assert_eq!(with_code(&system, &master, wrong).await, NONE);
    // Who takes part again is who is said now.
    involve(&system, one, anna, None).await;
    system.caught_up(&at_work).await;
    assert_eq!(with_code(&system, &master, wrong).await, NONE);
    let live = rows(&system).await;
    assert_eq!(live.len(), 2, "{live:?}");
    assert_eq!(built_anew(&system).await, live);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_who_is_erased_is_not_found_whether_that_was_before_or_after_they_were_read() {
    let (system, master) = with_keys().await;
    let code = "161175-19997";
    let (before, after, stays) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    let incident = registered(&system).await;
    involve(&system, incident, before, Some(code)).await;
    identify(&system, incident, before, Some("010190-12345")).await;
    erase(&system, ErasureScope::Subject(before)).await;
    involve(&system, incident, after, Some(code)).await;
    involve(&system, incident, stays, Some("111111-11111")).await;

    let at_work = system.start();
    system.caught_up(&at_work).await;
    assert_eq!(with_code(&system, &master, "010190-12345").await, NONE, "erased before it was read");
    assert_eq!(with_code(&system, &master, code).await, [incident]);
    erase(&system, ErasureScope::Subject(after)).await;
    assert_eq!(with_code(&system, &master, code).await, NONE, "at once");
    system.caught_up(&at_work).await;
    let left = rows(&system).await;
    assert!(left.len() == 1 && left[0].contains(&stays.to_string()), "{left:?}");
    assert_eq!(with_code(&system, &master, "111111-11111").await, [incident], "the others stay");
    assert_eq!(built_anew(&system).await, left);
}

#[tokio::test]
async fn the_read_model_that_found_plates_alone_goes_with_all_that_was_noted_of_it() {
    let system = System::fresh().await;
    let owner = &system.pools.owner;
    let installed = "create schema plates; create table plates.plates (incident uuid); create schema plates__rebuild;
        insert into projections.consumers (name, build, log, version, progress, generation)
            select name, build, 'register', 1, 7, 1 from unnest('{plates, plates, roster}'::text[], '{live, rebuild, live}'::text[]) as c (name, build);
        insert into projections.parked (name, build, aggregate_id, log, first_position, error)
            select name, 'live', gen_random_uuid(), 'register', 1, 'poison' from unnest('{plates, roster}'::text[]) as p (name)";
    owner.execute(installed).await.unwrap();
    let retire = event_store::consumer::migration_set().files.iter().find(|file| file.name == "lookups").unwrap().sql;
    owner.execute(retire).await.unwrap();
    owner.execute(retire).await.expect("where it isn't there nothing is amiss");
    let left = "select name from projections.consumers union all select name from projections.parked
        union all select nspname from pg_namespace where nspname like 'plates%'";
    let left: Vec<String> = sqlx::query_scalar(left).fetch_all(owner).await.unwrap();
    assert_eq!(left, ["roster", "roster"]);
}

#[test]
fn a_plate_is_the_same_however_it_is_written_and_another_in_another_country() {
    let master = MasterKeys::from_bytes(1, &[42; 32]);
    let with = |master: &MasterKeys, written: &str, country: &str| {
        Lookup::Plate(&PlateNumber::parse(written, country).unwrap()).digest(master)
    };
    let of = |written: &str, country: &str| with(&master, written, country);
    assert_eq!(of("AB-1234", "LV"), of(" ab 1234", "lv"));
    assert_ne!(of("AB-1234", "LV"), of("AB-1234", "LT"));
    let other = MasterKeys::from_bytes(1, &[43; 32]);
    assert_ne!(of("AB-1234", "LV"), with(&other, "AB-1234", "LV"), "of no use elsewhere");
}

#[test]
fn a_personal_code_is_the_same_however_it_is_written() {
    let master = MasterKeys::from_bytes(1, &[42; 32]);
    let of = |written: &str| Lookup::PersonalCode(&PersonalCode::parse(written).unwrap()).digest(&master);
    assert_eq!(of("010190-12345"), of(" 010190 12345"));
    assert_ne!(of("010190-12345"), of("010190-12346"));
}
