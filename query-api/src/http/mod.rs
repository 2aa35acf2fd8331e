//! GraphQL over HTTP and graphql-transport-ws, to the letter.

mod explorer;
mod health;
mod listener;
mod negotiate;
mod params;
mod reply;
mod ws;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use access::{AccessError, AccessLog, Authenticated, Presented, Principal, TokenVerifier};
use async_graphql::parser::types::OperationType;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequestParts, Query, Request, State, WebSocketUpgrade};
use axum::http::{Extensions, HeaderMap, Method, Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{any, get};
use domain::access_day::RefusalCause;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::document::{self, DocumentLimits, Examined};
use crate::error::QueryError;
use crate::graph::RegisterSchema;
use crate::lang::Lang;
use crate::snapshot::{Asked, Stages};
use negotiate::{MediaType, is_json, negotiate};
use params::Params;
use reply::{Stage, refuse, refuse_as, reply};

pub use health::Readiness;
pub(crate) use listener::{Caller, Listening};

/// What bounds a request.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a request body.
    pub body_bytes: usize,
    /// Time for a body to arrive.
    pub body_time: Duration,
    /// Time for an answer, the waiting for `minPosition` included.
    pub answer_time: Duration,
    /// Size of a document.
    pub document: DocumentLimits,
    /// How long what the rows of a list ask for is gathered before it is read in one statement.
    pub gather_time: Duration,
    /// Operations under way on one WebSocket.
    pub operations_per_socket: usize,
    /// WebSockets at once.
    pub sockets: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 256 * 1024,
            body_time: Duration::from_secs(10),
            answer_time: Duration::from_secs(38),
            document: DocumentLimits::default(),
            gather_time: Duration::from_millis(1),
            operations_per_socket: 64,
            sockets: 8_192,
        }
    }
}

/// Everything that the routes share.
pub(crate) struct App {
    pub(crate) schema: RegisterSchema,
    pub(crate) gate: TokenVerifier,
    pub(crate) access: AccessLog,
    pub(crate) readiness: Arc<dyn Readiness>,
    pub(crate) metrics: Option<PrometheusHandle>,
    pub(crate) limits: Limits,
    /// Whether the schema may be asked for without a token.
    pub(crate) open_introspection: bool,
    pub(crate) sockets: Arc<tokio::sync::Semaphore>,
    pub(crate) stopping: tokio::sync::watch::Receiver<bool>,
}

impl App {
    /// The same error; where it keeps somebody out, that is told to the access log.
    fn refused(&self, caller: Option<&Principal>, error: QueryError) -> QueryError {
        let cause = match &error {
            QueryError::Unauthenticated(_) => RefusalCause::Token,
            QueryError::Forbidden(_) => RefusalCause::Policy,
            _ => return error,
        };
        self.access.refused(caller, "graphql", None, cause);
        error
    }
}

/// The routes of the query API.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/graphql", any(graphql))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/", get(|| async { axum::response::Redirect::to("/graphql") }))
        .with_state(app)
}

async fn graphql(State(app): State<Arc<App>>, request: Request) -> Response<Body> {
    let begun = Instant::now();
    let response = match *request.method() {
        Method::GET if is_upgrade(request.headers()) => return upgrade(app, request).await,
        Method::GET | Method::HEAD => on_get(&app, request).await,
        Method::POST => on_post(&app, request).await,
        _ => refuse_as(StatusCode::METHOD_NOT_ALLOWED, "GraphQL is asked by GET or POST"),
    };
    metrics::histogram!("vnr_graphql_response_seconds").record(begun.elapsed().as_secs_f64());
    response
}

fn is_upgrade(headers: &HeaderMap) -> bool {
    headers.get(header::UPGRADE).and_then(|v| v.to_str().ok()).is_some_and(|v| v.eq_ignore_ascii_case("websocket"))
}

async fn upgrade(app: Arc<App>, request: Request) -> Response<Body> {
    let (mut parts, _) = request.into_parts();
    let lang = lang_of(&parts.headers);
    let certificate = certificate_of(&parts.extensions);
    let caller = match caller_of(&app, &parts.headers, certificate).await {
        Ok(caller) => caller,
        Err(error) => return refuse(MediaType::Json, Stage::Transport, app.refused(None, error)),
    };
    match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => ws::accept(app, upgrade, ws::Guest { caller, certificate, lang }),
        Err(rejection) => rejection.into_response(),
    }
}

async fn on_get(app: &App, request: Request) -> Response<Body> {
    let pairs = Query::<HashMap<String, String>>::try_from_uri(request.uri());
    let is_asking = pairs.as_ref().is_ok_and(|p| p.contains_key("query"));
    let media = match negotiate(request.headers(), !is_asking) {
        Some(MediaType::Html) => return explorer::page(),
        Some(media) => media,
        None => return not_acceptable(),
    };
    let params = match pairs {
        Ok(Query(pairs)) => Params::from_query_string(pairs),
        Err(_) => Err(QueryError::BadRequest("the query string cannot be read".into())),
    };
    let certificate = certificate_of(request.extensions());
    carry_out(app, media, params, (request.headers(), certificate), true).await
}

