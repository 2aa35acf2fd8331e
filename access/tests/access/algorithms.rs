//! How a token may be signed: as its key says, whatever the token says.

use access::{AccessError, TokenVerifier, TrustError, TrustedIssuer, VerifierOptions};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::hmac;
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};

use crate::signer::{AUDIENCE, ISSUER, Signer, claims, rsa_key, signed_part};
use crate::{Folder, verify};

/// Trusts an issuer that publishes these keys.
fn trusting(keys: &[Value]) -> (TokenVerifier, Folder) {
    let folder = Folder::new("algorithms");
    let path = folder.put("keys.json", json!({ "keys": keys }).to_string());
    let issuer = TrustedIssuer::jwks_file(ISSUER, AUDIENCE, path);
    (TokenVerifier::of(vec![issuer], VerifierOptions::default()).expect("a verifier"), folder)
}

#[tokio::test]
async fn each_algorithm_holds_with_a_key_made_for_it() {
    let signers = [Signer::ed25519("ed"), Signer::p256("p256"), Signer::p384("p384"), Signer::rsa("rsa")];
    let keys: Vec<Value> = signers.iter().map(Signer::jwk).collect();
    let (verifier, _folder) = trusting(&keys);
    for signer in &signers {
        assert!(verify(&verifier, &signer.token()).await.is_ok(), "{}", signer.algorithm());
        // With the name of another key it is not the same token any more.
        let other = if signer.id == "ed" { "p256" } else { "ed" };
        let named = signer.sign(&json!({"alg": signer.algorithm(), "kid": other}), &claims());
        assert_eq!(verify(&verifier, &named).await, Err(AccessError::Algorithm), "{}", signer.algorithm());
    }
    let [.., rsa] = &signers;
    let padded = rsa.sign(&json!({"alg": "PS256", "kid": "rsa"}), &claims());
    assert!(verify(&verifier, &padded).await.is_ok());
    let mislabelled = padded.replacen(
        &BASE64.encode(json!({"alg": "PS256", "kid": "rsa"}).to_string()),
        &BASE64.encode(json!({"alg": "RS256", "kid": "rsa"}).to_string()),
        1,
    );
    assert_eq!(verify(&verifier, &mislabelled).await, Err(AccessError::Signature));

    // A key that says what it is for is for nothing else.
    let mut only = rsa.jwk();
    only["alg"] = json!("RS256");
    let (verifier, _folder) = trusting(&[only]);
    assert!(verify(&verifier, &rsa.token()).await.is_ok());
    assert_eq!(verify(&verifier, &padded).await, Err(AccessError::Algorithm));
}

#[tokio::test]
async fn a_public_key_is_never_a_shared_secret() {
    let signer = Signer::ed25519("one");
    let jwk = signer.jwk();
    let (verifier, _folder) = trusting(std::slice::from_ref(&jwk));
    let text = jwk["x"].as_str().expect("the key").to_owned();
    let signed = signed_part(&json!({"alg": "HS256", "kid": "one"}), &claims());
    for secret in [BASE64.decode(&text).expect("base64"), text.into_bytes(), jwk.to_string().into_bytes()] {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), signed.as_bytes());
        let forged = format!("{signed}.{}", BASE64.encode(tag));
        assert_eq!(verify(&verifier, &forged).await, Err(AccessError::Algorithm));
    }
    assert_eq!(verifier.signatures_checked(), 0);
}

#[tokio::test]
async fn a_token_without_a_signature_does_not_hold() {
    let signer = Signer::ed25519("one");
    let (verifier, _folder) = trusting(&[signer.jwk()]);
    for name in ["none", "None", "nOnE", "HS512", "RS512", "ES512", "eddsa", ""] {
        let unsigned = signed_part(&json!({"alg": name, "kid": "one"}), &claims());
        assert_eq!(verify(&verifier, &format!("{unsigned}.")).await, Err(AccessError::Algorithm), "{name}");
        let signed = signer.sign(&json!({"alg": name, "kid": "one"}), &claims());
        assert_eq!(verify(&verifier, &signed).await, Err(AccessError::Algorithm), "{name}");
    }
    let nothing = signed_part(&json!({"kid": "one"}), &claims());
    assert_eq!(verify(&verifier, &format!("{nothing}.")).await, Err(AccessError::Malformed));
}

