//! What is to be known of an address, a person or a vehicle: found while it holds, and the same after a rebuild.

mod support;

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use domain::caution::{About, Caution, CautionCommand, CautionedVehicle, LiftCaution, RegisterCaution, RenewCaution};
use domain::classifier::CautionKind;
use domain::incident::Identity;
use domain::terms::RaisedClass;
use domain::values::{
    AddressCode, CountryCode, InstitutionCode, PersonName, Place, PlaceParts, PlateNumber, Reason, TerritoryCode,
};
use event_store::append::{Target, Work};
use event_store::log::LogName;
use projections::cautions::{CautionFilter, CautionRow, Cautions};
use projections::{Order, rebuild};
use support::System;
use uuid::Uuid;

async fn tell(system: &System, id: Uuid, command: CautionCommand) {
    let decide = move |work: &mut Work<'_>| {
        work.execute::<Caution>(id, command.clone())?;
        Ok(Target::of::<Caution>(id))
    };
    let metadata = [("actor".to_owned(), "vp-test".to_owned())].into_iter().collect();
    system.submit(LogName::REGISTER, metadata, Utc::now().fixed_offset(), Box::new(decide)).await.unwrap();
}

fn in_days(days: i64) -> DateTime<FixedOffset> {
    Utc::now().fixed_offset() + TimeDelta::days(days)
}

async fn register(system: &System, kind: &str, about: About, class: Option<RaisedClass>) -> Uuid {
    let id = Uuid::now_v7();
    let register = RegisterCaution {
        institution: InstitutionCode::parse("VP").unwrap(),
        kind: CautionKind::parse(kind).unwrap(),
        about,
        advice: None,
        class,
        incident: None,
        expires_at: in_days(30),
    };
    tell(system, id, CautionCommand::RegisterCaution(Box::new(register))).await;
    id
}

fn address(code: &str) -> About {
    let parts = PlaceParts {
        address_code: Some(AddressCode::parse(code).unwrap()),
        territory: Some(TerritoryCode::parse("0001000").unwrap()),
        ..Default::default()
    };
    About::Address(Place::try_new(parts).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_holds_is_found_by_what_it_is_about_and_a_rebuild_says_the_same() {
    let system = System::fresh().await;
    let at_work = system.start();
    let subject = Uuid::now_v7();
    let person =
        Identity { name: Some(PersonName::parse("Anna Bērziņa").unwrap().into()), ..Identity::unknown(subject) };
    let vehicle = CautionedVehicle {
        plate: PlateNumber::parse("AB-1234", "LV").unwrap().into(),
        plate_country: CountryCode::parse("LV").unwrap(),
        make: None,
        colour: None,
    };
    let dog = register(&system, "dog", address("100003003"), None).await;
    let access = register(&system, "access", address("100003003"), None).await;
    let elsewhere = register(&system, "dog", address("100003004"), None).await;
    let protected = register(&system, "protected-person", About::Person(person), Some(RaisedClass::Protected)).await;
    let escape = register(&system, "escape", About::Vehicle(vehicle), None).await;
    let renew = RenewCaution { expires_at: in_days(60), reason: None };
    tell(&system, access, CautionCommand::RenewCaution(renew)).await;
    let reason = Reason::parse("Suņa vairs nav").unwrap().into();
    tell(&system, dog, CautionCommand::LiftCaution(LiftCaution { reason })).await;
    system.caught_up(&at_work).await;

    let mut connection = system.pools.app.acquire().await.unwrap();
    let at = |days| CautionFilter {
        address_code: Some("100003003".into()),
        holding_at: Some(in_days(days).into()),
        ..Default::default()
    };
    let mut found = async |filter: CautionFilter| {
        let rows = CautionRow::search(&mut connection, &filter, None, Order::NewestFirst, 9).await.unwrap();
        let count = CautionRow::count(&mut connection, &filter).await.unwrap();
        assert_eq!(rows.len() as i64, count);
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(found(at(0)).await, [access]);
    assert_eq!(found(at(59)).await, [access], "it was renewed");
    assert_eq!(found(at(61)).await, [] as [Uuid; 0]);
    assert_eq!(found(CautionFilter { holding_at: None, ..at(0) }).await, [access, dog], "what is over is kept");
    assert_eq!(found(CautionFilter { subject: Some(subject), ..Default::default() }).await, [protected]);
    let dogs = CautionFilter { kinds: vec!["dog".into(), "escape".into()], ..Default::default() };
    assert_eq!(found(dogs).await, [escape, elsewhere, dog]);

    let mut connection = system.pools.app.acquire().await.unwrap();
    let row = CautionRow::by_id(&mut connection, protected).await.unwrap().unwrap();
    assert_eq!((row.about.as_str(), row.class.as_deref(), row.version), ("person", Some("protected"), 1));
    assert!(!row.identity.unwrap().contains("Anna"), "who it is stays sealed");
    let row = CautionRow::by_id(&mut connection, dog).await.unwrap().unwrap();
    assert!(!row.holds_at(Utc::now()) && row.version == 2 && row.lifted_because.is_some());

    let before = system.rows::<Cautions>("cautions").await;
    assert_eq!(before.len(), 5);
    rebuild(&system.pools, &system.registry, "cautions", &mut |_| {}).await.unwrap();
    assert_eq!(system.rows::<Cautions>("cautions").await, before);
}
