//! The case file of an incident in the graph: who sees whom and what, and what is noted of it.

mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use access::{Institution, Principal, Purpose, Reference, Role};
use chrono::{TimeDelta, Utc};
use domain::classifier::{ItemKind, PersonRole, SeizureBasis, TransferCause, VehicleRelation};
use domain::incident::{
    AbsorbIncident, AcceptTransfer, Identity, IncidentCommand, InvolvePerson, InvolveVehicle, LinkIncidents,
    MergeIncident, OfferTransfer, RejectTransfer, RestrictIncident, SupplementIncident, Vehicle,
};
use domain::personal::Personal;
use domain::seized_item::{Custodian, SeizeItem, TransferCustody};
use domain::terms::{AccessPurpose, AgeBand, Confidence, Identification, LinkKind, Protection, RaisedClass, Sex};
use domain::values::{
    CountryCode, Description, InstitutionCode, Narrative, PersonName, PersonalCode, Phone, PlateNumber, Reason,
    StorageName,
};
use query_api::Limits;
use serde_json::{Value, json};
use support::register::{Done, Register};
use support::{Answer, Served, ask, ask_for, serve, serve_within};
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

fn police() -> Principal {
    who("VP", Role::Officer, Purpose::Response)
}

fn institution(code: &str) -> InstitutionCode {
    InstitutionCode::parse(code).expect("an institution")
}

fn why() -> domain::personal::Personal<Reason> {
    Reason::parse("Citas iestādes lieta").expect("a reason").into()
}

fn person(name: &str, roles: &[&str]) -> (Uuid, IncidentCommand) {
    let subject = Uuid::now_v7();
    let roles: BTreeSet<PersonRole> = roles.iter().map(|role| PersonRole::parse(role).expect("a role")).collect();
    let involve = InvolvePerson {
        person: Identity {
            name: Some(PersonName::parse(name).expect("a name").into()),
            personal_code: Some(PersonalCode::parse("161175-19997").expect("a code").into()),
            personal_code_verified: Some(true),
            birth_date: Some("1975-11-16".parse::<chrono::NaiveDate>().expect("a day").into()),
            phone: Some(Phone::parse("+37120000001").expect("a phone").into()),
            citizenship: CountryCode::parse("LV").ok(),
            sex: Some(Sex::Female),
            age_band: Some(AgeBand::From25),
            ..Identity::unknown(subject)
        },
        roles,
        identification: Identification::Document,
        minor: false,
        protections: BTreeSet::new(),
    };
    (subject, IncidentCommand::InvolvePerson(Box::new(involve)))
}

fn vehicle(of: Uuid) -> IncidentCommand {
    let vehicle = Vehicle {
        id: Uuid::now_v7(),
        relation: VehicleRelation::parse("suspect").expect("a relation"),
        plate: Some(PlateNumber::parse("AB-1234", "LV").expect("a plate").into()),
        plate_country: CountryCode::parse("LV").ok(),
        vin: None,
        make: None,
        colour: None,
        person: Some(of),
    };
    IncidentCommand::InvolveVehicle(Box::new(InvolveVehicle { vehicle }))
}

fn keeper(keeper: &str) -> Custodian {
    Custodian { institution: institution("VP"), keeper: StorageName::parse(keeper).expect("a keeper") }
}

fn knife(incident: Uuid) -> SeizeItem {
    SeizeItem {
        incident,
        kind: ItemKind::parse("knife").expect("a kind"),
        description: Some(Description::parse("Melns rokturis").expect("words").into()),
        serial: None,
        quantity: None,
        value_cents: None,
        basis: SeizureBasis::parse("criminal-procedure").expect("a basis"),
        protocol: None,
        from_person: None,
        place: None,
        custodian: keeper("4711"),
        seal: None,
        at: None,
    }
}

