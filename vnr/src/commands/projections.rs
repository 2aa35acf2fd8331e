//! `vnr projections list | rebuild`.

use event_store::consumer::statuses;
use sqlx::PgPool;

use super::with_database;
use crate::cli::ProjectionsCommand;
use crate::failure::Failure;
use crate::output::{self, Align, Table, grouped};
use crate::settings::Settings;

pub(super) async fn run(settings: &Settings, command: ProjectionsCommand) -> Result<(), Failure> {
    match command {
        ProjectionsCommand::List { json } => with_database(settings, async |pool| list(pool, json).await).await,
        ProjectionsCommand::Rebuild { name, .. } => Err(Failure::Usage(format!("there is no projection `{name}`"))),
    }
}

async fn list(pool: &PgPool, json: bool) -> Result<(), Failure> {
    let statuses = statuses(pool).await?;
    if json {
        output::json(&statuses);
        return Ok(());
    }
    let mut table = Table::new([
        ("projection", Align::Left),
        ("build", Align::Left),
        ("version", Align::Right),
        ("log", Align::Left),
        ("progress", Align::Right),
        ("head", Align::Right),
        ("lag s", Align::Right),
        ("parked", Align::Right),
        ("holder", Align::Left),
    ]);
    for status in statuses {
        table.row([
            status.name,
            status.build,
            status.version.to_string(),
            status.log,
            grouped(status.progress.unsigned_abs()),
            grouped(status.head.unsigned_abs()),
            format!("{:.1}", status.lag_seconds),
            grouped(status.parked.unsigned_abs()),
            status.holder.unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    table.print();
    Ok(())
}
