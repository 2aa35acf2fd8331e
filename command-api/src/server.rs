//! The server: services, health, reflection, limits.

use std::future::Future;
use std::time::Duration;

use access::TokenVerifier;
use access::tls::TlsListener;
use proto::command::v1::access_service_server::AccessServiceServer;
use proto::command::v1::caution_service_server::CautionServiceServer;
use proto::command::v1::classifier_service_server::ClassifierServiceServer;
use proto::command::v1::emergency_card_service_server::EmergencyCardServiceServer;
use proto::command::v1::incident_service_server::IncidentServiceServer;
use proto::command::v1::intake_server::IntakeServer;
use proto::command::v1::notice_service_server::NoticeServiceServer;
use proto::command::v1::response_plan_service_server::ResponsePlanServiceServer;
use proto::command::v1::retention_service_server::RetentionServiceServer;
use proto::command::v1::roster_shift_service_server::RosterShiftServiceServer;
use proto::command::v1::seized_item_service_server::SeizedItemServiceServer;
use proto::command::v1::source_journal_service_server::SourceJournalServiceServer;
use proto::command::v1::unit_service_server::UnitServiceServer;
use tokio::sync::watch;
use tonic::transport::Server;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tonic_web::GrpcWebLayer;

use crate::gateway::{Deps, Gateway};
use crate::services::{IntakeService, UnaryServices};

/// Largest message, in bytes: a narrative of 20,000 characters and a track of 500 points fit many times over.
pub const MOST_BYTES: usize = 1024 * 1024;

/// How much of a stream is taken in before somebody reads it; and of a connection, all its streams together.
///
/// h2 closes a connection on which too many small frames lie unread, for it can't tell a bulk stream that has to wait from
/// an attack: each frame below 256 bytes counts with what it lacks, and half the connection's window is what all may come
/// to. Commands are that small. So what one waiting stream may leave unread has to be far less than what the connection
/// may: with these two a dozen bulk streams can wait on one connection, and a single one still moves 2 MB/s over 30 ms.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 4 * 1024 * 1024;
/// How long calls under way may take once the server is to close. Health watchers and reflection clients would stay for ever.
const GRACE: Duration = Duration::from_secs(8);

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
    listener: impl Into<TlsListener>,
    deps: Deps,
    verifier: TokenVerifier,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let (close, closing) = watch::channel(false);
    let (reporter, health) = tonic_health::server::health_reporter();
    let watching =
        tokio::spawn(report_health(reporter, deps.register.readiness(), deps.tracks.readiness(), closing.clone()));
    let (access, open) = (deps.access.clone(), deps.open_reflection);
    let pages = deps.web_origins.layer();
    let gateway = Gateway::new(deps, closing.clone());
    let forwards = tokio::spawn(crate::process::run(gateway.clone()));
    let learns = gateway.clone();
    let learning = tokio::spawn(async move { learns.recommends().keep_learning(&learns.deps().pool).await });
    let unary = UnaryServices(gateway.clone());
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(proto::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    let reflection_v1alpha = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(proto::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1alpha()?;

    macro_rules! guarded {
        ($server:ident, $service:expr) => {
            verifier.guard($server::new($service).max_decoding_message_size(MOST_BYTES), &access)
        };
    }
    let serving = Server::builder()
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .http2_keepalive_timeout(Some(Duration::from_secs(20)))
        // Pages in a browser: gRPC-Web comes over HTTP/1.1 too, and anything else that does is told that it is none.
        .accept_http1(true)
        .layer(pages)
        .layer(GrpcWebLayer::new())
        .add_service(health)
        .add_optional_service(open.then_some(reflection.clone()))
        .add_optional_service(open.then_some(reflection_v1alpha.clone()))
        .add_optional_service((!open).then(|| verifier.guard(reflection, &access)))
        .add_optional_service((!open).then(|| verifier.guard(reflection_v1alpha, &access)))
        .add_service(guarded!(IncidentServiceServer, unary.clone()))
        .add_service(guarded!(SeizedItemServiceServer, unary.clone()))
        .add_service(guarded!(CautionServiceServer, unary.clone()))
        .add_service(guarded!(SourceJournalServiceServer, unary.clone()))
        .add_service(guarded!(ClassifierServiceServer, unary.clone()))
        .add_service(guarded!(EmergencyCardServiceServer, unary.clone()))
        .add_service(guarded!(UnitServiceServer, unary.clone()))
        .add_service(guarded!(RosterShiftServiceServer, unary.clone()))
        .add_service(guarded!(NoticeServiceServer, unary.clone()))
        .add_service(guarded!(ResponsePlanServiceServer, unary.clone()))
        .add_service(guarded!(RetentionServiceServer, unary.clone()))
        .add_service(guarded!(AccessServiceServer, unary))
        .add_service(guarded!(IntakeServer, IntakeService(gateway)))
        .serve_with_incoming_shutdown(listener.into(), async move {
            shutdown.await;
            // Nobody is sent here any more, and bulk streams end once what they hold is answered.
            let _ = close.send_replace(true);
        });
    let served = tokio::select! {
        served = serving => served,
        () = cut_off(closing) => {
            tracing::info!("calls that did not end by themselves are cut off");
            Ok(())
        }
    };
    watching.abort();
    forwards.abort();
    learning.abort();
    Ok(served?)
}

/// Ends when what is under way has had its time to end.
async fn cut_off(mut closing: watch::Receiver<bool>) {
    if closing.wait_for(|closing| *closing).await.is_ok() {
        tokio::time::sleep(GRACE).await;
    } else {
        // The server has ended by itself: it says how.
        std::future::pending().await
    }
}

/// A service is serving as long as the logs that it writes can be appended to.
async fn report_health(
    reporter: HealthReporter,
    mut register: watch::Receiver<bool>,
    mut tracks: watch::Receiver<bool>,
    mut closing: watch::Receiver<bool>,
) {
    loop {
        let (register_is, tracks_is) = (*register.borrow_and_update(), *tracks.borrow_and_update());
        let register_is = register_is && !*closing.borrow_and_update();
        for (name, ready) in [
            // The empty name is the server's.
            ("", register_is && tracks_is),
            ("vnr.command.v1.IncidentService", register_is),
            ("vnr.command.v1.SeizedItemService", register_is),
            ("vnr.command.v1.CautionService", register_is),
            ("vnr.command.v1.SourceJournalService", register_is),
            ("vnr.command.v1.ClassifierService", register_is),
            ("vnr.command.v1.EmergencyCardService", register_is),
            ("vnr.command.v1.UnitService", register_is && tracks_is),
            ("vnr.command.v1.RosterShiftService", register_is),
            ("vnr.command.v1.NoticeService", register_is),
            ("vnr.command.v1.ResponsePlanService", register_is),
            ("vnr.command.v1.RetentionService", register_is),
            ("vnr.command.v1.AccessService", register_is),
            ("vnr.command.v1.Intake", register_is && tracks_is),
        ] {
            let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
            reporter.set_service_status(name, status).await;
        }
        let changed = tokio::select! {
            changed = register.changed() => changed,
            changed = tracks.changed() => changed,
            changed = closing.changed() => changed,
        };
        if changed.is_err() {
            return;
        }
    }
}
