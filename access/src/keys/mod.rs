//! The keys of the issuers that are trusted, and how they are kept up to date.

mod fetch;
mod jwk;
mod live;
mod set;
mod source;

pub(crate) use self::fetch::Address;
pub use self::fetch::tls_connector;
pub(crate) use self::jwk::{VerifyingKey, algorithm};
pub(crate) use self::live::{LiveKeys, Times, tell_faults};
pub(crate) use self::set::KeySet;
pub(crate) use self::source::{Pace, Source};
pub use tokio_rustls::TlsConnector;
