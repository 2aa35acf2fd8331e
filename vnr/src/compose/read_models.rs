//! The workers of the read models as a part of the system.

use std::sync::Arc;
use std::time::{Duration, Instant};

use event_store::consumer::ProgressWatch;
use event_store::seal::MasterKeys;
use projections::lookups::LookupKeys;
use projections::{Pools, Registry, list, start_all};
use tokio::sync::watch;

use super::database::Database;
use super::error::StartError;

/// Making a read model's tables takes a moment; who waits longer waits for a lock.
const INSTALLED: Duration = Duration::from_secs(60);
/// A worker ends after its batch.
const DRAIN: Duration = Duration::from_secs(10);

/// Read models at work.
pub(super) struct ReadModels {
    running: projections::Running,
    shutdown: watch::Sender<bool>,
}

impl ReadModels {
    /// Starts a worker for each read model and waits until the tables of all are there.
    pub(super) async fn start(database: &Database, master: &Arc<MasterKeys>) -> Result<Self, StartError> {
        let registry = registry(database, master);
        let (shutdown, asked) = watch::channel(false);
        let models = Self { running: start_all(&pools(database), &registry, &asked), shutdown };
        let started = Instant::now();
        loop {
            let listed = list(&database.app).await.map_err(|source| StartError::Database { source })?;
            let missing = registry.names().into_iter().find(|name| !listed.iter().any(|model| model.name == *name));
            match missing {
                None => return Ok(models),
                Some(name) if started.elapsed() > INSTALLED => {
                    models.stop().await;
                    return Err(StartError::NotInstalled { name: name.to_owned(), seconds: INSTALLED.as_secs() });
                }
                Some(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    pub(super) fn progress(&self) -> &ProgressWatch {
        &self.running.progress
    }

    /// Lets each worker end its batch and give its lease back, so that another process goes on at once.
    pub(super) async fn stop(self) {
        let _ = self.shutdown.send(true);
        if tokio::time::timeout(DRAIN, self.running.ended()).await.is_err() {
            tracing::warn!("a projection did not end its batch in time; it is undone and comes again");
        }
    }
}

/// The read models of the register.
pub(crate) fn registry(database: &Database, master: &Arc<MasterKeys>) -> Registry {
    Registry::with_keys(LookupKeys::new(database.app.clone(), Arc::clone(master)))
}

/// The database as the read models want it.
pub(crate) fn pools(database: &Database) -> Pools {
    Pools { owner: database.owner.clone(), app: database.app.clone() }
}
