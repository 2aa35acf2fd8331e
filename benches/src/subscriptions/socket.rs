//! A client of WebSockets that takes next to nothing itself: the clients share the machine with the server.

use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// How far a message tells, in both logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// In the register.
    pub(super) register: u64,
    /// In the tracks.
    pub(super) tracks: u64,
}

impl Place {
    /// Of a message; none where it tells nothing.
    pub(super) fn of(message: &str) -> Option<Place> {
        let told = |name: &str| {
            let (_, rest) = message.split_once(name)?;
            let (_, position) = rest.split_once('.')?;
            let end = position.find('"')?;
            position[..end].parse().ok()
        };
        Some(Place { register: told(r#""position":""#)?, tracks: told(r#""tracksPosition":""#)? })
    }

    pub(super) fn in_register(&self) -> u64 {
        self.register
    }

    pub(super) fn in_tracks(&self) -> u64 {
        self.tracks
    }
}

/// An open WebSocket.
pub(super) struct Socket {
    stream: BufReader<TcpStream>,
    message: Vec<u8>,
}

impl Socket {
    /// Opens one.
    pub(super) async fn open(address: SocketAddr) -> anyhow::Result<Socket> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut stream = BufReader::new(stream);
        let request = "GET /graphql HTTP/1.1\r\nhost: bench\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                       sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                       sec-websocket-protocol: graphql-transport-ws\r\n\r\n";
        stream.write_all(request.as_bytes()).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        anyhow::ensure!(head.starts_with(b"HTTP/1.1 101"), "no WebSocket: {}", String::from_utf8_lossy(&head));
        Ok(Socket { stream, message: Vec::new() })
    }

    /// Begins a subscription.
    pub(super) async fn follow(&mut self, token: &str, query: &str) -> anyhow::Result<()> {
        let init = serde_json::json!({"type": "connection_init", "payload": {"token": token, "reference": "BENCH-1"}});
        self.send(&init.to_string()).await?;
        let answer = self.next().await?;
        anyhow::ensure!(answer.contains("connection_ack"), "not let in: {answer}");
        let subscribe = serde_json::json!({"id": "1", "type": "subscribe", "payload": {"query": query}});
        self.send(&subscribe.to_string()).await
    }

    /// Sends a message: one text frame, masked with zeros.
    async fn send(&mut self, text: &str) -> anyhow::Result<()> {
        let mut frame = vec![0x81];
        match u16::try_from(text.len())? {
            short @ 0..=125 => frame.push(0x80 | u8::try_from(short)?),
            long => {
                frame.push(0x80 | 126);
                frame.extend(long.to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        Ok(self.stream.write_all(&frame).await?)
    }

    /// The next message; pings are answered on the way.
    pub(super) async fn next(&mut self) -> anyhow::Result<&str> {
        loop {
            let kind = self.stream.read_u8().await? & 0x0f;
            let length = match self.stream.read_u8().await? {
                126 => u64::from(self.stream.read_u16().await?),
                127 => self.stream.read_u64().await?,
                short => u64::from(short),
            };
            self.message.resize(usize::try_from(length)?, 0);
            self.stream.read_exact(&mut self.message).await?;
            anyhow::ensure!(kind == 1, "a frame of kind {kind}: {}", String::from_utf8_lossy(&self.message));
            if self.message == br#"{"type":"ping"}"# {
                self.send(r#"{"type":"pong"}"#).await?;
                continue;
            }
            break;
        }
        std::str::from_utf8(&self.message).context("messages are UTF-8")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_tells_how_far_it_goes() {
        let message = r#"{"type":"next","id":"1","payload":{"data":{"rosterChanged":{"position":"1.42","tracksPosition":"1.7",
            "units":[{"callSign":"B1","position":{"at":"2026-11-23T00:00:00+00:00"}}]}}}}"#;
        assert_eq!(Place::of(message), Some(Place { register: 42, tracks: 7 }));
        assert_eq!(Place::of(r#"{"type":"connection_ack"}"#), None);
    }
}
