//! A gRPC server behind a verifier, from end to end.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use access::tls::{ServerTls, TlsListener};
use access::{AccessLog, Authenticated, TokenVerifier, TrustedIssuer};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use event_store::seal::MasterKeys;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity, Server};
use tonic::{Code, Status};
use tower_service::Service;

use crate::Folder;
use crate::publisher::{Publisher, hasty};
use crate::signer::{AUDIENCE, ISSUER, Signer, claims, jwks};
use crate::tls::Authority;

/// A log that nobody writes: these tests have no database.
fn untold() -> AccessLog {
    AccessLog::untold(Arc::new(MasterKeys::from_bytes(1, &[7; 32])))
}

/// Says who asks, and what for.
#[derive(Clone)]
struct WhoAmI;

impl NamedService for WhoAmI {
    const NAME: &'static str = "test.WhoAmI";
}

impl<B> Service<http::Request<B>> for WhoAmI {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let Some(Authenticated(who)) = request.extensions().get::<Authenticated>() else {
            return ready(Ok(Status::internal("nobody was let in").into_http()));
        };
        let mut response = Status::new(Code::Ok, "").into_http::<Body>();
        let told = format!("{} for {}", who.subject, who.purpose);
        response.headers_mut().insert("who", told.parse().expect("a header"));
        ready(Ok(response))
    }
}

async fn serve(verifier: &TokenVerifier, tls: Option<ServerTls>) -> (u16, JoinHandle<()>) {
    let tcp = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
    let port = tcp.local_addr().expect("an address").port();
    let listener = match tls {
        Some(tls) => TlsListener::secured(tcp, tls),
        None => TlsListener::plain(tcp),
    };
    let serving = Server::builder().add_service(verifier.guard(WhoAmI, &untold())).serve_with_incoming(listener);
    (port, tokio::spawn(async move { serving.await.expect("it serves") }))
}

async fn ask(channel: &mut Channel, headers: &[(&'static str, &str)]) -> Result<String, Status> {
    let mut request = http::Request::post("/test.WhoAmI/Ask").header("content-type", "application/grpc");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).expect("a request");
    std::future::poll_fn(|cx| channel.poll_ready(cx)).await.expect("a connection");
    let response = channel.call(request).await.expect("an answer");
    match Status::from_header_map(response.headers()) {
        Some(status) if status.code() != Code::Ok => Err(status),
        _ => Ok(response.headers()["who"].to_str().expect("text").to_owned()),
    }
}

#[tokio::test]
async fn a_call_comes_through_with_a_token_that_holds() {
    let (known, new) = (Signer::ed25519("known"), Signer::ed25519("new"));
    let publisher = Publisher::start(jwks(&[&known])).await;
    publisher.takes(Duration::from_millis(50));
    let verifier = TokenVerifier::of(vec![publisher.issuer()], hasty()).expect("a verifier");
    let (port, serving) = serve(&verifier, None).await;
    let mut channel = Endpoint::from_shared(format!("http://127.0.0.1:{port}")).expect("an address").connect_lazy();

    let mut claims = claims();
    claims["purposes"] = json!(["response", "audit"]);
    let token = |signer: &Signer| format!("Bearer {}", signer.token_of(&claims));
    let audit = ("vnr-purpose", "audit");
    let answer = ask(&mut channel, &[("authorization", &token(&known)), audit]).await;
    assert_eq!(answer.expect("it holds"), "a.berzins for audit");
    publisher.publish(jwks(&[&known, &new]));
    let answer = ask(&mut channel, &[("authorization", &token(&new)), audit]).await;
    assert_eq!(answer.expect("it waits for the key"), "a.berzins for audit");

    let refused = async |channel: &mut Channel, headers: &[(&'static str, &str)]| {
        let status = ask(channel, headers).await.expect_err("refused");
        assert!(!status.message().contains("Bearer ey"));
        status.code()
    };
    assert_eq!(refused(&mut channel, &[]).await, Code::Unauthenticated);
    assert_eq!(refused(&mut channel, &[("authorization", "Bearer nonsense")]).await, Code::Unauthenticated);
    assert_eq!(refused(&mut channel, &[("authorization", &token(&known))]).await, Code::PermissionDenied);
    publisher.says("HTTP/1.1 503 Service Unavailable");
    let stranger = token(&Signer::ed25519("stranger"));
    assert_eq!(refused(&mut channel, &[("authorization", &stranger), audit]).await, Code::Unavailable);
    serving.abort();
}

#[tokio::test]
async fn a_bound_token_comes_through_on_its_own_connection_only() {
    let (servers, clients, folder) = (Authority::new("servers"), Authority::new("clients"), Folder::new("guard"));
    let mut files = servers.server().files(&folder);
    files.client_authorities = Some(folder.put("clients.pem", &clients.pem));
    let signer = Signer::p256("one");
    let issuer = TrustedIssuer::jwks_file(ISSUER, AUDIENCE, folder.put("keys.json", jwks(&[&signer])));
    let verifier = TokenVerifier::of(vec![issuer.systems_bound(true)], hasty()).expect("a verifier");
    let (port, serving) = serve(&verifier, Some(ServerTls::load(files).expect("TLS"))).await;

    let (own, other) = (clients.client(), clients.client());
    let mut claims = claims();
    claims["sub"] = json!("vkcp");
    claims["roles"] = json!(["system"]);
    claims["cnf"] = json!({"x5t#S256": BASE64.encode(own.thumbprint())});
    let authorization = format!("Bearer {}", signer.token_of(&claims));
    for (identity, expected) in [
        (Some(&own), Ok("vkcp for response".to_owned())),
        (Some(&other), Err(Code::Unauthenticated)),
        (None, Err(Code::Unauthenticated)),
    ] {
        let mut tls =
            ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&servers.pem)).domain_name("localhost");
        if let Some(identity) = identity {
            tls = tls.identity(Identity::from_pem(&identity.certificate, &identity.key));
        }
        let endpoint = Endpoint::from_shared(format!("https://127.0.0.1:{port}")).expect("an address");
        let mut channel = endpoint.tls_config(tls).expect("TLS").connect().await.expect("connected");
        let answer = ask(&mut channel, &[("authorization", &authorization)]).await;
        assert_eq!(answer.map_err(|status| status.code()), expected);
    }
    serving.abort();
}
