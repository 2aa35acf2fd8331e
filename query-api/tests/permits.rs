//! What the access policies keep from somebody is not there for them: no row, no count, no entry, no message.

mod support;

use access::{Institution, Principal, Purpose, Role};
use chrono::{TimeDelta, Utc};
use domain::terms::AccessPurpose;
use serde_json::{Value, json};
use support::register::{Done, Register};
use support::socket::{Said, Socket};
use support::{Answer, Served, ask, ask_for, serve};
use uuid::Uuid;

const JELGAVA: &str = "0003000";

async fn served(register: &Register) -> Served {
    serve(register.app.clone(), register.keys(), Vec::new()).await
}

fn data(answer: &Answer) -> Value {
    let body = answer.json();
    assert!(body.get("errors").is_none(), "{body}");
    body["data"].clone()
}

fn who(institution: &str, role: Role, purpose: Purpose) -> Principal {
    let institution = Institution::parse(institution).expect("a code");
    Principal::new("a.ozola", institution, vec![role], purpose, Utc::now() + TimeDelta::hours(1))
}

/// Of a municipal police, competent in Jelgava.
fn local_officer() -> Principal {
    let territories = vec![access::Territory::parse(JELGAVA).expect("a code")];
    Principal { territories, ..who("PP-JELGAVA", Role::Officer, Purpose::Response) }
}

async fn refusals(register: &Register) -> Vec<(Option<Uuid>, String)> {
    // They are told without anybody waiting for it.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let sql = "select payload::text from access.events where event_type = 'AccessRefused' order by position";
    let payloads: Vec<String> = sqlx::query_scalar(sql).fetch_all(&register.app).await.expect("the access log");
    let told = payloads.iter().map(|payload| {
        let event = &serde_json::from_str::<Value>(payload).expect("JSON")["AccessRefused"];
        let record = event["record"].as_str().map(|id| id.parse().expect("an id"));
        (record, event["attempt"].as_str().expect("what").to_owned())
    });
    told.collect()
}

const LIST: &str = "query ($p: LogPosition) { incidents(minPosition: $p, orderBy: REGISTERED_ASC) {
    totalCount nodes { number institution kept timeline { totalCount nodes { type facts } } } } }";

