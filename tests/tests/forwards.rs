//! A card that is forwarded to the police is an incident there, with nothing retyped, and what becomes of it is on the card, whatever dies on
//! the way.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use access::{Institution, Principal, Purpose, Role};
use chrono::{DateTime, TimeDelta, Utc};
use futures::stream::{self, StreamExt as _};
use proto::command::v1 as pb;
use proto::command::v1::emergency_card_service_client::EmergencyCardServiceClient;
use proto::command::v1::incident_service_client::IncidentServiceClient;
use serde_json::{Value, json};
use tests::{Bearer, Connection, Folder, TestSystem, VnrProcess, ask, by_id, dispatcher, envelope, long};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;

/// How long what takes a second may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// Cards that State Police forwards to municipal police in a year.
const YEAR: usize = 44_756;
/// Dispatchers who forward at once.
const DISPATCHERS: usize = 16;

fn officer() -> Principal {
    let until = Utc::now() + TimeDelta::hours(1);
    let institution = Institution::parse("RPP").expect("a code");
    Principal::new("r.liepa", institution, vec![Role::Officer], Purpose::Response, until)
}

fn call(n: usize) -> pb::ReceiveCall {
    pb::ReceiveCall {
        envelope: envelope(),
        channel: pb::Channel::Phone112 as i32,
        caller: Some(pb::Reporter {
            name: "Anna Bērziņa".into(), phone: "+37120000001".into(), ..Default::default()
        }),
        place: Some(pb::Place {
            territory: "0001000".into(),
            text: format!("Brīvības iela {}", n % 400 + 1),
            ..Default::default()
        }),
        narrative: format!("Skaļa mūzika, zvans {n}"),
        recording_ref: format!("rec/{n}"),
        ..Default::default()
    }
}

fn qualify(card: &str) -> pb::QualifyCard {
    pb::QualifyCard {
        envelope: envelope(),
        card: by_id(card),
        type_code: "noise".into(),
        priority: pb::Priority::P3 as i32,
        ..Default::default()
    }
}

fn forward(card: &str) -> pb::ForwardCard {
    pb::ForwardCard { envelope: envelope(), card: by_id(card), institution: "RPP".into(), note: String::new() }
}

/// A call that is qualified and forwarded; its card.
async fn forwarded(mut cards: EmergencyCardServiceClient<Connection>, n: usize) -> String {
    let card = cards.receive_call(call(n)).await.expect("a card").into_inner().aggregate_id;
    cards.qualify_card(qualify(&card)).await.expect("it is qualified");
    cards.forward_card(forward(&card)).await.expect("it is forwarded");
    card
}

const CARD: &str = "query ($id: ID!) { card(id: $id) { number forwards {
    institution stage number status forwardedAt receivedAt result { code } incident {
      id number status responsible type { code } category channel recordingRef forwardedBy
      narrative { value } reporter { name { value } phone { value } } place { text territory }
      card { number } } } } }";

