//! A log that is made at once, from its first event, in a database that has none of it: what a generator or a migration from
//! another system writes millions of events with. The same decisions, hashes, tree, claims and numbers as by
//! [`Appender`](super::Appender), by COPY, in memory that does not grow with the log.
//!
//! Until [`WholeLog::finish`] the log is marked unfinished, and [`migrate`](crate::migrate::migrate) refuses it. Where making it
//! was broken off, it is begun again from nothing.

mod rows;
mod tables;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Datelike as _, Utc};
use sqlx::PgPool;
use uuid::Uuid;

use self::rows::Rows;
use self::tables::{Chunk, Table, Tables};
use super::batch::{Belief, Columns};
use super::beyond::Beyond;
use super::cache::{Cache, ClaimKey};
use super::compose::{Composed, Composer, Verdict};
use super::{AppendError, Environment, Submission};
use crate::log::{LogName, LogPosition};
use crate::migrate::ensure_partitions;
use crate::seal::MasterKeys;
use crate::tree::Hash;

/// So many commands are composed before their rows are made.
const BATCH: usize = 256;
/// So many bytes of a table's rows are sent at once, at least.
const AT_ONCE: usize = 60 << 10;
/// Positions of a partition, as `begin_event_partition` makes them.
const PARTITION: i64 = 2_000_000;

/// A log that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum WholeLogError {
    /// The database failed.
    #[error("the database failed while the log was written; begin again, what is there is removed")]
    Database(#[from] sqlx::Error),
    /// There are events already.
    #[error("the log {0} has events already: a log is made at once only where there is none of it")]
    NotEmpty(LogName),
    /// Keys are destroyed, which this way of writing can't do.
    #[error("a command destroys keys: that takes an appender")]
    Erasure,
    /// Its work was broken off.
    #[error("writing the log was broken off")]
    Interrupted,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Records that begin with it.
    pub begun: Vec<Uuid>,
    /// How many events it has.
    pub events: usize,
}

/// A log that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// How many events it has.
    pub events: u64,
    /// Root of its tree.
    pub root: Hash,
}

/// A record that something may still come about.
struct Extent {
    kind: &'static str,
    version: i64,
    first: i64,
    last: i64,
    claims: Vec<ClaimKey>,
}

/// A log that is being made.
pub struct WholeLog {
    owner: PgPool,
    log: LogName,
    master: Arc<MasterKeys>,
    environment: Box<dyn Environment>,
    cache: Cache,
    composed: Composed,
    /// Every record that was not let go of.
    extents: HashMap<Uuid, Extent>,
    span: (DateTime<Utc>, DateTime<Utc>),
    /// To be let go of with the next rows.
    gone: Vec<Uuid>,
    waiting: Waiting,
}

/// Rows that wait to be sent, for each of [`Table::ALL`] those of one part of it.
struct Waiting {
    rows: [(Rows, i64); Table::ALL.len()],
    tables: Tables,
}

impl Waiting {
    /// Where the next row of that part of a table is put. Sends off what waits where it is much, or of another part.
    async fn rows(&mut self, table: Table, part: i64) -> Result<&mut Rows, WholeLogError> {
        let (rows, waiting) = &mut self.rows[table as usize];
        if rows.len() >= AT_ONCE || *waiting != part {
            if rows.len() > 0 {
                self.tables.send(table, Chunk { rows: rows.take(), part: *waiting }).await?;
            }
            *waiting = part;
        }
        Ok(rows)
    }

    /// Sends off what still waits, and waits until all is written.
    async fn finish(&mut self) -> Result<(), WholeLogError> {
        for (table, (rows, part)) in Table::ALL.into_iter().zip(&mut self.rows) {
            if rows.len() > 0 {
                self.tables.send(table, Chunk { rows: rows.take(), part: *part }).await?;
            }
        }
        self.tables.close().await
    }
}

