//! `vnr notary keys | head | rotate`.

use event_store::log::LogName;
use event_store::proof::heads;
use event_store::proof::keys::KeyFolder;
use event_store::proof::notary::rotate;
use event_store::read::LogReader;
use serde_json::json;

use super::log::named;
use super::with_database;
use crate::cli::NotaryCommand;
use crate::compose::Database;
use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;

pub(super) async fn run(settings: &Settings, command: NotaryCommand) -> Result<(), Failure> {
    let folder = KeyFolder::new(&settings.notary_dir);
    match command {
        NotaryCommand::Keys { json } => {
            with_database(settings, async |database| show_keys(database, &folder, json).await).await
        }
        NotaryCommand::Head { log } => {
            let log = named(&log)?;
            with_database(settings, async |database| show_head(database, log).await).await
        }
        NotaryCommand::Rotate => {
            with_database(settings, async |database| {
                rotate(&database.app, &folder).await?;
                output::aside("a new key signs; hand its public part to those who check proofs:");
                show_keys(database, &folder, false).await
            })
            .await
        }
    }
}

/// The keys of the folder, which nobody who writes the database can change.
async fn show_keys(database: &Database, folder: &KeyFolder, json: bool) -> Result<(), Failure> {
    let current = folder.current()?;
    let mut rows = Vec::new();
    for log in LogName::ALL {
        let origin = LogReader::new(database.app.clone(), log).head().await?.origin;
        for (number, key) in (1..).zip(folder.verifiers(&origin)?) {
            let signs = current.as_ref().is_some_and(|current| current.verifier(&origin) == key);
            rows.push(json!({ "log": log.as_str(), "number": number, "vkey": key.to_string(), "signs": signs }));
        }
    }
    if rows.is_empty() {
        let folder = folder.path().display();
        return Err(anyhow::anyhow!("there is no notary's key in {folder} yet; `vnr up` makes one").into());
    }
    if json {
        output::json(&rows);
    } else {
        rows.iter().filter_map(|row| row["vkey"].as_str()).for_each(output::line);
    }
    Ok(())
}

async fn show_head(database: &Database, log: LogName) -> Result<(), Failure> {
    match heads::newest(&database.app, log).await? {
        Some(head) => output::line(head.note.trim_end()),
        None => return Err(anyhow::anyhow!("no tree head of {log} is signed yet").into()),
    }
    Ok(())
}
