//! What a token says, one claim after another, so that a refusal can name the one that is wrong.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::AccessError;
use crate::principal::{Principal, Purpose, Reference, Role, Territory};

/// Claims as they came.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Claims {
    iss: Value,
    aud: Value,
    sub: Value,
    exp: Value,
    nbf: Value,
    iat: Value,
    institution: Value,
    roles: Value,
    trained: Value,
    purposes: Value,
    territories: Value,
    cnf: Value,
}

/// What is asked of a token beside its signature.
pub(super) struct Expected<'a> {
    pub(super) aud: &'a str,
    pub(super) now: i64,
    pub(super) skew: i64,
    pub(super) longest_life: Duration,
    pub(super) systems_bound: bool,
}

/// Who holds a token, and with which certificate.
pub(crate) struct Holder {
    /// In the first of their purposes.
    principal: Principal,
    /// SHA-256 of the certificate that the token is bound to.
    certificate: Option<[u8; 32]>,
    /// Seconds since 1970.
    pub(crate) expires: i64,
}

impl Claims {
    pub(super) fn read(payload: &[u8]) -> Result<Self, AccessError> {
        serde_json::from_slice(payload).map_err(|_| AccessError::Malformed)
    }

    /// Who says that they issued it.
    pub(super) fn iss(&self) -> Option<&str> {
        self.iss.as_str()
    }

    /// Whose it is, once its signature is known to be the issuer's.
    pub(super) fn holder(self, expected: &Expected<'_>) -> Result<Holder, AccessError> {
        if !self.is_for(expected.aud) {
            return Err(AccessError::OtherIssuer);
        }
        let expires = self.check_times(expected)?;
        let certificate = thumbprint(&self.cnf)?;
        let subject: String = understood("sub", self.sub)?;
        if subject.trim().is_empty() || subject.chars().count() > 128 {
            return Err(wrong("sub"));
        }
        let roles: Vec<Role> = understood("roles", self.roles)?;
        if roles.is_empty() {
            return Err(wrong("roles"));
        }
        if expected.systems_bound && roles.contains(&Role::System) && certificate.is_none() {
            return Err(AccessError::NotBound);
        }
        let mut purposes: Vec<Purpose> = understood("purposes", self.purposes)?;
        purposes.sort_unstable();
        purposes.dedup();
        let purpose = *purposes.first().ok_or_else(|| wrong("purposes"))?;
        let institution = understood("institution", self.institution)?;
        let expires_at = DateTime::from_timestamp(expires, 0).ok_or_else(|| wrong("exp"))?;
        let mut territories: Vec<Territory> = if_there("territories", self.territories)?.unwrap_or_default();
        territories.sort_unstable();
        territories.dedup();
        let mut principal = Principal::new(subject, institution, roles, purpose, expires_at);
        principal.trained = if_there("trained", self.trained)?.unwrap_or(false);
        principal.purposes = purposes;
        principal.territories = territories;
        Ok(Holder { principal, certificate, expires })
    }

    fn is_for(&self, audience: &str) -> bool {
        match &self.aud {
            Value::String(one) => one == audience,
            Value::Array(several) => several.iter().any(|one| one.as_str() == Some(audience)),
            _ => false,
        }
    }

    /// When it ends, where it holds now.
    fn check_times(&self, expected: &Expected<'_>) -> Result<i64, AccessError> {
        let expires = moment("exp", &self.exp)?.ok_or_else(|| wrong("exp"))?;
        if expected.now > expires.saturating_add(expected.skew) {
            return Err(AccessError::Expired);
        }
        let issued = moment("iat", &self.iat)?;
        for begin in [moment("nbf", &self.nbf)?, issued].into_iter().flatten() {
            if begin > expected.now.saturating_add(expected.skew) {
                return Err(AccessError::NotYet);
            }
        }
        let longest = expected.longest_life.as_secs();
        let life = expires.saturating_sub(issued.unwrap_or(expected.now));
        if life > i64::try_from(longest).unwrap_or(i64::MAX) {
            return Err(AccessError::LivesTooLong { seconds: longest });
        }
        Ok(expires)
    }
}

impl Holder {
    #[cfg(test)]
    pub(super) fn unbound(principal: Principal) -> Self {
        Self { expires: principal.expires_at.timestamp(), principal, certificate: None }
    }

    /// Whether who presents the token may: it is bound to no certificate, or to theirs.
    pub(crate) fn confirm(&self, presented: Option<&[u8; 32]>) -> Result<(), AccessError> {
        match (&self.certificate, presented) {
            (None, _) => Ok(()),
            (Some(_), None) => Err(AccessError::CertificateMissing),
            (Some(bound), Some(presented)) if bound == presented => Ok(()),
            (Some(_), Some(_)) => Err(AccessError::OtherCertificate),
        }
    }

    /// Who it is in the purpose asked for.
    pub(crate) fn acting(&self, purpose: Option<&str>, reference: Option<&str>) -> Result<Principal, AccessError> {
        let held = &self.principal.purposes;
        let names = || held.iter().map(|purpose| purpose.name()).collect::<Vec<_>>().join(", ");
        let purpose = match purpose.map(str::trim) {
            None if held.len() == 1 => self.principal.purpose,
            None => return Err(AccessError::PurposeNeeded { purposes: names() }),
            Some(name) => {
                let asked = held.iter().find(|purpose| purpose.name() == name);
                *asked.ok_or_else(|| AccessError::PurposeNotHeld { purposes: names() })?
            }
        };
        let reference = reference.map(|text| Reference::parse(text.trim())).transpose();
        let reference = reference.map_err(|_| AccessError::Reference)?;
        Ok(Principal { purpose, reference, ..self.principal.clone() })
    }
}

/// A moment, in seconds since 1970, of which there may be fractions.
fn moment(claim: &str, value: &Value) -> Result<Option<i64>, AccessError> {
    match value {
        Value::Null => Ok(None),
        Value::Number(number) => {
            let seconds = number.as_i64().or_else(|| number.as_f64().map(|seconds| seconds.floor() as i64));
            seconds.map(Some).ok_or_else(|| wrong(claim))
        }
        _ => Err(wrong(claim)),
    }
}

/// What the token is bound to. Any other way to be bound is one that can't be checked, so the token does not hold.
fn thumbprint(cnf: &Value) -> Result<Option<[u8; 32]>, AccessError> {
    if cnf.is_null() {
        return Ok(None);
    }
    let text = cnf.get("x5t#S256").and_then(Value::as_str).ok_or_else(|| wrong("cnf"))?;
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong("cnf"))?;
    Ok(Some(bytes.try_into().map_err(|_| wrong("cnf"))?))
}

fn wrong(claim: &str) -> AccessError {
    AccessError::Claim { claim: claim.into() }
}

fn understood<T: DeserializeOwned>(claim: &str, value: Value) -> Result<T, AccessError> {
    serde_json::from_value(value).map_err(|_| wrong(claim))
}

fn if_there<T: DeserializeOwned>(claim: &str, value: Value) -> Result<Option<T>, AccessError> {
    if value.is_null() { Ok(None) } else { understood(claim, value).map(Some) }
}
