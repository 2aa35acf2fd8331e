//! A register with an issuer of its own takes that one's tokens, and none that were made for development.

use std::fs;
use std::path::PathBuf;

use access::{DevelopmentKey, TokenIssuer};
use proto::command::v1 as pb;
use proto::command::v1::incident_service_client::IncidentServiceClient;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use tests::{Bearer, TestSystem, ask, dispatcher, envelope};
use tonic::Code;
use tonic::service::interceptor::InterceptedService;
use uuid::Uuid;
use vnr::settings::Issuer;

/// An identity provider: its key, and a file with its JWK set.
struct Provider {
    folder: PathBuf,
}

impl Provider {
    fn new() -> Provider {
        let folder = std::env::temp_dir().join(format!("vnr-provider-{}", Uuid::now_v7()));
        fs::create_dir_all(&folder).unwrap();
        let provider = Provider { folder };
        provider.publish(&[&provider.key("first")]);
        provider
    }

    /// The key of that name, made where there is none.
    fn key(&self, name: &str) -> PathBuf {
        let file = self.folder.join(format!("{name}.pem"));
        DevelopmentKey::load_or_create(&file).unwrap();
        file
    }

    fn issuer(&self, name: &str) -> TokenIssuer {
        TokenIssuer::new(&DevelopmentKey::load(&self.key(name)).unwrap())
    }

    /// Publishes these keys and no others.
    fn publish(&self, keys: &[&PathBuf]) {
        let keys: Vec<Value> = keys.iter().map(|file| jwk(file)).collect();
        fs::write(self.folder.join("new.json"), json!({ "keys": keys }).to_string()).unwrap();
        fs::rename(self.folder.join("new.json"), self.folder.join("keys.json")).unwrap();
    }

    fn trusted(&self) -> Issuer {
        Issuer {
            name: "vnr-development".to_owned(),
            audience: "vnr".to_owned(),
            keys: self.folder.join("keys.json").display().to_string(),
            authorities: None,
            bound_systems: false,
        }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The public key as RFC 8037 writes it; its id is its thumbprint (RFC 7638), as in the tokens.
fn jwk(file: &PathBuf) -> Value {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let pem = fs::read_to_string(file).unwrap();
    let pkcs8 = STANDARD.decode(pem.lines().nth(1).unwrap()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pkcs8).unwrap();
    let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
    let thumbprint = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    let kid = URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, thumbprint.as_bytes()));
    json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": x })
}

async fn register(system: &TestSystem, token: &str) -> Code {
    let incident = pb::RegisterIncident {
        envelope: envelope(),
        channel: pb::Channel::Written as i32,
        type_code: "theft".into(),
        category: pb::Category::C as i32,
        ..Default::default()
    };
    let calling = InterceptedService::new(system.channel().await, Bearer::new(token));
    let answer = IncidentServiceClient::new(calling).register_incident(incident).await;
    answer.map_or_else(|status| status.code(), |_| Code::Ok)
}

async fn look(system: &TestSystem, token: &str) -> Option<String> {
    let answer = ask(system.http(), Some(token), "{ incidents { nodes { number } } }", json!({})).await;
    answer["errors"][0]["extensions"]["code"].as_str().map(ToOwned::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_development_token_does_not_hold_where_there_is_an_issuer() {
    let provider = Provider::new();
    let system = TestSystem::start_with(|settings| settings.issuer = Some(provider.trusted())).await;
    let good = provider.issuer("first").issue(&dispatcher()).unwrap();
    assert_eq!(register(&system, &good).await, Code::Ok);
    assert_eq!(look(&system, &good).await, None);

    let development = TokenIssuer::new(&DevelopmentKey::ephemeral().unwrap()).issue(&dispatcher()).unwrap();
    assert_eq!(register(&system, &development).await, Code::Unauthenticated);
    assert_eq!(look(&system, &development).await.as_deref(), Some("UNAUTHENTICATED"));
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_of_the_issuer_holds_at_once_and_an_old_one_no_longer() {
    let provider = Provider::new();
    let system = TestSystem::start_with(|settings| settings.issuer = Some(provider.trusted())).await;
    let old = provider.issuer("first").issue(&dispatcher()).unwrap();
    assert_eq!(look(&system, &old).await, None);
    let new = provider.issuer("second").issue(&dispatcher()).unwrap();
    provider.publish(&[&provider.key("first"), &provider.key("second")]);
    assert_eq!(look(&system, &new).await, None, "a key that is not known is looked for");
    assert_eq!(look(&system, &old).await, None);
    provider.publish(&[&provider.key("second")]);
    for _ in 0..200 {
        if look(&system, &old).await.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(look(&system, &old).await.as_deref(), Some("UNAUTHENTICATED"));
    assert_eq!(look(&system, &new).await, None);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_nobody_is_told_the_contract_where_there_is_an_issuer() {
    use tonic_reflection::pb::v1::ServerReflectionRequest;
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;

    let provider = Provider::new();
    let issuer = Some(provider.trusted());
    let system = TestSystem::start_with(|settings| {
        settings.issuer = issuer;
        settings.open_introspection = false;
    })
    .await;
    let list = || ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut nobody = ServerReflectionClient::new(system.channel().await);
    let refused = nobody.server_reflection_info(tokio_stream::iter([list()])).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    let bearer = Bearer::new(&provider.issuer("first").issue(&dispatcher()).unwrap());
    let mut known = ServerReflectionClient::new(InterceptedService::new(system.channel().await, bearer));
    assert!(known.server_reflection_info(tokio_stream::iter([list()])).await.is_ok());
    let schema = ask(system.http(), None, "{ __schema { queryType { name } } }", json!({})).await;
    assert_eq!(schema["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{schema}");
    system.stop().await;
}
