//! Where keys may come from.

use std::fs;
use std::time::Duration;

use access::tls::{ServerTls, TlsListener};
use access::{AccessError, TokenVerifier, TrustError, TrustedIssuer, VerifierOptions};
use tokio::net::TcpListener;

use crate::publisher::{Publisher, hasty};
use crate::signer::{AUDIENCE, ISSUER, Signer, jwks};
use crate::tls::Authority;
use crate::{Folder, verify};

#[tokio::test]
async fn keys_come_over_https_from_whom_the_operator_trusts() {
    let folder = Folder::new("https");
    let authority = Authority::new("institution");
    let authorities = folder.put("ca.pem", &authority.pem);
    let tls = ServerTls::load(authority.server().files(&folder)).expect("TLS");
    let tcp = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
    let signer = Signer::ed25519("one");
    let publisher = Publisher::on(TlsListener::secured(tcp, tls), jwks(&[&signer]));

    let trusting = |authorities| {
        let issuer = TrustedIssuer::jwks_url(ISSUER, AUDIENCE, publisher.url("https"));
        TokenVerifier::of(vec![issuer], VerifierOptions { authorities, ..hasty() }).expect("a verifier")
    };
    assert!(verify(&trusting(Some(authorities)), &signer.token()).await.is_ok());
    assert_eq!(verify(&trusting(None), &signer.token()).await, Err(AccessError::KeysUnavailable));
}

#[tokio::test]
async fn what_an_issuer_says_of_freshness_is_kept_to_within_bounds() {
    let signer = Signer::ed25519("one");
    let publisher = Publisher::start(jwks(&[&signer])).await;
    let bounds = |soonest, latest| VerifierOptions {
        refresh_soonest: Duration::from_millis(soonest),
        refresh_latest: Duration::from_millis(latest),
        ..hasty()
    };
    // In how many requests the first second ends.
    let in_a_second = async |head: &str, options| {
        publisher.says(head);
        let before = publisher.requests();
        let verifier = TokenVerifier::of(vec![publisher.issuer()], options).expect("a verifier");
        tokio::time::sleep(Duration::from_millis(1_000)).await;
        drop(verifier);
        // The last one may be under way.
        tokio::time::sleep(Duration::from_millis(100)).await;
        publisher.requests() - before
    };
    let hour = "HTTP/1.1 200 OK\r\ncache-control: public, max-age=3600";
    let never = "HTTP/1.1 200 OK\r\ncache-control: no-store";
    assert_eq!(in_a_second(hour, bounds(50, 7_200_000)).await, 1);
    assert!((2..=6).contains(&in_a_second(hour, bounds(50, 250)).await));
    assert!((2..=6).contains(&in_a_second(never, bounds(250, 7_200_000)).await));
    // Who no longer needs keys no longer asks for them.
    let after = publisher.requests();
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(publisher.requests(), after);
}

#[tokio::test]
async fn what_the_operator_got_wrong_is_told_at_once() {
    let folder = Folder::new("wrong");
    let refused = |issuer: TrustedIssuer, authorities| {
        let options = VerifierOptions { authorities, ..VerifierOptions::default() };
        TokenVerifier::of(vec![issuer], options).expect_err("refused")
    };
    let nowhere = folder.path("nowhere.json");
    let error = refused(TrustedIssuer::jwks_file(ISSUER, AUDIENCE, &nowhere), None);
    assert!(matches!(&error, TrustError::File { path, .. } if *path == nowhere), "{error}");
    let error = refused(TrustedIssuer::jwks_url(ISSUER, AUDIENCE, "idp.example/keys"), None);
    assert!(error.to_string().contains("https://HOST/PATH"), "{error}");
    let empty = folder.put("ca.pem", "nothing");
    let error = refused(TrustedIssuer::jwks_url(ISSUER, AUDIENCE, "https://idp.example/keys"), Some(empty));
    assert!(matches!(error, TrustError::Authorities { .. }), "{error}");
}

#[test]
fn keys_that_change_need_a_runtime() {
    let folder = Folder::new("runtime");
    let path = folder.put("keys.json", jwks(&[&Signer::ed25519("one")]));
    let issuer = TrustedIssuer::jwks_file(ISSUER, AUDIENCE, &path);
    let refused = TokenVerifier::of(vec![issuer], VerifierOptions::default()).expect_err("refused");
    assert!(matches!(refused, TrustError::NoRuntime), "{refused}");
    fs::remove_file(path).expect("removed");
}
