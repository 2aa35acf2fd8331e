//! Waiting until the read models have taken in what was recorded.

use std::time::{Duration, Instant};

use event_store::consumer::{Build, ConsumerStatus, statuses};

use super::Running;

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(20);

/// Why it was not waited any longer.
#[derive(Debug, thiserror::Error)]
pub enum CatchUpError {
    /// The database does not tell.
    #[error("the progress of the projections can't be read")]
    Database(#[from] sqlx::Error),
    /// A projection stands still.
    #[error(
        "the projection {name} stands still at {progress} of {head} in the log {log}{because}; `vnr projections list` shows all"
    )]
    StandsStill {
        /// The projection.
        name: String,
        /// The log.
        log: String,
        /// How far it came.
        progress: i64,
        /// How far the log was.
        head: i64,
        /// Its last error, with a comma before it, or nothing.
        because: String,
    },
    /// Nothing serves yet.
    #[error("no projection has begun to follow the logs")]
    None,
}

impl Running {
    /// Waits until each projection that serves has taken in all that was recorded before this call.
    ///
    /// # Errors
    /// When one makes no progress for as long as `patience`.
    pub async fn caught_up(&self, patience: Duration) -> Result<(), CatchUpError> {
        let mut heads: Option<Vec<(String, i64)>> = None;
        let (mut sum, mut moved) = (-1, Instant::now());
        loop {
            let all = statuses(self.pool()).await?;
            let live: Vec<ConsumerStatus> = all.into_iter().filter(|c| c.build == Build::Live.label()).collect();
            // The heads as they were at first: who goes on recording does not keep us waiting.
            let heads = heads.get_or_insert_with(|| live.iter().map(|c| (c.log.clone(), c.head)).collect());
            let wanted =
                |c: &ConsumerStatus| heads.iter().find(|(log, _)| *log == c.log).map_or(c.head, |(_, head)| *head);
            let behind = live.iter().find(|c| c.progress < wanted(c));
            if behind.is_none() && !live.is_empty() {
                return Ok(());
            }
            let now = live.iter().map(|c| c.progress).sum();
            if now != sum {
                (sum, moved) = (now, Instant::now());
            }
            if moved.elapsed() > patience {
                return Err(behind.map_or(CatchUpError::None, |c| CatchUpError::StandsStill {
                    name: c.name.clone(),
                    log: c.log.clone(),
                    progress: c.progress,
                    head: wanted(c),
                    because: c.last_error.as_ref().map_or(String::new(), |error| format!(", because: {error}")),
                }));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
