//! graphql-transport-ws: many operations on one WebSocket.
//!
//! One task serves a socket. It sends before it asks a subscription for more, so a slow client slows its own
//! subscriptions down, and these give the latest state when they are asked again.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use access::{Presented, Principal};
use async_graphql::Response as GraphqlResponse;
use async_graphql::parser::types::OperationType;
use axum::body::Body;
use axum::extract::WebSocketUpgrade;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use axum::http::Response;
use chrono::Utc;
use futures::{Stream, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_stream::StreamMap;

use super::params::Params;
use super::reply::{Stage, Told, refuse};
use super::{App, MediaType, admitted, prepare};
use crate::error::{QueryError, finish};
use crate::lang::Lang;
use crate::snapshot::{Asked, Stages};

const PROTOCOL: &str = "graphql-transport-ws";
const TIME_TO_INIT: Duration = Duration::from_secs(10);
const TIME_TO_SEND: Duration = Duration::from_secs(30);
const TIME_TO_CLOSE: Duration = Duration::from_secs(2);
const PING_EVERY: Duration = Duration::from_secs(25);
const SILENCE: Duration = Duration::from_secs(80);

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum FromClient {
    ConnectionInit {
        #[serde(default)]
        payload: Option<Value>,
    },
    Subscribe {
        id: String,
        payload: Value,
    },
    Complete {
        id: String,
    },
    Ping {
        #[serde(default)]
        payload: Option<Value>,
    },
    Pong {},
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ToClient<'a> {
    ConnectionAck,
    Next {
        id: &'a str,
        payload: Told<'a>,
    },
    Error {
        id: &'a str,
        payload: &'a [async_graphql::ServerError],
    },
    Complete {
        id: &'a str,
    },
    Ping,
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<Value>,
    },
}

/// Why a socket is closed, as the protocol numbers it.
struct Close(u16, String);

impl Close {
    fn new(code: u16, reason: impl Into<String>) -> Self {
        Self(code, reason.into())
    }
}

type Answers = Pin<Box<dyn Stream<Item = Option<GraphqlResponse>> + Send>>;

struct Operation {
    stages: Stages,
    answers: Answers,
}

impl Stream for Operation {
    type Item = (Stages, Option<GraphqlResponse>);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<Option<Self::Item>> {
        let stages = self.stages.clone();
        self.answers.poll_next_unpin(cx).map(|answer| answer.map(|a| (stages, a)))
    }
}

/// Who opens a socket, as the upgrade says it.
pub(super) struct Guest {
    /// Who its header named; a token in `connection_init` takes its place.
    pub(super) caller: Option<Principal>,
    /// Client certificate of the connection.
    pub(super) certificate: Option<[u8; 32]>,
    pub(super) lang: Lang,
}

/// Accepts the upgrade, where there is room for one more socket.
pub(super) fn accept(app: Arc<App>, upgrade: WebSocketUpgrade, guest: Guest) -> Response<Body> {
    let Ok(room) = app.sockets.clone().try_acquire_owned() else {
        return refuse(MediaType::Json, Stage::Transport, QueryError::Unavailable(sqlx::Error::PoolTimedOut));
    };
    let limit = app.limits.body_bytes;
    upgrade.protocols([PROTOCOL]).max_message_size(limit).max_frame_size(limit).on_upgrade(async move |mut socket| {
        let _room = room;
        metrics::gauge!("vnr_graphql_sockets").increment(1.0);
        let close = if socket.protocol().is_none() {
            Some(Close::new(4406, "Subprotocol not acceptable"))
        } else {
            Session::new(&app, &mut socket, guest).run().await
        };
        if let Some(Close(code, reason)) = close {
            let frame = CloseFrame { code, reason: reason.into() };
            _ = tokio::time::timeout(TIME_TO_SEND, socket.send(Message::Close(Some(frame)))).await;
        }
        // The closing handshake: an answer to the client's close is sent, and ours is answered, while it is read on.
        let handshake = async { while let Some(Ok(_)) = socket.recv().await {} };
        _ = tokio::time::timeout(TIME_TO_CLOSE, handshake).await;
        metrics::gauge!("vnr_graphql_sockets").decrement(1.0);
    })
}

