//! Putting one body of a read model in the place of another, and throwing bodies away.
//!
//! ```text
//!   live worker     … 996  997  998 │ waits for its row …      │ 998 is no longer its: takes the lease anew, goes on at 1002
//!   candidate       1 … 500 … 997   │ 998 … 1002               │
//!   switch                          │ locks the live progress  │ renames schemas and rows of the ledger, notes the act, commits
//! ```
//!
//! A batch moves the progress before it writes anything. So whoever has locked the live progress knows that no batch is under way, and a
//! batch that waited for the lock finds that its progress is gone, and writes nothing into tables that are no longer its.

use std::time::{Duration, Instant};

use domain::read_model::ReadModelBody;
use event_store::consumer::{BodyState, Build, Ledger};
use sqlx::{Executor as _, PgConnection};

use super::error::RebuildError;
use super::fill::{Filling, Run};
use crate::install::{exists, lock_name, schema_of};
use crate::keeping::{Done, Keeper, note};

/// The live worker is not held up for longer than this (I-13).
pub(super) const SWITCH_TIME: Duration = Duration::from_secs(3);
/// Tries of the switch, each after catching up again.
const SWITCH_TRIES: u32 = 20;
/// Nobody waits longer than this for readers to let go of tables: the next try may find them gone.
const LOCK_TIME: &str = "set local lock_timeout = '2s'";

/// Which version served, and which serves now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switched {
    /// Version that served before.
    pub from: u32,
    /// Version that serves.
    pub version: u32,
}

/// What became of a try.
enum Try {
    Done(Switched),
    /// The live one is too far ahead to be held up.
    TooFar,
}

impl Filling {
    /// Puts the candidate in the place of what serves, whoever was keeping it up to date: readers see the old tables or the new ones.
    pub(crate) async fn switch(&self, keeper: &Keeper) -> Result<Switched, RebuildError> {
        let name = self.model.name();
        let state = self.state(Build::Rebuild).await?.ok_or(RebuildError::NoCandidate { name })?;
        if !state.filled {
            return Err(RebuildError::NotFilled { name });
        }
        self.of_this_program(state)?;
        let mut run = self.take_over(Build::Rebuild).await?;
        let switched = self.switch_run(&mut run, keeper, &mut |_| {}).await;
        // Where the switch was made the lease is gone already.
        run.session.close().await;
        switched
    }

    /// The same with the candidate in hand.
    pub(crate) async fn switch_run(
        &self,
        run: &mut Run,
        keeper: &Keeper,
        tell: super::fill::Tell<'_>,
    ) -> Result<Switched, RebuildError> {
        for _ in 0..SWITCH_TRIES {
            run.catch_up(tell).await?;
            if let Try::Done(switched) = self.try_switch(run, keeper).await? {
                return Ok(switched);
            }
        }
        Err(RebuildError::NeverCaughtUp { name: self.model.name(), tries: SWITCH_TRIES })
    }

    async fn try_switch(&self, run: &mut Run, keeper: &Keeper) -> Result<Try, RebuildError> {
        let (name, version) = (self.model.name(), self.model.consumer.version);
        let mut tx = self.owner.begin().await?;
        tx.execute(LOCK_TIME).await?;
        lock_name(&mut tx, name).await?;
        let live = Ledger::lock_in_tx(&mut tx, name, Build::Live).await?;
        let state = Ledger::body(&mut tx, name, Build::Live).await?;
        if state.is_some_and(|state| state.paused) {
            return Err(RebuildError::Paused { name });
        }
        if let Some((_, live)) = &live {
            let begun = Instant::now();
            for log in self.model.consumer.logs {
                // One that is ahead of a restored log can't be caught up with: then the log's end is all there is.
                let end = self.head(*log).await?;
                let wanted = live.get(log.as_str()).copied().unwrap_or_default().min(end);
                while run.session.progress(*log) < wanted {
                    if begun.elapsed() > SWITCH_TIME || run.step(*log).await? == 0 {
                        tx.rollback().await?;
                        return Ok(Try::TooFar);
                    }
                }
            }
        }
        self.discard_in_tx(&mut tx, Build::Previous).await?;
        self.rename_in_tx(&mut tx, Build::Live, Build::Previous).await?;
        self.rename_in_tx(&mut tx, Build::Rebuild, Build::Live).await?;
        let switched = Switched { from: live.map_or(version, |(version, _)| version), version };
        note(&mut tx, name, keeper, &Done::Switched { from: switched.from, version }).await?;
        tx.commit().await?;
        Ok(Try::Done(switched))
    }

