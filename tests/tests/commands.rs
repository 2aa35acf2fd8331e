//! A call comes in, a unit goes, an incident is registered: over gRPC, as an integrating system does it.

use proto::command::v1 as pb;
use proto::command::v1::emergency_card_service_client::EmergencyCardServiceClient;
use proto::command::v1::incident_service_client::IncidentServiceClient;
use proto::command::v1::unit_service_client::UnitServiceClient;
use tests::{TestSystem, by_id, by_number, call_sign, dispatcher, envelope, envelope_at};
use tonic::Code;
use tonic_types::StatusExt as _;

fn register_unit(sign: &str) -> pb::RegisterUnit {
    pb::RegisterUnit {
        envelope: envelope(),
        call_sign: sign.to_owned(),
        kind: pb::UnitKind::FireEngine as i32,
        ..Default::default()
    }
}

fn receive_call() -> pb::ReceiveCall {
    pb::ReceiveCall {
        envelope: envelope(),
        channel: pb::Channel::Phone112 as i32,
        caller: Some(pb::Reporter {
            name: "Anna Paraudziņa".into(),
            phone: "+37120000000".into(),
            ..Default::default()
        }),
        narrative: "Deg dzīvoklis trešajā stāvā".into(),
        ..Default::default()
    }
}

fn register_incident() -> pb::RegisterIncident {
    pb::RegisterIncident {
        envelope: envelope(),
        channel: pb::Channel::Phone110 as i32,
        type_code: "theft".into(),
        category: pb::Category::B as i32,
        place: Some(pb::Place { territory: "0001000".into(), text: "Brīvības iela 1".into(), ..Default::default() }),
        narrative: "Nozagts velosipēds".into(),
        ..Default::default()
    }
}

