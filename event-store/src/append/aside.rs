//! What follows an append and may be lost: waking readers, and keeping snapshots.

use std::time::Duration;

use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::sync::{mpsc, watch};
use tracing::warn;

use super::AppenderConfig;
use super::snapshot::{self, Due};
use crate::log::LogPosition;
use crate::tail::channel;

/// Readers are woken once in so long at most.
const LEAST_PAUSE: Duration = Duration::from_millis(5);
/// Snapshots that can wait; more are dropped.
const WAITING: usize = 8_192;
/// Most snapshots in one statement.
const AT_ONCE: usize = 512;

/// Where due snapshots go.
pub(super) type Snapshots = mpsc::Sender<Due>;

pub(super) fn snapshots() -> (Snapshots, mpsc::Receiver<Due>) {
    mpsc::channel(WAITING)
}

/// Serves until the appender ends, on a connection of its own.
pub(super) async fn serve(
    config: AppenderConfig,
    mut head: watch::Receiver<LogPosition>,
    mut snapshots: mpsc::Receiver<Due>,
) {
    let mut connection = None;
    let mut due = Vec::new();
    // Both end with the appender; what it left is still done.
    let (mut told, mut kept) = (true, true);
    while told || kept {
        let position = tokio::select! {
            changed = head.changed(), if told => {
                told = changed.is_ok();
                told.then(|| *head.borrow_and_update())
            }
            received = snapshots.recv_many(&mut due, AT_ONCE), if kept => {
                kept = received > 0;
                None
            }
        };
        if let Err(error) = act(&config, &mut connection, position, std::mem::take(&mut due)).await {
            warn!(log = %config.log, error = %error, "readers could not be woken, or snapshots kept: readers poll, and snapshots are made again");
            connection = None;
        }
        if position.is_some() {
            tokio::time::sleep(LEAST_PAUSE).await;
        }
    }
}

async fn act(
    config: &AppenderConfig,
    known: &mut Option<PgConnection>,
    told: Option<LogPosition>,
    due: Vec<Due>,
) -> Result<(), sqlx::Error> {
    if told.is_none() && due.is_empty() {
        return Ok(());
    }
    let connection = match known {
        Some(connection) => connection,
        None => known.insert(open(config).await?),
    };
    if let Some(position) = told {
        sqlx::query("select pg_notify($1, $2)")
            .bind(channel(config.log))
            .bind(position.to_string())
            .execute(&mut *connection)
            .await?;
    }
    if !due.is_empty() {
        snapshot::keep(connection, config.log, &config.master, due).await?;
    }
    Ok(())
}

async fn open(config: &AppenderConfig) -> Result<PgConnection, sqlx::Error> {
    let mut connection = config.pool.acquire().await?.detach();
    // Nobody waits for its commits, and no flush of theirs shall come between two appends.
    connection
        .execute("set synchronous_commit = off; set application_name = 'vnr notifications and snapshots'")
        .await?;
    connection.ping().await?;
    Ok(connection)
}
