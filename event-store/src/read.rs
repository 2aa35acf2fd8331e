//! Reading a log: by position or by stream, in pages that are short transactions of their own (I-13).
//!
//! Positions are dense, so a page is a range and a short page is the end; anything else is an error, never an end.

use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row as _};
use uuid::Uuid;

use crate::log::{Head, LogName, LogPosition, StoredEvent};
use crate::scan::{SLICES, Selection};

/// Columns of an event, in the order of the table: what every reader of the log reads.
pub const COLUMNS: &str = "position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version, \
     payload::text as payload, metadata::text as metadata, occurred_at, recorded_at, leaf_hash";

/// A log that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The database failed; asking again may help.
    #[error("the log could not be read from the database")]
    Database(#[from] sqlx::Error),
    /// An event is missing: the log was tampered with, or its table is damaged.
    #[error(
        "{log} has no event at position {missing}, although its head is beyond it: run `vnr log verify --log {log}`"
    )]
    Hole {
        /// Which log.
        log: LogName,
        /// The first position that is missing.
        missing: LogPosition,
    },
    /// A row is not an event.
    #[error("{log} holds a row that is no event: {what}")]
    NotAnEvent {
        /// Which log.
        log: LogName,
        /// What is wrong with it.
        what: String,
    },
}

/// Reads one log.
#[derive(Debug, Clone)]
pub struct LogReader {
    pool: PgPool,
    log: LogName,
}

impl LogReader {
    /// Reads `log` through `pool`.
    pub fn new(pool: PgPool, log: LogName) -> LogReader {
        LogReader { pool, log }
    }

    /// Which log it reads.
    pub fn log(&self) -> LogName {
        self.log
    }

