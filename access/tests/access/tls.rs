//! Connections: plain, TLS, and with a client's certificate.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use access::tls::{Peer, ServerTls, TlsError, TlsFiles, TlsListener};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use ring::digest::{SHA256, digest};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::Folder;

const SOON: Duration = Duration::from_secs(10);

/// An authority, and what it vouches for.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

/// A certificate and its key, in PEM.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    pub(crate) fn server(&self) -> Identity {
        self.vouch(ExtendedKeyUsagePurpose::ServerAuth)
    }

    pub(crate) fn client(&self) -> Identity {
        self.vouch(ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn vouch(&self, usage: ExtendedKeyUsagePurpose) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("names");
        params.extended_key_usages = vec![usage];
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate").pem();
        Identity { certificate, key: key.serialize_pem() }
    }
}

impl Identity {
    fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.certificate.as_bytes()).expect("a certificate")
    }

    pub(crate) fn thumbprint(&self) -> [u8; 32] {
        digest(&SHA256, &self.der()).as_ref().try_into().expect("32 bytes")
    }

    pub(crate) fn files(&self, folder: &Folder) -> TlsFiles {
        let certificate = folder.put("tls.pem", &self.certificate);
        let mut files = TlsFiles::new(certificate, folder.put("tls.key", &self.key));
        files.look_every = Duration::from_millis(50);
        files
    }
}

/// A server that says of each connection what it knows of it, and ends it.
struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(tls: Option<ServerTls>) -> Self {
        let tcp = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        let mut listener = match tls {
            Some(tls) => TlsListener::secured(tcp, tls),
            None => TlsListener::plain(tcp),
        };
        let address = listener.local_addr().expect("an address");
        let task = tokio::spawn(async move {
            loop {
                let mut connection = listener.accept().await;
                let told = told(&connection.peer(), connection.is_tls());
                tokio::spawn(async move {
                    let _ = connection.write_all(told.as_bytes()).await;
                    let _ = connection.shutdown().await;
                });
            }
        });
        Self { address, task }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn told(peer: &Peer, is_tls: bool) -> String {
    format!("{is_tls} {:?}", peer.certificate)
}

struct Client<'a> {
    trusts: &'a Authority,
    identity: Option<&'a Identity>,
    version: &'static SupportedProtocolVersion,
    protocol: &'static str,
}

impl<'a> Client<'a> {
    fn new(trusts: &'a Authority) -> Self {
        Self { trusts, identity: None, version: &TLS13, protocol: "h2" }
    }

    async fn connect(&self, server: &Server) -> io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.trusts.pem.as_bytes()).expect("an authority")).expect("added");
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(&[self.version])
            .expect("a version")
            .with_root_certificates(roots);
        let mut config = match self.identity {
            None => config.with_no_client_auth(),
            Some(own) => {
                let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).expect("a key");
                config.with_client_auth_cert(vec![own.der()], key).expect("an identity")
            }
        };
        config.alpn_protocols = vec![self.protocol.into()];
        let tcp = TcpStream::connect(server.address).await?;
        let name = ServerName::try_from("localhost").expect("a name");
        TlsConnector::from(Arc::new(config)).connect(name, tcp).await
    }

    /// What the server says of the connection. Only then is it known that it took the client's certificate.
    async fn hear(&self, server: &Server) -> io::Result<String> {
        let mut said = String::new();
        let heard = async {
            self.connect(server).await?.read_to_string(&mut said).await?;
            Ok(said)
        };
        timeout(SOON, heard).await.expect("in time")
    }
}

#[tokio::test]
async fn one_listener_takes_plain_connections_and_tls() {
    let plain = Server::start(None).await;
    let mut said = String::new();
    let mut stream = TcpStream::connect(plain.address).await.expect("connected");
    stream.read_to_string(&mut said).await.expect("read");
    assert_eq!(said, "false None");

    let (authority, folder) = (Authority::new("servers"), Folder::new("tls"));
    let server = Server::start(Some(ServerTls::load(authority.server().files(&folder)).expect("TLS"))).await;
    for version in [&TLS12, &TLS13] {
        for protocol in ["h2", "http/1.1"] {
            let client = Client { version, protocol, ..Client::new(&authority) };
            let stream = client.connect(&server).await.expect("a handshake");
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol.as_bytes()));
            assert_eq!(client.hear(&server).await.expect("an answer"), "true None");
        }
    }
    assert!(Client { protocol: "spdy/3", ..Client::new(&authority) }.hear(&server).await.is_err());
}

