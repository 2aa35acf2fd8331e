//! The heads of several logs, followed once for all consumers of a process.

use std::time::Duration;

use sqlx::PgPool;

use crate::log::{LogName, LogPosition};
use crate::tail::HeadWatch;

/// Follows the heads of logs.
#[derive(Debug)]
pub struct Heads(Vec<(LogName, HeadWatch)>);

impl Heads {
    /// Begins to follow `logs`, through failures of the database too.
    pub fn start(pool: &PgPool, logs: &[LogName]) -> Heads {
        Heads(logs.iter().map(|log| (*log, HeadWatch::start(pool.clone(), *log))).collect())
    }

    /// The head of a log as last seen.
    pub fn position(&self, log: LogName) -> LogPosition {
        self.watch(log).map(HeadWatch::position).unwrap_or_default()
    }

    /// Waits until one of the logs has grown beyond what is given for it; false when none had within `timeout`.
    pub async fn any_beyond(&self, known: &[(LogName, LogPosition)], timeout: Duration) -> bool {
        let waiting = known.iter().filter_map(|(log, position)| {
            let watch = self.watch(*log)?;
            Some(Box::pin(watch.beyond(*position, timeout)))
        });
        let waiting: Vec<_> = waiting.collect();
        if waiting.is_empty() {
            tokio::time::sleep(timeout).await;
            return false;
        }
        futures::future::select_all(waiting).await.0
    }

    fn watch(&self, log: LogName) -> Option<&HeadWatch> {
        self.0.iter().find(|(name, _)| *name == log).map(|(_, watch)| watch)
    }
}
