//! The access log, held open by a tool: told before anything is shown, closed when all is told.

use std::sync::Arc;

use access::{AccessLog, Principal};
use anyhow::Context as _;
use domain::access_day::RefusalCause;
use event_store::append::{Appender, AppenderConfig};
use event_store::log::{LogName, LogPosition};
use event_store::seal::MasterKeys;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::compose::{Database, personal_data};
use crate::failure::Failure;
use crate::settings::Settings;

/// The access log, open. It is written as the application's role: the tools' own writes nothing.
pub(super) struct Telling {
    log: AccessLog,
    task: JoinHandle<()>,
    master: Arc<MasterKeys>,
    after: LogPosition,
}

impl Telling {
    /// Opens it; what is shown is the register as it is now, or later.
    ///
    /// # Errors
    /// Where it can't be written.
    pub(super) async fn open(settings: &Settings, database: &Database) -> Result<Self, Failure> {
        let head: i64 = sqlx::query_scalar("select position from register.head")
            .fetch_one(&database.app)
            .await
            .context("the head of the register can't be read")?;
        let master = Arc::new(personal_data::open(settings, database).await?);
        let config = AppenderConfig::new(LogName::ACCESS, database.app.clone(), Arc::clone(&master));
        let (appender, task) = Appender::start(config);
        let log = AccessLog::new(appender, Arc::clone(&master));
        Ok(Self { log, task, master, after: LogPosition::from_i64(head) })
    }

    /// The log.
    pub(super) fn log(&self) -> &AccessLog {
        &self.log
    }

    /// Position of the register that is shown.
    pub(super) fn after(&self) -> LogPosition {
        self.after
    }

    /// What keys are wrapped with.
    pub(super) fn master(&self) -> &Arc<MasterKeys> {
        &self.master
    }

    /// Tells that the policies refused something; waits for nothing.
    pub(super) fn refused(&self, who: &Principal, (attempt, record): (&str, Option<Uuid>)) {
        self.log.refused(Some(who), attempt, record, RefusalCause::Policy);
    }

    /// Comes back once everything is told.
    ///
    /// # Errors
    /// Where its writer broke down.
    pub(super) async fn close(self) -> Result<(), Failure> {
        drop(self.log);
        Ok(self.task.await.context("the access log could not be closed")?)
    }
}
