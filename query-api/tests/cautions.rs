//! Cautions in the graph: whole to whom they are for, and as if there were none to others.

mod support;

use access::{Institution, Principal, Purpose, Role};
use chrono::{TimeDelta, Utc};
use domain::caution::{About, CautionCommand, CautionedVehicle, LiftCaution, RegisterCaution};
use domain::classifier::{CautionKind, VehicleRelation};
use domain::incident::{Identity, IncidentCommand, InvolveVehicle, SupplementIncident, Vehicle};
use domain::terms::RaisedClass;
use domain::values::{
    AddressCode, CountryCode, Description, InstitutionCode, PersonName, PersonalCode, Phone, Place, PlaceParts,
    PlateNumber, Reason, TerritoryCode,
};
use serde_json::{Value, json};
use support::register::{Done, Register};
use support::{Answer, Served, ask, serve};
use uuid::Uuid;

async fn served(register: &Register) -> Served {
    serve(register.app.clone(), register.keys(), Vec::new()).await
}

#[track_caller]
fn data(answer: &Answer) -> Value {
    let body = answer.json();
    assert!(body.get("errors").is_none(), "{body}");
    body["data"].clone()
}

fn who(institution: &str, role: Role, purpose: Purpose) -> Principal {
    let institution = Institution::parse(institution).expect("a code");
    Principal::new("a.ozola", institution, vec![role], purpose, Utc::now() + TimeDelta::hours(1))
}

async fn registered(register: &Register, kind: &str, about: About, class: Option<RaisedClass>) -> Done {
    let command = RegisterCaution {
        institution: InstitutionCode::parse("VP").expect("an institution"),
        kind: CautionKind::parse(kind).expect("a kind"),
        about,
        advice: Some(Description::parse("Doties divatā").expect("words").into()),
        class,
        incident: None,
        expires_at: Utc::now().fixed_offset() + TimeDelta::days(30),
    };
    register.caution(Uuid::now_v7(), CautionCommand::RegisterCaution(Box::new(command))).await
}

fn address() -> About {
    let parts = PlaceParts {
        address_code: Some(AddressCode::parse("100003003").expect("a code")),
        territory: Some(TerritoryCode::parse("0001000").expect("a territory")),
        ..Default::default()
    };
    About::Address(Place::try_new(parts).expect("a place"))
}

fn named(subject: Uuid) -> Identity {
    Identity { name: Some(PersonName::parse("Anna Bērziņa").expect("a name").into()), ..Identity::unknown(subject) }
}

fn person(subject: Uuid) -> About {
    let personal_code = Some(PersonalCode::parse("161175-19997").expect("a code").into());
    About::Person(Identity { personal_code, ..named(subject) })
}

fn happened_there(place: Place) -> IncidentCommand {
    IncidentCommand::SupplementIncident(Box::new(SupplementIncident {
        reason: Some(Reason::parse("Noskaidrota adrese").expect("a reason").into()),
        narrative: None,
        place: Some(place),
        occurred_from: None,
        occurred_to: None,
        reporter: None,
    }))
}

fn drives() -> IncidentCommand {
    let vehicle = Vehicle {
        id: Uuid::now_v7(),
        relation: VehicleRelation::parse("suspect").expect("a relation"),
        plate: Some(PlateNumber::parse("AB-1234", "LV").expect("a plate").into()),
        plate_country: CountryCode::parse("LV").ok(),
        vin: None,
        make: None,
        colour: None,
        person: None,
    };
    IncidentCommand::InvolveVehicle(Box::new(InvolveVehicle { vehicle }))
}

const CAUTIONS: &str = "query ($f: CautionFilter, $p: LogPosition) { cautions(filter: $f, minPosition: $p) {
    totalCount nodes { kind { code label } protects about class address { addressCode territory }
                       person { name { value erased } personalCode { value masked } } advice { value erased } holds } } }";

