//! Tokens: JWT with EdDSA, and nothing else.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use ring::digest;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{AccessError, KeyError};
use crate::key::DevelopmentKey;
use crate::principal::{Institution, Principal, Purpose, Role, Territory};

const ISSUER: &str = "vnr-development";
const AUDIENCE: &str = "vnr";
/// How far the clocks of two machines may be apart.
const LEEWAY: Duration = Duration::from_secs(30);
/// Tokens remembered as checked. Checking costs some 100 µs, as much as a command.
const REMEMBERED: usize = 4096;
/// Beyond this it is no token of ours.
const LONGEST: usize = 4096;

/// What we write.
#[derive(Serialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    iat: i64,
    exp: i64,
    institution: Institution,
    roles: Vec<Role>,
    trained: bool,
    purposes: Vec<Purpose>,
    territories: Vec<Territory>,
}

/// What we read: our own claims one by one, so that a refusal can name the one that is wrong.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Presented {
    sub: String,
    exp: i64,
    institution: Value,
    roles: Value,
    trained: bool,
    purposes: Value,
    territories: Vec<Territory>,
}

/// Issues tokens for development and tests; in production an institution's identity provider does.
pub struct TokenIssuer {
    key: EncodingKey,
}

impl TokenIssuer {
    /// Signs with this key.
    pub fn new(key: &DevelopmentKey) -> Self {
        Self { key: EncodingKey::from_ed_der(key.pkcs8()) }
    }

    /// The token that says what this principal is, until it expires.
    ///
    /// # Errors
    /// The key does not sign.
    pub fn issue(&self, principal: &Principal) -> Result<String, KeyError> {
        let claims = Claims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: principal.subject.clone(),
            iat: Utc::now().timestamp(),
            exp: principal.expires_at.timestamp(),
            institution: principal.institution.clone(),
            roles: principal.roles.clone(),
            trained: principal.trained,
            purposes: principal.purposes.clone(),
            territories: principal.territories.clone(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &self.key).map_err(|_| KeyError::Signing)
    }
}

impl fmt::Debug for TokenIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenIssuer(***)")
    }
}

/// Checks tokens. Clones share what they have checked.
#[derive(Clone)]
pub struct TokenVerifier {
    shared: Arc<Shared>,
}

struct Shared {
    key: DecodingKey,
    validation: Validation,
    /// By the token's SHA-256: the token itself is not kept.
    checked: Mutex<HashMap<[u8; 32], Principal>>,
}

impl TokenVerifier {
    /// Trusts this key.
    pub fn new(key: &DevelopmentKey) -> Self {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.leeway = LEEWAY.as_secs();
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let key = DecodingKey::from_ed_der(key.public());
        Self { shared: Arc::new(Shared { key, validation, checked: Mutex::default() }) }
    }

    /// Whose token it is.
    ///
    /// # Errors
    /// Says why it does not hold.
    pub fn verify(&self, token: &str) -> Result<Principal, AccessError> {
        if token.len() > LONGEST {
            return Err(AccessError::Malformed);
        }
        let digest = sha256(token);
        let known = self.checked().get(&digest).cloned();
        if let Some(principal) = known {
            let over = Utc::now() > principal.expires_at + LEEWAY;
            return if over { Err(AccessError::Expired) } else { Ok(principal) };
        }
        let principal = self.check(token)?;
        let mut checked = self.checked();
        if checked.len() >= REMEMBERED {
            checked.clear();
        }
        checked.insert(digest, principal.clone());
        Ok(principal)
    }

    fn checked(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Principal>> {
        self.shared.checked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self, token: &str) -> Result<Principal, AccessError> {
        let decoded = jsonwebtoken::decode::<Presented>(token, &self.shared.key, &self.shared.validation);
        let claims = decoded.map_err(|error| refusal(error.kind()))?.claims;
        if claims.sub.trim().is_empty() || claims.sub.chars().count() > 128 {
            return Err(wrong("sub"));
        }
        let mut roles: Vec<Role> = understood("roles", claims.roles)?;
        roles.sort_unstable();
        roles.dedup();
        if roles.is_empty() {
            return Err(wrong("roles"));
        }
        let purposes: Vec<Purpose> = understood("purposes", claims.purposes)?;
        let purpose = *purposes.first().ok_or_else(|| wrong("purposes"))?;
        let institution = understood("institution", claims.institution)?;
        let expires_at = DateTime::from_timestamp(claims.exp, 0).ok_or_else(|| wrong("exp"))?;
        let mut principal = Principal::new(claims.sub, institution, roles, purpose, expires_at);
        principal.trained = claims.trained;
        principal.purposes = purposes;
        principal.territories = claims.territories;
        Ok(principal)
    }
}

impl fmt::Debug for TokenVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenVerifier")
    }
}

fn sha256(token: &str) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    digest
}

fn refusal(kind: &ErrorKind) -> AccessError {
    match kind {
        ErrorKind::ExpiredSignature => AccessError::Expired,
        ErrorKind::InvalidSignature => AccessError::Signature,
        ErrorKind::InvalidIssuer | ErrorKind::InvalidAudience => AccessError::OtherIssuer,
        ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) => {
            AccessError::Claim { claim: claim.clone() }
        }
        _ => AccessError::Malformed,
    }
}

fn wrong(claim: &str) -> AccessError {
    AccessError::Claim { claim: claim.into() }
}

fn understood<T: DeserializeOwned>(claim: &str, value: Value) -> Result<T, AccessError> {
    serde_json::from_value(value).map_err(|_| wrong(claim))
}
