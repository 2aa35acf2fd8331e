//! Serving: one worker for each read model, for as long as the process lives.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::read_model::ReadModelBody;
use event_store::consumer::{self, Build, Heads, LEASE, Ledger, ProgressWatch, Worker, holder_name};
use event_store::log::LogName;
use event_store::read::LogReader;
use sqlx::PgPool;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{info, warn};

use crate::beside::follow_beside;
use crate::install::{Installed, install, schema_of};
use crate::keeping::Keeper;
use crate::projection::Projector;
use crate::rebuild::{Filling, Keeping, RebuildError, RebuildProgress, Rebuilt};
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

/// Builds a read model anew while it is served, and puts the new tables in its place, as the program does by itself. What served before is
/// kept. `tell` is called after each batch.
///
/// # Errors
/// See [`RebuildError`]; asked again, it goes on where it stopped.
pub async fn rebuild(
    pools: &Pools,
    registry: &Registry,
    name: &str,
    tell: &mut (dyn FnMut(RebuildProgress) + Send),
) -> Result<Rebuilt, RebuildError> {
    Keeping::of(pools, registry, name, Keeper::program())?.rebuild(1, true, tell).await
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
        let beside = [Build::Rebuild, Build::Previous].map(|build| {
            let (worker, shutdown) = (self.worker(build), self.shutdown.clone());
            tokio::spawn(follow_beside(worker, shutdown))
        });
        let mut worker = self.worker(Build::Live);
        consumer::run(&mut worker, &mut self.shutdown).await;
        for follower in beside {
            let _ = follower.await;
        }
    }

    /// What works for one body.
    fn worker(&self, build: Build) -> Worker<Projector> {
        let consumer = self.model.consumer.body(build);
        Worker {
            ledger: Ledger::new(self.pools.app.clone(), consumer, holder_name(), LEASE),
            readers: self.readers.clone(),
            heads: Arc::clone(&self.heads),
            progress: self.progress.clone(),
            handler: self.model.projector(&schema_of(self.model.name(), build)),
        }
    }

    /// Makes the read model, or rebuilds what an older program built. False at shutdown.
    async fn make_ready(&mut self) -> bool {
        let (name, version) = (self.model.name(), self.model.consumer.version);
        while !*self.shutdown.borrow() {
            match install(&self.model, &self.pools.owner, &self.readers).await {
                Ok(Installed::Ready) => return true,
                Ok(Installed::OtherVersion(found)) if found < version => {
                    let mut shutdown = self.shutdown.clone();
                    let rebuilt = tokio::select! {
                        rebuilt = self.upgrade(found) => rebuilt,
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

    /// Builds anew what an older program built, and switches to it; not where somebody went back to the older one.
    async fn upgrade(&self, found: u32) -> Result<(), RebuildError> {
        let (name, version) = (self.model.name(), self.model.consumer.version);
        let filling = Filling::of(&self.model, &self.pools, &self.readers);
        if filling.state(Build::Rebuild).await?.is_some_and(|state| state.held && state.version == version) {
            warn!(name, found, version, "rolled back to an older version: left alone until `vnr projections switch`");
            return Ok(());
        }
        info!(name, found, version, "built by an older program: rebuilding");
        let keeping = Keeping::by_program(filling);
        keeping.rebuild(1, true, &mut |_: RebuildProgress| {}).await?;
        if self.model.keyed {
            // Nobody keeps an older version up to date, so what is erased from now on would stay in it.
            keeping.discard(ReadModelBody::Previous).await?;
        }
        Ok(())
    }
}
