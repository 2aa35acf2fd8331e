//! Building a read model anew beside the one that serves, and putting it in its place.
//!
//! ```text
//!   live worker     … 996  997  998 │ waits for its row …      │ 998 is no longer its: takes the lease anew, goes on at 1002
//!   rebuild         1 … 500 … 997   │ 998 … 1002               │
//!   switch                          │ locks the live progress  │ renames the schemas, moves the progress, commits
//! ```
//!
//! A batch moves the progress before it writes anything. So whoever has locked the live progress knows that no batch is under
//! way, and a batch that waited for the lock finds that its progress is gone, and writes nothing into the new tables.

use std::time::{Duration, Instant};

use event_store::consumer::{Build, ConsumerError, LEASE, Ledger, Session, holder_name};
use event_store::log::{LogName, LogPosition};
use event_store::read::{LogReader, ReadError};
use serde::Serialize;
use sqlx::{Executor as _, PgPool};
use tracing::{info, warn};

use crate::install::{exists, install_rebuild, lock_name, old_schema, rebuild_schema};
use crate::projection::Projector;
use crate::registry::ReadModel;

/// The switch may be tried when no more events than this are missing.
const NEARLY_THERE: u64 = 2_000;
/// The live worker is not held up for longer than this (I-13).
const SWITCH_TIME: Duration = Duration::from_secs(3);
/// Tries of the switch, each after catching up again.
const SWITCH_TRIES: u32 = 20;
/// Counting the rows of a table takes at most this long.
const COUNT_TIME: &str = "set local statement_timeout = '5s'";

/// Why a read model could not be built anew.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// There is none of that name.
    #[error("there is no read model `{name}`: there are {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// Somebody else is building it anew.
    #[error("{name} is being rebuilt by another process: `vnr projections list` shows how far it is")]
    UnderWay {
        /// The read model.
        name: &'static str,
    },
    /// The log grows faster than events can be taken in.
    #[error("{name} could not catch up with the log in {SWITCH_TRIES} tries: rebuild it when less is written")]
    NeverCaughtUp {
        /// The read model.
        name: &'static str,
    },
    /// The database failed.
    #[error("the database failed while the read model was rebuilt; asking again goes on where it stopped")]
    Database(#[from] sqlx::Error),
    /// A log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The events could not be taken in.
    #[error(transparent)]
    Consumer(#[from] ConsumerError),
}

/// How far a rebuild is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RebuildProgress {
    /// Events that are taken in, over all logs.
    pub events: u64,
    /// Events that there are.
    pub of: u64,
    /// Events a second since this run began.
    pub rate: f64,
    /// Time that is left at that rate.
    pub eta: Option<Duration>,
}

