//! Bodies of data of a read model side by side: one is built anew while another serves, is compared with it, put in its place, and what
//! served before is kept until it is dropped. Each of these is an act of a keeper, and is noted with who and why.

mod diff;
mod error;
mod explain;
mod fill;
mod sample;
mod switch;

use domain::read_model::ReadModelBody;
use event_store::consumer::{Build, Filled, Ledger, MOST_SLICES, parked, retry_parked_in_tx};
use serde::Serialize;
use sqlx::Executor as _;
use tracing::info;
use uuid::Uuid;

use self::diff::Look;
pub use self::diff::{Diff, RowDiff, TableDiff};
pub use self::error::RebuildError;
pub use self::explain::{Explanation, SetBy};
pub(crate) use self::fill::Filling;
pub use self::fill::RebuildProgress;
use self::fill::Run;
pub use self::switch::Switched;
use crate::install::{lock_name, schema_of};
use crate::keeping::{Done, Keeper, note};
use crate::projection::Projector;
use crate::registry::{ReadModel, Registry};
use crate::run::{Pools, readers};

/// A sample takes one record of so many at least: there are no more slices.
pub const LARGEST_SAMPLE: u16 = 1_024;

/// Counting the rows of a table takes at most this long.
const COUNT_TIME: &str = "set local statement_timeout = '5s'";

/// What was built anew.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rebuilt {
    /// The read model.
    pub name: &'static str,
    /// Version of the code that built it.
    pub version: u32,
    /// Whether it serves already, or waits to be switched to.
    pub serves: bool,
    /// Whether it went on where an earlier attempt had stopped.
    pub resumed: bool,
    /// Progress in each log.
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

/// A read model in the hands of a keeper.
#[derive(Debug, Clone)]
pub struct Keeping {
    filling: Filling,
    keeper: Keeper,
}

impl Keeping {
    /// The read model of that name in the hands of `keeper`.
    ///
    /// # Errors
    /// Lists those that there are, where there is none of that name.
    pub fn of(pools: &Pools, registry: &Registry, name: &str, keeper: Keeper) -> Result<Keeping, RebuildError> {
        let (model, readers) = (registry.find(name)?.clone(), readers(pools, registry));
        let filling = Filling { model, owner: pools.owner.clone(), app: pools.app.clone(), readers };
        Ok(Keeping { filling, keeper })
    }

    /// In the hands of the program.
    pub(crate) fn by_program(filling: Filling) -> Keeping {
        Keeping { filling, keeper: Keeper::program() }
    }

    /// Version that this program builds.
    pub fn version(&self) -> u32 {
        self.filling.model.consumer.version
    }

