//! An identity provider's keys. They sign with another library than checks, and whatever they are given.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chrono::Utc;
use ring::rand::SystemRandom;
use ring::rsa::KeyPair as RsaKeyPair;
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://idp.example/vp";
pub(crate) const AUDIENCE: &str = "vnr-register";

enum Pair {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>, Value),
}

pub(crate) struct Signer {
    pub(crate) id: String,
    pair: Pair,
}

impl Signer {
    pub(crate) fn ed25519(id: &str) -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).expect("a key pair");
        Self { id: id.into(), pair: Pair::Ed25519(pair) }
    }

    pub(crate) fn p256(id: &str) -> Self {
        Self { id: id.into(), pair: Pair::P256(elliptic(&signature::ECDSA_P256_SHA256_FIXED_SIGNING)) }
    }

    pub(crate) fn p384(id: &str) -> Self {
        Self { id: id.into(), pair: Pair::P384(elliptic(&signature::ECDSA_P384_SHA384_FIXED_SIGNING)) }
    }

    pub(crate) fn rsa(id: &str) -> Self {
        let key = rsa_key(2048);
        let members = json!({"n": BASE64.encode(key.n().to_bytes_be()), "e": BASE64.encode(key.e().to_bytes_be())});
        let der = key.to_pkcs1_der().expect("its DER");
        let pair = RsaKeyPair::from_der(der.as_bytes()).expect("a key pair");
        Self { id: id.into(), pair: Pair::Rsa(Box::new(pair), members) }
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Ed25519(_) => "EdDSA",
            Pair::P256(_) => "ES256",
            Pair::P384(_) => "ES384",
            Pair::Rsa(..) => "RS256",
        }
    }

    /// The public key, as it is published.
    pub(crate) fn jwk(&self) -> Value {
        let curve = |name, pair: &EcdsaKeyPair| {
            let point = &pair.public_key().as_ref()[1..];
            let (x, y) = point.split_at(point.len() / 2);
            json!({"kty": "EC", "crv": name, "x": BASE64.encode(x), "y": BASE64.encode(y)})
        };
        let mut jwk = match &self.pair {
            Pair::Ed25519(pair) => json!({"kty": "OKP", "crv": "Ed25519", "x": BASE64.encode(pair.public_key())}),
            Pair::P256(pair) => curve("P-256", pair),
            Pair::P384(pair) => curve("P-384", pair),
            Pair::Rsa(_, members) => json!({"kty": "RSA", "n": members["n"], "e": members["e"]}),
        };
        jwk["kid"] = json!(self.id);
        jwk["use"] = json!("sig");
        jwk
    }

    /// A good token.
    pub(crate) fn token(&self) -> String {
        self.sign(&self.header(), &claims())
    }

    /// A token that says this.
    pub(crate) fn token_of(&self, claims: &Value) -> String {
        self.sign(&self.header(), claims)
    }

    pub(crate) fn header(&self) -> Value {
        json!({"alg": self.algorithm(), "typ": "JWT", "kid": self.id})
    }

    /// Signs what it is given; an RSA key in the way that the header says.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = signed_part(header, claims);
        let (message, random) = (signed.as_bytes(), SystemRandom::new());
        let signature = match &self.pair {
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::P256(pair) | Pair::P384(pair) => pair.sign(&random, message).expect("signed").as_ref().to_vec(),
            Pair::Rsa(pair, _) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let padding: &dyn signature::RsaEncoding =
                    if header["alg"] == "PS256" { &signature::RSA_PSS_SHA256 } else { &signature::RSA_PKCS1_SHA256 };
                pair.sign(padding, &random, message, &mut signature).expect("signed");
                signature
            }
        };
        format!("{signed}.{}", BASE64.encode(signature))
    }
}

pub(crate) fn signed_part(header: &Value, claims: &Value) -> String {
    format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()))
}

fn elliptic(algorithm: &'static signature::EcdsaSigningAlgorithm) -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
    EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).expect("a key pair")
}

pub(crate) fn rsa_key(bits: usize) -> rsa::RsaPrivateKey {
    rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, bits).expect("a key")
}

/// Claims that hold.
pub(crate) fn claims() -> Value {
    let now = Utc::now().timestamp();
    json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "a.berzins", "iat": now, "exp": now + 3600, "institution": "VP",
        "roles": ["officer"], "trained": true, "purposes": ["response"]})
}

/// Those with one that is different.
pub(crate) fn claims_with(claim: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[claim] = value;
    claims
}

/// What an issuer with these keys publishes.
pub(crate) fn jwks(signers: &[&Signer]) -> String {
    json!({"keys": signers.iter().map(|signer| signer.jwk()).collect::<Vec<_>>()}).to_string()
}
