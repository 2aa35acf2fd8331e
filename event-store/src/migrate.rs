//! Brings a database to the shape that this program needs. Run by the owner role; the application's role owns nothing (I-6).

use std::future::Future;
use std::pin::Pin;

use schema::SqlFile;
use sqlx::PgPool;
use sqlx::error::BoxDynError;
use sqlx::migrate::{Migration, MigrationSource, MigrationType, Migrator};

use crate::log::LogName;

/// Partitions are made for this many positions ahead of the head.
pub const PARTITIONS_AHEAD: i64 = 4_000_000;
/// Ledger partitions are made for this many months ahead.
const MONTHS_AHEAD: i32 = 2;

/// A database that could not be brought to the right shape.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A migration failed, or one that was applied is not the one that this program has.
    #[error("the database could not be brought to the shape that this program needs")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The database failed.
    #[error("the database failed while its partitions were made")]
    Database(#[from] sqlx::Error),
    /// The log was being made at once, and that did not come to its end.
    #[error(
        "the log {log} of this database is not finished: writing it was broken off. Write it again, or begin with an empty data folder"
    )]
    Unfinished {
        /// Which log.
        log: LogName,
    },
    /// The log holds what was made up, and whoever opened it records what is real (I-14).
    #[error(
        "the log {log} of this database is simulated (it was begun as `{found}`): nothing in it happened, and a register of what did \
         does not open it. To look at it, start with `--origin {found_base}`"
    )]
    Simulated {
        /// Which log.
        log: LogName,
        /// Its name.
        found: String,
        /// The installation's name that it was begun under.
        found_base: String,
    },
    /// The log was begun under another name.
    #[error(
        "the log {log} of this database was begun as `{found}`, not as `{wanted}`: start with `--origin {found_base}`"
    )]
    OtherOrigin {
        /// Which log.
        log: LogName,
        /// Its name.
        found: String,
        /// The name asked for.
        wanted: String,
        /// What would have been right.
        found_base: String,
    },
}

/// A set of SQL files that is applied once, under version numbers of its own.
#[derive(Debug, Clone)]
pub struct MigrationSet {
    /// Versions of the set are `base + file version`; sets differ in it by 1,000.
    pub base: i64,
    /// What it makes, for people.
    pub name: String,
    /// The log that it makes, where it makes one.
    pub log: Option<LogName>,
    /// The files.
    pub files: &'static [SqlFile],
    /// Texts to put in, `{log}` and the like.
    pub values: Vec<(&'static str, String)>,
}

impl MigrationSet {
    /// What makes one log. `number` tells logs apart, from 1.
    pub fn log(number: i64, log: LogName, origin: &str) -> MigrationSet {
        MigrationSet {
            base: number * 1_000,
            name: format!("log {log}"),
            log: Some(log),
            files: schema::LOG,
            values: vec![("{log}", log.to_string()), ("{origin}", log_origin(origin, log))],
        }
    }

    fn migrations(&self) -> impl Iterator<Item = Migration> {
        self.files.iter().map(|file| {
            let sql = self.values.iter().fold(file.sql.to_owned(), |sql, (mark, value)| sql.replace(mark, value));
            let description = format!("{}: {}", self.name, file.name);
            Migration::new(self.base + file.version, description.into(), MigrationType::Simple, sql.into(), false)
        })
    }
}

/// Whether an installation of that name holds what was made up (I-14).
pub fn is_simulated(base: &str) -> bool {
    base.ends_with("/simulated")
}

/// Name of a log in tree heads: the installation's name and the log's.
pub fn log_origin(base: &str, log: LogName) -> String {
    format!("{base}/{log}")
}

#[derive(Debug)]
struct Sets<'a>(&'a [MigrationSet]);

