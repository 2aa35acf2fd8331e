//! Bodies of data of one consumer changing places, being divided into slices and put together again: rows of the ledger only. Whoever
//! does it has locked them, so no batch is under way, and raises the fence, so no lease of before is worth anything.

use std::collections::BTreeMap;

use sqlx::PgConnection;

use super::{Build, Consumer, Filled, Ledger};
use crate::log::{LogName, LogPosition};

/// What the ledger says of a body beside its progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyState {
    /// Version of the code that wrote it.
    pub version: u32,
    /// All of it is there, with all indexes.
    pub filled: bool,
    /// Rolled back from: no program switches to it by itself.
    pub held: bool,
    /// Nobody works for it until it is resumed.
    pub paused: bool,
}

impl Ledger {
    /// What the ledger says of a body; nothing where there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn body(
        connection: &mut PgConnection,
        name: &str,
        build: Build,
    ) -> Result<Option<BodyState>, sqlx::Error> {
        let row: Option<(i32, bool, bool, bool)> = sqlx::query_as(
            "select version, filled, held, paused from projections.consumers where name = $1 and build = $2 limit 1",
        )
        .bind(name)
        .bind(build.name())
        .fetch_optional(connection)
        .await?;
        Ok(row.map(|(version, filled, held, paused)| BodyState {
            version: u32::try_from(version).unwrap_or(0),
            filled,
            held,
            paused,
        }))
    }

    /// The slices that a body is being filled in, in their order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn slices(connection: &mut PgConnection, name: &str, of: Filled) -> Result<Vec<Build>, sqlx::Error> {
        let names: Vec<String> = sqlx::query_scalar(
            "select distinct build from projections.consumers where name = $1 and starts_with(build, $2)",
        )
        .bind(name)
        .bind(format!("{}-", of.body().name()))
        .fetch_all(connection)
        .await?;
        let mut slices: Vec<Build> = names.iter().filter_map(|name| Build::slice_of(name)).collect();
        slices.sort_by_key(|build| build.slices().map(|range| *range.start()));
        Ok(slices)
    }

    /// Renames a body within the ledger, with what it has parked. Nobody holds its lease afterwards.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rename_in_tx(tx: &mut PgConnection, name: &str, from: Build, to: Build) -> Result<(), sqlx::Error> {
        let fence: Option<i64> = sqlx::query_scalar("select max(fence) + 1 from projections.consumers where name = $1")
            .bind(name)
            .fetch_one(&mut *tx)
            .await?;
        sqlx::query(
            "update projections.consumers
             set build = $3, fence = $4, holder = null, lease_until = null, upto = null, held = false, filled = true
             where name = $1 and build = $2",
        )
        .bind(name)
        .bind(from.name())
        .bind(to.name())
        .bind(fence.unwrap_or(1))
        .execute(&mut *tx)
        .await?;
        sqlx::query("update projections.parked set build = $3 where name = $1 and build = $2")
            .bind(name)
            .bind(from.name())
            .bind(to.name())
            .execute(&mut *tx)
            .await?;
        Ok(())
    }

    /// Says that all of a body is there, or that it was rolled back from.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn mark_in_tx(
        tx: &mut PgConnection,
        name: &str,
        build: Build,
        (filled, held): (bool, bool),
    ) -> Result<(), sqlx::Error> {
        sqlx::query("update projections.consumers set filled = $3, held = $4 where name = $1 and build = $2")
            .bind(name)
            .bind(build.name())
            .bind(filled)
            .bind(held)
            .execute(tx)
            .await?;
        Ok(())
    }

    /// Lets nobody work for a body, or somebody again; false where it was so. Whoever works for it loses the lease.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pause_in_tx(
        tx: &mut PgConnection,
        name: &str,
        build: Build,
        paused: bool,
    ) -> Result<bool, sqlx::Error> {
        let changed = sqlx::query(
            "update projections.consumers
             set paused = $3, fence = fence + 1, holder = null, lease_until = null
             where name = $1 and build = $2 and paused <> $3",
        )
        .bind(name)
        .bind(build.name())
        .bind(paused)
        .execute(tx)
        .await?;
        Ok(changed.rows_affected() > 0)
    }

    /// Divides a body that is empty into slices, each of which ends at `upto`, or goes on with the log where there is none: workers fill
    /// them side by side. False where it has progress already, and stays whole.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn divide_in_tx(
        tx: &mut PgConnection,
        consumer: &Consumer,
        (of, slices): (Filled, &[Build]),
        upto: &[(LogName, Option<LogPosition>)],
    ) -> Result<bool, sqlx::Error> {
        let Some((_, progress)) = Ledger::lock_in_tx(&mut *tx, consumer.name, of.body()).await? else {
            return Ok(false);
        };
        if progress.values().any(|position| *position > LogPosition::START) {
            return Ok(false);
        }
        for slice in slices {
            for (log, end) in upto {
                sqlx::query(
                    "insert into projections.consumers (name, build, log, version, progress, generation, upto)
                     select name, $4, log, version, 0, generation, $5
                     from projections.consumers where name = $1 and build = $2 and log = $3",
                )
                .bind(consumer.name)
                .bind(of.body().name())
                .bind(log.as_str())
                .bind(slice.name())
                .bind(end.map(LogPosition::as_i64))
                .execute(&mut *tx)
                .await?;
            }
        }
        // The whole stands still until its slices are put together.
        sqlx::query(
            "update projections.consumers set paused = true, fence = fence + 1, holder = null, lease_until = null
             where name = $1 and build = $2",
        )
        .bind(consumer.name)
        .bind(of.body().name())
        .execute(tx)
        .await?;
        Ok(true)
    }

    /// Puts slices together again, each of which has come to its end: the body goes on from there. False where one has not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn join_in_tx(tx: &mut PgConnection, name: &str, of: Filled) -> Result<bool, sqlx::Error> {
        let rows: Vec<(String, String, i64, Option<i64>)> = sqlx::query_as(
            "select build, log, progress, upto from projections.consumers
             where name = $1 and (build = $2 or starts_with(build, $2 || '-'))
             order by build, log
             for update",
        )
        .bind(name)
        .bind(of.body().name())
        .fetch_all(&mut *tx)
        .await?;
        let (_, slices): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(build, ..)| *build == of.body().name());
        if slices.iter().any(|(_, _, progress, upto)| Some(*progress) != *upto) {
            return Ok(false);
        }
        let ends: BTreeMap<String, i64> = slices.into_iter().map(|(_, log, progress, _)| (log, progress)).collect();
        for (log, end) in ends {
            sqlx::query(
                "update projections.consumers set progress = $4, paused = false
                 where name = $1 and build = $2 and log = $3",
            )
            .bind(name)
            .bind(of.body().name())
            .bind(log)
            .bind(end)
            .execute(&mut *tx)
            .await?;
        }
        // A record that goes to every slice may be parked in several.
        sqlx::query(
            "insert into projections.parked (name, build, aggregate_id, log, first_position, error, at)
             select distinct on (aggregate_id) name, $2, aggregate_id, log, first_position, error, at
             from projections.parked where name = $1 and starts_with(build, $2 || '-')
             order by aggregate_id, first_position
             on conflict do nothing",
        )
        .bind(name)
        .bind(of.body().name())
        .execute(&mut *tx)
        .await?;
        for table in ["consumers", "parked"] {
            let sql = format!("delete from projections.{table} where name = $1 and starts_with(build, $2 || '-')");
            sqlx::query(&sql).bind(name).bind(of.body().name()).execute(&mut *tx).await?;
        }
        Ok(true)
    }

    /// Removes a body from the ledger with its slices and all that it has parked.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_in_tx(tx: &mut PgConnection, name: &str, build: Build) -> Result<(), sqlx::Error> {
        for table in ["consumers", "parked"] {
            let sql = format!(
                "delete from projections.{table} where name = $1 and (build = $2 or starts_with(build, $2 || '-'))"
            );
            sqlx::query(&sql).bind(name).bind(build.name()).execute(&mut *tx).await?;
        }
        Ok(())
    }
}
