//! The SQL of progress, leases and parked records.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use sqlx::{PgConnection, PgPool, Row as _};
use uuid::Uuid;

use super::{Build, Consumer, ConsumerError};
use crate::log::{LogName, LogPosition};

/// How far a consumer has come in one log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Last position that is taken in.
    pub position: LogPosition,
    /// Generation of the log at that time.
    pub generation: u32,
}

/// A lease that was taken: the progress it begins with.
#[derive(Debug, Clone)]
pub(super) struct Lease {
    pub(super) fence: i64,
    pub(super) progress: BTreeMap<&'static str, Progress>,
    /// Where it ends, of a slice.
    pub(super) upto: BTreeMap<&'static str, LogPosition>,
    pub(super) parked: HashSet<Uuid>,
}

/// Reads and moves the rows of one consumer.
#[derive(Debug, Clone)]
pub struct Ledger {
    pub(super) pool: PgPool,
    pub(super) consumer: Consumer,
    pub(super) holder: String,
    pub(super) lease: Duration,
}

impl Ledger {
    /// The pool that it works through.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// The rows of `consumer`, worked for by `holder`.
    pub fn new(pool: PgPool, consumer: Consumer, holder: String, lease: Duration) -> Ledger {
        Ledger { pool, consumer, holder, lease }
    }

