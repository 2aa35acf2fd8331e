//! Tokens as they arrive: good ones, and each way to be bad.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use access::{
    AccessError, Authenticated, DevelopmentKey, Institution, KeyError, Presented, Principal, Purpose, Role,
    TokenIssuer, TokenVerifier, TrustError, TrustedIssuer, VerifierOptions,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tonic::metadata::MetadataMap;

use crate::signer::{AUDIENCE, ISSUER, Signer, claims, claims_with, jwks};
use crate::{Folder, verify};

fn whole_seconds(time: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(time.timestamp(), 0).expect("a time")
}

fn officer(expires_in: TimeDelta) -> Principal {
    let institution = Institution::parse("VP").expect("a code");
    let roles = vec![Role::Officer, Role::Supervisor];
    Principal::new("a.berzins", institution, roles, Purpose::Investigation, whole_seconds(Utc::now() + expires_in))
}

fn pair() -> (TokenIssuer, TokenVerifier) {
    let key = DevelopmentKey::ephemeral().expect("a key");
    (TokenIssuer::new(&key), TokenVerifier::new(&key))
}

/// A key of an identity provider, and who trusts it.
fn trusted(change: impl FnOnce(TrustedIssuer) -> TrustedIssuer) -> (Signer, TokenVerifier, Folder) {
    let (signer, folder) = (Signer::ed25519("one"), Folder::new("trusted"));
    let path = folder.put("keys.json", jwks(&[&signer]));
    let issuer = change(TrustedIssuer::jwks_file(ISSUER, AUDIENCE, path));
    (signer, TokenVerifier::of(vec![issuer], VerifierOptions::default()).expect("a verifier"), folder)
}

#[tokio::test]
async fn a_token_brings_back_who_it_was_issued_for() {
    let (issuer, verifier) = pair();
    let officer = officer(TimeDelta::hours(8));
    let token = issuer.issue(&officer).expect("a token");
    for _ in 0..2 {
        assert_eq!(verify(&verifier, &token).await.expect("it holds"), officer);
    }
    let mut metadata = MetadataMap::new();
    metadata.insert("authorization", format!("Bearer {token}").parse().expect("a header"));
    let Authenticated(principal) =
        verifier.authenticate(Presented::in_metadata(&metadata).expect("text")).await.expect("it holds");
    assert_eq!(principal.role_names(), "officer,supervisor");
}

#[tokio::test]
async fn a_token_of_another_key_does_not_hold() {
    let (issuer, _) = pair();
    let (_, verifier) = pair();
    let token = issuer.issue(&officer(TimeDelta::hours(8))).expect("a token");
    assert_eq!(verify(&verifier, &token).await, Err(AccessError::UnknownKey));
}

#[tokio::test]
async fn an_expired_token_has_thirty_seconds_of_grace() {
    let (issuer, verifier) = pair();
    let just = issuer.issue(&officer(TimeDelta::seconds(-20))).expect("a token");
    assert!(verify(&verifier, &just).await.is_ok());
    let over = issuer.issue(&officer(TimeDelta::seconds(-40))).expect("a token");
    assert_eq!(verify(&verifier, &over).await, Err(AccessError::Expired));
}

#[tokio::test]
async fn a_header_that_brings_no_token_is_told_apart() {
    let (_, verifier) = pair();
    for (authorization, expected) in [
        (None, AccessError::Missing),
        (Some("Basic dXNlcg=="), AccessError::NotBearer),
        (Some("Bearer"), AccessError::NotBearer),
        (Some("Bearer nonsense"), AccessError::Malformed),
        (Some("Bearer a.b.c"), AccessError::Malformed),
    ] {
        let presented = Presented { authorization, ..Presented::default() };
        let refused = verifier.authenticate(presented).await.map(|_| ()).expect_err("refused");
        assert_eq!(refused, expected);
        assert!(refused.is_unauthenticated());
    }
}

#[tokio::test]
async fn each_claim_is_required() {
    let (signer, verifier, _folder) = trusted(|issuer| issuer);
    assert!(verify(&verifier, &signer.token()).await.is_ok());
    for (claim, value) in [
        ("sub", json!(" ")),
        ("sub", json!(7)),
        ("exp", json!("tomorrow")),
        ("nbf", json!("yesterday")),
        ("roles", json!([])),
        ("roles", json!(["king"])),
        ("purposes", json!([])),
        ("purposes", json!(["curiosity"])),
        ("institution", json!("")),
        ("trained", json!("yes")),
        ("territories", json!(["Rīga"])),
    ] {
        let refused = verify(&verifier, &signer.token_of(&claims_with(claim, value))).await.expect_err(claim);
        assert_eq!(refused, AccessError::Claim { claim: claim.into() });
    }
    for claim in ["exp", "sub", "institution", "roles", "purposes"] {
        let refused = verify(&verifier, &signer.token_of(&claims_with(claim, Value::Null))).await.expect_err(claim);
        assert_eq!(refused, AccessError::Claim { claim: claim.into() });
    }
}

