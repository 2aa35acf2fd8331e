//! Filling a body of a read model from the beginning of its logs, in one go or in slices side by side. Broken off at any time, it goes on
//! where it stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use event_store::consumer::{Build, ConsumerError, Filled, LEASE, Ledger, Session, holder_name};
use event_store::log::{LogName, LogPosition};
use event_store::read::LogReader;
use serde::Serialize;
use sqlx::{Executor as _, PgPool};
use tokio::task::JoinSet;

use super::error::RebuildError;
use crate::install::{install_body, schema_of};
use crate::keeping::Keeper;
use crate::projection::Projector;
use crate::registry::ReadModel;

/// What is left may be caught up with at once when no more events than this are missing.
const NEARLY_THERE: u64 = 2_000;
/// How often it is told how far slices are.
const TELL: Duration = Duration::from_millis(200);

/// How far a body is that is being filled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RebuildProgress {
    /// Events that are taken in, over all logs.
    pub events: u64,
    /// Events that there are.
    pub of: u64,
    /// Events a second since this run began.
    pub rate: f64,
    /// Seconds that are left at that rate.
    pub eta: Option<f64>,
}

/// Is told how far it is, now and then.
pub(crate) type Tell<'a> = &'a mut (dyn FnMut(RebuildProgress) + Send);

/// What a body is filled with.
#[derive(Debug, Clone)]
pub(crate) struct Filling {
    pub(crate) model: ReadModel,
    pub(crate) owner: PgPool,
    pub(crate) app: PgPool,
    pub(crate) readers: Vec<LogReader>,
}

/// A body that is as far as its logs nearly, its lease held.
pub(crate) struct Run {
    pub(crate) session: Session,
    pub(crate) projector: Projector,
    pub(crate) begun: Instant,
    pub(crate) events: u64,
    /// Whether it went on where an earlier attempt had stopped.
    pub(crate) resumed: bool,
}

impl Filling {
    /// Fills a body until hardly anything is missing. Its beginning is noted as an act of the keeper, where there is one.
    pub(crate) async fn fill(
        &self,
        of: Filled,
        slices: u16,
        keeper: Option<&Keeper>,
        tell: Tell<'_>,
    ) -> Result<Run, RebuildError> {
        let begun = Instant::now();
        let resumed = install_body(&self.model, of, (&self.owner, &self.readers), keeper).await?;
        let in_slices = self.fill_slices(of, slices, tell).await?;
        let mut run = self.open(of.body()).await?.ok_or(RebuildError::UnderWay { name: self.model.name() })?;
        (run.begun, run.events, run.resumed) = (begun, in_slices, resumed);
        if let Err(error) = run.catch_up(tell).await {
            run.session.close().await;
            return Err(error);
        }
        self.analyze(of.body()).await?;
        let mut connection = self.app.acquire().await?;
        Ledger::mark_in_tx(&mut connection, self.model.name(), of.body(), (true, false)).await?;
        Ok(run)
    }

    /// Takes the lease of a body; nothing while somebody else holds it.
    pub(crate) async fn open(&self, build: Build) -> Result<Option<Run>, RebuildError> {
        let session = Session::open(&self.ledger(build), &self.readers).await?;
        Ok(session.map(|session| self.run(build, session)))
    }

    /// Takes the lease of a body from whoever holds it.
    pub(crate) async fn take_over(&self, build: Build) -> Result<Run, RebuildError> {
        let session = Session::take_over(&self.ledger(build), &self.readers).await?;
        Ok(self.run(build, session))
    }

    fn ledger(&self, build: Build) -> Ledger {
        Ledger::new(self.app.clone(), self.model.consumer.body(build), holder_name(), LEASE)
    }

    fn run(&self, build: Build, session: Session) -> Run {
        let projector = self.model.projector(&schema_of(self.model.name(), build));
        Run { session, projector, begun: Instant::now(), events: 0, resumed: false }
    }

