//! Keys that come and go while the register works.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use access::{AccessError, TokenVerifier, TrustedIssuer, VerifierOptions};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::publisher::{Publisher, hasty};
use crate::signer::{AUDIENCE, ISSUER, Signer, claims, claims_with, jwks};
use crate::{Folder, verify};

/// Waits for what happens in the background, for a while.
async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        sleep(Duration::from_millis(20)).await;
    }
}

fn trusting(publisher: &Publisher, options: VerifierOptions) -> TokenVerifier {
    TokenVerifier::of(vec![publisher.issuer()], options).expect("a verifier")
}

/// Its background does nothing within a test: what happens is because somebody asked.
fn only_when_asked() -> VerifierOptions {
    let never = Duration::from_secs(3600);
    VerifierOptions { refresh_soonest: never, refresh_latest: never, file_every: never, ..hasty() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotation_under_load_loses_no_request() {
    let (old, new) = (Arc::new(Signer::p256("old")), Arc::new(Signer::ed25519("new")));
    let publisher = Publisher::start(jwks(&[&old])).await;
    publisher.takes(Duration::from_millis(20));
    let verifier = trusting(&publisher, only_when_asked());
    let (rotated, over) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (answered, with_new) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut clients = JoinSet::new();
    for client in 0..32 {
        let (verifier, old, new) = (verifier.clone(), Arc::clone(&old), Arc::clone(&new));
        let (rotated, over) = (Arc::clone(&rotated), Arc::clone(&over));
        let (answered, with_new) = (Arc::clone(&answered), Arc::clone(&with_new));
        clients.spawn(async move {
            for request in 0.. {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let is_new = rotated.load(Ordering::SeqCst);
                let signer = if is_new { &new } else { &old };
                // Now and then a token that nobody has seen.
                let token = signer.token_of(&claims_with("sub", json!(format!("client-{client}-{}", request / 5))));
                for _ in 0..5 {
                    verify(&verifier, &token).await.expect("no request is lost");
                    answered.fetch_add(1, Ordering::SeqCst);
                    with_new.fetch_add(usize::from(is_new), Ordering::SeqCst);
                    // A remembered token waits for nothing, so the others would never have their turn.
                    tokio::task::yield_now().await;
                }
            }
        });
    }
    let reach = async |count: &AtomicUsize, least: usize| {
        eventually("the clients go on", async || count.load(Ordering::SeqCst) >= least).await;
    };
    reach(&answered, 500).await;
    publisher.publish(jwks(&[&old, &new]));
    rotated.store(true, Ordering::SeqCst);
    reach(&with_new, 500).await;
    // By now none of the old ones is under way.
    publisher.publish(jwks(&[&new]));
    let so_far = with_new.load(Ordering::SeqCst);
    reach(&with_new, so_far + 500).await;
    over.store(true, Ordering::SeqCst);
    while let Some(client) = clients.join_next().await {
        client.expect("no request is lost");
    }
    // At first, for the new key, and once more where somebody asked in the very moment that a reading began.
    assert!(publisher.requests() <= 3, "{} requests", publisher.requests());
}

#[tokio::test]
async fn made_up_keys_are_no_burden_to_the_issuer() {
    let known = Signer::ed25519("known");
    let publisher = Publisher::start(jwks(&[&known])).await;
    let verifier = trusting(&publisher, only_when_asked());
    let mut strangers = JoinSet::new();
    let begun = Instant::now();
    for number in 0..200 {
        let (verifier, token) = (verifier.clone(), Signer::ed25519(&format!("made-up-{number}")).token());
        strangers.spawn(async move { verify(&verifier, &token).await });
    }
    while let Some(refused) = strangers.join_next().await {
        assert_eq!(refused.expect("an answer"), Err(AccessError::UnknownKey));
    }
    let most = 2 + begun.elapsed().as_millis() / hasty().readings_apart.as_millis();
    assert!(publisher.requests() as u128 <= most, "{} requests", publisher.requests());
    assert!(verify(&verifier, &known.token()).await.is_ok());
}

#[tokio::test]
async fn an_issuer_that_fails_keeps_the_keys_it_had() {
    let (known, new) = (Signer::ed25519("known"), Signer::ed25519("new"));
    let publisher = Publisher::start(jwks(&[&known])).await;
    let verifier = trusting(&publisher, hasty());
    let fresh = |number: usize| known.token_of(&claims_with("sub", json!(format!("client-{number}"))));
    assert!(verify(&verifier, &fresh(0)).await.is_ok());
    for (number, (head, body)) in [
        ("HTTP/1.1 500 Internal Server Error", "{}".to_owned()),
        ("HTTP/1.1 200 OK", "a page of the proxy".to_owned()),
        ("HTTP/1.1 302 Found\r\nlocation: /elsewhere", jwks(&[&new])),
        ("HTTP/1.1 200 OK", format!("{}{}", " ".repeat(300 * 1024), jwks(&[&new]))),
        ("nonsense", jwks(&[&new])),
    ]
    .into_iter()
    .enumerate()
    {
        publisher.says(head);
        publisher.publish(body);
        if number == 0 {
            let before = publisher.requests();
            eventually("it is asked by itself", async || publisher.requests() > before + 1).await;
        }
        assert_eq!(verify(&verifier, &new.token()).await, Err(AccessError::KeysUnavailable), "{head}");
        assert!(verify(&verifier, &fresh(number + 1)).await.is_ok(), "{head}");
    }
    assert!(AccessError::KeysUnavailable.is_temporary());
    publisher.says("HTTP/1.1 200 OK");
    publisher.publish(jwks(&[&known, &new]));
    eventually("it has recovered", async || verify(&verifier, &new.token()).await.is_ok()).await;
}

#[tokio::test]
async fn who_comes_before_the_keys_waits_for_them() {
    let signer = Signer::p384("one");
    let publisher = Publisher::start(jwks(&[&signer])).await;
    publisher.takes(Duration::from_millis(300));
    let verifier = trusting(&publisher, only_when_asked());
    assert!(verify(&verifier, &signer.token()).await.is_ok());

    let token = signer.token();
    let nobody = TrustedIssuer::jwks_url(ISSUER, AUDIENCE, "http://127.0.0.1:1/keys");
    let verifier = TokenVerifier::of(vec![nobody], hasty()).expect("a verifier");
    assert_eq!(verify(&verifier, &token).await, Err(AccessError::KeysUnavailable));
}

#[tokio::test]
async fn a_key_that_was_taken_back_signs_nothing_any_more() {
    let (compromised, other) = (Signer::ed25519("compromised"), Signer::ed25519("other"));
    let publisher = Publisher::start(jwks(&[&compromised, &other])).await;
    let verifier = trusting(&publisher, hasty());
    let (remembered, good) = (compromised.token(), other.token());
    for token in [&remembered, &good, &remembered, &good] {
        assert!(verify(&verifier, token).await.is_ok());
    }
    assert_eq!(verifier.signatures_checked(), 2);
    publisher.publish(jwks(&[&other]));
    eventually("it is refused", async || verify(&verifier, &remembered).await == Err(AccessError::UnknownKey)).await;
    let never_seen = compromised.token_of(&claims_with("sub", json!("somebody")));
    assert_eq!(verify(&verifier, &never_seen).await, Err(AccessError::UnknownKey));
    assert!(verify(&verifier, &good).await.is_ok());
}

#[tokio::test]
async fn a_key_without_a_name_can_be_replaced_too() {
    let (old, new) = (Signer::ed25519("one"), Signer::ed25519("one"));
    let nameless = |signer: &Signer| {
        let mut jwk = signer.jwk();
        jwk["kid"] = json!(null);
        json!({ "keys": [jwk] }).to_string()
    };
    let token = |signer: &Signer| signer.sign(&json!({"alg": "EdDSA"}), &claims());
    let publisher = Publisher::start(nameless(&old)).await;
    let verifier = trusting(&publisher, only_when_asked());
    assert!(verify(&verifier, &token(&old)).await.is_ok());
    publisher.publish(nameless(&new));
    assert!(verify(&verifier, &token(&new)).await.is_ok());
    assert_eq!(verify(&verifier, &token(&old)).await, Err(AccessError::Signature));
}

#[tokio::test]
async fn a_file_is_read_again_when_it_changes() {
    let (old, new) = (Signer::ed25519("old"), Signer::ed25519("new"));
    let folder = Folder::new("file");
    let issuer = TrustedIssuer::jwks_file(ISSUER, AUDIENCE, folder.put("keys.json", jwks(&[&old])));
    let verifier = TokenVerifier::of(vec![issuer.clone()], hasty()).expect("a verifier");
    let token = old.token();
    assert!(verify(&verifier, &token).await.is_ok());
    folder.put("keys.json", "half a fi");
    sleep(3 * hasty().file_every).await;
    assert!(verify(&verifier, &token).await.is_ok());
    folder.put("keys.json", jwks(&[&new]));
    eventually("the old key is gone", async || verify(&verifier, &token).await == Err(AccessError::UnknownKey)).await;
    assert!(verify(&verifier, &new.token()).await.is_ok());

    // Who has a token of a key that was added this moment waits for the file, not for the clock.
    let verifier = TokenVerifier::of(vec![issuer], only_when_asked()).expect("a verifier");
    let newest = Signer::p256("newest");
    folder.put("keys.json", jwks(&[&new, &newest]));
    assert!(verify(&verifier, &newest.token()).await.is_ok());
}
