//! One key of a JWK set: what it is, and which algorithms it is for.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// What the algorithms are called in tokens and keys. There are no others.
const NAMES: [(&str, Algorithm); 5] = [
    ("EdDSA", Algorithm::EdDSA),
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
    ("RS256", Algorithm::RS256),
    ("PS256", Algorithm::PS256),
];
/// Below this RSA can be broken; above that nobody goes, and checking takes long.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

/// The algorithm of this name.
pub(crate) fn algorithm(name: &str) -> Option<Algorithm> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, algorithm)| *algorithm)
}

/// Why a key of a set is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyFault {
    #[error("it is not a JWK")]
    NotJwk,
    #[error("it is a shared secret: tokens are checked with public keys only")]
    Secret,
    #[error(
        "it holds the private key too: whoever reads the set can sign. Replace the key and publish its public half only"
    )]
    Private,
    #[error("its type, curve or algorithm is not for EdDSA, ES256, ES384, RS256 or PS256")]
    Unsupported,
    #[error("its numbers are not those of a key of its type")]
    Content,
    #[error("an RSA key must have 2048 to 4096 bits")]
    RsaSize,
    #[error("it has no `kid`, and it is not the only key")]
    NoId,
    #[error("another key of the set has the same `kid`")]
    SameId,
    #[error("the set has too many keys")]
    TooMany,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Jwk {
    kty: String,
    crv: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    kid: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    d: Option<Value>,
}

/// A public key, for the algorithms that it was made for.
pub(crate) struct VerifyingKey {
    pub(crate) id: Option<String>,
    /// Never empty.
    pub(crate) algorithms: Vec<Algorithm>,
    /// As it was published, to tell keys apart.
    pub(crate) material: String,
    key: DecodingKey,
}

impl VerifyingKey {
    /// The key for development.
    pub(crate) fn development(id: String, public: &[u8]) -> Self {
        let key = DecodingKey::from_ed_der(public);
        let material = URL_SAFE_NO_PAD.encode(public);
        Self { id: Some(id), algorithms: vec![Algorithm::EdDSA], material, key }
    }

    /// Reads a JWK; nothing where it is not for signatures.
    pub(crate) fn read(jwk: &Value) -> Result<Option<Self>, KeyFault> {
        let jwk = Jwk::deserialize(jwk).map_err(|_| KeyFault::NotJwk)?;
        let other_use = jwk.usage.as_deref().is_some_and(|usage| usage != "sig");
        let other_operations = jwk.key_ops.as_ref().is_some_and(|ops| !ops.iter().any(|op| op == "verify"));
        if other_use || other_operations {
            return Ok(None);
        }
        if jwk.kty == "oct" {
            return Err(KeyFault::Secret);
        }
        if jwk.d.is_some() {
            return Err(KeyFault::Private);
        }
        let (mut algorithms, key) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => (vec![Algorithm::EdDSA], ed25519(&jwk)?),
            ("EC", Some("P-256")) => (vec![Algorithm::ES256], elliptic(&jwk, 32)?),
            ("EC", Some("P-384")) => (vec![Algorithm::ES384], elliptic(&jwk, 48)?),
            ("RSA", None) => (vec![Algorithm::RS256, Algorithm::PS256], rsa(&jwk)?),
            _ => return Err(KeyFault::Unsupported),
        };
        if let Some(name) = &jwk.alg {
            let only = algorithm(name).ok_or(KeyFault::Unsupported)?;
            algorithms.retain(|algorithm| *algorithm == only);
        }
        let first = *algorithms.first().ok_or(KeyFault::Unsupported)?;
        // A point off its curve shows as soon as the key is put to use.
        jsonwebtoken::crypto::verify("", b"", &key, first).map_err(|_| KeyFault::Content)?;
        let material = [jwk.x, jwk.y, jwk.n, jwk.e].map(Option::unwrap_or_default).join(".");
        Ok(Some(Self { id: jwk.kid, algorithms, material, key }))
    }

    /// Whether this key signed the message.
    pub(crate) fn signed(&self, message: &str, signature: &str, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
            && jsonwebtoken::crypto::verify(signature, message.as_bytes(), &self.key, algorithm).unwrap_or(false)
    }
}

fn decoded(text: Option<&String>) -> Result<Vec<u8>, KeyFault> {
    let bytes = text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    bytes.filter(|bytes| !bytes.is_empty()).ok_or(KeyFault::Content)
}

fn ed25519(jwk: &Jwk) -> Result<DecodingKey, KeyFault> {
    let public = decoded(jwk.x.as_ref())?;
    if public.len() == 32 { Ok(DecodingKey::from_ed_der(&public)) } else { Err(KeyFault::Content) }
}

fn elliptic(jwk: &Jwk, width: usize) -> Result<DecodingKey, KeyFault> {
    let (x, y) = (decoded(jwk.x.as_ref())?, decoded(jwk.y.as_ref())?);
    if x.len() != width || y.len() != width {
        return Err(KeyFault::Content);
    }
    Ok(DecodingKey::from_ec_der(&[&[4], x.as_slice(), &y].concat()))
}

fn rsa(jwk: &Jwk) -> Result<DecodingKey, KeyFault> {
    let (n, e) = (decoded(jwk.n.as_ref())?, decoded(jwk.e.as_ref())?);
    let (n, e) = (without_zeros(&n), without_zeros(&e));
    let bits = n.first().map_or(0, |first| n.len() * 8 - first.leading_zeros() as usize);
    if !RSA_BITS.contains(&bits) {
        return Err(KeyFault::RsaSize);
    }
    let is_odd = e.last().is_some_and(|last| last % 2 == 1);
    if !is_odd || e == [1] || e.len() > 4 {
        return Err(KeyFault::Content);
    }
    Ok(DecodingKey::from_rsa_raw_components(n, e))
}

/// Some write a sign's byte before the number.
fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}
