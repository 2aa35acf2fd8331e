//! Days of an invented nation, sent to the real system by all who send in it: what it does is what they expect.

use std::collections::HashMap;

use access::{Institution, Principal, Role};
use nation::{Deed, Expected, Nation, Summary, Timeline};
use proto::command::v1 as pb;
use proto::command::v1::command_result::Outcome;
use proto::command::v1::intake_client::IntakeClient;
use serde_json::json;
use tests::{Connection, TestSystem, dispatcher, position};

const DAYS: u32 = 4;

/// The system of an institution.
fn sender(code: &str) -> Principal {
    let institution = Institution::parse(code).unwrap();
    Principal { subject: format!("{code}-journal"), institution, roles: vec![Role::System], ..dispatcher() }
}

/// What was expected of a deed and did not come.
fn wrong(deed: &Deed, outcome: &Outcome) -> Option<String> {
    let right = match (deed.expected, outcome) {
        (Expected::Effect, Outcome::Reply(reply)) => !reply.repeated,
        (Expected::Repetition, Outcome::Reply(reply)) => reply.repeated,
        (Expected::Refusal, Outcome::Error(status)) => status.code == tonic::Code::InvalidArgument as i32,
        _ => false,
    };
    (!right).then(|| format!("{deed:?} was answered with {outcome:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn days_of_a_nation_take_effect_as_their_senders_expect() {
    let system = TestSystem::start().await;
    let nation = Nation::new(112, 0.02);
    let deeds: Vec<Deed> = Timeline::new(&nation, "2025-03-28".parse().unwrap(), DAYS).collect();
    let mut summary = Summary::default();
    deeds.iter().for_each(|deed| summary.add(deed));

    let mut senders: HashMap<&str, IntakeClient<Connection>> = HashMap::new();
    let mut last = String::new();
    for turn in deeds.chunk_by(|one, next| one.sender.code == next.sender.code) {
        let code = turn[0].sender.code.as_str();
        if !senders.contains_key(code) {
            let _ = senders.insert(code, IntakeClient::new(system.connect(&sender(code)).await));
        }
        let commands: Vec<pb::CommandEnvelope> =
            turn.iter().map(|deed| pb::CommandEnvelope { command: Some(deed.command.clone()) }).collect();
        let intake = senders.get_mut(code).unwrap();
        let mut results = intake.submit(tokio_stream::iter(commands)).await.unwrap().into_inner();
        let mut answered = 0;
        while let Some(result) = results.message().await.unwrap() {
            let outcome = result.outcome.unwrap();
            let deed = turn.iter().find(|deed| deed.id.to_string() == result.command_id).unwrap();
            assert_eq!(wrong(deed, &outcome), None);
            if let Outcome::Reply(reply) = &outcome {
                last = position(reply);
            }
            answered += 1;
        }
        assert_eq!(answered, turn.len());
    }

    let query = "query ($p: LogPosition) { incidents(first: 1, minPosition: $p) { totalCount }
                                           cards(first: 1, minPosition: $p) { totalCount } }";
    let answer = system.ask(query, json!({ "p": last })).await;
    let count = |what: &str| answer["data"][what]["totalCount"].as_u64();
    assert_eq!(count("incidents"), Some(summary.state_incidents + summary.municipal_incidents), "{answer}");
    assert_eq!(count("cards"), Some(summary.calls), "{answer}");
    assert!(summary.calls > 150 && summary.state_incidents > 30, "{summary:?}");
    system.stop().await;
}
