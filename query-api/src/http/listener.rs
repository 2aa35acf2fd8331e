//! Connections, plain or TLS, as axum takes them in.

use std::io;
use std::net::SocketAddr;

use access::tls::{Connection, Peer, TlsListener};
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};

/// A socket that listens, plain or TLS.
pub(crate) struct Listening(pub(crate) TlsListener);

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller(pub(crate) Peer);

impl Listener for Listening {
    type Io = Connection;
    type Addr = Peer;

    async fn accept(&mut self) -> (Connection, Peer) {
        let connection = self.0.accept().await;
        let peer = connection.peer();
        (connection, peer)
    }

    fn local_addr(&self) -> io::Result<Peer> {
        Ok(Peer { address: self.address()?, certificate: None })
    }
}

impl Listening {
    /// Where it listens.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Listening>> for Caller {
    fn connect_info(stream: IncomingStream<'_, Listening>) -> Self {
        Caller(*stream.remote_addr())
    }
}
