//! Who may call, and what needs no token.

use std::collections::BTreeSet;

use access::Role;
use proto::command::v1::incident_service_client::IncidentServiceClient;
use tokio_stream::StreamExt as _;
use tonic::Code;
use tonic::service::interceptor::InterceptedService;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::support::{Api, incident, refusal, somebody};

#[tokio::test]
async fn nobody_commands_without_a_token() {
    let api = Api::start().await;
    let mut client = IncidentServiceClient::new(api.channel.clone());
    let refused = client.register_incident(incident()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert!(refused.message().contains("vnr token"), "{}", refused.message());
    assert!(api.events("register").await.is_empty());
}

#[tokio::test]
async fn who_only_looks_does_not_command() {
    let api = Api::start().await;
    for (role, may) in [(Role::Analyst, false), (Role::Auditor, false), (Role::Officer, true)] {
        let token = api.token_for(&somebody(role));
        let mut client = IncidentServiceClient::new(InterceptedService::new(api.channel.clone(), token));
        let answer = client.register_incident(incident()).await;
        assert_eq!(answer.is_ok(), may, "{role}");
        if !may {
            assert_eq!(refusal(answer).0, Code::PermissionDenied, "{role}");
        }
    }
}

#[tokio::test]
async fn health_is_told_to_anybody() {
    let api = Api::start().await;
    let mut client = HealthClient::new(api.channel.clone());
    for service in ["", "vnr.command.v1.UnitService", "vnr.command.v1.Intake"] {
        let mut watching = client.watch(HealthCheckRequest { service: service.to_owned() }).await.unwrap().into_inner();
        // The appenders may still be on their way to the head.
        while watching.message().await.unwrap().unwrap().status() != ServingStatus::Serving {}
    }
    let unknown = client.check(HealthCheckRequest { service: "vnr.Nothing".to_owned() }).await;
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);
}

macro_rules! reflected_services {
    ($api:expr, $version:ident) => {{
        use tonic_reflection::pb::$version::server_reflection_client::ServerReflectionClient;
        use tonic_reflection::pb::$version::server_reflection_request::MessageRequest;
        use tonic_reflection::pb::$version::server_reflection_response::MessageResponse;
        use tonic_reflection::pb::$version::{ServerReflectionRequest, ServerReflectionResponse};

        let ask = |request| ServerReflectionRequest { host: String::new(), message_request: Some(request) };
        let requests = vec![
            ask(MessageRequest::ListServices(String::new())),
            ask(MessageRequest::FileContainingSymbol("vnr.command.v1.RegisterIncident".to_owned())),
        ];
        let mut client = ServerReflectionClient::new($api.channel.clone());
        let answers = client.server_reflection_info(tokio_stream::iter(requests)).await.unwrap().into_inner();
        let answers: Vec<ServerReflectionResponse> = answers.map(Result::unwrap).collect().await;
        let Some(MessageResponse::ListServicesResponse(list)) = &answers[0].message_response else {
            panic!("{:?}", answers[0])
        };
        assert!(matches!(answers[1].message_response, Some(MessageResponse::FileDescriptorResponse(_))));
        list.service.iter().map(|service| service.name.clone()).collect::<BTreeSet<String>>()
    }};
}

#[tokio::test]
async fn the_contract_is_shown_to_anybody() {
    let api = Api::start().await;
    for services in [reflected_services!(api, v1), reflected_services!(api, v1alpha)] {
        for name in ["IncidentService", "EmergencyCardService", "UnitService", "AccessService", "Intake"] {
            assert!(services.contains(&format!("vnr.command.v1.{name}")), "{services:?}");
        }
        assert!(services.contains("grpc.health.v1.Health"), "{services:?}");
    }
}
