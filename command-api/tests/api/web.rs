//! Calls as a page in a browser makes them: gRPC-Web over HTTP/1.1, byte by byte, and who may.

use std::collections::HashMap;
use std::sync::Arc;

use access::tls::{ServerTls, TlsFiles};
use access::{Principal, Purpose, Role};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use prost::Message as _;
use proto::command::v1 as pb;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::support::{Api, incident, person};

const PAGE: &str = "https://entry.example.lv";
const REGISTER: &str = "/vnr.command.v1.IncidentService/RegisterIncident";
const VALIDATE: &str = "/vnr.command.v1.IncidentService/ValidateIncident";

fn officer() -> Principal {
    person("l.kalnina", "RPP", Role::Officer, Purpose::Response)
}

/// An answer over HTTP/1.1.
struct Answer {
    status: u16,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

async fn ask(api: &Api, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let stream = TcpStream::connect(api.address()).await.unwrap();
    ask_over(stream, method, path, headers, body).await
}

async fn ask_over(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut request =
        format!("{method} {path} HTTP/1.1\r\nhost: entry\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let body = &answer[end + 4..];
    let chunked = headers.get("transfer-encoding").is_some_and(|encoding| encoding == "chunked");
    Answer { status, body: if chunked { unchunked(body) } else { body.to_vec() }, headers }
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let end = body.windows(2).position(|two| two == b"\r\n").unwrap();
        let length = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap(), 16).unwrap();
        if length == 0 {
            return whole;
        }
        whole.extend_from_slice(&body[end + 2..end + 2 + length]);
        body = &body[end + 2 + length + 2..];
    }
}

/// One message as gRPC frames it.
fn framed(message: &impl prost::Message) -> Vec<u8> {
    let bytes = message.encode_to_vec();
    let mut frame = vec![0];
    frame.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
    frame.extend(bytes);
    frame
}

/// The messages of a body, and the trailers behind them.
fn unframed(mut body: &[u8]) -> (Vec<Vec<u8>>, HashMap<String, String>) {
    let (mut messages, mut trailers) = (Vec::new(), HashMap::new());
    while let [flags, a, b, c, d, rest @ ..] = body {
        let length = usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])).unwrap();
        let (frame, beyond) = rest.split_at(length);
        if flags & 0x80 == 0 {
            messages.push(frame.to_vec());
        } else {
            let text = String::from_utf8(frame.to_vec()).unwrap();
            let pairs = text.lines().filter_map(|line| line.split_once(':'));
            trailers.extend(pairs.map(|(name, value)| (name.to_owned(), value.trim().to_owned())));
        }
        body = beyond;
    }
    (messages, trailers)
}

/// A page's call.
async fn call(api: &Api, path: &str, message: &impl prost::Message, more: &[(&str, &str)]) -> Answer {
    let token = api.bearer(&officer());
    let mut headers = vec![
        ("origin", PAGE),
        ("content-type", "application/grpc-web+proto"),
        ("accept", "application/grpc-web+proto"),
        ("x-grpc-web", "1"),
        ("authorization", token.as_str()),
    ];
    headers.extend_from_slice(more);
    ask(api, "POST", path, &headers, &framed(message)).await
}

#[tokio::test]
async fn a_page_registers_an_incident_and_reads_the_answer() {
    let api = Api::start().await;
    let answer = call(&api, REGISTER, &incident(), &[]).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/grpc-web+proto")));
    assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
    let (messages, trailers) = unframed(&answer.body);
    let reply = pb::CommandReply::decode(messages[0].as_slice()).unwrap();
    assert!(reply.number.ends_with("-0000001"), "{reply:?}");
    assert_eq!(trailers["grpc-status"], "0");
}

#[tokio::test]
async fn a_page_that_can_only_read_text_is_answered_in_text() {
    let api = Api::start().await;
    let token = api.bearer(&officer());
    let headers = [
        ("origin", PAGE),
        ("content-type", "application/grpc-web-text"),
        ("accept", "application/grpc-web-text"),
        ("authorization", token.as_str()),
    ];
    let draft = pb::ValidateIncident { draft: Some(incident()), ..Default::default() };
    let body = STANDARD.encode(framed(&draft));
    let answer = ask(&api, "POST", VALIDATE, &headers, body.as_bytes()).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/grpc-web-text+proto")));
    // Each piece is base64 by itself, with its own padding.
    let text = String::from_utf8(answer.body).unwrap();
    let pieces = text.split_inclusive('=').map(|piece| piece.trim_matches('=')).filter(|piece| !piece.is_empty());
    let bytes: Vec<u8> = pieces.flat_map(|piece| STANDARD_NO_PAD.decode(piece).unwrap()).collect();
    let (messages, trailers) = unframed(&bytes);
    let reply = pb::ValidateIncidentReply::decode(messages[0].as_slice()).unwrap();
    assert_eq!((reply.violations, trailers["grpc-status"].as_str()), (vec![], "0"));
}

