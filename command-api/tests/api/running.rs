//! Starting to serve and ending.

use std::time::{Duration, Instant};

use proto::command::v1 as pb;
use proto::command::v1::command_envelope::Command;
use proto::command::v1::command_result::Outcome;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::support::{Api, incident};

#[tokio::test]
async fn a_server_that_ends_answers_what_it_took_and_sends_open_streams_away() {
    let mut api = Api::start().await;
    let (commands, queue) = mpsc::channel(64);
    let mut results = api.intake().submit(ReceiverStream::new(queue)).await.unwrap().into_inner();
    let registration = || pb::CommandEnvelope { command: Some(Command::RegisterIncident(incident())) };
    for _ in 0..10 {
        commands.send(registration()).await.unwrap();
    }
    let first = results.message().await.unwrap().unwrap();
    assert!(matches!(first.outcome, Some(Outcome::Reply(_))));

    let began = Instant::now();
    api.stop();
    let mut answered = 1;
    let ended = loop {
        match results.message().await {
            Ok(Some(result)) => {
                assert!(matches!(result.outcome, Some(Outcome::Reply(_))));
                answered += 1;
            }
            Ok(None) => panic!("the stream ended as if nothing had been left out"),
            Err(status) => break status,
        }
    };
    assert_eq!(ended.code(), Code::Unavailable, "{ended:?}");
    assert!(ended.get_details_retry_info().is_some());
    assert_eq!(api.events("register").await.len(), answered, "what was taken is answered");
    drop((commands, results));
    api.ended().await;
    assert!(began.elapsed() < Duration::from_secs(5), "an open stream does not hold the server");
}

#[tokio::test]
async fn a_watcher_does_not_hold_a_server_that_ends() {
    use tonic_health::pb::HealthCheckRequest;
    use tonic_health::pb::health_check_response::ServingStatus;
    use tonic_health::pb::health_client::HealthClient;

    let mut api = Api::start().await;
    let mut client = HealthClient::new(api.connect().await);
    let mut watching = client.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    while watching.message().await.unwrap().unwrap().status() != ServingStatus::Serving {}
    api.stop();
    while watching.message().await.unwrap().unwrap().status() != ServingStatus::NotServing {}
    api.ended().await;
}
