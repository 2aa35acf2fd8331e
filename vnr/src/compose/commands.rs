//! The gRPC server as a part of the system.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use access::TokenVerifier;
use access::tls::TlsListener;
use command_api::{Deps, ServeError, serve};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long calls that are under way may take to end.
const DRAIN: Duration = Duration::from_secs(10);

/// A gRPC server that serves.
pub(super) struct CommandServer {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), ServeError>>,
}

impl CommandServer {
    pub(super) fn start(listener: TlsListener, deps: Deps, verifier: TokenVerifier) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(listener, deps, verifier, async {
            let _ = stopped.await;
        }));
        Ok(Self { address, stop, task })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until it ends by itself, which it does only by a fault.
    pub(super) async fn ended(&mut self) -> io::Result<()> {
        match (&mut self.task).await {
            Ok(ended) => ended.map_err(io::Error::other),
            Err(error) => Err(io::Error::other(error)),
        }
    }

    /// Takes no more calls and answers those under way; what is not done in 10 s is cut, such as a bulk stream that stays open.
    pub(super) async fn stop(mut self) {
        let _ = self.stop.send(());
        match tokio::time::timeout(DRAIN, &mut self.task).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!(%error, "the gRPC server did not end well"),
            Ok(Err(error)) => tracing::warn!(%error, "the gRPC server did not end well"),
            Err(_) => self.task.abort(),
        }
    }
}
