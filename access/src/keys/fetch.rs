//! Keys from an address: one GET, bounded in time and size. Redirects are not followed: the address was chosen by the operator.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, CACHE_CONTROL, HOST, USER_AGENT};
use http::uri::Scheme;
use http::{HeaderMap, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use crate::error::TrustError;

/// For everything, from looking up the name to the last byte.
const TIME: Duration = Duration::from_secs(5);
const MOST_BYTES: usize = 256 * 1024;

/// Why keys did not come.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("there was no answer within {} seconds", TIME.as_secs())]
    Slow,
    #[error("the connection failed")]
    Connection(#[from] io::Error),
    #[error("the exchange failed")]
    Exchange(#[from] hyper::Error),
    #[error("the request can't be written")]
    Request(#[from] http::Error),
    #[error("the answer was {0} instead of 200 (redirects are not followed)")]
    Status(StatusCode),
    #[error("the answer broke off, or is larger than {MOST_BYTES} bytes")]
    Body,
}

/// What came.
pub(crate) struct Answer {
    pub(crate) body: Vec<u8>,
    /// How long the issuer says that it may be kept.
    pub(crate) fresh_for: Option<Duration>,
}

/// Where keys are published.
pub(crate) struct Address {
    uri: Uri,
    /// As a name to look up: an IPv6 address without its brackets.
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Address {
    /// Checks the address; authorities of the file are trusted beside those of the public web.
    pub(crate) fn parse(iss: &str, url: &str, authorities: Option<&Path>) -> Result<Self, TrustError> {
        let wrong = || TrustError::Url { iss: iss.to_owned() };
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let authority = uri.authority().ok_or_else(wrong)?;
        if authority.as_str().contains('@') {
            return Err(wrong());
        }
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let (port, tls) = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => {
                let name = ServerName::try_from(host.clone()).map_err(|_| wrong())?;
                (443, Some((tls_connector(authorities)?, name)))
            }
            Some(scheme) if *scheme == Scheme::HTTP => {
                tracing::warn!(issuer = iss, "keys come over plain http: whoever is on the way can put in their own");
                (80, None)
            }
            _ => return Err(wrong()),
        };
        let port = authority.port_u16().unwrap_or(port);
        Ok(Self { uri, host, port, tls })
    }

    /// Asks once.
    pub(crate) async fn get(&self) -> Result<Answer, FetchError> {
        tokio::time::timeout(TIME, self.exchange()).await.map_err(|_| FetchError::Slow)?
    }

    async fn exchange(&self) -> Result<Answer, FetchError> {
        let tcp = TcpStream::connect((self.host.as_str(), self.port)).await?;
        match &self.tls {
            None => self.ask(tcp).await,
            Some((connector, name)) => self.ask(connector.connect(name.clone(), tcp).await?).await,
        }
    }

    async fn ask(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Result<Answer, FetchError> {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Ends with this function, however it ends.
        let mut driver = JoinSet::new();
        driver.spawn(connection);
        let authority = self.uri.authority().map_or("", |authority| authority.as_str());
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let request = Request::get(path)
            .header(HOST, authority)
            .header(ACCEPT, "application/jwk-set+json, application/json")
            .header(USER_AGENT, "vnr")
            .body(Empty::<Bytes>::new())?;
        let answer = sender.send_request(request).await?;
        if answer.status() != StatusCode::OK {
            return Err(FetchError::Status(answer.status()));
        }
        let fresh_for = max_age(answer.headers());
        let body = Limited::new(answer.into_body(), MOST_BYTES).collect().await.map_err(|_| FetchError::Body)?;
        Ok(Answer { body: body.to_bytes().to_vec(), fresh_for })
    }
}

/// What a TLS connection to somebody outside is made with: authorities of the file are trusted beside those of the public web.
///
/// # Errors
/// Where the file can't be read, or holds none.
pub fn tls_connector(authorities: Option<&Path>) -> Result<TlsConnector, TrustError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = authorities {
        let pem = std::fs::read(path).map_err(|source| TrustError::File { path: path.to_owned(), source })?;
        let before = roots.len();
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok));
        if roots.len() == before {
            return Err(TrustError::Authorities { path: path.to_owned() });
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(TrustError::Tls)?.with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let directives: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    if directives.iter().any(|it| it.eq_ignore_ascii_case("no-store") || it.eq_ignore_ascii_case("no-cache")) {
        return Some(Duration::ZERO);
    }
    let named = directives.iter().filter_map(|it| it.split_once('='));
    let mut ages = named.filter(|(name, _)| name.eq_ignore_ascii_case("max-age"));
    ages.find_map(|(_, seconds)| seconds.trim_matches('"').parse().ok()).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_issuer_says_of_freshness_is_understood() {
        let said = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CACHE_CONTROL, text.parse().expect("a header"));
            max_age(&headers)
        };
        assert_eq!(said("public, Max-Age=600, must-revalidate"), Some(Duration::from_secs(600)));
        assert_eq!(said("max-age=60, no-cache"), Some(Duration::ZERO));
        assert_eq!(said("public"), None);
        assert_eq!(said("max-age=soon"), None);
        assert_eq!(max_age(&HeaderMap::new()), None);
    }

    #[test]
    fn only_addresses_without_secrets_in_them_are_taken() {
        let refused = |url| matches!(Address::parse("x", url, None), Err(TrustError::Url { .. }));
        assert!(refused("ftp://idp.example/keys"));
        assert!(refused("/keys"));
        assert!(refused("https://user:secret@idp.example/keys"));
        let address = Address::parse("x", "https://[::1]:8443/keys?v=1", None).expect("an address");
        assert_eq!((address.host.as_str(), address.port, address.tls.is_some()), ("::1", 8443, true));
        assert_eq!(Address::parse("x", "https://idp.example", None).expect("an address").port, 443);
    }
}
