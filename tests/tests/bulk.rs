//! Many commands on one stream, and that they never get in the way of an urgent one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use proto::command::v1 as pb;
use proto::command::v1::command_envelope::Command;
use proto::command::v1::command_result::Outcome;
use proto::command::v1::emergency_card_service_client::EmergencyCardServiceClient;
use proto::command::v1::intake_client::IntakeClient;
use proto::command::v1::unit_service_client::UnitServiceClient;
use tests::{TestSystem, by_id, dispatcher, envelope};
use uuid::Uuid;

fn incident() -> pb::RegisterIncident {
    pb::RegisterIncident {
        envelope: envelope(),
        channel: pb::Channel::Written as i32,
        type_code: "theft".into(),
        category: pb::Category::C as i32,
        ..Default::default()
    }
}

fn bulk(command: Command) -> pb::CommandEnvelope {
    pb::CommandEnvelope { command: Some(command) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_command_of_a_stream_is_answered_and_the_stream_goes_on_in_order() {
    let system = TestSystem::start().await;
    let mut sent: Vec<pb::CommandEnvelope> = (0..300).map(|_| bulk(Command::RegisterIncident(incident()))).collect();
    sent[100] = bulk(Command::RegisterIncident(pb::RegisterIncident { type_code: "nonsense".into(), ..incident() }));
    sent[200] = pb::CommandEnvelope { command: None };
    let mut intake = IntakeClient::new(system.connect(&dispatcher()).await);
    let mut results = intake.submit(tokio_stream::iter(sent)).await.unwrap().into_inner();
    let (mut place, mut last, mut ordinals) = (0, 0, Vec::new());
    while let Some(result) = results.message().await.unwrap() {
        match result.outcome.unwrap() {
            Outcome::Reply(reply) => {
                let position = reply.position.unwrap().position;
                assert!(position > last, "decided in the order of sending");
                last = position;
                ordinals.push(reply.number.rsplit('-').next().unwrap().parse::<u64>().unwrap());
            }
            Outcome::Error(status) => {
                assert!(place == 100 || place == 200, "{place}: {status:?}");
                assert_eq!(status.code, tonic::Code::InvalidArgument as i32);
                assert!(place != 100 || !status.details.is_empty(), "the same details as a single call has");
            }
        }
        place += 1;
    }
    assert_eq!(place, 300);
    assert_eq!(ordinals, (1..=298).collect::<Vec<u64>>(), "national numbers have no hole");
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bulk_at_full_rate_does_not_refuse_an_urgent_command() {
    let system = TestSystem::start().await;
    let connection = system.connect(&dispatcher()).await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut senders = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (connection, stop) = (connection.clone(), stop.clone());
        senders.spawn(async move {
            let endless = tokio_stream::iter(std::iter::from_fn(move || {
                (!stop.load(Ordering::Relaxed)).then(|| bulk(Command::RegisterIncident(incident())))
            }));
            let mut results = IntakeClient::new(connection).submit(endless).await.unwrap().into_inner();
            let mut accepted = 0u64;
            while let Some(result) = results.message().await.unwrap() {
                accepted += u64::from(matches!(result.outcome, Some(Outcome::Reply(_))));
            }
            accepted
        });
    }
    // Dispatchers have connections of their own.
    let mut cards = EmergencyCardServiceClient::new(system.connect(&dispatcher()).await);
    for _ in 0..100 {
        let call =
            pb::ReceiveCall { envelope: envelope(), channel: pb::Channel::Phone112 as i32, ..Default::default() };
        let card = cards.receive_call(call).await.expect("an urgent command is taken").into_inner();
        let qualify = pb::QualifyCard {
            envelope: envelope(),
            card: by_id(&card.aggregate_id),
            type_code: "medical".into(),
            priority: pb::Priority::P0 as i32,
            ..Default::default()
        };
        cards.qualify_card(qualify).await.expect("an urgent command is taken");
    }
    stop.store(true, Ordering::Relaxed);
    let mut accepted = 0;
    while let Some(sender) = senders.join_next().await {
        accepted += sender.unwrap();
    }
    assert!(accepted > 400, "bulk was at work meanwhile: {accepted}");
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_of_units_go_into_their_own_log() {
    let system = TestSystem::start().await;
    let mut units = UnitServiceClient::new(system.connect(&dispatcher()).await);
    let report = |unit| pb::ReportPosition {
        envelope: envelope(),
        unit,
        points: vec![pb::TrackPoint {
            at: chrono::Utc::now().to_rfc3339(),
            point: Some(pb::GeoPoint { latitude_e6: 56_951_500, longitude_e6: 24_113_300 }),
            speed_kmh: Some(52),
            heading_deg: Some(90),
        }],
    };
    let unknown = pb::UnitRef { by: Some(pb::unit_ref::By::Id(Uuid::now_v7().to_string())) };
    assert_eq!(units.report_position(report(Some(unknown))).await.unwrap_err().code(), tonic::Code::NotFound);
    let register = pb::RegisterUnit {
        envelope: envelope(),
        call_sign: "P-1".into(),
        kind: pb::UnitKind::Patrol as i32,
        ..Default::default()
    };
    units.register_unit(register).await.unwrap();
    units.report_position(report(tests::call_sign("P-1"))).await.unwrap();
    let stored: Vec<String> =
        sqlx::query_scalar("select metadata->>'after' from tracks.events").fetch_all(system.pool()).await.unwrap();
    assert_eq!(stored, ["1"], "it knows the register position that its process had seen");
    system.stop().await;
}
