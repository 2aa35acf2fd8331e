//! Bulk: many commands on one stream.

use std::time::Duration;

use access::Role;
use chrono::{TimeDelta, Utc};
use proto::command::v1 as pb;
use proto::command::v1::command_envelope::Command;
use proto::command::v1::command_result::Outcome;
use proto::command::v1::intake_client::IntakeClient;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::service::interceptor::InterceptedService;
use tonic::{Code, Streaming};

use crate::support::{Api, called, envelope, envelope_from, external, incident, somebody, unit};

fn sent(command: Command) -> pb::CommandEnvelope {
    pb::CommandEnvelope { command: Some(command) }
}

fn registration() -> pb::CommandEnvelope {
    sent(Command::RegisterIncident(incident()))
}

/// Sends all of it, ends the sending, and takes the results.
async fn submitted(api: &Api, commands: Vec<pb::CommandEnvelope>) -> Vec<pb::CommandResult> {
    let mut results = api.intake().submit(tokio_stream::iter(commands)).await.unwrap().into_inner();
    let mut all = Vec::new();
    while let Some(result) = results.message().await.unwrap() {
        all.push(result);
    }
    all
}

fn code(result: &pb::CommandResult) -> Code {
    match result.outcome.as_ref().unwrap() {
        Outcome::Reply(_) => Code::Ok,
        Outcome::Error(status) => Code::from_i32(status.code),
    }
}

/// The next result, or how the stream ended.
async fn next(results: &mut Streaming<pb::CommandResult>) -> Code {
    let next = tokio::time::timeout(Duration::from_secs(20), results.message()).await.unwrap();
    next.map_or_else(|status| status.code(), |result| code(&result.unwrap()))
}

#[tokio::test]
async fn commands_of_one_stream_take_effect_in_the_order_in_which_they_were_sent() {
    let api = Api::start().await;
    let mut commands = Vec::new();
    for n in 0..100 {
        let id = format!("{n}");
        commands
            .push(sent(Command::RegisterIncident(pb::RegisterIncident { envelope: envelope_from(&id), ..incident() })));
        commands.push(sent(Command::RecordResult(pb::RecordResult {
            envelope: envelope(),
            incident: external(&id),
            result_code: "criminal-process-opened".to_owned(),
            case_refs: Vec::new(),
        })));
        commands.push(sent(Command::CloseIncident(pb::CloseIncident {
            envelope: envelope(),
            incident: external(&id),
            disposition: "report-taken".to_owned(),
            closing_type: String::new(),
        })));
    }
    let results = submitted(&api, commands).await;
    assert_eq!(results.len(), 300);
    assert!(results.iter().all(|result| code(result) == Code::Ok), "{:?}", results[0]);
    assert_eq!(api.events("register").await.len(), 300);
}

#[tokio::test]
async fn a_bad_command_is_answered_and_the_stream_goes_on() {
    let api = Api::start().await;
    let unreadable =
        sent(Command::RegisterIncident(pb::RegisterIncident { envelope: envelope(), ..Default::default() }));
    let refused = sent(Command::StartDuty(pb::StartDuty { envelope: envelope(), unit: called("E28") }));
    let empty = pb::CommandEnvelope { command: None };
    let results = submitted(&api, vec![registration(), unreadable.clone(), refused, empty, registration()]).await;
    let codes: Vec<Code> = results.iter().map(code).collect();
    assert_eq!(codes, [Code::Ok, Code::InvalidArgument, Code::NotFound, Code::InvalidArgument, Code::Ok]);
    let Some(Command::RegisterIncident(unreadable)) = unreadable.command else { unreachable!() };
    assert_eq!(results[1].command_id, unreadable.envelope.unwrap().command_id);
    let Some(Outcome::Error(status)) = &results[1].outcome else { unreachable!() };
    assert_eq!(status.details.len(), 1, "the same details as of a single call");
    assert_eq!(api.events("register").await.len(), 2);
}

#[tokio::test]
async fn a_unit_that_the_stream_registers_can_report_at_once() {
    let api = Api::start().await;
    let at = (Utc::now() - TimeDelta::minutes(1)).to_rfc3339();
    let position = |call_sign: &str| {
        let point = Some(pb::GeoPoint { latitude_e6: 56_951_500, longitude_e6: 24_113_300 });
        let points = vec![pb::TrackPoint { at: at.clone(), point, ..Default::default() }];
        sent(Command::ReportPosition(pb::ReportPosition { envelope: envelope(), unit: called(call_sign), points }))
    };
    let mut commands = vec![position("E1")];
    for n in 1..=20 {
        let call_sign = format!("E{n}");
        commands.extend([registration(), sent(Command::RegisterUnit(unit(&call_sign))), position(&call_sign)]);
    }
    let results = submitted(&api, commands).await;
    assert_eq!(code(&results[0]), Code::NotFound, "nobody had registered it yet");
    assert!(results[1..].iter().all(|result| code(result) == Code::Ok));
    assert_eq!(api.events("tracks").await.len(), 20);
}

#[tokio::test]
async fn a_sender_that_does_not_take_its_results_is_not_read_without_end() {
    let api = Api::start().await;
    let (commands, queue) = mpsc::channel(1);
    let mut results = api.intake().submit(ReceiverStream::new(queue)).await.unwrap().into_inner();
    let sending = tokio::spawn(async move {
        for _ in 0..20_000 {
            commands.send(registration()).await.unwrap();
        }
    });
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!sending.is_finished(), "nobody took a result, so not all of it was taken in");
    let mut answered = 0;
    while let Some(result) = results.message().await.unwrap() {
        assert_eq!(code(&result), Code::Ok);
        answered += 1;
    }
    assert_eq!(answered, 20_000);
}

#[tokio::test]
async fn what_was_sent_before_an_unreadable_message_is_answered() {
    let api = Api::start().await;
    let too_large = pb::RegisterIncident { narrative: "x".repeat(2 * 1024 * 1024), ..incident() };
    let commands = vec![registration(), registration(), sent(Command::RegisterIncident(too_large)), registration()];
    let mut results = api.intake().submit(tokio_stream::iter(commands)).await.unwrap().into_inner();
    assert_eq!(next(&mut results).await, Code::Ok);
    assert_eq!(next(&mut results).await, Code::Ok);
    assert_eq!(next(&mut results).await, Code::OutOfRange);
    assert_eq!(api.events("register").await.len(), 2);
}

#[tokio::test]
async fn a_stream_ends_when_its_token_does() {
    let api = Api::start().await;
    // The 30 s that clocks may be apart are nearly over.
    let principal = access::Principal { expires_at: Utc::now() - TimeDelta::seconds(27), ..somebody(Role::System) };
    let calling = InterceptedService::new(api.channel.clone(), api.token_for(&principal));
    let (commands, queue) = mpsc::channel(8);
    let mut results = IntakeClient::new(calling).submit(ReceiverStream::new(queue)).await.unwrap().into_inner();
    commands.send(registration()).await.unwrap();
    assert_eq!(next(&mut results).await, Code::Ok);
    assert_eq!(next(&mut results).await, Code::Unauthenticated);
}
