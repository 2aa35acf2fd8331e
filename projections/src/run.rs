//! Serving: one worker for each read model, for as long as the process lives.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use event_store::consumer::{self, Heads, LEASE, Ledger, ProgressWatch, Worker, holder_name};
use event_store::log::LogName;
use event_store::read::LogReader;
use sqlx::PgPool;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{info, warn};

use crate::install::{Installed, install};
use crate::rebuild::{Rebuild, RebuildError, RebuildProgress, Rebuilt};
use crate::registry::{ReadModel, Registry};

/// How long to wait before a read model that could not be made ready is tried again.
const PAUSE: Duration = Duration::from_secs(2);

/// The database, by role.
#[derive(Debug, Clone)]
pub struct Pools {
    /// The role that owns: makes, renames and drops schemas.
    pub owner: PgPool,
    /// The role that the application runs as.
    pub app: PgPool,
}

/// The logs that the read models of `registry` read.
pub fn readers(pools: &Pools, registry: &Registry) -> Vec<LogReader> {
    let mut seen = BTreeSet::new();
    let logs = registry.iter().flat_map(|model| model.consumer.logs).filter(|log| seen.insert(log.as_str()));
    logs.map(|log| LogReader::new(pools.app.clone(), *log)).collect()
}

/// The read models of a process at work.
#[derive(Debug)]
pub struct Running {
    /// How far they are; waits for them.
    pub progress: ProgressWatch,
    handles: Vec<JoinHandle<()>>,
}

impl Running {
    /// Waits until all workers have ended, after their shutdown was asked for.
    pub async fn ended(self) {
        for handle in self.handles {
            let _ = handle.await;
        }
    }
}

/// Starts a worker for each read model: they make what is missing, rebuild what an older program built, and follow the logs.
/// A dead database is waited for. They end when `shutdown` turns true or its sender is gone.
pub fn start_all(pools: &Pools, registry: &Registry, shutdown: &watch::Receiver<bool>) -> Running {
    let readers = readers(pools, registry);
    let logs: Vec<LogName> = readers.iter().map(LogReader::log).collect();
    let heads = Arc::new(Heads::start(&pools.app, &logs));
    let progress = ProgressWatch::start(pools.app.clone());
    let handles = registry.iter().map(|model| {
        let serving = Serving {
            model: model.clone(),
            pools: pools.clone(),
            readers: readers.clone(),
            heads: Arc::clone(&heads),
            progress: progress.clone(),
            shutdown: shutdown.clone(),
        };
        tokio::spawn(serving.run())
    });
    Running { handles: handles.collect(), progress }
}

/// Builds a read model anew while it is served, and puts the new tables in its place. `tell` is called after each batch.
///
/// # Errors
/// See [`RebuildError`]; asked again, it goes on where it stopped.
pub async fn rebuild(
    pools: &Pools,
    registry: &Registry,
    name: &str,
    tell: &mut (dyn FnMut(RebuildProgress) + Send),
) -> Result<Rebuilt, RebuildError> {
    let model = registry.find(name)?.clone();
    let readers = readers(pools, registry);
    Rebuild { model, owner: pools.owner.clone(), app: pools.app.clone(), readers }.run(tell).await
}

/// What one read model is served with.
struct Serving {
    model: ReadModel,
    pools: Pools,
    readers: Vec<LogReader>,
    heads: Arc<Heads>,
    progress: ProgressWatch,
    shutdown: watch::Receiver<bool>,
}

impl Serving {
    async fn run(mut self) {
        if !self.make_ready().await {
            return;
        }
        let mut worker = Worker {
            ledger: Ledger::new(self.pools.app.clone(), self.model.consumer.clone(), holder_name(), LEASE),
            readers: self.readers,
            heads: self.heads,
            progress: self.progress,
            handler: self.model.projector(self.model.name()),
        };
        consumer::run(&mut worker, &mut self.shutdown).await;
    }

    /// Makes the read model, or rebuilds what an older program built. False at shutdown.
    async fn make_ready(&mut self) -> bool {
        let (name, version) = (self.model.name(), self.model.consumer.version);
        while !*self.shutdown.borrow() {
            match install(&self.model, &self.pools.owner, &self.readers).await {
                Ok(Installed::Ready) => return true,
                Ok(Installed::OtherVersion(found)) if found < version => {
                    info!(name, found, version, "built by an older program: rebuilding");
                    let rebuild = Rebuild {
                        model: self.model.clone(),
                        owner: self.pools.owner.clone(),
                        app: self.pools.app.clone(),
                        readers: self.readers.clone(),
                    };
                    let mut shutdown = self.shutdown.clone();
                    let mut untold = |_: RebuildProgress| {};
                    let rebuilt = tokio::select! {
                        rebuilt = rebuild.run(&mut untold) => rebuilt,
                        _ = shutdown.wait_for(|ended| *ended) => return false,
                    };
                    if let Err(error) = rebuilt {
                        warn!(name, %error, "not rebuilt yet");
                    }
                }
                Ok(Installed::OtherVersion(found)) => {
                    warn!(name, found, version, "built by a newer program: left alone");
                }
                Err(error) => warn!(name, %error, "not ready yet"),
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                changed = self.shutdown.changed() => if changed.is_err() { return false },
            }
        }
        false
    }
}
