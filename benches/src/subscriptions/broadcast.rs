//! The peer: as many bytes for each change, from a broadcast channel onto sockets of the same library, and nothing else: no log, no database,
//! no read model, no policies, no questions.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::any;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

use super::socket::Place;
use super::{Change, evenly};

/// Messages that a socket may be behind before it loses some.
const BEHIND: usize = 4_096;

/// A server that hands on what it is told. Dropped, it stops.
pub(super) struct Broadcast {
    sender: broadcast::Sender<Utf8Bytes>,
    address: SocketAddr,
    padding: String,
    task: JoinHandle<std::io::Result<()>>,
}

impl Broadcast {
    /// Starts it; each message is of so many bytes.
    pub(super) async fn start(bytes: usize) -> anyhow::Result<Broadcast> {
        let (sender, _) = broadcast::channel(BEHIND);
        let router = Router::new().route("/graphql", any(upgrade)).with_state(sender.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let listener = listener.tap_io(|stream| _ = stream.set_nodelay(true));
        let task = tokio::spawn(async move { axum::serve(listener, router).await });
        let padding = "x".repeat(bytes.saturating_sub(message(0, "").len()));
        Ok(Broadcast { sender, address, padding, task })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells one change after the other.
    pub(super) async fn send_for(&self, length: Duration) -> anyhow::Result<Vec<Change>> {
        let mut changes = Vec::new();
        evenly(length, |n| {
            let text = message(n + 1, &self.padding);
            changes.push(Change { place: Place { register: n + 1, tracks: 0 }, at: Instant::now() });
            _ = self.sender.send(text.into());
        })
        .await;
        Ok(changes)
    }
}

impl Drop for Broadcast {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn message(n: u64, padding: &str) -> String {
    format!(r#"{{"position":"1.{n}","tracksPosition":"1.0","units":"{padding}"}}"#)
}

async fn upgrade(State(sender): State<broadcast::Sender<Utf8Bytes>>, upgrade: WebSocketUpgrade) -> Response {
    let messages = sender.subscribe();
    upgrade.on_upgrade(|socket| hand_on(socket, messages))
}

/// The first message says that it has begun.
async fn hand_on(mut socket: WebSocket, mut messages: broadcast::Receiver<Utf8Bytes>) {
    let mut text = message(0, "").into();
    while socket.send(Message::Text(text)).await.is_ok() {
        text = loop {
            match messages.recv().await {
                Ok(text) => break text,
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        };
    }
}
