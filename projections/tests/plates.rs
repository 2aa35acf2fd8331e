//! Plates are found by what they are, built live or anew alike, and gone with their keys.

mod support;

use std::sync::Arc;

use chrono::Utc;
use domain::classifier::VehicleRelation;
use domain::ids;
use domain::incident::{IncidentCommand, InvolveVehicle, Vehicle};
use domain::retention::{
    ApproveErasure, DestroyedKey, ErasureGround, ErasureScope, RequestErasure, RetentionCase, RetentionCommand,
};
use domain::values::{CountryCode, PlateNumber};
use event_store::append::{AppendError, Target, Work};
use event_store::log::LogName;
use event_store::seal::{KeyScope, MasterKeys};
use projections::plates::{PlateKeys, PlateRow, digest};
use projections::{Registry, rebuild};
use sqlx::Row as _;
use support::System;
use support::access::person;
use support::case_file::change;
use support::work::{RandomWork, id};
use uuid::Uuid;

async fn rows(system: &System) -> Vec<String> {
    let sql = "select to_jsonb(p)::text from plates.plates p order by incident, vehicle";
    sqlx::query_scalar(sql).fetch_all(&system.pools.app).await.unwrap()
}

/// Erases what a record's keys seal, as two persons do.
async fn erase(system: &System, record: Uuid) {
    let scope = ErasureScope::Record(record);
    let case = ids::of_retention_case(scope);
    let request = RetentionCommand::RequestErasure(RequestErasure {
        scope,
        ground: ErasureGround::Order,
        reason: None,
        by: person("one"),
    });
    let decide = Box::new(move |work: &mut Work<'_>| {
        work.execute::<RetentionCase>(case, request.clone())?;
        let keys = work.keys(KeyScope::Record(record))?;
        let destroyed = keys.iter().map(|key| DestroyedKey {
            key: key.key_id,
            record: key.owner.record,
            subject: key.owner.subject,
        });
        let approve = ApproveErasure { keys: destroyed.collect(), held_elsewhere: Vec::new(), by: person("two") };
        work.execute::<RetentionCase>(case, RetentionCommand::ApproveErasure(approve))?;
        work.destroy_keys(&keys);
        Ok(Target::of::<RetentionCase>(case))
    });
    let metadata = [("actor", "one"), ("institution", "VP")];
    let metadata = metadata.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
    system.submit(LogName::REGISTER, metadata, Utc::now().fixed_offset(), decide).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plates_are_found_alike_built_live_or_anew_and_gone_with_their_keys() {
    let mut system = System::fresh().await;
    let master = Arc::new(MasterKeys::from_bytes(1, &[42; 32]));
    system.registry = Registry::with_keys(PlateKeys::new(system.pools.app.clone(), Arc::clone(&master)));
    let at_work = system.start();
    let mut work = RandomWork::new(7, 60);
    work.go_on(&system, 500).await;
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
    assert!(live.len() > 5, "{} plates", live.len());
    assert_eq!(rebuild(&system.pools, &system.registry, "plates", &mut |_| {}).await.unwrap().parked, 0);
    assert_eq!(rows(&system).await, live, "built anew they are the same");

    let some = sqlx::query("select incident, digest from plates.plates order by first_position desc limit 1");
    let some = some.fetch_one(&system.pools.app).await.unwrap();
    let (incident, plate): (Uuid, Vec<u8>) = (some.get("incident"), some.get("digest"));
    let plate: [u8; 32] = plate.try_into().unwrap();
    let mut connection = system.pools.app.acquire().await.unwrap();
    assert!(PlateRow::incidents_with(&mut connection, &plate, 50).await.unwrap().contains(&incident));
    let unknown = digest(&master, &PlateNumber::parse("ZZ-9999", "LV").unwrap());
    assert!(PlateRow::incidents_with(&mut connection, &unknown, 50).await.unwrap().is_empty());

    erase(&system, incident).await;
    assert!(!PlateRow::incidents_with(&mut connection, &plate, 50).await.unwrap().contains(&incident), "at once");
    system.caught_up(&at_work).await;
    let left = rows(&system).await;
    assert!(left.len() < live.len() && left.iter().all(|row| !row.contains(&incident.to_string())));
    rebuild(&system.pools, &system.registry, "plates", &mut |_| {}).await.unwrap();
    assert_eq!(rows(&system).await, left, "built anew of what is left it is the same");
}

#[test]
fn a_plate_is_the_same_however_it_is_written_and_another_in_another_country() {
    let master = MasterKeys::from_bytes(1, &[42; 32]);
    let of = |written: &str, country: &str| digest(&master, &PlateNumber::parse(written, country).unwrap());
    assert_eq!(of("AB-1234", "LV"), of(" ab 1234", "lv"));
    assert_ne!(of("AB-1234", "LV"), of("AB-1234", "LT"));
    let other = MasterKeys::from_bytes(1, &[43; 32]);
    assert_ne!(
        of("AB-1234", "LV"),
        digest(&other, &PlateNumber::parse("AB-1234", "LV").unwrap()),
        "of no use elsewhere"
    );
}
