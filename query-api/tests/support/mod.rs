//! A query API on a socket, for tests.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test file uses a part of it")]

pub mod register;
pub mod socket;

use std::sync::Arc;

use access::policy::{Policies, PolicyHandle};
use access::{AccessLog, DevelopmentKey, Institution, Principal, Purpose, Role, TokenIssuer, TokenVerifier};
use chrono::{Duration, Utc};
use domain::classifier::Classifiers;
use event_store::append::{Appender, AppenderConfig};
use event_store::log::LogName;
use event_store::seal::{MasterKeys, SealedField};
use futures::future::BoxFuture;
use projections::lookups::{Lookup, LookupDigest};
use query_api::{Database, Limits, OpenPersonal, PersonalValue, QueryApi, QueryError, Readiness, Serving};
use sqlx::PgPool;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Issues and checks tokens of tests.
pub struct Tokens {
    issuer: TokenIssuer,
    verifier: TokenVerifier,
}

impl Tokens {
    /// With a key of their own.
    pub fn new() -> Self {
        let key = DevelopmentKey::ephemeral().expect("a key");
        Self { issuer: TokenIssuer::new(&key), verifier: TokenVerifier::new(&key) }
    }

    /// A token of a role for an hour.
    pub fn of(&self, role: Role) -> String {
        self.lasting(role, Duration::hours(1))
    }

    /// A token of a role at an institution for an hour.
    pub fn at(&self, institution: &str, role: Role) -> String {
        let institution = Institution::parse(institution).expect("an institution");
        let until = Utc::now() + Duration::hours(1);
        self.issuer.issue(&Principal::new("tests", institution, vec![role], Purpose::Response, until)).expect("a token")
    }

    /// A token of somebody, for an hour.
    pub fn for_(&self, principal: &Principal) -> String {
        self.issuer.issue(principal).expect("a token")
    }

    /// A token that ends soon.
    pub fn lasting(&self, role: Role, time: Duration) -> String {
        let purpose = if role == Role::Analyst { Purpose::Statistics } else { Purpose::Response };
        let institution = Institution::parse("VUGD").expect("an institution");
        let principal = Principal::new("tests", institution, vec![role], purpose, Utc::now() + time);
        self.issuer.issue(&principal).expect("a token")
    }
}

/// A server and the tokens that it takes.
pub struct Served {
    pub api: Serving,
    pub tokens: Tokens,
    /// Of an officer, who may see personal data.
    pub officer: String,
}

impl std::ops::Deref for Served {
    type Target = Serving;

    fn deref(&self) -> &Serving {
        &self.api
    }
}

/// Opens nothing: for tests without personal data.
pub struct NoKeys;

impl OpenPersonal for NoKeys {
    fn open<'a>(&'a self, fields: &'a [SealedField]) -> BoxFuture<'a, Result<Vec<PersonalValue>, QueryError>> {
        Box::pin(async move { Ok(fields.iter().map(|_| PersonalValue::Erased).collect()) })
    }

    fn digest(&self, lookup: Lookup<'_>) -> LookupDigest {
        lookup.digest(self.digests())
    }

    fn digests(&self) -> &MasterKeys {
        static NONE: std::sync::LazyLock<MasterKeys> = std::sync::LazyLock::new(|| MasterKeys::from_bytes(1, &[0; 32]));
        &NONE
    }
}

struct Reasons(Vec<String>);

impl Readiness for Reasons {
    fn reasons(&self) -> BoxFuture<'_, Vec<String>> {
        Box::pin(std::future::ready(self.0.clone()))
    }
}

/// Serves without a database behind it: enough for whatever is decided before one is asked.
pub async fn without_database() -> Served {
    let pool = sqlx::postgres::PgPoolOptions::new()
        .acquire_timeout(std::time::Duration::from_millis(300))
        .connect_lazy("postgres://nobody@127.0.0.1:1/none")
        .expect("a lazy pool");
    serve(pool, Arc::new(NoKeys), vec!["the database cannot be reached".into()]).await
}

/// Serves on a free port.
pub async fn serve(pool: PgPool, personal: Arc<dyn OpenPersonal>, reasons: Vec<String>) -> Served {
    serve_within(pool, personal, reasons, Limits::default()).await
}

/// The API within other limits than those that it has by itself.
pub async fn serve_within(
    pool: PgPool,
    personal: Arc<dyn OpenPersonal>,
    reasons: Vec<String>,
    limits: Limits,
) -> Served {
    let tokens = Tokens::new();
    let master = Arc::new(MasterKeys::from_bytes(1, &[42; 32]));
    let config = AppenderConfig::new(LogName::ACCESS, pool.clone(), master.clone());
    let policies = Policies::embedded().expect("the policies are sound");
    let api = QueryApi {
        policies: Arc::new(PolicyHandle::new(policies)),
        classifiers: tokio::sync::watch::channel(Arc::new(Classifiers::embedded().clone())).1,
        access: AccessLog::new(Appender::start(config).0, master),
        register: Database { pool, personal },
        replica: None,
        gate: tokens.verifier.clone(),
        readiness: Arc::new(Reasons(reasons)),
        metrics: None,
        limits,
        open_introspection: true,
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let api = api.serve(listener).expect("serving");
    let officer = tokens.of(Role::Officer);
    Served { api, tokens, officer }
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (n, value) = line.split_once(':')?;
            n.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }

    /// Code of the first error.
    pub fn code(&self) -> String {
        self.json()["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// One request, as bytes over a socket.
pub async fn send(api: &Serving, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Answer {
    let mut stream = tokio::net::TcpStream::connect(api.address()).await.expect("a connection");
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(body) = body {
        text.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    text.push_str(body.unwrap_or_default());
    stream.write_all(text.as_bytes()).await.expect("sent");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.expect("received");
    let text = String::from_utf8(bytes).expect("UTF-8");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

/// A POST of a query with a token.
pub async fn ask(api: &Serving, token: Option<&str>, query: &str, variables: serde_json::Value) -> Answer {
    ask_for(api, token, None, query, variables).await
}

/// The same, for a case, card or task.
pub async fn ask_for(
    api: &Serving,
    token: Option<&str>,
    reference: Option<&str>,
    query: &str,
    variables: serde_json::Value,
) -> Answer {
    let body = serde_json::json!({"query": query, "variables": variables}).to_string();
    let authorization = token.map(|t| format!("Bearer {t}")).unwrap_or_default();
    let mut headers = vec![
        ("content-type", "application/json"),
        ("accept", "application/graphql-response+json"),
        ("accept-language", "en"),
    ];
    if token.is_some() {
        headers.push(("authorization", &authorization));
    }
    headers.extend(reference.map(|reference| ("vnr-reference", reference)));
    send(api, "POST", "/graphql", &headers, Some(&body)).await
}
