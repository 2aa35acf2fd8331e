//! From PEM files to a server's TLS.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::stamp::Stamp;

/// What gRPC and HTTPS speak; a client picks.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Why TLS can't be used with these files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file can't be read.
    #[error("can't read {}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file has no certificate in it.
    #[error("{} holds no certificate in PEM", path.display())]
    NoCertificate {
        /// Which one.
        path: PathBuf,
    },
    /// A file has no key in it.
    #[error("{} holds no private key in PEM: it takes PKCS #8, PKCS #1 or SEC 1, without a passphrase", path.display())]
    NoKey {
        /// Which one.
        path: PathBuf,
    },
    /// Certificate and key are not of one another, or of a kind that TLS doesn't take.
    #[error("the certificate in {} and the key in {} can't be used together", certificate.display(), key.display())]
    Pair {
        /// The chain's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong with them.
        #[source]
        source: rustls::Error,
    },
    /// The client authorities are of no use.
    #[error("clients can't be checked against the authorities in {}", path.display())]
    ClientAuthorities {
        /// Which file.
        path: PathBuf,
    },
    /// Client certificates are required, and nobody is trusted to issue them.
    #[error("client certificates are required, so a file with their authorities is needed too")]
    NoClientAuthorities,
    /// TLS itself can't be set up.
    #[error("TLS can't be set up")]
    Setup(#[source] rustls::Error),
    /// Files are looked after in a runtime.
    #[error("TLS needs a Tokio runtime: load it inside one")]
    NoRuntime,
}

/// The files of a server, all PEM.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The server's certificate, followed by those between it and the authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Authorities of client certificates. Without them nobody is asked for one; with them who has one must have it from these.
    pub client_authorities: Option<PathBuf>,
    /// Whether nobody may connect without a client certificate.
    pub require_client_certificate: bool,
    /// How often it is looked whether the files have changed.
    pub look_every: Duration,
}

impl TlsFiles {
    /// A server's certificate and key. Clients need none, and files are looked at every five seconds.
    pub fn new(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self {
            certificate: certificate.into(),
            key: key.into(),
            client_authorities: None,
            require_client_certificate: false,
            look_every: LOOK_EVERY,
        }
    }

    /// What the files are now; `None` for one that is not there.
    pub(super) fn stamps(&self) -> Vec<Option<Stamp>> {
        let all = [Some(&self.certificate), Some(&self.key), self.client_authorities.as_ref()];
        all.into_iter().flatten().map(|path| Stamp::of(path).ok()).collect()
    }

    /// Reads them all.
    pub(super) fn load(&self) -> Result<ServerConfig, TlsError> {
        let chain = certificates(&self.certificate)?;
        let pem = read(&self.key)?;
        let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| TlsError::NoKey { path: self.key.clone() })?;
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Setup)?;
        let builder = match self.client_verifier()? {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(|source| TlsError::Pair {
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            source,
        })?;
        config.alpn_protocols = PROTOCOLS.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(config)
    }

    fn client_verifier(&self) -> Result<Option<Arc<dyn ClientCertVerifier>>, TlsError> {
        let Some(path) = &self.client_authorities else {
            return if self.require_client_certificate { Err(TlsError::NoClientAuthorities) } else { Ok(None) };
        };
        let unusable = || TlsError::ClientAuthorities { path: path.clone() };
        let mut roots = RootCertStore::empty();
        for authority in certificates(path)? {
            roots.add(authority).map_err(|_| unusable())?;
        }
        let provider = Arc::new(ring::default_provider());
        let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        if !self.require_client_certificate {
            builder = builder.allow_unauthenticated();
        }
        builder.build().map(Some).map_err(|_| unusable())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::File { path: path.to_owned(), source })
}

/// All certificates of a file; a broken one among them is no certificate.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let none = || TlsError::NoCertificate { path: path.to_owned() };
    let pem = read(path)?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(|_| none())?;
    if found.is_empty() { Err(none()) } else { Ok(found) }
}