    /// Puts what served before in the place of what serves, which becomes the candidate: it may be switched to again.
    pub(crate) async fn roll_back(&self, keeper: &Keeper) -> Result<Switched, RebuildError> {
        let name = self.model.name();
        let mut tx = self.owner.begin().await?;
        tx.execute(LOCK_TIME).await?;
        lock_name(&mut tx, name).await?;
        let live = Ledger::lock_in_tx(&mut tx, name, Build::Live).await?;
        let previous = Ledger::lock_in_tx(&mut tx, name, Build::Previous).await?;
        let (version, _) = previous.ok_or(RebuildError::NoPrevious { name })?;
        let (from, _) = live.ok_or(RebuildError::NoPrevious { name })?;
        if Ledger::body(&mut tx, name, Build::Live).await?.is_some_and(|state| state.paused) {
            return Err(RebuildError::Paused { name });
        }
        if Ledger::body(&mut tx, name, Build::Rebuild).await?.is_some() {
            return Err(RebuildError::CandidateInTheWay { name });
        }
        self.rename_in_tx(&mut tx, Build::Live, Build::Rebuild).await?;
        self.rename_in_tx(&mut tx, Build::Previous, Build::Live).await?;
        // A program that builds the newer version must not switch to it by itself.
        Ledger::mark_in_tx(&mut tx, name, Build::Rebuild, (true, true)).await?;
        note(&mut tx, name, keeper, &Done::RolledBack { from, version }).await?;
        tx.commit().await?;
        Ok(Switched { from, version })
    }

    /// Throws a body away that does not serve; its version.
    pub(crate) async fn discard(&self, body: ReadModelBody, keeper: &Keeper) -> Result<u32, RebuildError> {
        let name = self.model.name();
        let (build, missing) = match body {
            ReadModelBody::Candidate => (Build::Rebuild, RebuildError::NoCandidate { name }),
            ReadModelBody::Previous => (Build::Previous, RebuildError::NoPrevious { name }),
        };
        let mut tx = self.owner.begin().await?;
        tx.execute(LOCK_TIME).await?;
        lock_name(&mut tx, name).await?;
        let (version, _) = Ledger::lock_in_tx(&mut tx, name, build).await?.ok_or(missing)?;
        self.discard_in_tx(&mut tx, build).await?;
        note(&mut tx, name, keeper, &Done::Dropped { body, version }).await?;
        tx.commit().await?;
        Ok(version)
    }

    /// Throws a body away, tables and rows of the ledger.
    pub(crate) async fn discard_in_tx(&self, tx: &mut PgConnection, build: Build) -> Result<(), sqlx::Error> {
        Ledger::remove_in_tx(&mut *tx, self.model.name(), build).await?;
        let sql = format!("drop schema if exists {} cascade", schema_of(self.model.name(), build));
        tx.execute(sql.as_str()).await?;
        Ok(())
    }

    async fn rename_in_tx(&self, tx: &mut PgConnection, from: Build, to: Build) -> Result<(), sqlx::Error> {
        let name = self.model.name();
        let (old, new) = (schema_of(name, from), schema_of(name, to));
        if exists(&mut *tx, &old).await? {
            tx.execute(format!("alter schema {old} rename to {new}").as_str()).await?;
        }
        Ledger::rename_in_tx(tx, name, from, to).await
    }

    /// What the ledger says of a body.
    pub(crate) async fn state(&self, build: Build) -> Result<Option<BodyState>, RebuildError> {
        let mut connection = self.app.acquire().await?;
        Ok(Ledger::body(&mut connection, self.model.name(), build).await?)
    }

    /// Refuses what another program wrote.
    pub(crate) fn of_this_program(&self, state: BodyState) -> Result<(), RebuildError> {
        let builds = self.model.consumer.version;
        if state.version == builds {
            return Ok(());
        }
        Err(RebuildError::OtherVersion { name: self.model.name(), builds, wanted: state.version })
    }
}
