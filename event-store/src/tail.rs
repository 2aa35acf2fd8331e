//! Knowing that a log has grown: notifications as a wake-up that may be lost, polling underneath.

use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{debug, warn};

use crate::log::{LogName, LogPosition};
use crate::read::LogReader;

/// How long a lost notification can delay a reader.
const POLL: Duration = Duration::from_millis(250);
/// How long to wait before asking a database again that failed.
const BACK_OFF: Duration = Duration::from_millis(500);

/// Channel on which a log's growth is told.
pub fn channel(log: LogName) -> String {
    format!("vnr_{log}")
}

/// Follows the head of one log. Dropped, it stops following.
#[derive(Debug)]
pub struct HeadWatch {
    position: watch::Receiver<LogPosition>,
    task: JoinHandle<()>,
}

impl Drop for HeadWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl HeadWatch {
    /// Begins to follow `log`. It goes on through failures of the database.
    pub fn start(pool: PgPool, log: LogName) -> HeadWatch {
        let (sender, position) = watch::channel(LogPosition::START);
        HeadWatch { position, task: tokio::spawn(follow(LogReader::new(pool, log), sender)) }
    }

    /// Tells each new position of the head.
    pub fn subscribe(&self) -> watch::Receiver<LogPosition> {
        self.position.clone()
    }

    /// The head as last seen.
    pub fn position(&self) -> LogPosition {
        *self.position.borrow()
    }

    /// Waits until the log has grown beyond `after`; false when it had not within `timeout`.
    pub async fn beyond(&self, after: LogPosition, timeout: Duration) -> bool {
        let mut position = self.position.clone();
        let grown = tokio::time::timeout(timeout, position.wait_for(|head| *head > after)).await;
        matches!(grown, Ok(Ok(_)))
    }
}

async fn follow(reader: LogReader, sender: watch::Sender<LogPosition>) {
    let mut listener = None;
    loop {
        if listener.is_none() {
            listener = listen(&reader).await;
        }
        match reader.head().await {
            Ok(head) => {
                sender.send_if_modified(|position| {
                    let grown = head.position != *position;
                    *position = head.position;
                    grown
                });
            }
            Err(error) => {
                warn!(log = %reader.log(), error = %error, "the head of the log can't be read; trying again");
                listener = None;
                tokio::time::sleep(BACK_OFF).await;
                continue;
            }
        }
        let lost = match &mut listener {
            // What was notified while the head was read is one wake-up, not many.
            Some(open) => match tokio::time::timeout(POLL, open.try_recv()).await {
                Ok(Ok(Some(_))) => {
                    while let Some(Ok(Some(_))) = futures::FutureExt::now_or_never(open.try_recv()) {}
                    false
                }
                Ok(Ok(None) | Err(_)) => true,
                Err(_elapsed) => false,
            },
            None => {
                tokio::time::sleep(POLL).await;
                false
            }
        };
        if lost {
            listener = None;
        }
    }
}

async fn listen(reader: &LogReader) -> Option<PgListener> {
    let open = async {
        let mut listener = PgListener::connect_with(reader.pool()).await?;
        listener.listen(&channel(reader.log())).await?;
        Ok::<_, sqlx::Error>(listener)
    };
    open.await.inspect_err(|error| debug!(log = %reader.log(), error = %error, "no notifications; polling")).ok()
}
