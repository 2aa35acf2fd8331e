//! Takes rows to the tables of a log: each table, or partition of one, in one transaction and without indexes until it is full.

use std::sync::Arc;

use sqlx::{Executor as _, PgConnection, PgPool};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;

use super::WholeLogError;
use crate::copy::{END, HEADER};
use crate::log::LogName;

/// Chunks that wait for the database; who makes more waits.
const WAITING: usize = 16;
/// So many tables get their indexes at a time: each takes memory to sort in.
const FINISHING: usize = 2;
/// What an index is sorted in.
const SORTING: &str = "set maintenance_work_mem = '256MB'; set max_parallel_maintenance_workers = 0";

/// A table, with its columns in the order of its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Events,
    Commands,
    Claims,
    Keys,
    Tree,
    Streams,
}

impl Table {
    pub(super) const ALL: [Table; 6] =
        [Table::Events, Table::Commands, Table::Claims, Table::Keys, Table::Tree, Table::Streams];

    fn name(self) -> &'static str {
        match self {
            Table::Events => "events",
            Table::Commands => "commands",
            Table::Claims => "claims",
            Table::Keys => "keys",
            Table::Tree => "tree",
            Table::Streams => "streams",
        }
    }

    fn columns(self) -> &'static str {
        match self {
            Table::Events => {
                "position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, \
                 metadata, occurred_at, recorded_at, leaf_hash"
            }
            Table::Commands => "command_id, recorded_at, digest, first_position, events, reply",
            Table::Claims => "kind, key, aggregate_type, aggregate_id, position",
            Table::Keys => "key_id, aggregate_id, subject, master, wrapped, created_at",
            Table::Tree => "level, index, hash",
            Table::Streams => "aggregate_id, aggregate_type, version, first_position, last_position",
        }
    }

    /// Whether its parts are made as rows come to them. A table without partitions has one part, with rows or without.
    fn is_partitioned(self) -> bool {
        matches!(self, Table::Events | Table::Commands)
    }
}

/// Rows of one part of a table.
pub(super) struct Chunk {
    pub(super) rows: Vec<u8>,
    /// Which partition: never one before that of the last chunk. 0 where the table has none.
    pub(super) part: i64,
}

/// What takes rows to the tables.
pub(super) struct Tables {
    /// For each of [`Table::ALL`]; nothing is the end.
    chunks: Vec<mpsc::Sender<Option<Chunk>>>,
    tasks: Vec<JoinHandle<Result<(), sqlx::Error>>>,
}

impl Tables {
    pub(super) fn open(owner: &PgPool, log: LogName) -> Tables {
        let finishing = Arc::new(Semaphore::new(FINISHING));
        let open = |table| {
            let (sender, chunks) = mpsc::channel(WAITING);
            let filling = Filling { owner: owner.clone(), log, table, finishing: Arc::clone(&finishing) };
            (sender, tokio::spawn(filling.fill(chunks)))
        };
        let (chunks, tasks) = Table::ALL.into_iter().map(open).unzip();
        Tables { chunks, tasks }
    }

    /// Sends rows off; waits for room.
    ///
    /// # Errors
    /// Why the database took no more.
    pub(super) async fn send(&mut self, table: Table, chunk: Chunk) -> Result<(), WholeLogError> {
        let sent = match self.chunks.get(table as usize) {
            Some(chunks) => chunks.send(Some(chunk)).await.is_ok(),
            None => false,
        };
        if sent { Ok(()) } else { self.broken_off().await }
    }

    /// Why rows are not taken any more: never nothing, for they would be missing.
    async fn broken_off(&mut self) -> Result<(), WholeLogError> {
        self.close().await?;
        Err(WholeLogError::Interrupted)
    }