fn numbers(found: &Value) -> Vec<&str> {
    let nodes = found["incidents"]["nodes"].as_array().expect("rows");
    nodes.iter().map(|node| node["number"].as_str().expect("a number")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_holds_and_counts_only_what_somebody_may_see() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let own = register.incident_at("PP-JELGAVA", Some("0001000"), None, "Savs").await;
    let near = register.incident_at("VP", Some("0003040"), None, "Savā teritorijā").await;
    register.incident_at("VP", Some("0001000"), None, "Citur").await;
    register.incident_at("PP-OGRE", Some(JELGAVA), None, "Citas pašvaldības").await;
    let handed = register.incident_at("VP", Some("0001000"), None, "Nodots").await;
    let unit = register.unit_of("PP-JELGAVA", "J1").await;
    let last = register.assign(handed.id, unit.id).await;

    let local = api.tokens.for_(&local_officer());
    let found = data(&ask(&api, Some(&local), LIST, json!({"p": last.position})).await);
    assert_eq!(found["incidents"]["totalCount"], 3);
    assert_eq!(numbers(&found), [&own.number, &near.number, &handed.number]);
    let nodes = &found["incidents"]["nodes"];
    assert_eq!((&nodes[0]["kept"], &nodes[2]["kept"]), (&json!(["PERSONAL_CODE"]), &json!(["PERSONAL_CODE"])));
    assert!(nodes[1]["kept"].as_array().is_some_and(|kept| kept.len() == 8), "the summary alone: {nodes}");

    let state = api.tokens.for_(&who("VP", Role::Officer, Purpose::Response));
    let all = data(&ask(&api, Some(&state), LIST, json!({"p": last.position})).await);
    assert_eq!(all["incidents"]["totalCount"], 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_kept_back_is_null_and_the_attempt_is_in_the_access_log() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let other = register.incident_at("PP-OGRE", Some("0001000"), None, "Citas pašvaldības").await;
    let token = api.tokens.for_(&local_officer());
    for query in [
        "query ($id: ID!, $p: LogPosition) { found: incident(id: $id, minPosition: $p) { number } }",
        "query ($id: ID!, $p: LogPosition) { found: record(id: $id, minPosition: $p) { number } }",
        "query ($id: ID!, $p: LogPosition) { found: node(id: $id, minPosition: $p) { id } }",
    ] {
        let found = data(&ask(&api, Some(&token), query, json!({"id": other.id, "p": other.position})).await);
        assert_eq!(found["found"], Value::Null, "{query}");
    }
    let told = ["incident", "record", "node"].map(|attempt| (Some(other.id), attempt.to_owned()));
    assert_eq!(refusals(&register).await, told);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_see_nothing_of_a_kind_is_told_why() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let last = register.incident("Zādzība").await;
    let asked = json!({"p": last.position});
    let without = who("VP", Role::Officer, Purpose::Investigation);
    let refused = ask(&api, Some(&api.tokens.for_(&without)), LIST, asked.clone()).await;
    assert_eq!(refused.code(), "FORBIDDEN");
    assert!(
        refused.body.contains("need a reference number; without one there is no access at all"),
        "{}",
        refused.body
    );
    assert_eq!(refusals(&register).await, [(None, "incidents".to_owned())]);

    let token = api.tokens.for_(&without);
    let found = data(&ask_for(&api, Some(&token), Some("KP-11/2026"), LIST, asked.clone()).await);
    assert_eq!(numbers(&found), [last.number]);

    let analyst = api.tokens.for_(&who("BI", Role::Analyst, Purpose::Statistics));
    let refused = ask(&api, Some(&analyst), LIST, asked.clone()).await;
    assert_eq!(refused.code(), "FORBIDDEN", "{}", refused.body);
    let counted = ask(&api, Some(&analyst), "{ cardStatistics { calls } }", json!({})).await;
    assert_eq!(data(&counted)["cardStatistics"]["calls"], 0, "who may count sees figures, and no rows");
    let mut socket = Socket::open(&api, &analyst).await;
    let follow = "subscription ($id: ID!) { recordChanged(id: $id) { position } }";
    socket.subscribe(follow, json!({"id": last.id})).await;
    let Said::Message(message) = socket.next().await else { panic!("the socket stays open") };
    assert!(message.to_string().contains("FORBIDDEN"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_says_no_more_than_the_record_does() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let card = register.call(0, "Zvans").await;
    let incident = register.incident_at("VP", Some(JELGAVA), Some(card.id), "Savā teritorijā").await;
    let unit = register.unit_of("VP", "V1").await;
    let last = register.assign(incident.id, unit.id).await;
    let stories = async |principal: &Principal| {
        let token = api.tokens.for_(principal);
        let found = data(&ask(&api, Some(&token), LIST, json!({"p": last.position})).await);
        let story = found["incidents"]["nodes"][0]["timeline"].clone();
        assert_eq!(story["totalCount"], json!(story["nodes"].as_array().map(Vec::len)), "{story}");
        story
    };
    let whole = stories(&who("VP", Role::Officer, Purpose::Response)).await;
    assert_eq!(whole["nodes"][1]["facts"], json!({"assignee": {"unit": unit.id}}), "{whole}");
    let summary = stories(&local_officer()).await;
    assert_eq!(summary["nodes"][1], json!({"type": "IncidentAssigned", "facts": {}}), "{summary}");
    assert_eq!(summary["nodes"][0]["facts"]["type_code"], "theft");

    // The card's own story has an entry of the incident: for who sees the card, and not the incident, it isn't there.
    let query = "query ($id: ID!, $p: LogPosition) {
        card(id: $id, minPosition: $p) { incident { number } timeline { totalCount nodes { type } } } }";
    let asked = json!({"id": card.id, "p": last.position});
    let own = api.tokens.for_(&who("VUGD", Role::System, Purpose::Operation));
    let seen = data(&ask(&api, Some(&own), query, asked.clone()).await);
    let story = json!({"totalCount": 1, "nodes": [{"type": "CallReceived"}]});
    assert_eq!(seen["card"], json!({"incident": null, "timeline": story}));
    let police = api.tokens.for_(&who("VP", Role::Officer, Purpose::Response));
    let seen = data(&ask(&api, Some(&police), query, asked).await);
    assert_eq!(seen["card"]["timeline"]["totalCount"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_opens_the_record_that_it_names_for_its_purpose() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let other = register.incident_at("PP-OGRE", None, None, "Citas pašvaldības").await;
    let officer = local_officer();
    let query = "query ($id: ID!, $p: LogPosition) {
        incident(id: $id, minPosition: $p) { number narrative { value } }
        incidents(minPosition: $p) { totalCount } }";
    let seen = async |principal: &Principal, at: &Done| {
        data(&ask(&api, Some(&api.tokens.for_(principal)), query, json!({"id": other.id, "p": at.position})).await)
    };
    assert_eq!(seen(&officer, &other).await, json!({"incident": null, "incidents": {"totalCount": 0}}));
    let granted = register.grant(officer.actor().expect("a name"), other.id, AccessPurpose::Response).await;
    let opened = json!({"number": other.number, "narrative": {"value": "Citas pašvaldības"}});
    assert_eq!(seen(&officer, &granted).await, json!({"incident": opened, "incidents": {"totalCount": 1}}));

    let another = api.tokens.for_(&who("PP-JELGAVA", Role::Officer, Purpose::Administration));
    let asked = json!({"id": other.id, "p": granted.position});
    let answer = ask_for(&api, Some(&another), Some("AL-1"), query, asked).await;
    assert_eq!(data(&answer)["incident"], Value::Null, "it is for another purpose");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_unit_was_is_for_those_who_may_see_tracks() {
    let register = Register::fresh().await;
    let api = served(&register).await;
    let unit = register.unit_of("VP", "V1").await;
    let query = "query ($p: LogPosition) { roster(minPosition: $p) { totalCount nodes { callSign positionKept } } }";
    let roster = async |principal: &Principal| {
        data(&ask(&api, Some(&api.tokens.for_(principal)), query, json!({"p": unit.position})).await)["roster"].clone()
    };
    let seen = |kept: bool| json!({"totalCount": 1, "nodes": [{"callSign": "V1", "positionKept": kept}]});
    assert_eq!(roster(&who("VP", Role::Dispatcher, Purpose::Response)).await, seen(false));
    assert_eq!(roster(&who("VUGD", Role::Dispatcher, Purpose::Response)).await, seen(false));
    assert_eq!(roster(&local_officer()).await, seen(true));
    let system = who("RPP", Role::System, Purpose::Operation);
    assert_eq!(roster(&system).await, json!({"totalCount": 0, "nodes": []}));
}
