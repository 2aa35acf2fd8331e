//! What is hashed of an event: the leaf of the log's Merkle tree, layout 1 (I-9).
//!
//! The layout is fixed for ever; a change would be a new layout number beside it. All integers are big-endian; a text is
//! its length in bytes (`u16`) and its UTF-8 bytes; a time is microseconds since 1970-01-01T00:00:00Z (`i64`).
//!
//! ```text
//! 0x00                     leaf prefix of RFC 9162
//! 0x01                     layout 1
//! text  origin             name of the log, `vnr.local/register`
//! u32   generation
//! 16 B  event id           UUID
//! text  aggregate type
//! 16 B  aggregate id       UUID
//! u64   sequence
//! text  event type
//! text  event version
//! i64   occurred at
//! i64   recorded at
//! 32 B  SHA-256 of the payload's bytes
//! 32 B  SHA-256 of the metadata's bytes
//! ```
//!
//! The position is not in it: leaf index = position − 1 in the tree.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::log::StoredEvent;
use crate::tree::Hash;

/// The fields of a leaf.
#[derive(Debug, Clone, Copy)]
pub struct Leaf<'a> {
    /// Name of the log in tree heads.
    pub origin: &'a str,
    /// Life of the log between lossy restores.
    pub generation: u32,
    /// The event's id.
    pub event_id: Uuid,
    /// Type of its stream.
    pub aggregate_type: &'a str,
    /// Its stream.
    pub aggregate_id: Uuid,
    /// Its place in the stream.
    pub sequence: u64,
    /// Its type.
    pub event_type: &'a str,
    /// Version of its payload's shape.
    pub event_version: &'a str,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// When the log recorded it.
    pub recorded_at: DateTime<Utc>,
    /// JSON text as stored.
    pub payload: &'a str,
    /// JSON text as stored.
    pub metadata: &'a str,
}

impl<'a> Leaf<'a> {
    /// The leaf of a stored event; `origin` and `generation` are the log's.
    pub fn of(event: &'a StoredEvent, origin: &'a str, generation: u32) -> Leaf<'a> {
        Leaf {
            origin,
            generation,
            event_id: event.event_id,
            aggregate_type: &event.aggregate_type,
            aggregate_id: event.aggregate_id,
            sequence: event.sequence,
            event_type: &event.event_type,
            event_version: &event.event_version,
            occurred_at: event.occurred_at,
            recorded_at: event.recorded_at,
            payload: &event.payload,
            metadata: &event.metadata,
        }
    }

    /// SHA-256 of the layout.
    pub fn hash(&self) -> Hash {
        let mut hasher = Sha256::new();
        hasher.update([0x00]);
        self.write(&mut |bytes| hasher.update(bytes));
        hasher.finalize().into()
    }

    /// The layout without its first byte, the prefix of RFC 9162: what a log of that kind calls an entry.
    pub fn entry(&self) -> Vec<u8> {
        let mut entry = Vec::new();
        self.write(&mut |bytes| entry.extend_from_slice(bytes));
        entry
    }

    fn write(&self, out: &mut dyn FnMut(&[u8])) {
        out(&[0x01]);
        text(out, self.origin);
        out(&self.generation.to_be_bytes());
        out(self.event_id.as_bytes());
        text(out, self.aggregate_type);
        out(self.aggregate_id.as_bytes());
        out(&self.sequence.to_be_bytes());
        text(out, self.event_type);
        text(out, self.event_version);
        out(&self.occurred_at.timestamp_micros().to_be_bytes());
        out(&self.recorded_at.timestamp_micros().to_be_bytes());
        out(&Sha256::digest(self.payload.as_bytes()));
        out(&Sha256::digest(self.metadata.as_bytes()));
    }
}

/// Texts of a leaf are names of the program, far below 64 KiB; a longer one would be cut in its length field, so it is
/// hashed under the length 65,535, which no shorter text can have.
fn text(out: &mut dyn FnMut(&[u8]), value: &str) {
    out(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
    out(value.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_what_it_was_on_the_first_day() {
        let leaf = Leaf {
            origin: "vnr.local/register",
            generation: 1,
            event_id: Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001),
            aggregate_type: "incident",
            aggregate_id: Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0002),
            sequence: 1,
            event_type: "IncidentRegistered",
            event_version: "1",
            occurred_at: DateTime::from_timestamp_micros(1_767_225_600_000_000).unwrap(),
            recorded_at: DateTime::from_timestamp_micros(1_767_225_601_000_001).unwrap(),
            payload: r#"{"a":1}"#,
            metadata: "{}",
        };
        let hex: String = leaf.hash().iter().map(|byte| format!("{byte:02x}")).collect();
        // Computed by an independent script from the layout above.
        assert_eq!(hex, "8327f1d921aed31e176112ba371e861bd177e3075236b8ca746974d47d412441");
    }
}
