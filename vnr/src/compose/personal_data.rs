//! Before anything is served: the master key is the one that the logs are sealed under, and what was erased stays erased,
//! whatever was restored.

use event_store::log::LogName;
use event_store::seal::erasures::{ErasureList, reconcile};
use event_store::seal::{KeySource, MasterKeys, rotation};

use super::Database;
use super::error::StartError;
use crate::settings::Settings;

/// Opens the master key, and destroys again what a restore has brought back.
pub(crate) async fn open(settings: &Settings, database: &Database) -> Result<MasterKeys, StartError> {
    // A new key would open nothing of what is sealed already.
    if let KeySource::File(file) = &settings.master_key
        && !file.exists()
        && has_keys(database).await?
    {
        return Err(StartError::MasterKeyMissing { file: file.clone() });
    }
    let master = MasterKeys::load(settings.master_key.clone())?;
    for log in LogName::ALL {
        rotation::check(&database.app, log, &master).await?;
    }
    replay_erasures(settings, database).await?;
    Ok(master)
}

async fn has_keys(database: &Database) -> Result<bool, StartError> {
    let sql = "select exists (select from register.keys) or exists (select from tracks.keys)";
    sqlx::query_scalar(sql).fetch_one(&database.app).await.map_err(|source| StartError::Database { source })
}

/// Makes the list of erased keys outside and the database agree, in both directions.
pub(crate) async fn replay_erasures(settings: &Settings, database: &Database) -> Result<(), StartError> {
    for log in LogName::ALL {
        let list = ErasureList::of(&settings.erasure_dir, log);
        let done = reconcile(&database.owner, log, &list).await?;
        if done.destroyed_again > 0 {
            tracing::warn!(%log, keys = done.destroyed_again, list = %list.path().display(),
                "keys that had been erased were there again, after a restore; they are destroyed again");
        }
    }
    Ok(())
}
