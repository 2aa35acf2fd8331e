//! Why somebody was not let in.

use std::io;
use std::path::PathBuf;

/// Why a request has no principal, or its principal may not do this. Never contains the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// No `authorization` at all.
    #[error("a token is required: send `authorization: Bearer TOKEN` (`vnr token` prints one for development)")]
    Missing,
    /// The header is there, but is not `Bearer TOKEN`.
    #[error("the authorization header must read `Bearer TOKEN`")]
    NotBearer,
    /// Not a token, or one whose algorithm is not EdDSA.
    #[error("this is not a token of this register")]
    Malformed,
    /// Signed by somebody else, or changed since.
    #[error("the token's signature does not match this register's key")]
    Signature,
    /// Over.
    #[error("the token has expired")]
    Expired,
    /// Meant for another place.
    #[error("the token was issued by or for somebody else (expected issuer `vnr-development`, audience `vnr`)")]
    OtherIssuer,
    /// A claim that every token must have is absent or not understood.
    #[error("the token's claim `{claim}` is missing or not understood")]
    Claim {
        /// Name of the claim.
        claim: String,
    },
    /// Known, but not allowed.
    #[error("role {roles} for purpose {purpose} may not {action}")]
    NotAllowed {
        /// Roles of the principal.
        roles: String,
        /// Purpose of the principal.
        purpose: String,
        /// What was asked for.
        action: &'static str,
    },
}

impl AccessError {
    /// Whether another token could help for the same person: it is not known who is asking.
    pub fn is_unauthenticated(&self) -> bool {
        !matches!(self, Self::NotAllowed { .. })
    }
}

/// Why the development key can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file can't be read or written.
    #[error("can't use the development key {}", path.display())]
    File {
        /// The key's file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file holds something else.
    #[error(
        "{} is not an Ed25519 key in PKCS #8. Remove it to have a new one made; tokens issued before end with it",
        path.display()
    )]
    Content {
        /// The key's file.
        path: PathBuf,
    },
    /// Others may read the file.
    #[error("{} can be read by others. Set its mode to 0600, or remove it to have a new one made", path.display())]
    Exposed {
        /// The key's file.
        path: PathBuf,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers for a new key")]
    Random,
    /// A token could not be signed.
    #[error("the token can't be signed")]
    Signing,
}
