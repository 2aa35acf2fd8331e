//! One notice to one system: one POST, bounded in time, signed with the secret that both have. Redirects are not followed.

use std::path::Path;
use std::time::Duration;

use access::{TlsConnector, tls_connector};
use chrono::{DateTime, Utc};
use domain::notice::DeliveryFailure;
use http::header::{CONTENT_TYPE, HOST, USER_AGENT};
use http::uri::Scheme;
use http::{Request, Uri};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use ring::hmac;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::Receiver;

/// For everything, from looking up the name to the status.
const TIME: Duration = Duration::from_secs(10);
/// The notice's id: the same however often it comes, so that the receiver takes it in once.
const ID: &str = "vnr-notice";
/// `t=` seconds since 1970, `v1=` HMAC-SHA-256 over those, a full stop, and the body.
const SIGNATURE: &str = "vnr-signature";

/// Where a receiver listens.
pub(crate) struct Address {
    uri: Uri,
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// It did not get there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotTaken {
    pub(crate) cause: DeliveryFailure,
    pub(crate) status: Option<u16>,
}

impl Address {
    /// Checks the address; authorities of the file are trusted beside those of the public web.
    pub(crate) fn parse(url: &str, authorities: Option<&Path>) -> Result<Self, String> {
        let wrong = || "url is not an address such as https://sd.example/vnr/notices, without a user in it".to_owned();
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(wrong)?;
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let (port, tls) = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => {
                let name = ServerName::try_from(host.clone()).map_err(|_| wrong())?;
                (443, Some((tls_connector(authorities).map_err(|error| error.to_string())?, name)))
            }
            Some(scheme) if *scheme == Scheme::HTTP => {
                let here = host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
                if !here {
                    tracing::warn!(%host, "notices go over plain http: whoever is on the way can read them");
                }
                (80, None)
            }
            _ => return Err(wrong()),
        };
        let port = authority.port_u16().unwrap_or(port);
        Ok(Self { uri, host, port, tls })
    }
}

/// Posts it. Gives the status, where it says that it was taken.
pub(crate) async fn post(receiver: &Receiver, notice: Uuid, body: Vec<u8>) -> Result<u16, NotTaken> {
    let failed = |cause| NotTaken { cause, status: None };
    let status = match tokio::time::timeout(TIME, exchange(receiver, notice, body)).await {
        Err(_) => return Err(failed(DeliveryFailure::TimedOut)),
        Ok(Err(error)) => {
            tracing::debug!(%error, institution = %receiver.institution, "a notice did not get there");
            return Err(failed(DeliveryFailure::Unreachable));
        }
        Ok(Ok(status)) => status,
    };
    match status {
        200..300 => Ok(status),
        _ => Err(NotTaken { cause: DeliveryFailure::Refused, status: Some(status) }),
    }
}

async fn exchange(receiver: &Receiver, notice: Uuid, body: Vec<u8>) -> anyhow::Result<u16> {
    let Address { host, port, tls, .. } = &receiver.address;
    let tcp = TcpStream::connect((host.as_str(), *port)).await?;
    match tls {
        None => send(tcp, receiver, notice, body).await,
        Some((connector, name)) => send(connector.connect(name.clone(), tcp).await?, receiver, notice, body).await,
    }
}

async fn send(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    receiver: &Receiver,
    notice: Uuid,
    body: Vec<u8>,
) -> anyhow::Result<u16> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Ends with this function, however it ends.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let uri = &receiver.address.uri;
    let request = Request::post(uri.path_and_query().map_or("/", |path| path.as_str()))
        .header(HOST, uri.authority().map_or("", |authority| authority.as_str()))
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, "vnr")
        .header(ID, notice.to_string())
        .header(SIGNATURE, signature(&receiver.key, Utc::now(), &body))
        .body(Full::new(Bytes::from(body)))?;
    Ok(sender.send_request(request).await?.status().as_u16())
}

fn signature(key: &hmac::Key, at: DateTime<Utc>, body: &[u8]) -> String {
    use std::fmt::Write as _;
    let seconds = at.timestamp();
    let mut context = hmac::Context::with_key(key);
    context.update(format!("{seconds}.").as_bytes());
    context.update(body);
    let mut text = format!("t={seconds},v1=");
    for byte in context.sign().as_ref() {
        // Writing to a string doesn't fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_any_hmac_of_time_and_body_gives() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"0123456789abcdef0123456789abcdef");
        let at = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        // printf '1790000000.{"a":1}' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
        let wanted = "t=1790000000,v1=f4346a65c05b64dd6b51506d8bb57787fd3805be72b2212c4b3b6e27d36316eb";
        assert_eq!(signature(&key, at, br#"{"a":1}"#), wanted);
    }

    #[test]
    fn only_addresses_without_secrets_in_them_are_taken() {
        for url in ["ftp://sd.example/", "/notices", "https://user:secret@sd.example/"] {
            assert!(Address::parse(url, None).is_err(), "{url}");
        }
        let address = Address::parse("https://[::1]:8443/n?v=1", None).unwrap();
        assert_eq!((address.host.as_str(), address.port, address.tls.is_some()), ("::1", 8443, true));
    }
}
