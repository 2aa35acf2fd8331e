//! Who is asking, and what they may do.
//!
//! A [`Principal`] comes out of a token: a person or a system, acting for an institution in some roles and for one purpose. Nothing is
//! answered and nothing is recorded for anybody without all of these. Tokens are issued here for development only ([`TokenIssuer`]);
//! [`TokenVerifier`] checks them, once for each token. What a principal may do is decided by the policies in [`policy`].

mod authenticated;
mod error;
mod key;
pub mod policy;
mod principal;
mod rules;
mod token;

pub use self::authenticated::Authenticated;
pub use self::error::{AccessError, KeyError};
pub use self::key::DevelopmentKey;
pub use self::principal::{Institution, Principal, Purpose, Reference, Role, Territory};
pub use self::token::{TokenIssuer, TokenVerifier};
