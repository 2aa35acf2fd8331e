//! The appenders of this process, one for each log that it writes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use event_store::append::{Appender, AppenderConfig};
use event_store::log::LogName;
use event_store::seal::MasterKeys;
use sqlx::PgPool;
use tokio::task::JoinHandle;

use super::error::StartError;

/// An appender reads the head and reconciles its tail before it is ready: milliseconds, unless another process is in the way.
const READY: Duration = Duration::from_secs(60);

/// One appender for each log that is written. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Appenders {
    started: Vec<(LogName, Appender)>,
    tasks: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Appenders {
    /// Starts those of `logs`, and waits until they know where they are.
    pub(super) async fn start(logs: &[LogName], master: &Arc<MasterKeys>, pool: &PgPool) -> Result<Self, StartError> {
        let mut appenders = Self { started: Vec::new(), tasks: Arc::default() };
        let mut tasks = Vec::new();
        for log in logs {
            let (appender, task) = Appender::start(AppenderConfig::new(*log, pool.clone(), Arc::clone(master)));
            appenders.started.push((*log, appender));
            tasks.push(task);
        }
        for (log, appender) in &appenders.started {
            let mut ready = appender.readiness();
            let waited = tokio::time::timeout(READY, ready.wait_for(|ready| *ready)).await;
            if !matches!(waited, Ok(Ok(_))) {
                return Err(StartError::AppenderNotReady { log: log.to_string(), seconds: READY.as_secs() });
            }
        }
        *appenders.tasks.lock().unwrap_or_else(PoisonError::into_inner) = tasks;
        Ok(appenders)
    }

    /// That of a log, where it was started.
    pub(super) fn of(&self, log: LogName) -> Option<Appender> {
        self.started.iter().find(|(started, _)| *started == log).map(|(_, appender)| appender.clone())
    }

    /// Whether all know their log's head.
    pub(super) fn are_ready(&self) -> bool {
        self.started.iter().all(|(_, appender)| appender.is_ready())
    }

    /// Waits until all that was queued is answered. Other clones of the appenders have to be gone; they are waited for 10 s.
    pub(super) async fn stop(self) {
        let Self { started, tasks } = self;
        drop(started);
        let tasks = std::mem::take(&mut *tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let ended = tokio::time::timeout(Duration::from_secs(10), futures::future::join_all(tasks)).await;
        if ended.is_err() {
            tracing::warn!("an appender is still held by a part that did not end");
        }
    }
}
