//! Incidents are found by a plate, by a person's code and by an address; by what somebody may not see they find nothing.

mod support;

use std::collections::BTreeSet;

use access::{Institution, Principal, Purpose, Role};
use chrono::{TimeDelta, Utc};
use domain::classifier::{DocumentKind, ItemKind, ItemRelation, PersonRole, VehicleRelation};
use domain::incident::{
    Document, Identity, IncidentCommand, InvolveDocument, InvolveItem, InvolvePerson, InvolveVehicle, Item,
    SupplementIncident, Vehicle,
};
use domain::terms::Identification;
use domain::values::{
    AddressCode, CountryCode, GeoPoint, PersonalCode, Place, PlaceParts, PlateNumber, SerialNumber, Vin,
};
use serde_json::{Value, json};
use support::register::{Done, Register};
use support::{Answer, Served, ask, serve};
use uuid::Uuid;

const CODE: &str = "010190-12345";

async fn served(register: &Register) -> Served {
    serve(register.app.clone(), register.keys(), Vec::new()).await
}

fn who(institution: &str, role: Role, purpose: Purpose) -> Principal {
    let institution = Institution::parse(institution).expect("a code");
    Principal::new("a.ozola", institution, vec![role], purpose, Utc::now() + TimeDelta::hours(1))
}

fn police() -> Principal {
    who("VP", Role::Officer, Purpose::Response)
}

/// Of a municipal police, who see the summary alone of what others have in their territory.
fn local_officer() -> Principal {
    let territories = vec![access::Territory::parse("0003000").expect("a code")];
    Principal { territories, ..who("PP-JELGAVA", Role::Officer, Purpose::Response) }
}

fn person(subject: Uuid, code: &str, role: &str) -> IncidentCommand {
    let person = Identity {
        personal_code: Some(PersonalCode::parse(code).expect("a code").into()),
        ..Identity::unknown(subject)
    };
    let involve = InvolvePerson {
        person,
        roles: BTreeSet::from([PersonRole::parse(role).expect("a role")]),
        identification: Identification::Document,
        minor: false,
        protections: BTreeSet::new(),
    };
    IncidentCommand::InvolvePerson(Box::new(involve))
}

fn a_vehicle(plate: PlateNumber) -> Vehicle {
    Vehicle {
        id: Uuid::now_v7(),
        relation: VehicleRelation::parse("suspect").expect("a relation"),
        plate_country: CountryCode::parse(plate.country()).ok(),
        plate: Some(plate.into()),
        vin: None,
        make: None,
        colour: None,
        person: None,
    }
}

fn vehicle(plate: &str, country: &str) -> IncidentCommand {
    let vehicle = a_vehicle(PlateNumber::parse(plate, country).expect("a plate"));
    IncidentCommand::InvolveVehicle(Box::new(InvolveVehicle { vehicle }))
}

const LIST: &str =
    "query ($p: LogPosition, $f: IncidentFilter) { incidents(minPosition: $p, filter: $f, orderBy: REGISTERED_ASC) {
    totalCount nodes { number } } }";

async fn asked(api: &Served, who: &Principal, query: &str, at: &Done, filter: Value) -> Answer {
    ask(api, Some(&api.tokens.for_(who)), query, json!({"p": at.position, "f": filter})).await
}

/// The numbers of what is found, which are as many as are counted.
async fn found(api: &Served, who: &Principal, at: &Done, filter: Value) -> Vec<String> {
    let body = asked(api, who, LIST, at, filter).await.json();
    assert!(body.get("errors").is_none(), "{body}");
    let incidents = &body["data"]["incidents"];
    let nodes = incidents["nodes"].as_array().expect("rows");
    assert_eq!(incidents["totalCount"], json!(nodes.len()), "{incidents}");
    nodes.iter().map(|node| node["number"].as_str().expect("a number").to_owned()).collect()
}

