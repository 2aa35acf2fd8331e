//! Cautions: registered by whoever works for an institution, changed by it alone, and shown where somebody is about to go.

use access::{Principal, Purpose, Role};
use chrono::{SecondsFormat, TimeDelta, Utc};
use proto::command::v1 as pb;
use proto::command::v1::caution_service_client::CautionServiceClient;
use proto::command::v1::register_caution::About;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::support::{Api, Calling, envelope, incident, person, with_id};

const ADDRESS: &str = "100123456";

fn of(user: &str, institution: &str) -> Principal {
    person(user, institution, Role::Officer, Purpose::Response)
}

fn cautions(api: &Api, who: &Principal) -> CautionServiceClient<Calling> {
    CautionServiceClient::new(api.calling_as(who))
}

fn in_days(days: i64) -> String {
    (Utc::now() + TimeDelta::days(days)).to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn at_address(kind: &str) -> pb::RegisterCaution {
    let place = pb::Place { address_code: ADDRESS.to_owned(), ..Default::default() };
    pb::RegisterCaution {
        envelope: envelope(),
        kind: kind.to_owned(),
        about: Some(About::Address(place)),
        advice: "Suns pagalmā".to_owned(),
        expires_at: in_days(90),
        ..Default::default()
    }
}

/// Kinds of the cautions that are told of a draft at that address, the latest first.
async fn known(api: &Api, who: &Principal) -> Vec<String> {
    let place = Some(pb::Place { address_code: ADDRESS.to_owned(), ..Default::default() });
    let draft = Some(pb::RegisterIncident { place, ..incident() });
    let asked = pb::ValidateIncident { draft, ..Default::default() };
    let reply = api.incidents_as(who).validate_incident(asked).await.unwrap().into_inner();
    reply.place.unwrap().cautions.into_iter().map(|caution| caution.kind).collect()
}

#[tokio::test]
async fn cautions_at_an_address_are_told_while_an_incident_is_entered_until_they_are_over() {
    let api = Api::with_read_models().await;
    let own = of("l.kalnina", "RPP");
    let dog = cautions(&api, &own).register_caution(at_address("dog")).await.unwrap().into_inner();
    cautions(&api, &own).register_caution(at_address("vulnerable-person")).await.unwrap();
    let raised = pb::RegisterCaution { class: pb::RaisedClass::Secret as i32, ..at_address("weapon") };
    cautions(&api, &own).register_caution(raised).await.unwrap();
    api.caught_up().await;
    assert_eq!(known(&api, &own).await, ["vulnerable-person", "dog"], "what is secret needs a grant");
    assert_eq!(known(&api, &of("a.ozola", "VP")).await, ["vulnerable-person", "dog"]);
    assert_eq!(known(&api, &of("j.liepa", "PP-LIEPAJA")).await, ["dog"], "protected persons are not for every force");

    let renew = |days| pb::RenewCaution {
        envelope: envelope(),
        id: dog.aggregate_id.clone(),
        expires_at: in_days(days),
        reason: String::new(),
    };
    let others = cautions(&api, &of("a.ozola", "VP")).renew_caution(renew(200)).await.unwrap_err();
    assert_eq!(others.code(), Code::PermissionDenied, "it is its institution's: {others:?}");
    cautions(&api, &own).renew_caution(renew(200)).await.unwrap();
    let too_long = cautions(&api, &own).renew_caution(renew(1_500)).await.unwrap_err();
    assert_eq!(rules(&too_long), ["caution_expires_too_late"]);

    let lift =
        || pb::LiftCaution { envelope: envelope(), id: dog.aggregate_id.clone(), reason: "Suņa vairs nav".into() };
    cautions(&api, &own).lift_caution(lift()).await.unwrap();
    assert_eq!(cautions(&api, &own).lift_caution(lift()).await.unwrap().into_inner().events, 0, "it is lifted");
    assert_eq!(rules(&cautions(&api, &own).renew_caution(renew(30)).await.unwrap_err()), ["caution_lifted"]);
    api.caught_up().await;
    assert_eq!(known(&api, &own).await, ["vulnerable-person"]);

    let sql = "select count(*) from access.events where event_type = 'RecordConsulted'
               and payload::jsonb->'RecordConsulted'->'records' ? $1";
    let told: i64 = sqlx::query_scalar(sql).bind(&dog.aggregate_id).fetch_one(&api.pool).await.unwrap();
    assert_eq!(told, 3, "each time that it was shown");
}

fn rules(status: &tonic::Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = details.precondition_failure().map(|failure| failure.violations.clone()).unwrap_or_default();
    violations.into_iter().map(|violation| violation.r#type).collect()
}

#[tokio::test]
async fn all_that_is_wrong_with_a_caution_is_told_at_once() {
    let api = Api::start().await;
    let own = of("l.kalnina", "RPP");
    let nothing = pb::RegisterCaution { envelope: envelope(), ..Default::default() };
    let wrong = pb::RegisterCaution {
        kind: "dragon".to_owned(),
        about: Some(About::Vehicle(pb::CautionedVehicle { plate_country: "Latvia".to_owned(), ..Default::default() })),
        subject_id: "nobody".to_owned(),
        class: 7,
        expires_at: "soon".to_owned(),
        ..at_address("dog")
    };
    let born = pb::PersonDetails { personal_code: "x".to_owned(), birth_date: "y".to_owned(), ..Default::default() };
    let person = pb::RegisterCaution { about: Some(About::Person(born)), ..at_address("violence") };
    for (message, paths) in [
        (nothing, vec!["kind", "about", "expires_at"]),
        (wrong, vec!["kind", "subject_id", "vehicle.plate_country", "vehicle.plate", "class", "expires_at"]),
        (person, vec!["person.personal_code", "person.birth_date"]),
    ] {
        let status = cautions(&api, &own).register_caution(message).await.unwrap_err();
        let details = status.get_error_details();
        let told: Vec<_> =
            details.bad_request().unwrap().field_violations.iter().map(|one| one.field.clone()).collect();
        assert_eq!((status.code(), told), (Code::InvalidArgument, paths.iter().map(ToString::to_string).collect()));
    }
    let unknown = pb::RegisterCaution {
        about: Some(About::Person(pb::PersonDetails::default())),
        expires_at: "2020-01-01T00:00:00+02:00".to_owned(),
        ..at_address("violence")
    };
    let status = cautions(&api, &own).register_caution(unknown).await.unwrap_err();
    assert_eq!(rules(&status), ["caution_person_unknown", "caution_expires_in_past"]);
    let nowhere =
        pb::LiftCaution { envelope: envelope(), id: uuid::Uuid::now_v7().to_string(), reason: "Nav".to_owned() };
    let status = cautions(&api, &own).lift_caution(nowhere).await.unwrap_err();
    assert_eq!((status.code(), rules(&status)), (Code::NotFound, vec!["caution_not_registered".to_owned()]));
}

#[tokio::test]
async fn a_caution_names_only_an_incident_that_its_sender_may_see() {
    let api = Api::start().await;
    let (own, far) = (of("l.kalnina", "RPP"), of("j.liepa", "PP-LIEPAJA"));
    let known_from = api.incidents_as(&own).register_incident(incident()).await.unwrap().into_inner().aggregate_id;
    let from = |incident: &str| pb::RegisterCaution { incident: with_id(incident), ..at_address("dog") };
    cautions(&api, &own).register_caution(from(&known_from)).await.unwrap();
    let kept = cautions(&api, &far).register_caution(from(&known_from)).await.unwrap_err();
    assert_eq!(kept.code(), Code::PermissionDenied, "{kept:?}");
    let nowhere = uuid::Uuid::now_v7().to_string();
    let missing = cautions(&api, &own).register_caution(from(&nowhere)).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound, "{missing:?}");
}

#[tokio::test]
async fn a_person_and_a_vehicle_are_known_by_their_cautions_and_incidents() {
    let api = Api::with_read_models().await;
    let (own, medic) = (of("l.kalnina", "RPP"), of("d.ozols", "NMPD"));
    let about = |about: About, kind: &str| pb::RegisterCaution { about: Some(about), ..at_address(kind) };
    let suspect = pb::PersonDetails { personal_code: "161175-19997".to_owned(), ..Default::default() };
    let plate = pb::CautionedVehicle { plate: "AB-1234".to_owned(), ..Default::default() };
    cautions(&api, &own).register_caution(about(About::Person(suspect.clone()), "violence")).await.unwrap();
    cautions(&api, &own).register_caution(about(About::Vehicle(plate), "escape")).await.unwrap();
    let earlier = api.incidents_as(&own).register_incident(incident()).await.unwrap().into_inner().aggregate_id;
    let involve = pb::InvolvePerson {
        envelope: envelope(),
        incident: with_id(&earlier),
        person: Some(suspect),
        roles: vec!["suspect".to_owned()],
        ..Default::default()
    };
    api.incidents_as(&own).involve_person(involve).await.unwrap();
    api.caught_up().await;

    let written = pb::PersonDetails { personal_code: "16117519997".to_owned(), ..Default::default() };
    let person = pb::InvolvePerson { person: Some(written), roles: vec!["suspect".to_owned()], ..Default::default() };
    let vehicle =
        pb::InvolveVehicle { relation: "suspect".to_owned(), plate: "ab 1234".to_owned(), ..Default::default() };
    let draft = pb::ValidateIncident {
        draft: Some(incident()),
        vehicles: vec![vehicle],
        persons: vec![person],
        ..Default::default()
    };
    let asked = async |who: &Principal| {
        let reply = api.incidents_as(who).validate_incident(draft.clone()).await.unwrap().into_inner();
        let kinds = |cautions: &[pb::KnownCaution]| cautions.iter().map(|one| one.kind.clone()).collect::<Vec<_>>();
        let person = &reply.persons[0];
        (kinds(&person.cautions), person.incidents.as_ref().unwrap().count, kinds(&reply.vehicles[0].cautions))
    };
    assert_eq!(asked(&own).await, (vec!["violence".to_owned()], 1, vec!["escape".to_owned()]));
    let seen = asked(&medic).await;
    assert_eq!(
        seen,
        (vec!["violence".to_owned()], 0, vec!["escape".to_owned()]),
        "who is in police incidents is not theirs"
    );
}
