//! Tokens for development: JWT with EdDSA.

use std::fmt;

use chrono::Utc;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use crate::error::KeyError;
use crate::key::DevelopmentKey;
use crate::principal::{Institution, Principal, Purpose, Role, Territory};

/// Who issues tokens for development.
pub(crate) const ISSUER: &str = "vnr-development";
/// Whom they are for.
pub(crate) const AUDIENCE: &str = "vnr";

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    iat: i64,
    exp: i64,
    institution: &'a Institution,
    roles: &'a [Role],
    trained: bool,
    purposes: &'a [Purpose],
    territories: &'a [Territory],
}

/// Issues tokens for development and tests; in production an institution's identity provider does.
pub struct TokenIssuer {
    key: EncodingKey,
    key_id: String,
}

impl TokenIssuer {
    /// Signs with this key.
    pub fn new(key: &DevelopmentKey) -> Self {
        Self { key: EncodingKey::from_ed_der(key.pkcs8()), key_id: key.id() }
    }

    /// The token that says what this principal is, until it expires.
    ///
    /// # Errors
    /// The key does not sign.
    pub fn issue(&self, principal: &Principal) -> Result<String, KeyError> {
        let claims = Claims {
            iss: ISSUER,
            aud: AUDIENCE,
            sub: &principal.subject,
            iat: Utc::now().timestamp(),
            exp: principal.expires_at.timestamp(),
            institution: &principal.institution,
            roles: &principal.roles,
            trained: principal.trained,
            purposes: &principal.purposes,
            territories: &principal.territories,
        };
        let header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, &claims, &self.key).map_err(|_| KeyError::Signing)
    }
}

impl fmt::Debug for TokenIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenIssuer(***)")
    }
}