struct Session<'a> {
    app: &'a App,
    socket: &'a mut WebSocket,
    caller: Option<Principal>,
    certificate: Option<[u8; 32]>,
    lang: Lang,
    acknowledged: bool,
    operations: StreamMap<String, Operation>,
    begun: Instant,
    last_heard: Instant,
}

impl<'a> Session<'a> {
    fn new(app: &'a App, socket: &'a mut WebSocket, guest: Guest) -> Self {
        let Guest { caller, certificate, lang } = guest;
        let (now, operations) = (Instant::now(), StreamMap::new());
        Self { app, socket, caller, certificate, lang, acknowledged: false, operations, begun: now, last_heard: now }
    }

    /// Serves until the client is gone (none) or is to be told why it ends.
    async fn run(&mut self) -> Option<Close> {
        let mut ticks = ticking();
        let mut stopping = self.app.stopping.clone();
        loop {
            let end_of_token = self.end_of_token();
            let step = tokio::select! {
                message = self.socket.recv() => match message {
                    Some(Ok(message)) => self.on_message(message).await,
                    Some(Err(_)) | None => return None,
                },
                Some((id, (stages, answer))) = self.operations.next(), if !self.operations.is_empty() => {
                    self.on_answer(&id, &stages, answer).await
                }
                () = tokio::time::sleep_until(end_of_token) => self.on_end_of_token().await,
                _ = ticks.tick() => self.on_tick().await,
                () = stopped(&mut stopping) => Err(Close::new(1001, "Going away")),
            };
            match step {
                Ok(true) => {}
                Ok(false) => return None,
                Err(close) => return Some(close),
            }
        }
    }

    fn end_of_token(&self) -> Instant {
        let far = Duration::from_secs(24 * 3600);
        let left = self.caller.as_ref().map(|c| (c.expires_at - Utc::now()).to_std().unwrap_or_default());
        Instant::now() + left.unwrap_or(far).min(far)
    }

    async fn on_end_of_token(&mut self) -> Result<bool, Close> {
        if self.caller.as_ref().is_none_or(|c| c.expires_at > Utc::now()) {
            return Ok(true);
        }
        let ids: Vec<String> = self.operations.keys().cloned().collect();
        for id in &ids {
            self.send(&ToClient::Complete { id }).await?;
        }
        Err(Close::new(4403, "Forbidden: the token has expired"))
    }

    async fn on_tick(&mut self) -> Result<bool, Close> {
        if !self.acknowledged && self.begun.elapsed() >= TIME_TO_INIT {
            return Err(Close::new(4408, "Connection initialisation timeout"));
        }
        if self.last_heard.elapsed() >= SILENCE {
            return Ok(false);
        }
        if self.acknowledged && self.last_heard.elapsed() >= PING_EVERY {
            self.send(&ToClient::Ping).await?;
        }
        Ok(true)
    }