const CASE_FILE: &str = "query ($id: ID!, $p: LogPosition) { incident(id: $id, minPosition: $p) {
    kept
    persons { roles { code label } identification minor ageBand sex citizenship protections personalCodeVerified
              identity { name { value masked erased } personalCode { value masked } birthDate { value } address { value } } }
    organisations { name }
    vehicles { relation { label } plateCountry plate { value masked } person { identity { name { value } } } }
    seizedItems { ordinal kind { label } keeper description { value masked }
                  custody { institution keeper reason { value } } outcome }
    timeline { totalCount nodes { type facts } } } }";

/// An incident with a victim, a suspect with a car, and a knife.
async fn robbery(register: &Register) -> (Done, Done) {
    let incident = register.incident("Laupīšana").await;
    let ((_, victim), (suspect, involved)) =
        (person("Anna Bērziņa", &["victim"]), person("Pēteris Kalns", &["suspect", "witness"]));
    register.does(incident.id, victim).await;
    register.does(incident.id, involved).await;
    register.does(incident.id, vehicle(suspect)).await;
    let item = register.seize(knife(incident.id)).await;
    let (from, to) = (keeper("4711"), keeper("Glabātava Nr. 2"));
    let handover = TransferCustody { from, to, at: None, seal: None, reason: Some(why()) };
    let last = register.hand_over(item.id, handover).await;
    (incident, last)
}

async fn consulted(register: &Register) -> Vec<String> {
    let sql = "select payload::text from access.events where event_type = 'RecordConsulted' order by position";
    sqlx::query_scalar(sql).fetch_all(&register.app).await.expect("the access log")
}

