//! A client of graphql-transport-ws, as small as can be.

use std::time::Duration;

use query_api::Serving;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// A WebSocket with one subscription.
pub struct Socket {
    stream: TcpStream,
}

/// What the server said.
#[derive(Debug, PartialEq)]
pub enum Said {
    Message(Value),
    Closed(u16),
}

impl Socket {
    /// Opens a socket with a token in `connection_init`, and waits for its acknowledgement.
    pub async fn open(api: &Serving, token: &str) -> Socket {
        Self::over(TcpStream::connect(api.address()).await.expect("a connection"), token).await
    }

    /// The same, of a client that has hardly any room for what it has not read yet.
    pub async fn narrow(api: &Serving, token: &str) -> Socket {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        Self::over(socket.connect(api.address()).await.expect("a connection"), token).await
    }

    async fn over(mut stream: TcpStream, token: &str) -> Socket {
        let request = "GET /graphql HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                       sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                       sec-websocket-protocol: graphql-transport-ws\r\n\r\n";
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.expect("a head"));
        }
        let head = String::from_utf8(head).expect("text");
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        let mut socket = Socket { stream };
        socket.send(json!({"type": "connection_init", "payload": {"token": token, "lang": "en"}})).await;
        assert_eq!(socket.next().await, Said::Message(json!({"type": "connection_ack"})));
        socket
    }

    /// Subscribes.
    pub async fn subscribe(&mut self, query: &str, variables: Value) {
        let payload = json!({"query": query, "variables": variables});
        self.send(json!({"id": "1", "type": "subscribe", "payload": payload})).await;
    }

    /// Sends a message: one text frame, masked with zeros.
    pub async fn send(&mut self, message: Value) {
        let text = message.to_string();
        let mut frame = vec![0x81];
        match u16::try_from(text.len()).expect("a short message") {
            short @ 0..=125 => frame.push(0x80 | u8::try_from(short).expect("short")),
            long => {
                frame.push(0x80 | 126);
                frame.extend(long.to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        self.stream.write_all(&frame).await.expect("sent");
    }

    /// The next message.
    pub async fn next(&mut self) -> Said {
        self.within(Duration::from_secs(20)).await.expect("the server says something")
    }

    /// The next message, if it comes in time.
    pub async fn within(&mut self, time: Duration) -> Option<Said> {
        // A frame is read whole or not at all: nothing comes for as long as the time lasts, or a frame has begun.
        tokio::time::timeout(time, self.stream.peek(&mut [0])).await.ok()?.expect("readable");
        let first = self.stream.read_u8().await.expect("a frame");
        let length = match self.stream.read_u8().await.expect("a length") {
            126 => u64::from(self.stream.read_u16().await.expect("a length")),
            127 => self.stream.read_u64().await.expect("a length"),
            short => u64::from(short),
        };
        let mut body = vec![0; usize::try_from(length).expect("a length")];
        self.stream.read_exact(&mut body).await.expect("a body");
        match first & 0x0f {
            0x8 => Some(Said::Closed(u16::from_be_bytes([body[0], body[1]]))),
            0x1 => Some(Said::Message(serde_json::from_slice(&body).expect("JSON"))),
            other => panic!("frame of kind {other}"),
        }
    }

    /// The data of the next `next` message.
    pub async fn data(&mut self) -> Value {
        loop {
            match self.next().await {
                Said::Message(message) if message["type"] == "next" => {
                    assert!(message["payload"].get("errors").is_none(), "{message}");
                    return message["payload"]["data"].clone();
                }
                Said::Message(message) if message["type"] == "ping" => self.send(json!({"type": "pong"})).await,
                other => panic!("{other:?}"),
            }
        }
    }
}
