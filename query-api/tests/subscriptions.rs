//! Subscriptions over a real register: the present state first, then every change once.

mod support;

use std::time::Duration;

use access::{Institution, Principal, Purpose, Role};
use chrono::{TimeDelta, Utc};
use domain::access_grant::GrantScope;
use domain::terms::{AccessPurpose, AccessRole, UnitStatus};
use domain::values::{Actor, InstitutionCode, UserName};
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
    register.shows(&last.position).await;
    // At another server, which knows nothing of what the first has told.
    let api = serve(register.app.clone(), register.keys(), Vec::new()).await;
    let mut socket = Socket::open(&api, &api.officer).await;
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
    register.shows(&other.position).await;
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

/// A subscription that says more of each unit than anybody needs, so that messages are large.
fn at_length() -> String {
    let again: String = (0..400).map(|n| format!("l{n}: statusLabel ")).collect();
    format!("subscription {{ rosterChanged {{ position units {{ callSign status {again} }} }} }}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_gets_the_latest_state_and_not_each_one() {
    let register = Register::fresh().await;
    let api = serve(register.app.clone(), register.keys(), Vec::new()).await;
    let unit = register.unit("A1").await;
    let mut socket = Socket::narrow(&api, &api.officer).await;
    socket.subscribe(&at_length(), json!({})).await;
    let mut last = None;
    for minute in 1..=1_000 {
        let status = if minute % 2 == 0 { UnitStatus::OnScene } else { UnitStatus::EnRoute };
        last = Some(register.status(unit.id, status, minute).await);
    }
    let told = up_to(&mut socket, "rosterChanged", &last.expect("changes").position).await;
    assert!(told.len() < 500, "{} messages of 1,000 changes", told.len());
    assert_eq!(told.last().expect("a message")["units"][0]["status"], "ON_SCENE");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_is_told_only_of_what_they_may_follow() {
    let register = Register::fresh().await;
    let api = serve(register.app.clone(), register.keys(), Vec::new()).await;
    let who = |institution: &str, purpose| {
        let institution = Institution::parse(institution).expect("a code");
        Principal::new("a.ozola", institution, vec![Role::Officer], purpose, Utc::now() + TimeDelta::hours(1))
    };
    let (fire, police) = (register.unit_of("VUGD", "F1").await, register.unit_of("VP", "P1").await);
    // For prevention each sees their own; for response all services see the units of all.
    let all = "subscription { rosterChanged { position units { callSign status } } }";
    let mut own = Socket::open(&api, &api.tokens.for_(&who("VUGD", Purpose::Prevention))).await;
    let mut theirs = Socket::open(&api, &api.tokens.for_(&who("VP", Purpose::Prevention))).await;
    let mut both = Socket::open(&api, &api.tokens.for_(&who("VP", Purpose::Response))).await;
    for socket in [&mut own, &mut theirs, &mut both] {
        socket.subscribe(all, json!({})).await;
    }
    let first = register.status(fire.id, UnitStatus::EnRoute, 1).await;
    let second = register.status(police.id, UnitStatus::OnScene, 2).await;
    let units = |told: Vec<Value>| {
        let units = told.iter().flat_map(|message| message["units"].as_array().expect("units").clone());
        let signs = units.map(|unit| unit["callSign"].as_str().expect("a call sign").to_owned());
        signs.collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    };
    assert_eq!(units(up_to(&mut both, "rosterChanged", &second.position).await), ["F1", "P1"]);
    assert_eq!(units(up_to(&mut theirs, "rosterChanged", &second.position).await), ["P1"]);
    let mut seen = Vec::new();
    // It may be told with the position of the other's change, never with the other.
    while !seen.iter().any(|message: &Value| message["units"][0]["status"] == "EN_ROUTE") {
        seen.push(own.data().await["rosterChanged"].clone());
    }
    assert_eq!(units(seen), ["F1"], "{}", first.position);
    assert_eq!(own.within(Duration::from_millis(700)).await, None, "what they may not follow tells them nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_counts_for_whom_it_was_given_to_while_they_follow_and_for_nobody_else() {
    let register = Register::fresh().await;
    let api = serve(register.app.clone(), register.keys(), Vec::new()).await;
    let own = register.unit_of("VP", "P1").await;
    let named = register.unit_of("VUGD", "F1").await;
    let someone = |name: &str| {
        let institution = Institution::parse("VP").expect("a code");
        Principal::new(name, institution, vec![Role::Officer], Purpose::Prevention, Utc::now() + TimeDelta::hours(1))
    };
    let all = "subscription { rosterChanged { position units { callSign } } }";
    let mut given = Socket::open(&api, &api.tokens.for_(&someone("a.ozola"))).await;
    let mut other = Socket::open(&api, &api.tokens.for_(&someone("b.liepa"))).await;
    for socket in [&mut given, &mut other] {
        socket.subscribe(all, json!({})).await;
        up_to_unit(socket, "P1").await;
    }
    let to = Actor {
        institution: InstitutionCode::parse("VP").expect("a code"),
        user: UserName::parse("a.ozola").expect("a name"),
    };
    let institution = InstitutionCode::parse("VUGD").expect("a code");
    let scope = GrantScope::Role { institution, role: AccessRole::Officer };
    let granted = register.grant_of(to, scope, AccessPurpose::Prevention).await;
    let waits = json!({"p": granted.position});
    let asked = "query ($p: LogPosition) { roster(minPosition: $p) { totalCount } }";
    let seen = support::ask(&api, Some(&api.tokens.for_(&someone("a.ozola"))), asked, waits).await.json();
    assert_eq!(seen["data"]["roster"]["totalCount"], 2, "{seen}");
    register.status(named.id, UnitStatus::EnRoute, 1).await;
    register.status(own.id, UnitStatus::EnRoute, 2).await;
    assert!(up_to_unit(&mut given, "P1").await.contains(&"F1".to_owned()));
    assert!(!up_to_unit(&mut other, "P1").await.contains(&"F1".to_owned()));
}

/// Call signs that are told until one is.
async fn up_to_unit(socket: &mut Socket, wanted: &str) -> Vec<String> {
    let mut told = Vec::new();
    while !told.iter().any(|sign| sign == wanted) {
        let message = socket.data().await["rosterChanged"].clone();
        let units = message["units"].as_array().expect("units");
        told.extend(units.iter().map(|unit| unit["callSign"].as_str().expect("a call sign").to_owned()));
    }
    told
}

/// How often the units are read while so many follow ten changes of one.
async fn readings_of(followers: usize) -> i64 {
    let mut register = Register::fresh().await;
    let api = serve(register.reading_through().await, register.keys(), Vec::new()).await;
    let unit = register.unit("A1").await;
    let mut sockets = Vec::new();
    for _ in 0..followers {
        let mut socket = Socket::open(&api, &api.officer).await;
        socket.subscribe(ROSTER, json!({})).await;
        up_to(&mut socket, "rosterChanged", &unit.position).await;
        sockets.push(socket);
    }
    for minute in 1..=10 {
        let status = if minute % 2 == 0 { UnitStatus::OnScene } else { UnitStatus::EnRoute };
        let changed = register.status(unit.id, status, minute).await;
        for socket in &mut sockets {
            up_to(socket, "rosterChanged", &changed.position).await;
        }
    }
    drop(sockets);
    register.count_reading().await;
    register.times_read("roster", "units").await
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_who_follow_cause_no_more_reading_than_one() {
    let (one, fifty) = (readings_of(1).await, readings_of(50).await);
    // How many changes come with one reading differs from run to run. If each read for themselves it would be 500 times more.
    assert!(fifty <= one + 40, "{one} with one, {fifty} with fifty");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_longer_than_a_message_is_told_to_its_end_without_anything_new() {
    let register = Register::fresh().await;
    let api = serve(register.app.clone(), register.keys(), Vec::new()).await;
    let unit = register.unit("A1").await;
    let mut last = None;
    for minute in 1..=250 {
        let status = if minute % 2 == 0 { UnitStatus::OnScene } else { UnitStatus::EnRoute };
        last = Some(register.status(unit.id, status, minute).await);
    }
    let last = last.expect("changes");
    register.shows(&last.position).await;
    let mut socket = Socket::open(&api, &api.officer).await;
    let follow = "subscription ($id: ID!, $after: LogPosition) {
        recordChanged(id: $id, afterPosition: $after) { position entries { type } } }";
    socket.subscribe(follow, json!({"id": unit.id, "after": unit.position})).await;
    let told = up_to(&mut socket, "recordChanged", &last.position).await;
    let entries = told.iter().map(|message| message["entries"].as_array().expect("entries").len());
    assert_eq!(entries.collect::<Vec<_>>(), [200, 50]);
}
