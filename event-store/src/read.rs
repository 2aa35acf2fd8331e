//! Reading a log: by position or by stream, in pages that are short transactions of their own (I-13).
//!
//! Positions are dense, so a page is a range and a short page is the end; anything else is an error, never an end.

use futures::TryStreamExt as _;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{PgPool, Postgres, Row as _};
use uuid::Uuid;

use crate::copy;
use crate::log::{Head, LogName, LogPosition, StoredEvent};
pub use crate::rows::COLUMNS;
pub(crate) use crate::rows::event_of;
use crate::scan::{SLICES, Selection};

/// From so many events on a range comes by COPY, which gives each away more cheaply but is planned anew each time.
pub(crate) const WIDE: u64 = 100;
/// Room that is made for a page before its rows are there.
const ROOM: u64 = 10_000;

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
        let query = sqlx::query(&sql).bind(after.as_i64()).bind(upto);
        let events = self.events(query, limit.into()).await?;
        self.dense(after, &events)?;
        Ok(events)
    }

    /// The selected events after one position and up to another, in order.
    ///
    /// # Errors
    /// When the database fails, or when a position is missing where all were asked for.
    pub(crate) async fn window(
        &self,
        after: LogPosition,
        upto: LogPosition,
        selection: &Selection,
    ) -> Result<Vec<StoredEvent>, ReadError> {
        if selection.is_whole() { self.range(after, upto).await } else { self.selected(after, upto, selection).await }
    }

    /// All events after one position and up to another, which the log has.
    async fn range(&self, after: LogPosition, upto: LogPosition) -> Result<Vec<StoredEvent>, ReadError> {
        let width = upto.get() - after.get();
        let sql = |from: &str, to: &str| {
            format!(
                "select {COLUMNS} from {}.events where position > {from} and position <= {to} order by position",
                self.log
            )
        };
        let events = if width < WIDE {
            let sql = sql("$1", "$2");
            self.events(sqlx::query(&sql).bind(after.as_i64()).bind(upto.as_i64()), width).await?
        } else {
            let sql = sql(&after.to_string(), &upto.to_string());
            self.copied(&sql, width).await?
        };
        self.dense(after, &events)?;
        if (events.len() as u64) < width {
            return Err(self.hole(after.get() + events.len() as u64 + 1));
        }
        Ok(events)
    }

    async fn selected(
        &self,
        after: LogPosition,
        upto: LogPosition,
        selection: &Selection,
    ) -> Result<Vec<StoredEvent>, ReadError> {
        let sql = format!(
            "select {COLUMNS} from {}.events where position > $1 and position <= $2
               and (cardinality($3::text[]) = 0 or aggregate_type = any ($3))
               and (cardinality($4::text[]) = 0 or event_type = any ($4))
               and ('x' || right(aggregate_id, 4))::bit(16)::int % $5 between $6 and $7
             order by position",
            self.log
        );
        let slices = selection.slices.clone().unwrap_or(0..=SLICES - 1);
        let query = sqlx::query(&sql)
            .bind(after.as_i64())
            .bind(upto.as_i64())
            .bind(&selection.aggregate_types)
            .bind(&selection.event_types)
            .bind(i32::from(SLICES))
            .bind(i32::from(*slices.start()))
            .bind(i32::from(*slices.end()));
        self.events(query, 0).await
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
        let query = sqlx::query(&sql)
            .bind(aggregate_id.to_string())
            .bind(i64::try_from(sequence).unwrap_or(i64::MAX))
            .bind(i64::from(limit))
            .bind(aggregate_id);
        self.events(query, 0).await
    }

    /// The events that a query without parameters gives by COPY, about so many.
    pub(crate) async fn copied(&self, sql: &str, expected: u64) -> Result<Vec<StoredEvent>, ReadError> {
        let copied = copy::events(&self.pool, sql, expected.min(ROOM) as usize).await;
        copied.map_err(|error| self.not_an_event(error))
    }

    /// The events that a query gives, about so many. Each row becomes an event as it comes, while it is in the processor's
    /// cache and before its buffer is needed for the next.
    pub(crate) async fn events(
        &self,
        query: Query<'_, Postgres, PgArguments>,
        expected: u64,
    ) -> Result<Vec<StoredEvent>, ReadError> {
        let mut events = Vec::with_capacity(expected.min(ROOM) as usize);
        let mut rows = query.fetch(&self.pool);
        while let Some(row) = rows.try_next().await? {
            events.push(self.event(&row)?);
        }
        Ok(events)
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

    /// The claims of a kind whose keys begin with `prefix`, after the key `after`, at most `limit`, in order of their keys: each key with
    /// type and id of the record.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claims_page(
        &self,
        kind: &str,
        (prefix, after): (&str, &str),
        limit: u32,
    ) -> Result<Vec<(String, String, Uuid)>, ReadError> {
        let sql = format!(
            "select key, aggregate_type, aggregate_id from {}.claims
             where kind = $1 and key > $2 and key < $3 order by key limit $4",
            self.log
        );
        // Keys are in the order of their bytes: no character comes after this one.
        let query = sqlx::query_as(&sql).bind(kind).bind(after.max(prefix)).bind(format!("{prefix}\u{10ffff}"));
        Ok(query.bind(i64::from(limit)).fetch_all(&self.pool).await?)
    }

    fn event(&self, row: &PgRow) -> Result<StoredEvent, ReadError> {
        event_of(row).map_err(|error| self.not_an_event(error))
    }

    fn not_an_event(&self, error: sqlx::Error) -> ReadError {
        match error {
            sqlx::Error::Decode(what) => ReadError::NotAnEvent { log: self.log, what: what.to_string() },
            other => ReadError::Database(other),
        }
    }
}
