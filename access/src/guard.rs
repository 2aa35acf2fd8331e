//! gRPC services that answer only whom they know.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use domain::access_day::RefusalCause;
use tonic::Status;
use tonic::body::Body;
use tonic::server::NamedService;
use tower_service::Service;

use crate::authenticated::{Authenticated, Presented};
use crate::error::AccessError;
use crate::log::AccessLog;
use crate::tls::Peer;
use crate::verifier::TokenVerifier;

/// A service behind a verifier: puts [`Authenticated`] into the extensions of each call, and refuses calls without a token that
/// holds. Client certificates are taken from [`Peer`], which connections of [`crate::tls::TlsListener`] bring.
#[derive(Debug, Clone)]
pub struct Guarded<S> {
    verifier: TokenVerifier,
    log: AccessLog,
    service: S,
}

impl TokenVerifier {
    /// Lets only those through to the service whose token holds. The log is told of the others.
    pub fn guard<S>(&self, service: S, log: &AccessLog) -> Guarded<S> {
        Guarded { verifier: self.clone(), log: log.clone(), service }
    }

    async fn authenticate_parts(&self, parts: &http::request::Parts) -> Result<Authenticated, AccessError> {
        let certificate = parts.extensions.get::<Peer>().and_then(|peer| peer.certificate);
        self.authenticate(Presented::in_headers(&parts.headers)?.with_certificate(certificate)).await
    }
}

impl<S, B> Service<http::Request<B>> for Guarded<S>
where
    S: Service<http::Request<B>, Response = http::Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        // The one that was asked whether it is ready is the one that is called.
        let next = self.service.clone();
        let mut service = mem::replace(&mut self.service, next);
        let (verifier, log) = (self.verifier.clone(), self.log.clone());
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            match verifier.authenticate_parts(&parts).await {
                Ok(authenticated) => {
                    parts.extensions.insert(authenticated);
                    service.call(http::Request::from_parts(parts, body)).await
                }
                Err(error) => {
                    if !error.is_temporary() {
                        let call = parts.uri.path().rsplit('/').next().unwrap_or_default();
                        log.refused(None, call, None, RefusalCause::Token);
                    }
                    Ok(Status::from(error).into_http())
                }
            }
        })
    }
}

impl<S: NamedService> NamedService for Guarded<S> {
    const NAME: &'static str = S::NAME;
}
