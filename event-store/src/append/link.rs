//! The appender's connections, and the head that is believed in while they last.

use std::time::Duration;

use sqlx::{Connection as _, Executor as _, PgConnection};

use super::batch::Belief;
use super::cache::Cache;
use super::{AppenderConfig, holders, load};
use crate::log::LogName;

/// How often a process looks for keys that were destroyed: so long its memory may still hold one.
pub(super) const FORGET_EVERY: Duration = Duration::from_secs(1);

/// Two connections: one writes, the other reads what memory does not have while the first is busy.
pub(super) struct Link {
    /// Not here while a batch is being written with it.
    connection: Option<PgConnection>,
    pub(super) loader: PgConnection,
    pub(super) belief: Belief,
}

impl Link {
    pub(super) async fn open(config: &AppenderConfig) -> Result<Link, sqlx::Error> {
        let mut connection = connect(config).await?;
        name(&mut connection, config.log, -1).await?;
        let loader = connect(config).await?;
        let belief = Belief::read(&mut connection, config.log, false).await?;
        Ok(Link { connection: Some(connection), loader, belief })
    }

    /// The connection that writes.
    ///
    /// # Errors
    /// While a batch is being written with it.
    pub(super) fn writing(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        self.connection.as_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// Takes the connection that writes; None while a batch is being written with it.
    pub(super) fn take(&mut self) -> Option<PgConnection> {
        self.connection.take()
    }

    /// Gives it back.
    pub(super) fn put(&mut self, connection: PgConnection) {
        self.connection = Some(connection);
    }

    /// Takes destroyed keys out of memory, and says so in the connection's name: who erases waits until every process has.
    pub(super) async fn forget_destroyed(
        &mut self,
        log: LogName,
        cache: &mut Cache,
        forgotten: &mut i64,
    ) -> Result<(), sqlx::Error> {
        let connection = self.writing()?;
        let (destroyed, last) = load::destroyed(connection, log, *forgotten).await?;
        cache.forget_keys(&destroyed);
        if last != *forgotten {
            name(connection, log, last.max(0)).await?;
            *forgotten = last.max(0);
        }
        Ok(())
    }
}

/// Says in the connection's name up to where destroyed keys are forgotten.
async fn name(connection: &mut PgConnection, log: LogName, forgotten: i64) -> Result<(), sqlx::Error> {
    let set = sqlx::query("select set_config('application_name', $1, false)");
    set.bind(holders::name(log, forgotten)).execute(connection).await.map(|_| ())
}

async fn connect(config: &AppenderConfig) -> Result<PgConnection, sqlx::Error> {
    let mut connection = config.pool.acquire().await?.detach();
    // Plans made on empty tables would stay bad; an index is always right here.
    connection
        .execute(
            "set enable_seqscan = off; set enable_bitmapscan = off; set enable_hashjoin = off; \
             set enable_mergejoin = off; set plan_cache_mode = force_generic_plan; \
             set idle_in_transaction_session_timeout = '10s'",
        )
        .await?;
    connection.ping().await?;
    Ok(connection)
}