#[tokio::test(flavor = "multi_thread")]
async fn police_see_who_and_what_takes_part_and_that_is_noted() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let (incident, last) = robbery(&register).await;
    let asked = json!({"id": incident.id, "p": last.position});
    let seen = data(&ask(&api, Some(&api.tokens.for_(&police())), CASE_FILE, asked.clone()).await)["incident"].clone();
    assert_eq!(seen["kept"], json!(["PERSONAL_CODE"]));
    let victim = json!({
        "roles": [{"code": "victim", "label": "Victim"}], "identification": "DOCUMENT", "minor": false, "ageBand": "FROM_25",
        "sex": "FEMALE", "citizenship": "LV", "protections": [], "personalCodeVerified": true,
        "identity": {"name": {"value": "Anna Bērziņa", "masked": false, "erased": false},
                     "personalCode": {"value": "161175-*****", "masked": true}, "birthDate": {"value": "1975-11-16"},
                     "address": null},
    });
    assert_eq!(seen["persons"][0], victim);
    assert_eq!(seen["persons"][1]["identity"]["name"]["value"], "Pēteris Kalns");
    let car = json!([{
        "relation": {"label": "Vehicle of a suspect"}, "plateCountry": "LV", "plate": {"value": "AB-1234", "masked": false},
        "person": {"identity": {"name": {"value": "Pēteris Kalns"}}},
    }]);
    assert_eq!(seen["vehicles"], car);
    let item = json!([{
        "ordinal": 1, "kind": {"label": "Knife or other bladed weapon"}, "keeper": "Glabātava Nr. 2",
        "description": {"value": "Melns rokturis", "masked": false}, "outcome": null,
        "custody": [{"institution": "VP", "keeper": "4711", "reason": null},
                    {"institution": "VP", "keeper": "Glabātava Nr. 2", "reason": {"value": "Citas iestādes lieta"}}],
    }]);
    assert_eq!(seen["seizedItems"], item);
    assert_eq!(seen["timeline"]["totalCount"], 7, "custody is part of it: {}", seen["timeline"]);
    let noted = consulted(&register).await;
    let scopes = &serde_json::from_str::<Value>(&noted[0]).expect("JSON")["RecordConsulted"]["scopes"];
    assert_eq!(*scopes, json!(["summary", "persons", "property", "history"]), "{noted:?}");

    // With a case number personal codes are shown in full, and that is noted as such.
    let investigator = Principal {
        reference: Reference::parse("KP-11/2026").ok(),
        ..who("VP", Role::Officer, Purpose::Investigation)
    };
    let token = api.tokens.for_(&investigator);
    let seen = data(&ask_for(&api, Some(&token), Some("KP-11/2026"), CASE_FILE, asked).await)["incident"].clone();
    assert_eq!(seen["persons"][0]["identity"]["personalCode"], json!({"value": "161175-19997", "masked": false}));
    assert!(consulted(&register).await[1].contains("personal_code"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rescuers_see_neither_suspects_nor_what_was_seized_and_systems_no_persons() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let (incident, last) = robbery(&register).await;
    let asked = json!({"id": incident.id, "p": last.position});
    let answer = ask(&api, Some(&api.officer), CASE_FILE, asked.clone()).await;
    let seen = data(&answer)["incident"].clone();
    for part in ["persons", "organisations", "vehicles", "seizedItems"] {
        assert_eq!(seen[part], Value::Null, "{part}: {seen}");
    }
    for part in ["SUSPECTS", "PERSONS", "PROPERTY"] {
        assert!(seen["kept"].as_array().is_some_and(|kept| kept.contains(&json!(part))), "{part}: {seen}");
    }
    let story = &seen["timeline"];
    assert_eq!(story["totalCount"], 5, "what was seized has a story of its own: {story}");
    assert_eq!(story["nodes"][2], json!({"type": "PersonInvolved", "facts": {}}));
    assert!(!answer.body.contains("suspect") && !answer.body.contains("Kalns") && !answer.body.contains("FEMALE"));

    let system = api.tokens.for_(&who("VP", Role::System, Purpose::Operation));
    let seen = data(&ask(&api, Some(&system), CASE_FILE, asked).await)["incident"].clone();
    assert_eq!((&seen["persons"], &seen["organisations"]), (&Value::Null, &Value::Null), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_whose_keys_are_destroyed_is_erased_and_the_others_stay() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let incident = register.incident("Laupīšana").await;
    let ((subject, anna), (_, peter)) = (person("Anna", &["victim"]), person("Pēteris", &["witness"]));
    register.does(incident.id, anna).await;
    let last = register.does(incident.id, peter).await;
    register.destroy_keys_of(incident.id, subject).await;
    let asked = json!({"id": incident.id, "p": last.position});
    let seen = data(&ask(&api, Some(&api.tokens.for_(&police())), CASE_FILE, asked).await)["incident"].clone();
    let erased = json!({"value": null, "masked": false, "erased": true});
    assert_eq!(seen["persons"][0]["identity"]["name"], erased);
    assert_eq!(seen["persons"][0]["sex"], "FEMALE", "what statistics need is left");
    assert_eq!(seen["persons"][1]["identity"]["name"]["value"], "Pēteris");
}

const LIST: &str =
    "query ($p: LogPosition, $f: IncidentFilter) { incidents(minPosition: $p, filter: $f, orderBy: REGISTERED_ASC) {
    totalCount nodes { number class responsible } } }";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_protected_or_secret_is_there_for_those_who_take_part_or_are_named() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let usual = register.incident_at("RPP", None, None, "Parasts").await;
    let protected = register.incident_at("RPP", None, None, "Ar nepilngadīgo").await;
    let secret = register.incident_at("RPP", None, None, "Slepens").await;
    let (_, mut child) = person("Bērns", &["child"]);
    if let IncidentCommand::InvolvePerson(child) = &mut child {
        child.protections = BTreeSet::from([Protection::ViolenceVictim]);
    }
    register.does(protected.id, child).await;
    let restrict = RestrictIncident { class: RaisedClass::Secret, reason: why() };
    let last = register.does(secret.id, IncidentCommand::RestrictIncident(restrict)).await;
    let seen = async |principal: &Principal, position: &str| {
        let token = api.tokens.for_(principal);
        let found = data(&ask(&api, Some(&token), LIST, json!({"p": position})).await)["incidents"].clone();
        let nodes = found["nodes"].as_array().expect("rows");
        assert_eq!(found["totalCount"], json!(nodes.len()));
        let numbers = nodes.iter().map(|node| node["number"].as_str().expect("a number").to_owned());
        let numbers: Vec<String> = numbers.collect();
        // What a list leaves out is not found one by one either.
        for incident in [&usual, &protected, &secret] {
            let one =
                "query ($id: ID!) { incident(id: $id) { number } record(id: $id) { number } node(id: $id) { id } }";
            let one = data(&ask(&api, Some(&token), one, json!({"id": incident.id})).await);
            for field in ["incident", "record", "node"] {
                assert_eq!(!one[field].is_null(), numbers.contains(&incident.number), "{field} of {}", incident.number);
            }
        }
        numbers
    };
    let own = who("RPP", Role::Officer, Purpose::Response);
    assert_eq!(seen(&own, &last.position).await, [&*usual.number, &*protected.number]);
    let elsewhere = who("VP", Role::Officer, Purpose::Prevention);
    assert_eq!(seen(&elsewhere, &last.position).await, [&*usual.number], "they have no part in it");
    let responding = seen(&police(), &last.position).await;
    assert_eq!(responding, [&*usual.number, &*protected.number], "who has to go there sees whom they meet");
    let granted = register.grant(own.actor().expect("a name"), secret.id, AccessPurpose::Response).await;
    assert_eq!(seen(&own, &granted.position).await, [&*usual.number, &*protected.number, &*secret.number]);
    let token = api.tokens.for_(&own);
    let asked = json!({"p": granted.position, "f": {"class": "SECRET"}});
    let found = data(&ask(&api, Some(&token), LIST, asked).await)["incidents"].clone();
    assert_eq!(found["nodes"], json!([{"number": secret.number, "class": "SECRET", "responsible": "RPP"}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_institution_finds_what_is_offered_to_it_and_answers_for_what_it_accepts() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let incident = register.incident_at("VP", Some("0001000"), None, "Nododams").await;
    let (by, transfer) = (institution("PP-JELGAVA"), Uuid::now_v7());
    let offer = |transfer| {
        let offer = OfferTransfer { transfer, to: institution("PP-JELGAVA"), deadline: None, reason: why() };
        IncidentCommand::OfferTransfer(offer)
    };
    let local = api.tokens.for_(&who("PP-JELGAVA", Role::Officer, Purpose::Response));
    let query = "query ($p: LogPosition) { incidents(minPosition: $p, filter: {offeredTo: \"PP-JELGAVA\"}) { nodes {
        responsible pendingTransfer { id from to state reason { value } cause { code } }
        transfers { state cause { label } } } } }";
    let waiting = async |done: &Done| {
        data(&ask(&api, Some(&local), query, json!({"p": done.position})).await)["incidents"]["nodes"].clone()
    };
    assert_eq!(waiting(&incident).await, json!([]));
    let offered = register.does(incident.id, offer(transfer)).await;
    let pending = json!({"id": transfer, "from": "VP", "to": "PP-JELGAVA", "state": "OFFERED", "cause": null,
                         "reason": {"value": "Citas iestādes lieta"}});
    let expected =
        json!([{"responsible": "VP", "pendingTransfer": pending, "transfers": [{"state": "OFFERED", "cause": null}]}]);
    assert_eq!(waiting(&offered).await, expected);
    let cause = TransferCause::parse("no-capacity").expect("a cause");
    let reject = RejectTransfer { by: by.clone(), cause, note: None };
    let rejected = register.does(incident.id, IncidentCommand::RejectTransfer(reject)).await;
    assert_eq!(waiting(&rejected).await, json!([]));

    register.does(incident.id, offer(Uuid::now_v7())).await;
    let accept = AcceptTransfer { by, assignee: None };
    let accepted = register.does(incident.id, IncidentCommand::AcceptTransfer(accept)).await;
    let asked = json!({"p": accepted.position, "f": {"responsible": "PP-JELGAVA"}});
    let found = data(&ask(&api, Some(&local), LIST, asked).await)["incidents"]["nodes"].clone();
    assert_eq!(found, json!([{"number": incident.number, "class": null, "responsible": "PP-JELGAVA"}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_field_says_who_said_it_last_and_where_they_had_it_from() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let incident = register.incident("Zādzība").await;
    let narrative = Narrative::parse("Zādzība ar ielaušanos").expect("words");
    let supplement = SupplementIncident { narrative: Some(Personal::Open(narrative)), ..Default::default() };
    let last = register.does(incident.id, IncidentCommand::SupplementIncident(Box::new(supplement))).await;
    let query = "query ($id: ID!, $p: LogPosition) { incident(id: $id, minPosition: $p) {
        origins { field event actor institution source { system externalId } position } } }";
    let asked = json!({"id": incident.id, "p": last.position});
    let answer = ask(&api, Some(&api.tokens.for_(&police())), query, asked.clone()).await;
    let origins = data(&answer)["incident"]["origins"].as_array().expect("origins").clone();
    let of = |field: &str| origins.iter().find(|origin| origin["field"] == field).unwrap_or(&Value::Null).clone();
    assert_eq!(of("type_code")["event"], "IncidentRegistered");
    let narrative = of("narrative");
    assert_eq!((&narrative["event"], &narrative["position"]), (&json!("IncidentSupplemented"), &json!(last.position)));
    assert_eq!((&narrative["actor"], &narrative["source"]["system"]), (&json!("tests"), &json!("test-cad")));
    assert!(of("reason").is_null() && of("number").is_null());
    // Who is not shown what happened is not told who said it.
    let system = who("VP", Role::System, Purpose::Response);
    let answer = ask(&api, Some(&api.tokens.for_(&system)), query, asked).await;
    let fields = data(&answer)["incident"]["origins"].as_array().expect("origins").clone();
    assert!(!fields.is_empty() && fields.iter().all(|origin| origin["field"] != "narrative"), "{fields:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tie_to_an_incident_that_is_kept_back_shows_no_more_than_that_there_is_one() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let (one, other) = (
        register.incident_at("RPP", None, None, "Savs").await,
        register.incident_at("PP-OGRE", None, None, "Cits").await,
    );
    let link = |other, kind| {
        let confidence = Confidence::Certain;
        IncidentCommand::LinkIncidents(LinkIncidents { other, kind, confidence, reason: None })
    };
    let linked = vec![(one.id, link(other.id, LinkKind::Parent)), (other.id, link(one.id, LinkKind::Child))];
    register.do_all(linked).await;
    let merge = MergeIncident { into: one.id, reason: why() };
    let absorb = AbsorbIncident { other: other.id, reason: why() };
    let merged =
        vec![(other.id, IncidentCommand::MergeIncident(merge)), (one.id, IncidentCommand::AbsorbIncident(absorb))];
    let last = register.do_all(merged).await;
    let query = "query ($id: ID!, $p: LogPosition) { incident(id: $id, minPosition: $p) {
        status mergedInto { number } absorbed { number } links { kind confidence incident { number } } } }";
    let seen = async |principal: &Principal, incident: &Done| {
        let asked = json!({"id": incident.id, "p": last.position});
        data(&ask(&api, Some(&api.tokens.for_(principal)), query, asked).await)["incident"].clone()
    };
    let link = |kind: &str, incident: Value| json!([{"kind": kind, "confidence": "CERTAIN", "incident": incident}]);
    let whole = json!({"status": "REGISTERED", "mergedInto": null, "absorbed": [{"number": other.number}],
                       "links": link("PARENT", json!({"number": other.number}))});
    assert_eq!(seen(&police(), &one).await, whole);
    let ended = json!({"status": "MERGED", "mergedInto": {"number": one.number}, "absorbed": [],
                       "links": link("CHILD", json!({"number": one.number}))});
    assert_eq!(seen(&police(), &other).await, ended);
    let kept =
        json!({"status": "REGISTERED", "mergedInto": null, "absorbed": [], "links": link("PARENT", Value::Null)});
    assert_eq!(seen(&who("RPP", Role::Officer, Purpose::Response), &one).await, kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_with_case_files_asks_each_table_once_however_many_incidents_there_are() {
    let mut register = Register::fresh().await;
    let mut last = None;
    for n in 0..12 {
        let incident = register.incident(&format!("Laupīšana {n}")).await;
        let (subject, involve) = person("Anna", &["suspect"]);
        register.does(incident.id, involve).await;
        last = Some(register.does(incident.id, vehicle(subject)).await);
    }
    let last = last.expect("incidents");
    let waiting = served(&register).await;
    let token = waiting.tokens.for_(&police());
    data(&ask(&waiting, Some(&token), LIST, json!({"p": last.position})).await);
    // The rows of a list may take longer than it gathers for on a machine that is busy with other tests.
    let limits = Limits { gather_time: Duration::from_millis(100), ..Limits::default() };
    let api = serve_within(register.reading_through().await, register.keys(), Vec::new(), limits).await;
    let tables = ["persons", "organisations", "vehicles", "items", "documents", "actions", "links", "transfers"];
    register.count_reading().await;
    let mut before = Vec::new();
    for table in tables {
        before.push(register.times_read("case_file", table).await);
    }
    let query = "{ incidents { nodes { persons { roles { code } identity { name { value } } } organisations { name }
        vehicles { plate { value } person { identity { name { value } } } } items { serial } documents { country }
        actions { at } links { kind } transfers { state } pendingTransfer { state } } } }";
    let found = data(&ask(&api, Some(&api.tokens.for_(&police())), query, json!({})).await);
    let nodes = found["incidents"]["nodes"].as_array().expect("rows");
    assert_eq!(nodes.len(), 12);
    assert!(nodes.iter().all(|node| node["vehicles"][0]["person"]["identity"]["name"]["value"] == "Anna"), "{found}");
    register.count_reading().await;
    let mut read = Vec::new();
    for (table, before) in tables.iter().zip(&before) {
        read.push(register.times_read("case_file", table).await - before);
    }
    let (persons, others) = read.split_first().expect("eight tables");
    // Persons are asked for at two depths: by incidents, and by what belongs to somebody while those are still being read.
    assert!((1..=2).contains(persons), "{persons}");
    assert_eq!(others, [1; 7], "{tables:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn classifiers_are_read_as_they_hold_on_a_day() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let query = "{ classifiers { system label entries { code } }
        classifier(system: \"response-category\", on: \"2026-03-28\") { code label lv: label(lang: LV) validFrom attributes { name value } }
        none: classifier(system: \"moods\") { code } }";
    let found = data(&ask(&api, Some(&api.officer), query, json!({})).await);
    assert_eq!(found["classifiers"].as_array().map(Vec::len), Some(15));
    assert_eq!(found["none"], Value::Null);
    let a = json!({"code": "a", "label": "Category A", "lv": "A kategorija", "validFrom": null,
                   "attributes": [{"name": "city_minutes", "value": "15"}, {"name": "rural_minutes", "value": "25"}]});
    assert_eq!(found["classifier"][0], a);
    let refused =
        ask(&api, Some(&api.officer), "{ classifier(system: \"hazard\", on: \"tomorrow\") { code } }", json!({})).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert_eq!(ask(&api, None, "{ classifiers { system } }", json!({})).await.code(), "UNAUTHENTICATED");
}
