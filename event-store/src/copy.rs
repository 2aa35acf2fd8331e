//! Rows of events by COPY: the cheapest way in which PostgreSQL gives many rows away.
//!
//! A COPY that is broken off leaves its connection in the middle of an answer, and the driver would take the rest for the
//! answer to the next question. So the connection goes back to the pool only after the last byte; else it is closed.

use futures::TryStreamExt as _;
use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};

use crate::log::StoredEvent;
use crate::rows::{WIDTH, event};

/// What a binary COPY begins with: its signature, and flags and an extension that are not used.
pub(crate) const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What it ends with, where a row would begin with the number of its columns.
pub(crate) const END: &[u8] = &(-1_i16).to_be_bytes();

/// A connection that is closed where it is dropped before it is given back.
struct Lent(Option<PoolConnection<Postgres>>);

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}

/// The events that `query` selects, about so many. It has no parameters: COPY takes none.
///
/// # Errors
/// When the database fails or breaks off, and `Decode` where a row is no event.
pub(crate) async fn events(pool: &PgPool, query: &str, expected: usize) -> Result<Vec<StoredEvent>, sqlx::Error> {
    let statement = format!("copy ({query}) to stdout (format binary)");
    let mut lent = Lent(Some(pool.acquire().await?));
    let Some(connection) = lent.0.as_mut() else { return Err(sqlx::Error::PoolClosed) };
    let mut events = Vec::with_capacity(expected);
    let mut ended = false;
    {
        let mut messages = connection.copy_out_raw(&statement).await?;
        let mut first = true;
        // PostgreSQL sends each row in a message of its own, the header before the first.
        while let Some(message) = messages.try_next().await? {
            let row = if first { message.strip_prefix(HEADER).unwrap_or(&message) } else { &message };
            first = false;
            match row {
                END => ended = true,
                [] => {}
                row => {
                    let event = fields(row).and_then(event);
                    events.push(event.map_err(|what| sqlx::Error::Decode(what.into()))?);
                }
            }
        }
    }
    if !ended {
        return Err(sqlx::Error::Protocol("a COPY ended before its end".to_owned()));
    }
    drop(lent.0.take());
    Ok(events)
}

/// Takes a row apart: the number of its columns, and each with its length before it.
fn fields(row: &[u8]) -> Result<[&[u8]; WIDTH], &'static str> {
    const SHORT: &str = "a row ends before its last column";
    let mut fields: [&[u8]; WIDTH] = [&[]; WIDTH];
    let (width, mut rest) = row.split_first_chunk().ok_or(SHORT)?;
    if usize::from(u16::from_be_bytes(*width)) != WIDTH {
        return Err("a row has not the columns that were asked for");
    }
    for field in &mut fields {
        let (length, after) = rest.split_first_chunk().ok_or(SHORT)?;
        let length = usize::try_from(i32::from_be_bytes(*length)).map_err(|_| "a column is null")?;
        (*field, rest) = after.split_at_checked(length).ok_or(SHORT)?;
    }
    if rest.is_empty() { Ok(fields) } else { Err("a row goes on after its last column") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(columns: &[&[u8]]) -> Vec<u8> {
        let mut row = (columns.len() as u16).to_be_bytes().to_vec();
        for column in columns {
            row.extend((column.len() as i32).to_be_bytes());
            row.extend_from_slice(column);
        }
        row
    }

    #[test]
    fn a_row_is_taken_apart_or_refused_but_never_cut() {
        let columns: [&[u8]; WIDTH] = [b"a", b"", b"ccc", b"d", b"e", b"f", b"g", b"h", b"i", b"j", b"k", b"l"];
        let whole = row(&columns);
        assert_eq!(fields(&whole), Ok(columns));
        for length in 0..whole.len() {
            assert!(fields(&whole[..length]).is_err(), "{length}");
        }
        assert!(fields(&[whole.as_slice(), b"x"].concat()).is_err());
        assert!(fields(&row(&columns[1..])).is_err());
        let mut null = whole.clone();
        null[2..6].copy_from_slice(&(-1_i32).to_be_bytes());
        assert!(fields(&null).is_err());
    }
}