    fn name(&self) -> &'static str {
        self.filling.model.name()
    }

    /// Builds it anew beside what serves, in so many slices at once; `then_switch` puts it in its place. `tell` is called now and then.
    ///
    /// # Errors
    /// See [`RebuildError`]; asked again, it goes on where it stopped.
    pub async fn rebuild(
        &self,
        slices: u16,
        then_switch: bool,
        tell: &mut (dyn FnMut(RebuildProgress) + Send),
    ) -> Result<Rebuilt, RebuildError> {
        let slices = slices.clamp(1, MOST_SLICES);
        let mut run = self.filling.fill(Filled::Rebuild, slices, Some(&self.keeper), tell).await?;
        let switched = match then_switch {
            true => self.filling.switch_run(&mut run, &self.keeper, tell).await.map(|_| ()),
            false => Ok(()),
        };
        let logs = self.filling.model.consumer.logs;
        let progress = logs.iter().map(|log| (log.as_str(), run.session.progress(*log).get())).collect();
        let Run { session, begun, events, resumed, .. } = run;
        session.close().await;
        switched?;
        let serves = if then_switch { Build::Live } else { Build::Rebuild };
        let rebuilt = Rebuilt {
            name: self.name(),
            version: self.version(),
            serves: then_switch,
            resumed,
            progress,
            events,
            seconds: begun.elapsed().as_secs_f64(),
            rows: self.count_rows(serves).await?,
            parked: self.count_parked(serves).await?,
        };
        info!(name = rebuilt.name, version = rebuilt.version, events, seconds = rebuilt.seconds, "built anew");
        Ok(rebuilt)
    }

    /// Puts what was built anew in the place of what serves, which is kept beside it.
    ///
    /// # Errors
    /// See [`RebuildError`].
    pub async fn switch(&self) -> Result<Switched, RebuildError> {
        self.filling.switch(&self.keeper).await
    }

    /// Puts what served before in the place of what serves, which becomes the candidate.
    ///
    /// # Errors
    /// See [`RebuildError`].
    pub async fn roll_back(&self) -> Result<Switched, RebuildError> {
        self.filling.roll_back(&self.keeper).await
    }

    /// Throws a body away that does not serve; its version.
    ///
    /// # Errors
    /// See [`RebuildError`].
    pub async fn discard(&self, body: ReadModelBody) -> Result<u32, RebuildError> {
        self.filling.discard(body, &self.keeper).await
    }

    /// Lets it take nothing in until it is resumed; false where it was paused.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pause(&self) -> Result<bool, RebuildError> {
        self.set_paused(true, &Done::Paused).await
    }

    /// Lets it take in what comes; false where it was not paused.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn resume(&self) -> Result<bool, RebuildError> {
        self.set_paused(false, &Done::Resumed).await
    }

    async fn set_paused(&self, paused: bool, done: &Done) -> Result<bool, RebuildError> {
        let mut tx = self.filling.owner.begin().await?;
        lock_name(&mut tx, self.name()).await?;
        let changed = Ledger::pause_in_tx(&mut tx, self.name(), Build::Live, paused).await?;
        if changed {
            note(&mut tx, self.name(), &self.keeper, done).await?;
        }
        tx.commit().await?;
        Ok(changed)
    }

    /// Takes parked records in, of the body that serves, that one or all; each with how many events, or why it can't be yet.
    ///
    /// # Errors
    /// When the database fails; what was taken in before stays.
    pub async fn retry(
        &self,
        record: Option<Uuid>,
    ) -> Result<Vec<(Uuid, Result<u64, event_store::consumer::ConsumerError>)>, RebuildError> {
        let mut outcomes = Vec::new();
        for waiting in parked(&self.filling.app, Some(self.name())).await? {
            let meant = record.is_none_or(|record| record == waiting.aggregate_id);
            let reader = self.filling.readers.iter().find(|reader| reader.log().as_str() == waiting.log);
            let Some(reader) = reader.filter(|_| meant && waiting.build == Build::Live.label()) else { continue };
            let mut projector: Projector = self.filling.model.projector(&schema_of(self.name(), Build::Live));
            let mut tx = self.filling.app.begin().await?;
            let consumer = &self.filling.model.consumer;
            let id = waiting.aggregate_id;
            match retry_parked_in_tx(&mut tx, consumer, reader, &mut projector, id).await {
                Ok(None) => tx.rollback().await?,
                Ok(Some(events)) => {
                    note(&mut tx, self.name(), &self.keeper, &Done::Retried { records: vec![id] }).await?;
                    tx.commit().await?;
                    outcomes.push((id, Ok(events)));
                }
                Err(error) => {
                    tx.rollback().await?;
                    outcomes.push((id, Err(error)));
                }
            }
        }
        Ok(outcomes)
    }

    /// Compares what serves with the candidate, row by row, at one place of the logs.
    ///
    /// # Errors
    /// See [`RebuildError`].
    pub async fn diff(&self) -> Result<Diff, RebuildError> {
        let name = self.name();
        let state = self.filling.state(Build::Rebuild).await?.ok_or(RebuildError::NoCandidate { name })?;
        if !state.filled {
            return Err(RebuildError::NotFilled { name });
        }
        self.filling.of_this_program(state)?;
        let mut run = self.filling.take_over(Build::Rebuild).await?;
        let diff = self.filling.diff(Build::Rebuild, Look::Whole, &mut run).await;
        run.session.close().await;
        diff
    }

    /// Why a row that differs is as it is: which event set what. Nothing where no record of its key is in the logs.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn explain(&self, table: &str, row: &RowDiff) -> Result<Option<Explanation>, RebuildError> {
        self.filling.explain(table, row).await
    }

    /// Proves that what serves holds exactly what its logs give: fills another body from the beginning, compares row by row, and throws it
    /// away. `tell` is called now and then.
    ///
    /// # Errors
    /// See [`RebuildError`]; asked again, it goes on where it stopped.
    pub async fn verify(
        &self,
        slices: u16,
        tell: &mut (dyn FnMut(RebuildProgress) + Send),
    ) -> Result<Diff, RebuildError> {
        self.checks().await?;
        self.filling.discard_unlike(None).await?;
        let run = self.filling.fill(Filled::Check, slices.clamp(1, MOST_SLICES), None, tell).await?;
        self.compare_and_discard(run, Look::Whole).await
    }

    /// The same for one record of so many, whichever they are: each row that their events give has to be in what serves. Rows that serve and
    /// that no event gives are seen by the whole comparison only. Of a read model of several kinds of records, those that can't be told
    /// apart are all taken.
    ///
    /// # Errors
    /// See [`RebuildError`]; asked again, it goes on where it stopped.
    pub async fn verify_sample(
        &self,
        one_of: u16,
        tell: &mut (dyn FnMut(RebuildProgress) + Send),
    ) -> Result<Diff, RebuildError> {
        self.checks().await?;
        let run = self.filling.fill_sample(one_of.clamp(2, LARGEST_SAMPLE), tell).await?;
        self.compare_and_discard(run, Look::Sample).await
    }

    /// Refuses to compare with what another program wrote.
    async fn checks(&self) -> Result<(), RebuildError> {
        let state = self.filling.state(Build::Live).await?;
        self.filling.of_this_program(state.ok_or(RebuildError::NoPrevious { name: self.name() })?)
    }

    async fn compare_and_discard(&self, mut run: Run, look: Look) -> Result<Diff, RebuildError> {
        let diff = self.filling.diff(Build::Check, look, &mut run).await;
        run.session.close().await;
        let diff = diff?;
        let mut tx = self.filling.owner.begin().await?;
        lock_name(&mut tx, self.name()).await?;
        self.filling.discard_in_tx(&mut tx, Build::Check).await?;
        tx.commit().await?;
        Ok(diff)
    }

    async fn count_rows(&self, build: Build) -> Result<Vec<(&'static str, Option<i64>)>, sqlx::Error> {
        let mut counts = Vec::new();
        for table in self.filling.model.tables {
            let mut tx = self.filling.app.begin().await?;
            tx.execute(COUNT_TIME).await?;
            let sql = format!("select count(*) from {}.{table}", schema_of(self.name(), build));
            let count = sqlx::query_scalar(&sql).fetch_one(&mut *tx).await.ok();
            tx.rollback().await?;
            counts.push((*table, count));
        }
        Ok(counts)
    }

    async fn count_parked(&self, build: Build) -> Result<i64, sqlx::Error> {
        sqlx::query_scalar("select count(*) from projections.parked where name = $1 and build = $2")
            .bind(self.name())
            .bind(build.name())
            .fetch_one(&self.filling.app)
            .await
    }
}

impl Filling {
    /// Of a model as the program keeps it.
    pub(crate) fn of(model: &ReadModel, pools: &Pools, readers: &[event_store::read::LogReader]) -> Filling {
        Filling { model: model.clone(), owner: pools.owner.clone(), app: pools.app.clone(), readers: readers.to_vec() }
    }
}
