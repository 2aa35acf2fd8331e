//! A set of keys, as an issuer publishes it (JWK set, RFC 7517).

use jsonwebtoken::Algorithm;
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::Value;

use super::jwk::{KeyFault, VerifyingKey};
use crate::error::AccessError;

/// No issuer has more at once.
const MOST_KEYS: usize = 64;

#[derive(Deserialize)]
struct Published {
    keys: Vec<Value>,
}

/// What is published is no set of keys.
#[derive(Debug, thiserror::Error)]
#[error("it is not a JWK set: a JSON object with a list `keys`")]
pub(crate) struct NotASet;

/// Keys that can be told apart.
#[derive(Default)]
pub(crate) struct KeySet {
    keys: Vec<VerifyingKey>,
}

impl KeySet {
    /// Just this one.
    pub(crate) fn of(key: VerifyingKey) -> Self {
        Self { keys: vec![key] }
    }

    /// Reads a set. What can't be used is left out, and told with its place.
    pub(crate) fn read(published: &[u8]) -> Result<(Self, Vec<(usize, KeyFault)>), NotASet> {
        let published: Published = serde_json::from_slice(published).map_err(|_| NotASet)?;
        let (mut set, mut faults) = (Self::default(), Vec::new());
        let mut places = Vec::new();
        for (place, jwk) in published.keys.iter().enumerate() {
            match VerifyingKey::read(jwk) {
                Ok(None) => {}
                Ok(Some(_)) if set.keys.len() == MOST_KEYS => faults.push((place, KeyFault::TooMany)),
                Ok(Some(key)) if set.has_like(&key) => faults.push((place, KeyFault::SameId)),
                Ok(Some(key)) => {
                    set.keys.push(key);
                    places.push(place);
                }
                Err(fault) => faults.push((place, fault)),
            }
        }
        if set.keys.len() > 1 {
            let nameless = set.keys.iter().zip(&places).filter(|(key, _)| key.id.is_none());
            faults.extend(nameless.map(|(_, place)| (*place, KeyFault::NoId)));
        }
        Ok((set, faults))
    }

    fn has_like(&self, key: &VerifyingKey) -> bool {
        let like = |known: &&VerifyingKey| known.id.is_some() && known.id == key.id;
        let known = self.keys.iter().filter(like).flat_map(|known| &known.algorithms);
        known.into_iter().any(|algorithm| key.algorithms.contains(algorithm))
    }

    /// Whether no token can hold.
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The key that a token's header means. It says which key; what the key is for, the key says.
    pub(crate) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Result<&VerifyingKey, AccessError> {
        if id.is_none() && self.keys.len() > 1 {
            return Err(AccessError::KeyIdMissing);
        }
        let mut meant = self.keys.iter().filter(|key| id.is_none() || key.id.as_deref() == id).peekable();
        if meant.peek().is_none() {
            return Err(AccessError::UnknownKey);
        }
        meant.find(|key| key.algorithms.contains(&algorithm)).ok_or(AccessError::Algorithm)
    }

    /// The same for sets with the same keys, in whatever order.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        let told = |key: &VerifyingKey| format!("{:?} {:?} {}", key.id, key.algorithms, key.material);
        let mut keys: Vec<String> = self.keys.iter().map(told).collect();
        keys.sort_unstable();
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest(&SHA256, keys.join("\n").as_bytes()).as_ref());
        fingerprint
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn okp(id: &str, x: &str) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "kid": id, "x": x})
    }

    /// The public key of RFC 8037.
    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn faults(keys: Value) -> Vec<(usize, KeyFault)> {
        KeySet::read(json!({ "keys": keys }).to_string().as_bytes()).expect("a set").1
    }

    #[test]
    fn a_bad_key_does_not_spoil_the_others() {
        let encryption = json!({"kty": "RSA", "use": "enc", "n": "AQ", "e": "AQAB"});
        let elsewhere = json!({"kty": "OKP", "crv": "Ed25519", "kid": "d", "x": X, "alg": "ES256"});
        let private = json!({"kty": "OKP", "crv": "Ed25519", "kid": "p", "x": X, "d": "AA"});
        let short = json!({"kty": "RSA", "kid": "r", "n": "z".repeat(172), "e": "AQAB"});
        let off = json!({"kty": "EC", "crv": "P-256", "kid": "o", "x": X, "y": X});
        let keys = json!([okp("a", X), 7, encryption, {"kty": "oct", "k": "AA"}, okp("b", "AA"), elsewhere, private, short, off]);
        let found = faults(keys);
        let expected = [
            (1, KeyFault::NotJwk),
            (3, KeyFault::Secret),
            (4, KeyFault::Content),
            (5, KeyFault::Unsupported),
            (6, KeyFault::Private),
            (7, KeyFault::RsaSize),
            (8, KeyFault::Content),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn keys_of_a_set_are_told_apart_by_name() {
        let nameless = json!({"kty": "OKP", "crv": "Ed25519", "x": X});
        assert_eq!(faults(json!([nameless])), []);
        assert_eq!(faults(json!([okp("a", X), nameless])), [(1, KeyFault::NoId)]);
        assert_eq!(faults(json!([okp("a", X), okp("a", X)])), [(1, KeyFault::SameId)]);
    }

    #[test]
    fn the_order_of_keys_makes_no_other_set() {
        let read = |keys: Value| KeySet::read(json!({ "keys": keys }).to_string().as_bytes()).expect("a set").0;
        let (one, two) = (read(json!([okp("a", X), okp("b", X)])), read(json!([okp("b", X), okp("a", X)])));
        assert_eq!(one.fingerprint(), two.fingerprint());
        assert_ne!(one.fingerprint(), read(json!([okp("a", X)])).fingerprint());
        assert!(KeySet::read(b"[]").is_err());
        assert!(read(json!([])).is_empty());
    }
}
