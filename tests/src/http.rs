//! An HTTP client of one request a connection.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Posts a query; gives the whole answer, errors included.
pub async fn ask(addr: SocketAddr, token: Option<&str>, query: &str, variables: Value) -> Value {
    ask_for(addr, token, None, query, variables).await
}

/// The same for a case, card or task.
pub async fn ask_for(
    addr: SocketAddr,
    token: Option<&str>,
    reference: Option<&str>,
    query: &str,
    variables: Value,
) -> Value {
    let body = json!({ "query": query, "variables": variables }).to_string();
    let authorization = token.map_or(String::new(), |token| format!("authorization: Bearer {token}\r\n"));
    let reference = reference.map_or(String::new(), |number| format!("vnr-reference: {number}\r\n"));
    // HTTP/1.0: the answer ends with the connection, and is not sent in chunks.
    let request = format!(
        "POST /graphql HTTP/1.0\r\nhost: {addr}\r\ncontent-type: application/json\r\naccept: application/json\r\n\
         {authorization}{reference}content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let (_, body) = exchange(addr, &request).await;
    serde_json::from_str(&body).unwrap_or_else(|error| panic!("the answer is no JSON ({error}): {body}"))
}

/// Gets a path; gives status and body.
pub async fn get(addr: SocketAddr, path: &str) -> (u16, String) {
    let (head, body) = exchange(addr, &format!("GET {path} HTTP/1.0\r\nhost: {addr}\r\n\r\n")).await;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.expect("the answer has a status"), body)
}

async fn exchange(addr: SocketAddr, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(addr).await.expect("HTTP answers");
    stream.write_all(request.as_bytes()).await.expect("the request is taken");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("the answer comes");
    let text = String::from_utf8(answer).expect("the answer is text");
    let (head, body) = text.split_once("\r\n\r\n").expect("the answer has a body");
    (head.to_owned(), body.to_owned())
}
