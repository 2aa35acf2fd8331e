//! The copy of the database that 112 screens go on reading while the register's own is away.

use std::sync::Arc;
use std::time::Duration;

use event_store::log::LogName;
use event_store::seal::{KeyRing, MasterKeys};
use query_api::{Database, Replica};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, PgPool};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::error::StartError;

/// Connections of the copy: screens ask little, and nothing else reads there.
const CONNECTIONS: u32 = 16;
/// A copy answers at once or not at all: a dispatcher does not wait for it.
const ACQUIRE: Duration = Duration::from_secs(2);
/// How often the register's database is asked whether it is there.
const EVERY: Duration = Duration::from_millis(500);
/// It is away when it does not answer within this.
const PATIENCE: Duration = Duration::from_secs(1);
/// It is back when it has answered so often in a row: one that is just starting may go again.
const ANSWERS: u32 = 2;

/// The copy, and whoever watches whether it is needed.
pub(super) struct Standby {
    replica: Replica,
    watching: JoinHandle<()>,
}

impl Standby {
    /// Begins to watch. The copy is connected to when it is needed: a register starts without it.
    pub(super) fn start(url: &str, register: &PgPool, master: &Arc<MasterKeys>) -> Result<Self, StartError> {
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(ACQUIRE).connect_lazy(url);
        let pool = pool.map_err(|source| StartError::Database { source })?;
        let (tell, away) = watch::channel(false);
        let watching = tokio::spawn(watch(register.connect_options(), tell));
        Ok(Self { replica: Replica { database: read_from(&pool, master), away }, watching })
    }

    pub(super) fn replica(&self) -> Replica {
        self.replica.clone()
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

/// A database that queries read, with its keys.
pub(super) fn read_from(pool: &PgPool, master: &Arc<MasterKeys>) -> Database {
    let personal = KeyRing::new(pool.clone(), LogName::REGISTER, Arc::clone(master));
    Database { pool: pool.clone(), personal: Arc::new(personal) }
}

/// Asks again and again, on a connection of its own: those of the pool may all be waiting.
async fn watch(register: Arc<PgConnectOptions>, away: watch::Sender<bool>) {
    let options = (*register).clone().disable_statement_logging();
    let (mut connection, mut answers): (Option<PgConnection>, u32) = (None, ANSWERS);
    while !away.is_closed() {
        let there = match tokio::time::timeout(PATIENCE, ask(&mut connection, &options)).await {
            Ok(Ok(())) => true,
            Ok(Err(_)) | Err(_) => {
                // One that was cut may be no sign of more: asked again, anew, before anybody is sent to the copy.
                connection = None;
                matches!(tokio::time::timeout(PATIENCE, ask(&mut connection, &options)).await, Ok(Ok(())))
            }
        };
        answers = if there { (answers + 1).min(ANSWERS) } else { 0 };
        let changed = away.send_if_modified(|away| {
            let now = if *away { answers < ANSWERS } else { answers == 0 };
            std::mem::replace(away, now) != now
        });
        if changed {
            metrics::gauge!("vnr_register_away").set(if *away.borrow() { 1.0 } else { 0.0 });
            match *away.borrow() {
                true => tracing::error!(
                    "the register's database is away: who sends help goes on reading the copy, all others wait"
                ),
                false => tracing::info!("the register's database is back"),
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn ask(connection: &mut Option<PgConnection>, options: &PgConnectOptions) -> Result<(), sqlx::Error> {
    let open = match connection {
        Some(open) => open,
        None => connection.insert(PgConnection::connect_with(options).await?),
    };
    open.ping().await
}
