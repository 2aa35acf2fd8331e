//! `vnr keys list | rotate | retire | split | join`: the master key.

use event_store::log::LogName;
use event_store::seal::rotation::{self, Generation};
use event_store::seal::{KeySource, MasterKeys};
use indicatif::ProgressBar;
use serde_json::json;

use super::{escrow, with_database};
use crate::cli::KeysCommand;
use crate::compose::Database;
use crate::failure::Failure;
use crate::output::{self, Align, Table, grouped};
use crate::settings::Settings;

pub(super) async fn run(settings: &Settings, command: KeysCommand) -> Result<(), Failure> {
    match command {
        KeysCommand::List { json } => {
            with_keys(settings, async |database, keys| list(database, keys, json).await).await
        }
        KeysCommand::Rotate => with_keys(settings, rotate).await,
        KeysCommand::Retire { generation } => {
            with_keys(settings, async |database, keys| retire(database, keys, generation).await).await
        }
        // The file alone: there may be no database any more.
        KeysCommand::Split { first, second } => escrow::split(settings, [&first, &second]),
        KeysCommand::Join { first, second, to } => escrow::join([&first, &second], &to),
    }
}

async fn with_keys(
    settings: &Settings,
    work: impl AsyncFnOnce(&Database, &MasterKeys) -> Result<(), Failure>,
) -> Result<(), Failure> {
    with_database(settings, async |database| {
        let master = MasterKeys::load(settings.master_key.clone())?;
        work(database, &master).await
    })
    .await
}

async fn list(database: &Database, master: &MasterKeys, json: bool) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for log in LogName::ALL {
        for generation in rotation::generations(&database.app, log, master).await? {
            rows.push((log, generation));
        }
    }
    if json {
        let row = |(log, generation): &(LogName, Generation)| {
            json!({
                "log": log.as_str(), "generation": generation.number, "keys": generation.keys,
                "present": generation.present, "retired": generation.retired,
            })
        };
        output::json(&rows.iter().map(row).collect::<Vec<_>>());
        return Ok(());
    }
    let columns = [("log", Align::Left), ("generation", Align::Right), ("keys", Align::Right), ("state", Align::Left)];
    let mut table = Table::new(columns);
    for (log, generation) in rows {
        let state = match (generation.present, generation.retired) {
            (_, true) => "retired",
            (false, false) => "MISSING: add it to where the master key is kept",
            (true, false) if generation.number == master.newest() => "wraps new keys",
            (true, false) => "only unwraps",
        };
        table.row([log.to_string(), generation.number.to_string(), grouped(generation.keys), state.to_owned()]);
    }
    table.print();
    output::aside(format!("read from {}", master.source()));
    Ok(())
}

/// Source first, then the logs: a process that is told of the new generation finds it.
async fn rotate(database: &Database, master: &MasterKeys) -> Result<(), Failure> {
    let mut newest_known = 0;
    for log in LogName::ALL {
        rotation::check(&database.app, log, master).await?;
        let known = rotation::generations(&database.app, log, master).await?;
        newest_known =
            known.iter().filter(|known| known.keys > 0).map(|known| known.number).max().unwrap_or(0).max(newest_known);
    }
    if matches!(master.source(), KeySource::File(_)) && master.newest() <= newest_known.max(1) {
        master.source().add_generation()?;
        master.reload()?;
    } else if master.newest() <= newest_known {
        let next = master.newest() + 1;
        let message = format!(
            "{} has no generation {next} yet: add the line `{next} …` (64 hexadecimal digits), then run this again",
            master.source()
        );
        return Err(Failure::Usage(message));
    }
    for log in LogName::ALL {
        rotation::check(&database.app, log, master).await?;
        let total = rotation::generations(&database.app, log, master).await?;
        let total = total.iter().filter(|known| known.number < master.newest()).map(|known| known.keys).sum();
        let bar = ProgressBar::new(total);
        let done = rotation::rewrap(&database.owner, log, master, &mut |done| bar.set_position(done)).await?;
        bar.finish_and_clear();
        output::line(format!("{log}: {} keys are wrapped with generation {}", grouped(done), master.newest()));
    }
    output::aside(
        "the older generations still open what was backed up; `vnr keys retire` destroys them when those backups are gone",
    );
    Ok(())
}

async fn retire(database: &Database, master: &MasterKeys, generation: i32) -> Result<(), Failure> {
    if generation >= master.newest() {
        return Err(Failure::Usage(format!("generation {generation} wraps new keys: run `vnr keys rotate` first")));
    }
    for log in LogName::ALL {
        if !rotation::retire(&database.owner, log, generation).await? {
            let known = rotation::generations(&database.app, log, master).await?;
            match known.iter().find(|known| known.number == generation) {
                Some(known) if known.keys > 0 => {
                    let keys = grouped(known.keys);
                    return Err(Failure::Usage(format!(
                        "{keys} keys of {log} are still wrapped with generation {generation}: run `vnr keys rotate` first"
                    )));
                }
                _ => {}
            }
        }
    }
    if matches!(master.source(), KeySource::File(_)) {
        master.source().remove_generation(generation)?;
        output::line(format!("generation {generation} is destroyed in {}; destroy its copies too", master.source()));
    } else {
        output::line(format!(
            "no key is wrapped with generation {generation}: take it out of {} and destroy it",
            master.source()
        ));
    }
    Ok(())
}
