//! The HTTP response of a GraphQL request: status and body as the media type wants them.

use std::collections::BTreeMap;

use async_graphql::{Response as GraphqlResponse, ServerError, Value};
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

use crate::error::{QueryError, code_of, finish, status_of};
use crate::http::negotiate::MediaType;

/// How far a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It was not a GraphQL request at all.
    Transport,
    /// Its document was refused; there is no `data`.
    Document,
    /// It was carried out; there is `data`, if only null.
    Execution,
}

/// The response of an engine's answer.
pub(crate) fn reply(media: MediaType, stage: Stage, mut answer: GraphqlResponse) -> Response<Body> {
    finish(&mut answer, stage == Stage::Execution);
    let first_code = answer.errors.first().and_then(code_of).unwrap_or("");
    let status = match stage {
        Stage::Execution if answer.data != Value::Null || answer.errors.is_empty() => StatusCode::OK,
        // A client of before takes anything but 200 for a fault of the transport; only who may not ask learns it so.
        Stage::Execution | Stage::Document if media == MediaType::Json => match status_of(first_code) {
            s @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => s,
            _ => StatusCode::OK,
        },
        Stage::Execution | Stage::Document | Stage::Transport => status_of(first_code),
    };
    metrics::counter!("vnr_graphql_responses_total", "status" => status.as_u16().to_string(), "code" => first_code.to_owned())
        .increment(1);
    built(status, media, &Told::of(stage, &answer))
}

/// The response of a request that came to nothing.
pub(crate) fn refuse(media: MediaType, stage: Stage, error: QueryError) -> Response<Body> {
    reply(media, stage, GraphqlResponse::from_errors(vec![error.into_server_error()]))
}

/// A refusal that only HTTP has a status for: 405, 406, 408, 415.
pub(crate) fn refuse_as(status: StatusCode, message: &str) -> Response<Body> {
    let error = QueryError::BadRequest(message.into()).into_server_error();
    built(status, MediaType::Json, &Told::of(Stage::Transport, &GraphqlResponse::from_errors(vec![error])))
}

/// The body: `errors` first, so that a person sees them, and `data` only where the document was carried out. Fields
/// stay in the order in which they were asked for.
#[derive(Serialize)]
pub(crate) struct Told<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    extensions: &'a BTreeMap<String, Value>,
}

impl<'a> Told<'a> {
    /// What is told of an answer.
    pub(crate) fn of(stage: Stage, answer: &'a GraphqlResponse) -> Self {
        let data = (stage == Stage::Execution).then_some(&answer.data);
        Self { errors: &answer.errors, data, extensions: &answer.extensions }
    }
}

fn built(status: StatusCode, media: MediaType, told: &Told<'_>) -> Response<Body> {
    let body = serde_json::to_vec(told).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media.content_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::VARY, HeaderValue::from_static("accept, accept-language, authorization"));
    match status {
        StatusCode::UNAUTHORIZED => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"vnr\""));
        }
        StatusCode::SERVICE_UNAVAILABLE => _ = headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1")),
        StatusCode::METHOD_NOT_ALLOWED => _ = headers.insert(header::ALLOW, HeaderValue::from_static("GET, POST")),
        _ => {}
    }
    response
}
