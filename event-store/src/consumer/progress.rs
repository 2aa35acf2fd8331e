//! How far the consumers that serve have come, followed within a process; and waiting for them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use sqlx::postgres::PgListener;
use sqlx::{PgPool, Row as _};
use tokio::sync::{Notify, watch};
use tracing::debug;

use super::{Build, Consumer};
use crate::log::{LogName, LogPosition};

/// Channel on which progress is told. A wake-up without content: whoever can connect can listen.
pub const CHANNEL: &str = "vnr_projections";

/// How long a lost notification can delay those who wait.
const POLL: Duration = Duration::from_millis(250);
/// Notifications are sent at most this often.
const QUIET: Duration = Duration::from_millis(20);
/// How long to wait before asking a database again that failed.
const BACK_OFF: Duration = Duration::from_millis(500);

type Positions = BTreeMap<(String, String), LogPosition>;

/// A consumer that had not come far enough in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} has taken in the log up to {progress} and not yet {wanted}")]
pub struct NotReached {
    /// The consumer.
    pub name: String,
    /// How far it has come.
    pub progress: LogPosition,
    /// What was asked for.
    pub wanted: LogPosition,
}

/// Follows the progress of all consumers that serve. Clones share what they know; it ends when the last is dropped.
#[derive(Debug, Clone)]
pub struct ProgressWatch {
    positions: Arc<watch::Sender<Positions>>,
    moved: Arc<Notify>,
}

impl ProgressWatch {
    /// Begins to follow, through failures of the database too.
    pub fn start(pool: PgPool) -> ProgressWatch {
        let (positions, _) = watch::channel(Positions::new());
        let positions = Arc::new(positions);
        let moved = Arc::new(Notify::new());
        tokio::spawn(follow(pool.clone(), Arc::downgrade(&positions)));
        tokio::spawn(announce(pool, Arc::downgrade(&positions), Arc::clone(&moved)));
        ProgressWatch { positions, moved }
    }

    /// Progress of a consumer in a log; nothing while it isn't known.
    pub fn position(&self, name: &str, log: LogName) -> Option<LogPosition> {
        self.positions.borrow().get(&key(name, log)).copied()
    }

    /// Takes over what a worker of this process has just written, and lets other processes know.
    pub fn report(&self, consumer: &Consumer, log: LogName, position: LogPosition) {
        if consumer.build != Build::Live {
            return;
        }
        let key = key(consumer.name, log);
        let changed = self.positions.send_if_modified(|positions| positions.insert(key, position) != Some(position));
        if changed {
            self.moved.notify_one();
        }
    }

    /// Waits until all of `names` have taken in `log` up to `position`.
    ///
    /// # Errors
    /// The first that has not, when `timeout` is over.
    pub async fn wait_for(
        &self,
        log: LogName,
        position: LogPosition,
        names: &[&str],
        timeout: Duration,
    ) -> Result<(), NotReached> {
        let mut positions = self.positions.subscribe();
        let reached = |known: &Positions| first_behind(known, log, position, names).is_none();
        let waited = tokio::time::timeout(timeout, positions.wait_for(reached)).await;
        if matches!(waited, Ok(Ok(_))) {
            return Ok(());
        }
        match first_behind(&self.positions.borrow(), log, position, names) {
            None => Ok(()),
            Some((name, progress)) => Err(NotReached { name: name.to_owned(), progress, wanted: position }),
        }
    }
}

fn key(name: &str, log: LogName) -> (String, String) {
    (name.to_owned(), log.as_str().to_owned())
}

fn first_behind<'n>(
    known: &Positions,
    log: LogName,
    wanted: LogPosition,
    names: &[&'n str],
) -> Option<(&'n str, LogPosition)> {
    names
        .iter()
        .map(|name| (*name, known.get(&key(name, log)).copied().unwrap_or_default()))
        .find(|(_, progress)| *progress < wanted)
}

/// Reads the progress whenever it is told that it has moved, and now and then in any case.
async fn follow(pool: PgPool, positions: std::sync::Weak<watch::Sender<Positions>>) {
    let mut listener: Option<PgListener> = None;
    loop {
        if listener.is_none() {
            listener = listen(&pool).await;
        }
        let read = read(&pool).await;
        let Some(positions) = positions.upgrade() else { return };
        match read {
            Ok(now) => {
                positions.send_if_modified(|known| {
                    let changed = *known != now;
                    *known = now;
                    changed
                });
            }
            Err(error) => {
                debug!(%error, "the progress of the consumers can't be read; trying again");
                listener = None;
                drop(positions);
                tokio::time::sleep(BACK_OFF).await;
                continue;
            }
        }
        drop(positions);
        let Some(open) = &mut listener else {
            tokio::time::sleep(POLL).await;
            continue;
        };
        match tokio::time::timeout(POLL, open.try_recv()).await {
            // What was notified meanwhile is one wake-up, not many.
            Ok(Ok(Some(_))) => while let Some(Ok(Some(_))) = open.try_recv().now_or_never() {},
            Ok(Ok(None) | Err(_)) => listener = None,
            Err(_elapsed) => {}
        }
    }
}

async fn listen(pool: &PgPool) -> Option<PgListener> {
    let open = async {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(CHANNEL).await?;
        Ok::<_, sqlx::Error>(listener)
    };
    open.await.inspect_err(|error| debug!(%error, "no notifications of progress; polling")).ok()
}

async fn read(pool: &PgPool) -> Result<Positions, sqlx::Error> {
    let rows = sqlx::query("select name, log, progress from projections.consumers where build = 'live'")
        .fetch_all(pool)
        .await?;
    let positions = rows
        .iter()
        .map(|row| Ok(((row.try_get("name")?, row.try_get("log")?), LogPosition::from_i64(row.try_get("progress")?))));
    positions.collect()
}

/// Tells other processes, outside of the batches' transactions and not more often than needed.
async fn announce(pool: PgPool, positions: std::sync::Weak<watch::Sender<Positions>>, moved: Arc<Notify>) {
    loop {
        // Woken now and then to see whether anybody is left.
        let woken = tokio::time::timeout(Duration::from_secs(5), moved.notified()).await.is_ok();
        if positions.strong_count() == 0 {
            return;
        }
        if woken {
            let told = sqlx::query("select pg_notify($1, '')").bind(CHANNEL).execute(&pool).await;
            if let Err(error) = told {
                debug!(%error, "progress could not be told; others find it by polling");
            }
            tokio::time::sleep(QUIET).await;
        }
    }
}
