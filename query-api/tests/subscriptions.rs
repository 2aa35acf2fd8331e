//! Subscriptions over a real register: the present state first, then every change once.

mod support;

use std::time::Duration;

use access::Role;
use chrono::TimeDelta;
use domain::terms::UnitStatus;
use serde_json::{Value, json};
use support::register::Register;
use support::serve;
use support::socket::{Said, Socket};

const ROSTER: &str = "subscription ($after: LogPosition) {
    rosterChanged(institution: \"VUGD\", afterPosition: $after) { position complete units { callSign status card { number } } }
}";
const RECORD: &str = "subscription ($id: ID!, $after: LogPosition) {
    recordChanged(id: $id, afterPosition: $after) { position record { version card { status } } entries { type } }
}";

/// Waits for the message that tells up to a position, and collects what was told on the way.
async fn up_to(socket: &mut Socket, field: &str, position: &str) -> Vec<Value> {
    let mut told = Vec::new();
    loop {
        let message = socket.data().await[field].clone();
        let reached = message["position"] == *position;
        told.push(message);
        if reached {
            return told;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_roster_is_told_whole_and_then_by_its_changes() {
    let register = Register::fresh().await;
    let api = serve(register.app.clone(), register.keys(), Vec::new()).await;
    let a1 = register.unit("A1").await;
    let b2 = register.unit("B2").await;
    let mut socket = Socket::open(&api, &api.officer).await;
    socket.subscribe(ROSTER, json!({})).await;
    let told = up_to(&mut socket, "rosterChanged", &b2.position).await;
    assert_eq!(told[0]["complete"], true);
    let mut known: Vec<_> = told.iter().flat_map(|m| m["units"].as_array().expect("units").clone()).collect();
    known.dedup();
    assert_eq!(known.len(), 2, "each unit is told once: {known:?}");

    let card = register.call(0, "Zvans").await;
    let attached = register.attach(card.id, a1.id, 1).await;
    let told = up_to(&mut socket, "rosterChanged", &attached.position).await;
    let expected = json!([{"callSign": "A1", "status": "ASSIGNED", "card": {"number": card.number}}]);
    assert!(told.iter().all(|message| message["complete"] == false));
    assert_eq!(told.last().expect("a message")["units"], expected);
    assert_eq!(socket.within(Duration::from_millis(700)).await, None, "nothing changed, nothing is told");
    drop(socket);

    // Two changes of one unit while nobody listens are one message: the latest state.
    register.status(a1.id, UnitStatus::EnRoute, 2).await;
    let last = register.status(a1.id, UnitStatus::OnScene, 3).await;
    let mut socket = Socket::open(&api, &api.officer).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    socket.subscribe(ROSTER, json!({"after": attached.position})).await;
    let told = up_to(&mut socket, "rosterChanged", &last.position).await;
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0]["complete"], &told[0]["units"][0]["status"]), (&json!(false), &json!("ON_SCENE")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_told_with_all_that_happens_to_it_once() {
    let register = Register::fresh().await;
    let api = serve(register.app.clone(), register.keys(), Vec::new()).await;
    let card = register.call(0, "Zvans").await;
    let other = register.call(1, "Cits").await;
    let mut socket = Socket::open(&api, &api.officer).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    socket.subscribe(RECORD, json!({"id": card.id})).await;
    let first = socket.data().await["recordChanged"].clone();
    assert_eq!((&first["position"], &first["entries"]), (&json!(other.position), &json!([])));
    assert_eq!(first["record"]["card"]["status"], "RECEIVED");

    let qualified = register.qualify(card.id, "medical").await;
    let told = up_to(&mut socket, "recordChanged", &qualified.position).await;
    assert_eq!(told.last().expect("a message")["entries"], json!([{"type": "CardQualified"}]));
    drop(socket);

    register.qualify(other.id, "alarm").await;
    let unit = register.unit("A1").await;
    let attached = register.attach(card.id, unit.id, 61).await;
    let mut socket = Socket::open(&api, &api.officer).await;
    socket.subscribe(RECORD, json!({"id": card.id, "after": qualified.position})).await;
    let told = up_to(&mut socket, "recordChanged", &attached.position).await;
    let entries: Vec<_> = told.iter().flat_map(|m| m["entries"].as_array().expect("entries").clone()).collect();
    assert_eq!(entries, [json!({"type": "UnitAttached"})]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_of_another_generation_ends_the_subscription_with_its_code() {
    let register = Register::fresh().await;
    let api = serve(register.app.clone(), register.keys(), Vec::new()).await;
    register.unit("A1").await;
    let mut socket = Socket::open(&api, &api.officer).await;
    socket.subscribe(ROSTER, json!({"after": "7.1"})).await;
    let Said::Message(message) = socket.next().await else { panic!("the socket stays open") };
    let errors = if message["type"] == "error" { &message["payload"] } else { &message["payload"]["errors"] };
    assert_eq!(errors[0]["extensions"]["code"], "FAILED_PRECONDITION", "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_end_with_the_token_and_need_one() {
    let register = Register::fresh().await;
    let api = serve(register.app.clone(), register.keys(), Vec::new()).await;
    let brief = api.tokens.lasting(Role::Officer, TimeDelta::seconds(3));
    let mut socket = Socket::open(&api, &brief).await;
    socket.subscribe("subscription { projectionLag { name log progress } }", json!({})).await;
    assert!(socket.data().await["projectionLag"].is_array());
    let mut said = Vec::new();
    while !matches!(said.last(), Some(Said::Closed(_))) {
        said.push(socket.next().await);
    }
    assert_eq!(said.pop(), Some(Said::Closed(4403)));
    assert_eq!(said.pop(), Some(Said::Message(json!({"type": "complete", "id": "1"}))));
}