    async fn on_message(&mut self, message: Message) -> Result<bool, Close> {
        self.last_heard = Instant::now();
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => return Err(Close::new(4400, "Messages are text")),
            Message::Ping(_) | Message::Pong(_) => return Ok(true),
            Message::Close(_) => return Ok(false),
        };
        let message = serde_json::from_str(&text).map_err(|_| Close::new(4400, "Invalid message"))?;
        match message {
            FromClient::ConnectionInit { payload } => self.on_init(payload).await?,
            FromClient::Ping { payload } => self.send(&ToClient::Pong { payload }).await?,
            FromClient::Pong {} => {}
            FromClient::Subscribe { id, payload } => self.on_subscribe(id, payload).await?,
            FromClient::Complete { id } => _ = self.operations.remove(&id),
        }
        Ok(true)
    }

    async fn on_init(&mut self, payload: Option<Value>) -> Result<(), Close> {
        if self.acknowledged {
            return Err(Close::new(4429, "Too many initialisation requests"));
        }
        if let Some(payload) = &payload
            && let Some(token) = token_of(payload)
        {
            let authorization = format!("Bearer {}", bearer(token));
            let told = |name: &str| payload.get(name).and_then(Value::as_str);
            let presented = Presented {
                authorization: Some(&authorization),
                purpose: told("purpose"),
                reference: told("reference"),
                certificate: self.certificate,
            };
            match admitted(self.app, presented).await {
                Ok(caller) => self.caller = Some(caller),
                Err(error) => {
                    let error = self.app.refused(None, error);
                    return Err(Close::new(4403, short(&format!("Forbidden: {error}"))));
                }
            }
        }
        if let Some(lang) = payload.as_ref().and_then(|p| p.get("lang")).and_then(Value::as_str) {
            self.lang = Lang::from_accept_language(lang);
        }
        self.acknowledged = true;
        self.send(&ToClient::ConnectionAck).await
    }

    async fn on_subscribe(&mut self, id: String, payload: Value) -> Result<(), Close> {
        if !self.acknowledged {
            return Err(Close::new(4401, "Unauthorized"));
        }
        if id.is_empty() || id.len() > 128 {
            return Err(Close::new(4400, "Invalid id"));
        }
        if self.operations.contains_key(&id) {
            return Err(Close::new(4409, short(&format!("Subscriber for {id} already exists"))));
        }
        match self.begin(payload) {
            Ok(operation) => {
                _ = self.operations.insert(id, operation);
                Ok(())
            }
            Err(error) => {
                let payload = [error.into_server_error()];
                self.send(&ToClient::Error { id: &id, payload: &payload }).await
            }
        }
    }

    fn begin(&self, payload: Value) -> Result<Operation, QueryError> {
        let limit = self.app.limits.operations_per_socket;
        if self.operations.len() >= limit {
            return Err(QueryError::TooComplex(format!("at most {limit} operations are under way on one socket")));
        }
        let request = Params::from_value(payload)?.into_request();
        let (request, examined) = prepare(self.app, request, self.caller.as_ref())?;
        if examined.kind == OperationType::Mutation {
            return Err(QueryError::Invalid("the query API changes nothing: commands go through gRPC".into()));
        }
        let stages = Stages::default();
        let asked = Asked::new(self.caller.clone(), self.lang, examined, &request, stages.clone());
        let answers = self.app.schema.execute_stream(request.data(asked)).map(Some);
        let answers = answers.chain(futures::stream::once(std::future::ready(None)));
        Ok(Operation { stages, answers: Box::pin(answers) })
    }

    async fn on_answer(&mut self, id: &str, stages: &Stages, answer: Option<GraphqlResponse>) -> Result<bool, Close> {
        match answer {
            Some(mut answer) => {
                let executed = stages.executed();
                finish(&mut answer, executed);
                if executed {
                    self.send(&ToClient::Next { id, payload: Told::of(Stage::Execution, &answer) }).await?;
                } else {
                    self.operations.remove(id);
                    self.send(&ToClient::Error { id, payload: &answer.errors }).await?;
                }
            }
            None => {
                self.operations.remove(id);
                self.send(&ToClient::Complete { id }).await?;
            }
        }
        Ok(true)
    }

    async fn send(&mut self, message: &ToClient<'_>) -> Result<(), Close> {
        let text = serde_json::to_string(message).map_err(|_| Close::new(4500, "Internal server error"))?;
        match tokio::time::timeout(TIME_TO_SEND, self.socket.send(Message::Text(text.into()))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Close::new(1001, "Gone")),
            Err(_) => Err(Close::new(1013, "Too slow")),
        }
    }
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    if stopping.wait_for(|stop| *stop).await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn ticking() -> Interval {
    let mut ticks = tokio::time::interval(Duration::from_secs(5));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// The token in the payload of `connection_init`, under any of the names that clients use.
fn token_of(payload: &Value) -> Option<&str> {
    ["token", "authorization", "Authorization"].iter().find_map(|name| payload.get(name)?.as_str())
}

/// A close frame's reason holds 123 bytes.
fn short(reason: &str) -> String {
    let mut end = reason.len().min(120);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    reason[..end].to_owned()
}

/// A token with or without `Bearer` before it.
fn bearer(value: &str) -> &str {
    match value.trim().split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => value.trim(),
    }
}