    /// Waits until all is written, with its indexes.
    ///
    /// # Errors
    /// Why something was not.
    pub(super) async fn close(&mut self) -> Result<(), WholeLogError> {
        for chunks in self.chunks.drain(..) {
            // Who takes no more has failed, and says why below.
            let _ = chunks.send(None).await;
        }
        let mut outcome = Ok(());
        for task in self.tasks.drain(..) {
            let ended = task.await.map_err(|_| WholeLogError::Interrupted).and_then(|ended| Ok(ended?));
            outcome = outcome.and(ended);
        }
        outcome
    }
}

/// Fills one table.
struct Filling {
    owner: PgPool,
    log: LogName,
    table: Table,
    finishing: Arc<Semaphore>,
}

impl Filling {
    /// Takes rows until the end. Where no end is told the log was given up, and so is the part that is being filled.
    async fn fill(self, mut chunks: mpsc::Receiver<Option<Chunk>>) -> Result<(), sqlx::Error> {
        let mut connection = self.owner.acquire().await?.detach();
        let mut finishing: Option<JoinHandle<Result<(), sqlx::Error>>> = None;
        let empty = || Chunk { rows: Vec::new(), part: 0 };
        let mut next = if self.table.is_partitioned() { received(&mut chunks).await? } else { Some(empty()) };
        while let Some(first) = next {
            let part = first.part;
            next = self.fill_part(&mut connection, first, &mut chunks).await?;
            // One part gets its indexes while the next one is filled.
            finished(finishing.take()).await?;
            let (owner, permits) = (self.owner.clone(), Arc::clone(&self.finishing));
            finishing = Some(tokio::spawn(finish(owner, permits, self.log, self.table, part)));
        }
        finished(finishing).await
    }

    /// Says what the next part begins with.
    async fn fill_part(
        &self,
        connection: &mut PgConnection,
        first: Chunk,
        chunks: &mut mpsc::Receiver<Option<Chunk>>,
    ) -> Result<Option<Chunk>, sqlx::Error> {
        let Filling { log, table, .. } = self;
        connection.execute("begin").await?;
        let name: String = sqlx::query_scalar(&format!("select {log}.begin_part($1, $2)"))
            .bind(table.name())
            .bind(first.part)
            .fetch_one(&mut *connection)
            .await?;
        // Nobody else has seen the table like this: its rows need no later visit.
        let statement = format!("copy {log}.{name} ({}) from stdin (format binary, freeze)", table.columns());
        let mut copy = connection.copy_in_raw(&statement).await?;
        copy.send(HEADER).await?;
        copy.send(first.rows).await?;
        let next = loop {
            match received(chunks).await? {
                Some(chunk) if chunk.part == first.part => copy.send(chunk.rows).await?,
                next => break next,
            };
        };
        copy.send(END).await?;
        copy.finish().await?;
        connection.execute("commit").await?;
        Ok(next)
    }
}

/// The next chunk, or nothing at the end.
async fn received(chunks: &mut mpsc::Receiver<Option<Chunk>>) -> Result<Option<Chunk>, sqlx::Error> {
    chunks.recv().await.ok_or(sqlx::Error::WorkerCrashed)
}

async fn finished(finishing: Option<JoinHandle<Result<(), sqlx::Error>>>) -> Result<(), sqlx::Error> {
    match finishing {
        Some(task) => task.await.map_err(|_| sqlx::Error::WorkerCrashed)?,
        None => Ok(()),
    }
}

/// Makes a full part what it will be.
async fn finish(
    owner: PgPool,
    permits: Arc<Semaphore>,
    log: LogName,
    table: Table,
    part: i64,
) -> Result<(), sqlx::Error> {
    let _permit = permits.acquire().await.map_err(|_| sqlx::Error::WorkerCrashed)?;
    let mut connection = owner.acquire().await?.detach();
    connection.execute(SORTING).await?;
    let sql = format!("select {log}.finish_part($1, $2)");
    sqlx::query(&sql).bind(table.name()).bind(part).execute(&mut connection).await?;
    Ok(())
}
