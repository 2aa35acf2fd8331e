//! A GraphQL client of one request a connection.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Posts a query; gives the whole answer, errors included.
pub async fn ask(addr: SocketAddr, token: Option<&str>, query: &str, variables: Value) -> Value {
    let body = json!({ "query": query, "variables": variables }).to_string();
    let authorization = token.map_or(String::new(), |token| format!("authorization: Bearer {token}\r\n"));
    // HTTP/1.0: the answer ends with the connection, and is not sent in chunks.
    let request = format!(
        "POST /graphql HTTP/1.0\r\nhost: {addr}\r\ncontent-type: application/json\r\naccept: application/json\r\n\
         {authorization}content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(addr).await.expect("HTTP answers");
    stream.write_all(request.as_bytes()).await.expect("the request is taken");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("the answer comes");
    let text = String::from_utf8(answer).expect("the answer is text");
    let (_, body) = text.split_once("\r\n\r\n").expect("the answer has a body");
    serde_json::from_str(body).unwrap_or_else(|error| panic!("the answer is no JSON ({error}): {text}"))
}
