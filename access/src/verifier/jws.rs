//! The parts of a token (JWS, RFC 7515).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::error::AccessError;
use crate::keys::algorithm;

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    /// What must be understood; nothing of it is.
    #[serde(default)]
    crit: Option<IgnoredAny>,
}

/// A token taken apart; nothing of it has been checked.
pub(super) struct Jws<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
    pub(super) signed: &'a str,
    pub(super) signature: &'a str,
    pub(super) payload: Vec<u8>,
}

impl<'a> Jws<'a> {
    pub(super) fn parse(token: &'a str) -> Result<Self, AccessError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(AccessError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(AccessError::Malformed)?;
        let decoded = |part| URL_SAFE_NO_PAD.decode(part).map_err(|_| AccessError::Malformed);
        let header: Header = serde_json::from_slice(&decoded(header)?).map_err(|_| AccessError::Malformed)?;
        if header.crit.is_some() {
            return Err(AccessError::Malformed);
        }
        let algorithm = algorithm(&header.alg).ok_or(AccessError::Algorithm)?;
        Ok(Self { algorithm, key_id: header.kid, signed, signature, payload: decoded(payload)? })
    }
}