/// What a rebuild did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rebuilt {
    /// The read model.
    pub name: &'static str,
    /// Version of the code that built it.
    pub version: u32,
    /// Whether it went on where an earlier attempt had stopped.
    pub resumed: bool,
    /// Progress in each log at the switch.
    pub progress: Vec<(&'static str, u64)>,
    /// Events that this run took in.
    pub events: u64,
    /// Seconds that it took.
    pub seconds: f64,
    /// Rows of each table; nothing where counting took too long.
    pub rows: Vec<(&'static str, Option<i64>)>,
    /// Records that are parked.
    pub parked: i64,
}

/// What a rebuild works with.
#[derive(Debug, Clone)]
pub(crate) struct Rebuild {
    pub(crate) model: ReadModel,
    pub(crate) owner: PgPool,
    pub(crate) app: PgPool,
    pub(crate) readers: Vec<LogReader>,
}

impl Rebuild {
    /// Builds the read model anew and puts it in its place. It can be broken off at any time: asked again, it goes on where it stopped.
    pub(crate) async fn run(&self, tell: &mut (dyn FnMut(RebuildProgress) + Send)) -> Result<Rebuilt, RebuildError> {
        let name = self.model.name();
        let version = self.model.consumer.version;
        let resumed = install_rebuild(&self.model, &self.owner, &self.readers).await?;
        let consumer = self.model.consumer.rebuild();
        let ledger = Ledger::new(self.app.clone(), consumer, holder_name(), LEASE);
        let session = Session::open(&ledger, &self.readers).await?;
        let mut run = Run {
            session: session.ok_or(RebuildError::UnderWay { name })?,
            projector: self.model.projector(&rebuild_schema(name)),
            begun: Instant::now(),
            events: 0,
        };
        let built = self.build(&mut run, tell).await;
        let Run { session, begun, events, .. } = run;
        let progress =
            self.model.consumer.logs.iter().map(|log| (log.as_str(), session.progress(*log).get())).collect();
        // Where the switch was made the lease is gone already.
        session.close().await;
        built?;
        self.drop_old(name).await;
        let rebuilt = Rebuilt {
            name,
            version,
            resumed,
            progress,
            events,
            seconds: begun.elapsed().as_secs_f64(),
            rows: self.count_rows().await?,
            parked: self.count_parked(name).await?,
        };
        info!(name, version, events, seconds = rebuilt.seconds, "rebuilt");
        Ok(rebuilt)
    }

    async fn build(&self, run: &mut Run, tell: &mut (dyn FnMut(RebuildProgress) + Send)) -> Result<(), RebuildError> {
        for _ in 0..SWITCH_TRIES {
            run.catch_up(tell).await?;
            self.analyze().await?;
            if self.switch(run).await? {
                return Ok(());
            }
        }
        Err(RebuildError::NeverCaughtUp { name: self.model.name() })
    }

    /// Puts the new tables in the place of the old ones; false where the live worker is too far ahead to be held up.
    async fn switch(&self, run: &mut Run) -> Result<bool, RebuildError> {
        let name = self.model.name();
        let (new, old) = (rebuild_schema(name), old_schema(name));
        let mut tx = self.owner.begin().await?;
        lock_name(&mut tx, name).await?;
        let live = Ledger::lock_in_tx(&mut tx, name, Build::Live).await?;
        if let Some((_, live)) = &live {
            let begun = Instant::now();
            for log in self.model.consumer.logs {
                // One that is ahead of a restored log can't be caught up with: then the log's end is all there is.
                let end = self.head(*log).await?;
                let wanted = live.get(log.as_str()).copied().unwrap_or_default().min(end);
                while run.session.progress(*log) < wanted {
                    if begun.elapsed() > SWITCH_TIME || run.step(*log).await? == 0 {
                        tx.rollback().await?;
                        return Ok(false);
                    }
                }
            }
        }
        let mut renames = format!("drop schema if exists {old} cascade;");
        if exists(&mut tx, name).await? {
            renames.push_str(&format!("alter schema {name} rename to {old};"));
        }
        renames.push_str(&format!("alter schema {new} rename to {name};"));
        tx.execute(renames.as_str()).await?;
        Ledger::promote_in_tx(&mut tx, name).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn head(&self, log: LogName) -> Result<LogPosition, RebuildError> {
        match self.readers.iter().find(|reader| reader.log() == log) {
            Some(reader) => Ok(reader.head().await?.position),
            None => Ok(LogPosition::START),
        }
    }

    /// Drops the tables that were served before. Readers may still be in them for a moment; what stays is dropped next time.
    async fn drop_old(&self, name: &str) {
        let sql = format!("drop schema if exists {} cascade", old_schema(name));
        for _ in 0..5 {
            let dropped = async {
                let mut tx = self.owner.begin().await?;
                tx.execute("set local lock_timeout = '2s'").await?;
                tx.execute(sql.as_str()).await?;
                tx.commit().await
            };
            match dropped.await {
                Ok(()) => return,
                Err(error) => warn!(name, %error, "the old tables could not be dropped yet"),
            }
        }
    }

    async fn analyze(&self) -> Result<(), sqlx::Error> {
        for table in self.model.tables {
            let sql = format!("analyze {}.{table}", rebuild_schema(self.model.name()));
            self.owner.execute(sql.as_str()).await?;
        }
        Ok(())
    }

    async fn count_rows(&self) -> Result<Vec<(&'static str, Option<i64>)>, sqlx::Error> {
        let mut counts = Vec::new();
        for table in self.model.tables {
            let mut tx = self.app.begin().await?;
            tx.execute(COUNT_TIME).await?;
            let sql = format!("select count(*) from {}.{table}", self.model.name());
            let count = sqlx::query_scalar(&sql).fetch_one(&mut *tx).await.ok();
            tx.rollback().await?;
            counts.push((*table, count));
        }
        Ok(counts)
    }

    async fn count_parked(&self, name: &str) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar("select count(*) from projections.parked where name = $1 and build = 'live'")
            .bind(name)
            .fetch_one(&self.app)
            .await
    }
}

/// A rebuild under way.
struct Run {
    session: Session,
    projector: Projector,
    begun: Instant,
    events: u64,
}

impl Run {
    async fn step(&mut self, log: LogName) -> Result<u64, ConsumerError> {
        let step = self.session.step(&mut self.projector, log).await?;
        self.events += step.events;
        Ok(step.events)
    }

    /// Takes events in until hardly any is missing.
    async fn catch_up(&mut self, tell: &mut (dyn FnMut(RebuildProgress) + Send)) -> Result<(), RebuildError> {
        loop {
            let mut missing = 0;
            let mut heads: Vec<(LogName, LogPosition)> = Vec::new();
            for reader in self.session.readers() {
                heads.push((reader.log(), reader.head().await?.position));
            }
            for (log, head) in heads {
                // The head is asked again now and then: it moves.
                for _ in 0..10 {
                    let behind = head.get().saturating_sub(self.session.progress(log).get());
                    if behind == 0 {
                        break;
                    }
                    self.step(log).await?;
                    tell(self.progress(head, log));
                }
                missing += head.get().saturating_sub(self.session.progress(log).get());
            }
            if missing <= NEARLY_THERE {
                return Ok(());
            }
        }
    }

    fn progress(&self, head: LogPosition, log: LogName) -> RebuildProgress {
        let done = self.session.readers().iter().map(|reader| self.session.progress(reader.log()).get()).sum::<u64>();
        let missing = head.get().saturating_sub(self.session.progress(log).get());
        let seconds = self.begun.elapsed().as_secs_f64();
        let rate = if seconds > 0.0 { self.events as f64 / seconds } else { 0.0 };
        let eta = (rate > 0.0).then(|| Duration::from_secs_f64(missing as f64 / rate));
        RebuildProgress { events: done, of: done + missing, rate, eta }
    }
}