/// How many are counted, and the kinds of those that are shown.
async fn seen(api: &Served, who: &Principal, filter: Value, position: &str) -> (Value, Vec<Value>) {
    let answer = ask(api, Some(&api.tokens.for_(who)), CAUTIONS, json!({"f": filter, "p": position})).await;
    let cautions = data(&answer)["cautions"].clone();
    let kinds = cautions["nodes"].as_array().expect("nodes").iter().map(|node| node["kind"]["code"].clone()).collect();
    (cautions["totalCount"].clone(), kinds)
}

#[tokio::test(flavor = "multi_thread")]
async fn cautions_are_seen_whole_by_whom_they_are_for_and_not_counted_for_others() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let subject = Uuid::now_v7();
    registered(&register, "dog", address(), None).await;
    registered(&register, "weapon", address(), Some(RaisedClass::Secret)).await;
    let last = registered(&register, "protected-person", person(subject), Some(RaisedClass::Protected)).await;
    let all = json!({});

    let police = who("VP", Role::Officer, Purpose::Response);
    assert_eq!(
        seen(&api, &police, all.clone(), &last.position).await,
        (json!(2), vec![json!("protected-person"), json!("dog")])
    );
    let dispatcher = who("VKCP", Role::Dispatcher, Purpose::Response);
    assert_eq!(seen(&api, &dispatcher, all.clone(), &last.position).await.0, 2);
    let medic = who("NMPD", Role::Officer, Purpose::Response);
    assert_eq!(seen(&api, &medic, all.clone(), &last.position).await, (json!(1), vec![json!("dog")]));
    let here = json!({"addressCode": "100003003", "kind": ["dog", "weapon"]});
    assert_eq!(seen(&api, &police, here, &last.position).await, (json!(1), vec![json!("dog")]), "secret needs a grant");
    let told = who("SD-RIGA", Role::Officer, Purpose::Prevention);
    assert_eq!(seen(&api, &told, all.clone(), &last.position).await, (json!(0), vec![]), "none of its own");
    let system = who("VP", Role::System, Purpose::Response);
    let answer = ask(&api, Some(&api.tokens.for_(&system)), CAUTIONS, json!({"f": all, "p": last.position})).await;
    assert_eq!(answer.code(), "FORBIDDEN", "{}", answer.json());

    let of_person = json!({"f": {"subject": subject}, "p": last.position});
    let answer = ask(&api, Some(&api.tokens.for_(&police)), CAUTIONS, of_person.clone()).await;
    let whole = json!({
        "kind": {"code": "protected-person", "label": "Protected person"}, "protects": true, "about": "PERSON", "class": "PROTECTED",
        "address": null, "holds": true, "advice": {"value": "Doties divatā", "erased": false},
        "person": {"name": {"value": "Anna Bērziņa", "erased": false}, "personalCode": {"value": "161175-*****", "masked": true}},
    });
    assert_eq!(data(&answer)["cautions"]["nodes"], json!([whole]));
    let told: Vec<String> = sqlx::query_scalar(
        "select payload::text from access.events where event_type = 'RecordConsulted' order by position desc limit 1",
    )
    .fetch_all(&register.app)
    .await
    .expect("the access log");
    assert!(told[0].contains(&last.id.to_string()) && told[0].contains("persons"), "{told:?}");

    register.destroy_keys_of(last.id, subject).await;
    let answer = ask(&api, Some(&api.tokens.for_(&police)), CAUTIONS, of_person).await;
    let node = data(&answer)["cautions"]["nodes"][0].clone();
    assert_eq!((&node["person"]["name"]["erased"], &node["advice"]["value"]), (&json!(true), &json!("Doties divatā")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lifted_caution_is_shown_only_to_who_asks_for_what_is_over_and_one_by_one_only_to_who_may() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let dog = registered(&register, "dog", address(), None).await;
    let reason = Reason::parse("Suņa vairs nav").expect("a reason").into();
    let lifted = register.caution(dog.id, CautionCommand::LiftCaution(LiftCaution { reason })).await;
    let hidden = registered(&register, "vulnerable-person", address(), Some(RaisedClass::Protected)).await;
    let medic = who("NMPD", Role::Officer, Purpose::Response);
    assert_eq!(seen(&api, &medic, json!({}), &hidden.position).await, (json!(0), vec![]));
    assert_eq!(seen(&api, &medic, json!({"alsoOver": true}), &hidden.position).await, (json!(1), vec![json!("dog")]));

    const ONE: &str = "query ($id: ID!, $p: LogPosition) { caution(id: $id, minPosition: $p) {
        holds liftedAt lifted: liftedBecause { value } version } }";
    let one = async |id: Uuid| {
        let asked = json!({"id": id, "p": lifted.position});
        data(&ask(&api, Some(&api.tokens.for_(&medic)), ONE, asked).await)["caution"].clone()
    };
    let seen = one(dog.id).await;
    assert_eq!(
        (&seen["holds"], &seen["lifted"]["value"], &seen["version"]),
        (&json!(false), &json!("Suņa vairs nav"), &json!(2))
    );
    assert_eq!((one(hidden.id).await, one(Uuid::now_v7()).await), (Value::Null, Value::Null), "as if there were none");
}

