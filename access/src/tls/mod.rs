//! Connections as they come in, over plain TCP or TLS, for gRPC and HTTPS alike.
//!
//! A server has one code path: it takes [`Connection`]s from a [`TlsListener`], which is made of a socket alone or of a socket and
//! a [`ServerTls`]. Every connection knows its [`Peer`], and with it the client certificate, which tokens may be bound to.

mod connection;
mod files;
mod listener;
mod server;

pub use self::connection::{Connection, Peer};
pub use self::files::{TlsError, TlsFiles};
pub use self::listener::TlsListener;
pub use self::server::ServerTls;