async fn until(mut holds: impl AsyncFnMut() -> Option<Value>) -> Value {
    let began = Instant::now();
    loop {
        if let Some(value) = holds().await {
            return value;
        }
        assert!(began.elapsed() < PATIENCE, "it does not come to be");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The forwarding of a card, once it holds.
async fn forward_of(system: &TestSystem, card: &str, holds: impl Fn(&Value) -> bool) -> Value {
    until(async || {
        let answer = system.ask_as(&officer(), CARD, json!({ "id": card })).await;
        assert!(answer["errors"].is_null(), "{answer}");
        let forward = answer["data"]["card"]["forwards"][0].clone();
        holds(&forward).then_some(forward)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forwarded_card_is_an_incident_there_with_nothing_retyped_and_its_result_is_on_the_card() {
    let system = TestSystem::start().await;
    let cards = EmergencyCardServiceClient::new(system.connect(&dispatcher()).await);
    let card = forwarded(cards.clone(), 7).await;
    let forward = forward_of(&system, &card, |forward| !forward["incident"].is_null()).await;
    let incident = &forward["incident"];
    assert_eq!((&forward["stage"], &forward["number"]), (&json!("RECEIVED"), &incident["number"]), "{forward}");
    let time = |field: &str| forward[field].as_str().and_then(|at| at.parse::<DateTime<Utc>>().ok());
    assert!(time("receivedAt") > time("forwardedAt") && time("forwardedAt").is_some(), "{forward}");
    let told = json!({
        "responsible": "RPP", "status": "REGISTERED", "type": { "code": "noise" }, "category": "D",
        "channel": "PHONE_112", "recordingRef": "rec/7", "forwardedBy": "VUGD",
        "narrative": { "value": "Skaļa mūzika, zvans 7" },
        "reporter": { "name": { "value": "Anna Bērziņa" }, "phone": { "value": "+37120000001" } },
        "place": { "text": "Brīvības iela 8", "territory": "0001000" },
    });
    for (field, value) in told.as_object().expect("fields") {
        assert_eq!(&incident[field], value, "{field}");
    }

    let id = incident["id"].as_str().expect("an id").to_owned();
    let mut incidents = IncidentServiceClient::new(system.connect(&officer()).await);
    let result = pb::RecordResult {
        envelope: envelope(),
        incident: by_id(&id),
        result_code: "preventive-talk".into(),
        ..Default::default()
    };
    incidents.record_result(result).await.expect("it is dealt with");
    let told = forward_of(&system, &card, |forward| forward["status"] == "RESULT_RECORDED").await;
    assert_eq!(told["result"]["code"], "preventive-talk");
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_theirs_is_given_back_and_is_on_the_card_as_returned() {
    let system = TestSystem::start().await;
    let mut cards = EmergencyCardServiceClient::new(system.connect(&dispatcher()).await);
    let card = forwarded(cards.clone(), 1).await;
    let forward = forward_of(&system, &card, |forward| !forward["incident"].is_null()).await;
    let id = forward["incident"]["id"].as_str().expect("an id").to_owned();
    let mut incidents = IncidentServiceClient::new(system.connect(&officer()).await);
    let back =
        pb::ReturnIncident { envelope: envelope(), incident: by_id(&id), cause: "Cita novada teritorija".into() };
    incidents.return_incident(back).await.expect("it is given back");
    let told = forward_of(&system, &card, |forward| forward["stage"] == "RETURNED").await;
    assert_eq!((&told["status"], &told["incident"]["status"]), (&json!("RETURNED"), &json!("RETURNED")));
    // It can be forwarded once more, and is another incident then.
    let again =
        pb::ForwardCard { envelope: envelope(), card: by_id(&card), institution: "RPP".into(), note: String::new() };
    cards.forward_card(again).await.expect("it is forwarded again");
    let told = forward_of(&system, &card, |forward| forward["stage"] == "RECEIVED").await;
    assert_ne!(told["number"], forward["number"]);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_in_between_each_forwarded_card_is_one_incident() {
    let folder = Folder::new("forwards");
    let all = if long() { YEAR } else { 60 };
    let rounds = 3;
    let mut sent: BTreeSet<String> = BTreeSet::new();
    let mut numbered = 0..all;
    for round in 0..=rounds {
        let mut server = VnrProcess::up(&folder.home());
        let token = folder.token("test-dispatcher", "VUGD", "dispatcher", "response", &[]);
        let channel = Channel::from_shared(format!("http://{}", server.grpc)).expect("an address").connect().await;
        let channel = InterceptedService::new(channel.expect("gRPC answers"), Bearer::new(&token));
        let cards = EmergencyCardServiceClient::new(channel);
        if round < rounds {
            let of_round = numbered.by_ref().take(all.div_ceil(rounds));
            let forwarding = stream::iter(of_round).map(|n| forwarded(cards.clone(), n)).buffer_unordered(DISPATCHERS);
            sent.extend(forwarding.collect::<Vec<String>>().await);
            // Some are received by now, and some are not.
            server.kill();
            continue;
        }
        let count = "query { received: cards(first: 1) { totalCount } incidents(first: 1) { totalCount } }";
        let told = until(async || {
            let answer = ask(server.http, Some(&token), count, json!({})).await;
            let incidents = answer["data"]["incidents"]["totalCount"].as_u64()?;
            (incidents >= sent.len() as u64).then_some(answer)
        })
        .await;
        assert_eq!((sent.len(), &told["data"]["received"]["totalCount"]), (all, &json!(all)), "{told}");
        let number = async |card: &String| {
            let forward = until(async || {
                let answer = ask(server.http, Some(&token), CARD, json!({ "id": card })).await;
                let forward = answer["data"]["card"]["forwards"][0].clone();
                (forward["stage"] == "RECEIVED").then_some(forward)
            });
            forward.await["number"].as_str().expect("a number").to_owned()
        };
        let numbers: BTreeSet<String> = stream::iter(&sent).map(number).buffer_unordered(DISPATCHERS).collect().await;
        assert_eq!(numbers.len(), all, "each card is an incident of its own");
        let answer = ask(server.http, Some(&token), count, json!({})).await;
        assert_eq!(answer["data"]["incidents"]["totalCount"], all, "and there are no others: {answer}");
        server.kill();
    }
}
