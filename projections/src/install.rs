//! Making a read model's schemas. Run by the owner role; the application's role may only change rows (I-6).

use event_store::consumer::{Build, Consumer, Filled, Ledger, Progress, statuses};
use event_store::log::{LogName, LogPosition};
use event_store::read::{LogReader, ReadError};
use sqlx::{Executor as _, PgConnection, PgPool};

use crate::keeping::{Done, Keeper, note};
use crate::registry::ReadModel;

/// How a read model stands that is to be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Installed {
    /// Its tables are of this program's version.
    Ready,
    /// Its tables were built by another version of the code.
    OtherVersion(u32),
}

/// Name of the schema of a body of a read model. Readers know that of the live one only.
pub(crate) fn schema_of(name: &str, build: Build) -> String {
    match build {
        Build::Live => name.to_owned(),
        Build::Rebuild | Build::Slice { of: Filled::Rebuild, .. } => format!("{name}__rebuild"),
        Build::Previous => format!("{name}__old"),
        Build::Check | Build::Slice { of: Filled::Check, .. } => format!("{name}__check"),
    }
}

/// Makes the read model where it isn't there yet, empty and at the beginning of its logs.
pub(crate) async fn install(model: &ReadModel, owner: &PgPool, readers: &[LogReader]) -> Result<Installed, ReadError> {
    let start = start_of(model.consumer.logs, readers).await?;
    let mut tx = owner.begin().await?;
    lock_name(&mut tx, model.name()).await?;
    let installed = match Ledger::lock_in_tx(&mut tx, model.name(), Build::Live).await? {
        Some((version, _)) if version == model.consumer.version => Installed::Ready,
        Some((version, _)) => Installed::OtherVersion(version),
        None => {
            make_in_tx(model, &mut tx, &model.consumer, &start).await?;
            Installed::Ready
        }
    };
    admit_tools(&mut tx, &["projections", model.name()]).await?;
    tx.commit().await?;
    Ok(installed)
}

/// Makes the place where another body of the read model is filled; what an earlier attempt of the same version left is gone on with.
/// True where it is. A beginning is noted, where a keeper is named.
pub(crate) async fn install_body(
    model: &ReadModel,
    of: Filled,
    (owner, readers): (&PgPool, &[LogReader]),
    keeper: Option<&Keeper>,
) -> Result<bool, ReadError> {
    let start = start_of(model.consumer.logs, readers).await?;
    let build = of.body();
    let mut tx = owner.begin().await?;
    lock_name(&mut tx, model.name()).await?;
    let begun = Ledger::lock_in_tx(&mut tx, model.name(), build).await?;
    let ours = begun.is_some_and(|(version, _)| version == model.consumer.version);
    // What an attempt from before a restore has taken in beyond the log is of no use.
    let of_body =
        |name: &str| name == build.name() || Build::slice_of(name).is_some_and(|s| s.label() == build.label());
    let ahead = statuses(&mut *tx).await?.iter().any(|s| s.name == model.name() && of_body(&s.build) && s.ahead);
    let resumed = ours && !ahead && exists(&mut tx, &schema_of(model.name(), build)).await?;
    if !resumed {
        Ledger::remove_in_tx(&mut tx, model.name(), build).await?;
        make_in_tx(model, &mut tx, &model.consumer.body(build), &start).await?;
        if let Some(keeper) = keeper {
            let begun = Done::RebuildBegun { version: model.consumer.version };
            note(&mut tx, model.name(), keeper, &begun).await?;
        }
    }
    tx.commit().await?;
    Ok(resumed)
}

/// Everybody who makes or renames the schemas of one read model waits here.
pub(crate) async fn lock_name(tx: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('vnr read model ' || $1, 0))")
        .bind(name)
        .execute(tx)
        .await?;
    Ok(())
}

/// Whether a schema is there.
pub(crate) async fn exists(tx: &mut PgConnection, schema: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select from pg_namespace where nspname = $1)").bind(schema).fetch_one(tx).await
}

/// Makes the tables of a body, empty, in a transaction.
pub(crate) async fn make_tables_in_tx(
    model: &ReadModel,
    tx: &mut PgConnection,
    schema: &str,
) -> Result<(), sqlx::Error> {
    let sql = format!(
        "drop schema if exists {schema} cascade;
         create schema {schema};
         {}
         grant usage on schema {schema} to vnr_app;
         grant select, insert, update, delete on all tables in schema {schema} to vnr_app;",
        model.schema_sql.replace("{schema}", schema)
    );
    tx.execute(sql.as_str()).await?;
    Ok(())
}

async fn make_in_tx(
    model: &ReadModel,
    tx: &mut PgConnection,
    consumer: &Consumer,
    start: &[(LogName, Progress)],
) -> Result<(), sqlx::Error> {
    let schema = schema_of(model.name(), consumer.build);
    make_tables_in_tx(model, &mut *tx, &schema).await?;
    admit_tools(tx, &[&schema]).await?;
    Ledger::register_in_tx(tx, consumer, start).await
}

/// Lets the role of tools read these schemas.
async fn admit_tools(tx: &mut PgConnection, schemas: &[&str]) -> Result<(), sqlx::Error> {
    for schema in schemas {
        sqlx::query("select projections.admit_tools($1)").bind(schema).execute(&mut *tx).await?;
    }
    Ok(())
}

/// The beginning of each log, in its present generation.
async fn start_of(logs: &[LogName], readers: &[LogReader]) -> Result<Vec<(LogName, Progress)>, ReadError> {
    let mut start = Vec::new();
    for reader in readers {
        if logs.contains(&reader.log()) {
            let generation = reader.head().await?.generation;
            start.push((reader.log(), Progress { position: LogPosition::START, generation }));
        }
    }
    Ok(start)
}