/// Name of the first rule that a refusal says was broken.
fn rule(status: &tonic::Status) -> String {
    status.get_details_precondition_failure().map_or(String::new(), |failure| failure.violations[0].r#type.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_goes_from_the_call_to_its_completion() {
    let system = TestSystem::start().await;
    let connection = system.connect(&dispatcher()).await;
    let mut cards = EmergencyCardServiceClient::new(connection.clone());
    let mut units = UnitServiceClient::new(connection);

    let registered = units.register_unit(register_unit("R-11")).await.unwrap().into_inner();
    units.start_duty(pb::StartDuty { envelope: envelope(), unit: call_sign("R-11") }).await.unwrap();
    let card = cards.receive_call(receive_call()).await.unwrap().into_inner();
    assert!(card.number.starts_with("VEK-") && card.number.ends_with("-0000001"), "{card:?}");
    let qualify = pb::QualifyCard {
        envelope: envelope(),
        card: by_number(&card.number),
        type_code: "structure-fire".into(),
        priority: pb::Priority::P1 as i32,
        ..Default::default()
    };
    assert_eq!(cards.qualify_card(qualify).await.unwrap().into_inner().version, 2);
    let attach = pb::AttachUnit {
        envelope: envelope(),
        card: by_id(&card.aggregate_id),
        unit: call_sign("r-11"),
        ..pb::AttachUnit::default()
    };
    let attached = cards.attach_unit(attach).await.unwrap().into_inner();
    assert_eq!(attached.events, 2, "card and unit change together");
    for status in [pb::UnitStatus::EnRoute, pb::UnitStatus::OnScene] {
        let report = pb::ReportUnitStatus {
            envelope: envelope(),
            unit: call_sign("R-11"),
            status: status as i32,
            vendor_code: "3".into(),
            vendor_scheme: 0,
        };
        units.report_unit_status(report).await.unwrap();
    }

    let complete = || pb::CompleteCard {
        envelope: envelope(),
        card: by_id(&card.aggregate_id),
        disposition: "fire-handled".into(),
        ..Default::default()
    };
    let refused = cards.complete_card(complete()).await.unwrap_err();
    assert_eq!((refused.code(), rule(&refused).as_str()), (Code::FailedPrecondition, "card_has_units"));
    let release = pb::ReleaseUnit { envelope: envelope(), unit: call_sign("R-11"), card: by_id(&card.aggregate_id) };
    let released = units.release_unit(release).await.unwrap().into_inner();
    assert_eq!((released.aggregate_id, released.events), (registered.aggregate_id, 2));
    assert_eq!(cards.complete_card(complete()).await.unwrap().into_inner().number, card.number);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_is_on_one_card_and_can_be_diverted() {
    let system = TestSystem::start().await;
    let connection = system.connect(&dispatcher()).await;
    let mut cards = EmergencyCardServiceClient::new(connection.clone());
    let mut units = UnitServiceClient::new(connection);
    units.register_unit(register_unit("R-12")).await.unwrap();
    units.start_duty(pb::StartDuty { envelope: envelope(), unit: call_sign("R-12") }).await.unwrap();
    let first = cards.receive_call(receive_call()).await.unwrap().into_inner();
    let second = cards.receive_call(receive_call()).await.unwrap().into_inner();
    let attach = |card: &pb::CommandReply, divert| pb::AttachUnit {
        envelope: envelope(),
        card: by_id(&card.aggregate_id),
        unit: call_sign("R-12"),
        divert,
        ..pb::AttachUnit::default()
    };
    cards.attach_unit(attach(&first, false)).await.unwrap();
    assert_eq!(rule(&cards.attach_unit(attach(&second, false)).await.unwrap_err()), "unit_busy");
    let diverted = cards.attach_unit(attach(&second, true)).await.unwrap().into_inner();
    assert_eq!(diverted.events, 4, "released and cleared there, attached and assigned here");
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incident_is_registered_supplemented_dealt_with_closed_and_reopened() {
    let system = TestSystem::start().await;
    let mut incidents = IncidentServiceClient::new(system.connect(&dispatcher()).await);
    let reply = incidents.register_incident(register_incident()).await.unwrap().into_inner();
    assert!(reply.number.starts_with("VNR-") && reply.number.ends_with("-0000001"), "{reply:?}");
    let incident = || by_number(&reply.number);
    let close = || pb::CloseIncident {
        envelope: envelope(),
        incident: incident(),
        disposition: "report-taken".into(),
        closing_type: String::new(),
    };
    assert_eq!(rule(&incidents.close_incident(close()).await.unwrap_err()), "incident_has_no_result");
    let supplement = pb::SupplementIncident {
        envelope: envelope(),
        incident: incident(),
        reason: "Atrasts liecinieks".into(),
        narrative: Some("Nozagts velosipēds, sarkans".into()),
        ..Default::default()
    };
    incidents.supplement_incident(supplement).await.unwrap();
    let assign = pb::AssignIncident {
        envelope: envelope(),
        incident: incident(),
        assignee: Some(pb::assign_incident::Assignee::Officer("4711".into())),
    };
    incidents.assign_incident(assign).await.unwrap();
    let result = pb::RecordResult {
        envelope: envelope(),
        incident: incident(),
        result_code: "criminal-process-opened".into(),
        case_refs: vec!["11088000126".into()],
    };
    incidents.record_result(result).await.unwrap();
    incidents.close_incident(close()).await.unwrap();
    let reopen =
        pb::ReopenIncident { envelope: envelope(), incident: incident(), reason: "Jauni pierādījumi".into() };
    let reopened = incidents.reopen_incident(reopen).await.unwrap().into_inner();
    assert_eq!((reopened.version, reopened.number.as_str()), (6, reply.number.as_str()));
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_violations_are_told_at_once_with_their_paths() {
    let system = TestSystem::start().await;
    let mut incidents = IncidentServiceClient::new(system.connect(&dispatcher()).await);
    let broken = pb::RegisterIncident {
        envelope: Some(pb::Envelope { command_id: "7".into(), occurred_at: "yesterday".into(), ..Default::default() }),
        type_code: "no-such-type".into(),
        category: 99,
        place: Some(pb::Place {
            territory: "1".into(),
            point: Some(pb::GeoPoint { latitude_e6: 91_000_000, longitude_e6: 0 }),
            ..Default::default()
        }),
        ..Default::default()
    };
    let refused = incidents.register_incident(broken).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let violations = refused.get_details_bad_request().unwrap().field_violations;
    let fields: Vec<&str> = violations.iter().map(|violation| violation.field.as_str()).collect();
    for path in [
        "envelope.command_id",
        "envelope.occurred_at",
        "channel",
        "type_code",
        "category",
        "place.territory",
        "place.point.latitude_e6",
    ] {
        assert!(fields.contains(&path), "{path} is not in {fields:?}");
    }
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_before_is_answered_again_and_other_content_is_refused() {
    let system = TestSystem::start().await;
    let mut incidents = IncidentServiceClient::new(system.connect(&dispatcher()).await);
    let command = register_incident();
    let first = incidents.register_incident(command.clone()).await.unwrap().into_inner();
    let again = incidents.register_incident(command.clone()).await.unwrap().into_inner();
    assert_eq!((again.repeated, &again.number, again.position), (true, &first.number, first.position));
    let other = pb::RegisterIncident { type_code: "robbery".into(), ..command };
    let refused = incidents.register_incident(other).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert_eq!(refused.get_details_error_info().unwrap().reason, "COMMAND_ID_REUSED");
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_the_future_unknown_records_and_sources_are_watched() {
    let system = TestSystem::start().await;
    let mut incidents = IncidentServiceClient::new(system.connect(&dispatcher()).await);
    let source = pb::Source { system: "vkcp".into(), external_id: "2026/17".into(), ..Default::default() };
    let mut command = register_incident();
    command.envelope.as_mut().unwrap().source = Some(source.clone());
    let reply = incidents.register_incident(command).await.unwrap().into_inner();

    let mut twin = register_incident();
    twin.envelope.as_mut().unwrap().source = Some(source.clone());
    assert_eq!(incidents.register_incident(twin).await.unwrap_err().code(), Code::AlreadyExists);

    // A card of the same source may have the same name there.
    let mut card = receive_call();
    card.envelope.as_mut().unwrap().source = Some(source.clone());
    EmergencyCardServiceClient::new(system.connect(&dispatcher()).await).receive_call(card).await.unwrap();

    let old = || pb::RegisterIncident { legacy_number: "RPP-2019-17".into(), ..register_incident() };
    incidents.register_incident(old()).await.unwrap();
    let status = incidents.register_incident(old()).await.unwrap_err();
    assert_eq!(status.code(), Code::AlreadyExists, "{status:?}");

    let mut late =
        pb::ReopenIncident { envelope: envelope(), incident: by_id(&reply.aggregate_id), reason: "x".into() };
    late.envelope.as_mut().unwrap().expected_version = Some(7);
    assert_eq!(incidents.reopen_incident(late).await.unwrap_err().code(), Code::Aborted);

    let future = pb::RegisterIncident { envelope: envelope_at("2100-01-01T00:00:00+02:00"), ..register_incident() };
    assert_eq!(rule(&incidents.register_incident(future).await.unwrap_err()), "occurred_in_future");

    let unknown =
        pb::ReopenIncident { envelope: envelope(), incident: by_number("VNR-1999-0000001"), reason: "x".into() };
    assert_eq!(incidents.reopen_incident(unknown).await.unwrap_err().code(), Code::NotFound);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_in_without_a_token_or_the_right_role() {
    let system = TestSystem::start().await;
    let nobody = IncidentServiceClient::new(system.channel().await).register_incident(register_incident()).await;
    assert_eq!(nobody.unwrap_err().code(), Code::Unauthenticated);
    let auditor =
        access::Principal { roles: vec![access::Role::Auditor], purpose: access::Purpose::Audit, ..dispatcher() };
    let mut incidents = IncidentServiceClient::new(system.connect(&auditor).await);
    assert_eq!(incidents.register_incident(register_incident()).await.unwrap_err().code(), Code::PermissionDenied);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_reflection_answer_without_a_token() {
    use tonic_health::pb::HealthCheckRequest;
    use tonic_health::pb::health_client::HealthClient;
    use tonic_reflection::pb::v1::ServerReflectionRequest;
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;

    let system = TestSystem::start().await;
    let request = HealthCheckRequest { service: "vnr.command.v1.Intake".into() };
    let health = HealthClient::new(system.channel().await).check(request).await.unwrap().into_inner();
    assert_eq!(health.status(), tonic_health::pb::health_check_response::ServingStatus::Serving);
    let list = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers = ServerReflectionClient::new(system.channel().await)
        .server_reflection_info(tokio_stream::iter([list]))
        .await
        .unwrap()
        .into_inner();
    let answer = format!("{:?}", answers.message().await.unwrap());
    for service in ["IncidentService", "EmergencyCardService", "UnitService", "Intake"] {
        assert!(answer.contains(service), "{service} is not in {answer}");
    }
    system.stop().await;
}
