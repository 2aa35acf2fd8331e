//! A client of the query API that keeps its connection: one request after the other.

use std::net::SocketAddr;

use anyhow::Context as _;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// What a case page asks for: the incident with who reported it and what happened to it.
const CASE_PAGE: &str = "query($i: ID!) { incident(id: $i) { number status type { code } category place { text territory } \
    occurredFrom registeredAt institution narrative { value } reporter { name { value } phone { value } } \
    timeline(first: 20) { totalCount nodes { position type occurredAt recordedAt actor facts } } } }";

/// A connection.
pub(crate) struct Pages {
    stream: BufReader<TcpStream>,
    head: String,
}

impl Pages {
    /// Connects as the holder of a token.
    pub(crate) async fn connect(address: SocketAddr, token: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let head = format!(
            "POST /graphql HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\naccept: application/json\r\n\
             authorization: Bearer {token}\r\n"
        );
        Ok(Self { stream: BufReader::new(stream), head })
    }

    /// Asks for the page of an incident; an answer without its number is an error.
    pub(crate) async fn ask(&mut self, incident: &str) -> anyhow::Result<()> {
        let body = json!({ "query": CASE_PAGE, "variables": { "i": incident } }).to_string();
        let request = format!("{}content-length: {}\r\n\r\n{body}", self.head, body.len());
        self.stream.get_mut().write_all(request.as_bytes()).await?;
        let mut length = None;
        loop {
            let mut line = String::new();
            anyhow::ensure!(self.stream.read_line(&mut line).await? > 0, "the server has closed the connection");
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = Some(value.trim().parse::<usize>()?);
            }
        }
        let mut answer = vec![0; length.context("an answer without a length")?];
        self.stream.read_exact(&mut answer).await?;
        let shown = answer.windows(11).any(|some| some == b"\"number\":\"V");
        anyhow::ensure!(shown, "no page: {}", String::from_utf8_lossy(&answer));
        Ok(())
    }
}
