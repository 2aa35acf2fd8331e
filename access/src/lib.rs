//! Who is asking, and what they may do.
//!
//! A [`Principal`] comes out of a token: a person or a system, acting for an institution in some roles and for one purpose. Nothing is
//! answered and nothing is recorded for anybody without all of these. Tokens are issued here for development only ([`TokenIssuer`]);
//! [`TokenVerifier`] checks them, once for each token. What a principal may do is decided by the policies in [`policy`]; what they look at
//! is told to the [`AccessLog`] before they see it.

mod authenticated;
mod error;
mod going_on;
mod guard;
mod journal;
mod key;
mod keys;
mod log;
pub mod policy;
mod principal;
mod stamp;
pub mod tls;
mod token;
mod trust;
mod verifier;

pub use self::authenticated::{Authenticated, Presented};
pub use self::error::{AccessError, KeyError, TrustError};
pub use self::going_on::goes_on;
pub use self::guard::Guarded;
pub use self::journal::{Journal, JournalError, Standing};
pub use self::key::DevelopmentKey;
pub use self::keys::{TlsConnector, tls_connector};
pub use self::log::{AccessLog, AccessLogError, Consultation, Disclosure};
pub use self::principal::{Institution, Principal, Purpose, Reference, Role, Territory};
pub use self::token::TokenIssuer;
pub use self::trust::{TrustedIssuer, VerifierOptions};
pub use self::verifier::TokenVerifier;
