//! The server: services, health, reflection, limits.

use std::future::Future;
use std::time::Duration;

use access::TokenVerifier;
use event_store::append::Appender;
use proto::command::v1::emergency_card_service_server::EmergencyCardServiceServer;
use proto::command::v1::incident_service_server::IncidentServiceServer;
use proto::command::v1::intake_server::IntakeServer;
use proto::command::v1::unit_service_server::UnitServiceServer;
use tokio::net::TcpListener;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::gateway::{Deps, Gateway};
use crate::services::{IntakeService, UnaryServices};

/// Largest message: a narrative of 20,000 characters and a track of 500 points fit many times over.
const MOST_BYTES: usize = 1024 * 1024;

/// Names whose health is told; the empty one is the server's.
const HEALTH: [&str; 5] = [
    "",
    "vnr.command.v1.IncidentService",
    "vnr.command.v1.EmergencyCardService",
    "vnr.command.v1.UnitService",
    "vnr.command.v1.Intake",
];

/// The gRPC server ended with an error.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The transport failed.
    #[error("the gRPC server failed")]
    Transport(#[from] tonic::transport::Error),
    /// The contract can't be reflected.
    #[error("server reflection could not be set up")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// Serves on `listener` until `shutdown`; then what is in flight is answered.
///
/// # Errors
/// When the transport fails.
pub async fn serve(
    listener: TcpListener,
    deps: Deps,
    verifier: TokenVerifier,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let (reporter, health) = tonic_health::server::health_reporter();
    let watching = tokio::spawn(report_health(reporter, deps.register.clone()));
    let gateway = Gateway::new(deps);
    let unary = UnaryServices(gateway.clone());
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(proto::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
    let reflection_v1alpha = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(proto::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);

    macro_rules! guarded {
        ($server:ident, $service:expr) => {
            InterceptedService::new($server::new($service).max_decoding_message_size(MOST_BYTES), verifier.clone())
        };
    }
    let served = Server::builder()
        .tcp_nodelay(true)
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .http2_keepalive_timeout(Some(Duration::from_secs(20)))
        .add_service(health)
        .add_service(reflection.build_v1()?)
        .add_service(reflection_v1alpha.build_v1alpha()?)
        .add_service(guarded!(IncidentServiceServer, unary.clone()))
        .add_service(guarded!(EmergencyCardServiceServer, unary.clone()))
        .add_service(guarded!(UnitServiceServer, unary))
        .add_service(guarded!(IntakeServer, IntakeService(gateway)))
        .serve_with_incoming_shutdown(TcpIncoming::from(listener).with_nodelay(Some(true)), shutdown)
        .await;
    watching.abort();
    Ok(served?)
}

/// Serving as long as the log can be appended to.
async fn report_health(reporter: HealthReporter, appender: Appender) {
    let mut ready = appender.readiness();
    drop(appender);
    loop {
        let status = if *ready.borrow_and_update() { ServingStatus::Serving } else { ServingStatus::NotServing };
        for name in HEALTH {
            reporter.set_service_status(name, status).await;
        }
        if ready.changed().await.is_err() {
            return;
        }
    }
}