/// What the access log says that was looked at, in order: scopes of each look.
async fn scopes(register: &Register) -> Vec<Value> {
    let sql = "select payload::text from access.events where event_type = 'RecordConsulted' order by position";
    let payloads: Vec<String> = sqlx::query_scalar(sql).fetch_all(&register.app).await.expect("the access log");
    assert!(payloads.iter().all(|payload| !payload.contains(CODE) && !payload.contains("AB-1234")), "{payloads:?}");
    let event = |payload: &String| serde_json::from_str::<Value>(payload).expect("JSON")["RecordConsulted"].clone();
    payloads.iter().map(|payload| event(payload)["scopes"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn incidents_are_found_by_plate_by_personal_code_and_by_address() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let (one, two, three) =
        (register.incident("Viens").await, register.incident("Divi").await, register.incident("Trīs").await);
    register.does(one.id, vehicle("AB-1234", "LV")).await;
    register.does(two.id, vehicle("ab 1234", "LV")).await;
    register.does(three.id, vehicle("AB-1234", "LT")).await;
    register.does(two.id, person(Uuid::now_v7(), CODE, "suspect")).await;
    let witness = Uuid::now_v7();
    register.does(three.id, person(witness, CODE, "witness")).await;
    let place = PlaceParts { address_code: AddressCode::parse("100123456").ok(), ..PlaceParts::default() };
    let place = Some(Place::try_from(place).expect("a place"));
    let supplement = SupplementIncident { place, ..SupplementIncident::default() };
    let last = register.does(one.id, IncidentCommand::SupplementIncident(Box::new(supplement))).await;
    let by = async |filter: Value| found(&api, &police(), &last, filter).await;
    let (one, two, three) = (one.number.as_str(), two.number.as_str(), (three.id, three.number.as_str()));

    assert_eq!(by(json!({"plate": {"number": "Ab 12-34"}})).await, [one, two]);
    assert_eq!(by(json!({"plate": {"number": "AB1234", "country": "lt"}})).await, [three.1]);
    assert_eq!(
        by(json!({"personalCode": "01019012345"})).await,
        [two, three.1],
        "suspects and others, verified or not"
    );
    assert_eq!(by(json!({"personalCode": CODE, "plate": {"number": "AB-1234"}})).await, [two], "both hold");
    assert_eq!(by(json!({"personalCode": CODE, "addressCode": "100123456"})).await, Vec::<String>::new());
    assert_eq!(by(json!({"addressCode": "100123456"})).await, [one]);
    assert_eq!(by(json!({"personalCode": "161175-19997"})).await, Vec::<String>::new());
    assert_eq!(by(json!({"plate": null, "personalCode": null})).await.len(), 3, "as if they were left out");
    let known = [
        json!(["summary", "property"]),
        json!(["summary", "property"]),
        json!(["summary", "persons", "personal_code"]),
        json!(["summary", "persons", "property", "personal_code"]),
        json!(["summary"]),
        json!(["summary"]),
    ];
    assert_eq!(scopes(&register).await, known);

    register.destroy_keys_of(three.0, witness).await;
    assert_eq!(by(json!({"personalCode": CODE})).await, [two], "who is erased is not found");
}

#[tokio::test(flavor = "multi_thread")]
async fn that_somebody_is_known_is_in_the_access_log_also_where_they_are_only_counted() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let incident = register.incident("Viens").await;
    let last = register.does(incident.id, person(Uuid::now_v7(), CODE, "suspect")).await;
    let query = "query ($p: LogPosition, $f: IncidentFilter) {
        incidents(minPosition: $p, filter: $f, first: 0) { totalCount } }";
    let counted = asked(&api, &police(), query, &last, json!({"personalCode": CODE})).await.json();
    assert_eq!(counted["data"]["incidents"]["totalCount"], 1, "{counted}");
    assert_eq!(scopes(&register).await, [json!(["persons", "personal_code"])]);
}