#[tokio::test]
async fn a_token_of_another_issuer_or_for_another_register_does_not_hold() {
    let (signer, verifier, _folder) = trusted(|issuer| issuer);
    for (claim, value) in [
        ("iss", json!("https://idp.example/other")),
        ("iss", json!(null)),
        ("aud", json!("another")),
        ("aud", json!(["another", "third"])),
        ("aud", json!(null)),
    ] {
        let refused = verify(&verifier, &signer.token_of(&claims_with(claim, value))).await;
        assert_eq!(refused, Err(AccessError::OtherIssuer));
    }
    let several = claims_with("aud", json!(["another", AUDIENCE]));
    assert!(verify(&verifier, &signer.token_of(&several)).await.is_ok());
}

#[tokio::test]
async fn what_was_changed_does_not_hold() {
    let (signer, verifier, _folder) = trusted(|issuer| issuer);
    let (token, promoted) = (signer.token(), signer.token_of(&claims_with("roles", json!(["supervisor"]))));
    let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (own, other) = (parts(&token), parts(&promoted));
    let tampered = format!("{}.{}.{}", own[0], other[1], own[2]);
    assert_eq!(verify(&verifier, &tampered).await, Err(AccessError::Signature));
    let without = format!("{}.{}.", own[0], own[1]);
    assert_eq!(verify(&verifier, &without).await, Err(AccessError::Signature));
}

#[tokio::test]
async fn a_token_holds_in_its_time_only() {
    let (signer, verifier, _folder) = trusted(|issuer| issuer);
    let now = Utc::now().timestamp();
    let at = async |claim: &str, offset: i64| {
        let mut claims = claims_with(claim, json!(now + offset));
        if claim == "exp" {
            claims["iat"] = json!(now - 3600);
        }
        verify(&verifier, &signer.token_of(&claims)).await.map(|_| ())
    };
    assert_eq!(at("exp", -20).await, Ok(()));
    assert_eq!(at("exp", -40).await, Err(AccessError::Expired));
    for claim in ["nbf", "iat"] {
        assert_eq!(at(claim, 20).await, Ok(()), "{claim}");
        assert_eq!(at(claim, 120).await, Err(AccessError::NotYet), "{claim}");
    }
    let fraction = claims_with("exp", json!(now as f64 + 60.5));
    assert!(verify(&verifier, &signer.token_of(&fraction)).await.is_ok());
}

#[tokio::test]
async fn the_clocks_may_be_as_far_apart_as_the_operator_says() {
    let (signer, folder) = (Signer::ed25519("one"), Folder::new("skew"));
    let path = folder.put("keys.json", jwks(&[&signer]));
    let options = VerifierOptions { clock_skew: Duration::from_secs(120), ..VerifierOptions::default() };
    let issuer = TrustedIssuer::jwks_file(ISSUER, AUDIENCE, path);
    let verifier = TokenVerifier::of(vec![issuer], options).expect("a verifier");
    let ends = async |offset: i64| {
        let token = signer.token_of(&claims_with("exp", json!(Utc::now().timestamp() + offset)));
        verify(&verifier, &token).await.map(|_| ())
    };
    assert_eq!(ends(-100).await, Ok(()));
    assert_eq!(ends(-130).await, Err(AccessError::Expired));
}

#[tokio::test]
async fn a_token_that_lives_too_long_does_not_hold() {
    let now = Utc::now().timestamp();
    let living = |hours: i64| claims_with("exp", json!(now + hours * 3600));
    let (signer, verifier, _folder) = trusted(|issuer| issuer);
    assert!(verify(&verifier, &signer.token_of(&living(24))).await.is_ok());
    let day = AccessError::LivesTooLong { seconds: 24 * 3600 };
    assert_eq!(verify(&verifier, &signer.token_of(&living(25))).await, Err(day.clone()));
    // Who hides when it was issued gains nothing.
    let mut hidden = living(25);
    hidden["iat"] = Value::Null;
    assert_eq!(verify(&verifier, &signer.token_of(&hidden)).await, Err(day));

    let (signer, verifier, _folder) = trusted(|issuer| issuer.longest_life(Duration::from_secs(3600)));
    let hour = AccessError::LivesTooLong { seconds: 3600 };
    assert_eq!(verify(&verifier, &signer.token_of(&living(2))).await, Err(hour));

    let (issuer, verifier) = pair();
    let (year, longer) = (officer(TimeDelta::days(399)), officer(TimeDelta::days(401)));
    assert!(verify(&verifier, &issuer.issue(&year).expect("a token")).await.is_ok());
    let refused = verify(&verifier, &issuer.issue(&longer).expect("a token")).await;
    assert!(matches!(refused, Err(AccessError::LivesTooLong { .. })));
}

