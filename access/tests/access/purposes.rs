//! What a request is for.

use access::{
    AccessError, DevelopmentKey, Institution, Presented, Principal, Purpose, Reference, Role, TokenIssuer,
    TokenVerifier,
};
use chrono::{TimeDelta, Utc};
use http::{HeaderMap, HeaderValue};

fn token_for(purposes: &[Purpose]) -> (TokenVerifier, String) {
    let key = DevelopmentKey::ephemeral().expect("a key");
    let institution = Institution::parse("VP").expect("a code");
    let until = Utc::now() + TimeDelta::hours(1);
    let mut principal = Principal::new("a.berzins", institution, vec![Role::Officer], purposes[0], until);
    principal.purposes = purposes.to_vec();
    let token = TokenIssuer::new(&key).issue(&principal).expect("a token");
    (TokenVerifier::new(&key), format!("Bearer {token}"))
}

async fn asking(
    (verifier, authorization): &(TokenVerifier, String),
    purpose: Option<&str>,
    reference: Option<&str>,
) -> Result<Principal, AccessError> {
    let presented = Presented { authorization: Some(authorization), purpose, reference, certificate: None };
    verifier.authenticate(presented).await.map(|authenticated| authenticated.0)
}

#[tokio::test]
async fn a_token_with_one_purpose_acts_for_that() {
    let officer = token_for(&[Purpose::Response]);
    let (silent, outspoken) = (asking(&officer, None, None).await, asking(&officer, Some("response"), None).await);
    assert_eq!(silent.as_ref().map(|principal| principal.purpose), Ok(Purpose::Response));
    assert_eq!(silent, outspoken);
    let refused = asking(&officer, Some("audit"), None).await.expect_err("refused");
    assert_eq!(refused, AccessError::PurposeNotHeld { purposes: "response".into() });
    assert!(!refused.is_unauthenticated());
}

#[tokio::test]
async fn of_several_purposes_one_has_to_be_picked() {
    let officer = token_for(&[Purpose::Prevention, Purpose::Response, Purpose::Investigation]);
    let refused = asking(&officer, None, None).await.expect_err("refused");
    assert_eq!(
        refused.to_string(),
        "say what the request is for: send `vnr-purpose` with one of response, investigation, prevention"
    );
    for purpose in [Purpose::Response, Purpose::Investigation, Purpose::Prevention] {
        let acting = asking(&officer, Some(purpose.name()), None).await.expect("held");
        assert_eq!(acting.purpose, purpose);
        assert_eq!(acting.purposes, [Purpose::Response, Purpose::Investigation, Purpose::Prevention]);
    }
    for lacking in ["audit", "curiosity", ""] {
        let refused = asking(&officer, Some(lacking), None).await.expect_err("refused");
        assert!(matches!(refused, AccessError::PurposeNotHeld { .. }), "{lacking}");
    }
}

#[tokio::test]
async fn a_reference_is_the_number_of_something() {
    let officer = token_for(&[Purpose::Response]);
    let acting = asking(&officer, None, Some("VNR-2026-0000001")).await.expect("a number");
    assert_eq!(acting.reference.expect("a reference").as_str(), "VNR-2026-0000001");
    assert_eq!(asking(&officer, None, None).await.expect("no number").reference, None);
    let refused = asking(&officer, None, Some("my neighbour, the one with the dog")).await.expect_err("a story");
    assert_eq!(refused, AccessError::Reference);
}

#[tokio::test]
async fn headers_say_it_once_and_in_text() {
    let (verifier, authorization) = token_for(&[Purpose::Response, Purpose::Audit]);
    let mut headers = HeaderMap::new();
    headers.insert("authorization", authorization.parse().expect("a header"));
    headers.insert("vnr-purpose", HeaderValue::from_static("audit"));
    headers.insert("vnr-reference", HeaderValue::from_static("KP-11/2026"));
    let presented = Presented::in_headers(&headers).expect("text");
    let principal = verifier.authenticate(presented).await.expect("it holds").0;
    assert_eq!(
        (principal.purpose, principal.reference),
        (Purpose::Audit, Some(Reference::parse("KP-11/2026").unwrap()))
    );

    headers.append("vnr-purpose", HeaderValue::from_static("response"));
    let refused = Presented::in_headers(&headers).map(|_| ());
    assert_eq!(refused, Err(AccessError::Repeated { header: "vnr-purpose" }));
    headers.insert("vnr-purpose", HeaderValue::from_bytes("mērķis".as_bytes()).expect("bytes"));
    assert_eq!(Presented::in_headers(&headers).map(|_| ()), Err(AccessError::Purpose));
}