#[tokio::test]
async fn a_page_reads_all_that_is_wrong_by_path() {
    let api = Api::start().await;
    let wrong = pb::RegisterIncident { type_code: "thefft".to_owned(), category: 0, ..incident() };
    let answer = call(&api, REGISTER, &wrong, &[]).await;
    // A refusal is all headers: a page sees those that it is let read.
    let exposed = answer.header("access-control-expose-headers").unwrap().to_owned();
    for name in ["grpc-status", "grpc-message", "grpc-status-details-bin"] {
        assert!(exposed.contains(name), "{exposed}");
    }
    let (_, trailers) = unframed(&answer.body);
    let of = |name: &str| trailers.get(name).cloned().or_else(|| answer.header(name).map(ToOwned::to_owned)).unwrap();
    assert_eq!(of("grpc-status"), "3");
    let details = STANDARD_NO_PAD.decode(of("grpc-status-details-bin").trim_end_matches('=')).unwrap();
    let request = Status::with_details(Code::InvalidArgument, "", details.into()).get_details_bad_request().unwrap();
    let paths: Vec<_> = request.field_violations.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(paths, ["type_code", "category"]);
}

#[tokio::test]
async fn a_page_without_a_token_that_holds_is_refused_and_its_deadline_counts() {
    let api = Api::start().await;
    let headers = [("origin", PAGE), ("content-type", "application/grpc-web+proto")];
    let answer = ask(&api, "POST", REGISTER, &headers, &framed(&incident())).await;
    assert_eq!((answer.status, answer.header("grpc-status")), (200, Some("16")));
    assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE), "it can read that");
    let answer = call(&api, REGISTER, &incident(), &[("grpc-timeout", "1n")]).await;
    let (_, trailers) = unframed(&answer.body);
    let status = trailers.get("grpc-status").map(String::as_str).or(answer.header("grpc-status"));
    assert!(matches!(status, Some("1" | "4")), "{status:?}");
}

#[tokio::test]
async fn only_pages_of_named_origins_may_call() {
    let api = Api::start().await;
    let preflight = async |origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            (
                "access-control-request-headers",
                "authorization,content-type,grpc-timeout,vnr-purpose,vnr-reference,x-grpc-web",
            ),
        ];
        ask(&api, "OPTIONS", REGISTER, &headers, b"").await
    };
    let answer = preflight(PAGE).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some(PAGE)));
    let allowed = answer.header("access-control-allow-headers").unwrap().to_owned();
    for header in ["authorization", "content-type", "grpc-timeout", "vnr-purpose", "vnr-reference", "x-grpc-web"] {
        assert!(allowed.contains(header), "{allowed}");
    }
    assert_eq!(answer.header("access-control-allow-methods"), Some("POST"));
    assert_eq!(answer.header("access-control-allow-credentials"), None, "no page uses a login that it does not hold");
    for other in ["https://evil.example", "http://entry.example.lv", "https://entry.example.lv.evil.example", "null"] {
        assert_eq!(preflight(other).await.header("access-control-allow-origin"), None, "{other}");
    }
    // Anything else that comes over HTTP/1.1 is told that it is no call.
    assert_eq!(ask(&api, "GET", "/", &[], b"").await.status, 400);
    assert!(api.events("register").await.is_empty());
}

/// A client that trusts one certificate and speaks HTTP/1.1 only, as some do behind a proxy.
fn trusting(certificate: &rcgen::Certificate) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn a_page_calls_over_tls_as_well() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let folder = std::env::temp_dir().join(format!("vnr-page-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir_all(&folder).unwrap();
    let (certificate, key) = (folder.join("server.pem"), folder.join("server.key"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let api = Api::secured(ServerTls::load(TlsFiles::new(certificate, key)).unwrap()).await;
    let tcp = TcpStream::connect(api.address()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = trusting(&made.cert).connect(name, tcp).await.unwrap();
    let token = api.bearer(&officer());
    let headers = [("origin", PAGE), ("content-type", "application/grpc-web+proto"), ("authorization", token.as_str())];
    let answer = ask_over(stream, "POST", REGISTER, &headers, &framed(&incident())).await;
    let (messages, trailers) = unframed(&answer.body);
    assert!(pb::CommandReply::decode(messages[0].as_slice()).unwrap().number.ends_with("-0000001"));
    assert_eq!((trailers["grpc-status"].as_str(), answer.header("access-control-allow-origin")), ("0", Some(PAGE)));
    std::fs::remove_dir_all(folder).unwrap();
}
