//! What a running database tells of itself.

use std::fs::{File, TryLockError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use event_store::log::LogName;
use event_store::private_pg::PrivatePg;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use super::Checks;
use crate::compose::sets;
use crate::output::grouped;
use crate::settings::Settings;

/// Width of a partition of events; fewer positions than half of it ahead are too few.
const PARTITION: i64 = 2_000_000;

/// Connections to look with.
pub(super) struct Pools {
    pub(super) app: PgPool,
    owner: PgPool,
    /// Sees what other roles do; of a private PostgreSQL only.
    superuser: Option<PgPool>,
}

impl Pools {
    pub(super) async fn close(self) {
        self.app.close().await;
        self.owner.close().await;
        if let Some(pool) = self.superuser {
            pool.close().await;
        }
    }
}

/// Connects to a database that runs; starts none.
pub(super) async fn connect(settings: &Settings, checks: &mut Checks) -> Option<Pools> {
    let what = "database";
    let (app_url, owner_url, superuser_url) = match (&settings.database_url, settings.owner_url()) {
        (Some(app), Some(owner)) => (app.clone(), owner.to_owned(), None),
        _ => match PrivatePg::attach(&settings.data_dir) {
            Ok(Some(pg)) => {
                killed(settings, checks);
                let superuser = pg.owner_url().replacen("vnr_owner@", "postgres@", 1);
                (pg.app_url(), pg.owner_url(), Some(superuser))
            }
            Ok(None) => {
                checks.skipped(what, "does not run: what only it can tell is left out (`vnr up` starts it)");
                return None;
            }
            Err(error) => {
                checks.fail(what, error.to_string(), "see what it says");
                return None;
            }
        },
    };
    let opened = async {
        let superuser = match &superuser_url {
            Some(url) => Some(open(url).await?),
            None => None,
        };
        Ok::<_, sqlx::Error>(Pools { app: open(&app_url).await?, owner: open(&owner_url).await?, superuser })
    };
    match opened.await {
        Ok(pools) => Some(pools),
        Err(error) => {
            let to_do = "see that it runs and lets this machine in; check --database-url and --database-owner-url";
            checks.fail(what, format!("does not answer: {error}"), to_do);
            None
        }
    }
}

async fn open(url: &str) -> Result<PgPool, sqlx::Error> {
    PgPoolOptions::new().max_connections(2).acquire_timeout(Duration::from_secs(5)).connect(url).await
}

/// A PostgreSQL whose vnr was killed, and that has not ended by itself.
fn killed(settings: &Settings, checks: &mut Checks) {
    let Ok(lock) = File::open(settings.data_dir.join("lock")) else { return };
    if !matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)) {
        checks.warn(
            "processes",
            "PostgreSQL runs in the data folder, and no vnr that belongs to it",
            "a killed vnr's PostgreSQL ends by itself within a minute; look again, then `vnr up`",
        );
    }
}

pub(super) async fn look(settings: &Settings, pools: &Pools, checks: &mut Checks) {
    let looked = async {
        server(pools, checks).await?;
        clock(pools, checks).await?;
        migrations(settings, pools, checks).await?;
        partitions(pools, checks).await?;
        snapshots(pools, checks).await?;
        archiver(settings, pools, checks).await
    };
    if let Err(error) = looked.await {
        checks.fail(
            "database",
            format!("a question failed: {error}"),
            "run `vnr up` once with this program: it brings the tables to its shape",
        );
    }
}

async fn server(pools: &Pools, checks: &mut Checks) -> Result<(), sqlx::Error> {
    let version: String = sqlx::query_scalar("show server_version").fetch_one(&pools.app).await?;
    let (used, most): (i64, String) = sqlx::query_as(
        "select (select count(*) from pg_stat_activity where backend_type = 'client backend'), current_setting('max_connections')",
    )
    .fetch_one(&pools.app)
    .await?;
    let found = format!("PostgreSQL {version}, {used} of {most} connections");
    if used * 10 > most.parse::<i64>().unwrap_or(100) * 9 {
        checks.warn("database", found, "raise max_connections, or run fewer processes on it");
    } else {
        checks.ok("database", found);
    }
    Ok(())
}

async fn clock(pools: &Pools, checks: &mut Checks) -> Result<(), sqlx::Error> {
    let what = "clock of the database";
    let began = Utc::now();
    let theirs: DateTime<Utc> = sqlx::query_scalar("select clock_timestamp()").fetch_one(&pools.app).await?;
    let ours = began + (Utc::now() - began) / 2;
    let apart = (theirs - ours).num_milliseconds();
    let to_do = "synchronise both clocks (NTP): times of the log never go back, and one ahead is kept for ever";
    match apart.abs() {
        0..=1_000 => checks.ok(what, format!("{apart} ms from this machine's")),
        1_001..=60_000 => checks.warn(what, format!("{apart} ms from this machine's"), to_do),
        _ => checks.fail(what, format!("{apart} ms from this machine's"), to_do),
    }
    for log in LogName::ALL {
        let sql = format!("select recorded_at from {log}.head");
        let last: DateTime<Utc> = sqlx::query_scalar(&sql).fetch_one(&pools.app).await?;
        let ahead = (last - ours).num_seconds();
        if ahead > 5 {
            checks.fail(
                what,
                format!("the last event of {log} was recorded {ahead} s in the future"),
                "a clock was ahead: new events get that time until it is past. Set the clocks before anything else",
            );
        }
    }
    Ok(())
}

