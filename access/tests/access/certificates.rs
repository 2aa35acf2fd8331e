//! Tokens that hold with one client certificate only (RFC 8705).

use access::{AccessError, Presented, TokenVerifier, TrustedIssuer, VerifierOptions};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};

use crate::Folder;
use crate::signer::{AUDIENCE, ISSUER, Signer, claims, jwks};

const OWN: [u8; 32] = [7; 32];

struct Idp {
    signer: Signer,
    verifier: TokenVerifier,
    _folder: Folder,
}

impl Idp {
    fn new(systems_bound: bool) -> Self {
        let (signer, folder) = (Signer::ed25519("one"), Folder::new("certificates"));
        let path = folder.put("keys.json", jwks(&[&signer]));
        let issuer = TrustedIssuer::jwks_file(ISSUER, AUDIENCE, path).systems_bound(systems_bound);
        let verifier = TokenVerifier::of(vec![issuer], VerifierOptions::default()).expect("a verifier");
        Self { signer, verifier, _folder: folder }
    }

    async fn presenting(&self, role: &str, cnf: Value, certificate: Option<[u8; 32]>) -> Result<(), AccessError> {
        let mut claims = claims();
        claims["roles"] = json!([role]);
        claims["cnf"] = cnf;
        let authorization = format!("Bearer {}", self.signer.token_of(&claims));
        let presented = Presented { authorization: Some(&authorization), certificate, ..Presented::default() };
        // Twice: what is remembered is as strict.
        let first = self.verifier.authenticate(presented).await.map(|_| ());
        assert_eq!(self.verifier.authenticate(presented).await.map(|_| ()), first);
        first
    }
}

fn bound(thumbprint: &[u8]) -> Value {
    json!({"x5t#S256": BASE64.encode(thumbprint)})
}

#[tokio::test]
async fn a_bound_token_holds_with_its_certificate_only() {
    let idp = Idp::new(false);
    assert_eq!(idp.presenting("officer", bound(&OWN), Some(OWN)).await, Ok(()));
    assert_eq!(idp.presenting("officer", bound(&OWN), Some([8; 32])).await, Err(AccessError::OtherCertificate));
    assert_eq!(idp.presenting("officer", bound(&OWN), None).await, Err(AccessError::CertificateMissing));
    assert_eq!(idp.presenting("officer", Value::Null, Some(OWN)).await, Ok(()));
}

#[tokio::test]
async fn one_token_on_two_connections_is_judged_on_each() {
    let idp = Idp::new(false);
    let mut claims = claims();
    claims["cnf"] = bound(&OWN);
    let authorization = format!("Bearer {}", idp.signer.token_of(&claims));
    let presented = Presented { authorization: Some(&authorization), ..Presented::default() };
    for (certificate, holds) in [(Some(OWN), true), (None, false), (Some([8; 32]), false), (Some(OWN), true)] {
        let judged = idp.verifier.authenticate(presented.with_certificate(certificate)).await;
        assert_eq!(judged.is_ok(), holds);
    }
    assert_eq!(idp.verifier.signatures_checked(), 1);
}

#[tokio::test]
async fn a_system_has_to_be_bound_where_its_issuer_says_so() {
    let strict = Idp::new(true);
    assert_eq!(strict.presenting("system", Value::Null, None).await, Err(AccessError::NotBound));
    assert_eq!(strict.presenting("system", Value::Null, Some(OWN)).await, Err(AccessError::NotBound));
    assert_eq!(strict.presenting("system", bound(&OWN), Some(OWN)).await, Ok(()));
    assert_eq!(strict.presenting("officer", Value::Null, None).await, Ok(()));
    assert_eq!(Idp::new(false).presenting("system", Value::Null, None).await, Ok(()));
}

#[tokio::test]
async fn a_bond_that_cannot_be_checked_does_not_hold() {
    let idp = Idp::new(false);
    let wrong = Err(AccessError::Claim { claim: "cnf".into() });
    for cnf in [json!({}), json!({"jkt": "x"}), bound(&[7; 20]), json!({"x5t#S256": "?"}), json!("x5t#S256")] {
        assert_eq!(idp.presenting("officer", cnf, Some(OWN)).await, wrong);
    }
}
