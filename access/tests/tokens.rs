//! Tokens as they arrive: good ones, and each way to be bad.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use access::{
    AccessError, Authenticated, DevelopmentKey, Institution, KeyError, Principal, Purpose, Role, TokenIssuer,
    TokenVerifier,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, TimeDelta, Utc};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use tonic::metadata::MetadataMap;

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

#[test]
fn a_token_brings_back_who_it_was_issued_for() {
    let (issuer, verifier) = pair();
    let officer = officer(TimeDelta::hours(8));
    let token = issuer.issue(&officer).expect("a token");
    for _ in 0..2 {
        assert_eq!(verifier.verify(&token).expect("it holds"), officer);
    }
    let mut metadata = MetadataMap::new();
    metadata.insert("authorization", format!("Bearer {token}").parse().expect("a header"));
    let Authenticated(principal) = verifier.authenticate_call(&metadata).expect("it holds");
    assert_eq!(principal.role_names(), "officer,supervisor");
}

#[test]
fn a_token_of_another_key_does_not_hold() {
    let (issuer, _) = pair();
    let (_, verifier) = pair();
    let token = issuer.issue(&officer(TimeDelta::hours(8))).expect("a token");
    assert_eq!(verifier.verify(&token), Err(AccessError::Signature));
}

#[test]
fn an_expired_token_has_thirty_seconds_of_grace() {
    let (issuer, verifier) = pair();
    let just = issuer.issue(&officer(TimeDelta::seconds(-20))).expect("a token");
    assert!(verifier.verify(&just).is_ok());
    let over = issuer.issue(&officer(TimeDelta::seconds(-40))).expect("a token");
    assert_eq!(verifier.verify(&over), Err(AccessError::Expired));
}

#[test]
fn a_header_that_brings_no_token_is_told_apart() {
    let (_, verifier) = pair();
    let refused = |header| verifier.authenticate(header).map(|_| ()).expect_err("refused");
    assert_eq!(refused(None), AccessError::Missing);
    assert_eq!(refused(Some("Basic dXNlcg==")), AccessError::NotBearer);
    assert_eq!(refused(Some("Bearer")), AccessError::NotBearer);
    assert_eq!(refused(Some("Bearer nonsense")), AccessError::Malformed);
    assert!(refused(None).is_unauthenticated());
}

/// Signs whatever it is given, as a stranger with the right key would.
struct Forger(Ed25519KeyPair);

impl Forger {
    fn new(dir: &Path) -> (Self, TokenVerifier) {
        let path = dir.join("key.pem");
        let key = DevelopmentKey::load_or_create(&path).expect("a key");
        let pem = fs::read_to_string(&path).expect("its file");
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let pkcs8 = base64::engine::general_purpose::STANDARD.decode(body).expect("base64");
        let forger = Self(Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pkcs8).expect("a key pair"));
        assert_eq!(forger.0.public_key().as_ref().len(), 32);
        (forger, TokenVerifier::new(&key))
    }

    fn token(&self, header: Value, claims: Value) -> String {
        let signed = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        format!("{signed}.{}", BASE64.encode(self.0.sign(signed.as_bytes()).as_ref()))
    }
}

fn folder(name: &str) -> std::path::PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("access-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).expect("a folder");
    dir
}

#[test]
fn each_claim_is_required_and_the_algorithm_is_pinned() {
    let dir = folder("claims");
    let (forger, verifier) = Forger::new(&dir);
    let eddsa = json!({"alg": "EdDSA", "typ": "JWT"});
    let good = json!({"iss": "vnr-development", "aud": "vnr", "sub": "x", "iat": 0, "exp": Utc::now().timestamp() + 60,
        "institution": "VP", "roles": ["officer"], "purpose": "response"});
    assert!(verifier.verify(&forger.token(eddsa.clone(), good.clone())).is_ok());

    let with = |claim: &str, value: Value| {
        let mut claims = good.clone();
        claims[claim] = value;
        verifier.verify(&forger.token(eddsa.clone(), claims)).expect_err(claim)
    };
    assert_eq!(with("iss", json!("somebody")), AccessError::OtherIssuer);
    assert_eq!(with("aud", json!("another")), AccessError::OtherIssuer);
    for (claim, value) in [
        ("sub", json!(" ")),
        ("roles", json!([])),
        ("roles", json!(["king"])),
        ("purpose", json!("curiosity")),
        ("institution", json!("")),
    ] {
        assert_eq!(with(claim, value), AccessError::Claim { claim: claim.into() });
    }
    for claim in ["exp", "sub", "institution", "roles", "purpose"] {
        let mut claims = good.clone();
        claims.as_object_mut().expect("an object").remove(claim);
        let refused = verifier.verify(&forger.token(eddsa.clone(), claims)).expect_err(claim);
        assert_eq!(refused, AccessError::Claim { claim: claim.into() });
    }
    for algorithm in ["none", "HS256", "ES256"] {
        let header = json!({"alg": algorithm, "typ": "JWT"});
        assert_eq!(verifier.verify(&forger.token(header, good.clone())), Err(AccessError::Malformed), "{algorithm}");
    }
    let _ = fs::remove_dir_all(dir);
}

#[test]
fn the_key_is_kept_for_its_owner_alone() {
    let dir = folder("key");
    let path = dir.join("development-key.pem");
    let issuer = TokenIssuer::new(&DevelopmentKey::load_or_create(&path).expect("made"));
    let mode = fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = TokenVerifier::new(&DevelopmentKey::load_or_create(&path).expect("read"));
    assert!(again.verify(&issuer.issue(&officer(TimeDelta::hours(1))).expect("a token")).is_ok());

    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("opened to others");
    assert!(matches!(DevelopmentKey::load_or_create(&path), Err(KeyError::Exposed { .. })));
    fs::write(&path, "something else").expect("overwritten");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("closed again");
    assert!(matches!(DevelopmentKey::load_or_create(&path), Err(KeyError::Content { .. })));
    let _ = fs::remove_dir_all(dir);
}