#[tokio::test]
async fn the_certificate_of_a_client_is_known_by_its_thumbprint() {
    let (servers, clients, strangers) =
        (Authority::new("servers"), Authority::new("clients"), Authority::new("others"));
    let folder = Folder::new("clients");
    let mut files = servers.server().files(&folder);
    files.client_authorities = Some(folder.put("clients.pem", &clients.pem));
    let optional = Server::start(Some(ServerTls::load(files.clone()).expect("TLS"))).await;
    files.require_client_certificate = true;
    let required = Server::start(Some(ServerTls::load(files).expect("TLS"))).await;

    let (own, forged, misused) = (clients.client(), strangers.client(), clients.server());
    for version in [&TLS12, &TLS13] {
        let as_who = |identity| Client { version, identity, ..Client::new(&servers) };
        let known = format!("true {:?}", Some(own.thumbprint()));
        assert_eq!(as_who(Some(&own)).hear(&optional).await.expect("an answer"), known);
        assert_eq!(as_who(Some(&own)).hear(&required).await.expect("an answer"), known);
        assert_eq!(as_who(None).hear(&optional).await.expect("an answer"), "true None");
        assert!(as_who(None).hear(&required).await.is_err());
        for server in [&optional, &required] {
            assert!(as_who(Some(&forged)).hear(server).await.is_err());
            assert!(as_who(Some(&misused)).hear(server).await.is_err());
        }
    }
}

#[tokio::test]
async fn a_slow_handshake_keeps_nobody_waiting() {
    let (authority, folder) = (Authority::new("servers"), Folder::new("slow"));
    let server = Server::start(Some(ServerTls::load(authority.server().files(&folder)).expect("TLS"))).await;
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(TcpStream::connect(server.address).await.expect("connected"));
    }
    let mut talking_nonsense = TcpStream::connect(server.address).await.expect("connected");
    talking_nonsense.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("written");
    let client = Client::new(&authority);
    // Far less than a handshake may take.
    let answer = timeout(Duration::from_secs(5), client.hear(&server)).await.expect("nobody waits for the others");
    assert_eq!(answer.expect("an answer"), "true None");
}

#[tokio::test]
async fn a_handshake_that_takes_too_long_is_cut_off() {
    let (authority, folder) = (Authority::new("servers"), Folder::new("cut"));
    let server = Server::start(Some(ServerTls::load(authority.server().files(&folder)).expect("TLS"))).await;
    let mut silent = TcpStream::connect(server.address).await.expect("connected");
    let mut nothing = [0; 1];
    let read = timeout(Duration::from_secs(20), silent.read(&mut nothing)).await.expect("it is cut off");
    assert!(matches!(read, Ok(0) | Err(_)));
}

#[tokio::test]
async fn certificates_are_replaced_while_the_server_runs() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let folder = Folder::new("reload");
    let server = Server::start(Some(ServerTls::load(old.server().files(&folder)).expect("TLS"))).await;
    let before = Client::new(&old);
    let open = before.connect(&server).await.expect("a handshake");
    assert!(Client::new(&new).hear(&server).await.is_err());

    // A certificate whose key has not come yet, and then no certificate at all: the one before stays.
    let next = new.server();
    folder.put("tls.pem", &next.certificate);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(before.hear(&server).await.is_ok());
    folder.put("tls.pem", "nothing");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(before.hear(&server).await.is_ok());

    next.files(&folder);
    let renewed = async {
        while Client::new(&new).hear(&server).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SOON, renewed).await.expect("the new certificate is shown");
    assert!(before.hear(&server).await.is_err());
    drop(open);
}

#[tokio::test]
async fn what_is_wrong_with_the_files_names_the_file() {
    let (authority, folder) = (Authority::new("servers"), Folder::new("errors"));
    let good = authority.server().files(&folder);
    let nothing = folder.put("nothing.pem", "nothing");
    let refused = |change: &dyn Fn(&mut TlsFiles)| {
        let mut files = good.clone();
        change(&mut files);
        ServerTls::load(files).expect_err("refused")
    };
    let missing = refused(&|files| files.certificate = PathBuf::from("/nowhere/tls.pem"));
    assert_eq!(missing.to_string(), "can't read /nowhere/tls.pem");
    assert!(matches!(refused(&|files| files.certificate = nothing.clone()), TlsError::NoCertificate { .. }));
    assert!(matches!(refused(&|files| files.key = nothing.clone()), TlsError::NoKey { .. }));
    let other = folder.put("other.key", authority.server().key);
    assert!(matches!(refused(&|files| files.key = other.clone()), TlsError::Pair { .. }));
    let authorities = refused(&|files| files.client_authorities = Some(nothing.clone()));
    assert!(authorities.to_string().contains("nothing.pem"), "{authorities}");
    assert!(matches!(refused(&|files| files.require_client_certificate = true), TlsError::NoClientAuthorities));
}