#[tokio::test]
async fn a_token_that_is_too_long_is_not_even_read() {
    let (signer, verifier, _folder) = trusted(|issuer| issuer);
    let mut wordy = claims();
    wordy["story"] = json!("x".repeat(8192));
    assert_eq!(verify(&verifier, &signer.token_of(&wordy)).await, Err(AccessError::Malformed));
    assert_eq!(verifier.signatures_checked(), 0);
    wordy["story"] = json!("x".repeat(4096));
    assert!(verify(&verifier, &signer.token_of(&wordy)).await.is_ok());
}

#[tokio::test]
async fn a_token_that_was_checked_is_remembered() {
    let (signer, verifier, _folder) = trusted(|issuer| issuer);
    let (one, two) = (signer.token(), signer.token_of(&claims_with("sub", json!("b.kalnins"))));
    for _ in 0..100 {
        assert_eq!(verify(&verifier, &one).await.expect("it holds").subject, "a.berzins");
        assert_eq!(verify(&verifier.clone(), &two).await.expect("it holds").subject, "b.kalnins");
    }
    assert_eq!(verifier.signatures_checked(), 2);
}

#[tokio::test]
async fn production_refuses_the_key_for_development() {
    let (_, production, _folder) = trusted(|issuer| issuer);
    let (issuer, development) = pair();
    let token = issuer.issue(&officer(TimeDelta::hours(1))).expect("a token");
    assert!(verify(&development, &token).await.is_ok());
    assert_eq!(verify(&production, &token).await, Err(AccessError::OtherIssuer));
    let nobody = TokenVerifier::of(Vec::new(), VerifierOptions::default()).expect("a verifier");
    assert_eq!(verify(&nobody, &token).await, Err(AccessError::OtherIssuer));
}

#[tokio::test]
async fn the_key_of_one_issuer_signs_for_no_other() {
    let (signer, folder) = (Signer::ed25519("one"), Folder::new("two-issuers"));
    let path = folder.put("keys.json", jwks(&[&signer]));
    let key = DevelopmentKey::ephemeral().expect("a key");
    let issuers = vec![TrustedIssuer::development(&key), TrustedIssuer::jwks_file(ISSUER, AUDIENCE, path)];
    let verifier = TokenVerifier::of(issuers, VerifierOptions::default()).expect("a verifier");
    let own = TokenIssuer::new(&key).issue(&officer(TimeDelta::hours(1))).expect("a token");
    assert!(verify(&verifier, &own).await.is_ok());
    assert!(verify(&verifier, &signer.token()).await.is_ok());
    let mut posing = claims_with("iss", json!("vnr-development"));
    posing["aud"] = json!("vnr");
    assert_eq!(verify(&verifier, &signer.token_of(&posing)).await, Err(AccessError::UnknownKey));
    let nameless = signer.sign(&json!({"alg": "EdDSA"}), &posing);
    assert_eq!(verify(&verifier, &nameless).await, Err(AccessError::Signature));
}

#[tokio::test]
async fn an_issuer_is_listed_once() {
    let key = DevelopmentKey::ephemeral().expect("a key");
    let twice = vec![TrustedIssuer::development(&key), TrustedIssuer::development(&key)];
    let refused = TokenVerifier::of(twice, VerifierOptions::default()).expect_err("refused");
    assert!(matches!(refused, TrustError::Twice { .. }), "{refused}");
}

#[tokio::test]
async fn the_key_is_kept_for_its_owner_alone() {
    let folder = Folder::new("key");
    let path = folder.path("development-key.pem");
    let issuer = TokenIssuer::new(&DevelopmentKey::load_or_create(&path).expect("made"));
    let mode = fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = TokenVerifier::new(&DevelopmentKey::load_or_create(&path).expect("read"));
    assert!(verify(&again, &issuer.issue(&officer(TimeDelta::hours(1))).expect("a token")).await.is_ok());

    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("opened to others");
    assert!(matches!(DevelopmentKey::load_or_create(&path), Err(KeyError::Exposed { .. })));
    fs::write(&path, "something else").expect("overwritten");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("closed again");
    assert!(matches!(DevelopmentKey::load_or_create(&path), Err(KeyError::Content { .. })));
}