    /// Makes the rows of a new consumer, standing after `progress` in each log; those that are there are left alone.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn register_in_tx(
        tx: &mut PgConnection,
        consumer: &Consumer,
        progress: &[(LogName, Progress)],
    ) -> Result<(), sqlx::Error> {
        for (log, progress) in progress {
            sqlx::query(
                "insert into projections.consumers (name, build, log, version, progress, generation)
                 values ($1, $2, $3, $4, $5, $6)
                 on conflict do nothing",
            )
            .bind(consumer.name)
            .bind(consumer.build.name())
            .bind(log.as_str())
            .bind(version(consumer))
            .bind(progress.position.as_i64())
            .bind(i32::try_from(progress.generation).unwrap_or(i32::MAX))
            .execute(&mut *tx)
            .await?;
        }
        Ok(())
    }

    /// Locks the rows of a consumer until the transaction ends, and returns version and progress. While they are locked,
    /// no batch of it can be written, because each batch moves the progress first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lock_in_tx(
        tx: &mut PgConnection,
        name: &str,
        build: Build,
    ) -> Result<Option<(u32, BTreeMap<String, LogPosition>)>, sqlx::Error> {
        let rows = sqlx::query(
            "select log, version, progress from projections.consumers
             where name = $1 and build = $2
             order by log
             for update",
        )
        .bind(name)
        .bind(build.name())
        .fetch_all(tx)
        .await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let version = u32::try_from(first.try_get::<i32, _>("version")?).unwrap_or(0);
        let progress = rows
            .iter()
            .map(|row| Ok::<_, sqlx::Error>((row.try_get("log")?, LogPosition::from_i64(row.try_get("progress")?))));
        Ok(Some((version, progress.collect::<Result<_, _>>()?)))
    }

    /// Tries to take the lease: `None` while somebody else holds it, or while it is paused.
    pub(super) async fn acquire(&self) -> Result<Option<Lease>, ConsumerError> {
        if self.is_held().await? {
            return Ok(None);
        }
        self.lease(false).await
    }

    /// Takes the lease from whoever holds it.
    pub(super) async fn take_over(&self) -> Result<Lease, ConsumerError> {
        self.lease(true).await?.ok_or(ConsumerError::LeaseLost { name: self.consumer.name })
    }

    async fn lease(&self, from_anybody: bool) -> Result<Option<Lease>, ConsumerError> {
        let mut tx = self.pool.begin().await?;
        // All rows are locked before any is changed, in one order for all, so that two workers can't take half each.
        let rows = sqlx::query(
            "select log, version, progress, generation, fence, upto,
                    not paused and coalesce(holder = $3 or lease_until < clock_timestamp(), true) as free
             from projections.consumers
             where name = $1 and build = $2
             order by log
             for update",
        )
        .bind(self.consumer.name)
        .bind(self.consumer.build.name())
        .bind(&self.holder)
        .fetch_all(&mut *tx)
        .await?;

        let (mut fence, mut free) = (0, true);
        let (mut progress, mut upto) = (BTreeMap::new(), BTreeMap::new());
        for log in self.consumer.logs {
            let found = rows.iter().find(|row| row.try_get("log").is_ok_and(|name: &str| name == log.as_str()));
            let row = found.ok_or(ConsumerError::Unknown { name: self.consumer.name, log: *log })?;
            let found = u32::try_from(row.try_get::<i32, _>("version")?).unwrap_or(0);
            if found != self.consumer.version {
                return Err(ConsumerError::OtherVersion {
                    name: self.consumer.name,
                    found,
                    wanted: self.consumer.version,
                });
            }
            fence = fence.max(row.try_get::<i64, _>("fence")?);
            free &= row.try_get::<bool, _>("free")?;
            let generation = u32::try_from(row.try_get::<i32, _>("generation")?).unwrap_or(0);
            let position = LogPosition::from_i64(row.try_get("progress")?);
            progress.insert(log.as_str(), Progress { position, generation });
            if let Some(end) = row.try_get("upto")? {
                upto.insert(log.as_str(), LogPosition::from_i64(end));
            }
        }
        if !free && !from_anybody {
            return Ok(None);
        }
        fence += 1;
        sqlx::query(
            "update projections.consumers
             set holder = $3, fence = $4, lease_until = clock_timestamp() + $5
             where name = $1 and build = $2",
        )
        .bind(self.consumer.name)
        .bind(self.consumer.build.name())
        .bind(&self.holder)
        .bind(fence)
        .bind(self.lease)
        .execute(&mut *tx)
        .await?;
        let parked = sqlx::query_scalar("select aggregate_id from projections.parked where name = $1 and build = $2")
            .bind(self.consumer.name)
            .bind(self.consumer.build.name())
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(Some(Lease { fence, progress, upto, parked: parked.into_iter().collect() }))
    }

    /// Whether somebody else holds the lease, or nobody may: asked without a lock, so that those who stand by disturb nobody.
    async fn is_held(&self) -> Result<bool, sqlx::Error> {
        sqlx::query_scalar(
            "select exists (select from projections.consumers
                            where name = $1 and build = $2
                              and (paused or (holder <> $3 and lease_until >= clock_timestamp())))",
        )
        .bind(self.consumer.name)
        .bind(self.consumer.build.name())
        .bind(&self.holder)
        .fetch_one(&self.pool)
        .await
    }

    /// Keeps the lease for another while.
    pub(super) async fn renew(&self, fence: i64) -> Result<(), ConsumerError> {
        let renewed = sqlx::query(
            "update projections.consumers set lease_until = clock_timestamp() + $4
             where name = $1 and build = $2 and fence = $3",
        )
        .bind(self.consumer.name)
        .bind(self.consumer.build.name())
        .bind(fence)
        .bind(self.lease)
        .execute(&self.pool)
        .await?;
        if renewed.rows_affected() == 0 {
            return Err(ConsumerError::LeaseLost { name: self.consumer.name });
        }
        Ok(())
    }

    /// Gives the lease back, so that another need not wait until it runs out.
    pub(super) async fn release(&self, fence: i64) -> Result<(), sqlx::Error> {
        sqlx::query(
            "update projections.consumers set holder = null, lease_until = null
             where name = $1 and build = $2 and fence = $3",
        )
        .bind(self.consumer.name)
        .bind(self.consumer.build.name())
        .bind(fence)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Moves the progress in one log, as the first act of a batch's transaction. Whoever has it, has the consumer for as
    /// long as the transaction is open.
    pub(super) async fn advance_in_tx(&self, tx: &mut PgConnection, step: &Advance) -> Result<(), ConsumerError> {
        let moved = sqlx::query(
            "update projections.consumers
             set progress = $6, generation = $7, recorded_at = coalesce($8, recorded_at), lease_until = clock_timestamp() + $9,
                 last_advanced_at = clock_timestamp(), last_error = null, last_error_at = null
             where name = $1 and build = $2 and log = $3 and progress = $4 and fence = $5",
        )
        .bind(self.consumer.name)
        .bind(self.consumer.build.name())
        .bind(step.log.as_str())
        .bind(step.from.as_i64())
        .bind(step.fence)
        .bind(step.to.position.as_i64())
        .bind(i32::try_from(step.to.generation).unwrap_or(i32::MAX))
        .bind(step.recorded_at)
        .bind(self.lease)
        .execute(tx)
        .await?;
        if moved.rows_affected() == 0 {
            return Err(ConsumerError::LeaseLost { name: self.consumer.name });
        }
        Ok(())
    }

    /// Parks records, within the transaction that passes over their events.
    pub(super) async fn park_in_tx(
        &self,
        tx: &mut PgConnection,
        log: LogName,
        records: &[Parking],
    ) -> Result<(), sqlx::Error> {
        for record in records {
            sqlx::query(
                "insert into projections.parked (name, build, aggregate_id, log, first_position, error)
                 values ($1, $2, $3, $4, $5, $6)
                 on conflict do nothing",
            )
            .bind(self.consumer.name)
            .bind(self.consumer.build.name())
            .bind(record.aggregate_id)
            .bind(log.as_str())
            .bind(record.position.as_i64())
            .bind(&record.error)
            .execute(&mut *tx)
            .await?;
        }
        Ok(())
    }

    /// Notes why the consumer stands still, for those who ask.
    pub(super) async fn note_error(&self, error: &str) -> Result<(), sqlx::Error> {
        sqlx::query(
            "update projections.consumers set last_error = $3, last_error_at = clock_timestamp()
             where name = $1 and build = $2",
        )
        .bind(self.consumer.name)
        .bind(self.consumer.build.name())
        .bind(error)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

/// A move of the progress in one log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Advance {
    pub(super) log: LogName,
    pub(super) fence: i64,
    pub(super) from: LogPosition,
    pub(super) to: Progress,
    pub(super) recorded_at: Option<chrono::DateTime<chrono::Utc>>,
}

/// A record to be parked, and from where on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parking {
    pub(super) aggregate_id: Uuid,
    pub(super) position: LogPosition,
    pub(super) error: String,
}

fn version(consumer: &Consumer) -> i32 {
    i32::try_from(consumer.version).unwrap_or(i32::MAX)
}