    /// The pool that it reads through.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// The end of the log.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn head(&self) -> Result<Head, ReadError> {
        let sql = format!("select origin, generation, position, recorded_at from {}.head", self.log);
        let row = sqlx::query(&sql).fetch_one(&self.pool).await?;
        Ok(Head {
            origin: row.try_get("origin")?,
            generation: u32::try_from(row.try_get::<i32, _>("generation")?).unwrap_or(0),
            position: LogPosition::from_i64(row.try_get("position")?),
            recorded_at: row.try_get("recorded_at")?,
        })
    }

    /// The events after `after`, at most `limit`, in order. An empty page means that the log ends there.
    ///
    /// # Errors
    /// When the database fails, or when positions are missing in what was read.
    pub async fn page(&self, after: LogPosition, limit: u32) -> Result<Vec<StoredEvent>, ReadError> {
        let upto = after.as_i64().saturating_add(i64::from(limit));
        let sql = format!(
            "select {COLUMNS} from {}.events where position > $1 and position <= $2 order by position",
            self.log
        );
        let rows = sqlx::query(&sql).bind(after.as_i64()).bind(upto).fetch_all(&self.pool).await?;
        let events = rows.iter().map(|row| self.event(row)).collect::<Result<Vec<_>, _>>()?;
        self.dense(after, &events)?;
        Ok(events)
    }

    /// The selected events after one position and up to another, in order.
    ///
    /// # Errors
    /// When the database fails, or when a position is missing and all were asked for.
    pub(crate) async fn window(
        &self,
        after: LogPosition,
        upto: LogPosition,
        selection: &Selection,
    ) -> Result<Vec<StoredEvent>, ReadError> {
        let whole = selection.is_whole();
        let conditions = if whole {
            ""
        } else {
            "and (cardinality($3::text[]) = 0 or aggregate_type = any ($3)) \
             and (cardinality($4::text[]) = 0 or event_type = any ($4)) \
             and ('x' || right(aggregate_id, 4))::bit(16)::int % $5 between $6 and $7"
        };
        let sql = format!(
            "select {COLUMNS} from {}.events where position > $1 and position <= $2 {conditions} order by position",
            self.log
        );
        let mut query = sqlx::query(&sql).bind(after.as_i64()).bind(upto.as_i64());
        if !whole {
            let slices = selection.slices.clone().unwrap_or(0..=SLICES - 1);
            query = query.bind(&selection.aggregate_types).bind(&selection.event_types).bind(i32::from(SLICES));
            query = query.bind(i32::from(*slices.start())).bind(i32::from(*slices.end()));
        }
        let rows = query.fetch_all(&self.pool).await?;
        let events = rows.iter().map(|row| self.event(row)).collect::<Result<Vec<_>, _>>()?;
        if whole {
            self.dense(after, &events)?;
            if (events.len() as u64) < upto.get() - after.get() {
                return Err(self.hole(after.get() + events.len() as u64 + 1));
            }
        }
        Ok(events)
    }

    /// Refuses where a position is missing between the events.
    fn dense(&self, after: LogPosition, events: &[StoredEvent]) -> Result<(), ReadError> {
        let mut pairs = (after.next().get()..).zip(events);
        match pairs.find(|(expected, event)| event.position.get() != *expected) {
            Some((missing, _)) => Err(self.hole(missing)),
            None => Ok(()),
        }
    }

    fn hole(&self, missing: u64) -> ReadError {
        ReadError::Hole { log: self.log, missing: LogPosition::new(missing) }
    }

    /// The events of one stream before `before_sequence`, at most `limit`, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn stream_page_backwards(
        &self,
        aggregate_id: Uuid,
        before_sequence: u64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, ReadError> {
        self.stream_rows(aggregate_id, "e.sequence < $2", "desc", before_sequence, limit).await
    }

    /// The events of one stream after `after_sequence`, at most `limit`, in order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn stream_page(
        &self,
        aggregate_id: Uuid,
        after_sequence: u64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, ReadError> {
        self.stream_rows(aggregate_id, "e.sequence > $2", "asc", after_sequence, limit).await
    }

    async fn stream_rows(
        &self,
        aggregate_id: Uuid,
        condition: &str,
        order: &str,
        sequence: u64,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, ReadError> {
        let sql = format!(
            "select {COLUMNS} from {log}.events e where e.aggregate_id = $1 and {condition}
               and e.position between (select first_position from {log}.streams where aggregate_id = $4)
                                  and (select last_position from {log}.streams where aggregate_id = $4)
             order by e.sequence {order} limit $3",
            log = self.log
        );
        let rows = sqlx::query(&sql)
            .bind(aggregate_id.to_string())
            .bind(i64::try_from(sequence).unwrap_or(i64::MAX))
            .bind(i64::from(limit))
            .bind(aggregate_id)
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| self.event(row)).collect()
    }

    /// The whole of one stream, in order, read in pages.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn stream(&self, aggregate_id: Uuid) -> Result<Vec<StoredEvent>, ReadError> {
        const PAGE: u32 = 1_000;
        let mut events = Vec::new();
        loop {
            let after = events.last().map_or(0, |event: &StoredEvent| event.sequence);
            let page = self.stream_page(aggregate_id, after, PAGE).await?;
            let end = page.len() < PAGE as usize;
            events.extend(page);
            if end {
                return Ok(events);
            }
        }
    }

    /// Whose a claim is: type and id of the record.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claimed(&self, kind: &str, key: &str) -> Result<Option<(String, Uuid)>, ReadError> {
        let sql = format!("select aggregate_type, aggregate_id from {}.claims where kind = $1 and key = $2", self.log);
        Ok(sqlx::query_as(&sql).bind(kind).bind(key).fetch_optional(&self.pool).await?)
    }

    fn event(&self, row: &PgRow) -> Result<StoredEvent, ReadError> {
        event_of(row).map_err(|error| match error {
            sqlx::Error::Decode(what) => ReadError::NotAnEvent { log: self.log, what: what.to_string() },
            other => ReadError::Database(other),
        })
    }
}

/// The event of a row that has the columns of [`COLUMNS`].
pub(crate) fn event_of(row: &PgRow) -> Result<StoredEvent, sqlx::Error> {
    let decode = |what: &str| sqlx::Error::Decode(what.to_owned().into());
    let aggregate_id: String = row.try_get("aggregate_id")?;
    Ok(StoredEvent {
        position: LogPosition::from_i64(row.try_get("position")?),
        event_id: row.try_get("event_id")?,
        aggregate_type: row.try_get("aggregate_type")?,
        aggregate_id: Uuid::try_parse(&aggregate_id).map_err(|_| decode("the aggregate id is no UUID"))?,
        sequence: u64::try_from(row.try_get::<i64, _>("sequence")?).map_err(|_| decode("the sequence is negative"))?,
        event_type: row.try_get("event_type")?,
        event_version: row.try_get("event_version")?,
        payload: row.try_get("payload")?,
        metadata: row.try_get("metadata")?,
        occurred_at: row.try_get("occurred_at")?,
        recorded_at: row.try_get("recorded_at")?,
        leaf_hash: row.try_get("leaf_hash")?,
    })
}