    /// Fills a body in slices, where that was begun or is wanted, and puts them together. Returns the events that were taken in.
    async fn fill_slices(&self, of: Filled, slices: u16, tell: Tell<'_>) -> Result<u64, RebuildError> {
        let name = self.model.name();
        let mut found = self.slices(of).await?;
        if found.is_empty() && slices > 1 {
            if !self.model.apart {
                return Err(RebuildError::NotApart { name });
            }
            let heads = self.heads().await?;
            let each: Vec<Build> = (0..slices).map(|number| Build::Slice { of, number, slices }).collect();
            let mut tx = self.owner.begin().await?;
            Ledger::divide_in_tx(&mut tx, &self.model.consumer, (of, &each), &heads).await?;
            tx.commit().await?;
            found = self.slices(of).await?;
        }
        if found.is_empty() {
            return Ok(0);
        }
        let taken = Arc::new(AtomicU64::new(0));
        let mut workers = JoinSet::new();
        for build in &found {
            let (filling, build, taken) = (self.clone(), *build, Arc::clone(&taken));
            workers.spawn(async move { filling.fill_slice(build, &taken).await });
        }
        let (begun, of_all) = (Instant::now(), self.left_of_slices(of).await?);
        let mut clock = tokio::time::interval(TELL);
        loop {
            tokio::select! {
                done = workers.join_next() => match done {
                    None => break,
                    // The others are broken off where they are, and go on next time.
                    Some(Ok(done)) => done?,
                    Some(Err(panicked)) => {
                        return Err(sqlx::Error::Protocol(format!("a slice ended early: {panicked}")).into());
                    }
                },
                _ = clock.tick() => {
                    // A slice passes over all positions, so each event counts once for every slice.
                    let events = taken.load(Ordering::Relaxed) / found.len() as u64;
                    tell(progress(events, of_all, begun));
                }
            }
        }
        let mut tx = self.owner.begin().await?;
        let joined = Ledger::join_in_tx(&mut tx, name, of).await?;
        tx.commit().await?;
        if !joined {
            return Err(RebuildError::UnderWay { name });
        }
        Ok(taken.load(Ordering::Relaxed) / found.len() as u64)
    }

    async fn fill_slice(&self, build: Build, taken: &AtomicU64) -> Result<(), RebuildError> {
        let Some(mut run) = self.open(build).await? else {
            return Err(RebuildError::UnderWay { name: self.model.name() });
        };
        let filled = async {
            for log in self.model.consumer.logs {
                loop {
                    let events = run.step(*log).await?;
                    if events == 0 {
                        break;
                    }
                    taken.fetch_add(events, Ordering::Relaxed);
                }
            }
            Ok(())
        }
        .await;
        run.session.close().await;
        filled
    }

    /// The slices that a body is being filled in.
    pub(crate) async fn slices(&self, of: Filled) -> Result<Vec<Build>, RebuildError> {
        let mut connection = self.app.acquire().await?;
        Ok(Ledger::slices(&mut connection, self.model.name(), of).await?)
    }

    /// Positions that slices have still to pass over, on the average.
    async fn left_of_slices(&self, of: Filled) -> Result<u64, RebuildError> {
        let left: Option<i64> = sqlx::query_scalar(
            "select (sum(upto - progress) / greatest(count(distinct build), 1))::bigint from projections.consumers
             where name = $1 and starts_with(build, $2 || '-')",
        )
        .bind(self.model.name())
        .bind(of.body().label())
        .fetch_one(&self.app)
        .await?;
        Ok(left.and_then(|left| u64::try_from(left).ok()).unwrap_or(0))
    }

    async fn heads(&self) -> Result<Vec<(LogName, Option<LogPosition>)>, RebuildError> {
        let mut heads = Vec::new();
        for log in self.model.consumer.logs {
            heads.push((*log, Some(self.head(*log).await?)));
        }
        Ok(heads)
    }

    /// The end of a log.
    pub(crate) async fn head(&self, log: LogName) -> Result<LogPosition, RebuildError> {
        match self.readers.iter().find(|reader| reader.log() == log) {
            Some(reader) => Ok(reader.head().await?.position),
            None => Ok(LogPosition::START),
        }
    }

    /// Lets the planner know what is in the tables before anybody asks them.
    async fn analyze(&self, build: Build) -> Result<(), sqlx::Error> {
        for table in self.model.tables {
            let sql = format!("analyze {}.{table}", schema_of(self.model.name(), build));
            self.owner.execute(sql.as_str()).await?;
        }
        Ok(())
    }
}

impl Run {
    /// Takes the next page of a log in.
    pub(crate) async fn step(&mut self, log: LogName) -> Result<u64, ConsumerError> {
        let step = self.session.step(&mut self.projector, log).await?;
        self.events += step.events;
        Ok(step.events)
    }

    /// Takes events in until hardly any is missing.
    pub(crate) async fn catch_up(&mut self, tell: Tell<'_>) -> Result<(), RebuildError> {
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
        let this_run = progress(self.events, self.events + missing, self.begun);
        RebuildProgress { events: done, of: done + missing, ..this_run }
    }
}

/// How far it is with `events` of `of`.
fn progress(events: u64, of: u64, begun: Instant) -> RebuildProgress {
    let seconds = begun.elapsed().as_secs_f64();
    let rate = if seconds > 0.0 { events as f64 / seconds } else { 0.0 };
    let eta = (rate > 0.0).then(|| of.saturating_sub(events) as f64 / rate);
    RebuildProgress { events, of: of.max(events), rate, eta }
}
