//! Listening sockets.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

use super::error::StartError;

/// Listens, or says which flag to change.
pub(super) async fn listen(addr: SocketAddr, flag: &'static str) -> Result<TcpListener, StartError> {
    TcpListener::bind(addr).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::PortTaken { addr, flag },
        _ => StartError::Listen { addr, flag, source },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_named_with_the_flag_to_change_it() {
        let first = listen(SocketAddr::from(([127, 0, 0, 1], 0)), "--grpc-addr").await.expect("a free port");
        let addr = first.local_addr().expect("an address");
        let told = listen(addr, "--grpc-addr").await.expect_err("taken").to_string();
        assert_eq!(
            told,
            format!(
                "port {} of 127.0.0.1 is taken by another program (another vnr?). Choose another with --grpc-addr, \
                 for example --grpc-addr 127.0.0.1:0 for a free one",
                addr.port()
            )
        );
    }
}
