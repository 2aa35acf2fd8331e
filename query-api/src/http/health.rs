//! `/healthz`, `/readyz`, `/metrics`: for those who run it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Response, StatusCode, header};
use futures::future::BoxFuture;
use serde_json::{Map, Value, json};

use crate::http::App;

/// Says what keeps the process from serving.
pub trait Readiness: Send + Sync + 'static {
    /// Reasons, each a short sentence fit to be shown to anyone; none where it can serve.
    fn reasons(&self) -> BoxFuture<'_, Vec<String>>;

    /// What else there is to know of the process, by name: fit to be shown to anyone, and no reason not to serve.
    fn details(&self) -> Map<String, Value> {
        Map::new()
    }
}

/// The process is alive.
pub(super) async fn alive() -> Response<Body> {
    json_response(StatusCode::OK, &json!({"status": "alive"}))
}

/// The process can serve: 200, or 503 with the reasons.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Response<Body> {
    let reasons = match tokio::time::timeout(std::time::Duration::from_secs(5), app.readiness.reasons()).await {
        Ok(reasons) => reasons,
        Err(_) => vec!["the database does not answer within 5 s".to_owned()],
    };
    let (code, status) = match reasons.is_empty() {
        true => (StatusCode::OK, "ready"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
    };
    let mut body = app.readiness.details();
    body.insert("status".to_owned(), json!(status));
    body.insert("reasons".to_owned(), json!(reasons));
    json_response(code, &Value::Object(body))
}

/// Figures in Prometheus' text format.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Response<Body> {
    let Some(handle) = &app.metrics else {
        return json_response(StatusCode::NOT_FOUND, &json!({"status": "no metrics are kept"}));
    };
    let mut response = Response::new(Body::from(handle.render()));
    let content_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

fn json_response(status: StatusCode, body: &serde_json::Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