impl<'s> MigrationSource<'s> for Sets<'s> {
    fn resolve(self) -> Pin<Box<dyn Future<Output = Result<Vec<Migration>, BoxDynError>> + Send + 's>> {
        Box::pin(async move { Ok(self.0.iter().flat_map(MigrationSet::migrations).collect()) })
    }
}

/// Applies what is missing of the sets, in the order of their base, and makes partitions ahead of need for their logs.
/// `origin` is the installation's name.
///
/// # Errors
/// When the database refuses, or was begun under another name, or a log of it was not made to its end.
pub async fn migrate(owner: &PgPool, origin: &str, sets: &[MigrationSet]) -> Result<(), MigrateError> {
    migrate_empty(owner, origin, sets).await?;
    for log in sets.iter().filter_map(|set| set.log) {
        if unfinished(owner, log).await? {
            return Err(MigrateError::Unfinished { log });
        }
        ensure_partitions(owner, log).await?;
        admit_tools(owner, log).await?;
    }
    Ok(())
}

/// The same for logs that are about to be made at once ([`WholeLog`](crate::append::WholeLog)), also where that was begun before
/// and broken off.
///
/// # Errors
/// When the database refuses, or was begun under another name.
pub async fn migrate_empty(owner: &PgPool, origin: &str, sets: &[MigrationSet]) -> Result<(), MigrateError> {
    let mut sets = sets.to_vec();
    sets.sort_by_key(|set| set.base);
    // First: under another name the very migrations are others, which would be all that could be told.
    for log in sets.iter().filter_map(|set| set.log) {
        check_origin(owner, log, origin).await?;
    }
    Migrator::new(Sets(&sets)).await?.run(owner).await?;
    Ok(())
}

/// The sets of the engine's own logs.
pub fn log_sets(origin: &str) -> Vec<MigrationSet> {
    (1..).zip(LogName::ALL).map(|(number, log)| MigrationSet::log(number, log, origin)).collect()
}

/// Whether the log was begun to be made at once, and is not yet all there.
async fn unfinished(owner: &PgPool, log: LogName) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(&format!("select exists (select from {log}.unfinished)")).fetch_one(owner).await
}

/// Lets the role of tools read the log, but for its keys.
async fn admit_tools(owner: &PgPool, log: LogName) -> Result<(), sqlx::Error> {
    let admitted: bool = sqlx::query_scalar(&format!("select {log}.admit_tools()")).fetch_one(owner).await?;
    if !admitted {
        tracing::warn!(%log, "there is no role vnr_tool: `vnr record`, `vnr subject` and `vnr access` can't look at anything until it is made");
    }
    Ok(())
}

/// A log that is there was begun under that name.
async fn check_origin(owner: &PgPool, log: LogName, origin: &str) -> Result<(), MigrateError> {
    let there = "select to_regclass($1 || '.head') is not null";
    if !sqlx::query_scalar::<_, bool>(there).bind(log.as_str()).fetch_one(owner).await? {
        return Ok(());
    }
    let wanted = log_origin(origin, log);
    let found: String = sqlx::query_scalar(&format!("select origin from {log}.head")).fetch_one(owner).await?;
    if found == wanted {
        return Ok(());
    }
    let found_base = found.trim_end_matches(log.as_str()).trim_end_matches('/').to_owned();
    if is_simulated(&found_base) && !is_simulated(origin) {
        return Err(MigrateError::Simulated { log, found, found_base });
    }
    Err(MigrateError::OtherOrigin { log, found, wanted, found_base })
}

/// Makes the partitions that the next appends will need; returns how many were missing. Runs as the owner role.
///
/// # Errors
/// When the database fails.
pub async fn ensure_partitions(owner: &PgPool, log: LogName) -> Result<i32, sqlx::Error> {
    let sql = format!("select {log}.ensure_event_partitions($1) + {log}.ensure_command_partitions(now(), $2)");
    sqlx::query_scalar(&sql).bind(PARTITIONS_AHEAD).bind(MONTHS_AHEAD).fetch_one(owner).await
}
