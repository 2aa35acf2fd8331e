//! The words of a log: its name, positions in it, and what is stored at one.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use chrono::{DateTime, Utc};
use domain::kernel::RecordedEvent;
use domain::kernel::upcast::{self, Unreadable};
use serde_json::Value;
use uuid::Uuid;

/// Which of the engine's logs is meant: the name of its PostgreSQL schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogName(&'static str);

impl LogName {
    /// What the institutions did.
    pub const REGISTER: LogName = LogName("register");
    /// Where units were.
    pub const TRACKS: LogName = LogName("tracks");
    /// Who looked at what.
    pub const ACCESS: LogName = LogName("access");
    /// Every log of the engine, in the order in which they are shown.
    pub const ALL: [LogName; 3] = [LogName::REGISTER, LogName::TRACKS, LogName::ACCESS];

    /// A log of one's own, for those who use the store without the register. The name is used in SQL as it is, so it is
    /// a constant of the program: lower-case letters and underscores.
    ///
    /// # Panics
    /// At compile time, where it is used in a constant, for any other character.
    pub const fn new(name: &'static str) -> LogName {
        let bytes = name.as_bytes();
        let mut i = 0;
        while i < bytes.len() {
            assert!(
                bytes[i].is_ascii_lowercase() || bytes[i] == b'_',
                "a log's name is lower-case letters and underscores"
            );
            i += 1;
        }
        assert!(!bytes.is_empty(), "a log has a name");
        LogName(name)
    }

    /// The log of that name, where the engine has one.
    pub fn parse(name: &str) -> Option<LogName> {
        Self::ALL.into_iter().find(|log| log.0 == name)
    }

    /// The name as it stands in SQL.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for LogName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A place in a log: 1, 2, 3 … in commit order, without a hole (I-2). Zero is before the first event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LogPosition(u64);

impl LogPosition {
    /// Before the first event.
    pub const START: LogPosition = LogPosition(0);

    /// The position of that number.
    pub const fn new(position: u64) -> LogPosition {
        LogPosition(position)
    }

    /// As a number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// As PostgreSQL holds it.
    pub const fn as_i64(self) -> i64 {
        self.0 as i64
    }

    /// From what PostgreSQL holds; a negative number counts as before the first event.
    pub fn from_i64(position: i64) -> LogPosition {
        LogPosition(u64::try_from(position).unwrap_or(0))
    }

    /// The position right after this one.
    pub const fn next(self) -> LogPosition {
        LogPosition(self.0 + 1)
    }
}

impl fmt::Display for LogPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The end of a log, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Name of the log in tree heads.
    pub origin: String,
    /// Life of the log between lossy restores, from 1.
    pub generation: u32,
    /// Position of the last event.
    pub position: LogPosition,
    /// When the last event was recorded.
    pub recorded_at: DateTime<Utc>,
}

/// One event as it lies in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place in the log.
    pub position: LogPosition,
    /// UUIDv7.
    pub event_id: Uuid,
    /// Type of the stream, `incident`.
    pub aggregate_type: String,
    /// The stream.
    pub aggregate_id: Uuid,
    /// Its place in the stream, from 1.
    pub sequence: u64,
    /// Name of the event, `IncidentRegistered`.
    pub event_type: String,
    /// Version of the payload's shape.
    pub event_version: String,
    /// JSON text, byte for byte as it was hashed.
    pub payload: String,
    /// JSON text of a flat map of strings, byte for byte as it was hashed.
    pub metadata: String,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// When this log recorded it.
    pub recorded_at: DateTime<Utc>,
    /// Hash of the event's leaf, as stored.
    pub leaf_hash: Vec<u8>,
}

/// An event that this program can't read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Written by a newer program: this one is too old for it.
    #[error(
        "event {position} is a {event_type} of version {event_version}, which this program is too old for: \
         it waits until a newer one takes over"
    )]
    Newer {
        /// Where it lies.
        position: LogPosition,
        /// Its type.
        event_type: String,
        /// Its version.
        event_version: String,
    },
    /// Of a type that this program does not know. Types are written only when every live program knows them.
    #[error("event {position} is a {event_type}, a type that this program doesn't know")]
    Unknown {
        /// Where it lies.
        position: LogPosition,
        /// Its type.
        event_type: String,
    },
    /// Its payload or metadata is not what its type says.
    #[error("event {position} ({event_type}, version {event_version}) can't be read")]
    Broken {
        /// Where it lies.
        position: LogPosition,
        /// Its type.
        event_type: String,
        /// Its version.
        event_version: String,
        /// What was wrong with it. May quote it.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl StoredEvent {
    /// In which of the [`SLICES`](crate::scan::SLICES) its record lies: the last two bytes of the record's id, which are chance
    /// or a hash in every kind of UUID that is used here.
    pub fn slice(&self) -> u16 {
        let bytes = self.aggregate_id.as_bytes();
        u16::from_be_bytes([bytes[14], bytes[15]]) % crate::scan::SLICES
    }

    /// The typed event, as it is today: one of an older version goes through its upcasters. Personal data stays sealed.
    ///
    /// # Errors
    /// When a newer program wrote it, or the payload is not an `E`.
    pub fn decode<E: RecordedEvent>(&self) -> Result<E, DecodeError> {
        upcast::decode(&self.event_type, &self.event_version, &self.payload).map_err(|error| match error {
            Unreadable::Newer => DecodeError::Newer {
                position: self.position,
                event_type: self.event_type.clone(),
                event_version: self.event_version.clone(),
            },
            Unreadable::Unknown => {
                DecodeError::Unknown { position: self.position, event_type: self.event_type.clone() }
            }
            Unreadable::Payload(source) => self.broken(source),
            other @ Unreadable::Version => self.broken(other),
        })
    }

    /// The payload as it was written, in whatever version: for those who show it, not for those who decide on it.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn as_written(&self) -> Result<Value, DecodeError> {
        serde_json::from_str(&self.payload).map_err(|source| self.broken(source))
    }

    /// Who, why and where from: a flat map.
    ///
    /// # Errors
    /// When the metadata is not a map of strings.
    pub fn metadata_map(&self) -> Result<BTreeMap<String, String>, DecodeError> {
        serde_json::from_str(&self.metadata).map_err(|source| self.broken(source))
    }

    fn broken(&self, source: impl Error + Send + Sync + 'static) -> DecodeError {
        DecodeError::Broken {
            position: self.position,
            event_type: self.event_type.clone(),
            event_version: self.event_version.clone(),
            source: Box::new(source),
        }
    }
}