#[tokio::test(flavor = "multi_thread")]
async fn by_what_somebody_may_not_see_they_find_nothing_and_are_counted_nothing() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let near = register.incident_at("VP", Some("0003040"), None, "Savā teritorijā").await;
    register.does(near.id, vehicle("AB-1234", "LV")).await;
    let last = register.does(near.id, person(Uuid::now_v7(), CODE, "witness")).await;
    assert_eq!(found(&api, &local_officer(), &last, json!({})).await, [near.number.as_str()], "the summary");
    for filter in [json!({"plate": {"number": "AB-1234"}}), json!({"personalCode": CODE})] {
        assert_eq!(found(&api, &police(), &last, filter.clone()).await, [near.number.as_str()]);
        assert_eq!(found(&api, &local_officer(), &last, filter).await, Vec::<String>::new());
    }
    // A system reads no persons and no vehicles, whosever they are, and is told so.
    let system = who("VP", Role::System, Purpose::Response);
    for filter in [json!({"plate": {"number": "AB-1234"}}), json!({"personalCode": CODE})] {
        let kept = asked(&api, &who("VUGD", Role::Officer, Purpose::Response), LIST, &last, filter.clone()).await;
        assert!(!kept.body.contains(&near.number), "rescuers see neither: {}", kept.body);
        assert_eq!(asked(&api, &system, LIST, &last, json!({})).await.code(), "", "it sees the incident");
        let refused = asked(&api, &system, LIST, &last, filter).await;
        assert_eq!(refused.code(), "FORBIDDEN", "{}", refused.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn incidents_are_found_by_words_of_the_texts_that_the_caller_may_see() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let bicycle = register.incident("Nozagts velosipēds no kāpņu telpas").await;
    let car = register.incident_at("VP", Some("0003040"), None, "Zādzība no automašīnas").await;
    let last = register.does(car.id, person(Uuid::now_v7(), CODE, "suspect")).await;
    let (bicycle, car) = (bicycle.number.as_str(), car.number.as_str());
    let by = async |filter: Value| found(&api, &police(), &last, json!({ "words": filter })).await;
    assert_eq!(by(json!({"text": "zādzībām"})).await, [car]);
    assert_eq!(by(json!({"text": "velosipedu"})).await, [bicycle], "in any form, without diacritics");
    assert_eq!(by(json!({"text": "automašīna", "among": ["PLACE"]})).await, Vec::<String>::new());
    assert_eq!(by(json!({"text": "automašīna velosipēds"})).await, Vec::<String>::new(), "all of them");
    assert_eq!(
        scopes(&register).await,
        [
            json!(["summary", "narrative", "reporter", "persons"]),
            json!(["summary", "narrative", "reporter", "persons"])
        ]
    );
    // Who sees the summary alone finds nothing by the narrative.
    assert_eq!(found(&api, &local_officer(), &last, json!({})).await, [car]);
    let told = json!({ "words": {"text": "zādzība", "among": ["NARRATIVE"]} });
    assert_eq!(found(&api, &local_officer(), &last, told).await, Vec::<String>::new());
    for (text, what) in [("un no uz", "searched by"), (&"vārds ".repeat(13), "at most 12")] {
        let answer = asked(&api, &police(), LIST, &last, json!({ "words": {"text": text} })).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{}", answer.body);
        assert!(answer.body.contains(what) && !answer.body.contains("vārds"), "{}", answer.body);
    }
}

/// Where an incident is: a point, and an object of the address register.
fn at(latitude_e6: Option<i32>, address: Option<&str>) -> IncidentCommand {
    let point = latitude_e6.map(|latitude| GeoPoint::try_new(latitude, 24_100_000).expect("a point"));
    let address_code = address.map(|code| AddressCode::parse(code).expect("a code"));
    let place = Place::try_from(PlaceParts { point, address_code, ..PlaceParts::default() }).expect("a place");
    let supplement = SupplementIncident { place: Some(place), ..SupplementIncident::default() };
    IncidentCommand::SupplementIncident(Box::new(supplement))
}

#[tokio::test(flavor = "multi_thread")]
async fn incidents_that_have_something_in_common_are_told_with_what_it_is() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let one = register.incident("Viens").await;
    let there = register.incident("Tur pat, ar to pašu automašīnu").await;
    let again = register.incident("Tā pati persona").await;
    let near = register.incident("Netālu").await;
    let far = register.incident("Tālu, cita automašīna, cita persona").await;
    register.do_all(vec![(one.id, vehicle("AB-1234", "LV")), (there.id, vehicle("ab 1234", "LV"))]).await;
    register.do_all(vec![(one.id, person(Uuid::now_v7(), CODE, "witness"))]).await;
    register.do_all(vec![(again.id, person(Uuid::now_v7(), CODE, "suspect"))]).await;
    register.does(one.id, at(Some(56_950_000), Some("100123456"))).await;
    register.does(there.id, at(None, Some("100123456"))).await;
    register.does(near.id, at(Some(56_951_000), None)).await;
    register.does(far.id, at(Some(56_960_000), Some("100123457"))).await;
    register.does(far.id, vehicle("AB-1234", "LT")).await;
    let last = register.does(far.id, person(Uuid::now_v7(), "161175-19997", "suspect")).await;
    let query = "query ($p: LogPosition, $f: ID!) { relatedIncidents(incident: $f, minPosition: $p) {
        incident { number } reasons { reason apart } } }";
    let told = async |who: &Principal, id: Uuid| {
        let body = asked(&api, who, query, &last, json!(id)).await.json();
        let related = body["data"]["relatedIncidents"].as_array().unwrap_or_else(|| panic!("{body}")).clone();
        related.iter().map(|one| (one["incident"]["number"].clone(), one["reasons"].clone())).collect::<Vec<_>>()
    };
    let number = |of: &Done| json!(of.number);
    let of = |reasons: &[(&str, Option<i64>)]| -> Value {
        reasons.iter().map(|(reason, apart)| json!({"reason": reason, "apart": apart})).collect()
    };
    assert_eq!(
        told(&police(), one.id).await,
        [
            (number(&there), of(&[("VEHICLE", None), ("ADDRESS", None)])),
            (number(&near), of(&[("NEAR_REPEAT", Some(111))])),
            (number(&again), of(&[("PERSON", None)])),
        ]
    );
    assert_eq!(told(&police(), again.id).await, [(number(&one), of(&[("PERSON", None)]))]);
    assert!(told(&police(), far.id).await.is_empty());
    assert!(told(&police(), Uuid::now_v7()).await.is_empty());
    let looks = scopes(&register).await;
    let of_both = json!(["summary", "persons", "property"]);
    assert!(looks.contains(&of_both), "that they are the same is told of the one that was asked for too: {looks:?}");
    // Who sees neither persons nor vehicles is told of the place alone.
    let rescuer = who("VUGD", Role::Officer, Purpose::Response);
    assert_eq!(
        told(&rescuer, one.id).await,
        [(number(&near), of(&[("NEAR_REPEAT", Some(111))])), (number(&there), of(&[("ADDRESS", None)]))]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn incidents_are_found_by_the_numbers_of_vehicles_documents_and_items() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let one = register.incident("Viens").await;
    let vehicle = Vehicle {
        vin: Some(Vin::parse("WVWZZZ1JZXW000001").expect("a VIN").into()),
        ..a_vehicle(PlateNumber::parse("AB-1234", "LV").expect("a plate"))
    };
    register.does(one.id, IncidentCommand::InvolveVehicle(Box::new(InvolveVehicle { vehicle }))).await;
    let serial = |number: &str| SerialNumber::parse(number).expect("a number");
    let document = Document {
        id: Uuid::now_v7(),
        kind: DocumentKind::parse("passport").expect("a kind"),
        relation: ItemRelation::parse("stolen").expect("a relation"),
        number: Some(serial("LV 1234567").into()),
        country: None,
        person: None,
    };
    register.does(one.id, IncidentCommand::InvolveDocument(Box::new(InvolveDocument { document }))).await;
    let item = Item {
        id: Uuid::now_v7(),
        kind: ItemKind::parse("bicycle").expect("a kind"),
        relation: ItemRelation::parse("stolen").expect("a relation"),
        description: None,
        serial: Some(serial("sn-77/a")),
        quantity: None,
        value_cents: None,
        person: None,
    };
    let last = register.does(one.id, IncidentCommand::InvolveItem(Box::new(InvolveItem { item }))).await;
    let by = async |who: &Principal, filter: Value| found(&api, who, &last, filter).await;
    for filter in [
        json!({"vin": "wvwzzz1jz-xw000001"}),
        json!({"documentNumber": "lv1234567"}),
        json!({"itemSerial": "SN 77 A"}),
        json!({"vin": "WVWZZZ1JZXW000001", "documentNumber": "LV1234567", "itemSerial": "SN77A"}),
    ] {
        assert_eq!(by(&police(), filter.clone()).await, [one.number.as_str()], "{filter}");
        let rescuer = who("VUGD", Role::Officer, Purpose::Response);
        assert!(!asked(&api, &rescuer, LIST, &last, filter.clone()).await.body.contains(&one.number), "{filter}");
    }
    assert_eq!(by(&police(), json!({"itemSerial": "SN77"})).await, Vec::<String>::new());
    assert!(scopes(&register).await.iter().all(|look| *look == json!(["summary", "property"])));
    for (filter, argument) in [(json!({"vin": "1"}), "vin"), (json!({"documentNumber": "--"}), "documentNumber")] {
        let refused = asked(&api, &police(), LIST, &last, filter).await;
        assert!(refused.code() == "BAD_USER_INPUT" && refused.body.contains(argument), "{}", refused.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_plate_or_code_is_refused_by_its_name_and_not_repeated() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let last = register.incident("Viens").await;
    let wrong = [
        (json!({"plate": {"number": "--"}}), "plate"),
        (json!({"plate": {"number": "AB-1234", "country": "LVA"}}), "plate"),
        (json!({"personalCode": "010190-1234X"}), "personalCode"),
    ];
    for (filter, argument) in wrong {
        let answer = asked(&api, &police(), LIST, &last, filter).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{}", answer.body);
        assert_eq!(answer.json()["errors"][0]["extensions"]["argument"], argument);
        assert!(!answer.body.contains("1234"), "{}", answer.body);
    }
}