#[tokio::test]
async fn the_header_does_not_choose_the_algorithm_of_a_key() {
    let (rsa, curve) = (Signer::rsa("one"), Signer::p256("one"));
    let (verifier, _folder) = trusting(&[curve.jwk()]);
    assert_eq!(verify(&verifier, &rsa.token()).await, Err(AccessError::Algorithm));
    let nameless = rsa.sign(&json!({"alg": "RS256"}), &claims());
    assert_eq!(verify(&verifier, &nameless).await, Err(AccessError::Algorithm));
    let posing = rsa.sign(&json!({"alg": "ES256", "kid": "one"}), &claims());
    assert_eq!(verify(&verifier, &posing).await, Err(AccessError::Signature));
    // What the header brings along is not looked at.
    let stranger = Signer::p256("one");
    let header = json!({"alg": "ES256", "kid": "one", "jwk": stranger.jwk(), "jku": "https://idp.example/mine"});
    assert_eq!(verify(&verifier, &stranger.sign(&header, &claims())).await, Err(AccessError::Signature));
    let critical = json!({"alg": "ES256", "kid": "one", "crit": ["b64"], "b64": true});
    assert_eq!(verify(&verifier, &curve.sign(&critical, &claims())).await, Err(AccessError::Malformed));
}

#[tokio::test]
async fn a_key_is_named_where_there_are_several() {
    let (one, two) = (Signer::ed25519("one"), Signer::ed25519("two"));
    let nameless = one.sign(&json!({"alg": "EdDSA"}), &claims());
    let (verifier, _folder) = trusting(&[one.jwk()]);
    assert!(verify(&verifier, &nameless).await.is_ok());
    let (verifier, _folder) = trusting(&[one.jwk(), two.jwk()]);
    assert_eq!(verify(&verifier, &nameless).await, Err(AccessError::KeyIdMissing));
    assert!(verify(&verifier, &one.token()).await.is_ok());
    assert_eq!(verify(&verifier, &Signer::ed25519("three").token()).await, Err(AccessError::UnknownKey));
}

#[tokio::test]
async fn keys_that_are_weak_or_for_something_else_are_left_out() {
    let short = rsa_key(1024);
    let weak = json!({"kty": "RSA", "kid": "weak", "n": BASE64.encode(short.n().to_bytes_be()),
        "e": BASE64.encode(short.e().to_bytes_be())});
    let (good, encrypting) = (Signer::p384("good"), Signer::p256("encrypting"));
    let mut other = encrypting.jwk();
    other["use"] = json!("enc");
    let (verifier, _folder) = trusting(&[json!("nonsense"), weak.clone(), other, good.jwk()]);
    assert!(verify(&verifier, &good.token()).await.is_ok());
    assert_eq!(verify(&verifier, &encrypting.token()).await, Err(AccessError::UnknownKey));
    let named = good.sign(&json!({"alg": "RS256", "kid": "weak"}), &claims());
    assert_eq!(verify(&verifier, &named).await, Err(AccessError::UnknownKey));

    let folder = Folder::new("weak");
    for content in [json!({ "keys": [weak] }).to_string(), "{}".to_owned()] {
        let issuer = TrustedIssuer::jwks_file(ISSUER, AUDIENCE, folder.put("keys.json", content));
        let refused = TokenVerifier::of(vec![issuer], VerifierOptions::default()).expect_err("no key");
        assert!(matches!(refused, TrustError::Keys { .. }), "{refused}");
    }
}
