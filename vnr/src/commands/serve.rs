//! `vnr up` and `vnr serve`: run until told to stop.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

use crate::compose::{Running, System};
use crate::failure::Failure;
use crate::output;

pub(super) async fn run(system: System) -> Result<(), Failure> {
    let running = system.run().await?;
    for line in places(&running) {
        output::line(line);
    }
    if running.issuer().is_some() {
        output::line("Mode     development: tokens are those of `vnr token`; give --issuer before real data comes in");
    }
    output::line("ready; Ctrl-C ends it");
    until_stopped(running).await
}

/// Where it can be reached, a line for each place. Programs that gave port 0 read it here.
pub(crate) fn places(running: &Running) -> Vec<String> {
    let scheme = if running.settings().tls.is_some() { "https" } else { "http" };
    let grpc = running.grpc_addr().map(|addr| format!("gRPC     {scheme}://{addr}"));
    let http = running.http_addr().map(|addr| format!("GraphQL  {scheme}://{addr}/graphql"));
    grpc.into_iter().chain(http).collect()
}

/// Serves until Ctrl-C, SIGTERM, or a part that fails; then stops everything in order.
pub(crate) async fn until_stopped(mut running: Running) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let ended = tokio::select! {
        told = tokio::signal::ctrl_c() => told,
        _ = terminate.recv() => Ok(()),
        failed = running.failed() => match failed {
            Ok(()) => Err(io::Error::other("a part of the system ended by itself")),
            Err(error) => Err(error),
        },
    };
    output::aside("stopping");
    running.stop().await;
    Ok(ended?)
}
