//! `vnr projections list | rebuild`.

use std::io::IsTerminal;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use projections::{RebuildError, RebuildProgress, Rebuilt, Registry, list, rebuild};
use sqlx::PgPool;

use super::with_database;
use crate::cli::ProjectionsCommand;
use crate::compose::{Database, personal_data, pools, registry};
use crate::failure::Failure;
use crate::output::{self, Align, Table, grouped};
use crate::settings::Settings;

pub(super) async fn run(settings: &Settings, command: ProjectionsCommand) -> Result<(), Failure> {
    match command {
        ProjectionsCommand::List { json } => {
            with_database(settings, async |database| show_list(&database.app, json).await).await
        }
        ProjectionsCommand::Rebuild { name, json } => {
            with_database(settings, async |database| build_anew(settings, database, &name, json).await).await
        }
    }
}

async fn show_list(pool: &PgPool, json: bool) -> Result<(), Failure> {
    let models = list(pool).await?;
    if json {
        output::json(&models);
        return Ok(());
    }
    let mut table = Table::new([
        ("projection", Align::Left),
        ("version", Align::Right),
        ("log", Align::Left),
        ("progress", Align::Right),
        ("head", Align::Right),
        ("lag s", Align::Right),
        ("parked", Align::Right),
        ("holder", Align::Left),
    ]);
    for model in models {
        let logs = model.logs.iter().map(|log| (log, ""));
        for (place, (log, note)) in logs.chain(model.rebuild.iter().map(|log| (log, " (rebuild)"))).enumerate() {
            let once = |text: String| if place == 0 { text } else { String::new() };
            table.row([
                once(model.name.clone()),
                once(model.version.to_string()),
                format!("{}{note}", log.log),
                format!("{}.{}", log.generation, grouped(log.progress.unsigned_abs())),
                format!("{}.{}", log.head_generation, grouped(log.head.unsigned_abs())),
                format!("{:.1}", log.lag_seconds),
                once(grouped(model.parked.unsigned_abs())),
                once(model.holder.clone().unwrap_or_else(|| "-".to_owned())),
            ]);
        }
        if let Some(error) = model.last_error {
            output::aside(format!("{} stands still: {error}", model.name));
        }
    }
    table.print();
    Ok(())
}

async fn build_anew(settings: &Settings, database: &Database, name: &str, json: bool) -> Result<(), Failure> {
    // Only who opens what it finds things by needs the master key.
    let keyless = Registry::all();
    let registry = match keyless.names().contains(&name) {
        true => keyless,
        false => registry(database, &Arc::new(personal_data::open(settings, database).await?)),
    };
    let bar = if std::io::stderr().is_terminal() && !json { ProgressBar::new(0) } else { ProgressBar::hidden() };
    let style = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len} events  {msg}  ETA {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut tell = |progress: RebuildProgress| {
        bar.set_length(progress.of);
        bar.set_position(progress.events);
        bar.set_message(format!("{:.0}/s", progress.rate));
    };
    let rebuilt = rebuild(&pools(database), &registry, name, &mut tell).await;
    bar.finish_and_clear();
    match rebuilt {
        Ok(rebuilt) if json => output::json(&rebuilt),
        Ok(rebuilt) => show_rebuilt(&rebuilt),
        Err(unknown @ RebuildError::Unknown { .. }) => return Err(Failure::Usage(unknown.to_string())),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

fn show_rebuilt(rebuilt: &Rebuilt) {
    let again = if rebuilt.resumed { ", going on where an earlier attempt had stopped" } else { "" };
    output::line(format!(
        "{} (version {}) was built anew of {} events in {:.1} s{again}, and serves",
        rebuilt.name,
        rebuilt.version,
        grouped(rebuilt.events),
        rebuilt.seconds
    ));
    for (log, position) in &rebuilt.progress {
        output::line(format!("  {log}: up to position {}", grouped(*position)));
    }
    for (table, rows) in &rebuilt.rows {
        let rows = rows
            .map_or("too many to count quickly".to_owned(), |rows| format!("{} rows", grouped(rows.unsigned_abs())));
        output::line(format!("  {table}: {rows}"));
    }
    if rebuilt.parked > 0 {
        output::line(format!("  {} records are parked; the log on standard error names them", rebuilt.parked));
    }
}