impl WholeLog {
    /// Begins it, as the role that owns the tables; its commands will be recorded within `span`.
    ///
    /// # Errors
    /// Where the log has events, or the database fails.
    pub async fn begin(
        owner: &PgPool,
        log: LogName,
        master: Arc<MasterKeys>,
        environment: Box<dyn Environment>,
        span: (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<WholeLog, WholeLogError> {
        let mut connection = owner.acquire().await?;
        let begun = sqlx::query(&format!("select {log}.begin_whole_log()")).execute(&mut *connection).await;
        begun.map_err(|error| match error.as_database_error().and_then(|error| error.code()).as_deref() {
            Some("VN006") => WholeLogError::NotEmpty(log),
            _ => error.into(),
        })?;
        let belief = Belief::read(&mut connection, log, false).await?;
        Ok(WholeLog {
            owner: owner.clone(),
            log,
            master,
            environment,
            cache: Cache::unbounded(),
            composed: Composed::on(&belief),
            extents: HashMap::new(),
            gone: Vec::new(),
            waiting: Waiting { rows: Default::default(), tables: Tables::open(owner, log) },
            span,
        })
    }

    /// The last position so far.
    pub fn head(&self) -> LogPosition {
        LogPosition::new(self.composed.columns.after.position)
    }

    /// Whether a record is there that was not let go of.
    pub fn has(&self, record: Uuid) -> bool {
        self.extents.contains_key(&record) || self.composed.changes.streams.contains_key(&record)
    }

    /// Decides a command as of `recorded_at`, which never goes back, and writes what it does. Its command id must be new.
    ///
    /// # Errors
    /// Outside, where the log can't be written; inside, where the command is refused.
    pub async fn append(
        &mut self,
        submission: &Submission,
        recorded_at: DateTime<Utc>,
    ) -> Result<Result<Written, AppendError>, WholeLogError> {
        let composed = &mut self.composed;
        composed.columns.after.recorded_at = composed.columns.after.recorded_at.max(recorded_at);
        let before = composed.columns.events.id.len();
        let mut composer = Composer {
            log: self.log,
            master: &self.master,
            environment: self.environment.as_mut(),
            cache: &mut self.cache,
            ahead: None,
            beyond: Beyond::Nothing,
        };
        let verdict = composer.decide(submission, composed).await?;
        composed.columns.after.numbers.clone_from(&composed.changes.numbers);
        if let Verdict::Answered(Err(refused)) = verdict {
            return Ok(Err(refused));
        }
        if !composed.columns.destroyed.is_empty() {
            return Err(WholeLogError::Erasure);
        }
        let new = &composed.columns.events;
        let first = |place: &usize| new.sequence[*place] == 1;
        let begun =
            (before..new.id.len()).filter(first).filter_map(|place| new.aggregate[place].parse().ok()).collect();
        let written = Written { begun, events: new.id.len() - before };
        if composed.columns.commands.id.len() >= BATCH {
            self.make_rows().await?;
        }
        Ok(Ok(written))
    }

    /// Nothing more will be asked of these records: they need not be kept in memory.
    pub fn let_go(&mut self, records: &[Uuid]) {
        self.gone.extend_from_slice(records);
    }

    /// Waits until all is written, and makes a log of it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn finish(mut self) -> Result<Made, WholeLogError> {
        self.make_rows().await?;
        self.gone = self.extents.keys().copied().collect();
        self.gone.sort_unstable();
        self.write_gone().await?;
        self.waiting.finish().await?;
        let after = &self.composed.columns.after;
        let mut connection = self.owner.acquire().await?.detach();
        sqlx::query(&format!("select {}.finish_whole_log($1, $2, $3, $4)", self.log))
            .bind(after.position as i64)
            .bind(after.recorded_at)
            .bind(self.composed.columns.numbers()?)
            .bind(after.frontier.to_bytes())
            .execute(&mut connection)
            .await?;
        ensure_partitions(&self.owner, self.log).await?;
        // The ledger has no month missing, also where none of its commands is of that month.
        let (log, (from, to)) = (self.log, self.span);
        let sql = format!("select {log}.ensure_command_partitions($1, $2)");
        sqlx::query(&sql).bind(from).bind((month(to) - month(from)) as i32).execute(&mut connection).await?;
        let analyze = format!("analyze {log}.events, {log}.streams, {log}.commands, {log}.claims, {log}.keys");
        sqlx::query(&analyze).execute(&mut connection).await?;
        Ok(Made { events: after.position, root: after.frontier.root() })
    }

    /// Makes rows of what was composed, and sends those off that are many enough.
    async fn make_rows(&mut self) -> Result<(), WholeLogError> {
        let next = Composed::on(&self.composed.columns.after);
        let Composed { columns, changes, .. } = std::mem::replace(&mut self.composed, next);
        let mut claims: BTreeMap<Uuid, Vec<ClaimKey>> = BTreeMap::new();
        for (claim, (_, owner)) in changes.claims {
            self.cache.claims.put(claim.clone(), Some(owner));
            claims.entry(owner).or_default().push(claim);
        }
        let streams = &columns.streams;
        for (place, id) in streams.id.iter().enumerate() {
            let extent = self.extents.entry(*id).or_insert_with(|| Extent {
                kind: streams.kind[place],
                version: 0,
                first: streams.first[place],
                last: 0,
                claims: Vec::new(),
            });
            extent.version = streams.version[place];
            extent.last = streams.last[place];
            extent.claims.extend(claims.remove(id).unwrap_or_default());
        }
        for (id, stream) in changes.streams {
            self.cache.streams.put(id, stream);
        }
        self.write_others(&columns).await?;
        self.write_gone().await?;
        self.write_events(&columns).await
    }

    async fn write_events(&mut self, columns: &Columns) -> Result<(), WholeLogError> {
        let events = &columns.events;
        for (place, position) in (0..events.id.len()).zip(columns.before.position as i64 + 1..) {
            let rows = self.waiting.rows(Table::Events, (position - 1) / PARTITION).await?;
            rows.row(12)
                .bigint(position)
                .uuid(events.id[place])
                .text(events.kind[place])
                .text(&events.aggregate[place])
                .bigint(events.sequence[place])
                .text(&events.event_type[place])
                .text(&events.event_version[place])
                .text(&events.payload[place])
                .text(&events.metadata[place])
                .time(events.occurred_at[place])
                .time(events.recorded_at[place])
                .bytes(&events.leaf[place]);
        }
        Ok(())
    }

    async fn write_others(&mut self, columns: &Columns) -> Result<(), WholeLogError> {
        let known = &columns.commands;
        for place in 0..known.id.len() {
            // When its events were recorded; a command without any, as of the batch.
            let first = usize::try_from(known.first[place] - columns.before.position as i64 - 1).unwrap_or_default();
            let recorded_at = *columns.events.recorded_at.get(first).unwrap_or(&columns.after.recorded_at);
            let rows = self.waiting.rows(Table::Commands, month(recorded_at)).await?;
            rows.row(6)
                .uuid(known.id[place])
                .time(recorded_at)
                .bytes(&known.digest[place])
                .bigint(known.first[place])
                .integer(known.events[place])
                .text(&known.reply[place]);
        }
        let made = &columns.claims;
        for place in 0..made.kind.len() {
            let rows = self.waiting.rows(Table::Claims, 0).await?;
            rows.row(5)
                .text(&made.kind[place])
                .text(&made.key[place])
                .text(made.owner_kind[place])
                .uuid(made.owner[place])
                .bigint(columns.after.position as i64);
        }
        for (key, owner) in &columns.keys {
            let rows = self.waiting.rows(Table::Keys, 0).await?;
            rows.row(6)
                .uuid(key.key_id)
                .uuid(owner.record)
                .optional(owner.subject)
                .integer(key.master)
                .bytes(&key.wrapped)
                .time(columns.after.recorded_at);
        }
        for root in &columns.tiles {
            let rows = self.waiting.rows(Table::Tree, 0).await?;
            rows.row(3).smallint(i16::from(root.level)).bigint(root.index as i64).bytes(&root.hash);
        }
        Ok(())
    }

    /// Writes down and forgets the records that nothing more comes about.
    async fn write_gone(&mut self) -> Result<(), WholeLogError> {
        for id in self.gone.drain(..) {
            let Some(extent) = self.extents.remove(&id) else { continue };
            let rows = self.waiting.rows(Table::Streams, 0).await?;
            rows.row(5).uuid(id).text(extent.kind).bigint(extent.version).bigint(extent.first).bigint(extent.last);
            self.cache.streams.pop(&id);
            for claim in &extent.claims {
                self.cache.claims.pop(claim);
            }
        }
        Ok(())
    }
}

/// The month that a partition of the ledger is of.
fn month(at: DateTime<Utc>) -> i64 {
    i64::from(at.year()) * 12 + i64::from(at.month0())
}
