//! GraphQL over HTTP, over real sockets.

mod support;

use serde_json::json;
use support::{ask, send, without_database};

const JSON: (&str, &str) = ("content-type", "application/json");
const GRAPHQL: (&str, &str) = ("accept", "application/graphql-response+json");

#[tokio::test]
async fn status_follows_the_media_type() {
    let api = without_database().await;
    let bearer = format!("Bearer {}", api.officer);
    let unsound = Some(r#"{"query": "{ nothing }"}"#);
    let strict = send(&api, "POST", "/graphql", &[JSON, GRAPHQL], unsound).await;
    // Who has no token learns nothing about fields, not even that there is none.
    assert_eq!((strict.status, strict.code().as_str()), (401, "UNAUTHENTICATED"));
    let strict = send(&api, "POST", "/graphql", &[JSON, GRAPHQL, ("authorization", &bearer)], unsound).await;
    assert_eq!((strict.status, strict.code().as_str()), (400, "GRAPHQL_VALIDATION_FAILED"));
    assert!(strict.json().get("data").is_none());
    let legacy = send(&api, "POST", "/graphql", &[JSON, ("authorization", &bearer)], unsound).await;
    assert_eq!((legacy.status, legacy.header("content-type")), (200, Some("application/json; charset=utf-8")));
}

#[tokio::test]
async fn a_token_is_asked_for_before_anything_is_read() {
    let api = without_database().await;
    let open = ask(&api, None, "{ __schema { queryType { name } } }", json!({})).await;
    assert_eq!(open.status, 200);
    let closed = ask(&api, None, "{ logs { name } }", json!({})).await;
    assert_eq!((closed.status, closed.code().as_str()), (401, "UNAUTHENTICATED"));
    assert!(closed.header("www-authenticate").is_some_and(|v| v.starts_with("Bearer")));
    let wrong = ask(&api, Some("forged"), "{ __typename }", json!({})).await;
    assert_eq!((wrong.status, wrong.code().as_str()), (401, "UNAUTHENTICATED"));
}

#[tokio::test]
async fn a_database_that_is_gone_is_told_without_its_words() {
    let api = without_database().await;
    let answer = ask(&api, Some(&api.officer), "{ logs { name } }", json!({})).await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "UNAVAILABLE"));
    assert!(!answer.body.contains("sqlx") && !answer.body.contains("pool") && !answer.body.contains("127.0.0.1"));
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn methods_and_media_types_have_their_own_status() {
    let api = without_database().await;
    let query = Some(r#"{"query": "{ __typename }"}"#);
    assert_eq!(send(&api, "PUT", "/graphql", &[JSON], query).await.status, 405);
    assert_eq!(send(&api, "POST", "/graphql", &[("content-type", "text/plain")], query).await.status, 415);
    assert_eq!(send(&api, "POST", "/graphql", &[JSON, ("accept", "image/png")], query).await.status, 406);
    assert_eq!(send(&api, "POST", "/graphql", &[JSON], Some(r#"[{"query": "{ __typename }"}]"#)).await.status, 400);
    let large = format!(r#"{{"query": "{{ __typename }} #{}"}}"#, "x".repeat(300_000));
    let answer = send(&api, "POST", "/graphql", &[JSON], Some(&large)).await;
    assert_eq!((answer.status, answer.code().as_str()), (413, "PAYLOAD_TOO_LARGE"));
}

#[tokio::test]
async fn a_mutation_or_a_subscription_is_refused_over_http() {
    let api = without_database().await;
    let get = send(&api, "GET", "/graphql?query=mutation%20%7B__typename%7D", &[GRAPHQL], None).await;
    assert_eq!((get.status, get.header("allow")), (405, Some("GET, POST")));
    let post = ask(&api, Some(&api.officer), "mutation { __typename }", json!({})).await;
    assert_eq!((post.status, post.code().as_str()), (400, "GRAPHQL_VALIDATION_FAILED"));
    let subscription = ask(&api, Some(&api.officer), "subscription { projectionLag { name } }", json!({})).await;
    assert_eq!(subscription.status, 400);
    assert!(subscription.body.contains("graphql-transport-ws"));
}

#[tokio::test]
async fn a_browser_gets_the_explorer_and_a_client_its_answer() {
    let api = without_database().await;
    let browser = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    let page = send(&api, "GET", "/graphql", &browser, None).await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.header("content-security-policy").is_some_and(|v| v.contains("default-src 'none'")));
    let asking = send(&api, "GET", "/graphql?query=%7B__typename%7D", &browser, None).await;
    assert_eq!(asking.json(), json!({"data": {"__typename": "Query"}}));
}

#[tokio::test]
async fn documents_that_cost_too_much_are_refused_at_once() {
    let api = without_database().await;
    let aliases: String = (0..10_000).map(|i| format!("a{i}: __typename ")).collect();
    let mut bomb = String::from("{ ...F0 }");
    for i in 0..60 {
        bomb.push_str(&format!(" fragment F{i} on Query {{ ...F{n} ...F{n} }}", n = i + 1));
    }
    bomb.push_str(" fragment F60 on Query { __typename }");
    let deep = "{a".repeat(40_000);
    for query in [format!("{{ {aliases} }}"), bomb, deep] {
        let answer = ask(&api, Some(&api.officer), &query, json!({})).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "QUERY_TOO_COMPLEX"), "{}", &query[..40]);
    }
}

#[tokio::test]
async fn health_and_readiness_are_two_questions() {
    let api = without_database().await;
    assert_eq!(send(&api, "GET", "/healthz", &[], None).await.status, 200);
    let ready = send(&api, "GET", "/readyz", &[], None).await;
    assert_eq!((ready.status, ready.json()["reasons"][0].as_str()), (503, Some("the database cannot be reached")));
}
