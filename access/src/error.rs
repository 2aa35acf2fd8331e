//! Why somebody was not let in.

use std::io;
use std::path::PathBuf;

use tonic::{Code, Status};

use crate::policy::Denied;

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
    /// Not a token at all.
    #[error("this is not a token of this register")]
    Malformed,
    /// Signed in a way that is not accepted, or not with the kind of key that it names.
    #[error(
        "the token is signed in a way that is not accepted: EdDSA, ES256, ES384, RS256 and PS256 are, each only by a key made for it"
    )]
    Algorithm,
    /// Signed by somebody else, or changed since.
    #[error("the token's signature does not match the key of its issuer")]
    Signature,
    /// Names no key where there is a choice.
    #[error("the token names no key, and its issuer has several: it needs `kid` in its header")]
    KeyIdMissing,
    /// Names a key that its issuer does not have, or has no longer.
    #[error("the token's key is not, or no longer, among the keys of its issuer: get a new token")]
    UnknownKey,
    /// The issuer's keys can't be had at the moment.
    #[error("the keys of the token's issuer can't be read at the moment: try again")]
    KeysUnavailable,
    /// Over.
    #[error("the token has expired")]
    Expired,
    /// Not valid before a moment that has not come, or issued in the future.
    #[error("the token is not valid yet: check the clock of who issued it")]
    NotYet,
    /// Valid for longer than its issuer may say.
    #[error("the token is valid for too long: tokens of its issuer may be for {seconds} seconds at most")]
    LivesTooLong {
        /// What is allowed.
        seconds: u64,
    },
    /// Meant for another place.
    #[error("the token was issued by somebody whom this register does not trust, or for somebody else")]
    OtherIssuer,
    /// A claim that every token must have is absent or not understood.
    #[error("the token's claim `{claim}` is missing or not understood")]
    Claim {
        /// Name of the claim.
        claim: String,
    },
    /// A system's token that anybody could use who has it.
    #[error("the token of a system has to be bound to its client certificate (claim `cnf` with `x5t#S256`, RFC 8705)")]
    NotBound,
    /// Bound to a client certificate, and none was presented.
    #[error("the token is bound to a client certificate: connect over TLS with that certificate")]
    CertificateMissing,
    /// Bound to another client certificate than was presented.
    #[error("the token is bound to another client certificate than this connection's")]
    OtherCertificate,
    /// Several purposes, and none picked.
    #[error("say what the request is for: send `vnr-purpose` with one of {purposes}")]
    PurposeNeeded {
        /// What the token allows, with commas.
        purposes: String,
    },
    /// A purpose that the token lacks.
    #[error("the token is not for that purpose: it allows {purposes}")]
    PurposeNotHeld {
        /// What the token allows, with commas.
        purposes: String,
    },
    /// No purpose at all.
    #[error("`vnr-purpose` must be one of the token's purposes, such as response")]
    Purpose,
    /// No reference of a case, card or task.
    #[error(
        "`vnr-reference` must be the number of a case, card or task: one to 64 letters, digits, `-`, `_`, `.`, `/` or `:`"
    )]
    Reference,
    /// A header that may come once came again.
    #[error("the header `{header}` was sent more than once")]
    Repeated {
        /// Its name.
        header: &'static str,
    },
    /// Known, but not allowed by the policies.
    #[error(transparent)]
    Denied(#[from] Denied),
}

impl AccessError {
    /// Whether another token could help for the same person: it is not known who is asking.
    pub fn is_unauthenticated(&self) -> bool {
        !matches!(
            self,
            Self::Denied(_)
                | Self::PurposeNeeded { .. }
                | Self::PurposeNotHeld { .. }
                | Self::Purpose
                | Self::Reference
                | Self::Repeated { .. }
        )
    }

    /// Whether the same request may hold in a moment.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::KeysUnavailable)
    }
}

/// As every gRPC service says it: not now, not known, or not allowed.
impl From<AccessError> for Status {
    fn from(error: AccessError) -> Self {
        let code = if error.is_temporary() {
            Code::Unavailable
        } else if error.is_unauthenticated() {
            Code::Unauthenticated
        } else {
            Code::PermissionDenied
        };
        Self::new(code, error.to_string())
    }
}

/// Why a list of trusted issuers can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// Two entries with the same name.
    #[error("the issuer {iss} is listed twice: name each issuer once")]
    Twice {
        /// The issuer.
        iss: String,
    },
    /// A file can't be read.
    #[error("can't read {}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// No set of keys.
    #[error("{} is not a JWK set with at least one key for EdDSA, ES256, ES384, RS256 or PS256", path.display())]
    Keys {
        /// The file.
        path: PathBuf,
    },
    /// No address that keys can come from.
    #[error("the address of the keys of {iss} must be https://HOST/PATH or http://HOST/PATH, without a user's name")]
    Url {
        /// The issuer.
        iss: String,
    },
    /// No certificates of authorities.
    #[error("{} holds no certificate of an authority in PEM", path.display())]
    Authorities {
        /// The file.
        path: PathBuf,
    },
    /// TLS can't be set up.
    #[error("TLS for fetching keys can't be set up")]
    Tls(#[source] rustls::Error),
    /// Keys that change need somebody to look after them.
    #[error("keys from a file or an address need a Tokio runtime: make the verifier inside it")]
    NoRuntime,
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
