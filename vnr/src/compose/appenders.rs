//! The appenders of this process, one for each log.

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

/// One appender for each log. Clones share them.
#[derive(Debug, Clone)]
pub struct Appenders {
    /// What the institutions did.
    pub register: Appender,
    /// Positions of units.
    pub tracks: Appender,
    tasks: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Appenders {
    pub(super) async fn start(master: &Arc<MasterKeys>, pool: PgPool) -> Result<Self, StartError> {
        let start = |log| Appender::start(AppenderConfig::new(log, pool.clone(), Arc::clone(master)));
        let (register, register_task) = start(LogName::REGISTER);
        let (tracks, tracks_task) = start(LogName::TRACKS);
        for (log, appender) in [(LogName::REGISTER, &register), (LogName::TRACKS, &tracks)] {
            let mut ready = appender.readiness();
            let waited = tokio::time::timeout(READY, ready.wait_for(|ready| *ready)).await;
            if !matches!(waited, Ok(Ok(_))) {
                return Err(StartError::AppenderNotReady { log: log.to_string(), seconds: READY.as_secs() });
            }
        }
        Ok(Self { register, tracks, tasks: Arc::new(Mutex::new(vec![register_task, tracks_task])) })
    }

    /// Whether both know their log's head.
    pub fn are_ready(&self) -> bool {
        self.register.is_ready() && self.tracks.is_ready()
    }

    /// Waits until all that was queued is answered. Other clones of the appenders have to be gone; they are waited for 10 s.
    pub(super) async fn stop(self) {
        let Self { register, tracks, tasks } = self;
        drop((register, tracks));
        let tasks = std::mem::take(&mut *tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let ended = tokio::time::timeout(Duration::from_secs(10), futures::future::join_all(tasks)).await;
        if ended.is_err() {
            tracing::warn!("an appender is still held by a part that did not end");
        }
    }
}