async fn migrations(settings: &Settings, pools: &Pools, checks: &mut Checks) -> Result<(), sqlx::Error> {
    let what = "shape of the tables";
    let applied: Vec<i64> =
        sqlx::query_scalar("select version from _sqlx_migrations where success").fetch_all(&pools.owner).await?;
    let sets = sets(&settings.origin);
    let wanted: Vec<i64> =
        sets.iter().flat_map(|set| set.files.iter().map(move |file| set.base + file.version)).collect();
    let pending = wanted.iter().filter(|version| !applied.contains(version)).count();
    let newer = applied.iter().filter(|version| !wanted.contains(version)).count();
    match (pending, newer) {
        (0, 0) => checks.ok(what, format!("{} migrations applied", applied.len())),
        (0, newer) => checks.fail(what, format!("{newer} migrations are of a newer program"), "use that program"),
        (pending, _) => {
            checks.warn(
                what,
                format!("{pending} migrations are missing"),
                "`vnr up` or `vnr serve` of this program applies them",
            );
        }
    }
    Ok(())
}

async fn partitions(pools: &Pools, checks: &mut Checks) -> Result<(), sqlx::Error> {
    let what = "partitions ahead";
    for log in LogName::ALL {
        let sql = format!(
            "select (select count(*) from pg_inherits where inhparent = '{log}.events'::regclass) * {PARTITION} - position,
                    to_regclass('{log}.commands_' || to_char((now() + interval '1 day') at time zone 'UTC', 'YYYY_MM')) is not null
             from {log}.head"
        );
        let (ahead, months): (i64, bool) = sqlx::query_as(&sql).fetch_one(&pools.app).await?;
        let room = grouped(ahead.unsigned_abs());
        let to_do = "let a process with the owner's role run (`vnr up`, `vnr serve`): it makes them every ten minutes";
        match () {
            () if ahead <= 0 || !months => checks.fail(what, format!("{log}: none is left"), to_do),
            () if ahead < PARTITION / 2 => checks.warn(what, format!("{log}: room for {room} events"), to_do),
            () => checks.ok(what, format!("{log}: room for {room} events")),
        }
    }
    Ok(())
}

/// Old snapshots keep the dead versions of the head row alive: appends crawl. Idle slots keep the write-ahead log.
async fn snapshots(pools: &Pools, checks: &mut Checks) -> Result<(), sqlx::Error> {
    let what = "old snapshots";
    let pool = pools.superuser.as_ref().unwrap_or(&pools.owner);
    let old: Option<(i32, f64, String)> = sqlx::query_as(
        "select pid, extract(epoch from clock_timestamp() - xact_start)::float8, coalesce(application_name, '')
         from pg_stat_activity
         where backend_xmin is not null and xact_start < clock_timestamp() - interval '60 s' and pid <> pg_backend_pid()
           and backend_type = 'client backend'
         order by xact_start limit 1",
    )
    .fetch_optional(pool)
    .await?;
    match old {
        Some((pid, seconds, name)) => checks.warn(
            what,
            format!("process {pid} ({name}) has held one for {seconds:.0} s"),
            format!("end it: `select pg_terminate_backend({pid})`; readers page, none may hold a transaction for long"),
        ),
        None => checks.ok(what, "none"),
    }
    let slots: Vec<String> =
        sqlx::query_scalar("select slot_name::text from pg_replication_slots where not active").fetch_all(pool).await?;
    if !slots.is_empty() {
        checks.warn(
            "replication slots",
            format!("nobody reads {}", slots.join(", ")),
            "start the replica, or drop the slot (`select pg_drop_replication_slot(…)`): it keeps the write-ahead log until the disk is full",
        );
    }
    Ok(())
}

async fn archiver(settings: &Settings, pools: &Pools, checks: &mut Checks) -> Result<(), sqlx::Error> {
    let what = "archiving";
    if settings.database_url.is_some() {
        return Ok(());
    }
    let mode: String = sqlx::query_scalar("show archive_mode").fetch_one(&pools.app).await?;
    if mode != "on" {
        let to_do = "start `vnr up` with --backup-dir: without it a restore ends at the last base backup";
        checks.warn(what, "off: no write-ahead log is handed over", to_do);
        return Ok(());
    }
    let (failing, failed, last_failed): (bool, i64, Option<String>) = sqlx::query_as(
        "select last_failed_time is not null and (last_archived_time is null or last_failed_time > last_archived_time),
                failed_count, last_failed_wal
         from pg_stat_archiver",
    )
    .fetch_one(&pools.app)
    .await?;
    if failing {
        checks.fail(
            what,
            format!("{} could not be handed over ({failed} failures)", last_failed.unwrap_or_default()),
            "make room in the backup folder and see that PostgreSQL's user can write there; the server's log says why, in server.log \
             of the cluster. Until then its own disk fills",
        );
    } else {
        checks.ok(what, "the write-ahead log is handed over");
    }
    Ok(())
}
