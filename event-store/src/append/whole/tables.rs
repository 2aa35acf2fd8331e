//! Takes rows to the tables of a log: events partition by partition, without indexes until one is full, the rest beside them.

use sqlx::{Executor as _, PgConnection, PgPool};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::WholeLogError;
use crate::copy::{END, HEADER};
use crate::log::LogName;

/// Positions of a partition, as `begin_event_partition` makes them.
pub(super) const PARTITION: u64 = 2_000_000;
/// Chunks that wait for the database; who makes more waits.
const WAITING: usize = 16;
/// What an index is sorted in.
const SORTING: &str = "set maintenance_work_mem = '256MB'; set max_parallel_maintenance_workers = 0";

/// A table beside the events, with its columns in the order of its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Commands,
    Claims,
    Keys,
    Tree,
    Streams,
}

impl Table {
    pub(super) const ALL: [Table; 5] = [Table::Commands, Table::Claims, Table::Keys, Table::Tree, Table::Streams];

    fn columns(self) -> &'static str {
        match self {
            Table::Commands => "commands (command_id, recorded_at, digest, first_position, events, reply)",
            Table::Claims => "claims (kind, key, aggregate_type, aggregate_id, position)",
            Table::Keys => "keys (key_id, aggregate_id, subject, master, wrapped, created_at)",
            Table::Tree => "tree (level, index, hash)",
            Table::Streams => "streams (aggregate_id, aggregate_type, version, first_position, last_position)",
        }
    }
}

const EVENTS: &str = "(position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, \
                      metadata, occurred_at, recorded_at, leaf_hash)";

/// Rows of events, in order.
pub(super) struct Chunk {
    pub(super) rows: Vec<u8>,
    /// Whether they are the last of their partition.
    pub(super) fills: bool,
}

/// What takes rows to the tables.
pub(super) struct Tables {
    events: Option<mpsc::Sender<Chunk>>,
    others: Option<mpsc::Sender<(Table, Vec<u8>)>>,
    tasks: Vec<JoinHandle<Result<(), sqlx::Error>>>,
}

impl Tables {
    pub(super) fn open(owner: &PgPool, log: LogName) -> Tables {
        let (events, chunks) = mpsc::channel(WAITING);
        let (others, rows) = mpsc::channel(WAITING);
        let tasks = vec![
            tokio::spawn(write_events(owner.clone(), log, chunks)),
            tokio::spawn(write_others(owner.clone(), log, rows)),
        ];
        Tables { events: Some(events), others: Some(others), tasks }
    }

    /// Sends rows of events off; waits for room.
    ///
    /// # Errors
    /// Why the database took no more.
    pub(super) async fn events(&mut self, chunk: Chunk) -> Result<(), WholeLogError> {
        let sent = match &self.events {
            Some(events) => events.send(chunk).await.is_ok(),
            None => false,
        };
        if sent { Ok(()) } else { self.broken_off().await }
    }

    /// The same with rows of another table.
    pub(super) async fn rows(&mut self, table: Table, rows: Vec<u8>) -> Result<(), WholeLogError> {
        let sent = match &self.others {
            Some(others) => others.send((table, rows)).await.is_ok(),
            None => false,
        };
        if sent { Ok(()) } else { self.broken_off().await }
    }

    /// Why rows are not taken any more: never nothing, for they would be missing.
    async fn broken_off(&mut self) -> Result<(), WholeLogError> {
        self.close().await?;
        Err(WholeLogError::Interrupted)
    }

    /// Waits until all is written.
    ///
    /// # Errors
    /// Why something was not.
    pub(super) async fn close(&mut self) -> Result<(), WholeLogError> {
        self.events = None;
        self.others = None;
        for task in self.tasks.drain(..) {
            task.await.map_err(|_| WholeLogError::Interrupted)??;
        }
        Ok(())
    }
}

async fn write_events(owner: PgPool, log: LogName, mut chunks: mpsc::Receiver<Chunk>) -> Result<(), sqlx::Error> {
    let mut connection = owner.acquire().await?.detach();
    let mut finishing: Option<JoinHandle<Result<(), sqlx::Error>>> = None;
    let mut lower = 0_i64;
    while let Some(first) = chunks.recv().await {
        connection.execute("begin").await?;
        let name: String = sqlx::query_scalar(&format!("select {log}.begin_event_partition($1)"))
            .bind(lower)
            .fetch_one(&mut connection)
            .await?;
        // Nobody else sees the table yet: its rows need no later visit.
        let statement = format!("copy {log}.{name} {EVENTS} from stdin (format binary, freeze)");
        let mut copy = connection.copy_in_raw(&statement).await?;
        copy.send(HEADER).await?;
        let mut next = Some(first);
        while let Some(Chunk { rows, fills }) = next {
            copy.send(rows).await?;
            next = if fills { None } else { chunks.recv().await };
        }
        copy.send(END).await?;
        copy.finish().await?;
        connection.execute("commit").await?;
        // One partition gets its indexes while the next one is filled.
        finished(finishing.take()).await?;
        finishing = Some(tokio::spawn(finish_partition(owner.clone(), log, lower)));
        lower += PARTITION as i64;
    }
    finished(finishing).await
}

async fn finished(finishing: Option<JoinHandle<Result<(), sqlx::Error>>>) -> Result<(), sqlx::Error> {
    match finishing {
        Some(task) => task.await.map_err(|_| sqlx::Error::WorkerCrashed)?,
        None => Ok(()),
    }
}

async fn finish_partition(owner: PgPool, log: LogName, lower: i64) -> Result<(), sqlx::Error> {
    let mut connection = owner.acquire().await?.detach();
    connection.execute(SORTING).await?;
    let sql = format!("select {log}.finish_event_partition($1)");
    sqlx::query(&sql).bind(lower).execute(&mut connection).await?;
    Ok(())
}

async fn write_others(
    owner: PgPool,
    log: LogName,
    mut arrivals: mpsc::Receiver<(Table, Vec<u8>)>,
) -> Result<(), sqlx::Error> {
    let mut connection = owner.acquire().await?.detach();
    while let Some((table, rows)) = arrivals.recv().await {
        let statement = format!("copy {log}.{} from stdin (format binary)", table.columns());
        let mut copy = connection.copy_in_raw(&statement).await?;
        copy.send(HEADER).await?;
        copy.send(rows).await?;
        copy.send(END).await?;
        copy.finish().await?;
    }
    Ok(())
}

/// A connection that sorts in memory.
pub(super) async fn sorting(owner: &PgPool) -> Result<PgConnection, sqlx::Error> {
    let mut connection = owner.acquire().await?.detach();
    connection.execute(SORTING).await?;
    Ok(connection)
}
