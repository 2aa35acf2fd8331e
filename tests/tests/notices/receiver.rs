//! A municipality's system that takes notices in, answers and dies: plain HTTP over a socket, as any program would.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ring::hmac;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What was taken in.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    /// To which address of it.
    pub(crate) path: String,
    /// The notice, by the header.
    pub(crate) id: String,
    /// What it holds.
    pub(crate) body: Value,
}

#[derive(Default)]
struct Taken {
    posts: Vec<Post>,
    /// How many connections there were.
    asked: u32,
}

/// It listens on one port for as long as it is there.
pub(crate) struct Receiver {
    address: SocketAddr,
    key: Arc<hmac::Key>,
    taken: Arc<Mutex<Taken>>,
    serves: JoinHandle<()>,
}

impl Receiver {
    /// Listens on a free port.
    pub(crate) async fn listen(secret: &str) -> Receiver {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let (address, taken) = (listener.local_addr().unwrap(), Arc::default());
        let key = Arc::new(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()));
        let serves = tokio::spawn(serve(listener, Arc::clone(&key), Arc::clone(&taken)));
        Receiver { address, key, taken, serves }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Dies, and comes back on the same port after that time.
    pub(crate) async fn away_for(&mut self, time: Duration) {
        self.serves.abort();
        let _ = (&mut self.serves).await;
        tokio::time::sleep(time).await;
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.serves = tokio::spawn(serve(listener, Arc::clone(&self.key), Arc::clone(&self.taken)));
    }

    /// What was taken in since it was asked last.
    pub(crate) fn taken(&self) -> Vec<Post> {
        std::mem::take(&mut self.taken.lock().unwrap().posts)
    }
}

async fn serve(listener: TcpListener, key: Arc<hmac::Key>, taken: Arc<Mutex<Taken>>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let (key, taken) = (Arc::clone(&key), Arc::clone(&taken));
        tokio::spawn(async move { _ = answer(stream, &key, &taken).await });
    }
}

/// Every fifth time it dies before it has taken anything in, every seventh time after that and before it has answered, and every third time
/// it is too busy.
async fn answer(mut stream: TcpStream, key: &hmac::Key, taken: &Mutex<Taken>) -> std::io::Result<()> {
    let asked = {
        let mut taken = taken.lock().unwrap();
        taken.asked += 1;
        taken.asked
    };
    if asked.is_multiple_of(5) {
        return Ok(());
    }
    let (head, body) = read(&mut stream).await?;
    if asked.is_multiple_of(3) {
        return stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n").await;
    }
    let header = |name: &str| {
        let lines = head.lines().filter_map(|line| line.split_once(':'));
        let mut found = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    assert!(is_signed(key, &header("vnr-signature"), &body), "{head}");
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let body = serde_json::from_slice(&body).expect("the body is JSON");
    taken.lock().unwrap().posts.push(Post { path, id: header("vnr-notice"), body });
    if asked.is_multiple_of(7) {
        return Ok(());
    }
    stream.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n").await
}

/// Head and body of a request.
async fn read(stream: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4_096]);
    loop {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head.lines().filter_map(|line| line.split_once(':'));
            let length = length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
            let length: usize = length.filter_map(|(_, value)| value.trim().parse().ok()).next().unwrap_or_default();
            if bytes.len() >= end + 4 + length {
                return Ok((head, bytes[end + 4..end + 4 + length].to_vec()));
            }
        }
        match stream.read(&mut chunk).await? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            read => bytes.extend_from_slice(&chunk[..read]),
        }
    }
}

/// As docs/NOTICES.md says that it is checked.
fn is_signed(key: &hmac::Key, signature: &str, body: &[u8]) -> bool {
    let Some((time, digest)) = signature.split_once(",v1=") else { return false };
    let Some(seconds) = time.strip_prefix("t=") else { return false };
    let digest: Vec<u8> =
        (0..digest.len() / 2).filter_map(|at| u8::from_str_radix(digest.get(2 * at..2 * at + 2)?, 16).ok()).collect();
    let signed = [seconds.as_bytes(), b".", body].concat();
    hmac::verify(key, &signed, &digest).is_ok()
}
