//! Before anything is served: the log must not have lost what was answered, unless it says so itself.
//!
//! A witness folder that is absent or behind says nothing against a log: the notary hands over what is missing there. One that
//! is ahead says that the log was restored without its last events; who went on now would give their positions and numbers out
//! a second time.

use std::path::Path;

use event_store::log::LogName;
use event_store::proof::keys::KeyFolder;
use event_store::proof::standing::{Standing, standing, trusted};
use event_store::proof::witness::WitnessFolder;
use event_store::read::LogReader;
use sqlx::PgPool;

use super::database::Database;
use super::error::StartError;
use crate::settings::Settings;

/// Refuses where a log has lost what was signed outside, or the key of its personal data is missing.
pub(super) async fn check(settings: &Settings, database: &Database) -> Result<(), StartError> {
    for log in LogName::ALL {
        check_log(settings, &database.app, log).await?;
    }
    let sealed = "select exists (select from register.keys) or exists (select from tracks.keys)";
    let sealed: bool =
        sqlx::query_scalar(sealed).fetch_one(&database.app).await.map_err(|source| StartError::Database { source })?;
    match master_key_file(settings) {
        Some(file) if sealed && !file.exists() => Err(StartError::MasterKeyMissing { file: file.to_owned() }),
        _ => Ok(()),
    }
}

/// The file of the master key, where it lies in one.
pub(crate) fn master_key_file(settings: &Settings) -> Option<&Path> {
    Some(&settings.master_key_file)
}

/// HOOK for erasure: personal data that was erased after the moment of the backup is in a restored database again. The list of
/// erasures that is kept outside is to be replayed here: after a restore and at each start, before anything is served.
/// There is no such list yet, so nothing is done.
pub(crate) async fn replay_erasures(_settings: &Settings, _database: &Database) -> Result<(), StartError> {
    Ok(())
}

/// How a log stands to the newest tree head of the witness folder; none where there is none.
pub(crate) async fn compare(settings: &Settings, pool: &PgPool, log: LogName) -> Result<Option<Standing>, StartError> {
    // Read before the log is: it goes on growing.
    let note = WitnessFolder::new(&settings.witness_dir, log).newest()?;
    let Some(note) = note else { return Ok(None) };
    let origin = LogReader::new(pool.clone(), log).head().await?.origin;
    let given = KeyFolder::new(&settings.notary_dir).verifiers(&origin)?;
    let keys = trusted(pool, log, &given).await.map_err(|source| StartError::Database { source })?;
    match standing(pool, log, &keys, &note).await? {
        // The folder of keys may be lost too; the keys that the database names are better than none to see a loss by.
        Standing::Unknown { .. } if !given.is_empty() => {
            let named = trusted(pool, log, &[]).await.map_err(|source| StartError::Database { source })?;
            Ok(Some(standing(pool, log, &named, &note).await?))
        }
        known => Ok(Some(known)),
    }
}

async fn check_log(settings: &Settings, pool: &PgPool, log: LogName) -> Result<(), StartError> {
    let file = WitnessFolder::newest_file(&settings.witness_dir, log);
    match compare(settings, pool, log).await? {
        None | Some(Standing::Whole) => {}
        Some(Standing::Lost { end, signed }) => {
            return Err(StartError::Lost {
                log: log.to_string(),
                end: end.to_string(),
                signed: format!("{}.{}", signed.generation, signed.size),
                file,
            });
        }
        Some(Standing::Forked { signed }) => tracing::error!(
            %log, alarm = true, size = signed.size,
            "{log} has other events than those that the tree head in {} was signed over: run `vnr log verify --log {log}`",
            file.display()
        ),
        Some(Standing::Unknown { why }) => tracing::warn!(
            %log,
            "the tree head in {} says nothing: {why}. Is this the right --witness-dir, and the right --notary-dir?",
            file.display()
        ),
    }
    Ok(())
}
