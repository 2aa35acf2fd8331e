//! A server that publishes keys, on a real socket.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use access::tls::{Connection, TlsListener};
use access::{TrustedIssuer, VerifierOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::signer::{AUDIENCE, ISSUER};

struct Answer {
    /// First line and headers without the length.
    head: String,
    body: String,
    takes: Duration,
}

pub(crate) struct Publisher {
    port: u16,
    answer: Arc<Mutex<Answer>>,
    requests: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Publisher {
    pub(crate) async fn start(body: String) -> Self {
        let tcp = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        Self::on(TlsListener::plain(tcp), body)
    }

    pub(crate) fn on(mut listener: TlsListener, body: String) -> Self {
        let port = listener.local_addr().expect("an address").port();
        let answer = Arc::new(Mutex::new(Answer { head: String::new(), body, takes: Duration::ZERO }));
        let requests = Arc::new(AtomicUsize::new(0));
        let (shared, count) = (Arc::clone(&answer), Arc::clone(&requests));
        let task = tokio::spawn(async move {
            loop {
                let connection = listener.accept().await;
                tokio::spawn(reply(connection, Arc::clone(&shared), Arc::clone(&count)));
            }
        });
        let publisher = Self { port, answer, requests, task };
        publisher.says("HTTP/1.1 200 OK");
        publisher
    }

    pub(crate) fn publish(&self, body: String) {
        self.answer.lock().expect("the answer").body = body;
    }

    /// Answers with this first line, and headers after it.
    pub(crate) fn says(&self, head: &str) {
        self.answer.lock().expect("the answer").head = head.to_owned();
    }

    pub(crate) fn takes(&self, time: Duration) {
        self.answer.lock().expect("the answer").takes = time;
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://localhost:{}/keys", self.port)
    }

    pub(crate) fn issuer(&self) -> TrustedIssuer {
        TrustedIssuer::jwks_url(ISSUER, AUDIENCE, self.url("http"))
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn reply(mut connection: Connection, answer: Arc<Mutex<Answer>>, requests: Arc<AtomicUsize>) {
    let mut asked = Vec::new();
    while !asked.ends_with(b"\r\n\r\n") {
        if connection.read_buf(&mut asked).await.unwrap_or(0) == 0 {
            return;
        }
    }
    requests.fetch_add(1, Ordering::SeqCst);
    let (bytes, takes) = {
        let answer = answer.lock().expect("the answer");
        let (head, body) = (&answer.head, &answer.body);
        (format!("{head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()), answer.takes)
    };
    tokio::time::sleep(takes).await;
    let _ = connection.write_all(bytes.as_bytes()).await;
    let _ = connection.shutdown().await;
}

/// Everything that takes seconds, in parts of one.
pub(crate) fn hasty() -> VerifierOptions {
    VerifierOptions {
        readings_apart: Duration::from_millis(100),
        file_every: Duration::from_millis(50),
        refresh_soonest: Duration::from_millis(100),
        refresh_latest: Duration::from_millis(200),
        ..VerifierOptions::default()
    }
}