async fn on_post(app: &App, request: Request) -> Response<Body> {
    let Some(media) = negotiate(request.headers(), false) else {
        return not_acceptable();
    };
    if !is_json(request.headers()) {
        return refuse_as(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send the request as application/json in UTF-8");
    }
    let (parts, body) = request.into_parts();
    let limit = app.limits.body_bytes;
    let bytes = match tokio::time::timeout(app.limits.body_time, axum::body::to_bytes(body, limit)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => return refuse(media, Stage::Transport, QueryError::TooLarge { limit }),
        Err(_) => return refuse_as(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time"),
    };
    let certificate = certificate_of(&parts.extensions);
    carry_out(app, media, Params::from_json(&bytes), (&parts.headers, certificate), false).await
}

fn not_acceptable() -> Response<Body> {
    refuse_as(StatusCode::NOT_ACCEPTABLE, "answers are application/graphql-response+json or application/json")
}

async fn carry_out(
    app: &App,
    media: MediaType,
    params: Result<Params, QueryError>,
    (headers, certificate): (&HeaderMap, Option<[u8; 32]>),
    is_get: bool,
) -> Response<Body> {
    let request = match params {
        Ok(params) => params.into_request(),
        Err(error) => return refuse(media, Stage::Transport, error),
    };
    let caller = match caller_of(app, headers, certificate).await {
        Ok(caller) => caller,
        Err(error) => return refuse(media, Stage::Document, app.refused(None, error)),
    };
    let (request, examined) = match prepare(app, request, caller.as_ref()) {
        Ok(prepared) => prepared,
        Err(error) => return refuse(media, Stage::Document, app.refused(caller.as_ref(), error)),
    };
    match examined.kind {
        OperationType::Mutation if is_get => {
            return refuse_as(StatusCode::METHOD_NOT_ALLOWED, "a mutation is never carried out by GET");
        }
        OperationType::Subscription => {
            let text = "subscriptions are served over graphql-transport-ws, on this same address";
            return refuse(media, Stage::Document, QueryError::Invalid(text.into()));
        }
        _ => {}
    }
    let stages = Stages::default();
    let asked = Asked::new(caller, lang_of(headers), examined, &request, stages.clone());
    let answer = tokio::time::timeout(app.limits.answer_time, app.schema.execute(request.data(asked))).await;
    match answer {
        Ok(answer) => reply(media, if stages.executed() { Stage::Execution } else { Stage::Document }, answer),
        Err(_) => {
            let seconds = app.limits.answer_time.as_secs();
            refuse(MediaType::GraphqlResponse, Stage::Transport, QueryError::Timeout { seconds })
        }
    }
}

/// Parses and examines the document, and lets in only who may ask for it.
fn prepare(
    app: &App,
    mut request: async_graphql::Request,
    caller: Option<&Principal>,
) -> Result<(async_graphql::Request, Examined), QueryError> {
    document::check_nesting(&request.query)?;
    if let Err(error) = request.parsed_query() {
        let place =
            error.locations.first().map(|p| format!(" (line {}, column {})", p.line, p.column)).unwrap_or_default();
        return Err(QueryError::Unparsable(format!("the document is not GraphQL{place}: {}", error.message)));
    }
    let name = request.operation_name.clone();
    let variables = request.variables.clone();
    let parsed = request.parsed_query().map_err(|e| QueryError::Unparsable(e.message))?;
    let examined = document::examine(parsed, name.as_deref(), &variables, &app.limits.document)?;
    if caller.is_none() {
        if let Some(field) = examined.roots.iter().find(|f| !f.is_introspection()) {
            return Err(QueryError::Unauthenticated(format!("{} needs a token: Authorization: Bearer …", field.name)));
        }
        if !app.open_introspection && examined.roots.iter().any(|f| f.name != "__typename") {
            return Err(QueryError::Unauthenticated("the schema is shown with a token only".into()));
        }
    }
    Ok((request, examined))
}

/// Client certificate of the connection.
fn certificate_of(extensions: &Extensions) -> Option<[u8; 32]> {
    extensions.get::<ConnectInfo<Caller>>().and_then(|caller| caller.0.0.certificate)
}

/// Who the headers name; nobody where they have no token.
async fn caller_of(
    app: &App,
    headers: &HeaderMap,
    certificate: Option<[u8; 32]>,
) -> Result<Option<Principal>, QueryError> {
    if !headers.contains_key(header::AUTHORIZATION) {
        return Ok(None);
    }
    let presented = Presented::in_headers(headers).map_err(refusal)?.with_certificate(certificate);
    admitted(app, presented).await.map(Some)
}

/// Whose token it is, where they may ask at all.
async fn admitted(app: &App, presented: Presented<'_>) -> Result<Principal, QueryError> {
    let Authenticated(principal) = app.gate.authenticate(presented).await.map_err(refusal)?;
    Ok(principal)
}

fn refusal(error: AccessError) -> QueryError {
    if error.is_temporary() {
        QueryError::KeysUnavailable(error)
    } else if error.is_unauthenticated() {
        QueryError::Unauthenticated(error.to_string())
    } else {
        QueryError::Forbidden(error.to_string())
    }
}

fn lang_of(headers: &HeaderMap) -> Lang {
    headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|v| v.to_str().ok())
        .map_or_else(Lang::default, Lang::from_accept_language)
}
