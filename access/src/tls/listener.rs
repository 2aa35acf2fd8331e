//! Taking connections in.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Sleep, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_stream::Stream;

use super::connection::Connection;
use super::server::ServerTls;

/// Who is slower to shake hands is no client.
const TIME_TO_SHAKE_HANDS: Duration = Duration::from_secs(10);
/// Handshakes at once. While there are as many, others wait in the system's queue.
const MOST_HANDSHAKES: usize = 1024;
/// Without a file descriptor to spare, taking another connection in fails again at once.
const PAUSE: Duration = Duration::from_millis(500);

/// A socket that listens, for plain TCP or for TLS. Handshakes happen aside, so that a slow one keeps nobody waiting.
///
/// It is a stream of connections, as `tonic::transport::Server::serve_with_incoming` takes it; for other servers there is
/// [`Self::accept`]. What is in the middle of a handshake when the listener is dropped is cut off.
#[derive(Debug)]
pub struct TlsListener {
    tcp: TcpListener,
    tls: Option<ServerTls>,
    handshakes: JoinSet<Option<Connection>>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl TlsListener {
    /// Takes connections as they are.
    pub fn plain(tcp: TcpListener) -> Self {
        Self { tcp, tls: None, handshakes: JoinSet::new(), pause: None }
    }

    /// Takes TLS connections only.
    pub fn secured(tcp: TcpListener, tls: ServerTls) -> Self {
        Self { tls: Some(tls), ..Self::plain(tcp) }
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system doesn't say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Whether connections are encrypted.
    pub fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// The next connection. Failures are of connections, not of the listener: they are logged, and the next one is waited for.
    /// May be dropped at any time without losing a connection.
    pub async fn accept(&mut self) -> Connection {
        poll_fn(|cx| self.poll_accept(cx)).await
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<Connection> {
        loop {
            while let Poll::Ready(Some(shaken)) = self.handshakes.poll_join_next(cx) {
                if let Ok(Some(connection)) = shaken {
                    return Poll::Ready(connection);
                }
            }
            // One that ends wakes us.
            if self.handshakes.len() >= MOST_HANDSHAKES {
                return Poll::Pending;
            }
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            let (stream, address) = match ready!(self.tcp.poll_accept(cx)) {
                Ok(accepted) => accepted,
                Err(error) if is_of_one_connection(&error) => continue,
                Err(error) => {
                    tracing::error!(%error, "connections can't be taken in: tried again in a moment");
                    self.pause = Some(Box::pin(sleep(PAUSE)));
                    continue;
                }
            };
            // Answers are small, and nobody is to wait for a packet to fill.
            if stream.set_nodelay(true).is_err() {
                continue;
            }
            match &self.tls {
                None => return Poll::Ready(Connection::plain(stream, address)),
                Some(tls) => {
                    self.handshakes.spawn(shake_hands(tls.acceptor(), stream, address));
                }
            }
        }
    }
}

/// Plain.
impl From<TcpListener> for TlsListener {
    fn from(tcp: TcpListener) -> Self {
        Self::plain(tcp)
    }
}

impl Stream for TlsListener {
    type Item = io::Result<Connection>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_accept(cx).map(|connection| Some(Ok(connection)))
    }
}

async fn shake_hands(acceptor: TlsAcceptor, stream: TcpStream, address: SocketAddr) -> Option<Connection> {
    match timeout(TIME_TO_SHAKE_HANDS, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => Some(Connection::tls(stream, address)),
        Ok(Err(error)) => {
            tracing::debug!(%address, %error, "a TLS handshake failed");
            None
        }
        Err(_) => {
            tracing::debug!(%address, "a TLS handshake took too long");
            None
        }
    }
}

/// It was gone before we took it in.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