const MET: &str = "cautions { by caution { kind { code } } }";

fn kinds(cautions: &Value) -> Vec<(&str, &str)> {
    let met = cautions.as_array().expect("cautions").iter();
    met.map(|met| (met["by"].as_str().expect("by"), met["caution"]["kind"]["code"].as_str().expect("a kind"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_and_an_incident_tell_what_is_to_be_known_before_somebody_goes_there() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let caller = Identity { phone: Some(Phone::parse("20000001").expect("a phone").into()), ..named(Uuid::now_v7()) };
    let vehicle = CautionedVehicle {
        plate: PlateNumber::parse("AB-1234", "LV").expect("a plate").into(),
        plate_country: CountryCode::parse("LV").expect("a country"),
        make: None,
        colour: None,
    };
    registered(&register, "dog", address(), None).await;
    registered(&register, "violence", About::Person(caller), None).await;
    registered(&register, "escape", About::Vehicle(vehicle), None).await;
    registered(&register, "infection", About::Person(named(Uuid::now_v7())), None).await;
    let before = register.incident("Zādzība").await;
    let place = || {
        Place::try_new(match address() {
            About::Address(place) => place.parts().clone(),
            _ => PlaceParts::default(),
        })
    };
    register.does(before.id, happened_there(place().expect("a place"))).await;
    register.does(before.id, drives()).await;
    for minutes in 0..5 {
        register.call_from(minutes, "Kliedzieni", Some(place().expect("a place"))).await;
    }
    let last = register.call(9, "Cits").await;

    let asked = format!(
        "query ($p: LogPosition) {{ cards(minPosition: $p) {{ nodes {{ earlierIncidents {{ id }} {MET} }} }} incidents(minPosition: $p) {{ nodes {{ {MET} }} }} }}"
    );
    let seen = async |who: &Principal| {
        data(&ask(&api, Some(&api.tokens.for_(who)), &asked, json!({"p": last.position})).await)
    };
    let police = seen(&who("VP", Role::Officer, Purpose::Response)).await;
    let cards = police["cards"]["nodes"].as_array().expect("cards").clone();
    assert_eq!(
        (kinds(&cards[0]["cautions"]), &cards[0]["earlierIncidents"]),
        (vec![("PERSON", "violence")], &json!([]))
    );
    for card in &cards[1..] {
        assert_eq!(kinds(&card["cautions"]), [("PERSON", "violence"), ("ADDRESS", "dog")]);
        assert_eq!(card["earlierIncidents"], json!([{"id": before.id}]));
    }
    assert_eq!(kinds(&police["incidents"]["nodes"][0]["cautions"]), [("VEHICLE", "escape"), ("ADDRESS", "dog")]);

    // Who called, and what is in a police incident, is not for the ambulance: nor what would tell it.
    let medic = seen(&who("NMPD", Role::Officer, Purpose::Response)).await;
    assert_eq!(kinds(&medic["cards"]["nodes"][0]["cautions"]), []);
    assert_eq!(kinds(&medic["cards"]["nodes"][1]["cautions"]), [("ADDRESS", "dog")]);
    assert_eq!(kinds(&medic["incidents"]["nodes"][0]["cautions"]), [("ADDRESS", "dog")]);
}
