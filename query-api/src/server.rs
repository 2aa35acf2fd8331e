//! Starting the query API and stopping it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use access::policy::PolicyHandle;
use access::tls::TlsListener;
use access::{AccessLog, TokenVerifier};
use domain::classifier::Classifiers;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::{Semaphore, watch};

use crate::databases::{Database, Databases, Replica};
use crate::feed::Feeds;
use crate::freshness::Freshness;
use crate::graph;
use crate::http::{self, App, Caller, Limits, Listening, Readiness};
use crate::snapshot::SnapshotSource;

/// What a query API is made of.
pub struct QueryApi {
    /// The register's database, with its read models.
    pub register: Database,
    /// A copy of it, for those who go on while it is away.
    pub replica: Option<Replica>,
    /// Checks tokens.
    pub gate: TokenVerifier,
    /// Told what is shown, before it is.
    pub access: AccessLog,
    /// Say what of a record is shown to whom.
    pub policies: Arc<PolicyHandle>,
    /// Say what codes mean: what people read for them.
    pub classifiers: watch::Receiver<Arc<Classifiers>>,
    /// Says what keeps it from serving.
    pub readiness: Arc<dyn Readiness>,
    /// Where `/metrics` comes from.
    pub metrics: Option<PrometheusHandle>,
    /// What bounds a request.
    pub limits: Limits,
    /// Whether the schema may be asked for without a token, as in development.
    pub open_introspection: bool,
}

/// A query API that serves.
pub struct Serving {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl QueryApi {
    /// The routes; `stopping` ends open WebSockets.
    pub fn into_router(self, stopping: watch::Receiver<bool>) -> axum::Router {
        let databases = Databases { register: self.register, replica: self.replica, policies: self.policies };
        let freshness = Freshness::start(databases.clone());
        let (access, classifiers, gather_time) = (self.access.clone(), self.classifiers, self.limits.gather_time);
        let feeds = Arc::new(Feeds::default());
        let source = SnapshotSource { databases, freshness, feeds, access, classifiers, gather_time };
        let schema = graph::schema(source, self.limits.document.complexity);
        let sockets = Arc::new(Semaphore::new(self.limits.sockets));
        http::router(Arc::new(App {
            schema,
            gate: self.gate,
            access: self.access,
            readiness: self.readiness,
            metrics: self.metrics,
            limits: self.limits,
            open_introspection: self.open_introspection,
            sockets,
            stopping,
        }))
    }

    /// Serves on a socket that listens, plain or TLS.
    pub fn serve(self, listener: impl Into<TlsListener>) -> std::io::Result<Serving> {
        let listener = Listening(listener.into());
        let address = listener.address()?;
        let (stop, stopping) = watch::channel(false);
        let router = self.into_router(stopping.clone());
        let mut signal = stopping;
        let task = tokio::spawn(async move {
            let stopped = async move { _ = signal.wait_for(|stop| *stop).await };
            let service = router.into_make_service_with_connect_info::<Caller>();
            axum::serve(listener, service).with_graceful_shutdown(stopped).await
        });
        Ok(Serving { address, stop, task })
    }
}

impl Serving {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops: open requests are answered, WebSockets are told to come again elsewhere; what is not done in 10 s is cut.
    pub async fn stop(mut self) -> std::io::Result<()> {
        self.stop.send_replace(true);
        match tokio::time::timeout(Duration::from_secs(10), &mut self.task).await {
            Ok(ended) => ended.unwrap_or_else(|error| Err(std::io::Error::other(error))),
            Err(_) => {
                self.task.abort();
                Ok(())
            }
        }
    }

    /// Waits until it ends by itself, which it does only by a fault.
    pub async fn ended(&mut self) -> std::io::Result<()> {
        (&mut self.task).await.unwrap_or_else(|error| Err(std::io::Error::other(error)))
    }
}
