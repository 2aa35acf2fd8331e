//! A GraphQL client of one request a connection: enough to ask our own server over real HTTP.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than the server lets a query wait for its read models.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Asks, and gives `data`; errors of the answer are errors.
pub(super) async fn ask(addr: SocketAddr, token: &str, query: &str, variables: &Value) -> anyhow::Result<Value> {
    let body = json!({ "query": query, "variables": variables }).to_string();
    let asked = tokio::time::timeout(TIMEOUT, post(addr, token, &body)).await;
    let answer = asked.context("GraphQL did not answer within a minute")?.context("can't ask GraphQL")?;
    let mut answer: Value = serde_json::from_str(&answer).context("GraphQL's answer is not JSON")?;
    if let Some(errors) = answer.get("errors") {
        bail!("GraphQL answered with errors: {errors}");
    }
    Ok(answer["data"].take())
}

async fn post(addr: SocketAddr, token: &str, body: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(addr).await?;
    let head = format!(
        "POST /graphql HTTP/1.1\r\nhost: {addr}\r\ncontent-type: application/json\r\naccept: application/json\r\n\
         authorization: Bearer {token}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    body_of(&answer).context("the answer is no HTTP response")
}

/// The body of a response that was read to its end; we ask so that it has a length and is not sent in chunks.
fn body_of(response: &[u8]) -> Option<String> {
    let end = response.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&response[..end]).ok()?.to_ascii_lowercase();
    let body = &response[end + 4..];
    let body = if head.contains("transfer-encoding: chunked") { unchunked(body)? } else { body.to_vec() };
    head.starts_with("http/1.1 ").then(|| String::from_utf8(body).ok())?
}

fn unchunked(mut chunks: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = chunks.windows(2).position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(&chunks[..line]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        chunks = &chunks[line + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(chunks.get(..size)?);
        chunks = chunks.get(size + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_found_with_a_length_and_in_chunks() {
        assert_eq!(body_of(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").as_deref(), Some("{}"));
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n2;x=y\r\n}\n\r\n0\r\n\r\n";
        assert_eq!(body_of(chunked).as_deref(), Some("{}\n"));
        assert_eq!(body_of(b"nonsense"), None);
    }
}
