//! Rows as a binary COPY takes them in.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Where PostgreSQL's time begins: 2000-01-01, in microseconds since 1970.
const EPOCH: i64 = 946_684_800_000_000;

/// Rows that wait to be sent.
#[derive(Debug, Default)]
pub(super) struct Rows(Vec<u8>);

impl Rows {
    /// Begins a row of so many columns. Each is then put, in the order of the statement.
    pub(super) fn row(&mut self, columns: i16) -> &mut Rows {
        self.0.extend(columns.to_be_bytes());
        self
    }

    /// A `bytea`, a text or JSON.
    pub(super) fn bytes(&mut self, value: &[u8]) -> &mut Rows {
        self.0.extend((value.len() as i32).to_be_bytes());
        self.0.extend_from_slice(value);
        self
    }

    pub(super) fn text(&mut self, value: &str) -> &mut Rows {
        self.bytes(value.as_bytes())
    }

    pub(super) fn uuid(&mut self, value: Uuid) -> &mut Rows {
        self.bytes(value.as_bytes())
    }

    /// A UUID or null.
    pub(super) fn optional(&mut self, value: Option<Uuid>) -> &mut Rows {
        match value {
            Some(value) => self.uuid(value),
            None => {
                self.0.extend((-1_i32).to_be_bytes());
                self
            }
        }
    }

    pub(super) fn bigint(&mut self, value: i64) -> &mut Rows {
        self.bytes(&value.to_be_bytes())
    }

    pub(super) fn integer(&mut self, value: i32) -> &mut Rows {
        self.bytes(&value.to_be_bytes())
    }

    pub(super) fn smallint(&mut self, value: i16) -> &mut Rows {
        self.bytes(&value.to_be_bytes())
    }

    pub(super) fn time(&mut self, value: DateTime<Utc>) -> &mut Rows {
        self.bigint(value.timestamp_micros() - EPOCH)
    }

    /// So many bytes wait.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes what waits.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let next = Vec::with_capacity(self.0.capacity());
        std::mem::replace(&mut self.0, next)
    }
}
